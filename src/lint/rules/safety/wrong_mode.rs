//! X003: a source that can be executed, or a submodule.

use bstr::ByteSlice as _;

use crate::diff::FileDiff;
use crate::finding::{About, Severity};
use crate::git::MODE_GITLINK;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

const EXECUTABLE: u32 = 0o100_755;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "X003",
        name: "wrong-mode",
        severity: Severity::Warning,
        summary: "Only scripts can be executed, and nothing is a submodule.",
        why: "An executable source comes from a file system without modes, and shows up as a change in every later diff. A \
              submodule is no part of the kernel, and the build has no way to get it.",
        source: "Documentation/dev-tools/checkpatch.rst: execute permissions; gitsubmodules(7)",
    },
    fix: None,
    good: Sample::Diff("diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755\n"),
    bad: Sample::Diff("diff --git a/x.c b/x.c\nold mode 100644\nnew mode 100755\n"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for diff in mail.diffs() {
        let path = visible(diff.path());
        let place = diff.span.start..diff.span.start;
        if diff.old_mode == Some(MODE_GITLINK) || diff.new_mode == Some(MODE_GITLINK) {
            // No way to apply the patch takes it.
            notes.at(place, format!("'{path}' is a submodule")).help("leave it out").severity(Severity::Error);
        } else if becomes_executable(diff) && is_source(diff.path()) {
            notes.at(place, format!("'{path}' becomes executable")).help("leave its mode at 100644");
        }
    }
}

fn becomes_executable(diff: &FileDiff) -> bool {
    diff.new_mode == Some(EXECUTABLE) && diff.old_mode != Some(EXECUTABLE)
}

/// True for files that nobody runs.
fn is_source(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 11] =
        [b".c", b".h", b".S", b".s", b".rs", b".dts", b".dtsi", b".dtso", b".rst", b".txt", b".yaml"];
    let name = path.rsplit_once_str("/").map_or(path, |(_, name)| name);
    let is_kbuild = [b"Kconfig", b"Kbuild".as_slice(), b"Makefile"]
        .iter()
        .any(|stem| name.strip_prefix(*stem).is_some_and(|rest| rest.is_empty() || rest.starts_with(b".")));
    is_kbuild || ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn only_what_becomes_executable() {
        let says =
            |path: &str, modes: &str| Files::diff(&format!("diff --git a/{path} b/{path}\n{modes}")).says("X003").len();
        assert_eq!(says("net/Makefile", "old mode 100644\nnew mode 100755\n"), 1);
        assert_eq!(says("net/x.h", "new file mode 100755\nindex 000000..123456\n"), 1);
        assert_eq!(says("net/x.c", "old mode 100755\nnew mode 100644\n"), 0);
        assert_eq!(says("scripts/checkpatch.pl", "new file mode 100755\nindex 000000..123456\n"), 0);
        assert_eq!(says("tools/Makefiles", "old mode 100644\nnew mode 100755\n"), 0);
        assert_eq!(says("m", "new file mode 160000\nindex 000000..123456\n"), 1);
    }
}
