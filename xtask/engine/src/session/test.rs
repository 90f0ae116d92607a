//! A test pipeline: its results come out whatever happens, and a failure is never taken from the
//! cache.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::solve::Told;
use super::{Session, export};
use crate::Error;
use crate::buildkit::Exporter;
use crate::event::{Event, MadeBefore, Outcome, TestCounts};
use crate::llb::{EXIT_CODE_FILE, OUTPUT_END_FILE, OUTPUT_FILE, TIMED_OUT, Target};
use crate::log_file::LEFT_OUT;
use crate::pipeline::Test;
use crate::results::TestResults;

/// The complete output of a test step, in its folder of the record.
pub(super) const OUTPUT_LOG: &str = "output.log";
/// The results as JUnit, there too.
const JUNIT: &str = "junit.xml";
/// Lines of the output that a failure shows.
const TAIL: usize = 40;

/// How a test ended.
#[derive(Debug, Clone)]
pub struct TestReport {
    /// The command's exit code.
    pub exit_code: i32,
    /// The result came from the cache.
    pub cached: bool,
    /// The time limit ended it.
    pub timed_out: bool,
    /// Where its files are: the complete output, the JUnit report, what the command wrote.
    pub files: PathBuf,
    /// Its tests, if the command reported them.
    pub results: Option<TestResults>,
}

/// How a test command ended.
pub(super) struct Ran {
    /// The id of its step.
    pub(super) id: String,
    pub(super) exit_code: i32,
    pub(super) cached: bool,
    /// When the result was made that came from the cache.
    pub(super) before: Option<MadeBefore>,
    /// What ended it from outside.
    pub(super) broken: Option<Error>,
}

impl Session {
    /// Runs a test pipeline and keeps its results in the session's record, as `output.log`,
    /// `junit.xml` and whatever the command wrote; also where [`export`](super::Options::export)
    /// says.
    ///
    /// # Errors
    /// [`Error::Test`] if the tests failed, [`Error::TimedOut`] if the time limit ended them (the
    /// results are there in both cases); else see [`Error`].
    pub async fn test(&self, name: &str, test: &Test) -> Result<TestReport, Error> {
        super::check(&test.error)?;
        self.pipeline(name, async |told| self.run_test(name, test, told).await).await
    }

    async fn run_test(&self, name: &str, test: &Test, told: &mut Told) -> Result<TestReport, Error> {
        if let Some(export) = &self.options.export {
            // Before the tests rather than after them.
            export::folder(export)?;
            export::check(&export.join(name))?;
        }
        let files = self.options.record.join(name);
        let ran = match test.is_bound() {
            true => self.run_bound(name, test, &files).await?,
            false => self.run_step(name, test, &files, told).await?,
        };
        let Ran { id, exit_code, cached, before, broken } = ran;
        let log = files.join(OUTPUT_LOG);
        let timed_out = matches!(broken, Some(Error::TimedOut { .. }));
        let results = self.keep_results(name, test, &files);
        let stopped = broken.as_ref().filter(|_| !timed_out).map(ToString::to_string);
        let ended = Ended { id, exit_code, cached, before, timed_out, stopped };
        self.tell_test(name, test, ended, results.as_ref(), &log);
        if test.is_bound() {
            let (entries, folder) = (artifacts(&files), files.display().to_string());
            self.events.emit(Event::Artifacts { pipeline: name.into(), folder, entries });
        }
        if let Some(export) = &self.options.export {
            let dest = export.join(name);
            export::replace(&files, &dest)?;
            self.events.emit(Event::Exported { pipeline: name.into(), path: dest.display().to_string() });
        }
        let report = TestReport { exit_code, cached, timed_out, files, results };
        match (broken, report.exit_code) {
            (Some(error), _) => Err(error),
            (None, 0) => Ok(report),
            (None, _) => Err(Error::Test { pipeline: name.into(), summary: summary(&report) }),
        }
    }

