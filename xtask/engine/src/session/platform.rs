//! The platform of images and steps: parsed, and checked against what the engine can run.

use bollard_buildkit_proto::pb;

use super::Session;
use crate::Error;
use crate::buildkit::Control;
use crate::docker::Engine;

/// How an engine learns to run programs of other processors.
pub(super) const EMULATION: &str = "install QEMU's handlers on the engine's machine (on Debian and Ubuntu `apt-get \
     install qemu-user-static binfmt-support`, then restart the engine), or leave out --platform";

impl Session {
    /// The platform as people write it.
    pub(super) fn platform_name(&self) -> String {
        self.platform.as_ref().map_or_else(|| "its own platform".into(), text)
    }
}

/// Makes sure that the engine can run programs for `platform`.
///
/// # Errors
/// If it says that it cannot.
pub(super) async fn check(platform: &pb::Platform, engine: &Engine, control: &Control) -> Result<(), Error> {
    // An engine that does not say what it can run is believed until it fails.
    let Ok(runs) = control.platforms().await else { return Ok(()) };
    let fits = |run: &pb::Platform| {
        run.os == platform.os
            && run.architecture == platform.architecture
            && (platform.variant.is_empty() || run.variant.is_empty() || run.variant == platform.variant)
    };
    if runs.is_empty() || runs.iter().any(fits) {
        return Ok(());
    }
    let same_system = runs.iter().any(|run| run.os == platform.os);
    let advice = if same_system { EMULATION } else { "leave out --platform" };
    let can: Vec<String> = runs.iter().map(text).collect();
    Err(Error::Machine(format!(
        "the container engine at {} cannot run programs for {}, only for {}; {advice}",
        engine.endpoint(),
        text(platform),
        can.join(", "),
    )))
}

/// A platform as Docker writes it, `os/architecture[/variant]`.
pub(super) fn parse(text: &str) -> Result<pb::Platform, Error> {
    let parts: Vec<&str> = text.split('/').collect();
    let fits = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(fits) {
        return Err(Error::Usage(format!(
            "--platform: `{text}` is not a platform; write it like linux/amd64 or linux/arm/v7"
        )));
    }
    Ok(pb::Platform {
        os: parts[0].into(),
        architecture: parts[1].into(),
        variant: parts.get(2).copied().unwrap_or_default().into(),
        ..Default::default()
    })
}

fn text(platform: &pb::Platform) -> String {
    let pb::Platform { os, architecture, variant, .. } = platform;
    if variant.is_empty() { format!("{os}/{architecture}") } else { format!("{os}/{architecture}/{variant}") }
}
