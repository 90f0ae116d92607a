//! The walk over a pipeline that makes its operations.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bollard_buildkit_proto::pb::{self, file_action::Action};

use super::definition::{Definition, OpRef, Options, Step, input};
use super::exec;
use crate::event::StepKind;
use crate::one_line::in_one_line;
use crate::pipeline::{
    Config, ContainerPath, CopyWhat, DirectorySource, Fs, FsNode, HostDirectory, ImageConfig, MountSource,
    RESULTS_DIR, Secret, Sharing,
};

/// What a definition depends on beside the pipeline itself.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// None: the worker's own.
    pub(crate) platform: Option<pb::Platform>,
    /// By the name in the pipeline: what is used for it, and its configuration.
    pub(crate) images: BTreeMap<String, ResolvedImage>,
    /// By directory: the key that tells it from all others, and the stamp of its contents.
    pub(crate) directories: BTreeMap<HostDirectory, ResolvedDirectory>,
    /// There is a CA bundle to hand out.
    pub(crate) ca: bool,
    pub(crate) proxy: Option<pb::ProxyEnv>,
    /// Every step runs again; cache volumes keep what they hold.
    pub(crate) no_cache: bool,
    /// Test steps run again.
    pub(crate) rerun_tests: bool,
}

/// An image that the engine has.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResolvedImage {
    /// The full reference to use.
    pub(crate) reference: String,
    pub(crate) config: ImageConfig,
}

/// A directory of the host, walked.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResolvedDirectory {
    pub(crate) key: String,
    pub(crate) stamp: String,
    pub(crate) label: String,
}

/// What is wanted of a pipeline.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// The file system.
    Fs(&'a Fs),
    /// A test's results directory.
    Results(&'a Fs),
    /// One directory of a file system, alone.
    Directory(&'a DirectorySource, &'a ContainerPath),
}

/// A pipeline as BuildKit takes it.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) definition: pb::Definition,
    pub(crate) steps: Vec<Step>,
    /// The secrets that steps ask for, by id.
    pub(crate) secrets: BTreeMap<String, Secret>,
}

/// Lowers pipelines in given surroundings.
pub(crate) struct Lowering<'a> {
    surroundings: &'a Surroundings,
    definition: Definition,
    /// The secrets by the ids that steps ask for.
    secrets: BTreeMap<String, Secret>,
    /// What has been lowered: the same value used twice is one operation.
    done: HashMap<*const FsNode, Option<OpRef>>,
}

/// The image configuration at the bottom of a chain.
const NO_CONFIG: &ImageConfig = &ImageConfig::EMPTY;

impl<'a> Lowering<'a> {
    /// The definition of `target`. `None` if it is the empty file system, which has no operation.
    pub(crate) fn lower(surroundings: &'a Surroundings, target: Target<'_>) -> Option<Lowered> {
        let mut lowering = Self {
            surroundings,
            definition: Definition::default(),
            secrets: BTreeMap::new(),
            done: HashMap::new(),
        };
        let result = match target {
            Target::Fs(fs) => lowering.fs(fs),
            Target::Results(fs) => lowering.results(fs),
            Target::Directory(source, path) => {
                let scratch = None;
                lowering.copy(scratch, source, path, CopyWhat::Contents, &ContainerPath::root(), true)
            }
        }?;
        let (definition, steps) = lowering.definition.finish(&result);
        Some(Lowered { definition, steps, secrets: lowering.secrets })
    }

    pub(super) fn fs(&mut self, fs: &Fs) -> Option<OpRef> {
        let key = Arc::as_ptr(&fs.0);
        if let Some(done) = self.done.get(&key) {
            return done.clone();
        }
        let lowered = match &*fs.0 {
            FsNode::Scratch => None,
            FsNode::Image(image) => Some(self.image(image.name())),
            FsNode::Copy { base, source, path, what, dest } => {
                let base = self.fs(base);
                self.copy(base, source, path, *what, dest, false)
            }
            FsNode::NewFile { base, path, contents, mode } => {
                let base = self.fs(base);
                Some(self.new_file(base, path, contents, *mode))
            }
            FsNode::Exec { base, args, config } => Some(self.exec(base, args, config, None)),
            FsNode::Test { base, name, args, config } => Some(self.exec(base, args, config, Some(name))),
        };
        self.done.insert(key, lowered.clone());
        lowered
    }

