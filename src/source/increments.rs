//! Releases that are made of an older one and of kernel.org's patches between the two: some kilobytes in the place of a whole tarball.
//!
//! What comes of it has the ids that the tarball would have given, for both depend on the tree and the date of the release alone. The date
//! is that of the release's own commit, which its ChangeLog tells.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::changelogs::ChangeLogs;
use super::kernel_org::{self, Mirror, Release, directory};
use super::proof::{self, prove};
use super::tarball::reader::decompressed;
use super::tarball::{IDENTITY, message, release};
use crate::apply::{ApplyError, Engine, apply};
use crate::diff::parse::{ParseError, parse};
use crate::event::Interrupt;
use crate::git::process::Error as ProcessError;
use crate::git::{Git, GitError, NewCommit, Oid, Store};
use crate::message::{Identity, Time};
use crate::version::{KernelVersion, Tag};

/// With more patches than these the tarball is the shorter way.
const MOST_STEPS: u32 = 10;
/// The largest patch that is downloaded, in bytes.
const PACKED: u64 = 64 << 20;
/// The largest patch once it is unpacked, in bytes.
const UNPACKED: u64 = 512 << 20;

/// Why the patches do not make the release.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A patch is not proved to be what was released.
    #[error(transparent)]
    Proof(#[from] proof::Error),
    /// A patch could not be read to its end.
    #[error("cannot read '{}'", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is no patch.
    #[error("'{}' is no patch: {}", path.display(), reason.message)]
    NoPatch {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: ParseError,
    },
    /// It is not one of the release before it.
    #[error("'{}' does not apply", path.display())]
    Apply {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ApplyError,
    },
    /// What comes of it says that it is something else.
    #[error("what comes of it is {found}")]
    Other {
        /// What its Makefile says.
        found: String,
    },
    /// The linux tree failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Git refused, failed or was interrupted.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

/// The way from a release that is there to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The release that is there.
    pub base: KernelVersion,
    /// The release that is wanted.
    pub target: KernelVersion,
    /// The patches in their order: the directory below a mirror, and the name.
    pub patches: Vec<(String, String)>,
}

impl Way {
    /// The shortest way to `target` from one of the tags; `None` where there is no short one.
    pub fn find(tags: &[String], target: &KernelVersion) -> Option<Self> {
        let plain = |version: &KernelVersion| version.rc().is_none() && version.variant().is_empty();
        let known = tags.iter().filter_map(|tag| Tag::parse(tag).ok()?.version());
        let older = known.filter(|version| plain(version) && version.series() == target.series() && version < target);
        let base = older.max().filter(|_| plain(target))?;
        let (dir, series) = (directory(target), target.series());
        let number = format!("{}.{}", series.major, series.minor);
        let patches = if base.patch() == 0 {
            // These are made for the first release of the series.
            vec![(dir, format!("patch-{target}.xz"))]
        } else {
            let step = |to: u32| (format!("{dir}/incr"), format!("patch-{number}.{}-{to}.xz", to - 1));
            (base.patch() + 1..=target.patch()).map(step).collect()
        };
        (patches.len() <= MOST_STEPS as usize).then_some(Self { base, target: target.clone(), patches })
    }

    /// Gets the patches and the date; `None` where the mirror does not have all of it, or has no ChangeLog that tells the date.
    ///
    /// # Errors
    /// When one cannot be had, or is not what the list of sums says.
    pub fn fetch(
        &self,
        mirror: &Mirror<'_>,
        logs: &ChangeLogs,
        interrupt: &Interrupt,
    ) -> Result<Option<Fetched>, kernel_org::Error> {
        let mut patches = Vec::new();
        for (dir, name) in &self.patches {
            match mirror.file(dir, name, PACKED) {
                Ok(Some(patch)) => patches.push(patch),
                Ok(None) => return Ok(None),
                // The tarball may be in the cache.
                Err(error) if error.is_offline() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let date = logs.read(&self.target, interrupt).ok().and_then(|commits| commits.first()?.date);
        Ok(date.map(|seconds| Fetched { patches, seconds }))
    }
}

/// What it takes to make a release.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The patches in their order.
    pub patches: Vec<Release>,
    /// When it was released, in seconds since 1970-01-01 UTC.
    seconds: i64,
}

/// A release that is in the linux tree now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its tag.
    pub tag: String,
    /// Its commit.
    pub commit: Oid,
    /// What has proved the patches, or why nothing has.
    pub notes: Vec<String>,
}

