//! The diffstat of a patch: one line per file, the total, and what happens to files as a whole.

use std::borrow::Cow;
use std::io::Write as _;

use bstr::BString;

use super::Mode;
use super::format::quoted;

/// Columns of a diffstat in a mail.
const WIDTH: usize = 72;

/// What a diffstat says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStat {
    /// Relative to the top of the tree.
    pub path: BString,
    /// `None` for a new file.
    pub old_mode: Option<Mode>,
    /// `None` for a deleted file.
    pub new_mode: Option<Mode>,
    /// How much changes.
    pub counts: Counts,
}

/// How much of a file changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// A text file, in lines.
    Lines {
        /// Lines that come.
        added: u64,
        /// Lines that go.
        deleted: u64,
    },
    /// A binary file, in bytes; both 0 where the content stays as it is.
    Binary {
        /// Size before.
        old: u64,
        /// Size after.
        new: u64,
    },
}

/// How the columns of a diffstat share its width.
struct Columns {
    name: usize,
    number: usize,
    graph: usize,
    /// The highest count of lines of one file.
    most: u64,
}

/// The lines from the first file to `N files changed, …`, as `git format-patch --stat=72` prints them: without the
/// lines of [`summary`], which that option switches off.
pub fn diffstat(files: &[FileStat]) -> Vec<u8> {
    let names: Vec<_> = files.iter().map(|file| quoted("", &file.path)).collect();
    let columns = Columns::share(files, &names);
    let mut out = Vec::new();
    let (mut added, mut deleted) = (0, 0);
    for (file, name) in files.iter().zip(&names) {
        columns.write_line(name, file.counts, &mut out);
        if let Counts::Lines { added: more, deleted: less } = file.counts {
            added += more;
            deleted += less;
        }
    }
    write_total(files.len(), added, deleted, &mut out);
    out
}

/// The ` create mode`, ` delete mode` and ` mode change` lines that follow the total by default
/// (`git format-patch --summary`); empty where no file comes, goes or changes its mode.
pub fn summary(files: &[FileStat]) -> Vec<u8> {
    let mut out = Vec::new();
    for file in files {
        let what = match (file.old_mode, file.new_mode) {
            (None, Some(new)) => format!(" create mode {new:06o} "),
            (Some(old), None) => format!(" delete mode {old:06o} "),
            (Some(old), Some(new)) if old != new => format!(" mode change {old:06o} => {new:06o} "),
            _ => continue,
        };
        out.extend_from_slice(what.as_bytes());
        out.extend_from_slice(&quoted("", &file.path));
        out.push(b'\n');
    }
    out
}

