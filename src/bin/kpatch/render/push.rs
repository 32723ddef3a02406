//! The reports of `push` and `images` as text.

use std::fmt::Write as _;

use kpatch::build::check::{Check, CheckState, What};
use kpatch::build::push::{Amount, PushReport, PushedTag, TagState};
use kpatch::ops::images::ListedImage;

use super::{Detail, Style, View, count, safe};

/// What became of each tag, and how much was sent.
pub(crate) fn text(reports: &[PushReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &PushReport, view: &View) -> String {
    let mut text = String::new();
    if view.detail > Detail::Head {
        for tag in &report.tags {
            text += &tag_line(tag, report.dry_run, view);
        }
    }
    let sent = if report.dry_run { "would be sent" } else { "sent" };
    let mut parts = vec![format!("{} {sent}", amount(report.sent))];
    for (part, word) in [(report.mounted, "taken over in the registry"), (report.present, "already there")] {
        if part.blobs > 0 {
            parts.push(format!("{} {word}", amount(part)));
        }
    }
    let _ = writeln!(text, "{}", parts.join(", "));
    let kept = report.tags.iter().filter(|tag| tag.state == TagState::Kept).count();
    if kept > 0 {
        let names = if kept == 1 { "names" } else { "name" };
        let _ = writeln!(
            text,
            "{} still {names} something else; --move lets them follow",
            count(kept, "plain tag", "plain tags")
        );
    }
    text
}

fn tag_line(tag: &PushedTag, dry_run: bool, view: &View) -> String {
    let (word, style) = match (tag.state, dry_run) {
        (TagState::Created, false) => ("created", Style::Good),
        (TagState::Created, true) => ("new", Style::Good),
        (TagState::Same, _) => ("same", Style::Dim),
        (TagState::Added, false) => ("added", Style::Good),
        (TagState::Added, true) => ("adds", Style::Good),
        (TagState::Moved, false) => ("moved", Style::Warn),
        (TagState::Moved, true) => ("moves", Style::Warn),
        (TagState::Kept, _) => ("kept", Style::Warn),
        (TagState::None, _) => ("none", Style::Dim),
    };
    let mut line = format!("{} {}", view.paint.paint(style, &format!("{word:<8}")), safe(&tag.reference));
    if view.detail == Detail::Full
        && let Some(digest) = &tag.digest
    {
        let _ = write!(line, " {}", safe(digest));
    }
    if let Some(note) = &tag.note {
        let _ = write!(line, ": {}", safe(note));
    }
    line + "\n"
}

fn amount(amount: Amount) -> String {
    let blobs = usize::try_from(amount.blobs).unwrap_or(usize::MAX);
    match amount.blobs {
        0 => "nothing".to_owned(),
        _ => format!("{} ({})", count(blobs, "blob", "blobs"), size(amount.bytes)),
    }
}

/// A number of bytes, for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if bytes < 1 << 10 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes * 10 / (1 << 10);
    let mut unit = 0;
    while tenths >= 10 << 10 && unit + 1 < UNITS.len() {
        tenths >>= 10;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// One name a line, with its architectures and its size.
pub(crate) fn list(rows: &[ListedImage], view: &View) -> String {
    let mut text = String::new();
    for row in rows {
        let _ = write!(text, "{}  {}  {}", safe(&row.reference), safe(&row.archs.join(",")), size(row.size));
        if view.detail == Detail::Full {
            let _ = write!(text, "  {}", safe(&row.digest));
        }
        text.push('\n');
    }
    text
}

/// What does not agree; with `-v` also what does.
pub(crate) fn check(rows: &[Check], view: &View) -> String {
    let mut text = String::new();
    let shown = |row: &&Check| match view.detail {
        Detail::Head => false,
        Detail::Usual => row.state != CheckState::Ok,
        Detail::Full => true,
    };
    for row in rows.iter().filter(shown) {
        let (word, style) = match row.state {
            CheckState::Ok => ("ok", Style::Good),
            CheckState::Differs => ("differs", Style::Bad),
            CheckState::Missing => ("missing", Style::Bad),
        };
        let what = match row.what {
            What::Architectures => "architectures",
            What::Tag => "tag",
            What::Label => "label",
            What::File => "/kernel-builder",
            What::Builder => "builder",
        };
        let arch = row.arch.as_deref().map(|arch| format!(" {}", safe(arch))).unwrap_or_default();
        let reason = row.reason.as_deref().map(|reason| format!(": {}", safe(reason))).unwrap_or_default();
        let word = view.paint.paint(style, &format!("{word:<8}"));
        let _ = writeln!(text, "{word} {} {what}{arch}{reason}", safe(&row.reference));
    }
    let bad = rows.iter().filter(|row| row.state != CheckState::Ok).count();
    let compared = count(rows.len(), "comparison", "comparisons");
    let _ = match bad {
        0 => writeln!(text, "{compared}, everything agrees"),
        _ => writeln!(text, "{compared}, {} not agree", count(bad, "does", "do")),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        let sizes = [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (3 << 40, "3072.0 GiB")];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
    }
}
