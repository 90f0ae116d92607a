//! Images made from file trees, and what becomes of the containers and images when that fails.

mod docker_support;

use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard::query_parameters::{ListContainersOptions, ListImagesOptions};
use docker_support::{engine, import, rootfs, socket, with_images};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use xtask_engine::docker::{Endpoint, Engine, EngineError, ImageChanges, Labels};

/// Longer than anything takes on a busy machine.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// A name that nobody else has: other checkouts test the same engine.
fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4().simple())
}

fn map(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// The containers that `label` made for `owner`.
async fn containers(engine: &Engine, owner: &str) -> Vec<String> {
    let filters = HashMap::from([("label".to_owned(), vec![format!("xtask.session={owner}")])]);
    let options =
        ListContainersOptions { all: true, filters: Some(filters), ..ListContainersOptions::default() };
    let containers = engine.docker().list_containers(Some(options)).await.expect("listed");
    containers.into_iter().filter_map(|container| container.id).collect()
}

async fn image_exists(engine: &Engine, name: &str) -> bool {
    engine.image(name).await.unwrap_or_else(|error| panic!("{error}")).is_some()
}

#[tokio::test]
async fn an_imported_image_has_the_configuration_that_was_asked_for() {
    let (engine, tag) = (engine().await, &*unique("xtask-test/import:one"));
    with_images(&engine, &[tag], async {
        let changes = ImageChanges {
            labels: map(&[("xtask.kind", "kept"), ("odd", r#"$HOME "quoted" \ 'x' # = ü"#)]),
            env: map(&[("PATH", "/usr/bin:/bin"), ("EMPTY", ""), ("ODD", "${A} b  c")]),
            workdir: Some("/src".into()),
            user: Some("1000:1000".into()),
            entrypoint: Some(vec!["/init".into()]),
            cmd: Some(vec!["sh".into(), "-c".into(), r#"echo "$A""#.into()]),
            stop_signal: None,
        };
        let id = import(&engine, tag, &changes).await;
        let info = engine.image(tag).await.expect("inspected").expect("it is there");
        assert_eq!(info.id, id);
        assert_eq!(info.labels, changes.labels);
        assert_eq!(info.env, ["EMPTY=", "ODD=${A} b  c", "PATH=/usr/bin:/bin"]);
        assert_eq!((&*info.workdir, &*info.user), ("/src", "1000:1000"));
        assert_eq!(info.entrypoint, ["/init"]);
        assert_eq!(info.cmd, ["sh", "-c", r#"echo "$A""#]);
        assert_eq!((&*info.os, &*info.architecture), ("linux", &*engine.info().arch));
        assert!(info.size >= 8192 * 16, "{}", info.size);
    })
    .await;
    assert!(!image_exists(&engine, tag).await);
    assert!(!engine.remove_image(tag).await.expect("nothing to remove"));
}

#[tokio::test]
async fn an_archive_that_breaks_off_is_told_and_leaves_no_image() {
    struct Breaks(Cursor<Vec<u8>>);
    impl AsyncRead for Breaks {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            let before = buf.filled().len();
            match Pin::new(&mut self.0).poll_read(cx, buf) {
                Poll::Ready(Ok(())) if buf.filled().len() == before => {
                    Poll::Ready(Err(std::io::Error::other("the disk has a hole")))
                }
                other => other,
            }
        }
    }
    let (engine, tag) = (engine().await, &*unique("xtask-test/import:broken"));
    with_images(&engine, &[tag], async {
        let tar = Breaks(Cursor::new(rootfs(&[7; 1 << 20])[..1 << 19].to_vec()));
        let error = engine.import_rootfs(tag, &ImageChanges::default(), tar).await.expect_err("it breaks off");
        assert_eq!(
            error.to_string(),
            format!(
                "the container engine cannot import the image {tag}: its archive could not be read: the disk has a hole"
            )
        );
        let rubbish = Cursor::new(vec![1; 4096]);
        let error = engine.import_rootfs(tag, &ImageChanges::default(), rubbish).await.expect_err("no archive");
        assert!(matches!(error, EngineError::Refused { .. }), "{error}");
        assert!(!image_exists(&engine, tag).await);
    })
    .await;
}

#[tokio::test]
async fn a_labelled_image_keeps_what_was_and_gets_what_is_new() {
    let engine = engine().await;
    let (base, labelled) = (&*unique("xtask-test/label:base"), &*unique("xtask-test/label:new"));
    with_images(&engine, &[labelled, base], async {
        let before = ImageChanges {
            labels: map(&[("old", "1")]),
            env: map(&[("PATH", "/bin"), ("MODE", "old")]),
            cmd: Some(vec!["serve".into()]),
            ..ImageChanges::default()
        };
        import(&engine, base, &before).await;
        let changes = ImageChanges {
            labels: map(&[("new", "two\nlines")]),
            env: map(&[("MODE", "new")]),
            workdir: Some("/app".into()),
            user: Some("node".into()),
            ..ImageChanges::default()
        };
        let session = &*unique("test-labelled");
        let owner = map(&[("xtask.session", session)]);
        let id =
            engine.label(base, labelled, &changes, &owner).await.unwrap_or_else(|error| panic!("{error}"));
        let info = engine.image(labelled).await.expect("inspected").expect("it is there");
        assert_eq!(info.id, id);
        let labels = [("old", "1"), ("new", "two\nlines"), ("xtask.kind", "kept"), ("xtask.session", "")];
        assert_eq!(info.labels, map(&labels));
        let mut env = info.env;
        env.sort();
        assert_eq!(env, ["MODE=new", "PATH=/bin"]);
        assert_eq!((&*info.workdir, &*info.user), ("/app", "node"));
        assert_eq!(info.cmd, ["serve"]);
        assert!(containers(&engine, session).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_image_without_a_configuration_can_be_labelled() {
    let engine = engine().await;
    let (base, labelled) = (&*unique("xtask-test/bare:base"), &*unique("xtask-test/bare:new"));
    with_images(&engine, &[labelled, base], async {
        import(&engine, base, &ImageChanges::default()).await;
        let changes = ImageChanges { cmd: Some(vec!["node".into()]), ..ImageChanges::default() };
        engine
            .label(base, labelled, &changes, &Labels::new())
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(engine.image(labelled).await.expect("inspected").expect("there").cmd, ["node"]);
    })
    .await;
}

#[tokio::test]
async fn no_container_stays_behind_when_labelling_fails_or_is_dropped() {
    let engine = engine().await;
    let (base, labelled) = (&*unique("xtask-test/failing:base"), &*unique("xtask-test/failing:new"));
    with_images(&engine, &[labelled, base], async {
        import(&engine, base, &ImageChanges::default()).await;
        let changes = ImageChanges::default();
        let session = &*unique("test-failing");
        let owner = map(&[("xtask.session", session)]);
        let error = engine.label("xtask-test/nosuch", labelled, &changes, &owner).await.expect_err("no such image");
        assert_eq!(
            error.to_string(),
            format!(
                "the container engine cannot make the image {labelled} from xtask-test/nosuch: it has no such image"
            )
        );

        let directory = tempfile::tempdir().expect("a directory");
        let refusing = refuses_commits(&directory.path().join("engine.sock")).await;
        let error = refusing.label(base, labelled, &changes, &owner).await.expect_err("refused");
        let expected = format!("cannot make the image {labelled} from {base}: not today");
        assert!(error.to_string().ends_with(&expected), "{error}");
        assert!(containers(&engine, session).await.is_empty());

        // Dropped as soon as the container is there.
        let session = &*unique("test-dropped");
        let owner = map(&[("xtask.session", session)]);
        let label = engine.label(base, labelled, &changes, &owner);
        let created = async { while containers(&engine, session).await.is_empty() {} };
        tokio::select! { _ = label => {}, () = created => {} }
        let gone = async { while !containers(&engine, session).await.is_empty() {} };
        tokio::time::timeout(PATIENCE, gone).await.expect("it is removed");
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_before_an_image_is_made() {
    let (engine, changes) = (engine().await, ImageChanges::default());
    for name in ["xtask-test/Upper:case", "xtask-test/a@sha256:0", ""] {
        let error =
            engine.import_rootfs(name, &changes, Cursor::new(rootfs(b"x"))).await.expect_err("a bad name");
        assert!(error.to_string().contains("is not the name of an image"), "{error}");
        let error =
            engine.label("xtask-test/any", name, &changes, &Labels::new()).await.expect_err("a bad name");
        assert!(error.to_string().contains("is not the name of an image"), "{error}");
    }
}

/// The engine behind a socket that refuses every commit.
async fn refuses_commits(at: &Path) -> Engine {
    let listener = UnixListener::bind(at).expect("a socket");
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut engine = UnixStream::connect(socket()).await.expect("the engine");
                let (mut there, mut back) = ([0; 65536], [0; 65536]);
                loop {
                    tokio::select! {
                        read = client.read(&mut there) => match read {
                            Ok(read @ 1..) if there[..read].windows(8).any(|part| part == b"/commit?") => {
                                let answer = b"HTTP/1.1 500 No\r\nContent-Length: 23\r\n\r\n{\"message\":\"not today\"}";
                                client.write_all(answer).await.expect("answered");
                            }
                            Ok(read @ 1..) => engine.write_all(&there[..read]).await.expect("asked"),
                            _ => return,
                        },
                        read = engine.read(&mut back) => match read {
                            Ok(read @ 1..) => client.write_all(&back[..read]).await.expect("answered"),
                            _ => return,
                        },
                    }
                }
            });
        }
    });
    Engine::connect(Endpoint::unix(at)).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn answers_that_are_dropped_unread_close_their_connections() {
    let engine = engine().await;
    // Events never end; each of these streams would hold a connection for good.
    for _ in 0..40 {
        let options = bollard::query_parameters::EventsOptions::default();
        let mut events = engine.docker().events(Some(options));
        let nothing = futures_util::future::poll_immediate(futures_util::StreamExt::next(&mut events)).await;
        assert!(nothing.is_none());
        drop(events);
        engine.docker().list_images(None::<ListImagesOptions>).await.expect("listed");
    }
    let open = || std::fs::read_dir("/proc/self/fd").expect("listed").count();
    let deadline = std::time::Instant::now() + PATIENCE;
    while open() > 60 {
        assert!(std::time::Instant::now() < deadline, "{} files are open", open());
        tokio::task::yield_now().await;
    }
}
