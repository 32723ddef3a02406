//! Where a patch says that it comes from.

use bstr::ByteSlice as _;

use super::mail::{Line, Mail, value};

/// A commit that the message names as its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The line of the body.
    pub line: usize,
    /// The commit, 40 hex digits in lower case.
    pub id: String,
}

/// One kind of saying it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `(cherry picked from commit …)`, as `git cherry-pick -x` writes it.
    Picked,
    /// `(backported from commit …)`, as Ubuntu writes it.
    Backported,
    /// `commit … upstream.` or `[ Upstream commit … ]`, as stable writes it.
    Stable,
    /// An `Origin:` line.
    Origin,
    /// `This reverts commit …`.
    Reverts,
    /// A link to the posting or the commit.
    Link,
    /// `Upstream-Status:`, `Forwarded:`, or a subject that begins with `UPSTREAM:` and the like.
    Other,
}

/// All that a message says of its source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The lines `(cherry picked from commit <40 hex>)`, exactly so.
    pub picks: Vec<Pick>,
    /// Lines of the body that mean to be such a line and are not.
    pub near_picks: Vec<usize>,
    /// The lines `(backported from commit <40 hex>)`.
    pub backports: Vec<Pick>,
    /// Stable's two forms.
    pub stable: Vec<Pick>,
    /// Lines of the body that mean to be one of those and are not.
    pub near_stable: Vec<usize>,
    /// The `Origin:` lines of the body.
    pub origins: Vec<usize>,
    /// True if the mail's header has an `Origin:`.
    pub header_origin: bool,
    /// The commits that it says it reverts.
    pub reverts: Vec<Pick>,
    /// True for a link to the posting or the commit.
    pub link: bool,
    /// True for the other ways of saying it.
    pub other: bool,
}

impl Provenance {
    pub(super) fn of(mail: &Mail<'_>) -> Self {
        let mut all = Self {
            header_origin: mail.field("Origin").is_some(),
            other: mail.field("Applied-Upstream").is_some() || subject_tag(mail.subject()).is_some(),
            ..Self::default()
        };
        for (at, line) in mail.body.iter().enumerate() {
            all.line(at, line);
        }
        all
    }

    /// Looks at one line of the body.
    fn line(&mut self, line: usize, text: &Line<'_>) {
        let text = text.text.trim_end();
        let pick = |id: &[u8]| Pick { line, id: id.to_str_lossy().to_ascii_lowercase() };
        if text.is_empty() {
            return;
        }
        if let Some(id) = parenthesized(text, b"(cherry picked from commit ") {
            self.picks.push(pick(id));
        } else if let Some(id) = parenthesized(text, b"(backported from commit ") {
            self.backports.push(pick(id));
        } else if means_pick(text) {
            self.near_picks.push(line);
        }
        if let Some(id) = stable_id(text) {
            self.stable.push(pick(id));
        } else if means_stable(text) {
            self.near_stable.push(line);
        }
        if value(text, "Origin").is_some() {
            self.origins.push(line);
        }
        if let Some(at) = text.find(b"This reverts commit") {
            let rest = &text[at + 19..];
            let rest = rest.strip_prefix(b"s").unwrap_or(rest).trim_start();
            self.reverts.extend(full_id(rest).map(pick));
        }
        self.link = self.link || is_link(text);
        let status = value(text, "Upstream-Status").or_else(|| value(text, "Forwarded"));
        self.other = self.other || status.is_some_and(|status| !status.is_empty());
    }

    /// True if nothing is said.
    pub fn is_empty(&self) -> bool {
        self.sources().is_empty()
    }

    /// What is said, each kind once.
    pub fn sources(&self) -> Vec<Source> {
        let said = [
            (!self.picks.is_empty() || !self.near_picks.is_empty(), Source::Picked),
            (!self.backports.is_empty(), Source::Backported),
            (!self.stable.is_empty() || !self.near_stable.is_empty(), Source::Stable),
            (!self.origins.is_empty() || self.header_origin, Source::Origin),
            (!self.reverts.is_empty(), Source::Reverts),
            (self.link, Source::Link),
            (self.other, Source::Other),
        ];
        said.into_iter().filter_map(|(is_said, source)| is_said.then_some(source)).collect()
    }

    /// The commits that it is a copy of, by what it says: the last one added first.
    pub fn claims(&self) -> Vec<&Pick> {
        let mut all: Vec<&Pick> = self.picks.iter().rev().chain(self.backports.iter().rev()).collect();
        for pick in &self.stable {
            if !all.iter().any(|known| known.id == pick.id) {
                all.push(pick);
            }
        }
        all
    }
}

/// The 40 hex digits that `text` begins with, if no more follow.
pub(super) fn full_id(text: &[u8]) -> Option<&[u8]> {
    let digits = hex_digits(text);
    (digits == 40).then(|| &text[..40])
}

/// How many hex digits `text` begins with.
pub(super) fn hex_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count()
}

/// The id in `(… <40 lower-case hex>)`, alone on its line.
fn parenthesized<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    let id = line.strip_prefix(start)?.strip_suffix(b")")?;
    (id.len() == 40 && id.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some(id)
}

