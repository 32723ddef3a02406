//! From the trees of an output directory to the tarballs of its image.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;

use super::error::cannot;
use super::{BuildError, Output, Watch};
use crate::event::Interrupt;
use crate::oci::archive;

/// Each tree with the tarball that is made of it.
const TARBALLS: [(&str, &str); 3] =
    [("modules", "kernel.tar"), ("dev", "kernel-dev.tar"), ("headers", "kernel-headers.tar")];
/// What is written at once, in bytes.
const BUFFER: usize = 1 << 20;

/// Makes `kernel.tar`, `kernel-dev.tar` and `kernel-headers.tar` in `root/` of what is in `trees/`, all at a time. The paths in a tree are
/// those in its tarball: `trees/modules/lib/modules/6.6.13-linuxkit`. `epoch` is the time of every entry. A tarball whose tree is not
/// there stays as it is.
///
/// # Errors
/// When a tree cannot be read or a tarball not be written. None is half there then.
pub fn pack(output: &Output, epoch: i64, watch: Watch<'_>) -> Result<(), BuildError> {
    let root = output.root();
    fs::create_dir_all(&root).map_err(cannot("create", &root))?;
    let interrupt = watch.interrupt;
    thread::scope(|scope| {
        let trees = TARBALLS.map(|(tree, name)| (output.tree(tree), root.join(name)));
        let there = trees.into_iter().filter(|(tree, _)| tree.is_dir());
        let packing: Vec<_> = there.map(|(tree, to)| scope.spawn(move || one(&tree, &to, epoch, interrupt))).collect();
        packing.into_iter().try_for_each(|packing| match packing.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// Writes one tarball beside its place, and renames it.
fn one(tree: &Path, to: &Path, epoch: i64, interrupt: &Interrupt) -> Result<(), BuildError> {
    let dir = to.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kpatch-").permissions(fs::Permissions::from_mode(0o644));
    let mut file = builder.tempfile_in(dir).map_err(cannot("create a file in", dir))?;
    let out = Watched { out: BufWriter::with_capacity(BUFFER, file.as_file_mut()), interrupt };
    archive::write(tree, None, epoch, out).map_err(|error| match error {
        crate::oci::Error::Sink(source) => cannot("write", to)(source),
        other => other.into(),
    })?;
    file.persist(to).map_err(|error| cannot("write", to)(error.error))?;
    Ok(())
}

/// A writer that fails once the user wants to stop.
struct Watched<'a, W> {
    out: W,
    interrupt: &'a Interrupt,
}

impl<W: Write> Write for Watched<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.interrupt.is_raised() {
            return Err(io::Error::other(crate::oci::Error::Interrupted));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Silent;

    #[test]
    fn trees_become_tarballs() {
        let dir = tempfile::tempdir().expect("a directory");
        let output = Output::new(dir.path());
        let modules = output.tree("modules").join("lib/modules/6.6.13-linuxkit");
        fs::create_dir_all(&modules).expect("made");
        fs::write(modules.join("modules.dep"), "").expect("written");
        let interrupt = Interrupt::new();
        let watch = Watch { observer: &Silent, interrupt: &interrupt };
        pack(&output, 1_700_000_000, watch).expect("packed");
        let first = fs::read(output.root().join("kernel.tar")).expect("a tarball");
        let mut archive = tar::Archive::new(first.as_slice());
        let paths = archive.entries().expect("entries").map(|entry| entry.expect("an entry").path_bytes().into_owned());
        assert_eq!(paths.last().expect("an entry"), b"lib/modules/6.6.13-linuxkit/modules.dep");
        assert_eq!(
            fs::read_dir(output.root()).expect("root").count(),
            1,
            "nothing is made of trees that are not there"
        );
        pack(&output, 1_700_000_000, watch).expect("packed");
        assert_eq!(fs::read(output.root().join("kernel.tar")).expect("a tarball"), first);
        interrupt.raise();
        fs::write(modules.join("modules.dep"), "x").expect("written");
        assert!(pack(&output, 1_700_000_000, watch).expect_err("stopped").is_interrupted());
        assert_eq!(fs::read(output.root().join("kernel.tar")).expect("a tarball"), first, "the old one stays");
        assert_eq!(fs::read_dir(output.root()).expect("root").count(), 1);
    }
}
