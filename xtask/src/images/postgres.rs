//! PostgreSQL.

use xtask_engine::pipeline::{Container, Image, ImageConfig, Recipe, StandIn};

use super::base::{PATH, base, with_packages, with_script};
use crate::host::Os;

/// Half of what Debian's PostgreSQL brings: the compiler behind its JIT, without which it interprets.
const COMPILER: [&str; 3] =
    ["/usr/lib/*/libLLVM*", "/usr/lib/*/libz3.so*", "/usr/lib/postgresql/*/lib/bitcode/*"];

/// `postgres:14.2-alpine`: user, password, database and first scripts as that image has them.
pub fn postgres() -> Image {
    Image::named("postgres:14.2-alpine").with_stand_in(StandIn {
        tag: "xtask-stand-in/postgres:14.2-alpine".into(),
        version: 1,
        differs: differs(&Os::read()),
        config: ImageConfig {
            env: vec![PATH.into(), "LANG=C.UTF-8".into(), "PGDATA=/var/lib/postgresql/data".into()],
            entrypoint: vec!["docker-entrypoint.sh".into()],
            cmd: vec!["postgres".into()],
            stop_signal: "SIGINT".into(),
            ..ImageConfig::default()
        },
        recipe: Recipe::Pipeline(recipe()),
    })
}

fn recipe() -> Container {
    let container =
        with_script(&Container::from(base()), "prepare", include_str!("postgres/prepare.sh"), &[]);
    let container = with_packages(&container, &["postgresql"], &COMPILER);
    with_script(&container, "lay-out", include_str!("postgres/lay-out.sh"), &[])
        .with_new_program("/usr/local/bin/docker-entrypoint.sh", include_str!("postgres/entrypoint.sh"))
}

/// The version is that of the distribution, which has one.
fn differs(os: &Os) -> String {
    let version = match os.codename.as_str() {
        "bookworm" => "PostgreSQL 15",
        "trixie" => "PostgreSQL 17",
        "jammy" => "PostgreSQL 14",
        "noble" => "PostgreSQL 16",
        _ => "another PostgreSQL, the distribution's own,",
    };
    format!("{version} on this machine's Debian or Ubuntu, without JIT: glibc and apt, not musl and apk")
}
