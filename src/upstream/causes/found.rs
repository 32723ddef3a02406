//! Collects the commits that explain a conflict and puts the most telling first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use bstr::BString;

use super::stretch::Share;
use super::trail::Touch;
use super::{Cause, Deed};
use crate::upstream::History;

/// So many are named.
const MOST: usize = 5;

/// What was found of one commit.
struct Finding {
    path: BString,
    deed: Deed,
    share: Share,
}

/// The commits that were found, each once, by their place in the history.
#[derive(Default)]
pub(super) struct Found(BTreeMap<usize, Finding>);

impl Found {
    /// A commit and its deed; of several deeds the most telling stays.
    pub(super) fn add(&mut self, at: usize, path: &BString, deed: Deed) {
        self.credit(at, path, deed, Share::default());
    }

    /// The same with a share, which adds up.
    pub(super) fn credit(&mut self, at: usize, path: &BString, deed: Deed, share: Share) {
        let fresh = || Finding { path: path.clone(), deed, share: Share::default() };
        let finding = self.0.entry(at).or_insert_with(fresh);
        if rank(deed) < rank(finding.deed) {
            finding.deed = deed;
            finding.path.clone_from(path);
        }
        finding.share.add(share);
    }

    /// The commits that changed the conflicting lines of one path. What they did to braces and blank lines counts only
    /// if nobody did more.
    pub(super) fn add_changes(&mut self, touches: &[Touch], shares: &[Share], path: &BString) {
        let telling = shares.iter().any(|share| share.tells());
        for (touch, share) in touches.iter().zip(shares) {
            if share.tells() || (!telling && share.trivial > 0) {
                self.credit(touch.at, path, Deed::Changed, *share);
            }
        }
    }

    pub(super) fn into_causes(self, history: &History) -> Vec<Cause> {
        let mut found: Vec<(usize, Finding)> = self.0.into_iter().collect();
        found.sort_by_key(|(at, finding)| {
            let Finding { deed, share, .. } = finding;
            let group = match deed {
                Deed::AnotherForm | Deed::Named | Deed::Deleted => 0,
                // Who changed the lines comes before who only did something to the file.
                _ if share.tells() => 1,
                _ => 2,
            };
            let amount = (share.visible, share.passing, share.trivial);
            (group, if group == 1 { 0 } else { rank(*deed) }, Reverse(amount), *at)
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
        Deed::Named => 1,
        Deed::Deleted => 2,
        Deed::Prerequisite => 3,
        Deed::Changed => 4,
        Deed::Moved => 5,
    }
}