/// A line that begins as `(cherry picked from` in some spelling and names a commit. Indented lines are quotes.
fn means_pick(line: &[u8]) -> bool {
    let lower = line.to_ascii_lowercase();
    let text = lower.strip_prefix(b"(").or_else(|| lower.strip_prefix(b"[")).unwrap_or(&lower);
    let Some(rest) = text.strip_prefix(b"cherry") else { return false };
    let rest = rest.strip_prefix(b"-").or_else(|| rest.strip_prefix(b" ")).unwrap_or(rest);
    let Some(rest) = rest.strip_prefix(b"pick") else { return false };
    let rest = rest.strip_prefix(b"ed").unwrap_or(rest).trim_start();
    let rest = rest.strip_prefix(b"from").map(<[u8]>::trim_start);
    rest.is_some_and(|rest| {
        let rest = rest.strip_prefix(b":").unwrap_or(rest).trim_start();
        let rest = rest.strip_prefix(b"commit").unwrap_or(rest);
        hex_digits(rest.trim_start_with(|c| c == ' ' || c == ':')) >= 7
    })
}

/// The id in `commit <40 hex> upstream.` or `[ Upstream commit <40 hex> ]`, alone on its line.
fn stable_id(line: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = line.strip_prefix(b"commit ") {
        let id = full_id(rest)?;
        return matches!(&rest[40..], b" upstream" | b" upstream.").then_some(id);
    }
    let inner = line.strip_prefix(b"[")?.strip_suffix(b"]")?.trim();
    let rest = inner.strip_prefix(b"Upstream commit ").or_else(|| inner.strip_prefix(b"upstream commit "))?;
    full_id(rest).filter(|_| rest.len() == 40)
}

/// A line that says no more than which commit it is upstream, and not in one of stable's forms.
fn means_stable(line: &[u8]) -> bool {
    let lower = line.to_ascii_lowercase();
    let text = lower.trim_with(|c| matches!(c, '[' | ']' | '(' | ')' | '.' | ',' | ':' | ' '));
    let words: Vec<&[u8]> = text.fields().collect();
    let is_id = |word: &[u8]| word.len() >= 7 && word.len() <= 40 && hex_digits(word) == word.len();
    match words.as_slice() {
        [b"upstream", b"commit" | b"commit:", id] | [b"commit", id, b"upstream" | b"upstream."] => is_id(id),
        _ => false,
    }
}

/// A trailer that links to the posting, or a line with the web page of a commit.
fn is_link(line: &[u8]) -> bool {
    const POSTINGS: [&str; 5] =
        ["lore.kernel.org/", "lkml.kernel.org/r/", "patch.msgid.link/", "patchwork.", "lists.openwall.net/"];
    const COMMITS: [&str; 3] = ["/commit/", "/commit?id=", "/patch/?id="];
    let is_url = line.find("://").is_some();
    let links = value(line, "Link").is_some() || value(line, "Upstream").is_some();
    is_url
        && (COMMITS.iter().any(|form| line.find(form).is_some())
            || (links && POSTINGS.iter().any(|host| line.find(host).is_some())))
}

/// `UPSTREAM:`, `BACKPORT:`, `FROMLIST:`, `FROMGIT:` in front of a subject.
pub(super) fn subject_tag(subject: &[u8]) -> Option<&'static str> {
    const TAGS: [&str; 4] = ["UPSTREAM:", "BACKPORT:", "FROMLIST:", "FROMGIT:"];
    TAGS.into_iter().find(|tag| subject.starts_with(tag.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn exact_forms_and_near_ones() {
        for (line, exact, near) in [
            (format!("(cherry picked from commit {ID})"), true, false),
            (format!("(cherry-picked from commit {ID})"), false, true),
            (format!("(cherry picked from commit {})", ID.to_uppercase()), false, true),
            (format!("(cherry picked from commit {ID} net-next)"), false, true),
            ("cherry-picked from 3635a80".to_owned(), false, true),
            ("This was cherry picked from commit 3635a80.".to_owned(), false, false),
            (format!("    (cherry picked from commit {ID})"), false, false),
            ("cherry picked from the list".to_owned(), false, false),
        ] {
            let text = line.as_bytes();
            assert_eq!(parenthesized(text, b"(cherry picked from commit ").is_some(), exact, "{line}");
            assert_eq!(!exact && means_pick(text), near, "{line}");
        }
        for (line, exact, near) in [
            (format!("commit {ID} upstream."), true, false),
            (format!("commit {ID} upstream"), true, false),
            (format!("[ Upstream commit {ID} ]"), true, false),
            (format!("[Upstream commit {ID}]"), true, false),
            ("upstream commit 0123abc".to_owned(), false, true),
            (format!("Upstream commit: {ID}"), false, true),
            ("commit 0123abc upstream.".to_owned(), false, true),
            ("It is fixed by upstream commit 0123abc already".to_owned(), false, false),
            (format!("commit {ID}"), false, false),
        ] {
            assert_eq!(stable_id(line.as_bytes()).is_some(), exact, "{line}");
            assert_eq!(!exact && means_stable(line.as_bytes()), near, "{line}");
        }
    }

    #[test]
    fn links_that_say_where_a_patch_is() {
        assert!(is_link(b"Link: https://lore.kernel.org/r/x@y"));
        assert!(is_link(b"https://github.com/a/b/commit/0123"));
        assert!(!is_link(b"see https://lore.kernel.org/r/x@y for the report"));
        assert!(!is_link(b"Link: https://bugzilla.kernel.org/1"));
    }
}
