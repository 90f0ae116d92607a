//! What a page takes from the folder of a record: the ends of logs, and pictures. Both are bounded,
//! so that the page is: what does not fit is a link.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// Bytes from the end of a log that the page has.
pub(super) const LOG: u64 = 64 * 1024;
/// Bytes of all logs. Control characters take six times their room in JSON.
const LOGS: u64 = 2 << 20;
/// Bytes of a picture, and of all of them: in base64 they take a third more.
const IMAGE: u64 = 1 << 20;
const IMAGES: u64 = 3 << 20;
/// Pictures that the page shows, and those that it names.
const SHOWN: usize = 40;
const NAMED: usize = 400;
/// Traces and videos that it leads to.
const RECORDINGS: usize = 60;
/// How deep below a test's folder pictures are looked for.
const DEEP: usize = 4;

/// What stays as it is in a link: a path's own characters.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A file below `folder`, as a link from the page in it.
pub(super) fn link(folder: &Path, file: &Path) -> Option<String> {
    let path = file.strip_prefix(folder).ok()?.to_str()?;
    Some(utf8_percent_encode(&path.replace('\\', "/"), IN_PATH).to_string())
}

/// The end of a log.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Log {
    /// Whose it is: the id of a lane.
    pub lane: String,
    /// What a person calls it.
    pub label: String,
    /// Its last lines, with their colours.
    pub text: String,
    /// Bytes of all of it.
    pub bytes: u64,
    /// Its beginning is left out.
    pub cut: bool,
    /// Where all of it is; none if that is no part of the record.
    pub href: Option<String>,
}

/// Logs of one page.
#[derive(Default)]
pub(super) struct Logs {
    taken: u64,
    /// Those that were read.
    pub logs: Vec<Log>,
}

impl Logs {
    /// Takes the end of a log, if there is one.
    pub(super) fn take(&mut self, folder: &Path, file: &Path, lane: &str, label: &str) {
        let room = LOG.min(LOGS.saturating_sub(self.taken));
        let Ok((text, bytes)) = end_of(file, room) else { return };
        let href = link(folder, file);
        self.taken += text.len() as u64;
        let cut = bytes > text.len() as u64;
        self.logs.push(Log { lane: lane.into(), label: label.into(), text, bytes, cut, href });
    }
}

/// The last whole lines of a file, at most `room` bytes, and how many bytes it has.
fn end_of(file: &Path, room: u64) -> io::Result<(String, u64)> {
    let mut file = File::open(file)?;
    let bytes = file.metadata()?.len();
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(bytes.saturating_sub(room)))?;
    file.take(room).read_to_end(&mut end)?;
    if bytes > room {
        let line = end.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        end.drain(..line);
    }
    Ok((String::from_utf8_lossy(&end).into_owned(), bytes))
}

/// A picture that a test made.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Image {
    /// Its file, without folders.
    pub name: String,
    /// The folder it is in, below that of the test.
    pub folder: String,
    /// It is of a test that failed.
    pub failed: bool,
    /// The test that failed, if its folder tells which.
    pub of: Option<String>,
    /// Where it is.
    pub href: String,
    /// All of it, as a data URL; none if the page would be too big.
    pub data: Option<String>,
}

/// The pictures below `test`, the folder of what a test left: of tests that failed first.
pub(super) fn images(folder: &Path, test: &Path, taken: &mut (usize, u64)) -> Vec<Image> {
    let mut files = Vec::new();
    collect(test, DEEP, &|file| type_of(file).is_some(), &mut files);
    let mut images: Vec<(PathBuf, Image)> = files
        .into_iter()
        .filter_map(|file| {
            let name = file.file_name()?.to_string_lossy().into_owned();
            let below = file.parent()?.strip_prefix(test).ok()?.to_string_lossy().into_owned();
            let failed = name.contains("failed");
            let href = link(folder, &file)?;
            Some((file, Image { name, folder: below, failed, of: None, href, data: None }))
        })
        .collect();
    images.sort_by(|(path, one), (other_path, other)| (!one.failed, path).cmp(&(!other.failed, other_path)));
    images.truncate(NAMED);
    let shown = images.into_iter().map(|(file, mut image)| {
        let bytes = fs::metadata(&file).map_or(u64::MAX, |metadata| metadata.len());
        if taken.0 < SHOWN && bytes <= IMAGE && taken.1 + bytes <= IMAGES {
            image.data = fs::read(&file).ok().map(|bytes| data_url(&file, &bytes));
            taken.0 += 1;
            taken.1 += bytes;
        }
        image
    });
    shown.collect()
}

/// Traces and videos below `test`, as links from the page in `folder`, each with what it is.
pub(super) fn recordings(folder: &Path, test: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let is_one =
        |file: &Path| file.extension().is_some_and(|extension| extension == "zip" || extension == "webm");
    collect(test, DEEP, &is_one, &mut files);
    files.sort_unstable();
    files.truncate(RECORDINGS);
    let named = |file: &PathBuf| {
        let below = file.strip_prefix(test).ok()?.to_string_lossy().replace('\\', "/");
        Some((below, link(folder, file)?))
    };
    files.iter().filter_map(named).collect()
}

fn collect(folder: &Path, deep: usize, wanted: &dyn Fn(&Path) -> bool, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        // Playwright's report has copies of them, under the names of their digests.
        if kind.as_ref().is_ok_and(fs::FileType::is_dir) && !path.ends_with("playwright-report") {
            if deep > 0 {
                collect(&path, deep - 1, wanted, files);
            }
        } else if kind.is_ok_and(|kind| kind.is_file()) && wanted(&path) {
            files.push(path);
        }
    }
}

fn type_of(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "png" => Some("image/png"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "webp" => Some("image/webp"),
        _ => None,
    }
}

fn data_url(path: &Path, bytes: &[u8]) -> String {
    format!("data:{};base64,{}", type_of(path).unwrap_or_default(), STANDARD.encode(bytes))
}
