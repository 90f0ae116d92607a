//! What the tests against a real engine share. They need the engine that `cargo xtask setup` starts.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use xtask_engine::docker::{Endpoint, Engine, ImageChanges};

/// The socket of the engine that is tested: another one than Docker's default if `XTASK_TEST_SOCKET` names it.
#[allow(dead_code, reason = "not every test file opens it itself")]
pub(crate) fn socket() -> String {
    std::env::var("XTASK_TEST_SOCKET").unwrap_or_else(|_| "/var/run/docker.sock".into())
}

/// The engine that is tested.
pub(crate) async fn engine() -> Engine {
    let engine = Engine::connect(Endpoint::unix(socket())).await;
    engine.unwrap_or_else(|error| panic!("these tests need a container engine: {error}"))
}

/// A root file system of one file with `content`, as a tar archive.
#[allow(dead_code, reason = "not every test file makes images")]
pub(crate) fn rootfs(content: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "content", content).expect("appended");
    archive.into_inner().expect("an archive")
}

/// Imports a tiny image whose bytes differ from every other's and do not compress.
#[allow(dead_code, reason = "not every test file makes images")]
pub(crate) async fn import(engine: &Engine, tag: &str, changes: &ImageChanges) -> String {
    let content: Vec<u8> = (0..8192).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect();
    let tar = std::io::Cursor::new(rootfs(&content));
    engine.import_rootfs(tag, changes, tar).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a test and then removes the images it names, also when it fails.
#[allow(dead_code, reason = "not every test file makes images")]
pub(crate) async fn with_images(engine: &Engine, names: &[&str], test: impl Future<Output = ()>) {
    let result = AssertUnwindSafe(test).catch_unwind().await;
    for name in names {
        engine.remove_image(name).await.unwrap_or_else(|error| panic!("{error}"));
    }
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}