    /// Runs a test as a step: from the cache if it passed before.
    async fn run_step(&self, name: &str, test: &Test, files: &Path, told: &mut Told) -> Result<Ran, Error> {
        let mut rerun = self.options.rerun;
        let (exit_code, made, solved) = loop {
            let target = Target::Results(&test.fs);
            let solved = self.solve(name, target, Exporter::Tar, Some(files), rerun, told).await?;
            let (exit_code, made) = exit_code(files)?;
            if exit_code != 0 && solved.test != Some(Outcome::Ran) && !rerun {
                rerun = true; // perhaps an old failure: what counts is whether it fails now
                continue;
            }
            break (exit_code, made, solved);
        };
        self.tell_end(solved.held, exit_code, told);
        let cached = solved.test == Some(Outcome::Cached);
        // A command may end with the same code by itself, before the time is up.
        let time_is_up = self.deadline.is_some_and(|end| Instant::now() >= end);
        let timed_out = exit_code == TIMED_OUT && time_is_up && !cached;
        self.keep_output(files)?;
        let broken = timed_out.then(|| self.timed_out(name, Some(test.step())));
        let id = solved.step.unwrap_or_default();
        Ok(Ran { id, exit_code, cached, before: made.filter(|_| cached), broken })
    }

    /// The end of the test step as its exit code has it: to the engine it succeeded.
    fn tell_end(&self, held: Option<Event>, exit_code: i32, told: &mut Told) {
        let Some(mut held) = held else { return };
        let Event::StepFinished { outcome, .. } = &mut held else { return };
        told.counts.add(outcome);
        if exit_code != 0 {
            *outcome = Outcome::Failed { error: format!("exit code {exit_code}") };
        }
        self.events.emit(held);
    }

    /// The output under its name in the record, without secrets.
    fn keep_output(&self, files: &Path) -> Result<(), Error> {
        let (from, to) = (files.join(OUTPUT_FILE), files.join(OUTPUT_LOG));
        append_end(&from, &files.join(OUTPUT_END_FILE)).map_err(|error| Error::write(&from, &error))?;
        let kept = match self.events.redactor() {
            None => fs::rename(&from, &to),
            Some(redactor) => redactor.clean_file(&from, &to).and_then(|()| fs::remove_file(&from)),
        };
        kept.map_err(|error| Error::write(&to, &error))
    }

    fn keep_results(&self, name: &str, test: &Test, files: &Path) -> Option<TestResults> {
        let format = test.report.as_ref()?;
        if let Err(why) = self.clean_report(&files.join(format.file())) {
            self.events.notice(format!("{name}: {why}"));
            return None;
        }
        let results = match TestResults::read(format, files, self.began, &|line| self.events.redacted(line)) {
            Ok(results) => results,
            Err(why) => {
                self.events.detail(format!("{name}: {why}"));
                return None;
            }
        };
        let path = files.join(JUNIT);
        let written =
            results.junit(name).and_then(|xml| fs::write(&path, xml).map_err(|error| error.to_string()));
        if let Err(why) = written {
            self.events.notice(format!("{name}: cannot write {}: {why}", path.display()));
        }
        Some(results)
    }

    /// Takes secrets out of the command's own report, before anything is made from it; one that
    /// cannot be cleaned is not kept.
    fn clean_report(&self, path: &Path) -> Result<(), String> {
        let Some(redactor) = self.events.redactor() else { return Ok(()) };
        let Ok(text) = fs::read(path) else { return Ok(()) };
        let cleaned = redactor.clean_json(&text).and_then(|text| fs::write(path, text));
        cleaned.map_err(|error| {
            let _ = fs::remove_file(path);
            format!("the report {} may hold secrets and is not kept: {error}", path.display())
        })
    }

