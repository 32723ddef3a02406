//! What stands behind the second `@@` of a hunk header: the function, section or node that the hunk is in.

use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

/// The longest section name that git prints, in bytes.
const LONGEST: usize = 80;

/// How lines that open a section are told from others, for one kind of file.
pub struct Rules {
    /// What a line must begin with to be worth a look at the patterns.
    may_begin: fn(u8) -> bool,
    /// Tried in order, the first that matches decides; empty stands for the default rule.
    patterns: Vec<Pattern>,
}

/// One line of a driver.
struct Pattern {
    regex: Regex,
    /// A match says that the line opens no section.
    negated: bool,
}

/// One of git's built-in drivers, put down again in the syntax of the `regex` crate.
struct Builtin {
    name: &'static str,
    may_begin: fn(u8) -> bool,
    /// A leading `!` negates. As in POSIX, `.` matches no NUL.
    patterns: &'static [&'static str],
}

const BUILTIN: &[Builtin] = &[
    Builtin {
        name: "cpp",
        may_begin: |byte| is_word_start(byte) || byte == b':',
        patterns: &[
            // Labels and access specifiers.
            r"!^[ \t]*[A-Za-z_][A-Za-z_0-9]*:[[:space:]]*(?:$|/[/*])",
            // Whatever else begins in the first column.
            r"^((?:::[[:space:]]*)?[A-Za-z_].*)$",
        ],
    },
    Builtin {
        name: "dts",
        may_begin: |byte| is_word_start(byte) || matches!(byte, b' ' | b'\t' | b'/' | b'&'),
        patterns: &[
            "!;",
            "!=",
            // A node, perhaps a reference to one, or the root.
            r"^[ \t]*((?:/[ \t]*\{|&?[a-zA-Z_]).*)",
        ],
    },
    Builtin {
        name: "rust",
        may_begin: is_word_start_or_blank,
        patterns: &[concat!(
            r"^[\t ]*((?:pub(?:\([^)]+\))?[\t ]+)?",
            r#"(?:(?:async|const|unsafe|extern(?:[\t ]+"[^"]+"))[\t ]+)?"#,
            r"(?:struct|enum|union|mod|trait|fn|impl|macro_rules!)[< \t]+[^;]*)$",
        )],
    },
    Builtin {
        name: "python",
        may_begin: is_word_start_or_blank,
        patterns: &[r"^[ \t]*((?:class|(?:async[ \t]+)?def)[ \t].*)$"],
    },
    Builtin {
        name: "perl",
        may_begin: |byte| is_word_start(byte) || byte == b'=',
        patterns: &[
            r"^package .*",
            // The prototype is a group, so git prints the prototype alone where there is one.
            r"^sub [[:alnum:]_':]+[ \t]*(\([^)]*\)[ \t]*)?(?::[^;#]*)?(?:\{[ \t]*)?(?:#.*)?$",
            r"^(BEGIN|END|INIT|CHECK|UNITCHECK|AUTOLOAD|DESTROY)[ \t]*(?:\{[ \t]*)?(?:#.*)?$",
            r"^=head[0-9] .*",
        ],
    },
    Builtin {
        name: "bash",
        may_begin: is_word_start_or_blank,
        patterns: &[concat!(
            // Only with the keyword does git ask for the start of a body.
            r"^[ \t]*([a-zA-Z_][a-zA-Z0-9_]*[ \t]*\([ \t]*\)",
            r"|function[ \t]+[a-zA-Z_][a-zA-Z0-9_]*(?:[ \t]*\([ \t]*\)|[ \t]+)",
            r"[ \t]*(?:\{|\(\(?|\[\[))",
        )],
    },
    Builtin {
        name: "golang",
        may_begin: is_word_start_or_blank,
        patterns: &[r"^[ \t]*(func[ \t]*.*)", r"^[ \t]*(type[ \t].*(?:struct|interface)[ \t]*(?:\{[ \t]*)?)"],
    },
    Builtin {
        name: "html",
        may_begin: |byte| matches!(byte, b' ' | b'\t' | b'<'),
        patterns: &[r"^[ \t]*(<[Hh][1-6](?:[ \t].*)?>.*)$"],
    },
    Builtin { name: "markdown", may_begin: |byte| matches!(byte, b' ' | b'#'), patterns: &[r"^ {0,3}#{1,6}[ \t].*"] },
];

