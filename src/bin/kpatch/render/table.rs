//! Tables that fit the terminal, and prose that does.

use dialoguer::console::{measure_text_width, truncate_str};

use super::{Style, View};

/// A column is not made narrower than this; rather the last one goes.
const NARROWEST: usize = 8;
/// Between columns.
const GAP: usize = 2;

/// One cell: harmless text and its style.
#[derive(Debug, Clone)]
pub(crate) struct Cell(pub(crate) Style, pub(crate) String);

impl Cell {
    /// Ordinary text.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self(Style::Plain, text.into())
    }
}

/// The rows, `indent` columns from the left, shortened until they fit.
pub(crate) fn table(rows: &[Vec<Cell>], indent: usize, view: &View) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let natural = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| measure_text_width(&cell.1)).max();
    let mut widths: Vec<usize> = (0..columns).map(|at| natural(at).unwrap_or(0)).collect();
    fit(&mut widths, view.width.saturating_sub(indent));
    let mut text = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        let mut pending = 0;
        for (Cell(style, words), width) in row.iter().zip(&widths) {
            let words = truncate_str(words, *width, "…");
            line += &" ".repeat(pending);
            line += &view.paint.paint(*style, &words);
            // Blanks are due only if something follows: no line ends with them.
            pending = GAP + width - measure_text_width(&words);
        }
        text += line.trim_end_matches(' ');
        text.push('\n');
    }
    text
}

/// Narrows the widest columns, then drops the last ones, until all fit into `room`.
fn fit(widths: &mut Vec<usize>, room: usize) {
    while widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1) > room {
        if let Some(widest) = widths.iter_mut().filter(|width| **width > NARROWEST).max() {
            *widest -= 1;
        } else if widths.len() > 1 {
            widths.pop();
        } else {
            break;
        }
    }
}

/// `text` in lines that fit, the first one `first` columns from the left, the others `rest`. A word is never cut.
pub(crate) fn wrap(text: &str, first: usize, rest: usize, view: &View) -> String {
    let mut out = " ".repeat(first);
    let mut used = first;
    let mut fresh = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let width = measure_text_width(word);
        if !fresh && used + 1 + width > view.width {
            out.push('\n');
            out += &" ".repeat(rest);
            used = rest;
            fresh = true;
        }
        if !fresh {
            out.push(' ');
            used += 1;
        }
        out += word;
        used += width;
        fresh = false;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Detail, Paint};
    use super::*;

    fn view(width: usize) -> View {
        View { width, paint: Paint(false), detail: Detail::Usual }
    }

    #[test]
    fn a_table_narrows_its_widest_column_and_then_drops_the_last() {
        let rows = [vec![Cell::plain("0007"), Cell::plain("net: a rather long subject"), Cell::plain("conflict")]];
        assert_eq!(table(&rows, 2, &view(80)), "  0007  net: a rather long subject  conflict\n");
        assert_eq!(table(&rows, 2, &view(34)), "  0007  net: a rather l…  conflict\n");
        assert_eq!(table(&rows, 2, &view(20)), "  0007  net: a …\n");
        assert_eq!(table(&rows, 0, &view(0)), "0007\n");
    }

    #[test]
    fn wide_characters_count_twice() {
        let rows = [vec![Cell::plain("漢字"), Cell::plain("x")], vec![Cell::plain("abcd"), Cell::plain("y")]];
        assert_eq!(table(&rows, 0, &view(80)), "漢字  x\nabcd  y\n");
    }

    #[test]
    fn prose_wraps_between_words() {
        assert_eq!(wrap("one two three", 2, 4, &view(10)), "  one two\n    three\n");
        assert_eq!(wrap("unbreakable-word", 0, 0, &view(5)), "unbreakable-word\n");
    }
}
