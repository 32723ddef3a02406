//! Which diff driver a tree's `.gitattributes` gives to a path.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice as _};

use super::wildmatch::wildmatch;

/// Lines of `.gitattributes` longer than this are ignored, as git does.
const LONGEST_LINE: usize = 2048;

/// How the `diff` attribute wants a file to be treated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Driver {
    /// Nothing is said: binary if it looks so, the default rule for section names.
    #[default]
    Default,
    /// `diff=name`: binary if it looks so, section names as the driver finds them.
    Named(BString),
    /// `-diff`: always binary.
    Binary,
    /// `diff`: never binary, the default rule for section names.
    Text,
}

/// The rules of a `.gitattributes` file at the top of a tree.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// In the order of the file; the last one that matches wins.
    rules: Vec<Rule>,
    /// What `[attr]name` lines define.
    macros: HashMap<BString, Vec<Assignment>>,
}

#[derive(Debug, Clone)]
struct Rule {
    pattern: BString,
    /// The pattern has no slash and is matched against the last component of a path only.
    basename: bool,
    assignments: Vec<Assignment>,
}

#[derive(Debug, Clone)]
struct Assignment {
    name: BString,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    /// `name`
    Set,
    /// `-name`
    Unset,
    /// `!name`
    Unspecified,
    /// `name=value`
    To(BString),
}

impl Attributes {
    /// Reads a `.gitattributes` file. As with git, a line that makes no sense counts for nothing.
    pub fn parse(content: &[u8]) -> Attributes {
        let mut attributes = Attributes::default();
        let assignments = ["diff", "merge", "text"].map(|name| Assignment { name: name.into(), value: Value::Unset });
        attributes.macros.insert("binary".into(), assignments.into());

        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        for line in content.lines_with_terminator() {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            if line.len() < LONGEST_LINE {
                attributes.read_line(line.split(|&byte| byte == 0).next().unwrap_or_default());
            }
        }
        attributes
    }

    /// The driver for the file at `path`, which is relative to the top of the tree.
    pub fn diff_driver(&self, path: &[u8]) -> Driver {
        let mut known = HashMap::new();
        for rule in self.rules.iter().rev().filter(|rule| rule.matches(path)) {
            self.assign(&rule.assignments, &mut known);
        }
        match known.get(BStr::new("diff")) {
            None | Some(Value::Unspecified) => Driver::Default,
            Some(Value::Set) => Driver::Text,
            Some(Value::Unset) => Driver::Binary,
            Some(Value::To(name)) => Driver::Named(name.clone()),
        }
    }

    fn read_line(&mut self, line: &[u8]) {
        let line = trim_blanks(line);
        if line.is_empty() || line.starts_with(b"#") {
            return;
        }
        let (pattern, rest) = unquote(line).unwrap_or_else(|| {
            let end = line.iter().position(|&byte| is_blank(byte)).unwrap_or(line.len());
            (line[..end].to_vec(), &line[end..])
        });
        let Some(assignments) = rest
            .split(|&byte| is_blank(byte))
            .filter(|word| !word.is_empty())
            .map(read_assignment)
            .collect::<Option<Vec<_>>>()
        else {
            return;
        };
        if let Some(name) = pattern.strip_prefix(b"[attr]").filter(|name| !name.is_empty()) {
            if is_attribute_name(name) {
                self.macros.insert(name.into(), assignments);
            }
            return;
        }
        // A negated pattern is refused by git, and one that ends in a slash is for directories only.
        if pattern.starts_with(b"!") || pattern.ends_with(b"/") {
            return;
        }
        self.rules.push(Rule {
            basename: !pattern.contains(&b'/'),
            pattern: pattern.strip_prefix(b"/").unwrap_or(&pattern).into(),
            assignments,
        });
    }

    /// The later one of two assignments counts; a macro that is set stands for what it defines.
    fn assign<'a>(&'a self, assignments: &'a [Assignment], known: &mut HashMap<&'a BStr, &'a Value>) {
        for Assignment { name, value } in assignments.iter().rev() {
            if known.contains_key(name.as_bstr()) {
                continue;
            }
            known.insert(name.as_bstr(), value);
            if let (Value::Set, Some(expansion)) = (value, self.macros.get(name)) {
                self.assign(expansion, known);
            }
        }
    }
}

