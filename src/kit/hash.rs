//! The hashes that name what a kit's images are built from: of the last commit, or of what it will be once changes of
//! files are committed on top. They are made of git's objects in memory; nothing is written.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::{Kit, KitError, split_series};
use crate::diff::format::quoted;
use crate::files::Change;
use crate::git::{
    BoxError, Entry, Git, Kind, MODE_EXECUTABLE, MODE_FILE, MODE_GITLINK, MODE_TREE, Oid, Store, TreeChanges, Walk,
    blob_id, work_tree,
};

/// What all series share in the layout that has a hash for each of them, beside the Makefile.
const COMMON: &str = "common";

/// One state of the repository that a kit is in.
#[derive(Debug)]
pub struct Hashes {
    store: Store,
    root: Oid,
    /// The kit in the repository, and its `kernel/`; without slashes around.
    top: BString,
    kernel: BString,
}

/// Turns an error of git into one that names the step.
fn git_failed<E: Into<BoxError>>(what: &'static str) -> impl FnOnce(E) -> KitError {
    move |source| KitError::Git { what, source: source.into() }
}

impl Hashes {
    /// The state of the last commit with `changes`, whose targets are relative to the kit's top, on top of it. `None` if
    /// the kit is no git repository, or one without a commit.
    ///
    /// The bytes of `changes` count as they are: a repository that converts line ends when it commits is not imitated.
    pub fn of(kit: &Kit, changes: &[Change]) -> Result<Option<Self>, KitError> {
        let Some(hashes) = Self::at(kit, "HEAD")? else { return Ok(None) };
        let mut edits = TreeChanges::new();
        for change in changes {
            hashes.apply(change, &mut edits)?;
        }
        let root = hashes.store.edit_tree(hashes.root, &edits).map_err(git_failed("compute a hash of the kit"))?;
        Ok(Some(Self { root, ..hashes }))
    }

    /// The state of a commit. `None` if the kit is no git repository, or has no such commit.
    pub fn at(kit: &Kit, commit: &str) -> Result<Option<Self>, KitError> {
        let Some((git, folder)) = repository(kit) else { return Ok(None) };
        let what = "read the last commit of the kit";
        let root = git.resolve(&format!("{commit}^{{tree}}")).map_err(git_failed(what))?;
        let Some(root) = root else { return Ok(None) };
        let root = Oid::from_hex(root.as_bytes()).map_err(git_failed(what))?;
        let store = Store::open(git.git_dir()).map_err(git_failed("open the repository of the kit"))?;
        let inside = |path: &Path| path_bytes(path.strip_prefix(&folder).unwrap_or(path));
        Ok(Some(Self { store, root, top: inside(kit.top()), kernel: inside(kit.kernel_dir()) }))
    }

    /// The hash of the images of a series, which may have a variant: `6.6.x`, `5.11.x-rt`.
    ///
    /// With `kernel/common/` each series has one of its own: that of the shared files and of its directory, as the
    /// listings of `git ls-tree` say them. Without, it is the tree of `kernel/`. The hash of a variant is made of its own
    /// directory and of that of its plain series, since it is built from both; the Makefiles that are in use name it by
    /// the plain series alone, so that a change of the variant does not show.
    ///
    /// A series without a directory is [`KitError::NoDirectory`]: the hash of an empty listing would look like any other.
    pub fn images(&self, series: &str) -> Result<String, KitError> {
        let kernel = self.entry(&self.kernel)?;
        let Some(kernel) = kernel.filter(|entry| entry.mode == MODE_TREE) else {
            return Err(KitError::NoDirectory { name: series.to_owned() });
        };
        let common = self.entry(&below(&self.kernel, COMMON))?.filter(|entry| entry.mode == MODE_TREE);
        if common.is_none() {
            return Ok(kernel.id.to_string());
        }
        let own = self.line(&below(&self.kernel, series))?;
        let own = own.ok_or_else(|| KitError::NoDirectory { name: series.to_owned() })?;
        // A variant sorts before its series: git takes directories for names that end with a slash.
        let mut text = [blob_id(&self.shared()?).to_string().as_bytes(), b"\n", own.as_slice()].concat();
        if let Some((plain, _)) = split_series(series).filter(|(_, variant)| !variant.is_empty()) {
            text.extend(self.line(&below(&self.kernel, &plain.to_string()))?.unwrap_or_default());
        }
        Ok(blob_id(&text).to_string())
    }

    /// The tree of a directory, relative to the kit's top; `None` if there is none.
    pub fn directory(&self, dir: &Path) -> Result<Option<String>, KitError> {
        let entry = self.entry(&join(&self.top, &path_bytes(dir)))?;
        Ok(entry.filter(|entry| entry.mode == MODE_TREE).map(|entry| entry.id.to_string()))
    }

    /// The listing of what all series share: `git ls-tree -r` of the Makefile and of `common/`.
    fn shared(&self) -> Result<Vec<u8>, KitError> {
        let mut text = Vec::new();
        for name in ["Makefile", COMMON] {
            let path = below(&self.kernel, name);
            match self.entry(&path)? {
                Some(entry) if entry.mode == MODE_TREE => {
                    for (name, entry) in self.files(entry.id)? {
                        text.extend(listed(entry, &join(&path, &name)));
                    }
                }
                Some(entry) => text.extend(listed(entry, &path)),
                None => {}
            }
        }
        Ok(text)
    }

    /// The line of `git ls-tree` for a path.
    fn line(&self, path: &BString) -> Result<Option<Vec<u8>>, KitError> {
        Ok(self.entry(path)?.map(|entry| listed(entry, path)))
    }

