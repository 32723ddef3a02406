//! What a module says of itself.

use super::elf::Elf;
use super::normal;
use crate::arch::Arch;

/// The section `.modinfo` of a module: fields such as `license=GPL`, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modinfo {
    fields: Vec<(String, String)>,
    arch: Option<Arch>,
}

impl Modinfo {
    /// Reads the bytes of a module that is not packed; `None` if they are none of one. What is not UTF-8 is shown as it can be.
    pub fn parse(module: &[u8]) -> Option<Self> {
        let elf = Elf::parse(module)?;
        let section = elf.section(".modinfo")?;
        let fields = section.split(|byte| *byte == 0).filter_map(|field| {
            let text = String::from_utf8_lossy(field);
            text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))
        });
        Some(Self { fields: fields.collect(), arch: elf.arch() })
    }

    /// The first field of that name.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The name that the kernel will know it by; kernels before 4.13 do not write it into their modules.
    pub fn name(&self) -> Option<String> {
        self.get("name").map(normal)
    }

    /// The modules whose symbols it uses.
    pub fn depends(&self) -> Vec<String> {
        let words = self.get("depends").unwrap_or_default().split(',');
        words.filter(|name| !name.is_empty()).map(normal).collect()
    }

    /// The release of the kernel that it was compiled for: the first word of `vermagic`.
    pub fn release(&self) -> Option<&str> {
        self.get("vermagic")?.split(' ').next()
    }

    /// The architecture that it was compiled for.
    pub fn arch(&self) -> Option<Arch> {
        self.arch
    }
}

/// A module with nothing but these fields, for tests.
#[cfg(test)]
pub(crate) fn sample(fields: &[&str]) -> Vec<u8> {
    let info: Vec<u8> = fields.iter().flat_map(|field| [field.as_bytes(), &[0]].concat()).collect();
    let names = b"\0.modinfo\0.shstrtab\0";
    let mut bytes = vec![0; 64];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    bytes[18] = 62;
    let (info_at, names_at) = (64, 64 + info.len());
    let table = names_at + names.len();
    bytes[0x28..0x30].copy_from_slice(&(table as u64).to_le_bytes());
    bytes[0x3a] = 64;
    bytes[0x3c] = 3;
    bytes[0x3e] = 2;
    bytes.extend(&info);
    bytes.extend(names);
    for (name, at, size) in [(0_u32, 0, 0), (1, info_at, info.len()), (10, names_at, names.len())] {
        let mut header = vec![0; 64];
        header[..4].copy_from_slice(&name.to_le_bytes());
        header[0x18..0x20].copy_from_slice(&(at as u64).to_le_bytes());
        header[0x20..0x28].copy_from_slice(&(size as u64).to_le_bytes());
        bytes.extend(header);
    }
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_module_says_what_it_is() {
        let bytes = sample(&[
            "license=GPL",
            "depends=a-b,c",
            "name=some-thing",
            "alias=x",
            "alias=y",
            "vermagic=6.6.13-linuxkit SMP mod_unload ",
        ]);
        let info = Modinfo::parse(&bytes).unwrap();
        assert_eq!(info.depends(), ["a_b", "c"]);
        assert_eq!(info.name().unwrap(), "some_thing");
        assert_eq!(info.release(), Some("6.6.13-linuxkit"));
        assert_eq!((info.get("alias"), info.get("author")), (Some("x"), None));
        assert_eq!(info.arch(), Some(Arch::X86_64));
        assert!(Modinfo::parse(&sample(&[])).unwrap().depends().is_empty());
    }

    #[test]
    fn damaged_files_are_no_modules() {
        let bytes = sample(&["license=GPL"]);
        for end in 0..bytes.len() {
            // Whatever is cut off: no panic, and no section that is not there.
            let _ = Modinfo::parse(&bytes[..end]);
        }
        assert_eq!(Modinfo::parse(&bytes[..64]), None);
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] = 0xff;
            let _ = Modinfo::parse(&bytes);
        }
        assert_eq!(Modinfo::parse(b"#!/bin/sh\n"), None);
    }
}
