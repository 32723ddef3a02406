//! A tarball becomes files, in one pass: what is read is checked, hashed and written at once.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

use bstr::{BString, ByteSlice as _};
use sha2::{Digest as _, Sha256};

use super::files::{self, Dirs, Files, content};
use crate::build::error::cannot;
use crate::build::{BuildError, Watch};
use crate::event::Event;
use crate::git::{Entry, MODE_EXECUTABLE, MODE_FILE, MODE_SYMLINK, blob_id};
use crate::source::proof::Check;
use crate::source::tarball::reader::{self, Kind, Limits, decompressed};
use crate::source::tarball::{Error, release};
use crate::text::hex;
use crate::version::KernelVersion;

/// How much of the archive is unpacked ahead of what is being written: pieces, and bytes in each.
const AHEAD: usize = 16;
const PIECE: usize = 256 << 10;
/// The largest file of a kernel, in bytes; in 6.12 it has 23 MiB.
const LARGEST: u64 = 256 << 20;

/// What was found in a tarball.
pub(super) struct Unpacked {
    /// The files that were written.
    pub(super) files: Files,
    /// The time of the newest entry, in seconds since 1970.
    pub(super) newest: i64,
    /// The SHA-256 of the tarball itself.
    pub(super) sum: String,
    /// The check, which has seen all of the archive.
    pub(super) check: Check,
}

/// Unpacks `tarball`, which is to hold `version`, into the empty directory `top`.
pub(super) fn unpack(
    tarball: &Path,
    version: &KernelVersion,
    top: &Path,
    check: Check,
    watch: Watch<'_>,
) -> Result<Unpacked, BuildError> {
    let mut files = Files::default();
    let mut dirs = Dirs::default();
    let mut release = None;
    let (newest, sum, check) = read(tarball, check, watch, &mut |item, from| {
        let mut bytes = Vec::with_capacity(usize::try_from(from.size().min(LARGEST)).unwrap_or(0));
        from.read_to_end(&mut bytes).map_err(|source| damaged(tarball, source))?;
        let path = item.path.as_bstr();
        let mode = match &item.kind {
            Kind::File { executable: true } => MODE_EXECUTABLE,
            Kind::File { executable: false } => MODE_FILE,
            Kind::Symlink => MODE_SYMLINK,
            Kind::HardLink(target) => {
                // The reader has seen it before, and no link can be linked to.
                let mode = files.0.get(target.as_bstr()).map_or(MODE_FILE, |entry| entry.mode);
                bytes = content(top, target.as_bstr(), mode)?;
                mode
            }
        };
        if path == "Makefile" {
            release = release::from_makefile(&bytes);
            check_version(tarball, release.as_deref(), version)?;
        }
        dirs.above(top, path)?;
        files::write(top, path, mode, &bytes)?;
        files.0.insert(BString::from(item.path), Entry { mode, id: blob_id(&bytes) });
        watch.observer.event(&Event::Step);
        Ok(())
    })?;
    if release.is_none() {
        return Err(BuildError::Input(
            format!("{} holds no kernel: there is no Makefile that says which version it is", tarball.display()),
            Some("name a release as kernel.org has it: linux-VERSION.tar.xz".into()),
        ));
    }
    files.check()?;
    Ok(Unpacked { files, newest, sum, check })
}

/// Reads a tarball to its end for the sake of a check.
pub(super) fn check_only(tarball: &Path, check: Check, watch: Watch<'_>) -> Result<(String, Check), BuildError> {
    let (_, sum, check) = read(tarball, check, watch, &mut |_, from| {
        io::copy(from, &mut io::sink()).map_err(|source| damaged(tarball, source))?;
        Ok(())
    })?;
    Ok((sum, check))
}

type Visit<'a> = dyn FnMut(reader::Item, &mut reader::Content<'_>) -> Result<(), BuildError> + 'a;

fn read(
    tarball: &Path,
    mut check: Check,
    watch: Watch<'_>,
    visit: &mut Visit<'_>,
) -> Result<(i64, String, Check), BuildError> {
    let file = File::open(tarball).map_err(cannot("open", tarball))?;
    let limits = Limits { file: LARGEST, ..Limits::default() };
    std::thread::scope(|scope| {
        let (sender, pieces) = sync_channel(AHEAD);
        let ahead = scope.spawn(move || -> io::Result<String> {
            let mut hashed = Hashed { from: file, hash: Sha256::new() };
            let mut input = decompressed(&mut hashed)?;
            loop {
                let mut piece = Vec::with_capacity(PIECE);
                let count = input.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
                // Nobody listens any more once reading has failed on the other side.
                if count == 0 || sender.send(piece).is_err() {
                    break;
                }
            }
            drop(input);
            io::copy(&mut hashed, &mut io::sink())?;
            Ok(hex(&hashed.hash.finalize()))
        });
        let mut input = Pieces { from: pieces, piece: Cursor::default(), check: &mut check };
        let read = reader::read(&mut input, tarball, &limits, &mut |item, from| {
            if watch.interrupt.is_raised() { Err(BuildError::Interrupted) } else { visit(item, from) }
        });
        // The other thread ends when nobody listens.
        drop(input);
        let sum = ahead.join().unwrap_or_else(|_| Err(io::Error::other("unpacking it ended with a panic")));
        match (read, sum) {
            (Ok(newest), Ok(sum)) => Ok((newest, sum, check)),
            // What looks like a truncated archive from here is what the decompressor complains of there.
            (Ok(_), Err(source)) => Err(damaged(tarball, source)),
            (Err(_), Err(source)) if !watch.interrupt.is_raised() => Err(damaged(tarball, source)),
            (Err(error), _) => Err(error),
        }
    })
}

/// Fails if the tarball says that it holds another release.
pub(super) fn check_version(tarball: &Path, found: Option<&str>, version: &KernelVersion) -> Result<(), BuildError> {
    let wanted = version.plain();
    match found {
        Some(found) if found.parse().ok().as_ref() != Some(&wanted) => {
            Err(other_version(&tarball.display().to_string(), found, version))
        }
        _ => Ok(()),
    }
}

/// The error for sources of another release than the one that is wanted.
pub(super) fn other_version(what: &str, found: &str, version: &KernelVersion) -> BuildError {
    let wanted = version.plain();
    BuildError::Input(
        format!("{what} holds Linux {found}, but {wanted} is to be built"),
        Some(format!("name the sources of {wanted}, or take the kit to the other release: kpatch bump")),
    )
}

fn damaged(tarball: &Path, source: io::Error) -> BuildError {
    Error::Damaged { path: tarball.to_owned(), source }.into()
}

/// Hashes what is read through it.
struct Hashed {
    from: File,
    hash: Sha256,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

/// Pieces of the archive from another thread; the check sees them on their way.
struct Pieces<'a> {
    from: Receiver<Vec<u8>>,
    piece: Cursor<Vec<u8>>,
    check: &'a mut Check,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.piece.read(buffer)? {
                0 if !buffer.is_empty() => match self.from.recv() {
                    Ok(piece) => {
                        self.check.update(&piece);
                        self.piece = Cursor::new(piece);
                    }
                    Err(_) => return Ok(0),
                },
                count => return Ok(count),
            }
        }
    }
}
