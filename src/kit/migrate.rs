//! The way from the flat layout to the one with a directory per series: what moves, what is written, what is left.

mod lists;
mod paths;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::makefile::{self, Mention};
use super::{Found, Kit, KitError, bad_word, build_args, cannot, read_if_there, split_series};
use crate::files::Change;
use crate::text::line_of;
use crate::version::Series;
use paths::Shared;

/// The directory of what all series share.
const COMMON: &str = "common";

/// What the way to the per-series layout takes. Paths are relative to the top of the kit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migration {
    /// All changes, to be landed together; none for a kit that is per-series already.
    pub changes: Vec<Change>,
    /// Each file that moves: from where, to where.
    pub moves: Vec<(PathBuf, PathBuf)>,
    /// Files that are new.
    pub written: Vec<PathBuf>,
    /// Files with other contents than before, by their new names.
    pub edited: Vec<PathBuf>,
    /// What a person has to look at afterwards.
    pub left: Vec<Left>,
}

/// A place that still names the flat layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The file, relative to the top of the kit, by its new name.
    pub path: PathBuf,
    /// The line, counted from 1; absent if the file itself is meant.
    pub line: Option<usize>,
    /// What it is.
    pub what: String,
}

/// A series with its variant.
type Key = (Series, String);

/// A file on its way.
#[derive(Debug)]
struct Moving {
    from: PathBuf,
    to: PathBuf,
    bytes: Vec<u8>,
    executable: bool,
}

impl Kit {
    /// Works out how the kit comes to the per-series layout; nothing is written.
    ///
    /// What is there already stays: a kit that is on the way goes the rest of it, and one that has arrived has no
    /// changes. A patch directory that `kpatch.toml` names stays where it is.
    ///
    /// # Errors
    /// Two versions of one series, lists of kernels in a form that has no small edit, files in the way, and links.
    pub fn migration(&self) -> Result<Migration, KitError> {
        let makefile = self.kernel_dir().join("Makefile");
        let text = read_if_there(&makefile)?;
        let known = text.as_deref().unwrap_or_default();
        let mentions = makefile::mentions(known).map_err(bad_word(&makefile))?;
        let lists = makefile::lists(known).map_err(bad_word(&makefile))?;
        let listed = self.listed(&makefile, known, &mentions)?;
        let (series_files, mut left) = self.series_files()?;
        let shared_files = self.shared_files()?;
        let shared = Shared::new(shared_files.iter().filter_map(|moving| moving.from.file_name()?.to_str()));
        let mut plan = Migration::default();
        for moving in series_files {
            let new = moving.bytes.clone();
            plan.move_file(self, moving, new)?;
        }
        for moving in shared_files {
            let new = if paths::is_edited(&moving.from) {
                paths::rewrite(&moving.bytes, &shared)
            } else {
                moving.bytes.clone()
            };
            left.extend(paths::left(&self.inside(&moving.to), &new, &shared));
            plan.move_file(self, moving, new)?;
        }
        let builder = text.as_deref().and_then(|text| makefile::word(text, "IMAGE_BUILDER"));
        for (key, mention) in &listed {
            self.write_series(&mut plan, key, mention, builder)?;
        }
        if let Some(old) = text {
            let new = lists::compute(&makefile, &old, &lists)?;
            let new = paths::rewrite(&new, &shared);
            left.extend(paths::left(&self.inside(&makefile), &new, &shared));
            plan.edit(self, &makefile, old, new);
        }
        left.extend(self.named_patch_dirs());
        left.append(&mut plan.left);
        left.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        plan.left = left;
        Ok(plan)
    }

