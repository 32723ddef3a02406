//! Release tarballs as commits: for those who have no git server at hand, or trust the signed tarballs more.
//!
//! A tarball becomes one commit without parents and an annotated tag. Both depend on the tarball's contents only,
//! so the same release has the same ids in everybody's repository.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::proof::{self, Check, Evidence, Proof};
use crate::event::{Event, Observer};
use crate::git::process::{Error as GitError, Git, check_ref_name};

mod quarantine;
pub(crate) mod reader;
pub(crate) mod release;

use quarantine::{Quarantine, Stored};
use reader::{Content, Item, Limits};

/// Author, committer and tagger of everything imported; fixed, so that ids depend on the contents alone.
pub(super) const IDENTITY: &str = "kpatch <kpatch@localhost>";
/// The largest `Makefile` that a version is looked for in, in bytes.
const MAKEFILE: u64 = 1024 * 1024;

/// Why a tarball was not imported. The repository is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened.
    #[error("cannot open {}", .path.display())]
    Open {
        /// The tarball.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file cannot be read to its end as a tarball.
    #[error("{} is damaged or not a tarball", .path.display())]
    Damaged {
        /// The tarball.
        path: PathBuf,
        /// What was found wrong.
        #[source]
        source: io::Error,
    },
    /// An entry that has no place in a kernel release.
    #[error("refusing {}: '{entry}' {why}", .path.display())]
    Refused {
        /// The tarball.
        path: PathBuf,
        /// The name of the entry, for display.
        entry: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// More than a kernel release can be.
    #[error("refusing {}: it has more than {limit} {unit}", .path.display())]
    TooBig {
        /// The tarball.
        path: PathBuf,
        /// The limit that was passed.
        limit: u64,
        /// What it counts.
        unit: &'static str,
    },
    /// There is no version in the file name nor in a top-level `Makefile`.
    #[error("cannot tell which version {} is", .path.display())]
    NoVersion {
        /// The tarball.
        path: PathBuf,
    },
    /// The file name or the tag that was asked for says something else than the `Makefile`.
    #[error("{} should be {expected}, but its Makefile says {found}", .path.display())]
    OtherVersion {
        /// The tarball.
        path: PathBuf,
        /// The version in the file name, or in the tag.
        expected: String,
        /// The version in the top-level `Makefile`.
        found: String,
    },
    /// The tag is there, and is not this tarball.
    #[error("tag {tag} exists already, and is not what {} holds", .path.display())]
    TagExists {
        /// The tag.
        tag: String,
        /// The tarball.
        path: PathBuf,
    },
    /// The objects cannot be stored.
    #[error("cannot write to {}", .path.display())]
    Store {
        /// The place.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What proves it is wrong or missing.
    #[error(transparent)]
    Proof(#[from] proof::Error),
    /// Git refused, failed or was interrupted.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Error {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Proof(error) => error.hint(),
            Self::Damaged { .. } => {
                Some("download it again and check its signature; .tar, .tar.xz and .tar.gz are read")
            }
            Self::NoVersion { .. } => Some("name the tag, or the file linux-VERSION.tar.xz"),
            Self::OtherVersion { .. } => Some("give the file its right name, or another tag that is no plain version"),
            Self::TagExists { .. } => {
                Some("a tag of the same name came from elsewhere; import into another repository")
            }
            _ => None,
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Git(source) if source.is_interrupted())
    }
}

/// What an import made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The name of the tag, `v6.1.176`.
    pub tag: String,
    /// The id of the tag object, in hex.
    pub tag_id: String,
    /// The id of the commit, in hex.
    pub commit: String,
    /// How many files and links the release has.
    pub files: usize,
    /// False when the repository had the very same release already.
    pub new: bool,
    /// What has proved the tarball, or why nothing has; empty where nobody asked.
    pub notes: Vec<String>,
}

/// Imports the release in `tarball` (`.tar`, `.tar.gz` or `.tar.xz`, as from kernel.org or as Debian's
/// `.orig.tar`) as tag `tag`, or as the tag of the version that the tarball's name and `Makefile` tell.
///
/// The tarball is read once and never unpacked to disk; its single top directory is stripped. The date of commit
/// and tag is that of the newest entry. Nothing of it is in the repository before all of it is.
///
/// # Errors
/// When the tarball is damaged, hostile or of another version, or when the tag is there and is something else.
pub fn import(git: &Git, tarball: &Path, tag: Option<&str>, observer: &dyn Observer) -> Result<Imported, Error> {
    import_within(git, tarball, tag, None, observer, &Limits::default())
}

/// As [`import`], and what is found of `evidence` has to be right: nothing of a tarball that it refuses is in the repository afterwards. What has
/// proved the tarball, or why nothing has, is in [`Imported::notes`].
///
/// # Errors
/// As [`import`], and when a sum or a signature is wrong, or required and missing.
pub fn import_proved(
    git: &Git,
    tarball: &Path,
    tag: Option<&str>,
    evidence: &Evidence,
    observer: &dyn Observer,
) -> Result<Imported, Error> {
    import_within(git, tarball, tag, Some(evidence), observer, &Limits::default())
}