impl Columns {
    /// Names and graph get what they want if the width allows; else the graph keeps 3/8 of the width, and names
    /// what is left.
    fn share(files: &[FileStat], names: &[Cow<'_, [u8]>]) -> Columns {
        let longest = names.iter().map(|name| name.len()).max().unwrap_or_default();
        let (mut most, mut number, mut binary) = (0, 0, 0);
        for file in files {
            match file.counts {
                Counts::Lines { added, deleted } => most = most.max(added + deleted),
                Counts::Binary { old, new } => {
                    // `Bin ` stands in the column of the numbers, `old -> new bytes` in that of the graph.
                    binary = binary.max("Bin  ->  bytes".len() + decimal_width(old) + decimal_width(new));
                    number = "Bin".len();
                }
            }
        }
        number = number.max(decimal_width(most));

        let wanted = usize::try_from(most).unwrap_or(usize::MAX);
        let mut graph = if wanted.saturating_add(4) > binary { wanted } else { binary - 4 };
        let mut name = longest;
        // The blank before the name, ` | `, the blank after the number, and one column that stays free.
        let fixed = number + 6;
        if name.saturating_add(fixed).saturating_add(graph) > WIDTH {
            graph = graph.min((WIDTH * 3 / 8).saturating_sub(fixed).max(6));
            let room = WIDTH.saturating_sub(fixed + graph);
            if name > room {
                name = room;
            } else {
                graph = WIDTH.saturating_sub(fixed + name);
            }
        }
        Columns { name, number, graph, most }
    }

    fn write_line(&self, name: &[u8], counts: Counts, out: &mut Vec<u8>) {
        let (prefix, name, room) = if name.len() > self.name {
            let room = self.name.saturating_sub(3);
            let tail = &name[name.len() - room..];
            // A whole component looks better than a part of one.
            let slash = tail.iter().position(|&byte| byte == b'/').unwrap_or_default();
            ("...", &tail[slash..], room)
        } else {
            ("", name, self.name)
        };
        out.push(b' ');
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(name);
        out.resize(out.len() + room.saturating_sub(name.len()), b' ');
        out.extend_from_slice(b" | ");

        let number = self.number;
        let written = match counts {
            Counts::Binary { old: 0, new: 0 } => write!(out, "{:>number$}", "Bin"),
            Counts::Binary { old, new } => write!(out, "{:>number$} {old} -> {new} bytes", "Bin"),
            Counts::Lines { added: 0, deleted: 0 } => write!(out, "{:>number$}", 0),
            Counts::Lines { added, deleted } => {
                let (plus, minus) = self.graph(added, deleted);
                write!(out, "{:>number$} {:+<plus$}{:-<minus$}", added + deleted, "", "")
            }
        };
        written.expect("writing to memory cannot fail");
        out.push(b'\n');
    }

    /// How many `+` and `-` stand for the lines: as many if they fit for all files, else their share.
    fn graph(&self, added: u64, deleted: u64) -> (usize, usize) {
        let width = self.graph as u64;
        let (plus, minus) = if self.most < width {
            (added, deleted)
        } else {
            let scale = |count: u64| match count {
                0 => 0,
                _ => 1 + count * width.saturating_sub(1) / self.most,
            };
            let mut both = scale(added + deleted);
            if both < 2 && added > 0 && deleted > 0 {
                both = 2;
            }
            // The smaller one is scaled, so that it does not vanish, and the other one gets the rest.
            if added < deleted { (scale(added), both - scale(added)) } else { (both - scale(deleted), scale(deleted)) }
        };
        (plus as usize, minus as usize)
    }
}

fn write_total(files: usize, added: u64, deleted: u64, out: &mut Vec<u8>) {
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    let mut parts = vec![format!(" {files} file{} changed", plural(files as u64))];
    // Where neither lines come nor go, both zeros are said.
    if added > 0 || deleted == 0 && files > 0 {
        parts.push(format!("{added} insertion{}(+)", plural(added)));
    }
    if deleted > 0 || added == 0 && files > 0 {
        parts.push(format!("{deleted} deletion{}(-)", plural(deleted)));
    }
    out.extend_from_slice(parts.join(", ").as_bytes());
    out.push(b'\n');
}

fn decimal_width(number: u64) -> usize {
    number.checked_ilog10().unwrap_or_default() as usize + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use bstr::ByteSlice as _;

    use super::{diffstat, summary};
    use crate::diff::attributes::Driver;
    use crate::diff::format::file_stat;
    use crate::diff::oracle::{Dice, File, Sandbox};

    fn compare(sandbox: &Sandbox, old: &[File], new: &[File]) {
        let [old, new] = [old, new].map(|files| sandbox.commit(files, b"x", "A <a@b>"));
        let changes = sandbox.changes(&old, &new);
        let stats: Vec<_> = changes.iter().map(|change| file_stat(&change.change(), &Driver::Default)).collect();
        let options = ["diff-tree", "-r", "--no-renames", "--diff-algorithm=myers", "--stat=72", "--summary"];
        let expected = sandbox.git(&[&options[..], &[&old, &new]].concat());
        let ours = [diffstat(&stats), summary(&stats)].concat();
        assert_eq!(ours.as_bstr(), expected.as_bstr());
    }

    #[test]
    fn random_diffstats_are_those_of_git() {
        let sandbox = Sandbox::new();
        let mut dice = Dice(3);
        let modes = [0o100_644, 0o100_644, 0o100_644, 0o100_755, 0o120_000];
        for round in 0..60 {
            let (mut old, mut new) = (Vec::new(), Vec::new());
            for number in 0..=dice.roll(6) {
                let depth = dice.roll(8);
                let mut path: String = (0..depth).map(|_| "component/"[dice.roll(6)..].to_owned()).collect();
                path += &number.to_string();
                path += ["", "ü", " x", "-long-name-of-a-file-that-goes-on-and-on-and-on-and-on"][dice.roll(4)];
                let high = [3, 30, 200, 3000][dice.roll(4)];
                let mut text = |letter: &str| letter.repeat(dice.roll(high)).into_bytes();
                let (mut before, mut after) = (text("a\n"), text("b\n"));
                if dice.roll(5) == 0 {
                    before.push(0);
                }
                if dice.roll(8) == 0 {
                    after = before.clone();
                }
                let kind = dice.roll(8);
                if kind != 0 || number == 0 {
                    old.push((path.clone().into_bytes(), modes[dice.roll(5)], before));
                }
                if kind != 1 {
                    new.push((path.into_bytes(), modes[dice.roll(5)], after));
                }
            }
            // Something must differ in each round.
            new.push((b"zz".to_vec(), 0o100_644, vec![b'\n'; round % 3]));
            compare(&sandbox, &old, &new);
        }
    }

    #[test]
    fn plurals_and_zeros_are_those_of_git() {
        let sandbox = Sandbox::new();
        let file = |content: &str| vec![(b"a".to_vec(), 0o100_644, content.into())];
        for (old, new) in [("", "a\n"), ("a\n", ""), ("a\n", "b\n"), ("a\nb\n", "c\nd\n"), ("\0", "a"), ("\0", "")] {
            compare(&sandbox, &file(old), &file(new));
        }
        compare(&sandbox, &[], &file(""));
        compare(&sandbox, &file("\0"), &[(b"a".to_vec(), 0o100_755, b"\0".to_vec())]);
    }
}
