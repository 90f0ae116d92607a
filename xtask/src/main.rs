//! `cargo xtask`: the test automation of this repository.
fn main() {}
