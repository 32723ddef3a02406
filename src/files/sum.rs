//! Checksums of files.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::text::hex;

/// The SHA-256 of all that is read, 64 hex digits; `None` once `go_on` says no.
///
/// # Errors
/// When reading fails.
pub fn sha256(from: &mut dyn Read, go_on: &dyn Fn() -> bool) -> io::Result<Option<String>> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    while go_on() {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(Some(hex(&hash.finalize()))),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
