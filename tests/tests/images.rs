//! `cargo xtask images`: what the application needs, got or made ahead, and others in its place.

use tests::Fixture;

/// The row of a part.
fn row<'a>(output: &'a str, part: &str) -> &'a str {
    let row = output.lines().find(|line| line.split_whitespace().next() == Some(part));
    row.unwrap_or_else(|| panic!("no {part} in {output}"))
}

#[test]
fn images_are_listed_and_prepared() {
    let sample = Fixture::sample();
    let prepared = sample.run(&["images", "prepare", "traefik"]).expect(0);
    assert!(row(&prepared.stdout, "traefik").contains("is in the engine"), "{}", prepared.stdout);
    assert!(!prepared.stdout.contains("oryd/kratos"), "only what is named: {}", prepared.stdout);

    let listed = sample.run(&["images", "--image", "mail=mine/mail:1"]).expect(0);
    for part in ["node", "database", "kratos", "traefik"] {
        assert!(row(&listed.stdout, part).contains(':'), "{}", listed.stdout);
    }
    let lock = std::fs::read_to_string(sample.path("web/crux-ui/package-lock.json")).expect("a lockfile");
    let lock: serde_json::Value = serde_json::from_str(&lock).expect("JSON");
    let version = lock["packages"]["node_modules/@playwright/test"]["version"].as_str().expect("a version");
    assert!(
        row(&listed.stdout, "playwright").contains(&format!("playwright:v{version}")),
        "{}",
        listed.stdout
    );
    let mail = row(&listed.stdout, "mail");
    assert!(mail.contains("mine/mail:1") && mail.contains("not in the engine"), "{mail}");
}

#[test]
fn an_image_that_cannot_be_had_is_one_sentence_and_nothing_starts() {
    let sample = Fixture::sample();
    let run = sample.run(&["crux", "--image", "database=nobody.invalid/nothing:1"]).expect(3);
    run.sentence(&["cannot pull nobody.invalid/nothing:1", "nobody.invalid cannot be reached", "; check"]);
    assert!(run.all("service").iter().all(|event| event["state"]["kind"] != "starting"), "{}", run.stdout);
    assert!(
        run.all("network_created")
            .iter()
            .all(|event| { tests::of_session(event["session"].as_str().expect("an id")).is_empty() })
    );

    let wrong = sample.run(&["images", "prepare", "crux"]).expect(2);
    wrong.sentence(&["needs no image for crux", "`cargo xtask images` lists"]);
    let wrong = sample.run(&["e2e", "--image", "cratos=a:1"]).expect(2);
    assert!(wrong.stderr.contains("no part of the application is called"), "{}", wrong.stderr);
}
