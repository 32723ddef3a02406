//! Tarballs, also such as no honest program writes.

use std::io::Write as _;

/// Name, kind, target and content of an entry.
pub type Entry<'a> = (&'a [u8], tar::EntryType, &'a str, &'a [u8]);

/// Appends an entry, with name and target as they are.
pub fn append(tar: &mut Vec<u8>, (name, kind, link, bytes): Entry<'_>) {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_mtime(1_700_000_000);
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    tar.extend_from_slice(header.as_bytes());
    tar.extend_from_slice(bytes);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

/// Packs bytes with xz.
pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(bytes).unwrap();
    xz.finish().unwrap()
}
