//! What the first bytes of a kernel say of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::arch::Arch;

/// How much is read: the version of an x86 kernel stands within the first sectors.
const HEAD: u64 = 64 << 10;

/// What a kernel says of itself before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The architecture.
    pub arch: Arch,
    /// What `uname -r` will say; only kernels for x86 have it where it can be read.
    pub release: Option<String>,
}

/// Reads a bootable kernel: `bzImage` of x86, `Image` or `Image.gz` of arm64 and riscv64. `None` for anything else.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> io::Result<Option<Header>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    if head.starts_with(b"\x1f\x8b") {
        let mut inner = Vec::new();
        // The file goes on: only its beginning was read.
        let _ = flate2::read::GzDecoder::new(head.as_slice()).take(HEAD).read_to_end(&mut inner);
        head = inner;
    }
    Ok(parse(&head))
}

/// See `Documentation/x86/boot.rst`, `Documentation/arm64/booting.rst` and `Documentation/riscv/boot-image-header.rst` in the kernel's sources.
fn parse(head: &[u8]) -> Option<Header> {
    let at = |offset: usize, magic: &[u8]| head.get(offset..offset + magic.len()) == Some(magic);
    if at(0x202, b"HdrS") {
        return Some(Header { arch: Arch::X86_64, release: x86_release(head) });
    }
    // Both call the field "magic2" or alike; riscv has had it in two spellings.
    let arch = if at(0x38, b"ARM\x64") {
        Arch::Aarch64
    } else if at(0x38, b"RSC\x05") || at(0x30, b"RISCV\0\0\0") {
        Arch::Riscv64
    } else {
        return None;
    };
    Some(Header { arch, release: None })
}

fn x86_release(head: &[u8]) -> Option<String> {
    let pointer = u16::from_le_bytes(head.get(0x20e..0x210)?.try_into().ok()?);
    let text = head.get(usize::from(pointer) + 0x200..)?.split(|byte| *byte == 0).next()?;
    let word = std::str::from_utf8(text).ok()?.split(' ').next()?;
    (pointer != 0 && !word.is_empty()).then(|| word.to_owned())
}

#[cfg(test)]
pub(crate) fn sample_x86(release: &str) -> Vec<u8> {
    let mut head = vec![0; 0x400];
    head[0x202..0x206].copy_from_slice(b"HdrS");
    head[0x20e..0x210].copy_from_slice(&0x100_u16.to_le_bytes());
    let text = format!("{release} (somebody@somewhere) #1 SMP");
    head[0x300..0x300 + text.len()].copy_from_slice(text.as_bytes());
    head
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn kernels_are_told_by_their_magic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kernel");
        let header = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path).unwrap()
        };
        let release = Some("6.6.13-linuxkit".to_owned());
        assert_eq!(header(&sample_x86("6.6.13-linuxkit")), Some(Header { arch: Arch::X86_64, release }));
        let mut image = vec![0; 0x100];
        image[0x38..0x3c].copy_from_slice(b"ARM\x64");
        assert_eq!(header(&image).unwrap().arch, Arch::Aarch64);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&image).unwrap();
        assert_eq!(header(&packed.finish().unwrap()).unwrap().arch, Arch::Aarch64);
        image[0x38..0x3c].copy_from_slice(b"RSC\x05");
        assert_eq!(header(&image).unwrap().arch, Arch::Riscv64);
        for other in [&b""[..], b"MZ", b"\x7fELF", b"\x1f\x8bxx", &[0; 0x203]] {
            assert_eq!(header(other), None);
        }
    }
}
