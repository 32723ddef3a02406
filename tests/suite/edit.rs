//! Patches that get another text: by an editor, by a message, by a diff.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use crate::support::kit::{Layout, World, assert_refusal};

const FIRST: &str = "0001-panic-say-it-in-words.patch";

fn read(world: &World, name: &str) -> String {
    std::fs::read_to_string(world.patch(name)).unwrap()
}

fn with_input(world: &World, args: &[&str], input: &str) -> Output {
    let mut command = world.command(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// An editor that is a shell script on the file `$1`.
fn editor(world: &World, script: &str) -> PathBuf {
    let path = world.sandbox.write("editor", format!("#!/bin/sh\nset -e\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn edited(world: &World, args: &[&str], script: &str) -> Output {
    let editor = editor(world, script);
    let temporary = world.sandbox.path("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    world.command(args).env("GIT_EDITOR", editor).env("TMPDIR", temporary).output().unwrap()
}

fn drafts(world: &World) -> Vec<PathBuf> {
    std::fs::read_dir(world.sandbox.path("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_message_leaves_the_diff_and_the_header() {
    let world = World::new(Layout::PerSeries);
    world.done(&["import"]);
    let old = read(&world, FIRST);
    let output = with_input(
        &world,
        &["edit", "1", "--message", "-"],
        "panic: größer\n\n#include <x>\n\nSigned-off-by: A <a@b.c>\n\n\n",
    );
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let new = read(&world, FIRST);
    let diff = |text: &str| text.split_once("\n---\n").unwrap().1.to_owned();
    assert_eq!(diff(&new), diff(&old));
    assert!(new.contains("\nSubject: panic: größer\nMIME-Version: 1.0\n"), "{new}");
    assert!(new.contains("\n\n#include <x>\n\nSigned-off-by: A <a@b.c>\n---\n"), "{new}");
    for line in old.lines().filter(|line| line.starts_with("From") || line.starts_with("Date")) {
        assert!(new.contains(line), "{line}");
    }
    let am = world.sandbox.am(&world.linux, &[world.patch(FIRST)], "v6.6.13");
    let said = world.sandbox.git(&world.linux, &["log", "-1", "--format=%B", am[0].commit().unwrap()]);
    assert_eq!(said.trim_end(), "panic: größer\n\n#include <x>\n\nSigned-off-by: A <a@b.c>");
    // The branch has the new message; the other files are as they were.
    let log = world.sandbox.git(&world.linux, &["log", "--format=%s", "v6.6.13..v6.6.13-linuxkit"]);
    assert!(log.lines().any(|line| line == "panic: größer"), "{log}");
    world.commit();
    world.report(&["verify", "6.6.x"]);
}

#[test]
fn a_message_that_a_patch_cannot_hold_is_refused_and_kept() {
    let world = World::new(Layout::Flat);
    for (text, says) in [
        ("s\n\nbody\n---\nmore\n", "stdin:4: a line that would end the message"),
        ("s\n\nFrom: B <b@c.d>\n", "stdin:3:"),
        (" \n\n", "the message is empty"),
    ] {
        let before = world.snapshot();
        let output = with_input(&world, &["edit", "1", "--message", "-"], text);
        let error = assert_refusal(&output, &["edit"], &[says, "your text is in '"]);
        let path = error.split("your text is in '").nth(1).unwrap().split('\'').next().unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), text);
        std::fs::remove_file(path).unwrap();
        assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
    }
}

#[test]
fn an_editor_changes_a_hunk_whose_counts_are_wrong_then() {
    let world = World::new(Layout::Flat);
    let old = read(&world, FIRST);
    // One line more in the patch, at another place a line that is gone from its context.
    let script = "sed -i -e 's/^+panic twenty$/+panic twenty\\n+and one more/' -e '/^ panic 17$/d' \"$1\"";
    let output = edited(&world, &["edit", "0001", "--json"], script);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let new = read(&world, FIRST);
    assert!(new.contains("+panic twenty\n+and one more\n") && new.contains("2 insertions(+), 1 deletion(-)"), "{new}");
    assert!(new.contains("@@ -17,7 +17,8 @@") && new.contains("\n panic 17\n"), "git's own context again: {new}");
    let head = |text: &str| text.split_once("\n---\n").unwrap().0.to_owned();
    assert_eq!(head(&new), head(&old));
    assert_eq!(drafts(&world), Vec::<PathBuf>::new());
    // As git itself applies the edited text.
    let fixed = world.sandbox.write(
        "fixed.patch",
        old.replace("+panic twenty\n", "+panic twenty\n+and one more\n").replace("\n panic 17\n", "\n"),
    );
    let work = world.sandbox.work_tree(&world.linux, "v6.6.13");
    world.sandbox.git(&work, &["apply", "--index", "--recount", fixed.to_str().unwrap()]);
    let wanted = world.sandbox.git(&work, &["write-tree"]);
    let am = world.sandbox.am(&world.linux, &[world.patch(FIRST)], "v6.6.13");
    assert_eq!(world.sandbox.tree(&world.linux, am[0].commit().unwrap()), wanted);
    world.commit();
    world.report(&["verify", "6.6.x"]);
}

#[test]
fn nothing_edited_is_nothing_to_do() {
    let world = World::new(Layout::Flat);
    let before = world.snapshot();
    let output = edited(&world, &["edit", "1"], "true");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing to change"));
    assert_eq!(drafts(&world), Vec::<PathBuf>::new());
    let mut after = world.snapshot();
    after.forget("tmp");
    after.forget("editor");
    assert_eq!(before.changes(&after), Vec::<String>::new());
    let same = world.patch(FIRST);
    assert!(
        world.done(&["edit", "1", "--patch", same.to_str().unwrap(), "--allow-dirty"]).contains("nothing to change")
    );
}

#[test]
fn what_was_written_is_never_lost() {
    let world = World::new(Layout::Flat);
    for (script, code, says) in [
        ("printf 'no patch\\n' > \"$1\"", 2, "1: no author"),
        ("sed -i 's/^ panic 19$/ panic XX/' \"$1\"", 2, "hunk #1 at line 17 does not apply"),
        ("sed -i 's/^@@ -17/@@ x17/' \"$1\"", 2, "error: "),
        ("printf 'x' >> \"$1\"; exit 3", 2, "problem with the editor"),
    ] {
        let before = world.patches();
        let output = edited(&world, &["edit", "1"], script);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{script}: {error}");
        assert!(error.contains(says), "{script}: {error}");
        assert_eq!(world.patches(), before);
        let drafts = drafts(&world);
        assert_eq!(drafts.len(), 1, "{script}");
        assert!(error.contains(&format!("your text is in '{}'", drafts[0].display())), "{script}: {error}");
        std::fs::remove_file(&drafts[0]).unwrap();
    }
}

#[test]
fn the_failing_hunk_is_named_by_its_line() {
    let world = World::new(Layout::Flat);
    let text = read(&world, FIRST).replace("\n panic 19\n", "\n panic XX\n");
    let line = 1 + text.lines().position(|line| line.starts_with("@@ ")).unwrap();
    let path = world.sandbox.write("new.patch", &text);
    let path = path.to_str().unwrap();
    world.refused(
        &["edit", "1", "--patch", path],
        &[&format!("{path}:{line}: does not apply: kernel/panic.c: hunk #1")],
    );
    let twice = world.sandbox.write("twice.patch", read(&world, FIRST).repeat(2));
    world.refused(&["edit", "1", "--patch", twice.to_str().unwrap()], &["2 patches where there is to be one"]);
    let hostile = text.replace("kernel/panic.c", "../../panic.c");
    let hostile = world.sandbox.write("hostile.patch", hostile);
    world.refused(&["edit", "1", "--patch", hostile.to_str().unwrap()], &["leaves its directory"]);
}

#[test]
fn a_later_patch_that_conflicts_stops_the_edit() {
    let world = World::new(Layout::Flat);
    // The second patch of one file builds on the first.
    let first = read(&world, FIRST);
    let second = first
        .replace("-panic 20\n+panic twenty\n", "-panic twenty\n+panic zwanzig\n")
        .replace("say it in words", "say it in German");
    std::fs::write(world.patch("0005-panic-say-it-in-German.patch"), second).unwrap();
    world.commit();
    let output = edited(&world, &["edit", "1"], "sed -i 's/^+panic twenty$/+panic vingt/' \"$1\"");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("0005-panic-say-it-in-German.patch: conflict"), "{text}");
    assert_eq!(drafts(&world).len(), 1);
    assert!(String::from_utf8_lossy(&output.stderr).contains("your text is in"));
    assert_eq!(read(&world, FIRST), first);
    world.report(&["abort"]);
    // A part of it that the other does not touch goes through, and the rest stays.
    let kept = read(&world, "0005-panic-say-it-in-German.patch");
    let output = edited(&world, &["edit", "1"], "sed -i 's/^ panic 22$/ panic 22\\n+below/' \"$1\"");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_ne!(read(&world, "0005-panic-say-it-in-German.patch"), kept);
    world.commit();
    world.report(&["verify", "6.6.x"]);
}

#[test]
fn the_editor_is_the_one_that_git_would_open() {
    let world = World::new(Layout::Flat);
    let log = world.sandbox.path("log");
    let script = |name: &str| {
        let path = world.sandbox.write(name, format!("#!/bin/sh\necho {name} >> {}\n", log.display()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    };
    let (own, config, visual, plain) = (script("own"), script("config"), script("visual"), script("plain"));
    let both = [("VISUAL", visual.as_str()), ("EDITOR", plain.as_str())];
    let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
        both.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let cases = [
        (with(&[("GIT_EDITOR", &own)]), true, "own"),
        (with(&[("TERM", "xterm")]), true, "config"),
        (with(&[("TERM", "xterm")]), false, "visual"),
        (with(&[("TERM", "dumb")]), false, "plain"),
        (with(&[]), false, "plain"),
    ];
    for (variables, is_configured, expected) in cases {
        let args: &[&str] = if is_configured { &["core.editor", &config] } else { &["--unset", "core.editor"] };
        world.sandbox.try_git(&world.kit, &[&["config"], args].concat());
        let mut git = world.sandbox.command("git", &world.kit);
        let said = git.args(["var", "GIT_EDITOR"]).envs(variables.clone()).output().unwrap();
        let wanted = String::from_utf8(said.stdout).unwrap();
        assert_eq!(wanted.trim().rsplit('/').next(), Some(expected));
        let output = world.command(&["edit", "1"]).envs(variables).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(std::fs::read_to_string(&log).unwrap(), format!("{expected}\n"));
        std::fs::remove_file(&log).unwrap();
    }
    world.refused(&["edit", "1"], &["no editor is known"]);
}
