//! Events in, bytes out: with the thread that draws.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::event::Reporter;
use crate::report::tty::{Look, Tty};
use crate::report::{Plain, Verbosity};

/// A terminal that keeps each write, and tells when nobody writes any more.
#[derive(Clone, Default)]
struct Writes(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Writes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writes {
    /// All writes, once the thread that draws is gone.
    fn all(&self) -> Vec<Vec<u8>> {
        while Arc::strong_count(&self.0) > 1 {
            std::thread::sleep(Duration::from_millis(1)); // a look, not a wait
        }
        self.0.lock().unwrap().clone()
    }
}

fn look(verbosity: Verbosity) -> Look {
    Look { verbosity, colors: true, history: "nowhere".into(), stopping: Default::default() }
}

fn tty(writes: &Writes, verbosity: Verbosity) -> Tty {
    Tty::on(writes.clone(), look(verbosity), || {}, || SMALL)
}

fn shown(writes: &[Vec<u8>]) -> String {
    let mut terminal = Terminal::new(Size { columns: 200, rows: 400 });
    writes.iter().for_each(|write| terminal.parser.process(write));
    terminal.contents()
}

fn finished(exit_code: i32) -> Event {
    Event::RunFinished { exit_code, seconds: 12.0, error: None }
}

#[test]
fn at_the_end_there_is_a_result_in_place_of_the_live_view() {
    let writes = Writes::default();
    let mut tty = tty(&writes, Verbosity::Normal);
    for TimedEvent { at, event } in events(E2E_FAILED) {
        tty.event(Duration::from_secs_f64(at), &event);
    }
    drop(tty);
    let contents = shown(&writes.all());
    let mut parts = contents.split("\n\n");
    insta::assert_snapshot!([parts.next().unwrap(), parts.next().unwrap()].join("\n\n"));
    assert!(contents.contains("FAILED"), "{contents}");
    assert!(!contents.contains('⠋') && contents.ends_with("s"), "{contents}");
}

#[test]
fn what_is_over_at_once_does_not_flash() {
    let (writes, begun) = (Writes::default(), Instant::now());
    let mut tty = tty(&writes, Verbosity::Normal);
    tty.event(Duration::ZERO, &pipeline("test-ui"));
    tty.event(Duration::ZERO, &finished(0));
    drop(tty);
    let all = writes.all();
    assert!(all.len() == 1 || begun.elapsed() > Duration::from_millis(100), "{all:?}");
}

#[test]
fn a_command_that_only_prints_looks_as_everywhere() {
    let writes = Writes::default();
    let mut tty = tty(&writes, Verbosity::Normal);
    for line in ["one", "\u{1b}[32mtwo\u{1b}[0m", ""] {
        tty.event(Duration::ZERO, &Event::Output { line: line.into() });
    }
    tty.event(Duration::ZERO, &finished(2));
    drop(tty);
    assert_eq!(shown(&writes.all()), "one\ntwo");
}

#[test]
fn at_most_twenty_frames_a_second_each_in_one_write() {
    let (writes, begun) = (Writes::default(), Instant::now());
    let mut tty = tty(&writes, Verbosity::Normal);
    tty.event(Duration::ZERO, &pipeline("a"));
    tty.event(Duration::ZERO, &started("a", 0, "exec a"));
    let mut line = 0;
    // Longer where who draws is held up.
    while begun.elapsed() < Duration::from_millis(700) || writes.0.lock().unwrap().len() < 3 {
        line += 1;
        tty.event(begun.elapsed(), &said("a", 0, "exec a", &format!("line {line}\n")));
    }
    tty.event(begun.elapsed(), &finished(0));
    drop(tty);
    let (all, most) = (writes.all(), begun.elapsed().as_secs_f64() * 20.0 + 2.0);
    assert!(all.len() > 2 && (all.len() as f64) < most, "{} frames, at most {most}", all.len());
    for write in all {
        assert!(write.starts_with(b"\x1b[?2026h") && write.ends_with(b"\x1b[?2026l"), "{write:?}");
        assert_eq!(write.windows(6).filter(|bytes| bytes == b"\x1b[?202").count(), 2);
    }
}

#[test]
fn services_that_are_followed_speak_above_the_live_view() {
    let writes = Writes::default();
    let mut tty = tty(&writes, Verbosity::Normal);
    let log = |text: &str| Event::ServiceLog { service: "crux".into(), text: text.into() };
    tty.event(Duration::ZERO, &log("not yet\n"));
    tty.event(Duration::ZERO, &Event::ServicesFollowed { services: vec!["crux".into()] });
    tty.event(Duration::ZERO, &log("one\u{1b}[2J\n\u{1b}[31mtwo\n"));
    tty.event(Duration::ZERO, &finished(2));
    drop(tty);
    assert_eq!(shown(&writes.all()), "        crux | one\n        crux | two");
}

#[test]
fn a_screen_that_was_left_stays_and_is_drawn_anew_below() {
    let writes = Writes::default();
    let mut tty = tty(&writes, Verbosity::Normal);
    let screen = tty.screen();
    tty.event(Duration::ZERO, &pipeline("a"));
    tty.event(Duration::ZERO, &started("a", 0, "exec a"));
    let until = |is: &dyn Fn(&str) -> bool| {
        while !is(&shown(&writes.0.lock().unwrap())) {
            std::thread::sleep(Duration::from_millis(5)); // a look, not a wait
        }
    };
    until(&|shown| shown.contains("exec a"));
    // It waits for half a second, and a busy machine may need more.
    while !tty.shared.known().is_left {
        screen.leave();
    }
    let left = writes.0.lock().unwrap().len();
    tty.event(Duration::ZERO, &Event::Notice { text: "later".into() });
    writes.clone().write_all(b"$ fg\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(150)); // longer than a frame
    assert_eq!(writes.0.lock().unwrap().len(), left + 1, "nothing is drawn on a screen that was left");
    screen.resume();
    until(&|shown| shown.matches("exec a").count() == 2);
    let contents = shown(&writes.0.lock().unwrap());
    assert!(contents.find("$ fg").unwrap() < contents.find("later").unwrap(), "{contents}");
    drop(tty);
    writes.all();
}

/// A terminal that takes nothing until it is told to.
struct Stuck(Arc<Mutex<()>>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        drop(self.0.lock());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_terminal_that_reads_nothing_does_not_hold_up_the_run() {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let mut tty = Tty::on(Stuck(gate.clone()), look(Verbosity::Normal), || {}, || SMALL);
    tty.event(Duration::ZERO, &pipeline("a"));
    for line in 0..10_000 {
        tty.event(Duration::ZERO, &said("a", 0, "exec a", &format!("line {line}\n")));
    }
    tty.event(Duration::ZERO, &finished(0));
    drop(closed);
}

/// 100,000 lines a second must cost next to nothing and keep next to nothing.
#[test]
fn a_program_that_prints_a_million_lines_is_not_slowed() {
    let lines: String = (0..10).map(|line| format!("line {line} of a program that prints a lot\n")).collect();
    let event = said("a", 0, "exec a", &lines);
    let time = |reporter: &mut dyn Reporter| {
        let begun = Instant::now();
        for _ in 0..20_000 {
            reporter.event(Duration::ZERO, &event);
        }
        begun.elapsed()
    };
    let mut tty = tty(&Writes::default(), Verbosity::Normal);
    tty.event(Duration::ZERO, &pipeline("a"));
    tty.event(Duration::ZERO, &started("a", 0, "exec a"));
    let mut told = Plain::new(io::sink(), Verbosity::Normal, || {});
    // The shortest of each: a busy machine holds up now the one and now the other.
    let times = (0..5).map(|_| (time(&mut tty), time(&mut told)));
    let (drawn, plain) = times.reduce(|one, other| (one.0.min(other.0), one.1.min(other.1))).unwrap();
    assert!(drawn < plain, "what is not shown must cost less than what is told: {drawn:?}, {plain:?}");
    let known = tty.shared.known();
    let shown = known.state.of_step("a", "sha256:0").unwrap().len();
    assert_eq!((shown, known.above.len()), (crate::report::tty::tail::SHOWN, 0));
}
