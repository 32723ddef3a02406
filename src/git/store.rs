//! Objects: read from the repository, written to memory until they are wanted on disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use gix::objs::{Exists as _, Find as _, FindHeader as _};

use super::error::BoxError;
use super::tree::{TreeEntry, parse_tree};
use super::{GitError, Oid};

/// The kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A file's content.
    Blob,
    /// A directory.
    Tree,
    /// A commit.
    Commit,
}

impl Kind {
    fn to_gix(self) -> gix::objs::Kind {
        match self {
            Self::Blob => gix::objs::Kind::Blob,
            Self::Tree => gix::objs::Kind::Tree,
            Self::Commit => gix::objs::Kind::Commit,
        }
    }

    /// The number that a pack entry's header carries for the kind (gitformat-pack(5)).
    pub(super) fn pack_type(self) -> u8 {
        match self {
            Self::Commit => 1,
            Self::Tree => 2,
            Self::Blob => 3,
        }
    }
}

/// Brings missing objects into the repository; called with all that are wanted at once.
pub type Fetcher = Box<dyn Fn(&[Oid]) -> Result<(), BoxError> + Send>;

/// The raw bytes of an object.
type Content = Arc<[u8]>;

/// What is kept of one object in memory.
#[derive(Clone)]
struct Held {
    kind: Kind,
    data: Arc<[u8]>,
    /// Made here and not on disk: it goes into the next pack if a commit needs it.
    new: bool,
}

/// The objects of a linux tree, and those that kpatch makes on top of them.
///
/// Nothing reaches the disk before [`Store::write_pack`].
pub struct Store {
    git_dir: PathBuf,
    common_dir: PathBuf,
    /// Reading from packs is not for two threads at once; see [`Store::in_two`] for reading many objects.
    repo: Mutex<gix::Repository>,
    held: RwLock<HashMap<Oid, Held>>,
    trees: RwLock<HashMap<Oid, Arc<[TreeEntry]>>>,
    fetcher: Mutex<Option<Fetcher>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("git_dir", &self.git_dir).finish_non_exhaustive()
    }
}

/// How much inflated pack data the delta cache of one reader may hold, in bytes.
const DELTA_CACHE: usize = 24 << 20;

/// The id that git gives to a file of these bytes.
pub fn blob_id(bytes: &[u8]) -> Oid {
    object_id(Kind::Blob, bytes)
}

fn object_id(kind: Kind, data: &[u8]) -> Oid {
    gix::objs::compute_hash(gix::hash::Kind::Sha1, kind.to_gix(), data)
        .expect("only a crafted SHA-1 collision fails, and git refuses those as well")
}

