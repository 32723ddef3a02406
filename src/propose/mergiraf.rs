//! Asks `mergiraf`, a merge program that knows the syntax of many languages, where it is installed.
//!
//! It runs in a private folder that is its home as well, so that neither configuration nor history of the user's plays
//! a part; it is told the file's name for the sake of the language and nothing else of the tree. What it prints is
//! ignored, and what it writes is looked at like a stranger's file.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bstr::{BStr, ByteSlice as _};

use crate::diff::lines::split_lines;
use crate::event::Interrupt;
use crate::process::{Command, find_program};

/// How long one file may take; the program itself is told to give up after half of it.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Files that are larger, in bytes, are not worth the time.
const LARGEST: usize = 4 << 20;

/// The program.
#[derive(Debug, Clone)]
pub struct Mergiraf {
    program: PathBuf,
    interrupt: Option<Arc<Interrupt>>,
}

impl Mergiraf {
    /// Looks for `mergiraf` in the folders of `PATH`, as a shell does; `None` if it is not installed.
    pub fn find(path: &OsStr) -> Option<Self> {
        find_program("mergiraf".as_ref(), path).map(Self::at)
    }

    /// The program at this path.
    pub fn at(program: PathBuf) -> Self {
        Self { program, interrupt: None }
    }

    /// Ends the program when the flag is raised.
    #[must_use]
    pub fn interrupt(mut self, flag: Arc<Interrupt>) -> Self {
        self.interrupt = Some(flag);
        self
    }

    /// Merges one file; `name` is its path in the tree. `None` if a conflict is left, or if anything went wrong: a
    /// proposal less, and nothing else.
    pub fn merge(&self, name: &BStr, base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
        if [base, ours, theirs].iter().any(|side| side.len() > LARGEST) {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("kpatch-mergiraf-").tempdir().ok()?;
        for (file, content) in [("base", base), ("ours", ours), ("theirs", theirs)] {
            fs::write(folder.path().join(file), content).ok()?;
        }
        let mut command = Command::new(&self.program)
            .args(["merge", "base", "ours", "theirs", "--output=merged"])
            .arg(format!("--path-name=./{}", language_name(name)))
            .arg(format!("--timeout={}", TIMEOUT.as_millis() / 2))
            .dir(folder.path())
            .timeout(TIMEOUT)
            .limit(1 << 20);
        // It asks git for attributes; there are none to be found.
        for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "GIT_CEILING_DIRECTORIES"] {
            command = command.env(variable, folder.path());
        }
        command = command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        if let Some(flag) = &self.interrupt {
            command = command.interrupt(Arc::clone(flag));
        }
        command.run().ok()?;
        let merged = folder.path().join("merged");
        let size = fs::symlink_metadata(&merged).ok().filter(fs::Metadata::is_file)?.len();
        let merged = fs::read(&merged).ok().filter(|_| size <= 2 * LARGEST as u64)?;
        (!has_new_markers(&merged, &[ours, theirs])).then_some(merged)
    }
}

/// The last component of a path, with nothing in it that is no part of a usual file name.
fn language_name(path: &BStr) -> String {
    let name = path.rfind_byte(b'/').map_or(path.as_bytes(), |slash| &path[slash + 1..]);
    let usual = |byte: &u8| if byte.is_ascii_alphanumeric() || b"._-".contains(byte) { char::from(*byte) } else { '_' };
    name.iter().map(usual).collect()
}

/// True if there are conflict markers that neither side has.
fn has_new_markers(merged: &[u8], sides: &[&[u8]]) -> bool {
    let markers = |text: &[u8]| {
        let begins = |line: &&&[u8]| line.starts_with(b"<<<<<<<") || line.starts_with(b">>>>>>>");
        split_lines(text).iter().filter(begins).count()
    };
    markers(merged) > sides.iter().map(|side| markers(side)).max().unwrap_or(0)
}

/// Writes a script in the place of the program. A shell does it: a file that this process has open for writing, or a
/// child that it is about to start, cannot be run.
#[cfg(test)]
pub(super) fn write_program(folder: &std::path::Path, script: &str) {
    let write = ["-c", "cat > mergiraf && chmod 755 mergiraf"];
    let output = crate::diff::testing::run(folder, "sh", &write, format!("#!/bin/sh\n{script}\n").as_bytes());
    assert!(output.status.success(), "{output:?}");
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn fake(folder: &std::path::Path, script: &str) -> Mergiraf {
        write_program(folder, script);
        Mergiraf::find(folder.as_os_str()).unwrap()
    }

    fn merged(mergiraf: &Mergiraf) -> Option<String> {
        let merged = mergiraf.merge(b"drivers/net/-x y.c".as_bstr(), b"base\n", b"ours\n", b"theirs\n")?;
        Some(String::from_utf8(merged).unwrap())
    }

    #[test]
    fn it_is_called_with_three_files_a_name_and_an_output() {
        let folder = tempfile::tempdir().unwrap();
        let script = "test \"$HOME\" = \"$PWD\" || exit 9\ncat \"$2\" \"$3\" \"$4\" > merged\necho \"$@\" >> merged";
        let words = "merge base ours theirs --output=merged --path-name=./-x_y.c --timeout=10000";
        assert_eq!(merged(&fake(folder.path(), script)), Some(format!("base\nours\ntheirs\n{words}\n")));
    }

    #[test]
    fn conflicts_failures_and_lies_give_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for script in [
            "echo half > merged; exit 1",
            "exit 0",
            "mkdir merged",
            "ln -s ours merged",
            "printf '<<<<<<< a\\nx\\n=======\\ny\\n>>>>>>> b\\n' > merged",
            "kill -9 $$",
        ] {
            assert_eq!(merged(&fake(folder.path(), script)), None, "{script}");
        }
        assert_eq!(merged(&Mergiraf::at(folder.path().join("none"))), None);
    }

    #[test]
    fn it_is_found_in_absolute_folders_only() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Mergiraf::find(folder.path().as_os_str()).is_none());
        fs::write(folder.path().join("mergiraf"), "not a program").unwrap();
        assert!(Mergiraf::find(folder.path().as_os_str()).is_none());
        assert!(Mergiraf::find(OsStr::new("")).is_none());
        assert!(Mergiraf::find(OsStr::new(":.")).is_none());
    }
}
