//! The heart of `bump` and `plan`: apply on the base, carry to the target. Nothing here writes to the disk.

use bstr::BString;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::report::ChangeLogsReport;
use super::workspace::Linux;
use super::{OpError, Watch};
use crate::apply::{Refused, Release, Stack, commit, prefetch, touched_paths};
use crate::carry::{Carried, Context, Decisions, carry};
use crate::event::Event;
use crate::git::{GitError, Oid, Renames, Store};
use crate::patch::Patch;
use crate::upstream::{History, Why};

/// Beyond this many commits between two releases, history is not searched.
pub(super) const HISTORY_LIMIT: usize = 50_000;

/// A patch set on its base and on its target.
pub(super) struct Computed {
    pub(super) stack: Arc<Stack>,
    pub(super) carried: Carried,
    /// The commit of each patch on the target, in memory; `None` if it was not carried.
    pub(super) commits: Vec<Option<Oid>>,
    /// The commit on top.
    pub(super) tip: Oid,
    /// The commits between the two releases, if the linux tree has them, or ChangeLogs tell of them.
    pub(super) history: Option<History>,
    /// The ChangeLogs that were asked.
    pub(super) told: Option<ChangeLogsReport>,
    /// What made patches wait, once somebody asked: see [`super::why`].
    pub(super) why: OnceLock<Vec<Why>>,
}

/// Looks up a tag, or says which ones are there.
pub(super) fn release(store: &Store, tag: &str) -> Result<Release, OpError> {
    Release::find(store, tag).map_err(|error| match error {
        GitError::NoSuchRef(_) => {
            let error = OpError::new(format!("the linux tree '{}' has no tag '{tag}'", store.git_dir().display()));
            match nearby(store, tag) {
                Some(known) => error.hint(format!("it has {known}")),
                None => error.hint("fetch it: kpatch source fetch, or git fetch --tags"),
            }
        }
        error => OpError::because(format!("cannot read tag '{tag}'"), error),
    })
}

/// A few tags that look like the wanted one, newest last.
fn nearby(store: &Store, tag: &str) -> Option<String> {
    let tags = store.tags().ok()?;
    let stem = tag.rsplit_once('.').map_or(tag, |(stem, _)| stem);
    let mut close: Vec<&String> = tags.iter().filter(|known| known.starts_with(stem)).collect();
    if close.is_empty() {
        close = tags.iter().collect();
    }
    let shown: Vec<&str> = close.iter().rev().take(5).rev().map(|tag| tag.as_str()).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// Applies the patches to `base`; what comes of it may go to several targets.
pub(super) fn stack(store: &Store, patches: &[Patch], base: Release, watch: Watch<'_>) -> Result<Arc<Stack>, OpError> {
    let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
    prefetch(store, &touched_paths(patches), &[base.tree]).map_err(failed)?;
    match Stack::build(store, base, patches, watch.observer, watch.interrupt) {
        Ok(Some(stack)) => Ok(Arc::new(stack)),
        Ok(None) => Err(OpError::interrupted()),
        Err(Refused::Git(error)) => Err(failed(error)),
        Err(refused @ Refused::Patch { .. }) => {
            Err(OpError::new(format!("refused: {refused}")).hint("remove the patch, or mend it"))
        }
    }
}

/// Carries a stack to `target` and makes the commits, in memory.
///
/// `decisions` are those of persons; `remembered` are the renames that an earlier run found, and the paths that it asked for.
pub(super) fn onto(
    linux: &Linux,
    patches: &[Patch],
    stack: Arc<Stack>,
    target: Release,
    decisions: &Decisions,
    remembered: &mut super::renames::Memory,
    watch: Watch<'_>,
) -> Result<Computed, OpError> {
    let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
    let store = &linux.store;
    let paths: BTreeSet<BString> = touched_paths(patches);
    prefetch(store, &paths, &[target.tree]).map_err(failed)?;
    watch.observer.event(&Event::Stage { name: "looking up renames".into(), total: None });
    let renames = remembered.find(store, &paths, &stack.base, &target).map_err(failed)?;
    let history = History::read(store, stack.base.commit, target.commit, HISTORY_LIMIT).map_err(failed)?;
    let (history, told) = match history {
        Some(history) => (Some(history), None),
        None => match linux.outside.between(&stack.base.tag, &target.tag, watch)? {
            Some(told) => (told.history, Some(told.report)),
            None => (None, None),
        },
    };
    again(store, patches, Ground { stack, target, renames, history, told }, decisions, watch)
}

/// What carrying starts from.
pub(super) struct Ground {
    stack: Arc<Stack>,
    target: Release,
    renames: Renames,
    history: Option<History>,
    told: Option<ChangeLogsReport>,
}

impl From<Computed> for Ground {
    fn from(computed: Computed) -> Self {
        let Computed { stack, carried, history, told, .. } = computed;
        Self { stack, target: carried.target, renames: carried.renames, history, told }
    }
}

/// Carries once more, with other decisions.
pub(super) fn again(
    store: &Store,
    patches: &[Patch],
    ground: Ground,
    decisions: &Decisions,
    watch: Watch<'_>,
) -> Result<Computed, OpError> {
    let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
    let Ground { stack, target, renames, history, told } = ground;
    let Watch { observer, interrupt } = watch;
    let context = Context { store, patches, history: history.as_ref(), decisions, observer, interrupt };
    let carried = carry(context, &stack, target, renames).map_err(failed)?.ok_or_else(OpError::interrupted)?;
    let (commits, tip) = commits(store, patches, &carried);
    Ok(Computed { stack, carried, commits, tip, history, told, why: OnceLock::new() })
}

/// The commits of what was carried, in memory, and the one on top.
pub(super) fn commits(store: &Store, patches: &[Patch], carried: &Carried) -> (Vec<Option<Oid>>, Oid) {
    let mut tip = carried.target.commit;
    let mut commits = Vec::with_capacity(patches.len());
    for (patch, pick) in patches.iter().zip(&carried.picks) {
        commits.push(pick.outcome.is_kept().then(|| {
            tip = commit(store, patch, pick.after, tip, &carried.target);
            tip
        }));
    }
    (commits, tip)
}
