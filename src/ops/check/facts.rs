//! Reads what the kit says of itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::arch::Arch;
use crate::drift::{BuildArg, BuildArgs, Builder, ConfigFacts, Facts, SeriesFacts, TestGroup, TestKind, Versioned};
use crate::files::WORK_DIR;
use crate::kit::{ConfigFile, Kit, SeriesState, is_series_name};
use crate::ops::OpError;
use crate::ops::workspace::{self, kit_error};
use crate::version::Series;

/// How deep strays are looked for below `kernel/`: `6.6.x/patches/0001-x.patch.orig`.
const DEPTH: usize = 3;
/// Ends of names that tools leave behind.
const STRAYS: &[(&str, &str)] = &[
    (".orig", "what patch left behind"),
    (".rej", "hunks that patch could not apply"),
    (".patch-e", "what sed left behind"),
    (".bak", "a backup copy"),
    (".swp", "what an editor left behind"),
    ("~", "what an editor left behind"),
];

/// All facts but references and releases, and how many files they are from.
pub(super) fn gather(kit: &Kit) -> Result<(Facts, usize), OpError> {
    let reader = Reader { kit };
    let mut files = 0;
    let mut configs: BTreeMap<(Series, String), Vec<ConfigFile>> = BTreeMap::new();
    for config in kit.configs().map_err(kit_error)? {
        configs.entry((config.series, config.variant.clone())).or_default().push(config);
    }
    let mut series: Vec<SeriesFacts> = Vec::new();
    for state in kit.series().map_err(kit_error)? {
        let own = configs.remove(&(state.series, state.variant.clone())).unwrap_or_default();
        series.push(reader.series(&state, &own)?);
    }
    for ((number, variant), own) in configs {
        series.push(reader.unlisted(number, &variant, &own, &series)?);
    }
    series.sort_by(|a, b| (a.series, &a.variant).cmp(&(b.series, &b.variant)));
    for state in &series {
        files += state.configs.len() + state.patches.as_ref().map_or(0, |(_, count)| *count);
        files += usize::from(state.build_args.is_some());
    }
    let makefile = kit.kernel_dir().join("Makefile");
    files += usize::from(makefile.is_file());
    let builder = kit.builder().map_err(kit_error)?;
    let builder = builder.map(|image| Builder { path: reader.shown(&makefile), image });
    let mut strays = Vec::new();
    reader.strays(kit.kernel_dir(), DEPTH, &mut strays)?;
    strays.sort();
    Ok((Facts { series, builder, strays, tests: reader.tests()?, ..Facts::default() }, files))
}

struct Reader<'a> {
    kit: &'a Kit,
}

