//! Why a patch conflicts: the commits of the target that did it, and what can be said without them.

mod found;
mod hunks;
mod names;
mod prerequisites;
mod stretch;
mod trail;
mod vanished;

use std::cell::OnceCell;

use bstr::{BString, ByteSlice as _};

pub use prerequisites::prerequisites;

use super::{Claim, History, Releases};
use crate::git::{ConflictKind, Entry, GitError, Oid, PathConflict, Renames, Store, Walk};
use crate::text::visible;
use found::Found;
use hunks::Hunks;
use stretch::Stretch;
use trail::{MOST as MOST_COMMITS, trail};

/// What explains a conflict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why {
    /// The commits that did it, the most telling first; five at most.
    pub causes: Vec<Cause>,
    /// What else helps, one line each, ready for display.
    pub notes: Vec<String>,
}

/// A commit that explains a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The commit.
    pub commit: Oid,
    /// Its title.
    pub title: BString,
    /// The path that conflicts.
    pub path: BString,
    /// What it did.
    pub deed: Deed,
}

/// What a commit did to make a patch conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It changed the conflicting lines, or the whole file where lines cannot be told.
    Changed,
    /// It moved the file.
    Moved,
    /// It deleted the file.
    Deleted,
    /// It says that it is the patch, and does something else.
    AnotherForm,
    /// It says that it is the patch; what it does is not known.
    Named,
    /// It took away a name that the patch uses; or the patch builds on it, and the target has it not.
    Prerequisite,
}

/// Everything that is asked for causes, for one way from a base to a target.
pub struct Inquiry<'a> {
    store: &'a Store,
    history: Option<&'a History>,
    releases: Releases,
    tags: [&'a str; 2],
    renames: &'a Renames,
    /// The files that the target has and the base has not.
    appeared: OnceCell<Vec<(BString, Entry)>>,
}

/// So many stretches are described one by one.
const MOST_STRETCHES: usize = 5;

