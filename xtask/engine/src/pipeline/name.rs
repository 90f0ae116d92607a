//! Names of services: what other containers reach them by.

use std::fmt;

/// The name of a service on the session's network: a DNS label in lower case (RFC 1123, section
/// 2.1): letters, digits and hyphens, at most 63, neither first nor last a hyphen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(String);

/// The alias by which client and service share one network namespace instead of a name.
pub(crate) const LOCALHOST: &str = "localhost";

impl ServiceName {
    /// `name`, if it can be one.
    ///
    /// # Errors
    /// A text that says what is wrong.
    pub fn new(name: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty()
            || name.len() > 63
            || !name.chars().all(fits)
            || name.starts_with('-')
            || name.ends_with('-')
        {
            return Err(format!(
                "{name:?} cannot be a service's name: take up to 63 of a-z, 0-9 and -, none of them a - at an end"
            ));
        }
        if name == LOCALHOST {
            return Err("`localhost` is nobody's name: bind a service under it instead".into());
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_dns_label() {
        for name in ["crux", "crux-ui", "0", &"a".repeat(63)] {
            assert!(ServiceName::new(name).is_ok(), "{name}");
        }
        for name in ["", "-a", "a-", "A", "a.b", "a_b", "localhost", &"a".repeat(64)] {
            assert!(ServiceName::new(name).is_err(), "{name}");
        }
    }
}