fn import_within(
    git: &Git,
    tarball: &Path,
    tag: Option<&str>,
    evidence: Option<&Evidence>,
    observer: &dyn Observer,
    limits: &Limits,
) -> Result<Imported, Error> {
    Git::check_version()?;
    let named = tarball.file_name().and_then(|name| release::from_file_name(&name.to_string_lossy()));
    let early = tag.map(str::to_owned).or_else(|| named.as_ref().map(|version| format!("v{version}")));
    if let Some(tag) = &early {
        check_ref_name(tag)?;
        refuse_foreign_tag(git, tag, tarball)?;
    }
    observer.event(&Event::Stage { name: "importing the release".into(), total: None });
    let mut file = File::open(tarball).map_err(|source| Error::Open { path: tarball.to_owned(), source })?;
    let check = evidence.map(|evidence| Proof::begin_file(&mut file, tarball, evidence)).transpose()?;
    let witness = Witness::new(check);
    let input = reader::decompressed(file).map_err(|source| damaged(tarball, source))?;
    let input = Witnessed { from: input, witness: &witness };

    let mut quarantine = Quarantine::open(git)?;
    let mut makefile = None;
    let mut visit = |item: Item, content: &mut Content<'_>| -> Result<(), Error> {
        if item.path == b"Makefile" && content.size() <= MAKEFILE {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(|source| damaged(tarball, source))?;
            quarantine.add(&item, &mut Content::new(&mut bytes.as_slice(), content.size()), tarball)?;
            makefile = Some(bytes);
        } else {
            quarantine.add(&item, content, tarball)?;
        }
        observer.event(&Event::Step);
        Ok(())
    };
    let newest = reader::read::<Error>(input, tarball, limits, &mut visit)?;

    let notes = witness.finish()?;
    let tag = decide_tag(tarball, tag, named, makefile.as_deref())?;
    check_ref_name(&tag)?;
    let files = quarantine.files();
    let stored = quarantine.finish(&tag, &message(&tag), newest)?;
    Ok(Imported { notes, ..land(git, tarball, tag, stored, files)? })
}

/// Sees all of the archive go by, for its signature.
struct Witness(RefCell<Option<Check>>);

impl Witness {
    fn new(check: Option<Check>) -> Self {
        Self(RefCell::new(check))
    }

    fn finish(self) -> Result<Vec<String>, Error> {
        let check = self.0.into_inner();
        Ok(check.map(Check::finish).transpose()?.unwrap_or_default())
    }
}

/// A reader that has a witness.
struct Witnessed<'a, R> {
    from: R,
    witness: &'a Witness,
}

impl<R: Read> Read for Witnessed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        if let Some(check) = self.witness.0.borrow_mut().as_mut() {
            check.update(&buffer[..count]);
        }
        Ok(count)
    }
}

/// The message of commit and tag, as it is customary.
pub(super) fn message(tag: &str) -> String {
    format!("Linux {}\n", tag.strip_prefix('v').unwrap_or(tag))
}

fn damaged(path: &Path, source: io::Error) -> Error {
    Error::Damaged { path: path.to_owned(), source }
}

/// Fails at once for a tag that no import can have made, rather than after reading a gigabyte.
fn refuse_foreign_tag(git: &Git, tag: &str, tarball: &Path) -> Result<(), Error> {
    let name = format!("refs/tags/{tag}");
    let Some(id) = git.resolve(&name)? else { return Ok(()) };
    let object = git.output(["cat-file", "tag", &id])?;
    let ours = format!("\ntagger {IDENTITY} ");
    if object.status.success() && bstr::ByteSlice::contains_str(object.stdout.as_slice(), ours) {
        return Ok(());
    }
    Err(Error::TagExists { tag: tag.to_owned(), path: tarball.to_owned() })
}

/// The tag to make; file name, tag asked for and `Makefile` must not contradict each other.
fn decide_tag(
    tarball: &Path,
    asked: Option<&str>,
    named: Option<String>,
    makefile: Option<&[u8]>,
) -> Result<String, Error> {
    let found = makefile.and_then(release::from_makefile);
    // A tag that is no plain version is the user's own name for the release.
    let asked_version = asked.and_then(|tag| tag.strip_prefix('v')).filter(|text| release::is_version(text));
    if let Some(found) = &found {
        for expected in [named.as_deref(), asked_version].into_iter().flatten() {
            if expected != found {
                let (expected, found) = (expected.to_owned(), found.clone());
                return Err(Error::OtherVersion { path: tarball.to_owned(), expected, found });
            }
        }
    }
    match (asked, found.or(named)) {
        (Some(tag), _) => Ok(tag.to_owned()),
        (None, Some(version)) => Ok(format!("v{version}")),
        (None, None) => Err(Error::NoVersion { path: tarball.to_owned() }),
    }
}

/// Makes the stored release part of the repository: first the objects, last the tag.
fn land(git: &Git, tarball: &Path, tag: String, stored: Stored, files: usize) -> Result<Imported, Error> {
    let name = format!("refs/tags/{tag}");
    let exists = |tag: &str| Error::TagExists { tag: tag.to_owned(), path: tarball.to_owned() };
    let (tag_id, commit) = (stored.tag.clone(), stored.commit.clone());
    match git.resolve(&name)? {
        Some(id) if id == tag_id => {
            return Ok(Imported { tag, tag_id, commit, files, new: false, notes: Vec::new() });
        }
        // The same release, which patches have made: their date may be another one.
        Some(id) if git.resolve(&format!("{name}^{{tree}}"))? == stored.tree()? => {
            let known = git.resolve(&format!("{name}^{{commit}}"))?.unwrap_or_default();
            return Ok(Imported { tag, tag_id: id, commit: known, files, new: false, notes: Vec::new() });
        }
        Some(_) => return Err(exists(&tag)),
        None => stored.move_objects()?,
    }
    let create = format!("create {name}\0{tag_id}\0");
    if let Err(error) = git.run_with_input(["update-ref", "-z", "--stdin"], create) {
        // Somebody else may have made the tag in the meantime.
        return Err(if git.resolve(&name)?.is_some() { exists(&tag) } else { error.into() });
    }
    Ok(Imported { tag, tag_id, commit, files, new: true, notes: Vec::new() })
}

#[cfg(test)]
mod tests;
