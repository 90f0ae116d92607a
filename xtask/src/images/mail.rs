//! The mail catcher.

use xtask_engine::pipeline::{CacheVolume, Container, Image, ImageConfig, Recipe, StandIn};

use super::base::with_script;
use super::node;

/// The mail catcher that npm has.
const MAILDEV: &str = "3.0.0";
/// What makes one file of it.
const ESBUILD: &str = "0.28.2";

/// `oryd/mailslurper:smtps-latest`: SMTPS on 1025, pages for people on 4436, the API on 4437.
pub fn mail() -> Image {
    Image::named("oryd/mailslurper:smtps-latest").with_stand_in(StandIn {
        tag: "xtask-stand-in/mailslurper:smtps-latest".into(),
        version: 1,
        differs: format!("MailDev {MAILDEV} with its own pages, and MailSlurper's API in front of it"),
        config: ImageConfig {
            env: node::env(),
            entrypoint: vec!["node".into(), "/mail/bin/mail.mjs".into()],
            ..ImageConfig::default()
        },
        recipe: Recipe::Pipeline(recipe()),
    })
}

fn recipe() -> Container {
    let packages = [format!("maildev@{MAILDEV}"), format!("esbuild@{ESBUILD}")];
    let install = [
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--ignore-scripts",
        "--loglevel=error",
    ];
    let installed = node::recipe()
        .with_workdir("/src")
        .with_mounted_cache("/root/.npm", CacheVolume::named("npm"))
        .with_exec(install.into_iter().chain(packages.iter().map(String::as_str)))
        .with_new_file("/src/mail.mjs", include_str!("mail/mail.mjs"))
        .with_new_file("/src/mailslurper.mjs", include_str!("mail/mailslurper.mjs"))
        .with_new_file("/src/no-purifier.mjs", include_str!("mail/no-purifier.mjs"));
    let bundled = with_script(&installed, "bundle", include_str!("mail/bundle.sh"), &[]);
    node::recipe().with_directory("/mail", bundled.directory("/mail"))
}
