//! What the script says of a new series, and the smallest edits that make it say the right thing.

use std::collections::BTreeMap;

use super::condition::{Asked, Condition, Join, Operator, Term};
use super::read::{Block, Branch, Guard, Node, Wanted, lines, nodes};
use crate::arch::Arch;
use crate::kconfig::Config;
use crate::text::visible;
use crate::version::Series;

/// A series with its configurations.
#[derive(Debug, Clone, Copy)]
pub struct Kernel<'a> {
    /// The series.
    pub series: Series,
    /// The configurations by architecture.
    pub configs: &'a BTreeMap<Arch, Config>,
}

/// One edit of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckerEdit {
    /// The line of the old script, from 1.
    pub line: usize,
    /// What was done and why, for people.
    pub what: String,
}

/// The script as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapted {
    /// The new script; the old one if there is nothing to do.
    pub text: String,
    /// What was done, in the order of the lines.
    pub edits: Vec<CheckerEdit>,
    /// What a person has to look at.
    pub warnings: Vec<String>,
}

/// Holds the script against the configurations of `new`, which follows `old`.
///
/// A check of an option that `new` does not have, and that held in `old`, gets an upper bound; a conditional that `new`
/// fell out of by its first number alone gets wider where everything in it holds. All else is told and left.
pub fn adapt(script: &str, old: Kernel<'_>, new: Kernel<'_>) -> Adapted {
    let judge = Judge { old, new };
    let mut adapted = Adapted { text: script.to_owned(), edits: Vec::new(), warnings: Vec::new() };
    widen(&judge, &mut adapted);
    bound(&judge, &mut adapted);
    adapted.edits.sort_by_key(|edit| edit.line);
    adapted
}

/// How an option of a configuration answers a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Holds,
    Absent,
    Other,
}

struct Judge<'a> {
    old: Kernel<'a>,
    new: Kernel<'a>,
}

/// The conditions around a node, each with whether it has to be true.
type Around<'n> = Vec<(&'n Guard, Vec<&'n Guard>)>;

impl Kernel<'_> {
    fn asked(&self, arch: Arch) -> Asked {
        Asked { major: self.series.major, minor: self.series.minor, arch }
    }

    fn answer(&self, arch: Arch, wanted: &Wanted) -> Answer {
        let Some(config) = self.configs.get(&arch) else { return Answer::Absent };
        match config.get(&wanted.option) {
            None => Answer::Absent,
            Some(option) if option.value == wanted.value => Answer::Holds,
            Some(_) => Answer::Other,
        }
    }

    /// Whether a node with these conditions around it is reached; `None` where they are not understood.
    fn reaches(&self, arch: Arch, around: &Around<'_>) -> Option<bool> {
        let asked = self.asked(arch);
        let mut reached = true;
        for (guard, before) in around {
            for earlier in before {
                reached &= !is_true(earlier, asked)?;
            }
            reached &= is_true(guard, asked)?;
        }
        Some(reached)
    }
}

fn is_true(guard: &Guard, asked: Asked) -> Option<bool> {
    match guard {
        Guard::If(condition, _) => Some(condition.holds(asked)),
        Guard::Else => Some(true),
        Guard::Unread => None,
    }
}

/// Shows every node with the conditions around it.
fn visit<'n>(
    nodes: &'n [Node],
    around: &Around<'n>,
    see: &mut impl FnMut(&'n Node, &Around<'n>, Option<(&'n Block, &'n Branch)>),
    of: Option<(&'n Block, &'n Branch)>,
) {
    for node in nodes {
        see(node, around, of);
        if let Node::Block(block) = node {
            for (at, branch) in block.branches.iter().enumerate() {
                let mut inner = around.clone();
                inner.push((&branch.guard, block.branches[..at].iter().map(|branch| &branch.guard).collect()));
                visit(&branch.nodes, &inner, see, Some((block, branch)));
            }
        }
    }
}

/// Makes conditionals wider, one at a time.
fn widen(judge: &Judge<'_>, adapted: &mut Adapted) {
    if judge.old.series.major == judge.new.series.major {
        return;
    }
    loop {
        let text = adapted.text.clone();
        let lines = lines(&text);
        let nodes = nodes(&lines);
        let mut done: Option<(usize, String)> = None;
        let mut left = Vec::new();
        visit(
            &nodes,
            &Vec::new(),
            &mut |node, around, _| {
                let Node::Block(block) = node else { return };
                for branch in &block.branches {
                    if done.is_none() && judge.falls_out(branch, around) {
                        match judge.wider(branch, around, lines[branch.line]) {
                            Wider::Line(line) => done = Some((branch.line, line)),
                            Wider::Left(why) => left.push(told(branch.line, &why)),
                            Wider::Rightly => {}
                        }
                    }
                }
            },
            None,
        );
        let Some((at, line)) = done else {
            adapted.warnings.extend(left);
            return;
        };
        let what = format!("{} is of these kernels, too", judge.new.series);
        adapted.edits.push(CheckerEdit { line: at + 1, what });
        adapted.text = lines.iter().enumerate().map(|(n, old)| if n == at { line.as_str() } else { old }).collect();
    }
}

