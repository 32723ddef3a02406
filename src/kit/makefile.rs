//! Where a kit's Makefile names kernel versions, to the byte.
//!
//! This is no make: it reads the two ways in which a kit lists its kernels, `KERNELS_all=6.6.13 …` and
//! `$(eval $(call kernel,5.15.27,5.15.x,$(EXTRA),$(DEBUG)))`, and looks at everything else only as far as it takes
//! to tell these from comments, recipes and macro bodies.

use std::ops::Range;

use crate::text::line_of;
use crate::version::{KernelVersion, Series, VersionError};

/// One place that names a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// The version, with the variant of a call line's EXTRA.
    pub(super) version: KernelVersion,
    /// In a `DEPRECATED_*` list.
    pub(super) deprecated: bool,
    /// The bytes that are the version.
    pub(super) word: Range<usize>,
    /// Whether these bytes end with the variant; else an EXTRA of its own says it.
    pub(super) word_has_variant: bool,
    /// The bytes of a call line that are the series.
    pub(super) series: Option<Range<usize>>,
    /// In a call, not in a list.
    pub(super) is_call: bool,
}

/// A word in the place of a version that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadWord {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) reason: VersionError,
}

/// A list of kernels, `KERNELS_all=…` or `DEPRECATED_all=…`, whether or not something is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List {
    /// The name of the variable.
    pub(super) name: String,
    /// A `DEPRECATED_*` list.
    pub(super) deprecated: bool,
    /// The bytes of the value, with the blanks around it and without a comment.
    pub(super) value: Range<usize>,
    /// Whether blanks stand between name and operator.
    pub(super) spaced: bool,
    /// The versions, in order.
    pub(super) words: Vec<(KernelVersion, Range<usize>)>,
}

/// What a logical line may be.
enum Line<'t> {
    /// The name and the value of an assignment.
    Assignment(&'t [u8], Range<usize>),
    /// Anything else that is no recipe, comment or body of a macro.
    Code(Range<usize>),
}

/// All mentions, in the order of the file.
pub(super) fn mentions(text: &[u8]) -> Result<Vec<Mention>, BadWord> {
    let mut found = Vec::new();
    walk(text, |line| match line {
        Line::Assignment(name, value) => list(text, name, value, &mut found).map(|()| false),
        Line::Code(code) => {
            let before = found.len();
            calls(text, code, &mut found)?;
            Ok(found.len() > before)
        }
    })?;
    Ok(found)
}

/// All lists of kernels, in the order of the file.
pub(super) fn lists(text: &[u8]) -> Result<Vec<List>, BadWord> {
    let mut lists = Vec::new();
    walk(text, |line| match line {
        Line::Assignment(name, value) => {
            let Some(deprecated) = list_kind(name) else { return Ok(false) };
            let mut found = Vec::new();
            list(text, name, value.clone(), &mut found)?;
            let words = found.into_iter().map(|mention| (mention.version, mention.word)).collect();
            let operator =
                text[..value.start].iter().rev().take_while(|b| matches!(b, b':' | b'+' | b'?' | b'=')).count();
            let spaced = text[..value.start - operator].last().is_some_and(u8::is_ascii_whitespace);
            let name = String::from_utf8_lossy(name).into_owned();
            lists.push(List { name, deprecated, value, spaced, words });
            Ok(false)
        }
        Line::Code(code) => {
            let mut found = Vec::new();
            calls(text, code, &mut found)?;
            Ok(!found.is_empty())
        }
    })?;
    Ok(lists)
}

/// Shows every line that make itself would read to `see`, which says whether code is a call for a kernel.
fn walk<'t>(text: &'t [u8], mut see: impl FnMut(Line<'t>) -> Result<bool, BadWord>) -> Result<(), BadWord> {
    let mut after_rule = false;
    let mut in_define = false;
    for line in logical_lines(text) {
        let starts_with_tab = text[line.start..line.end].first() == Some(&b'\t');
        if starts_with_tab && after_rule {
            continue;
        }
        let code = code_of(text, line);
        let words = words(text, code.clone());
        let first = words.first().map_or(&b""[..], |word| &text[word.clone()]);
        if in_define {
            in_define = first != b"endef";
        } else if first == b"define" || (words.get(1).is_some_and(|second| &text[second.clone()] == b"define")) {
            in_define = assignment(text, code).is_none();
        } else if let Some((name, value)) = assignment(text, code.clone()) {
            after_rule = false;
            see(Line::Assignment(name, value))?;
        } else {
            let is_call = see(Line::Code(code.clone()))?;
            let is_rule = !is_call && text[code].contains(&b':');
            // Conditionals stand between the lines of one recipe; anything else ends it.
            after_rule = is_rule || (after_rule && (words.is_empty() || is_conditional(first)));
        }
    }
    Ok(())
}

