//! `DATABASE_URL`: what the backend calls its database, and what the database's container is made
//! from.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{ParseError, Url};
use xtask_engine::Error;

/// The variable.
pub const DATABASE_URL: &str = "DATABASE_URL";
/// Where PostgreSQL listens if nobody says anything else.
pub const DEFAULT_PORT: u16 = 5432;

const SHAPE: &str = "postgresql://USER:PASSWORD@localhost:5432/DATABASE?schema=public";
const ENCODE: &str = ", and / # ? @ : % in a name or password as %2F %23 %3F %40 %3A %25";
/// All that could mean something else in a part of a URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address of a PostgreSQL database, with user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    url: Url,
    user: String,
    password: String,
    database: String,
}

impl DatabaseUrl {
    /// Reads the value of `DATABASE_URL`, if there is one, in `file`, which errors name.
    ///
    /// # Errors
    /// [`Error::Usage`] if it is missing, no URL of PostgreSQL, or lacks one of user, password and
    /// database. No text shows anything of it but its scheme.
    pub fn parse(value: Option<&str>, file: &str) -> Result<Self, Error> {
        let Some(value) = value else {
            let text = format!("{file} has no {DATABASE_URL}; add the line {DATABASE_URL}=\"{SHAPE}\"");
            return Err(Error::Usage(text));
        };
        Self::read(value).map_err(|what| {
            Error::Usage(format!("{DATABASE_URL} in {file} {what}; write it as \"{SHAPE}\"{ENCODE}"))
        })
    }

    fn read(value: &str) -> Result<Self, String> {
        if value.is_empty() {
            return Err("is empty".into());
        }
        let url = Url::parse(value).map_err(|error| match error {
            ParseError::RelativeUrlWithoutBase => "is not a URL".into(),
            error => format!("is not a URL ({error})"),
        })?;
        if url.has_authority() && !matches!(url.scheme(), "postgresql" | "postgres") {
            return Err(format!("is a URL of {}, not of PostgreSQL", url.scheme()));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err("has no host".into());
        }
        let part = |what: &str, text: &str| match percent_decode_str(text).decode_utf8() {
            Ok(text) if text.is_empty() => Err(format!("has no {what}")),
            Ok(text) if text.contains('\0') => Err(format!("has a NUL character in its {what}")),
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(format!("has a {what} that is not UTF-8 once it is percent-decoded")),
        };
        let user = part("user", url.username())?;
        let password = part("password", url.password().unwrap_or_default())?;
        let database = part("database", url.path().trim_start_matches('/'))?;
        Ok(Self { user, password, database, url })
    }

    /// The user, percent-decoded.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password, percent-decoded.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The database's name, percent-decoded.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The port, [`DEFAULT_PORT`] if the URL names none.
    pub fn port(&self) -> u16 {
        self.url.port().unwrap_or(DEFAULT_PORT)
    }

    /// The same database to a client for which it has another address: a container on the network.
    ///
    /// # Panics
    /// If `host` is no name or address of a host; an IPv6 address is in brackets.
    #[must_use]
    pub fn with_host(&self, host: &str, port: u16) -> Self {
        let mut other = self.clone();
        other.url.set_host(Some(host)).expect("a host");
        other.url.set_port(Some(port)).expect("a URL with a host may have a port");
        other
    }

    /// Another database of the same server, for another user. Parameters, such as Prisma's `schema`,
    /// are not those of another client: there are none.
    #[must_use]
    pub fn for_database(&self, database: &str, user: &str, password: &str) -> Self {
        let mut url = self.url.clone();
        let encoded = |text| utf8_percent_encode(text, ENCODED).to_string();
        url.set_path(&encoded(database));
        url.set_username(&encoded(user)).expect("a URL with a host may have a user");
        url.set_password(Some(&encoded(password))).expect("a URL with a host may have a password");
        url.set_query(None);
        url.set_fragment(None);
        Self { url, user: user.into(), password: password.into(), database: database.into() }
    }

    /// With one more parameter: `sslmode=disable`.
    #[must_use]
    pub fn with_parameter(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.url.query_pairs_mut().append_pair(name, value);
        other
    }

    /// The URL as a client takes it, with the password: not for output.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }
}

