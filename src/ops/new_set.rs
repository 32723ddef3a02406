//! The patch files of the new set: old bytes where the change is the same, new ones where it is not.

use std::collections::{HashMap, HashSet};

use super::OpError;
use super::with_git::format_patch;
use crate::export::{Commit, ExportError, mail, patch_text, rewrite};
use crate::git::{Oid, Store};
use crate::patch::{Patch, file_name};
use crate::patch_set::{PatchSet, number};

/// How files are written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Style {
    /// Write every patch anew.
    pub(super) refresh: bool,
    /// Number the files 1, 2, 3, …
    pub(super) renumber: bool,
    /// Write with git itself.
    pub(super) with_git: bool,
}

/// One commit that becomes a patch of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// The patch that it was; `None` for a new one.
    pub(super) patch: Option<&'a Patch>,
    /// The patch makes the same change with the same context as before.
    pub(super) same: bool,
    /// Its commit.
    pub(super) commit: Oid,
    /// The tree below it.
    pub(super) before: Oid,
    /// Its tree.
    pub(super) after: Oid,
}

/// A file of the new set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewFile {
    /// Its name.
    pub(super) name: String,
    /// Its content.
    pub(super) bytes: Vec<u8>,
    /// The name that it had, if it was there before.
    pub(super) was: Option<String>,
    /// True if not a byte differs from the old file.
    pub(super) kept: bool,
}

/// Writes the files; `rewritten` are indexes of `sources` that are written anew although they are the same.
pub(super) fn new_set(
    store: &Store,
    old: &PatchSet,
    sources: &[Source<'_>],
    style: Style,
    rewritten: &HashSet<usize>,
) -> Result<Vec<NewFile>, OpError> {
    let mut files: Vec<NewFile> = Vec::new();
    let mut taken: HashSet<String> = old.patches.iter().map(|patch| patch.file.clone()).collect();
    for (at, source) in sources.iter().enumerate() {
        let keep = source.same && !style.refresh && !rewritten.contains(&at);
        let Some(patch) = source.patch else {
            let name = fresh_name(store, source.commit, files.last(), &taken)?;
            taken.insert(name.clone());
            files.push(NewFile { name, bytes: written(store, source, style)?, was: None, kept: false });
            continue;
        };
        let bytes = if keep { patch.bytes.to_vec() } else { written(store, source, style)? };
        // Several patches of one file stay together.
        let same_file = |file: &&mut NewFile| patch.part > 0 && file.was.as_ref() == Some(&patch.file);
        if let Some(file) = files.last_mut().filter(same_file) {
            file.bytes.extend_from_slice(&bytes);
        } else {
            let name = patch.file.clone();
            files.push(NewFile { was: Some(name.clone()), name, bytes, kept: false });
        }
    }
    if !style.renumber {
        exchange_numbers(&mut files);
    }
    if style.renumber || !in_order(&files) {
        renumber(&mut files);
    }
    let groups: HashMap<&str, &[Patch]> = old.files().collect();
    for file in &mut files {
        let was = file.was.as_deref().and_then(|was| groups.get(was));
        file.kept = file.was.as_ref() == Some(&file.name)
            && was.is_some_and(|parts| parts.iter().flat_map(|part| part.bytes.iter()).eq(&file.bytes));
    }
    Ok(files)
}

/// The bytes of a patch that changed: an old header and message with a new diff, or all of it new.
pub(super) fn written(store: &Store, source: &Source<'_>, style: Style) -> Result<Vec<u8>, OpError> {
    let failed = |error: ExportError| OpError::because("cannot write a patch", error);
    if style.with_git {
        let whole = format_patch(store, source.commit)?;
        return Ok(match source.patch {
            Some(patch) if !style.refresh => rewrite(patch, &whole.stat, &whole.diff),
            _ => whole.mail,
        });
    }
    let text = match patch_text(store, source.before, source.after) {
        Ok(text) => text,
        // Binary content and drivers that only git knows.
        Err(ExportError::NeedsGit(_)) => return written(store, source, Style { with_git: true, ..style }),
        Err(error) => return Err(failed(error)),
    };
    Ok(match source.patch {
        Some(patch) if !style.refresh => rewrite(patch, &text.stat, &text.diff),
        _ => {
            let commit = store.commit(source.commit).map_err(|error| failed(error.into()))?;
            let said = Commit { author: &commit.author, date: commit.author_date, message: &commit.message };
            mail(&said, &text.stat, &text.diff)
        }
    })
}

/// The next number behind the last file, in the same width; a number that is taken by a later file is made to fit by
/// the byte order of the names.
fn fresh_name(store: &Store, commit: Oid, last: Option<&NewFile>, taken: &HashSet<String>) -> Result<String, OpError> {
    let commit = store.commit(commit).map_err(|error| OpError::because("cannot read a commit", error))?;
    let highest = taken.iter().filter_map(|name| number(name)).max().unwrap_or(0);
    let behind = last.and_then(|file| number(&file.name)).unwrap_or(0);
    let next = behind.max(highest) + 1;
    Ok(file_name(next as usize, &commit.message))
}

/// True if the files will be read back in the order in which they are here.
fn in_order(files: &[NewFile]) -> bool {
    files.is_sorted_by(|a, b| a.name.as_bytes() < b.name.as_bytes())
}

/// Where commits were put in another order, hands the numbers out anew in theirs.
fn exchange_numbers(files: &mut [NewFile]) {
    if in_order(files) {
        return;
    }
    let digits = |name: &str| name.bytes().take_while(u8::is_ascii_digit).count();
    let mut numbers: Vec<String> = files.iter().map(|file| file.name[..digits(&file.name)].to_owned()).collect();
    numbers.sort_unstable();
    for (file, number) in files.iter_mut().zip(numbers) {
        file.name.replace_range(..digits(&file.name), &number);
    }
}

/// Numbers the files 1, 2, 3, … and keeps what follows the number and its width.
fn renumber(files: &mut [NewFile]) {
    for (at, file) in files.iter_mut().enumerate() {
        let digits = file.name.bytes().take_while(u8::is_ascii_digit).count();
        let width = digits.max(4);
        let rest = file.name[digits..].trim_start_matches('-');
        file.name = format!("{:0width$}-{rest}", at + 1);
    }
}
