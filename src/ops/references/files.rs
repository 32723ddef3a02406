//! The files of a kit that may name its images.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::OpError;
use crate::files::Change;
use crate::git::Git;
use crate::kit::Kit;
use crate::ops::workspace;

/// Endings of YAML, and of templates that become YAML.
const ENDINGS: &[&str] = &[
    ".yml",
    ".yaml",
    ".yml.in",
    ".yaml.in",
    ".yml.tmpl",
    ".yaml.tmpl",
    ".yml.template",
    ".yaml.template",
    ".sh",
    ".Dockerfile",
    ".dockerfile",
];

/// Directories that a walk does not enter: what is in them is made, or belongs to somebody else.
const NOT_WALKED: &[&str] = &[".git", "target", "node_modules"];

/// The files, relative to the kit's top and in the order of their names: those that git tracks, or all where the kit is no
/// repository. Those that `changes` touch are left out.
pub(super) fn list(kit: &Kit, changes: &[Change]) -> Result<Vec<PathBuf>, OpError> {
    let mut files = match Git::containing(kit.top()) {
        Some(git) => tracked(&git, kit.top())?,
        None => walked(kit.top())?,
    };
    let kernel = kit.kernel_dir().strip_prefix(kit.top()).unwrap_or(Path::new("kernel"));
    files.retain(|path| {
        !path.starts_with(kernel)
            && may_name_images(path)
            && !changes.iter().any(|change| touches(change, path))
            // Not through links: what they lead to is looked at where it is, or is somebody else's.
            && fs::symlink_metadata(kit.top().join(path)).is_ok_and(|found| found.is_file())
    });
    files.sort();
    files.dedup();
    Ok(files)
}

/// A file that may name images, as text.
pub(in crate::ops) struct Text {
    /// Absolute.
    pub(in crate::ops) path: PathBuf,
    pub(in crate::ops) text: String,
}

/// All of them that are UTF-8, in the order of their paths.
pub(in crate::ops) fn texts(kit: &Kit) -> Result<Vec<Text>, OpError> {
    let mut found = Vec::new();
    for path in list(kit, &[])? {
        let path = kit.top().join(path);
        if let Ok(text) = String::from_utf8(workspace::read(&path)?) {
            found.push(Text { path, text });
        }
    }
    Ok(found)
}

fn tracked(git: &Git, top: &Path) -> Result<Vec<PathBuf>, OpError> {
    let names = git.tracked_files(top).map_err(|error| OpError::because("cannot list the files of the kit", error))?;
    Ok(names.iter().map(|name| PathBuf::from(OsStr::from_bytes(name))).collect())
}

fn walked(top: &Path) -> Result<Vec<PathBuf>, OpError> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = top.join(&folder);
        let failed = |error| OpError::because(format!("cannot read '{}'", path.display()), error);
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let name = entry.file_name();
            if kind.is_file() {
                files.push(folder.join(name));
            } else if kind.is_dir() && !NOT_WALKED.iter().any(|other| name == *other) {
                folders.push(folder.join(name));
            }
        }
    }
    Ok(files)
}

/// Told by the name: YAML and its templates, Dockerfiles, shell scripts, Makefiles; not what is vendored.
fn may_name_images(path: &Path) -> bool {
    let is_vendored = path.components().any(|part| part == Component::Normal(OsStr::new("vendor")));
    let Some(name) = path.file_name().map(OsStr::as_bytes) else { return false };
    let ends = |ending: &&str| name.ends_with(ending.as_bytes());
    let is_wanted = ENDINGS.iter().any(ends) || name.starts_with(b"Dockerfile") || name == b"Makefile";
    is_wanted && !is_vendored && ![".md", ".patch"].iter().any(ends)
}

/// True if a change makes, edits or removes the file.
fn touches(change: &Change, path: &Path) -> bool {
    match change {
        Change::File { target, .. } => target == path,
        Change::Dir { target, keep, .. } => path.strip_prefix(target).is_ok_and(|inside| {
            !inside.components().next().is_some_and(|first| keep.iter().any(|kept| first.as_os_str() == kept))
        }),
    }
}

/// Whether `changes` decide what a path of the kit will be.
pub(super) fn covered(changes: &[Change], path: &Path) -> bool {
    changes.iter().any(|change| touches(change, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_names() {
        for good in [
            "linuxkit.yml",
            "a/b.yaml",
            "test/pkg/ns/template.yml.in",
            "Dockerfile",
            "a/Dockerfile.perf",
            "x/y.Dockerfile",
            "projects/x/Makefile",
            "test/cases/020_kernel/119_kmod_6.6.x/test.sh",
            ".github/workflows/ci.yml",
        ] {
            assert!(may_name_images(Path::new(good)), "{good}");
        }
        for bad in [
            "README.md",
            "Dockerfile.md",
            "a.patch",
            "x.yml.patch",
            "vendor/a/b.yml",
            "src/cmd/vendor/x/Dockerfile",
            "a.go",
            "yml",
            "a.ymlx",
            "",
        ] {
            assert!(!may_name_images(Path::new(bad)), "{bad}");
        }
    }

    #[test]
    fn what_changes_touch_is_known() {
        let dir = Change::Dir { target: "a/b".into(), files: Vec::new(), keep: vec!["kept".into()] };
        let file = Change::File { target: "x.yml".into(), old: None, new: None, executable: false };
        let changes = [dir, file];
        for (path, is) in [
            ("a/b/c", true),
            ("a/b/c/d", true),
            ("a/b/kept", false),
            ("a/b/kept/x", false),
            ("a/bc", false),
            ("x.yml", true),
        ] {
            assert_eq!(covered(&changes, Path::new(path)), is, "{path}");
        }
    }
}
