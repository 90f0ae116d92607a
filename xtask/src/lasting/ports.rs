//! The ports of the host that a stack gets: those that the application documents, shifted for a
//! second stack, moved by the user; all of them free before anything starts.

use std::collections::BTreeSet;
use std::net::IpAddr;

use xtask_engine::Session;
use xtask_engine::docker::{PREFIX_LABEL, PublishedPort};
use xtask_engine::session::{Prefix, StackLock};

use super::Place;
use crate::host::{NotReady, Usage, port};
use crate::stack::MOVABLE;
use crate::stack::doors::{Door, Moved};

/// A second stack's ports are the documented ones and one of these more: the first of them is found by
/// the prefix, the next ones are tried where one of the ports is taken. Below 32768, where systems take
/// the ports of outgoing connections from.
const FIRST: u16 = 10_000;
const STEP: u16 = 100;
const SHIFTS: u16 = 147;

/// What is asked for.
pub struct Wish<'a> {
    /// The doors that are published: those of parts that run in containers.
    pub doors: Vec<Door>,
    /// Those of parts that run on the host, and can listen where they are told to.
    on_host: Vec<Door>,
    /// Those that the user moved.
    moved: &'a [Moved],
    /// Where they are to be.
    address: IpAddr,
    /// The stack.
    prefix: &'a Prefix,
    /// It is another one than the checkout's own.
    is_second: bool,
}

impl<'a> Wish<'a> {
    /// Ports for `all` doors of a stack, of which the parts in `disabled` run on the host; `is_second` if
    /// it is another one than the checkout's own.
    pub fn of(
        all: &[Door],
        disabled: &BTreeSet<String>,
        place: &'a Place,
        prefix: &'a Prefix,
        is_second: bool,
    ) -> Self {
        let (on_host, doors): (Vec<Door>, Vec<Door>) =
            all.iter().partition(|door| disabled.contains(door.part));
        let on_host = on_host.into_iter().filter(|door| MOVABLE.contains(&door.part)).collect();
        Self { doors, on_host, moved: &place.moved, address: place.address, prefix, is_second }
    }
}

/// The port on the host of each door, those of parts that run there last. While `lock` is there, no other
/// stack gets one of them.
///
/// # Errors
/// [`Usage`] if two doors are on one port; [`NotReady`] if a port of a container is taken, with who has it.
pub async fn choose(
    session: &Session,
    wish: &Wish<'_>,
    lock: &mut StackLock,
) -> anyhow::Result<Vec<(Door, u16)>> {
    let taken = async || {
        Ok::<_, anyhow::Error>(Taken {
            address: wish.address,
            prefix: wish.prefix,
            published: session.engine().published_ports().await?,
            is_here: session.engine().endpoint().is_local(),
        })
    };
    let shifts = match wish.is_second {
        true => {
            let taken = taken().await?;
            shifts(wish.prefix, |shift| taken.is_own(&wish.doors, shift))
        }
        false => vec![0],
    };
    let mut reason = None;
    for shift in shifts {
        let chosen = shifted(wish, shift);
        apart(&chosen)?;
        let published = &chosen[..wish.doors.len()];
        let kept = lock.keep_ports(published.iter().map(|(_, port)| *port));
        let taken = taken().await?; // not before they are kept: whoever let go of one may have it by now
        let mut first = None;
        for (door, port) in published {
            let by = match kept {
                Err(kept) if kept == *port => Some("a stack that another `up` brings up now".to_owned()),
                _ => taken.by(*port)?,
            };
            if let Some(by) = by {
                first = Some((door.name, is_taken(door, *port, &by)));
                break;
            }
        }
        match first {
            None => return Ok(chosen),
            // No shift makes that one free.
            Some((name, error)) if wish.moved.iter().any(|moved| moved.door == name) => {
                return Err(error.into());
            }
            Some((_, error)) => reason = reason.or(Some(error)),
        }
    }
    Err(reason.unwrap_or_else(|| NotReady("no ports are free".into())).into())
}

/// A door is moved once.
///
/// # Errors
/// [`Usage`] if it is not.
pub fn once(moved: &[Moved]) -> Result<(), Usage> {
    let mut seen = BTreeSet::new();
    match moved.iter().find(|moved| !seen.insert(moved.door)) {
        None => Ok(()),
        Some(twice) => Err(Usage(format!("--port moves {} twice; name it once", twice.door))),
    }
}

