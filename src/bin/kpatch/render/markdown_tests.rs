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
- not checked: nothing was built, booted or tested
- base: v6.6.13 1111111111111111111111111111111111111111
- target: v6.6.14 2222222222222222222222222222222222222222
- tree: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
- what the releases hold: [6.6.14](https://cdn.kernel.org/pub/linux/kernel/v6.x/ChangeLog-6.6.14)
- with kpatch VERSION, to see it again:

  ```sh
  kpatch verify 6.6.x --base v6.6.14 --with-git
  ```

**What to do next**

- build and test the kernels: kpatch has compared trees and built nothing
- commit the change of the kit
  ```sh
  git add -A kernel
  kpatch pr-body 6.6.x --commit-message | git commit -F -
  ```
"
        .replace("VERSION", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn the_table_shows_what_needs_eyes_first() {
    let mut report = sample::stopping();
    report.patches[2].proposals.clear();
    let text = document(&[report]);
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| 0")).collect();
    assert_eq!(rows[0], "| 0003 | conflict | subject of 0003-c.patch | drivers/a.c |");
    assert_eq!(rows[2], "| 0005 | blocked | subject of 0005-e.patch | waits for 0003-c.patch |");
    assert_eq!(rows.len(), 5);
    assert!(text.contains("\n```\n\tone\n<<<<<<< v6.6.14\n"), "{text}");
}

#[test]
fn proposals_causes_and_hazards_are_told() {
    let text = document(&[sample::hazardous()]);
    assert!(text.contains("- cause: eeeeeeeeeeee net: count it (changed these lines of drivers/a.c)\n"), "{text}");
    assert!(text.contains("- note: 1 of 3 hunks is in v6.6.14 already\n"));
    assert!(
        text.contains(
            "- hazard: drivers/e.c:30: the patch adds these lines, and they are there already: if (&#33;dev)\n"
        )
    );
    assert!(
        text.contains("<summary>0003-c.patch: conflict, proposal adjacency</summary>\n\n```\ndrivers/a.c at line 2\n")
    );
    assert!(text.contains("      proposed │ ours\n               │ theirs\n```\n"));
}

#[test]
fn what_persons_decided_is_a_table() {
    let text = document(&[sample::decided()]);
    assert!(text.contains("| 0003 | subject of 0003-c.patch | accepted | adjacency |  |\n"), "{text}");
    assert!(text.contains("| 0004 | subject of 0004-d.patch | dropped |  | the driver is gone |\n"));
    assert_eq!(text.matches("<details><summary>0003-c.patch: resolved, accepted").count(), 2);
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
        patch.proposals.clear();
        report.patches.push(patch);
    }
    let text = document(&[report]);
    assert!(text.len() < 65_536, "{}", text.len());
    assert_eq!(outside_of_code(&text).lines().filter(|line| line.starts_with("| 0003")).count(), 51);
    assert!(text.contains(CUT));
    assert!(text.contains("folded parts are left out for want of room;"), "{text}");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    assert!(text.contains("**What to do next**"));
}

#[test]
fn even_tables_without_end_fit_and_say_what_is_missing() {
    let mut report = sample::hostile();
    report.patches = vec![report.patches[0].clone(); 2000];
    let text = document(&[report.clone()]);
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains(" more; other formats have them |\n"));
    report.patches.truncate(2);
    assert!(document(&vec![report; 300]).len() < 65_536);
}