fn is_conditional(word: &[u8]) -> bool {
    matches!(word, b"ifeq" | b"ifneq" | b"ifdef" | b"ifndef" | b"else" | b"endif")
}

/// Lines without their line feed; those that end with a backslash go on.
fn logical_lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let from = start;
        if from >= text.len() {
            return None;
        }
        let mut at = from;
        loop {
            let end = text[at..].iter().position(|&b| b == b'\n').map_or(text.len(), |length| at + length);
            if end == text.len() || !continues(&text[from..end]) {
                start = end + 1;
                return Some(from..end);
            }
            at = end + 1;
        }
    })
}

/// True if an odd number of backslashes ends the line, which may have a CR.
fn continues(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.iter().rev().take_while(|&&b| b == b'\\').count() % 2 == 1
}

/// The part of a logical line before its comment.
fn code_of(text: &[u8], line: Range<usize>) -> Range<usize> {
    let bytes = &text[line.clone()];
    let comment = (0..bytes.len())
        .find(|&at| bytes[at] == b'#' && bytes[..at].iter().rev().take_while(|&&b| b == b'\\').count() % 2 == 0);
    line.start..comment.map_or(line.end, |at| line.start + at)
}

/// Blanks, among them the backslash of a continued line.
pub(super) fn is_blank(text: &[u8], at: usize, end: usize) -> bool {
    match text[at] {
        b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => true,
        b'\\' => {
            let rest = &text[at + 1..end];
            rest.starts_with(b"\n") || rest.starts_with(b"\r\n") || rest.is_empty() || rest == b"\r"
        }
        _ => false,
    }
}

/// The words of a range; a reference such as `$(shell a b)` belongs to one word.
fn words(text: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        if is_blank(text, at, range.end) {
            at += 1;
            continue;
        }
        let start = at;
        let mut depth = 0_usize;
        while at < range.end && (depth > 0 || !is_blank(text, at, range.end)) {
            depth = nesting(depth, text[at]);
            at += 1;
        }
        found.push(start..at);
    }
    found
}

/// The depth of brackets after `byte`.
fn nesting(depth: usize, byte: u8) -> usize {
    match byte {
        b'(' | b'{' => depth + 1,
        b')' | b'}' => depth.saturating_sub(1),
        _ => depth,
    }
}

/// The name and the value of `[export] NAME OP VALUE`.
fn assignment(text: &[u8], code: Range<usize>) -> Option<(&[u8], Range<usize>)> {
    let skip = |mut at: usize| {
        while at < code.end && is_blank(text, at, code.end) {
            at += 1;
        }
        at
    };
    let mut at = skip(code.start);
    loop {
        let start = at;
        while at < code.end && (text[at].is_ascii_alphanumeric() || matches!(text[at], b'_' | b'.' | b'-')) {
            at += 1;
        }
        if at == start {
            return None;
        }
        let name = &text[start..at];
        let after_name = skip(at);
        let operator = text[after_name..code.end].iter().take_while(|b| matches!(b, b':' | b'+' | b'?' | b'=')).count();
        match &text[after_name..after_name + operator] {
            b"=" | b":=" | b"::=" | b":::=" | b"+=" | b"?=" => return Some((name, after_name + operator..code.end)),
            b"" if matches!(name, b"export" | b"override" | b"private" | b"unexport") && after_name > at => {
                at = after_name;
            }
            _ => return None,
        }
    }
}

/// What a variable is set to, if that is one word that make does not replace: `ORG?=linuxkit`. A later value outweighs an
/// earlier one, unless it is only for a variable that has none.
pub(super) fn word<'t>(text: &'t [u8], name: &str) -> Option<&'t str> {
    plain_words(text, name).filter(|words| words.len() == 1).map(|words| words[0])
}

/// The words that a variable is set to, if there are any and make replaces none of them; see [`word`].
pub(super) fn plain_words<'t>(text: &'t [u8], name: &str) -> Option<Vec<&'t str>> {
    let mut found = None;
    for line in logical_lines(text).filter(|line| text[line.start] != b'\t') {
        let code = code_of(text, line);
        let Some((variable, value)) = assignment(text, code.clone()) else { continue };
        let before = text[code.start..value.start].trim_ascii_end();
        if variable != name.as_bytes() || (found.is_some() && before.ends_with(b"?=")) {
            continue;
        }
        let plain = words(text, value).into_iter().map(|word| std::str::from_utf8(&text[word]).ok());
        found = plain
            .collect::<Option<Vec<&str>>>()
            .filter(|words| !words.is_empty() && words.iter().all(|word| !word.contains('$')));
    }
    found
}

/// True if the file is a kit's: it has a list of kernels, even an empty one, or calls for kernels.
pub(super) fn names_kernels(text: &[u8]) -> bool {
    let is_list_line = |line| assignment(text, code_of(text, line)).is_some_and(|(name, _)| list_kind(name).is_some());
    logical_lines(text).any(is_list_line) || mentions(text).map_or(true, |found| !found.is_empty())
}

