//! The report of `verify` as text.

use kpatch::ops::verify::{LegReport, VerifyReport};

use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, count, place, safe, short};

/// True if something was checked and all of it holds: what was not run proves nothing.
pub(crate) fn proved(report: &VerifyReport) -> bool {
    report.holds && report.legs.iter().any(|leg| !leg.skipped)
}

/// All reports.
pub(crate) fn text(reports: &[VerifyReport], view: &View) -> String {
    if reports.is_empty() {
        return "nothing to verify\n".to_owned();
    }
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &VerifyReport, view: &View) -> String {
    let skipped = report.legs.iter().filter(|leg| leg.skipped).count();
    let (style, verdict) = match (proved(report), skipped) {
        (true, 0) => (Style::Good, "holds"),
        (true, _) => (Style::Good, "holds as far as it was checked"),
        (false, _) if report.holds => (Style::Bad, "not checked"),
        (false, _) => (Style::Bad, "does not hold"),
    };
    let place = view.paint.paint(Style::Strong, &place(report.series.as_deref(), &report.base));
    let patches = count(report.patches, "patch", "patches");
    let mut text = format!("{place}: {patches}, {}\n", view.paint.paint(style, verdict));
    if view.detail == Detail::Head {
        return text;
    }
    let rows: Vec<Vec<Cell>> = report.legs.iter().map(row).collect();
    text += &table(&rows, 2, view);
    for leg in report.legs.iter().filter(|leg| !leg.detail.is_empty()) {
        for line in &leg.detail {
            text += &wrap(&format!("{}: {}", safe(&leg.name), safe(line)), 2, 4, view);
        }
    }
    if let Some(common) = &report.common {
        let patches = count(common.patches, "common patch", "common patches");
        let (am, patch) = (safe(&common.git_am), safe(&common.patch));
        let result = if common.holds { "hold".to_owned() } else { format!("do not hold: git am {am}, patch {patch}") };
        text += &wrap(&format!("{patches} on top {result}"), 2, 4, view);
    }
    text
}

fn row(leg: &LegReport) -> Vec<Cell> {
    let result = match &leg.tree {
        _ if leg.skipped => Cell(Style::Warn, "not checked".into()),
        Some(tree) => Cell::plain(short(tree)),
        None => Cell(Style::Bad, "failed".into()),
    };
    vec![Cell::plain(safe(&leg.name)), result]
}

#[cfg(test)]
mod tests {
    use super::super::Paint;
    use super::*;

    fn report(skipped: bool) -> VerifyReport {
        let leg = |name: &str, skipped: bool| LegReport {
            name: name.into(),
            tree: (!skipped).then(|| "b".repeat(40)),
            detail: if skipped { vec!["no such branch".into()] } else { Vec::new() },
            skipped,
        };
        VerifyReport {
            series: Some("6.6.x".into()),
            base: "v6.6.13".into(),
            patches: 13,
            legs: vec![leg("git am (kpatch)", skipped), leg("branch v6.6.13-linuxkit", true)],
            common: None,
            holds: true,
        }
    }

    #[test]
    fn legs_read_so_and_nothing_checked_is_nothing_proved() {
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(
            text(&[report(false)], &view),
            "\
6.6.x on v6.6.13: 13 patches, holds as far as it was checked
  git am (kpatch)          bbbbbbbbbbbb
  branch v6.6.13-linuxkit  not checked
  branch v6.6.13-linuxkit: no such branch
"
        );
        assert!(proved(&report(false)) && !proved(&report(true)));
        assert!(text(&[report(true)], &view).starts_with("6.6.x on v6.6.13: 13 patches, not checked\n"));
    }
}
