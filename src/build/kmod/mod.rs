//! Kernel modules: what is in one, and what a kernel has of them.

mod elf;
mod modinfo;
mod set;

use std::io::{self, Read};

pub use modinfo::Modinfo;
#[cfg(test)]
pub(crate) use modinfo::sample as sample_module;
pub use set::{ModuleSet, SetError};

/// Most bytes of one module; the largest known one, unstripped, has 64 MiB.
const MODULE_MAX: u64 = 512 << 20;
/// Most memory that unpacking xz may take, in bytes.
const XZ_MEMORY: u64 = 128 << 20;

/// The architecture of an object file or a program; `None` for anything else, and for architectures without kernels here.
pub(crate) fn elf_arch(bytes: &[u8]) -> Option<crate::arch::Arch> {
    elf::Elf::parse(bytes)?.arch()
}

/// A module's name as the kernel writes it: of a path, without what follows `.ko`, and with `_` for `-`.
pub fn name_of(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    let stem = ["", ".xz", ".gz", ".zst"].iter().find_map(|packed| file.strip_suffix(packed)?.strip_suffix(".ko"))?;
    (!stem.is_empty()).then(|| normal(stem))
}

/// The name with `_` for `-`: both are the same module.
pub fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// The bytes of a module's file, unpacked if they are packed.
///
/// # Errors
/// When they are damaged, or much too many.
pub fn unpacked(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let from = bytes.as_slice();
    let reader: Box<dyn Read + '_> = if from.starts_with(b"\xfd7zXZ\0") {
        let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0).map_err(io::Error::from)?;
        Box::new(liblzma::bufread::XzDecoder::new_stream(from, stream))
    } else if from.starts_with(b"\x1f\x8b") {
        Box::new(flate2::bufread::MultiGzDecoder::new(from))
    } else if from.starts_with(b"\x28\xb5\x2f\xfd") {
        Box::new(zstd::stream::read::Decoder::with_buffer(from)?)
    } else {
        return Ok(bytes);
    };
    let mut all = Vec::new();
    reader.take(MODULE_MAX + 1).read_to_end(&mut all)?;
    if all.len() as u64 > MODULE_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it unpacks to more than {MODULE_MAX} bytes")));
    }
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn names_are_those_of_the_kernel() {
        assert_eq!(name_of("kernel/lib/crc-itu-t.ko"), Some("crc_itu_t".into()));
        assert_eq!(name_of("dummy.ko.zst"), Some("dummy".into()));
        for other in ["modules.dep", ".ko", "a.ko.bz2", "", "a.ko/b"] {
            assert_eq!(name_of(other), None, "{other}");
        }
    }

    #[test]
    fn packed_modules_are_unpacked() {
        let text = b"\x7fELF and so on".to_vec();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(&text).unwrap();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&text).unwrap();
        let packed = [xz.finish().unwrap(), gz.finish().unwrap(), zstd::encode_all(text.as_slice(), 1).unwrap()];
        for bytes in packed {
            assert!(unpacked(bytes[..bytes.len() - 3].to_vec()).is_err());
            assert_eq!(unpacked(bytes).unwrap(), text);
        }
        assert_eq!(unpacked(text.clone()).unwrap(), text);
    }
}
