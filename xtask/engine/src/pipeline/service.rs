//! Services: containers that live longer than a step. A value, as all here; the session runs it.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::{Config, Container, ContainerPath, Fs, PipelineError, Readiness, ServiceName, Volume};

/// What a container is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be there for others.
    Service,
    /// To come to its end with exit code 0.
    Job,
}

/// A service under the name by which a client wants it.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) alias: String,
    pub(crate) service: Service,
}

/// What a service is.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) purpose: Purpose,
    pub(crate) fs: Fs,
    pub(crate) config: Arc<Config>,
    pub(crate) readiness: Option<Readiness>,
    pub(crate) needs: Vec<Service>,
    pub(crate) volumes: Vec<(ContainerPath, Volume)>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) memory: Option<u64>,
    pub(crate) error: Option<PipelineError>,
}

/// A container that runs beside others on the session's network, where all find it by its name; or
/// a job, which does something there and ends. It is started when first needed, once in a session
/// however many need it, and never taken from a cache.
#[derive(Debug, Clone)]
pub struct Service(pub(crate) Arc<Definition>);

impl Container {
    /// A service named `name`, which runs the container's entry point and default arguments, or its
    /// image's. With exposed ports it is ready when all of them accept connections, unless
    /// [`Service::with_readiness`] says better.
    #[track_caller]
    pub fn as_service(&self, name: impl Into<String>) -> Service {
        Service::new(self, name.into(), Purpose::Service, Location::caller())
    }

    /// A job named `name`: it runs to its end, which must be exit code 0; what needs it waits for
    /// that.
    #[track_caller]
    pub fn as_job(&self, name: impl Into<String>) -> Service {
        Service::new(self, name.into(), Purpose::Job, Location::caller())
    }
}

impl Service {
    fn new(container: &Container, name: String, purpose: Purpose, place: &'static Location<'static>) -> Self {
        let wrong = ServiceName::new(&name).err().map(|what| PipelineError::new(what, place));
        Self(Arc::new(Definition {
            name,
            purpose,
            fs: container.fs.clone(),
            config: container.config.clone(),
            readiness: None,
            needs: Vec::new(),
            volumes: Vec::new(),
            timeout: None,
            memory: None,
            error: container.error.clone().or(wrong),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// When it counts as ready.
    pub fn with_readiness(self, readiness: Readiness) -> Self {
        self.with(|definition| definition.readiness = Some(readiness))
    }

    /// It starts after `other` is ready or, if that is a job, has ended well. Whom it may *name* has
    /// nothing to do with it: all of a session's services can name each other.
    pub fn with_need(self, other: &Service) -> Self {
        let other = other.clone();
        self.with(|definition| definition.needs.push(other))
    }

    /// A volume of the engine's at `path`.
    #[track_caller]
    pub fn with_volume(self, path: &str, volume: Volume) -> Self {
        let place = Location::caller();
        self.with(|definition| match ContainerPath::resolve(path, definition.config.workdir.as_ref()) {
            Ok(path) => definition.volumes.push((path, volume)),
            Err(what) => {
                definition.error.get_or_insert(PipelineError::new(what, place));
            }
        })
    }

    /// The time in which it must be ready or, as a job, have ended; without it the session's.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        self.with(|definition| definition.timeout = Some(timeout))
    }

    /// The most memory it may use, in bytes; beyond that the kernel ends it.
    pub fn with_memory_limit(self, bytes: u64) -> Self {
        self.with(|definition| definition.memory = Some(bytes))
    }

    /// All that it waits for: its needs, and the services that its container is bound to.
    pub(crate) fn waits_for(&self) -> impl Iterator<Item = &Service> {
        self.0.needs.iter().chain(self.0.config.bindings.iter().map(|binding| &binding.service))
    }

    /// Whether both are the same value: made once and cloned, or the same in every part.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let (this, that) = (&*self.0, &*other.0);
        let needs =
            |one: &Definition| one.needs.iter().map(|need| need.name().to_owned()).collect::<Vec<_>>();
        Arc::ptr_eq(&self.0, &other.0)
            || (Arc::ptr_eq(&this.fs.0, &that.fs.0)
                && Arc::ptr_eq(&this.config, &that.config)
                && this.purpose == that.purpose
                && this.readiness == that.readiness
                && this.volumes == that.volumes
                && this.memory == that.memory
                && needs(this) == needs(that))
    }

    pub(crate) fn is_job(&self) -> bool {
        self.0.purpose == Purpose::Job
    }

    fn with(mut self, change: impl FnOnce(&mut Definition)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}
