//! The day with the stack: `up` and what is done with what it brought up. One program, for most of it
//! is waiting: these run beside each other.

mod disabled;
mod engine;
mod kept;
mod killed;
mod logs;
mod on_host;
mod parts;
mod up;
mod watch;
