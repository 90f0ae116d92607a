//! From a pipeline to BuildKit's LLB. Pure: what needs the disk or the engine (what a directory
//! holds, how an image is configured) is handed in.
//!
//! LLB is a graph of protobuf operations; an operation refers to its inputs by the SHA-256 of
//! their encoding: <https://github.com/moby/buildkit/blob/master/solver/pb/ops.proto>.

mod definition;
mod exec;
mod lower;
mod needs;
mod results;

pub(crate) use definition::Step;
pub(crate) use exec::{
    APT_CONFIG, APT_SECRET, CA_SECRET, DEADLINE_SECRET, EXIT_CODE_FILE, OUTPUT_END_FILE, OUTPUT_FILE,
    TIMED_OUT,
};
pub(crate) use lower::{Lowering, ResolvedDirectory, ResolvedImage, Surroundings, Target};
pub(crate) use needs::Needs;

#[cfg(test)]
mod tests;