    fn inside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.top()).unwrap_or(path).to_owned()
    }

    /// The one mention that counts for each series and variant that the Makefile lists.
    fn listed(&self, makefile: &Path, text: &[u8], mentions: &[Mention]) -> Result<BTreeMap<Key, Mention>, KitError> {
        let refused = |mention: &Mention, reason: String, hint: &'static str| KitError::Migrate {
            path: makefile.to_owned(),
            line: Some(line_of(text, mention.word.start)),
            reason,
            hint,
        };
        let mut listed: BTreeMap<Key, Mention> = BTreeMap::new();
        for mention in mentions {
            if mention.is_call {
                let reason = "kernels are listed by calls of a macro, which no directory can stand for".to_owned();
                return Err(refused(mention, reason, lists::WAY_OUT));
            }
            let key = (mention.version.series(), mention.version.variant().to_owned());
            let known = listed.entry(key).or_insert_with(|| mention.clone());
            if known.version != mention.version {
                let (old, new) = (&known.version, &mention.version);
                let reason = format!("{new} and {old} are of one series, whose directory holds one version");
                return Err(refused(mention, reason, "take all but one of them out of the lists, then migrate"));
            }
            known.deprecated &= mention.deprecated;
        }
        for ((series, variant), mention) in &listed {
            let path = self.kernel_dir().join(format!("{series}{variant}/build-args"));
            let Some(args) = read_if_there(&path)? else { continue };
            let args = build_args::read(&args).map_err(bad_word(&path))?;
            let other = args.versions.iter().find(|(version, _)| {
                version.plain() != mention.version.plain() || !["", variant].contains(&version.variant())
            });
            if let Some((other, _)) = other {
                let shown = self.inside(&path);
                let reason = format!("{} is listed here, and {other} in {}", mention.version, shown.display());
                return Err(refused(mention, reason, "make them the same, then migrate"));
            }
        }
        Ok(listed)
    }

    /// The flat configurations and patches with their new places, and files that look like them and are none.
    fn series_files(&self) -> Result<(Vec<Moving>, Vec<Left>), KitError> {
        let kernel = self.kernel_dir();
        let mut moving = Vec::new();
        let mut left = Vec::new();
        for ((series, variant), dir) in Found::in_dir(kernel)?.flat {
            let name = format!("{series}{variant}");
            if self.config().series.get(&name).is_none_or(|settings| settings.patches.is_none()) {
                collect(&dir, &kernel.join(name).join("patches"), &mut moving)?;
            }
        }
        for (name, path) in super::configs::names(kernel)? {
            let Some(rest) = name.strip_prefix("config-") else { continue };
            if let Some((series, variant, arch)) = flat_config(rest) {
                let to = kernel.join(format!("{series}{variant}")).join(format!("config-{arch}"));
                collect(&path, &to, &mut moving)?;
            } else if rest.split('-').next().is_some_and(|word| word.parse::<Series>().is_ok()) {
                left.push(Left {
                    path: self.inside(&path),
                    line: None,
                    what: "no configuration that a build would take".to_owned(),
                });
            }
        }
        moving.sort_by(|a, b| a.from.cmp(&b.from));
        Ok((moving, left))
    }

    /// What all series share, with its new place.
    fn shared_files(&self) -> Result<Vec<Moving>, KitError> {
        let kernel = self.kernel_dir();
        let mut moving = Vec::new();
        for (name, path) in super::configs::names(kernel)? {
            let is_shared = matches!(&*name, "config-dbg" | "keys.asc" | "build-args-debug")
                || paths::is_dockerfile(&name)
                || paths::is_description(&name);
            if is_shared {
                collect(&path, &kernel.join(COMMON).join(name), &mut moving)?;
            }
        }
        moving.sort_by(|a, b| a.from.cmp(&b.from));
        Ok(moving)
    }

    /// Plans the version, and the mark of a series that is no longer built.
    fn write_series(
        &self,
        plan: &mut Migration,
        (series, variant): &Key,
        mention: &Mention,
        builder: Option<&str>,
    ) -> Result<(), KitError> {
        let dir = self.kernel_dir().join(format!("{series}{variant}"));
        let args = dir.join("build-args");
        if read_if_there(&args)?.is_none() {
            let mut text = format!("KERNEL_VERSION={}\nKERNEL_SERIES={series}\n", mention.version).into_bytes();
            match builder {
                Some(image) => text.extend(format!("BUILD_IMAGE={image}\n").into_bytes()),
                None => plan.left.push(Left {
                    path: self.inside(&args),
                    line: None,
                    what: "no BUILD_IMAGE: the Makefile has no plain IMAGE_BUILDER".to_owned(),
                }),
            }
            plan.write(self, &args, text);
        }
        let mark = dir.join("deprecated");
        if mention.deprecated && !mark.exists() {
            plan.write(self, &mark, Vec::new());
        }
        Ok(())
    }

    /// The patch directories that stay since the settings name them.
    fn named_patch_dirs(&self) -> Vec<Left> {
        let stays = |(name, dir): (&String, &PathBuf)| {
            let flat = self.kernel_dir().join(format!("patches-{name}"));
            (self.top().join(dir) == flat && flat.exists()).then(|| Left {
                path: dir.clone(),
                line: None,
                what: format!("stays where it is, as {} says", super::Config::NAME),
            })
        };
        let settings = self.config().series.iter();
        settings.filter_map(|(name, settings)| Some((name, settings.patches.as_ref()?))).filter_map(stays).collect()
    }
}

