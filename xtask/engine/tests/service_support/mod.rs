//! Worlds with services, which leave nothing behind.
#![allow(dead_code)] // each test file uses its part

use std::ops::Deref;

use xtask_engine::docker::{ImageChanges, SESSION_LABEL};
use xtask_engine::event::{Event, ServiceState};
use xtask_engine::pipeline::{Container, Service};
use xtask_engine::{Error, ServiceFailure};

use crate::pipeline_support::{World, describe};

/// A world that must be closed: dropped without, it closes itself, so that a test that fails leaves
/// nothing on the engine either.
pub struct Closing(Option<World>);

impl World {
    /// The same, closed when it goes.
    pub fn closing(self) -> Closing {
        Closing(Some(self))
    }
}

impl Deref for Closing {
    type Target = World;

    fn deref(&self) -> &World {
        self.0.as_ref().expect("open until it is dropped")
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let Some(world) = self.0.take() else { return };
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let closed = world.session.close().await;
                assert!(closed.is_ok() || std::thread::panicking(), "{closed:?}");
            });
        });
    }
}

impl Closing {
    /// Starts services.
    pub async fn start(&self, services: &[&Service]) {
        let started = self.session.start(services).await;
        started.unwrap_or_else(|error| panic!("{}", describe(&error)));
    }

    /// Ends all that runs; nothing with the session's label is left.
    pub async fn close(&self) {
        let session = self.session_id().await;
        self.session.close().await.expect("it closes");
        if let Some(session) = session {
            let left = self.session.engine().owned(&[format!("{SESSION_LABEL}={session}")]).await;
            assert_eq!(left.expect("a list"), []);
        }
    }

    /// The session's id, as its containers have it.
    pub async fn session_id(&self) -> Option<String> {
        let id = self.session.id().to_owned();
        let owned = self.session.engine().owned(&[format!("{SESSION_LABEL}={id}")]).await.expect("a list");
        (!owned.is_empty()).then_some(id)
    }

    /// States of a service, in their order, without those of its container's making and end.
    pub fn service_states(&self, name: &str) -> Vec<String> {
        let word = |state: ServiceState| {
            Some(match state {
                ServiceState::Creating { .. } | ServiceState::Stopping => return None,
                ServiceState::Waiting { needs } => format!("waiting for {}", needs.join(", ")),
                ServiceState::Starting { .. } => "starting".into(),
                ServiceState::Ready => "ready".into(),
                ServiceState::Completed => "completed".into(),
                ServiceState::Failed => "failed".into(),
            })
        };
        let of = |event| match event {
            Event::Service { service, state, .. } if service == name => word(state),
            _ => None,
        };
        self.events().into_iter().filter_map(of).collect()
    }

    /// All output of a service, once the world is closed: until then the last lines may be on their way.
    pub fn service_log(&self, name: &str) -> String {
        let of = |event| match event {
            Event::ServiceLog { service, text } if service == name => Some(text),
            _ => None,
        };
        self.events().into_iter().filter_map(of).collect()
    }

    /// An image with a health check of its own, made by a commit as `docker commit --change` does.
    pub async fn image_with_healthcheck(&self, script: &str) -> String {
        use bollard::models::{ContainerConfig, ContainerCreateBody, HealthConfig};
        let docker = self.session.engine().docker();
        let image = Some(self.image_name().to_owned());
        let body = ContainerCreateBody { image, cmd: Some(vec!["true".into()]), ..Default::default() };
        let container = docker.create_container(None, body).await.expect("a container").id;
        let (repo, tag) = (format!("xtask-test/{}", self.token), "healthcheck");
        let options = bollard::query_parameters::CommitContainerOptionsBuilder::default()
            .container(&container)
            .repo(&repo)
            .tag(tag)
            .build();
        let check = HealthConfig {
            test: Some(vec!["CMD-SHELL".into(), script.into()]),
            interval: Some(100_000_000),
            retries: Some(2),
            ..Default::default()
        };
        let config = ContainerConfig { healthcheck: Some(check), ..Default::default() };
        docker.commit_container(options, config).await.expect("an image");
        self.session.engine().remove_container(&container).await.expect("it goes");
        format!("{repo}:{tag}")
    }

    /// An image that names no command.
    pub async fn import_empty_image(&self) -> String {
        let tag = format!("xtask-test/{}:empty", self.token);
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        archive.append_data(&mut header, "file", std::io::empty()).expect("appended");
        let archive = std::io::Cursor::new(archive.into_inner().expect("an archive"));
        let imported = self.session.engine().import_rootfs(&tag, &ImageChanges::default(), archive).await;
        imported.expect("an image");
        tag
    }

    pub async fn remove_image(&self, name: &str) {
        self.session.engine().remove_image(name).await.expect("it goes");
    }
}

/// Why services did not come up.
#[track_caller]
pub fn why(result: Result<(), Error>) -> ServiceFailure {
    match result {
        Err(Error::Service(failure)) => *failure,
        other => panic!("a service's failure, not {other:?}"),
    }
}

/// A web server on port 8080, which opens after a moment. `say` is the status and the word of the
/// `n`th request, from 0; `/hang` never answers.
pub fn http_server(world: &World, say: &str) -> Container {
    let script = format!(
        r#"
        const fs = require('fs')
        let n = 0
        const server = require('http').createServer((request, response) => {{
          if (request.url === '/hang') return
          const [code, status] = ((n, url) => {say})(n, request.url)
          fs.writeFileSync('/served', String(n++))
          response.writeHead(code, {{ 'content-type': 'application/json' }})
          response.end(JSON.stringify({{ status }}))
        }})
        fs.writeFileSync('/served', '0')
        console.log('starting')
        setTimeout(() => server.listen(8080, () => console.log('listening on 8080')), 100)
        "#
    );
    world.image().with_default_args(["node", "-e", &script])
}
