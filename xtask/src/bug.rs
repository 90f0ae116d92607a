//! A panic is a bug of ours: it is told in one sentence, and nothing else is lost by it.

use std::any::Any;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit;

/// Runs `work`; a panic in it, or in any thread while it ran, gives [`exit::PANIC`].
pub fn told(work: impl FnOnce() -> i32) -> i32 {
    let seen = Arc::new(AtomicBool::new(false));
    let hook = seen.clone();
    panic::set_hook(Box::new(move |info| {
        // The first says it; others are mostly its consequences.
        if !hook.swap(true, Ordering::SeqCst) || std::env::var_os("RUST_BACKTRACE").is_some() {
            tell(info);
        }
    }));
    let code = panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(exit::PANIC);
    if seen.load(Ordering::SeqCst) { exit::PANIC } else { code }
}

fn tell(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
    let text = sentence(&text(info.payload()), place.as_deref());
    let style = anstyle::AnsiColor::Red.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {text}");
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
        let _ = writeln!(anstream::stderr(), "{}", std::backtrace::Backtrace::force_capture());
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".into())
}

fn sentence(text: &str, place: Option<&str>) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    format!(
        "this is a bug in xtask{place}: {text}; please report it with what RUST_BACKTRACE=1 adds to this output"
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Not a test of its own: what the next one runs in a process of its own, whose hook is ours.
    #[test]
    #[ignore = "run by a_panic_is_one_sentence_and_a_code"]
    fn panics() {
        std::process::exit(told(|| {
            let thread = std::thread::spawn(|| panic!("two\nlines"));
            let _ = thread.join();
            panic!("a consequence");
        }));
    }

    #[test]
    fn a_panic_is_one_sentence_and_a_code() {
        let this = std::env::current_exe().expect("this program");
        let args = ["--ignored", "--exact", "bug::tests::panics", "--nocapture"];
        let output = Command::new(this).args(args).env_remove("RUST_BACKTRACE").output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit::PANIC), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with("error: this is a bug in xtask at xtask/src/bug.rs:"), "{stderr}");
        assert!(stderr.contains(": two lines; please report it"), "{stderr}");
    }
}
