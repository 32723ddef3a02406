use super::super::sample;
use super::*;

fn view(detail: Detail) -> View {
    View { width: 80, paint: Paint(false), detail }
}

#[test]
fn findings_read_so() {
    assert_eq!(
        text(&sample::run(), Severity::Warning, &view(Detail::Usual)),
        "\
error[D001]: no 'Signed-off-by:' line
 --> patches/0001-mm-fix.patch:4:10
  |
4 | Subject: [PATCH] mm: fix a leak
  |          ^^^^^^^
  |
  = help: ask its author for one

warning[D001]: the line ends with blanks
 --> patches/0001-mm-fix.patch:4
  |
4 | Subject: [PATCH] mm: fix a leak
  |
  = fix: kpatch lint --fix

and 1 note; -v shows them
patches (profile linuxkit, on v6.6.13): 1 error, 1 warning, 1 note in 3 files; 1 can be fixed with --fix, 1 more with --unsafe-fixes; 1 waived; 12 in the baseline
not checked: U001, U002: the tree has no history

warning: the waiver of M003 for '0002-net.patch' waives nothing
--> kpatch.toml:12
 = note: its reason: as upstream has it
"
    );
}

#[test]
fn everything_reads_so() {
    assert_eq!(
        text(&sample::run(), Severity::Info, &view(Detail::Full)),
        "\
error[D001]: no 'Signed-off-by:' line
 --> patches/0001-mm-fix.patch:4:10
  |
4 | Subject: [PATCH] mm: fix a leak
  |          ^^^^^^^
  |
  = help: ask its author for one
  = note: missing-signed-off-by, see kpatch lint --explain D001; patch: mm:
          fix a leak

warning[D001]: the line ends with blanks
 --> patches/0001-mm-fix.patch:4
  |
4 | Subject: [PATCH] mm: fix a leak
  |
  = fix: kpatch lint --fix
  = note: missing-signed-off-by, see kpatch lint --explain D001; patch: mm:
          fix a leak

note[D001]: a gap between 0001 and 0003
--> patches
 = help: ask its author for one
 = fix: kpatch lint --fix --unsafe-fixes
 = note: missing-signed-off-by, see kpatch lint --explain D001; patch: mm:
         fix a leak

waived[D001]: no 'Signed-off-by:' line
 --> patches/0001-mm-fix.patch:4:10
  |
4 | Subject: [PATCH] mm: fix a leak
  |          ^^^^^^^
  |
  = help: ask its author for one
  = note: waived: its author is gone
  = note: missing-signed-off-by, see kpatch lint --explain D001; patch: mm:
          fix a leak

patches (profile linuxkit, on v6.6.13): 1 error, 1 warning, 1 note in 3 files; 1 can be fixed with --fix, 1 more with --unsafe-fixes; 1 waived; 12 in the baseline
not checked: U001, U002: the tree has no history

warning: the waiver of M003 for '0002-net.patch' waives nothing
--> kpatch.toml:12
 = note: its reason: as upstream has it
"
    );
}

#[test]
fn a_fix_reads_so() {
    assert_eq!(
        text(&sample::mended(), Severity::Info, &view(Detail::Usual)),
        "\
patches (profile linuxkit): nothing found in 3 files

patches: 1 fix, 2 files changed
  D001 patches/0001-mm-fix.patch:4: the line ends with blanks
  edited: patches/0001-mm-fix.patch
  | @@ -4 +4 @@
  | -Subject: a 
  | +Subject: a
  renamed: patches/2.patch → patches/0002.patch
"
    );
}

#[test]
fn the_head_is_the_summary_and_a_clean_run_is_one_line() {
    let head = view(Detail::Head);
    assert_eq!(
        text(&sample::run(), Severity::Warning, &head),
        "patches (profile linuxkit, on v6.6.13): 1 error, 1 warning, 1 note in 3 files; \
         1 can be fixed with --fix, 1 more with --unsafe-fixes; 1 waived; 12 in the baseline\n"
    );
    let clean = |set: &str| sample::report(set, Vec::new());
    let one = LintRun { reports: vec![clean("a")], waivers: Vec::new() };
    assert_eq!(text(&one, Severity::Info, &view(Detail::Usual)), "a (profile linuxkit): nothing found in 3 files\n");
    let two = LintRun { reports: vec![clean("a"), clean("b")], waivers: Vec::new() };
    assert_eq!(text(&two, Severity::Info, &view(Detail::Usual)), "2 sets: nothing found in 6 files\n");
    assert_eq!(text(&two, Severity::Info, &view(Detail::Full)).lines().count(), 3);
    let none = LintRun { reports: Vec::new(), waivers: Vec::new() };
    assert_eq!(text(&none, Severity::Info, &head), "nothing to check\n");
}

#[test]
fn a_mark_stands_below_its_columns_whatever_the_characters() {
    let mut finding = sample::finding(Severity::Error, "wide");
    finding.source = Some("\tä漢b".into());
    (finding.column, finding.end_column) = (Some(4), Some(5));
    let drawn = Drawn::new("lint", &View { width: 80, paint: Paint(false), detail: Detail::Usual }).finding(&finding);
    assert!(drawn.contains("4 |     ä漢b\n  |        ^\n"), "{drawn}");
    for (column, end) in [(0, 0), (1, 1), (5, 5), (9, 2), (usize::MAX, usize::MAX)] {
        (finding.column, finding.end_column) = (Some(column), Some(end));
        let view = View { width: 0, paint: Paint(true), detail: Detail::Full };
        assert!(Drawn::new("lint", &view).finding(&finding).contains("wide"));
    }
}

#[test]
fn nothing_forges_a_terminal() {
    for width in [0, 20, 80, usize::MAX] {
        let view = View { width, paint: Paint(false), detail: Detail::Full };
        let text = text(&sample::hostile(), Severity::Info, &view);
        assert!(sample::is_harmless(&text), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
    }
}

#[test]
fn colour_comes_with_paint_only() {
    let view = View { width: 80, paint: Paint(true), detail: Detail::Usual };
    assert!(text(&sample::run(), Severity::Info, &view).contains("\x1b["));
}
