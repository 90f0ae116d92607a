//! Free space, as `df` tells it.

use std::path::Path;

use xshell::{Shell, cmd};

/// Bytes that this user may still write where `path` is; none if `df` does not say.
pub(crate) fn free(sh: &Shell, path: &Path) -> Option<u64> {
    let output = cmd!(sh, "df -Pk {path}").env("LC_ALL", "C").quiet().ignore_stderr().read().ok()?;
    parse(&output)
}

/// POSIX's format: a header, then `name total used available percent mount`.
fn parse(output: &str) -> Option<u64> {
    // From the right: a file system's name may hold spaces, a mount point after the % too.
    let line = output.lines().nth(1)?;
    let before_percent = line.split_once('%')?.0;
    let mut fields = before_percent.rsplit(' ').filter(|field| !field.is_empty());
    fields.nth(1)?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_free_space() {
        let output =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/my disk 100 40 60 40% /a b";
        assert_eq!(parse(output), Some(60 * 1024));
        assert_eq!(parse("df: no such file\n"), None);
        assert_eq!(parse(""), None);
    }
}
