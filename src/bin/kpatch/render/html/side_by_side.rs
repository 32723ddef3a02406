//! A unified diff as two columns: what was on the left, what is on the right.

use super::super::count;
use super::markup::Markup;

/// Rows that are shown of one diff.
const MOST: usize = 2_000;

/// A row of the two columns.
#[derive(Debug, PartialEq, Eq)]
enum Row<'a> {
    /// A line that both have, with its numbers.
    Same(u64, u64, &'a str),
    /// A line that only one has, or two that stand for each other.
    Changed(Option<(u64, &'a str)>, Option<(u64, &'a str)>),
    /// Anything else: the header of a file or of a hunk.
    Head(&'a str),
}

/// The diff as a table.
pub(super) fn table(diff: &str, html: &mut Markup) {
    let rows = rows(diff);
    html.element("table", &[("class", "diff")], |table| {
        // The first row may be one wide cell, which says nothing of the columns.
        table.element("colgroup", &[], |group| {
            for column in ["number", "line", "number", "line"] {
                group.void("col", &[("class", column)]);
            }
        });
        for row in rows.iter().take(MOST) {
            show(row, table);
        }
        if let Some(more) = rows.len().checked_sub(MOST).filter(|more| *more > 0) {
            let more = format!("{} more; the JSON report has them", count(more, "row", "rows"));
            show(&Row::Head(&more), table);
        }
    });
}

fn show(row: &Row<'_>, table: &mut Markup) {
    match row {
        Row::Head(text) => table.element("tr", &[("class", "hunk")], |tr| {
            tr.element("td", &[("colspan", "4")], |td| td.code(text));
        }),
        Row::Same(old, new, text) => table.element("tr", &[("class", "same")], |tr| {
            cell(tr, "old", Some((*old, text)), |td| td.code(text));
            cell(tr, "new", Some((*new, text)), |td| td.code(text));
        }),
        Row::Changed(old, new) => table.element("tr", &[], |tr| {
            let ends = match (old, new) {
                (Some((_, old)), Some((_, new))) => common_ends(old, new),
                _ => (0, 0),
            };
            cell(tr, "old", *old, |td| marked(td, "del", old.map_or("", |old| old.1), ends));
            cell(tr, "new", *new, |td| marked(td, "ins", new.map_or("", |new| new.1), ends));
        }),
    }
}

/// Two cells: the number of a line and the line; empty ones where there is none.
fn cell(tr: &mut Markup, side: &'static str, line: Option<(u64, &str)>, text: impl FnOnce(&mut Markup)) {
    let (number, class) = match (line, side) {
        (None, _) => (String::new(), "none"),
        (Some((number, _)), side) => (number.to_string(), side),
    };
    tr.element("td", &[("class", if line.is_some() { "number" } else { "number none" })], |td| td.text(&number));
    tr.element("td", &[("class", class)], text);
}

/// A line whose middle, which the other one does not have, is marked.
fn marked(td: &mut Markup, element: &'static str, line: &str, (front, back): (usize, usize)) {
    if front + back == 0 {
        td.code(line);
        return;
    }
    let (head, rest) = line.split_at(front);
    let (middle, tail) = rest.split_at(rest.len() - back);
    td.code(head);
    if !middle.is_empty() {
        td.element(element, &[], |inside| inside.code(middle));
    }
    td.code(tail);
}

/// How many bytes at the beginning and at the end of two lines are the same, in whole characters.
fn common_ends(old: &str, new: &str) -> (usize, usize) {
    let same = |(a, b): &(char, char)| a == b;
    let length = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs.take_while(same).map(|(c, _)| c.len_utf8()).sum()
    };
    let front = length(&mut old.chars().zip(new.chars()));
    let back = length(&mut old[front..].chars().rev().zip(new[front..].chars().rev()));
    (front, back)
}

/// Reads a unified diff. What does not belong to a hunk by the counts of its header is a head.
fn rows(diff: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut hunk = Hunk::default();
    for line in diff.lines() {
        if let Some(next) = Hunk::read(line).filter(|_| hunk.is_over()) {
            hunk.flush(&mut rows);
            hunk = next;
            rows.push(Row::Head(line));
            continue;
        }
        let (sign, text) = line.split_at_checked(1).unwrap_or(("", line));
        match sign {
            "-" if hunk.old_left > 0 => hunk.take_old(text, &mut rows),
            "+" if hunk.new_left > 0 => hunk.take_new(text),
            // An empty line stands for a blank one where a mailer took the blank away.
            " " | "" if hunk.old_left > 0 && hunk.new_left > 0 => hunk.take_same(text, &mut rows),
            _ => {
                hunk.flush(&mut rows);
                rows.push(Row::Head(line));
            }
        }
    }
    hunk.flush(&mut rows);
    rows
}

