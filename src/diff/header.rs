//! The headers of a file's diff: `diff --git` with its extended headers, or a plain `---`/`+++` pair.

use bstr::{BString, ByteSlice as _};

use super::names::{self, End};
use super::parse::{ParseError, Parser, hunk_header, mode};
use super::{Mode, Operation};

/// The length of a full object id in hex.
const MAX_ID: usize = 40;

/// What the header lines of one file say.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// Where its first line starts and where the line after it starts, in the text.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) old: Option<BString>,
    pub(super) new: Option<BString>,
    pub(super) old_mode: Option<Mode>,
    pub(super) new_mode: Option<Mode>,
    /// What the header says of the file as a whole, where it says something.
    pub(super) operation: Option<Operation>,
    pub(super) index: Option<(BString, BString)>,
}

impl Header {
    /// True where the header alone changes something.
    pub(super) fn changes_metadata(&self) -> bool {
        let modes = self.old_mode.is_some() && self.new_mode.is_some() && self.old_mode != self.new_mode;
        self.operation.is_some() || modes
    }

    pub(super) fn is_new(&self) -> bool {
        self.operation == Some(Operation::Create)
    }

    pub(super) fn is_delete(&self) -> bool {
        self.operation == Some(Operation::Delete)
    }

    /// Takes what a header line says of the file as a whole, which must be one thing only.
    fn claim(&mut self, parser: &Parser<'_>, operation: Operation) -> Result<(), ParseError> {
        if self.operation.is_some_and(|known| known != operation) {
            return parser.error(self.end, "inconsistent header lines");
        }
        self.operation = Some(operation);
        Ok(())
    }
}

/// What a line means for the header it stands in.
enum Step {
    Continue,
    /// The line is not part of the header.
    End,
}

/// Finds the next header at or after `at`; returns it with the place where its diff begins, which is before the header
/// where `Index:` or `diff -u` lines belong to it.
pub(super) fn next(parser: &mut Parser<'_>, mut at: usize) -> Result<Option<(Header, usize)>, ParseError> {
    let mut noise = None;
    while at < parser.text.len() {
        let line = parser.line(at);
        let left = parser.text.len() - at;
        if line.len() < 6 {
            noise = None;
            at += line.len();
            continue;
        }
        if line.starts_with(b"@@ -") && hunk_header(line).is_some() {
            return parser.error(at, "patch fragment without header");
        }
        if left < line.len() + 6 {
            return Ok(None);
        }
        let header =
            if line.starts_with(b"diff --git ") { git_header(parser, at)? } else { traditional_header(parser, at)? };
        if let Some(header) = header {
            return Ok(Some((header, noise.unwrap_or(at))));
        }
        if is_noise(line) {
            noise.get_or_insert(at);
        } else {
            noise = None;
        }
        at += line.len();
    }
    Ok(None)
}

/// True for lines that tools put in front of the header of a plain diff.
fn is_noise(line: &[u8]) -> bool {
    let starts = [&b"Index: "[..], b"==========", b"diff -", b"RCS file: ", b"retrieving revision "];
    starts.iter().any(|start| line.starts_with(start)) && !line.starts_with(b"diff --git ")
}

/// Reads the `---`/`+++` pair at `start`; `None` where there is none, or no hunk follows.
fn traditional_header(parser: &mut Parser<'_>, start: usize) -> Result<Option<Header>, ParseError> {
    let first_line = parser.line(start);
    let second_start = start + first_line.len();
    let Some(first) = first_line.strip_prefix(b"--- ") else {
        return Ok(None);
    };
    let second_line = parser.line(second_start);
    let Some(second) = second_line.strip_prefix(b"+++ ") else {
        return Ok(None);
    };
    let end = second_start + second_line.len();
    if !parser.text[end..].starts_with(b"@@ -") {
        return Ok(None);
    }
    let (first, second) = (trim_newline(first), trim_newline(second));
    guess_strip(parser, first, second);
    let strip = parser.strip;
    let mut header = Header { start, end, ..Header::default() };
    let name = if names::is_dev_null(first) {
        header.operation = Some(Operation::Create);
        names::find_traditional(second, None, strip)
    } else if names::is_dev_null(second) {
        header.operation = Some(Operation::Delete);
        names::find_traditional(first, None, strip)
    } else {
        if names::has_epoch_timestamp(first) {
            header.operation = Some(Operation::Create);
        } else if names::has_epoch_timestamp(second) {
            header.operation = Some(Operation::Delete);
        }
        let first = names::find_traditional(first, None, strip);
        names::find_traditional(second, first.as_ref(), strip)
    };
    if name.is_none() {
        return parser.error(start, "unable to find filename in patch");
    }
    header.old = name.clone().filter(|_| !header.is_new());
    header.new = name.filter(|_| !header.is_delete());
    Ok(Some(header))
}

/// Names without any directory settle that nothing is taken off, from here to the end of the text.
fn guess_strip(parser: &mut Parser<'_>, first: &[u8], second: &[u8]) {
    let bare = |line| {
        let name = (!names::is_dev_null(line)).then(|| names::find_traditional(line, None, 0));
        name.flatten().map(|name| !name.contains(&b'/'))
    };
    let (first, second) = (bare(first), bare(second));
    if !parser.strip_known && first.or(second) == Some(true) && second == Some(true) {
        parser.strip = 0;
        parser.strip_known = true;
    }
}

