//! A container: a file system and the surroundings of the commands that run in it.

use std::panic::Location;
use std::sync::Arc;

use super::{
    Binding, CacheVolume, ContainerPath, CopyWhat, Directory, DirectorySource, File, Fs, FsNode, Image,
    LOCALHOST, PipelineError, Secret, Service, ServiceName, Test,
};

/// The network of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// The engine's default: the outside can be reached.
    #[default]
    Default,
    /// Loopback only. Such a step starts 200 to 300 ms sooner.
    None,
}

/// What surrounds a command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    pub(crate) workdir: Option<ContainerPath>,
    pub(crate) user: Option<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) secret_variables: Vec<SecretVariable>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) network: Network,
    /// Of a container that runs by itself; none: the image's.
    pub(crate) entrypoint: Option<Vec<String>>,
    /// Its arguments; none: the image's command, or nothing behind an entry point of our own.
    pub(crate) args: Option<Vec<String>>,
    /// Ports that it listens on.
    pub(crate) ports: Vec<u16>,
    /// Services that what follows finds.
    pub(crate) bindings: Vec<Binding>,
}

/// A variable whose value is a secret.
#[derive(Debug, Clone)]
pub(crate) struct SecretVariable {
    pub(crate) name: String,
    pub(crate) secret: Secret,
}

/// Something at a path while a command runs.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    pub(crate) path: ContainerPath,
    pub(crate) source: MountSource,
}

/// What is mounted.
#[derive(Debug, Clone)]
pub(crate) enum MountSource {
    Cache(CacheVolume),
    Secret(Secret),
    /// Read-only: a writable mount of a source would make every edit a full upload.
    Directory(DirectorySource, ContainerPath),
}

/// A container as a value. Each method gives a new one and leaves this one as it is; what comes
/// first in the chain does not depend on what comes later, so put what changes often last.
#[derive(Debug, Clone)]
pub struct Container {
    pub(crate) fs: Fs,
    pub(crate) config: Arc<Config>,
    pub(crate) error: Option<PipelineError>,
}

impl Container {
    /// A container of an image, with the image's variables, user and working directory.
    pub fn from(image: impl Into<Image>) -> Self {
        Self { fs: Fs::new(FsNode::Image(image.into())), config: Arc::default(), error: None }
    }

    /// An empty container.
    pub fn scratch() -> Self {
        Self { fs: Fs::new(FsNode::Scratch), config: Arc::default(), error: None }
    }

    /// The working directory of what follows; made if it is not there.
    #[track_caller]
    pub fn with_workdir(&self, path: &str) -> Self {
        let place = Location::caller();
        self.checked(self.path(path, place), |container, path| {
            container.configured(|c| c.workdir = Some(path))
        })
    }

    /// The user of the commands that follow: a name, an id, or `user:group`.
    pub fn with_user(&self, user: impl Into<String>) -> Self {
        let user = user.into();
        self.configured(|config| config.user = Some(user))
    }

    /// A variable of the commands that follow. It is part of the cache key.
    #[track_caller]
    pub fn with_env_variable(&self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.checked(valid_variable(&name, Location::caller()), |container, ()| {
            container.configured(|config| {
                config.secret_variables.retain(|variable| variable.name != name);
                config.env.retain(|(known, _)| *known != name);
                config.env.push((name, value));
            })
        })
    }

    /// A variable whose value is a secret: never in a layer, a cache key or a log. The image
    /// needs `/bin/sh`.
    #[track_caller]
    pub fn with_secret_variable(&self, name: impl Into<String>, secret: Secret) -> Self {
        let name = name.into();
        self.checked(valid_variable(&name, Location::caller()), |container, ()| {
            container.configured(|config| {
                config.env.retain(|(known, _)| *known != name);
                config.secret_variables.retain(|variable| variable.name != name);
                config.secret_variables.push(SecretVariable { name, secret });
            })
        })
    }

    /// A secret as a file, while a command runs.
    #[track_caller]
    pub fn with_mounted_secret(&self, path: &str, secret: Secret) -> Self {
        self.mounted(path, MountSource::Secret(secret), Location::caller())
    }

