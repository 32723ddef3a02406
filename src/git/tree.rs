//! Trees: looking up paths, changing a few of them, comparing two.

use std::collections::BTreeMap;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};

use super::store::{Kind, Store};
use super::{GitError, MODE_GITLINK, MODE_SYMLINK, MODE_TREE, Oid};
use crate::text::visible;

/// One line of a tree object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// The mode as in the object, for example `0o100644`.
    pub mode: u32,
    /// The name, without slashes; shared, since an edited tree has most of its names from the old one.
    pub name: Arc<[u8]>,
    /// The object.
    pub id: Oid,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    /// The mode, for example `0o100755`.
    pub mode: u32,
    /// The blob, tree, or (for a submodule) commit.
    pub id: Oid,
}

impl Entry {
    /// True for a file or a symbolic link: something whose content is a blob.
    pub fn is_blob(self) -> bool {
        self.mode != MODE_TREE && self.mode != MODE_GITLINK
    }
}

/// Paths to set (`Some`) or to remove (`None`).
pub type TreeChanges = BTreeMap<BString, Option<Entry>>;

pub(super) fn parse_tree(mut data: &[u8]) -> Option<Vec<TreeEntry>> {
    let mut entries = Vec::new();
    while !data.is_empty() {
        let space = data.find_byte(b' ')?;
        let mode = data[..space].iter().try_fold(0u32, |mode, digit| {
            matches!(digit, b'0'..=b'7').then(|| mode.checked_mul(8)?.checked_add(u32::from(digit - b'0')))?
        })?;
        let nul = space + 1 + data[space + 1..].find_byte(0)?;
        let id = Oid::try_from(data.get(nul + 1..nul + 21)?).ok()?;
        entries.push(TreeEntry { mode, name: Arc::from(&data[space + 1..nul]), id });
        data = &data[nul + 21..];
    }
    Some(entries)
}

fn print_tree(entries: &[TreeEntry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.iter().map(|entry| entry.name.len() + 28).sum());
    for entry in entries {
        out.extend_from_slice(format!("{:o} ", entry.mode).as_bytes());
        out.extend_from_slice(&entry.name);
        out.push(0);
        out.extend_from_slice(entry.id.as_bytes());
    }
    out
}

/// Git's order: a directory sorts as if its name ended in a slash.
fn sort_key(entry: &TreeEntry) -> impl Iterator<Item = u8> + '_ {
    entry.name.iter().copied().chain((entry.mode == MODE_TREE).then_some(b'/'))
}

impl Store {
    /// What `path` leads to in `tree`; `None` if there is nothing.
    pub fn entry(&self, tree: Oid, path: &BStr) -> Result<Option<Entry>, GitError> {
        let mut at = tree;
        let mut rest: &[u8] = path;
        loop {
            let (name, below) = match rest.find_byte(b'/') {
                Some(slash) => (&rest[..slash], Some(&rest[slash + 1..])),
                None => (rest, None),
            };
            let entries = self.tree(at)?;
            let Some(entry) = find(&entries, name) else {
                return Ok(None);
            };
            match below {
                None => {
                    return Ok(Some(Entry { mode: entry.mode, id: entry.id }));
                }
                Some(_) if entry.mode != MODE_TREE => return Ok(None),
                Some(below) => (at, rest) = (entry.id, below),
            }
        }
    }

    /// What `path` leads to in two trees, if that differs. Directories that are equal in both are not entered, so
    /// looking at one path of many commits costs little.
    pub fn diff_path(&self, old: Oid, new: Oid, path: &BStr) -> Result<Option<Walk>, GitError> {
        let (mut old, mut new, mut rest) = (old, new, path);
        while let Some(slash) = rest.find_byte(b'/') {
            if old == new {
                return Ok(None);
            }
            let folder = rest[..slash].as_bstr();
            match (self.entry(old, folder)?, self.entry(new, folder)?) {
                (Some(a), Some(b)) if a.mode == MODE_TREE && b.mode == MODE_TREE => (old, new) = (a.id, b.id),
                _ => break,
            }
            rest = rest[slash + 1..].as_bstr();
        }
        let (old, new) = (self.entry(old, rest)?, self.entry(new, rest)?);
        Ok((old != new).then(|| Walk { path: path.to_owned(), old, new }))
    }