/// Reads the header whose `diff --git` line is at `start`; `None` where nothing of a header follows that line.
fn git_header(parser: &Parser<'_>, start: usize) -> Result<Option<Header>, ParseError> {
    let first = parser.line(start);
    let names = trim_newline(&first[b"diff --git ".len()..]);
    let default = names::find_in_git_header(names, parser.strip);
    let mut header = Header { start, end: start + first.len(), ..Header::default() };
    while let line = parser.line(header.end)
        && line.ends_with(b"\n")
    {
        let step = header_line(parser, &mut header, trim_newline(line), default.as_ref())?;
        if matches!(step, Step::End) {
            break;
        }
        header.end += line.len();
    }
    if header.old.is_none() && header.new.is_none() {
        header.old.clone_from(&default);
        header.new = default;
    }
    if (header.new.is_none() && !header.is_delete()) || (header.old.is_none() && !header.is_new()) {
        return parser.error(start, "git diff header lacks filename information");
    }
    Ok((header.end > start + first.len()).then_some(header))
}

/// Takes one line after `diff --git` into the header.
fn header_line(
    parser: &Parser<'_>,
    header: &mut Header,
    line: &[u8],
    default: Option<&BString>,
) -> Result<Step, ParseError> {
    let rest = |prefix: &str| line.strip_prefix(prefix.as_bytes());
    let any = |prefixes: [&str; 2]| prefixes.into_iter().find_map(rest);
    let at = header.end;
    let whole = |line: &[u8]| names::find(line, parser.strip.saturating_sub(1), End::Line);
    if let Some(name) = rest("--- ") {
        let is_null = header.is_new();
        verify_name(parser, at, name, is_null, &mut header.old)?;
    } else if let Some(name) = rest("+++ ") {
        let is_null = header.is_delete();
        verify_name(parser, at, name, is_null, &mut header.new)?;
    } else if let Some(text) = rest("old mode ") {
        header.old_mode = Some(mode_at(parser, at, text)?);
    } else if let Some(text) = rest("new mode ") {
        header.new_mode = Some(mode_at(parser, at, text)?);
    } else if let Some(text) = rest("deleted file mode ") {
        header.claim(parser, Operation::Delete)?;
        header.old = default.cloned();
        header.new = None;
        header.old_mode = Some(mode_at(parser, at, text)?);
    } else if let Some(text) = rest("new file mode ") {
        header.claim(parser, Operation::Create)?;
        header.old = None;
        header.new = default.cloned();
        header.new_mode = Some(mode_at(parser, at, text)?);
    } else if let Some(name) = rest("copy from ") {
        header.claim(parser, Operation::Copy)?;
        header.old = whole(name);
    } else if let Some(name) = rest("copy to ") {
        header.claim(parser, Operation::Copy)?;
        header.new = whole(name);
    } else if let Some(name) = any(["rename from ", "rename old "]) {
        header.claim(parser, Operation::Rename)?;
        header.old = whole(name);
    } else if let Some(name) = any(["rename to ", "rename new "]) {
        header.claim(parser, Operation::Rename)?;
        header.new = whole(name);
    } else if let Some(text) = rest("index ") {
        index(parser, header, text)?;
    } else if any(["similarity index ", "dissimilarity index "]).is_none() {
        return Ok(Step::End);
    }
    Ok(Step::Continue)
}

/// Takes the name of a `---` or `+++` line, which must not contradict the lines before it.
fn verify_name(
    parser: &Parser<'_>,
    at: usize,
    line: &[u8],
    is_null: bool,
    name: &mut Option<BString>,
) -> Result<(), ParseError> {
    let found = || names::find(line, parser.strip, End::Tab);
    match name {
        None if is_null && !names::is_dev_null(line) => parser.error(at, "bad git-diff: expected /dev/null"),
        None if is_null => Ok(()),
        None => {
            *name = found();
            Ok(())
        }
        Some(_) if is_null => parser.error(at, "bad git-diff: expected /dev/null"),
        Some(known) if found().as_ref() == Some(known) => Ok(()),
        Some(_) => parser.error(at, "bad git-diff: inconsistent filename"),
    }
}

fn mode_at(parser: &Parser<'_>, at: usize, text: &[u8]) -> Result<Mode, ParseError> {
    mode(text).map_or_else(|| parser.error(at, "invalid mode"), Ok)
}

/// Reads `old..new`, perhaps with the mode of a file whose mode stays. Anything else is passed over, as git does.
fn index(parser: &Parser<'_>, header: &mut Header, text: &[u8]) -> Result<(), ParseError> {
    // The first full stop decides, whatever stands before it.
    let Some((old, rest)) = text.find_byte(b'.').map(|dot| text.split_at(dot)) else {
        return Ok(());
    };
    let Some(rest) = rest.strip_prefix(b"..").filter(|_| old.len() <= MAX_ID) else {
        return Ok(());
    };
    let (new, mode) = match rest.find_byte(b' ') {
        Some(blank) => (&rest[..blank], Some(&rest[blank + 1..])),
        None => (rest, None),
    };
    if new.len() > MAX_ID {
        return Ok(());
    }
    let new = new.strip_suffix(b"\r").unwrap_or(new);
    let is_id = |id: &[u8]| !id.is_empty() && id.iter().all(u8::is_ascii_hexdigit);
    if is_id(old) && is_id(new) {
        header.index = Some((old.into(), new.into()));
    }
    if let Some(mode) = mode {
        header.old_mode = Some(mode_at(parser, header.end, mode)?);
    }
    Ok(())
}

fn trim_newline(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}
