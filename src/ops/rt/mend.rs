//! Patches of quilt as files that `git am` takes: what can be mended without a guess is, and the rest is refused.

use bstr::ByteSlice as _;

use crate::diff::safety;
use crate::export::Commit;
use crate::export::header::header;
use crate::finding::{FixClass, Severity};
use crate::lint::{Allowed, PROFILES, Settings, Subject, fix_file, profile, rule, with_origin};
use crate::message::{Form, Time};
use crate::patch::{Patch, PatchError, Trouble, armor, examine, read};
use crate::source::rt::is_page;

/// The rules of lint whose fixes are made: a source in the header, which `git am` drops, becomes a trailer, a header gets one
/// kind of line ends, and the line of the mbox and the one before the diffstat come to be there.
const RULES: [&str; 4] = ["header-origin", "crlf-header", "missing-separator", "missing-mbox-line"];

/// A patch file that `git am` takes.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) bytes: Vec<u8>,
    pub(super) patches: Vec<Patch>,
    /// What was done to it besides the origin.
    pub(super) what: Vec<String>,
}

/// What there is to mend with.
pub(super) struct Mender<'a> {
    origin: &'a str,
    /// An origin that the kit named for the set before.
    known: Option<&'a str>,
    settings: Settings,
}

impl<'a> Mender<'a> {
    /// All patches get `origin`, in the place of one of the -rt project or of `known`.
    pub(super) fn new(origin: &'a str, known: Option<&'a str>) -> Self {
        let mut settings = Settings::new(profile("rt").unwrap_or(&PROFILES[0]));
        for rule in RULES.iter().filter_map(|name| rule(name)) {
            settings.select(rule);
        }
        Self { origin, known, settings }
    }

    /// Mends one file.
    ///
    /// # Errors
    /// When somebody would have to guess: a patch without an author, a subject or a diff that can be read.
    pub(super) fn mend(&self, name: &str, bytes: &[u8]) -> Result<Mended, PatchError> {
        let before = read(name, bytes)?;
        let (mut bytes, mut what) = (bytes.to_vec(), Vec::new());
        let is_mail = |draft: &crate::patch::Draft| {
            draft.message.form == Form::Mail && draft.message.by_git.is_none() && draft.message.decoded.is_none()
        };
        if !examine(name, &bytes)?.iter().all(is_mail) {
            bytes = before.iter().flat_map(as_mail).collect();
            what.push("written as a plain mail".to_owned());
        }
        let allowed = Allowed { class: FixClass::Safe, from: Severity::Info };
        let fixed = fix_file(Subject { name, path: name }, &bytes, &self.settings, allowed, &|_| true);
        bytes = fixed.bytes;
        let mut rules: Vec<String> = fixed.fixed.into_iter().map(|finding| finding.name).collect();
        rules.dedup();
        what.extend(rules.iter().map(|name| done(name).to_owned()));
        let is_ours = |said: &str| is_page(said) || self.known == Some(said);
        let lost = |message: &str| PatchError {
            file: name.to_owned(),
            line: 1,
            trouble: Trouble::Message,
            message: message.to_owned(),
            hint: Some("let git write the file: git format-patch".to_owned()),
        };
        bytes = with_origin(name, &bytes, self.origin, &is_ours)
            .ok_or_else(|| lost("its message has no place for an origin"))?;
        let patches = read(name, &bytes)?;
        let refusal = patches.iter().flat_map(|patch| &patch.diff).find_map(|diff| safety::check(diff).err());
        if let Some(refusal) = refusal {
            return Err(PatchError { trouble: Trouble::Corrupt, hint: None, ..lost(&format!("refused: {refusal}")) });
        }
        if !says_the_same(&before, &patches) {
            return Err(lost("it cannot be written for git am without a loss"));
        }
        Ok(Mended { bytes, patches, what })
    }
}

/// What the fix of a rule does, for a reader of reports.
fn done(rule: &str) -> &'static str {
    match rule {
        "header-origin" => "origin moved from the header into the message",
        "crlf-header" => "line ends of the header",
        "missing-separator" => "the line '---' added",
        _ => "the line of the mbox added",
    }
}

