//! From a release of the kernel to patched sources that can be compiled.
//!
//! A release is a tarball, which may have to prove where it comes from, or a tag of the linux tree. Both give the same tree for the same
//! release, byte for byte. Patches are put on it by the rules of the patch utility, without fuzz. The result is what [`Recipe`] needs.
//!
//! [`Recipe`]: super::Recipe

mod archive;
mod checkout;
mod files;
mod patches;
mod place;
#[cfg(test)]
mod tests;
mod unpack;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

pub use patches::PatchFile;

use super::error::cannot;
use super::{BuildError, Watch};
use crate::apply::Release;
use crate::event::Event;
use crate::files::sha256;
use crate::git::{GitError, Store};
use crate::kit::Kit;
use crate::source::proof::{self, Evidence, Proof};
use crate::source::resolve::STABLE_TREE;
use crate::source::tarball::{self, release};
use crate::text::{hex, with_causes};
use crate::version::KernelVersion;
use files::Files;
use patches::Patches;
use place::{Place, Stamp};

/// Names the way in which sources are prepared. Trees of another way are unpacked again.
const FORMAT: &str = "kpatch tree 1";
/// Where the releases are to be had.
const KERNEL_ORG: &str = "https://www.kernel.org/pub/linux/kernel";

/// Where a release comes from.
#[derive(Debug, Clone, Copy)]
pub enum Origin<'a> {
    /// A file.
    Tarball(&'a Tarball),
    /// The release's tag in the linux tree. Objects that are missing are asked of the store's fetcher.
    Linux(&'a Store),
}

/// A release as a file, and what may prove it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tarball {
    /// `linux-6.6.13.tar.xz`, `.tar.gz` or `.tar`; `linux_6.6.13.orig.tar.xz` of Debian.
    pub file: PathBuf,
    /// The list of sums, signed in the clear; `sha256sums.asc` beside the tarball if absent.
    pub sums: Option<PathBuf>,
    /// The signature of the unpacked archive; `linux-6.6.13.tar.sign` beside the tarball if absent.
    pub signature: Option<PathBuf>,
    /// The public keys; `keys.asc` in the kit's kernel directory if absent.
    pub keys: Option<PathBuf>,
    /// Refuse a tarball without a good signature; the kit may ask for that as well.
    pub require_signature: bool,
}

/// Which sources are wanted.
#[derive(Debug, Clone, Copy)]
pub struct SourceRequest<'a> {
    /// Says which keys may sign.
    pub kit: &'a Kit,
    /// The kernel, perhaps of a variant.
    pub version: &'a KernelVersion,
    /// Where its release comes from.
    pub origin: Origin<'a>,
    /// The patches in order, see [`PatchFile::of`].
    pub patches: &'a [PatchFile],
    /// The directory for the sources and their archive, see [`OutDir::work`](super::OutDir::work).
    pub work: &'a Path,
    /// Make `linux.tar.xz` too.
    pub with_tarball: bool,
    /// The moment that timestamps get, in seconds since 1970; when the release was made, if absent.
    pub epoch: Option<i64>,
    /// How many threads may compress.
    pub jobs: usize,
}

/// Sources that are ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The patched sources. Directories whose names begin with `obj-` are the compiler's own and survive a change of patches.
    pub tree: PathBuf,
    /// The same as an archive, if it was wanted.
    pub tarball: Option<PathBuf>,
    /// Where the release is to be had, for `/kernel-source-info`: never a place on this machine.
    pub source: String,
    /// 64 hex digits that change with the release and with each patch.
    pub source_id: String,
    /// In seconds since 1970: what was asked for, or when the release was made, which is never later than now.
    pub epoch: i64,
    /// What is to be told of it: what has proved a tarball, or why nothing has.
    pub notes: Vec<String>,
}

/// What names the sources that are wanted, and costs little to find: a look at the tag, or reading the tarball once.
///
/// # Errors
/// When the release is not there, or is another one by its name.
pub fn identify(request: &SourceRequest<'_>, watch: Watch<'_>) -> Result<String, BuildError> {
    Ok(Found::find(request, watch)?.source_id)
}

/// The release that a tarball is of, by its name; `None` for other names.
pub fn version_of(tarball: &Path) -> Option<KernelVersion> {
    let name = tarball.file_name().unwrap_or_default().to_string_lossy();
    release::from_file_name(&name)?.parse().ok()
}

