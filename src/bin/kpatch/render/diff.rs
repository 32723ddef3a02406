//! The report of `diff`.

use std::fmt::Write as _;

use kpatch::ops::diff::{DiffReport, PairReport, PatchPlace, RelationCounts};

use super::escape::{clipped, inline};
use super::markdown::{LIMIT, Part, assemble, cells};
use super::{Detail, Paint, Style, View, count, safe, safe_code, short};

/// Characters of a subject in a table.
const CELL: usize = 100;

/// The table of `git range-diff` with a word for each pair, the diffs between the patches, and the counts.
pub(crate) fn text(report: &DiffReport, view: &View) -> String {
    let shown: Vec<&PairReport> =
        report.pairs.iter().filter(|pair| view.detail == Detail::Full || pair.relation != "same").collect();
    let most = report.old.patches.max(report.new.patches);
    let widest = |width: fn(&PairReport) -> usize| shown.iter().map(|pair| width(pair)).max().unwrap_or(0);
    let widths = Widths {
        number: (most + 1).to_string().len(),
        name: widest(|pair| places(pair).map(|place| name(place).chars().count()).max().unwrap_or(0)),
        words: widest(|pair| words(pair).len()),
    };
    let mut text = String::new();
    for pair in &shown {
        text += &row(pair, &widths, view.paint);
        if view.detail != Detail::Head {
            text.extend(pair.diff.iter().flat_map(|diff| diff.lines()).map(|line| body_line(line, view.paint)));
        }
    }
    let _ = writeln!(text, "{}", view.paint.paint(Style::Strong, &summary(&report.counts)));
    text
}

/// What each column needs, in characters.
struct Widths {
    number: usize,
    name: usize,
    words: usize,
}

/// `1:  0001 ! 2:  0002 changed  subject`.
fn row(pair: &PairReport, widths: &Widths, paint: Paint) -> String {
    let side = |place: Option<&PatchPlace>| {
        let (number, name) = match place {
            Some(place) => (place.number.to_string(), name(place)),
            None => ("-".to_owned(), "-".repeat(widths.name)),
        };
        format!("{number:>0$}:  {name:<1$}", widths.number, widths.name)
    };
    let (old, new) = (side(pair.old.as_ref()), side(pair.new.as_ref()));
    let rest = format!("{:<1$}  {2}", words(pair), widths.words, safe(&pair.subject));
    let colored = match pair.sign {
        '!' => {
            [paint.with("31", &old), " ! ".into(), paint.with("32", &new), " ".into(), paint.with("33", &rest)].concat()
        }
        '<' => paint.with("31", &format!("{old} < {new} {rest}")),
        '>' => paint.with("32", &format!("{old} > {new} {rest}")),
        sign => paint.with("33", &format!("{old} {sign} {new} {rest}")),
    };
    colored + "\n"
}

fn places(pair: &PairReport) -> impl Iterator<Item = &PatchPlace> {
    [&pair.old, &pair.new].into_iter().flatten()
}

/// The commit, or the number that the patch file begins with, or its whole name.
fn name(place: &PatchPlace) -> String {
    if let Some(commit) = &place.commit {
        return short(commit);
    }
    let file = place.file.as_deref().unwrap_or_default();
    match file.split_once('-') {
        Some((number, _)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            number.to_owned()
        }
        _ => safe(file),
    }
}

/// The relation, and what differs besides.
fn words(pair: &PairReport) -> String {
    let mut words = vec![pair.relation];
    if pair.message_differs && pair.relation != "message" {
        words.push("message");
    }
    if pair.moved && pair.relation != "moved" {
        words.push("moved");
    }
    words.join(", ")
}

/// `142 same, 3 context, 1 changed`.
fn summary(counts: &RelationCounts) -> String {
    let all = [
        (counts.same, "same"),
        (counts.moved, "moved"),
        (counts.message, "message"),
        (counts.context, "context"),
        (counts.changed, "changed"),
        (counts.dropped, "dropped"),
        (counts.added, "added"),
    ];
    let some: Vec<String> =
        all.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
    if some.is_empty() { "no patches on either side".to_owned() } else { some.join(", ") }
}

/// A line of the diff between two patches: its first character says how the patch changed, the second one what the
/// patch does. Lines of the old patch alone are dim, those of the new one alone bold.
fn body_line(line: &str, paint: Paint) -> String {
    let line = safe_code(line);
    let Some((marker, inner)) = line.split_at_checked(1) else { return "    \n".to_owned() };
    let hue = match inner.chars().next() {
        Some('+') => "32",
        Some('-') => "31",
        Some('@') => "36",
        _ => "",
    };
    let code = |weight: &str| [weight, hue].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(";");
    let colored = match marker {
        "@" => paint.paint(Style::Note, &line),
        "-" => [paint.with("7;31", marker), paint.with(&code("2"), inner)].concat(),
        "+" => [paint.with("7;32", marker), paint.with(&code("1"), inner)].concat(),
        _ if hue.is_empty() => line,
        _ => [marker, &paint.with(hue, inner)].concat(),
    };
    format!("    {colored}\n")
}

/// The report for a pull request: a table of what differs, and the diffs folded.
pub(crate) fn markdown(report: &DiffReport) -> String {
    let side = |name: &str, patches| format!("{} ({})", inline(name), count(patches, "patch", "patches"));
    let old = side(&report.old.name, report.old.patches);
    let new = side(&report.new.name, report.new.patches);
    let mut parts = vec![Part::Fixed(format!("## {old} → {new}\n\n{}\n", summary(&report.counts)))];
    let differing: Vec<&PairReport> = report.pairs.iter().filter(|pair| pair.relation != "same").collect();
    if !differing.is_empty() {
        let head = "\n| old | new | | patch |\n|---|---|---|---|\n".to_owned();
        parts.push(Part::Table { head, rows: differing.iter().map(|pair| table_row(pair)).collect() });
    }
    for pair in &differing {
        let Some(diff) = &pair.diff else { continue };
        let summary = inline(&format!("{}: {}", words(pair), pair.subject));
        parts.push(Part::Folded { summary, lines: diff.lines().map(safe_code).collect(), code: true });
    }
    let same: Vec<String> = report
        .pairs
        .iter()
        .filter(|pair| pair.relation == "same")
        .map(|pair| format!("- {}", inline(&pair.subject)))
        .collect();
    if !same.is_empty() {
        parts.push(Part::Folded { summary: format!("{} the same", same.len()), lines: same, code: false });
    }
    assemble(&parts, LIMIT)
}

fn table_row(pair: &PairReport) -> String {
    let place = |place: &Option<PatchPlace>| place.as_ref().map_or_else(String::new, name);
    let row = [place(&pair.old), place(&pair.new), words(pair), pair.subject.clone()];
    cells(row.iter().map(|text| inline(&clipped(text, CELL))))
}
