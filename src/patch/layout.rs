//! Finds the parts of a patch.

use super::{Layout, stat};
use crate::diff::FileDiff;

impl Layout {
    /// A text without a diff: all of it is the head.
    pub(super) fn head(text: &[u8]) -> Self {
        let end = text.len()..text.len();
        Self {
            head: 0..text.len(),
            notes: end.clone(),
            stat: end.clone(),
            gap: end.clone(),
            diff: end.clone(),
            tail: end,
        }
    }

    /// The parts of `text`, whose head ends at `head` and whose diffs are known.
    pub(super) fn of(text: &[u8], head: usize, diffs: &[FileDiff]) -> Self {
        let start = diffs.iter().map(|diff| diff.span.start).min().unwrap_or(text.len()).max(head);
        let end = diffs.iter().map(|diff| diff.span.end).max().unwrap_or(text.len()).max(start);
        let summary = stat::find(text, head..start).unwrap_or(start..start);
        Self {
            head: 0..head,
            notes: head..summary.start,
            gap: summary.end..start,
            stat: summary,
            diff: start..end,
            tail: end..text.len(),
        }
    }
}
