//! Sets that change where they stand: patches that leave, move, or get another text; beside what git makes of it.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::kit::{Layout, World, assert_refusal, lines};
use crate::support::tree::Edit;
use crate::support::{KitBuilder, Sandbox, TreeBuilder, tree::format_patch};

const BRANCH: &str = "v6.6.13-linuxkit";

/// Patches that stand on each other's context, so that the rest has to be merged when one leaves.
fn stacked() -> World {
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    tree.commit(
        "main",
        None,
        "Linux 6.6.13",
        &[Edit::File("kernel/panic.c", &lines("panic", &[])), Edit::File("init/main.c", &lines("main", &[]))],
    );
    tree.tag("v6.6.13", "main");
    let file = |replaced: &[(usize, &str)]| lines("panic", replaced);
    let mut change = |message: &str, from: Option<&str>, path: &str, text: &str| {
        tree.commit("ours", from, message, &[Edit::File(path, text)]);
    };
    change("panic: ten\n\nSigned-off-by: A <a@b.c>", Some("v6.6.13"), "kernel/panic.c", &file(&[(10, "ten")]));
    change("panic: twelve", None, "kernel/panic.c", &file(&[(10, "ten"), (12, "twelve")]));
    change("main: five", None, "init/main.c", &lines("main", &[(5, "five")]));
    let all = file(&[(10, "ten"), (12, "twelve"), (30, "a\nb\nc")]);
    change("panic: thirty", None, "kernel/panic.c", &all);
    let twice = file(&[(10, "ten"), (12, "dozen"), (30, "a\nb\nc")]);
    change("panic: dozen", None, "kernel/panic.c", &twice);
    let linux = tree.build(&sandbox, "linux");
    let patches = format_patch(&sandbox, &linux, "v6.6.13..ours");
    sandbox.git(&linux, &["branch", "-q", "-D", "ours"]);
    let kit = KitBuilder::new(Layout::Flat).series("6.6.x", "6.6.13", &patches).build(&sandbox, "kit");
    World { sandbox, layout: Layout::Flat, kit, linux }
}

/// The trees after each commit that `git am` makes of the patch files as they are now.
fn trees_by_am(world: &World) -> Vec<String> {
    let files: Vec<PathBuf> = world.patches_only().iter().map(|(name, _)| world.patch(name)).collect();
    let taken = world.sandbox.am(&world.linux, &files, "v6.6.13");
    taken.iter().map(|taken| world.sandbox.tree(&world.linux, taken.commit().expect("it applies"))).collect()
}

/// The trees that `git rebase` gives for a todo list of patch numbers from 1, in their order.
fn trees_by_rebase(world: &World, order: &[usize]) -> Vec<String> {
    let files: Vec<PathBuf> = world.patches_only().iter().map(|(name, _)| world.patch(name)).collect();
    let taken = world.sandbox.am(&world.linux, &files, "v6.6.13");
    let work = world.sandbox.work_tree(&world.linux, "v6.6.13");
    let mut trees = Vec::new();
    for number in order {
        world.sandbox.git(&work, &["cherry-pick", taken[number - 1].commit().unwrap()]);
        trees.push(world.sandbox.git(&work, &["rev-parse", "HEAD^{tree}"]));
    }
    trees
}

fn names(world: &World) -> Vec<String> {
    world.patches_only().into_iter().map(|(name, _)| name).collect()
}

