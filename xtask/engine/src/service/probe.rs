//! Probing: looking again and again, often at first, until a service is ready.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bollard::models::HealthStatusEnum;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{CONNECTION, HOST, LOCATION};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use url::Url;

use super::{Dialer, Log};
use crate::docker::{Engine, EngineError};
use crate::pipeline::Readiness;

/// The pause between two probes is this part of the time since the first, so that little of the time
/// until a service is ready is waiting for a look; within these limits.
const PAUSE_PART: u32 = 32;
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// What one probe may take: a service that answers later is not ready.
const ANSWER: Duration = Duration::from_secs(3);
/// A command that a probe runs may take longer: it is a process more on a busy machine.
const COMMAND: Duration = Duration::from_secs(10);
/// Redirects that are followed.
const REDIRECTS: u32 = 5;
/// The largest answer that is read.
const LARGEST: usize = 64 * 1024;

/// Whom probes look at.
pub(crate) struct Target {
    pub(crate) engine: Engine,
    pub(crate) container: String,
    pub(crate) service: String,
    pub(crate) address: IpAddr,
    pub(crate) dialer: Dialer,
    pub(crate) ports: Vec<u16>,
    pub(crate) log: Arc<Log>,
}

/// Looks at a service until it is ready, and remembers what it saw last.
pub(crate) struct Probe {
    readiness: Readiness,
    target: Target,
    last: Mutex<String>,
}

/// What one look gave.
enum Look {
    Ready,
    /// Not yet, and why.
    NotYet(String),
    /// It never will be.
    Never(String),
}

impl Probe {
    /// Probes `target` by `readiness`; without one its ports tell.
    pub(crate) fn new(readiness: Option<&Readiness>, target: Target) -> Self {
        let readiness = Readiness::or_default(readiness, &target.ports);
        Self { readiness, target, last: Mutex::new("not looked at yet".into()) }
    }

    /// What tells that it is ready, for people.
    pub(crate) fn describe(&self) -> String {
        self.readiness.describe()
    }

    /// Whether the image's own check tells.
    pub(crate) fn is_healthcheck(&self) -> bool {
        self.readiness == Readiness::Healthcheck
    }

    /// What was seen last.
    pub(crate) fn last(&self) -> String {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// If it never will be, with the reason; or if the engine is gone.
    pub(crate) async fn ready(&self) -> Result<Result<(), String>, EngineError> {
        let begun = Instant::now();
        loop {
            match self.look().await? {
                Look::Ready => return Ok(Ok(())),
                Look::Never(why) => return Ok(Err(why)),
                Look::NotYet(why) => *self.last.lock().unwrap_or_else(PoisonError::into_inner) = why,
            }
            tokio::time::sleep(pause(begun.elapsed())).await;
        }
    }

    async fn look(&self) -> Result<Look, EngineError> {
        let Target { dialer, address, ports, log, .. } = &self.target;
        let look = match &self.readiness {
            Readiness::Running => Look::Ready,
            Readiness::Tcp { port } => self.ports(&[*port]).await,
            Readiness::Ports => self.ports(ports).await,
            Readiness::Http { port, path, field } => {
                in_time(ANSWER, http(dialer, *address, &self.target.service, *port, path, field.as_ref()))
                    .await
                    .into()
            }
            Readiness::LogLine { .. } => {
                log.found().await;
                Look::Ready
            }
            Readiness::Command { args } => match self.ports(ports).await {
                Look::Ready => self.command(args).await?,
                other => other,
            },
            Readiness::Healthcheck => self.health().await?,
        };
        Ok(look)
    }

    async fn ports(&self, ports: &[u16]) -> Look {
        for port in ports {
            let accepts = self.target.dialer.accepts(self.target.address, *port);
            if let Err(why) = in_time(ANSWER, accepts).await {
                return Look::NotYet(why);
            }
        }
        Look::Ready
    }

    async fn command(&self, args: &[String]) -> Result<Look, EngineError> {
        let run = self.target.engine.execute(&self.target.container, args);
        let ran = match tokio::time::timeout(COMMAND, run).await {
            Err(_) => return Ok(Look::NotYet(format!("the command did not end within {COMMAND:?}"))),
            Ok(Err(error @ EngineError::Gone { .. })) => return Err(error),
            // It does not run any more, which whoever waits for its end tells better.
            Ok(Err(error)) => return Ok(Look::NotYet(error.to_string())),
            Ok(Ok(ran)) => ran,
        };
        let said = crate::in_one_line(&ran.output);
        Ok(match ran.code {
            0 => Look::Ready,
            126 | 127 => Look::Never(format!("its probe cannot be run there: {said}")),
            code if said.is_empty() => Look::NotYet(format!("exit code {code}")),
            code => Look::NotYet(format!("exit code {code}: {said}")),
        })
    }

    async fn health(&self) -> Result<Look, EngineError> {
        let container = self.target.engine.look_at(&self.target.container).await?;
        let Some(health) = container.and_then(|container| container.state?.health) else {
            return Ok(Look::Never("the image has no HEALTHCHECK".into()));
        };
        let last = health.log.unwrap_or_default().pop();
        let said =
            last.and_then(|last| last.output).map(|text| crate::in_one_line(&text)).unwrap_or_default();
        Ok(match health.status {
            Some(HealthStatusEnum::HEALTHY) => Look::Ready,
            Some(HealthStatusEnum::UNHEALTHY) => Look::Never(said),
            Some(HealthStatusEnum::NONE) => Look::Never("the image has no HEALTHCHECK".into()),
            _ => Look::NotYet(format!("starting {said}").trim().to_owned()),
        })
    }
}

/// The pause before the next probe, so long after the first.
fn pause(elapsed: Duration) -> Duration {
    (elapsed / PAUSE_PART).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

impl From<Result<(), String>> for Look {
    fn from(result: Result<(), String>) -> Self {
        match result {
            Ok(()) => Self::Ready,
            Err(why) => Self::NotYet(why),
        }
    }
}

async fn in_time(limit: Duration, look: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    tokio::time::timeout(limit, look)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs())))
}

