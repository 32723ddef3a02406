//! The test cases of a kit: three groups for each series, `019_config_6.6.x`, `119_kmod_6.6.x` and `219_tags_6.6.x`.

mod words;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

pub use words::words;

use super::{Kit, KitError, cannot, is_series_name};

/// Where the cases are, from the top of a kit that does not say otherwise.
const FOLDER: &str = "test/cases/020_kernel";
/// Endings of files that somebody's tools left behind.
const LEFT_BEHIND: [&str; 5] = ["~", ".orig", ".rej", ".swp", "''"];

/// What a group tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The configuration of the booted kernel.
    Config,
    /// That modules can be built and loaded.
    Kmod,
    /// That the builder is named everywhere alike.
    Tags,
}

impl Kind {
    /// All of them, by the first digit of their numbers.
    pub const ALL: [Self; 3] = [Self::Config, Self::Kmod, Self::Tags];

    /// As in the names of groups.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Kmod => "kmod",
            Self::Tags => "tags",
        }
    }
}

/// The directory of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The last two digits of its number, which all groups of a series share.
    pub number: u32,
    /// What it tests.
    pub kind: Kind,
    /// The series, perhaps with a variant.
    pub series: String,
    /// The directory, absolute.
    pub path: PathBuf,
}

/// A file below a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    /// Relative to the directory.
    pub name: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether its owner may run it.
    pub executable: bool,
}

/// The name of a group: `022_config_6.12.x`.
pub fn group_name(number: u32, kind: Kind, series: &str) -> String {
    format!("{}{number:02}_{}_{series}", kind as u32, kind.name())
}

impl Kit {
    /// The folder with the test cases: the one that `kpatch.toml` names, which need not exist, or the usual one if it is
    /// there.
    pub fn cases_dir(&self) -> Option<PathBuf> {
        if let Some(named) = &self.config().tests.cases {
            return Some(self.top().join(named));
        }
        Some(self.top().join(FOLDER)).filter(|usual| usual.is_dir())
    }

    /// The groups of all series, ordered by number; none if there is no folder.
    pub fn case_groups(&self) -> Result<Vec<Group>, KitError> {
        let mut groups = Vec::new();
        let Some(folder) = self.cases_dir() else { return Ok(groups) };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(groups),
            entries => entries.map_err(cannot("read", &folder))?,
        };
        for entry in entries {
            let entry = entry.map_err(cannot("read", &folder))?;
            let path = entry.path();
            if let Some((number, kind, series)) = entry.file_name().to_str().and_then(split)
                && path.is_dir()
            {
                groups.push(Group { number, kind, series, path });
            }
        }
        groups.sort();
        Ok(groups)
    }
}

/// `122_kmod_6.12.x` as number, kind and series.
fn split(name: &str) -> Option<(u32, Kind, String)> {
    let (number, rest) = name.split_once('_')?;
    let (kind, series) = rest.split_once('_')?;
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
    let digits = number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit());
    let number: u32 = number.parse().ok().filter(|_| digits)?;
    is_series_name(series).then(|| (number % 100, kind, series.to_owned()))
}

/// All files below a directory in the order of their names. A link, or anything else that is no file, is an error.
pub fn files_below(dir: &Path) -> Result<Vec<CaseFile>, KitError> {
    let mut files = Vec::new();
    collect(dir, Path::new(""), &mut files)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn collect(dir: &Path, inside: &Path, files: &mut Vec<CaseFile>) -> Result<(), KitError> {
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        let entry = entry.map_err(cannot("read", dir))?;
        let (path, name) = (entry.path(), inside.join(entry.file_name()));
        let found = fs::symlink_metadata(&path).map_err(cannot("look at", &path))?;
        if found.is_dir() {
            collect(&path, &name, files)?;
        } else if found.is_file() {
            let bytes = fs::read(&path).map_err(cannot("read", &path))?;
            files.push(CaseFile { name, bytes, executable: found.permissions().mode() & 0o100 != 0 });
        } else {
            return Err(KitError::NotPlain { path, expected: "a regular file" });
        }
    }
    Ok(())
}

/// Whether a file is what an editor or a merge left behind.
pub fn is_left_behind(name: &Path) -> bool {
    name.to_str().is_some_and(|name| LEFT_BEHIND.iter().any(|ending| name.ends_with(ending)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_told_by_their_names() {
        assert_eq!(split("022_config_6.12.x"), Some((22, Kind::Config, "6.12.x".into())));
        assert_eq!(split("122_kmod_6.12.x-rt"), Some((22, Kind::Kmod, "6.12.x-rt".into())));
        for other in ["200_namespace", "020_ltp", "22_config_6.12.x", "022_config_new", "0x2_tags_6.6.x", "", "_"] {
            assert_eq!(split(other), None, "{other}");
        }
        assert_eq!(group_name(7, Kind::Tags, "7.0.x"), "207_tags_7.0.x");
    }
}
