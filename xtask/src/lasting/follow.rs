//! What parts of a stack print from now on, whichever containers they are: one that starts again is
//! followed from where it ended, one that is new from its beginning, until the stack is taken down.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll, once};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use xtask_engine::Session;
use xtask_engine::docker::{EngineError, LogOptions, StackContainer};
use xtask_engine::session::{Prefix, StackPart};

use super::lines::Piece;

/// The engine tells what starts. What started while it was asked to tell is looked for after this time.
const SOON: Duration = Duration::from_secs(1);
/// And again each time, should its word get lost.
const LATER: Duration = Duration::from_secs(10);

/// Something of a log that is followed.
pub enum Heard {
    /// A piece of what a container printed.
    Piece(Piece),
    /// It ended, for now or for good.
    End,
}

/// What a container prints, behind its id, and at last its end.
type Log = BoxStream<'static, (String, Option<Result<Piece, EngineError>>)>;

/// Parts that are followed.
pub struct Follow<'a> {
    session: &'a Session,
    prefix: &'a Prefix,
    parts: Vec<String>,
    options: LogOptions,
    known: BTreeMap<String, Known>,
    logs: SelectAll<Log>,
    /// Whether nothing is left of the stack.
    is_gone: bool,
}

/// A container of one of the parts.
struct Known {
    /// The place of its part.
    at: usize,
    /// Its start that is followed, or was.
    started: String,
    is_followed: bool,
    /// The time of the last line that was read.
    last: String,
    /// From when its lines are wanted as long as none was read.
    since: Option<i32>,
}

impl<'a> Follow<'a> {
    /// These parts; `options` say what is wanted of what they have printed already.
    pub fn of(session: &'a Session, prefix: &'a Prefix, parts: Vec<String>, options: LogOptions) -> Self {
        let (known, logs) = (BTreeMap::new(), SelectAll::new());
        Self { session, prefix, parts, options, known, logs, is_gone: false }
    }

    /// Gives all that is heard to `hear`, with the place of the part and the container, until the stack
    /// is gone.
    ///
    /// # Errors
    /// If the engine is gone; those of `hear`.
    pub async fn run(
        mut self,
        mut hear: impl FnMut(usize, &str, Heard) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut changes = self.session.stack_changes(self.prefix).fuse(); // it may end before the engine does
        let mut ticks = interval_at(Instant::now() + SOON, LATER);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.begin().await?;
        while !(self.is_gone && self.logs.is_empty()) {
            tokio::select! {
                Some((id, heard)) = self.logs.next() => {
                    let Some(known) = self.known.get_mut(&id) else { continue };
                    let at = known.at;
                    match heard.transpose()? {
                        Some(piece) => {
                            if !piece.time.is_empty() {
                                known.last.clone_from(&piece.time);
                            }
                            hear(at, &id, Heard::Piece(piece))?;
                        }
                        None => {
                            known.is_followed = false;
                            hear(at, &id, Heard::End)?;
                            // It may run again already. That it does not yet is known a moment later
                            // than that its log ended: its old start is no reason to follow it.
                            self.look(false).await?;
                        }
                    }
                }
                Some(changed) = changes.next() => {
                    changed?;
                    self.look(true).await?;
                }
                _ = ticks.tick() => self.look(true).await?,
            }
        }
        Ok(())
    }

    /// Follows what is there: what has printed already is wanted as the options say.
    async fn begin(&mut self) -> anyhow::Result<()> {
        for part in self.session.stack_parts(Some(self.prefix)).await? {
            let Some(at) = self.place(part.name()) else { continue };
            let others = part.others.iter().map(|other| (other, other.is_running()));
            for (container, is_wanted) in [(&part.container, true)].into_iter().chain(others) {
                if !container.was_started() {
                    continue;
                }
                let LogOptions { since, tail, .. } = self.options;
                let mut known = Known {
                    at,
                    started: container.started.clone(),
                    is_followed: is_wanted,
                    last: String::new(),
                    since,
                };
                if !is_wanted || tail == Some(0) {
                    // All after its last line until now: not all after a time, for clocks differ.
                    known.last = self.last_line(&container.id).await?;
                    if is_wanted {
                        self.open(&container.id, &known);
                    }
                } else {
                    let options = self.options.clone();
                    self.read(&container.id, options, String::new());
                }
                self.known.insert(container.id.clone(), known);
            }
        }
        Ok(())
    }

    /// Follows what is new; with `running` also what runs and is not followed.
    async fn look(&mut self, running: bool) -> anyhow::Result<()> {
        let containers = self.session.stack_containers(Some(self.prefix)).await?;
        self.is_gone = containers.is_empty();
        for part in StackPart::of(containers) {
            let Some(at) = self.place(part.name()) else { continue };
            for container in part.others.iter().chain([&part.container]).filter(|it| it.was_started()) {
                self.meet(at, container, running);
            }
        }
        Ok(())
    }

    fn meet(&mut self, at: usize, container: &StackContainer, running: bool) {
        let (id, started) = (&container.id, container.started.clone());
        let mut known = self.known.remove(id).unwrap_or_else(|| Known {
            at,
            started: String::new(),
            is_followed: false,
            last: String::new(),
            since: None,
        });
        let is_new = known.started != started || (running && container.is_running());
        if !known.is_followed && is_new {
            (known.started, known.is_followed) = (started, true);
            self.open(id, &known);
        }
        self.known.insert(id.clone(), known);
    }

    fn place(&self, part: &str) -> Option<usize> {
        self.parts.iter().position(|known| known == part)
    }

    /// Follows a container after the last line that was read of it.
    fn open(&mut self, id: &str, known: &Known) {
        let since = seconds(&known.last).or(known.since);
        let options = LogOptions { follow: true, since, ..LogOptions::default() };
        self.read(id, options, known.last.clone());
    }

    fn read(&mut self, id: &str, options: LogOptions, after: String) {
        let log = self.session.engine().log(id, &LogOptions { timestamps: true, ..options });
        let log = log.filter_map(move |printed| {
            let piece = printed.map(Piece::of);
            let is_read = piece.as_ref().is_ok_and(|piece| !piece.time.is_empty() && piece.time <= after);
            std::future::ready((!is_read).then_some(piece))
        });
        let (name, end) = (id.to_owned(), id.to_owned());
        let log = log.map(move |piece| (name.clone(), Some(piece)));
        self.logs.push(log.chain(once(std::future::ready((end, None)))).boxed());
    }

    /// The time of the last line that a container has printed; empty if it printed none.
    async fn last_line(&self, id: &str) -> anyhow::Result<String> {
        let options = LogOptions { tail: Some(1), timestamps: true, ..LogOptions::default() };
        let mut log = self.session.engine().log(id, &options);
        let mut last = String::new();
        while let Some(printed) = log.next().await {
            last = Piece::of(printed?).time;
        }
        Ok(last)
    }
}

/// The whole seconds since 1970 of a time as the engine writes it.
fn seconds(time: &str) -> Option<i32> {
    let time = humantime::parse_rfc3339(time).ok()?;
    i32::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_looked_for_from_the_second_on_in_which_it_was_printed() {
        assert_eq!(seconds("1970-01-01T00:01:00.999999999Z"), Some(60));
        assert_eq!(seconds(""), None);
    }
}
