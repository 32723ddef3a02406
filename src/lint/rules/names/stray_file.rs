//! N007: something was left behind by a tool.

use crate::finding::{About, FixClass, Severity};
use crate::lint::member::Group;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "N007",
        name: "stray-file",
        severity: Severity::Warning,
        summary: "The directory of a set holds nothing that an editor, patch or sed left behind.",
        why: "A '.rej' file is a hunk that did not apply and that somebody may have forgotten; backups are old patches \
              that a reader takes for current ones. None of them is applied.",
        source: "Documentation/process/5.Posting.rst warns of backup files; a '.patch-e' by 'sed -i -e' stood in LinuxKit",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::Names(&["0001-a.patch", "README", "series", ".gitignore"]),
    bad: Sample::Names(&["0001-a.patch", "0001-a.patch-e"]),
    check: Check::Set(check),
};

/// How the name ends of what `patch` could not apply.
const REJECT: &str = ".rej";

/// How the names end that tools give what they leave behind.
const ENDS: [&str; 14] = [
    "~", ".orig", ".porig", REJECT, ".bak", ".old", ".save", ".tmp", ".swp", ".swo", ".swn", ".patch-e", ".patch-i",
    ".patch-E",
];

/// True for the name of a backup, a lock or a rest.
pub(super) fn is_stray(name: &str) -> bool {
    let is_sed = name.strip_prefix("sed").is_some_and(|rest| {
        rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
            // `sedation` is a word, `sedaX81Qz` is none.
            && rest.bytes().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    });
    let is_emacs = name.starts_with(".#") || (name.len() > 1 && name.starts_with('#') && name.ends_with('#'));
    is_sed || is_emacs || ENDS.iter().any(|end| name.len() > end.len() && name.ends_with(end))
}

fn check(group: &Group<'_>, notes: &mut Notes) {
    for entry in group.entries.iter().filter(|entry| !entry.is_dir && is_stray(&entry.name)) {
        let message =
            if entry.name.ends_with(REJECT) { "hunks that did not apply" } else { "a file that a tool left behind" };
        notes.entry(&entry.name, message).help("remove it").risky(FixKind::Delete);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::note::FixKind;
    use crate::lint::tests::Files;

    #[test]
    fn only_what_tools_leave() {
        let all = ["0001-a.patch.orig", "x.rej", "series~", ".0001-a.patch.swp", "#x.patch#", ".#x.patch", "sedX81Qz2"];
        let judged = Files::names(&all).says("N007");
        assert_eq!(judged.len(), all.len());
        assert!(judged.iter().all(|judged| judged.fix.as_ref().is_some_and(|fix| fix.kind == FixKind::Delete)));
        let fine =
            ["README", "README.md", "series", ".gitignore", "Makefile", "x.diff", "#", "~", "old.orig/", "sedation"];
        assert!(Files::names(&fine).says("N007").is_empty());
    }
}
