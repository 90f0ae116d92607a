//! Containers as code. A pipeline is a value; it compiles to BuildKit's LLB; the BuildKit inside
//! Docker Engine runs and caches it.

pub mod docker;
pub mod event;
