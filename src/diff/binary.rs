//! The payload of a `GIT binary patch`: base 85, zlib and pack deltas.

use std::io::{Read as _, Write as _};

use bstr::ByteSlice as _;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::BinaryHunk;

/// The largest content that a binary patch may declare, in bytes.
pub const MAX_SIZE: usize = 256 << 20;

/// No zlib stream inflates to more than this times its own size.
const MAX_RATIO: usize = 1032;

/// Payload bytes on a full line of a binary patch.
const LINE_BYTES: usize = 52;

const ALPHABET: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// The value of every byte as a base 85 digit; 85 stands for no digit.
const DIGITS: [u8; 256] = digits();

const fn digits() -> [u8; 256] {
    let mut out = [85; 256];
    let mut at = 0;
    while at < ALPHABET.len() {
        out[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    out
}

/// Why the payload of a binary patch cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BinaryError {
    /// A line is not base 85 with its length in front, or its blank end line is missing.
    #[error("line is not base 85")]
    Encoding,
    /// The size after `literal` or `delta` is not a number, or larger than [`MAX_SIZE`].
    #[error("size is not acceptable")]
    Size,
    /// The bytes are no zlib stream, or not one of the declared size.
    #[error("data does not inflate to its size")]
    Inflate,
    /// The delta is not a pack delta.
    #[error("delta is malformed")]
    Delta,
    /// The delta is made for bytes of another length.
    #[error("delta does not fit the old content")]
    Base,
}

/// Decodes one line (without its line feed) of a binary patch and appends its bytes to `out`.
pub fn decode_line(line: &[u8], out: &mut Vec<u8>) -> Result<(), BinaryError> {
    let (&length, groups) = line.split_first().ok_or(BinaryError::Encoding)?;
    let length = match length {
        b'A'..=b'Z' => usize::from(length - b'A') + 1,
        b'a'..=b'z' => usize::from(length - b'a') + 27,
        _ => return Err(BinaryError::Encoding),
    };
    if groups.len() % 5 != 0 || groups.len() / 5 != length.div_ceil(4) {
        return Err(BinaryError::Encoding);
    }
    let start = out.len();
    for group in groups.chunks_exact(5) {
        let mut value = 0_u32;
        for &byte in group {
            let digit = DIGITS[usize::from(byte)];
            if digit == 85 {
                return Err(BinaryError::Encoding);
            }
            value = value
                .checked_mul(85)
                .and_then(|value| value.checked_add(u32::from(digit)))
                .ok_or(BinaryError::Encoding)?;
        }
        out.extend(value.to_be_bytes());
    }
    out.truncate(start + length);
    Ok(())
}

/// Inflates `data`, which must be one zlib stream of exactly `size` bytes.
pub fn inflate(data: &[u8], size: usize) -> Result<Vec<u8>, BinaryError> {
    if size > MAX_SIZE {
        return Err(BinaryError::Size);
    }
    // Nothing is reserved for a size that the data cannot reach.
    if size > data.len().saturating_mul(MAX_RATIO) {
        return Err(BinaryError::Inflate);
    }
    let mut out = Vec::with_capacity(size);
    // One byte more than declared is enough to see that the size is wrong.
    let read = ZlibDecoder::new(data).take(size as u64 + 1).read_to_end(&mut out);
    match read {
        Ok(read) if read == size => Ok(out),
        _ => Err(BinaryError::Inflate),
    }
}

/// Applies a git pack delta to `old`.
pub fn apply_delta(delta: &[u8], old: &[u8]) -> Result<Vec<u8>, BinaryError> {
    let mut rest = delta;
    if delta_size(&mut rest)? != old.len() {
        return Err(BinaryError::Base);
    }
    let size = delta_size(&mut rest)?;
    if size > MAX_SIZE {
        return Err(BinaryError::Size);
    }
    let mut out = Vec::new();
    while let Some((&command, tail)) = rest.split_first() {
        rest = tail;
        let part = if command & 0x80 == 0 {
            // Command 0 is reserved.
            if command == 0 {
                return Err(BinaryError::Delta);
            }
            let (data, tail) = rest.split_at_checked(command.into()).ok_or(BinaryError::Delta)?;
            rest = tail;
            data
        } else {
            let mut argument = |bits: u8| -> Result<usize, BinaryError> {
                let mut value = 0;
                for bit in (0..8).filter(|bit| bits >> bit & 1 != 0) {
                    let (&byte, tail) = rest.split_first().ok_or(BinaryError::Delta)?;
                    rest = tail;
                    value |= usize::from(byte) << (8 * bit);
                }
                Ok(value)
            };
            let offset = argument(command & 0x0f)?;
            let length = match argument(command >> 4 & 0x07)? {
                0 => 0x1_0000,
                length => length,
            };
            old.get(offset..offset + length).ok_or(BinaryError::Delta)?
        };
        if part.len() > size - out.len() {
            return Err(BinaryError::Delta);
        }
        out.extend_from_slice(part);
    }
    if out.len() == size { Ok(out) } else { Err(BinaryError::Delta) }
}

/// Reads a size of a delta: seven bits a byte, low ones first.
fn delta_size(rest: &mut &[u8]) -> Result<usize, BinaryError> {
    let mut size = 0_usize;
    for shift in (0..35).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or(BinaryError::Delta)?;
        *rest = tail;
        size |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(size);
        }
    }
    Err(BinaryError::Delta)
}

