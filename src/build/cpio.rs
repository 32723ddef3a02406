//! Archives in the format "newc" of cpio, which the kernel unpacks into its first file system and rpm packs files in.
//!
//! The format is that of `Documentation/driver-api/early-userspace/buffer-format.rst` in the kernel's sources: a header of 110
//! characters, the name, the content, each filled up to four bytes with zeros.

use std::io::{self, Read};

/// The first characters of an entry; the second kind has a sum of the content's bytes.
const MAGICS: [&[u8]; 2] = [b"070701", b"070702"];
/// Those of an entry that has nothing but a number: rpm's own kind, for files of which a header elsewhere says the rest.
const NUMBERED: &[u8] = b"07070X";
/// The name of the entry that ends an archive.
const TRAILER: &str = "TRAILER!!!";
/// Longest name that is read, in bytes: `PATH_MAX` of Linux.
const NAME_MAX: usize = 4096;

/// The type of a file in its mode.
pub(crate) const TYPE: u32 = 0o170_000;
/// A directory.
pub(crate) const DIRECTORY: u32 = 0o040_000;
/// A regular file.
pub(crate) const REGULAR: u32 = 0o100_000;
/// A symbolic link.
pub(crate) const LINK: u32 = 0o120_000;
/// A character device.
const CHARACTER: u32 = 0o020_000;

/// Writes an archive into memory. Owner, times and numbers are always the same, so that equal entries give equal bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    entries: u32,
}

impl Writer {
    /// A directory; its parents come before it.
    pub(crate) fn directory(&mut self, name: &str) {
        self.entry(name, DIRECTORY | 0o755, (0, 0), &[]);
    }

    /// A regular file with its permissions.
    pub(crate) fn file(&mut self, name: &str, permissions: u32, content: &[u8]) {
        self.entry(name, REGULAR | permissions, (0, 0), content);
    }

    /// A character device, by its two numbers.
    pub(crate) fn device(&mut self, name: &str, permissions: u32, major: u32, minor: u32) {
        self.entry(name, CHARACTER | permissions, (major, minor), &[]);
    }

    /// A symbolic link.
    #[cfg(test)]
    pub(crate) fn link(&mut self, name: &str, target: &str) {
        self.entry(name, LINK | 0o777, (0, 0), target.as_bytes());
    }

    /// One of two names of a file.
    #[cfg(test)]
    pub(crate) fn shared(&mut self, name: &str, content: &[u8]) {
        let start = self.bytes.len();
        self.entry(name, REGULAR | 0o644, (0, 0), content);
        // The number of the file, and how many names it has.
        self.bytes[start + 6..start + 14].copy_from_slice(b"ffffffff");
        self.bytes[start + 38..start + 46].copy_from_slice(b"00000002");
    }

    fn entry(&mut self, name: &str, mode: u32, (major, minor): (u32, u32), content: &[u8]) {
        self.entries += 1;
        let links = if mode & TYPE == DIRECTORY { 2 } else { 1 };
        // inode, mode, uid, gid, links, mtime, size, device (2), device of a node (2), length of the name with its zero, sum
        let (size, name_size) = (content.len() as u32, name.len() as u32 + 1);
        let fields = [self.entries, mode, 0, 0, links, 0, size, 0, 0, major, minor, name_size, 0];
        self.bytes.extend_from_slice(MAGICS[0]);
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entries = 0;
        self.entry(TRAILER, 0, (0, 0), &[]);
        self.bytes
    }
}

/// What stands before the content of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The name as it is written.
    pub(crate) name: Vec<u8>,
    /// Type and permissions.
    pub(crate) mode: u32,
    /// What hard links of one file share, together with the device.
    pub(crate) inode: (u32, u32, u32),
    /// How many names the file has.
    pub(crate) links: u32,
    /// Bytes of content.
    pub(crate) size: u64,
}

/// Reads an archive from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    from: R,
    /// What entries with nothing but a number are.
    files: Vec<Header>,
    /// Bytes of content that were not read yet, and the zeros after them.
    left: (u64, u64),
}

impl<R: Read> Reader<R> {
    /// Reads from `from`, which starts with an entry. In an archive of rpm entries may be numbers of `files`.
    pub(crate) fn new(from: R, files: Vec<Header>) -> Self {
        Self { from, files, left: (0, 0) }
    }