/// The ports at which parts on the host are looked for, beside the stack that is there.
///
/// # Errors
/// If the engine is gone.
pub async fn on_host(session: &Session, wish: &Wish<'_>) -> anyhow::Result<Vec<(Door, u16)>> {
    let published = session.engine().published_ports().await?;
    let taken = Taken { address: wish.address, prefix: wish.prefix, published, is_here: false };
    let shift = shifts(wish.prefix, |shift| taken.is_own(&wish.doors, shift)).first().copied();
    let shift = shift.filter(|_| wish.is_second).unwrap_or_default();
    Ok(shifted(wish, shift).split_off(wish.doors.len()))
}

fn shifted(wish: &Wish<'_>, shift: u16) -> Vec<(Door, u16)> {
    let moved = |door: &Door| wish.moved.iter().find(|moved| moved.door == door.name).map(|moved| moved.port);
    let shifted = |door: &Door| if wish.is_second { door.usual + shift } else { door.port };
    // A part on the host listens where its own environment says, if that says anything.
    let told = |door: &Door| if door.port == door.usual { shifted(door) } else { door.port };
    let published = wish.doors.iter().map(|door| (*door, moved(door).unwrap_or_else(|| shifted(door))));
    let on_host = wish.on_host.iter().map(|door| (*door, moved(door).unwrap_or_else(|| told(door))));
    published.chain(on_host).collect()
}

/// Two doors cannot be on one port.
fn apart(chosen: &[(Door, u16)]) -> Result<(), Usage> {
    for (at, (door, port)) in chosen.iter().enumerate() {
        if let Some((other, _)) = chosen[..at].iter().find(|(_, taken)| taken == port) {
            let (one, other) = (other.name, door.name);
            return Err(Usage(format!(
                "{one} and {other} would both be on port {port}; move one of them with --port {other}=PORT"
            )));
        }
    }
    Ok(())
}

/// The shifts of a prefix, in the order in which they are tried: the one that it has already, then
/// from the one that its name gives.
fn shifts(prefix: &Prefix, has: impl Fn(u16) -> bool) -> Vec<u16> {
    // FNV-1a: the same on every machine and in every version of this program.
    let hash = prefix
        .as_str()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let first = u16::try_from(hash % u32::from(SHIFTS)).unwrap_or_default();
    let all = (0..SHIFTS).map(|next| FIRST + STEP * ((first + next) % SHIFTS));
    let (own, others): (Vec<u16>, Vec<u16>) = all.partition(|shift| has(*shift));
    [own, others].concat()
}

/// Which ports others have.
struct Taken<'a> {
    address: IpAddr,
    prefix: &'a Prefix,
    published: Vec<PublishedPort>,
    /// Whether the engine's machine is this one.
    is_here: bool,
}

impl Taken<'_> {
    /// Who has a port, if somebody but this stack does.
    fn by(&self, port: u16) -> Result<Option<String>, Usage> {
        let meets = |address: &IpAddr| {
            address.is_unspecified() || self.address.is_unspecified() || *address == self.address
        };
        let mut there = self.published.iter().filter(|it| it.port == port);
        if let Some(one) = there.find(|it| it.address.as_ref().is_none_or(meets)) {
            let stack = one.labels.get(PREFIX_LABEL).map(String::as_str);
            return Ok(match stack {
                Some(own) if own == self.prefix.as_str() => None,
                Some(other) => Some(format!("the stack {other} (container {})", one.container)),
                None => Some(format!("the container {}", one.container)),
            });
        }
        if !self.is_here {
            return Ok(None); // the engine says so when it starts the container
        }
        match port::is_free(self.address, port) {
            Ok(true) => Ok(None),
            Ok(false) => {
                let unknown = || "a process that this user may not see".to_owned();
                Ok(Some(port::holder(port).unwrap_or_else(unknown)))
            }
            // Whom the engine lets listen there, it knows itself.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(None),
            Err(error) => Err(Usage(format!(
                "cannot listen at {}, port {port}: {}; name an address of this machine with --expose",
                self.address,
                xtask_engine::source::reason(&error)
            ))),
        }
    }

    /// Whether this stack is shifted so already.
    fn is_own(&self, doors: &[Door], shift: u16) -> bool {
        let own = |it: &&PublishedPort| {
            it.labels.get(PREFIX_LABEL).is_some_and(|prefix| prefix == self.prefix.as_str())
        };
        let ports: BTreeSet<u16> = self.published.iter().filter(own).map(|it| it.port).collect();
        doors.iter().any(|door| ports.contains(&(door.usual + shift)))
    }
}

