//! Kconfig text, as far as it takes to find the entries of options and what in them asks the toolchain.

use std::ops::Range;

/// The entry of one option: `config X` or `menuconfig X` with the lines below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name, without `CONFIG_`.
    pub(super) name: String,
    /// The line where it begins, from 1.
    pub(super) number: usize,
    /// What kind of value it has, as the entry says.
    pub(super) kind: Kind,
    /// Its lines, save for help texts and comments.
    pub(super) lines: Vec<Line>,
}

/// The type of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `bool`, `tristate`, or not said here.
    Tristate,
    /// `string`.
    Text,
    /// `int` or `hex`.
    Number,
}

/// One line of an entry; several, where they are continued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The word at its beginning: `depends`, `default`, `def_bool`.
    pub(super) keyword: String,
    /// Where the rest of it stands in the text, without the blanks around it.
    pub(super) rest: Range<usize>,
}

/// A part of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A symbol, a number, a quoted text, a macro.
    Operand {
        /// It asks the toolchain.
        asks: bool,
    },
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`.
    Compare,
    /// `!`.
    Not,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `&&`, `||`, or what else there is.
    Other,
}

/// Macros and variables that say where and what the kernel is, and nothing of the toolchain.
const PLAIN: [&str; 15] = [
    "ARCH",
    "BITS",
    "HEADER_ARCH",
    "KERNELVERSION",
    "SRCARCH",
    "SUBARCH",
    "UTS_MACHINE",
    "comma",
    "dollar",
    "empty",
    "left_paren",
    "objtree",
    "right_paren",
    "space",
    "srctree",
];

/// True if `text` has a macro that asks the toolchain.
pub(super) fn asks(text: &str) -> bool {
    text.match_indices("$(").any(|(at, _)| {
        let rest = &text[at + 2..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
        !PLAIN.contains(&&rest[..end])
    })
}

impl Entry {
    /// True if a tool answers with the value itself: a version.
    pub(super) fn is_version(&self, text: &str) -> bool {
        let is_default = |line: &&Line| line.keyword == "default";
        self.kind != Kind::Tristate
            && self.lines.iter().filter(is_default).any(|line| {
                let rest = &text[line.rest.clone()];
                asks(&rest[..condition(rest).unwrap_or(rest.len())])
            })
    }
}

/// The entries of a Kconfig file, in its order.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut inside = false;
    // The indentation of a help text: not known before its first line.
    let mut help: Option<Option<usize>> = None;
    let mut at = 0;
    while at < text.len() {
        let start = at;
        let end = line_end(text, start, help.is_some());
        at = end + 1;
        let line = &text[start..end];
        if let Some(indent) = help {
            if line.trim().is_empty() {
                continue;
            }
            let own = indentation(line);
            if own > 0 && indent.is_none_or(|indent| own >= indent) {
                help = Some(indent.or(Some(own)));
                continue;
            }
            help = None;
            // The line is no help and may be continued.
            at = start;
            continue;
        }
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let word =
            trimmed.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).next().unwrap_or_default();
        let rest = trimmed[word.len()..].trim();
        match word {
            "config" | "menuconfig" => {
                let number = text[..start].matches('\n').count() + 1;
                entries.push(Entry { name: rest.to_owned(), number, kind: Kind::Tristate, lines: Vec::new() });
                inside = true;
            }
            "help" | "---help---" => help = Some(None),
            "choice" | "endchoice" | "menu" | "endmenu" | "if" | "endif" | "source" | "comment" | "mainmenu" => {
                inside = false;
            }
            _ => {
                let Some(entry) = entries.last_mut().filter(|_| inside) else { continue };
                match word {
                    "string" => entry.kind = Kind::Text,
                    "int" | "hex" => entry.kind = Kind::Number,
                    _ => {}
                }
                let offset = end - line.len() + (line.len() - trimmed.len()) + word.len();
                let offset = offset + (trimmed[word.len()..].len() - trimmed[word.len()..].trim_start().len());
                entry.lines.push(Line { keyword: word.to_owned(), rest: offset..offset + rest.len() });
            }
        }
    }
    entries
}

/// Where the line that begins at `start` ends, with those that continue it; those of a help text stand alone.
fn line_end(text: &str, start: usize, alone: bool) -> usize {
    let mut from = start;
    loop {
        let end = text[from..].find('\n').map_or(text.len(), |length| from + length);
        if alone || end == text.len() || !text[..end].ends_with('\\') {
            return end;
        }
        from = end + 1;
    }
}

/// Columns in front of the first word; a tab goes to the next multiple of eight.
fn indentation(line: &str) -> usize {
    let blanks = line.chars().take_while(|c| matches!(c, ' ' | '\t'));
    blanks.fold(0, |column, c| if c == '\t' { (column / 8 + 1) * 8 } else { column + 1 })
}

/// Where ` if ` stands that is in no quotes and no macro: what is behind it is a condition.
pub(super) fn condition(rest: &str) -> Option<usize> {
    tokens(rest).into_iter().map(|(_, place)| place).find(|place| &rest[place.clone()] == "if").map(|place| place.start)
}

/// The parts of an expression with their places.
pub(super) fn tokens(text: &str) -> Vec<(Token, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let token = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\\' => {
                at += 1;
                continue;
            }
            // A comment to the end of the line.
            b'#' => {
                at = text[at..].find('\n').map_or(bytes.len(), |length| at + length);
                continue;
            }
            b'(' => one(&mut at, Token::Open),
            b')' => one(&mut at, Token::Close),
            b'!' if bytes.get(at + 1) != Some(&b'=') => one(&mut at, Token::Not),
            b'!' | b'=' | b'<' | b'>' => {
                at += if bytes.get(at + 1) == Some(&b'=') { 2 } else { 1 };
                Token::Compare
            }
            b'&' | b'|' => {
                at += 1;
                Token::Other
            }
            _ => {
                at = operand_end(bytes, at);
                Token::Operand { asks: asks(&text[start..at]) }
            }
        };
        tokens.push((token, start..at));
    }
    tokens
}

fn one(at: &mut usize, token: Token) -> Token {
    *at += 1;
    token
}

/// Where a word ends that may hold quotes and macros.
fn operand_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => at = quoted_end(bytes, at, quote),
            b'$' if bytes.get(at + 1) == Some(&b'(') => at = macro_end(bytes, at + 1),
            b' ' | b'\t' | b'\n' | b'(' | b')' | b'!' | b'=' | b'<' | b'>' | b'&' | b'|' => break,
            _ => at += 1,
        }
    }
    // Whatever it is, there is no standing still.
    at.max(start + 1)
}

fn quoted_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != quote {
        at += match bytes[at] {
            b'\\' => 2,
            b'$' if bytes.get(at + 1) == Some(&b'(') => macro_end(bytes, at + 1) - at,
            _ => 1,
        };
    }
    (at + 1).min(bytes.len())
}

/// Behind the parenthesis that closes the one at `open`; quotes mean nothing inside of a macro.
fn macro_end(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# config NOT_ME\nmenu \"A\"\n\tdepends on $(success,true)\n\nconfig ONE\n\tdef_bool $(cc-option,-a) && \\\n\t\t (TWO || \\\n\t\t THREE)\n\thelp\n\t  config NOT_ME\n\n\t  more\n\n\tdepends on B # why\nif X\nconfig TWO\n\tint \"Two\" if \"a if b\"\n\tdefault 1 if C\nendif\n\trange 1 2\nmenuconfig THREE\n\tstring\n\thelp\nend\n\tdefault \"$(CC_VERSION_TEXT)\"\n";

    #[test]
    fn entries_and_their_lines() {
        let found = entries(TEXT);
        let shown: Vec<(&str, Vec<(&str, &str)>)> = found
            .iter()
            .map(|entry| {
                let lines = entry.lines.iter().map(|line| (line.keyword.as_str(), &TEXT[line.rest.clone()]));
                (entry.name.as_str(), lines.collect())
            })
            .collect();
        assert_eq!(
            shown,
            [
                (
                    "ONE",
                    vec![
                        ("def_bool", "$(cc-option,-a) && \\\n\t\t (TWO || \\\n\t\t THREE)"),
                        ("depends", "on B # why"),
                    ]
                ),
                ("TWO", vec![("int", "\"Two\" if \"a if b\""), ("default", "1 if C")]),
                ("THREE", vec![("string", ""), ("end", ""), ("default", "\"$(CC_VERSION_TEXT)\"")]),
            ]
        );
        assert_eq!(found[1].kind, Kind::Number);
        assert_eq!(found.iter().map(|entry| entry.number).collect::<Vec<_>>(), [5, 16, 21]);
        assert!(found[2].is_version(TEXT) && !found[0].is_version(TEXT));
        for text in ["", "\\", "config", "help\n\\\n", "config A\n\thelp", "config A\n\thelp\n \\\n"] {
            entries(text);
        }
    }

    #[test]
    fn conditions_stand_outside_of_quotes_and_macros() {
        assert_eq!(condition("\"a if b\" if C"), Some(9));
        assert_eq!(condition("$(shell,x if y)"), None);
        assert_eq!(condition("y if $(success,a)"), Some(2));
        assert_eq!(condition("iffy"), None);
    }

    #[test]
    fn what_asks_and_what_does_not() {
        assert!(asks("$(cc-option,-a)") && asks("\"$(CC_VERSION_TEXT)\"") && asks("$(srctree)/$(shell,x)"));
        assert!(!asks("\"$(ARCH)\" = \"x86\"") && !asks("$(srctree)/x") && !asks("$CC"));
    }

    #[test]
    fn tokens_never_stand_still() {
        for text in ["$(a", "\"a", "\"\\", "a\"b$(c)d\"e=f", "!==<>=&|&&", "é$(é)", "$", "'"] {
            let places = tokens(text);
            assert!(places.iter().all(|(_, place)| !place.is_empty()), "{text}");
        }
        let kinds: Vec<Token> = tokens("!(A>=$(x)) && \"$(y)\" != \"\"").into_iter().map(|(token, _)| token).collect();
        assert_eq!(
            kinds,
            [
                Token::Not,
                Token::Open,
                Token::Operand { asks: false },
                Token::Compare,
                Token::Operand { asks: true },
                Token::Close,
                Token::Other,
                Token::Other,
                Token::Operand { asks: true },
                Token::Compare,
                Token::Operand { asks: false },
            ]
        );
    }
}
