//! The files that configuring needs, out of a tree into a private directory.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice as _};
use tempfile::TempDir;

use super::KbuildError;
use super::scan;
use crate::arch::Arch;
use crate::git::{MODE_GITLINK, MODE_SYMLINK, MODE_TREE, Oid, Store};
use crate::text::visible;

/// The Kconfig files, scripts and makefiles of one tree in a directory of their own, gone when this is dropped.
#[derive(Debug)]
pub struct Sources {
    dir: TempDir,
    /// The Kconfig files that ask the toolchain something, as they are in the tree.
    pub(super) asking: BTreeMap<PathBuf, String>,
    /// Whether the tree has tools that stand for a compiler.
    pub(super) has_dummy: bool,
    /// Whether lexer and parser are in the tree ready-made.
    pub(super) is_shipped: bool,
}

/// One file of the tree.
struct Wanted {
    path: BString,
    mode: u32,
    id: Oid,
}

/// Turns an `io::Error` into one that names the step and the path.
pub(super) fn cannot(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KbuildError {
    let path = path.to_owned();
    move |source| KbuildError::Io { what, path, source }
}

/// True for the files of a kernel that its configuration can depend on: Kconfig files, scripts, makefiles and default
/// configurations.
pub fn is_part(path: &BStr) -> bool {
    let mut parts = path.split_str("/");
    let last = path.rsplit_str("/").next().unwrap_or_default();
    if last.starts_with(b"Kconfig") {
        return true;
    }
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(b"Makefile" | b"Kbuild"), None, ..)
        | (Some(b"scripts"), Some(_), ..)
        | (Some(b"kernel"), Some(b"configs"), Some(_), _)
        | (Some(b"arch"), Some(_), Some(b"configs" | b"tools"), Some(_)) => true,
        (Some(b"arch"), Some(_), Some(name), None) => name.starts_with(b"Makefile") || name == b"Kbuild",
        _ => false,
    }
}

/// True if a directory may hold something of it.
fn is_entered(path: &BStr) -> bool {
    // Nothing below has a Kconfig file, and it is a third of the tree.
    !path.starts_with(b"Documentation/") && !path.ends_with(b"/dts")
}

