//! Compression on all processors whose result depends on the bytes alone, not on how many processors there are.
//!
//! The stream is cut into blocks of one size, each is compressed for itself, and the results are joined in order: for gzip into one
//! member, whose blocks end at a byte (RFC 1951, as `pigz` does), for zstd into one frame for each (RFC 8878). A block that does not get
//! smaller, such as a piece of `linux.tar.xz`, is found by samples and stored as it is.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::{Compress, FlushCompress};

/// How layers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// What everything that reads images understands.
    #[default]
    Gzip,
    /// Smaller and quicker; understood by docker since 20.10 and by containerd since 1.5.
    Zstd,
}

/// What is compressed at once, in bytes. Changing it changes the digests of all images.
const BLOCK: usize = 1 << 20;
/// The level of gzip. Changing it changes the digests of all images.
const GZIP_LEVEL: u32 = 4;
/// The level of zstd. Changing it changes the digests of all images.
const ZSTD_LEVEL: i32 = 3;
/// A header without a name, a time or a system (RFC 1952).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty block that is the last one of a stream.
const GZIP_END: [u8; 2] = [3, 0];
/// The most that one stored block of deflate holds, in bytes.
const STORED: usize = 0xffff;
/// How much of a block is tried, in as many places, and how little has to be saved by it for the block to be stored: one of 50.
const SAMPLE: usize = 16 << 10;
const SAMPLES: usize = 3;
const WORTH: usize = 50;

/// A block to compress, and where to send it to.
struct Job {
    block: Vec<u8>,
    done: SyncSender<io::Result<Done>>,
}

/// A compressed block.
struct Done {
    bytes: Vec<u8>,
    crc: crc32fast::Hasher,
}

/// Compresses what is written to it, and writes the result in order.
pub(super) struct Compressor<W: Write> {
    out: W,
    kind: Compression,
    block: Vec<u8>,
    jobs: Sender<Job>,
    waiting: VecDeque<Receiver<io::Result<Done>>>,
    /// How many blocks may be under way.
    ahead: usize,
    crc: crc32fast::Hasher,
    size: u64,
}

