//! Collects the commits that explain a conflict and puts the most telling first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use bstr::BString;

use super::stretch::Score;
use super::trail::Touch;
use super::{Cause, Deed};
use crate::upstream::History;

/// So many are named.
const MOST: usize = 5;

/// What was found of one commit.
struct Finding {
    path: BString,
    deed: Deed,
    score: Score,
}

/// The commits that were found, each once, by their place in the history.
#[derive(Default)]
pub(super) struct Found(BTreeMap<usize, Finding>);

impl Found {
    /// A commit and its deed; of several deeds the most telling stays.
    pub(super) fn add(&mut self, at: usize, path: &BString, deed: Deed) {
        self.score(at, path, deed, Score::default());
    }

    /// The same with a score, which adds up.
    pub(super) fn score(&mut self, at: usize, path: &BString, deed: Deed, score: Score) {
        let fresh = || Finding { path: path.clone(), deed, score: Score::default() };
        let finding = self.0.entry(at).or_insert_with(fresh);
        if rank(deed) < rank(finding.deed) {
            finding.deed = deed;
            finding.path.clone_from(path);
        }
        finding.score.add(score);
    }

    /// The commits that changed the conflicting lines of one path. What they did to braces and blank lines counts only
    /// if nobody did more.
    pub(super) fn add_changes(&mut self, touches: &[Touch], scores: &[Score], path: &BString) {
        let telling = scores.iter().any(|score| score.tells());
        for (touch, score) in touches.iter().zip(scores) {
            if score.tells() || (!telling && score.trivial > 0) {
                self.score(touch.at, path, Deed::Changed, *score);
            }
        }
    }

    pub(super) fn into_causes(self, history: &History) -> Vec<Cause> {
        let mut found: Vec<(usize, Finding)> = self.0.into_iter().collect();
        found.sort_by_key(|(at, finding)| {
            let Finding { deed, score, .. } = finding;
            // Who changed the lines comes before who only did something to the file.
            let group = if rank(*deed) > 1 && score.tells() { 2 } else { rank(*deed) + 1 };
            (group, Reverse((score.visible, score.passing, score.trivial)), *at)
        });
        let cause = |(at, finding): (usize, Finding)| {
            let known = &history.commits()[at];
            Cause { commit: known.id, title: known.title.clone(), path: finding.path, deed: finding.deed }
        };
        found.into_iter().take(MOST).map(cause).collect()
    }
}

/// The most telling deed first.
fn rank(deed: Deed) -> u8 {
    match deed {
        Deed::AnotherForm => 0,
        Deed::Deleted => 1,
        Deed::Prerequisite => 2,
        Deed::Changed => 3,
        Deed::Moved => 4,
    }
}
