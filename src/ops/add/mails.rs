//! Patches from mails: one, a series in an mbox, or a thread.

use bstr::ByteSlice as _;

use super::{AddOptions, New, new, trailers};
use crate::export::{Commit, mail};
use crate::message::Announced;
use crate::ops::OpError;
use crate::ops::change_set::{Added, Bytes, Setting};
use crate::patch::{Patch, PatchError, read as read_patches, split};
use crate::text::visible;

/// The patches of a mail or an mbox, in the order of their series.
pub(super) fn read(
    setting: &mut Setting<'_>,
    options: &AddOptions,
    name: &str,
    bytes: &[u8],
    page: Option<&str>,
) -> Result<Vec<New>, OpError> {
    let (patches, notes) = in_order(name, bytes)?;
    setting.warnings.extend(notes);
    let many = patches.len() > 1;
    let mut all = Vec::new();
    for (at, patch) in patches.into_iter().enumerate() {
        let source = if many { format!("{name}, patch {}", at + 1) } else { name.to_owned() };
        all.push(one(setting, options, &patch, source, page)?);
    }
    Ok(all)
}

/// The patch with its new trailers, as a mail of ours.
fn one(
    setting: &mut Setting<'_>,
    options: &AddOptions,
    patch: &Patch,
    source: String,
    page: Option<&str>,
) -> Result<New, OpError> {
    let message = patch.message.to_commit_message();
    let (message, origin, _) = trailers::sign(setting.store(), options, &message, page)?;
    let text = patch.text();
    let date = patch.message.date.unwrap_or(setting.base().date);
    let commit = Commit { author: &patch.message.author, date, message: &message };
    let text = mail(&commit, &text[patch.layout.stat.clone()], &text[patch.layout.diff.clone()]);
    let added = Added { text: Bytes(text), before: None, trees: None, source, origin };
    let new = new(added)?;
    if new.patch.diff.len() != patch.diff.len() || new.patch.message.author != patch.message.author {
        return Err(OpError::new(format!("{}: the mail cannot be written as a patch file", new.added.source)));
    }
    Ok(new)
}

/// A mail with what its subject announces.
struct Mail {
    announced: Announced,
    patch: Patch,
}

/// The patches of an mbox in the order of their series, and what was left out.
fn in_order(name: &str, bytes: &[u8]) -> Result<(Vec<Patch>, Vec<String>), OpError> {
    let spans = split(bytes);
    let several = spans.len() > 1;
    let mut notes = Vec::new();
    let (mut mails, mut replies) = (Vec::new(), 0);
    for span in spans {
        let before = bytes[..span.start].find_iter(b"\n").count();
        let announced = Announced::read(&bytes[span.clone()]);
        if several && announced.is_reply {
            replies += 1;
            continue;
        }
        match read_patches(name, &bytes[span]) {
            Ok(mut patches) => mails.extend(patches.pop().map(|patch| Mail { announced, patch })),
            Err(_) if several && announced.is_cover() => {
                notes.push(format!("{name}: the cover letter '{}' is no patch", visible(&announced.subject)));
            }
            Err(error) => return Err(unreadable(error, before, &announced)),
        }
    }
    if replies > 0 {
        notes.push(format!("{name}: {replies} of the mails are replies and were left out"));
    }
    if mails.is_empty() {
        return Err(OpError::new(format!("{name}: no patch in it")).hint("a mail with a patch is needed"));
    }
    sort(name, &mut mails, &mut notes)?;
    Ok((mails.into_iter().map(|mail| mail.patch).collect(), notes))
}

/// Puts a series in the order of its numbers. One of several versions is no order at all.
fn sort(name: &str, mails: &mut [Mail], notes: &mut Vec<String>) -> Result<(), OpError> {
    let parts: Option<Vec<(u32, u32)>> = mails.iter().map(|mail| mail.announced.part).collect();
    let Some(parts) = parts else { return Ok(()) };
    let versions: Vec<u32> = mails.iter().map(|mail| mail.announced.version).collect();
    let mut numbers: Vec<u32> = parts.iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    let twice = numbers.windows(2).any(|pair| pair[0] == pair[1]);
    if twice || versions.iter().any(|version| *version != versions[0]) {
        return Err(OpError::new(format!("{name}: it holds more than one series, or several versions of one"))
            .hint("name the mails, or the mbox of one version"));
    }
    let count = parts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let missing: Vec<String> =
        (1..=count.min(1000)).filter(|number| !numbers.contains(number)).map(|number| number.to_string()).collect();
    if mails.len() > 1 && !missing.is_empty() {
        notes.push(format!("{name}: of the {count} patches of the series it lacks {}", missing.join(", ")));
    }
    mails.sort_by_key(|mail| mail.announced.part);
    Ok(())
}

/// Why a mail is no patch; the line counts in the whole file.
fn unreadable(error: PatchError, before: usize, announced: &Announced) -> OpError {
    let PatchError { file, line, message, hint, .. } = error;
    let place = format!("{file}:{}", line + before);
    if announced.is_cover() {
        OpError::new(format!("{place}: this is the cover letter of a series, not a patch"))
            .hint("name the mbox of the whole series, or its patches")
    } else if announced.is_reply {
        OpError::new(format!("{place}: this is a reply without a patch")).hint("name the mail with the patch")
    } else {
        OpError::new(format!("{place}: {message}")).hint_if(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, diff: bool) -> String {
        let body = if diff { "---\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+2\n" } else { "just words\n" };
        format!("From x Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\nSubject: {subject}\n\ntext\n{body}")
    }

    fn subjects(mails: &[String]) -> Result<(Vec<String>, usize), String> {
        let (patches, notes) = in_order("m", mails.concat().as_bytes()).map_err(|error| error.to_string())?;
        Ok((patches.iter().map(|patch| patch.message.subject.to_string()).collect(), notes.len()))
    }

    #[test]
    fn a_thread_becomes_its_series() {
        let thread = [
            mail("[PATCH 0/2] all", false),
            mail("[PATCH 2/2] b", true),
            mail("Re: [PATCH 2/2] b", true),
            mail("[PATCH 1/2] a", true),
            mail("Re: [PATCH 1/2] a", false),
        ];
        assert_eq!(subjects(&thread), Ok((vec!["a".into(), "b".into()], 2)));
        assert_eq!(subjects(&thread[..2]), Ok((vec!["b".into()], 1)));
        assert_eq!(
            subjects(&[mail("[PATCH 3/3] c", true), mail("[PATCH 1/3] a", true)]),
            Ok((vec!["a".into(), "c".into()], 1))
        );
        assert_eq!(subjects(&[mail("b", true), mail("a", true)]), Ok((vec!["b".into(), "a".into()], 0)));
    }

    #[test]
    fn what_is_no_patch_is_named() {
        let says = |mails: &[String], words: &str| {
            let error = subjects(mails).expect_err(words);
            assert!(error.contains(words), "{error}");
        };
        says(&[mail("[PATCH 0/2] all", false)], "cover letter");
        says(&[mail("Re: [PATCH] a", false)], "a reply without a patch");
        says(&[mail("a question", false)], "a message without a diff");
        says(&[mail("Re: a", true), mail("Re: b", false)], "no patch in it");
        says(&[mail("[PATCH 1/2] a", true), mail("[PATCH v2 2/2] b", true)], "several versions");
        says(&[mail("[PATCH 1/2] a", true), mail("[PATCH 1/2] b", true)], "more than one series");
        says(&[mail("[PATCH 1/2] a", true), mail("no diff", false)], "m:12: a message without a diff");
    }
}
