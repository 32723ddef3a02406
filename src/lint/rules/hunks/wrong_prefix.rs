//! H005: names from which -p1 would take a directory that belongs to them.

use std::borrow::Cow;

use bstr::ByteSlice as _;

use crate::diff::unquote;
use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::{Line, Mail};
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "H005",
        name: "wrong-prefix",
        severity: Severity::Error,
        summary: "Names in diffs have a directory in front that -p1 takes off, such as a/ and b/.",
        why: "git am and the image build take the first directory off every name. From 'net/core/dev.c' they make \
              'core/dev.c', which does not exist, or is another file.",
        source: "LinuxKit's kernel build: patch -t -F0 -N -u -p1; git-am(1): -p1; git-diff(1): --no-prefix",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::Diff("--- linux.orig/net/core/dev.c\n+++ linux/net/core/dev.c\n@@ -1 +1 @@\n-a\n+b\n"),
    bad: Sample::Diff("--- net/core/dev.c\n+++ net/core/dev.c\n@@ -1 +1 @@\n-a\n+b\n"),
    check: Check::Patch(check),
};

/// The directories at the top of the kernel.
const TOP: [&str; 24] = [
    "arch",
    "block",
    "certs",
    "crypto",
    "Documentation",
    "drivers",
    "fs",
    "include",
    "init",
    "io_uring",
    "ipc",
    "kernel",
    "lib",
    "LICENSES",
    "mm",
    "net",
    "rust",
    "samples",
    "scripts",
    "security",
    "sound",
    "tools",
    "usr",
    "virt",
];

/// A name in a header line.
struct Name<'a> {
    /// Where it stands in the text; behind the quote of a quoted one.
    at: usize,
    name: Cow<'a, [u8]>,
}

/// The names of one diff.
#[derive(Default)]
struct Names<'a> {
    git: Option<(Name<'a>, Name<'a>)>,
    index: Option<Name<'a>>,
    old: Option<Name<'a>>,
    new: Option<Name<'a>>,
}

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let mut first = None;
    let mut wrong = 0_usize;
    let mut edits = Vec::new();
    for at in 0..mail.diffs().len() {
        let names = Names::of(mail.diff_header(at));
        let found = names.edits();
        if let (Some((place, name)), false) = (names.shown(), found.is_empty()) {
            wrong += 1;
            first.get_or_insert((place, visible(name)));
            edits.extend(found);
        }
    }
    let Some((place, name)) = first else { return };
    let more = if wrong == 1 { String::new() } else { format!(" (and in {} more files)", wrong - 1) };
    notes
        .at(place..place + name.len(), format!("no directory in front of '{name}' that -p1 may take off{more}"))
        .help("write a/ and b/ in front of the names")
        .risky(FixKind::Edit(edits));
}

impl<'a> Names<'a> {
    fn of(header: impl Iterator<Item = Line<'a>>) -> Self {
        let mut names = Self::default();
        for line in header {
            if line.text.starts_with(b"diff --git ") {
                names.git = pair(&line, 11);
            } else if line.text.starts_with(b"Index: ") {
                names.index = name(&line, 7);
            } else if line.text.starts_with(b"--- ") {
                names.old = name(&line, 4);
            } else if line.text.starts_with(b"+++ ") {
                names.new = name(&line, 4);
            }
        }
        names
    }

    /// The name before and the name after, as far as there are such files.
    fn both(&self) -> (Option<&Name<'a>>, Option<&Name<'a>>) {
        match (&self.old, &self.new, &self.git) {
            (None, None, Some((old, new))) => (Some(old), Some(new)),
            (old, new, _) => (old.as_ref(), new.as_ref()),
        }
    }

    /// The name to show.
    fn shown(&self) -> Option<(usize, &[u8])> {
        let (old, new) = self.both();
        old.filter(|old| needs_prefix(Some(old), new)).or(new).map(|name| (name.at, name.name.as_ref()))
    }

    /// What puts prefixes in front of the names that need them.
    fn edits(&self) -> Vec<(std::ops::Range<usize>, Vec<u8>)> {
        let (old, new) = self.both();
        let (is_old_wrong, is_new_wrong) = (needs_prefix(old, new), needs_prefix(new, old));
        let mut edits = Vec::new();
        let mut put = |name: Option<&Name<'a>>, prefix: &[u8]| {
            edits.extend(name.map(|name| (name.at..name.at, prefix.to_vec())));
        };
        let target = new.or(old).filter(|_| is_new_wrong || is_old_wrong);
        let (old, new) = (self.old.as_ref().filter(|_| is_old_wrong), self.new.as_ref().filter(|_| is_new_wrong));
        put(self.index.as_ref().filter(|index| target.is_some_and(|target| target.name == index.name)), b"b/");
        if let (Some((before, after)), Some(_)) = (&self.git, target) {
            put(Some(before).filter(|name| needs_prefix(Some(name), Some(after))), b"a/");
            put(Some(after).filter(|name| needs_prefix(Some(name), Some(before))), b"b/");
        }
        put(old, b"a/");
        put(new, b"b/");
        edits.sort_by_key(|(range, _)| range.start);
        edits
    }
}

/// The name that begins at `start` of a line; `None` for `/dev/null`.
fn name<'a>(line: &Line<'a>, start: usize) -> Option<Name<'a>> {
    let rest = &line.text[start..];
    let at = line.span.start + start;
    if let Some((name, _)) = unquote(rest) {
        return Some(Name { at: at + 1, name: Cow::Owned(name.into()) });
    }
    let name = rest.split(|byte| *byte == b'\t').next().unwrap_or_default();
    let is_null = name == b"/dev/null" || name.starts_with(b"/dev/null ");
    (!is_null && !name.is_empty()).then_some(Name { at, name: Cow::Borrowed(name) })
}

