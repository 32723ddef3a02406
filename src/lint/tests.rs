//! The table of rules is whole, and every example does what it says.

use std::collections::BTreeSet;

use super::*;
use crate::finding::Severity;

/// A patch that no rule has anything to say of.
pub(super) const GOOD: &str = "mm: fix a leak\n\nThe page is lost if the lock is taken.\n\n\
    Signed-off-by: A U Thor <author@example.org>\nOrigin: https://lore.kernel.org/r/20260101.1@example.org";

const HEADER: &str = "From: A U Thor <author@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000";

/// Rules about patches that are too large to be shown.
const TOO_LARGE: [&str; 2] = ["H009", "X006"];

/// A diff that changes one line, another one for each seed.
fn diff(seed: usize) -> String {
    format!(
        " mm/page.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n\
         diff --git a/mm/page.c b/mm/page.c\n\
         index 0123456789ab..ba9876543210 100644\n--- a/mm/page.c\n+++ b/mm/page.c\n\
         @@ -10,3 +10,3 @@ int page(void)\n \tlock();\n-\told({seed});\n+\tnew({seed});\n \tunlock();\n"
    )
}

/// A patch file.
fn patch(header: &str, message: &str, diff: &str) -> Vec<u8> {
    let (subject, body) = message.split_once('\n').unwrap_or((message, ""));
    let subject = if header.contains("Subject:") { String::new() } else { format!("\nSubject: [PATCH] {subject}") };
    let id = "0".repeat(40);
    let body = body.trim_start_matches('\n');
    format!("From {id} Mon Sep 17 00:00:00 2001\n{header}{subject}\n\n{body}\n---\n{diff}").into_bytes()
}

/// A set of patch files, each with its name, and what else is in the directory.
#[derive(Default)]
pub(super) struct Files {
    pub(super) patches: Vec<(String, Vec<u8>)>,
    pub(super) entries: Vec<Entry>,
    /// Each patch is a set of its own.
    pub(super) apart: bool,
}

impl Files {
    /// A set with this one patch.
    pub(super) fn one(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let subject = crate::patch::examine("x", &bytes).ok().and_then(|drafts| {
            drafts.first().and_then(|draft| draft.message.subject.clone().ok()).map(|subject| subject.to_string())
        });
        let name = crate::patch::file_name(1, subject.unwrap_or_else(|| "x".into()).as_bytes());
        Self { patches: vec![(name, bytes)], ..Self::default() }
    }

    /// A patch with this message, subject first.
    pub(super) fn message(text: &str) -> Self {
        Self::one(patch(HEADER, text, &diff(0)))
    }

    /// A patch with this after its `---` line.
    pub(super) fn diff(text: &str) -> Self {
        Self::one(patch(HEADER, GOOD, text))
    }

    /// What a sample stands for; `None` for words.
    fn of(sample: Sample, check: Check) -> Option<Self> {
        Some(match sample {
            Sample::Message(text) => Self::message(text),
            Sample::Header(text) => Self::one(patch(text, GOOD, &diff(0))),
            Sample::Diff(text) => Self::diff(text),
            Sample::File(bytes) => Self::one(bytes),
            Sample::Names(names) => Self::names(names),
            Sample::Set(messages) => {
                let file = |(at, text): (usize, &&str)| {
                    let seed = messages.iter().position(|other| other == text).unwrap_or(at);
                    let subject = text.lines().next().unwrap_or_default();
                    (crate::patch::file_name(at + 1, subject.as_bytes()), patch(HEADER, text, &diff(seed)))
                };
                let apart = matches!(check, Check::Sets(_));
                Self { patches: messages.iter().enumerate().map(file).collect(), entries: Vec::new(), apart }
            }
            Sample::Words(_) => return None,
        })
    }

    /// A directory with files of these names, each patch another change; a `/` at the end makes a directory with
    /// patches in it.
    pub(super) fn names(names: &[&str]) -> Self {
        let mut files = Self::default();
        for (at, name) in names.iter().enumerate() {
            if crate::patch_set::is_patch_name(name) {
                files.patches.push(((*name).to_owned(), patch(HEADER, GOOD, &diff(at))));
            } else {
                let is_dir = name.ends_with('/');
                files.entries.push(Entry { name: name.trim_end_matches('/').to_owned(), is_dir, has_patches: is_dir });
            }
        }
        files.patches.sort();
        files
    }