enum Wider {
    Line(String),
    Left(String),
    /// What is in it does not hold either.
    Rightly,
}

impl Judge<'_> {
    /// True if a branch is for the old series and, but for the first number of its version, would be for the new one.
    fn falls_out(&self, branch: &Branch, around: &Around<'_>) -> bool {
        let Guard::If(condition, _) = &branch.guard else { return false };
        self.new.configs.keys().any(|arch| {
            let (old, new) = (self.old.asked(*arch), self.new.asked(*arch));
            let endless = Asked { minor: u32::MAX, ..old };
            self.new.reaches(*arch, around) == Some(true)
                && condition.holds(old)
                && condition.holds(endless)
                && !condition.holds(new)
        })
    }

    fn wider(&self, branch: &Branch, around: &Around<'_>, line: &str) -> Wider {
        let (mut held, mut failed, mut unread) = (0, Vec::new(), false);
        visit(
            &branch.nodes,
            around,
            &mut |node, around, _| match node {
                Node::Check(_, wanted) => {
                    for arch in self.new.configs.keys() {
                        match self.new.reaches(*arch, around) {
                            Some(true) if self.new.answer(*arch, wanted) == Answer::Holds => held += 1,
                            Some(true) => failed.push(wanted.option.clone()),
                            Some(false) => {}
                            None => unread = true,
                        }
                    }
                }
                Node::Unread(_) => unread = true,
                Node::Block(_) => {}
            },
            None,
        );
        if held == 0 && !unread {
            return Wider::Rightly;
        }
        let series = self.new.series;
        if unread {
            return Wider::Left(format!("is not for {series}, and has something in it that is not understood"));
        }
        if let Some(option) = failed.first() {
            return Wider::Left(format!("is not for {series}; some of its checks hold there, {option} does not"));
        }
        let Guard::If(condition, place) = &branch.guard else { return Wider::Rightly };
        let made = self.with_new(condition, &line[place.clone()]);
        let is_right = |text: &String| {
            Condition::read(text).is_some_and(|condition| {
                self.new.configs.keys().all(|arch| condition.holds(self.new.asked(*arch)))
                    && self.old.configs.keys().all(|arch| condition.holds(self.old.asked(*arch)))
            })
        };
        match made.filter(is_right) {
            Some(text) => Wider::Line(format!("{}{text}{}", &line[..place.start], &line[place.end..])),
            None => Wider::Left(format!("is not for {series}, and cannot be made so")),
        }
    }

    /// The condition with the new series: `-eq` becomes `-ge` where it stands alone, else one more test comes.
    fn with_new(&self, condition: &Condition, text: &str) -> Option<String> {
        if !condition.is_of_version() || condition.rest.iter().any(|(join, _)| *join == Join::And) {
            return None;
        }
        let alone = condition.tests().find_map(|test| match test.as_slice() {
            [all] => match all.as_slice() {
                [Term::Major(Operator::Eq, value, place)] if *value == self.old.series.major => Some(place.clone()),
                _ => None,
            },
            _ => None,
        });
        Some(match alone {
            Some(place) => format!("{}-ge{}", &text[..place.start], &text[place.end..]),
            None => format!(" [ \"$kernelMajor\" -ge {} ] ||{text}", self.new.series.major),
        })
    }
}

/// A run of checks in neighbouring lines that get an upper bound.
struct Run {
    first: usize,
    last: usize,
    options: Vec<String>,
    /// The line of the conditional that is about these checks only and about versions.
    conditional: Option<(usize, usize)>,
}

/// Gives checks of options that are gone an upper bound.
fn bound(judge: &Judge<'_>, adapted: &mut Adapted) {
    let text = adapted.text.clone();
    let lines = lines(&text);
    let nodes = nodes(&lines);
    let mut runs: Vec<Run> = Vec::new();
    visit(
        &nodes,
        &Vec::new(),
        &mut |node, around, of| match node {
            Node::Check(at, wanted) => match judge.verdict(wanted, around) {
                Verdict::Fine => {}
                Verdict::Gone => match runs.last_mut().filter(|run| run.last + 1 == *at) {
                    Some(run) => {
                        run.last = *at;
                        run.options.push(wanted.option.clone());
                    }
                    None => runs.push(Run {
                        first: *at,
                        last: *at,
                        options: vec![wanted.option.clone()],
                        conditional: of.and_then(|(block, branch)| alone(block, branch)),
                    }),
                },
                Verdict::Look(why) => adapted.warnings.push(told(*at, &why)),
            },
            Node::Unread(at) => adapted.warnings.push(told(*at, "is not understood, and was left as it is")),
            Node::Block(_) => {}
        },
        None,
    );
    let mut new: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let unit = indent_unit(&lines);
    for run in runs.iter().rev() {
        let what = format!("{} has no {} any more", judge.new.series, run.options.join(", "));
        adapted.edits.push(CheckerEdit { line: run.first + 1, what });
        match run.conditional.filter(|(_, checks)| *checks == run.options.len()) {
            Some((at, _)) => new[at] = bounded(&new[at], judge.new.series),
            None => wrap(&mut new, run, judge.new.series, &unit),
        }
    }
    adapted.text = new.concat();
}