    /// Writes the tree that `root` becomes with `changes`; directories that become empty go away.
    ///
    /// A path that leads through a file, a symbolic link or a submodule, and a file where a directory stands, is
    /// [`GitError::InTheWay`].
    pub fn edit_tree(&self, root: Oid, changes: &TreeChanges) -> Result<Oid, GitError> {
        let flat: Vec<(&[u8], Option<Entry>)> = changes.iter().map(|(path, entry)| (path.as_slice(), *entry)).collect();
        let edited = self.edit_directory(Some(root), &flat, 0)?;
        Ok(edited.unwrap_or_else(|| self.insert(Kind::Tree, Vec::new())))
    }

    /// `changes` are sorted and share their first `depth` bytes.
    fn edit_directory(
        &self,
        directory: Option<Oid>,
        changes: &[(&[u8], Option<Entry>)],
        depth: usize,
    ) -> Result<Option<Oid>, GitError> {
        let mut entries: Vec<TreeEntry> = match directory {
            Some(id) => self.tree(id)?.to_vec(),
            None => Vec::new(),
        };
        let mut sorted = true;
        for group in group_by_name(changes, depth) {
            let name = first_name(&group[0].0[depth..]);
            let at = entries.iter().position(|entry| *entry.name == *name);
            let old = at.map(|at| entries[at].clone());
            let new = self.edit_name(old.as_ref(), &group, depth + name.len())?;
            match (at, new) {
                (Some(at), Some(new)) => {
                    // A directory sorts elsewhere than a file of its name.
                    sorted &= entries[at].mode == new.mode;
                    entries[at].mode = new.mode;
                    entries[at].id = new.id;
                }
                (Some(at), None) => {
                    entries.remove(at);
                }
                (None, Some(new)) => {
                    sorted = false;
                    entries.push(TreeEntry { mode: new.mode, name: name.into(), id: new.id });
                }
                (None, None) => {}
            }
        }
        if entries.is_empty() {
            return Ok(None);
        }
        if !sorted {
            entries.sort_by(|a, b| sort_key(a).cmp(sort_key(b)));
        }
        let id = self.insert(Kind::Tree, print_tree(&entries));
        self.keep_tree(id, entries);
        Ok(Some(id))
    }

    /// What becomes of one name of a directory; `end` is where the name ends in the paths of `group`.
    fn edit_name(
        &self,
        old: Option<&TreeEntry>,
        group: &[(&[u8], Option<Entry>)],
        end: usize,
    ) -> Result<Option<Entry>, GitError> {
        let (leaf, below): (Vec<_>, Vec<_>) = group.iter().partition(|(path, _)| path.len() == end);
        let below: Vec<(&[u8], Option<Entry>)> = below;
        let mut current = old.map(|old| Entry { mode: old.mode, id: old.id });
        if let Some((path, new)) = leaf.first().copied() {
            if current.is_some_and(|current| current.mode == MODE_TREE) && new.is_some() && below.is_empty() {
                return Err(in_the_way(path, path, MODE_TREE));
            }
            if new.is_some() || current.is_some_and(|current| current.mode != MODE_TREE) {
                current = new;
            }
        }
        if below.is_empty() {
            return Ok(current);
        }
        let directory = match current {
            None => None,
            Some(current) if current.mode == MODE_TREE => Some(current.id),
            Some(current) => {
                // Removing something below a file is no change; writing there is refused.
                return match below.iter().find(|(_, entry)| entry.is_some()) {
                    Some((path, _)) => Err(in_the_way(path, &path[..end], current.mode)),
                    None => Ok(Some(current)),
                };
            }
        };
        Ok(self.edit_directory(directory, &below, end + 1)?.map(|id| Entry { mode: MODE_TREE, id }))
    }

    /// The paths that differ between two trees, with what stands there before and after, in path order.
    ///
    /// Equal subtrees are not entered, so the cost follows the difference. Renames are not looked for.
    pub fn diff_trees(&self, old: Option<Oid>, new: Option<Oid>, found: &mut dyn FnMut(Walk)) -> Result<(), GitError> {
        self.diff_directories(old, new, &mut BString::default(), found)
    }

