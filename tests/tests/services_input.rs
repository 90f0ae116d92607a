//! What a stack is made from is wrong: one sentence that says where and how to mend it, and nothing
//! is started.

use tests::{Answer, Application, Run, Stub};

/// What can be in a `.env`, as editors and people leave it.
const ENV: &str = "\u{feff}# the backend's\r\n\
    export DATABASE_URL=\"postgresql://crux:hunter%402@localhost:5432/crux?schema=public\"\r\n\
    FROM_NAME='It costs $5 # or so'\r\n\
    \r\n\
    FROM_EMAIL = nobody@example.com # a comment\r\n\
    export\tTWO=\"one\\ntwo\"\r\n";

/// What a registry says of an image that nobody has.
const MISSING: &str = r#"{"message": "pull access denied for nobody/nothing, repository does not exist or may require 'docker login'"}"#;

#[test]
fn an_environment_file_as_editors_leave_it() {
    let app = Application::new();
    app.write("web/crux/.env", ENV);
    app.serve_also(
        "for (const name of ['FROM_NAME', 'FROM_EMAIL', 'TWO']) console.log(name, JSON.stringify(process.env[name]))\n\
         console.log('password', new URL(process.env.DATABASE_URL).password.length)",
    );
    let run = app.start_crux().end_by("INT").0.expect(130);
    let log = run.service_log("crux");
    for line in [
        r#"FROM_NAME "It costs $5 # or so""#,
        r#"FROM_EMAIL "nobody@example.com""#,
        r#"TWO "one\ntwo""#,
        "password 10",
    ] {
        assert!(log.lines().any(|said| said == line), "{line} in {log}");
    }
}

#[test]
fn a_database_url_that_cannot_be_used() {
    let app = Application::new();
    let environments = [
        "LOG_LEVEL=debug\n",
        "DATABASE_URL=mysql://crux:hunter2@localhost:3306/crux\n",
        "DATABASE_URL=postgresql://crux@localhost:5432/crux\n",
        "DATABASE_URL=postgresql://crux:hunter2@localhost:5432\n",
        "LOG_LEVEL=debug\nDATABASE_URL=\"postgresql://crux:hunter2@localhost:5432/crux\nTZ=UTC\n",
    ];
    let texts = environments.map(|environment| {
        app.write("web/crux/.env", environment);
        refused(&app, app.run(&["crux"]), 2)
    });
    assert!(!texts.iter().any(|text| text.contains("hunter2")), "{texts:#?}");
    insta::assert_snapshot!(texts.join("\n"));
    // The example is used in the place of a file that is not there, and is named.
    std::fs::remove_file(app.path("web/crux/.env")).expect("the file");
    app.write("web/crux/.env.example", "DATABASE_URL=nonsense\n");
    let text = refused(&app, app.run(&["e2e"]), 2);
    assert!(text.contains("DATABASE_URL in web/crux/.env.example is not a URL"), "{text}");
}

#[test]
fn an_image_that_does_not_exist() {
    let app = Application::new();
    // Whatever can be said of it where the tests run.
    let run = app.run(&["e2e", "--image", "kratos=nobody/nothing:1"]).expect(3);
    run.sentence(&["cannot pull nobody/nothing:1: the registry docker.io "]);
    assert!(run.all("step_started").iter().all(|step| step["kind"] != "test"), "{:?}", run.events);
    assert_eq!(app.in_engine(), [""; 0]);

    let stub = Stub::new(|request| match request {
        _ if request.contains("/images/create?") && request.contains("nobody") => {
            Answer::With("404 Not Found", MISSING.into())
        }
        _ => Answer::Engine,
    });
    let engine = stub.socket().display().to_string();
    let run = app.run(&["crux", "--image", "database=nobody/nothing:1", "--engine", &engine]).expect(3);
    insta::assert_snapshot!(run.stderr.trim_end());
    assert_eq!(app.in_engine(), [""; 0]);
}

/// The one sentence of a run that started nothing.
#[track_caller]
fn refused(app: &Application, run: Run, code: i32) -> String {
    let run = run.expect(code);
    run.sentence(&[]);
    assert!(run.all("network_created").is_empty() && run.all("step_started").is_empty(), "{:?}", run.events);
    assert_eq!(app.in_engine(), [""; 0]);
    let at = format!("{}/", app.root().display());
    run.stderr.trim_end().replace(&at, "REPO/")
}
