//! One patch as the rules see it.

use std::ops::Range;

use bstr::ByteSlice;

use super::provenance::Provenance;
use super::settings::Settings;
use crate::diff::{Content, FileDiff, Hunk, LineKind};
use crate::message::{self, FieldAt, MessageError, footer, lines, trim_end, trim_line_end};
use crate::patch::Draft;

/// A line of the message, or of a part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line without its line end.
    pub text: &'a [u8],
    /// Where `text` stands in the text of the patch.
    pub span: Range<usize>,
    /// Where the next line begins.
    pub end: usize,
}

/// A name and an address, as a trailer has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The address without brackets.
    pub email: &'a [u8],
}

impl<'a> Person<'a> {
    /// Reads `Name <mail@host>`, what follows aside; `None` if it is no such thing.
    pub fn read(value: &'a [u8]) -> Option<Self> {
        let (name, rest) = value.split_once_str("<")?;
        let (email, _) = rest.split_once_str(">")?;
        let (name, email) = (name.trim(), email.trim());
        let (local, host) = email.split_once_str("@")?;
        let good = !name.is_empty() && !local.is_empty() && !host.is_empty() && !email.contains(&b' ');
        good.then_some(Self {
            name: name.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")).unwrap_or(name),
            email,
        })
    }
}

/// Where a hunk stands in the text of the patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HunkAt {
    /// The `@@` line without its line end.
    pub header: Range<usize>,
    /// Each line of the hunk, marker included, without line ends; as many as [`Hunk::lines`].
    pub lines: Vec<Range<usize>>,
}

/// One patch as the rules see it: the draft, and what several rules want to know of it.
#[derive(Debug)]
pub struct Mail<'a> {
    /// The draft.
    pub draft: &'a Draft,
    /// What offsets count in.
    pub text: &'a [u8],
    /// The lines of the message below its headers, up to the `---` line or the diff.
    pub body: Vec<Line<'a>>,
    /// Which lines of the body are trailers, by git's rules.
    pub trailers: Range<usize>,
    /// Where the patch says that it comes from.
    pub provenance: Provenance,
    /// What the rules are to hold to.
    pub settings: &'a Settings,
}

impl<'a> Mail<'a> {
    /// Looks at a draft.
    pub fn new(draft: &'a Draft, settings: &'a Settings) -> Self {
        let text = draft.text();
        let end = draft.message.boundary.map_or(text.len(), |boundary| boundary.offset);
        let body: Vec<Line<'_>> = split(text, draft.message.body_start..end).collect();
        let trailers = trailers(draft, &body);
        let mut mail = Self { draft, text, body, trailers, provenance: Provenance::default(), settings };
        mail.provenance = Provenance::of(&mail);
        mail
    }

