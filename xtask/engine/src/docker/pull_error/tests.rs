//! What engines and registries say, and what it means.

use super::*;

#[test]
fn a_registry_that_can_not_be_reached_is_told_from_its_refusals() {
    for said in [
        r#"Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host"#,
        r#"Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"#,
        r#"Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused"#,
        r#"Get "https://registry-1.docker.io/v2/": net/http: TLS handshake timeout"#,
        r#"Get "https://registry-1.docker.io/v2/": context deadline exceeded"#,
        r#"Get "https://registry-1.docker.io/v2/": proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: no route to host"#,
        r#"Get "https://registry-1.docker.io/v2/": Proxy Authentication Required"#,
        r#"Get "https://registry-1.docker.io/v2/": Forbidden"#,
        r#"Get "https://registry-1.docker.io/v2/": EOF"#,
        r#"failed to resolve reference "docker.io/library/node:20": failed to do request: Head "https://registry-1.docker.io/v2/library/node/manifests/20": dial tcp: lookup registry-1.docker.io: Temporary failure in name resolution"#,
        "received unexpected HTTP status: 503 Service Unavailable",
    ] {
        assert_eq!(meaning(500, said), Meaning::Unreachable, "{said}");
    }
}

#[test]
fn a_certificate_is_something_to_mend() {
    for said in [
        r#"Get "https://registry-1.docker.io/v2/": x509: certificate signed by unknown authority"#,
        r#"Get "https://r.example/v2/": tls: failed to verify certificate: x509: certificate is valid for a, not r.example"#,
        r#"Get "https://r.example/v2/": http: server gave HTTP response to HTTPS client"#,
        r#"Get "https://r.example/v2/": remote error: tls: handshake failure"#,
    ] {
        assert_eq!(meaning(500, said), Meaning::Untrusted, "{said}");
    }
}

#[test]
fn refusals_are_told_apart() {
    for (status, said, expected) in [
        (
            404,
            "pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
            Meaning::Denied,
        ),
        (
            500,
            r#"Head "https://r.example/v2/a/manifests/latest": no basic auth credentials"#,
            Meaning::Denied,
        ),
        (500, "unauthorized: authentication required", Meaning::Denied),
        (
            500,
            r#"failed to resolve reference "r.example/a:1": unexpected status from HEAD request to https://r.example/v2/a/manifests/1: 403 Forbidden"#,
            Meaning::Denied,
        ),
        (404, "manifest for node:nosuch not found: manifest unknown: manifest unknown", Meaning::NotFound),
        (404, "manifest for r.example/denied:1 not found", Meaning::NotFound),
        (404, "no matching manifest for linux/riscv64 in the manifest list entries", Meaning::NotFound),
        (
            500,
            r#"failed to resolve reference "docker.io/library/node:nosuch": docker.io/library/node:nosuch: not found"#,
            Meaning::NotFound,
        ),
        (
            500,
            "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating",
            Meaning::TooManyRequests,
        ),
        (500, "error parsing HTTP 429 response body: invalid character 'T'", Meaning::TooManyRequests),
        (500, "write /var/lib/docker/tmp/x: no space left on device", Meaning::Other),
    ] {
        assert_eq!(meaning(status, said), expected, "{said}");
    }
}

#[test]
fn the_names_in_a_message_decide_nothing() {
    let said = "manifest for timeout:denied not found: manifest unknown: manifest unknown";
    assert_eq!(meaning(404, said), Meaning::NotFound);
    let said = "pull access denied for timeout, repository does not exist or may require 'docker login'";
    assert_eq!(meaning(404, said), Meaning::Denied);
    let said = r#"Get "https://forbidden.example/v2/toomanyrequests": unauthorized: authentication required"#;
    assert_eq!(meaning(500, said), Meaning::Denied);
}