impl Store {
    /// Opens the repository at `path`: a work tree or a git directory, bare or not, shallow or not.
    ///
    /// Neither the user's nor the system's configuration is read.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        // A replaced object would no longer be what its id says, and the id is what everything here is compared by.
        let options =
            gix::open::Options::isolated().with(gix::sec::Trust::Full).config_overrides(["core.useReplaceRefs=false"]);
        let mut repo = gix::open_opts(path, options)
            .map_err(|source| GitError::Open { path: path.to_owned(), source: source.into() })?;
        repo.objects.set_pack_cache(|| Box::new(gix::odb::pack::cache::lru::MemoryCappedHashmap::new(DELTA_CACHE)));
        Ok(Self {
            git_dir: repo.git_dir().to_owned(),
            common_dir: repo.common_dir().to_owned(),
            repo: Mutex::new(repo),
            held: RwLock::default(),
            trees: RwLock::default(),
            fetcher: Mutex::default(),
        })
    }

    /// A repository without anything in it, made in `dir`, which exists and is empty: for objects that only ever are in memory.
    pub fn scratch(dir: &Path) -> Result<Self, GitError> {
        let write = |path: PathBuf, source| GitError::Write { path, source };
        for name in ["objects", "refs"] {
            std::fs::create_dir(dir.join(name)).map_err(|source| write(dir.join(name), source))?;
        }
        let head = dir.join("HEAD");
        std::fs::write(&head, "ref: refs/heads/main\n").map_err(|source| write(head, source))?;
        Self::open(dir)
    }

    /// The repository's own directory, absolute or as it was opened.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The directory that work trees share: where refs and objects live.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The folder of the object database.
    pub(super) fn objects_dir(&self) -> PathBuf {
        self.common_dir.join("objects")
    }

    pub(super) fn repo(&self) -> MutexGuard<'_, gix::Repository> {
        lock(&self.repo)
    }

    /// True if missing blobs are fetched on demand, so that reading many of them one by one is slow.
    pub fn is_partial(&self) -> bool {
        lock(&self.fetcher).is_some()
    }

    /// From now on, objects that are missing are asked of `fetcher` before they count as missing.
    pub fn set_fetcher(&self, fetcher: Fetcher) {
        *lock(&self.fetcher) = Some(fetcher);
    }

    /// The content of a blob.
    pub fn blob(&self, id: Oid) -> Result<Arc<[u8]>, GitError> {
        self.object(id, Kind::Blob, "blob")
    }

    /// The entries of a tree, sorted as git sorts them.
    pub fn tree(&self, id: Oid) -> Result<Arc<[TreeEntry]>, GitError> {
        if let Some(tree) = read(&self.trees).get(&id) {
            return Ok(Arc::clone(tree));
        }
        let data = self.object(id, Kind::Tree, "tree")?;
        let tree: Arc<[TreeEntry]> = parse_tree(&data).ok_or(GitError::Corrupt { id, expected: "tree" })?.into();
        write(&self.trees).insert(id, Arc::clone(&tree));
        Ok(tree)
    }

    /// The raw content of any object of the given kind.
    pub(super) fn object(&self, id: Oid, kind: Kind, expected: &'static str) -> Result<Arc<[u8]>, GitError> {
        if let Some(held) = read(&self.held).get(&id) {
            return if held.kind == kind {
                Ok(Arc::clone(&held.data))
            } else {
                Err(GitError::Corrupt { id, expected })
            };
        }
        // The lock must not be held on to while something is fetched.
        let here = find(&self.repo().objects, id)?;
        let found = match here {
            Some(found) => found,
            // Commits behind the edge of a shallow clone are no business of anybody.
            None if kind == Kind::Commit => return Err(GitError::Missing(vec![id])),
            None => {
                self.fetch(&[id])?;
                find(&self.repo().objects, id)?.ok_or_else(|| GitError::Missing(vec![id]))?
            }
        };
        let (found_kind, data) = found;
        if found_kind != kind.to_gix() {
            return Err(GitError::Corrupt { id, expected });
        }
        // Trees are kept in their parsed form only.
        if kind == Kind::Blob {
            write(&self.held).insert(id, Held { kind, data: Arc::clone(&data), new: false });
        }
        Ok(data)
    }

    /// The size of a blob in bytes, without reading it whole; `None` if it is not there.
    pub fn blob_size(&self, id: Oid) -> Result<Option<u64>, GitError> {
        if let Some(held) = read(&self.held).get(&id) {
            return Ok(Some(held.data.len() as u64));
        }
        let header = self.repo().objects.try_header(&id).map_err(|source| read_error(id, source))?;
        Ok(header.map(|header| header.size))
    }

    /// Makes an object; it stays in memory.
    ///
    /// # Panics
    /// On content that was crafted to collide in SHA-1, which git refuses as well.
    pub fn insert(&self, kind: Kind, data: impl Into<Arc<[u8]>>) -> Oid {
        let data = data.into();
        let id = object_id(kind, &data);
        if !read(&self.held).contains_key(&id) {
            let new = !self.repo().objects.exists(&id);
            write(&self.held).entry(id).or_insert(Held { kind, data, new });
        }
        id
    }

    /// True if the object is in memory or in the repository.
    pub fn contains(&self, id: Oid) -> bool {
        read(&self.held).contains_key(&id) || self.repo().objects.exists(&id)
    }

    /// The bytes of all that is held in memory, roughly: the objects, and the trees in their parsed form.
    pub fn memory(&self) -> u64 {
        let objects: usize = read(&self.held).values().map(|held| held.data.len()).sum();
        // Most names are shared with the tree that another one was made from.
        let trees: usize = read(&self.trees).values().map(|tree| tree.len() * size_of::<TreeEntry>()).sum();
        (objects + trees) as u64
    }

    /// True for an object that was made here and is not on disk.
    pub(super) fn new_object(&self, id: Oid) -> Option<(Kind, Arc<[u8]>)> {
        read(&self.held).get(&id).filter(|held| held.new).map(|held| (held.kind, Arc::clone(&held.data)))
    }

    /// Marks objects as being on disk.
    pub(super) fn written(&self, ids: &[Oid]) {
        let mut held = write(&self.held);
        for id in ids {
            if let Some(held) = held.get_mut(id) {
                held.new = false;
            }
        }
    }

    /// Reads many blobs at once, on two threads, and fetches in one batch those that are not there.
    pub fn prefetch(&self, ids: &[Oid]) -> Result<(), GitError> {
        let mut wanted: Vec<Oid> = ids.iter().filter(|id| !read(&self.held).contains_key(*id)).copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let missing: Vec<Oid> = wanted.iter().filter(|id| !self.repo().objects.exists(id)).copied().collect();
        if !missing.is_empty() {
            self.fetch(&missing)?;
        }
        for (id, blob) in self.read_many(&wanted)? {
            write(&self.held).insert(id, Held { kind: Kind::Blob, data: blob, new: false });
        }
        Ok(())
    }

    /// Runs `work` on each of the blobs, on two threads, without keeping them; the results keep the order of `ids`.
    pub fn map_blobs<T: Send>(&self, ids: &[Oid], work: impl Fn(Oid, &[u8]) -> T + Sync) -> Result<Vec<T>, GitError> {
        let missing: Vec<Oid> = ids.iter().filter(|id| !self.contains(**id)).copied().collect();
        if !missing.is_empty() {
            self.fetch(&missing)?;
        }
        let held: HashMap<Oid, Arc<[u8]>> = {
            let held = read(&self.held);
            ids.iter().filter_map(|id| held.get(id).map(|held| (*id, Arc::clone(&held.data)))).collect()
        };
        self.in_two(ids, |odb, id| {
            if let Some(data) = held.get(&id) {
                return Ok(work(id, data));
            }
            let (_, data) = find(odb, id)?.ok_or_else(|| GitError::Missing(vec![id]))?;
            Ok(work(id, &data))
        })
    }

    fn read_many(&self, ids: &[Oid]) -> Result<Vec<(Oid, Content)>, GitError> {
        self.in_two(ids, |odb, id| match find(odb, id)? {
            Some((gix::objs::Kind::Blob, data)) => Ok((id, data)),
            Some(_) => Err(GitError::Corrupt { id, expected: "blob" }),
            None => Err(GitError::Missing(vec![id])),
        })
    }

    /// Splits the ids over two readers; with few of them a second thread costs more than it brings.
    fn in_two<T: Send>(
        &self,
        ids: &[Oid],
        work: impl Fn(&gix::OdbHandle, Oid) -> Result<T, GitError> + Sync,
    ) -> Result<Vec<T>, GitError> {
        const WORTH_A_THREAD: usize = 32;
        if ids.len() < WORTH_A_THREAD {
            let odb = self.repo().objects.clone();
            return ids.iter().map(|id| work(&odb, *id)).collect();
        }
        let (left, right) = ids.split_at(ids.len() / 2);
        let (own, other) = {
            let repo = self.repo();
            (repo.objects.clone(), repo.objects.clone())
        };
        let work = &work;
        std::thread::scope(|scope| {
            let handle = scope.spawn(move || left.iter().map(|id| work(&other, *id)).collect::<Result<Vec<T>, _>>());
            let right: Result<Vec<T>, _> = right.iter().map(|id| work(&own, *id)).collect();
            let mut all = handle.join().expect("a reader does not panic")?;
            all.extend(right?);
            Ok(all)
        })
    }

    /// Keeps the parsed form of a tree.
    pub(super) fn keep_tree(&self, id: Oid, entries: Vec<TreeEntry>) {
        write(&self.trees).entry(id).or_insert_with(|| entries.into());
    }

    fn fetch(&self, ids: &[Oid]) -> Result<(), GitError> {
        match lock(&self.fetcher).as_ref() {
            Some(fetcher) => fetcher(ids).map_err(GitError::Fetch),
            None => Err(GitError::Missing(ids.to_vec())),
        }
    }
}

/// A thread that panicked has left nothing half done in these maps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(map: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    map.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(map: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    map.write().unwrap_or_else(PoisonError::into_inner)
}

fn find(odb: &gix::OdbHandle, id: Oid) -> Result<Option<(gix::objs::Kind, Content)>, GitError> {
    let mut buffer = Vec::new();
    let found = odb.try_find(&id, &mut buffer).map_err(|source| read_error(id, source))?;
    Ok(found.map(|data| (data.kind, Arc::from(data.data))))
}

fn read_error(id: Oid, source: impl Into<BoxError>) -> GitError {
    GitError::Read { what: format!("object {id}"), source: source.into() }
}