/// Whether a variable is a list of kernels, and then whether of deprecated ones.
fn list_kind(name: &[u8]) -> Option<bool> {
    let is_list = |prefix: &[u8]| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest[0] == b'_');
    if is_list(b"DEPRECATED") { Some(true) } else { is_list(b"KERNELS").then_some(false) }
}

/// The versions of a `KERNELS_*` or `DEPRECATED_*` list. Words that are made by make itself, and words that do not
/// even begin like a version, are not ours.
fn list(text: &[u8], name: &[u8], value: Range<usize>, found: &mut Vec<Mention>) -> Result<(), BadWord> {
    let Some(deprecated) = list_kind(name) else {
        return Ok(());
    };
    for word in words(text, value) {
        if let Some(version) = version_at(text, &word)? {
            found.push(Mention { version, deprecated, word, word_has_variant: true, series: None, is_call: false });
        }
    }
    Ok(())
}

/// The version that the bytes `word` are; `None` for what is not written out there.
fn version_at(text: &[u8], word: &Range<usize>) -> Result<Option<KernelVersion>, BadWord> {
    let bytes = &text[word.clone()];
    if !bytes.first().is_some_and(u8::is_ascii_digit) || bytes.contains(&b'$') {
        return Ok(None);
    }
    let line = line_of(text, word.start);
    String::from_utf8_lossy(bytes).parse().map(Some).map_err(|reason| BadWord { line, reason })
}

/// The versions of `$(call kernel,VERSION,SERIES,EXTRA,DEBUG)`.
fn calls(text: &[u8], code: Range<usize>, found: &mut Vec<Mention>) -> Result<(), BadWord> {
    let mut at = code.start;
    while let Some(offset) = text[at..code.end].windows(4).position(|window| window == b"call") {
        let start = at + offset;
        at = start + 4;
        let opened = text[code.start..start].ends_with(b"$(") || text[code.start..start].ends_with(b"${");
        if !opened || at >= code.end || !is_blank(text, at, code.end) {
            continue;
        }
        let arguments = arguments(text, at..code.end);
        let [function, version, rest @ ..] = &arguments[..] else {
            continue;
        };
        if &text[function.clone()] != b"kernel" {
            continue;
        }
        let Some(plain) = version_at(text, version)? else {
            continue;
        };
        let extra = rest.get(1).map_or(&b""[..], |extra| &text[extra.clone()]);
        let extra = std::str::from_utf8(extra).unwrap_or_default();
        let varied = if plain.variant().is_empty() { plain.with_variant(extra).ok() } else { None };
        let series = rest.first().filter(|series| {
            std::str::from_utf8(&text[(*series).clone()]).is_ok_and(|text| text.parse::<Series>().is_ok())
        });
        found.push(Mention {
            word_has_variant: varied.is_none() || extra.is_empty(),
            version: varied.unwrap_or(plain),
            deprecated: false,
            word: version.clone(),
            series: series.cloned(),
            is_call: true,
        });
    }
    Ok(())
}

/// The arguments up to the bracket that closes the call, without the blanks around them.
fn arguments(text: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = range.start;
    let mut depth = 0_usize;
    for at in range.clone() {
        let byte = text[at];
        let closes = depth == 0 && matches!(byte, b')' | b'}');
        if closes || (depth == 0 && byte == b',') {
            found.push(trim(text, start..at));
            start = at + 1;
        }
        if closes {
            return found;
        }
        depth = nesting(depth, byte);
    }
    // Never closed: not a call.
    Vec::new()
}

