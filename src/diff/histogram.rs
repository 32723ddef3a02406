//! Git's histogram differences over lines, the ones that its merges are decided by.
//!
//! A region of both files is split at the best run of equal lines, and what lies before and behind it is treated the
//! same way. A run is better the rarer its rarest line is in the old region, and the longer it is. Which of several
//! good runs is taken follows git's order of search, and so nothing is trimmed off the ends of the files first: a
//! merge must be clean or conflict where git's is.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput, Token};

use super::compact::{compact, gaps};
use super::lines::Change;

/// A line that occurs more often in the old region than this is too common to split at.
const MAX_COUNT: u32 = 64;
/// Where a chain of occurrences ends.
const END: u32 = u32::MAX;

/// The changed stretches between two texts, in order; those of
/// `git diff --diff-algorithm=histogram --no-indent-heuristic`.
///
/// A last line without `\n` differs from the same line with it.
pub fn changes(old: &[u8], new: &[u8]) -> Vec<Change> {
    if old == new {
        return Vec::new();
    }
    changes_of(&InternedInput::new(imara_diff::sources::byte_lines(old), imara_diff::sources::byte_lines(new)))
}

/// Does what [`changes`] does, for texts that are cut up already, into lines or into smaller pieces.
pub(crate) fn changes_of_pieces(old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    changes_of(&input)
}

fn changes_of(input: &InternedInput<&[u8]>) -> Vec<Change> {
    let mut search = Search::new(&input.before, &input.after, input.interner.num_tokens());
    search.run();
    let (mut old_gaps, mut new_gaps) = (gaps(&search.old_changed), gaps(&search.new_changed));
    compact(&input.before, &mut old_gaps, &new_gaps);
    compact(&input.after, &mut new_gaps, &old_gaps);
    facing_gaps(&old_gaps, &new_gaps)
}

/// The changes that the gaps between unchanged lines stand for.
fn facing_gaps(old: &[u32], new: &[u32]) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for (&old_len, &new_len) in old.iter().zip(new) {
        let change = Change { old: old_at..old_at + old_len, new: new_at..new_at + new_len };
        (old_at, new_at) = (change.old.end + 1, change.new.end + 1);
        if old_len > 0 || new_len > 0 {
            changes.push(change);
        }
    }
    changes
}

/// A stretch of each file, by line numbers.
#[derive(Debug, Clone)]
struct Region {
    old: Range<usize>,
    new: Range<usize>,
}

/// Equal lines in both files.
#[derive(Debug, Clone)]
struct Run {
    old: usize,
    new: usize,
    len: usize,
    /// How often its rarest line occurs in the old region.
    count: u32,
}

/// What a region has in common.
enum Common {
    Nothing,
    /// Only lines that occur too often.
    Frequent,
    Run(Run),
}

/// Where a line occurs in the old region.
#[derive(Debug, Clone, Copy)]
struct Occurrences {
    first: u32,
    count: u32,
}

const NOWHERE: Occurrences = Occurrences { first: END, count: 0 };

