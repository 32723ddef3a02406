//! The report of `boot` as text.

use std::fmt::Write as _;

use kpatch::build::boot::{Accelerator, Verdict};
use kpatch::ops::boot::BootReport;

use super::table::wrap;
use super::{Detail, Style, View, safe};

/// How many of the last lines are shown.
const LINES: usize = 12;

/// The verdict, with its reason and the last lines of the console where it is a bad one.
pub(crate) fn text(reports: &[BootReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &BootReport, view: &View) -> String {
    let name = view.paint.paint(Style::Strong, &safe(&report.image));
    let how = match report.accelerator {
        Accelerator::Kvm => "KVM",
        Accelerator::Tcg => "without KVM",
    };
    let took = format!("{:.1} s, {how}", report.took.as_secs_f64());
    let mut text = match &report.reason {
        None => format!("{name}: {} ({took})\n", view.paint.paint(Style::Good, &safe(&passed(report)))),
        Some(reason) => {
            let word = view.paint.paint(Style::Bad, verdict(report.verdict));
            format!("{name}: {word}: {} ({took})\n", safe(reason))
        }
    };
    if view.detail == Detail::Head {
        return text;
    }
    let modules = report.modules.iter().filter(|module| view.detail == Detail::Full || module.error.is_some());
    for module in modules {
        let became = module.error.as_deref().unwrap_or("loaded");
        text += &wrap(&format!("{}: {}", safe(&module.name), safe(became)), 2, 4, view);
    }
    for warning in &report.warnings {
        text += &view.paint.paint(Style::Warn, "  the kernel complains: ");
        text += wrap(&safe(warning), "  the kernel complains: ".len(), 4, view).trim_start();
    }
    if report.verdict != Verdict::Passed {
        text += "  the last lines of its console:\n";
        for line in &report.console[report.console.len().saturating_sub(LINES)..] {
            let _ = writeln!(text, "{}", view.paint.paint(Style::Dim, &format!("    {}", safe(line))));
        }
    }
    let _ = writeln!(text, "  log: {}", safe(&report.log));
    text
}

fn passed(report: &BootReport) -> String {
    let release = report.release.as_deref().unwrap_or_default();
    let names: Vec<&str> = report.modules.iter().map(|module| module.name.as_str()).collect();
    let modules = match names.as_slice() {
        [] => "no module to load".to_owned(),
        [one] => format!("loaded {one}"),
        several => format!("loaded {}", several.join(", ")),
    };
    format!("{release} boots, {modules}")
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Panicked => "panicked",
        Verdict::TimedOut => "timed out",
        Verdict::Ended => "ended early",
        Verdict::WrongRelease => "wrong kernel",
        Verdict::NotLoaded => "module not loaded",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kpatch::build::boot::BootedModule;

    use super::super::Paint;
    use super::*;

    fn report(verdict: Verdict, reason: Option<&str>) -> BootReport {
        let error = reason.map(|_| "ENOEXEC".to_owned());
        BootReport {
            image: "linuxkit/kernel:6.6.13-amd64".into(),
            arch: "amd64",
            verdict,
            reason: reason.map(Into::into),
            release: Some("6.6.13-linuxkit".into()),
            expected: None,
            modules: vec![BootedModule { name: "crc7".into(), loaded: error.is_none(), error }],
            warnings: vec!["BUG: \x1b[2J".into()],
            console: (0..20).map(|number| format!("line {number}")).collect(),
            log: "out/logs/boot.log".into(),
            accelerator: Accelerator::Tcg,
            took: Duration::from_millis(1500),
        }
    }

    #[test]
    fn a_boot_reads_so() {
        let mut view = View { width: 100, paint: Paint(false), detail: Detail::Head };
        let good = text(&[report(Verdict::Passed, None)], &view);
        assert_eq!(good, "linuxkit/kernel:6.6.13-amd64: 6.6.13-linuxkit boots, loaded crc7 (1.5 s, without KVM)\n");
        view.detail = Detail::Usual;
        let bad = text(&[report(Verdict::NotLoaded, Some("crc7: ENOEXEC"))], &view);
        let head = "linuxkit/kernel:6.6.13-amd64: module not loaded: crc7: ENOEXEC (1.5 s, without KVM)
  crc7: ENOEXEC
  the kernel complains: BUG: \\u{1b}[2J
  the last lines of its console:
    line 8
";
        assert!(bad.starts_with(head), "{bad}");
        assert!(bad.ends_with("    line 19\n  log: out/logs/boot.log\n"), "{bad}");
    }
}
