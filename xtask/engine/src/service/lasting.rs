//! A stack that stays when its session ends: what it is called, where it is reached from the host.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use crate::pipeline::Readiness;

/// The longest part of a container's name is DNS' 63: this leaves room for the names of parts.
const LONGEST: usize = 40;
/// What a folder is called of which nothing can be in a name.
const NAMELESS: &str = "stack";

/// What tells a stack from others on the same engine: a DNS label (RFC 1123, section 2.1), the first
/// part of the names of its containers, network and volumes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix(String);

impl Prefix {
    /// The one of a checkout: its folder's name, as far as it can be one.
    pub fn of_folder(name: &str) -> Self {
        let fits = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let text: String = name.chars().map(fits).take(LONGEST).collect();
        let text = text.trim_matches('-');
        Self(if text.is_empty() { NAMELESS } else { text }.to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a container or a volume of the stack; of its network for no part.
    pub fn name(&self, part: &str) -> String {
        format!("xtask-{self}{}{part}", if part.is_empty() { "" } else { "-" })
    }
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_label = !text.is_empty() && text.len() <= LONGEST && text.chars().all(fits);
        match is_label && !text.starts_with('-') && !text.ends_with('-') {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "it is no DNS label: take up to {LONGEST} of a-z, 0-9 and -, none of them a - at an end"
            )),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A port of a container that is reached at an address of the engine's machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    /// The port in the container.
    pub port: u16,
    /// The address on the host.
    pub address: IpAddr,
    /// The port there.
    pub host_port: u16,
}

/// How a stack stays.
#[derive(Debug, Clone)]
pub struct Lasting {
    /// What it is called.
    pub prefix: Prefix,
    /// A network of somebody else's in place of one of its own.
    pub network: Option<String>,
    /// Ports that are published, by the service that has them.
    pub published: BTreeMap<String, Vec<Published>>,
    /// Names by which its containers find the engine's machine, by the service that needs them: of parts
    /// that run there, outside of it.
    pub on_host: BTreeMap<String, BTreeSet<String>>,
    /// Whose it is, as a person would say it: the folder of the checkout.
    pub owner: String,
    /// Through whom clients come to others, if they do.
    pub router: Option<Router>,
}

/// The file, in a router's container, that leads requests for a service to a host, and its text. It is
/// one of several that the router reads again when they change: where it is missing, or half written,
/// requests go to the service's own name.
pub type Route = dyn Fn(&str, &str) -> (String, String) + Send + Sync;
/// What shows that a router passes requests for a service on to a host.
pub type Shows = dyn Fn(&str, &str) -> Readiness + Send + Sync;

/// A service that passes requests on to others, and can be told to which container.
#[derive(Clone)]
pub struct Router {
    /// Its name.
    pub service: String,
    /// Those that it passes requests on to.
    pub behind: BTreeSet<String>,
    /// What leads it to one of them, by service and host.
    pub route: Arc<Route>,
    /// What shows that it passes requests for a service on to a host.
    pub shows: Arc<Shows>,
}

impl Router {
    /// The files that lead to all by their own names, as they are when nothing is being replaced.
    pub(crate) fn own_routes(&self) -> Vec<(String, String)> {
        self.behind.iter().map(|service| (self.route)(service, service)).collect()
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("service", &self.service)
            .field("behind", &self.behind)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_dns_label() {
        for good in ["a", "feature-x", "0", &"a".repeat(LONGEST)] {
            assert_eq!(good.parse::<Prefix>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", "ä", &"a".repeat(LONGEST + 1)] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_folder_gives_one_whatever_its_name() {
        let prefixes = ["dyrectorio", "My Checkout.2", "_x_", "äö", ""].map(Prefix::of_folder);
        let texts: Vec<&str> = prefixes.iter().map(Prefix::as_str).collect();
        assert_eq!(texts, ["dyrectorio", "my-checkout-2", "x", "stack", "stack"]);
        assert!(prefixes.iter().all(|prefix| prefix.as_str().parse::<Prefix>().is_ok()));
        let cut = Prefix::of_folder(&format!("{}-b", "a".repeat(LONGEST - 1)));
        assert_eq!(cut.as_str(), "a".repeat(LONGEST - 1));
    }

    #[test]
    fn names_begin_with_it() {
        let prefix = Prefix::of_folder("x");
        assert_eq!([prefix.name("crux"), prefix.name("")], ["xtask-x-crux", "xtask-x"]);
    }
}