    /// The next entry, after the rest of the last one was passed over; `None` at the end of the archive.
    ///
    /// # Errors
    /// `InvalidData` for what is no archive, `UnexpectedEof` for one that was cut off.
    pub(crate) fn next(&mut self) -> io::Result<Option<Header>> {
        let rest = self.left.0 + self.left.1;
        if io::copy(&mut self.from.by_ref().take(rest), &mut io::sink())? < rest {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = (0, 0);
        let mut magic = [0; 6];
        self.from.read_exact(&mut magic)?;
        let header = if magic == NUMBERED {
            let mut fields = [0; 10];
            self.from.read_exact(&mut fields)?;
            self.files.get(number(&fields[..8])? as usize).cloned().ok_or_else(|| invalid("an entry has no file"))?
        } else if MAGICS.contains(&magic.as_slice()) {
            self.header()?
        } else {
            return Err(invalid("it is no archive of cpio in the format newc"));
        };
        if header.name == TRAILER.as_bytes() {
            return Ok(None);
        }
        self.left = (header.size, header.size.next_multiple_of(4) - header.size);
        Ok(Some(header))
    }

    /// The header of an entry after its magic, and the name.
    fn header(&mut self) -> io::Result<Header> {
        let mut head = [0; 104];
        self.from.read_exact(&mut head)?;
        let mut fields = [0; 13];
        for (field, digits) in fields.iter_mut().zip(head.chunks_exact(8)) {
            *field = number(digits)?;
        }
        let [inode, mode, _, _, links, _, size, major, minor, _, _, name_size, _] = fields;
        let name_size = name_size as usize;
        if !(2..=NAME_MAX).contains(&name_size) {
            return Err(invalid("an entry has no name, or one that is too long"));
        }
        let mut name = vec![0; (110 + name_size).next_multiple_of(4) - 110];
        self.from.read_exact(&mut name)?;
        name.truncate(name_size - 1);
        if name.contains(&0) {
            return Err(invalid("the name of an entry holds a zero"));
        }
        Ok(Header { name, mode, inode: (major, minor, inode), links, size: u64::from(size) })
    }
}

/// Eight hexadecimal digits.
fn number(digits: &[u8]) -> io::Result<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let number = text.and_then(|text| u32::from_str_radix(text, 16).ok());
    number.ok_or_else(|| invalid("the header of an entry has no numbers"))
}

/// The content of the present entry.
impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left.0).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.from.read(&mut buffer[..most])?;
        if count == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left.0 -= count as u64;
        Ok(count)
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut writer = Writer::default();
        writer.directory("dev");
        writer.device("dev/console", 0o600, 5, 1);
        writer.file("init", 0o755, b"#!/bin/sh\n");
        writer.finish()
    }

    #[test]
    fn an_archive_has_the_bytes_that_the_format_says() {
        let bytes = sample();
        let head = "070701\
            00000001000041ed000000000000000000000002000000000000000000000000000000000000000000000000000000040000000000\
            ";
        assert_eq!(&bytes[..110], &head.as_bytes()[..110]);
        assert_eq!(&bytes[110..116], b"dev\0\0\0");
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(bytes, sample());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = sample();
        let mut reader = Reader::new(bytes.as_slice(), Vec::new());
        let dir = reader.next().unwrap().unwrap();
        assert_eq!((dir.name.as_slice(), dir.mode, dir.size), (b"dev".as_slice(), DIRECTORY | 0o755, 0));
        let node = reader.next().unwrap().unwrap();
        assert_eq!((node.name.as_slice(), node.mode), (b"dev/console".as_slice(), CHARACTER | 0o600));
        let file = reader.next().unwrap().unwrap();
        let mut content = String::new();
        reader.read_to_string(&mut content).unwrap();
        assert_eq!((file.size, content.as_str(), file.links), (10, "#!/bin/sh\n", 1));
        assert_eq!(reader.next().unwrap(), None);
    }

    #[test]
    fn numbers_stand_for_files_that_are_known() {
        let file = Header { name: b"a".to_vec(), mode: REGULAR | 0o644, inode: (0, 0, 1), links: 1, size: 3 };
        let mut bytes = b"07070X00000000\0\0abc\0".to_vec();
        let mut end = Writer::default();
        end.entry(TRAILER, 0, (0, 0), &[]);
        bytes.extend(end.bytes);
        let mut reader = Reader::new(bytes.as_slice(), vec![file.clone()]);
        assert_eq!(reader.next().unwrap(), Some(file));
        let mut content = Vec::new();
        reader.read_to_end(&mut content).unwrap();
        assert_eq!((content.as_slice(), reader.next().unwrap()), (b"abc".as_slice(), None));
        assert!(Reader::new(bytes.as_slice(), Vec::new()).next().is_err());
    }

    #[test]
    fn damage_is_an_error_wherever_it_is() {
        let bytes = sample();
        for end in 0..bytes.len() - 1 {
            let mut reader = Reader::new(&bytes[..end], Vec::new());
            let read = (0..10).find_map(|_| {
                reader.next().map_or_else(|error| Some(Err(error)), |entry| entry.is_none().then_some(Ok(())))
            });
            assert!(read.unwrap().is_err(), "cut off after {end} bytes");
        }
        for (at, byte) in [(0, b'1'), (8, b'+'), (100, b'f'), (112, 0)] {
            let mut bytes = sample();
            bytes[at] = byte;
            assert!(Reader::new(bytes.as_slice(), Vec::new()).next().is_err(), "byte {at}");
        }
    }
}
