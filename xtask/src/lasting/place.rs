//! Where a stack is: what was kept and told, and what follows from it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xtask_engine::session::Prefix;
use xtask_engine::source::reason;

use super::{Kept, kept};
use crate::host::Usage;
use crate::stack::doors::Moved;

/// Where a stack is.
pub struct Place {
    /// What is kept for the next `up`.
    pub kept: Kept,
    /// The doors that are moved.
    pub moved: Vec<Moved>,
    /// The address of the host at which they are.
    pub address: IpAddr,
    /// The host's name for browsers, as a URL has it.
    pub host: String,
}

impl Place {
    /// As `kept` has it, and where that says nothing, on this machine alone.
    ///
    /// # Errors
    /// [`Usage`] if it names a door that is none.
    pub fn of(kept: Kept) -> Result<Self, Usage> {
        let address = kept.expose.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let host = match (&kept.host, address) {
            (Some(host), _) => host.clone(),
            (None, address) if is_localhost(address) || address.is_unspecified() => "localhost".into(),
            (None, IpAddr::V4(address)) => address.to_string(),
            (None, IpAddr::V6(address)) => format!("[{address}]"),
        };
        let moved = kept.moved().map_err(Usage)?;
        Ok(Self { kept, moved, address, host })
    }

    /// Keeps it for the next `up`. Gives what a person should know of that, if anything is new.
    pub fn keep(&self, prefix: &Prefix) -> Option<String> {
        let file = kept::file(prefix)?;
        if Kept::read(&file).is_ok_and(|before| before == self.kept) {
            return None;
        }
        let shown = file.display();
        Some(match self.kept.write(&file) {
            Err(error) => format!("cannot keep it for the next `up`: {shown}: {}", reason(&error)),
            Ok(()) if self.kept == Kept::default() => "what earlier ups were told is forgotten".to_owned(),
            Ok(()) => format!("kept for the next `up`, in {shown}: {}", self.kept.options()),
        })
    }
}

/// Whether an address is the one of the name; a whole network leads here.
fn is_localhost(address: IpAddr) -> bool {
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_come_by_the_name_that_is_told_or_by_the_address() {
        let host = |expose: &str, host: Option<&str>| {
            let kept = Kept { expose: expose.parse().ok(), host: host.map(str::to_owned), ..Kept::default() };
            Place::of(kept).unwrap().host
        };
        assert_eq!(host("", None), "localhost");
        assert_eq!(host("0.0.0.0", None), "localhost");
        assert_eq!(host("127.0.0.2", None), "127.0.0.2");
        assert_eq!(host("192.0.2.1", None), "192.0.2.1");
        assert_eq!(host("2001:db8::1", None), "[2001:db8::1]");
        assert_eq!(host("192.0.2.1", Some("dev.example.com")), "dev.example.com");
    }
}