impl Migration {
    fn move_file(&mut self, kit: &Kit, moving: Moving, new: Vec<u8>) -> Result<(), KitError> {
        let Moving { from, to, bytes, executable } = moving;
        if to.symlink_metadata().is_ok() {
            let reason = format!("'{}' is there, too", from.display());
            let hint = "remove the one that is wrong, then migrate";
            return Err(KitError::Migrate { path: to, line: None, reason, hint });
        }
        let (from, to) = (kit.inside(&from), kit.inside(&to));
        if new != bytes {
            self.edited.push(to.clone());
        }
        let gone = Change::File { target: from.clone(), old: Some(bytes), new: None, executable };
        let come = Change::File { target: to.clone(), old: None, new: Some(new), executable };
        self.changes.extend([gone, come]);
        self.moves.push((from, to));
        Ok(())
    }

    fn write(&mut self, kit: &Kit, path: &Path, bytes: Vec<u8>) {
        let target = kit.inside(path);
        self.changes.push(Change::File { target: target.clone(), old: None, new: Some(bytes), executable: false });
        self.written.push(target);
    }

    fn edit(&mut self, kit: &Kit, path: &Path, old: Vec<u8>, new: Vec<u8>) {
        if old != new {
            let target = kit.inside(path);
            let (old, new) = (Some(old), Some(new));
            self.changes.push(Change::File { target: target.clone(), old, new, executable: false });
            self.edited.push(target);
        }
    }
}

/// `6.6.x-x86_64-rt` as series, variant and architecture, which may be one that is not known here.
fn flat_config(rest: &str) -> Option<(Series, String, &str)> {
    let (series, rest) = rest.split_once('-')?;
    let (arch, variant) = rest.split_at(rest.find('-').unwrap_or(rest.len()));
    let is_arch = !arch.is_empty() && arch.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let (series, variant) = split_series(&format!("{series}{variant}")).filter(|_| is_arch)?;
    Some((series, variant, arch))
}

/// Reads `from`, a file or a directory with all that is in it.
fn collect(from: &Path, to: &Path, found: &mut Vec<Moving>) -> Result<(), KitError> {
    let metadata = fs::symlink_metadata(from).map_err(cannot("look at", from))?;
    if metadata.is_dir() {
        for entry in fs::read_dir(from).map_err(cannot("read", from))? {
            let entry = entry.map_err(cannot("read", from))?;
            collect(&entry.path(), &to.join(entry.file_name()), found)?;
        }
    } else if metadata.is_file() {
        let bytes = fs::read(from).map_err(cannot("read", from))?;
        let executable = metadata.permissions().mode() & 0o100 != 0;
        found.push(Moving { from: from.to_owned(), to: to.to_owned(), bytes, executable });
    } else {
        return Err(KitError::NotPlain { path: from.to_owned(), expected: "a regular file or directory" });
    }
    Ok(())
}
