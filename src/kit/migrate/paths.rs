//! Paths of the flat layout in Makefiles, Dockerfiles and build descriptions, and the smallest edits of them.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

use super::{COMMON, Left};
use crate::text::visible;

/// A series, written out or as a variable or call that gives one.
const SERIES: &str = r"(?:[0-9]+\.[0-9]+\.x|\$\{\w*SERIES\w*\}|\$\(\w*SERIES\w*\)|\$\(call series,[^()]*\))";
/// A variant, written out or as the variable.
const EXTRA: &str = r"(?:\$\{EXTRA\}|\$\(EXTRA\)|-[A-Za-z][A-Za-z0-9_]*)";
/// An architecture as `uname -m` says it.
const ARCH: &str = r"(?:\$\(uname -m\)|\$\{\w*ARCH\w*\}|\$\(\w*ARCH\w*\)|x86_64|aarch64|riscv64|s390x)";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is good")
}

static PATCHES: LazyLock<Regex> = LazyLock::new(|| regex(&format!("patches-({SERIES}{EXTRA}?)")));
static CONFIG: LazyLock<Regex> = LazyLock::new(|| regex(&format!("config-({SERIES})-({ARCH})({EXTRA}?)")));
static CONFIGS: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r"config-({SERIES})\*")));
/// What of the flat layout may be left: looser than what is edited.
static FLAT: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r"(?:patches|config)-(?:{SERIES}|\$|\*)")));

/// The files that move to the common directory, as the texts name them.
#[derive(Debug)]
pub(super) struct Shared {
    names: Option<Regex>,
}

impl Shared {
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut words = Vec::new();
        for name in names {
            words.push(regex::escape(name));
            if name == "config-dbg" {
                words.push(r"config(?:\$\{DEBUG\}|\$\(DEBUG\))".to_owned());
            } else if is_description(name) {
                words.push(r"build-(?:\$\{\w+\}|\$\(\w+\))\.yml".to_owned());
            }
        }
        // The longest name first: one is the beginning of others.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        Self { names: (!words.is_empty()).then(|| regex(&words.join("|"))) }
    }
}

/// Whether paths in a file of that name are edited.
pub(super) fn is_edited(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    is_dockerfile(name) || is_description(name)
}

/// A recipe of an image.
pub(super) fn is_dockerfile(name: &str) -> bool {
    name == "Dockerfile" || name.starts_with("Dockerfile.")
}

/// A description of a build, such as `build-kernel.yml`.
pub(super) fn is_description(name: &str) -> bool {
    name.strip_prefix("build-").is_some_and(|rest| rest.as_bytes().ends_with(b".yml"))
}

/// `text` with the paths of the new layout in the forms that are known. Prose that only mentions shared files stays.
pub(super) fn rewrite(text: &[u8], shared: &Shared) -> Vec<u8> {
    let text = substitute(text, &PATCHES, |found| Some([&found[1], b"/patches"].concat()));
    let text = substitute(&text, &CONFIG, |found| Some([&found[1], &found[3], b"/config-", &found[2]].concat()));
    let text = substitute(&text, &CONFIGS, |found| Some([&found[1], b"/config-*"].concat()));
    let Some(names) = &shared.names else { return text };
    let mut new = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&b| b == b'\n') {
        if line.trim_ascii_start().starts_with(b"#") {
            new.extend_from_slice(line);
        } else {
            new.extend(substitute(line, names, |found| Some([COMMON.as_bytes(), b"/", &found[0]].concat())));
        }
    }
    new
}

/// The lines that still name places of the flat layout.
pub(super) fn left(path: &Path, text: &[u8], shared: &Shared) -> Vec<Left> {
    let mut left = Vec::new();
    for (at, line) in text.split(|&b| b == b'\n').enumerate() {
        let is_prose = line.trim_ascii_start().starts_with(b"#");
        // A shared file in a directory of its own is somebody else's.
        let names = shared.names.as_ref().filter(|_| !is_prose);
        let is_shared = || names.is_some_and(|names| names.find_iter(line).any(|found| stands(line, found.range())));
        let is_flat = FLAT.find_iter(line).any(|found| before(line, found.start()));
        if is_flat || is_shared() {
            let what = visible(line.trim_ascii());
            left.push(Left { path: path.to_owned(), line: Some(at + 1), what });
        }
    }
    left
}

/// Replaces what the pattern finds where it stands as a path of its own.
fn substitute(text: &[u8], pattern: &Regex, new: impl Fn(&Captures<'_>) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for found in pattern.captures_iter(text) {
        let whole = found.get(0).expect("a match has a whole").range();
        if stands(text, whole.clone())
            && let Some(new) = new(&found)
        {
            out.extend_from_slice(&text[at..whole.start]);
            out.extend(new);
            at = whole.end;
        }
    }
    out.extend_from_slice(&text[at..]);
    out
}

/// Whether a path begins and ends there, or goes on with a slash.
fn stands(text: &[u8], range: std::ops::Range<usize>) -> bool {
    let goes_on = |&b: &u8| b.is_ascii_alphanumeric() || b"_-.$~".contains(&b);
    before(text, range.start) && !text.get(range.end).is_some_and(goes_on)
}

/// Whether what begins there lies in `kernel/` itself: nothing before it, or `/`, `./`, `/src/`.
fn before(text: &[u8], start: usize) -> bool {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || b"_-.$}/".contains(b);
    let from = text[..start].iter().rposition(|b| !is_name(b)).map_or(0, |at| at + 1);
    matches!(&text[from..start], b"" | b"/" | b"./" | b"/src/" | b"src/")
}
