//! `bump --commit` and `pr-body`: the commit is what git itself would have made of the files, and of nothing else.

use std::fs;
use std::path::Path;

use kpatch::event::{Interrupt, Silent};
use kpatch::ops::report::FileReport;
use kpatch::ops::{Places, Watch, commit};

use crate::support::{LAYOUTS, Layout, Snapshot, World, assert_harmless, assert_refusal, copy_folder};

const BUMP: [&str; 4] = ["bump", "v6.6.13", "v6.6.14", "--commit"];

/// The paths that a commit changed, with how, as git says it.
fn changed(world: &World, kit: &Path, commit: &str) -> Vec<String> {
    let args = ["show", "--format=", "--name-status", "--no-renames", commit];
    world.sandbox.git(kit, &args).lines().map(str::to_owned).collect()
}

#[test]
fn the_commit_holds_what_git_would_commit_and_leaves_the_rest_staged() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        let git = |args: &[&str]| world.sandbox.git(&world.kit, args);
        fs::write(world.kit.join("staged"), "staged\n").unwrap();
        git(&["add", "staged"]);
        fs::write(world.kit.join("loose"), "loose\n").unwrap();
        // The oracle: the same kit, the same bump, and git's own commit.
        let other = world.sandbox.path("other");
        copy_folder(&world.kit, &other);
        world.done(&["bump", "v6.6.13", "v6.6.14", "--kit", other.to_str().unwrap()]);
        world.sandbox.git(&other, &["add", "-A", "kernel"]);
        world.sandbox.git(&other, &["commit", "-q", "-m", "by git", "--only", "kernel"]);
        world.sandbox.git(&world.linux, &["branch", "-q", "-D", "v6.6.14-linuxkit"]);

        let report = world.report(&BUMP);
        let head = git(&["rev-parse", "HEAD"]);
        assert_eq!(report["kit_commit"].as_str(), Some(head.as_str()));
        assert_eq!(git(&["rev-parse", "HEAD^{tree}"]), world.sandbox.git(&other, &["rev-parse", "HEAD^{tree}"]));
        let files: Vec<&str> =
            report["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
        let shown = changed(&world, &world.kit, "HEAD");
        assert_eq!(shown.len(), files.len());
        assert!(shown.iter().all(|line| files.contains(&&line[2..])), "{shown:?} {files:?}");
        assert_eq!(git(&["status", "--porcelain"]), "A  staged\n?? loose");
        // Also for those who ask without looking: the index knows the files' times.
        assert_eq!(git(&["diff-files", "--name-only"]), "");
        assert_eq!(
            git(&["log", "-1", "--format=%an <%ae> %ad|%cn <%ce>", "--date=raw"]),
            "A U Thor <author@example.org> 1700000000 +0100|C O Mitter <committer@example.org>"
        );
        assert!(git(&["reflog", "-1"]).contains("commit: kernel: bump 6.6.x to 6.6.14"));
        git(&["fsck", "--strict"]);
    }
}

#[test]
fn the_message_is_plain_and_says_what_was_checked() {
    let world = World::new(Layout::Flat);
    world.done(&[&BUMP[..], &["--signoff"]].concat());
    let message = world.sandbox.git(&world.kit, &["log", "-1", "--format=%B"]);
    assert!(message.starts_with("kernel: bump 6.6.x to 6.6.14\n\n6.6.x from v6.6.13 to v6.6.14: 3 kept"), "{message}");
    assert!(message.contains("\nRemoved upstreamed:\n  0003-usb-a-fix-for-everybody.patch [1]\n"), "{message}");
    assert!(message.contains("usb: a fix for everybody ("), "{message}");
    assert!(message.contains("\nRefreshed:\n  0002-init-count-in-words.patch\n"), "{message}");
    assert!(message.contains("Checked: git am, patch -F0 and the branch give one tree, "), "{message}");
    assert!(message.trim_end().ends_with("\n\nSigned-off-by: C O Mitter <committer@example.org>"), "{message}");
    assert!(message.lines().all(|line| line.len() <= 72 && line == line.trim_end()), "{message}");
    let trailers = world.sandbox.git(&world.kit, &["log", "-1", "--format=%(trailers:only)"]);
    assert_eq!(trailers.trim(), "Signed-off-by: C O Mitter <committer@example.org>");
}

