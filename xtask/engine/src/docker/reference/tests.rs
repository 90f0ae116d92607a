//! Names of images as people and Docker write them.

use super::*;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Short and full form, or the reason.
fn forms(text: &str) -> String {
    match text.parse::<ImageReference>() {
        Ok(reference) => format!("{reference} = {reference:#}"),
        Err(error) => error.reason.to_owned(),
    }
}

#[test]
fn names_are_completed_as_docker_completes_them() {
    for (text, short, full) in [
        ("node", "node:latest", "docker.io/library/node:latest"),
        ("node:20-alpine", "node:20-alpine", "docker.io/library/node:20-alpine"),
        ("oryd/kratos:v1.2", "oryd/kratos:v1.2", "docker.io/oryd/kratos:v1.2"),
        ("docker.io/node", "node:latest", "docker.io/library/node:latest"),
        ("index.docker.io/library/node", "node:latest", "docker.io/library/node:latest"),
        ("library/a/b", "library/a/b:latest", "docker.io/library/a/b:latest"),
        ("docker.io/localhost/a", "docker.io/localhost/a:latest", "docker.io/localhost/a:latest"),
        ("localhost/a", "localhost/a:latest", "localhost/a:latest"),
        ("localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest"),
        ("ghcr.io/o/r:1.0_b-2", "ghcr.io/o/r:1.0_b-2", "ghcr.io/o/r:1.0_b-2"),
        ("[::1]:5000/a/b", "[::1]:5000/a/b:latest", "[::1]:5000/a/b:latest"),
        ("HOST/a", "HOST/a:latest", "HOST/a:latest"),
        ("a__b--c.d", "a__b--c.d:latest", "docker.io/library/a__b--c.d:latest"),
    ] {
        assert_eq!(forms(text), format!("{short} = {full}"), "{text}");
    }
}

#[test]
fn a_digest_needs_no_tag() {
    assert_eq!(forms(&format!("node@{DIGEST}")), format!("node@{DIGEST} = docker.io/library/node@{DIGEST}"));
    let both: ImageReference = format!("r.example:5000/a:1@{DIGEST}").parse().expect("valid");
    assert_eq!((both.registry(), both.repository()), ("r.example:5000", "a"));
    assert_eq!((both.tag(), both.digest()), (Some("1"), Some(DIGEST)));
    assert_eq!(both.full().parse(), Ok(both));
}

#[test]
fn bad_names_are_told_with_the_reason() {
    for (text, reason) in [
        ("", "it is empty"),
        ("Node", "lower case"),
        ("node:", "a tag consists of"),
        ("node:-1", "a tag consists of"),
        ("node:1:2", "a tag consists of"),
        ("a//b", "a repository consists of"),
        ("/a", "a repository consists of"),
        ("a___b", "a repository consists of"),
        ("a..b", "a repository consists of"),
        ("-a", "a repository consists of"),
        ("a b", "a repository consists of"),
        ("https://a/b", "its registry is not a host"),
        ("host:port/a", "its registry is not a host"),
        ("-host.example/a", "its registry is not a host"),
        ("node@sha256:abc", "its digest"),
        ("node@md5:0123456789abcdef0123456789abcdef", "its digest"),
        (&DIGEST[7..], "an image's id"),
        (&"a/".repeat(130), "a repository consists of"),
        (&format!("{}a", "a/".repeat(130)), "longer than 255"),
    ] {
        assert!(forms(text).contains(reason), "{text}: {}", forms(text));
    }
    assert_eq!(
        "Node".parse::<ImageReference>().map_err(|error| error.to_string()),
        Err("`Node` is not the name of an image: a repository is written in lower case; write it as \
             node:20-alpine or registry.example:5000/team/image:tag"
            .into())
    );
}