/// Makes the sources ready, unless they are so already.
///
/// # Errors
/// When the release is not there or is another one, when a proof is wrong or required and missing, when a patch does not apply, and when the
/// system refuses something. What was ready before is still ready then, or says that it is not.
pub fn prepare(request: &SourceRequest<'_>, watch: Watch<'_>) -> Result<Prepared, BuildError> {
    let found = Found::find(request, watch)?;
    let proof = match request.origin {
        Origin::Tarball(tarball) => Some(Proof::gather(&tarball.file, &evidence(tarball, request.kit))?),
        Origin::Linux(_) => None,
    };
    let place = Place::open(request.work, &request.version.to_string())?;
    let stamp = match place.stamp().filter(|stamp| stamp.source_id == found.source_id) {
        Some(stamp) => confirm(&place, stamp, &found, request, proof, watch)?,
        None => unpack_anew(&place, &found, request, proof, watch)?,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
    let epoch = request.epoch.unwrap_or(stamp.released.clamp(0, now));
    let tarball = request.with_tarball.then(|| archive::archive(&place, &found.source_id, epoch, request.jobs, watch));
    Ok(Prepared {
        tarball: tarball.transpose()?,
        tree: place.tree().to_owned(),
        source: source(request),
        source_id: found.source_id,
        epoch,
        notes: stamp.notes,
    })
}

/// What may prove a tarball, and what the kit asks for.
fn evidence(tarball: &Tarball, kit: &Kit) -> Evidence {
    let usual = Evidence::of_kit(kit);
    Evidence {
        sums: tarball.sums.clone(),
        signature: tarball.signature.clone(),
        keys: tarball.keys.clone(),
        required: tarball.require_signature || usual.required,
        ..usual
    }
}

/// The release, found but not read.
struct Found {
    source_id: String,
    /// The SHA-256 of a tarball.
    sum: String,
    release: Option<Release>,
}

impl Found {
    fn find(request: &SourceRequest<'_>, watch: Watch<'_>) -> Result<Self, BuildError> {
        let (what, sum, release) = match request.origin {
            Origin::Tarball(tarball) => {
                let name = tarball.file.file_name().unwrap_or_default().to_string_lossy();
                unpack::check_version(&tarball.file, release::from_file_name(&name).as_deref(), request.version)?;
                let sum = sum_of(&tarball.file, watch)?;
                (format!("tarball {sum}"), sum, None)
            }
            Origin::Linux(store) => {
                let release = find_release(store, request.version)?;
                (format!("tree {}", release.tree), String::new(), Some(release))
            }
        };
        let mut text = format!("{FORMAT}\n{what}\n").into_bytes();
        for patch in request.patches {
            text.extend_from_slice(format!("patch {}\n", patch.bytes.len()).as_bytes());
            text.extend_from_slice(&patch.bytes);
        }
        Ok(Self { source_id: hex_sha256(&text), sum, release })
    }
}

fn find_release(store: &Store, version: &KernelVersion) -> Result<Release, BuildError> {
    let tag = version.tag().to_string();
    Release::find(store, &tag).map_err(|error| match error {
        GitError::NoSuchRef(_) => BuildError::Input(
            format!("the linux tree {} has no tag {tag}", store.git_dir().display()),
            Some("fetch it: git fetch --tags; or build from a tarball of the release".into()),
        ),
        error => git_failed(error),
    })
}

/// The tree is there. What proves it may have changed: then it is proved again.
fn confirm(
    place: &Place,
    mut stamp: Stamp,
    found: &Found,
    request: &SourceRequest<'_>,
    proof: Option<Proof>,
    watch: Watch<'_>,
) -> Result<Stamp, BuildError> {
    let (Some(proof), Origin::Tarball(tarball)) = (proof, request.origin) else { return Ok(stamp) };
    let id = proof.id();
    if id == stamp.proof {
        return Ok(stamp);
    }
    let mut check = proof.begin(&found.sum)?;
    if check.needs_archive() {
        let name = format!("checking the signature of {}", request.version.plain());
        watch.observer.event(&Event::Stage { name: name.into(), total: None });
        let (sum, read) = unpack::check_only(&tarball.file, check, watch)?;
        unchanged(&tarball.file, &found.sum, &sum)?;
        check = read;
    }
    (stamp.notes, stamp.proof) = (check.finish()?, id);
    place.write_stamp(&stamp)?;
    Ok(stamp)
}

fn unpack_anew(
    place: &Place,
    found: &Found,
    request: &SourceRequest<'_>,
    proof: Option<Proof>,
    watch: Watch<'_>,
) -> Result<Stamp, BuildError> {
    let patches = Patches::read(request.patches)?;
    let id = proof.as_ref().map(Proof::id).unwrap_or_default();
    let mut stamp = Stamp { source_id: found.source_id.clone(), released: 0, proof: id, notes: Vec::new() };
    let new = place.unfinished()?;
    let stage = |total| {
        let name = format!("unpacking the sources of {}", request.version);
        watch.observer.event(&Event::Stage { name: name.into(), total });
    };
    let files = match (request.origin, proof, &found.release) {
        (Origin::Tarball(tarball), Some(proof), _) => {
            let check = proof.begin(&found.sum)?;
            stage(None);
            let mut read = unpack::unpack(&tarball.file, request.version, new.path(), check, watch)?;
            unchanged(&tarball.file, &found.sum, &read.sum)?;
            (stamp.notes, stamp.released) = (read.check.finish()?, read.newest);
            patches.on_files(new.path(), &mut read.files, place.unfinished()?.path())?;
            read.files
        }
        (Origin::Linux(store), _, Some(release)) => {
            check_makefile(store, release, request.version)?;
            let files = checkout::list(store, patches.on_tree(store, release.tree)?)?;
            stage(Some(files.0.len()));
            checkout::write(store, &files, new.path(), watch)?;
            stamp.released = release.date.seconds;
            files
        }
        _ => Files::default(),
    };
    if watch.interrupt.is_raised() {
        return Err(BuildError::Interrupted);
    }
    place.replace(new.path(), &files, &stamp)?;
    Ok(stamp)
}

/// A tag may have been set at will. A tree that does not say which version it is, is taken at its tag's word.
fn check_makefile(store: &Store, release: &Release, version: &KernelVersion) -> Result<(), BuildError> {
    let entry = store.entry(release.tree, "Makefile".into()).map_err(git_failed)?;
    let Some(entry) = entry.filter(|entry| entry.is_blob()) else { return Ok(()) };
    let makefile = store.blob(entry.id).map_err(git_failed)?;
    match release::from_makefile(&makefile) {
        Some(found) if found.parse().ok() != Some(version.plain()) => {
            Err(unpack::other_version(&format!("the tag {}", release.tag), &found, version))
        }
        _ => Ok(()),
    }
}

/// Where the release is to be had, as kernel.org has it; a file of another name is not of kernel.org.
fn source(request: &SourceRequest<'_>) -> String {
    let version = request.version.plain();
    let Origin::Tarball(tarball) = request.origin else { return format!("{STABLE_TREE}#{}", version.tag()) };
    let name = tarball.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let usual = format!("linux-{version}.tar");
    let end = match name.strip_prefix(&usual) {
        // Nothing is kept there unpacked.
        Some("") => ".xz",
        Some(end @ (".xz" | ".gz")) => end,
        _ => return name,
    };
    if version.rc().is_some() {
        // Candidates are archives that the repository makes.
        return format!("https://git.kernel.org/torvalds/t/{usual}.gz");
    }
    let text = version.to_string();
    let major = text.split('.').next().unwrap_or_default();
    format!("{KERNEL_ORG}/v{major}.x/{usual}{end}")
}

fn unchanged(tarball: &Path, before: &str, after: &str) -> Result<(), BuildError> {
    if before == after {
        return Ok(());
    }
    Err(BuildError::Input(format!("{} changed while it was read", tarball.display()), Some("start again".into())))
}

/// The SHA-256 of a file in hex.
fn sum_of(path: &Path, watch: Watch<'_>) -> Result<String, BuildError> {
    let mut file = File::open(path).map_err(cannot("open", path))?;
    let sum = sha256(&mut file, &|| !watch.interrupt.is_raised()).map_err(cannot("read", path))?;
    sum.ok_or(BuildError::Interrupted)
}

fn hex_sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn git_failed(error: GitError) -> BuildError {
    let hint = match error {
        GitError::Missing(_) | GitError::Fetch(_) => {
            Some("the linux tree has to be whole, or its remote within reach".into())
        }
        _ => None,
    };
    BuildError::Input(with_causes(&error), hint)
}

impl From<proof::Error> for BuildError {
    fn from(error: proof::Error) -> Self {
        match error {
            proof::Error::Read { path, source } => Self::Io { what: "read", path, source },
            error => Self::Input(error.to_string(), error.hint().map(str::to_owned)),
        }
    }
}

impl From<tarball::Error> for BuildError {
    fn from(error: tarball::Error) -> Self {
        Self::Input(with_causes(&error), error.hint().map(str::to_owned))
    }
}
