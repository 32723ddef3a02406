//! What every output directory gets, whatever filled it.

use std::fs;
use std::io;
use std::path::Path;

use super::error::cannot;
use super::{BuildError, Output, Recipe, Watch, pack};

/// The file with the patched sources, as images have it.
const SOURCES: &str = "linux.tar.xz";

/// Completes an output directory that a producer has filled: the files that say where the kernel comes from and who compiled it, its
/// sources, and the archives of its trees. Returns who compiled it: the builder image by its reference, or what the producer found.
///
/// # Errors
/// When something is missing or cannot be written; the directory is not complete then.
pub fn finish(recipe: &Recipe, output: &Output, watch: Watch<'_>) -> Result<String, BuildError> {
    let root = output.root();
    let builder = match &recipe.builder {
        Some(reference) => reference.clone(),
        None => output.line("compiler").ok_or_else(|| {
            let path = output.dir().join("compiler");
            BuildError::Input(format!("the producer has not written '{}'", path.display()), None)
        })?,
    };
    // As the images of others have them: without a line end, and as an assignment.
    write(&root.join("kernel-builder"), &builder)?;
    write(&root.join("kernel-source-info"), &format!("KERNEL_SOURCE={}\n", recipe.source))?;
    if let Some(tarball) = &recipe.tarball {
        take(tarball, &root.join(SOURCES))?;
    }
    pack::pack(output, recipe.epoch, watch)?;
    Ok(builder)
}

fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    fs::write(path, text).map_err(cannot("write", path))
}

/// A second name for a file, or a copy where the file system has no second names.
fn take(from: &Path, to: &Path) -> Result<(), BuildError> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot("replace", to)(error)),
        _ => {}
    }
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop)).map_err(cannot("write", to))
}
