//! `kpatch rt import`: a set of the -rt project becomes the variant of a series.

mod given;
mod merge;
mod proof;

use serde::Serialize;

use super::known;
use super::mend::{Mended, Mender};
use super::{VARIANT, source_error};
use crate::kit::{Kit, SeriesSetting, SeriesState};
use crate::ops::diff::DiffReport;
use crate::ops::follow::Followed;
use crate::ops::jobs::{self, unreadable};
use crate::ops::landing::Landing;
use crate::ops::report::{FileReport, GateReport, ReferenceReport, State};
use crate::ops::workspace::{self, Linux, kit_error};
use crate::ops::{OpError, Places, Watch};
use crate::source::rt::{self, RtRelease};
use crate::version::{KernelVersion, Tag};
use given::Given;
use merge::Merged;

/// What to import, and how.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct RtImportOptions {
    /// Where the kit and the linux tree are, and whether the network may be used.
    pub places: Places,
    /// A tarball or a directory, or a release of the project such as `6.6.14-rt21`; told apart in this order.
    pub what: String,
    /// The release of the project, where the name of the file does not tell it.
    pub version: Option<String>,
    /// The tag that the set applies to; that of its release if absent.
    pub base: Option<String>,
    /// Where the set comes from; the page of its release if absent.
    pub origin: Option<String>,
    /// Leave the patches of the old set out that are not of the project.
    pub drop_local: bool,
    /// Leave the common patches of the series out of the proof.
    pub skip_common: bool,
    /// Skip the `patch -F0` leg of the proof, for sets with binary diffs.
    pub skip_patch_utility: bool,
    /// Leave the image references as they are.
    pub keep_references: bool,
    /// Write nothing.
    pub dry_run: bool,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct RtImportReport {
    /// The series with the variant, `6.6.x-rt`.
    pub series: String,
    /// How it ended.
    pub state: State,
    /// What was read: the file, the directory, or the address of the release; for display.
    pub source: String,
    /// The release of the project, `6.6.14-rt21`.
    pub release: String,
    /// The tag that the set applies to.
    pub base: String,
    /// The version that the kit lists for it, `6.6.14-rt`.
    pub version: String,
    /// The release that the kit had before, if it is known.
    pub from_release: Option<String>,
    /// The version that the kit listed before, if it did.
    pub from_version: Option<String>,
    /// What the `Origin:` line of every patch says.
    pub origin: String,
    /// True if a quilt series said the order.
    pub quilt: bool,
    /// Patches of the project that the new set has.
    pub patches: usize,
    /// The old set and the new one side by side; the lines with the set's own origin are not compared.
    pub diff: DiffReport,
    /// The patches of the old set that are not of the project.
    pub local: Vec<LocalReport>,
    /// The patches that had to be mended for `git am`.
    pub mended: Vec<MendedReport>,
    /// The proof; absent if it could not be had.
    pub gate: Option<GateReport>,
    /// Why there is no proof.
    pub not_checked: Option<String>,
    /// What was found out of where the tarball comes from.
    pub authenticity: Vec<String>,
    /// What changes in the kit, paths relative to its top.
    pub files: Vec<FileReport>,
    /// The references to images that follow.
    pub references: Vec<ReferenceReport>,
    /// The commit of the kit that holds the change; absent where none was made.
    pub kit_commit: Option<String>,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// A patch of the old set that is not of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LocalReport {
    /// Its file in the old set.
    pub file: String,
    /// Its subject, for display.
    pub subject: String,
    /// Its file in the new set; absent if it leaves.
    pub kept: Option<String>,
}

/// A patch that had to be mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MendedReport {
    /// Its file in the new set.
    pub file: String,
    /// Its name in the set of the project, for display.
    pub name: String,
    /// What was done.
    pub what: Vec<String>,
}

