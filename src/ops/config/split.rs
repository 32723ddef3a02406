//! `kpatch config split` and `diff`: configurations side by side, by their text alone.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{OptionReport, arch_of, option_reports};
use crate::files::write_atomic;
use crate::kconfig::{self, Config};
use crate::kit::is_series_name;
use crate::ops::workspace::{self, kit_error};
use crate::ops::{OpError, Places};
use crate::text::visible;

/// The name of the file with what all configurations share.
const COMMON: &str = "split-common";

/// What to take apart.
#[derive(Debug, Clone, Default)]
pub struct SplitOptions {
    /// Where the kit is, for configurations that are named by series and architecture.
    pub places: Places,
    /// Two configurations or more: files, or `6.6.x:x86_64`.
    pub configs: Vec<String>,
    /// Where the files go.
    pub dir: PathBuf,
    /// Write over files that are there.
    pub force: bool,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct SplitReport {
    /// The file with what all of them share.
    pub common: SplitFile,
    /// One file for each configuration with what it says besides.
    pub rest: Vec<SplitFile>,
}

/// A file that was written.
#[derive(Debug, Clone, Serialize)]
pub struct SplitFile {
    /// The configuration, as it was named; absent for the common part.
    pub config: Option<String>,
    /// Where the file is.
    pub path: String,
    /// How many options are in it.
    pub options: usize,
}

/// Two configurations side by side.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigDiffReport {
    /// The old one, as it was named.
    pub old: String,
    /// The new one.
    pub new: String,
    /// The options in which they differ: those that go, those that change, those that come; each by name.
    pub options: Vec<OptionReport>,
}

/// Writes what all configurations share, and what each adds. All files, or none if one is in the way.
pub fn split(options: &SplitOptions) -> Result<SplitReport, OpError> {
    let configs = options.configs.iter().map(|name| read(&options.places, name)).collect::<Result<Vec<_>, _>>()?;
    let split = kconfig::split(&configs);
    let names: Vec<String> = options.configs.iter().map(|name| visible(name.as_bytes())).collect();
    let files = file_names(&options.configs);
    let head = format!("In all of: {}", names.join(", "));
    let mut texts = vec![(options.dir.join(COMMON), split.common.to_text(&head))];
    for ((file, name), rest) in files.iter().zip(&names).zip(&split.rest) {
        texts.push((options.dir.join(file), rest.to_text(&format!("What {name} adds to {COMMON}"))));
    }
    for (path, text) in texts.iter().filter(|_| !options.force) {
        if fs::read(path).is_ok_and(|old| old != text.as_bytes()) || path.is_symlink() {
            return Err(OpError::new(format!("'{}' is there already", path.display()))
                .hint("move it away, name another directory with --dir, or say --force"));
        }
    }
    for (path, text) in &texts {
        write_atomic(path, text.as_bytes())
            .map_err(|error| OpError::because(format!("cannot write '{}'", path.display()), error))?;
    }
    let report = |at: usize, config: Option<String>, part: &Config| SplitFile {
        config,
        path: visible(texts[at].0.as_os_str().as_encoded_bytes()),
        options: part.options.len(),
    };
    let rest = names.into_iter().zip(&split.rest).enumerate();
    Ok(SplitReport {
        common: report(0, None, &split.common),
        rest: rest.map(|(at, (name, part))| report(at + 1, Some(name), part)).collect(),
    })
}

/// Compares two configurations. Nothing is written.
pub fn diff(places: &Places, old: &str, new: &str) -> Result<ConfigDiffReport, OpError> {
    let options = option_reports(&read(places, old)?, &read(places, new)?);
    Ok(ConfigDiffReport { old: visible(old.as_bytes()), new: visible(new.as_bytes()), options })
}

/// Reads a configuration by its file, or by series and architecture.
fn read(places: &Places, name: &str) -> Result<Config, OpError> {
    let path = place(places, name)?;
    let shown = visible(path.as_os_str().as_encoded_bytes());
    let text = fs::read(&path).map_err(|error| {
        OpError::because(format!("cannot read '{shown}'"), error)
            .hint("a configuration is a file, or SERIES:ARCH of the kit, such as 6.6.x:x86_64")
    })?;
    Config::parse(&text).map_err(|error| {
        OpError::new(format!("{shown}:{error}"))
            .hint("a configuration has lines CONFIG_X=…, '# CONFIG_X is not set', and comments")
    })
}

/// Where a configuration is.
fn place(places: &Places, name: &str) -> Result<PathBuf, OpError> {
    let path = PathBuf::from(name);
    match name.split_once(':') {
        Some((series, arch)) if is_series_name(series) && !path.exists() => {
            let kit = workspace::kit(places)?;
            Ok(kit.config_file(series, arch_of(arch)?.uname()).map_err(kit_error)?)
        }
        _ => Ok(path),
    }
}

/// `split-` and the name of each file; where two have the same name, the path as well, with its slashes as `-`.
fn file_names(configs: &[String]) -> Vec<String> {
    let base = |name: &str| {
        let last = Path::new(name).file_name().map_or(name.into(), |last| last.to_string_lossy());
        last.replace(':', "-")
    };
    let whole = |name: &str| name.trim_start_matches(['.', '/']).replace(['/', ':'], "-");
    let bases: Vec<String> = configs.iter().map(|name| base(name)).collect();
    let mut taken: HashSet<String> = HashSet::from([COMMON.to_owned()]);
    let names = configs.iter().zip(&bases).map(|(name, base)| {
        let is_alone = bases.iter().filter(|other| *other == base).count() == 1;
        let stem = if is_alone { base.clone() } else { whole(name) };
        let mut file = format!("split-{stem}");
        while !taken.insert(file.clone()) {
            file.push('_');
        }
        file
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_name_of_its_own() {
        let names = |configs: &[&str]| file_names(&configs.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&["config-a", "../k/config-b"]), ["split-config-a", "split-config-b"]);
        assert_eq!(
            names(&["6.6.x/config-x86_64", "6.12.x/config-x86_64"]),
            ["split-6.6.x-config-x86_64", "split-6.12.x-config-x86_64"]
        );
        assert_eq!(
            names(&["6.6.x:x86_64", "common", "a", "a"]),
            ["split-6.6.x-x86_64", "split-common_", "split-a", "split-a_"]
        );
    }
}
