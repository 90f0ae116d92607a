//! What must never reach the engine, and what must reach a step all the same.

use tests::{Fixture, Part};

/// Lists all files and prints those whose names begin with `.env`.
const LIST: &str = "const { execSync } = require('child_process')\n\
    console.log(execSync('find /src -path /src/node_modules -prune -o -print').toString())\n\
    console.log(execSync('grep -rs \"^MARK\" /src || true').toString())\n";

#[test]
fn environment_files_stay_at_home_and_their_templates_travel() {
    let repo = Fixture::new();
    for part in [Part::Crux, Part::CruxUi] {
        let folder = part.folder();
        repo.write(&format!("{folder}/extra.js"), LIST);
        repo.write(&format!("{folder}/.env"), "MARK=secret-of-env\n");
        repo.write(&format!("{folder}/.env.local"), "MARK=secret-of-local\n");
        repo.write(&format!("{folder}/config/.env.production"), "MARK=secret-of-production\n");
        repo.write(&format!("{folder}/.env.example"), "MARK=template\n");
        repo.write(&format!("{folder}/src/environment.ts"), "MARK=source\n");
    }
    repo.write("web/crux/prisma/.env", "MARK=secret-of-prisma\n");
    let run = repo.run(&["test"]).expect(0);
    for part in [Part::Crux, Part::CruxUi] {
        let output = run.output(part.task());
        assert!(!output.contains("secret-of"), "{output}");
        let names: Vec<&str> = output.lines().filter(|line| line.contains("/.env")).collect();
        assert_eq!(names, ["/src/.env.example", "/src/.env.example:MARK=template"], "{output}");
        assert!(output.contains("/src/src/environment.ts:MARK=source"), "{output}");
    }
    // They do not even invalidate a step.
    repo.write("web/crux/.env", "MARK=another\n");
    repo.write("web/crux-ui/.env", "MARK=another\n");
    repo.run(&["test"]).expect(0).assert_all_cached();
}

#[test]
fn what_tools_make_and_dockerignore_names_stays_at_home() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", LIST);
    for made in
        ["node_modules/x/index.js", ".next/cache", "coverage/lcov.info", "dist/main.js", "ignored/file"]
    {
        repo.write(&format!("web/crux-ui/{made}"), "MARK made\n");
    }
    repo.write("web/crux-ui/.dockerignore", "ignored\n");
    let run = repo.run(&["test-ui"]).expect(0);
    assert!(!run.output("test-ui").contains("MARK made"), "{}", run.output("test-ui"));
    repo.write("web/crux-ui/node_modules/x/index.js", "MARK made again\n");
    repo.write("web/crux-ui/ignored/file", "MARK made again\n");
    repo.run(&["test-ui"]).expect(0).assert_all_cached();
}

#[test]
fn the_certificates_of_the_host_reach_a_step() {
    let repo = Fixture::new();
    repo.write(
        "web/crux-ui/extra.js",
        "const fs = require('fs')\n\
         for (const name of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])\n\
           console.log(name, fs.readFileSync(process.env[name], 'utf8').trim())\n",
    );
    let bundle = "-----BEGIN CERTIFICATE-----\none of this test\n-----END CERTIFICATE-----";
    repo.write("ca.pem", bundle);
    let path = repo.path("ca.pem").display().to_string();
    let run = repo.start_with(&["test-ui"], &[("SSL_CERT_FILE", &path)]).finish().expect(0);
    let output = run.output("test-ui");
    for name in ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] {
        assert!(output.contains(&format!("{name} {bundle}")), "{output}");
    }
    // Another bundle is no other work.
    repo.write("ca.pem", "-----BEGIN CERTIFICATE-----\nanother\n-----END CERTIFICATE-----");
    repo.start_with(&["test-ui"], &[("SSL_CERT_FILE", &path)]).finish().expect(0).assert_all_cached();
}

#[test]
fn proxies_of_the_host_reach_a_step_their_passwords_no_output_and_neither_a_key() {
    let repo = Fixture::new();
    repo.write(
        "web/crux-ui/extra.js",
        "for (const name of ['HTTP_PROXY', 'https_proxy', 'no_proxy']) console.log(name, process.env[name])\n\
         require('fs').writeFileSync(process.env.XTASK_RESULTS + '/proxy.txt', process.env.HTTP_PROXY)\n",
    );
    let proxy = |host: &str| format!("http://user:hunter22@{host}.example:3128/");
    let run = |host: &str, args: &[&str]| {
        let value = proxy(host);
        let env = [("http_proxy", &*value), ("HTTPS_PROXY", &*value), ("no_proxy", "localhost,.example")];
        // npm asks nothing of the network here, so it does not matter that the proxy is none.
        repo.start_with(args, &env).finish().expect(0)
    };
    let first = run("one", &["test-ui"]);
    let reached = std::fs::read_to_string(first.record.join("test-ui/proxy.txt")).expect("what the step saw");
    assert_eq!(reached, proxy("one"));
    let output = first.output("test-ui");
    assert!(output.contains("https_proxy http://user:***@one.example:3128/"), "{output}");
    assert!(output.contains("no_proxy localhost,.example"), "{output}");
    let events = std::fs::read_to_string(first.record.join("events.jsonl")).expect("events");
    for told in [&first.stdout, &first.stderr, &output, &events] {
        assert!(!told.contains("hunter22"), "{told}");
    }
    run("another", &["test-ui"]).assert_all_cached();
    repo.run(&["test-ui"]).expect(0).assert_all_cached();
}