impl Way {
    /// Makes the release and its tag. The tree that it begins with has to be there with its files.
    ///
    /// # Errors
    /// When a patch is not proved or does not apply, or what comes of it is another release; nothing is written then.
    pub fn make(&self, git: &Git, store: &Store, fetched: &Fetched) -> Result<Made, Error> {
        let mut notes = Vec::new();
        let base = store.resolve_tag(self.base.tag().to_string().as_str())?;
        let mut tree = store.commit(base)?.tree;
        for Release { file, evidence, .. } in &fetched.patches {
            notes.extend(prove(file, evidence)?);
            let text = unpacked(file)?;
            let no_patch = |reason| Error::NoPatch { path: file.clone(), reason };
            let diffs = parse(&text, 0).map_err(no_patch)?;
            let placed = apply(store, tree, &diffs, Engine::Git);
            tree = placed.map_err(|source| Error::Apply { path: file.clone(), source })?.tree;
        }
        let makefile = store.content(store.entry(tree, "Makefile".into())?)?;
        let found = release::from_makefile(&makefile).unwrap_or_else(|| "no kernel".to_owned());
        if found != self.target.to_string() {
            return Err(Error::Other { found });
        }
        Ok(Made { notes, ..self.tag(git, store, tree, fetched)? })
    }

    fn tag(&self, git: &Git, store: &Store, tree: Oid, fetched: &Fetched) -> Result<Made, Error> {
        let (tag, seconds) = (self.target.tag().to_string(), fetched.seconds);
        let (date, message) = (Time { seconds, offset: 0 }, message(&tag));
        let commit = store.insert_commit(&NewCommit {
            tree,
            parent: None,
            author: &Identity { name: "kpatch".into(), email: "kpatch@localhost".into() },
            author_date: date,
            committer_date: date,
            message: message.as_bytes(),
        });
        store.write_pack(&[commit])?;
        let text = format!("object {commit}\ntype commit\ntag {tag}\ntagger {IDENTITY} {seconds} +0000\n\n{message}");
        let id = git.run_with_input(["hash-object", "-t", "tag", "-w", "--stdin"], text)?;
        let create = format!("create refs/tags/{tag}\0{}\0", id.trim_ascii().as_bstr());
        git.run_with_input(["update-ref", "-z", "--stdin"], create)?;
        Ok(Made { tag, commit, notes: Vec::new() })
    }
}

fn unpacked(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut text = Vec::new();
    let input = File::open(path).and_then(decompressed).map_err(failed)?;
    input.take(UNPACKED + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > UNPACKED {
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {UNPACKED} bytes"))));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_is_found() {
        let find = |tags: &[&str], target: &str| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            let way = Way::find(&tags, &target.parse().expect("a version"))?;
            let names: Vec<String> = way.patches.iter().map(|(dir, name)| format!("{dir}/{name}")).collect();
            Some((way.base.to_string(), names.join(" ")))
        };
        let tags = ["v6.6", "v6.6.12", "v6.6.11", "v6.6.13-rc1", "v6.7", "v6.6.12-linuxkit", "x"];
        let steps = "v6.x/incr/patch-6.6.12-13.xz v6.x/incr/patch-6.6.13-14.xz";
        assert_eq!(find(&tags, "6.6.14"), Some(("6.6.12".into(), steps.into())));
        assert_eq!(find(&["v6.6"], "6.6.30"), Some(("6.6".into(), "v6.x/patch-6.6.30.xz".into())));
        assert_eq!(find(&["v6.6.1"], "6.6.30"), None);
        assert_eq!(find(&["v6.6.14", "v6.6.15"], "6.6.14"), None);
        assert_eq!(find(&["v6.6.1"], "6.6.2-rt1"), None);
        assert_eq!(find(&["v6.5.1"], "6.6.2"), None);
    }
}