fn outcomes(report: &Value) -> Vec<&str> {
    report["patches"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect()
}

#[test]
fn a_dropped_patch_leaves_what_rebase_leaves() {
    let world = stacked();
    let wanted = trees_by_rebase(&world, &[2, 3, 4, 5]);
    world.done(&["import"]);
    let before = world.patches_only();
    let report = world.report(&["drop", "1", "--reason", "no need"]);
    assert_eq!((report["state"].as_str(), report["branch_change"].as_str()), (Some("landed"), Some("moved")));
    assert_eq!(report["dropped"][0]["reason"], "no need");
    assert_eq!(outcomes(&report), ["refreshed", "same", "same", "refreshed"]);
    assert_eq!(trees_by_am(&world), wanted);
    // The gap stays, and of the patches that are the same not a byte changes.
    assert_eq!(names(&world), before[1..].iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    assert_eq!(world.patches_only()[1..3], before[2..4]);
    assert_eq!(world.sandbox.tree(&world.linux, BRANCH), *wanted.last().unwrap());
    assert_eq!(world.branch(BRANCH).as_deref(), report["commit"].as_str());
    world.commit();
    world.report(&["verify", "6.6.x"]);
}

#[test]
fn a_patch_that_another_one_needs_is_not_dropped() {
    let world = stacked();
    world.done(&["import"]);
    let before = world.snapshot();
    let output = world.kpatch(&["drop", "panic-twelve"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.contains("stopped; nothing was changed") && text.contains("0005-panic-dozen.patch: conflict"),
        "{text}"
    );
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
    // Both together can go.
    let wanted = trees_by_rebase(&world, &[1, 3, 4]);
    world.refused(&["drop", "twelve", "dozen"], &["is stopped", "--reason"]);
    world.report(&["abort"]);
    assert_eq!(world.report(&["drop", "twelve", "dozen"])["state"], "landed");
    assert_eq!(trees_by_am(&world), wanted);
}

#[test]
fn a_dry_run_of_a_drop_writes_nothing() {
    let world = stacked();
    world.done(&["import"]);
    let before = world.snapshot();
    let report = world.report(&["drop", "1", "--dry-run"]);
    assert_eq!((report["state"].as_str(), report["commit"].as_str()), (Some("would-land"), None));
    assert_eq!(report["gate"]["holds"], true);
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
}

#[test]
fn a_moved_patch_gives_the_trees_of_rebase_and_new_numbers() {
    let world = stacked();
    let wanted = trees_by_rebase(&world, &[3, 1, 4, 2, 5]);
    let before = world.patches_only();
    world.done(&["import"]);
    let old_tip = world.sandbox.tree(&world.linux, BRANCH);
    assert_eq!(world.report(&["reorder", "3", "--before", "1"])["state"], "landed");
    world.commit();
    let report = world.report(&["reorder", "twelve", "--after", "thirty"]);
    assert_eq!(report["state"], "landed");
    assert_eq!(trees_by_am(&world), wanted);
    assert_eq!(world.sandbox.tree(&world.linux, BRANCH), old_tip);
    assert_eq!(
        names(&world),
        [
            "0001-main-five.patch",
            "0002-panic-ten.patch",
            "0003-panic-thirty.patch",
            "0004-panic-twelve.patch",
            "0005-panic-dozen.patch"
        ]
    );
    let bytes =
        |set: &[(String, Vec<u8>)], name: &str| set.iter().find(|(file, _)| file.ends_with(name)).unwrap().1.clone();
    let now = world.patches_only();
    for same in ["main-five.patch", "panic-ten.patch"] {
        assert_eq!(bytes(&now, same), bytes(&before, same), "{same}");
    }
    // And the way back, by a list, is the old order.
    world.commit();
    let list = world.sandbox.write("list", "# the old order\npanic-ten\n4\n1\nthirty\n\ndozen\n");
    assert_eq!(world.report(&["reorder", "--order", list.to_str().unwrap()])["state"], "landed");
    assert_eq!(names(&world), before.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    assert_eq!(world.sandbox.tree(&world.linux, BRANCH), old_tip);
}

#[test]
fn an_order_that_conflicts_or_is_not_whole_changes_nothing() {
    let world = stacked();
    let before = world.snapshot();
    let output = world.kpatch(&["reorder", "dozen", "--before", "twelve"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
    world.refused(&["reorder", "1", "--before", "2"], &["a change of this set is stopped", "kpatch abort"]);
    world.report(&["abort"]);
    let list = world.sandbox.write("list", "1\n2\n");
    let list = list.to_str().unwrap();
    world.refused(&["reorder", "--order", list], &["does not name 0003-main-five.patch and 2 more"]);
    world.refused(&["reorder", "1", "--before", "1"], &["beside itself"]);
    world.refused(&["drop", "panic"], &["ambiguous", "0001-panic-ten.patch, 0002-panic-twelve.patch"]);
    world.refused(&["drop", "1", "0001"], &["named twice"]);
    world.refused(&["drop", "9"], &["no patch '9'"]);
    world.refused(&["drop", "1", "--series", "5.4.x"], &["no series '5.4.x'"]);
    let output = world.kpatch(&["reorder", "1"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_same_order_is_no_change() {
    let world = stacked();
    let before = world.snapshot();
    let said = world.done(&["reorder", "1", "--before", "2"]);
    assert!(said.starts_with("6.6.x on v6.6.13: nothing to change\n"), "{said}");
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
}

#[test]
fn a_branch_with_other_commits_stays_and_is_told() {
    let world = stacked();
    world.sandbox.git(&world.linux, &["branch", BRANCH, "v6.6.13"]);
    let old = world.branch(BRANCH);
    let report = world.report(&["drop", "main-five"]);
    assert_eq!(report["branch_change"], "left");
    assert!(report["warnings"][0].as_str().unwrap().contains("has other commits"), "{report}");
    assert_eq!(world.branch(BRANCH), old);
    world.commit();
    world.sandbox.git(&world.linux, &["branch", "-q", "-D", BRANCH]);
    assert_eq!(world.report(&["drop", "thirty"])["branch_change"], "absent");
    assert_eq!(world.branch(BRANCH), None);
}

#[test]
fn a_bare_directory_and_a_file_of_several_patches() {
    let world = stacked();
    let all: Vec<u8> = world.patches_only().into_iter().flat_map(|(_, bytes)| bytes).collect();
    let folder = world.sandbox.path("patches");
    world.sandbox.write("patches/0007-all.patch", all);
    world.sandbox.write("patches/README", "stays\n");
    let place = ["--patches", folder.to_str().unwrap(), "--base", "v6.6.13"];
    let output = world.kpatch(&[&["drop", "7"], &place[..]].concat());
    assert_refusal(&output, &["drop", "7"], &["ambiguous", "0007-all.patch#1"]);
    let report = world.report(&[&["drop", "0007#3"], &place[..]].concat());
    assert_eq!((report["state"].as_str(), report["dropped"][0]["part"].as_u64()), (Some("landed"), Some(2)));
    let now = std::fs::read(folder.join("0007-all.patch")).unwrap();
    assert_eq!(kpatch::patch::read("x", &now).unwrap().len(), 4);
    assert!(folder.join("README").exists());
    // The parts of a file that are put apart become files of their own.
    world.report(&[&["reorder", "all#1", "--after", "all#3"], &place[..]].concat());
    let files = crate::support::read_folder(&folder);
    assert!(files.iter().filter(|(name, _)| kpatch::patch_set::is_patch_name(name)).count() > 1, "{files:?}");
}

#[test]
fn uncommitted_changes_hold_a_change_off() {
    let world = stacked();
    std::fs::write(world.kit.join("kernel/config-x"), "x\n").unwrap();
    world.refused(&["drop", "1"], &["not committed", "--allow-dirty"]);
    assert_eq!(world.report(&["drop", "1", "--allow-dirty"])["state"], "landed");
}

#[test]
fn a_set_can_become_empty_and_begin_again() {
    let world = stacked();
    world.done(&["import"]);
    let first = world.patch("0001-panic-ten.patch");
    let saved = world.sandbox.write("first.patch", std::fs::read(&first).unwrap());
    let report = world.report(&["drop", "1", "2", "3", "4", "5"]);
    assert_eq!((report["state"].as_str(), report["counts"]["total"].as_u64()), (Some("landed"), Some(0)));
    assert!(!first.exists() && world.kit.join("kernel/Makefile").exists());
    assert_eq!(world.branch(BRANCH), Some(world.sandbox.git(&world.linux, &["rev-parse", "v6.6.13^{commit}"])));
    world.commit();
    let report = world.report(&["add", saved.to_str().unwrap(), "--series", "6.6.x"]);
    assert_eq!(report["added"][0]["file"], "0001-panic-ten.patch");
    let read = |bytes: &[u8]| kpatch::patch::read("x", bytes).unwrap().remove(0);
    let (old, new) = (read(&std::fs::read(&saved).unwrap()), read(&world.patches_only()[0].1));
    assert_eq!((new.message, new.diff.len()), (old.message, old.diff.len()));
}

#[test]
fn a_busy_kit_is_left_alone() {
    let world = stacked();
    let work = world.kit.join("kernel/.kpatch");
    let lock = kpatch::files::Lock::acquire(&work.join("lock"), "bump 6.6.x").unwrap();
    for args in
        [&["drop", "1"][..], &["reorder", "1", "--after", "2"], &["edit", "1", "--message", "-"], &["add", "v6.6.13"]]
    {
        let output = world.kpatch(args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), args[0] == "edit" || error.contains("bump 6.6.x")),
            (Some(2), true),
            "{error}"
        );
    }
    drop(lock);
    world.report(&["drop", "1"]);
}