/// One look at a page, after its redirects to the same service.
async fn http(
    dialer: &Dialer,
    address: IpAddr,
    service: &str,
    port: u16,
    path: &str,
    field: Option<&(String, String)>,
) -> Result<(), String> {
    let mut url = Url::parse(&format!("http://{service}:{port}{path}")).map_err(|error| error.to_string())?;
    for _ in 0..=REDIRECTS {
        let (status, location, body) = get(dialer, address, &url).await?;
        if status.is_success() {
            return field.map_or(Ok(()), |(name, value)| has_field(&body, name, value));
        }
        let next = location.filter(|_| status.is_redirection()).and_then(|to| url.join(&to).ok());
        match next {
            Some(next) if next.scheme() == "http" && is_same(&next, service, address) => url = next,
            Some(next) => return Err(format!("it answered {status} and sends elsewhere, to {next}")),
            None => return Err(answered(status, &body)),
        }
    }
    Err("it redirects without end".into())
}

fn is_same(url: &Url, service: &str, address: IpAddr) -> bool {
    url.host_str().is_some_and(|host| {
        host == service || host == "localhost" || host.trim_matches(['[', ']']) == address.to_string()
    })
}

fn answered(status: StatusCode, body: &[u8]) -> String {
    match crate::in_one_line(&String::from_utf8_lossy(body)) {
        said if said.is_empty() => format!("it answered {status}"),
        said => format!("it answered {status}: {said}"),
    }
}

async fn get(
    dialer: &Dialer,
    address: IpAddr,
    url: &Url,
) -> Result<(StatusCode, Option<String>, Bytes), String> {
    let port = url.port().unwrap_or(80);
    let stream = dialer.connect(address, port).await?;
    let broken = |error: &dyn std::fmt::Display| format!("port {port} speaks no HTTP: {error}");
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let connection = tokio::spawn(connection);
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = format!("{}:{port}", url.host_str().unwrap_or_default());
    let request =
        Request::get(path).header(HOST, host).header(CONNECTION, "close").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| broken(&error))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let status = response.status();
        let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        Ok((status, location, body.map(|body| body.to_bytes()).unwrap_or_default()))
    };
    let answer = answer.await;
    connection.abort();
    answer
}

fn has_field(body: &[u8], name: &str, wanted: &str) -> Result<(), String> {
    let json: serde_json::Value =
        serde_json::from_slice(body).map_err(|error| format!("its answer is no JSON: {error}"))?;
    let value = match json.get(name) {
        None => return Err(format!("its answer has no field {name}")),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if value == wanted { Ok(()) } else { Err(format!("its {name} is {value}, not {wanted}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_rarer_the_longer_it_takes() {
        let milliseconds = |elapsed| pause(Duration::from_millis(elapsed)).as_millis();
        assert_eq!([0, 640, 3200, 60_000].map(milliseconds), [20, 20, 100, 250]);
    }

    #[test]
    fn a_field_counts_by_its_value() {
        let body = br#"{"status": "disrupted", "code": 1}"#;
        assert_eq!(has_field(body, "code", "1"), Ok(()));
        assert_eq!(
            has_field(body, "status", "operational").unwrap_err(),
            "its status is disrupted, not operational"
        );
        assert_eq!(has_field(body, "x", "1").unwrap_err(), "its answer has no field x");
        assert!(has_field(b"<html>", "x", "1").unwrap_err().starts_with("its answer is no JSON"));
    }

    /// Answers each connection with the next of these texts.
    async fn server(answers: Vec<&'static str>) -> u16 {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        port
    }

    async fn look(answers: Vec<&'static str>) -> Result<(), String> {
        let port = server(answers).await;
        http(&Dialer::Direct, "127.0.0.1".parse().unwrap(), "kratos", port, "/health/ready", None).await
    }

    #[tokio::test]
    async fn redirects_to_itself_are_followed_and_others_are_told() {
        const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        const MOVED: &str = "HTTP/1.1 307 T\r\nlocation: /admin/health/ready\r\ncontent-length: 0\r\n\r\n";
        const ELSEWHERE: &str =
            "HTTP/1.1 302 F\r\nlocation: http://elsewhere/login\r\ncontent-length: 0\r\n\r\n";
        const DOWN: &str = "HTTP/1.1 503 S\r\ncontent-length: 8\r\n\r\nno base\n";
        assert_eq!(look(vec![MOVED, OK]).await, Ok(()));
        assert_eq!(
            look(vec![MOVED, DOWN]).await.unwrap_err(),
            "it answered 503 Service Unavailable: no base"
        );
        assert!(
            look(vec![ELSEWHERE]).await.unwrap_err().ends_with("sends elsewhere, to http://elsewhere/login")
        );
        assert!(look(vec![MOVED; 6]).await.unwrap_err().contains("without end"));
        assert!(look(vec!["SSH-2.0\r\n"]).await.unwrap_err().contains("speaks no HTTP"));
    }
}