impl Rule {
    fn matches(&self, path: &[u8]) -> bool {
        if self.basename {
            let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            wildmatch(&self.pattern, name)
        } else {
            wildmatch(&self.pattern, path)
        }
    }
}

/// Reads a C string literal at the start of `text`; also returns what follows it. `None` where there is none.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut out = Vec::new();
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((out, rest)),
            b'\\' => {
                let (&escape, after) = rest.split_first()?;
                rest = after;
                out.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'\\' | b'"' => escape,
                    b'0'..=b'3' => {
                        let [high @ b'0'..=b'7', low @ b'0'..=b'7', after @ ..] = rest else {
                            return None;
                        };
                        rest = after;
                        (escape - b'0') * 64 + (high - b'0') * 8 + (low - b'0')
                    }
                    _ => return None,
                });
            }
            _ => out.push(byte),
        }
    }
}

/// Reads `name`, `-name`, `!name` or `name=value`; `None` where the name cannot be one.
fn read_assignment(word: &[u8]) -> Option<Assignment> {
    let (name, value) = match word {
        [b'-', name @ ..] => (name, Value::Unset),
        [b'!', name @ ..] => (name, Value::Unspecified),
        _ => match word.split_once_str("=") {
            Some((name, value)) => (name, Value::To(value.into())),
            None => (word, Value::Set),
        },
    };
    // After `-` and `!` git looks for no value, it drops one.
    let name = name.split(|&byte| byte == b'=').next().unwrap_or_default();
    is_attribute_name(name).then(|| Assignment { name: name.into(), value })
}

fn is_attribute_name(name: &[u8]) -> bool {
    let allowed = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && !name.starts_with(b"-") && !name.starts_with(b"builtin_") && name.iter().all(allowed)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn trim_blanks(line: &[u8]) -> &[u8] {
    line.trim_with(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;

    use super::{Attributes, Driver};
    use crate::diff::oracle::Sandbox;

    const RULES: &str = "\u{feff}*.c   diff=cpp\r
*.[ch] diff=cpp
# *.c -diff
\t*.dts[io]\tdiff=dts text eol=lf
/top/*.rs diff=rust
*.bin binary
**/deep/** !diff
mid/**/x.c diff
[attr]odd diff=perl -text
\"with space*\" odd
quoted\\*.c -diff=no
dir/ -diff
!neg.c -diff
bad.c -diff -/x
*.md -diff
*.md diff=markdown
late.bin diff=html
\"oct\\303\\274\" -diff
\"open -diff
*.builtin builtin_x -diff
";

    /// Every path is asked for with `git check-attr` too.
    #[test]
    fn paths_get_the_driver_that_git_gives_them() {
        let sandbox = Sandbox::new();
        fs::write(sandbox.path().join(".gitattributes"), RULES).unwrap();
        let attributes = Attributes::parse(RULES.as_bytes());
        for path in [
            "a.c",
            "x/a.h",
            "a.cc",
            "b.dtsi",
            "b.dtso",
            "top/a.rs",
            "x/top/a.rs",
            "top/x/a.rs",
            "a.bin",
            "late.bin",
            "deep/a.c",
            "x/deep/a.c",
            "x/deep/y/a.c",
            "mid/x.c",
            "mid/a/b/x.c",
            "amid/x.c",
            "with space.c",
            "quoted*.c",
            "quotedx.c",
            "dir/a.c",
            "dir",
            "neg.c",
            "!neg.c",
            "bad.c",
            "a.md",
            "octü",
            "\"open",
            "a.builtin",
        ] {
            let said = sandbox.git(&["check-attr", "-z", "diff", "--", path]);
            let said = said.split(|&byte| byte == 0).nth(2).unwrap();
            let expected = match said {
                b"unspecified" => Driver::Default,
                b"set" => Driver::Text,
                b"unset" => Driver::Binary,
                name => Driver::Named(name.into()),
            };
            assert_eq!(attributes.diff_driver(path.as_bytes()), expected, "{path}");
        }
    }
}
