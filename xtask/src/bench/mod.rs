//! The benchmark: what `cargo xtask test-ui` costs beside `docker buildx build` of the same steps,
//! and beside a tool without containers; what `cargo xtask e2e` costs beside Docker Compose. Contestants take turns within each round, so that a noisy
//! machine is noisy for all of them; only ratios of one run mean something.

pub mod build;
pub mod buildx;
pub mod cases;
pub mod compose;
pub mod e2e;
pub mod fixtures;
pub mod lines;
pub mod measure;
pub mod report;
pub mod statistics;
pub mod tools;
pub mod traces;
pub mod turbo;
pub mod xtask;

use std::cell::RefCell;
use std::path::PathBuf;

use xtask_engine::Error;

use self::traces::Traces;
use crate::context::Context;

/// What all cases share.
pub struct Bench<'a> {
    /// The task's surroundings.
    pub context: &'a Context,
    /// Rounds that count; one more warms up.
    pub rounds: usize,
    /// Scratch; removed at the end.
    pub scratch: PathBuf,
    /// The engine, as `DOCKER_HOST` names it.
    pub engine: String,
    /// In the commands of this run, and of no other: what they leave in the engine is known by it.
    pub marker: String,
    /// What this run leaves in the engine.
    pub traces: RefCell<Traces>,
}

impl Bench<'_> {
    /// Says what is going on.
    pub fn say(&self, text: impl Into<String>) {
        self.context.events.notice(text);
    }

    /// Ends the benchmark when Ctrl-C was pressed: commands block, so it is looked at between them.
    pub fn go_on(&self) -> anyhow::Result<()> {
        if self.context.cancel.is_cancelled() { Err(Error::Canceled.into()) } else { Ok(()) }
    }

    /// Lets all contestants take turns, once to warm up (round 0) and then `rounds` times.
    pub fn take_turns<const N: usize>(
        &self,
        what: &str,
        rounds: usize,
        mut contestants: [Contestant<'_>; N],
    ) -> anyhow::Result<[statistics::Samples; N]> {
        for (turn, contestant) in contestants.iter_mut().enumerate() {
            self.go_on()?;
            self.context.events.detail(format!("{what}: warming up {} of {N}", turn + 1));
            contestant(0)?;
        }
        self.take_turns_cold(what, rounds, contestants)
    }

    /// The same without warming up. Who begins changes with the round. Each gets the number of the
    /// round, and gives its measurement.
    pub fn take_turns_cold<const N: usize>(
        &self,
        what: &str,
        rounds: usize,
        contestants: [Contestant<'_>; N],
    ) -> anyhow::Result<[statistics::Samples; N]> {
        let mut samples = std::array::from_fn(|_| statistics::Samples::default());
        for round in 1..=rounds {
            self.context.events.detail(format!("{what}: round {round} of {rounds}"));
            for turn in 0..N {
                self.go_on()?;
                let index = (round + turn) % N;
                samples[index].add(contestants[index](round)?);
            }
        }
        Ok(samples)
    }
}

/// One who takes part: does its work once and gives the measurement.
pub type Contestant<'a> = &'a mut dyn FnMut(usize) -> anyhow::Result<f64>;
