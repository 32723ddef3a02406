//! Where a patch comes from: the family P.

mod bare_revert;
mod header_origin;
mod local_commit;
mod malformed_pick;
mod malformed_stable;
mod misplaced_origin;
mod misplaced_pick;
mod missing_origin;
mod missing_source;
mod other_tag;
mod retired_archive;
mod several_picks;
mod unknown_commit;
mod unmarked_change;
mod unopenable_origin;

use bstr::ByteSlice as _;

use super::Family;
use crate::lint::mail::Mail;
use crate::lint::provenance::hex_digits;

pub(super) static RULES: Family = &[
    &missing_source::RULE,
    &malformed_pick::RULE,
    &missing_origin::RULE,
    &unopenable_origin::RULE,
    &misplaced_origin::RULE,
    &header_origin::RULE,
    &misplaced_pick::RULE,
    &malformed_stable::RULE,
    &unknown_commit::RULE,
    &unmarked_change::RULE,
    &several_picks::RULE,
    &local_commit::RULE,
    &bare_revert::RULE,
    &retired_archive::RULE,
    &other_tag::RULE,
];

/// The commits that lines of the body name behind some words: the line, and up to 40 hex digits.
fn commits<'a>(mail: &'a Mail<'_>, words: &'static str) -> impl Iterator<Item = (usize, &'a [u8])> {
    mail.body.iter().enumerate().filter_map(move |(at, line)| {
        let start = line.text.find(words)? + words.len();
        let digits = hex_digits(&line.text[start..]);
        (7..=40).contains(&digits).then(|| (at, &line.text[start..start + digits]))
    })
}

#[cfg(test)]
mod tests {
    use crate::diff::testing::{SETS, patches};
    use crate::finding::{FixClass, Severity};
    use crate::lint::{Allowed, Settings, Subject, file, fix_file};

    /// Real patches have no errors of this family, and every fix that is offered holds what it promises.
    #[test]
    fn real_patches_are_mended_and_never_wrong() {
        let settings = Settings::default();
        let allowed = Allowed { class: FixClass::Unsafe, from: Severity::Info };
        for (set, _) in SETS {
            for (path, bytes) in patches(set) {
                let name = path.file_name().expect("a name").to_string_lossy();
                let subject = Subject { name: &name, path: &name };
                let judged = file(subject, &bytes, &settings).judged;
                let is_ours = |rule: &str| rule.starts_with('P');
                let wrong = judged.iter().find(|j| is_ours(&j.finding.rule) && j.finding.severity == Severity::Error);
                assert!(wrong.is_none(), "{set}/{name}: {wrong:?}");
                let fixed = fix_file(subject, &bytes, &settings, allowed, &|finding| is_ours(&finding.rule));
                assert!(fixed.refused.is_empty(), "{set}/{name}: {:?}", fixed.refused);
            }
        }
    }
}
