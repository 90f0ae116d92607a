//! Logins from `config.json` and from real helper programs in a directory of the test.

use super::*;

struct Home(tempfile::TempDir);

impl Home {
    fn new(config: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(home.path().join(".docker")).expect("a directory");
        std::fs::write(home.path().join(".docker/config.json"), config).expect("a file");
        Self(home)
    }

    /// A credential helper that is a shell script.
    #[cfg(unix)]
    fn helper(self, name: &str, script: &str) -> Self {
        let path = self.0.path().join(format!("docker-credential-{name}"));
        let text = self.0.path().join("script");
        std::fs::write(&text, format!("#!/bin/sh\n{script}\n")).expect("a script");
        // Another process writes the program: a file that we have open for writing, even in a
        // child that another test is just starting, can't be executed.
        let install = std::process::Command::new("install").args(["-m", "700"]).arg(text).arg(path).status();
        assert!(install.expect("install runs").success());
        self
    }

    /// `user:secret:token` for a registry, `nothing`, or the error.
    async fn find(&self, registry: &str) -> String {
        let path = format!("{}:/usr/bin:/bin", self.0.path().display());
        let environment = Environment::new([("PATH", path)], Some(self.0.path().into()));
        match Credentials::find(registry, &environment).await {
            Ok(Some(Credentials { username, secret, identity_token })) => {
                format!("{username}:{secret}:{}", identity_token.unwrap_or_default())
            }
            Ok(None) => "nothing".into(),
            Err(error) => error.to_string().replace(&*self.0.path().to_string_lossy(), "HOME"),
        }
    }
}

#[tokio::test]
async fn a_login_in_the_file_is_decoded() {
    // me:pass:word, as `docker login` writes it
    let home = Home::new(r#"{"auths":{"localhost:5000":{"auth":"bWU6cGFzczp3b3Jk"}}}"#);
    assert_eq!(home.find("localhost:5000").await, "me:pass:word:");
    assert_eq!(home.find("localhost:5001").await, "nothing");
    assert_eq!(home.find("docker.io").await, "nothing");
}

#[tokio::test]
async fn docker_hub_is_found_under_its_odd_key_by_all_its_names() {
    let home = Home::new(r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6cGFzcw=="}}}"#);
    for name in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
        assert_eq!(home.find(name).await, "me:pass:");
    }
    let home = Home::new(r#"{"auths":{"docker.io":{"auth":"bWU6cGFzcw=="}}}"#);
    assert_eq!(home.find("docker.io").await, "me:pass:");
}

#[tokio::test]
async fn tokens_urls_and_plain_fields_are_understood() {
    let home = Home::new(
        r#"{"auths":{
            "token.example":{"auth":"MDAwMDAwMDA6","identitytoken":"eyJ0"},
            "https://old.example/v2/":{"auth":"bWU6cGFzcw=="},
            "plain.example":{"username":"me","password":"pass"},
            "mark.example":{}
        }}"#,
    );
    assert_eq!(home.find("token.example").await, "00000000::eyJ0");
    assert_eq!(home.find("old.example").await, "me:pass:");
    assert_eq!(home.find("plain.example").await, "me:pass:");
    assert_eq!(home.find("mark.example").await, "nothing");
}

#[tokio::test]
async fn a_missing_file_is_no_login_and_a_damaged_one_an_error() {
    let nowhere = Environment::new([("HOME", "")], None);
    assert_eq!(Credentials::find("docker.io", &nowhere).await.expect("no error"), None);
    let home = Home::new("{");
    assert!(home.find("docker.io").await.starts_with("cannot read HOME/.docker/config.json: "));
    let home = Home::new(r#"{"auths":{"r.example":{"auth":"%%%"}}}"#);
    assert_eq!(
        home.find("r.example").await,
        "the login for r.example in HOME/.docker/config.json is damaged: `auth` is not base64; log in again with \
         `docker login r.example`"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_helper_is_asked_on_its_stdin() {
    let store =
        r#"read server || true; echo "{\"ServerURL\":\"x\",\"Username\":\"$1\",\"Secret\":\"$server\"}""#;
    let token = r#"cat >/dev/null; echo '{"Username":"<token>","Secret":"eyJ0"}'"#;
    let home = Home::new(
        r#"{"credsStore":"store","credHelpers":{"gcr.example":"token","file.example":""},
        "auths":{"file.example":{"auth":"bWU6cGFzcw=="}}}"#,
    );
    let home = home.helper("store", store).helper("token", token);
    assert_eq!(home.find("docker.io").await, "get:https://index.docker.io/v1/:");
    assert_eq!(home.find("r.example:5000").await, "get:r.example:5000:");
    assert_eq!(home.find("gcr.example").await, "::eyJ0");
    assert_eq!(home.find("file.example").await, "me:pass:");
}

#[cfg(unix)]
#[tokio::test]
async fn a_helper_without_a_login_is_nothing_and_one_that_fails_an_error() {
    let home = Home::new(
        r#"{"credsStore":"empty","credHelpers":{"a.example":"locked","b.example":"missing","c.example":"../evil"}}"#,
    );
    let home = home.helper("empty", "echo 'credentials not found in native keychain'; exit 1");
    let home = home.helper("locked", "echo 'the keychain is locked'; exit 1");
    assert_eq!(home.find("docker.io").await, "nothing");
    assert_eq!(
        home.find("a.example").await,
        "`docker-credential-locked`, which HOME/.docker/config.json names for a.example, gave no credentials: the \
         keychain is locked; install or unlock it, or take it out of that file and log in again with `docker login \
         a.example`"
    );
    assert!(home.find("b.example").await.contains("it is not installed"));
    assert!(home.find("c.example").await.contains("not the name of a program"));
}

#[test]
fn nothing_secret_is_in_the_debug_output() {
    let credentials =
        Credentials { username: "me".into(), secret: "hunter2".into(), identity_token: Some("eyJ0".into()) };
    assert_eq!(format!("{credentials:?}"), r#"Credentials { username: "me", .. }"#);
}

#[test]
fn the_header_is_in_the_alphabet_that_the_engine_reads() {
    let credentials = Credentials { username: "me".into(), secret: "??>>~~ÿ".into(), identity_token: None };
    let header = credentials.header("docker.io");
    assert!(!header.contains(['+', '/']), "{header}");
    let json = URL_SAFE.decode(header).expect("base64");
    assert_eq!(
        String::from_utf8(json).expect("text"),
        r#"{"username":"me","password":"??>>~~ÿ","serveraddress":"https://index.docker.io/v1/"}"#
    );
}
