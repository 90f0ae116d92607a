use super::*;

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn stack() -> Stack {
    let part = |name: &str| Part { name: name.into(), image: "sha256:0123".into(), ..Part::default() };
    Stack {
        parts: vec![
            Part {
                entrypoint: Some(strings(&["docker-entrypoint.sh"])),
                command: Some(strings(&["sh", "-c", "echo $HOME"])),
                environment: vec![("POSTGRES_PASSWORD".into(), "pa$$ \"word\"".into())],
                health: Some(strings(&["pg_isready", "-h", "127.0.0.1"])),
                user: Some("70".into()),
                workdir: Some("/tmp".into()),
                stop_signal: Some("SIGINT".into()),
                volumes: vec![("data".into(), "/var/lib/postgresql/data".into())],
                ..part("database")
            },
            Part { needs: vec![("database".into(), Condition::Healthy)], ..part("migrate") },
            Part {
                needs: vec![
                    ("database".into(), Condition::Healthy),
                    ("migrate".into(), Condition::Completed),
                ],
                aliases: vec!["backend".into()],
                ..part("crux")
            },
        ],
        labels: vec![("xtask.kind".into(), "session".into())],
    }
}

/// A program in the place of Compose that does what `script` says.
fn compose(folder: &Path, script: &str) -> Compose {
    let program = vec!["sh".into(), "-c".into(), script.into(), "compose".into()];
    Compose::with_program(program, "unix:///nowhere".into(), folder, "bench".into(), &stack()).unwrap()
}

#[test]
fn the_file_of_a_stack() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&stack().file("bench")).unwrap());
}

#[test]
fn parts_are_known_in_what_compose_says() {
    assert_eq!(ready(" Container bench-crux-ui-1  Healthy", "bench"), Some("crux-ui"));
    assert_eq!(ready(" Container bench-migrate-1  Exited", "bench"), Some("migrate"));
    assert_eq!(ready(" Container bench-crux-1 Healthy 3.1s", "bench"), Some("crux"));
    for other in [
        " Container bench-crux-1  Started",
        " Container bench-crux-1  Waiting",
        " Container benchmark-crux-1  Healthy",
        " Network bench_default  Created",
        "",
    ] {
        assert_eq!(ready(other, "bench"), None, "{other}");
    }
}

#[cfg(unix)]
#[test]
fn a_stack_is_there_when_the_last_part_is_and_gone_when_nobody_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let said = dir.path().join("said");
    // What it says after the last part is more than a pipe holds: when it sleeps, the parts were seen.
    let script = format!(
        "echo \"$@\" >> {said}; echo $DOCKER_HOST >> {said}
         case \" $* \" in *' up '*) for part in database migrate crux; do
             echo \" Container bench-$part-1  Healthy\" >&2; done
             head -c 200000 /dev/zero | tr '\\0' '\\n' >&2; sleep 0.3 ;; esac",
        said = said.display()
    );
    let compose = compose(dir.path(), &script);
    let up = compose.up().unwrap();
    assert!(up.healthy < up.end - 0.25, "{up:?}");
    drop(compose);
    let file = dir.path().join("bench/compose.json");
    let said = fs::read_to_string(said).unwrap().replace(&file.display().to_string(), "FILE");
    insta::assert_snapshot!(said);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_failure_of_compose_is_told_with_its_words() {
    let dir = tempfile::tempdir().unwrap();
    let compose = compose(
        dir.path(),
        "echo 'dependency failed to start: container bench-database-1 is unhealthy' >&2; exit 1",
    );
    let error = compose.up().unwrap_err().to_string();
    assert!(error.contains("container bench-database-1 is unhealthy"), "{error}");
}
