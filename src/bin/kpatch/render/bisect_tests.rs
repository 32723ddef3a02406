//! What `bisect` says in words.

use kpatch::ops::bisect::{CommitReport, Until};

use super::super::Paint;
use super::*;

fn view(detail: Detail) -> View {
    View { width: 100, paint: Paint(false), detail }
}

fn end(outcome: OutcomeName, detail: &str, paths: &[&str]) -> End {
    let stops = !matches!(outcome, OutcomeName::Same | OutcomeName::Offset);
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    End { outcome, stops, detail: detail.into(), paths, blocked_by: None, evidence: None, causes: Vec::new() }
}

fn probe(place: usize, end: End) -> ProbeReport {
    ProbeReport { release: format!("v6.6.{}", 13 + place), place, commit: "c".repeat(40), end }
}

/// Carries to v6.6.15 of v6.6.20 and conflicts from there on.
fn report() -> BisectReport {
    let clash = || end(OutcomeName::Conflict, "drivers/x.c: both sides changed the same lines", &["drivers/x.c"]);
    BisectReport {
        series: Some("6.6.x".into()),
        base: "v6.6.13".into(),
        file: "0007-foo.patch".into(),
        part: 0,
        subject: "foo: bar".into(),
        until: Until::Any,
        releases: 8,
        probes: vec![
            probe(0, end(OutcomeName::Same, "", &[])),
            probe(2, end(OutcomeName::Offset, "hunks moved by up to 3 lines", &[])),
            probe(3, clash()),
            probe(4, clash()),
            probe(7, clash()),
        ],
        last_good: Some("v6.6.15".into()),
        first_bad: Some("v6.6.16".into()),
        commit: None,
        no_commit: None,
    }
}

#[test]
fn the_answer_is_a_sentence_and_what_it_rests_on() {
    assert_eq!(
        text(&[report()], &view(Detail::Usual)),
        "\
0007-foo.patch carries up to v6.6.15 (offset); from v6.6.16 on it conflicts in drivers/x.c
  v6.6.16: drivers/x.c: both sides changed the same lines
  v6.6.17, the next release: there too (conflict)
  5 of 8 releases looked at by halves; --all looks at every one
"
    );
    let head = text(&[report()], &view(Detail::Head));
    assert_eq!(head.lines().count(), 1);
}

#[test]
fn a_commit_stands_in_the_sentence() {
    let mut report = report();
    let end = report.probes[2].end.clone();
    report.commit = Some(CommitReport { commit: "a".repeat(40), title: "x: \u{1b}[2J rework".into(), of: 31, end });
    let said = text(&[report.clone()], &view(Detail::Usual));
    assert!(said.contains("  of 31 commits on the way there, aaaaaaaaaaaa is the first that ends it\n"), "{said}");
    report.commit.as_mut().expect("set above").end = self::end(OutcomeName::Upstreamed, "", &[]);
    let text = text(&[report], &view(Detail::Usual));
    assert!(text.contains("it conflicts in drivers/x.c (commit\n  aaaaaaaaaaaa \"x: \\u{1b}[2J rework\")\n"), "{text}");
    assert!(text.contains("is the first that ends it: upstream has it\n"), "{text}");
}

#[test]
fn a_patch_that_carries_again_is_said_to() {
    let mut report = report();
    report.probes[3].end = end(OutcomeName::Same, "", &[]);
    assert!(
        text(&[report], &view(Detail::Usual)).contains("v6.6.17, the next release: but there it carries again (same)")
    );
}

#[test]
fn where_every_release_was_looked_at_stretches_are_shown() {
    let mut report = report();
    report.probes.remove(1);
    report.probes.insert(1, probe(1, end(OutcomeName::Same, "", &[])));
    report.probes[4].place = 4;
    report.releases = 5;
    let text = text(&[report], &view(Detail::Usual));
    assert!(text.contains("\n  ssCCC (s same, C conflict)\n  v6.6.13 to v6.6.14  same\n"), "{text}");
    assert!(!text.contains("by halves"), "{text}");
}

#[test]
fn a_patch_without_an_end_says_how_far_was_looked() {
    let mut report = report();
    report.probes.truncate(2);
    (report.first_bad, report.last_good) = (None, None);
    let text = text(&[report], &view(Detail::Usual));
    assert!(
        text.starts_with("0007-foo.patch carries up to v6.6.15 (offset), the last release of the search\n"),
        "{text}"
    );
}
