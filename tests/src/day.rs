//! Stacks of `up`: their names, where they are reached, what they answer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::engine::docker;
use crate::{Application, Run};

/// Longer than any part takes to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A port that is free on this machine at any address, whatever else runs here.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

impl Application {
    /// A prefix that nobody else has.
    pub fn prefix(&self) -> String {
        let name = self.root().file_name().expect("a name").to_string_lossy().to_lowercase();
        format!("t-{}", name.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
    }

    /// Runs a task on its stack.
    pub fn of_stack(&self, task: &str, args: &[&str]) -> Run {
        self.run(&[&[task, "--prefix", &self.prefix()], args].concat())
    }

    /// All that is in the engine for it, sorted: the engine lists the newest first.
    pub fn sorted(&self) -> Vec<String> {
        let mut all = self.all_in_engine();
        all.sort();
        all
    }

    /// The id of the container of a part of its stack.
    #[track_caller]
    pub fn container(&self, part: &str) -> String {
        let name = format!("xtask-{}-{part}", self.prefix());
        docker(&["inspect", "--format", "{{.Id}}", &name]).trim().to_owned()
    }
}

impl Run {
    /// Where a door of the stack is, as its table says: host and port.
    #[track_caller]
    pub fn door(&self, name: &str) -> String {
        let line = self.stdout.lines().find(|line| line.split_whitespace().next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {}", self.stdout));
        let address = line.split_whitespace().nth(1).expect("an address");
        address.trim_start_matches("http://").to_owned()
    }
}

/// What an HTTP server answers to GET: all of it, or why it does not.
///
/// # Errors
/// If it cannot be reached, or breaks off.
pub fn get(address: &str, path: &str) -> Result<String, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(address).map_err(text)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").map_err(text)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(text)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    match answer.starts_with("HTTP/1.1 200") {
        true => Ok(answer),
        false => Err(answer),
    }
}
