//! Writes the change of one file as `git diff-tree -p` does, byte for byte.

use std::borrow::Cow;
use std::io::Write as _;
use std::ops::Range;

use bstr::BString;
use thiserror::Error;

use super::Mode;
use super::attributes::Driver;
use super::funcname::Rules;
use super::lines::{Change, changes, changes_of_lines, split_lines};
use super::stat::{Counts, FileStat};

/// Lines of context around a change.
const CONTEXT: u32 = 3;
/// Digits of an id in an `index` line.
const ID_DIGITS: usize = 12;
/// A NUL among this many first bytes makes a file binary.
const BINARY_PROBE: usize = 8000;
/// From this size on git looks at no file as text (`core.bigFileThreshold`).
const BIG_FILE: usize = 512 << 20;
/// A hunk header has no more bytes than this, its line end included.
const LONGEST_HEADER: usize = 128;

const TYPE_BITS: Mode = 0o170_000;
const REGULAR: Mode = 0o100_000;
const GITLINK: Mode = 0o160_000;

/// A file as it stands in one of two trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side<'a> {
    /// As in the tree.
    pub mode: Mode,
    /// The id of the blob, or of the commit for a submodule: 40 hexadecimal digits.
    pub id_hex: &'a str,
    /// The bytes of the blob, the target of a symlink; not looked at for a submodule.
    pub content: &'a [u8],
}

/// What becomes of one path from one tree to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileChange<'a> {
    /// Relative to the top of the tree.
    pub path: &'a [u8],
    /// `None` for a new file.
    pub old: Option<Side<'a>>,
    /// `None` for a deleted file.
    pub new: Option<Side<'a>>,
}

/// Why a diff has to be left to git itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NeedsGit {
    /// A binary patch holds deflated data, and no two deflaters give the same bytes.
    #[error("the change of binary file '{0}' can only be written by git")]
    Binary(BString),
    /// The attributes ask for one of git's diff drivers that is not known here.
    #[error("the diff driver of '{0}' is known to git only")]
    Driver(BString),
}

/// The lines that one hunk covers, its context included, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span<'a> {
    /// In the old file.
    pub(crate) old: Range<u32>,
    /// In the new file.
    pub(crate) new: Range<u32>,
    /// What changes in it; never empty.
    pub(crate) changes: &'a [Change],
}

/// The hunks that show `changes` between files of so many lines. Changes with no more than twice the context between
/// them share a hunk.
pub(crate) fn spans(changes: &[Change], old_len: usize, new_len: usize) -> impl Iterator<Item = Span<'_>> {
    let groups = changes.chunk_by(|left, right| right.old.start - left.old.end <= 2 * CONTEXT);
    groups.filter_map(move |changes| {
        let (first, last) = (changes.first()?, changes.last()?);
        let after = CONTEXT.min(old_len as u32 - last.old.end).min(new_len as u32 - last.new.end);
        let old = first.old.start.saturating_sub(CONTEXT)..last.old.end + after;
        let new = first.new.start.saturating_sub(CONTEXT)..last.new.end + after;
        Some(Span { old, new, changes })
    })
}

/// The hunks between two texts without the names of files, as `git diff --diff-algorithm=myers -U3` prints them;
/// `rules` say what their headers name.
pub fn hunks(old: &[u8], new: &[u8], rules: &'static Rules) -> Vec<u8> {
    let mut out = Vec::new();
    let [old, new] = [old, new].map(split_lines);
    let changes = changes_of_lines(&old, &new);
    Hunks { old, new, rules, section: b"", searched: 0 }.write_all(&changes, &mut out);
    out
}

/// Appends the diff of one file to `out`, as `git diff-tree -p --no-renames --diff-algorithm=myers -U3 --abbrev=12
/// --src-prefix=a/ --dst-prefix=b/` prints it; nothing for a file that is the same on both sides.
///
/// On an error `out` is as it was.
pub fn file_diff(change: &FileChange<'_>, driver: &Driver, out: &mut Vec<u8>) -> Result<(), NeedsGit> {
    file_diff_and_stat(change, driver, out).map(drop)
}

