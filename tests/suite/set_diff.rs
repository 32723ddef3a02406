//! `kpatch diff` as people use it: what it takes for a set, what it says, and how it ends.

use std::fs;
use std::path::Path;

use crate::support::{LAYOUTS, Layout, Report, World, assert_harmless, copy_folder};

/// Runs `kpatch diff`; returns the exit code and stdout. It must have said nothing else, and written nothing.
fn diff(world: &World, args: &[&str]) -> (i32, String) {
    let before = world.snapshot();
    let output = world.kpatch(&[&["diff"], args].concat());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new(), "{args:?} changed something");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn relations(world: &World, args: &[&str]) -> Vec<String> {
    let (_, text) = diff(world, &[args, &["--json"]].concat());
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["verb"], "diff");
    let report = Report(value["reports"][0].clone());
    let relations: Vec<String> = report.0["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| pair["relation"].as_str().unwrap().to_owned())
        .collect();
    for relation in &relations {
        assert!(report.count(relation) > 0);
    }
    assert_eq!(report.count("total"), relations.len() as u64);
    relations
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{}: {text}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}

/// A patch of the usual world by its number.
fn patch(world: &World, number: usize) -> std::path::PathBuf {
    world.patch(&world.patches_only()[number - 1].0)
}

#[test]
fn a_series_alone_is_compared_with_its_last_commit() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        assert_eq!(diff(&world, &["6.6.x"]), (0, "4 same\n".to_owned()));
        edit(&patch(&world, 1), "say it in words", "say it in other words");
        edit(&patch(&world, 2), "+main twenty", "+main 20");
        fs::remove_file(patch(&world, 3)).unwrap();
        let folder = layout.patches("6.6.x");
        assert_eq!(relations(&world, &["6.6.x"]), ["message", "changed", "dropped", "same"]);
        assert_eq!(relations(&world, &[&folder]), ["message", "changed", "dropped", "same"]);
        assert_eq!(relations(&world, &["HEAD:6.6.x", "6.6.x"]), ["message", "changed", "dropped", "same"]);
        assert_eq!(relations(&world, &["6.6.x", &format!("HEAD:{folder}")]), ["message", "changed", "added", "same"]);
        world.commit();
        assert_eq!(diff(&world, &["6.6.x"]), (0, "3 same\n".to_owned()));
        assert_eq!(relations(&world, &["HEAD~1:6.6.x", "HEAD:6.6.x"]), ["message", "changed", "dropped", "same"]);
        // A series whose directory is new is added as a whole.
        fs::rename(world.kit.join(&folder), world.sandbox.path("kept")).unwrap();
        world.commit();
        fs::rename(world.sandbox.path("kept"), world.kit.join(&folder)).unwrap();
        assert_eq!(relations(&world, &["6.6.x"]), ["added"; 3]);
    }
}

#[test]
fn the_report_reads_so() {
    let world = World::new(Layout::Flat);
    edit(&patch(&world, 2), "+main twenty", "+main 20");
    edit(&patch(&world, 1), "say it in words", "say it in other words");
    fs::remove_file(patch(&world, 3)).unwrap();
    let body = "\
1:  0001 ! 1:  0001 message  panic: say it in words
    @@ Metadata
     Author: Ada Example <ada@example.org>
     
      ## Commit message ##
    -    panic: say it in words
    +    panic: say it in other words
     
      ## kernel/panic.c ##
     @@ kernel/panic.c: panic 16
2:  0002 ! 2:  0002 changed  init: count in words
    @@ init/main.c: main 16
      main 18
      main 19
     -main 20
    -+main twenty
    ++main 20
      main 21
      main 22
      main 23
3:  0003 < -:  ---- dropped  usb: a fix for everybody
";
    let counts = "1 same, 1 message, 1 changed, 1 dropped\n";
    assert_eq!(diff(&world, &["6.6.x"]), (1, format!("{body}{counts}")));
    let rows: String = body.split_inclusive('\n').filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(diff(&world, &["6.6.x", "-q"]), (1, format!("{rows}{counts}")));
    let same = "4:  0004 = 3:  0004 same     init: a new file\n";
    assert_eq!(diff(&world, &["6.6.x", "-v"]), (1, format!("{body}{same}{counts}")));
    let (code, colored) = diff(&world, &["6.6.x", "--color", "always"]);
    assert_eq!(code, 1);
    assert!(colored.contains("    \u{1b}[7;31m-\u{1b}[0m\u{1b}[2;32m+main twenty\u{1b}[0m\n"), "{colored:?}");
    assert!(colored.contains("    \u{1b}[7;32m+\u{1b}[0m\u{1b}[1;32m+main 20\u{1b}[0m\n"), "{colored:?}");
    let (_, markdown) = diff(&world, &["6.6.x", "--format", "markdown"]);
    assert!(
        markdown.starts_with("## HEAD:kernel/patches-6.6.x (4 patches) → 6.6.x (3 patches)\n\n1 same, 1 message, "),
        "{markdown}"
    );
    assert!(markdown.contains("| 0003 |  | dropped | usb: a fix for everybody |\n"), "{markdown}");
    assert!(
        markdown.contains("<details><summary>changed: init: count in words</summary>\n\n```\n@@ init/main.c"),
        "{markdown}"
    );
}

#[test]
fn the_order_alone_is_no_finding() {
    let world = World::new(Layout::Flat);
    let first = world.patch("0000-init-count-in-words.patch");
    fs::rename(patch(&world, 2), &first).unwrap();
    let row = "2:  0002 = 1:  0000 moved  init: count in words\n";
    assert_eq!(diff(&world, &["6.6.x", "-q"]), (0, format!("{row}3 same, 1 moved\n")));
    edit(&first, "+main twenty", "+main 20");
    let (code, text) = diff(&world, &["6.6.x"]);
    assert_eq!(code, 1);
    assert!(text.starts_with("2:  0002 ! 1:  0000 changed, moved  init: count in words\n"), "{text}");
}