/// The line of a conditional that has no other branch and asks for versions only, and how many checks are in it.
fn alone(block: &Block, branch: &Branch) -> Option<(usize, usize)> {
    let of_version = matches!(&branch.guard, Guard::If(condition, _) if condition.is_of_version());
    let is_flat = branch.nodes.iter().all(|node| matches!(node, Node::Check(..)));
    (of_version && is_flat && block.branches.len() == 1).then_some((branch.line, branch.nodes.len()))
}

enum Verdict {
    Fine,
    /// The option is gone.
    Gone,
    Look(String),
}

impl Judge<'_> {
    fn verdict(&self, wanted: &Wanted, around: &Around<'_>) -> Verdict {
        let option = &wanted.option;
        let (mut absent, mut other, mut held) = (Vec::new(), Vec::new(), 0);
        let mut held_before = false;
        for arch in self.new.configs.keys() {
            let Some(reached) = self.new.reaches(*arch, around) else {
                return Verdict::Look(format!("the conditional around {option} is not understood"));
            };
            if !reached {
                continue;
            }
            match self.new.answer(*arch, wanted) {
                Answer::Holds => held += 1,
                Answer::Absent => absent.push(arch.uname()),
                Answer::Other => other.push(arch.uname()),
            }
            held_before |=
                self.old.reaches(*arch, around) == Some(true) && self.old.answer(*arch, wanted) == Answer::Holds;
        }
        let series = self.new.series;
        match (absent.is_empty(), other.is_empty()) {
            (true, true) => Verdict::Fine,
            (false, true) if held == 0 && held_before => Verdict::Gone,
            (_, false) => Verdict::Look(format!("{option} has another value in {series} ({})", other.join(", "))),
            (false, true) if held > 0 => Verdict::Look(format!("{series} has no {option} for {}", absent.join(", "))),
            (false, true) => Verdict::Look(format!("{series} has no {option}, and the series before it failed, too")),
        }
    }
}

/// The condition with an upper bound.
fn bounded(line: &str, series: Series) -> String {
    let Series { major, minor } = series;
    let bound = match minor {
        0 => format!("[ \"$kernelMajor\" -lt {major} ]"),
        _ => {
            format!("[ \"$kernelMajor\" -lt {major} -o \"$kernelMajor\" -eq {major} -a \"$kernelMinor\" -lt {minor} ]")
        }
    };
    let end = line.rfind(';').unwrap_or(line.len());
    format!("{} && {bound}{}", line[..end].trim_end(), &line[end..])
}

/// Puts a conditional around the lines of a run.
fn wrap(lines: &mut Vec<String>, run: &Run, series: Series, unit: &str) {
    let Series { major, minor } = series;
    let line = &lines[run.first];
    let indent: String = line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
    let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
    let bound = match minor {
        0 => format!("[ \"$kernelMajor\" -lt {major} ]"),
        _ => format!(
            "[ \"$kernelMajor\" -lt {major} ] || [ \"$kernelMajor\" -eq {major} -a \"$kernelMinor\" -lt {minor} ]"
        ),
    };
    let mut new = vec![format!("{indent}# gone in {series}{end}"), format!("{indent}if {bound}; then{end}")];
    for line in &lines[run.first..=run.last] {
        let ended = if line.ends_with('\n') { "" } else { end };
        new.push(format!("{unit}{line}{ended}"));
    }
    new.push(format!("{indent}fi{end}"));
    lines.splice(run.first..=run.last, new);
}

/// What a level is indented by: that of the first check that is indented.
fn indent_unit(lines: &[&str]) -> String {
    let indented = lines.iter().find(|line| line.starts_with([' ', '\t']) && line.trim_start().starts_with("echo"));
    indented.map_or_else(|| "  ".to_owned(), |line| line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect())
}

fn told(line: usize, what: &str) -> String {
    format!("{}:{}: {}", super::SCRIPT, line + 1, visible(what.as_bytes()))
}
