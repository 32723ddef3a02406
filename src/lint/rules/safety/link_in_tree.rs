//! X008: a patch writes through a link of the base.

use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "X008",
        name: "link-in-tree",
        severity: Severity::Error,
        summary: "No patch writes to or through a path that is a symbolic link in the tree it is applied to.",
        why: "The file that changes is the one that the link points to, under another name than the patch says; git am \
              refuses that, and whoever reviews it looks at the wrong file.",
        source: "git-apply(1): 'is beyond a symbolic link'; patch(1): 'is not a regular file -- refusing to patch'",
    },
    fix: None,
    good: Sample::Words("a patch for Documentation/process/changes.rst"),
    bad: Sample::Words("a patch that writes Documentation/Changes as a file, which is a link to it"),
    check: Check::Tree(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Some(link) = &facts.link else { return };
    let lies = |path: &[u8]| path.strip_prefix(link.as_bytes()).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
    let diff = mail.diffs().iter().find(|diff| lies(diff.path()));
    let place = diff.map_or_else(|| mail.subject_place(), |diff| diff.span.start..diff.span.start);
    notes
        .at(place, format!("'{}' is a symbolic link in {}", visible(link.as_bytes()), visible(facts.base.as_bytes())))
        .help("change the file that it points to");
}

#[cfg(test)]
mod tests {
    use crate::lint::rules::testing::{diff, facts, in_tree, mail};

    #[test]
    fn the_diff_is_shown() {
        let patch = mail("x: fix", &diff("x/y", "@@ -1 +1 @@\n-a\n+b\n"));
        let mut facts = facts();
        assert!(in_tree("X008", &patch, &facts).is_empty());
        for (link, source) in
            [("x", "diff --git a/x/y b/x/y"), ("x/y", "diff --git a/x/y b/x/y"), ("z", "Subject: [PATCH] x: fix")]
        {
            facts.link = Some(link.to_owned());
            let judged = in_tree("X008", &patch, &facts);
            assert_eq!(judged[0].finding.source.as_deref(), Some(source));
        }
        assert_eq!(in_tree("X008", &patch, &facts)[0].finding.message, "'z' is a symbolic link in v6.1.1");
    }
}