    fn image(&mut self, name: &str) -> OpRef {
        let reference = self.surroundings.images.get(name).map_or(name, |image| image.reference.as_str());
        // `local`: what the engine has is used as it is, without asking a registry.
        let attributes = [("image.resolvemode", "local")];
        let operation = self.source(format!("docker-image://{reference}"), attributes);
        self.definition.add(&operation, format!("from {name}"), StepKind::Image, Options::default())
    }

    fn host(&mut self, directory: &HostDirectory) -> OpRef {
        let ResolvedDirectory { key, stamp, .. } =
            self.surroundings.directories.get(directory).cloned().unwrap_or_default();
        // The session is only part of the cache key: a stamp there makes equal trees equal, so
        // that one that did not change is not even compared.
        let attributes = [("local.session", stamp.as_str()), ("local.sharedkeyhint", key.as_str())];
        let operation = self.source(format!("local://{key}"), attributes);
        self.definition.add(
            &operation,
            format!("upload {}", self.view_name(directory)),
            StepKind::Upload,
            Options { view: Some(key), ..Default::default() },
        )
    }

    fn source<'s>(
        &self,
        identifier: String,
        attributes: impl IntoIterator<Item = (&'s str, &'s str)>,
    ) -> pb::Op {
        let attrs = attributes.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.operation(Vec::new(), pb::op::Op::Source(pb::SourceOp { identifier, attrs }))
    }

    fn operation(&self, inputs: Vec<pb::Input>, op: pb::op::Op) -> pb::Op {
        pb::Op { inputs, platform: self.surroundings.platform.clone(), op: Some(op), ..Default::default() }
    }

    /// What people call a view of a directory: the directory, and what of it.
    fn view_name(&self, directory: &HostDirectory) -> String {
        let label =
            self.surroundings.directories.get(directory).map_or(&directory.label, |known| &known.label);
        match directory.include.as_slice() {
            [] => label.clone(),
            include => format!("{label} ({})", include.join(", ")),
        }
    }

    fn directory(&mut self, source: &DirectorySource) -> (Option<OpRef>, String) {
        match source {
            DirectorySource::Host(host) => (Some(self.host(host)), self.view_name(host)),
            DirectorySource::Fs(fs) => (self.fs(fs), String::new()),
        }
    }

    fn copy(
        &mut self,
        base: Option<OpRef>,
        source: &DirectorySource,
        path: &ContainerPath,
        what: CopyWhat,
        dest: &ContainerPath,
        hidden: bool,
    ) -> Option<OpRef> {
        let (from, label) = match source {
            // A file of the host is its own view.
            DirectorySource::Host(host) if what == CopyWhat::File => {
                (Some(self.host(host)), host.label.clone())
            }
            source => self.directory(source),
        };
        let Some(from) = from else { return base }; // a copy of nothing
        let name = match (label.as_str(), path.as_str()) {
            ("", path) => format!("copy {path} to {dest}"),
            (label, "/") => format!("copy {label} to {dest}"),
            (label, path) if what == CopyWhat::Contents => format!("copy {label}{path} to {dest}"),
            (label, _) => format!("copy {label} to {dest}"),
        };
        let contents = what == CopyWhat::Contents;
        let dest = match (contents, dest.as_str()) {
            (true, "/") => "/".to_owned(),
            (true, dest) => format!("{dest}/"),
            (false, dest) => dest.to_owned(),
        };
        let copy = pb::FileActionCopy {
            src: path.as_str().into(),
            dest,
            mode: -1,      // as it is
            timestamp: -1, // as it is
            dir_copy_contents: contents,
            create_dest_path: true,
            ..Default::default()
        };
        let inputs: Vec<_> = base.iter().chain([&from]).map(input).collect();
        let action = action(base.is_some(), Action::Copy(copy));
        Some(self.file(inputs, action, name, hidden))
    }

    fn new_file(&mut self, base: Option<OpRef>, path: &ContainerPath, contents: &[u8], mode: u32) -> OpRef {
        let parent = path.as_str().rsplit_once('/').map_or("/", |(parent, _)| parent);
        let mut actions = Vec::new();
        if !parent.is_empty() {
            actions.push(Action::Mkdir(mkdir(parent)));
        }
        actions.push(Action::Mkfile(pb::FileActionMkFile {
            path: path.as_str().into(),
            mode: i32::try_from(mode).unwrap_or(0o644),
            data: contents.to_vec(),
            timestamp: 0, // the same file whenever it is made
            ..Default::default()
        }));
        let inputs = base.iter().map(input).collect();
        self.file(inputs, chain(base.is_some(), actions), format!("write {path}"), false)
    }

    /// Directories made where none may be, before a command: also the place where a command can
    /// be told to run again. (Telling it to the command itself would empty its cache volumes.)
    fn before_command(&mut self, base: Option<OpRef>, workdir: &str, is_test: bool) -> OpRef {
        let inputs = base.iter().map(input).collect();
        // A test's is unlike any other's, so that running tests again runs nothing else again.
        let dirs = [workdir].into_iter().chain(is_test.then_some(RESULTS_DIR));
        let actions = dirs.map(|dir| Action::Mkdir(mkdir(dir))).collect();
        let operation = self.file_operation(inputs, chain(base.is_some(), actions));
        let ignore_cache = self.surroundings.no_cache || is_test && self.surroundings.rerun_tests;
        let options = Options { ignore_cache, hidden: true, view: None };
        self.definition.add(&operation, format!("workdir {workdir}"), StepKind::File, options)
    }

    /// A command; with a name, a test.
    fn exec(&mut self, base: &Fs, args: &[String], config: &Config, test: Option<&str>) -> OpRef {
        let is_test = test.is_some();
        let image = self.image_config(base);
        let mut meta = exec::meta(
            if is_test { exec::test(args, config) } else { exec::plain(args, config) },
            config,
            image,
            self.surroundings,
        );
        let root = self.fs(base);
        let root = self.before_command(root, &meta.cwd, is_test);
        let mut inputs = vec![input(&root)];
        let mut mounts = vec![pb::Mount { input: 0, dest: "/".into(), output: 0, ..Default::default() }];
        if is_test {
            exec::name_results(&mut meta);
            mounts.push(self.results_mount(base, &meta.user, &mut inputs));
        }
        for mount in &config.mounts {
            mounts.extend(self.mount(mount.path.as_str(), &mount.source, &mut inputs));
        }
        for variable in &config.secret_variables {
            let id = self.secret_id(&variable.name, &variable.secret);
            mounts.push(exec::variable_secret(&id, &variable.name));
        }
        mounts.extend(exec::ambient_secrets(self.surroundings, is_test));
        let operation = pb::op::Op::Exec(pb::ExecOp {
            meta: Some(meta),
            mounts,
            network: exec::network(config.network).into(),
            ..Default::default()
        });
        let (name, kind) = match test {
            Some(name) => (format!("test {name}"), StepKind::Test),
            None => (format!("exec {}", in_one_line(&args.join(" "))), StepKind::Exec),
        };
        let operation = self.operation(inputs, operation);
        self.definition.add(&operation, name, kind, Options::default())
    }

    fn mount(&mut self, dest: &str, source: &MountSource, inputs: &mut Vec<pb::Input>) -> Option<pb::Mount> {
        match source {
            MountSource::Cache(volume) => Some(pb::Mount {
                input: exec::EMPTY,
                dest: dest.into(),
                output: exec::EMPTY,
                mount_type: pb::MountType::Cache.into(),
                cache_opt: Some(pb::CacheOpt {
                    id: volume.name.clone(),
                    sharing: match volume.sharing {
                        Sharing::Shared => pb::CacheSharingOpt::Shared,
                        Sharing::Private => pb::CacheSharingOpt::Private,
                        Sharing::Locked => pb::CacheSharingOpt::Locked,
                    }
                    .into(),
                }),
                ..Default::default()
            }),
            MountSource::Secret(secret) => {
                let id = self.secret_id(dest, secret);
                Some(exec::secret(&id, dest, false))
            }
            MountSource::Directory(source, path) => {
                let (from, _) = self.directory(source);
                let from = input(&from?);
                let index = inputs.iter().position(|known| *known == from).unwrap_or_else(|| {
                    inputs.push(from);
                    inputs.len() - 1
                });
                Some(pb::Mount {
                    input: index as i64,
                    selector: if path.as_str() == "/" { String::new() } else { path.as_str().into() },
                    dest: dest.into(),
                    output: exec::EMPTY,
                    readonly: true,
                    ..Default::default()
                })
            }
        }
    }

    /// The id under which steps ask for a secret: what it is used as, since that is the same in every
    /// checkout and the id is part of the cache key. Two secrets never share one.
    fn secret_id(&mut self, used_as: &str, secret: &Secret) -> String {
        let numbered =
            (1..).map(|number| if number == 1 { used_as.to_owned() } else { format!("{used_as}#{number}") });
        for id in numbered {
            match self.secrets.get(&id) {
                Some(known) if known != secret => {}
                Some(_) => return id,
                None => {
                    self.secrets.insert(id.clone(), secret.clone());
                    return id;
                }
            }
        }
        unreachable!("there are always more numbers")
    }

    /// The configuration of the image at the bottom of the chain.
    pub(super) fn image_config(&self, fs: &Fs) -> &'a ImageConfig {
        let FsNode::Image(image) = &*fs.bottom().0 else { return NO_CONFIG };
        self.surroundings.images.get(image.name()).map_or(NO_CONFIG, |image| &image.config)
    }

    pub(super) fn file(
        &mut self,
        inputs: Vec<pb::Input>,
        actions: Vec<pb::FileAction>,
        name: String,
        hidden: bool,
    ) -> OpRef {
        let operation = self.file_operation(inputs, actions);
        let options = Options { ignore_cache: self.surroundings.no_cache, hidden, view: None };
        self.definition.add(&operation, name, StepKind::File, options)
    }

    fn file_operation(&self, inputs: Vec<pb::Input>, actions: Vec<pb::FileAction>) -> pb::Op {
        self.operation(inputs, pb::op::Op::File(pb::FileOp { actions }))
    }
}

