//! What the tests of rules share: patches of their own, sets of them, and what a tree says.

use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::run::{Judged, Subject, tree};
use crate::lint::settings::Settings;
use crate::lint::tests::Files;

/// A diff of one file that changes it.
pub(in crate::lint) fn diff(path: &str, hunks: &str) -> String {
    format!(
        "diff --git a/{path} b/{path}\nindex 0123456789ab..ba9876543210 100644\n--- a/{path}\n+++ b/{path}\n{hunks}"
    )
}

/// A patch with this message, subject first, and this after its `---` line.
pub(in crate::lint) fn mail(message: &str, diff: &str) -> Vec<u8> {
    let (subject, body) = message.split_once('\n').unwrap_or((message, ""));
    let body = body.trim_start_matches('\n');
    format!(
        "From: A U Thor <author@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: [PATCH] {subject}\n\n\
         {body}\n---\n{diff}"
    )
    .into_bytes()
}

/// A set of these patches in this order.
pub(in crate::lint) fn set(patches: &[Vec<u8>]) -> Files {
    let mut files = Files::default();
    for (at, bytes) in patches.iter().enumerate() {
        let (name, bytes) = Files::one(bytes.clone()).patches.remove(0);
        files.patches.push((format!("{:04}{}", at + 1, &name[4..]), bytes));
    }
    files
}

/// A patch that applies, of which a tree has nothing to say.
pub(in crate::lint) fn facts() -> PatchFacts {
    PatchFacts {
        base: "v6.1.1".to_owned(),
        applied: Ok(Vec::new()),
        after_failure: None,
        ambiguous: Vec::new(),
        link: None,
        upstream: None,
    }
}

/// What one rule says of a patch in a tree.
pub(in crate::lint) fn in_tree(id: &str, bytes: &[u8], facts: &PatchFacts) -> Vec<Judged> {
    let mut settings = Settings::default();
    settings.select(crate::lint::rule(id).expect("the rule is there"));
    let drafts = crate::patch::examine("x.patch", bytes).expect("a patch");
    tree(Subject { name: "x.patch", path: "x.patch" }, &Mail::new(&drafts[0], &settings), facts)
}
