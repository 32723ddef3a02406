//! H007: a hunk that would fit elsewhere too.

use crate::finding::{About, Severity};
use crate::lint::facts::{HunkFacts, PatchFacts};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

/// So many lines are named.
const NAMED: usize = 5;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "H007",
        name: "ambiguous-hunk",
        severity: Severity::Warning,
        summary: "The old lines of every hunk stand once in their file, and its new lines are not there yet.",
        why: "A hunk is put where its lines are nearest. If they stand in two functions, a patch that moved a little changes \
              the wrong one, and all tools call that a success. If its new lines are there already, the change may be too.",
        source: "patch(1): hunks with offsets; 7 of 359 carried patches have such a hunk",
    },
    fix: None,
    good: Sample::Words("a hunk whose context names the function that it changes"),
    bad: Sample::Words("a hunk with three lines of context, 'unlock(); return ret; }', as twenty functions end"),
    check: Check::Tree(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    for hunk in &facts.ambiguous {
        let Some(message) = message(hunk) else { continue };
        let known = mail.diffs().get(hunk.diff).map(|_| mail.hunks_at(hunk.diff));
        let header = known.and_then(|hunks| hunks.get(hunk.hunk).map(|hunk| hunk.header.clone()));
        notes
            .at(header.unwrap_or_else(|| mail.subject_place()), message)
            .help("write it with more context: git format-patch -U10");
    }
}

/// What is wrong with the hunk, if anything.
fn message(hunk: &HunkFacts) -> Option<String> {
    let places = (hunk.places.len() > 1).then(|| format!("its old lines stand at lines {}", list(&hunk.places)));
    let already = (!hunk.already.is_empty()).then(|| {
        let lines = if hunk.already.len() == 1 { "line" } else { "lines" };
        format!("its new lines are there already, at {lines} {}", list(&hunk.already))
    });
    match (places, already) {
        (Some(places), Some(already)) => Some(format!("{places}; {already}")),
        (places, already) => places.or(already),
    }
}

fn list(lines: &[u32]) -> String {
    let named: Vec<String> = lines.iter().take(NAMED).map(u32::to_string).collect();
    match lines.len().checked_sub(NAMED + 1) {
        Some(more) => format!("{} and {} more", named.join(", "), more + 1),
        None => named.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::facts::HunkFacts;
    use crate::lint::rules::testing::{diff, facts, in_tree, mail};

    #[test]
    fn places_are_named() {
        let patch = mail("x: fix", &diff("x.c", "@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@ int f(void)\n-c\n+d\n"));
        let says = |diff, hunk, places: &[u32], already: &[u32]| -> Vec<(String, Option<String>)> {
            let mut facts = facts();
            facts.ambiguous = vec![HunkFacts { diff, hunk, places: places.to_vec(), already: already.to_vec() }];
            let judged = in_tree("H007", &patch, &facts);
            judged.into_iter().map(|judged| (judged.finding.message, judged.finding.source)).collect()
        };
        assert!(says(0, 0, &[7], &[]).is_empty());
        let header = Some("@@ -9 +9 @@ int f(void)".to_owned());
        assert_eq!(says(0, 1, &[9, 40], &[]), [("its old lines stand at lines 9, 40".to_owned(), header)]);
        assert_eq!(says(0, 0, &[7], &[30])[0].0, "its new lines are there already, at line 30");
        assert_eq!(
            says(3, 9, &[1, 2, 3, 4, 5, 6, 7], &[30, 31])[0].0,
            "its old lines stand at lines 1, 2, 3, 4, 5 and 2 more; its new lines are there already, at lines 30, 31"
        );
    }
}