/// Without the password.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, database, .. } = self;
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "DatabaseUrl({user}:***@{host}:{}/{database})", self.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(value: &str) -> DatabaseUrl {
        DatabaseUrl::parse(Some(value), "web/crux/.env").unwrap()
    }

    /// Who connects to what, and where.
    fn parts(url: &DatabaseUrl) -> (&str, &str, &str, u16, &str) {
        (url.user(), url.password(), url.url.host_str().unwrap(), url.port(), url.database())
    }

    #[test]
    fn the_parts_are_decoded_and_have_defaults() {
        let of_example = url("postgresql://username:password@localhost:5432/crux?schema=public");
        assert_eq!(parts(&of_example), ("username", "password", "localhost", 5432, "crux"));
        let encoded = url("postgres://a%40b:p%23%2F%25%20s@[::1]/my%2Fdb");
        assert_eq!(parts(&encoded), ("a@b", "p#/% s", "[::1]", 5432, "my/db"));
        let characters = url("postgresql://us$er:p@ss:w$rd!é@db.example:6543/crux");
        assert_eq!(parts(&characters), ("us$er", "p@ss:w$rd!é", "db.example", 6543, "crux"));
    }

    #[test]
    fn another_host_changes_nothing_else() {
        let given = url("postgresql://user:p%40s%25s@[::1]:6000/crux?schema=public&connection_limit=5");
        let moved = given.with_host("database", 5432);
        assert_eq!(
            moved.as_str(),
            "postgresql://user:p%40s%25s@database:5432/crux?schema=public&connection_limit=5"
        );
        assert_eq!(parts(&moved), ("user", "p@s%s", "database", 5432, "crux"));
        let moved = url("postgres://u:p@localhost/crux").with_host("[::1]", 1);
        assert_eq!(moved.as_str(), "postgres://u:p@[::1]:1/crux");
    }

    #[test]
    fn another_database_of_the_server_reads_back_whatever_its_names_are() {
        let given = url("postgresql://user:password@localhost/crux?schema=public#x");
        let kratos = given.for_database("kratos", "kratos", "secret").with_host("database", 5432);
        let kratos = kratos.with_parameter("sslmode", "disable").with_parameter("max_conns", "20");
        assert_eq!(
            kratos.as_str(),
            "postgresql://kratos:secret@database:5432/kratos?sslmode=disable&max_conns=20"
        );
        let odd = given.for_database("a/b?c#d", "u@:/", "%41 ?#[é]\\").with_host("[::1]", 5432);
        assert_eq!(parts(&url(odd.as_str())), ("u@:/", "%41 ?#[é]\\", "[::1]", 5432, "a/b?c#d"));
    }

    #[test]
    fn what_is_wrong_with_it() {
        let bad = [
            None,
            Some(""),
            Some("hunter2"),
            Some("hunter2:crux"),
            Some("postgresql:hunter2"),
            Some("mysql://user:hunter2@localhost/crux"),
            Some("postgresql://user:hun/ter2@localhost:5432/crux"),
            Some("postgresql://user:hunter2"),
            Some("postgresql://user:hunter2@/crux"),
            Some("postgresql:///crux"),
            Some("postgresql://localhost:5432/crux"),
            Some("postgresql://:hunter2@localhost:5432/crux"),
            Some("postgresql://user@localhost:5432/crux"),
            Some("postgresql://user:@localhost:5432/crux"),
            Some("postgresql://user:hunter2@localhost:5432"),
            Some("postgresql://user:hunter2@localhost:5432/?schema=public"),
            Some("postgresql://user:hunter2%ff@localhost:5432/crux"),
            Some("postgresql://user:hunter2%00@localhost:5432/crux"),
        ];
        let texts = bad.map(|value| {
            let error = DatabaseUrl::parse(value, "web/crux/.env").unwrap_err();
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        });
        assert!(!texts.iter().any(|text| text.contains("hun")), "{texts:?}");
        insta::assert_snapshot!(texts.join("\n"));
    }

    #[test]
    fn the_password_is_not_shown_for_debugging() {
        let shown = format!("{:?}", url("postgresql://user:hunter2@[::1]/crux?password=hunter2"));
        assert_eq!(shown, "DatabaseUrl(user:***@[::1]:5432/crux)");
    }
}
