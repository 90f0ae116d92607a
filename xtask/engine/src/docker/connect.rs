//! Opening a byte stream to an engine, whichever way it is reached.

use std::io;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::endpoint::{Endpoint, authority};
use super::process::ProcessStream;

/// A byte stream in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Any byte stream to an engine.
pub type BoxStream = Box<dyn Stream>;

/// A gRPC server can run over it: BuildKit's session calls us back on the stream that we opened.
impl tonic::transport::server::Connected for BoxStream {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl Endpoint {
    /// Opens a stream to the engine. TLS and ssh go through Docker's and ssh's own programs, as
    /// Docker's client does for ssh (`cli/connhelper`): no TLS stack has to be compiled for them.
    ///
    /// # Errors
    /// The operating system's, with its kind (`NotFound`: no such socket or program,
    /// `PermissionDenied`, `ConnectionRefused`). What ssh says about a failure arrives with the
    /// first read.
    pub async fn open(&self) -> io::Result<BoxStream> {
        match self {
            Self::Unix(path) => open_unix(path).await,
            Self::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                // Requests are small and answered one by one.
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Self::Tls { host, port, certificates, verify } => {
                let command = tls_command(host, *port, certificates.as_deref(), *verify);
                spawn(command, "a TLS connection to an engine needs Docker's command line client (`docker`)")
            }
            Self::Ssh { user, host, port, socket } => {
                let command = ssh_command(user.as_deref(), host, *port, socket.as_deref());
                spawn(command, "an engine behind ssh:// needs the program `ssh`")
            }
            Self::Npipe(path) => open_pipe(path).await,
        }
    }
}

fn spawn(command: Command, needed: &str) -> io::Result<BoxStream> {
    match ProcessStream::spawn(command) {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("{needed}, which is not installed")))
        }
        Err(error) => Err(error),
    }
}

/// Docker's client as a TLS connection.
fn tls_command(host: &str, port: u16, certificates: Option<&Path>, verify: bool) -> Command {
    let mut command = Command::new("docker");
    command.args(["system", "dial-stdio"]);
    command.env("DOCKER_HOST", format!("tcp://{}", authority(host, port)));
    command.env_remove("DOCKER_CONTEXT").env_remove("DOCKER_TLS").env_remove("DOCKER_TLS_VERIFY");
    command.env(if verify { "DOCKER_TLS_VERIFY" } else { "DOCKER_TLS" }, "1");
    if let Some(directory) = certificates {
        command.env("DOCKER_CERT_PATH", directory);
    }
    command
}

/// The arguments are those of Docker's own client (`cli/connhelper/ssh`).
fn ssh_command(user: Option<&str>, host: &str, port: Option<u16>, socket: Option<&str>) -> Command {
    let mut command = Command::new("ssh");
    command.args(["-o", "ConnectTimeout=30", "-T"]);
    if let Some(user) = user {
        command.args(["-l", user]);
    }
    if let Some(port) = port {
        command.args(["-p", &port.to_string()]);
    }
    command.args(["--", host, "docker"]);
    if let Some(socket) = socket {
        // ssh hands the words to a shell there.
        command.args(["--host", &format!("'unix://{}'", socket.replace('\'', r"'\''"))]);
    }
    command.args(["system", "dial-stdio"]);
    command
}

#[cfg(unix)]
async fn open_unix(path: &Path) -> io::Result<BoxStream> {
    Ok(Box::new(tokio::net::UnixStream::connect(path).await?))
}

#[cfg(not(unix))]
async fn open_unix(_: &Path) -> io::Result<BoxStream> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets"))
}

#[cfg(windows)]
async fn open_pipe(path: &str) -> io::Result<BoxStream> {
    use tokio::net::windows::named_pipe::ClientOptions;

    /// `ERROR_PIPE_BUSY`: every instance is taken; the server makes a new one right away.
    const BUSY: i32 = 231;
    let path = path.replace('/', "\\");
    loop {
        match ClientOptions::new().open(&path) {
            Ok(pipe) => return Ok(Box::new(pipe)),
            Err(error) if error.raw_os_error() == Some(BUSY) => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(not(windows))]
async fn open_pipe(_: &str) -> io::Result<BoxStream> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "named pipes exist on Windows only"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &Command) -> Vec<String> {
        command.as_std().get_args().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn ssh_is_called_as_dockers_client_calls_it() {
        let command = ssh_command(Some("me"), "build", Some(2222), None);
        let expected = "-o ConnectTimeout=30 -T -l me -p 2222 -- build docker system dial-stdio";
        assert_eq!(words(&command).join(" "), expected);
        let command = ssh_command(None, "build", None, Some("/run/it's.sock"));
        let expected =
            r"-o ConnectTimeout=30 -T -- build docker --host 'unix:///run/it'\''s.sock' system dial-stdio";
        assert_eq!(words(&command).join(" "), expected);
    }

    #[test]
    fn tls_goes_through_dockers_client_with_the_endpoints_certificates_only() {
        let command = tls_command("::1", 2376, Some(Path::new("/certs")), true);
        assert_eq!(words(&command), ["system", "dial-stdio"]);
        let variables: Vec<_> = command
            .as_std()
            .get_envs()
            .map(|(name, value)| {
                format!("{}={:?}", name.to_string_lossy(), value.map(|value| value.to_string_lossy()))
            })
            .collect();
        assert_eq!(
            variables,
            [
                r#"DOCKER_CERT_PATH=Some("/certs")"#,
                "DOCKER_CONTEXT=None",
                r#"DOCKER_HOST=Some("tcp://[::1]:2376")"#,
                "DOCKER_TLS=None",
                r#"DOCKER_TLS_VERIFY=Some("1")"#,
            ]
        );
    }

    #[tokio::test]
    async fn a_socket_that_is_not_there_is_told_as_such() {
        let directory = tempfile::tempdir().expect("a directory");
        let missing = Endpoint::unix(directory.path().join("docker.sock"));
        assert_eq!(
            missing.open().await.map(|_| ()).expect_err("nothing there").kind(),
            io::ErrorKind::NotFound
        );
    }
}
