//! X007: a patch writes through a link that the set makes.

use std::collections::HashMap;

use bstr::ByteSlice as _;

use crate::finding::{About, Severity};
use crate::lint::member::Group;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "X007",
        name: "through-symlink",
        severity: Severity::Error,
        summary: "No patch writes to or through a symbolic link that the set makes.",
        why: "The file lands where the link points. One patch makes a harmless link, a later one writes 'link/file': each \
              of them looks good alone, together they write anywhere.",
        source: "git-apply(1) refuses paths beyond a symbolic link, after CVE-2023-23946",
    },
    fix: None,
    good: Sample::Diff("--- a/dir/x\n+++ b/dir/x\n@@ -1 +1 @@\n-a\n+b\n"),
    bad: Sample::Diff(
        "diff --git a/dir b/dir\nnew file mode 120000\n--- /dev/null\n+++ b/dir\n@@ -0,0 +1 @@\n+/etc\n\\ No newline at end \
         of file\ndiff --git a/dir/x b/dir/x\nnew file mode 100644\n--- /dev/null\n+++ b/dir/x\n@@ -0,0 +1 @@\n+text\n",
    ),
    check: Check::Set(check),
};

/// The links so far, by their components: as much work as the paths are long, however many there are.
#[derive(Default)]
struct Links<'a> {
    /// The place that a component leads to, from another place; 0 is the top.
    steps: HashMap<(usize, &'a [u8]), usize>,
    /// Which places are links, and by which member.
    made: HashMap<usize, usize>,
}

impl<'a> Links<'a> {
    fn add(&mut self, path: &'a [u8], member: usize) {
        let mut place = 0;
        for component in path.split_str("/") {
            let next = self.steps.len() + 1;
            place = *self.steps.entry((place, component)).or_insert(next);
        }
        self.made.insert(place, member);
    }

    /// The first link on the way: who made it, and how many bytes of the path lead to it.
    fn on(&self, path: &[u8]) -> Option<(usize, usize)> {
        let (mut place, mut end) = (0, 0);
        for component in path.split_str("/") {
            place = *self.steps.get(&(place, component))?;
            end += component.len();
            if let Some(member) = self.made.get(&place) {
                return Some((*member, end));
            }
            end += 1;
        }
        None
    }
}

fn check(group: &Group<'_>, notes: &mut Notes) {
    let mut links = Links::default();
    for (at, member) in group.members.iter().enumerate() {
        for link in &member.links {
            links.add(link, at);
        }
        let through = member.paths.iter().find_map(|path| {
            let (by, end) = links.on(path)?;
            // The link itself may be made, and made anew.
            (end < path.len() || by != at).then_some((path, by, end))
        });
        if let Some((path, by, end)) = through {
            let message = format!(
                "writes '{}', where '{}' makes '{}' a symbolic link",
                visible(path),
                visible(group.members[by].name.as_bytes()),
                visible(&path[..end])
            );
            notes.on(at, message).help("do not apply it; ask where the patch comes from");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::rules::testing::{diff, mail, set};

    fn link(path: &str, to: &str) -> Vec<u8> {
        let diff = format!(
            "diff --git a/{path} b/{path}\nnew file mode 120000\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{to}\n\
             \\ No newline at end of file\n"
        );
        mail("x: link", &diff)
    }

    #[test]
    fn later_patches_count() {
        let write = |path: &str| mail("x: write", &diff(path, "@@ -1 +1 @@\n-a\n+b\n"));
        let says = |patches: &[Vec<u8>]| -> Vec<String> {
            set(patches).says("X007").into_iter().map(|judged| judged.finding.message).collect()
        };
        assert_eq!(
            says(&[link("a/b", "/etc"), write("a/b/c/d")]),
            ["writes 'a/b/c/d', where '0001-x-link.patch' makes 'a/b' a symbolic link"]
        );
        assert_eq!(says(&[link("a/b", "/etc"), write("a/b")]).len(), 1);
        assert!(says(&[link("a/b", "/etc"), write("a/bc"), write("a"), write("b")]).is_empty());
        assert!(says(&[write("a/b/c"), link("a/b", "/etc")]).is_empty());
        assert!(says(&[link("a/b", "/etc"), link("a/b", "/usr")]).is_empty());
    }
}
