//! What the user gave: a file, a directory, or a release to fetch; and what it says of itself.

use std::path::Path;

use super::super::known::{agreed, own_number};
use super::{RtImportOptions, rt, source_error};
use crate::kit::Kit;
use crate::lint::origins;
use crate::ops::evidence::{ProofOptions, evidence};
use crate::ops::source::{forget, from_mirror, mirror_of};
use crate::ops::{OpError, Watch};
use crate::patch::read;
use crate::source::proof::{Evidence, prove};
use crate::source::rt::{Content, RtRelease};
use crate::text::visible;

/// A set at hand.
pub(super) struct Given {
    /// What it is called, for display.
    pub(super) name: String,
    pub(super) content: Content,
    /// What was found out of where it comes from.
    pub(super) notes: Vec<String>,
    /// The release that its name tells.
    named: Option<RtRelease>,
}

impl Given {
    /// Reads the file or directory, or fetches the release.
    pub(super) fn gather(options: &RtImportOptions, kit: &Kit, watch: Watch<'_>) -> Result<Self, OpError> {
        let path = Path::new(&options.what);
        if path.exists() {
            let evidence = evidence(&ProofOptions::default(), Some(kit));
            let notes = if path.is_file() { authenticity(path, &evidence)? } else { Vec::new() };
            // `.` has no name of its own.
            let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            let named = whole.file_name().and_then(|name| RtRelease::find(&name.to_string_lossy()));
            let content = rt::read(path).map_err(source_error)?;
            return Ok(Self { name: visible(options.what.as_bytes()), content, notes, named });
        }
        let release: RtRelease = options.what.parse().map_err(|_| {
            let shown = visible(options.what.as_bytes());
            OpError::new(format!("'{shown}' is neither a file, nor a directory, nor a release of -rt"))
                .hint("releases are called 6.6.14-rt21")
        })?;
        Self::fetch(release, options, kit, watch)
    }

    fn fetch(release: RtRelease, options: &RtImportOptions, kit: &Kit, watch: Watch<'_>) -> Result<Self, OpError> {
        let evidence = evidence(&ProofOptions::default(), Some(kit));
        let offline = options.places.offline;
        let found =
            from_mirror(&mirror_of(Some(kit)), &evidence, offline, watch, |mirror| rt::fetch(mirror, &release))?;
        let found = found.map_err(source_error)?;
        let notes = authenticity(&found.file, &found.evidence).inspect_err(|_| forget(&found.url))?;
        let content = rt::read(&found.file).map_err(source_error)?;
        Ok(Self { name: visible(found.url.as_bytes()), content, notes, named: Some(release) })
    }

    /// The release: as the user says, else as the name does, else as the patches do.
    pub(super) fn release(&self, options: &RtImportOptions) -> Result<RtRelease, OpError> {
        if let Some(said) = &options.version {
            return said.parse().map_err(|error| {
                OpError::because(format!("'{}' is no release of -rt", visible(said.as_bytes())), error)
                    .hint("for example --version 6.6.14-rt21")
            });
        }
        let told = self.named.clone().or_else(|| agreed(self.origins().into_iter())).or_else(|| self.numbered(options));
        told.ok_or_else(|| {
            OpError::new(format!("cannot tell which release of -rt '{}' is", self.name))
                .hint("say it: --version 6.6.14-rt21")
        })
    }

    /// The number that the set gives itself, on the base that the user names.
    fn numbered(&self, options: &RtImportOptions) -> Option<RtRelease> {
        let base = options.base.as_deref()?;
        let base = base.strip_prefix('v').unwrap_or(base);
        let patches = self.content.patches.iter().filter_map(|(name, bytes)| read(name, bytes).ok()).flatten();
        let number = own_number(&patches.collect::<Vec<_>>())?;
        format!("{base}-{number}").parse().ok()
    }

    fn origins(&self) -> Vec<String> {
        self.content.patches.iter().filter_map(|(name, bytes)| origins(name, bytes).ok()).flatten().collect()
    }

    /// What the one origin of the set is: as the user says, else as the kit does, else as its patches agree, else the page of
    /// the release.
    pub(super) fn origin(
        &self,
        options: &RtImportOptions,
        known: Option<&str>,
        release: &RtRelease,
    ) -> Result<String, OpError> {
        if let Some(said) = options.origin.as_deref().or(known) {
            let said = said.trim();
            if said.is_empty() || said.chars().any(char::is_control) {
                return Err(
                    OpError::new("the origin is not one line of text").hint("say --origin with a link to the source")
                );
            }
            return Ok(said.to_owned());
        }
        let mut pages: Vec<String> = self.origins().into_iter().filter(|said| rt::is_page(said)).collect();
        pages.sort();
        pages.dedup();
        Ok(match pages.as_slice() {
            [one] => one.clone(),
            _ => rt::page(release),
        })
    }
}

/// What there is to prove that a tarball is one of the project.
fn authenticity(file: &Path, evidence: &Evidence) -> Result<Vec<String>, OpError> {
    prove(file, evidence).map_err(|error| {
        let hint = error.hint().map(str::to_owned);
        OpError::new(error.to_string()).hint_if(hint)
    })
}