    /// The subject without `[PATCH n/m]`; empty if there is none.
    pub fn subject(&self) -> &'a [u8] {
        self.draft.message.subject.as_ref().map_or(b"", |subject| subject.as_slice())
    }

    /// The last header field of that name, which is the one that git takes.
    pub fn field(&self, name: &str) -> Option<&'a FieldAt> {
        self.draft.message.fields.iter().rev().find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The place to point at for what is wrong with the subject: its header, or the start of the text.
    pub fn subject_place(&self) -> Range<usize> {
        let place = self.field_place("Subject").or_else(|| self.field_place("Description"));
        place.unwrap_or(self.draft.message.body_start..self.draft.message.body_start)
    }

    /// Where the last header field of that name stands, without its line end.
    pub fn field_place(&self, name: &str) -> Option<Range<usize>> {
        let span = self.field(name)?.span.clone();
        Some(span.start..span.start + trim_line_end(&self.text[span]).len())
    }

    /// Where an error of the message stands: offsets in a mail that came encoded are not those of its text.
    pub fn place_of(&self, error: &MessageError, field: &str) -> Range<usize> {
        let offset = error.offset();
        match (&self.draft.message.decoded, self.field_place(field)) {
            (None, _) => offset..offset,
            (Some(_), Some(place)) => place,
            (Some(_), None) => 0..0,
        }
    }

    /// The mail as git reads it, which reads no DEP-3.
    pub fn by_git(&self) -> &'a message::Draft {
        let message = &self.draft.message;
        message.by_git.as_deref().unwrap_or(message)
    }

    /// The lines of the header and the message, up to the line that ends it.
    pub fn head(&self) -> impl Iterator<Item = Line<'a>> + use<'a> {
        let end = self.draft.message.boundary.map_or(self.text.len(), |boundary| boundary.offset);
        split(self.text, 0..end)
    }

    /// Where a line of the body stands.
    pub fn line_place(&self, line: usize) -> Range<usize> {
        self.body.get(line).map_or_else(|| self.subject_place(), |line| line.span.clone())
    }

    /// The body's lines that say `Key: value` with this key, in any case; in the trailers or elsewhere.
    pub fn keyed(&self, key: &'static str) -> impl Iterator<Item = (usize, &'a [u8])> + '_ {
        self.body.iter().enumerate().filter_map(move |(at, line)| value(line.text, key).map(|value| (at, value)))
    }

    /// The good sign-offs, in order: the line of the body, and who signed.
    pub fn sign_offs(&self) -> impl Iterator<Item = (usize, Person<'a>)> + '_ {
        self.body.iter().enumerate().filter_map(|(at, line)| {
            let value = line.text.strip_prefix(b"Signed-off-by:")?;
            Person::read(value).map(|person| (at, person))
        })
    }

    /// The lines between the `---` line and the diffstat or the diff.
    pub fn notes(&self) -> impl Iterator<Item = Line<'a>> + use<'a> {
        split(self.text, self.draft.layout.notes.clone())
    }

    /// True if nothing says that the patch was taken from elsewhere: its message may be held to local custom.
    pub fn is_authored(&self) -> bool {
        self.provenance.is_empty()
    }

    /// The diffs; none if they cannot be read.
    pub fn diffs(&self) -> &'a [FileDiff] {
        self.draft.diff.as_deref().unwrap_or_default()
    }

    /// Each file with each of its hunks: the index of the diff, the index of the hunk, the hunk.
    pub fn hunks(&self) -> impl Iterator<Item = (usize, usize, &'a Hunk)> + use<'a> {
        self.diffs().iter().enumerate().flat_map(|(at, diff)| {
            let hunks: &[Hunk] = match &diff.content {
                Content::Text(hunks) => hunks,
                _ => &[],
            };
            hunks.iter().enumerate().map(move |(number, hunk)| (at, number, hunk))
        })
    }

    /// Each added line: the indexes of its diff, hunk and line, and the line without its marker and line end.
    pub fn added(&self) -> impl Iterator<Item = ((usize, usize, usize), &'a [u8])> + use<'a> {
        self.hunks().flat_map(|(diff, number, hunk)| {
            hunk.lines
                .iter()
                .enumerate()
                .filter(|(_, line)| line.kind == LineKind::Insert)
                .map(move |(at, line)| ((diff, number, at), line.text.strip_suffix(b"\n").unwrap_or(&line.text)))
        })
    }

    /// Where the hunks of a diff stand. Costs a walk over its text: for those that have something to say.
    pub fn hunks_at(&self, diff: usize) -> Vec<HunkAt> {
        let diff = &self.diffs()[diff];
        let Content::Text(hunks) = &diff.content else { return Vec::new() };
        let mut all = split(self.text, diff.span.clone()).skip_while(|line| !line.text.starts_with(b"@@ -"));
        hunks
            .iter()
            .filter_map(|hunk| {
                let header = all.find(|line| line.text.starts_with(b"@@ -"))?.span;
                let lines = all.by_ref().filter(|line| !line.text.starts_with(b"\\")).take(hunk.lines.len());
                Some(HunkAt { header, lines: lines.map(|line| line.span).collect() })
            })
            .collect()
    }

    /// Where a line of a hunk stands, marker included.
    pub fn place(&self, (diff, hunk, line): (usize, usize, usize)) -> Range<usize> {
        let at = self.hunks_at(diff).get(hunk).and_then(|hunk| hunk.lines.get(line).cloned());
        at.unwrap_or_else(|| self.diffs()[diff].span.start..self.diffs()[diff].span.start)
    }

    /// Where the header lines of a diff stand, up to its first hunk.
    pub fn diff_header(&self, diff: usize) -> impl Iterator<Item = Line<'a>> + use<'a> {
        let span = self.diffs()[diff].span.clone();
        split(self.text, span).take_while(|line| !line.text.starts_with(b"@@ -"))
    }
}

/// The lines of a part of a text.
pub(super) fn split(text: &[u8], part: Range<usize>) -> impl Iterator<Item = Line<'_>> {
    lines(&text[..part.end.min(text.len())], part.start).map(|line| {
        let content = trim_line_end(&text[line.clone()]);
        Line { text: content, span: line.start..line.start + content.len(), end: line.end }
    })
}

/// What follows `key:`, if that is what the line begins with, in any case.
pub(super) fn value<'a>(line: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let start = line.get(..key.len()).filter(|start| start.eq_ignore_ascii_case(key.as_bytes()))?;
    line[start.len()..].strip_prefix(b":").map(ByteSlice::trim)
}

/// Git's own trailers, as indexes of the lines of the body.
fn trailers(draft: &Draft, body: &[Line<'_>]) -> Range<usize> {
    // Git looks at the message as the commit has it: no white space at line ends, a title, an empty line.
    let mut message: Vec<Vec<u8>> = Vec::with_capacity(body.len() + 2);
    let has_title = draft.message.header_subject.as_ref().is_some_and(|subject| !subject.is_empty());
    if has_title {
        message.extend([b"title\n".to_vec(), b"\n".to_vec()]);
    }
    let before = message.len();
    message.extend(body.iter().map(|line| [trim_end(line.text), b"\n"].concat()));
    while message.len() > before && message.last().is_some_and(|line| line == b"\n") {
        message.pop();
    }
    let all: Vec<&[u8]> = message.iter().map(Vec::as_slice).collect();
    let found = footer::trailer_lines(&all);
    found.start.saturating_sub(before)..found.end.saturating_sub(before)
}
