//! `kpatch source`: brings releases into the linux tree.

mod increments;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::evidence::{ProofOptions, evidence};
use super::{OpError, Places, Watch, compute, jobs, workspace};
use crate::git::Git;
use crate::kit::Kit;
use crate::source::proof::Evidence;
use crate::source::{cache_dir, downloads, import_proved, kernel_org, mirror};
use crate::text::visible;
use crate::version::KernelVersion;
use increments::Wanted;

/// What to bring from files.
#[derive(Debug, Clone)]
pub struct ImportTarball {
    /// Where the linux tree is; it is created if it does not exist.
    pub places: Places,
    /// Release tarballs such as `linux-6.6.13.tar.xz`.
    pub tarballs: Vec<PathBuf>,
    /// What proves them.
    pub proof: ProofOptions,
}

/// What to bring from a mirror of kernel.org.
#[derive(Debug, Clone)]
pub struct FetchTarballs {
    /// Where the linux tree is; it is created if it does not exist.
    pub places: Places,
    /// Tags or versions.
    pub tags: Vec<String>,
    /// The mirror; what the environment, the kit or kernel.org says if absent.
    pub mirror: Option<String>,
    /// What proves them.
    pub proof: ProofOptions,
}

/// A release that is now in the linux tree.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    /// Its tag.
    pub tag: String,
    /// Its commit, 40 hex digits.
    pub commit: String,
    /// False if it was there already.
    pub new: bool,
    /// What has proved it, or why nothing has.
    pub notes: Vec<String>,
}

/// Imports release tarballs as tags. A tarball that is refused leaves nothing.
pub fn import_tarballs(options: &ImportTarball, watch: Watch<'_>) -> Result<Vec<SourceReport>, OpError> {
    let git = workspace::linux_repository(&options.places)?;
    let kit = workspace::kit(&options.places).ok();
    let evidence = evidence(&options.proof, kit.as_ref());
    options.tarballs.iter().map(|tarball| import(&git, tarball, &evidence, watch)).collect()
}

fn import(git: &Git, tarball: &Path, evidence: &Evidence, watch: Watch<'_>) -> Result<SourceReport, OpError> {
    let imported = import_proved(git, tarball, None, evidence, watch.observer).map_err(|error| {
        let hint = error.hint().map(str::to_owned);
        OpError::because(format!("cannot import '{}'", tarball.display()), error).hint_if(hint)
    })?;
    Ok(SourceReport { tag: imported.tag, commit: imported.commit, new: imported.new, notes: imported.notes })
}

/// Downloads release tarballs, proves them, and imports them as tags. What comes from the web has to be proved, unless `unverified`.
pub fn fetch_tarballs(
    options: &FetchTarballs,
    unverified: bool,
    watch: Watch<'_>,
) -> Result<Vec<SourceReport>, OpError> {
    let kit = workspace::kit(&options.places).ok();
    // A tree is not made for nothing.
    let mut git = workspace::known_repository(&options.places)?;
    let place = options.mirror.clone().unwrap_or_else(|| mirror_of(kit.as_ref()));
    let mut evidence = evidence(&options.proof, kit.as_ref());
    evidence.required |= !unverified;
    let mut reports = Vec::new();
    for text in &options.tags {
        let tag = jobs::tag(text)?;
        let name = tag.to_string();
        let known = |git: &Git| git.resolve(&format!("refs/tags/{name}^{{commit}}")).ok().flatten();
        if let Some(commit) = git.as_ref().and_then(known) {
            reports.push(SourceReport { tag: name, commit, new: false, notes: Vec::new() });
            continue;
        }
        let Some(version) = tag.version() else {
            return Err(OpError::new(format!("'{}' is not the tag of a kernel release", visible(name.as_bytes()))));
        };
        let offline = options.places.offline;
        if let Some(git) = &git
            && let Some(report) = increments::make(
                git,
                &Wanted { place: &place, version: &version, evidence: &evidence, offline },
                watch,
            )?
        {
            reports.push(report);
            continue;
        }
        let release = download(&place, &version, &evidence, offline, watch)?;
        let git = match &git {
            Some(git) => git,
            None => git.insert(workspace::linux_repository(&options.places)?),
        };
        let imported = import(git, &release.file, &release.evidence, watch);
        if imported.as_ref().is_err_and(|error| !error.is_interrupted()) {
            forget(&release.url);
        }
        reports.push(imported?);
    }
    Ok(reports)
}

/// Takes a file that was refused out of the cache again.
pub(super) fn forget(url: &str) {
    if let Some(cache) = cache_dir() {
        downloads::Downloads::new(&cache).forget(url);
    }
}

/// The mirror of kernel.org that a kit uses.
pub(super) fn mirror_of(kit: Option<&Kit>) -> String {
    let setting = kit.and_then(|kit| kit.config().sources.mirror.as_ref()).map(|mirror| mirror.get_ref().as_str());
    let top = kit.map_or(Path::new("."), Kit::top);
    mirror::place(setting, top)
}

/// Gets a file from a mirror into the cache, where it is proved later.
pub(super) fn from_mirror<T, E: From<kernel_org::Error>>(
    place: &str,
    evidence: &Evidence,
    offline: bool,
    watch: Watch<'_>,
    get: impl FnOnce(&kernel_org::Mirror<'_>) -> Result<T, E>,
) -> Result<Result<T, E>, OpError> {
    let cache = cache_dir().ok_or_else(|| {
        OpError::new("no place for the cache of what is fetched").hint("set KPATCH_CACHE to a directory")
    })?;
    let access = downloads::Access { offline, observer: watch.observer, interrupt: watch.interrupt };
    let downloads = downloads::Downloads::new(&cache);
    Ok(get(&kernel_org::Mirror { place, downloads: &downloads, evidence, access }))
}

/// Gets a release's tarball from a mirror into the cache.
pub(super) fn download(
    place: &str,
    version: &KernelVersion,
    evidence: &Evidence,
    offline: bool,
    watch: Watch<'_>,
) -> Result<kernel_org::Release, OpError> {
    let found = from_mirror(place, evidence, offline, watch, |mirror| mirror.tarball(version))?;
    found.map_err(|error| {
        if error.is_interrupted() {
            return OpError::interrupted();
        }
        let hint = error.hint().map(str::to_owned);
        OpError::of(error, hint)
    })
}

/// Fetches the tags from the linux tree's URL into the cache, without blobs.
pub fn fetch(places: &Places, tags: &[String], watch: Watch<'_>) -> Result<Vec<SourceReport>, OpError> {
    let kit = workspace::kit(places).ok();
    let tags = tags.iter().map(|text| jobs::tag(text).map(|tag| tag.to_string())).collect::<Result<Vec<_>, _>>()?;
    let before = workspace::known_tags(places, kit.as_ref(), &tags);
    let linux = workspace::linux(places, kit.as_ref(), &tags, watch)?;
    let report = |tag: &String| {
        let release = compute::release(&linux.store, tag)?;
        let notes = workspace::signed_by(&Git::new(linux.store.git_dir()), kit.as_ref(), tag)?;
        Ok(SourceReport {
            tag: tag.clone(),
            commit: release.commit.to_string(),
            new: !before.contains(tag),
            notes: vec![notes.said],
        })
    };
    tags.iter().map(report).collect()
}
