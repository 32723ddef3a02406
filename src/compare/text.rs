//! A patch as the text that is compared: what `git range-diff` makes of the output of `git log -p`.

use bstr::{BStr, BString, ByteSlice as _};
use sha1::{Digest as _, Sha1};
use unicode_width::UnicodeWidthChar;

use super::Member;
use crate::diff::{BinaryHunk, Content, FileDiff, Hunk, LineKind, Mode, Operation};
use crate::message::Identity;

/// Tabs in a message are shown as blanks up to the next multiple of this, as `git log` does it.
const TAB: usize = 8;
/// The mode that a new file has unless something else is said.
const USUAL: Mode = 0o100_644;

/// The text of a patch.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    all: Vec<u8>,
    /// Where the diff begins: at the end if there is none.
    diff_at: usize,
    /// The diff as `git range-diff` sees it, by which counterparts are found.
    key: Vec<u8>,
    /// What the diff says without its context: files and changed lines.
    changes: Vec<u8>,
    /// The first lines of the message up to an empty one, joined, as `git log --oneline` shows them.
    title: BString,
    /// Lines of the diff, by which a patch is weighed; blank lines between files do not count.
    size: usize,
}

impl Text {
    /// Makes the text of a patch.
    pub(super) fn of(member: &Member<'_>) -> Self {
        let mut text = Self::default();
        text.head(member.author, &member.message);
        text.diff_at = text.all.len() + usize::from(!member.diff.is_empty());
        // Other tools write the files in other orders; a commit has but one.
        let mut files: Vec<&FileDiff> = member.diff.iter().collect();
        files.sort_by_key(|diff| diff.path());
        for diff in files {
            text.all.push(b'\n');
            if !text.key.is_empty() {
                text.key.push(b'\n');
            }
            text.file(diff);
        }
        text
    }

    /// All of it.
    pub(super) fn all(&self) -> &[u8] {
        &self.all
    }

    /// Author and message.
    pub(super) fn message(&self) -> &[u8] {
        &self.all[..self.diff_at]
    }

    /// The diff.
    pub(super) fn diff(&self) -> &[u8] {
        &self.all[self.diff_at..]
    }

    /// What counterparts are found by: the diff as `git range-diff` sees it, or the message of a patch without one.
    pub(super) fn key(&self) -> &[u8] {
        if self.key.is_empty() { self.message() } else { &self.key }
    }

    /// The files and the changed lines.
    pub(super) fn changes(&self) -> &[u8] {
        &self.changes
    }

    /// The subject of the message, on one line.
    pub(super) fn title(&self) -> &BStr {
        self.title.as_bstr()
    }

    /// How many lines of diff there are.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    fn head(&mut self, author: &Identity, message: &[u8]) {
        self.all.extend_from_slice(b" ## Metadata ##\nAuthor: ");
        self.all.extend([&author.name[..], b" <", &author.email, b">\n\n ## Commit message ##\n"].concat());
        let message = message.split(|&byte| byte == 0).next().unwrap_or_default();
        let lines = message.split(|&byte| byte == b'\n').map(trim_end).skip_while(|line| line.is_empty());
        self.title = lines.clone().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(&b' ').into();
        let mut blank = 0;
        for line in lines {
            if line.is_empty() {
                blank += 1;
                continue;
            }
            self.all.extend(std::iter::repeat_n(b'\n', blank));
            blank = 0;
            self.all.extend_from_slice(b"    ");
            expand_tabs(line, &mut self.all);
            self.all.push(b'\n');
        }
    }

    fn file(&mut self, diff: &FileDiff) {
        self.line(&headline(diff), true);
        if diff.operation == Operation::Create && diff.new_mode.is_some_and(|mode| mode != USUAL) {
            self.unseen(&format!(" new file mode {:06o}\n", diff.new_mode.unwrap_or(USUAL)));
        }
        match &diff.content {
            Content::Unchanged => {}
            Content::Text(hunks) => hunks.iter().for_each(|hunk| self.hunk(hunk, diff.path())),
            Content::Binary { forward, .. } => {
                self.binary(diff);
                self.unseen(&format!(" binary {}\n", fingerprint(diff, forward)));
            }
            Content::BinaryDiffers => self.binary(diff),
        }
    }

    fn hunk(&mut self, hunk: &Hunk, path: &[u8]) {
        if hunk.section.is_empty() {
            self.line(b"@@\n", false);
        } else {
            self.line(&[b"@@ ", path, b":", &hunk.section, b"\n"].concat(), false);
        }
        for line in &hunk.lines {
            let (marker, changes) = match line.kind {
                LineKind::Context => (&b" "[..], false),
                LineKind::Delete => (&b"-"[..], true),
                LineKind::Insert => (&b"+"[..], true),
            };
            let text = line.text.strip_suffix(b"\n").unwrap_or(&line.text);
            self.line(&[marker, text, b"\n"].concat(), changes);
            if !line.text.ends_with(b"\n") {
                self.line(b" \\ No newline at end of file\n", changes);
            }
        }
    }

    fn binary(&mut self, diff: &FileDiff) {
        let side = |path: Option<&BString>| path.map_or_else(|| b"/dev/null".to_vec(), |path| path.to_vec());
        let (old, new) = (side(diff.old_path.as_ref()), side(diff.new_path.as_ref()));
        self.line(&[b" Binary files ", &old[..], b" and ", &new, b" differ\n"].concat(), true);
    }

    fn line(&mut self, line: &[u8], changes: bool) {
        self.all.extend_from_slice(line);
        self.key.extend_from_slice(line);
        self.size += 1;
        if changes {
            self.changes.extend_from_slice(line);
        }
    }

    /// What `git range-diff` does not look at: it differs, but it finds no counterpart.
    fn unseen(&mut self, line: &str) {
        self.all.extend_from_slice(line.as_bytes());
        self.changes.extend_from_slice(line.as_bytes());
    }
}