/// Does what [`file_diff`] does, and returns what [`file_stat`] does, for the price of one.
pub fn file_diff_and_stat(change: &FileChange<'_>, driver: &Driver, out: &mut Vec<u8>) -> Result<FileStat, NeedsGit> {
    let start = out.len();
    let counts = match (&change.old, &change.new) {
        (Some(old), Some(new)) if (old.mode ^ new.mode) & TYPE_BITS != 0 => {
            write_pair(change.path, Some(old), None, driver, out)
                .and_then(|_| write_pair(change.path, None, Some(new), driver, out))
                .map(|_| counts(change, driver))
        }
        (old, new) => write_pair(change.path, old.as_ref(), new.as_ref(), driver, out),
    };
    match counts {
        Ok(counts) => Ok(stat_of(change, counts)),
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// Counts what one file's line of a diffstat says; works for binary files as well.
pub fn file_stat(change: &FileChange<'_>, driver: &Driver) -> FileStat {
    stat_of(change, counts(change, driver))
}

/// `prefix` and `path`, in double quotes with C escapes where `path` has bytes that git quotes (`core.quotePath`).
pub fn quoted<'a>(prefix: &str, path: &'a [u8]) -> Cow<'a, [u8]> {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if path.iter().all(plain) {
        return match prefix {
            "" => Cow::Borrowed(path),
            _ => Cow::Owned([prefix.as_bytes(), path].concat()),
        };
    }
    let mut out = format!("\"{prefix}").into_bytes();
    for &byte in path {
        let escape = match byte {
            0x07 => b'a',
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0b => b'v',
            0x0c => b'f',
            b'\r' => b'r',
            b'"' | b'\\' => byte,
            _ if plain(&byte) => {
                out.push(byte);
                continue;
            }
            _ => {
                out.extend([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
                continue;
            }
        };
        out.extend([b'\\', escape]);
    }
    out.push(b'"');
    Cow::Owned(out)
}

impl Side<'_> {
    /// What is compared: a submodule reads as a line that names its commit.
    fn text(&self) -> Cow<'_, [u8]> {
        if self.mode & TYPE_BITS == GITLINK {
            Cow::Owned(format!("Subproject commit {}\n", self.id_hex).into_bytes())
        } else {
            Cow::Borrowed(self.content)
        }
    }

    /// Attributes speak of regular files only.
    fn is_binary(&self, driver: &Driver) -> bool {
        match driver {
            _ if self.content.len() >= BIG_FILE => true,
            Driver::Binary if self.is_regular() => true,
            Driver::Text if self.is_regular() => false,
            _ => self.content.iter().take(BINARY_PROBE).any(|&byte| byte == 0),
        }
    }

    fn is_regular(&self) -> bool {
        self.mode & TYPE_BITS == REGULAR
    }
}

fn stat_of(change: &FileChange<'_>, counts: Counts) -> FileStat {
    FileStat {
        path: change.path.into(),
        old_mode: change.old.map(|side| side.mode),
        new_mode: change.new.map(|side| side.mode),
        counts,
    }
}

/// Compares the two sides even where their types differ, as the diffstat does.
fn counts(change: &FileChange<'_>, driver: &Driver) -> Counts {
    let same = ids(change.old.as_ref(), change.new.as_ref()).is_none();
    if [change.old, change.new].iter().flatten().any(|side| side.is_binary(driver)) {
        let size = |side: Option<Side<'_>>| match side {
            Some(side) if !same => side.text().len() as u64,
            _ => 0,
        };
        return Counts::Binary { old: size(change.old), new: size(change.new) };
    }
    let [old, new] = [&change.old, &change.new].map(|side| side.as_ref().map_or_else(Cow::default, Side::text));
    let found = if same { Vec::new() } else { changes(&old, &new) };
    line_counts(&found)
}

fn line_counts(changes: &[Change]) -> Counts {
    Counts::Lines {
        added: changes.iter().map(|change| change.new.len() as u64).sum(),
        deleted: changes.iter().map(|change| change.old.len() as u64).sum(),
    }
}

/// The ids of the two sides, cut for an `index` line; `None` where they are the same.
fn ids<'a>(old: Option<&Side<'a>>, new: Option<&Side<'a>>) -> Option<(&'a str, &'a str)> {
    let [old, new] = [old, new].map(|side| side.map(|side| side.id_hex));
    let short = |id: Option<&'a str>| id.map_or("000000000000", |id| id.get(..ID_DIGITS).unwrap_or(id));
    (old != new).then(|| (short(old), short(new)))
}