impl<'a> Inquiry<'a> {
    /// Asks about the way between two releases, whose tags (base and target) stand in the notes. `renames` are those
    /// of the paths that the patches touch.
    pub fn new(
        store: &'a Store,
        history: Option<&'a History>,
        releases: Releases,
        tags: [&'a str; 2],
        renames: &'a Renames,
    ) -> Self {
        Self { store, history, releases, tags, renames, appeared: OnceCell::new() }
    }

    /// Why a patch conflicts that makes `changes` to its own parent.
    pub fn why(&self, claim: &Claim, changes: &[Walk], conflicts: &[PathConflict]) -> Result<Why, GitError> {
        let mut notes = self.notes(changes, conflicts)?;
        let Some(history) = self.history.filter(|history| !history.is_empty()) else {
            self.describe(conflicts, &mut notes);
            return Ok(Why { causes: Vec::new(), notes });
        };
        let mut found = Found::default();
        let path = || conflicts.first().map(|conflict| conflict.path.clone()).unwrap_or_default();
        if !history.knows_changes() {
            if let Some(at) = history.by_name(claim) {
                found.add(at, &path(), Deed::Named);
            }
            self.describe(conflicts, &mut notes);
            return Ok(Why { causes: found.into_causes(history), notes });
        }
        if let Some(other) = history.another_form(self.store, claim, changes)? {
            found.add(other, &path(), Deed::AnotherForm);
        }
        for conflict in conflicts {
            self.ask_history(history, changes, conflict, &mut found, &mut notes)?;
        }
        let causes = found.into_causes(history);
        if causes.is_empty() {
            self.describe(conflicts, &mut notes);
        }
        Ok(Why { causes, notes })
    }

    /// What can be said without history: files that went, names that went, hunks that the target has already.
    pub fn notes(&self, changes: &[Walk], conflicts: &[PathConflict]) -> Result<Vec<String>, GitError> {
        let mut notes = Vec::new();
        notes.extend(hunks::in_words(self.hunks_in_target(changes)?, self.tags[1]));
        for conflict in conflicts {
            let walk = self.walk_of(changes, conflict);
            if conflict.kind == ConflictKind::DeletedByUs {
                notes.push(self.similar_to(conflict)?);
            } else if let Some(walk) = walk.filter(|walk| walk.path != conflict.path) {
                notes.extend(self.moved(walk, conflict)?);
            }
            if let Some(walk) = walk {
                let names = self.names_gone(walk, conflict)?;
                notes.extend(names::in_words(&names, conflict.path.as_bstr(), self.tags[1]));
            }
        }
        Ok(notes)
    }

    /// How many hunks of a patch the target has.
    fn hunks_in_target(&self, changes: &[Walk]) -> Result<Hunks, GitError> {
        let mut sum = Hunks::default();
        for walk in changes {
            let here = self.store.entry(self.releases.target, walk.path.as_bstr())?;
            let moved = || self.renames.get(&walk.path).map(|to| self.store.entry(self.releases.target, to.as_bstr()));
            let target = here.map_or_else(|| moved().transpose().map(Option::flatten), |entry| Ok(Some(entry)))?;
            let hunks = hunks::count(self.store, walk, target)?;
            sum = Hunks { there: sum.there + hunks.there, all: sum.all + hunks.all };
        }
        Ok(sum)
    }

    /// What the patch does to the path that conflicts.
    fn walk_of<'c>(&self, changes: &'c [Walk], conflict: &PathConflict) -> Option<&'c Walk> {
        let is_it = |walk: &&Walk| walk.path == conflict.path || self.renames.get(&walk.path) == Some(&conflict.path);
        changes.iter().find(is_it)
    }

    fn names_gone(&self, walk: &Walk, conflict: &PathConflict) -> Result<Vec<BString>, GitError> {
        let release = self.store.entry(self.releases.base, walk.path.as_bstr())?;
        names::gone(self.store, walk, release, conflict)
    }

    /// The commits that changed, moved or deleted one path.
    fn ask_history(
        &self,
        history: &History,
        changes: &[Walk],
        conflict: &PathConflict,
        found: &mut Found,
        notes: &mut Vec<String>,
    ) -> Result<(), GitError> {
        let store = self.store;
        let trail = trail(store, history, conflict.path.as_bstr())?;
        if !trail.is_whole {
            notes.push(format!("only the last {} commits of {} were searched", MOST_COMMITS, visible(&conflict.path)));
        }
        if conflict.kind == ConflictKind::DeletedByUs {
            let end = trail.touches.iter().find(|touch| touch.walk.new.is_none());
            if let Some(touch) = end {
                let moved = vanished::moved_by(store, history, touch)?;
                let deed = if moved.is_some() { Deed::Moved } else { Deed::Deleted };
                found.add(touch.at, &conflict.path, deed);
                notes.extend(moved);
            }
            return Ok(());
        }
        for touch in trail.touches.iter().filter(|touch| touch.moved_from.is_some()) {
            found.add(touch.at, &conflict.path, Deed::Moved);
        }
        if store.is_partial() {
            notes
                .push("the blobs of the commits between the releases are not here, so not all were looked into".into());
            return Ok(());
        }
        let stretches: Vec<Stretch<'_>> = conflict.chunks.iter().filter_map(Stretch::of).collect();
        let shares = if history.is_line() && !stretches.is_empty() {
            let release = store.entry(self.releases.target, conflict.path.as_bstr())?;
            stretch::by_lines(store, &trail.touches, [release, conflict.ours], &stretches)?
        } else {
            stretch::by_text(store, &trail.touches, &stretches)?
        };
        found.add_changes(&trail.touches, &shares, &conflict.path);
        if let Some(walk) = self.walk_of(changes, conflict) {
            for name in self.names_gone(walk, conflict)? {
                if let Some(touch) = names::taken_by(store, &trail.touches, &name)? {
                    found.add(touch.at, &conflict.path, Deed::Prerequisite);
                }
            }
        }
        Ok(())
    }

    /// What stands where, as far as no commit says it.
    fn describe(&self, conflicts: &[PathConflict], notes: &mut Vec<String>) {
        let [base, target] = self.tags;
        let stretches = conflicts.iter().flat_map(|conflict| {
            conflict.chunks.iter().filter_map(Stretch::of).map(move |stretch| (&conflict.path, stretch))
        });
        let all: Vec<_> = stretches.collect();
        for (path, stretch) in all.iter().take(MOST_STRETCHES) {
            notes.push(stretch.in_words(path.as_bstr(), [base, target]));
        }
        if all.len() > MOST_STRETCHES {
            notes.push(format!("{} more places differ between {base} and {target}", all.len() - MOST_STRETCHES));
        }
        notes.push(match self.history {
            None => format!("the linux tree has no history between {base} and {target}, so no commit can be named"),
            Some(history) if history.is_empty() => {
                format!("{base} has every commit of {target}, so none can be named")
            }
            Some(history) if !history.knows_changes() => {
                "the ChangeLogs name commits and not what they change, so none can be named that does it".to_owned()
            }
            Some(history) => {
                format!("none of the {} commits between {base} and {target} is found to do it", history.len())
            }
        });
    }
}
