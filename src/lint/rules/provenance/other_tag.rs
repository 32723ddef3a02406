//! P015: the words of another house for where a patch comes from.

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::provenance::subject_tag;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P015",
        name: "other-tag",
        severity: Severity::Info,
        summary: "The source of a patch is named in LinuxKit's own form.",
        why: "Tags of Android, Chromium OS, Yocto and Debian are understood here as a source, but only their own tools \
              make more of them. A picked commit or a link is understood everywhere.",
        source: "seed, Working with Linux kernel patches",
    },
    fix: None,
    good: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)",
    ),
    bad: Sample::Message("BACKPORT: mm: fix a leak\n\nFree it.\n\nUpstream-Status: Pending"),
    check: Check::Patch(check),
};

const HELP: &str = "write '(cherry picked from commit <id>)' or 'Origin: <link>' behind the trailers";

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if let Some(tag) = subject_tag(mail.subject()) {
        notes
            .at(mail.subject_place(), format!("the tag '{tag}' counts as a source, in another form than LinuxKit's"))
            .help(HELP);
    }
    let forwarded = mail.keyed("Forwarded").filter(|_| !mail.settings.profile.dep3).map(|(at, _)| (at, "Forwarded"));
    let status = mail.keyed("Upstream-Status").map(|(at, _)| (at, "Upstream-Status"));
    for (at, key) in status.chain(forwarded) {
        let message = format!("'{key}:' counts as a source, in another form than LinuxKit's");
        notes.at(mail.line_place(at), message).help(HELP);
    }
}
