//! What a session would run, as Compose is told of it.

use anyhow::bail;
use xtask_engine::docker::Labels;
use xtask_engine::pipeline::Readiness;
use xtask_engine::session::PlannedContainer;

use super::{Condition, Part, Stack};

impl Stack {
    /// The stack of these containers, which bear `labels`.
    ///
    /// # Errors
    /// If Compose has no check for when one of them is ready.
    pub fn of(planned: &[PlannedContainer], labels: Labels) -> anyhow::Result<Self> {
        let condition = |name: &String| match planned.iter().any(|other| other.is_job && other.name == *name)
        {
            true => Condition::Completed,
            false => Condition::Healthy,
        };
        let parts = planned.iter().map(|container| {
            let given = |text: &String| (!text.is_empty()).then(|| text.clone());
            Ok(Part {
                name: container.name.clone(),
                image: container.image.clone(),
                entrypoint: Some(container.entrypoint.clone()),
                command: Some(container.command.clone()),
                environment: container.variables.clone().into_iter().collect(),
                needs: container.needs.iter().map(|name| (name.clone(), condition(name))).collect(),
                health: health(container)?,
                user: given(&container.user),
                workdir: given(&container.workdir),
                stop_signal: given(&container.stop_signal),
                aliases: container.aliases.iter().cloned().collect(),
                volumes: container.volumes.clone(),
            })
        });
        Ok(Self { parts: parts.collect::<anyhow::Result<_>>()?, labels: labels.into_iter().collect() })
    }
}

/// The command that sees what our probe sees. It runs ten times a second: the smallest program that
/// the image has does it, and no Node.
fn health(container: &PlannedContainer) -> anyhow::Result<Option<Vec<String>>> {
    if container.is_job {
        return Ok(None);
    }
    let script = match &container.readiness {
        Some(Readiness::Running | Readiness::Healthcheck) => return Ok(None),
        Some(Readiness::Command { args }) => return Ok(Some(args.clone())),
        Some(Readiness::LogLine { .. }) => {
            bail!("Compose cannot wait for a line that {} prints", container.name)
        }
        Some(Readiness::Http { port, path, field }) => http(*port, path, field.as_ref()),
        Some(Readiness::Tcp { port }) => tcp(&[*port]),
        Some(Readiness::Ports) | None if container.ports.is_empty() => return Ok(None),
        Some(Readiness::Ports) | None => tcp(&container.ports),
    };
    Ok(Some(vec!["sh".into(), "-c".into(), script]))
}

/// All ports accept connections.
fn tcp(ports: &[u16]) -> String {
    let all = |word: &str| ports.iter().map(|port| format!("{word}{port}")).collect::<Vec<_>>();
    format!(
        "if command -v bash >/dev/null; then exec bash -c ': {}'; fi; {}",
        all("</dev/tcp/127.0.0.1/").join(" "),
        all("nc -z 127.0.0.1 ").join(" && ")
    )
}

/// A page is there, and says what it must.
fn http(port: u16, path: &str, field: Option<&(String, String)>) -> String {
    let url = quoted(&format!("http://127.0.0.1:{port}{path}"));
    let get = format!(
        "if command -v wget >/dev/null; then wget -q -O - {url}; \
         elif command -v busybox >/dev/null; then busybox wget -q -O - {url}; \
         else curl -fsL {url}; fi"
    );
    match field {
        None => format!("{get} >/dev/null"),
        Some((name, value)) => {
            let says = quoted(&format!("\"{name}\" *: *\"\\{{0,1\\}}{value}\"\\{{0,1\\}}"));
            format!("{{ {get}; }} | grep -q {says}")
        }
    }
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn container(name: &str, readiness: Option<Readiness>) -> PlannedContainer {
        PlannedContainer {
            name: name.into(),
            aliases: BTreeSet::new(),
            is_job: false,
            image: "sha256:0123".into(),
            entrypoint: Vec::new(),
            command: vec!["serve".into()],
            variables: BTreeMap::from([("PORT".into(), "80".into())]),
            user: String::new(),
            workdir: "/src".into(),
            stop_signal: String::new(),
            needs: BTreeSet::new(),
            readiness,
            ports: Vec::new(),
            volumes: Vec::new(),
        }
    }

    #[test]
    fn needs_say_what_is_waited_for() {
        let database = container("database", Some(Readiness::command(["pg_isready"])));
        let migrate = PlannedContainer { is_job: true, ..container("migrate", None) };
        let needs = BTreeSet::from(["database".to_owned(), "migrate".to_owned()]);
        let crux = PlannedContainer { needs, ..container("crux", None) };
        let stack = Stack::of(&[database, migrate, crux], Labels::new()).unwrap();
        let [database, migrate, crux] = &stack.parts[..] else { panic!("{}", stack.parts.len()) };
        assert_eq!(database.health.as_deref(), Some(["pg_isready".to_owned()].as_slice()));
        assert_eq!((&migrate.health, &crux.health), (&None, &None));
        assert_eq!((database.workdir.as_deref(), &database.user), (Some("/src"), &None));
        let needs = [("database".into(), Condition::Healthy), ("migrate".into(), Condition::Completed)];
        assert_eq!(crux.needs, needs);
    }

    #[test]
    fn a_line_of_output_is_nothing_that_compose_waits_for() {
        let mail = container("mail", Some(Readiness::log_line("listening")));
        let error = Stack::of(&[mail], Labels::new()).err().unwrap().to_string();
        assert_eq!(error, "Compose cannot wait for a line that mail prints");
    }

    /// The checks run here as they do in a container: against a server that answers.
    #[cfg(unix)]
    #[test]
    fn checks_see_what_is_there_and_what_is_not() {
        use std::io::{BufRead, BufReader, Write};
        use std::process::Command;

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let line = lines.next().unwrap_or_default();
                let _ = lines.find(String::is_empty); // to the end of the request
                let status = if line.contains("/api/health") { "200 OK" } else { "404 Not Found" };
                let body = r#"{"status":"operational"}"#;
                let _ = write!(stream, "HTTP/1.0 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            }
        });
        let succeeds = |readiness: Readiness, ports: Vec<u16>| {
            let health = health(&PlannedContainer { ports, ..container("crux", Some(readiness)) });
            let args = health.unwrap().unwrap();
            Command::new(&args[0]).args(&args[1..]).env_remove("http_proxy").status().unwrap().success()
        };
        assert!(succeeds(Readiness::tcp(port), vec![port]));
        assert!(succeeds(Readiness::tcp(port), vec![port, 1]));
        assert!(!succeeds(Readiness::Ports, vec![port, 1]));
        let client = ["-c", "command -v wget || command -v busybox || command -v curl"];
        if !Command::new("sh").args(client).output().unwrap().status.success() {
            return; // a bare machine has none of the programs that an image has
        }
        let json = |value| Readiness::http_json(port, "/api/health", "status", value);
        assert!(succeeds(json("operational"), vec![port]));
        assert!(!succeeds(json("disrupted"), vec![port]));
        assert!(succeeds(Readiness::http(port, "/api/health"), vec![port]));
        assert!(!succeeds(Readiness::http(port, "/nothing"), vec![port]));
    }
}