/// A patch with a header of another kind, or one that came encoded: header and message anew, all other bytes as they are.
fn as_mail(patch: &Patch) -> Vec<u8> {
    let (message, _) = armor(&patch.message.to_commit_message());
    let date = patch.message.date;
    let said = Commit {
        author: &patch.message.author,
        date: date.unwrap_or(Time { seconds: 0, offset: 0 }),
        message: &message,
    };
    let mut out = header(&said);
    if date.is_none() {
        // No date is better than a wrong one: git am takes the day of the import.
        out = out
            .lines_with_terminator()
            .filter(|line| !line.starts_with(b"Date: Thu, 1 Jan 1970"))
            .collect::<Vec<_>>()
            .concat();
    }
    out.extend_from_slice(b"---\n");
    out.extend_from_slice(&patch.text()[patch.layout.head.end..]);
    out
}

/// True if author, date, subject, diff, and every line of the message survived.
fn says_the_same(before: &[Patch], after: &[Patch]) -> bool {
    let diff = |patch: &Patch| patch.text()[patch.layout.diff.clone()].to_vec();
    let same = |(before, after): (&Patch, &Patch)| {
        let (old, new) = (&before.message, &after.message);
        let stat = &after.text()[after.layout.notes.start..after.layout.diff.start];
        let mut lines = new.body.lines().chain(stat.lines()).map(bstr::ByteSlice::trim);
        // A line that is indented so that it does not end the message is the same line; one of the set's own origin is not.
        let is_kept = |line: &&[u8]| !line.is_empty() && !line.starts_with(b"Origin:");
        let all_there =
            old.body.lines().map(bstr::ByteSlice::trim).filter(is_kept).all(|line| lines.any(|other| other == line));
        old.author == new.author
            && old.date == new.date
            && old.subject == new.subject
            && diff(before) == diff(after)
            && all_there
    };
    before.len() == after.len() && before.iter().zip(after).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str =
        " x | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
    const URL: &str = "https://www.kernel.org/pub/linux/kernel/projects/rt/6.6/older/patches-6.6.14-rt21.tar.xz";

    fn mended(text: &str) -> Result<(String, Vec<String>), String> {
        let mended = Mender::new(URL, None).mend("x.patch", text.as_bytes()).map_err(|error| error.to_string())?;
        Ok((String::from_utf8(mended.bytes).expect("text"), mended.what))
    }

    #[test]
    fn a_patch_of_quilt_becomes_a_mail_of_an_mbox() {
        let zeros = "0".repeat(40);
        let head = "From: A <a@b.c>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: [PATCH] s\n\nbody\n\nSigned-off-by: A <a@b.c>\n";
        let (text, what) = mended(&format!("{head}---\n{DIFF}")).expect("good");
        assert_eq!(text, format!("From {zeros} Mon Sep 17 00:00:00 2001\n{head}Origin: {URL}\n---\n{DIFF}"));
        assert_eq!(what, ["the line of the mbox added"]);
        let (text, what) =
            mended(&format!("Subject: s\nFrom: A <a@b.c>\n\nbody\n\n{DIFF}")).expect("no '---', no date");
        assert!(
            text.ends_with(&format!("body\n\nOrigin: {URL}\n---\n{DIFF}"))
                || text.contains(&format!("Origin: {URL}\n\n---\n")),
            "{text}"
        );
        assert_eq!(what.len(), 2);
    }

    #[test]
    fn headers_that_git_does_not_read_are_written_anew() {
        let (text, what) = mended(&format!("Description: s\n more\nAuthor: A <a@b.c>\n\n---\n{DIFF}")).expect("DEP-3");
        assert!(text.contains("\nFrom: A <a@b.c>\nSubject: s\n") && !text.contains("Date:"), "{text}");
        assert!(text.contains(&format!("\nOrigin: {URL}\n---\n{DIFF}")), "{text}");
        assert_eq!(what, ["written as a plain mail"]);
    }

    #[test]
    fn a_source_in_the_header_is_the_one_of_the_set() {
        let older = URL.replace("rt21", "rt20");
        let (text, _) =
            mended(&format!("From: A <a@b.c>\nSubject: s\nOrigin: {older}\n\nb\n---\n{DIFF}")).expect("good");
        assert_eq!((text.matches("Origin:").count(), text.contains(&older)), (1, false), "{text}");
    }

    #[test]
    fn nobody_guesses() {
        for (text, says) in [
            (format!("just words\n---\n{DIFF}"), "x.patch:1: "),
            (format!("Subject: s\n\nb\n---\n{DIFF}"), "x.patch:1: no author"),
            (DIFF.to_owned(), "x.patch:1: "),
            ("From: A <a@b.c>\nSubject: s\n\nb\n".to_owned(), "x.patch:1: a message without a diff"),
        ] {
            let error = mended(&text).expect_err(says);
            assert!(error.starts_with(says), "{error}");
        }
    }
}
