//! The browser of the end-to-end tests, as a version of Playwright looks for it.

use xtask_engine::pipeline::{CacheVolume, Container, Directory, File, Image, ImageConfig, Recipe, StandIn};

use super::base::{WHEEL, pip, with_packages, with_script, with_wheel};
use super::node;
use crate::host::Os;
use crate::host::os::Family;

/// Where the browsers are, as in the official image.
const BROWSERS: &str = "/ms-playwright";
/// A static ffmpeg, a sixth of Debian's with all that it needs: Playwright makes its videos by it.
const FFMPEG: &str = "imageio-ffmpeg==0.6.0";
/// A third of what Debian's Chromium brings and what no test looks at: a compiler for graphics
/// cards, their drivers, icons, a debugging layer.
const NOT_NEEDED: [&str; 5] = [
    "/usr/lib/*/libLLVM*",
    "/usr/lib/*/libz3.so*",
    "/usr/lib/*/dri/*",
    "/usr/share/icons/*/[0-9s]*",
    "/usr/lib/chromium/libVkLayer_khronos_validation.so*",
];

/// `mcr.microsoft.com/playwright:v{version}`.
///
/// Tags of that image may end in the name of an Ubuntu (`-focal`, `-jammy`, `-noble`), of which each
/// version has others; the one without has been there all along, on what was the newest Ubuntu then
/// (<https://playwright.dev/docs/docker#image-tags>).
pub fn playwright(version: &str) -> Image {
    let image = Image::named(format!("mcr.microsoft.com/playwright:v{version}"));
    match Os::read().family {
        // Its package of that name fetches a snap.
        Family::Ubuntu => image,
        Family::Debian | Family::Other => image.with_stand_in(stand_in(version)),
    }
}

fn stand_in(version: &str) -> StandIn {
    let mut env = node::env();
    env.extend([format!("PLAYWRIGHT_BROWSERS_PATH={BROWSERS}"), "LANG=C.UTF-8".into()]);
    // What it would check, anew in each container, was installed by the distribution's packages.
    env.push("PLAYWRIGHT_SKIP_VALIDATE_HOST_REQUIREMENTS=1".into());
    StandIn {
        tag: format!("xtask-stand-in/playwright:v{version}"),
        version: 1,
        differs: "Debian's Chromium, without a sandbox, for any version of Playwright; no Firefox, no WebKit"
            .into(),
        config: ImageConfig { env, cmd: vec!["/bin/bash".into()], ..ImageConfig::default() },
        recipe: Recipe::Pipeline(recipe(version)),
    }
}

/// What is the same for all versions comes first.
fn recipe(version: &str) -> Container {
    with_packages(&node::recipe(), &["chromium", "fonts-liberation"], &NOT_NEEDED)
        .with_file("/usr/local/bin/ffmpeg", ffmpeg())
        .with_new_file("/etc/chromium/policies/managed/quiet.json", include_str!("playwright/policies.json"))
        .with_directory(BROWSERS, browsers(version))
}

fn ffmpeg() -> File {
    let binaries = format!("{WHEEL}/imageio_ffmpeg/binaries");
    with_wheel(&pip(), FFMPEG)
        .with_exec(["sh", "-ec", &format!("mv {binaries}/ffmpeg-* /ffmpeg")])
        .file("/ffmpeg")
}

/// What leads a version of Playwright to the distribution's browser.
fn browsers(version: &str) -> Directory {
    let container = node::recipe()
        .with_workdir("/src")
        .with_mounted_cache("/root/.npm", CacheVolume::named("npm"))
        .with_exec([
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            &format!("playwright-core@{version}"),
        ])
        .with_env_variable("PLAYWRIGHT_BROWSERS_PATH", BROWSERS);
    with_script(&container, "browsers", include_str!("playwright/browsers.js"), &[]).directory(BROWSERS)
}