struct Search<'a> {
    old: &'a [Token],
    new: &'a [Token],
    tokens: u32,
    old_changed: Vec<bool>,
    new_changed: Vec<bool>,
    /// By token; all [`NOWHERE`] between two regions.
    index: Vec<Occurrences>,
    /// By old line: the next equal line of the region.
    next: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(old: &'a [Token], new: &'a [Token], tokens: u32) -> Self {
        Self {
            old,
            new,
            tokens,
            old_changed: vec![false; old.len()],
            new_changed: vec![false; new.len()],
            index: vec![NOWHERE; tokens as usize],
            next: vec![END; old.len()],
        }
    }

    /// Marks what changed.
    fn run(&mut self) {
        // A stack of our own: hostile input could nest regions as deep as the file has lines.
        let mut regions = vec![Region { old: 0..self.old.len(), new: 0..self.new.len() }];
        while let Some(region) = regions.pop() {
            // Equal regions make one run, however it is found.
            if self.old[region.old.clone()] == self.new[region.new.clone()] {
                continue;
            }
            match self.common(&region) {
                Common::Nothing => {
                    self.old_changed[region.old].fill(true);
                    self.new_changed[region.new].fill(true);
                }
                Common::Frequent => self.fall_back(&region),
                Common::Run(run) => {
                    regions.push(Region {
                        old: run.old + run.len..region.old.end,
                        new: run.new + run.len..region.new.end,
                    });
                    regions.push(Region { old: region.old.start..run.old, new: region.new.start..run.new });
                }
            }
        }
    }

    /// Finds the best run of a region.
    fn common(&mut self, region: &Region) -> Common {
        if region.old.is_empty() || region.new.is_empty() {
            return Common::Nothing;
        }
        for line in region.old.clone().rev() {
            let occurrences = &mut self.index[self.old[line].0 as usize];
            self.next[line] = occurrences.first;
            *occurrences = Occurrences { first: line as u32, count: occurrences.count + 1 };
        }
        // A first run must be rare or longer than one line.
        let mut best = Run { old: 0, new: 0, len: 1, count: MAX_COUNT + 1 };
        let mut anything = false;
        let mut line = region.new.start;
        while line < region.new.end {
            let occurrences = self.index[self.new[line].0 as usize];
            anything |= occurrences.count > 0;
            line = if (1..=best.count).contains(&occurrences.count) {
                self.try_line(region, line, occurrences, &mut best)
            } else {
                line + 1
            };
        }
        for token in &self.old[region.old.clone()] {
            self.index[token.0 as usize] = NOWHERE;
        }
        match (anything, best.count <= MAX_COUNT) {
            (false, _) => Common::Nothing,
            (true, false) => Common::Frequent,
            (true, true) => Common::Run(best),
        }
    }

    /// Tries the runs through a line of the new file; returns the line to go on with.
    fn try_line(&self, region: &Region, line: usize, occurrences: Occurrences, best: &mut Run) -> usize {
        let mut go_on = line + 1;
        let mut occurrence = occurrences.first;
        while occurrence != END {
            let run = self.run_through(region, occurrence as usize, line, occurrences.count);
            go_on = go_on.max(run.new + run.len);
            let end = run.old + run.len;
            if run.len > best.len || run.count < best.count {
                *best = run;
            }
            // Occurrences inside the run are not tried on their own.
            while occurrence != END && (occurrence as usize) < end {
                occurrence = self.next[occurrence as usize];
            }
        }
        go_on
    }

    /// The run of equal lines through a pair of them, as long as the region allows.
    fn run_through(&self, region: &Region, old: usize, new: usize, mut count: u32) -> Run {
        let before = self.old[region.old.start..old].iter().rev().zip(self.new[region.new.start..new].iter().rev());
        let behind = self.old[old + 1..region.old.end].iter().zip(&self.new[new + 1..region.new.end]);
        let before = self.equal_lines(before, &mut count);
        let behind = self.equal_lines(behind, &mut count);
        Run { old: old - before, new: new - before, len: before + 1 + behind, count }
    }

    /// How many pairs are equal at the start; lowers `count` to that of their rarest line.
    fn equal_lines<'t>(&self, pairs: impl Iterator<Item = (&'t Token, &'t Token)>, count: &mut u32) -> usize {
        let mut len = 0;
        for (token, _) in pairs.take_while(|(old, new)| old == new) {
            len += 1;
            if *count > 1 {
                *count = self.index[token.0 as usize].count.min(*count);
            }
        }
        len
    }

    /// Leaves a region to git's default algorithm.
    fn fall_back(&mut self, region: &Region) {
        let mut diff = Diff::default();
        let (old, new) = (&self.old[region.old.clone()], &self.new[region.new.clone()]);
        diff.compute_with(Algorithm::Myers, old, new, self.tokens);
        for hunk in diff.hunks() {
            let within = |start: usize, lines: Range<u32>| start + lines.start as usize..start + lines.end as usize;
            self.old_changed[within(region.old.start, hunk.before)].fill(true);
            self.new_changed[within(region.new.start, hunk.after)].fill(true);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::*;

    fn git(folder: &Path, args: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        git.env("HOME", folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(args).stdin(Stdio::null());
        git
    }

    /// `git diff`'s answer per file, keyed by the word behind `mark` in the headers.
    ///
    /// One line of context: without any, `git diff` cuts off long common tails before it searches; merges do not.
    fn git_diff(folder: &Path, args: &[&str], mark: &str) -> BTreeMap<String, Vec<Change>> {
        let fixed = [
            "diff",
            "--diff-algorithm=histogram",
            "--no-indent-heuristic",
            "-U1",
            "--full-index",
            "--no-renames",
            "--no-prefix",
        ];
        let output = git(folder, &[&fixed, args].concat()).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.split('\n');
        let (mut files, mut file) = (BTreeMap::<String, Vec<Change>>::new(), String::new());
        while let Some(line) = lines.next() {
            if let Some(header) = line.strip_prefix(mark) {
                header.split(' ').next().unwrap().clone_into(&mut file);
                continue;
            }
            let Some((old, new)) = line.strip_prefix("@@ -").and_then(|line| line.split_once(" +")) else { continue };
            let (mut old, old_end) = range(old);
            let (mut new, new_end) = range(new.split(' ').next().unwrap());
            let mut change: Option<Change> = None;
            while old < old_end || new < new_end {
                let kind = lines.next().unwrap().as_bytes()[0];
                if kind == b' ' {
                    files.entry(file.clone()).or_default().extend(change.take());
                    (old, new) = (old + 1, new + 1);
                } else if kind != b'\\' {
                    let change = change.get_or_insert(Change { old: old..old, new: new..new });
                    let (line, side) =
                        if kind == b'-' { (&mut old, &mut change.old) } else { (&mut new, &mut change.new) };
                    *line += 1;
                    side.end = *line;
                }
            }
            files.entry(file.clone()).or_default().extend(change);
        }
        files
    }

    /// `7,2` of a hunk header: the first line counted from 0, and the end.
    fn range(text: &str) -> (u32, u32) {
        let (start, len) = text.split_once(',').unwrap_or((text, "1"));
        let (start, len): (u32, u32) = (start.parse().unwrap(), len.parse().unwrap());
        let start = if len == 0 { start } else { start - 1 };
        (start, start + len)
    }

    /// Files of few different lines; every tenth is long enough for lines that are too common to split at.
    fn random_pair(random: &mut impl FnMut(u32) -> u32) -> (String, String) {
        let long = random(10) == 0;
        let different = if long { 1 + random(12) } else { 1 + random(9) };
        let mut old: Vec<u32> = (0..random(if long { 700 } else { 40 })).map(|_| random(different)).collect();
        let mut new = old.clone();
        for _ in 0..random(if long { 40 } else { 6 }) {
            let at = random(new.len() as u32 + 1) as usize;
            match random(4) {
                0 => new.insert(at, random(different + 3)),
                1 => new.splice(at..at, old[..old.len() / 3].iter().copied()).for_each(drop),
                2 if at < new.len() => drop(new.remove(at)),
                _ if at < new.len() => new[at] = random(different + 3),
                _ => {}
            }
        }
        if random(5) == 0 {
            std::mem::swap(&mut old, &mut new);
        }
        let text =
            |lines: &[u32]| lines.iter().flat_map(|line| [char::from(b'a' + *line as u8), '\n']).collect::<String>();
        let (old, mut new) = (text(&old), text(&new));
        if random(8) == 0 {
            new.pop();
        }
        (old, new)
    }

    #[test]
    fn repeated_lines_change_where_git_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = 20_240_131u64;
        let mut random = move |end: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % u64::from(end.max(1))) as u32
        };
        let pairs: Vec<_> = (0..3000).map(|_| random_pair(&mut random)).collect();
        for side in ["a", "b"] {
            std::fs::create_dir(folder.path().join(side)).unwrap();
        }
        for (number, (old, new)) in pairs.iter().enumerate() {
            std::fs::write(folder.path().join(format!("a/{number}")), old).unwrap();
            std::fs::write(folder.path().join(format!("b/{number}")), new).unwrap();
        }
        let git = git_diff(folder.path(), &["--no-index", "a", "b"], "diff --git a/");
        let wrong: Vec<_> = pairs
            .iter()
            .enumerate()
            .filter(|(number, (old, new))| {
                changes(old.as_bytes(), new.as_bytes()) != git.get(&number.to_string()).cloned().unwrap_or_default()
            })
            .map(|(number, _)| number)
            .collect();
        assert!(git.len() > 2000, "most pairs differ: {}", git.len());
        assert!(wrong.is_empty(), "{} of {} differ from git: {wrong:?}", wrong.len(), pairs.len());
    }

    #[test]
    fn kernel_files_change_where_git_says_so() {
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/linux.bundle");
        assert!(bundle.is_file(), "the corpus is missing: {}", bundle.display());
        let folder = tempfile::tempdir().unwrap();
        let clone = git(folder.path(), &["clone", "-q", "--bare", bundle.to_str().unwrap(), "."]).output().unwrap();
        assert!(clone.status.success());
        for tags in ["v6.1.170..v6.1.176", "v6.1.176..v6.12.100"] {
            let files = git_diff(folder.path(), &["--diff-filter=M", tags], "index ");
            assert!(files.len() > 50, "{tags} changes files: {}", files.len());
            let wrong: Vec<_> = files
                .iter()
                .filter(|(ids, expected)| {
                    let (old, new) = ids.split_once("..").unwrap();
                    changes(&blob(folder.path(), old), &blob(folder.path(), new)) != **expected
                })
                .collect();
            assert!(wrong.is_empty(), "{} of {} differ from git: {wrong:?}", wrong.len(), files.len());
        }
    }

    fn blob(folder: &Path, id: &str) -> Vec<u8> {
        git(folder, &["cat-file", "blob", id]).output().unwrap().stdout
    }
}
