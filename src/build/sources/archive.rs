//! `linux.tar.xz`: the patched sources as a file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use liblzma::stream::{Check, MtStreamBuilder};
use liblzma::write::XzEncoder;

use super::files::{Files, content};
use super::hex_sha256;
use super::place::Place;
use crate::build::error::cannot;
use crate::build::{BuildError, Watch};
use crate::event::Event;
use crate::git::{MODE_EXECUTABLE, MODE_SYMLINK, blob_id};
use crate::oci;
use crate::oci::archive::Archive;
use crate::text::visible;

/// The top directory in the archive, as images have it that are built on top of kernels.
const TOP: &str = "linux";
/// How hard xz tries. For the 1.5 GB of Linux 6.12 preset 0 takes 37 s of a processor and gives 219 MB, preset 1 60 s and 194 MB. Sources
/// are compressed at every change of a patch and read by few.
const PRESET: u32 = 1;
/// What is compressed on its own, in bytes. It is fixed, so that the bytes do not depend on the number of threads.
const BLOCK: u64 = 16 << 20;
/// Names the way in which archives are made. Those of another way are made anew.
const FORMAT: &str = "kpatch sources 1";

/// The archive of the files in the tree of `place`, which are those of `source_id`; made if it is not there. All times in it are `epoch`.
pub(super) fn archive(
    place: &Place,
    source_id: &str,
    epoch: i64,
    jobs: usize,
    watch: Watch<'_>,
) -> Result<PathBuf, BuildError> {
    let key = hex_sha256(format!("{FORMAT} {PRESET} {BLOCK} {epoch} {source_id}").as_bytes());
    let name = format!("linux-{}.tar.xz", &key[..16]);
    let path = place.work().join(&name);
    if path.is_file() {
        return Ok(path);
    }
    let files = place.files().ok_or_else(|| changed(place.tree(), "the list of its files"))?;
    let total = Some(files.0.len());
    watch.observer.event(&Event::Stage { name: "compressing the sources".into(), total });
    let temporary = place.unfinished_file()?;
    let stream = MtStreamBuilder::new()
        .threads(u32::try_from(jobs).unwrap_or(1).max(1))
        .block_size(BLOCK)
        .preset(PRESET)
        .check(Check::Crc64)
        .encoder()
        .map_err(|error| cannot("compress", &path)(error.into()))?;
    let encoder = XzEncoder::new_stream(temporary.as_file(), stream);
    let encoder = write(place.tree(), &files, epoch, encoder, &path, watch)?;
    encoder.finish().map_err(cannot("write", &path))?;
    temporary.persist(&path).map_err(|error| cannot("write", &path)(error.error))?;
    remove_others(place.work(), &name)?;
    Ok(path)
}

/// Writes the files as they were unpacked; fails if they are not what they were.
fn write<W: Write>(
    tree: &Path,
    files: &Files,
    epoch: i64,
    out: W,
    path: &Path,
    watch: Watch<'_>,
) -> Result<W, BuildError> {
    let failed = |error: oci::Error| match error {
        oci::Error::Sink(source) => cannot("write", path)(source),
        error => BuildError::Input(format!("{} cannot be written: {error}", path.display()), None),
    };
    // Directory by directory, as all archives here.
    let mut sorted: Vec<_> = files.0.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.split(|byte| *byte == b'/').cmp(b.split(|byte| *byte == b'/')));
    let mut archive = Archive::new(out, epoch);
    for (name, entry) in sorted {
        if watch.interrupt.is_raised() {
            return Err(BuildError::Interrupted);
        }
        let bytes = content(tree, name.as_bstr(), entry.mode)?;
        if blob_id(&bytes) != entry.id {
            return Err(changed(tree, &format!("'{}'", visible(name))));
        }
        let to = Path::new(TOP).join(name.to_path_lossy());
        if entry.mode == MODE_SYMLINK {
            archive.symlink(to, bytes.to_path_lossy()).map_err(failed)?;
        } else {
            let executable = entry.mode == MODE_EXECUTABLE;
            archive.file(to, executable, bytes.len() as u64, bytes.as_slice()).map_err(failed)?;
        }
        watch.observer.event(&Event::Step);
    }
    archive.finish().map_err(failed)
}

fn changed(tree: &Path, what: &str) -> BuildError {
    BuildError::Input(
        format!("{what} is not as it was unpacked into {}", tree.display()),
        Some(format!("changes belong into patches; have the sources unpacked again: rm -r {}", tree.display())),
    )
}

/// Removes the archives of earlier sources.
fn remove_others(work: &Path, name: &str) -> Result<(), BuildError> {
    for entry in fs::read_dir(work).map_err(cannot("read", work))? {
        let found = entry.map_err(cannot("read", work))?.file_name();
        let found = found.to_string_lossy();
        if found != name && found.starts_with("linux-") && found.ends_with(".tar.xz") {
            match fs::remove_file(work.join(&*found)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot("remove", work)(error)),
                _ => {}
            }
        }
    }
    Ok(())
}
