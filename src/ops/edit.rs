//! `kpatch edit`: gives a patch of a set another message or another diff, and carries the rest over it.

mod editor;

use bstr::ByteSlice as _;

use super::change_set::{Bytes, Change, ChangeOptions, ChangeReport, Edited, Setting, read_one, run, the_set};
use super::select::{PatchName, select};
use super::{OpError, Watch, workspace};
use crate::apply::{ApplyError, ContentError, Engine, apply};
use crate::export::reword;
use crate::patch::{Patch, recount, unsafe_line};

pub use editor::editor;

/// What to edit.
#[derive(Debug, Clone)]
pub struct EditOptions {
    /// In which set.
    pub set: ChangeOptions,
    /// The patch, as [`select`] reads it.
    pub patch: String,
    /// What is to be there instead.
    pub text: NewText,
    /// The patch as it was when the new text was made of it; if it is another one by now, nothing changes.
    pub was: Option<Vec<u8>>,
}

/// A new text. `name` says in errors where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewText {
    /// Another message, as `git commit -F` reads it; the diff and the other lines of the mail header stay.
    Message {
        /// For example a file name.
        name: String,
        /// Subject, empty line, body.
        bytes: Vec<u8>,
    },
    /// Another patch; the line counts of its hunks need not be right. What is written of it is its header, its message
    /// and the diff that it makes.
    Patch {
        /// For example a file name.
        name: String,
        /// The whole patch file.
        bytes: Vec<u8>,
    },
}

/// A patch to be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchCopy {
    /// Its file.
    pub file: String,
    /// Its text; that of an encoded mail is decoded.
    pub text: Vec<u8>,
}

/// Hands out the text of a patch for an editor. Nothing is locked meanwhile.
pub fn copy(set: &ChangeOptions, patch: &str, watch: Watch<'_>) -> Result<PatchCopy, OpError> {
    let kit = if set.patches.is_some() { None } else { Some(workspace::kit(&set.places)?) };
    let job = the_set(set, kit.as_ref(), watch)?;
    let patches = job.place.read()?;
    let patch = &patches.patches[select(&patches, patch)?];
    Ok(PatchCopy { file: patch.file.clone(), text: patch.text().to_vec() })
}

/// Edits the patch. A text that says the same is no change; one that does not apply is an error that names the hunk.
pub fn edit(options: &EditOptions, watch: Watch<'_>) -> Result<ChangeReport, OpError> {
    run(&options.set, "edit", watch, |setting| {
        let at = select(&setting.set, &options.patch)?;
        let old = &setting.set.patches[at];
        if options.was.as_deref().is_some_and(|was| was != old.text()) {
            return Err(OpError::new(format!("{} was changed by somebody else in the meantime", old.file)));
        }
        let new = match &options.text {
            NewText::Message { name, bytes } => with_message(setting, old, name, bytes)?,
            NewText::Patch { name, bytes } => with_patch(setting, at, name, bytes)?,
        };
        let Some(new) = new else { return Ok(Change::default()) };
        let message_only = diff_of(old) == diff_of(&new);
        let edited = Edited { patch: PatchName::of(old), text: Bytes(new.bytes.to_vec()), message_only };
        Ok(Change { edited: vec![edited], ..Change::default() })
    })
}

fn diff_of(patch: &Patch) -> &[u8] {
    &patch.text()[patch.layout.diff.clone()]
}

/// The patch with another message; `None` if it has that one.
fn with_message(setting: &Setting<'_>, old: &Patch, name: &str, message: &[u8]) -> Result<Option<Patch>, OpError> {
    if message.trim_ascii().is_empty() {
        return Err(OpError::new(format!("{name}: the message is empty")));
    }
    if let Some(line) = unsafe_line(message) {
        return Err(OpError::new(format!("{name}:{line}: a line that would end the message in a patch file"))
            .hint("indent the line by one blank"));
    }
    let text = reword(old, message, setting.base().date)
        .ok_or_else(|| OpError::new(format!("{name}: a patch file cannot hold this message")))?;
    let new = read_one(name, &Bytes(text))?;
    Ok((new.message != old.message).then_some(new))
}

/// The patch with another text; `None` if it is the same. It has to apply where the old one stands.
fn with_patch(setting: &Setting<'_>, at: usize, name: &str, text: &[u8]) -> Result<Option<Patch>, OpError> {
    let old = &setting.set.patches[at];
    let tail = &old.text()[old.layout.tail.clone()];
    let blank = tail.iter().take_while(|byte| **byte == b'\n').count();
    let text = recount(text, blank);
    if text == old.text() {
        return Ok(None);
    }
    let new = read_one(name, &Bytes(text))?;
    let before = setting.stack.steps[at].before;
    match apply(setting.store(), before, &new.diff, Engine::Git) {
        Ok(_) => Ok(Some(new)),
        Err(ApplyError::Git(error)) => Err(OpError::because("cannot read the linux tree", error)),
        Err(error) => Err(OpError::new(format!("{name}:{}: does not apply: {error}", line_of(&new, &error)))
            .hint("the hunks have to fit the tree that the patch stands on, exactly")),
    }
}

/// The line of the patch's text that the failure is about: the header of the hunk, or the first line of the diff.
fn line_of(patch: &Patch, error: &ApplyError) -> usize {
    let text = patch.text();
    let (file, hunk) = match error {
        ApplyError::Content { path, reason: ContentError::Hunk(failure) } => (Some(path), failure.hunk),
        ApplyError::NoSuchFile(name) | ApplyError::Exists(name) | ApplyError::Content { path: name, .. } => {
            (Some(name), 0)
        }
        _ => (None, 0),
    };
    let diff = patch.diff.iter().find(|diff| file.is_some_and(|file| diff.path() == *file)).unwrap_or(&patch.diff[0]);
    let mut hunks = text[diff.span.clone()].lines().enumerate().filter(|(_, line)| line.starts_with(b"@@ -"));
    let inside = hunk.checked_sub(1).and_then(|before| hunks.nth(before)).map_or(0, |(at, _)| at);
    1 + text[..diff.span.start].find_iter(b"\n").count() + inside
}