    /// All that the rules say of them without a tree.
    pub(super) fn judged(&self, settings: &Settings) -> Vec<Judged> {
        let (mut judged, mut members) = (Vec::new(), Vec::new());
        for (name, bytes) in &self.patches {
            let lint = file(Subject { name, path: name }, bytes, settings);
            judged.extend(lint.judged);
            members.extend(lint.members);
        }
        let group = |members| Group { path: "patches", members, entries: &self.entries, is_whole: true, settings };
        if self.apart {
            let groups: Vec<_> = members.chunks(1).map(group).collect();
            judged.extend(sets(&groups).into_iter().map(|(_, judged)| judged));
        } else {
            judged.extend(set(&group(&members), None));
        }
        judged
    }

    /// The ids of the rules that fire, each once.
    pub(super) fn fired(&self, settings: &Settings) -> BTreeSet<String> {
        self.judged(settings).into_iter().map(|judged| judged.finding.rule).collect()
    }

    /// What one rule says, whatever the profile thinks of it.
    pub(super) fn says(&self, id: &str) -> Vec<Judged> {
        let mut settings = Settings::default();
        settings.select(rule(id).expect("the rule is there"));
        self.judged(&settings)
    }
}

#[test]
fn the_table_is_sorted_and_complete() {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.about.id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.about.name).collect();
    assert_eq!(names.len(), ids.len(), "a name stands twice");
    for rule in RULES.iter() {
        let (letter, digits) = rule.about.id.split_at(1);
        assert!("DFHMNPSUX".contains(letter) && digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()));
        assert!(
            rule.about.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit()),
            "{}",
            rule.about.name
        );
        for text in [rule.about.summary, rule.about.why, rule.about.source] {
            assert!(!text.is_empty() && !text.ends_with(' '), "{} lacks a text", rule.about.id);
        }
        assert!(rule.about.summary.ends_with('.') && rule.about.why.ends_with('.'), "{}: sentences end", rule.about.id);
    }
}

#[test]
fn profiles_name_rules_that_are_there() {
    for profile in PROFILES {
        for (id, _) in profile.levels {
            assert!(rule(id).is_some(), "{} names {id}", profile.name);
        }
    }
}

#[test]
fn a_good_patch_is_silent() {
    for profile in PROFILES {
        let settings = Settings::new(profile);
        let fired = Files::message(GOOD).fired(&settings);
        assert!(fired.is_empty() || profile.name == "stable-submission", "{}: {fired:?}", profile.name);
    }
}

#[test]
fn every_example_does_what_it_says() {
    for rule in RULES.iter() {
        let mut settings = Settings::default();
        settings.select(rule);
        for (sample, fires) in [(rule.good, false), (rule.bad, true)] {
            let Some(files) = Files::of(sample, rule.check) else {
                let is_large = TOO_LARGE.contains(&rule.about.id);
                assert!(rule.check.needs_tree() || is_large, "{} can be shown by files", rule.about.id);
                continue;
            };
            let judged = files.judged(&settings);
            assert_eq!(!judged.is_empty(), fires, "{} {}: {judged:#?}", rule.about.id, rule.about.name);
            for judged in judged {
                assert_eq!(judged.finding.rule, rule.about.id);
                assert!(!judged.finding.message.ends_with('.'), "{}: {}", rule.about.id, judged.finding.message);
                assert!(judged.fix.is_none_or(|fix| Some(fix.class) <= rule.fix.max(Some(fix.class))));
            }
        }
    }
}

#[test]
fn fixes_mend_the_examples_that_they_can() {
    for rule in RULES.iter().filter(|rule| rule.fix.is_some()) {
        let mut settings = Settings::default();
        settings.select(rule);
        let Some(files) = Files::of(rule.bad, rule.check) else { continue };
        for (name, bytes) in &files.patches {
            let subject = Subject { name, path: name };
            let allowed = Allowed { class: crate::finding::FixClass::Unsafe, from: Severity::Info };
            let edits = |judged: &&Judged| judged.fix.as_ref().is_some_and(|fix| matches!(fix.kind, FixKind::Edit(_)));
            let before = file(subject, bytes, &settings);
            let fixed = fix_file(subject, bytes, &settings, allowed, &|_| true);
            assert!(fixed.refused.is_empty(), "{}: {:?}", rule.about.id, fixed.refused);
            assert_eq!(before.judged.iter().any(|j| edits(&j)), !fixed.fixed.is_empty(), "{}", rule.about.id);
            let again = fix_file(subject, &fixed.bytes, &settings, allowed, &|_| true);
            assert_eq!(again.bytes, fixed.bytes, "{} is not idempotent", rule.about.id);
        }
    }
}
