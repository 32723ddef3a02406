//! Paths that a patch must not name, whatever tree it is for.

use bstr::{BString, ByteSlice as _};

use super::{FileDiff, Mode};
use crate::text::visible;

/// Why a diff is refused before any tree is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A path is empty, or has an empty component.
    #[error("path '{}' has an empty component", visible(.0))]
    Empty(BString),
    /// A path starts at the root, or with a drive letter.
    #[error("path '{}' is absolute", visible(.0))]
    Absolute(BString),
    /// A path has `.` or `..` as a component.
    #[error("path '{}' leaves its directory", visible(.0))]
    Traversal(BString),
    /// A path has a component that some file system takes for `.git`.
    #[error("path '{}' leads into a git directory", visible(.0))]
    GitDirectory(BString),
    /// A path holds a NUL byte.
    #[error("path '{}' holds a NUL byte", visible(.0))]
    Nul(BString),
    /// A path holds a control character, which the tools of a build would print as it is.
    #[error("path '{}' holds a control character", visible(.0))]
    Control(BString),
    /// The file is a submodule.
    #[error("'{}' is a submodule", visible(.0))]
    Submodule(BString),
    /// The file has a mode that git does not write.
    #[error("'{}' has the unknown mode {mode:06o}", visible(.path))]
    Mode {
        /// The file.
        path: BString,
        /// Its mode.
        mode: Mode,
    },
}

/// Refuses a diff that names a path outside its tree or inside a git directory, or a mode that no file has.
/// Writing through a symbolic link is for the tree to see.
pub fn check(diff: &FileDiff) -> Result<(), Refusal> {
    if diff.old_path.is_none() && diff.new_path.is_none() {
        return Err(Refusal::Empty(BString::default()));
    }
    for path in [&diff.old_path, &diff.new_path].into_iter().flatten() {
        check_path(path)?;
    }
    for mode in [diff.old_mode, diff.new_mode].into_iter().flatten() {
        let path = diff.path().to_owned();
        match mode {
            0o100_644 | 0o100_755 | 0o120_000 => {}
            0o160_000 => return Err(Refusal::Submodule(path)),
            _ => return Err(Refusal::Mode { path, mode }),
        }
    }
    Ok(())
}

/// Refuses a path that is not plainly inside its tree on every file system.
pub fn check_path(path: &[u8]) -> Result<(), Refusal> {
    if path.contains(&0) {
        return Err(Refusal::Nul(path.into()));
    }
    if matches!(path, [b'/' | b'\\', ..]) || matches!(path, [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        return Err(Refusal::Absolute(path.into()));
    }
    if path.split(|&byte| byte == b'/').any(<[u8]>::is_empty) {
        return Err(Refusal::Empty(path.into()));
    }
    // Windows also splits at backslashes.
    for component in path.split(|byte| matches!(byte, b'/' | b'\\')) {
        if matches!(component, b"." | b"..") {
            return Err(Refusal::Traversal(path.into()));
        }
        if is_dot_git(component) {
            return Err(Refusal::GitDirectory(path.into()));
        }
    }
    if path.iter().any(u8::is_ascii_control) {
        return Err(Refusal::Control(path.into()));
    }
    Ok(())
}

/// True for what HFS+ or NTFS take for `.git`, in any case.
fn is_dot_git(component: &[u8]) -> bool {
    // NTFS ends a name at a colon, and drops blanks and dots from its end; `git~1` is its short name.
    let ntfs = component.split(|&byte| byte == b':').next().unwrap_or_default();
    let ntfs = ntfs.trim_end_with(|c| matches!(c, ' ' | '.'));
    if ntfs.eq_ignore_ascii_case(b".git") || ntfs.eq_ignore_ascii_case(b"git~1") {
        return true;
    }
    // HFS+ does not see these characters.
    let seen = component.chars().filter(
        |c| !matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'),
    );
    seen.map(|c| c.to_ascii_lowercase()).eq(".git".chars())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Content, Operation};

    #[test]
    fn hostile_paths_are_refused() {
        for path in [
            "",
            "/etc/passwd",
            "a//b",
            "a/",
            "../x",
            "a\nb",
            "a\u{7f}",
            "a/../b",
            "./a",
            "a/.",
            "..",
            ".git/config",
            "a/.GIT/x",
            ".git ",
            ".git. ./x",
            "GIT~1/x",
            ".git::$INDEX_ALLOCATION/x",
            ".g\u{200c}it/x",
            "\u{feff}.git",
            "a\0b",
            "..\\x",
            "a\\..\\..\\b",
            "a\\.git\\x",
            "C:x",
            "c:\\x",
            "\\\\server\\x",
        ] {
            assert!(check_path(path.as_bytes()).is_err(), "{path:?}");
        }
        for path in [".gitignore", "a/b.c", "git~2", "a/...", ".github/x", "a b", "x\\y", "\u{e4}/\u{200c}", ".gi"] {
            assert_eq!(check_path(path.as_bytes()), Ok(()), "{path:?}");
        }
        assert_eq!(
            check_path(b"../\x1b").map_err(|e| e.to_string()),
            Err("path '../\\u{1b}' leaves its directory".into())
        );
    }

    #[test]
    fn only_modes_of_files_and_links_pass() {
        let diff = |mode| FileDiff {
            span: 0..0,
            old_path: None,
            new_path: Some("x".into()),
            old_mode: None,
            new_mode: Some(mode),
            operation: Operation::Create,
            index: None,
            content: Content::Unchanged,
        };
        for mode in [0o100_644, 0o100_755, 0o120_000] {
            assert_eq!(check(&diff(mode)), Ok(()));
        }
        assert_eq!(check(&diff(0o160_000)), Err(Refusal::Submodule("x".into())));
        for mode in [0, 0o644, 0o040_000, 0o104_755, 0o777_777] {
            assert!(matches!(check(&diff(mode)), Err(Refusal::Mode { .. })));
        }
    }
}
