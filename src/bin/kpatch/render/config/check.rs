//! The report of `config check` as text.

use kpatch::ops::config::{CheckReport, Class, ConfigState, FindingReport};

use super::{assumed, change_line};
use crate::render::{Detail, Style, View, count, safe};

/// A line for each configuration; below it what is real, and features that this machine's compiler would lose.
pub(crate) fn check(reports: &[CheckReport], view: &View) -> String {
    let mut text = String::new();
    for report in reports {
        text += &head(report, view);
        if view.detail == Detail::Head {
            continue;
        }
        if let Some(error) = &report.error {
            text += &["    ", &safe(error), "\n"].concat();
        }
        let is_shown =
            |finding: &&FindingReport| view.detail == Detail::Full || !finding.class.is_compiler() || is_lost(finding);
        for finding in report.findings.iter().filter(is_shown) {
            text += &line(finding, view);
        }
        text += &rest(report, view);
    }
    text
}

/// A feature that only this machine's compiler does not have.
fn is_lost(finding: &FindingReport) -> bool {
    let is_on = matches!(finding.old.as_deref(), Some("y" | "m"));
    finding.class == Class::Probe && is_on && matches!(finding.new.as_deref(), None | Some("n"))
}

fn head(report: &CheckReport, view: &View) -> String {
    let real = report.findings.iter().filter(|finding| !finding.class.is_compiler()).count();
    let (style, words) = match report.state {
        ConfigState::Final => (Style::Good, "final".to_owned()),
        ConfigState::Compiler => (Style::Good, "final with its own compiler".to_owned()),
        ConfigState::Stale if report.findings.iter().any(|finding| finding.class == Class::NotTaken) => {
            (Style::Bad, count(real, "option was not taken", "options were not taken"))
        }
        ConfigState::Stale => (Style::Bad, count(real, "real difference", "real differences")),
        ConfigState::Failed => (Style::Bad, "not checked".to_owned()),
    };
    let line = [&safe(&report.config), " on ", &safe(&report.version), ": "].concat();
    [line, view.paint.paint(style, &words), "\n".to_owned()].concat()
}

fn line(finding: &FindingReport, view: &View) -> String {
    let name = match finding.class {
        Class::Header => "version in the header",
        Class::Layout => "layout",
        _ => &finding.name,
    };
    let (style, mut words) = match (finding.class, &finding.old) {
        (Class::NotTaken, Some(wanted)) => {
            let got = finding.new.as_deref().map_or("not there".to_owned(), |new| format!("is {}", safe(new)));
            (Style::Bad, format!(" {} {}: {got}", safe(name), safe(wanted)))
        }
        (Class::Layout, _) => (Style::Plain, format!(" {name}")),
        _ => change_line(name, finding.old.as_deref(), finding.new.as_deref()),
    };
    match finding.class {
        Class::Probe => words += " (compiler)",
        Class::ToolchainVersion => words += " (version)",
        _ => {}
    }
    let why = finding.why.as_deref().map(|why| format!("; {}", safe(why))).unwrap_or_default();
    ["   ", &view.paint.paint(style, &words), &why, "\n"].concat()
}

/// How much only another compiler changes, and what was assumed.
fn rest(report: &CheckReport, view: &View) -> String {
    let of = |class: Class| report.findings.iter().filter(|finding| finding.class == class).count();
    let mut text = String::new();
    let (versions, probes) = (of(Class::ToolchainVersion), of(Class::Probe));
    if versions + probes > 0
        && let Some(compilers) = &report.compilers
    {
        let name = |name: &Option<String>| name.as_deref().map_or("an unknown compiler".to_owned(), safe);
        let words = format!(
            "    with {} instead of {}: {}, {}",
            name(&compilers.here),
            name(&compilers.recorded),
            count(versions, "version", "versions"),
            count(probes, "option", "options"),
        );
        text += &[&*view.paint.paint(Style::Dim, &words), "\n"].concat();
    }
    text + &assumed(&report.assumed, view)
}

#[cfg(test)]
mod tests {
    use kpatch::ops::config::CompilersReport;

    use super::*;
    use crate::render::Paint;

    #[test]
    fn what_is_real_and_what_gets_lost_is_shown() {
        let finding = |class, name: &str, old: Option<&str>, new: Option<&str>| FindingReport {
            class,
            name: name.into(),
            old: old.map(Into::into),
            new: new.map(Into::into),
            why: None,
        };
        let report = CheckReport {
            config: "6.6.x:x86_64".into(),
            path: "kernel/6.6.x/config-x86_64".into(),
            version: "6.6.13".into(),
            state: ConfigState::Stale,
            error: None,
            compilers: Some(CompilersReport { recorded: Some("gcc 14".into()), here: Some("gcc 12".into()) }),
            findings: vec![
                finding(Class::Header, "", Some("6.6.12"), Some("6.6.13")),
                finding(Class::Option, "CONFIG_OLD", Some("y"), None),
                finding(Class::ToolchainVersion, "CONFIG_GCC_VERSION", Some("140200"), Some("120200")),
                finding(Class::Probe, "CONFIG_CC_HAS_A", None, Some("y")),
                finding(Class::Probe, "CONFIG_SAFE", Some("y"), None),
            ],
            assumed: vec!["CONFIG_NEW".into()],
        };
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(
            check(std::slice::from_ref(&report), &view),
            "6.6.x:x86_64 on 6.6.13: 2 real differences\n    version in the header 6.6.12 -> 6.6.13\n   -CONFIG_OLD y\n   \
             -CONFIG_SAFE y (compiler)\n    with gcc 12 instead of gcc 14: 1 version, 2 options\n    assumed of the compiler, \
             which was never asked: CONFIG_NEW\n"
        );
        let full = check(&[report], &View { detail: Detail::Full, ..view });
        assert!(full.contains(" CONFIG_GCC_VERSION 140200 -> 120200 (version)"), "{full}");
    }
}
