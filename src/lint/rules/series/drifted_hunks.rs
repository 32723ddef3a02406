//! S005: hunks stand on other lines than they name.

use std::ops::Range;

use crate::diff::Content;
use crate::finding::{About, FixClass, Severity};
use crate::lint::facts::{Drift, PatchFacts};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "S005",
        name: "drifted-hunks",
        severity: Severity::Info,
        summary: "Every hunk stands on the line that it names.",
        why: "A hunk is looked for near the line that it names. The farther its lines have moved, the likelier another \
              place with the same lines is nearer. It shows that the set was not exported for this release.",
        source: "git-apply(1), patch(1): offsets; of 720 patches carried to a newer release 341 had one, up to 1,540 lines",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Words("a patch that was exported for the release it is applied to"),
    bad: Sample::Words("a patch for an older release, whose hunk 'succeeds at 120 (offset 15 lines)'"),
    check: Check::Tree(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Ok(drifts) = &facts.applied else { return };
    let all = drifts
        .iter()
        .flat_map(|drift| drift.offsets.iter().enumerate().map(|(hunk, offset)| (drift.diff, hunk, *offset)));
    let moved: Vec<(usize, usize, i64)> = all.filter(|(_, _, offset)| *offset != 0).collect();
    let Some(&(diff, hunk, most)) = moved.iter().rev().max_by_key(|(_, _, offset)| offset.unsigned_abs()) else {
        return;
    };
    let place = match mail.diffs().get(diff) {
        Some(_) => mail.hunks_at(diff).get(hunk).map(|hunk| hunk.header.clone()),
        None => None,
    };
    let lines = if most.unsigned_abs() == 1 { "line" } else { "lines" };
    let message = match moved.len() {
        1 => format!("the hunk is {most:+} {lines} from where it says"),
        count => format!("{count} hunks are not where they say, this one {most:+} {lines}"),
    };
    let note = notes.at(place.unwrap_or_else(|| mail.subject_place()), message);
    note.help("write the set anew: kpatch export --refresh");
    if let Some(edits) = renumbered(mail, drifts) {
        note.safe(FixKind::Edit(edits));
    }
}

/// Gives every hunk of a file in which one has moved the lines on which they stand. `None` where a hunk has only lines
/// that come or only lines that go: the numbers of those mean the line before.
fn renumbered(mail: &Mail<'_>, drifts: &[Drift]) -> Option<Vec<(Range<usize>, Vec<u8>)>> {
    let mut edits = Vec::new();
    for drift in drifts.iter().filter(|drift| drift.offsets.iter().any(|offset| *offset != 0)) {
        let diff = mail.diffs().get(drift.diff)?;
        let Content::Text(hunks) = &diff.content else { return None };
        let places = mail.hunks_at(drift.diff);
        if hunks.len() != drift.offsets.len() || hunks.len() != places.len() {
            return None;
        }
        let mut grown = 0;
        for ((hunk, offset), place) in hunks.iter().zip(&drift.offsets).zip(places) {
            if hunk.old_len == 0 || hunk.new_len == 0 {
                return None;
            }
            let new_start = i64::from(hunk.new_start).checked_add(*offset)?;
            let old_start = new_start - grown;
            if new_start < 1 || old_start < 1 {
                return None;
            }
            grown += i64::from(hunk.new_len) - i64::from(hunk.old_len);
            let (old, new) = (range(old_start, hunk.old_len), range(new_start, hunk.new_len));
            let header = [format!("@@ -{old} +{new} @@").as_bytes(), &hunk.section].concat();
            if mail.text[place.header.clone()] != header {
                edits.push((place.header, header));
            }
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    (!edits.is_empty()).then_some(edits)
}

/// `start,length`, as diffs have it.
fn range(start: i64, length: u32) -> String {
    if length == 1 { start.to_string() } else { format!("{start},{length}") }
}

#[cfg(test)]
mod tests {
    use crate::lint::facts::Drift;
    use crate::lint::rules::testing::{diff, facts, in_tree, mail};

    #[test]
    fn the_farthest_hunk_is_shown() {
        let patch = mail("x: fix", &diff("x.c", "@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n-c\n+d\n"));
        let says = |drifts: &[Drift]| -> Vec<(String, Option<String>)> {
            let mut facts = facts();
            facts.applied = Ok(drifts.to_vec());
            let judged = in_tree("S005", &patch, &facts);
            judged.into_iter().map(|judged| (judged.finding.message, judged.finding.source)).collect()
        };
        let drift = |diff, offsets: &[i64]| Drift { diff, offsets: offsets.to_vec() };
        assert!(says(&[drift(0, &[0, 0])]).is_empty());
        assert_eq!(
            says(&[drift(0, &[0, -15])]),
            [("the hunk is -15 lines from where it says".to_owned(), Some("@@ -9 +9 @@".to_owned()))]
        );
        assert_eq!(
            says(&[drift(0, &[1, 1])]),
            [("2 hunks are not where they say, this one +1 line".to_owned(), Some("@@ -1 +1 @@".to_owned()))]
        );
        // Facts of another patch than this one.
        assert_eq!(says(&[drift(7, &[i64::MIN])]).len(), 1);
        assert_eq!(says(&[drift(0, &[0, 0, 0, 3])]).len(), 1);
    }
}
