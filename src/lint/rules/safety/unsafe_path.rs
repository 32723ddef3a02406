//! X001: a path that leaves the tree.

use bstr::ByteSlice as _;

use crate::diff::safety::{Refusal, check as refusal};
use crate::diff::unquote;
use crate::finding::{About, Severity};
use crate::lint::mail::{Line, Mail};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "X001",
        name: "unsafe-path",
        severity: Severity::Error,
        summary: "All paths are plain paths inside the tree, outside of git directories.",
        why: "A path with '..', an absolute one or one into '.git' writes files that are not of the kernel: on the machine \
              of whoever applies the patch. git and patch refuse some of them, tools around them do not.",
        source: "git-apply(1): --unsafe-paths; CVE-2014-9390, CVE-2015-1196, CVE-2023-23946",
    },
    fix: None,
    good: Sample::Diff("--- a/net/x.c\n+++ b/net/x.c\n@@ -1 +1 @@\n-a\n+b\n"),
    bad: Sample::Diff("--- a/../../etc/x\n+++ b/../../etc/x\n@@ -1 +1 @@\n-a\n+b\n"),
    check: Check::Patch(check),
};

/// The header lines with names, and whether -p1 takes something off them.
const NAMED: [(&[u8], bool); 7] = [
    (b"--- ", true),
    (b"+++ ", true),
    (b"Index: ", true),
    (b"rename from ", false),
    (b"rename to ", false),
    (b"copy from ", false),
    (b"copy to ", false),
];

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for (at, diff) in mail.diffs().iter().enumerate() {
        // Submodules are told by their mode.
        let refused = refusal(diff).err().filter(|refusal| !matches!(refusal, Refusal::Submodule(_)));
        let climbing = mail.diff_header(at).find(climbs);
        let place = climbing.as_ref().map_or(diff.span.start..diff.span.start, |line| line.span.clone());
        let message = match (refused, &climbing) {
            (Some(refusal), _) => refusal.to_string(),
            (None, Some(line)) => format!("'{}' names a path that leaves its directory", visible(line.text)),
            (None, None) => continue,
        };
        notes.at(place, message).help("do not apply it; ask where the patch comes from");
    }
}

/// True for a header line whose name climbs out of the tree, even if it is not the one that git takes.
fn climbs(line: &Line<'_>) -> bool {
    let name = NAMED.iter().find_map(|(start, strips)| line.text.strip_prefix(*start).map(|name| (name, *strips)));
    let Some((rest, strips)) = name else { return false };
    let quoted = unquote(rest);
    let name = match &quoted {
        Some((name, _)) => name.as_slice(),
        None => rest.split(|byte| *byte == b'\t').next().unwrap_or_default(),
    };
    let name = if strips { name.split_once_str("/").map_or(&b""[..], |(_, rest)| rest) } else { name };
    name.split(|byte| matches!(byte, b'/' | b'\\')).any(|component| component == b"..")
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    const HUNK: &str = "@@ -1 +1 @@\n-a\n+b\n";

    #[test]
    fn paths_that_leave() {
        for header in [
            "--- a/.git/hooks/x\n+++ b/.git/hooks/x\n",
            "--- a//etc/x\n+++ b//etc/x\n",
            "--- a/C:x\n+++ b/C:x\n",
            "--- \"a/x\\000y\"\n+++ \"b/x\\000y\"\n",
            "--- \"a/x\\ny\"\n+++ \"b/x\\ny\"\n",
            "--- a/x.c\n+++ b/../x.c\n",
            "Index: a/../../x.c\n==========\n--- a/x.c\n+++ b/x.c\n",
            "diff --git a/x b/../y\nsimilarity index 90%\nrename from x\nrename to ../y\n--- a/x\n+++ b/../y\n",
        ] {
            let judged = Files::diff(&format!("{header}{HUNK}")).says("X001");
            assert_eq!(judged.len(), 1, "{header}: {judged:#?}");
        }
    }

    #[test]
    fn plain_paths() {
        for header in [
            "--- a/net/..x/y..c\n+++ b/net/..x/y..c\n",
            "--- a/.gitignore\n+++ b/.gitignore\n",
            "--- ../linux.orig/net/x.c\n+++ ../linux/net/x.c\n",
        ] {
            let judged = Files::diff(&format!("{header}{HUNK}")).says("X001");
            assert!(judged.is_empty(), "{header}: {judged:#?}");
        }
        let module = "diff --git a/m b/m\nnew file mode 160000\nindex 000000000000..0123456789ab\n--- /dev/null\n+++ b/m\n\
                      @@ -0,0 +1 @@\n+Subproject commit 0123456789abcdef0123456789abcdef01234567\n";
        assert!(Files::diff(module).says("X001").is_empty());
    }
}
