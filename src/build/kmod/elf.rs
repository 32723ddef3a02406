//! As much of the format ELF as is needed to find a section, see elf(5).

use crate::arch::Arch;

/// The sections of an object file of 64 bits. Nothing that the file says is believed: what points outside is not there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elf<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Elf<'a> {
    /// Reads the identification; `None` for anything else.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let ident = bytes.get(..16)?;
        if !ident.starts_with(b"\x7fELF") || ident[4] != 2 || !matches!(ident[5], 1 | 2) || bytes.len() < 64 {
            return None;
        }
        Some(Self { bytes, big_endian: ident[5] == 2 })
    }

    /// The architecture that it was compiled for, if it is one of ours.
    pub(super) fn arch(self) -> Option<Arch> {
        match self.number::<2>(18)? {
            22 => Some(Arch::S390x),
            62 => Some(Arch::X86_64),
            183 => Some(Arch::Aarch64),
            243 => Some(Arch::Riscv64),
            _ => None,
        }
    }

    /// The content of the first section of that name.
    pub(super) fn section(self, name: &str) -> Option<&'a [u8]> {
        let (start, size) = (self.number::<8>(0x28)?, self.number::<2>(0x3a)?);
        let (count, names) = (self.number::<2>(0x3c)?, self.number::<2>(0x3e)?);
        let header = |at: u64| start.checked_add(at.checked_mul(size)?);
        let names = self.content(header(names)?)?;
        for at in 0..count {
            let header = header(at)?;
            let offset = usize::try_from(self.number::<4>(header)?).ok()?;
            let found = names.get(offset..)?.split(|byte| *byte == 0).next()?;
            if found == name.as_bytes() {
                return self.content(header);
            }
        }
        None
    }

    fn content(self, header: u64) -> Option<&'a [u8]> {
        let start = self.number::<8>(header.checked_add(0x18)?)?;
        let size = self.number::<8>(header.checked_add(0x20)?)?;
        let range = usize::try_from(start).ok()?..usize::try_from(start.checked_add(size)?).ok()?;
        self.bytes.get(range)
    }

    fn number<const N: usize>(self, at: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(N)?)?;
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(if self.big_endian { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) })
    }
}
