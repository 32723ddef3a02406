//! X004: a patch writes a file that does not belong into the tree.

use bstr::ByteSlice as _;

use crate::diff::FileDiff;
use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "X004",
        name: "stray-target",
        severity: Severity::Error,
        summary: "No backup, reject, lock, configuration or result of a build is patched.",
        why: "Such files got into the diff because somebody compared a tree that was in use. A '.config' or an object file \
              that comes with a patch makes the build use it instead of its own.",
        source: "Documentation/process/5.Posting.rst warns of backup files and generated files; the kernel's .gitignore",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::Diff("--- a/net/x.c\n+++ b/net/x.c\n@@ -1 +1 @@\n-a\n+b\n"),
    bad: Sample::Diff(
        "--- a/net/x.c\n+++ b/net/x.c\n@@ -1 +1 @@\n-a\n+b\n--- /dev/null\n+++ b/net/x.c.orig\n@@ -0,0 +1 @@\n+a\n",
    ),
    check: Check::Patch(check),
};

/// How names end that tools give.
const ENDS: [&[u8]; 9] = [b"~", b".orig", b".rej", b".swp", b".swo", b".o", b".ko", b".o.cmd", b".patch-e"];

/// Names of what a build makes.
const NAMES: [&[u8]; 9] = [
    b".config",
    b".config.old",
    b"vmlinux",
    b"vmlinuz",
    b"bzImage",
    b"System.map",
    b"Module.symvers",
    b"modules.order",
    b"modules.builtin",
];

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let stray = |diff: &&FileDiff| diff.new_path.as_ref().is_some_and(|path| is_stray(path));
    let all = mail.diffs();
    let found: Vec<&FileDiff> = all.iter().filter(stray).collect();
    for diff in &found {
        let message = format!("writes '{}', which is no source", visible(diff.path()));
        let note = notes.at(diff.span.start..diff.span.start, message);
        note.help("leave the file out");
        if found.len() < all.len() {
            note.risky(FixKind::Edit(vec![(diff.span.clone(), Vec::new())]));
        }
    }
}

fn is_stray(path: &[u8]) -> bool {
    let name = path.rsplit_once_str("/").map_or(path, |(_, name)| name);
    let is_emacs = name.starts_with(b".#") || (name.len() > 1 && name.starts_with(b"#") && name.ends_with(b"#"));
    is_emacs || NAMES.contains(&name) || ENDS.iter().any(|end| name.len() > end.len() && name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::Files;

    #[test]
    fn names() {
        for path in ["x.c.orig", "a/x.rej", "a/x.c~", "a/.x.c.swp", ".config", "vmlinux", "a/b.o", "a/#x.c#", "a/.#x"] {
            assert!(is_stray(path.as_bytes()), "{path}");
        }
        for path in [
            "arch/x86/configs/x.config",
            "kernel/configs/kvm_guest.config",
            "arch/x86/boot/compressed/vmlinux.lds.S",
            "drivers/x.o_shipped",
            "net/origin.c",
            "tools/testing/selftests/net/config",
            "a/.o",
            "vmlinux/x.c",
            "~",
            "",
        ] {
            assert!(!is_stray(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn a_patch_may_remove_them_and_must_keep_something() {
        let gone = "--- a/x.orig\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n";
        assert!(Files::diff(gone).says("X004").is_empty());
        let judged = Files::diff("--- /dev/null\n+++ b/x.orig\n@@ -0,0 +1 @@\n+a\n").says("X004");
        assert!(judged.len() == 1 && judged[0].fix.is_none());
    }
}
