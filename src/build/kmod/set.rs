//! The modules of one kernel, in a directory or in the tarball of an image.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{MODULE_MAX, Modinfo, name_of, normal, unpacked};
use crate::text::visible;

/// Most bytes of a list of modules.
const LIST_MAX: u64 = 64 << 20;

/// Why modules cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The system refused something.
    #[error("cannot {what} '{}'", path.display())]
    Io {
        /// The step, as a verb.
        what: &'static str,
        /// What it was to be done to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Modules of more than one kernel.
    #[error("'{}' has modules of several kernels: {}", path.display(), releases.join(", "))]
    Several {
        /// Where they are.
        path: PathBuf,
        /// The releases of the kernels.
        releases: Vec<String>,
    },
    /// There is no such module.
    #[error("{release} has no module '{}'", visible(name.as_bytes()))]
    Missing {
        /// The release of the kernel.
        release: String,
        /// What was asked for.
        name: String,
        /// Names that hold the one that was asked for.
        near: Vec<String>,
    },
    /// It is part of the kernel itself.
    #[error("'{}' is built into {release}, so that there is nothing to load", visible(name.as_bytes()))]
    BuiltIn {
        /// The release of the kernel.
        release: String,
        /// What was asked for.
        name: String,
    },
}

fn cannot(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SetError {
    let path = path.to_owned();
    move |source| SetError::Io { what, path, source }
}

#[derive(Debug, Clone)]
enum Place {
    /// The directory `lib/modules/RELEASE`.
    Directory(PathBuf),
    /// The tarball.
    Tar(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// Relative to `lib/modules/RELEASE`.
    path: String,
    /// Bytes of the file.
    size: u64,
    /// Where its content is in the tarball.
    at: u64,
}

/// The modules of one kernel.
#[derive(Debug, Clone)]
pub struct ModuleSet {
    release: String,
    place: Place,
    modules: BTreeMap<String, Found>,
    /// What each needs, in the order in which it has to be loaded; empty where there is no `modules.dep`.
    depends: BTreeMap<String, Vec<String>>,
    built_in: BTreeSet<String>,
}

/// What was found below one `lib/modules/RELEASE`.
#[derive(Debug, Default)]
struct Below {
    modules: BTreeMap<String, Found>,
    lists: BTreeMap<String, Vec<u8>>,
}

impl Below {
    fn add(&mut self, path: &str, size: u64, at: u64) {
        if let Some(name) = name_of(path) {
            self.modules.insert(name, Found { path: path.to_owned(), size, at });
        }
    }
}

impl ModuleSet {
    /// The modules of a kernel, `path` being a `kernel.tar`, a directory with `lib/modules/RELEASE`, or that directory itself. `None`
    /// if there are none.
    pub fn open(path: &Path) -> Result<Option<Self>, SetError> {
        if !path.is_dir() {
            let releases = in_tar(path)?;
            return Self::only(path, releases, |_| Place::Tar(path.to_owned()));
        }
        let (releases, dirs) = in_directory(path)?;
        Self::only(path, releases, |release| Place::Directory(dirs[release].clone()))
    }

    fn only(
        path: &Path,
        mut releases: BTreeMap<String, Below>,
        place: impl Fn(&str) -> Place,
    ) -> Result<Option<Self>, SetError> {
        if releases.len() > 1 {
            return Err(SetError::Several { path: path.to_owned(), releases: releases.into_keys().collect() });
        }
        let Some((release, below)) = releases.pop_first() else { return Ok(None) };
        let list =
            |name: &str| String::from_utf8_lossy(below.lists.get(name).map_or(&[][..], Vec::as_slice)).into_owned();
        let depends = list("modules.dep").lines().filter_map(dependency).collect();
        let built_in = list("modules.builtin").lines().filter_map(name_of).collect();
        Ok(Some(Self { place: place(&release), release, modules: below.modules, depends, built_in }))
    }

    /// What the kernel calls itself: the name of the directory.
    pub fn release(&self) -> &str {
        &self.release
    }

    /// The names of all modules with the sizes of their files, in the order of the names.
    pub fn modules(&self) -> impl Iterator<Item = (&str, u64)> {
        self.modules.iter().map(|(name, found)| (name.as_str(), found.size))
    }

    /// True if it is one of the modules.
    pub fn contains(&self, name: &str) -> bool {
        self.modules.contains_key(&normal(name))
    }

    /// The modules and all that they need, each once, in an order in which they can be loaded.
    pub fn with_dependencies(&self, names: &[String]) -> Result<Vec<String>, SetError> {
        let mut order = Vec::new();
        for name in names {
            self.collect(&normal(name), &mut order, &mut BTreeSet::new())?;
        }
        Ok(order)
    }

    fn collect(&self, name: &str, order: &mut Vec<String>, open: &mut BTreeSet<String>) -> Result<(), SetError> {
        // A circle ends here; the kernel says what it thinks of it.
        if order.iter().any(|known| known == name) || !open.insert(name.to_owned()) {
            return Ok(());
        }
        for needed in self.depends_on(name)? {
            self.collect(&needed, order, open)?;
        }
        order.push(name.to_owned());
        Ok(())
    }

    /// What a module needs, as `modules.dep` has it, or as the module itself says it. What is built in is always there.
    fn depends_on(&self, name: &str) -> Result<Vec<String>, SetError> {
        self.find(name)?;
        if let Some(known) = self.depends.get(name) {
            return Ok(known.clone());
        }
        let info = Modinfo::parse(&self.read(name)?);
        let needed = info.map(|info| info.depends()).unwrap_or_default();
        Ok(needed.into_iter().filter(|name| !self.built_in.contains(name)).collect())
    }

    fn find(&self, name: &str) -> Result<&Found, SetError> {
        let (release, name) = (self.release.clone(), normal(name));
        self.modules.get(&name).ok_or_else(|| {
            if self.built_in.contains(&name) {
                return SetError::BuiltIn { release, name };
            }
            let near = self.modules.keys().filter(|known| known.contains(&name)).take(5).cloned().collect();
            SetError::Missing { release, name, near }
        })
    }

    /// The bytes of a module, unpacked.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, SetError> {
        let found = self.find(name)?;
        let (path, bytes) = match &self.place {
            Place::Directory(dir) => {
                let path = dir.join(&found.path);
                let bytes = File::open(&path).and_then(|file| at_most(file, MODULE_MAX));
                (path, bytes)
            }
            Place::Tar(tar) => {
                let bytes = File::open(tar).and_then(|mut file| {
                    file.seek(SeekFrom::Start(found.at))?;
                    at_most(file.take(found.size), MODULE_MAX)
                });
                (tar.join(&found.path), bytes)
            }
        };
        bytes.and_then(unpacked).map_err(cannot("read", &path))
    }
}

/// A line of `modules.dep`: `kernel/a.ko: kernel/b.ko kernel/c.ko`. What is needed stands there in the order in which it is
/// unloaded.
fn dependency(line: &str) -> Option<(String, Vec<String>)> {
    let (path, needed) = line.split_once(':')?;
    Some((name_of(path)?, needed.split_whitespace().rev().filter_map(name_of).collect()))
}

fn at_most(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// `lib/modules/RELEASE/PATH` of a path in a tarball.
fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.trim_start_matches("./");
    path.strip_prefix("usr/").unwrap_or(path).strip_prefix("lib/modules/")?.split_once('/')
}

fn is_list(path: &str) -> bool {
    matches!(path, "modules.dep" | "modules.builtin")
}

fn in_tar(path: &Path) -> Result<BTreeMap<String, Below>, SetError> {
    let unreadable = || cannot("read", path);
    let file = File::open(path).map_err(cannot("open", path))?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    let mut releases: BTreeMap<String, Below> = BTreeMap::new();
    for entry in archive.entries_with_seek().map_err(unreadable())? {
        let mut entry = entry.map_err(unreadable())?;
        let name = entry.path_bytes().into_owned();
        let Some((release, inside)) = std::str::from_utf8(&name).ok().and_then(split) else { continue };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let (size, at) = (entry.size(), entry.raw_file_position());
        let below = releases.entry(release.to_owned()).or_default();
        if is_list(inside) {
            let list = at_most(&mut entry, LIST_MAX).map_err(unreadable())?;
            below.lists.insert(inside.to_owned(), list);
        }
        below.add(inside, size, at);
    }
    Ok(releases)
}

/// The modules of each release, and the directory of each.
type Releases = (BTreeMap<String, Below>, BTreeMap<String, PathBuf>);

fn in_directory(path: &Path) -> Result<Releases, SetError> {
    let mut dirs = BTreeMap::new();
    let base = ["lib/modules", "usr/lib/modules"].map(|inside| path.join(inside)).into_iter().find(|dir| dir.is_dir());
    match base {
        Some(base) => {
            for entry in fs::read_dir(&base).map_err(cannot("read", &base))? {
                let dir = entry.map_err(cannot("read", &base))?.path();
                if dir.is_dir() {
                    dirs.insert(last_name(&dir), dir);
                }
            }
        }
        None => {
            dirs.insert(last_name(&fs::canonicalize(path).map_err(cannot("open", path))?), path.to_owned());
        }
    }
    let mut releases = BTreeMap::new();
    for (release, dir) in &dirs {
        let mut below = Below::default();
        walk(dir, "", &mut below)?;
        if !below.modules.is_empty() || !below.lists.is_empty() {
            releases.insert(release.clone(), below);
        }
    }
    Ok((releases, dirs))
}

fn last_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn walk(dir: &Path, inside: &str, below: &mut Below) -> Result<(), SetError> {
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        let entry = entry.map_err(cannot("read", dir))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let (path, name) = (entry.path(), if inside.is_empty() { name } else { format!("{inside}/{name}") });
        // Links are not followed: `build` points to a whole source tree.
        let found = fs::symlink_metadata(&path).map_err(cannot("look at", &path))?;
        if found.is_dir() {
            walk(&path, &name, below)?;
        } else if found.is_file() {
            if is_list(&name) {
                let list = File::open(&path).and_then(|file| at_most(file, LIST_MAX)).map_err(cannot("read", &path))?;
                below.lists.insert(name.clone(), list);
            }
            below.add(&name, found.len(), 0);
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::modinfo::sample;
    use super::*;

    const FILES: [(&str, &str); 3] =
        [("kernel/a.ko", "depends=b,c"), ("kernel/deep/b.ko", "depends=c"), ("kernel/c-c.ko", "depends=")];

    fn directory(with_list: bool) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().join("lib/modules/6.6.13-linuxkit");
        for (path, info) in FILES {
            fs::create_dir_all(base.join(path).parent().unwrap()).unwrap();
            fs::write(base.join(path), sample(&[&info.replace(",c", ",c-c").replace("=c", "=c-c")])).unwrap();
        }
        fs::write(base.join("modules.builtin"), "kernel/inside.ko\n").unwrap();
        if with_list {
            let list = "kernel/a.ko: kernel/deep/b.ko kernel/c-c.ko\nkernel/deep/b.ko: kernel/c-c.ko\nkernel/c-c.ko:\n";
            fs::write(base.join("modules.dep"), list).unwrap();
        }
        dir
    }

    fn tarball(dir: &Path) -> PathBuf {
        let path = dir.join("kernel.tar");
        let mut tar = tar::Builder::new(File::create(&path).unwrap());
        tar.append_dir_all("./lib", dir.join("lib")).unwrap();
        tar.finish().unwrap();
        path
    }

    #[test]
    fn a_tarball_and_a_directory_say_the_same() {
        for with_list in [true, false] {
            let dir = directory(with_list);
            for path in [dir.path().to_owned(), dir.path().join("lib/modules/6.6.13-linuxkit"), tarball(dir.path())] {
                let set = ModuleSet::open(&path).unwrap().unwrap();
                assert_eq!(set.release(), "6.6.13-linuxkit");
                assert_eq!(set.with_dependencies(&["a".into(), "c-c".into()]).unwrap(), ["c_c", "b", "a"], "{path:?}");
                assert!(Modinfo::parse(&set.read("c-c").unwrap()).is_some());
                assert!(matches!(set.with_dependencies(&["inside".into()]), Err(SetError::BuiltIn { .. })));
                let Err(SetError::Missing { near, .. }) = set.read("c") else { panic!("c is there") };
                assert_eq!(near, ["c_c"]);
            }
        }
    }

    #[test]
    fn none_and_several_are_told_apart() {
        let empty = tempfile::tempdir().unwrap();
        assert!(ModuleSet::open(empty.path()).unwrap().is_none());
        let dir = directory(true);
        let other = dir.path().join("lib/modules/6.6.14");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("x.ko"), "").unwrap();
        assert!(matches!(ModuleSet::open(dir.path()), Err(SetError::Several { .. })));
        assert!(matches!(ModuleSet::open(&dir.path().join("none.tar")), Err(SetError::Io { what: "open", .. })));
    }
}
