//! What a change does to lines, whatever stands around them.

use std::sync::Arc;

use bstr::BString;

use super::{Entry, GitError, MODE_GITLINK, Store, Walk};
use crate::diff::lines::{changes, split_lines};

impl Store {
    /// The content that an entry leads to; empty for no entry and for a submodule.
    pub fn content(&self, entry: Option<Entry>) -> Result<Arc<[u8]>, GitError> {
        match entry {
            Some(entry) if entry.mode != MODE_GITLINK => self.blob(entry.id),
            _ => Ok(Arc::from([])),
        }
    }

    /// The lines of one file that go and come, in order, each behind its `-` or `+`.
    pub fn changed_lines(&self, walk: &Walk) -> Result<Vec<BString>, GitError> {
        self.lines_of_change(walk, 0)
    }

    /// The same with the three old lines before and after each change, each behind a space.
    pub fn changed_lines_in_context(&self, walk: &Walk) -> Result<Vec<BString>, GitError> {
        self.lines_of_change(walk, 3)
    }

    fn lines_of_change(&self, walk: &Walk, context: usize) -> Result<Vec<BString>, GitError> {
        let (old, new) = (self.content(walk.old)?, self.content(walk.new)?);
        let (old_lines, new_lines) = (split_lines(&old), split_lines(&new));
        let mark = |sign: u8, line: &[u8]| BString::from([&[sign], line].concat());
        let mut out = Vec::new();
        for change in changes(&old, &new) {
            let gone = change.old.start as usize..change.old.end as usize;
            let come = change.new.start as usize..change.new.end as usize;
            let before = &old_lines[gone.start.saturating_sub(context)..gone.start];
            let after = &old_lines[gone.end..old_lines.len().min(gone.end + context)];
            out.extend(before.iter().map(|line| mark(b' ', line)));
            out.extend(old_lines[gone].iter().map(|line| mark(b'-', line)));
            out.extend(new_lines[come].iter().map(|line| mark(b'+', line)));
            out.extend(after.iter().map(|line| mark(b' ', line)));
        }
        Ok(out)
    }
}
