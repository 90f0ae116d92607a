//! A terminal with a shell in it, as a person has it: a pane of tmux.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::fault::wait_until;

/// What the shell prints when it waits for a command.
const PROMPT: &str = "ready$ ";

/// A pane of its own tmux; gone with it, and all that runs in it.
pub struct Pane {
    dir: TempDir,
}

impl Pane {
    /// A terminal of this size, in which a shell with job control waits for commands.
    pub fn new(columns: u16, rows: u16) -> Self {
        let pane = Self { dir: tempfile::tempdir().expect("a temporary folder") };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let shell = format!("PS1='{PROMPT}' exec bash --norc --noprofile -i");
        let mut start = pane.tmux();
        // In CI too the tests are of the program as a person runs it.
        start.env_remove("CI").env_remove("GITHUB_ACTIONS").env_remove("NO_COLOR").env_remove("TMUX");
        start.args(["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows, &shell]);
        assert!(start.status().expect("tmux, which `cargo xtask setup --tests` installs").success());
        pane.wait_for("the shell", |screen| screen.starts_with(PROMPT.trim_end()));
        pane
    }

    /// Types a line.
    pub fn type_line(&self, line: &str) {
        self.ask(&["send-keys", "-l", line]);
        self.ask(&["send-keys", "Enter"]);
    }

    /// Clears it: what it shows from then on is new.
    pub fn clear(&self) {
        self.type_line("clear");
        self.wait_for("an empty screen", |screen| screen == PROMPT.trim_end());
    }

    /// Presses a key, as tmux names it: `C-c`.
    pub fn press(&self, key: &str) {
        self.ask(&["send-keys", key]);
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.ask(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// What it shows, without what is blank at the ends.
    pub fn screen(&self) -> String {
        let shown = self.ask(&["capture-pane", "-p"]);
        shown.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// What a format of tmux gives, such as `#{cursor_flag}`.
    pub fn format(&self, format: &str) -> String {
        self.ask(&["display-message", "-p", format]).trim_end().to_owned()
    }

    /// Waits until it shows something; gives what it shows then.
    #[track_caller]
    pub fn wait_for(&self, what: &str, is_shown: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let mut look = || {
            last = self.screen();
            is_shown(&last).then(|| last.clone())
        };
        wait_until(what, &mut look)
    }

    fn tmux(&self) -> Command {
        let socket: PathBuf = self.dir.path().join("tmux");
        let mut tmux = Command::new("tmux");
        tmux.arg("-u").arg("-S").arg(socket).env("LC_ALL", "C.UTF-8");
        tmux
    }

    #[track_caller]
    fn ask(&self, args: &[&str]) -> String {
        let output = self.tmux().args(args).output().expect("tmux");
        assert!(output.status.success(), "tmux {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").status();
    }
}
