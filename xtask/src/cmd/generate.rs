//! `cargo xtask generate`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use clap::ValueEnum;
use xtask_engine::Error;
use xtask_engine::dotenv::Dotenv;

use crate::context::Context;
use crate::env_file;
use crate::terminal;

/// New secrets for the backend: an encryption key, a JWT secret
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask generate --into web/crux/.env    what it lacks of both; what it has stays
  cargo xtask generate                         both, as lines of a .env file
  cargo xtask generate encryption-key          one of them, its value only")]
pub struct Args {
    /// Add those that this .env file lacks
    #[arg(long, value_name = "FILE")]
    pub into: Option<PathBuf>,
    /// The secret
    what: Option<What>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// ENCRYPTION_SECRET_KEY: 32 bytes, in base64 without padding
    EncryptionKey,
    /// JWT_SECRET
    JwtSecret,
}

impl What {
    fn variable(self) -> &'static str {
        match self {
            Self::EncryptionKey => "ENCRYPTION_SECRET_KEY",
            Self::JwtSecret => "JWT_SECRET",
        }
    }
}

/// Runs it.
///
/// # Errors
/// If the system gives no random bytes; if the file cannot be read or written.
pub async fn run(Args { into, what }: Args, context: &Context) -> anyhow::Result<()> {
    let all = what.as_ref().map_or(What::value_variants(), std::slice::from_ref);
    if let Some(file) = into {
        for line in put_into(&file, all)? {
            context.events.output(line);
        }
        return Ok(());
    }
    let text = match what {
        Some(_) => format!("{}\n", secret()?),
        None => {
            let mut lines = String::new();
            for what in all {
                lines += &format!("{}={}\n", what.variable(), secret()?);
            }
            lines
        }
    };
    // Passed through: a secret is for no record.
    terminal::write_out(text.as_bytes())
}

/// Adds what a file lacks; gives what is to be said of it, without a secret.
fn put_into(file: &Path, all: &[What]) -> anyhow::Result<Vec<String>> {
    let shown = file.display();
    let bytes = env_file::read(file)?;
    let wrong = |error| Error::Usage(format!("{shown} {error}"));
    let known = Dotenv::parse(&bytes).map_err(wrong)?;
    let (mut said, mut values) = (Vec::new(), Vec::new());
    for name in all.iter().map(|what| what.variable()) {
        match known.get(name) {
            None => values.push((name.to_owned(), secret()?)),
            Some("") => said.push(format!("{shown} has {name} already, and it is empty: remove that line for a new one")),
            Some(_) => said.push(format!("{shown} has {name} already: it stays as it is")),
        }
    }
    if !values.is_empty() {
        let edited = Dotenv::edit(&bytes, &values).map_err(wrong)?;
        env_file::write(file, &edited.text)?;
        said.extend(values.iter().map(|(name, _)| format!("{shown} has a new {name}")));
    }
    Ok(said)
}

/// 32 bytes that nobody can guess, in the 43 characters that the backend wants of its key; good for
/// the other, too.
fn secret() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    Ok(STANDARD_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_what_the_backend_takes_as_its_key() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_eq!((one.len(), one == other), (43, false));
        assert_eq!(STANDARD_NO_PAD.decode(one).unwrap().len(), 32);
    }

    #[test]
    fn a_file_gets_what_it_lacks_and_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".env");
        let put = |what: &[What]| put_into(&file, what).unwrap().join("\n").replace(&*dir.path().to_string_lossy(), "");
        let text = || std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, "# Mine\nexport JWT_SECRET='mine' # kept").unwrap();
        insta::assert_snapshot!(put(What::value_variants()));
        let lines: Vec<String> = text().lines().map(str::to_owned).collect();
        assert_eq!(lines[..2], ["# Mine", "export JWT_SECRET='mine' # kept"]);
        assert!(lines[2].starts_with("ENCRYPTION_SECRET_KEY=") && lines.len() == 3, "{lines:?}");
        let before = text();
        put(What::value_variants());
        assert_eq!(text(), before, "again it changes nothing");

        std::fs::write(&file, "JWT_SECRET=\n").unwrap();
        insta::assert_snapshot!(put(&[What::JwtSecret]));
        assert_eq!(text(), "JWT_SECRET=\n");
        std::fs::remove_file(&file).unwrap();
        put(What::value_variants());
        assert_eq!(Dotenv::parse(text().as_bytes()).unwrap().iter().count(), 2);

        std::fs::write(&file, "no line of one\n").unwrap();
        assert!(put_into(&file, What::value_variants()).is_err());
        assert_eq!(text(), "no line of one\n");
    }
}
