//! How frames come to the screen.

use super::*;
use crate::report::tty::painter::Moved;

fn speaking(lines: usize) -> State {
    let mut run = vec![timed(0.0, pipeline("a")), timed(0.0, started("a", 0, "exec a"))];
    run.extend([timed(0.0, pipeline("b")), timed(0.0, started("b", 0, "exec b"))]);
    run.extend((0..lines).map(|line| timed(0.0, said("a", 0, "exec a", &format!("line {line} of a\n")))));
    at(1.0, &run)
}

#[test]
fn only_what_changed_is_written() {
    let mut terminal = Terminal::new(SMALL);
    let first = terminal.show(&speaking(3), 1.0, &[]);
    assert!(first.starts_with("\u{1b}[?2026h") && first.ends_with("\u{1b}[?2026l"), "{first:?}");
    assert_eq!(terminal.show(&speaking(3), 1.0, &[]), "");
    let spinners = terminal.show(&speaking(3), 1.1, &[]);
    assert_eq!(spinners.matches("exec").count(), 2, "{spinners:?}");
    assert!(!spinners.contains("line 2 of a") && spinners.len() * 2 < first.len() * 3, "{spinners:?}");
    let second = terminal.show(&speaking(3), 2.0, &[]);
    assert!(second.contains("2s") && !second.contains("line 2 of a"), "{second:?}");
}

#[test]
fn what_stays_scrolls_away_above_and_the_live_view_is_there_once() {
    let mut terminal = Terminal::new(SMALL);
    for line in 0..100 {
        let long = format!("line {line} {}", "x".repeat(line * 2));
        terminal.show(&speaking(line % 5), line as f64 / 20.0, &[&long]);
    }
    let contents = terminal.contents();
    assert_eq!(contents.matches("exec a").count(), 1, "{contents}");
    assert!(contents.contains("line 99 xxx"), "{contents}");
    terminal.parser.screen_mut().set_scrollback(1000);
    assert!(terminal.contents().starts_with("line 0\nline 1 xx\n"), "{}", terminal.contents());
}

#[test]
fn at_the_end_nothing_is_left_of_it() {
    let mut terminal = Terminal::new(SMALL);
    terminal.show(&speaking(10), 1.0, &["before"]);
    let bytes = terminal.painter.paint(&["after".into()], Vec::new(), SMALL).unwrap();
    terminal.parser.process(bytes.as_bytes());
    assert_eq!(terminal.contents(), "before\nafter");
    assert_eq!(terminal.parser.screen().cursor_position(), (2, 0));
}

#[test]
fn the_cursor_is_below_and_what_is_typed_there_goes() {
    let mut terminal = Terminal::new(SMALL);
    terminal.show(&speaking(2), 1.0, &[]);
    assert_eq!(terminal.parser.screen().cursor_position(), (6, 0), "{}", terminal.contents());
    terminal.parser.process(b"^C");
    terminal.show(&speaking(2), 1.1, &[]);
    assert!(!terminal.contents().contains("^C"), "{}", terminal.contents());
    assert!(!terminal.parser.screen().hide_cursor());
}

#[test]
fn enter_moves_nothing_that_the_live_view_does_not_set_right() {
    // A view with room below it, one that reaches the last row, one that fills the window.
    for (above, rows) in [(0, 24), (30, 24), (30, 5)] {
        let mut terminal = Terminal::new(Size { columns: 80, rows });
        let before: Vec<String> = (0..above).map(|line| format!("told {line}")).collect();
        terminal.show(&speaking(10), 1.0, &before.iter().map(String::as_str).collect::<Vec<_>>());
        for (typed, moved) in [("", Moved::OneRow), ("", Moved::OneRow), ("some words", Moved::Anywhere)] {
            terminal.parser.process(format!("{typed}\r\n").as_bytes());
            terminal.painter.moved(moved);
            // All the same as nothing changed.
            terminal.show(&speaking(10), 1.0, &[]);
            let contents = terminal.contents();
            let mut fresh = Terminal::new(terminal.size);
            fresh.show(&speaking(10), 1.0, &[]);
            assert!(contents.ends_with(&fresh.contents()), "{above} {rows}: {contents}");
            assert_eq!(contents.matches("exec b").count(), 1, "{above} {rows}: {contents}");
            assert!(!contents.contains("some words"), "{contents}");
        }
        terminal.show(&speaking(10), 1.1, &["more"]);
        assert_eq!(terminal.contents().matches("exec b").count(), 1, "{}", terminal.contents());
    }
}