/// Imports the set, all of it or nothing.
pub fn import(options: &RtImportOptions, watch: Watch<'_>) -> Result<RtImportReport, OpError> {
    let kit = workspace::kit(&options.places)?;
    // The network first: nobody else has to wait for it.
    let given = Given::gather(options, &kit, watch)?;
    let _lock = if options.dry_run { None } else { Some(workspace::lock_kit(&kit, "rt import", watch)?) };
    let mut warnings = Vec::new();
    if !options.allow_dirty {
        warnings.extend(workspace::refuse_dirty(&kit)?);
    }
    let release = given.release(options)?;
    let base = base_of(options, &release)?;
    let series = release.base().series();
    let plain = known::state(&kit, series, "")?;
    if plain.versions.is_empty() {
        return Err(OpError::new(format!("the kit has no kernel of {series}, which {release} is a variant of"))
            .hint(format!("begin with the plain one: kpatch new-series {}", release.base())));
    }
    let state = known::state(&kit, series, VARIANT)?;
    let work = Work { options, kit: &kit, plain: &plain, state: &state, release: &release, base: &base, watch };
    work.run(&given, warnings)
}

/// The tag that the set stands on.
fn base_of(options: &RtImportOptions, release: &RtRelease) -> Result<Tag, OpError> {
    let Some(said) = &options.base else { return Ok(release.base().tag()) };
    let tag = jobs::tag(said)?;
    match tag.version() {
        Some(version) if version.series() == release.base().series() => Ok(tag),
        _ => Err(OpError::new(format!("{release} cannot stand on '{tag}'"))
            .hint(format!("--base names a release of {}", release.base().series()))),
    }
}

/// One import on its way.
struct Work<'a> {
    options: &'a RtImportOptions,
    kit: &'a Kit,
    plain: &'a SeriesState,
    state: &'a SeriesState,
    release: &'a RtRelease,
    base: &'a Tag,
    watch: Watch<'a>,
}