impl<W: Write> Compressor<W> {
    /// Starts the threads, and writes the header.
    pub(super) fn new(mut out: W, kind: Compression, threads: usize) -> io::Result<Self> {
        let (jobs, receiver) = mpsc::channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            // The threads end when the last sender is dropped.
            thread::Builder::new().name("compress".into()).spawn(move || work(kind, &receiver))?;
        }
        if kind == Compression::Gzip {
            out.write_all(&GZIP_HEADER)?;
        }
        let block = Vec::with_capacity(BLOCK);
        let crc = crc32fast::Hasher::new();
        Ok(Self { out, kind, block, jobs, waiting: VecDeque::new(), ahead: threads.max(1) + 2, crc, size: 0 })
    }

    /// Compresses the rest, writes the end, and gives back where it was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        if !self.block.is_empty() {
            self.send()?;
        }
        while !self.waiting.is_empty() {
            self.take()?;
        }
        if self.kind == Compression::Gzip {
            self.out.write_all(&GZIP_END)?;
            self.out.write_all(&self.crc.finalize().to_le_bytes())?;
            // The format has room for the length modulo 2^32.
            self.out.write_all(&(self.size as u32).to_le_bytes())?;
        } else if self.size == 0 {
            self.out.write_all(&zstd::bulk::compress(b"", ZSTD_LEVEL)?)?;
        }
        self.out.flush()?;
        Ok(self.out)
    }

    /// Hands the block to a thread.
    fn send(&mut self) -> io::Result<()> {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        self.size += block.len() as u64;
        let (done, receiver) = mpsc::sync_channel(1);
        self.jobs.send(Job { block, done }).map_err(|_| ended())?;
        self.waiting.push_back(receiver);
        while self.waiting.len() >= self.ahead {
            self.take()?;
        }
        Ok(())
    }

    /// Writes the block that was sent first.
    fn take(&mut self) -> io::Result<()> {
        let Some(receiver) = self.waiting.pop_front() else { return Ok(()) };
        let done = receiver.recv().map_err(|_| ended())??;
        self.crc.combine(&done.crc);
        self.out.write_all(&done.bytes)
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == BLOCK {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ended() -> io::Error {
    io::Error::other("a thread that compresses has ended")
}

/// Compresses blocks until there are no more.
fn work(kind: Compression, jobs: &Mutex<Receiver<Job>>) {
    let mut deflate = Deflate::new();
    loop {
        let job = match jobs.lock() {
            Ok(jobs) => jobs.recv(),
            Err(_) => return,
        };
        let Ok(Job { block, done }) = job else { return };
        let mut crc = crc32fast::Hasher::new();
        let bytes = match kind {
            Compression::Gzip => {
                crc.update(&block);
                deflate.block(&block)
            }
            Compression::Zstd => zstd::bulk::compress(&block, ZSTD_LEVEL),
        };
        // Nobody waits for it when the work was given up.
        let _ = done.send(bytes.map(|bytes| Done { bytes, crc }));
    }
}

/// Makes pieces of one deflate stream, each of which ends at a byte and is not the last.
struct Deflate {
    full: Compress,
    quick: Compress,
}

impl Deflate {
    fn new() -> Self {
        let at = |level| Compress::new(flate2::Compression::new(level), false);
        Self { full: at(GZIP_LEVEL), quick: at(1) }
    }

    fn block(&mut self, block: &[u8]) -> io::Result<Vec<u8>> {
        if self.is_dense(block)? {
            return Ok(stored(block));
        }
        let bytes = deflate(&mut self.full, block)?;
        Ok(if bytes.len() < block.len() { bytes } else { stored(block) })
    }

    /// True if samples of the block hardly get smaller.
    fn is_dense(&mut self, block: &[u8]) -> io::Result<bool> {
        if block.len() < SAMPLE * SAMPLES {
            return Ok(false);
        }
        for number in 0..SAMPLES {
            let start = (block.len() - SAMPLE) / (SAMPLES - 1) * number;
            let small = deflate(&mut self.quick, &block[start..start + SAMPLE])?;
            if small.len() < SAMPLE - SAMPLE / WORTH {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn deflate(state: &mut Compress, block: &[u8]) -> io::Result<Vec<u8>> {
    state.reset();
    let mut bytes = Vec::with_capacity(block.len() / 2 + 64);
    loop {
        let at = state.total_in() as usize;
        state.compress_vec(&block[at..], &mut bytes, FlushCompress::Sync).map_err(io::Error::other)?;
        // Room that is left says that the flush is complete.
        if state.total_in() as usize == block.len() && bytes.len() < bytes.capacity() {
            return Ok(bytes);
        }
        bytes.reserve(block.len() / 2 + 64);
    }
}

/// The block as stored blocks of deflate.
fn stored(block: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(block.len() + 5 * (block.len() / STORED + 1));
    for piece in block.chunks(STORED) {
        let length = piece.len() as u16;
        bytes.push(0);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&(!length).to_le_bytes());
        bytes.extend_from_slice(piece);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// Bytes that do not get smaller.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..length).map(|_| next()).collect()
    }

    fn compress(bytes: &[u8], kind: Compression, threads: usize, piece: usize) -> Vec<u8> {
        let mut compressor = Compressor::new(Vec::new(), kind, threads).expect("started");
        for piece in bytes.chunks(piece) {
            compressor.write_all(piece).expect("written");
        }
        compressor.finish().expect("finished")
    }

    fn inputs() -> Vec<Vec<u8>> {
        let text: Vec<u8> = (0..3 * BLOCK / 4).flat_map(|at| format!("{at} ").into_bytes()).collect();
        let mixed = [noise(BLOCK), text[..BLOCK].to_vec(), noise(100)].concat();
        vec![Vec::new(), b"a".to_vec(), vec![0; BLOCK], noise(BLOCK + 1), noise(SAMPLE * SAMPLES), text, mixed]
    }

    #[test]
    fn what_comes_out_is_what_went_in() {
        for input in inputs() {
            let gzip = compress(&input, Compression::Gzip, 2, 70_000);
            let mut output = Vec::new();
            // One member: a reader that knows no more sees all.
            flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut output).expect("a gzip stream");
            assert!(output == input);
            let zstd = compress(&input, Compression::Zstd, 2, 70_000);
            assert!(zstd::stream::decode_all(zstd.as_slice()).expect("a zstd stream") == input);
        }
    }

    #[test]
    fn neither_threads_nor_pieces_change_the_bytes() {
        let input = inputs().concat();
        for kind in [Compression::Gzip, Compression::Zstd] {
            let one = compress(&input, kind, 1, usize::MAX);
            assert!(one == compress(&input, kind, 7, 12_345));
            assert!(one.len() < input.len());
        }
    }

    #[test]
    fn dense_blocks_are_stored_and_others_are_not() {
        let dense = noise(4 * BLOCK);
        let size = compress(&dense, Compression::Gzip, 2, BLOCK).len();
        assert!(size > dense.len() && size < dense.len() + dense.len() / 5000, "{size}");
        let mut half = noise(BLOCK);
        half[BLOCK / 3..].fill(0);
        assert!(compress(&half, Compression::Gzip, 2, BLOCK).len() < BLOCK / 2);
    }

    #[test]
    fn a_failing_writer_ends_it() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if bytes.len() > 10 { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(bytes.len()) }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut compressor = Compressor::new(Full, Compression::Gzip, 2).expect("started");
        let written = compressor.write_all(&noise(9 * BLOCK)).and_then(|()| compressor.finish().map(drop));
        assert_eq!(written.expect_err("full").kind(), io::ErrorKind::StorageFull);
    }
}