/// A hunk while it is read: the next numbers, how many lines are still to come, and changes not yet paired.
#[derive(Debug, Default)]
struct Hunk<'a> {
    old: u64,
    new: u64,
    old_left: u64,
    new_left: u64,
    removed: Vec<(u64, &'a str)>,
    added: Vec<(u64, &'a str)>,
}

impl<'a> Hunk<'a> {
    /// Reads `@@ -1,2 +3,4 @@`.
    fn read(line: &str) -> Option<Self> {
        let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
        let (old, new) = ranges.split_once(" +")?;
        let range = |range: &str| -> Option<(u64, u64)> {
            let (first, length) = range.split_once(',').unwrap_or((range, "1"));
            Some((first.parse::<u32>().ok()?.into(), length.parse::<u32>().ok()?.into()))
        };
        let ((old, old_left), (new, new_left)) = (range(old)?, range(new)?);
        Some(Self { old, new, old_left, new_left, ..Self::default() })
    }

    fn is_over(&self) -> bool {
        self.old_left == 0 && self.new_left == 0
    }

    fn take_old(&mut self, text: &'a str, rows: &mut Vec<Row<'a>>) {
        if !self.added.is_empty() {
            self.flush(rows);
        }
        self.removed.push((self.old, text));
        self.old += 1;
        self.old_left -= 1;
    }

    fn take_new(&mut self, text: &'a str) {
        self.added.push((self.new, text));
        self.new += 1;
        self.new_left -= 1;
    }

    fn take_same(&mut self, text: &'a str, rows: &mut Vec<Row<'a>>) {
        self.flush(rows);
        rows.push(Row::Same(self.old, self.new, text));
        self.old += 1;
        self.new += 1;
        self.old_left -= 1;
        self.new_left -= 1;
    }

    /// Puts removed and added lines beside each other.
    fn flush(&mut self, rows: &mut Vec<Row<'a>>) {
        let (mut old, mut new) = (self.removed.drain(..), self.added.drain(..));
        loop {
            match (old.next(), new.next()) {
                (None, None) => break,
                (old, new) => rows.push(Row::Changed(old, new)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_stand_beside_each_other() {
        let diff = "--- a\n+++ b\n@@ -1,4 +1,4 @@ f\n one\n-two\n-three\n+2\n four\n+five\n@@ -9 +9,0 @@\n--- nine\n";
        assert_eq!(
            rows(diff),
            [
                Row::Head("--- a"),
                Row::Head("+++ b"),
                Row::Head("@@ -1,4 +1,4 @@ f"),
                Row::Same(1, 1, "one"),
                Row::Changed(Some((2, "two")), Some((2, "2"))),
                Row::Changed(Some((3, "three")), None),
                Row::Same(4, 3, "four"),
                Row::Changed(None, Some((4, "five"))),
                Row::Head("@@ -9 +9,0 @@"),
                Row::Changed(Some((9, "-- nine")), None),
            ]
        );
    }

    #[test]
    fn no_line_is_lost_whatever_the_counts_say() {
        let diff = "@@ -1,1 +4294967295,9 @@\n+a\n-b\n-c\n@@ -1 +1 @@\n\\ No newline at end of file\n@@ x\nä\n\n";
        let rows = rows(diff);
        assert_eq!(rows.len(), diff.lines().count(), "{rows:?}");
        assert!(rows.contains(&Row::Head("ä")));
    }

    #[test]
    fn what_two_lines_share_is_not_marked() {
        assert_eq!(common_ends("int old = 1;", "int new = 1;"), (4, 5));
        assert_eq!(common_ends("aa", "aaa"), (2, 0));
        assert_eq!(common_ends("xä", "yä"), (0, 2));
        let mut html = Markup::default();
        table("@@ -1 +1 @@\n-int <old>;\n+int <>;\n", &mut html);
        let html = html.into_string();
        assert!(html.contains("int &lt;<del>old</del>&gt;;"), "{html}");
        assert!(html.contains("<td class=\"new\">int &lt;&gt;;</td>"), "{html}");
    }

    #[test]
    fn an_endless_diff_is_cut() {
        let diff = format!("@@ -0,0 +1,3000 @@\n{}", "+x\n".repeat(3000));
        let mut html = Markup::default();
        table(&diff, &mut html);
        assert!(html.into_string().contains("1001 rows more; the JSON report has them"));
    }
}
