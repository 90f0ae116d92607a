//! Ports of this machine: whether one is free, and who has it.

use std::fs;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::path::Path;

/// What a listening socket is called in Linux' tables (include/net/tcp_states.h).
const LISTEN: &str = "0A";

/// Whether something can listen at `address` and `port`.
///
/// # Errors
/// If that cannot be told: the address is not one of this machine, the port is for root.
pub(crate) fn is_free(address: IpAddr, port: u16) -> io::Result<bool> {
    match TcpListener::bind((address, port)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(false),
        Err(error) => Err(error),
    }
}

/// The process that listens on `port`, as people know it: `node (process 4711)`. None where the
/// system does not tell it to this user.
pub(crate) fn holder(port: u16) -> Option<String> {
    holder_in(Path::new("/proc"), port)
}

fn holder_in(proc: &Path, port: u16) -> Option<String> {
    let tables =
        ["net/tcp", "net/tcp6"].map(|table| fs::read_to_string(proc.join(table)).unwrap_or_default());
    let sockets: Vec<String> =
        tables.iter().flat_map(|table| table.lines()).filter_map(|line| listening(line, port)).collect();
    let is_process = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.bytes().all(|byte| byte.is_ascii_digit())
    };
    let processes = fs::read_dir(proc).ok()?.flatten().map(|entry| entry.path());
    let mut processes = processes.filter(|path| is_process(path));
    let has_it = |process: &Path| {
        let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        let links = files.filter_map(|file| fs::read_link(file.path()).ok());
        links.into_iter().any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
    };
    let process = processes.find(|process| has_it(process))?;
    let name = fs::read_to_string(process.join("comm")).ok()?;
    Some(format!("{} (process {})", name.trim(), process.file_name()?.to_string_lossy()))
}

/// The socket of a line of /proc/net/tcp, if it listens on `port`: `socket:[1234]`.
fn listening(line: &str, port: u16) -> Option<String> {
    let mut words = line.split_whitespace().skip(1);
    let (local, state) = (words.next()?, words.nth(1)?);
    let is_it = local.rsplit(':').next().and_then(|hex| u16::from_str_radix(hex, 16).ok()) == Some(port);
    (is_it && state == LISTEN).then(|| words.nth(5).map(|inode| format!("socket:[{inode}]"))).flatten()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_port_that_is_taken_is_told_with_the_process_that_has_it() {
        for any in [false, true] {
            let address = if any { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
            let listener = TcpListener::bind((address, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            assert!(!is_free(Ipv4Addr::LOCALHOST.into(), port).unwrap());
            if cfg!(target_os = "linux") {
                let us = format!("(process {})", std::process::id());
                assert!(holder(port).unwrap().ends_with(&us), "{:?}", holder(port));
            }
            drop(listener);
            assert!(is_free(Ipv4Addr::LOCALHOST.into(), port).unwrap());
            assert_eq!(holder(port), None);
        }
        assert!(is_free("192.0.2.1".parse().unwrap(), 8000).is_err());
    }

    #[test]
    fn only_who_listens_has_a_port() {
        let line = |state: &str| {
            format!(
                "   0: 0100007F:1F40 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 77 1 0"
            )
        };
        assert_eq!(listening(&line("0A"), 8000).as_deref(), Some("socket:[77]"));
        assert_eq!(listening(&line("01"), 8000), None);
        assert_eq!(listening(&line("0A"), 8001), None);
        assert_eq!(listening("  sl  local_address rem_address   st", 8000), None);
    }
}
