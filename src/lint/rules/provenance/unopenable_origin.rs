//! P004: an origin that nobody can open.

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::provenance::hex_digits;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P004",
        name: "unopenable-origin",
        severity: Severity::Warning,
        summary: "An 'Origin:' line holds a link that a reader can open.",
        why: "An address that asks for a login, or the word that it came by mail, leads nobody to the patch: what upstream \
              said of it, and its later versions, cannot be found.",
        source: "seed, Working with Linux kernel patches: a link to the source",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>\n\
         Origin: upstream, https://git.kernel.org/linus/0123456789abcdef0123456789abcdef01234567",
    ),
    bad: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>\n\
         Origin: git@github.com:example/linux.git",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for (at, value) in mail.keyed("Origin") {
        if has_url(value) || (mail.settings.profile.dep3 && has_commit(value)) {
            continue;
        }
        let place = mail.line_place(at);
        let found = mail.text[place.clone()].find(b"git@").and_then(|start| {
            let rest = &mail.text[place.start + start..place.end];
            let word = rest.fields().next().unwrap_or_default().trim_end_with(|c| matches!(c, ',' | ';' | ')' | '>'));
            https(word).map(|url| (place.start + start..place.start + start + word.len(), url))
        });
        match found {
            Some((word, url)) => {
                let help = format!("write {}", crate::text::visible(&url));
                let note = notes.at(word.clone(), "an address that only those with a key to that host can open");
                note.help(help).safe(FixKind::Edit(vec![(word, url)]));
            }
            None if value.is_empty() => drop(notes.at(place, "an empty 'Origin:' line").help(HELP)),
            None => drop(notes.at(place, "no link that can be opened").help(HELP)),
        }
    }
}

const HELP: &str = "name the commit or the posting by its http, https or git address";

/// True for an address that can be opened without a key.
fn has_url(value: &[u8]) -> bool {
    ["http://", "https://", "git://"].iter().any(|scheme| {
        let at = value.to_ascii_lowercase().find(scheme.as_bytes());
        at.is_some_and(|at| value.get(at + scheme.len()).is_some_and(u8::is_ascii_alphanumeric))
    })
}

/// `commit:<id>`, as DEP-3 has it.
fn has_commit(value: &[u8]) -> bool {
    value.find(b"commit:").is_some_and(|at| hex_digits(&value[at + 7..]) >= 7)
}

/// `git@host:owner/name` as an address that anybody can open.
fn https(word: &[u8]) -> Option<Vec<u8>> {
    let (host, path) = word.strip_prefix(b"git@")?.split_once_str(":")?;
    let is_host = host.contains(&b'.') && host.iter().all(|b| b.is_ascii_alphanumeric() || b".-".contains(b));
    let is_path = path.iter().all(|b| b.is_ascii_alphanumeric() || b"._/~+-".contains(b))
        && path.split(|byte| *byte == b'/').all(|part| !part.is_empty() && part != b"..")
        && path.contains(&b'/');
    let path = path.strip_suffix(b".git").unwrap_or(path);
    (is_host && is_path).then(|| [b"https://", host, b"/", path, b".git"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::Files;
    use crate::lint::{Settings, profile};

    #[test]
    fn addresses() {
        for (word, url) in [
            ("git@github.com:a/b.git", Some("https://github.com/a/b.git")),
            ("git@gitlab.com:a/b/c", Some("https://gitlab.com/a/b/c.git")),
            ("git@host:a/b", None),
            ("git@github.com:b", None),
            ("git@github.com:a/../b", None),
            ("git@github.com:/a", None),
            ("git@github.com", None),
        ] {
            assert_eq!(https(word.as_bytes()).as_deref(), url.map(str::as_bytes), "{word}");
        }
    }

    #[test]
    fn what_can_be_opened() {
        let origin =
            |value: &str| Files::message(&format!("mm: x\n\nFree it.\n\nAcked-by: A <a@b.c>\nOrigin: {value}"));
        for value in ["https://x.org/1", "git://git.kernel.org/x v6.1", "backport, HTTP://a.b/c"] {
            assert!(origin(value).says("P004").is_empty(), "{value}");
        }
        for value in ["Email from A", "", "https://", "ssh://git@host.org/x", "commit:0123456789ab"] {
            assert_eq!(origin(value).says("P004").len(), 1, "{value}");
        }
        let debian = Settings::new(profile("debian").expect("it is there"));
        assert!(!origin("upstream, commit:0123456789ab").fired(&debian).contains("P004"));
    }
}