    fn diff_directories(
        &self,
        old: Option<Oid>,
        new: Option<Oid>,
        prefix: &mut BString,
        found: &mut dyn FnMut(Walk),
    ) -> Result<(), GitError> {
        if old == new {
            return Ok(());
        }
        let empty: Arc<[TreeEntry]> = Arc::from([]);
        let old = old.map_or_else(|| Ok(Arc::clone(&empty)), |id| self.tree(id))?;
        let new = new.map_or_else(|| Ok(Arc::clone(&empty)), |id| self.tree(id))?;
        let (mut i, mut j) = (0, 0);
        while i < old.len() || j < new.len() {
            let order = match (old.get(i), new.get(j)) {
                (Some(a), Some(b)) => sort_key(a).cmp(sort_key(b)),
                (Some(_), None) => std::cmp::Ordering::Less,
                _ => std::cmp::Ordering::Greater,
            };
            let a = order.is_le().then(|| &old[i]);
            let b = order.is_ge().then(|| &new[j]);
            i += usize::from(a.is_some());
            j += usize::from(b.is_some());
            self.diff_entries(a, b, prefix, found)?;
        }
        Ok(())
    }

    fn diff_entries(
        &self,
        a: Option<&TreeEntry>,
        b: Option<&TreeEntry>,
        prefix: &mut BString,
        found: &mut dyn FnMut(Walk),
    ) -> Result<(), GitError> {
        if let (Some(a), Some(b)) = (a, b)
            && a.id == b.id
            && a.mode == b.mode
        {
            return Ok(());
        }
        let name = &a.or(b).expect("one side has an entry").name;
        let length = prefix.len();
        if length > 0 {
            prefix.push(b'/');
        }
        prefix.extend_from_slice(name);
        let directory = |entry: Option<&TreeEntry>| entry.filter(|entry| entry.mode == MODE_TREE).map(|entry| entry.id);
        let file = |entry: Option<&TreeEntry>| {
            entry.filter(|entry| entry.mode != MODE_TREE).map(|entry| Entry { mode: entry.mode, id: entry.id })
        };
        if file(a).is_some() || file(b).is_some() {
            found(Walk { path: prefix.clone(), old: file(a), new: file(b) });
        }
        if directory(a).is_some() || directory(b).is_some() {
            self.diff_directories(directory(a), directory(b), prefix, found)?;
        }
        prefix.truncate(length);
        Ok(())
    }
}

/// One path that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The path from the top of the tree.
    pub path: BString,
    /// The file before.
    pub old: Option<Entry>,
    /// The file after.
    pub new: Option<Entry>,
}

/// A name may stand twice for a lookup: as a file and, sorted elsewhere, as a directory; never both in a valid tree.
fn find<'a>(entries: &'a [TreeEntry], name: &[u8]) -> Option<&'a TreeEntry> {
    let search = |directory: bool| {
        let key = || name.iter().copied().chain(directory.then_some(b'/'));
        entries.binary_search_by(|entry| sort_key(entry).cmp(key())).ok().map(|at| &entries[at])
    };
    search(false).or_else(|| search(true))
}

fn first_name(path: &[u8]) -> &[u8] {
    path.find_byte(b'/').map_or(path, |slash| &path[..slash])
}

/// One path to set or to remove.
type Change<'a> = (&'a [u8], Option<Entry>);

/// Collects the changes that share their next name. Sorted paths need not be adjacent: `a`, `a-b`, `a/c`.
fn group_by_name<'a>(changes: &[Change<'a>], depth: usize) -> Vec<Vec<Change<'a>>> {
    let mut groups: BTreeMap<&[u8], Vec<Change<'a>>> = BTreeMap::new();
    for change in changes {
        groups.entry(first_name(&change.0[depth..])).or_default().push(*change);
    }
    groups.into_values().collect()
}

fn in_the_way(path: &[u8], obstacle: &[u8], mode: u32) -> GitError {
    let kind = match mode {
        MODE_TREE => "a directory",
        MODE_SYMLINK => "a symbolic link",
        MODE_GITLINK => "a submodule",
        _ => "a file",
    };
    GitError::InTheWay { path: visible(path), obstacle: format!("{} ({kind})", visible(obstacle)) }
}
