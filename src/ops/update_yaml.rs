//! `kpatch update-yaml`: references to the kit's images follow its kernels.

use serde::Serialize;

use super::diff::unified;
use super::file_changes::FileChanges;
use super::jobs::find_series;
use super::references::{Scope, fill_hashes, kernels, plan, uncommitted};
use super::report::{ReferenceReport, ReferenceState};
use super::workspace::lock_kit;
use super::{OpError, Places, Watch, landing, workspace};
use crate::kit::{FileEdit, Kit};

/// How many files with changes an error names.
const SHOWN: usize = 20;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct UpdateYamlOptions {
    /// Where the kit is.
    pub places: Places,
    /// Only references that come to name a kernel of these series, such as `6.6.x` or `6.6`; all if empty.
    pub series: Vec<String>,
    /// Write the files.
    pub write: bool,
    /// Put the changes as diffs into the report.
    pub diff: bool,
}

/// What became of the references, or would.
#[derive(Debug, Clone, Serialize)]
pub struct UpdateYamlReport {
    /// Whether the files were written; false also where none has to change.
    pub written: bool,
    /// One for each reference, in the order of the files and of their lines.
    pub references: Vec<ReferenceReport>,
    /// The files that change.
    pub files: Vec<UpdatedFile>,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// A file whose references change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdatedFile {
    /// The path, relative to the top of the kit, for display.
    pub path: String,
    /// The change as a unified diff, for display; absent where it was not asked for.
    pub diff: Option<String>,
}

/// Gives the references to the kit's images the tags of the kernels that the kit has; all files or none are written.
///
/// Hashes are those of committed files: where references have some and `kernel/` has changes that are not committed, it is
/// an error. Where the kit is no git repository, only references without hashes change.
pub fn update_yaml(options: &UpdateYamlOptions, watch: Watch<'_>) -> Result<UpdateYamlReport, OpError> {
    let kit = workspace::kit(&options.places)?;
    let _lock = options.write.then(|| lock_kit(&kit, "update-yaml", watch)).transpose()?;
    let names = options.series.iter().map(|name| find_series(&kit, name).map(|state| state.name()));
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    let mut kernels = kernels(&kit)?;
    let unknown = fill_hashes(&kit, &mut kernels, &[])?;
    let scope = match names.as_slice() {
        [] => Scope::All,
        [one] => Scope::Series(one),
        several => Scope::Several(several),
    };
    let plan = plan(&kit, &kernels, scope, &[])?;
    let mut warnings = plan.warnings;
    if plan.rows.iter().any(|row| row.state == ReferenceState::Unhashed) {
        refuse_uncommitted(&kit)?;
        warnings.extend(unknown);
    }
    let files = plan.edits.iter().map(|edit| shown(&kit, edit, options.diff)).collect();
    if watch.interrupt.is_raised() {
        return Err(OpError::interrupted());
    }
    let written = options.write && !plan.edits.is_empty();
    if written {
        let mut changes = FileChanges::of(&kit);
        plan.edits.into_iter().try_for_each(|edit| changes.add(edit.into(), false))?;
        landing::land_files(kit.top(), &kit.work_dir(), &changes.into_changes(), "kpatch update-yaml")?;
    }
    Ok(UpdateYamlReport { written, references: plan.rows, files, warnings })
}

/// An error with the files of `kernel/` whose changes are not committed, if there are any.
fn refuse_uncommitted(kit: &Kit) -> Result<(), OpError> {
    let files = uncommitted(kit, &[])?.unwrap_or_default();
    if files.is_empty() {
        return Ok(());
    }
    let more = match files.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let list = files[..files.len().min(SHOWN)].join(", ");
    Err(OpError::new(format!("kernel/ has changes that are not committed: {list}{more}"))
        .hint("commit or stash them first: the hashes in references are those of committed files"))
}

fn shown(kit: &Kit, edit: &FileEdit, diff: bool) -> UpdatedFile {
    let path = kit.shown(&edit.path);
    UpdatedFile { diff: diff.then(|| unified(&edit.old, &edit.new, &path, &path)), path }
}
