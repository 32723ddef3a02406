//! X005: text that is not what it looks like.

use bstr::ByteSlice as _;

use crate::diff::{Hunk, LineKind};
use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "X005",
        name: "invisible-characters",
        severity: Severity::Warning,
        summary: "Added lines hold no characters that reorder or hide text, and none that only look like those they replace.",
        why: "An editor shows another program than the compiler reads: a comment that ends elsewhere, a name that is \
              another name. A reviewer has no chance to see it.",
        source: "CVE-2021-42574, CVE-2021-42694 (trojan source); Unicode Technical Standard #39",
    },
    fix: None,
    good: Sample::Diff("--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-/* Jorg */\n+/* J\u{f6}rg */\n"),
    bad: Sample::Diff("--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+/* \u{202e} */ b\n"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let mut said = None;
    for (at, number, hunk) in mail.hunks() {
        if said == Some(at) {
            continue;
        }
        let is_prose = is_prose(mail.diffs()[at].path());
        let Some((line, message)) = hidden(hunk, is_prose).or_else(|| alike(hunk)) else { continue };
        said = Some(at);
        notes.at(mail.place((at, number, line)), message).help("write it in plain characters, or as an escape");
    }
}

/// The first added line with a character that reorders or hides text.
fn hidden(hunk: &Hunk, is_prose: bool) -> Option<(usize, String)> {
    let added =
        hunk.lines.iter().enumerate().filter(|(_, line)| line.kind == LineKind::Insert && !line.text.is_ascii());
    added.into_iter().find_map(|(at, line)| {
        let found = line.text.chars().find_map(|c| kind(c, is_prose).map(|kind| (c, kind)));
        found.map(|(c, kind)| (at, format!("an added line with {kind} (U+{:04X})", c as u32)))
    })
}

/// What a character does to the text around it.
fn kind(c: char, is_prose: bool) -> Option<&'static str> {
    match c {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some("a character that reorders text"),
        // Languages need these, code does not.
        '\u{200b}'..='\u{200f}' | '\u{61c}' | '\u{2060}' | '\u{feff}' if !is_prose => Some("an invisible character"),
        _ => None,
    }
}

/// True for texts in a language.
fn is_prose(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 5] = [b".rst", b".txt", b".md", b".po", b".html"];
    path.starts_with(b"Documentation/") || ENDS.iter().any(|end| path.ends_with(end))
}

/// The first line that replaces one which looks the same.
fn alike(hunk: &Hunk) -> Option<(usize, String)> {
    let mut at = 0;
    for run in hunk.lines.chunk_by(|a, b| (a.kind == LineKind::Context) == (b.kind == LineKind::Context)) {
        let of = |kind| run.iter().enumerate().filter(move |(_, line)| line.kind == kind);
        for ((_, old), (index, new)) in of(LineKind::Delete).zip(of(LineKind::Insert)) {
            if new.text.is_ascii() || old.text == new.text {
                continue;
            }
            let (before, after) = (Looks::of(&old.text), Looks::of(&new.text));
            if before.text == after.text && after.foreign > before.foreign {
                let line = new.text.trim_end();
                return Some((at + index, format!("only looks like the line before: '{}'", escaped(line))));
            }
        }
        at += run.len();
    }
    None
}

/// A line as it looks.
struct Looks {
    text: Vec<u8>,
    /// How many of its letters only look like Latin ones.
    foreign: usize,
}

impl Looks {
    fn of(line: &[u8]) -> Self {
        let mut looks = Self { text: Vec::with_capacity(line.len()), foreign: 0 };
        for (start, end, c) in line.char_indices() {
            match latin(c) {
                Some(letter) => {
                    looks.text.push(letter);
                    looks.foreign += 1;
                }
                None => looks.text.extend_from_slice(&line[start..end]),
            }
        }
        looks
    }
}

/// The Latin letter that a Cyrillic or Greek one looks like.
fn latin(c: char) -> Option<u8> {
    const CYRILLIC: [(&str, &[u8]); 2] =
        [("АВЕЅІЈКМНОРСТУХаеіјорсѕухһԁԛԝ", b"ABESIJKMHOPCTYXaeijopcsyxhdqw"), ("ⅼⅿⅰⅽⅾ", b"lmicd")];
    const GREEK: (&str, &[u8]) = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονιυ", b"ABEZHIKMNOPTYXovlu");
    let find = |(letters, latin): (&str, &[u8])| letters.chars().position(|letter| letter == c).map(|at| latin[at]);
    if c.is_ascii() { None } else { CYRILLIC.into_iter().chain([GREEK]).find_map(find) }
}

/// A line in which foreign letters can be told.
fn escaped(line: &[u8]) -> String {
    const SHOWN: usize = 60;
    let mut out = String::new();
    for (start, end, c) in line.char_indices().take(SHOWN) {
        match latin(c) {
            Some(_) => out.extend(c.escape_unicode()),
            None => out += &visible(&line[start..end]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::lint::rules::testing::{diff, mail, set};

    fn says(path: &str, hunk: &str) -> Vec<String> {
        let judged = set(&[mail("x: fix\n\nText.", &diff(path, hunk))]).says("X005");
        judged.into_iter().map(|judged| judged.finding.message).collect()
    }

    #[test]
    fn characters_that_hide() {
        assert_eq!(
            says("x.c", "@@ -1 +1,2 @@\n a\n+b\u{200b}\n"),
            ["an added line with an invisible character (U+200B)"]
        );
        assert!(says("Documentation/x.rst", "@@ -1 +1,2 @@\n a\n+b\u{200d}\n").is_empty());
        assert_eq!(says("Documentation/x.rst", "@@ -1 +1,2 @@\n a\n+b\u{2067}\n").len(), 1);
        assert!(says("x.c", "@@ -1,2 +1 @@\n a\n-b\u{200b}\n").is_empty());
        assert!(says("x.c", "@@ -1 +1,2 @@\n \u{202e}\n+b \u{e4} \u{3bc}s\n").is_empty());
    }

    #[test]
    fn letters_that_look_alike() {
        assert_eq!(
            says("x.c", "@@ -1,2 +1,2 @@\n int x;\n-\tscope();\n+\tsc\u{43e}pe();\n"),
            ["only looks like the line before: '\\u{9}sc\\u{43e}pe();'"]
        );
        // Mended, translated, or another line altogether.
        assert!(says("x.c", "@@ -1 +1 @@\n-sc\u{43e}pe();\n+scope();\n").is_empty());
        assert!(says("x.c", "@@ -1 +1 @@\n-/* word */\n+/* \u{441}\u{43b}\u{43e}\u{432}\u{43e} */\n").is_empty());
        assert!(says("x.c", "@@ -1 +1,2 @@\n-5 us\n+5 \u{3bc}s\n+\u{43e}\n").is_empty());
    }

    #[test]
    fn every_letter_has_its_twin() {
        for letters in ["АВЕЅІЈКМНОРСТУХаеіјорсѕухһԁԛԝ", "ⅼⅿⅰⅽⅾ", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονιυ"]
        {
            assert!(letters.chars().all(|letter| super::latin(letter).is_some()));
        }
        assert_eq!(super::latin('\u{441}'), Some(b'c'));
        assert_eq!(super::latin('\u{51d}'), Some(b'w'));
        assert_eq!(super::latin('υ'), Some(b'u'));
    }
}