/// Drivers that git has and this module has not. No kernel tree names them.
const NOT_HERE: &[&str] = &[
    "ada", "bibtex", "csharp", "css", "elixir", "fortran", "fountain", "java", "kotlin", "matlab", "objc", "pascal",
    "php", "ruby", "scheme", "tex",
];

/// What `git range-diff` looks for in the texts that it compares: its own headlines, and the hunks below them.
const PATCH_TEXT: Builtin = Builtin { name: "", may_begin: |_| true, patterns: &[r"^ ## (.*) ##$", r"^.?@@ (.*)$"] };

static COMPILED_PATCH_TEXT: LazyLock<Rules> = LazyLock::new(|| Rules::compile(&PATCH_TEXT));

static DEFAULT: Rules = Rules { may_begin: |byte| is_word_start(byte) || byte == b'$', patterns: Vec::new() };

static COMPILED: LazyLock<Vec<Rules>> = LazyLock::new(|| BUILTIN.iter().map(Rules::compile).collect());

impl Rules {
    /// The rule for files without a driver: a line that begins with a letter, `_` or `$`.
    pub fn default_rule() -> &'static Rules {
        &DEFAULT
    }

    /// The rules of the driver that the attribute `diff=name` asks for. As with git, a name that means nothing
    /// gives the default rule; `None` for a driver that git has built in and this module has not.
    pub fn named(name: &[u8]) -> Option<&'static Rules> {
        if NOT_HERE.iter().any(|known| known.as_bytes() == name) {
            return None;
        }
        let at = BUILTIN.iter().position(|builtin| builtin.name.as_bytes() == name);
        Some(at.and_then(|at| COMPILED.get(at)).unwrap_or(&DEFAULT))
    }

    /// The rules for patches that are compared with each other, as `git range-diff` does it.
    pub fn of_patch_text() -> &'static Rules {
        &COMPILED_PATCH_TEXT
    }

    /// The section that `line` opens, as git prints it: at most 80 bytes, without white space at the end.
    pub fn section<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let first = *line.first()?;
        if !(self.may_begin)(first) {
            return None;
        }
        if self.patterns.is_empty() {
            return Some(trim_end(cut(line)));
        }
        let line = without_line_end(line);
        let pattern = self.patterns.iter().find(|pattern| pattern.regex.is_match(line))?;
        if pattern.negated {
            return None;
        }
        let found = pattern.regex.captures(line).and_then(|captures| first_group(&captures))?;
        Some(trim_end(cut(found)))
    }

    fn compile(builtin: &Builtin) -> Rules {
        let patterns = builtin.patterns.iter().map(|&text| {
            let (negated, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
            // The only plain dots in the patterns are those of `.*`.
            let text = format!("(?s-u){}", text.replace(".*", r"[^\x00]*"));
            let regex = Regex::new(&text).expect("the built-in patterns are valid, a test compiles them all");
            Pattern { regex, negated }
        });
        Rules { may_begin: builtin.may_begin, patterns: patterns.collect() }
    }
}

/// The first group where it took part in the match, else all of the match.
fn first_group<'a>(captures: &Captures<'a>) -> Option<&'a [u8]> {
    captures.get(1).or_else(|| captures.get(0)).map(|found| found.as_bytes())
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_word_start_or_blank(byte: u8) -> bool {
    is_word_start(byte) || matches!(byte, b' ' | b'\t')
}

fn cut(text: &[u8]) -> &[u8] {
    text.get(..LONGEST).unwrap_or(text)
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b'\n' | b'\r'] = text {
        text = rest;
    }
    text
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let Some(line) = line.strip_suffix(b"\n") else {
        return line;
    };
    line.strip_suffix(b"\r").unwrap_or(line)
}