impl Work<'_> {
    fn run(&self, given: &Given, mut warnings: Vec<String>) -> Result<RtImportReport, OpError> {
        let Self { options, kit, state, release, base, .. } = *self;
        let known_origin = known::origin(kit, state);
        let origin = given.origin(options, known_origin, release)?;
        let mended = self.mend(given, &Mender::new(&origin, known_origin))?;
        let old = known::set(kit, state)?;
        let from_release = known::release(kit, state, &old)?.map(|known| known.release);
        if let Some(from) = from_release.as_ref().filter(|from| *from > release) {
            warnings.push(format!("{release} is older than {from}, which the kit has"));
        }
        warnings.extend(Self::unlisted(given));
        let merged = Merged::new(&old, &given.content.patches, mended, known_origin, options.drop_local);
        let linux = self.linux()?;
        let proof = proof::prove(self, linux.as_ref().ok(), &merged)?;
        let version = state.version_at(base).ok_or_else(|| OpError::new(format!("'{base}' is no release")))?;
        let mut landing = Landing::of_set(kit, state, &old, &merged.files)?;
        let references = self.version(&version, &mut landing, &mut warnings)?;
        self.record(&origin, &mut landing)?;
        warnings.extend(self.lacks_configuration()?);
        let report = RtImportReport {
            series: state.name(),
            state: State::WouldLand,
            source: given.name.clone(),
            release: release.to_string(),
            base: base.to_string(),
            version: version.to_string(),
            from_release: from_release.map(|release| release.to_string()),
            from_version: self.listed()?.map(ToString::to_string),
            origin,
            quilt: given.content.is_quilt,
            patches: merged.patches,
            diff: merged.diff(&old, &state.name(), &release.to_string()),
            local: merged.local,
            mended: merged.mended,
            gate: proof.gate,
            not_checked: proof.not_checked.or_else(|| linux.as_ref().err().cloned()),
            authenticity: given.notes.clone(),
            files: landing.files(),
            references,
            kit_commit: None,
            warnings,
        };
        self.land(landing, linux.as_ref().ok(), report)
    }

    /// The files of the project as `git am` takes them. Every one that cannot be mended is named.
    fn mend(&self, given: &Given, mender: &Mender<'_>) -> Result<Vec<Mended>, OpError> {
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        for (name, bytes) in &given.content.patches {
            if self.watch.interrupt.is_raised() {
                return Err(OpError::interrupted());
            }
            match mender.mend(name, bytes) {
                Ok(one) => files.push(one),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(files) } else { Err(unreadable(given.name.as_ref(), &errors)) }
    }

    /// The linux tree, or why there is none.
    fn linux(&self) -> Result<Result<Linux, String>, OpError> {
        match workspace::linux(&self.options.places, Some(self.kit), &[self.base.to_string()], self.watch) {
            Ok(linux) => Ok(Ok(linux)),
            Err(error) if error.is_interrupted() => Err(error),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// The version that the kit lists for the variant.
    fn listed(&self) -> Result<Option<&KernelVersion>, OpError> {
        match (&self.state.version_file, self.state.versions.as_slice()) {
            (None, _) | (_, []) => Ok(None),
            (Some(_), [one]) => Ok(Some(one)),
            (Some(_), many) => {
                let listed: Vec<String> = many.iter().map(ToString::to_string).collect();
                Err(OpError::new(format!("{} has more than one version: {}", self.state.name(), listed.join(", ")))
                    .hint("a variant with one set of patches has one; take the others away"))
            }
        }
    }

    /// Adds the version, and the references to images that follow it.
    fn version(
        &self,
        version: &KernelVersion,
        landing: &mut Landing,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<ReferenceReport>, OpError> {
        match self.listed()? {
            Some(listed) if listed == version => Ok(Vec::new()),
            Some(listed) => {
                landing.add(self.kit.version_edit(self.state, listed, version).map_err(kit_error)?.into())?;
                if self.options.keep_references {
                    return Ok(Vec::new());
                }
                let followed =
                    Followed { kit: self.kit, state: self.state, from: listed, to: version, watch: self.watch };
                let (references, more) = followed.references(landing)?;
                warnings.extend(more);
                Ok(references)
            }
            None => {
                landing.add(self.kit.add_version(version, self.plain).map_err(kit_error)?)?;
                Ok(Vec::new())
            }
        }
    }

    /// Adds what `kpatch.toml` has to say of the set.
    fn record(&self, origin: &str, landing: &mut Landing) -> Result<(), OpError> {
        let release = self.release.to_string();
        let mut settings = vec![(SeriesSetting::Rt, release.as_str())];
        settings.extend(self.options.origin.is_some().then_some((SeriesSetting::Origin, origin)));
        let change = self.kit.series_settings(&self.state.name(), &settings).map_err(kit_error)?;
        change.map_or(Ok(()), |change| landing.add(change))
    }

    /// Patches that lie beside a series which does not name them.
    fn unlisted(given: &Given) -> Option<String> {
        let unnamed = &given.content.unnamed;
        let first = unnamed.first()?;
        let more = if unnamed.len() > 1 { format!(" and {} more", unnamed.len() - 1) } else { String::new() };
        Some(format!("the series does not name '{}'{more}: left out", crate::text::visible(first.as_bytes())))
    }

    /// A kernel with these patches and without their option is the plain one.
    fn lacks_configuration(&self) -> Result<Option<String>, OpError> {
        let configs = self.kit.configs().map_err(kit_error)?;
        let has = configs.iter().any(|config| config.series == self.state.series && config.variant == VARIANT);
        Ok((!has).then(|| {
            let name = self.state.name();
            format!(
                "{name} has no fragment of a configuration with CONFIG_PREEMPT_RT=y, such as config-{}-x86_64{VARIANT}",
                self.state.series
            )
        }))
    }

    fn land(
        &self,
        landing: Landing,
        linux: Option<&Linux>,
        mut report: RtImportReport,
    ) -> Result<RtImportReport, OpError> {
        if self.options.dry_run {
            return Ok(report);
        }
        if self.watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        if !report.files.is_empty() {
            let message = format!("kpatch rt import: {} into {}", self.release, self.state.name());
            landing.commit_files(linux, "rt import", &message)?;
            if linux.is_none() {
                report.warnings.push("without a linux tree kpatch undo cannot take this back; git can".to_owned());
            }
        }
        report.state = State::Landed;
        Ok(report)
    }
}
