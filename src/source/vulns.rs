//! What the kernel's CVE team publishes, in a clone of `vulns.git` or a copy of a part of it: read once, and only what says
//! which commits fix what.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::cve::{CveId, Pair, fixing_commits, pairs};
use crate::event::Interrupt;
use crate::text::visible;

/// The variable that names the directory.
pub const VARIABLE: &str = "KPATCH_VULNS";
/// More files than this are no list of flaws.
const MOST_FILES: usize = 500_000;
/// A file of this list has a few lines.
const MOST_BYTES: u64 = 256 << 10;

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something could not be read.
    #[error("cannot read '{}'", visible(path.as_os_str().as_encoded_bytes()))]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Nothing of the kind is there.
    #[error("'{}' holds no CVE-*.sha1 file", visible(path.as_os_str().as_encoded_bytes()))]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// There is no end to it.
    #[error("'{}' holds more than {MOST_FILES} files", visible(path.as_os_str().as_encoded_bytes()))]
    TooMany {
        /// The directory.
        path: PathBuf,
    },
    /// The user asked for the end.
    #[error("interrupted")]
    Interrupted,
}

/// The directory that the environment names, or else the setting of the kit at `top`; `None` where neither does.
pub fn named(setting: Option<&Path>, top: &Path) -> Option<PathBuf> {
    let said = std::env::var_os(VARIABLE).filter(|said| !said.is_empty()).map(PathBuf::from);
    said.or_else(|| setting.map(|setting| top.join(setting)))
}

/// The published flaws.
#[derive(Debug, Default)]
pub struct Vulns {
    by_commit: HashMap<String, Vec<CveId>>,
    all: BTreeMap<CveId, Flaw>,
}

/// A flaw.
#[derive(Debug, Default)]
pub struct Flaw {
    /// The commits of mainline that fix it, 40 hex digits each.
    pub commits: Vec<String>,
    /// From where to where kernels have it.
    pub pairs: Vec<Pair>,
}

impl Vulns {
    /// Reads the flaws in `dir`: a clone of `vulns.git`, its `cve/published`, or any directory of such files.
    ///
    /// # Errors
    /// Where it cannot be read, or holds no flaw.
    pub fn read(dir: &Path, interrupt: &Interrupt) -> Result<Self, Error> {
        let published = dir.join("cve/published");
        let top = if published.is_dir() { published } else { dir.to_owned() };
        let mut vulns = Self::default();
        let mut left = MOST_FILES;
        vulns.folder(&top, 1, &mut left, interrupt)?;
        if vulns.all.is_empty() {
            return Err(Error::Empty { path: dir.to_owned() });
        }
        for (id, flaw) in &vulns.all {
            for commit in &flaw.commits {
                vulns.by_commit.entry(commit.clone()).or_default().push(*id);
            }
        }
        Ok(vulns)
    }

    fn folder(&mut self, dir: &Path, deeper: usize, left: &mut usize, interrupt: &Interrupt) -> Result<(), Error> {
        let failed = |path: &Path, source| Error::Read { path: path.to_owned(), source };
        for entry in fs::read_dir(dir).map_err(|error| failed(dir, error))? {
            let entry = entry.map_err(|error| failed(dir, error))?;
            *left = left.checked_sub(1).ok_or_else(|| Error::TooMany { path: dir.to_owned() })?;
            if interrupt.is_raised() {
                return Err(Error::Interrupted);
            }
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let kind = entry.file_type().map_err(|error| failed(&entry.path(), error))?;
            // A folder for each year; what a link leads to is nobody's list.
            if kind.is_dir() && deeper > 0 && name.len() == 4 && name.bytes().all(|byte| byte.is_ascii_digit()) {
                self.folder(&entry.path(), deeper - 1, left, interrupt)?;
            }
            let Some((stem, ending)) = name.rsplit_once('.').filter(|_| kind.is_file()) else { continue };
            let (Ok(id), "sha1" | "dyad") = (stem.parse(), ending) else { continue };
            let text = text(&entry.path()).map_err(|error| failed(&entry.path(), error))?;
            let flaw = self.all.entry(id).or_default();
            if ending == "sha1" {
                flaw.commits = fixing_commits(&text);
            } else {
                flaw.pairs = pairs(&text);
            }
        }
        Ok(())
    }

    /// The flaws that a commit of mainline fixes.
    pub fn fixed_by(&self, commit: &str) -> &[CveId] {
        self.by_commit.get(commit).map_or(&[], Vec::as_slice)
    }

    /// What is known of a flaw.
    pub fn flaw(&self, id: CveId) -> Option<&Flaw> {
        self.all.get(&id)
    }

    /// All flaws, in the order of their ids.
    pub fn all(&self) -> impl Iterator<Item = (CveId, &Flaw)> {
        self.all.iter().map(|(id, flaw)| (*id, flaw))
    }
}

/// The beginning of a file; the rest of one that is too long says nothing.
fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_and_any_part_of_it_are_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let year = dir.path().join("cve/published/2024");
        fs::create_dir_all(&year).expect("made");
        let id = "a".repeat(40);
        let write = |path: PathBuf, text: &str| fs::write(path, text).expect("written");
        write(year.join("CVE-2024-26581.sha1"), &format!("{id}\n"));
        write(year.join("CVE-2024-26581.dyad"), &format!("3.13:{id}:6.6.14:{id}\n"));
        write(year.join("CVE-2024-26582.sha1"), &format!("{id}\n{}\n", "b".repeat(40)));
        write(year.join("CVE-2024-26581.mbox"), "From a\n");
        write(year.join("README.sha1"), "x\n");
        std::os::unix::fs::symlink("/etc/passwd", year.join("CVE-2024-1111.sha1")).expect("linked");
        std::os::unix::fs::symlink("..", year.join("2023")).expect("linked");
        fs::create_dir_all(dir.path().join("cve/rejected/2024")).expect("made");
        write(dir.path().join("cve/rejected/2024/CVE-2024-1.sha1"), &format!("{id}\n"));
        for part in ["", "cve/published", "cve/published/2024"] {
            let vulns = Vulns::read(&dir.path().join(part), &Interrupt::new()).expect(part);
            let ids: Vec<String> = vulns.fixed_by(&id).iter().map(ToString::to_string).collect();
            assert_eq!(ids, ["CVE-2024-26581", "CVE-2024-26582"], "{part}");
            assert_eq!(vulns.all().count(), 2);
            assert_eq!(vulns.flaw(vulns.fixed_by(&id)[0]).map(|flaw| flaw.pairs.len()), Some(1));
        }
        for (part, words) in [("cve/rejected", "holds no"), ("none", "cannot read")] {
            let error = Vulns::read(&dir.path().join(part), &Interrupt::new()).expect_err(part);
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
