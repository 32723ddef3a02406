//! A patch file as the rules for whole sets see it: little enough to keep for thousands of files.

use bstr::BString;

use super::mail::Mail;
use super::settings::Settings;
use crate::diff::Operation;
use crate::diff::id::patch_id;
use crate::git::MODE_SYMLINK;
use crate::patch_set::number;

/// One patch of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name of its file, without directories.
    pub name: String,
    /// Its path, for display.
    pub path: String,
    /// Its position among the patches of its file, from 0.
    pub part: usize,
    /// The line of the file with the subject, from 1.
    pub line: usize,
    /// The number that the name begins with.
    pub number: Option<u32>,
    /// How many digits that number has.
    pub width: usize,
    /// The subject; empty if there is none.
    pub subject: BString,
    /// The id of the change; absent if the diff cannot be read.
    pub patch_id: Option<[u8; 20]>,
    /// The id of the change backwards, for patches that revert something.
    pub reverse_id: Option<[u8; 20]>,
    /// The commits that it says it is.
    pub claims: Vec<String>,
    /// The commits that it says it reverts.
    pub reverts: Vec<String>,
    /// True if it says where it comes from.
    pub has_source: bool,
    /// The paths that it writes.
    pub paths: Vec<BString>,
    /// The paths that it makes symbolic links.
    pub links: Vec<BString>,
}

impl Member {
    pub(super) fn new(mail: &Mail<'_>, name: &str, path: &str) -> Self {
        let diffs = mail.draft.diff.as_deref().ok();
        let reverts: Vec<String> = mail.provenance.reverts.iter().map(|pick| pick.id.clone()).collect();
        let is_revert = !reverts.is_empty() || mail.subject().starts_with(b"Revert ");
        let written = |is_link: bool| {
            let all = diffs.into_iter().flatten().filter(move |diff| diff.operation != Operation::Delete);
            all.filter(move |diff| !is_link || diff.new_mode == Some(MODE_SYMLINK))
                .filter_map(|diff| diff.new_path.clone())
        };
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            part: mail.draft.part,
            line: mail.draft.line(mail.subject_place().start),
            number: number(name),
            width: name.bytes().take_while(u8::is_ascii_digit).count(),
            subject: mail.subject().into(),
            patch_id: diffs.map(patch_id),
            reverse_id: diffs.filter(|_| is_revert).map(|diffs| patch_id(&reversed(diffs))),
            claims: mail.provenance.claims().iter().map(|pick| pick.id.clone()).collect(),
            reverts,
            has_source: !mail.provenance.is_empty() || (mail.settings.profile.dep3 && has_dep3_source(mail)),
            paths: written(false).collect(),
            links: written(true).collect(),
        }
    }
}

/// True if a header of DEP-3 says where the patch is from or where it went.
fn has_dep3_source(mail: &Mail<'_>) -> bool {
    mail.draft.message.fields.iter().any(|field| {
        let name = field.name.to_ascii_lowercase();
        name == b"forwarded" || name == b"bug" || name.starts_with(b"bug-")
    })
}

/// The diffs that take `diffs` back.
fn reversed(diffs: &[crate::diff::FileDiff]) -> Vec<crate::diff::FileDiff> {
    diffs.iter().map(crate::diff::FileDiff::reversed).collect()
}

/// Something in the directory of a set that is no patch of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; bytes that are no UTF-8 are made visible.
    pub name: String,
    /// True for a directory.
    pub is_dir: bool,
    /// True for a directory with patch files in it.
    pub has_patches: bool,
}

/// The patches of one directory.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// The directory, for display.
    pub path: &'a str,
    /// Its patches, in the order in which they apply.
    pub members: &'a [Member],
    /// What else is there.
    pub entries: &'a [Entry],
    /// False for a choice of its files.
    pub is_whole: bool,
    /// What the rules are to hold to.
    pub settings: &'a Settings,
}

impl<'a> Group<'a> {
    /// The files: the index of the first member of each.
    pub fn files(&self) -> impl Iterator<Item = (usize, &'a Member)> + use<'a> {
        self.members.iter().enumerate().filter(|(_, member)| member.part == 0)
    }
}
