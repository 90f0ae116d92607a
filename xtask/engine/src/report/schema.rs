//! The JSON Schema of events, made from their types: the one in `docs` is this one, and real runs
//! are as it says.

use std::fs;
use std::path::{Path, PathBuf};

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::TimedEvent;
use super::fixtures::{E2E_FAILED, SERVICE_FAILED, TEST_CACHED};
use crate::event::SCHEMA;

/// The variable with which the test below writes the file.
const RENEW: &str = "XTASK_RENEW_SCHEMA";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.schema.json")
}

fn of_the_types() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<TimedEvent>().to_value();
    schema["title"] = json!(format!("An event of a run of cargo xtask, version {SCHEMA}"));
    schema
}

fn in_the_file() -> Value {
    serde_json::from_str(&fs::read_to_string(file()).expect("the schema")).expect("JSON")
}

#[test]
fn the_schema_in_docs_is_that_of_the_types() {
    let schema = of_the_types();
    if std::env::var_os(RENEW).is_some() {
        let text = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        fs::write(file(), text).expect("the schema is written");
    }
    assert!(
        schema == in_the_file(),
        "{} is not what events are: read docs/events.md on what may change within a version, then run \
         `{RENEW}=1 cargo test -p xtask-engine --lib the_schema_in_docs`",
        file().display()
    );
}

#[test]
fn runs_are_as_the_schema_says() {
    let schema = jsonschema::draft202012::new(&in_the_file()).expect("a schema of draft 2020-12");
    for run in [TEST_CACHED, SERVICE_FAILED, E2E_FAILED] {
        for line in run.lines() {
            let event = serde_json::from_str(line).expect("JSON");
            if let Err(error) = schema.validate(&event) {
                panic!("{error}: {line}");
            }
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_event_of_this_version() {
    let schema = jsonschema::draft202012::new(&in_the_file()).expect("a schema of draft 2020-12");
    let started = |schema: u32| json!({ "at": 0.1, "event": "run_started", "schema": schema, "run": "1", "task": "test", "command": "test", "unix": 1e9 });
    assert!(schema.is_valid(&started(SCHEMA)));
    assert!(!schema.is_valid(&started(SCHEMA + 1)));
    assert!(!schema.is_valid(&json!({ "at": 0.1, "event": "unheard_of" })));
    assert!(!schema.is_valid(&json!({ "event": "notice", "text": "without its time" })));
}
