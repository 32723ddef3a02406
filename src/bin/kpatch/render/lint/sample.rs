//! Runs for tests.

use kpatch::finding::{Finding, FixClass, Severity};
use kpatch::ops::lint::report::{FixedFile, LintCounts, LintReport, LintRun, NotChecked, WaiverReport};

/// A finding in the second line of a patch.
pub(super) fn finding(severity: Severity, message: &str) -> Finding {
    Finding {
        rule: "D001".into(),
        name: "missing-signed-off-by".into(),
        severity,
        path: "patches/0001-mm-fix.patch".into(),
        line: Some(4),
        column: Some(10),
        end_column: Some(17),
        source: Some("Subject: [PATCH] mm: fix a leak".into()),
        message: message.into(),
        help: Some("ask its author for one".into()),
        fix: None,
        patch_id: Some("c".repeat(40)),
        subject: Some("mm: fix a leak".into()),
        fingerprint: "0123456789abcdef".into(),
        waived: None,
    }
}

/// A report with these findings, in three files.
pub(super) fn report(set: &str, findings: Vec<Finding>) -> LintReport {
    let number = |severity| {
        let all = findings.iter().filter(|finding| finding.waived.is_none());
        all.filter(|finding| finding.severity == severity).count()
    };
    let counts = LintCounts {
        error: number(Severity::Error),
        warning: number(Severity::Warning),
        info: number(Severity::Info),
        waived: findings.iter().filter(|finding| finding.waived.is_some()).count(),
        baseline: 0,
    };
    LintReport {
        set: set.into(),
        series: None,
        profile: "linuxkit".into(),
        base: None,
        files: 3,
        patches: 3,
        counts,
        findings,
        not_checked: Vec::new(),
        fixed: Vec::new(),
        changes: Vec::new(),
    }
}

/// One of each.
pub(super) fn run() -> LintRun {
    let error = finding(Severity::Error, "no 'Signed-off-by:' line");
    let warning = Finding {
        column: None,
        end_column: None,
        fix: Some(FixClass::Safe),
        help: None,
        ..finding(Severity::Warning, "the line ends with blanks")
    };
    let note = Finding {
        path: "patches".into(),
        line: None,
        column: None,
        end_column: None,
        source: None,
        fix: Some(FixClass::Unsafe),
        ..finding(Severity::Info, "a gap between 0001 and 0003")
    };
    let waived = Finding { waived: Some("its author is gone".into()), ..error.clone() };
    let mut report = report("patches", vec![error, warning, note, waived]);
    report.counts.baseline = 12;
    report.base = Some("v6.6.13".into());
    report.not_checked =
        vec![NotChecked { rules: vec!["U001".into(), "U002".into()], reason: "the tree has no history".into() }];
    LintRun { reports: vec![report], waivers: vec![waiver()] }
}

pub(super) fn waiver() -> WaiverReport {
    WaiverReport {
        rule: "M003".into(),
        patch: "0002-net.patch".into(),
        reason: "as upstream has it".into(),
        state: "unused".into(),
        line: 12,
    }
}

/// What `--fix` leaves.
pub(super) fn mended() -> LintRun {
    let fixed = Finding { fix: Some(FixClass::Safe), ..finding(Severity::Warning, "the line ends with blanks") };
    let mut report = report("patches", Vec::new());
    report.fixed = vec![fixed];
    report.changes = vec![
        FixedFile {
            path: "patches/0001-mm-fix.patch".into(),
            change: "edited".into(),
            to: None,
            diff: Some("@@ -4 +4 @@\n-Subject: a \n+Subject: a\n".into()),
        },
        FixedFile {
            path: "patches/2.patch".into(),
            change: "renamed".into(),
            to: Some("patches/0002.patch".into()),
            diff: None,
        },
    ];
    LintRun { reports: vec![report], waivers: Vec::new() }
}

/// Texts that would like to be more than texts.
pub(super) fn hostile() -> LintRun {
    let evil = "@everyone #1 GH-2\n::error::x\r##[error]y\x1b[2J\u{202e}</details>|`%0A";
    let finding = Finding {
        rule: "D001\n::error::r".into(),
        name: "n,a:me\n".into(),
        path: "a b,c:d%\n::error::p.patch".into(),
        line: Some(7),
        column: Some(2),
        end_column: Some(900),
        source: Some(format!("\t{evil}")),
        help: Some(evil.into()),
        subject: Some(evil.into()),
        ..finding(Severity::Error, evil)
    };
    let waived = Finding { waived: Some(evil.into()), ..finding.clone() };
    let mut report = report(evil, vec![finding.clone(), waived]);
    report.profile = evil.into();
    report.base = Some(evil.into());
    report.not_checked = vec![NotChecked { rules: vec![evil.into()], reason: evil.into() }];
    report.fixed = vec![finding];
    report.changes =
        vec![FixedFile { path: evil.into(), change: evil.into(), to: Some(evil.into()), diff: Some(evil.into()) }];
    let useless =
        WaiverReport { rule: evil.into(), patch: evil.into(), reason: evil.into(), state: evil.into(), line: 1 };
    LintRun { reports: vec![report], waivers: vec![useless] }
}

/// True if a terminal shows the text and does nothing else.
pub(super) fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || c == '\t' || !(c.is_control() || c == '\u{202e}'))
}