    /// A cache volume at `path`, for the commands that follow.
    #[track_caller]
    pub fn with_mounted_cache(&self, path: &str, volume: CacheVolume) -> Self {
        self.mounted(path, MountSource::Cache(volume), Location::caller())
    }

    /// A directory at `path`, read-only, for the commands that follow. On a big tree much cheaper
    /// than a copy: an edit sends and stores just what changed.
    #[track_caller]
    pub fn with_mounted_directory(&self, path: &str, directory: Directory) -> Self {
        let place = Location::caller();
        let mut mounted = self.mounted(path, MountSource::Directory(directory.source, directory.path), place);
        mounted.error = mounted.error.or(directory.error);
        mounted
    }

    /// The network of the commands that follow.
    pub fn with_network(&self, network: Network) -> Self {
        self.configured(|config| config.network = network)
    }

    /// The entry point of a service made of this container, in place of the image's; the image's
    /// command does not count any more.
    pub fn with_entrypoint<S: Into<String>>(&self, args: impl IntoIterator<Item = S>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        self.configured(|config| config.entrypoint = Some(args))
    }

    /// The command of a service made of this container: the arguments of its entry point, or, if
    /// the image has none, program and arguments.
    pub fn with_default_args<S: Into<String>>(&self, args: impl IntoIterator<Item = S>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        self.configured(|config| config.args = Some(args))
    }

    /// A port on which a service made of this container listens. Others on its network reach all
    /// its ports; this is one whose opening says that it is ready. Nothing is published on the host.
    pub fn with_exposed_port(&self, port: u16) -> Self {
        self.configured(|config| {
            if !config.ports.contains(&port) {
                config.ports.push(port);
            }
        })
    }

    /// `service` is ready before what follows runs, and can be reached by the name `alias` besides
    /// its own. Under `localhost` both share one network namespace, as processes of one machine do.
    /// What follows a binding is a run, never taken from a cache: build first, bind late.
    #[track_caller]
    pub fn with_service_binding(&self, alias: &str, service: &Service) -> Self {
        let place = Location::caller();
        let checked = match alias {
            LOCALHOST => Ok(()),
            _ => ServiceName::new(alias).map(drop).map_err(|what| PipelineError::new(what, place)),
        };
        self.checked(checked, |container, ()| {
            let binding = Binding { alias: alias.to_owned(), service: service.clone() };
            container.configured(|config| {
                config.bindings.retain(|known| {
                    known.alias != binding.alias
                        || (alias == LOCALHOST && known.service.name() != service.name())
                });
                config.bindings.push(binding);
            })
        })
    }

    /// The contents of a directory, copied to `path`.
    #[track_caller]
    pub fn with_directory(&self, path: &str, directory: Directory) -> Self {
        let place = Location::caller();
        self.checked(
            directory.error.map_or(Ok(()), Err).and_then(|()| self.path(path, place)),
            |container, dest| {
                container.on_fs(FsNode::Copy {
                    base: container.fs.clone(),
                    source: directory.source,
                    path: directory.path,
                    what: CopyWhat::Contents,
                    dest,
                })
            },
        )
    }

    /// A file, copied to `path` (the path of the new file, not of its directory).
    #[track_caller]
    pub fn with_file(&self, path: &str, file: File) -> Self {
        let place = Location::caller();
        self.checked(
            file.error.map_or(Ok(()), Err).and_then(|()| self.path(path, place)),
            |container, dest| {
                container.on_fs(FsNode::Copy {
                    base: container.fs.clone(),
                    source: file.source,
                    path: file.path,
                    what: CopyWhat::File,
                    dest,
                })
            },
        )
    }

    /// A new file with these contents, readable by all.
    #[track_caller]
    pub fn with_new_file(&self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.new_file(path, contents.as_ref(), 0o644, Location::caller())
    }

    /// A new program with these contents, executable by all.
    #[track_caller]
    pub fn with_new_program(&self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.new_file(path, contents.as_ref(), 0o755, Location::caller())
    }