#[test]
fn context_is_told_from_changes() {
    let world = World::new(Layout::Flat);
    edit(&patch(&world, 2), "\n main 18\n", "\n main eighteen\n");
    edit(&patch(&world, 1), "@@ -17,7 +17,7 @@", "@@ -117,7 +117,7 @@");
    assert_eq!(relations(&world, &["6.6.x"]), ["same", "context", "same", "same"]);
    edit(&patch(&world, 2), "count in words", "count in letters");
    let (_, text) = diff(&world, &["6.6.x", "-q"]);
    assert!(text.starts_with("2:  0002 ! 2:  0002 context, message  init: count in words\n"), "{text}");
}

#[test]
fn directories_and_commits_are_sets() {
    let world = World::new(Layout::Flat);
    world.done(&["import", "6.6.x"]);
    let range = "v6.6.13..v6.6.13-linuxkit";
    assert_eq!(diff(&world, &["6.6.x", range]), (0, "4 same\n".to_owned()));
    assert_eq!(diff(&world, &[range, range]).0, 0);
    let other = world.sandbox.path("other");
    copy_folder(&world.patch(""), &other);
    fs::remove_file(other.join(&world.patches_only()[0].0)).unwrap();
    assert_eq!(relations(&world, &[range, other.to_str().unwrap()]), ["dropped", "same", "same", "same"]);
    // From elsewhere, without a kit.
    let linux = ["--linux", world.linux.to_str().unwrap()];
    let args = [&["diff"][..], &linux, &[range, "other", "-q"]].concat();
    let output = world.sandbox.kpatch(&world.sandbox.path(""), &args);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.ends_with(b"3 same, 1 dropped\n"), "{output:?}");
    // A directory that looks like a range.
    fs::rename(&other, world.sandbox.path("a..b")).unwrap();
    let output = world.sandbox.kpatch(&world.sandbox.path(""), &["diff", "a..b", "a..b"]);
    assert_eq!(output.stdout, b"3 same\n", "{output:?}");
}

#[test]
fn merges_in_a_range_are_left_out() {
    let world = World::new(Layout::Flat);
    world.done(&["import", "6.6.x"]);
    let linux = &world.linux;
    let tip = "v6.6.13-linuxkit";
    let merge = world
        .sandbox
        .git(linux, &["commit-tree", "-p", tip, "-p", "v6.6.13^{commit}", "-m", "a merge", &format!("{tip}^{{tree}}")]);
    world.sandbox.git(linux, &["branch", "merged", &merge]);
    assert_eq!(diff(&world, &["6.6.x", "v6.6.13..merged"]), (0, "4 same\n".to_owned()));
}

#[test]
fn what_is_no_set_is_refused() {
    let world = World::new(Layout::Flat);
    world.refused(&["diff", "nonsense", "6.6.x"], &["error: 'nonsense' names no patch set", "hint: a set is a series"]);
    world.refused(&["diff", "6.7.x"], &["the kit has no series '6.7.x'", "it has 6.6.x"]);
    world.refused(&["diff", "v6.6.13..v6.6.14"], &["needs a second set"]);
    world.refused(&["diff", "v6.6.13...v6.6.14", "6.6.x"], &["names no patch set"]);
    world.refused(&["diff", "v6.6.13..nothing", "6.6.x"], &["has no commit 'nothing'"]);
    world.refused(&["diff", "nothing:6.6.x", "6.6.x"], &["no revision 'nothing'"]);
    world.refused(&["diff", "HEAD:kernel/nothing", "6.6.x"], &["has no 'HEAD:kernel/nothing'", "from the top"]);
    world.refused(&["diff", "HEAD:kernel/Makefile", "6.6.x"], &["cannot read 'HEAD:kernel/Makefile'"]);
    world.refused(&["diff", "--output=x:y", "6.6.x"], &["error: "]);
    let name = world.patches_only()[1].0.clone();
    fs::write(world.patch(&name), "no patch at all\n").unwrap();
    world.refused(&["diff", "6.6.x"], &[&name]);
    fs::remove_file(world.patch(&name)).unwrap();
    std::os::unix::fs::symlink("README", world.patch(&name)).unwrap();
    world.refused(&["diff", "HEAD:6.6.x", "6.6.x"], &["is not a regular file"]);
    world.commit();
    world.refused(&["diff", "HEAD:6.6.x", "HEAD~1:6.6.x"], &["is not a regular file"]);
}

#[test]
fn a_patch_forges_neither_a_terminal_nor_a_document() {
    let world = World::new(Layout::Flat);
    let first = patch(&world, 1);
    edit(&first, "panic: say it in words", "panic: \u{1b}[2J</details> `@all` | x\u{202e}");
    edit(&first, "+panic twenty", "+panic \u{1b}]0;x\u{7} ``` </details>");
    for args in [&["6.6.x"][..], &["6.6.x", "--format", "markdown"], &["6.6.x", "--json"], &["6.6.x", "-q"]] {
        let (code, text) = diff(&world, args);
        assert_eq!(code, 1);
        assert!(!text.is_empty());
        assert_harmless(&world.kpatch(&[&["diff"], args].concat()));
    }
    let (_, markdown) = diff(&world, &["6.6.x", "HEAD:6.6.x", "--format", "markdown"]);
    assert!(
        markdown.contains("| panic: &#92;u{1b}&#91;2J&lt;/details&gt; &#96;@&#8203;all&#96; &#124; x&#92;u{202e} |\n"),
        "{markdown}"
    );
    assert!(markdown.contains("\n````\n"), "{markdown}");
}
