//! P010: a patch that is not what its source is, and does not say so.

use bstr::ByteSlice as _;

use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P010",
        name: "unmarked-change",
        severity: Severity::Warning,
        summary: "A patch that differs from the commit that it names says so in its message.",
        why: "Who reads that a patch is a commit of upstream takes its review and its tests for granted. A difference that \
              nothing mentions is one that nobody has looked at.",
        source: "Documentation/process/stable-kernel-rules.rst: deviations are to be documented",
    },
    fix: None,
    good: Sample::Words("a pick with other lines than its commit and '[name: left out the part that 6.6 lacks]'"),
    bad: Sample::Words("a pick with other lines than its commit and no word of it"),
    check: Check::History(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Some(upstream) = &facts.upstream else { return };
    // Of several commits, the patch need be only one.
    let known = || upstream.claims.iter().filter_map(|claim| claim.is_same.map(|same| (claim, same)));
    let Some((claim, false)) = known().next() else { return };
    if known().any(|(_, same)| same)
        || !mail.provenance.backports.is_empty()
        || mail.body.iter().any(|l| notes_it(l.text))
    {
        return;
    }
    notes
        .at(mail.line_place(claim.line), "the patch changes other lines than this commit, and nothing says why")
        .help("add a line '[your name: what is different, and why]' above the sign-offs");
}

/// True for a line that says that the patch was changed on its way.
fn notes_it(line: &[u8]) -> bool {
    let lower = line.to_ascii_lowercase();
    lower.find(b"backport").is_some() || lower.starts_with(b"conflicts:") || is_note(line)
}

/// `[name: …`, with the name of a person and no more than that.
fn is_note(line: &[u8]) -> bool {
    let Some((name, rest)) = line.trim_start().strip_prefix(b"[").and_then(|rest| rest.split_once_str(":")) else {
        return false;
    };
    let name = name.trim();
    let is_name = !name.is_empty() && name.len() <= 60 && name.iter().any(u8::is_ascii_alphabetic);
    is_name && !name.contains(&b']') && !rest.starts_with(b"//")
}

#[cfg(test)]
mod tests {
    use super::notes_it;

    #[test]
    fn words_that_say_that_a_patch_was_changed() {
        for line in ["[bwh: adjusted context]", "[ Sasha: left out a hunk", "(backported from commit 1)", "Conflicts:"]
        {
            assert!(notes_it(line.as_bytes()), "{line}");
        }
        for line in ["[ Upstream commit 0123 ]", "[   12.3] BUG: x", "[http://x]", "[x]: y", "Text."] {
            assert!(!notes_it(line.as_bytes()), "{line}");
        }
    }
}
