//! Pulls from a real registry: Debian's `docker-registry` on a loopback port, started by each test.
//!
//! Docker treats 127.0.0.0/8 as registries without TLS; the test of certificates uses the address
//! of the engine's bridge instead.

mod docker_support;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bollard::auth::DockerCredentials;
use bollard::query_parameters::{InspectNetworkOptions, PushImageOptions, TagImageOptions};
use docker_support::{engine, import, with_images};
use futures_util::StreamExt;
use tokio::net::TcpSocket;
use xtask_engine::docker::{Credentials, Engine, ImageChanges, ImageReference, PullError, PullProgress};

/// The users of the registry with logins. The second password has what the two alphabets of
/// base64 write differently.
const PASSWORD: &str = "pass";
const ODD_PASSWORD: &str = "??>>~~ü:~?>";
const HTPASSWD: &str = "me:$2y$05$abcdefghijklmnopqrstuOPtcb7hgjUt6UVunRU2dr5Kw.ooeCLbG\n\
                        odd:$2y$05$abcdefghijklmnopqrstuOIqgTxaBMLnUo3/VMuwwYF4lnkldbAYa\n";

/// A running registry with its files. Stopped and removed when dropped.
struct Registry {
    process: Child,
    host: String,
    _files: tempfile::TempDir,
}