    /// A command, without a shell. When it fails, so does the pipeline.
    #[track_caller]
    pub fn with_exec<S: Into<String>>(&self, args: impl IntoIterator<Item = S>) -> Self {
        let place = Location::caller();
        let args = arguments(args, place).and_then(|args| match self.config.bindings.is_empty() {
            true => Ok(args),
            false => Err(PipelineError::new(
                "a command after with_service_binding is a run and no build step: put it before the binding, or make \
                 it a job (with_default_args and as_job) or a test (with_test)",
                place,
            )),
        });
        self.checked(args, |container, args| {
            container.on_fs(FsNode::Exec {
                base: container.fs.clone(),
                args,
                config: container.config.clone(),
            })
        })
    }

    /// A test command: its files come out also when it fails, and a failure is never taken from
    /// the cache. It finds a directory for its results in `$XTASK_RESULTS`. The image needs
    /// `/bin/sh`, `tee` and `timeout`.
    #[track_caller]
    pub fn with_test<S: Into<String>>(&self, args: impl IntoIterator<Item = S>) -> Test {
        match arguments(args, Location::caller()) {
            Ok(args) => Test::new(self, args),
            Err(error) => Test::new(&self.failed(error), Vec::new()),
        }
    }

    /// A directory of this container.
    #[track_caller]
    pub fn directory(&self, path: &str) -> Directory {
        let (path, error) = self.path_or_error(path, Location::caller());
        Directory { source: DirectorySource::Fs(self.fs.clone()), path, error }
    }

    /// A file of this container.
    #[track_caller]
    pub fn file(&self, path: &str) -> File {
        let (path, error) = self.path_or_error(path, Location::caller());
        File { source: DirectorySource::Fs(self.fs.clone()), path, error }
    }

    fn path(&self, path: &str, place: &'static Location<'static>) -> Result<ContainerPath, PipelineError> {
        ContainerPath::resolve(path, self.config.workdir.as_ref())
            .map_err(|what| PipelineError::new(what, place))
    }

    fn path_or_error(
        &self,
        path: &str,
        place: &'static Location<'static>,
    ) -> (ContainerPath, Option<PipelineError>) {
        match self.path(path, place) {
            Ok(path) => (path, self.error.clone()),
            Err(error) => (ContainerPath::root(), self.error.clone().or(Some(error))),
        }
    }

    fn mounted(&self, path: &str, source: MountSource, place: &'static Location<'static>) -> Self {
        self.checked(self.path(path, place), |container, path| {
            container.configured(|config| {
                config.mounts.retain(|mount| mount.path != path);
                config.mounts.push(Mount { path, source });
            })
        })
    }

    fn new_file(&self, path: &str, contents: &[u8], mode: u32, place: &'static Location<'static>) -> Self {
        self.checked(self.path(path, place), |container, path| {
            container.on_fs(FsNode::NewFile {
                base: container.fs.clone(),
                path,
                contents: contents.into(),
                mode,
            })
        })
    }

    fn configured(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = (*self.config).clone();
        change(&mut config);
        Self { config: Arc::new(config), ..self.clone() }
    }

    fn on_fs(&self, node: FsNode) -> Self {
        Self { fs: Fs::new(node), ..self.clone() }
    }

    /// `then` with what was checked, or this container with the mistake kept. The first counts.
    fn checked<T>(&self, checked: Result<T, PipelineError>, then: impl FnOnce(&Self, T) -> Self) -> Self {
        match checked {
            Ok(value) => then(self, value),
            Err(error) => self.failed(error),
        }
    }

    fn failed(&self, error: PipelineError) -> Self {
        Self { error: self.error.clone().or(Some(error)), ..self.clone() }
    }
}

fn arguments<S: Into<String>>(
    args: impl IntoIterator<Item = S>,
    place: &'static Location<'static>,
) -> Result<Vec<String>, PipelineError> {
    let args: Vec<String> = args.into_iter().map(Into::into).collect();
    if args.first().is_none_or(String::is_empty) {
        return Err(PipelineError::new("a command without a program", place));
    }
    if args.iter().any(|arg| arg.contains('\0')) {
        return Err(PipelineError::new("a command with a NUL byte in an argument", place));
    }
    Ok(args)
}

/// A name that a shell can export, since secrets reach commands through one.
fn valid_variable(name: &str, place: &'static Location<'static>) -> Result<(), PipelineError> {
    let mut chars = name.chars();
    let valid = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if valid {
        Ok(())
    } else {
        Err(PipelineError::new(format!("{name:?} is not the name of a variable"), place))
    }
}