/// A range without the blanks around it.
pub(super) fn trim(text: &[u8], mut range: Range<usize>) -> Range<usize> {
    while range.start < range.end && is_blank(text, range.start, range.end) {
        range.start += 1;
    }
    while range.start < range.end && is_blank(text, range.end - 1, range.end) {
        range.end -= 1;
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mentions = mentions(text.as_bytes()).expect("readable");
        let show = |m: &Mention| format!("{}{}", m.version, if m.deprecated { " old" } else { "" });
        for mention in &mentions {
            let word = &text[mention.word.clone()];
            assert_eq!(
                word,
                if mention.word_has_variant {
                    mention.version.to_string()
                } else {
                    mention.version.plain().to_string()
                }
            );
        }
        mentions.iter().map(show).collect()
    }

    #[test]
    fn lists_are_read_in_every_way_that_make_assigns() {
        assert_eq!(
            read("KERNELS_all=6.6.13 5.15.27 \nKERNELS_x86_64:= 5.11.4-rt\n"),
            ["6.6.13", "5.15.27", "5.11.4-rt"]
        );
        assert_eq!(
            read("KERNELS_all ?= 6.6.13\nKERNELS_all\t+=6.7\nKERNELS_aarch64::=6.1.1"),
            ["6.6.13", "6.7", "6.1.1"]
        );
        assert_eq!(read("export KERNELS_all = 6.6.13\n  override KERNELS_all += 6.7\n"), ["6.6.13", "6.7"]);
        assert_eq!(
            read("KERNELS_all=6.6.13 \\\n\t5.15.27\\\n  5.10.1 # 4.9.1 \\\n 4.4.1\nX=1\n"),
            ["6.6.13", "5.15.27", "5.10.1"]
        );
        assert_eq!(
            read("KERNELS_all=6.6.13 \\\r\n 5.15.27\r\nDEPRECATED_all=4.19.1\r\n"),
            ["6.6.13", "5.15.27", "4.19.1 old"]
        );
        assert_eq!(
            read("KERNELS=$(KERNELS_all) $(foreach k,6.6.1 6.6.2,$k) $(KERNELS_$(ARCH))\n"),
            Vec::<String>::new()
        );
        assert_eq!(read("ifeq ($(ARCH),x86_64)\n\tKERNELS_all=6.6.13\nendif\n"), ["6.6.13"]);
    }

    #[test]
    fn comments_recipes_macros_and_other_variables_are_not_lists() {
        let text = "#KERNELS_all=6.6.1\n# KERNELS_all=6.6.2 \\\nKERNELS_all=6.6.3\nMY_KERNELS_all=6.6.4\nKERNELSX=6.6.5\n\
            KERNEL_VERSIONS=6.6.6\nall: x\n\tKERNELS_all=6.6.7 make\n\n\tKERNELS_all=6.6.8\ndefine kernel\nKERNELS_all=6.6.9\n\
            endef\nKERNELS_all:6.6.10\n";
        assert_eq!(read(text), Vec::<String>::new());
    }

    #[test]
    fn calls_are_read_unless_they_are_comments() {
        let text = "ifeq ($(ARCH),x86_64)\n$(eval $(call kernel,5.15.27,5.15.x,$(EXTRA),$(DEBUG)))\n\
            $(eval $(call kernel,5.15.27,5.15.x,$(EXTRA),-dbg))\n#$(eval $(call kernel,5.11.3,5.11.x,-rt,))\n\
            $(eval $(call kernel,5.11.4,5.11.x,-rt,))\n$(eval $(call kernel, 4.14.106-rt56 , 4.14.x ,,))\n\
            $(eval $(call kernels,5.1.1,5.1.x))\n$(call kernel,$(V),5.2.x)\n$(call kernel,5.3.1,5.3.x\nrecall kernel,5.4.1,)\n";
        assert_eq!(read(text), ["5.15.27", "5.15.27", "5.11.4-rt", "4.14.106-rt56"]);
        let mention = &mentions(text.as_bytes()).expect("readable")[2];
        assert_eq!(&text[mention.series.clone().expect("a series")], "5.11.x");
        assert!(!mention.word_has_variant);
    }

    #[test]
    fn a_bad_version_is_named_with_its_line() {
        let bad = mentions(b"X=1\nKERNELS_all=6.6.13 \\\n 6.7.0\n").expect_err("no version");
        assert_eq!((bad.line, bad.reason), (3, VersionError::ZeroPatch("6.7.0".to_owned())));
        assert!(mentions(b"KERNELS_all=6.6.13.1").is_err());
        assert!(mentions(b"KERNELS_all=6.6.\xff").is_err());
    }

    /// Whatever the bytes are, reading them ends without a panic.
    #[test]
    fn every_cut_of_a_makefile_is_read() {
        let text = b"KERNELS_all := 6.6.13 \\\r\n 5.1 # x\n$(eval $(call kernel,5.11.4,5.11.x,-rt,))\ndefine x\nendef\n\\#a: \\";
        for from in 0..text.len() {
            for to in from..text.len() {
                let _ = mentions(&text[from..=to]);
            }
        }
    }

    #[test]
    fn words_of_variables_are_read() {
        let text = b"ORG?=acme # ours\nORG?=other\nIMAGE:=linux\r\nIMAGE_BCC:=linux-bcc\n\tORG=recipe\nexport EXTRA = -a -b\nX=$(Y)\n";
        assert_eq!(word(text, "ORG"), Some("acme"));
        assert_eq!(word(text, "IMAGE"), Some("linux"));
        for name in ["EXTRA", "X", "Y", "IMAG"] {
            assert_eq!(word(text, name), None, "{name}");
        }
        assert_eq!(plain_words(text, "EXTRA"), Some(vec!["-a", "-b"]));
        assert_eq!(word(b"ORG=a\nORG=b", "ORG"), Some("b"));
        assert_eq!(word(b"ORG=\nORG?=b", "ORG"), Some("b"));
    }
}
