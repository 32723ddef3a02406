//! Patches from mails: one, a series in an mbox, or a thread.

use bstr::{BString, ByteSlice as _};

use super::input::Mails;
use super::thread::{Letter, Thread};
use super::{AddOptions, New, new, trailers};
use crate::export::{self, Commit};
use crate::message::{Announced, footer};
use crate::ops::OpError;
use crate::ops::change_set::{Added, Bytes, Setting};
use crate::patch::{Patch, PatchError, read as read_patches};
use crate::text::visible;

/// The patches of a mail or an mbox, in the order of their series.
pub(super) fn read(setting: &mut Setting<'_>, options: &AddOptions, mails: &Mails) -> Result<Vec<New>, OpError> {
    let (found, notes) = in_order(mails, options.trailers)?;
    setting.warnings.extend(notes);
    let many = found.len() > 1;
    let mut all = Vec::new();
    for (at, mail) in found.into_iter().enumerate() {
        let name = &mails.name;
        let source = if many { format!("{name}, patch {}", at + 1) } else { name.clone() };
        all.push(one(setting, options, &mail, source, mails.page.as_deref())?);
    }
    Ok(all)
}

/// The patch with its new trailers, as a mail of ours.
fn one(
    setting: &mut Setting<'_>,
    options: &AddOptions,
    mail: &Mail,
    source: String,
    page: Option<&str>,
) -> Result<New, OpError> {
    let patch = &mail.patch;
    let mut message = Vec::from(patch.message.to_commit_message());
    for line in &mail.endorsed {
        if !footer::trailers(&message).iter().any(|trailer| trailer.trim().eq_ignore_ascii_case(line)) {
            message = footer::with_line(&message, line);
            setting.warnings.push(format!("{source}: from a reply: {}", visible(line)));
        }
    }
    let (message, origin, _) = trailers::sign(setting.store(), options, &message, page)?;
    let text = patch.text();
    let date = patch.message.date.unwrap_or(setting.base().date);
    let commit = Commit { author: &patch.message.author, date, message: &message };
    let text = export::mail(&commit, &text[patch.layout.stat.clone()], &text[patch.layout.diff.clone()]);
    let added = Added { text: Bytes(text), before: None, trees: None, source, origin };
    let new = new(added)?;
    if new.patch.diff.len() != patch.diff.len() || new.patch.message.author != patch.message.author {
        return Err(OpError::new(format!("{}: the mail cannot be written as a patch file", new.added.source)));
    }
    Ok(new)
}

/// A mail with what its subject announces, and the lines of replies in which people stand for it.
struct Mail {
    announced: Announced,
    patch: Patch,
    endorsed: Vec<BString>,
}