/// The two names of a `diff --git` line, where it is clear which is which.
fn pair<'a>(line: &Line<'a>, start: usize) -> Option<(Name<'a>, Name<'a>)> {
    let rest = &line.text[start..];
    let middle = rest.len() / 2;
    let is_twice = rest.get(middle) == Some(&b' ') && rest[..middle] == rest[middle + 1..];
    let blank = if is_twice { middle } else { rest.find_byte(b' ').filter(|at| rest.rfind_byte(b' ') == Some(*at))? };
    let at = line.span.start + start;
    let is_quoted = rest.contains(&b'"');
    (!is_quoted).then(|| {
        let name = |from: usize, to: usize| Name { at: at + from, name: Cow::Borrowed(&rest[from..to]) };
        (name(0, blank), name(blank + 1, rest.len()))
    })
}

/// True if -p1 cannot take anything off a name, or takes off what is no prefix: a directory of the kernel that both
/// names begin with.
fn needs_prefix(name: Option<&Name<'_>>, other: Option<&Name<'_>>) -> bool {
    let Some((first, rest)) = name.and_then(|name| split(&name.name)) else { return name.is_some() };
    let is_same = other.is_none_or(|other| split(&other.name).is_some_and(|(other, _)| other == first));
    let is_top = |name: &[u8]| TOP.iter().any(|top| top.as_bytes() == name);
    // A tree may be called kernel; but no directory of kernel/ is called as one at the top.
    let is_tree = first == b"kernel" && split(rest).is_some_and(|(second, _)| is_top(second));
    is_same && is_top(first) && !is_tree
}

/// The first directory of a path, and what follows it.
fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    path.split_once_str("/")
}

#[cfg(test)]
mod tests {
    use crate::finding::{FixClass, Severity};
    use crate::lint::rule;
    use crate::lint::settings::Settings;
    use crate::lint::tests::Files;
    use crate::lint::{Allowed, Subject, fix_file};

    const HUNK: &str = "@@ -1 +1 @@\n-a\n+b\n";

    fn says(header: &str) -> usize {
        Files::diff(&format!("{header}{HUNK}")).says("H005").len()
    }

    #[test]
    fn prefixes_of_any_kind_are_fine() {
        for header in [
            "--- a/net/x.c\n+++ b/net/x.c\n",
            "--- linux-6.1/net/x.c\n+++ linux-6.1.new/net/x.c\n",
            "--- linux/net/x.c.orig\n+++ linux/net/x.c\n",
            "--- kernel.orig/mm/x.c\n+++ kernel/mm/x.c\n",
            "--- kernel/mm/x.c\n+++ kernel/mm/x.c\n",
            "--- /dev/null\n+++ b/net/x.c\n",
            "Index: linux/net/x.c\n==========\n--- linux.orig/net/x.c\t2020-01-01 00:00:00\n+++ linux/net/x.c\t2020\n",
            "Index: net/x.c\n==========\n--- a/net/x.c\n+++ b/net/x.c\n",
            "--- i/net/x.c\n+++ w/net/x.c\n",
            "--- \"a/net/\\303\\244\"\n+++ \"b/net/\\303\\244\"\n",
            "--- a/Makefile\n+++ b/Makefile\n",
            "diff --git a/net/a b.c b/net/a b.c\n--- a/net/a b.c\n+++ b/net/a b.c\n",
        ] {
            assert_eq!(says(header), 0, "{header}");
        }
        let pure = "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n";
        assert!(Files::diff(pure).says("H005").is_empty());
    }

    #[test]
    fn the_fix_gives_the_names_that_were_meant() {
        let settings = {
            let mut settings = Settings::default();
            settings.select(rule("H005").expect("it is there"));
            settings
        };
        for (diff, expected) in [
            (format!("--- Makefile\n+++ Makefile\n{HUNK}"), "Makefile"),
            (format!("--- net/core/x.c\n+++ net/core/x.c\n{HUNK}"), "net/core/x.c"),
            (format!("--- drivers/net/x.c.orig\t2020\n+++ drivers/net/x.c\t2020\n{HUNK}"), "drivers/net/x.c"),
            (format!("Index: mm/x.c\n==========\n--- mm/x.c\n+++ mm/x.c\n{HUNK}"), "mm/x.c"),
            (format!("diff --git mm/x.c mm/x.c\nindex 12..34 100644\n--- mm/x.c\n+++ mm/x.c\n{HUNK}"), "mm/x.c"),
            (format!("--- \"mm/\\303\\244.c\"\n+++ \"mm/\\303\\244.c\"\n{HUNK}"), "mm/ä.c"),
            ("--- /dev/null\n+++ mm/x.c\n@@ -0,0 +1 @@\n+b\n".to_owned(), "mm/x.c"),
            ("diff --git mm/x.c mm/x.c\nold mode 100644\nnew mode 100755\n".to_owned(), "mm/x.c"),
        ] {
            let files = Files::diff(&diff);
            let subject = Subject { name: "x.patch", path: "x.patch" };
            let allowed = Allowed { class: FixClass::Unsafe, from: Severity::Info };
            let fixed = fix_file(subject, &files.patches[0].1, &settings, allowed, &|_| true);
            assert_eq!(fixed.fixed.len(), 1, "{diff}");
            let drafts = crate::patch::examine("x", &fixed.bytes).expect("a patch");
            assert_eq!(drafts[0].diff.as_ref().expect("a diff")[0].path(), expected, "{diff}");
        }
    }
}
