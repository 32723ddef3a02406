//! `[ "$kernelMajor" -eq 5 ] || [ "$kernelMajor" -eq 4 -a "$kernelMinor" -ge 5 ]`.

use std::ops::Range;

use crate::arch::Arch;

/// The kernel that a condition is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) major: u32,
    pub(super) minor: u32,
    pub(super) arch: Arch,
}

/// Tests joined by `||` and `&&`, which the shell takes from left to right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) first: Test,
    pub(super) rest: Vec<(Join, Test)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    Or,
    And,
}

/// What stands between `[` and `]`: terms joined by `-a`, and these by `-o`.
pub(super) type Test = Vec<Vec<Term>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// `"$kernelMajor" -eq 5`; the place of the operator in the text.
    Major(Operator, u32, Range<usize>),
    /// `"$kernelMinor" -ge 10`.
    Minor(Operator, u32),
    /// `"$arch" = "x86_64"`, or `!=`.
    Arch(bool, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Condition {
    /// Reads what stands between `if` and `; then`; `None` for anything else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let words = words(text);
        let mut words = words.iter();
        let first = brackets(text, &mut words)?;
        let mut rest = Vec::new();
        while let Some(join) = words.next() {
            let join = match &text[join.clone()] {
                "||" => Join::Or,
                "&&" => Join::And,
                _ => return None,
            };
            rest.push((join, brackets(text, &mut words)?));
        }
        Some(Self { first, rest })
    }

    /// Whether it is true of a kernel.
    pub(super) fn holds(&self, asked: Asked) -> bool {
        let is_true = |test: &Test| test.iter().any(|all| all.iter().all(|term| term.holds(asked)));
        self.rest.iter().fold(is_true(&self.first), |before, (join, test)| match join {
            Join::Or => before || is_true(test),
            Join::And => before && is_true(test),
        })
    }

    pub(super) fn tests(&self) -> impl Iterator<Item = &Test> {
        std::iter::once(&self.first).chain(self.rest.iter().map(|(_, test)| test))
    }

    fn terms(&self) -> impl Iterator<Item = &Term> {
        self.tests().flatten().flatten()
    }

    /// True if it asks for the version, and for nothing else.
    pub(super) fn is_of_version(&self) -> bool {
        self.terms().all(|term| !matches!(term, Term::Arch(..)))
    }
}

impl Term {
    fn holds(&self, asked: Asked) -> bool {
        match self {
            Self::Major(operator, value, _) => operator.holds(asked.major, *value),
            Self::Minor(operator, value) => operator.holds(asked.minor, *value),
            Self::Arch(equal, name) => (asked.arch.uname() == name) == *equal,
        }
    }
}

impl Operator {
    fn holds(self, left: u32, right: u32) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
        }
    }
}

/// The words of the text, separated by blanks.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if !c.is_ascii_whitespace() {
            start.get_or_insert(at);
        } else if let Some(start) = start.take() {
            words.push(start..at);
        }
    }
    words
}

/// `[ … ]`.
fn brackets<'w>(text: &str, words: &mut impl Iterator<Item = &'w Range<usize>>) -> Option<Test> {
    let mut word = || words.next().map(|range| (&text[range.clone()], range.clone()));
    if word()?.0 != "[" {
        return None;
    }
    let mut alternatives: Test = vec![Vec::new()];
    loop {
        let (name, _) = word()?;
        let (operator, place) = word()?;
        let (value, _) = word()?;
        let term = term(name, operator, place, value)?;
        alternatives.last_mut()?.push(term);
        match word()?.0 {
            "]" => return Some(alternatives),
            "-a" => {}
            "-o" => alternatives.push(Vec::new()),
            _ => return None,
        }
    }
}

fn term(name: &str, operator: &str, place: Range<usize>, value: &str) -> Option<Term> {
    let bare = |word: &str| word.trim_matches('"').to_owned();
    if bare(name) == "$arch" {
        let equal = match operator {
            "=" | "==" => true,
            "!=" => false,
            _ => return None,
        };
        let value = value.trim_matches(['"', '\'']);
        return (!value.contains('$')).then(|| Term::Arch(equal, value.to_owned()));
    }
    let operator = match operator {
        "-eq" => Operator::Eq,
        "-ne" => Operator::Ne,
        "-lt" => Operator::Lt,
        "-le" => Operator::Le,
        "-gt" => Operator::Gt,
        "-ge" => Operator::Ge,
        _ => return None,
    };
    let value = bare(value).parse().ok()?;
    match bare(name).as_str() {
        "$kernelMajor" | "${kernelMajor}" => Some(Term::Major(operator, value, place)),
        "$kernelMinor" | "${kernelMinor}" => Some(Term::Minor(operator, value)),
        _ => None,
    }
}