/// The patches of an mbox in the order of their series, and what was left out.
fn in_order(mails: &Mails, with_endorsements: bool) -> Result<(Vec<Mail>, Vec<String>), OpError> {
    let (name, thread) = (&mails.name, Thread::read(&mails.bytes));
    let chosen = thread.chosen(name, mails.wanted.as_deref())?;
    let (mut notes, mut patches, mut letters) = (Vec::new(), Vec::new(), Vec::new());
    for letter in chosen {
        let announced = &letter.announced;
        match read_patches(name, letter.bytes) {
            Ok(mut read) => {
                if let Some(patch) = read.pop() {
                    patches.push(patch);
                    letters.push(letter);
                }
            }
            Err(_) if thread.0.len() > 1 && announced.is_cover() => {
                notes.push(format!("{name}: the cover letter '{}' is no patch", visible(&announced.subject)));
            }
            Err(error) => {
                let before = mails.bytes[..letter.start].find_iter(b"\n").count();
                return Err(unreadable(error, before, announced));
            }
        }
    }
    if patches.is_empty() {
        return Err(OpError::new(format!("{name}: no patch in it")).hint("a mail with a patch is needed"));
    }
    let replies = thread.0.iter().filter(|letter| letter.announced.is_reply).count();
    let mut endorsed = vec![Vec::new(); patches.len()];
    if with_endorsements {
        let (lines, left_out) = thread.endorsed(name, &letters);
        endorsed = lines;
        notes.extend(left_out);
    } else if replies > 0 && thread.0.len() > 1 && mails.wanted.is_none() {
        notes.push(format!("{name}: {replies} of the mails are replies and were left out"));
    }
    let found = patches.into_iter().zip(letters).zip(endorsed);
    let mail = |((patch, letter), endorsed): ((Patch, &Letter<'_>), _)| Mail {
        announced: letter.announced.clone(),
        patch,
        endorsed,
    };
    let mut found: Vec<Mail> = found.map(mail).collect();
    sort(name, &mut found, &mut notes)?;
    Ok((found, notes))
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

    fn text(mails: &[String], wanted: Option<&str>) -> Mails {
        let bytes = mails.concat().into_bytes();
        Mails { name: "m".into(), bytes, page: None, wanted: wanted.map(str::to_owned) }
    }

    fn subjects(mails: &[String]) -> Result<(Vec<String>, usize), String> {
        let (mails, notes) = in_order(&text(mails, None), false).map_err(|error| error.to_string())?;
        Ok((mails.iter().map(|mail| mail.patch.message.subject.to_string()).collect(), notes.len()))
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

    /// A mail of a thread: its id, the one that it answers, who wrote it, and what it says.
    fn letter(id: &str, before: &str, from: &str, subject: &str, says: &str) -> String {
        let head =
            format!("From: {from} <{from}@x.y>\nMessage-ID: <{id}>\nIn-Reply-To: <{before}>\nSubject: {subject}\n");
        format!("From x Mon Sep 17 00:00:00 2001\n{head}\n{says}\n")
    }

    #[test]
    fn a_mail_of_a_thread_gets_what_replies_say_of_it() {
        let diff = "text\n\nReviewed-by: c <c@x.y>\n---\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+2\n";
        let thread = [
            letter("0", "", "a", "[PATCH v2 0/2] all", "words"),
            letter("1", "0", "a", "[PATCH v2 1/2] one", diff),
            letter("2", "0", "a", "[PATCH v2 2/2] two", diff),
            letter("3", "1", "b", "Re: [PATCH v2 1/2] one", "> Acked-by: c <c@x.y>\nTested-by: b <b@x.y>"),
            letter("4", "3", "c", "Re: [PATCH v2 1/2] one", "reviewed-by: c <c@x.y>\nAcked-by: c <C@x.y>"),
            letter("5", "0", "d", "Re: [PATCH v2 0/2] all", "Acked-by: d <d@x.y>\nAcked-by: e <e@x.y>"),
            letter("6", "0", "a", "[PATCH v1 1/2] one", diff),
            letter("7", "elsewhere", "a", "Re: other", "Acked-by: a <a@x.y>"),
            letter("8", "2>\nReferences: <0> <2", "b", "Re: [PATCH v2 2/2] two", "Tested-by: b <b@x.y>"),
        ];
        let found = |wanted| {
            let (mails, notes) = in_order(&text(&thread, Some(wanted)), true).map_err(|error| error.to_string())?;
            let of = |mail: &Mail| {
                (mail.patch.message.subject.to_string(), bstr::join(" ", &mail.endorsed).as_bstr().to_string())
            };
            Ok::<_, String>((mails.iter().map(of).collect::<Vec<_>>(), notes))
        };
        let one = (
            "one".to_owned(),
            "Tested-by: b <b@x.y> reviewed-by: c <c@x.y> Acked-by: c <C@x.y> Acked-by: d <d@x.y>".to_owned(),
        );
        let two = ("two".to_owned(), "Acked-by: d <d@x.y> Tested-by: b <b@x.y>".to_owned());
        let foreign = "m: 'Acked-by: e <e@x.y>' is in a mail of somebody else, and was left out".to_owned();
        let cover = "m: the cover letter '[PATCH v2 0/2] all' is no patch".to_owned();
        assert_eq!(found("1"), Ok((vec![one.clone()], vec![foreign.clone()])));
        assert_eq!(found("0"), Ok((vec![one, two], vec![cover, foreign])));
        assert_eq!(found("9"), Err("m: there is no mail 9 in the thread".to_owned()));
        assert!(found("3").is_err_and(|error| error.contains("a reply without a patch")));
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