/// Encodes a payload the way it stands in a patch: method and size, base 85 lines, a blank line.
pub fn encode(hunk: &BinaryHunk) -> Vec<u8> {
    let (method, data) = match hunk {
        BinaryHunk::Literal(data) => ("literal", data),
        BinaryHunk::Delta(data) => ("delta", data),
    };
    let mut out = format!("{method} {}\n", data.len()).into_bytes();
    for chunk in deflate(data).chunks(LINE_BYTES) {
        let length = chunk.len() as u8;
        out.push(if length <= 26 { b'A' + length - 1 } else { b'a' + length - 27 });
        for group in chunk.chunks(4) {
            let mut bytes = [0; 4];
            bytes[..group.len()].copy_from_slice(group);
            let mut value = u32::from_be_bytes(bytes);
            let mut digits = [0; 5];
            for digit in digits.iter_mut().rev() {
                *digit = ALPHABET[(value % 85) as usize];
                value /= 85;
            }
            out.extend(digits);
        }
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

/// Reads one payload at `start`; `None` where no `literal` or `delta` line stands there. Returns the payload and where
/// it ends, its blank line included; an error comes with its place.
pub(super) fn read(text: &[u8], start: usize) -> Result<Option<(BinaryHunk, usize)>, (usize, BinaryError)> {
    let line = line_at(text, start);
    let (literal, size) = if let Some(size) = line.strip_prefix(b"literal ") {
        (true, size)
    } else if let Some(size) = line.strip_prefix(b"delta ") {
        (false, size)
    } else {
        return Ok(None);
    };
    let digits = size.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let size = size[..digits].to_str().ok().and_then(|digits| digits.parse().ok());
    let size: usize = size.filter(|&size| size <= MAX_SIZE).ok_or((start, BinaryError::Size))?;
    let mut at = start + line.len() + 1;
    let mut data = Vec::new();
    loop {
        let line = line_at(text, at);
        let next = at + line.len() + 1;
        if next > text.len() {
            return Err((at.min(text.len()), BinaryError::Encoding));
        }
        if line.is_empty() {
            let data = inflate(&data, size).map_err(|error| (start, error))?;
            let hunk = if literal { BinaryHunk::Literal(data) } else { BinaryHunk::Delta(data) };
            return Ok(Some((hunk, next)));
        }
        decode_line(line, &mut data).map_err(|error| (at, error))?;
        at = next;
    }
}

/// The line at `at` without its line feed; empty after the end.
fn line_at(text: &[u8], at: usize) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    &rest[..rest.find_byte(b'\n').unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_survive_encoding() {
        for len in [0, 1, 3, 4, 5, 51, 52, 53, 5000] {
            let data: Vec<u8> = (0..len).map(|at| (at * at / 7) as u8).collect();
            for hunk in [BinaryHunk::Literal(data.clone()), BinaryHunk::Delta(data.clone())] {
                let text = encode(&hunk);
                assert_eq!(read(&text, 0), Ok(Some((hunk, text.len()))));
            }
        }
    }

    #[test]
    fn bombs_and_wrong_sizes_are_refused() {
        let zeros = deflate(&vec![0; 1 << 20]);
        assert_eq!(inflate(&zeros, 1 << 20).map(|out| out.len()), Ok(1 << 20));
        for size in [0, 1, (1 << 20) - 1, (1 << 20) + 1, MAX_SIZE] {
            assert_eq!(inflate(&zeros, size), Err(BinaryError::Inflate));
        }
        assert_eq!(inflate(&zeros, MAX_SIZE + 1), Err(BinaryError::Size));
        assert_eq!(read(b"literal 99999999999999999999\n\n", 0), Err((0, BinaryError::Size)));
        assert_eq!(read(b"literal 3\nZ", 0), Err((10, BinaryError::Encoding)));
        assert_eq!(read(b"literal 3", 0), Err((9, BinaryError::Encoding)));
        for line in [&b""[..], b"A", b"A0000", b"E00000", b"A~~~~~", b"A0000\"", b"!00000"] {
            assert_eq!(decode_line(line, &mut Vec::new()), Err(BinaryError::Encoding));
        }
    }

    #[test]
    fn deltas_are_bounds_checked() {
        let old = b"0123456789";
        assert_eq!(apply_delta(&[10, 7, 0x91, 2, 4, 3, b'a', b'b', b'c'], old), Ok(b"2345abc".to_vec()));
        assert_eq!(apply_delta(&[9, 1, 1, b'a'], old), Err(BinaryError::Base));
        for broken in [
            &[10, 4, 0x91, 7, 4][..],
            &[10, 1, 0],
            &[10, 2, 1, b'a'],
            &[10, 1, 2, b'a', b'b'],
            &[10, 5, 5, b'a'],
            &[10, 1, 0x80],
            &[10, 1, 0xff, 1],
            &[10],
            &[0xff; 9],
        ] {
            assert!(apply_delta(broken, old).is_err(), "{broken:?}");
        }
    }
}
