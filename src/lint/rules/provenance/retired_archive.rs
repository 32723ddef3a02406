//! P014: a link into an archive that is gone or goes.

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P014",
        name: "retired-archive",
        severity: Severity::Info,
        summary: "Links to postings lead to lore.kernel.org.",
        why: "Archives of mailing lists come and go, and their links name no message id by which the mail could be found \
              elsewhere. lore.kernel.org is kept by those who keep the kernel.",
        source: "scripts/checkpatch.pl, PREFER_LORE_ARCHIVE",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::Message("mm: fix a leak\n\nFree it.\n\nLink: https://lore.kernel.org/r/1@example.org"),
    bad: Sample::Message("mm: fix a leak\n\nFree it.\n\nLink: https://lkml.kernel.org/r/1@example.org"),
    check: Check::Patch(check),
};

/// Hosts, or hosts with the beginning of a path.
const RETIRED: [&str; 7] = [
    "lkml.org",
    "marc.info",
    "gmane.org",
    "spinics.net",
    "mail-archive.com",
    "lists.infradead.org/pipermail",
    "lkml.kernel.org",
];

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for (at, value) in mail.keyed("Origin").chain(mail.keyed("Link")) {
        let Some(start) = value.find(b"://").map(|at| at + 3) else { continue };
        let url = value[start..].fields().next().unwrap_or_default();
        let Some(host) = RETIRED.into_iter().find(|host| is_at(url, host)) else { continue };
        let place = mail.line_place(at);
        let note = notes.at(place.clone(), format!("a link to {host}, which may not last"));
        note.help("link to the same mail on lore.kernel.org");
        // The message id is all that this address holds.
        if url.starts_with(b"lkml.kernel.org/r/")
            && let Some(offset) = mail.text[place.clone()].find(b"lkml.kernel.org/r/")
        {
            let host = place.start + offset..place.start + offset + "lkml".len();
            note.risky(FixKind::Edit(vec![(host, b"lore".to_vec())]));
        }
    }
}

/// True if the address, without its scheme, is at that host or below it.
fn is_at(url: &[u8], place: &str) -> bool {
    let (wanted, folder) = place.split_once('/').unwrap_or((place, ""));
    let (host, path) = url.split_once_str("/").unwrap_or((url, b""));
    let host = host.to_ascii_lowercase();
    let is_host = host.strip_suffix(wanted.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.ends_with(b"."));
    is_host && path.starts_with(folder.as_bytes())
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn hosts() {
        let says = |link: &str| Files::message(&format!("mm: x\n\nText.\n\n{link}")).says("P014").len();
        for link in ["Link: http://www.spinics.net/1", "Origin: https://lkml.org/1", "Link: http://mid.gmane.org/1"] {
            assert_eq!(says(link), 1, "{link}");
        }
        for link in
            ["Link: https://lists.infradead.org/x", "See https://lkml.org/1", "Link: https://notlkml.org/", "Link: x"]
        {
            assert_eq!(says(link), 0, "{link}");
        }
    }
}