    fn entry(&self, path: &BString) -> Result<Option<Entry>, KitError> {
        if path.is_empty() {
            return Ok(Some(Entry { mode: MODE_TREE, id: self.root }));
        }
        self.store.entry(self.root, path.as_bstr()).map_err(git_failed("read the last commit of the kit"))
    }

    /// All files of a tree, with their paths in it.
    fn files(&self, tree: Oid) -> Result<Vec<(BString, Entry)>, KitError> {
        let mut files = Vec::new();
        let mut found = |walk: Walk| files.extend(walk.new.map(|entry| (walk.path, entry)));
        self.store.diff_trees(None, Some(tree), &mut found).map_err(git_failed("read the last commit of the kit"))?;
        Ok(files)
    }

    /// What a change does to the tree.
    fn apply(&self, change: &Change, edits: &mut TreeChanges) -> Result<(), KitError> {
        match change {
            Change::File { target, new, executable, .. } => {
                let path = join(&self.top, &path_bytes(target));
                let new = match new {
                    Some(bytes) => Some(self.file(&path, bytes, *executable)?),
                    None => None,
                };
                edits.insert(path, new);
            }
            Change::Dir { target, files, keep } => {
                let dir = join(&self.top, &path_bytes(target));
                let known = match self.entry(&dir)? {
                    Some(entry) if entry.mode == MODE_TREE => self.files(entry.id)?,
                    _ => Vec::new(),
                };
                for (path, _) in known {
                    let name = path.split(|byte| *byte == b'/').next().unwrap_or_default();
                    if !keep.iter().any(|kept| kept.as_bytes() == name) {
                        edits.insert(join(&dir, &path), None);
                    }
                }
                for (name, bytes) in files {
                    let path = below(&dir, name);
                    let file = self.file(&path, bytes, false)?;
                    edits.insert(path, Some(file));
                }
            }
        }
        Ok(())
    }

    /// A file with other contents keeps the mode that it has.
    fn file(&self, path: &BString, bytes: &[u8], executable: bool) -> Result<Entry, KitError> {
        let known = self.entry(path)?.map(|entry| entry.mode);
        let known = known.filter(|mode| matches!(*mode, MODE_FILE | MODE_EXECUTABLE));
        let new = if executable { MODE_EXECUTABLE } else { MODE_FILE };
        Ok(Entry { mode: known.unwrap_or(new), id: self.store.insert(Kind::Blob, bytes) })
    }
}

/// The hash of a package of the kit: the tree of its directory, which is relative to the kit's top, in the last commit
/// with `changes` on top. `None` if there is no such directory or no commit.
pub fn package(kit: &Kit, dir: &str, changes: &[Change]) -> Result<Option<String>, KitError> {
    match Hashes::of(kit, changes)? {
        Some(hashes) => hashes.directory(Path::new(dir)),
        None => Ok(None),
    }
}

/// The files of `kernel/` that differ from the last commit, as paths from the kit's top: changed ones, staged ones, and
/// new ones that are not ignored. `None` if the kit is no git repository.
pub fn dirty(kit: &Kit) -> Result<Option<Vec<PathBuf>>, KitError> {
    let Some((git, folder)) = repository(kit) else { return Ok(None) };
    // Remembered resolutions belong to the kit and are committed with it; the lock does not and is not.
    let lock = kit.work_dir().join("lock");
    let changed = git.changed_files(kit.kernel_dir(), &lock).map_err(git_failed("look for changes in the kit"))?;
    let paths = changed.iter().map(|path| {
        let path = folder.join(path.to_path_lossy());
        path.strip_prefix(kit.top()).map(Path::to_owned).unwrap_or(path)
    });
    Ok(Some(paths.collect()))
}

/// The commit that the kit is at, 40 hex digits; `None` if it is no git repository, or one without a commit.
pub fn head(kit: &Kit) -> Result<Option<String>, KitError> {
    let Some((git, _)) = repository(kit) else { return Ok(None) };
    git.resolve("HEAD^{commit}").map_err(git_failed("read the last commit of the kit"))
}

/// When that commit was made, in seconds since 1970.
pub fn head_time(kit: &Kit) -> Result<Option<i64>, KitError> {
    let Some(head) = head(kit)? else { return Ok(None) };
    let Some((git, _)) = repository(kit) else { return Ok(None) };
    let said = git.run(["show", "-s", "--format=%ct", &head]).map_err(git_failed("read the last commit of the kit"))?;
    Ok(said.to_str().ok().and_then(|said| said.trim().parse().ok()))
}

/// The repository that the kit is in, and the top of its work tree.
fn repository(kit: &Kit) -> Option<(Git, PathBuf)> {
    let folder = work_tree(kit.top())?;
    Some((Git::containing(folder)?, folder.to_owned()))
}

/// A path as git writes it.
fn path_bytes(path: &Path) -> BString {
    path.as_os_str().as_bytes().into()
}

fn join(dir: &BString, path: &BString) -> BString {
    match (dir.is_empty(), path.is_empty()) {
        (true, _) => path.clone(),
        (_, true) => dir.clone(),
        _ => [dir.as_slice(), b"/", path.as_slice()].concat().into(),
    }
}

fn below(dir: &BString, name: &str) -> BString {
    join(dir, &name.into())
}

/// One line of `git ls-tree`, with its line feed.
fn listed(entry: Entry, path: &BString) -> Vec<u8> {
    let kind = match entry.mode {
        MODE_TREE => "tree",
        MODE_GITLINK => "commit",
        _ => "blob",
    };
    let head = format!("{:06o} {kind} {}\t", entry.mode, entry.id);
    [head.as_bytes(), &quoted("", path), b"\n"].concat()
}

#[cfg(test)]
mod tests;