/// Writes the diff of two sides of the same type, or of one that comes or goes.
fn write_pair(
    path: &[u8],
    old: Option<&Side<'_>>,
    new: Option<&Side<'_>>,
    driver: &Driver,
    out: &mut Vec<u8>,
) -> Result<Counts, NeedsGit> {
    let change = FileChange { path, old: old.copied(), new: new.copied() };
    let Some(ids) = ids(old, new) else {
        write_header(&change, None, out);
        return Ok(counts(&change, driver));
    };
    if [old, new].iter().flatten().any(|side| side.is_binary(driver)) {
        return Err(NeedsGit::Binary(path.into()));
    }
    let regular = [old, new].iter().flatten().any(|side| side.is_regular());
    let rules = match driver {
        Driver::Named(name) if regular => Rules::named(name).ok_or_else(|| NeedsGit::Driver(path.into()))?,
        _ => Rules::default_rule(),
    };

    let [old_text, new_text] = [old, new].map(|side| side.map_or_else(Cow::default, Side::text));
    let [old_lines, new_lines] = [&old_text, &new_text].map(|text| split_lines(text));
    let changes = changes_of_lines(&old_lines, &new_lines);
    write_header(&change, Some(ids), out);
    if !changes.is_empty() {
        let labels = [("--- ", old.map(|_| quoted("a/", path))), ("+++ ", new.map(|_| quoted("b/", path)))];
        for (marker, label) in labels {
            let label = label.unwrap_or(Cow::Borrowed(b"/dev/null"));
            out.extend_from_slice(marker.as_bytes());
            out.extend_from_slice(&label);
            // GNU patch would take what follows a space for a date.
            out.extend_from_slice(if label.contains(&b' ') { b"\t\n" } else { b"\n" });
        }
        let mut hunks = Hunks { old: old_lines, new: new_lines, rules, section: b"", searched: 0 };
        hunks.write_all(&changes, out);
    }
    Ok(line_counts(&changes))
}

/// Writes the lines from `diff --git` to `index`.
fn write_header(change: &FileChange<'_>, ids: Option<(&str, &str)>, out: &mut Vec<u8>) {
    let modes = (change.old.map(|side| side.mode), change.new.map(|side| side.mode));
    if modes.0 == modes.1 && ids.is_none() {
        return;
    }
    out.extend_from_slice(b"diff --git ");
    out.extend_from_slice(&quoted("a/", change.path));
    out.push(b' ');
    out.extend_from_slice(&quoted("b/", change.path));
    out.push(b'\n');
    let written = match modes {
        (None, Some(new)) => writeln!(out, "new file mode {new:06o}"),
        (Some(old), None) => writeln!(out, "deleted file mode {old:06o}"),
        (Some(old), Some(new)) if old != new => writeln!(out, "old mode {old:06o}\nnew mode {new:06o}"),
        _ => Ok(()),
    };
    let written = written.and_then(|()| match (ids, modes) {
        (None, _) => Ok(()),
        (Some((from, to)), (Some(old), Some(new))) if old == new => writeln!(out, "index {from}..{to} {new:06o}"),
        (Some((from, to)), _) => writeln!(out, "index {from}..{to}"),
    });
    written.expect("writing to memory cannot fail");
}

/// Writes the hunks of one file, top down.
struct Hunks<'a> {
    old: Vec<&'a [u8]>,
    new: Vec<&'a [u8]>,
    rules: &'static Rules,
    /// The section found last; it holds until another one opens.
    section: &'a [u8],
    /// Old lines before this one have been searched for a section.
    searched: usize,
}

impl Hunks<'_> {
    fn write_all(&mut self, changes: &[Change], out: &mut Vec<u8>) {
        for span in spans(changes, self.old.len(), self.new.len()) {
            self.write(&span, out);
        }
    }

    fn write(&mut self, span: &Span<'_>, out: &mut Vec<u8>) {
        let Span { old, new, changes } = span;
        self.find_section(old.start as usize);
        write_hunk_header(old, new, self.section, out);

        let mut at = old.start;
        for change in *changes {
            write_lines(b' ', &self.old, at..change.old.start, out);
            write_lines(b'-', &self.old, change.old.clone(), out);
            write_lines(b'+', &self.new, change.new.clone(), out);
            at = change.old.end;
        }
        write_lines(b' ', &self.old, at..old.end, out);
    }

    /// Looks for the section that old line `start` is in, from the line before it upwards.
    fn find_section(&mut self, start: usize) {
        let lines = self.old.get(self.searched..start).unwrap_or_default();
        if let Some(section) = lines.iter().rev().find_map(|line| self.rules.section(line)) {
            self.section = section;
        }
        self.searched = start;
    }
}

