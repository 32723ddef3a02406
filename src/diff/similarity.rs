//! How alike two files are, on git's scale, for finding renames.
//!
//! Git cuts a file into lines (or stretches of 64 bytes), counts the bytes of equal pieces, and compares the counts.
//! The way pieces are told apart by a hash is part of the result, so it is git's.

use super::merge::is_binary;

/// The score of equal files.
pub const MAX_SCORE: u64 = 60_000;
/// From here on a pair counts as a rename (`-M50%`).
pub const RENAME_SCORE: u64 = 30_000;
/// From here on files of one unique basename count as renamed (half way to [`MAX_SCORE`]).
pub const BASENAME_SCORE: u64 = 45_000;

const HASH_BASE: u32 = 107_927;
const LONGEST_PIECE: u32 = 64;

/// The pieces of one file: (hash, bytes), sorted by hash.
#[derive(Debug, Clone)]
pub struct Pieces {
    pieces: Vec<(u32, u32)>,
    size: u64,
}

impl Pieces {
    /// Cuts up a file.
    pub fn new(content: &[u8]) -> Self {
        let text = !is_binary(content);
        let mut pieces = Vec::with_capacity(content.len() / 24 + 1);
        let (mut low, mut high, mut length) = (0u32, 0u32, 0u32);
        let mut bytes = content.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            // The CR of a CRLF does not count in text.
            if text && byte == b'\r' && bytes.peek() == Some(&b'\n') {
                continue;
            }
            let before = low;
            low = (low << 7) ^ (high >> 25);
            high = (high << 7) ^ (before >> 25);
            low = low.wrapping_add(u32::from(byte));
            length += 1;
            if length < LONGEST_PIECE && byte != b'\n' {
                continue;
            }
            pieces.push((piece_hash(low, high), length));
            (low, high, length) = (0, 0, 0);
        }
        if length > 0 {
            pieces.push((piece_hash(low, high), length));
        }
        pieces.sort_unstable_by_key(|piece| piece.0);
        pieces.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1 += later.1;
            }
            same
        });
        Self { pieces, size: content.len() as u64 }
    }

    /// The score of `self` and `other`, from 0 to [`MAX_SCORE`].
    pub fn score(&self, other: &Self) -> u64 {
        let larger = self.size.max(other.size);
        if larger == 0 || other.size == 0 {
            return 0;
        }
        let mut copied = 0u64;
        let (mut i, mut j) = (0, 0);
        while i < self.pieces.len() && j < other.pieces.len() {
            let (a, b) = (self.pieces[i], other.pieces[j]);
            match a.0.cmp(&b.0) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    copied += u64::from(a.1.min(b.1));
                    i += 1;
                    j += 1;
                }
            }
        }
        copied * MAX_SCORE / larger
    }
}

fn piece_hash(low: u32, high: u32) -> u32 {
    low.wrapping_add(high.wrapping_mul(0x61)) % HASH_BASE
}

/// False if the sizes alone (in bytes) rule out a score of `minimum`.
pub fn sizes_allow(a: u64, b: u64, minimum: u64) -> bool {
    let (larger, smaller) = (a.max(b), a.min(b));
    larger * (MAX_SCORE - minimum) >= (larger - smaller) * MAX_SCORE
}
