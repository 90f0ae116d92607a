//! A screen that is drawn on is left in order before something else writes there: the shell, after
//! Ctrl-Z; the sentence of a panic.

use std::panic;

use xtask_engine::report::Screen;

/// Leaves the screen that is drawn on, which `drawn_on` gives, before a panic is told.
pub fn leave_screen_on_panic(drawn_on: impl Fn() -> Option<Screen> + Send + Sync + 'static) {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let screen = drawn_on();
        screen.iter().for_each(Screen::leave);
        tell(info);
        screen.iter().for_each(Screen::resume);
    }));
}

/// On Ctrl-Z leaves the screen that is drawn on, which `drawn_on` gives, stops, and draws on when the
/// shell lets us go on. For as long as the process lives: nobody else stops it then.
#[cfg(unix)]
pub async fn suspensions(drawn_on: impl Fn() -> Option<Screen>) {
    use rustix::process::{Signal, getpid, kill_process};
    use tokio::signal::unix::{SignalKind, signal};
    // Only a shell with job control lets a stopped job go on.
    if !has_job_control() {
        return;
    }
    let Ok(mut suspend) = signal(SignalKind::from_raw(Signal::TSTP.as_raw())) else { return };
    while suspend.recv().await.is_some() {
        let screen = drawn_on();
        xtask_engine::event::blocking(|| screen.iter().for_each(Screen::leave));
        // The watchdog is in a session of its own and goes on watching.
        let _ = kill_process(getpid(), Signal::STOP);
        screen.iter().for_each(Screen::resume);
    }
}

#[cfg(not(unix))]
pub async fn suspensions(_: impl Fn() -> Option<Screen>) {}

/// A shell with job control gives each job a process group; whoever leads the session has no shell.
/// Where the leader is outside of our PID namespace its id is 0 (pid_namespaces(7)).
#[cfg(unix)]
fn has_job_control() -> bool {
    let session = nix::unistd::getsid(None);
    session.is_ok_and(|session| session != nix::unistd::getpgrp())
}
