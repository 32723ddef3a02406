//! `kpatch retire`: a series that is no longer built by default, or no longer there at all.

use std::path::Path;

use serde::Serialize;

use super::file_changes::FileChanges;
use super::jobs::find_series;
use super::landing::Landing;
use super::references::{Scope, fill_hashes, kernels, plan, texts};
use super::report::{FileReport, State};
use super::workspace::{self, kit_error};
use super::{OpError, Places, Watch};
use crate::image::{KernelTag, references as images_in};
use crate::kit::cases::{files_below, words};
use crate::kit::{Kit, KitError, SeriesState};
use crate::text::{line_of, visible};
use crate::version::KernelVersion;

/// What to retire, and how far.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct RetireOptions {
    /// Where the kit is, and the linux tree, if there is one.
    pub places: Places,
    /// The series.
    pub series: String,
    /// Take everything of it away.
    pub remove: bool,
    /// Let no reference follow.
    pub keep_references: bool,
    /// Write nothing at all.
    pub dry_run: bool,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct RetireReport {
    /// The series.
    pub series: String,
    /// Its versions.
    pub versions: Vec<String>,
    /// Whether it is gone, and not only deprecated.
    pub removed: bool,
    /// How it ended.
    pub state: State,
    /// What changes in the kit, paths relative to its top; nothing if it was retired already.
    pub files: Vec<FileReport>,
    /// References to its images that are left.
    pub left: Vec<LeftReference>,
    /// Whether the change can be taken back by `kpatch undo`.
    pub undo: bool,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// A reference to an image of the series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftReference {
    /// The file, relative to the top of the kit.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The reference.
    pub reference: String,
}

/// Retires a series, all of it or nothing.
pub fn retire(options: &RetireOptions, watch: Watch<'_>) -> Result<RetireReport, OpError> {
    let kit = workspace::kit(&options.places)?;
    let _lock = if options.dry_run { None } else { Some(workspace::lock_kit(&kit, "retire", watch)?) };
    let state = known(&kit, &options.series)?;
    let mut warnings = Vec::new();
    if !options.allow_dirty {
        warnings.extend(workspace::refuse_dirty(&kit)?);
    }
    refuse_last(&kit, &state)?;
    let mut changes = FileChanges::of(&kit);
    if options.remove {
        remove(&kit, &state, &mut changes)?;
    } else if let Some(change) = kit.deprecate(&state).map_err(kit_error)? {
        let gone = change.new.as_ref().is_some_and(|new| !mentions(new, &state));
        if change.path.ends_with("Makefile") && gone {
            warnings.push(format!(
                "the Makefile knows no deprecated kernels; what {} has stays: --remove takes it",
                state.name()
            ));
        }
        changes.add(change, false)?;
    }
    for group in kit.case_groups().map_err(kit_error)?.iter().filter(|group| group.series == state.name()) {
        remove_below(&group.path, &mut changes)?;
    }
    let mut report = RetireReport {
        series: state.name(),
        versions: state.versions.iter().map(ToString::to_string).collect(),
        removed: options.remove,
        state: State::WouldLand,
        files: Vec::new(),
        left: Vec::new(),
        undo: false,
        warnings,
    };
    follow(&kit, &state, options, &mut changes, &mut report)?;
    report.files = changes.reports();
    if report.files.is_empty() {
        report.state = if options.dry_run { State::WouldLand } else { State::Landed };
        return Ok(report);
    }
    land(&kit, changes, options, report, watch)
}

/// The series of that name; also one of which the kit has nothing but configurations.
fn known(kit: &Kit, name: &str) -> Result<SeriesState, OpError> {
    let unknown = match find_series(kit, name) {
        Ok(state) => return Ok(state),
        Err(unknown) => unknown,
    };
    let configs = kit.configs().map_err(kit_error)?;
    let is_named = |series: &str| series == name || series.replacen(".x", "", 1) == name;
    let config = configs.into_iter().find(|config| is_named(&format!("{}{}", config.series, config.variant)));
    let Some(config) = config else { return Err(unknown) };
    Ok(SeriesState {
        patches_dir: kit.patches_dir_of(&config.series, &config.variant).map_err(kit_error)?,
        series: config.series,
        variant: config.variant,
        versions: Vec::new(),
        deprecated: true,
        version_file: None,
    })
}

/// A kit without a kernel to build is none.
fn refuse_last(kit: &Kit, state: &SeriesState) -> Result<(), OpError> {
    let is_built = |state: &SeriesState| !state.deprecated && state.variant.is_empty() && !state.versions.is_empty();
    let all = kit.series().map_err(kit_error)?;
    if is_built(state) && !all.iter().any(|other| is_built(other) && other.series != state.series) {
        return Err(OpError::new(format!("{} is the last series that is built", state.name()))
            .hint("make another one first: kpatch new-series VERSION"));
    }
    Ok(())
}

