//! End-to-end tests of the built binary against a real engine; see `tests/`.
//!
//! A test has a [`Fixture`], a small repository of its own with the application's layout, and runs
//! tasks on it; a [`Run`] is what came of it. Nothing here is shared between tests but the engine,
//! so every fixture holds a token that no earlier run can have cached.

mod application;
mod day;
mod engine;
mod fault;
mod fixture;
mod own_engine;
mod pane;
mod run;
mod stub;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub use application::Application;
pub use day::{free_port, get};
pub use engine::{docker, docker_of, of_session, session_of, with_label};
pub use fault::{needs_root, soon, wait_until, wait_until_dead, wait_until_gone, wait_until_running};
pub use fixture::{Fixture, Part};
pub use own_engine::OwnEngine;
pub use pane::Pane;
pub use run::{Run, Started, Step};
pub use stub::{Answer, Stub};

/// The built `xtask`; built once by the first test that asks, as `cargo xtask` would.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // target/PROFILE/deps/THIS: wherever cargo builds, the binary is beside us.
        let this = std::env::current_exe().expect("the path of this program");
        let profile = this.parent().and_then(Path::parent).expect("target/PROFILE/deps").to_path_buf();
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--package", "xtask"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        build.arg("--target-dir").arg(profile.parent().expect("target"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let built = build.status().expect("cargo runs");
        assert!(built.success(), "cargo build --package xtask: {built}");
        profile.join("xtask").with_extension(std::env::consts::EXE_EXTENSION)
    })
}

/// While it lives, nobody empties the engine's build cache under a test that counts on it.
#[must_use]
pub fn share_cache() -> File {
    let lock = cache_lock();
    lock.lock_shared().expect("a lock");
    lock
}

/// While it lives, no other test uses the engine's build cache, in whatever checkout it runs.
#[must_use]
pub fn own_cache() -> File {
    let lock = cache_lock();
    lock.lock().expect("a lock");
    lock
}

/// One for all checkouts of this user, since they use one engine.
fn cache_lock() -> File {
    File::options()
        .create(true)
        .append(true)
        .open(state_of_user(".").join("tests.lock"))
        .expect("the lock file")
}

/// A folder in the state of this user that all checkouts share.
fn state_of_user(folder: &str) -> PathBuf {
    let dir = std::env::home_dir().expect("a home").join(".local/state/xtask").join(folder);
    fs::create_dir_all(&dir).expect("a folder for state");
    dir
}
