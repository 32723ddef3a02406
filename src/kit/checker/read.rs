//! The script as lines, checks and conditionals.

use std::ops::Range;

use super::condition::Condition;

/// What a check wants of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// With its `CONFIG_`.
    pub(super) option: String,
    /// The value; `None` for one that is not to be set.
    pub(super) value: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A check, in the line of that index.
    Check(usize, Wanted),
    /// Something that has to do with the configuration and is not understood.
    Unread(usize),
    /// A conditional.
    Block(Block),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) branches: Vec<Branch>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    /// The line of `if`, `elif` or `else`.
    pub(super) line: usize,
    pub(super) guard: Guard,
    pub(super) nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Guard {
    /// The condition, and where it stands in its line.
    If(Condition, Range<usize>),
    Else,
    /// A condition of another shape.
    Unread,
}

/// The lines with their ends.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// All nodes outside of conditionals, and in them the others.
pub(super) fn nodes(lines: &[&str]) -> Vec<Node> {
    let mut top: Vec<Node> = Vec::new();
    // Conditionals that have begun and not ended.
    let mut open: Vec<Block> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim();
        let first = code.split([' ', '\t', ';']).next().unwrap_or_default();
        let is_whole = first == "if" && code.split([' ', ';']).next_back() == Some("fi");
        match first {
            "if" if !is_whole => open.push(Block { branches: vec![branch(at, line, "if")] }),
            "elif" | "else" => {
                if let Some(block) = open.last_mut() {
                    block.branches.push(branch(at, line, first));
                }
            }
            "fi" => {
                if let Some(block) = open.pop() {
                    into(&mut open, &mut top).push(Node::Block(block));
                }
            }
            _ => {
                if let Some(wanted) = check(code) {
                    into(&mut open, &mut top).push(Node::Check(at, wanted));
                } else if code.contains("$UNZIPPED_CONFIG") && code.contains("grep") && !code.starts_with('#') {
                    into(&mut open, &mut top).push(Node::Unread(at));
                }
            }
        }
    }
    // One that never ends is not understood.
    top.extend(open.into_iter().flat_map(|block| block.branches).map(|branch| Node::Unread(branch.line)));
    top
}

/// Where what comes next belongs.
fn into<'n>(open: &'n mut [Block], top: &'n mut Vec<Node>) -> &'n mut Vec<Node> {
    match open.last_mut().and_then(|block| block.branches.last_mut()) {
        Some(branch) => &mut branch.nodes,
        None => top,
    }
}

fn branch(at: usize, line: &str, word: &str) -> Branch {
    let guard = if word == "else" { Guard::Else } else { guard(line, word).unwrap_or(Guard::Unread) };
    Branch { line: at, guard, nodes: Vec::new() }
}

fn guard(line: &str, word: &str) -> Option<Guard> {
    let start = line.find(word)? + word.len();
    let end = line.trim_end().strip_suffix("then")?.trim_end().strip_suffix(';')?.len();
    let condition = Condition::read(line.get(start..end)?)?;
    Some(Guard::If(condition, start..end))
}

/// `echo $UNZIPPED_CONFIG | grep -q PATTERN || fail "…"`.
fn check(code: &str) -> Option<Wanted> {
    let rest = code.strip_prefix("echo")?.trim_start();
    let rest = rest.strip_prefix("$UNZIPPED_CONFIG").or_else(|| rest.strip_prefix("\"$UNZIPPED_CONFIG\""))?;
    let rest = rest.trim_start().strip_prefix('|')?.trim_start().strip_prefix("grep")?.trim_start();
    let (pattern, then) = rest.strip_prefix("-q")?.trim_start().split_once("||")?;
    if !then.trim_start().starts_with("fail") {
        return None;
    }
    let pattern = pattern.trim();
    let pattern = pattern.strip_prefix(['\'', '"']).and_then(|rest| rest.strip_suffix(['\'', '"'])).unwrap_or(pattern);
    let is_name =
        |name: &str| name.starts_with("CONFIG_") && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let (option, value) = match pattern.strip_suffix(" is not set") {
        Some(option) => (option, None),
        None => pattern.split_once('=').map(|(option, value)| (option, Some(value)))?,
    };
    let is_plain = value.is_none_or(|value| !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric()));
    (is_name(option) && is_plain).then(|| Wanted { option: option.to_owned(), value: value.map(str::to_owned) })
}
