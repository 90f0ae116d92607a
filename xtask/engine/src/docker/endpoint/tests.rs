//! Addresses as people and Docker write them.

use super::*;

fn reason(text: &str) -> String {
    text.parse::<Endpoint>()
        .map_or_else(|error| error.to_string(), |endpoint| format!("parsed as {endpoint:?}"))
}

#[test]
fn the_urls_that_docker_takes_come_back_as_they_were() {
    for text in [
        "unix:///var/run/docker.sock",
        "tcp://10.0.0.1:2375",
        "tcp://[::1]:4243",
        "https://engine.example:2376",
        "ssh://me@build:2222",
        "ssh://build",
        "ssh://me@build/run/user/1000/docker.sock",
        "npipe:////./pipe/docker_engine",
    ] {
        assert_eq!(text.parse::<Endpoint>().map(|endpoint| endpoint.to_string()), Ok(text.to_owned()));
    }
}

#[test]
fn ports_that_are_not_named_are_dockers() {
    assert_eq!("tcp://build".parse(), Ok(Endpoint::Tcp { host: "build".into(), port: 2375 }));
    assert_eq!("http://build/".parse(), Ok(Endpoint::Tcp { host: "build".into(), port: 2375 }));
    let tls = Endpoint::Tls { host: "build".into(), port: 2376, certificates: None, verify: true };
    assert_eq!("https://build".parse(), Ok(tls));
}

#[test]
fn a_plain_endpoint_turns_into_tls_on_its_port() {
    let certificates = Some(PathBuf::from("/certs"));
    let plain = Endpoint::Tcp { host: "build".into(), port: 2375 };
    assert_eq!(plain.clone().with_tls(certificates.clone(), true, false).to_string(), "https://build:2376");
    assert_eq!(plain.with_tls(certificates, true, true).to_string(), "https://build:2375");
}

#[test]
fn bad_addresses_are_told_with_the_reason() {
    assert_eq!(
        reason("docker.sock"),
        "`docker.sock` is not the address of a container engine: it has no scheme; write it as \
         unix:///path/of/socket, tcp://host:port or ssh://user@host"
    );
    for (text, part) in [
        ("unix://docker.sock", "the path of the socket must be absolute"),
        ("tcp://", "it names no host"),
        ("tcp://host:99999", "invalid port number"),
        ("tcp://host:2375/api", "only a host and a port belong into it"),
        ("ftp://host", "`ftp` is no way to reach one"),
        ("ssh://me:secret@host", "it holds a password"),
        ("ssh://-oProxyCommand=evil", "begin with a dash"),
        ("npipe://x", "npipe:////./pipe/NAME"),
    ] {
        assert!(reason(text).contains(part), "{text}: {}", reason(text));
    }
}
