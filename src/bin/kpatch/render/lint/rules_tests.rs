use kpatch::finding::{About, Severity};
use kpatch::lint::{Check, rule};

use super::super::super::about::anchor;
use super::super::super::{Detail, Paint};
use super::super::sample::is_harmless;
use super::*;

fn view(width: usize) -> View {
    View { width, paint: Paint(false), detail: Detail::Usual }
}

/// A rule with these examples.
fn with(good: Sample, bad: Sample) -> Rule {
    Rule {
        about: About {
            id: "H006",
            name: "made-up",
            severity: Severity::Warning,
            summary: "Nothing is made up.",
            why: "It is not true otherwise.",
            source: "none",
        },
        fix: Some(FixClass::Safe),
        good,
        bad,
        check: Check::Patch(|_, _| {}),
    }
}

#[test]
fn the_list_has_every_rule_and_fits() {
    for width in [40, 80, 200] {
        let text = list(&view(width));
        let rows: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
        assert_eq!(rows.len(), RULES.len());
        assert!(rows.iter().all(|row| row.chars().count() <= width), "{text}");
        assert!(RULES.iter().zip(&rows).all(|(rule, row)| row.starts_with(rule.about.id)), "{text}");
    }
    let d001 = list(&view(300)).lines().find(|row| row.starts_with("D001")).map(str::to_owned);
    let words = d001.expect("it is there");
    assert_eq!(words.split_whitespace().take(4).collect::<Vec<_>>(), ["D001", "error", "-", "missing-signed-off-by"]);
    assert!(words.ends_with("  The message has a line 'Signed-off-by: Name <mail>'."));
}

#[test]
fn a_rule_is_explained_so() {
    assert_eq!(
        explain(&with(Sample::Message("a: b\n\nc"), Sample::File(b"x\xff\n\ty\n")), &view(60)),
        "\
H006 made-up

  Nothing is made up.

  It is not true otherwise.

  severity: warning; rt: off; debian: off; openwrt: off
  fix: kpatch lint --fix
  source: none

  good, a commit message:

    a: b

    c

  bad, a file:

    x\\xff
    \ty
"
    );
}

#[test]
fn examples_of_each_kind_are_shown() {
    assert_eq!(lines(&Sample::Names(&["1.patch", "b\x1b"])), ["1.patch", "b\\u{1b}"]);
    assert_eq!(lines(&Sample::Set(&["a\n\nb", "c"])), ["[1]", "a", "", "b", "[2]", "c"]);
    assert_eq!(lines(&Sample::Diff("-a\r\n+\tb\u{202e}")), ["-a", "+\tb\\u{202e}"]);
    let words = explain(&with(Sample::Words("one two three"), Sample::Words("four")), &view(12));
    assert!(words.contains("\n  good:\n\n    one two\n    three\n"), "{words}");
}

#[test]
fn every_rule_has_its_place_in_the_reference() {
    let text = markdown();
    assert!(is_harmless(&text));
    let page = String::from_utf8(page().expect("written to memory")).expect("UTF-8");
    for rule in RULES.iter() {
        assert!(
            text.contains(&format!("| [{}](#{}) | {} |", rule.about.id, anchor(&rule.about), rule.about.name)),
            "{}",
            rule.about.id
        );
        assert!(text.contains(&format!("\n### {} {}\n", rule.about.id, rule.about.name)), "{}", rule.about.id);
        assert!(page.contains(&format!(".SS \"{} {}\"\n", rule.about.id, rule.about.name)), "{}", rule.about.id);
        assert!(is_harmless(&explain(rule, &view(80))));
    }
    for profile in PROFILES {
        assert!(text.contains(&format!("\n| {} | ", profile.name)));
        assert!(page.contains(&format!("\\fB{}\\fR\n", profile.name.replace('-', "\\-"))), "{}", profile.name);
    }
    assert!(rule("D001").is_some_and(|rule| anchor(&rule.about) == "d001-missing-signed-off-by"));
}
