//! The report of `doctor` as text.

use std::fmt::Write as _;

use kpatch::build::doctor::{Examined, Purpose};
use kpatch::ops::doctor::DoctorReport;

use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, safe};

/// Longest words that have room beside a name, in characters.
const SHORT: usize = 40;

/// What is there and what is missing, by what it is for; the verdict is the last paragraph.
pub(crate) fn text(reports: &[DoctorReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &DoctorReport, view: &View) -> String {
    let mut text = String::new();
    if view.detail > Detail::Head {
        for group in report.examined.chunk_by(|a, b| a.purpose == b.purpose) {
            let _ = writeln!(text, "{}", view.paint.paint(Style::Strong, title(group[0].purpose)));
            let rows: Vec<Vec<Cell>> = group.iter().map(row).collect();
            text += &table(&rows, 2, view);
            for one in group.iter().filter(|one| !one.ok && view.detail == Detail::Full) {
                text += &wrap(&format!("{}: for {}", safe(&one.name), safe(&one.needed_for)), 2, 4, view);
            }
            for one in group {
                if is_long(one) {
                    text += &wrap(&format!("{}: {}", safe(&one.name), safe(&one.found)), 2, 4, view);
                }
                for hint in &one.hints {
                    text += &wrap(&format!("{}: {}", safe(&one.name), safe(hint)), 2, 4, view);
                }
            }
        }
        text.push('\n');
    }
    let missing: Vec<String> =
        report.examined.iter().filter(|one| one.required && !one.ok).map(|one| safe(&one.name)).collect();
    if report.ready {
        text += &view.paint.paint(Style::Good, "everything is there to compile kernels for this machine");
        text.push('\n');
    } else {
        let words = format!("missing to compile kernels for this machine: {}", missing.join(", "));
        text += &view.paint.paint(Style::Bad, wrap(&words, 0, 2, view).trim_end());
        text.push('\n');
    }
    for (label, command) in [("install it: ", &report.install), ("install all that is missing: ", &report.install_all)]
    {
        if let Some(command) = command {
            text += &view.paint.paint(Style::Note, label);
            text += &safe(command);
            text.push('\n');
        }
    }
    text
}

fn title(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Building => "to compile kernels",
        Purpose::SomeKernels => "to compile kernels with certain options",
        Purpose::Compilers => "compilers",
        Purpose::Engines => "container engines",
        Purpose::Booting => "to boot kernels",
        Purpose::Helpers => "besides",
    }
}

/// Whether what is wrong takes a line of its own.
fn is_long(one: &Examined) -> bool {
    !one.ok && one.found.chars().count() > SHORT
}

fn row(one: &Examined) -> Vec<Cell> {
    let (style, mark) = match (one.ok, one.required) {
        (true, _) => (Style::Good, "ok"),
        (false, true) => (Style::Bad, "missing"),
        (false, false) => (Style::Dim, "-"),
    };
    let mut found = if is_long(one) { "does not work".to_owned() } else { safe(&one.found) };
    if !one.packages.is_empty() {
        found = format!("{found} ({})", safe(&one.packages.join(", ")));
    }
    vec![Cell(style, mark.to_owned()), Cell::plain(safe(&one.name)), Cell::plain(found)]
}

#[cfg(test)]
mod tests {
    use super::super::Paint;
    use super::*;

    fn examined(name: &str, purpose: Purpose, ok: bool, required: bool) -> Examined {
        Examined {
            purpose,
            name: name.into(),
            ok,
            required,
            found: if ok { "GNU Make 4.3\x1b".into() } else { "not installed".into() },
            needed_for: "kernels".into(),
            packages: if ok { Vec::new() } else { vec![name.to_owned()] },
            hints: if required { Vec::new() } else { vec!["say --linux".into()] },
        }
    }

    #[test]
    fn a_machine_reads_so() {
        let report = DoctorReport {
            ready: false,
            examined: vec![
                examined("make", Purpose::Building, true, true),
                examined("bison", Purpose::Building, false, true),
                examined("ccache", Purpose::Helpers, false, false),
            ],
            install: Some("apt-get install bison".into()),
            install_all: Some("apt-get install bison ccache".into()),
        };
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(
            text(&[report], &view),
            "to compile kernels
  ok       make   GNU Make 4.3\\u{1b}
  missing  bison  not installed (bison)
besides
  -  ccache  not installed (ccache)
  ccache: say --linux

missing to compile kernels for this machine: bison
install it: apt-get install bison
install all that is missing: apt-get install bison ccache
"
        );
    }
}
