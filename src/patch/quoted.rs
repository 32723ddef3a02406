//! Refuses patches whose message quotes a diff at line start: `git am` and `patch` would both apply it.

use super::stat::{self, Names};
use crate::diff::FileDiff;
use crate::message::{lines, trim_end, trim_line_end};
use crate::text::visible;

/// What gives a quoted diff away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    /// Where to look, in bytes of the text.
    pub(super) offset: usize,
    pub(super) message: String,
}

/// Looks for a diff that stood in the message: after it comes a `---` line with a diffstat and more diffs, or a
/// diffstat that does not know the path.
pub(super) fn find(text: &[u8], diffs: &[FileDiff]) -> Option<Quoted> {
    let first = diffs.first()?;
    let mut separator = None;
    let mut stat_after_separator = false;
    for (number, diff) in diffs.iter().enumerate() {
        if stat_after_separator {
            return Some(Quoted { offset: first.span.start, message: "a diff inside the message".to_owned() });
        }
        let next = diffs.get(number + 1).map_or(text.len(), |next| next.span.start);
        let between = diff.span.end..next.max(diff.span.end);
        let mut stat_from = between.start;
        for line in lines(&text[..between.end], between.start) {
            let content = &text[line.clone()];
            if trim_line_end(content) == b"---" {
                separator = Some(line.start);
            } else if stat::is_summary(trim_end(content)) {
                stat_after_separator = stat_after_separator || separator.is_some();
                let names = Names::of(text, stat::find(text, stat_from..line.end)?);
                stat_from = line.end;
                if let Some(quoted) = unnamed(&diffs[..=number], &names) {
                    return Some(quoted);
                }
            }
        }
    }
    None
}

/// The first of the diffs that the diffstat after them does not name.
fn unnamed(diffs: &[FileDiff], names: &Names) -> Option<Quoted> {
    let lacks = |diff: &&FileDiff| {
        let mut paths = [&diff.old_path, &diff.new_path].into_iter().flatten();
        !paths.any(|path| names.may_name(path))
    };
    if names.is_empty() {
        return None;
    }
    diffs.iter().find(lacks).map(|diff| {
        let path = diff.new_path.as_ref().or(diff.old_path.as_ref()).map(|path| visible(path)).unwrap_or_default();
        let message = format!("a diff of '{path}' before a diffstat that does not name it");
        Quoted { offset: diff.span.start, message }
    })
}
