//! The same steps as a Dockerfile, built by `docker buildx build`. Its result stays in the engine's
//! cache, which is the least that it can be asked to do (xtask also brings the results out).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use xtask_engine::session::ca_bundle;

use super::{Bench, measure, tools, xtask};

/// `docker buildx build` of one folder.
pub struct Buildx {
    folder: PathBuf,
    dockerfile: PathBuf,
    docker_config: Option<PathBuf>,
    engine: String,
    ca: Option<PathBuf>,
}

impl Buildx {
    /// For the package in `folder`, beginning from `image`.
    ///
    /// # Errors
    /// If there is no buildx to be had, or its Dockerfile cannot be written.
    pub fn new(bench: &Bench<'_>, name: &str, folder: &Path, image: &str) -> anyhow::Result<Self> {
        let docker_config = tools::buildx(bench)?;
        let dockerfile = bench.scratch.join(format!("dockerfiles/{name}/Dockerfile"));
        let parent = dockerfile.parent().context("a folder for the Dockerfile")?;
        fs::create_dir_all(parent)?;
        let ca = ca_bundle();
        let buildx = Self {
            folder: folder.to_path_buf(),
            dockerfile,
            docker_config,
            engine: bench.engine.clone(),
            ca,
        };
        // Engines whose Dockerfile syntax knows it get the step without network that xtask has.
        fs::write(&buildx.dockerfile, buildx.text(image, &bench.marker, "--network=none "))?;
        if measure::time(buildx.command().args(["--target", "parsed"])).is_err() {
            fs::write(&buildx.dockerfile, buildx.text(image, &bench.marker, ""))?;
            bench.context.events.detail("this engine's Dockerfile syntax has no RUN --network=none");
        }
        Ok(buildx)
    }

    /// The build.
    pub fn command(&self) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", &self.engine).env("DOCKER_BUILDKIT", "1").env_remove("DOCKER_CONTEXT");
        if let Some(config) = &self.docker_config {
            command.env("DOCKER_CONFIG", config);
        }
        command
            .args(["buildx", "build", "--builder=default", "--progress=plain", "--output=type=cacheonly"])
            .arg("--file")
            .arg(&self.dockerfile);
        if let Some(ca) = &self.ca {
            command.arg(format!("--secret=id=ca,src={}", ca.display()));
        }
        for proxy in ["http_proxy", "https_proxy", "no_proxy"] {
            if std::env::var_os(proxy).or_else(|| std::env::var_os(proxy.to_uppercase())).is_some() {
                command.arg(format!("--build-arg={proxy}"));
            }
        }
        command.arg(&self.folder);
        command
    }

    fn text(&self, image: &str, marker: &str, network: &str) -> String {
        let npmrc = if self.folder.join(".npmrc").is_file() { " .npmrc" } else { "" };
        let mount = format!("--mount=type=cache,id={marker},target=/root/.npm");
        let (secret, variable) = match self.ca {
            Some(_) => (
                " --mount=type=secret,id=ca,target=/dev/.bench/ca.pem",
                "NODE_EXTRA_CA_CERTS=/dev/.bench/ca.pem ",
            ),
            None => ("", ""),
        };
        let argument = xtask::cache_directory(marker);
        format!(
            "FROM {image} AS parsed\n\
             FROM {image}\n\
             WORKDIR /src\n\
             COPY package.json package-lock.json{npmrc} ./\n\
             RUN {mount}{secret} : {marker}; {variable}npm ci --no-audit --no-fund\n\
             COPY . .\n\
             RUN {network}{mount}{secret} {variable}npm run test -- --json --outputFile=/tmp/jest.json {argument}\n"
        )
    }
}
