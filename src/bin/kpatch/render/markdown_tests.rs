use super::super::sample;
use super::*;

#[test]
fn a_landing_reads_so() {
    assert_eq!(
        document(&[sample::landing()]),
        "
## kernel: 6.6.x v6.6.13 → v6.6.14: landed

1 kept (1 same) · 0 dropped · 0 conflicts

<details><summary>1 unchanged</summary>

- 0001-a.patch

</details>

<details><summary>1 files of the kit</summary>

- edited: kernel/Makefile

</details>

- gate: git am, patch -F0 and the branch give one tree, bbbbbbbbbbbb
- history: 512 commits searched for the patches
- base: v6.6.13 1111111111111111111111111111111111111111
- target: v6.6.14 2222222222222222222222222222222222222222

**What to do next**

- build and test the kernels: kpatch has compared trees and built nothing
- commit the change of the kit
  ```sh
  git add -A kernel
  kpatch pr-body 6.6.x --commit-message | git commit -F -
  ```
"
    );
}

#[test]
fn the_table_shows_what_needs_eyes_first() {
    let text = document(&[sample::stopping()]);
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| 0")).collect();
    assert_eq!(rows[0], "| 0003 | conflict | subject of 0003-c.patch | drivers/a.c |");
    assert_eq!(rows[2], "| 0005 | blocked | subject of 0005-e.patch | waits for 0003-c.patch |");
    assert_eq!(rows.len(), 5);
    assert!(text.contains("\n```\n\tone\n<<<<<<< v6.6.14\n"), "{text}");
}

#[test]
fn hostile_text_stays_where_it_is_put() {
    let text = document(&[sample::hostile()]);
    let outside = outside_of_code(&text);
    assert!(!outside.contains("@user") && !outside.contains("#123"), "{outside}");
    assert!(!text.contains(['\x1b', '\u{202e}', '\u{7}']));
    let row = outside.lines().find(|line| line.starts_with("| 0001")).expect("its row");
    assert_eq!(row.matches('|').count(), 5, "{row}");
    assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count());
    assert!(!outside.contains("<script") && !outside.contains("<img"));
    assert_eq!(outside.lines().filter(|line| line.starts_with("## ")).count(), 1);
}

/// The document without its code blocks, as a renderer would find them.
fn outside_of_code(text: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<usize> = None;
    for line in text.lines() {
        let ticks = line.trim_start().bytes().take_while(|b| *b == b'`').count();
        match fence {
            Some(open) if ticks >= open && line.trim().len() == ticks => fence = None,
            None if ticks >= 3 => fence = Some(ticks),
            None => out.extend([line, "\n"]),
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "a fence stays open");
    out
}

#[test]
fn it_fits_a_forge_and_the_table_is_whole() {
    let mut report = sample::stopping();
    let conflict = report.patches.iter().find(|patch| !patch.conflicts.is_empty()).expect("a conflict").clone();
    for _ in 0..50 {
        let mut patch = conflict.clone();
        let body = "line of a conflict\n".repeat(500);
        patch.conflicts[0].markers = Some(format!("<<<<<<< a\n{body}=======\n>>>>>>> b\n"));
        report.patches.push(patch);
    }
    let text = document(&[report]);
    assert!(text.len() < 65_536, "{}", text.len());
    assert_eq!(outside_of_code(&text).lines().filter(|line| line.starts_with("| 0003")).count(), 51);
    assert!(text.contains(CUT));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    assert!(text.contains("**What to do next**"));
}

#[test]
fn even_tables_without_end_fit_and_say_what_is_missing() {
    let mut report = sample::hostile();
    report.patches = vec![report.patches[0].clone(); 2000];
    let text = document(&[report.clone()]);
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains(" more; the JSON report has them |\n"));
    report.patches.truncate(2);
    assert!(document(&vec![report; 300]).len() < 65_536);
}
