//! N008: a patch that nobody applies, because of its name.

use std::collections::HashSet;

use super::numbers::has_series;
use super::stray_file::is_stray;
use crate::finding::{About, FixClass, Severity};
use crate::lint::member::{Entry, Group};
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::patch_set::is_patch_name;
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "N008",
        name: "ignored-patch",
        severity: Severity::Error,
        summary: "Every patch in the directory is called '*.patch', not hidden, and not in a directory of its own.",
        why: "A build applies '*.patch' and nothing else. A patch of another name is not applied, and nobody is told: the \
              kernel lacks the change that its patch set seems to have.",
        source: "the image build of LinuxKit applies 'patches/*.patch'; the shell's '*' matches no leading dot and no '/'",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::Names(&["0001-a.patch", "README"]),
    bad: Sample::Names(&["0001-a.patch", "0002-b.PATCH"]),
    check: Check::Set(check),
};

/// How patches are called.
const PATCHES: [&str; 2] = [".patch", ".diff"];

/// What compresses a patch, so that no new name helps.
const PACKED: [&str; 5] = [".gz", ".xz", ".bz2", ".zst", ".lzma"];

fn check(group: &Group<'_>, notes: &mut Notes) {
    let mut taken: HashSet<String> = group.members.iter().map(|member| member.name.clone()).collect();
    for entry in group.entries {
        if entry.is_dir {
            let is_hidden = entry.name.starts_with('.');
            if entry.has_patches && !is_hidden && !has_series(group) {
                notes
                    .entry(&entry.name, "a directory with patches, which '*.patch' does not find")
                    .help("move them up, or out of the way");
            }
        } else if let Some(reason) = reason(entry) {
            let note = notes.entry(&entry.name, format!("a patch that '*.patch' does not find: {reason}"));
            match new_name(&entry.name).filter(|name| taken.insert(name.clone())) {
                Some(name) => {
                    note.help(format!("rename it '{}'", visible(name.as_bytes()))).risky(FixKind::Rename(name))
                }
                None => note.help("unpack it, or give it a name of its own that ends in '.patch'"),
            };
        }
    }
}

/// Why a file is not found that means to be a patch; `None` for other files.
fn reason(entry: &Entry) -> Option<&'static str> {
    let name = entry.name.to_ascii_lowercase();
    let is_patch = |name: &str| PATCHES.iter().any(|end| name.ends_with(end));
    if is_stray(&entry.name) || is_patch_name(&entry.name) {
        return None;
    }
    if let Some(inner) = PACKED.iter().find_map(|end| name.strip_suffix(end)) {
        return is_patch(inner).then_some("it is packed");
    }
    if name.strip_suffix(".txt").is_some_and(is_patch) {
        return Some("it ends in '.txt'");
    }
    if !is_patch(&name) {
        return None;
    }
    Some(if name.starts_with('.') {
        "it is hidden"
    } else if name.ends_with(PATCHES[1]) {
        "it ends in '.diff'"
    } else {
        "case counts"
    })
}

/// The name under which a file would be found, if another name is all that it needs.
fn new_name(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let text = lower.strip_suffix(".txt").unwrap_or(&lower);
    let stem = text.strip_suffix(".patch").or_else(|| text.strip_suffix(".diff"))?;
    let stem = name[..stem.len()].trim_start_matches('.');
    Some(format!("{stem}.patch")).filter(|name| is_patch_name(name))
}

#[cfg(test)]
mod tests {
    use crate::lint::note::FixKind;
    use crate::lint::tests::Files;

    #[test]
    fn names_that_the_shell_passes_over() {
        let fixes = |names: &[&str]| -> Vec<Option<FixKind>> {
            Files::names(names).says("N008").into_iter().map(|judged| judged.fix.map(|fix| fix.kind)).collect()
        };
        let to = |name: &str| Some(FixKind::Rename(name.to_owned()));
        assert_eq!(
            fixes(&["1.diff", "2.PATCH", ".3.patch", "4.patch.txt", "5.patch.gz", "more/", ".patch"]),
            [to("1.patch"), to("2.patch"), to("3.patch"), to("4.patch"), None, None, None]
        );
        assert_eq!(fixes(&["1.diff", "1.patch", "2.diff", "2.Patch"]), [None, to("2.patch"), None]);
        assert!(fixes(&["README", "series", ".gitignore", "x.orig", ".x.patch.swp", "notes.txt", "İ.txt"]).is_empty());
        assert_eq!(fixes(&["İ.DIFF"]), [to("İ.patch")]);
    }
}