/// Everything that is of the series alone.
fn remove(kit: &Kit, state: &SeriesState, changes: &mut FileChanges) -> Result<(), OpError> {
    let all = kit.series().map_err(kit_error)?;
    let variant = all.iter().find(|other| other.series == state.series && !other.variant.is_empty());
    if let Some(variant) = variant.filter(|_| state.variant.is_empty()) {
        return Err(OpError::new(format!("{} is built from {}", variant.name(), state.name()))
            .hint(format!("take it away first: kpatch retire {} --remove", variant.name())));
    }
    if let Some(change) = kit.remove_version(state).map_err(kit_error)? {
        changes.add(change, false)?;
    }
    for config in kit.configs().map_err(kit_error)? {
        if config.series == state.series && config.variant == state.variant {
            let bytes = workspace::read(&config.path)?;
            changes.remove(config.path, bytes)?;
        }
    }
    remove_below(&state.patches_dir, changes)?;
    remove_below(&kit.kernel_dir().join(state.name()), changes)
}

/// All files below a directory, which need not exist.
fn remove_below(dir: &Path, changes: &mut FileChanges) -> Result<(), OpError> {
    if !dir.exists() {
        return Ok(());
    }
    let files = files_below(dir).map_err(|error: KitError| kit_error(error))?;
    files.into_iter().try_for_each(|file| changes.remove(dir.join(file.name), file.bytes))
}

/// Whether a text names a version of the series.
fn mentions(text: &[u8], state: &SeriesState) -> bool {
    let text = String::from_utf8_lossy(text);
    let is_ours = |word: &str| word.parse::<KernelVersion>().is_ok_and(|version| state.is_of(&version));
    words(&text).into_iter().any(|place| is_ours(&text[place]))
}

/// Bare references move on; those that are left are told.
fn follow(
    kit: &Kit,
    state: &SeriesState,
    options: &RetireOptions,
    changes: &mut FileChanges,
    report: &mut RetireReport,
) -> Result<(), OpError> {
    let mut left = references(kit, state, changes)?;
    if !options.keep_references && !left.is_empty() {
        let mut kernels = kernels(kit)?;
        kernels.retain_mut(|kernel| {
            kernel.supported &= kernel.name != state.name();
            !(options.remove && kernel.name == state.name())
        });
        report.warnings.extend(fill_hashes(kit, &mut kernels, changes.all())?);
        let plan = plan(kit, &kernels, Scope::All, changes.all())?;
        for edit in plan.edits {
            let path = kit.shown(&edit.path);
            // The others are for update-yaml.
            if left.iter().any(|reference| reference.path == path) {
                changes.add(edit.into(), false)?;
            }
        }
        left = references(kit, state, changes)?;
    }
    report.left = left;
    Ok(())
}

/// The references to images of the series that there will be with `changes`.
fn references(kit: &Kit, state: &SeriesState, changes: &FileChanges) -> Result<Vec<LeftReference>, OpError> {
    let images = kit.images().map_err(kit_error)?;
    let is_of = |tag: KernelTag| state.is_of(&tag.version);
    let mut found = Vec::new();
    for file in texts(kit)? {
        let Some(text) = changes.text_of(&file.path, file.text) else { continue };
        for (place, image) in images_in(text.as_bytes()) {
            let tag = image.tag.filter(|_| images.kind(&image).is_some()).and_then(|tag| tag.parse().ok());
            if tag.is_some_and(is_of) {
                let (path, line) = (kit.shown(&file.path), line_of(text.as_bytes(), place.start));
                found.push(LeftReference { path, line, reference: visible(text[place].as_bytes()) });
            }
        }
    }
    Ok(found)
}

fn land(
    kit: &Kit,
    changes: FileChanges,
    options: &RetireOptions,
    mut report: RetireReport,
    watch: Watch<'_>,
) -> Result<RetireReport, OpError> {
    let linux = workspace::undo_tree(&options.places, kit, watch);
    report.undo = linux.is_some();
    if options.dry_run {
        return Ok(report);
    }
    if watch.interrupt.is_raised() {
        return Err(OpError::interrupted());
    }
    let message = format!("kpatch retire: {}", report.series);
    Landing::of_files(kit, Some(report.series.clone()), changes).commit_files(linux.as_ref(), "retire", &message)?;
    report.state = State::Landed;
    Ok(report)
}