    fn tell_test(&self, name: &str, test: &Test, ended: Ended, results: Option<&TestResults>, log: &Path) {
        let Ended { id, exit_code, cached, before, timed_out, stopped } = ended;
        let failures = results.zip(test.report.as_ref()).map(|(results, format)| results.failures(format));
        let mut failures = failures.unwrap_or_default();
        if let Some(again) = &self.options.again {
            for failure in &mut failures {
                failure.again = again.0(name, &failure.rerun).unwrap_or_default();
            }
        }
        let tail = if exit_code == 0 { Vec::new() } else { last_lines(log) };
        self.events.emit(Event::TestFinished {
            pipeline: name.into(),
            id,
            step: test.step(),
            exit_code,
            cached,
            before,
            timed_out,
            broken: stopped,
            counts: results.map(TestResults::counts),
            failures,
            suites: results.map(|results| results.suites.clone()).unwrap_or_default(),
            tail,
            log: log.display().to_string(),
        });
    }
}

/// What lies in a folder for people: a page rather than its folder, a folder with the number of files
/// in it, and no folder that has none.
fn artifacts(folder: &Path) -> Vec<(String, Option<usize>)> {
    let mut entries: Vec<(String, Option<usize>)> = children(folder)
        .into_iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            match (path.is_dir(), path.join("index.html").is_file()) {
                (false, _) => Some((name, None)),
                (true, true) => Some((format!("{name}/index.html"), None)),
                (true, false) => Some((name, Some(count_files(&path)))),
            }
        })
        .filter(|(_, files)| *files != Some(0))
        .collect();
    entries.sort();
    entries
}

fn count_files(folder: &Path) -> usize {
    children(folder).iter().map(|path| if path.is_dir() { count_files(path) } else { 1 }).sum()
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// How a test ended, for the event that tells it.
struct Ended {
    id: String,
    exit_code: i32,
    cached: bool,
    before: Option<MadeBefore>,
    timed_out: bool,
    /// Why something else stopped it.
    stopped: Option<String>,
}

fn summary(report: &TestReport) -> String {
    let TestCounts { passed, failed, .. } =
        report.results.as_ref().map(TestResults::counts).unwrap_or_default();
    match failed {
        0 => format!("the test command failed with exit code {}", report.exit_code),
        failed => format!("{failed} of {} tests failed", passed + failed),
    }
}

/// Puts the end of an output that was too long behind its beginning, if there is one.
fn append_end(output: &Path, end: &Path) -> io::Result<()> {
    if fs::metadata(end).is_ok_and(|end| end.len() > 0) {
        let mut output = fs::File::options().append(true).open(output)?;
        output.write_all(LEFT_OUT.as_bytes())?;
        io::copy(&mut fs::File::open(end)?, &mut output)?;
    }
    match fs::remove_file(end) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// An empty directory for results: what an earlier attempt left there is none of this one's.
pub(super) fn clear(dir: &Path) -> Result<(), Error> {
    let cleared = match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(dir),
    };
    cleared.map_err(|error| Error::write(dir, &error))
}

/// The exit code that a test step left, and when it was made.
fn exit_code(files: &Path) -> Result<(i32, Option<MadeBefore>), Error> {
    let path = files.join(EXIT_CODE_FILE);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(&path);
    let broken = || Error::Machine(format!("the test step left no exit code: {}", files.display()));
    let mut words = text.split_whitespace();
    let code = words.next().and_then(|word| word.parse().ok()).ok_or_else(broken)?;
    let times: Option<Vec<f64>> = words.map(|word| word.parse().ok()).collect();
    let made = match times.as_deref() {
        Some([ended, from, to]) => Some(MadeBefore { ended: *ended, seconds: (to - from).max(0.0) }),
        _ => None, // an image without `date`
    };
    Ok((code, made))
}

fn last_lines(log: &Path) -> Vec<String> {
    let bytes = tail_bytes(log, 64 * 1024).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].iter().map(|line| (*line).to_owned()).collect()
}

/// The last bytes of a file that may be very large.
fn tail_bytes(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(limit)))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