#[test]
fn nothing_of_the_kit_runs() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new(Layout::Flat);
    let ran = world.sandbox.path("ran");
    let touch = format!("touch {}", ran.display());
    fs::create_dir_all(world.kit.join(".git/hooks")).unwrap();
    for hook in
        ["pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "reference-transaction", "post-index-change"]
    {
        let path = world.kit.join(".git/hooks").join(hook);
        fs::write(&path, format!("#!/bin/sh\n{touch}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::create_dir_all(world.kit.join(".git/info")).unwrap();
    fs::write(world.kit.join(".git/info/attributes"), "* filter=evil\n").unwrap();
    for (key, value) in
        [("filter.evil.clean", format!("{touch}; cat")), ("commit.gpgSign", "true".into()), ("gpg.program", touch)]
    {
        world.sandbox.git(&world.kit, &["config", key, &value]);
    }
    world.done(&BUMP);
    assert!(!ran.exists());
    assert!(world.sandbox.git(&world.kit, &["log", "-1", "--format=%s"]).starts_with("kernel: bump"));
}

#[test]
fn what_cannot_be_committed_does_not_land() {
    let world = World::new(Layout::Flat);
    let git_dir = world.kit.join(".git");
    for (name, says) in [("MERGE_HEAD", "a merge"), ("CHERRY_PICK_HEAD", "a cherry-pick"), ("rebase-merge", "a rebase")]
    {
        fs::write(git_dir.join(name), "").unwrap();
        world.refused(&BUMP, &["the kit is in the middle of", says]);
        fs::remove_file(git_dir.join(name)).unwrap();
    }
    world.sandbox.git(&world.kit, &["config", "user.useConfigOnly", "true"]);
    let before = world.snapshot();
    let mut command = world.command(&BUMP);
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        command.env_remove(name);
    }
    assert_refusal(&command.output().unwrap(), &BUMP, &["git does not know who commits", "user.email"]);
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
    for flag in ["--dry-run", "--allow-dirty"] {
        world.refused(&[&BUMP[..], &[flag]].concat(), &["cannot be used with"]);
    }
    fs::rename(&git_dir, world.sandbox.path("hidden")).unwrap();
    world.refused(&BUMP, &["is no git repository", "leave --commit out"]);
}

#[test]
fn a_stop_commits_nothing() {
    let world = World::new(Layout::Flat);
    let head = world.sandbox.git(&world.kit, &["rev-parse", "HEAD"]);
    let before = Snapshot::of(&world.kit);
    let output = world.kpatch(&["bump", "v6.6.13", "v6.6.16", "--commit"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(world.sandbox.git(&world.kit, &["rev-parse", "HEAD"]), head);
    assert_eq!(before.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
}

#[test]
fn a_detached_head_and_a_kit_within_a_repository_are_fine() {
    let world = World::new(Layout::Flat);
    let outer = world.sandbox.path("outer");
    fs::create_dir(&outer).unwrap();
    let kit = outer.join("a kit");
    copy_folder(&world.kit, &kit);
    fs::remove_dir_all(kit.join(".git")).unwrap();
    fs::write(outer.join("beside"), "beside\n").unwrap();
    let git = |args: &[&str]| world.sandbox.git(&outer, args);
    git(&["init", "-q", "--initial-branch=main", "--template="]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "all"]);
    git(&["checkout", "-q", "--detach"]);
    let main = git(&["rev-parse", "main"]);
    world.done(&[&BUMP[..], &["--kit", kit.to_str().unwrap()]].concat());
    assert_eq!(git(&["rev-parse", "main"]), main);
    assert_eq!(git(&["rev-parse", "HEAD^"]), main);
    assert_eq!(git(&["status", "--porcelain"]), "");
    assert!(changed(&world, &outer, "HEAD").iter().all(|line| line[2..].starts_with("a kit/kernel/")));
}

#[test]
fn a_branch_without_commits_gets_its_first_one() {
    let world = World::new(Layout::Flat);
    fs::remove_dir_all(world.kit.join(".git")).unwrap();
    world.sandbox.git(&world.kit, &["init", "-q", "--initial-branch=main", "--template="]);
    fs::create_dir_all(world.kit.join(".git/info")).unwrap();
    // What git does not look at is not dirty.
    fs::write(world.kit.join(".git/info/exclude"), "kernel\n").unwrap();
    world.done(&BUMP);
    assert_eq!(world.sandbox.git(&world.kit, &["rev-list", "--count", "main"]), "1");
    let listed = world.sandbox.git(&world.kit, &["ls-tree", "-r", "--name-only", "main"]);
    assert!(listed.lines().any(|path| path == "kernel/Makefile") && !listed.contains("README"), "{listed}");
}

#[test]
fn a_commit_made_meanwhile_is_not_lost() {
    let world = World::new(Layout::Flat);
    for (key, value) in [("user.name", "A U Thor"), ("user.email", "author@example.org")] {
        world.sandbox.git(&world.kit, &["config", key, value]);
    }
    let ready = commit::prepare(&Places { kit: Some(world.kit.clone()), ..Places::default() }).unwrap();
    world.sandbox.git(&world.kit, &["commit", "-q", "--allow-empty", "-m", "meanwhile"]);
    let head = world.sandbox.git(&world.kit, &["rev-parse", "HEAD"]);
    fs::write(world.kit.join("kernel/Makefile"), "changed\n").unwrap();
    let file = FileReport { path: "kernel/Makefile".into(), change: "edited".into() };
    let interrupt = Interrupt::new();
    let watch = Watch { observer: &Silent, interrupt: &interrupt };
    let error = ready.commit(&[&file], "kernel: a change\n", false, watch).unwrap_err();
    assert!(error.to_string().contains("cannot move the kit's branch"), "{error}");
    assert_eq!(world.sandbox.git(&world.kit, &["rev-parse", "HEAD"]), head);
    // The same again from where the branch is now; and a second time there is nothing to commit.
    let places = Places { kit: Some(world.kit.clone()), ..Places::default() };
    let ready = commit::prepare(&places).unwrap();
    let made = ready.commit(&[&file], "kernel: a change\n", false, watch).unwrap();
    assert_eq!(made, Some(world.sandbox.git(&world.kit, &["rev-parse", "HEAD"])));
    assert_eq!(commit::prepare(&places).unwrap().commit(&[&file], "again\n", false, watch).unwrap(), None);
}

#[test]
fn the_last_report_is_printed_again() {
    let world = World::new(Layout::Flat);
    world.refused(&["pr-body"], &["no bump has been reported", "run kpatch bump first"]);
    let printed = world.done(&["bump", "v6.6.13", "v6.6.14", "--format", "markdown"]);
    assert_eq!(world.done(&["pr-body"]), printed);
    assert_eq!(world.done(&["pr-body", "6.6"]), printed);
    assert!(world.done(&["pr-body", "6.6.x", "--html"]).starts_with("<!DOCTYPE html>"));
    assert!(world.done(&["pr-body", "--commit-message"]).starts_with("kernel: bump 6.6.x to 6.6.14\n"));
    assert_eq!(world.report(&["pr-body"])["state"], "landed");
    world.refused(&["pr-body", "9.9.x"], &["no bump of '9.9.x'", "there are reports of 6.6.x"]);
    // A bare directory is another set, and a stop is a report too.
    world.commit();
    let folder = world.sandbox.path("patches-of-mine");
    copy_folder(&world.patch(""), &folder);
    let args = ["bump", "v6.6.14", "v6.6.16", "--patches", folder.to_str().unwrap(), "--out", "../new"];
    assert_eq!(world.kpatch(&args).status.code(), Some(3));
    world.refused(&["pr-body"], &["several patch sets", "6.6.x, patches-of-mine"]);
    assert_eq!(world.report(&["pr-body", "patches-of-mine"])["state"], "stopped");
    let both = world.kpatch(&["pr-body", "6.6.x", "patches-of-mine"]);
    assert_harmless(&both);
    assert!(String::from_utf8_lossy(&both.stdout).contains("stopped; nothing was changed"));
    // One that another version wrote is not guessed at.
    fs::write(world.linux.join("kpatch/reports/6.6.x.json"), "{}").unwrap();
    world.refused(&["pr-body", "6.6.x"], &["cannot read the report", "another version of kpatch"]);
}
