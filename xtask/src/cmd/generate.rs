//! `cargo xtask generate`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use clap::ValueEnum;

use crate::context::Context;
use crate::terminal;

/// New secrets for the backend: an encryption key, a JWT secret
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask generate >> web/crux/.env        both, as lines of a .env file
  cargo xtask generate encryption-key          one of them, its value only")]
pub struct Args {
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
/// If the system gives no random bytes.
pub async fn run(Args { what }: Args, _: &Context) -> anyhow::Result<()> {
    let text = match what {
        Some(_) => format!("{}\n", secret()?),
        None => {
            let mut lines = String::new();
            for what in What::value_variants() {
                lines += &format!("{}={}\n", what.variable(), secret()?);
            }
            lines
        }
    };
    // Passed through: a secret is for no record.
    terminal::write_out(text.as_bytes())
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
}
