//! The versions of a conflicting stretch one below the other, each with its name beside it.

use std::fmt::Write as _;

use dialoguer::console::{measure_text_width, truncate_str};

use kpatch::ops::report::StretchReport;

use super::{Detail, Style, View, count, safe};

/// Lines that are shown of one version unless all are asked for.
const LINES: usize = 12;
/// Where tabs end.
const TAB: usize = 8;
/// Columns to the left of the names.
const INDENT: usize = 6;
/// Columns of the longest name, `upstream` or `proposed`.
const NAME: usize = 8;

/// Which of the versions are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versions {
    /// Base, upstream, patch and proposal.
    All,
    /// The proposal alone, where the others have been shown before.
    Proposed,
}

/// The versions of a stretch.
pub(super) fn text(stretch: &StretchReport, versions: Versions, view: &View) -> String {
    let mut text = String::new();
    if versions == Versions::All {
        text += &version("base", Style::Dim, &stretch.base, view);
        text += &version("upstream", Style::Note, &stretch.ours, view);
        text += &version("patch", Style::Warn, &stretch.theirs, view);
    }
    text + &version("proposed", Style::Good, &stretch.proposed, view)
}

fn version(name: &str, style: Style, lines: &str, view: &View) -> String {
    let total = lines.lines().count();
    let most = if view.detail == Detail::Full { total } else { LINES };
    let room = view.width.saturating_sub(INDENT + NAME + " │ ".chars().count()).max(1);
    let mut text = String::new();
    let mut row = |name: &str, words: &str, style: Style| {
        let line = format!("{}{} │ {}", " ".repeat(INDENT), padded(name), view.paint.paint(style, words));
        let _ = writeln!(text, "{}", line.trim_end_matches(' '));
    };
    if total == 0 {
        row(name, "(no lines)", Style::Dim);
    }
    for (line, name) in lines.lines().take(most).zip(std::iter::once(name).chain(std::iter::repeat(""))) {
        let line = expanded(line);
        let shown = if view.detail == Detail::Full { line.into() } else { truncate_str(&line, room, "…") };
        row(name, &shown, style);
    }
    if total > most {
        let more = format!("… {} more, -v shows them", count(total - most, "line", "lines"));
        row("", &more, Style::Dim);
    }
    text
}

fn padded(name: &str) -> String {
    format!("{name:<NAME$}")
}

/// A line of a file, harmless, with blanks instead of tabs, so that columns stay columns.
fn expanded(line: &str) -> String {
    let mut out = String::new();
    for (at, piece) in line.split('\t').enumerate() {
        if at > 0 {
            out += &" ".repeat(TAB - measure_text_width(&out) % TAB);
        }
        out += &safe(piece);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Paint;
    use super::*;

    fn view(width: usize, detail: Detail) -> View {
        View { width, paint: Paint(false), detail }
    }

    fn stretch() -> StretchReport {
        StretchReport {
            line: 12,
            base: "\tfoo(1);\n".into(),
            ours: String::new(),
            theirs: "\tfoo(2);\n\tbar();\n".into(),
            proposed: "a rather long line that is cut somewhere\n".into(),
        }
    }

    #[test]
    fn versions_stand_one_below_the_other() {
        assert_eq!(
            text(&stretch(), Versions::All, &view(40, Detail::Usual)),
            "      base     │         foo(1);
      upstream │ (no lines)
      patch    │         foo(2);
               │         bar();
      proposed │ a rather long line tha…
"
        );
        assert_eq!(
            text(&stretch(), Versions::Proposed, &view(40, Detail::Full)),
            "      proposed │ a rather long line that is cut somewhere\n"
        );
    }

    #[test]
    fn long_versions_are_cut_unless_asked_for() {
        let mut stretch = stretch();
        stretch.proposed = "x\n".repeat(30);
        let usual = text(&stretch, Versions::Proposed, &view(80, Detail::Usual));
        assert!(usual.ends_with("               │ … 18 lines more, -v shows them\n"), "{usual}");
        assert_eq!(text(&stretch, Versions::Proposed, &view(80, Detail::Full)).lines().count(), 30);
    }

    #[test]
    fn tabs_end_at_their_columns_and_nothing_forges_a_terminal() {
        assert_eq!(expanded("a\tb\t\tc"), format!("a{}b{}c", " ".repeat(7), " ".repeat(15)));
        assert_eq!(expanded("\x1b[2J"), "\\u{1b}[2J");
    }
}