impl Registry {
    fn start(files: tempfile::TempDir, address: &str, more: &str) -> Self {
        let root = files.path().join("storage");
        let config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n{more}",
            root.display()
        );
        let path = files.path().join("config.yml");
        std::fs::write(&path, config).expect("a file");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(path).env("OTEL_TRACES_EXPORTER", "none");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!(
                "this test needs the program docker-registry; install the package of that name: apt-get install \
                 --no-install-recommends docker-registry"
            ),
            _ => panic!("docker-registry does not start: {error}"),
        });
        let host = listening_at(&mut process, address);
        Self { process, host, _files: files }
    }

    fn open() -> Self {
        Self::start(tempfile::tempdir().expect("a directory"), "127.0.0.1", "http: {addr: \"127.0.0.1:0\"}\n")
    }

    fn with_logins() -> Self {
        let files = tempfile::tempdir().expect("a directory");
        let users = files.path().join("users");
        std::fs::write(&users, HTPASSWD).expect("a file");
        let auth = format!("auth:\n  htpasswd: {{realm: test, path: {}}}\n", users.display());
        Self::start(files, "127.0.0.1", &format!("http: {{addr: \"127.0.0.1:0\"}}\n{auth}"))
    }

    fn image(&self, name: &str) -> ImageReference {
        format!("{}/{name}", self.host).parse().expect("a name")
    }

    /// Makes an image, pushes it as `name`, and forgets it here.
    async fn offer(&self, engine: &Engine, name: &str, password: Option<&str>) -> ImageReference {
        let image = self.image(name);
        let local = format!("{}/{}", self.host, image.repository());
        let tag = image.tag().expect("a tag").to_owned();
        let full = image.full();
        let scratch = format!("xtask-test/offer:{}", uuid::Uuid::new_v4().simple());
        with_images(engine, &[&full, &scratch], async {
            import(engine, &scratch, &ImageChanges::default()).await;
            let name = TagImageOptions { repo: Some(local.clone()), tag: Some(tag.clone()) };
            engine.docker().tag_image(&scratch, Some(name)).await.expect("named");
            let credentials = password.map(|password| DockerCredentials {
                username: Some("me".into()),
                password: Some(password.into()),
                ..DockerCredentials::default()
            });
            let options = PushImageOptions { tag: Some(tag.clone()), ..PushImageOptions::default() };
            let mut answers = engine.docker().push_image(&local, Some(options), credentials);
            while let Some(answer) = answers.next().await {
                answer.expect("pushed");
            }
        })
        .await;
        image
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address at which the registry says that it listens.
fn listening_at(process: &mut Child, address: &str) -> String {
    let lines = BufReader::new(process.stderr.take().expect("stderr is ours"));
    let (sender, receiver) = std::sync::mpsc::channel();
    let sought = format!("listening on {address}:");
    // Reads on to the end: a registry whose log nobody reads would block.
    std::thread::spawn(move || {
        let mut log = String::new();
        for line in lines.lines().map_while(Result::ok) {
            if let Some((_, rest)) = line.split_once(&sought) {
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                let _ = sender.send(Ok(port));
            }
            log = log + &line + "\n";
        }
        let _ = sender.send(Err(log));
    });
    match receiver.recv_timeout(std::time::Duration::from_secs(120)) {
        Ok(Ok(port)) => format!("{address}:{port}"),
        Ok(Err(log)) => panic!("docker-registry ended: {log}"),
        Err(_) => panic!("docker-registry did not listen within two minutes"),
    }
}

fn login(username: &str, secret: &str) -> Credentials {
    Credentials { username: username.into(), secret: secret.into(), identity_token: None }
}

/// Pulls without looking at the progress.
async fn pull(engine: &Engine, image: &ImageReference, login: Option<&Credentials>) -> Result<(), PullError> {
    engine.pull(image, None, login, |_| ()).await
}

#[tokio::test]
async fn an_image_comes_back_from_the_registry_with_its_progress() {
    let (engine, registry) = (engine().await, Registry::open());
    let image = registry.offer(&engine, "team/tiny:1", None).await;
    let full = image.full();
    with_images(&engine, &[&full], async {
        assert_eq!(engine.image(&full).await.expect("asked"), None);
        let mut told = Vec::new();
        engine.pull(&image, Some("linux/amd64"), None, |now| told.push(now)).await.expect("pulled");
        assert!(engine.image(&full).await.expect("asked").is_some());
        let last = *told.last().expect("some progress");
        assert!(last.total > 100_000 && last.current == last.total, "{told:?}");
        assert!(told.is_sorted_by_key(|PullProgress { current, .. }| *current), "{told:?}");
        // Again: nothing is to be done, and nothing is told.
        engine.pull(&image, None, None, |now| panic!("{now:?}")).await.expect("pulled");
    })
    .await;
}

#[tokio::test]
async fn an_image_is_pulled_by_its_digest() {
    let (engine, registry) = (engine().await, Registry::open());
    let image = registry.offer(&engine, "tiny:1", None).await;
    let digest = {
        let mut stream = std::net::TcpStream::connect(&registry.host).expect("connected");
        let request = "HEAD /v2/tiny/manifests/1 HTTP/1.0\r\nAccept: application/vnd.docker.distribution.manifest.v2+json\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let digest = answer.lines().find_map(|line| line.strip_prefix("Docker-Content-Digest: "));
        digest.expect("a digest").trim().to_owned()
    };
    let by_digest: ImageReference = format!("{}/tiny@{digest}", registry.host).parse().expect("a name");
    let with_tag: ImageReference = format!("{}@{digest}", image.full()).parse().expect("a name");
    let full = by_digest.full();
    with_images(&engine, &[&full], async {
        pull(&engine, &by_digest, None).await.expect("pulled");
        pull(&engine, &with_tag, None).await.expect("pulled");
        assert!(engine.image(&with_tag.full()).await.expect("asked").is_some());
    })
    .await;
}

#[tokio::test]
async fn a_login_is_needed_where_one_is_needed() {
    let (engine, registry) = (engine().await, Registry::with_logins());
    let image = registry.offer(&engine, "tiny:1", Some(PASSWORD)).await;
    let full = image.full();
    with_images(&engine, &[&full], async {
        for wrong in [None, Some(login("me", "wrong")), Some(login("nobody", PASSWORD))] {
            let error = pull(&engine, &image, wrong.as_ref()).await.expect_err("not allowed");
            assert!(matches!(error, PullError::Denied { .. }), "{error:?}");
            let advice = format!("log in with `docker login {}`", registry.host);
            assert!(error.to_string().contains(&advice), "{error}");
        }
        pull(&engine, &image, Some(&login("me", PASSWORD))).await.expect("pulled");
        engine.remove_image(&full).await.expect("removed");
        pull(&engine, &image, Some(&login("odd", ODD_PASSWORD))).await.expect("pulled");
    })
    .await;
}

#[tokio::test]
async fn credentials_of_dockers_configuration_open_the_registry() {
    let (engine, registry) = (engine().await, Registry::with_logins());
    let image = registry.offer(&engine, "tiny:1", Some(PASSWORD)).await;
    let full = image.full();
    let home = tempfile::tempdir().expect("a directory");
    // `me:pass`, as `docker login` writes it.
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"bWU6cGFzcw=="}}}}}}"#, registry.host);
    std::fs::write(home.path().join("config.json"), config).expect("a file");
    let directory = home.path().to_string_lossy().into_owned();
    let environment = xtask_engine::docker::Environment::new([("DOCKER_CONFIG", directory)], None);
    with_images(&engine, &[&full], async {
        let found = Credentials::find(image.registry(), &environment).await.expect("read");
        pull(&engine, &image, found.as_ref()).await.expect("pulled");
    })
    .await;
}

