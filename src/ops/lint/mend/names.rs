//! Fixes of names: renaming, removing, splitting files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::sync::Arc;

use super::{Item, in_dir};
use crate::finding::{Finding, FixClass};
use crate::lint::{Entry, FixKind, Group, Judged, Subject, file, set};
use crate::ops::OpError;
use crate::ops::lint::inputs::{Set, SetFile, Source};
use crate::ops::lint::{Bytes, group};
use crate::patch::split;

/// The fixes of names: renaming, removing, splitting. True if one was made.
///
/// The renames of one rule keep the order only together, and another rule may want the same file to be called something
/// else: one rule is taken at a time, all of its fixes or none.
pub(super) fn rearrange(
    of: &Set,
    items: &mut Vec<Item>,
    entries: &mut Vec<Entry>,
    refused: &mut BTreeSet<String>,
    fixed: &mut Vec<Finding>,
    may: &dyn Fn(&Judged) -> bool,
) -> Result<bool, OpError> {
    // Names are said once more in a quilt series, and files in other directories keep their places.
    let is_plain = of.files.iter().all(|file| file.shown == in_dir(of, &file.name));
    let is_quilt = of.settings.profile.quilt && of.entries.iter().any(|entry| entry.name == "series");
    if !of.is_whole || !is_plain || is_quilt || !has_true_names(of) {
        return Ok(false);
    }
    let mut judged: Vec<Judged> = Vec::new();
    let mut members = Vec::new();
    for item in items.iter() {
        let shown = in_dir(of, &item.name);
        let lint = file(Subject { name: &item.name, path: &shown }, &item.bytes, &of.settings);
        judged.extend(lint.judged);
        members.extend(lint.members);
    }
    judged.extend(set(&Group { entries, ..group(of, &members) }, None));
    let is_name = |judged: &Judged| judged.fix.as_ref().is_some_and(|fix| !matches!(fix.kind, FixKind::Edit(_)));
    judged.retain(|judged| is_name(judged) && may(judged) && !refused.contains(&judged.finding.rule));
    judged.sort_by(|a, b| a.finding.rule.cmp(&b.finding.rule));
    for batch in judged.chunk_by(|a, b| a.finding.rule == b.finding.rule) {
        let mut new = (items.clone(), entries.clone());
        if take_batch(of, &mut new, batch)? {
            (*items, *entries) = new;
            fixed.extend(batch.iter().map(|judged| judged.finding.clone()));
            return Ok(true);
        }
        refused.insert(batch[0].finding.rule.clone());
    }
    Ok(false)
}

/// False if a name in the directory is shown otherwise than it is: who writes the directory anew by such names loses files.
fn has_true_names(of: &Set) -> bool {
    let Some(dir) = &of.dir else { return false };
    let is_true = |file: &SetFile| match &file.source {
        Source::Disk(path) => path.file_name() == Some(OsStr::new(&file.name)),
        Source::Memory(_) => true,
    };
    of.files.iter().all(is_true) && of.entries.iter().all(|entry| dir.join(&entry.name).symlink_metadata().is_ok())
}

/// Makes the fixes of one rule; false if one of them cannot be made, if names collide, or if safe ones would change the
/// order.
fn take_batch(of: &Set, new: &mut (Vec<Item>, Vec<Entry>), batch: &[Judged]) -> Result<bool, OpError> {
    let (items, entries) = new;
    let mut is_safe = true;
    for Judged { finding, fix, .. } in batch {
        let Some(fix) = fix else { return Ok(false) };
        is_safe &= fix.class == FixClass::Safe;
        let name = finding.path.rsplit('/').next().unwrap_or_default();
        let is_done = match &fix.kind {
            FixKind::Edit(_) => false,
            FixKind::Rename(to) => rename(of, items, entries, name, to)?,
            FixKind::Delete => remove(items, entries, name),
            FixKind::Split => split_file(items, name),
        };
        if !is_done {
            return Ok(false);
        }
    }
    let before: Vec<Bytes> = items.iter().map(|item| Arc::clone(&item.bytes)).collect();
    items.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let in_order = items.iter().map(|item| &item.bytes).eq(&before);
    let names = items.iter().map(|item| item.name.as_str()).chain(entries.iter().map(|entry| entry.name.as_str()));
    let unique = names.collect::<BTreeSet<_>>().len() == items.len() + entries.len();
    Ok(unique && (in_order || !is_safe))
}

fn rename(of: &Set, items: &mut Vec<Item>, entries: &mut Vec<Entry>, from: &str, to: &str) -> Result<bool, OpError> {
    if to.contains('/') || from == to {
        return Ok(false);
    }
    if let Some(item) = items.iter_mut().find(|item| item.name == from) {
        to.clone_into(&mut item.name);
        return Ok(true);
    }
    // A file that was no patch of the set becomes one.
    let (Some(at), Some(dir)) = (entries.iter().position(|entry| entry.name == from && !entry.is_dir), &of.dir) else {
        return Ok(false);
    };
    let Ok(found) = std::fs::symlink_metadata(dir.join(from)) else { return Ok(false) };
    if !found.is_file() {
        return Ok(false);
    }
    let bytes: Bytes = std::fs::read(dir.join(from))
        .map(Arc::from)
        .map_err(|error| OpError::because(format!("cannot read '{}'", in_dir(of, from)), error))?;
    entries.remove(at);
    items.push(Item { was: Some((from.to_owned(), Arc::clone(&bytes))), name: to.to_owned(), bytes });
    Ok(true)
}

fn remove(items: &mut Vec<Item>, entries: &mut Vec<Entry>, name: &str) -> bool {
    let before = items.len() + entries.len();
    items.retain(|item| item.name != name);
    entries.retain(|entry| entry.name != name || entry.is_dir);
    items.len() + entries.len() < before
}

/// `0003-x.patch` with two mails becomes `0003-01-subject.patch` and `0003-02-subject.patch`, which stay in its place.
fn split_file(items: &mut Vec<Item>, name: &str) -> bool {
    let Some(at) = items.iter().position(|item| item.name == name) else { return false };
    let parts = split(&items[at].bytes);
    if parts.len() < 2 {
        return false;
    }
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let number = &name[..digits];
    let pieces: Vec<Item> = parts
        .into_iter()
        .enumerate()
        .map(|(part, span)| {
            let bytes = &items[at].bytes[span];
            let subject = crate::message::read(bytes).map(|read| read.message.subject).unwrap_or_default();
            let piece = crate::patch::file_name(part + 1, &subject);
            let name = if digits == 0 { piece } else { format!("{number}-{}", &piece[2..]) };
            Item { was: None, name, bytes: Arc::from(bytes) }
        })
        .collect();
    items.splice(at..=at, pieces);
    true
}
