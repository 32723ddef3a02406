//! Real patches are in order, and broken ones break no rule's code.

use crate::diff::testing::{SETS, mutated, patches};
use crate::finding::{FixClass, Severity};
use crate::lint::settings::Settings;
use crate::lint::{Allowed, Group, Subject, file, fix_file, set};

/// The families whose errors say that a patch cannot be applied, or must not be.
const FAMILIES: [&str; 4] = ["H", "N", "S", "X"];

#[test]
fn no_error_on_real_patches() {
    let settings = Settings::default();
    for (name, _) in SETS {
        let (mut judged, mut members) = (Vec::new(), Vec::new());
        for (path, bytes) in patches(name) {
            let path = path.file_name().expect("a file").to_string_lossy();
            let lint = file(Subject { name: &path, path: &path }, &bytes, &settings);
            judged.extend(lint.judged);
            members.extend(lint.members);
        }
        let group = Group { path: name, members: &members, entries: &[], is_whole: true, settings: &settings };
        judged.extend(set(&group, None));
        judged.retain(|judged| judged.finding.severity == Severity::Error);
        judged.retain(|judged| FAMILIES.contains(&&judged.finding.rule[..1]));
        assert!(judged.is_empty(), "{name}: {judged:#?}");
    }
}

#[test]
fn wounded_patches_are_told_and_mended() {
    let settings = Settings::default();
    let allowed = Allowed { class: FixClass::Unsafe, from: Severity::Info };
    let subject = Subject { name: "0001-x.patch", path: "x" };
    for bytes in mutated(7, 600) {
        let lint = file(subject, &bytes, &settings);
        let group = Group { path: "x", members: &lint.members, entries: &[], is_whole: true, settings: &settings };
        set(&group, None);
        let fixed = fix_file(subject, &bytes, &settings, allowed, &|_| true);
        assert_eq!(fixed.fixed.is_empty(), fixed.bytes == bytes);
    }
}
