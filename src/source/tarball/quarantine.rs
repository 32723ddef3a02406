//! A repository beside the repository: objects stay in it until all of them are there.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use tempfile::TempDir;

use super::reader::{Content, Item, Kind, refused};
use super::{Error, IDENTITY, damaged};
use crate::git::process::{Error as GitError, Git};
use crate::process::Running;

/// Where the temporary repository notes its only commit.
const BRANCH: &str = "refs/heads/import";

/// Takes files in, and ends as a commit and a tag. Dropping it removes all traces.
pub(super) struct Quarantine {
    // Before the directory, so that the process ends before its files go.
    import: Option<Running>,
    store: Store,
    /// Mode and mark of every path, in the order of the archive.
    entries: Vec<(Vec<u8>, &'static str, usize)>,
    /// Where the paths stand in `entries`.
    index: HashMap<Vec<u8>, usize>,
    marks: usize,
}

/// The temporary repository, and the objects of the real one.
struct Store {
    git: Git,
    objects: PathBuf,
    dir: TempDir,
}

/// A release that is complete, but not yet part of the repository.
pub(super) struct Stored {
    store: Store,
    /// The id of the tag object, in hex.
    pub(super) tag: String,
    /// The id of the commit, in hex.
    pub(super) commit: String,
}

impl Quarantine {
    /// Opens one beside the objects of `git`. What is there already is not stored again.
    pub(super) fn open(git: &Git) -> Result<Self, Error> {
        let store = Store::create(git)?;
        let import = store.git.start([
            // Always a pack, never loose objects.
            "-c",
            "fastimport.unpackLimit=0",
            "fast-import",
            "--quiet",
            "--done",
            "--date-format=raw",
            // Neighbours in a release are different files: deltas between them cost more than they save.
            "--depth=0",
        ])?;
        Ok(Self { import: Some(import), store, entries: Vec::new(), index: HashMap::new(), marks: 0 })
    }

    /// How many files and links there are so far.
    pub(super) fn files(&self) -> usize {
        self.entries.len()
    }

    /// Takes in one file or link of the archive `tarball`.
    pub(super) fn add(&mut self, item: &Item, content: &mut Content<'_>, tarball: &Path) -> Result<(), Error> {
        let (mode, mark) = match &item.kind {
            Kind::HardLink(target) => {
                let refuse = || refused(tarball, &item.path, "is a hard link to no file before it");
                let at = *self.index.get(target).ok_or_else(refuse)?;
                (self.entries[at].1, self.entries[at].2)
            }
            Kind::File { executable: false } => ("100644", self.blob(content, tarball)?),
            Kind::File { executable: true } => ("100755", self.blob(content, tarball)?),
            Kind::Symlink => ("120000", self.blob(content, tarball)?),
        };
        self.index.insert(item.path.clone(), self.entries.len());
        self.entries.push((item.path.clone(), mode, mark));
        Ok(())
    }

    /// Stores the bytes of a file and returns the mark that stands for them.
    fn blob(&mut self, content: &mut Content<'_>, tarball: &Path) -> Result<usize, Error> {
        self.marks += 1;
        let head = format!("blob\nmark :{}\ndata {}\n", self.marks, content.size());
        self.write(head.as_bytes())?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(damaged(tarball, source)),
            };
            self.write(&buffer[..count])?;
        }
        self.write(b"\n")?;
        Ok(self.marks)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let failed = |source| Error::Store { path: self.store.objects.clone(), source };
        let Some(import) = &mut self.import else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        let Err(source) = import.write_all(bytes) else {
            return Ok(());
        };
        // The reason is what git says at its end, if it says something.
        match self.import.take().map(Running::finish) {
            Some(Err(reason)) => Err(GitError::from(reason).into()),
            _ => Err(failed(source)),
        }
    }

    /// Makes the commit and the tag.
    pub(super) fn finish(mut self, tag: &str, message: &str, seconds: i64) -> Result<Stored, Error> {
        let mark = self.marks + 1;
        let (length, who) = (message.len(), format!("{IDENTITY} {seconds} +0000"));
        let head = format!(
            "commit {BRANCH}\nmark :{mark}\nauthor {who}\ncommitter {who}\ndata {length}\n{message}deleteall\n"
        );
        self.write(head.as_bytes())?;
        for (path, mode, mark) in std::mem::take(&mut self.entries) {
            let mut line = format!("M {mode} :{mark} ").into_bytes();
            quote(&path, &mut line);
            line.push(b'\n');
            self.write(&line)?;
        }
        let tail = format!("tag {tag}\nfrom :{mark}\ntagger {who}\ndata {length}\n{message}done\n");
        self.write(tail.as_bytes())?;
        if let Some(import) = self.import.take() {
            import.finish().map_err(GitError::from)?;
        }
        let id = |name: &str| -> Result<String, Error> {
            let output = self.store.git.run(["rev-parse", "--verify", "--end-of-options", name])?;
            Ok(output.trim_ascii().to_str_lossy().into_owned())
        };
        let (tag, commit) = (id(&format!("refs/tags/{tag}"))?, id(BRANCH)?);
        Ok(Stored { store: self.store, tag, commit })
    }
}

impl Store {
    fn create(git: &Git) -> Result<Self, Error> {
        let path = |what: &str| -> Result<PathBuf, Error> {
            let output = git.run(["rev-parse", "--git-path", what])?;
            Ok(git.git_dir().join(output.strip_suffix(b"\n").unwrap_or(&output).to_path_lossy()))
        };
        let objects = path("objects")?;
        let format = git.run(["rev-parse", "--show-object-format"])?;
        let failed = |source| Error::Store { path: objects.clone(), source };
        // `git gc` knows this prefix: it sweeps up what a crash has left behind.
        let dir = tempfile::Builder::new().prefix("tmp_objdir-kpatch-").tempdir_in(&objects).map_err(failed)?;
        let own = git.at(dir.path());
        own.init_bare(Some(&format.trim_ascii().to_str_lossy()))?;
        // A path with a line break cannot stand in that file; then everything is stored once more.
        if !objects.as_os_str().as_encoded_bytes().contains(&b'\n') {
            let line = [objects.as_os_str().as_encoded_bytes(), b"\n"].concat();
            let info = dir.path().join("objects/info");
            fs::create_dir_all(&info).and_then(|()| fs::write(info.join("alternates"), line)).map_err(failed)?;
        }
        Ok(Self { git: own, objects, dir })
    }
}

impl Stored {
    /// The id of the tree, in hex.
    pub(super) fn tree(&self) -> Result<Option<String>, Error> {
        Ok(self.store.git.resolve(&format!("{}^{{tree}}", self.commit))?)
    }

    /// Moves the objects into the repository, where nothing refers to them yet.
    pub(super) fn move_objects(self) -> Result<(), Error> {
        let from = self.store.dir.path().join("objects/pack");
        let to = self.store.objects.join("pack");
        move_packs(&from, &to).map_err(|source| Error::Store { path: to, source })
    }
}

/// Moves packs as git does: the index last, as it makes the pack known.
fn move_packs(from: &Path, to: &Path) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        if name.as_encoded_bytes().starts_with(b"pack-") {
            names.push(name);
        }
    }
    names.sort_by_key(|name| (name.as_encoded_bytes().ends_with(b".idx"), name.clone()));
    fs::create_dir_all(to)?;
    for name in names {
        if !to.join(&name).exists() {
            fs::rename(from.join(&name), to.join(&name))?;
        }
    }
    Ok(())
}

/// Writes a path as fast-import reads it back, whatever bytes it has.
fn quote(path: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in path {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\n' => out.extend(b"\\n"),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}
