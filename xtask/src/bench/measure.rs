//! Runs commands and measures them: time from the start to the end, time to a line, memory.

use std::fs;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Lines of a failed command that are shown.
const TAIL: usize = 20;
/// Between two looks at a program's memory.
const LOOK_EVERY: Duration = Duration::from_micros(300);

/// Seconds from the start to the end.
///
/// # Errors
/// If it cannot be started, or fails: with the end of its output.
pub fn time(command: &mut Command) -> anyhow::Result<f64> {
    let mut output = scratch_file()?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
    let started = Instant::now();
    let status = spawn(command)?.wait()?;
    let seconds = started.elapsed().as_secs_f64();
    output.seek(SeekFrom::Start(0))?;
    check(command, status, BufReader::new(output).lines().map_while(Result::ok))?;
    Ok(seconds)
}

/// Seconds from the start to the first line for which `is_it` holds, and that line; the command runs
/// to its end.
///
/// # Errors
/// If it cannot be started, fails, or no line was it.
pub fn time_to_line(command: &mut Command, is_it: impl Fn(&str) -> bool) -> anyhow::Result<(f64, String)> {
    let mut seen = None;
    time_with_lines(command, |seconds, line| {
        if seen.is_none() && is_it(line) {
            seen = Some((seconds, line.to_owned()));
        }
    })?;
    seen.with_context(|| format!("{} never said that the test command started", name(command)))
}

/// Seconds from the start to the end; each line of output is shown to `see` as it comes, with the
/// seconds until then.
///
/// # Errors
/// If it cannot be started, or fails: with the end of its output.
pub fn time_with_lines(command: &mut Command, mut see: impl FnMut(f64, &str)) -> anyhow::Result<f64> {
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let started = Instant::now();
    let mut child = spawn(command)?;
    // The pipe ends when the last holder of its other end is gone: we are one.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut lines = Vec::new();
    for line in BufReader::new(reader).lines().map_while(Result::ok) {
        see(started.elapsed().as_secs_f64(), &line);
        lines.push(line);
    }
    let status = child.wait()?;
    let seconds = started.elapsed().as_secs_f64();
    check(command, status, lines.into_iter())?;
    Ok(seconds)
}

/// The program's largest resident set in MiB, from `VmHWM` in /proc, read until it ends. What
/// `wait4` tells would begin with the memory of us, who start it. Linux only: elsewhere `None`.
///
/// # Errors
/// If it cannot be started, or fails.
pub fn peak_memory(command: &mut Command) -> anyhow::Result<Option<f64>> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = spawn(command)?;
    let path = format!("/proc/{}/status", child.id());
    let mut peak = None;
    let status = loop {
        peak = high_water(Path::new(&path)).or(peak);
        match child.try_wait()? {
            Some(status) => break status,
            None => thread::sleep(LOOK_EVERY),
        }
    };
    check(command, status, std::iter::empty())?;
    Ok(peak)
}

fn high_water(status: &Path) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// A file for output that has no name.
fn scratch_file() -> anyhow::Result<fs::File> {
    let path = std::env::temp_dir().join(format!("xtask-bench-{}.log", uuid::Uuid::new_v4().simple()));
    let file = fs::File::options().read(true).write(true).create_new(true).open(&path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    fs::remove_file(&path)?;
    Ok(file)
}

fn spawn(command: &mut Command) -> anyhow::Result<std::process::Child> {
    command.spawn().with_context(|| format!("cannot run {}", name(command)))
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn check(command: &Command, status: ExitStatus, output: impl Iterator<Item = String>) -> anyhow::Result<()> {
    if status.success() {
        return Ok(());
    }
    let lines: Vec<String> = output.collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n  ");
    let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
    bail!("{} {} failed ({status}):\n  {tail}", name(command), args.join(" "));
}
