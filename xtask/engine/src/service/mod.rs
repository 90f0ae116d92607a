//! Services while they run: what they mean together (`plan`), the containers they become (`body`),
//! what they print (`log`), when they are ready (`probe`), and all that a session has running
//! (`stack`). Starting them is the session's business, which also builds their images.

mod body;
mod dial;
mod failure;
mod lasting;
mod log;
mod pause;
mod plan;
mod probe;
mod prober;
mod stack;
mod stack_order;
mod stack_stays;
mod staying;

pub(crate) use body::{Body, Place};
pub(crate) use dial::{Dialer, is_here};
pub(crate) use failure::Broken;
pub use failure::{ServiceFailure, Why};
pub use lasting::{Lasting, Prefix, Published, Router};
pub(crate) use log::{Log, LogOf};
pub(crate) use pause::pause_image;
pub use plan::PlanError;
pub(crate) use plan::{Client, Node, Plan};
pub(crate) use probe::{Probe, Target};
pub(crate) use prober::{IDLE as PROBER_IDLE, Prober};
pub(crate) use stack::{Coming, Identity, Running, Stack, State};
pub(crate) use stack_order::StackOrder;
pub(crate) use staying::{
    JOB, KIND as STACK_KIND, Now, SERVICE, SHORT, Staying, filter as stack_filter, is_unsettled, restart,
    stop,
};
pub use staying::{Settled, StackLock};
