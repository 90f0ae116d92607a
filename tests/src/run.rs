//! One run of the binary, and what came of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::binary;

/// A run that goes on.
pub struct Started {
    /// The process.
    pub child: Child,
    pub(crate) begun: Instant,
    pub(crate) record: PathBuf,
}

impl Started {
    pub(crate) fn new(args: &[String], env: &[(&str, &str)], record: PathBuf) -> Self {
        let mut command = Command::new(binary());
        let at = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
        command.args(&args[..at]).arg("--record").arg(&record).args(&args[at..]);
        // In CI too the tests are of the program as a person runs it.
        command.env_remove("GITHUB_ACTIONS").env("NO_COLOR", "1").envs(env.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { child: command.spawn().expect("the binary starts"), begun: Instant::now(), record }
    }

    /// Waits for its end.
    pub fn finish(self) -> Run {
        let output = self.child.wait_with_output().expect("the binary ends");
        let text = fs::read_to_string(self.record.join("events.jsonl")).unwrap_or_default();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            events: text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect(),
            record: self.record,
        }
    }

    /// The most memory it ever held, in bytes: followed until its end.
    #[cfg(target_os = "linux")]
    pub fn finish_with_peak_memory(mut self) -> (Run, u64) {
        // Somebody must read what it prints while we look.
        let drain = |pipe: Option<Box<dyn std::io::Read + Send>>| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                pipe.map(|mut pipe| pipe.read_to_end(&mut text));
                text
            })
        };
        let stdout = drain(self.child.stdout.take().map(|pipe| Box::new(pipe) as _));
        let stderr = drain(self.child.stderr.take().map(|pipe| Box::new(pipe) as _));
        let status = format!("/proc/{}/status", self.child.id());
        let mut peak = 0;
        while self.child.try_wait().expect("a child").is_none() {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            peak = peak.max(kib.unwrap_or(0) * 1024);
            std::thread::sleep(std::time::Duration::from_millis(2)); // a sample, not a wait
        }
        let mut run = self.finish();
        run.stdout = String::from_utf8_lossy(&stdout.join().expect("its output")).into_owned();
        run.stderr = String::from_utf8_lossy(&stderr.join().expect("its errors")).into_owned();
        (run, peak)
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it printed on standard error.
    pub stderr: String,
    /// Its events.
    pub events: Vec<Value>,
    /// The folder of its record.
    pub record: PathBuf,
}

/// The end of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The pipeline.
    pub pipeline: String,
    /// What it did.
    pub name: String,
    /// `image`, `upload`, `file`, `exec` or `test`.
    pub kind: String,
    /// `cached`, `ran`, `shared`, `unchanged`, `failed` or `canceled`.
    pub outcome: String,
}

impl Run {
    /// This run, which must have ended with `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        let from = self.stdout.char_indices().rev().nth(6000).map_or(0, |(at, _)| at);
        assert_eq!(self.code, Some(code), "…{}{}", &self.stdout[from..], self.stderr);
        self
    }

    /// Its events of one kind.
    pub fn all(&self, event: &str) -> Vec<&Value> {
        self.events.iter().filter(|line| line["event"] == event).collect()
    }

    /// The ends of its steps, in their order.
    pub fn steps(&self) -> Vec<Step> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let step = |event: &&Value| Step {
            pipeline: text(&event["pipeline"]),
            name: text(&event["step"]),
            kind: text(&event["kind"]),
            outcome: text(&event["outcome"]["kind"]),
        };
        self.all("step_finished").iter().map(step).collect()
    }

    /// How the one step whose text begins so ended.
    #[track_caller]
    pub fn outcome(&self, step: &str) -> String {
        let steps = self.steps();
        let found: Vec<&Step> = steps.iter().filter(|known| known.name.starts_with(step)).collect();
        assert_eq!(found.len(), 1, "steps that begin with {step:?} in {steps:#?}");
        found[0].outcome.clone()
    }

    /// Files sent to the engine.
    pub fn files_sent(&self) -> u64 {
        self.all("uploaded").iter().filter_map(|event| event["files"].as_u64()).sum()
    }

    /// The `test_finished` event of the one test.
    #[track_caller]
    pub fn test(&self) -> &Value {
        let all = self.all("test_finished");
        assert_eq!(all.len(), 1, "one test: {}{}", self.stdout, self.stderr);
        all[0]
    }

    /// The complete output of a pipeline's test.
    #[track_caller]
    pub fn output(&self, pipeline: &str) -> String {
        let path = self.record.join(pipeline).join("output.log");
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The complete log of a service.
    #[track_caller]
    pub fn service_log(&self, service: &str) -> String {
        let path = self.record.join("services").join(format!("{service}.log"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The number that tells this run of a test command from all others.
    #[track_caller]
    pub fn nonce(&self, pipeline: &str) -> String {
        let output = self.output(pipeline);
        let nonce = output.lines().find_map(|line| line.strip_prefix("nonce "));
        nonce.unwrap_or_else(|| panic!("no nonce in {output}")).to_owned()
    }

    /// Nothing was done again and nothing was sent.
    #[track_caller]
    pub fn assert_all_cached(&self) {
        let steps = self.steps();
        for step in &steps {
            let expected = if matches!(&*step.kind, "image" | "upload") { "unchanged" } else { "cached" };
            assert_eq!(step.outcome, expected, "{} in {steps:#?}", step.name);
        }
        for kind in ["image", "upload", "file", "exec", "test"] {
            assert!(steps.iter().any(|step| step.kind == kind), "no {kind} in {steps:#?}");
        }
        assert!(self.all("uploaded").is_empty(), "{:?}", self.all("uploaded"));
    }
}
