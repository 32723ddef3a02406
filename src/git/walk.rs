//! Walking commits.

use std::collections::{BinaryHeap, HashMap};

use super::store::Store;
use super::{GitError, Oid};

/// What is known of a commit during the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Color {
    /// Reached from the target only, so far.
    Target,
    /// Reached from the base.
    Base,
}

/// What a walk from two commits found.
struct Reached {
    /// Newest first.
    only_target: Vec<Oid>,
    /// The two have a common commit, and all between is here.
    met: bool,
    /// The walk came to its end.
    complete: bool,
}

impl Store {
    /// The commits that `target` reaches and `base` does not, newest first.
    ///
    /// `None` if the two have no common commit here (a shallow clone, imported releases), if a part of the commits is
    /// not here, or if there are more than `limit` of them.
    pub fn commits_between(&self, base: Oid, target: Oid, limit: usize) -> Result<Option<Vec<Oid>>, GitError> {
        let reached = self.reach(base, target, limit)?;
        Ok((reached.met && reached.complete).then_some(reached.only_target))
    }

    /// The newest `limit` of the commits that `target` reaches and `base` does not, newest first, as far as they are
    /// here. Where there are more, one whose date is wrong may be reached by `base` all the same.
    pub fn newest_between(&self, base: Oid, target: Oid, limit: usize) -> Result<Vec<Oid>, GitError> {
        let mut newest = self.reach(base, target, limit)?.only_target;
        newest.truncate(limit);
        Ok(newest)
    }

    fn reach(&self, base: Oid, target: Oid, limit: usize) -> Result<Reached, GitError> {
        let mut colors: HashMap<Oid, Color> = HashMap::new();
        let mut queue: BinaryHeap<(i64, Oid)> = BinaryHeap::new();
        let mut order = Vec::new();
        let (mut met, mut complete) = (false, true);
        // Commits that have a parent behind the edge of a shallow clone.
        let mut edge = Vec::new();
        for (id, color) in [(target, Color::Target), (base, Color::Base)] {
            if self.known_tree(id)?.is_none() {
                return Ok(Reached { only_target: Vec::new(), met: false, complete: false });
            }
            met |= colors.insert(id, color).is_some();
            queue.push((self.commit(id)?.committer_date.seconds, id));
        }
        // Behind the last commit that only the target reaches, a few more are looked at: dates may be out of order.
        let mut slop = 64;
        while let Some((_, id)) = queue.pop() {
            let color = colors[&id];
            if color == Color::Target {
                order.push(id);
                if order.len() > limit {
                    complete = false;
                    break;
                }
            } else if !queue.iter().any(|(_, id)| colors[id] == Color::Target) {
                slop -= 1;
                if slop == 0 {
                    break;
                }
            }
            for parent in self.commit(id)?.parents {
                if self.known_tree(parent)?.is_none() {
                    edge.push(id);
                    continue;
                }
                let before = colors.get(&parent).copied();
                met |= before.is_some_and(|before| before != color);
                if before.is_none() || (before == Some(Color::Target) && color == Color::Base) {
                    colors.insert(parent, color);
                    queue.push((self.commit(parent)?.committer_date.seconds, parent));
                }
            }
        }
        order.retain(|id| colors[id] == Color::Target);
        met &= edge.iter().all(|id| colors[id] != Color::Target);
        let mut seen = std::collections::HashSet::new();
        order.retain(|id| seen.insert(*id));
        Ok(Reached { only_target: order, met, complete })
    }

    /// The tree of a commit; `None` if the commit is not here, as behind the edge of a shallow clone.
    pub fn known_tree(&self, commit: Oid) -> Result<Option<Oid>, GitError> {
        match self.commit(commit) {
            Ok(commit) => Ok(Some(commit.tree)),
            Err(GitError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