impl Sources {
    /// Writes the files of `tree` that configuring needs into a private directory. Blobs that are not here are fetched in
    /// one batch.
    pub fn lay_out(store: &Store, tree: Oid) -> Result<Self, KbuildError> {
        let files = wanted(store, tree, is_part)?;
        let has = |path: &str| files.iter().any(|file| file.path == path);
        if !has("Kconfig") || !has("Makefile") {
            return Err(KbuildError::NoKconfig);
        }
        let temporary = std::env::temp_dir();
        let dir = tempfile::Builder::new()
            .prefix("kpatch-kbuild-")
            .tempdir_in(&temporary)
            .map_err(cannot("make a directory in", &temporary))?;
        let mut asking = BTreeMap::new();
        let mut made = HashSet::new();
        // Links come last, so that nothing can be written through one.
        let (links, plain): (Vec<&Wanted>, Vec<&Wanted>) = files.iter().partition(|file| file.mode == MODE_SYMLINK);
        for file in plain.into_iter().chain(links) {
            let blob = store.blob(file.id)?;
            let relative = Path::new(file.path.to_os_str().map_err(|_| outside(&file.path))?);
            let path = dir.path().join(relative);
            make_parents(dir.path(), relative, &mut made)?;
            if file.mode == MODE_SYMLINK {
                symlink(link_target(&blob, &file.path)?, &path).map_err(cannot("make the link", &path))?;
                continue;
            }
            write(&path, &blob, file.mode & 0o111 != 0)?;
            if is_kconfig(file.path.as_bstr())
                && let Ok(text) = std::str::from_utf8(&blob)
                && scan::asks(text)
            {
                asking.insert(relative.to_owned(), text.to_owned());
            }
        }
        let has_dummy = has("scripts/dummy-tools/gcc");
        let is_shipped = files.iter().any(|file| file.path.starts_with(b"scripts/kconfig/zconf.lex.c_shipped"));
        Ok(Self { dir, asking, has_dummy, is_shipped })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The options whose value is a number or text that a tool has answered, such as `GCC_VERSION`; without `CONFIG_`.
    pub fn version_options(&self) -> HashSet<String> {
        let versions = |text: &String| {
            let entries = scan::entries(text).into_iter();
            entries.filter(|entry| entry.is_version(text)).map(|entry| entry.name).collect::<Vec<_>>()
        };
        self.asking.values().flat_map(versions).collect()
    }
}

/// The names of all options that the Kconfig files of a tree define for an architecture, without `CONFIG_`.
pub fn config_names(store: &Store, tree: Oid, arch: Arch) -> Result<HashSet<String>, KbuildError> {
    let own = Path::new(arch.defconfig()).components().nth(1).map(|part| part.as_os_str().as_encoded_bytes());
    let is_wanted = |path: &BStr| {
        let mut parts = path.split_str("/");
        is_kconfig(path) && (parts.next() != Some(b"arch") || !path[5..].contains(&b'/') || parts.next() == own)
    };
    let files = wanted(store, tree, is_wanted)?;
    let mut names = HashSet::new();
    for file in files.iter().filter(|file| file.mode != MODE_SYMLINK) {
        let blob = store.blob(file.id)?;
        let text = String::from_utf8_lossy(&blob);
        names.extend(scan::entries(&text).into_iter().map(|entry| entry.name));
    }
    Ok(names)
}

fn is_kconfig(path: &BStr) -> bool {
    let last = path.rsplit_str("/").next().unwrap_or_default();
    // The tests of the tool itself are no part of the kernel.
    last.starts_with(b"Kconfig") && !path.starts_with(b"scripts/kconfig/tests/")
}

/// The files of a tree that are wanted, their blobs at hand.
fn wanted(store: &Store, tree: Oid, is_wanted: impl Fn(&BStr) -> bool) -> Result<Vec<Wanted>, KbuildError> {
    let mut files = Vec::new();
    let mut open = vec![(BString::default(), tree)];
    while let Some((dir, id)) = open.pop() {
        for entry in store.tree(id)?.iter() {
            let mut path = dir.clone();
            if !dir.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(&entry.name);
            match entry.mode {
                MODE_TREE if is_entered(path.as_bstr()) => open.push((path, entry.id)),
                mode if mode != MODE_TREE && mode != MODE_GITLINK && is_wanted(path.as_bstr()) => {
                    if !is_safe(&path) {
                        return Err(outside(&path));
                    }
                    files.push(Wanted { path, mode, id: entry.id });
                }
                _ => {}
            }
        }
    }
    let ids: Vec<Oid> = files.iter().map(|file| file.id).collect();
    store.prefetch(&ids)?;
    Ok(files)
}

/// True for a path that stays inside whatever it is joined to.
fn is_safe(path: &[u8]) -> bool {
    let is_plain = |part: &[u8]| !matches!(part, b"" | b"." | b"..") && !part.contains(&0);
    path.split_str("/").all(is_plain)
}

fn outside(path: &[u8]) -> KbuildError {
    KbuildError::Path(visible(path))
}

/// The target of a link, if it stays inside of the tree.
fn link_target(blob: &[u8], path: &[u8]) -> Result<PathBuf, KbuildError> {
    let mut depth = path.split_str("/").count() - 1;
    for part in blob.split_str("/") {
        match part {
            b"." => {}
            b".." => depth = depth.checked_sub(1).ok_or_else(|| outside(path))?,
            // Absolute, doubled or at the end: the tree has none of these.
            b"" => return Err(outside(path)),
            _ => depth += 1,
        }
    }
    blob.to_path().map(Path::to_owned).map_err(|_| outside(path))
}

/// Makes the directories above a file; what is there and was not made here is in the way.
fn make_parents(root: &Path, relative: &Path, made: &mut HashSet<PathBuf>) -> Result<(), KbuildError> {
    let mut at = root.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        at.push(part);
        if made.insert(at.clone()) {
            fs::create_dir(&at).map_err(cannot("make", &at))?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8], is_program: bool) -> Result<(), KbuildError> {
    let mut file = File::create_new(path).map_err(cannot("write", path))?;
    file.write_all(bytes).map_err(cannot("write", path))?;
    if is_program {
        file.set_permissions(fs::Permissions::from_mode(0o755)).map_err(cannot("write", path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_configuring_needs() {
        let part = |path: &str| is_part(path.into());
        for path in [
            "Kconfig",
            "Makefile",
            "Kbuild",
            "drivers/net/Kconfig",
            "arch/x86/Kconfig.assembler",
            "arch/x86/Makefile_32.cpu",
            "arch/x86/configs/x86_64_defconfig",
            "arch/s390/tools/gcc-thunk-extern.sh",
            "kernel/configs/debug.config",
            "scripts/kconfig/conf.c",
        ] {
            assert!(part(path), "{path}");
        }
        for path in [
            "README",
            "kernel/Makefile",
            "arch/x86/kernel/Makefile",
            "scripts",
            "drivers/net/tun.c",
            "arch/x86/configs",
        ] {
            assert!(!part(path), "{path}");
        }
    }

    #[test]
    fn paths_and_links_stay_inside() {
        assert!(is_safe(b"a/b") && !is_safe(b"a/../b") && !is_safe(b"/a") && !is_safe(b"a//b") && !is_safe(b"."));
        let target = |blob: &str, path: &str| link_target(blob.as_bytes(), path.as_bytes()).is_ok();
        assert!(target("../../arch/x", "scripts/dtc/link") && target("b", "a"));
        for (blob, path) in [("/etc", "a"), ("../x", "a"), ("b/../../..", "a/c"), ("", "a"), ("a/", "b")] {
            assert!(!target(blob, path), "{blob} {path}");
        }
    }
}
