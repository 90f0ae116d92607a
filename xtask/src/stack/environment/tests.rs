use std::path::Path;

use super::*;

/// A repository whose `web/crux` has these files.
fn repository(files: &[(&str, &str)]) -> (tempfile::TempDir, Project) {
    let dir = tempfile::tempdir().unwrap();
    let part = dir.path().join("web/crux");
    fs::create_dir_all(&part).unwrap();
    for (name, text) in files {
        fs::write(part.join(name), text).unwrap();
    }
    let project = Project::find(Some(dir.path())).unwrap();
    (dir, project)
}

fn environment(files: &[(&str, &str)]) -> Environment {
    let (_dir, project) = repository(files);
    Environment::of(&project, "web/crux").unwrap()
}

#[test]
fn the_example_stands_in_for_a_missing_file_and_nothing_of_it_is_secret() {
    let example = ("web/crux/.env.example", Source::Example);
    let read = environment(&[(
        EXAMPLE,
        "A=1\nJWT_SECRET=jwt-secret-token\nDATABASE_URL=postgresql://u:password@h/d\n",
    )]);
    assert_eq!((read.file(), read.source()), example);
    assert_eq!(read.get("JWT_SECRET"), Some("jwt-secret-token"));
    assert!(read.redactions().is_empty() && !read.variables().iter().any(|variable| variable.is_secret));

    let read = environment(&[(EXAMPLE, "A=1\n"), (ENV, "B=2\n")]);
    assert_eq!((read.file(), read.source()), ("web/crux/.env", Source::Env));
    assert_eq!((read.get("A"), read.get("B")), (None, Some("2")));

    let read = environment(&[]);
    assert_eq!((read.file(), read.source()), ("web/crux/.env", Source::None));
    assert!(read.variables().is_empty());
}

#[test]
fn secrets_are_known_by_name_or_password_and_by_what_everybody_sees() {
    let read = environment(&[
        (
            EXAMPLE,
            "JWT_SECRET=jwt-secret-token\nSMTP_URI=smtps://test:test@localhost:1025/\n\
             DATABASE_URL=postgresql://username:password@localhost:5432/crux\nAPI_TOKEN=\n",
        ),
        (
            ENV,
            "LOG_LEVEL=debug\n\
             JWT_SECRET=jwt-secret-token\n\
             ENCRYPTION_SECRET_KEY=hidden-key\n\
             api_token='hidden token'\n\
             AWS_CREDENTIALS=hidden:credentials\n\
             DISABLE_TOKEN_CHECK=true\n\
             DB_PASSWORD=\n\
             KRATOS_URL=http://localhost:8000/kratos\n\
             SMTP_URI=smtps://test:test@mail.example:465/\n\
             DATABASE_URL='postgresql://me:h%21dden^1@localhost:5432/crux'\n\
             BROKEN_URL=postgresql://me:hid/den@localhost:5432/crux\n\
             SECRET_URL=https://me:hidden-2@hooks.example/hidden\n",
        ),
    ]);
    // Nothing that is hidden is shown, and the rest is.
    insta::assert_debug_snapshot!(read.variables());
    insta::assert_debug_snapshot!(read.redactions());
}

#[test]
fn an_example_that_cannot_be_read_hides_all_secrets_and_is_an_error_only_alone() {
    let read = environment(&[(EXAMPLE, "no equals\n"), (ENV, "JWT_SECRET=jwt-secret-token\n")]);
    assert_eq!(read.redactions(), ["jwt-secret-token"]);
    let (_dir, project) = repository(&[(EXAMPLE, "A=1\nhunter2\n")]);
    let error = Environment::of(&project, "web/crux").unwrap_err();
    assert_eq!(error.exit_code(), 2);
    insta::assert_snapshot!(error.to_string());
}

#[test]
fn what_is_wrong_with_a_file() {
    let (_dir, project) = repository(&[(ENV, "A=1\n\nJWT_SECRET=\"hunter2\n"), (EXAMPLE, "A=1\n")]);
    let unbalanced = Environment::of(&project, "web/crux").unwrap_err();
    let (_dir, project) = repository(&[]);
    fs::create_dir(project.root().join("web/crux/.env")).unwrap();
    let folder = Environment::of(&project, "web/crux").unwrap_err();
    assert_eq!((unbalanced.exit_code(), folder.exit_code()), (2, 2));
    insta::assert_snapshot!(format!("{unbalanced}\n{folder}"));
}

#[test]
fn the_environment_of_the_sample_is_understood() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/sample");
    let project = Project::find(Some(&sample)).unwrap();
    for part in ["web/crux", "web/crux-ui"] {
        assert!(Environment::of(&project, part).unwrap().get("KRATOS_URL").is_some(), "{part}");
    }
}

#[test]
fn passwords_are_known_in_each_way_they_are_written() {
    assert_eq!(passwords("postgresql://u:p%40s^s@h/d"), ["p@s^s", "p%40s%5Es", "p%40s^s"]);
    assert_eq!(passwords("smtps://test:test@localhost:1025/?x=y"), ["test"]);
    for none in ["", "u:p@h", "http://u@h/", "http://u:@h/", "http://h:8000/a:b@c"] {
        assert!(passwords(none).is_empty(), "{none}");
    }
}

#[test]
fn addresses_of_this_machine_become_those_of_parts() {
    const PARTS: [(u16, &str); 6] = [
        (8000, "traefik"),
        (4434, "kratos"),
        (5432, "database"),
        (1025, "mail"),
        (5000, "crux"),
        (80, "traefik"),
    ];
    let moved = [
        ("http://localhost:8000/kratos?x=localhost:8000", "http://traefik:8000/kratos?x=localhost:8000"),
        ("HTTP://LocalHost:8000", "HTTP://traefik:8000"),
        ("http://127.0.0.1:4434/", "http://kratos:4434/"),
        ("http://[::1]:4434", "http://kratos:4434"),
        ("http://localhost", "http://traefik"),
        ("http://localhost?x", "http://traefik?x"),
        (
            "postgresql://u:p%40@ss@localhost:5432/crux?schema=public",
            "postgresql://u:p%40@ss@database:5432/crux?schema=public",
        ),
        ("postgres://u:localhost:8000@[::1]/crux", "postgres://u:localhost:8000@database/crux"),
        (
            "smtps://test:test@localhost:1025/?skip_ssl_verify=true",
            "smtps://test:test@mail:1025/?skip_ssl_verify=true",
        ),
        ("localhost:5000", "crux:5000"),
        ("[::1]:5000", "crux:5000"),
    ];
    for (value, expected) in moved {
        assert_eq!(rehosted(value, &PARTS), expected);
    }
    let stays = [
        "",
        "localhost",
        "LOCALHOST:1848",
        "localhost:5000/path",
        "http://localhost:1848/",
        "https://localhost/",
        "http://db.localhost:8000/",
        "http://localhost.example:8000/",
        "http://127.0.0.11:8000/",
        "http://10.0.0.1:8000/",
        "http://user@traefik:8000/http://localhost:8000",
        "http://localhost:8000,http://localhost:4434",
        "http://localhost:+8000/",
        "http://localhost:/",
        "see http://localhost:8000/",
        "[::1]",
        "[::1]x:5000",
    ];
    for value in stays {
        assert!(matches!(rehosted(value, &PARTS), Cow::Borrowed(same) if same == value), "{value}");
    }
}
