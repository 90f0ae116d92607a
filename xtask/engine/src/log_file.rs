//! A log on the disk that may be as long as it likes and takes a bounded room: beyond that its
//! beginning and its end are kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What stands where the middle of a log was.
pub(crate) const LEFT_OUT: &str = "\n… what came here is left out, for the log is longer than is kept …\n";

/// Bytes from the beginning that are kept, and from the end: half of that, to twice that.
const BEGINNING: u64 = 32 << 20;
const END: u64 = 16 << 20;

/// Writes a log.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    written: u64,
    limits: Limits,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    beginning: u64,
    end: u64,
}

/// The last bytes, in two files by turns.
#[derive(Debug)]
struct End {
    file: File,
    written: u64,
    /// The middle has a gap: an older file was removed.
    gap: bool,
}

impl LogFile {
    /// A new log at `path`; folders are made as needed.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Self::with_limits(path, Limits { beginning: BEGINNING, end: END })
    }

    fn with_limits(path: &Path, limits: Limits) -> io::Result<Self> {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        Ok(Self { path: path.to_owned(), file: File::create(path)?, written: 0, limits, end: None })
    }

    /// Adds whole lines.
    pub(crate) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let length = text.len() as u64;
        if self.end.is_none() && self.written + length <= self.limits.beginning {
            self.written += length;
            return self.file.write_all(text);
        }
        let (newest, older) = (self.part("newest"), self.part("older"));
        let end = match &mut self.end {
            Some(end) if end.written + length <= self.limits.end || end.written == 0 => end,
            Some(end) => {
                end.gap |= older.exists();
                fs::rename(&newest, &older)?;
                end.file = File::create(&newest)?;
                end.written = 0;
                end
            }
            none => none.insert(End { file: File::create(&newest)?, written: 0, gap: false }),
        };
        end.written += length;
        end.file.write_all(text)
    }

    /// The log is complete: what there is becomes one file.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let Some(End { gap, .. }) = self.end.take() else { return Ok(()) };
        if gap {
            self.file.write_all(LEFT_OUT.as_bytes())?;
        }
        for part in [self.part("older"), self.part("newest")] {
            if part.exists() {
                io::copy(&mut File::open(&part)?, &mut self.file)?;
                fs::remove_file(&part)?;
            }
        }
        Ok(())
    }

    fn part(&self, name: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(name);
        path.into()
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        let _ = self.finish(); // the parts stay as they are then
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(lines: usize) -> (String, usize) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("steps/log");
        let mut log = LogFile::with_limits(&path, Limits { beginning: 20, end: 20 }).unwrap();
        for line in 0..lines {
            log.write(format!("line {line:03}\n").as_bytes()).unwrap();
        }
        drop(log);
        (fs::read_to_string(&path).unwrap(), fs::read_dir(path.parent().unwrap()).unwrap().count())
    }

    #[test]
    fn a_log_within_its_bounds_is_whole() {
        for lines in [0, 2, 3, 4, 6] {
            let all: String = (0..lines).map(|line| format!("line {line:03}\n")).collect();
            assert_eq!(written(lines), (all, 1), "{lines}");
        }
    }

    #[test]
    fn a_longer_one_keeps_its_beginning_and_its_end() {
        let (text, files) = written(101);
        assert_eq!(files, 1);
        assert_eq!(text, format!("line 000\nline 001\n{LEFT_OUT}line 098\nline 099\nline 100\n"));
    }
}
