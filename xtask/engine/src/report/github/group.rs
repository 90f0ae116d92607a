//! The output of steps, held until a step ends: steps run side by side, groups must not.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::Path;

use super::super::style::DIM;

/// Lines of one step that are held, and their bytes: the last ones; its log has all of them.
const LINES: usize = 2000;
const BYTES: usize = 512 * 1024;
/// The most of one line.
const LINE: usize = 8 * 1024;

/// The output of all steps that run.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// In the order in which they spoke first.
    steps: Vec<Output>,
}

/// What a step printed.
#[derive(Debug)]
pub(super) struct Output {
    pub pipeline: String,
    pub id: String,
    pub step: String,
    lines: VecDeque<String>,
    bytes: usize,
    left_out: u64,
}

impl Outputs {
    /// Takes part of a step's output, `seconds` after it began.
    pub(super) fn add(&mut self, pipeline: &str, id: &str, step: &str, seconds: f64, text: &str) {
        let is_it = |known: &Output| known.pipeline == pipeline && known.id == id;
        let at = self.steps.iter().position(is_it).unwrap_or_else(|| {
            let (pipeline, id, step) = (pipeline.to_owned(), id.to_owned(), step.to_owned());
            let lines = VecDeque::new();
            self.steps.push(Output { pipeline, id, step, lines, bytes: 0, left_out: 0 });
            self.steps.len() - 1
        });
        text.lines().for_each(|line| self.steps[at].add(seconds, line));
    }

    /// The output of a step that ended.
    pub(super) fn take(&mut self, pipeline: &str, id: &str) -> Option<Output> {
        let at = self.steps.iter().position(|known| known.pipeline == pipeline && known.id == id)?;
        Some(self.steps.remove(at))
    }

    /// What is still held, of one pipeline or of all.
    pub(super) fn take_all(&mut self, pipeline: Option<&str>) -> Vec<Output> {
        let (taken, left) = std::mem::take(&mut self.steps)
            .into_iter()
            .partition(|known| pipeline.is_none_or(|pipeline| known.pipeline == pipeline));
        self.steps = left;
        taken
    }
}

impl Output {
    fn add(&mut self, seconds: f64, line: &str) {
        let end = line.char_indices().map(|(at, _)| at).take_while(|at| *at <= LINE).last().unwrap_or(0);
        let (line, more) = if line.len() > LINE { (&line[..end], " …") } else { (line, "") };
        let line = format!("{DIM}[{seconds:.2}s]{DIM:#} {line}{more}");
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.lines.len() > LINES || self.bytes > BYTES {
            let Some(line) = self.lines.pop_front() else { break };
            self.bytes -= line.len();
            self.left_out += 1;
        }
    }

    /// What is held, below a line that says what is not, and where that is.
    pub(super) fn text(&self, log: &Path) -> String {
        let mut text = String::with_capacity(self.bytes + self.lines.len() + 100);
        if self.left_out > 0 {
            let _ = writeln!(text, "… {} lines before these are in {}", self.left_out, log.display());
        }
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(output: &Output) -> String {
        anstream::adapter::strip_str(&output.text(Path::new("steps/1.log"))).to_string()
    }

    #[test]
    fn the_last_lines_are_held_and_the_rest_is_counted() {
        let mut outputs = Outputs::default();
        for line in 1..=LINES + 5 {
            outputs.add("test-ui", "1", "exec npm ci", 0.5, &format!("line {line}\n"));
        }
        let text = text(&outputs.take("test-ui", "1").unwrap());
        assert!(text.starts_with("… 5 lines before these are in steps/1.log\n[0.50s] line 6\n"), "{text}");
        assert_eq!(text.lines().count(), LINES + 1);
        assert!(outputs.take("test-ui", "1").is_none());
    }

    #[test]
    fn memory_is_bounded_whatever_is_printed() {
        let mut outputs = Outputs::default();
        for _ in 0..200 {
            outputs.add("test-ui", "1", "exec npm ci", 0.5, &"ö".repeat(100_000));
        }
        let output = outputs.take("test-ui", "1").unwrap();
        assert!(output.bytes <= BYTES && output.lines.len() > 50, "{} bytes", output.bytes);
        assert_eq!(output.left_out as usize + output.lines.len(), 200);
    }

    #[test]
    fn steps_of_the_same_id_in_two_pipelines_are_two() {
        let mut outputs = Outputs::default();
        outputs.add("crux", "1", "exec npm ci", 0.5, "of crux");
        outputs.add("e2e", "1", "exec npm ci", 0.5, "of e2e");
        assert_eq!(text(&outputs.take_all(Some("e2e"))[0]), "[0.50s] of e2e\n");
        assert_eq!(text(&outputs.take_all(None)[0]), "[0.50s] of crux\n");
    }
}