/// One action whose base is the first input, if there is one, and whose source the next.
pub(super) fn action(has_base: bool, action: Action) -> Vec<pb::FileAction> {
    let (input, secondary_input) = if has_base { (0, 1) } else { (exec::EMPTY, 0) };
    vec![pb::FileAction { input, secondary_input, output: 0, action: Some(action) }]
}

/// Actions one after the other on the first input (or on nothing); the last one's result counts.
/// In BuildKit's numbering the results of actions follow the inputs.
pub(super) fn chain(has_base: bool, actions: Vec<Action>) -> Vec<pb::FileAction> {
    let inputs = i64::from(has_base);
    let last = actions.len().saturating_sub(1);
    let chained = actions.into_iter().enumerate().map(|(index, action)| pb::FileAction {
        input: match index {
            0 if has_base => 0,
            0 => exec::EMPTY,
            _ => inputs + index as i64 - 1,
        },
        secondary_input: exec::EMPTY,
        output: if index == last { 0 } else { exec::EMPTY },
        action: Some(action),
    });
    chained.collect()
}

pub(super) fn mkdir(path: &str) -> pb::FileActionMkDir {
    pb::FileActionMkDir {
        path: path.into(),
        mode: 0o755,
        make_parents: true,
        timestamp: -1,
        ..Default::default()
    }
}
