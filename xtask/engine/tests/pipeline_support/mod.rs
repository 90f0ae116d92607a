//! Sessions for tests of pipelines against the real engine.
#![allow(dead_code)] // each test file uses its part

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use xtask_engine::event::{Event, Events, Outcome, Reporter};
use xtask_engine::pipeline::{Container, Directory};
use xtask_engine::session::Options;
use xtask_engine::{Error, Prune, Session};

/// A session, and all that it told.
pub struct World {
    pub session: Session,
    pub dir: TempDir,
    /// Something that no earlier run can have cached.
    pub token: String,
    told: Arc<Mutex<Vec<Event>>>,
    image: String,
    _cache: File,
}

/// While it lives, the end-to-end test of `cache prune` waits; the lock is that of the crate `tests`.
fn share_cache() -> File {
    let dir = std::env::home_dir().expect("a home").join(".local/state/xtask");
    std::fs::create_dir_all(&dir).expect("a folder for state");
    let lock = File::options().create(true).append(true).open(dir.join("tests.lock")).expect("the lock file");
    lock.lock_shared().expect("a lock");
    lock
}

/// Makes sure that BuildKit has used the image once. Where several sessions carry out one operation
/// for the first time at the same moment, BuildKit 0.8 may miss its own cache once: what rests on it
/// runs again the next time.
async fn known(session: &Session, image: &str) {
    static KNOWN: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    let use_it = async || {
        let result = session.run("first use", &Container::from(image).with_exec(["true"])).await;
        result.unwrap_or_else(|error| panic!("{}", describe(&error)));
    };
    KNOWN.get_or_init(use_it).await;
}

struct Told(Arc<Mutex<Vec<Event>>>);

impl Reporter for Told {
    fn event(&mut self, _: Duration, event: &Event) {
        self.0.lock().expect("events").push(event.clone());
    }
}

impl World {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub async fn open_with(change: impl FnOnce(&mut Options)) -> Self {
        let cache = share_cache();
        let dir = tempfile::tempdir().expect("a folder");
        let mut options = Options { record: dir.path().join("record"), ..Default::default() };
        change(&mut options);
        let told = Arc::default();
        let events = Events::new(vec![Box::new(Told(Arc::clone(&told)))]);
        let session = Session::open(options, events, CancellationToken::new()).await;
        let session = session.unwrap_or_else(|error| panic!("{error}"));
        let image = image(&session).await;
        known(&session, &image).await;
        let token = format!("token{}", uuid::Uuid::new_v4().simple());
        Self { session, dir, token, told, image, _cache: cache }
    }

    /// Another session of the same user, with the same token.
    pub async fn again(&self) -> Self {
        self.again_with(|_| {}).await
    }

    pub async fn again_with(&self, change: impl FnOnce(&mut Options)) -> Self {
        Self { token: self.token.clone(), ..Self::open_with(change).await }
    }

    /// The image of the tests.
    pub fn image_name(&self) -> &str {
        &self.image
    }

    /// A container of that image as it is: a service made of it needs no image of its own.
    pub fn image(&self) -> Container {
        Container::from(self.image.as_str())
    }

    /// A container that shares no step with another test but the image.
    pub fn node(&self) -> Container {
        self.image().with_new_file("/token", &self.token).with_env_variable("TOKEN", &self.token)
    }

    /// A container in which a shell command was run, in `/out`.
    pub fn shell(&self, script: &str) -> Container {
        self.node().with_workdir("/out").with_exec(["sh", "-ec", script])
    }

    pub async fn run(&self, container: &Container) {
        let result = self.session.run("run", container).await;
        result.unwrap_or_else(|error| panic!("{}", describe(&error)));
    }

    /// Brings a directory out into a fresh folder.
    pub async fn export(&self, directory: &Directory) -> TempDir {
        let dest = tempfile::tempdir().expect("a folder");
        let result = self.session.export("export", directory, dest.path()).await;
        result.unwrap_or_else(|error| panic!("{}", describe(&error)));
        dest
    }

    /// Makes an image of a container; gives its id.
    pub async fn export_image(&self, container: &Container, tag: &str) -> String {
        let result = self.session.export_image("image", container, tag).await;
        result.unwrap_or_else(|error| panic!("{}", describe(&error)))
    }

    /// The text of a file in a container.
    pub async fn text(&self, container: &Container, path: &str) -> String {
        let (parent, name) = path.rsplit_once('/').expect("an absolute path");
        let dir = self.export(&container.directory(if parent.is_empty() { "/" } else { parent })).await;
        read(dir.path(), name)
    }

    pub fn events(&self) -> Vec<Event> {
        self.told.lock().expect("events").clone()
    }

    /// How the steps ended whose text holds `what`.
    pub fn outcomes(&self, what: &str) -> Vec<Outcome> {
        let of = |event| match event {
            Event::StepFinished { step, outcome, .. } if step.contains(what) => Some(outcome),
            _ => None,
        };
        self.events().into_iter().filter_map(of).collect()
    }

    /// All output of steps.
    pub fn logs(&self) -> String {
        let of = |event| match event {
            Event::StepLog { text, .. } => Some(text + "\n"),
            _ => None,
        };
        self.events().into_iter().filter_map(of).collect()
    }

    /// Removes the cache volumes whose first command named this test's token.
    pub async fn remove_volumes(&self) {
        let filters = vec![format!("type==exec.cachemount,description~={}", self.token)];
        self.session.cache_prune(&Prune { filters, ..Default::default() }).await.expect("it prunes");
    }
}

/// The image of the tests: what the application uses, or what stands in for it here.
async fn image(session: &Session) -> String {
    for name in ["node:20-alpine", "xtask-stand-in/node:20-alpine"] {
        if session.engine().image(name).await.expect("an answer").is_some() {
            return name.into();
        }
    }
    panic!("the engine has no image for the tests: run `cargo xtask setup`");
}

pub fn read(dir: &Path, name: &str) -> String {
    let path = dir.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An error with the last lines of the step.
pub fn describe(error: &Error) -> String {
    match error {
        Error::Step { tail, .. } => format!("{error}\n{}", tail.join("\n")),
        _ => error.to_string(),
    }
}
