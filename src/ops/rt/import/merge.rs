//! The new set: the patches of the project by their numbers, and behind them those of the user.

use bstr::{BString, ByteSlice as _};

use super::super::known::is_of_project;
use super::super::mend::Mended;
use super::{LocalReport, MendedReport};
use crate::ops::diff::{DiffReport, PairReport, PatchPlace, of_sets};
use crate::ops::new_set::NewFile;
use crate::patch::{Patch, file_name};
use crate::patch_set::PatchSet;
use crate::text::visible;

/// The new set, and how it came about.
pub(super) struct Merged {
    pub(super) files: Vec<NewFile>,
    /// The set as it will be read.
    pub(super) set: PatchSet,
    /// How many patches are the project's.
    pub(super) patches: usize,
    pub(super) local: Vec<LocalReport>,
    pub(super) mended: Vec<MendedReport>,
}

impl Merged {
    /// `given` are the files of the project with the names that they have there.
    pub(super) fn new(
        old: &PatchSet,
        given: &[(String, Vec<u8>)],
        mended: Vec<Mended>,
        origin: Option<&str>,
        drop_local: bool,
    ) -> Self {
        let mut merged =
            Self { files: Vec::new(), set: PatchSet::default(), patches: 0, local: Vec::new(), mended: Vec::new() };
        for ((name, _), one) in given.iter().zip(mended) {
            let subject = one.patches.first().map(|patch| patch.message.subject.clone()).unwrap_or_default();
            let file = file_name(merged.files.len() + 1, &subject);
            if !one.what.is_empty() {
                let name = visible(name.as_bytes());
                merged.mended.push(MendedReport { file: file.clone(), name, what: one.what });
            }
            merged.patches += one.patches.len();
            merged.push(file, one.bytes, one.patches);
        }
        for patch in merged.local_patches(old, origin) {
            let kept = (!drop_local).then(|| merged.keep(patch));
            merged.local.push(LocalReport { file: patch.file.clone(), subject: visible(&patch.message.subject), kept });
        }
        for file in &mut merged.files {
            let was = old.files().find(|(name, _)| *name == file.name);
            file.was = was.map(|(name, _)| name.to_owned());
            file.kept = was.is_some_and(|(_, parts)| parts.iter().flat_map(|part| part.bytes.iter()).eq(&file.bytes));
        }
        merged
    }

    fn push(&mut self, name: String, bytes: Vec<u8>, patches: Vec<Patch>) {
        self.set.patches.extend(patches.into_iter().map(|patch| Patch { file: name.clone(), ..patch }));
        self.files.push(NewFile { name, bytes, was: None, kept: false });
    }

    /// The patches of the old set that do not say that they are of the project, and that the new one does not have: neither
    /// the same change nor one of that subject.
    fn local_patches<'o>(&self, old: &'o PatchSet, origin: Option<&str>) -> Vec<&'o Patch> {
        let report = self.diff(old, "old", "new");
        let patch = |set: &'o PatchSet, place: &PatchPlace| set.patches.get(place.number - 1);
        let is_there = |pair: &PairReport, old: &Patch| {
            let same_change = matches!(pair.relation, "same" | "moved" | "message" | "context");
            let new = pair.new.as_ref().and_then(|place| self.set.patches.get(place.number - 1));
            new.is_some_and(|new| same_change || new.message.subject == old.message.subject)
        };
        let mut local: Vec<(usize, &Patch)> = Vec::new();
        for pair in &report.pairs {
            let Some(place) = &pair.old else { continue };
            let Some(known) = patch(old, place) else { continue };
            if !is_of_project(known, origin) && !is_there(pair, known) {
                local.push((place.number, known));
            }
        }
        local.sort_by_key(|(number, _)| *number);
        local.into_iter().map(|(_, patch)| patch).collect()
    }

    /// Keeps a patch behind all others, byte for byte; its name gets another number.
    fn keep(&mut self, patch: &Patch) -> String {
        let number = self.files.len() + 1;
        let digits = patch.file.bytes().take_while(u8::is_ascii_digit).count();
        let rest = patch.file[digits..].trim_start_matches('-');
        let name = match (patch.part, rest) {
            (0, rest) if rest != ".patch" => format!("{number:04}-{rest}"),
            _ => file_name(number, &patch.message.subject),
        };
        self.push(name.clone(), patch.bytes.to_vec(), vec![Patch { part: 0, ..patch.clone() }]);
        name
    }

    /// The old set and this one side by side, without what every patch says of its source.
    pub(super) fn diff(&self, old: &PatchSet, from: &str, to: &str) -> DiffReport {
        of_sets((from.to_owned(), unmarked(old)), (to.to_owned(), unmarked(&self.set)))
    }
}

/// A set whose messages have no `Origin:` lines.
fn unmarked(set: &PatchSet) -> PatchSet {
    let mut set = set.clone();
    for patch in &mut set.patches {
        let body: Vec<&[u8]> =
            patch.message.body.lines_with_terminator().filter(|line| !line.starts_with(b"Origin:")).collect();
        let body = body.concat();
        let text = body.trim_end();
        patch.message.body = if text.is_empty() { BString::default() } else { [text, b"\n"].concat().into() };
    }
    set
}