fn is_taken(door: &Door, port: u16, by: &str) -> NotReady {
    let Door { name, what, .. } = door;
    NotReady(format!(
        "port {port}, on which {what} is to be, is taken by {by}; end that, move this with --port {name}=PORT, or \
         take another --prefix, which has ports of its own"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(name: &'static str, port: u16) -> Door {
        Door { name, part: name, port, usual: port, scheme: "http", what: "something" }
    }

    #[test]
    fn a_prefix_has_its_own_shift_and_then_others_until_one_is_free() {
        let prefix = |text: &str| text.parse::<Prefix>().unwrap();
        let all = shifts(&prefix("feature-x"), |_| false);
        assert_eq!(all.len(), usize::from(SHIFTS));
        assert_eq!(all[..3], [21_500, 21_600, 21_700], "the same for ever");
        assert_ne!(shifts(&prefix("feature-y"), |_| false)[0], all[0]);
        assert_eq!(shifts(&prefix("feature-x"), |shift| shift == 12_300)[..2], [12_300, all[0]]);
        let highest = all.iter().max().unwrap() + 8080;
        assert!(highest < 32_768, "{highest}");
    }

    #[test]
    fn a_part_on_the_host_is_looked_for_where_it_is_told_to_listen() {
        let (prefix, address) = ("a".parse().unwrap(), "127.0.0.1".parse().unwrap());
        let of_env = Door { port: 1900, ..door("crux", 1848) };
        let ports = |on_host: Door, moved: &[Moved], is_second: bool| {
            let (doors, on_host) = (vec![door("mail", 4436)], vec![on_host]);
            let wish = Wish { doors, on_host, moved, address, prefix: &prefix, is_second };
            shifted(&wish, if is_second { 10_000 } else { 0 })
                .into_iter()
                .map(|(_, port)| port)
                .collect::<Vec<_>>()
        };
        assert_eq!(ports(door("crux", 1848), &[], false), [4436, 1848]);
        assert_eq!(ports(door("crux", 1848), &[], true), [14_436, 11_848]);
        assert_eq!(ports(of_env, &[], true), [14_436, 1900], "its environment says so");
        assert_eq!(ports(of_env, &[Moved { door: "crux", port: 7 }], true), [14_436, 7]);
    }

    #[test]
    fn two_doors_are_never_on_one_port() {
        assert!(apart(&[(door("crux", 1848), 1848), (door("mail", 4436), 4436)]).is_ok());
        let error = apart(&[(door("crux", 1848), 4436), (door("mail", 4436), 4436)]).unwrap_err();
        insta::assert_snapshot!(error.to_string());
        let moved = Moved { door: "crux", port: 1 };
        insta::assert_snapshot!(once(&[moved, Moved { port: 2, ..moved }]).unwrap_err().to_string());
    }

    #[test]
    fn a_port_of_another_stack_is_taken_and_an_own_one_is_not() {
        let published = |prefix: &str, address: &str, port| PublishedPort {
            container: format!("xtask-{prefix}-crux"),
            labels: [(PREFIX_LABEL.to_owned(), prefix.to_owned())].into(),
            address: address.parse().ok(),
            port,
        };
        let prefix = "a".parse().unwrap();
        let taken = Taken {
            address: "127.0.0.1".parse().unwrap(),
            prefix: &prefix,
            published: vec![
                published("a", "127.0.0.1", 1),
                published("b", "0.0.0.0", 2),
                published("b", "192.0.2.1", 3),
            ],
            is_here: false,
        };
        let by = [1, 2, 3, 4].map(|port| taken.by(port).unwrap());
        assert_eq!(by, [None, Some("the stack b (container xtask-b-crux)".to_owned()), None, None]);
        insta::assert_snapshot!(is_taken(&door("crux", 1848), 1848, "node (process 1)").to_string());
    }
}