/// ` ## path ##`, with what becomes of the file as a whole.
fn headline(diff: &FileDiff) -> Vec<u8> {
    let old = diff.old_path.as_ref().or(diff.new_path.as_ref()).map_or(&b""[..], |path| path);
    let new: &[u8] = diff.path();
    let mut line = b" ## ".to_vec();
    match diff.operation {
        Operation::Create => line.extend([new, &b" (new)"[..]].concat()),
        Operation::Delete => line.extend([old, &b" (deleted)"[..]].concat()),
        Operation::Rename => line.extend([old, &b" => "[..], new].concat()),
        Operation::Modify if diff.may_create() => line.extend([new, &b" (new)"[..]].concat()),
        Operation::Modify | Operation::Copy => line.extend_from_slice(new),
    }
    if let (Some(old), Some(new)) = (diff.old_mode, diff.new_mode)
        && old != new
        && !matches!(diff.operation, Operation::Create | Operation::Delete)
    {
        line.extend(format!(" (mode change {old:06o} => {new:06o})").bytes());
    }
    line.extend_from_slice(b" ##\n");
    line
}

/// What a binary file becomes: its id where the patch names it in full, else a hash of what the patch holds.
fn fingerprint(diff: &FileDiff, forward: &BinaryHunk) -> String {
    if let Some((_, new)) = diff.index.as_ref().filter(|(_, new)| new.len() >= 40) {
        return new.to_string();
    }
    let (BinaryHunk::Literal(data) | BinaryHunk::Delta(data)) = forward;
    Sha1::digest(data).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Git stops at the first tab that stands behind something whose width it does not know.
fn expand_tabs(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    while let Some(tab) = rest.find_byte(b'\t') {
        let Some(width) = columns(&rest[..tab]) else { break };
        out.extend_from_slice(&rest[..tab]);
        out.extend(std::iter::repeat_n(b' ', TAB - width % TAB));
        rest = &rest[tab + 1..];
    }
    out.extend_from_slice(rest);
}

/// The columns of a terminal that `text` takes; `None` if it is no UTF-8 or holds control characters.
fn columns(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.chars().map(UnicodeWidthChar::width).sum()
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b'\n' | b'\r'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::parse::parse;

    fn text(message: &str, diff: &str) -> Text {
        let author = Identity { name: "A U Thor".into(), email: "a@b".into() };
        let diff = parse(diff.as_bytes(), 0).expect("a good diff");
        Text::of(&Member { author: &author, message: message.as_bytes().into(), diff: &diff })
    }

    #[test]
    fn a_patch_becomes_a_text() {
        let diff = "diff --git a/z b/z\nold mode 100644\nnew mode 100755\n\
            diff --git a/f.c b/f.c\nindex 1..2 100644\n--- a/f.c\n+++ b/f.c\n\
            @@ -8,2 +8,2 @@ int main(void)\n \tx;\n-\ty;\n+\tz;\n\\ No newline at end of file\n";
        let text = text("\n s \nt\n\n\n\ta\tb  \n\n\n", diff);
        let head = " ## Metadata ##\nAuthor: A U Thor <a@b>\n\n ## Commit message ##\n     s\n    t\n\n\n            a       b\n";
        let body = " ## f.c ##\n@@ f.c: int main(void)\n \tx;\n-\ty;\n+\tz;\n \\ No newline at end of file\n\n\
            \x20## z (mode change 100644 => 100755) ##\n";
        assert_eq!(text.all().as_bstr(), format!("{head}\n{body}"));
        assert_eq!(text.diff().as_bstr(), body);
        assert_eq!(text.key().as_bstr(), body);
        assert_eq!((text.size(), text.title()), (7, " s t".into()));
        let changes =
            " ## f.c ##\n-\ty;\n+\tz;\n \\ No newline at end of file\n ## z (mode change 100644 => 100755) ##\n";
        assert_eq!(text.changes().as_bstr(), changes);
    }

    #[test]
    fn what_becomes_of_a_file_is_said() {
        let headline = |diff: &str| {
            let text = text("s", diff);
            text.diff().lines().map(|line| line.to_str_lossy().into_owned()).collect::<Vec<_>>().join("|")
        };
        assert_eq!(headline("diff --git a/f b/f\nnew file mode 100644\n"), " ## f (new) ##");
        assert_eq!(headline("diff --git a/f b/f\nnew file mode 100755\n"), " ## f (new) ##| new file mode 100755");
        assert_eq!(headline("diff --git a/f b/f\ndeleted file mode 100644\n"), " ## f (deleted) ##");
        let renamed = "diff --git a/f b/g\nsimilarity index 100%\nrename from f\nrename to g\n";
        assert_eq!(headline(renamed), " ## f => g ##");
        assert_eq!(headline("--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+x\n"), " ## f (new) ##|@@|+x");
    }

    #[test]
    fn a_patch_without_a_diff_is_known_by_its_message() {
        let (one, other) = (text("one", ""), text("other", ""));
        assert_eq!((one.diff(), one.size()), (&b""[..], 0));
        assert!(one.key() == one.all() && one.key() != other.key());
    }
}