#[test]
fn what_is_told_while_somebody_types_or_the_window_changes_is_not_lost() {
    for resized in [false, true] {
        let mut terminal = Terminal::new(SMALL);
        terminal.parser.process(b"$ before\r\n");
        terminal.show(&speaking(10), 1.0, &["told"]);
        if resized {
            terminal.size = Size { columns: 40, rows: 9 };
            terminal.parser.screen_mut().set_size(cells(9), cells(40));
        } else {
            terminal.parser.process(b"words\r\n");
            terminal.painter.moved(Moved::Anywhere);
        }
        let lines: Vec<String> = (0..60).map(|line| format!("failure {line}.")).collect();
        terminal.show(&speaking(10), 1.1, &lines.iter().map(String::as_str).collect::<Vec<_>>());
        let shown = terminal.contents();
        terminal.parser.screen_mut().set_scrollback(1000);
        let mut all = String::new();
        for back in (0..=terminal.parser.screen().scrollback()).rev() {
            terminal.parser.screen_mut().set_scrollback(back);
            all += terminal.contents().lines().next().unwrap_or_default();
            all.push('\n');
        }
        all += &shown;
        for line in &lines {
            assert!(all.contains(line.as_str()), "resized: {resized}, {line}: {all}");
        }
        assert!(resized || all.contains("$ before\n") && all.contains("told\n"), "{all}");
    }
}

#[test]
fn a_window_that_is_resized_shows_what_a_new_one_would() {
    let text = format!("a line that wraps {}", "x".repeat(100));
    for size in
        [LARGE, Size { columns: 30, rows: 24 }, Size { columns: 80, rows: 4 }, Size { columns: 40, rows: 9 }]
    {
        let mut terminal = Terminal::new(SMALL);
        terminal.show(&speaking(10), 1.0, &["kept", &text, "last"]);
        terminal.size = size;
        terminal.parser.screen_mut().set_size(cells(size.rows), cells(size.columns));
        terminal.show(&speaking(10), 1.1, &[]);
        let mut fresh = Terminal::new(size);
        fresh.show(&speaking(10), 1.1, &[]);
        let contents = terminal.contents();
        assert!(contents.ends_with(&fresh.contents()), "{size:?}: {contents}");
        assert_eq!(contents.matches("exec a").count(), fresh.contents().matches("exec a").count());
        terminal.show(&speaking(10), 1.2, &["more"]);
        assert_eq!(terminal.contents().matches("exec b").count(), fresh.contents().matches("exec b").count());
    }
}

#[test]
fn a_terminal_that_wraps_lines_of_a_narrower_window_is_set_right() {
    let mut terminal = Terminal::new(LARGE);
    terminal.show(&speaking(0), 1.0, &["kept"]);
    // What such a terminal makes of it: lines take more rows, and scroll.
    terminal.size = Size { columns: 12, rows: 10 };
    terminal.parser = parser(terminal.size);
    terminal.parser.process(b"anything\r\nthat was\r\nwrapped\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n");
    terminal.show(&speaking(0), 1.1, &[]);
    assert!(terminal.contents().starts_with("kept\n") && !terminal.contents().contains("wrapped"));
}

#[test]
fn what_is_left_stays_as_it_is() {
    let mut terminal = Terminal::new(SMALL);
    terminal.show(&speaking(0), 1.0, &[]);
    terminal.painter.leave();
    terminal.parser.process(b"^Z\r\n[1]+  Stopped\r\n$ fg\r\n");
    terminal.show(&speaking(0), 1.1, &[]);
    let contents = terminal.contents();
    assert_eq!(contents.matches("exec a").count(), 2, "{contents}");
    assert!(contents.contains("\n^Z\n[1]+  Stopped\n$ fg\n"), "{contents}");
}