impl Reader<'_> {
    /// A path as findings name it.
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.kit.top()).unwrap_or(path).to_string_lossy().into_owned()
    }

    fn series(&self, state: &SeriesState, configs: &[ConfigFile]) -> Result<SeriesFacts, OpError> {
        let text = state.version_file.as_deref().map(read).transpose()?.unwrap_or_default();
        let path = state.version_file.as_deref().map(|path| self.shown(path)).unwrap_or_default();
        let place = |version: &crate::version::KernelVersion| {
            let plain = version.plain().to_string();
            let line = line_of(&text, &version.to_string()).or_else(|| line_of(&text, &plain));
            Versioned { version: version.clone(), path: path.clone(), line }
        };
        let patches = if state.patches_dir.is_dir() {
            let count = self.kit.patch_files(state).map_err(kit_error)?.len();
            Some((self.shown(&state.patches_dir), count))
        } else {
            None
        };
        let args = self.kit.kernel_dir().join(state.name()).join("build-args");
        Ok(SeriesFacts {
            name: state.name(),
            series: state.series,
            variant: state.variant.clone(),
            versions: state.versions.iter().map(place).collect(),
            is_listed: state.version_file.is_some(),
            is_partial: self.kit.is_for_one_arch(state).map_err(kit_error)?,
            deprecated: state.deprecated,
            configs: configs.iter().map(|config| self.config(config)).collect::<Result<_, _>>()?,
            patches,
            build_args: args.is_file().then(|| self.build_args(&args)).transpose()?,
        })
    }

    /// A series or variant of which the kit has configurations alone; a variant is built from the plain kernel.
    fn unlisted(
        &self,
        series: Series,
        variant: &str,
        configs: &[ConfigFile],
        known: &[SeriesFacts],
    ) -> Result<SeriesFacts, OpError> {
        let plain = known.iter().find(|state| state.series == series && state.variant.is_empty());
        Ok(SeriesFacts {
            name: format!("{series}{variant}"),
            series,
            variant: variant.to_owned(),
            versions: plain.map(|plain| plain.versions.clone()).unwrap_or_default(),
            is_listed: false,
            is_partial: false,
            deprecated: plain.is_some_and(|plain| plain.deprecated),
            configs: configs.iter().map(|config| self.config(config)).collect::<Result<_, _>>()?,
            patches: None,
            build_args: None,
        })
    }

    fn config(&self, config: &ConfigFile) -> Result<ConfigFacts, OpError> {
        let text = read(&config.path)?;
        let mut facts = ConfigFacts {
            path: self.shown(&config.path),
            arch: config.arch.uname().to_owned(),
            header: None,
            local_version: None,
        };
        for (at, line) in text.lines().enumerate() {
            let header = line.strip_prefix("# Linux/").and_then(|rest| rest.strip_suffix(" Kernel Configuration"));
            if let Some((_, version)) = header.and_then(|header| header.split_once(' ')) {
                facts.header.get_or_insert((at + 1, version.trim().to_owned()));
            }
            if let Some(value) = line.strip_prefix("CONFIG_LOCALVERSION=") {
                facts.local_version = Some((at + 1, value.to_owned()));
                break;
            }
        }
        Ok(facts)
    }

    fn build_args(&self, path: &Path) -> Result<BuildArgs, OpError> {
        let mut facts = BuildArgs { path: self.shown(path), ..BuildArgs::default() };
        for (at, line) in read(path)?.lines().enumerate() {
            match line.split_once('=') {
                Some((key, value)) if !key.trim_start().starts_with('#') => facts.args.push(BuildArg {
                    line: at + 1,
                    key: key.trim().to_owned(),
                    value: value.trim().to_owned(),
                }),
                _ => facts.bad.push((at + 1, line.to_owned())),
            }
        }
        Ok(facts)
    }

    fn strays(&self, dir: &Path, depth: usize, found: &mut Vec<(String, &'static str)>) -> Result<(), OpError> {
        let series = dir.file_name().and_then(|name| name.to_str()).is_some_and(is_series_name);
        for path in entries(dir)? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name == WORK_DIR {
                continue;
            }
            if let Some((_, what)) = STRAYS.iter().find(|(end, _)| name.len() > end.len() && name.ends_with(end)) {
                found.push((self.shown(&path), what));
            } else if let Some(rest) = name.strip_prefix("config-")
                && has_unknown_arch(rest, series)
            {
                found.push((self.shown(&path), "a configuration for an architecture that is not known"));
            } else if depth > 1 && path.is_dir() {
                self.strays(&path, depth - 1, found)?;
            }
        }
        Ok(())
    }

    /// The groups of tests, also those that a kit would not take for its own: their numbers are what is checked.
    fn tests(&self) -> Result<Vec<TestGroup>, OpError> {
        let Some(dir) = self.kit.cases_dir().filter(|dir| dir.is_dir()) else { return Ok(Vec::new()) };
        let group = |path: PathBuf| {
            let name = path.file_name()?.to_str()?;
            let (number, rest) = name.split_once('_')?;
            let (kind, series) = rest.split_once('_')?;
            let kind = TestKind::ALL.into_iter().find(|known| known.word() == kind)?;
            let is_group = is_series_name(series) && path.is_dir();
            is_group.then(|| {
                Some(TestGroup {
                    path: self.shown(&path),
                    number: number.parse().ok()?,
                    kind,
                    series: series.to_owned(),
                })
            })?
        };
        Ok(entries(&dir)?.into_iter().filter_map(group).collect())
    }
}

/// `6.6.x-mips` in `kernel/`, `mips` in the directory of a series.
fn has_unknown_arch(rest: &str, in_series: bool) -> bool {
    let arch = if in_series {
        rest
    } else {
        let Some((series, arch)) = rest.split_once('-') else { return false };
        if series.parse::<Series>().is_err() {
            return false;
        }
        arch.split('-').next().unwrap_or_default()
    };
    !Arch::ALL.iter().any(|known| known.uname() == arch)
}

/// The first line that has the word and is no comment, from 1.
fn line_of(text: &str, word: &str) -> Option<usize> {
    let has = |line: &str| {
        let code = line.split('#').next().unwrap_or_default();
        code.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).any(|found| found == word)
    };
    text.lines().position(has).map(|at| at + 1)
}

fn read(path: &Path) -> Result<String, OpError> {
    Ok(String::from_utf8_lossy(&workspace::read(path)?).into_owned())
}

/// The entries of a directory, in the order of their names.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, OpError> {
    let failed = |error| OpError::because(format!("cannot read '{}'", dir.display()), error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}
