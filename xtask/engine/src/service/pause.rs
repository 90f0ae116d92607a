//! The container that owns a `localhost`: its image is one program that does nothing.
//!
//! A container that joins the network namespace of another can have no names, host entries or ports
//! of its own, and the namespace goes when its first owner ends. So it belongs to nobody of those
//! who share it, but to a container that only waits.

use crate::pipeline::Container;

/// Where the program is.
const PROGRAM: &str = "/pause";

/// An image for an architecture, in Go's words; none where we know no program for it.
pub(crate) fn pause_image(architecture: &str) -> Option<Container> {
    let program = match architecture {
        "amd64" => elf(
            62,
            &[
                0xb8, 0x22, 0, 0, 0, // mov eax, 34 (pause)
                0x0f, 0x05, // syscall
                0xeb, 0xf7, // jmp to the mov
            ],
        ),
        "arm64" => elf(
            183,
            &[
                // ppoll(NULL, 0, NULL, NULL): arm64 has no pause.
                0x00, 0x00, 0x80, 0xd2, // mov x0, 0
                0x01, 0x00, 0x80, 0xd2, // mov x1, 0
                0x02, 0x00, 0x80, 0xd2, // mov x2, 0
                0x03, 0x00, 0x80, 0xd2, // mov x3, 0
                0x28, 0x09, 0x80, 0xd2, // mov x8, 73 (ppoll)
                0x01, 0x00, 0x00, 0xd4, // svc 0
                0xfa, 0xff, 0xff, 0x17, // b to the first
            ],
        ),
        _ => return None,
    };
    Some(Container::scratch().with_new_program(PROGRAM, program).with_entrypoint([PROGRAM]))
}

/// A program of 64 bits and one segment: ELF header, program header (System V ABI, chapters 4 and
/// 5), code.
fn elf(machine: u16, code: &[u8]) -> Vec<u8> {
    const HEADERS: u64 = 64 + 56;
    const ADDRESS: u64 = 0x40_0000;
    let size = HEADERS + code.len() as u64;
    let mut file = Vec::with_capacity(size as usize);
    file.extend(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"); // 64 bits, little-endian
    file.extend(2u16.to_le_bytes()); // an executable
    file.extend(machine.to_le_bytes());
    file.extend(1u32.to_le_bytes()); // the version
    file.extend((ADDRESS + HEADERS).to_le_bytes()); // the first instruction
    file.extend(64u64.to_le_bytes()); // program headers begin
    file.extend(0u64.to_le_bytes()); // no section headers
    file.extend(0u32.to_le_bytes()); // no flags
    for half in [64u16, 56, 1, 64, 0, 0] {
        file.extend(half.to_le_bytes()); // sizes and counts of headers
    }
    file.extend(1u32.to_le_bytes()); // a segment to load
    file.extend(5u32.to_le_bytes()); // readable and executable
    for word in [0, ADDRESS, ADDRESS, size, size, 0x1000] {
        file.extend(word.to_le_bytes()); // offset, addresses, sizes, alignment
    }
    file.extend(code);
    file
}

#[cfg(all(test, target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;
    use crate::pipeline::FsNode;

    #[test]
    fn the_program_waits_until_it_is_killed() {
        let image = pause_image(if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" }).unwrap();
        let FsNode::NewFile { contents, .. } = &*image.fs.0 else { panic!("{image:?}") };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pause");
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut child = loop {
            match Command::new(&path).spawn() {
                // Another test's child may hold the file open for a moment, from before its exec.
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                child => break child.unwrap(),
            }
        };
        // It sleeps (S), neither ended nor running in a circle.
        let state = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
            stat.split(' ').nth(2).unwrap().to_owned()
        };
        let begun = std::time::Instant::now();
        while state() != "S" {
            assert!(begun.elapsed().as_secs() < 60 && state() != "Z", "state {}", state());
        }
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(pause_image("riscv64").is_none());
    }
}
