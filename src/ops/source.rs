//! `kpatch source`: brings releases into the linux tree.

use std::path::PathBuf;

use serde::Serialize;

use super::{OpError, Places, Watch, compute, jobs, workspace};
use crate::source::tarball::import;

/// What to bring.
#[derive(Debug, Clone)]
pub struct ImportTarball {
    /// Where the linux tree is; it is created if it does not exist.
    pub places: Places,
    /// Release tarballs such as `linux-6.6.13.tar.xz`.
    pub tarballs: Vec<PathBuf>,
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
}

/// Imports release tarballs as tags.
pub fn import_tarballs(options: &ImportTarball, watch: Watch<'_>) -> Result<Vec<SourceReport>, OpError> {
    let git = workspace::linux_repository(&options.places)?;
    let mut reports = Vec::new();
    for tarball in &options.tarballs {
        let imported = import(&git, tarball, None, watch.observer).map_err(|error| {
            let hint = error.hint();
            OpError::because(format!("cannot import '{}'", tarball.display()), error).hint_if(hint)
        })?;
        reports.push(SourceReport { tag: imported.tag, commit: imported.commit, new: imported.new });
    }
    Ok(reports)
}

/// Fetches the tags from the linux tree's URL into the cache, without blobs.
pub fn fetch(places: &Places, tags: &[String], watch: Watch<'_>) -> Result<Vec<SourceReport>, OpError> {
    let kit = workspace::kit(places).ok();
    let tags = tags.iter().map(|text| jobs::tag(text).map(|tag| tag.to_string())).collect::<Result<Vec<_>, _>>()?;
    let before = workspace::known_tags(places, kit.as_ref(), &tags);
    let linux = workspace::linux(places, kit.as_ref(), &tags, watch)?;
    let report = |tag: &String| {
        let release = compute::release(&linux.store, tag)?;
        Ok(SourceReport { tag: tag.clone(), commit: release.commit.to_string(), new: !before.contains(tag) })
    };
    tags.iter().map(report).collect()
}
