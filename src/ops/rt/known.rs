//! What a kit has of a variant: its patches, whose they are, and which release of -rt they are from.

use bstr::ByteSlice as _;

use crate::diff::{Content, LineKind};
use crate::kit::{Kit, SeriesState};
use crate::lint::origins;
use crate::ops::OpError;
use crate::ops::jobs::Place;
use crate::ops::workspace::kit_error;
use crate::patch::Patch;
use crate::patch_set::PatchSet;
use crate::source::rt::{RtRelease, is_page};
use crate::text::visible;
use crate::version::Series;

/// The file in which the project's own sets say their number.
const LOCALVERSION: &[u8] = b"localversion-rt";

/// The release that a set is from, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownRelease {
    pub(super) release: RtRelease,
    /// `kpatch.toml` or `origin`.
    pub(super) said_by: &'static str,
}

/// The state of a variant in a kit, also of one that is not there yet.
pub(super) fn state(kit: &Kit, series: Series, variant: &str) -> Result<SeriesState, OpError> {
    let all = kit.series().map_err(kit_error)?;
    if let Some(state) = all.into_iter().find(|state| state.series == series && state.variant == variant) {
        return Ok(state);
    }
    Ok(SeriesState {
        series,
        variant: variant.to_owned(),
        versions: Vec::new(),
        deprecated: false,
        patches_dir: kit.patches_dir_of(&series, variant).map_err(kit_error)?,
        version_file: None,
    })
}

/// The patches of a variant.
pub(super) fn set(kit: &Kit, state: &SeriesState) -> Result<PatchSet, OpError> {
    Place::Kit(kit, state.clone()).read()
}

/// What the kit's settings call the source of all patches of a variant.
pub(super) fn origin<'k>(kit: &'k Kit, state: &SeriesState) -> Option<&'k str> {
    kit.config().series.get(&state.name())?.origin.as_deref()
}

/// The release that a variant's patches are from: as `kpatch.toml` says, else as their origins do, if they agree.
pub(super) fn release(kit: &Kit, state: &SeriesState, set: &PatchSet) -> Result<Option<KnownRelease>, OpError> {
    if let Some(said) = kit.config().series.get(&state.name()).and_then(|settings| settings.rt.as_ref()) {
        let release = said.get_ref().parse().map_err(|_| {
            let shown = visible(said.get_ref().as_bytes());
            let reason = format!("'{shown}' is no release of -rt such as 6.6.14-rt21");
            kit_error(kit.config().error(kit.top(), said.span().start, reason))
        })?;
        return Ok(Some(KnownRelease { release, said_by: "kpatch.toml" }));
    }
    let all = set.files().filter_map(|(name, parts)| {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes.iter().copied()).collect();
        origins(name, &bytes).ok()
    });
    Ok(agreed(all.flatten()).map(|release| KnownRelease { release, said_by: "origin" }))
}

/// The one release that origins of the project name; none if they name several.
pub(super) fn agreed(origins: impl Iterator<Item = String>) -> Option<RtRelease> {
    let mut named: Vec<RtRelease> =
        origins.filter(|said| is_page(said)).filter_map(|said| RtRelease::find(&said)).collect();
    named.sort();
    named.dedup();
    if named.len() == 1 { named.pop() } else { None }
}

/// The number that a set gives itself, `rt21`, in the file that one of its patches makes.
pub(super) fn own_number(patches: &[Patch]) -> Option<String> {
    let diff = patches
        .iter()
        .flat_map(|patch| &patch.diff)
        .rfind(|diff| diff.new_path.as_ref().is_some_and(|path| path.as_bytes() == LOCALVERSION))?;
    let Content::Text(hunks) = &diff.content else { return None };
    let line = hunks.iter().flat_map(|hunk| &hunk.lines).find(|line| line.kind == LineKind::Insert)?;
    let word = line.text.trim().strip_prefix(b"-")?;
    let digits = word.strip_prefix(b"rt")?;
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| visible(word))
}

/// True if a patch says that it is of the project, or of the source that the kit names for the set.
pub(super) fn is_of_project(patch: &Patch, origin: Option<&str>) -> bool {
    let said = origins(&patch.file, &patch.bytes).unwrap_or_default();
    said.iter().any(|said| is_page(said) || Some(said.as_str()) == origin) || (origin.is_some() && said.is_empty())
}
