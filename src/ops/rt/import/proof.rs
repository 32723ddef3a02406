//! The proof of a set: it applies to its base, and the common patches of the series on top of it.

use super::Work;
use super::merge::Merged;
use crate::apply::{Engine, Release, prefetch, touched_paths};
use crate::git::GitError;
use crate::ops::OpError;
use crate::ops::gate::{gate, whole};
use crate::ops::report::GateReport;
use crate::ops::whole::Whole;
use crate::ops::workspace::Linux;

/// A proof, or why there is none.
#[derive(Default)]
pub(super) struct Proof {
    pub(super) gate: Option<GateReport>,
    pub(super) not_checked: Option<String>,
}

/// Applies the set strictly, by the rules of `git am` and by those of `patch`.
///
/// # Errors
/// When it does not give one tree. That the linux tree lacks the base is none.
pub(super) fn prove(work: &Work<'_>, linux: Option<&Linux>, merged: &Merged) -> Result<Proof, OpError> {
    let Some(linux) = linux else { return Ok(Proof::default()) };
    let store = &linux.store;
    let base = match Release::find(store, work.base.as_str()) {
        Ok(base) => base,
        Err(GitError::NoSuchRef(_)) => {
            let why = format!("the linux tree has no tag '{}'", work.base);
            return Ok(Proof { not_checked: Some(why), ..Proof::default() });
        }
        Err(error) => return Err(OpError::because(format!("cannot read tag '{}'", work.base), error)),
    };
    let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
    prefetch(store, &touched_paths(&merged.set.patches), &[base.tree]).map_err(failed)?;
    let tree = whole(store, base.tree, &merged.set, Engine::Git)?.map_err(|why| refused(work, merged, &why))?;
    let mut report = gate(store, base.tree, tree, &merged.set, work.options.skip_patch_utility)?;
    if !report.holds {
        return Err(refused(work, merged, &format!("patch -F0: {}", report.patch)));
    }
    if !work.options.skip_common {
        let whole = Whole { store, kit: work.kit, skip_patch: work.options.skip_patch_utility };
        report.common = whole.common(work.state, work.base, tree)?;
    }
    Ok(Proof { gate: Some(report), ..Proof::default() })
}

fn refused(work: &Work<'_>, merged: &Merged, why: &str) -> OpError {
    let error = OpError::new(format!("the set does not apply to {}, nothing was changed: {why}", work.base));
    let local = merged.local.iter().filter_map(|local| local.kept.as_ref()).find(|kept| why.starts_with(kept.as_str()));
    match local {
        Some(_) => error
            .hint("this patch was in the kit and is not of the -rt project, so it was kept behind the new set")
            .hint("mend it before with kpatch edit or drop, or leave all such patches out: --drop-local"),
        None => error.hint("is that the release that it stands on? --base names another"),
    }
}