fn write_lines(marker: u8, lines: &[&[u8]], range: Range<u32>, out: &mut Vec<u8>) {
    for line in &lines[range.start as usize..range.end as usize] {
        out.push(marker);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

fn write_hunk_header(old: &Range<u32>, new: &Range<u32>, section: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(b"@@");
    for (sign, lines) in [('-', old), ('+', new)] {
        // An empty range stands after the line that it names.
        let first = lines.start + u32::from(!lines.is_empty());
        match lines.len() {
            1 => write!(out, " {sign}{first}"),
            len => write!(out, " {sign}{first},{len}"),
        }
        .expect("writing to memory cannot fail");
    }
    out.extend_from_slice(b" @@");
    if !section.is_empty() {
        out.push(b' ');
        let room = LONGEST_HEADER.saturating_sub(out.len() - start + 1);
        out.extend_from_slice(&section[..section.len().min(room)]);
        let valid = valid_prefix(&out[start..]);
        out.truncate(start + valid);
    }
    out.push(b'\n');
}

/// How many bytes stand before the first one that is no UTF-8, perhaps because a character was cut in two. The two
/// noncharacters U+FFFE and U+FFFF count as no UTF-8.
fn valid_prefix(line: &[u8]) -> usize {
    let valid = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    valid.find(['\u{fffe}', '\u{ffff}']).unwrap_or(valid.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;

    use bstr::ByteSlice as _;

    use super::{NeedsGit, file_diff, file_diff_and_stat, file_stat, quoted};
    use crate::diff::attributes::{Attributes, Driver};
    use crate::diff::oracle::{DIFF_TREE, Dice, File, Sandbox};
    use crate::diff::stat::{diffstat, summary};

    const ATTRIBUTES: &str = "*.c diff=cpp\n*.dts diff=dts\n*.rs diff=rust\n*.py diff=python\n*.pl diff=perl\n\
        *.sh diff=bash\n*.go diff=golang\n*.html diff=html\n*.md diff=markdown\n*.odd diff=odd\n*.txt diff\n";

    /// Compares all files between two trees with git's own diff, one by one; returns how many.
    fn compare(sandbox: &Sandbox, old: &[File], new: &[File]) -> usize {
        fs::write(sandbox.path().join(".gitattributes"), ATTRIBUTES).unwrap();
        let attributes = Attributes::parse(ATTRIBUTES.as_bytes());
        let [old, new] = [old, new].map(|files| sandbox.commit(files, b"x", "A <a@b>"));
        let changes = sandbox.changes(&old, &new);
        let (mut out, mut stats) = (Vec::new(), Vec::new());
        for change in &changes {
            let driver = attributes.diff_driver(&change.path);
            let stat = file_diff_and_stat(&change.change(), &driver, &mut out).unwrap();
            assert_eq!(stat, file_stat(&change.change(), &driver));
            stats.push(stat);
        }
        let expected = sandbox.git(&[DIFF_TREE, &["--stat=72", "--summary", &old, &new]].concat());
        out.splice(0..0, [diffstat(&stats), summary(&stats), b"\n".to_vec()].concat());
        let mut file = &b""[..];
        for (ours, git) in out.lines().zip(expected.lines()) {
            file = git.strip_prefix(b"+++ ").unwrap_or(file);
            assert_eq!(ours.as_bstr(), git.as_bstr(), "{}", file.as_bstr());
        }
        assert_eq!(out.as_bstr(), expected.as_bstr());
        changes.len()
    }

    #[test]
    fn odd_names_modes_types_and_line_ends_are_written_as_git_does() {
        let (file, program, link, module) = (0o100_644, 0o100_755, 0o120_000, 0o160_000);
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let cases: Vec<(&str, u32, &str, u32, &str)> = vec![
            ("empty-new", 0, "", file, ""),
            ("empty-gone", file, "", 0, ""),
            ("filled", file, "", file, "a\n"),
            ("emptied", file, "a\nb\n", file, ""),
            ("end-lost", file, "a\nb\n", file, "a\nb"),
            ("end-found", file, "a\nb", file, "a\nb\n"),
            ("end-missing", file, "a\nb", file, "c\nb"),
            ("end-both", file, "a\nb", file, "a\nc"),
            ("new-without-end", 0, "", program, "a"),
            ("with space", file, "a\n", file, "b\n"),
            ("with space and tab\t", file, "a\n", file, "b\n"),
            ("space new", 0, "", file, "b\n"),
            ("quote\"", file, "a\n", file, "b\n"),
            ("back\\slash", file, "a\n", 0, ""),
            ("\u{fc}ml\u{e4}ut/x y", file, "a\n", file, "b\n"),
            ("control\u{1}\u{7f}\u{7}\r\n", file, "a\n", file, "b\n"),
            ("-dash", file, "a\n", file, "b\n"),
            ("mode", file, "a\n", program, "a\n"),
            ("mode-back", program, "a\n", file, "b\n"),
            ("mode-binary", program, "a\0", file, "a\0"),
            ("type-link", file, "a\n", link, "target"),
            ("type-file", link, "target", program, "a\n"),
            ("type-module", file, "a\n", module, &one),
            ("type-no-module", module, &one, file, "a\n"),
            ("link", link, "target", link, "other"),
            ("link-new.c", 0, "", link, "other"),
            ("module", module, &one, module, &two),
            ("module-new", 0, "", module, &two),
            ("module-gone", module, &one, 0, ""),
            ("crlf", file, "a\r\nb\r\n", file, "a\r\nc\r\n"),
            ("crlf-end", file, "a\r\nb\r\n", file, "a\r\nb\n"),
            ("nul.txt", file, "f\0\n1\n2\n3\n4\n5\n", file, "f\0\n1\n2\n3\n4\nx\0"),
        ];
        let side = |path: &str, mode, content: &str| (mode != 0).then(|| (path.into(), mode, content.into()));
        let old: Vec<File> = cases.iter().filter_map(|case| side(case.0, case.1, case.2)).collect();
        let new: Vec<File> = cases.iter().filter_map(|case| side(case.0, case.3, case.4)).collect();
        let sandbox = Sandbox::new();
        assert_eq!(compare(&sandbox, &old, &new), cases.len());
        assert_eq!(compare(&sandbox, &new, &old), cases.len());
    }

    #[test]
    fn random_edits_give_the_hunks_of_git() {
        let mut dice = Dice(1);
        let lines = ["a", "\tb", "", "}", "\t}", "\t\tc();", "int f(void)", "{", "label:", "  d"];
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for number in 0..300 {
            let mut before = Vec::new();
            for _ in 0..dice.roll(150) {
                before.push(lines[dice.roll(lines.len())]);
            }
            let mut after = before.clone();
            for _ in 0..dice.roll(8) {
                let at = dice.roll(after.len() + 1);
                let end = (at + dice.roll(4)).min(after.len());
                let put: Vec<_> = (0..dice.roll(5)).map(|_| lines[dice.roll(lines.len())]).collect();
                after.splice(at..end, put);
            }
            let path = format!("{number}.{}", ["c", "x"][number % 2]).into_bytes();
            old.push((path.clone(), 0o100_644, before.join("\n").into_bytes()));
            new.push((path, 0o100_644, after.join("\n").into_bytes()));
        }
        assert!(compare(&Sandbox::new(), &old, &new) > 200);
    }

    /// Every line of a file gets a hunk that shows whether it opens a section.
    #[test]
    fn sections_are_those_that_git_finds() {
        let words: Vec<&[u8]> = vec![
            b" ",
            b" ",
            b" ",
            b"\t",
            b"pub",
            b"pub(crate)",
            b"fn",
            b"struct",
            b"impl<",
            b"(",
            b")",
            b"()",
            b"{",
            b"}",
            b"foo",
            b"bar_1",
            b":",
            b"::",
            b";",
            b"=",
            b"/",
            b"/*",
            b"//",
            b"#",
            b"##",
            b"<h1>",
            b"<H2 x>",
            b"sub",
            b"class",
            b"def",
            b"async",
            b"unsafe",
            b"extern \"C\"",
            b"macro_rules!",
            b"BEGIN",
            b"package",
            b"=head1",
            b"\"",
            b"[[",
            b"&",
            b"func",
            b"type",
            b"interface",
            b"function",
            b"$",
            b",",
            b"\xc3\xa9",
            b"\x0c",
            b"\r",
            b"\xe9",
            b"default:",
            b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            b"\xef\xbf\xbf",
            b"\0",
        ];
        let fixed: Vec<&[u8]> = vec![
            b"int main(void)",
            b"out:",
            b"\tout:",
            b"case 1: /* x */",
            b"public: // y",
            b":: f()",
            b"static int x = 1;",
            b"/ {",
            b"\t&uart0 {",
            b"\tnode@1 {",
            b"\tprop;",
            b"\tprop = <1>;",
            b"    pub fn f<T>(x: T) -> u8 {",
            b"impl<T> Foo for T",
            b"const fn f() {",
            b"mod x;",
            b"  async def f(x):",
            b"class X: # y",
            b"sub f($$) {",
            b"sub f :lvalue {",
            b"sub f; # later",
            b"BEGIN {",
            b"=head1 NAME",
            b"package Foo;",
            b"f() {",
            b"function f {",
            b"function f() (",
            b"f () ((",
            b"func (x T) F() {",
            b"type T struct {",
            b"  <h1 id=x>Head</h1>",
            b"### Head",
            b"    # no",
            b"$x",
            b"_x   ",
            "int \u{e9}\u{e9}\u{e9}\u{e9}".as_bytes(),
        ];
        let mut dice = Dice(7);
        let (mut old, mut new, mut count) = (Vec::new(), Vec::new(), 0);
        for suffix in ["c", "dts", "rs", "py", "pl", "sh", "go", "html", "md", "odd", "txt", "none"] {
            let mut before = Vec::new();
            let random =
                (0..400).map(|_| (0..dice.roll(9)).flat_map(|_| words[dice.roll(words.len())]).copied().collect());
            let wide = (70..90).map(|len| ["x".repeat(len), "\u{e9}".repeat(5)].concat().into_bytes());
            let blank = (70..90).map(|len| ["x".repeat(len).as_str(), "    y"].concat().into_bytes());
            for line in fixed.iter().map(|line| line.to_vec()).chain(wide).chain(blank).chain(random) {
                // A NUL where binary files are looked for would end the test.
                let line = if suffix == "txt" || before.len() > 8000 { line } else { line.replace(b"\0", b"") };
                before.extend_from_slice(&line);
                before.extend_from_slice(b"\n");
                (0..9).for_each(|number| before.extend_from_slice(format!("\t\t{number}\n").as_bytes()));
                count += 1;
            }
            new.push((format!("x.{suffix}").into_bytes(), 0o100_644, before.replace(b"\t\t5\n", b"\t\t50\n")));
            old.push((format!("x.{suffix}").into_bytes(), 0o100_644, before));
        }
        assert_eq!(count, 12 * (fixed.len() + 440));
        compare(&Sandbox::new(), &old, &new);
    }

    #[test]
    fn binary_files_and_unknown_drivers_are_left_to_git() {
        let change = |mode| {
            let side = |id_hex, content| super::Side { mode, id_hex, content };
            super::FileChange { path: b"x.bin", old: Some(side("1", b"a\0")), new: Some(side("2", b"b")) }
        };
        let mut out = b"kept".to_vec();
        let text = Driver::Text;
        let file = change(0o100_644);
        assert_eq!(file_diff(&file, &Driver::Default, &mut out), Err(NeedsGit::Binary("x.bin".into())));
        assert_eq!(file_diff(&file, &Driver::Binary, &mut out), Err(NeedsGit::Binary("x.bin".into())));
        let java = Driver::Named("java".into());
        assert_eq!(file_diff(&file, &java, &mut out), Err(NeedsGit::Binary("x.bin".into())));
        assert_eq!(out, b"kept");
        assert_eq!(file_diff(&file, &text, &mut out), Ok(()));
        assert!(file_diff(&change(0o120_000), &text, &mut out).is_err());
        let stat = file_stat(&file, &Driver::Default).counts;
        assert_eq!(stat, crate::diff::stat::Counts::Binary { old: 2, new: 1 });
    }

    #[test]
    fn names_are_quoted_with_their_prefix() {
        assert_eq!(quoted("a/", b"x y").as_bstr(), "a/x y");
        assert_eq!(quoted("b/", "ü\n".as_bytes()).as_bstr(), "\"b/\\303\\274\\n\"");
    }
}