#[tokio::test]
async fn what_the_registry_does_not_have_is_told_as_such() {
    let (engine, registry) = (engine().await, Registry::open());
    let error = pull(&engine, &registry.image("nosuch:1"), None).await.expect_err("no such image");
    assert!(matches!(error, PullError::NotFound { .. }), "{error:?}");
    let image = registry.offer(&engine, "tiny:1", None).await;
    let error = pull(&engine, &registry.image("tiny:2"), None).await.expect_err("no such tag");
    assert!(matches!(error, PullError::NotFound { .. }), "{error:?}");
    let full = image.full();
    with_images(&engine, &[&full], async {
        let foreign = engine.pull(&image, Some("linux/riscv64"), None, |_| ()).await;
        // Whether an image that names no platform list is taken for one is the engine's affair.
        if let Err(error) = foreign {
            assert!(matches!(error, PullError::NotFound { .. }), "{error:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_dead_port_is_unreachable() {
    let engine = engine().await;
    // Taken, so that nobody else listens there meanwhile, and not listened at.
    let taken = TcpSocket::new_v4().expect("a socket");
    taken.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let image: ImageReference = format!("127.0.0.1:{port}/tiny:1").parse().expect("a name");
    let error = pull(&engine, &image, None).await.expect_err("nobody there");
    let text = error.to_string();
    assert!(matches!(error, PullError::Unreachable { .. }), "{error:?}");
    let begin = format!(
        "cannot pull {image}: the registry 127.0.0.1:{port} cannot be reached from the container engine"
    );
    assert!(text.starts_with(&begin), "{text}");
}

#[tokio::test]
async fn a_registry_that_limits_pulls_is_told_as_such() {
    let engine = engine().await;
    let json =
        r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
    for body in [json, "Too Many Requests"] {
        let image: ImageReference = format!("{}/tiny:1", stub(429, body)).parse().expect("a name");
        let error = pull(&engine, &image, None).await.expect_err("limited");
        assert!(matches!(error, PullError::TooManyRequests { .. }), "{error:?}");
    }
}

/// A registry that answers every request for a manifest with `status`; its address.
fn stub(status: u16, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            let _ = lines.find(String::is_empty);
            let (status, body) = if request.contains("/manifests/") { (status, body) } else { (200, "{}") };
            let answer = format!(
                "HTTP/1.1 {status} Status\r\nDocker-Distribution-Api-Version: registry/2.0\r\nContent-Type: \
                 application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    address
}

#[tokio::test]
async fn a_certificate_that_the_engine_does_not_know_is_told_and_can_be_made_known() {
    let engine = engine().await;
    let address = bridge_address(&engine).await;
    let files = tempfile::tempdir().expect("a directory");
    let (certificate, key) = self_signed(files.path(), &address);
    let tls = format!(
        "http:\n  addr: \"{address}:0\"\n  tls: {{certificate: {}, key: {}}}\n",
        certificate.display(),
        key.display()
    );
    let registry = Registry::start(files, &address, &tls);
    let image = registry.image("nosuch:1");

    let error = pull(&engine, &image, None).await.expect_err("not trusted");
    let text = error.to_string();
    assert!(matches!(error, PullError::Untrusted { .. }), "{error:?}");
    assert!(text.contains(&format!("/etc/docker/certs.d/{}/ca.crt", registry.host)), "{text}");

    let trusted = Trusted::new(&registry.host, &certificate);
    let error = pull(&engine, &image, None).await.expect_err("an empty registry");
    assert!(matches!(error, PullError::NotFound { .. }), "{error:?}");
    drop(trusted);
}

/// The host's address on the engine's default network: the engine can reach it, and it is not one
/// of those that need no certificate.
async fn bridge_address(engine: &Engine) -> String {
    let bridge =
        engine.docker().inspect_network("bridge", None::<InspectNetworkOptions>).await.expect("a bridge");
    let configs = bridge.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    // Docker takes the first address of the subnet, and names it only if it was asked for.
    let first = |subnet: String| {
        let network: std::net::Ipv4Addr = subnet.split('/').next()?.parse().ok()?;
        Some(std::net::Ipv4Addr::from_bits(network.to_bits() + 1).to_string())
    };
    let address = configs.into_iter().find_map(|config| config.gateway.or(config.subnet.and_then(first)));
    address.expect("the bridge's address")
}

fn self_signed(directory: &Path, address: &str) -> (PathBuf, PathBuf) {
    let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=xtask-test", "-addext", &format!("subjectAltName=IP:{address}")])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    let made =
        made.expect("this test needs the program openssl; install the package of that name with apt-get");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (certificate, key)
}

/// A certificate that the engine trusts for one registry, until dropped.
struct Trusted {
    added: PathBuf,
    had_certs: bool,
}

impl Trusted {
    fn new(host: &str, certificate: &Path) -> Self {
        let certs = Path::new("/etc/docker/certs.d");
        let (added, had_certs) = (certs.join(host), certs.exists());
        let trusted = Self { added, had_certs };
        let put = std::fs::create_dir_all(&trusted.added)
            .and_then(|()| std::fs::copy(certificate, trusted.added.join("ca.crt")));
        put.expect("this test puts a certificate into /etc/docker/certs.d for a moment: run it as root");
        trusted
    }
}

impl Drop for Trusted {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.added);
        if !self.had_certs
            && let Some(certs) = self.added.parent()
        {
            // Only if nobody else put something there meanwhile.
            let _ = std::fs::remove_dir(certs);
        }
    }
}
