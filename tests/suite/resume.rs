//! A bump that stops, and what a person does then: resolve, continue, skip, abort, undo.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::kit::lines;
use crate::support::tree::format_patch;
use crate::support::{
    Edit, KitBuilder, LAYOUTS, Layout, Sandbox, Snapshot, TreeBuilder, World, assert_harmless, assert_refusal,
};

/// A message that mail and git like to eat.
const MESSAGE: &str = "[media] drivers: say \u{e9} in words\n\n#include <linux/kernel.h>\nkeeps its line.\n\n    diff --git a/x b/x\n    --- a/x\n    +++ b/x\n\nSigned-off-by: J\u{f6}rg \u{c5}ngstr\u{f6}m <j@example.org>";

/// Three patches on one file, the first of which conflicts with `v6.6.14`, so that the second waits for it; a third on
/// another file that conflicts as well, and a fourth that does not.
pub fn world(layout: Layout) -> World {
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    let (a, b, c) = (lines("a", &[]), lines("b", &[]), lines("c", &[]));
    let root = [Edit::File("drivers/a.c", &a), Edit::File("drivers/b.c", &b), Edit::File("fs/c.c", &c)];
    tree.commit("main", None, "Linux 6.6.13", &root).tag("v6.6.13", "main");
    let patched = lines("a", &[(20, "a twenty")]);
    let author = "J\u{f6}rg <j@example.org>";
    tree.commit_of("ours", Some("v6.6.13"), author, MESSAGE, &[Edit::File("drivers/a.c", &patched)]);
    let patched = lines("a", &[(20, "a twenty"), (21, "a twentyone")]);
    tree.commit("ours", None, "drivers: say more", &[Edit::File("drivers/a.c", &patched)]);
    let patched = lines("b", &[(5, "b five")]);
    tree.commit("ours", None, "drivers: five", &[Edit::File("drivers/b.c", &patched)]);
    let patched = lines("c", &[(30, "c thirty")]);
    tree.commit("ours", None, "fs: thirty", &[Edit::File("fs/c.c", &patched)]);
    let up = [lines("a", &[(20, "a XX")]), lines("b", &[(5, "b V")])];
    tree.commit(
        "main",
        None,
        "drivers: count like Romans",
        &[Edit::File("drivers/a.c", &up[0]), Edit::File("drivers/b.c", &up[1])],
    );
    tree.tag("v6.6.14", "main");
    let linux = tree.build(&sandbox, "linux");
    let set = format_patch(&sandbox, &linux, "v6.6.13..ours");
    sandbox.git(&linux, &["branch", "-q", "-D", "ours"]);
    let kit = KitBuilder::new(layout).series("6.6.x", "6.6.13", &set).build(&sandbox, "kit");
    World { sandbox, layout, kit, linux }
}

const BUMP: [&str; 3] = ["bump", "v6.6.13", "v6.6.14"];

/// Runs the program with `--json`, which must end with `code`; returns its first report.
pub fn report(world: &World, args: &[&str], code: i32) -> Value {
    let output = world.kpatch(&[args, &["--json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "kpatch {args:?}: {error}");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    value["reports"][0].clone()
}

pub fn outcomes(report: &Value) -> Vec<&str> {
    report["patches"].as_array().unwrap().iter().map(|patch| patch["outcome"].as_str().unwrap()).collect()
}

/// The file to resolve of the patch at that index.
pub fn to_resolve(report: &Value, at: usize, path: &str) -> PathBuf {
    Path::new(report["patches"][at]["resolve"].as_str().unwrap()).join(path)
}

/// Takes the text between the markers away and puts `lines` in its place.
pub fn resolve(path: &Path, lines: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    let start = text.find("<<<<<<< ").expect("a marker");
    let end = text.find(">>>>>>> ").unwrap();
    let end = end + text[end..].find('\n').unwrap() + 1;
    std::fs::write(path, format!("{}{lines}{}", &text[..start], &text[end..])).unwrap();
}

fn everything(world: &World) -> Snapshot {
    Snapshot::of(&world.sandbox.path(""))
}

/// What a run may leave although nothing changed: remembered renames, and the lock's folder.
fn without_memory(mut all: Snapshot) -> Snapshot {
    all.forget("linux/kpatch/renames");
    all.forget("linux/kpatch/lock");
    all
}

#[test]
fn one_run_finds_every_conflict_and_resolving_them_lands() {
    for layout in LAYOUTS {
        let world = world(layout);
        let kit_before = Snapshot::of(&world.kit);
        let stopped = report(&world, &BUMP, 3);
        assert_eq!(outcomes(&stopped), ["conflict", "blocked", "conflict", "same"]);
        assert_eq!(stopped["state"], "stopped");
        assert_eq!(kit_before.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
        assert_eq!(world.branch("v6.6.14-linuxkit"), None);
        let (first, third) = (to_resolve(&stopped, 0, "drivers/a.c"), to_resolve(&stopped, 2, "drivers/b.c"));
        let text = std::fs::read_to_string(&first).unwrap();
        let commit = world.sandbox.git(&world.linux, &["rev-parse", "--short=12", "v6.6.14^{commit}"]);
        let upstream = format!("<<<<<<< upstream v6.6.14 ({commit} drivers: count like Romans)");
        for marker in [upstream.as_str(), "||||||| base v6.6.13", "=======", ">>>>>>> patch 0001-"] {
            assert!(text.contains(marker), "{marker}: {text}");
        }
        assert!(stopped["patches"][1]["resolve"].is_null(), "what is blocked is asked for later");

        // Nothing is resolved yet; the error names file and line.
        let before = everything(&world);
        let error = assert_refusal_lines(&world, &["continue"]);
        assert!(error.contains("drivers/a.c:20: a conflict marker is left"), "{error}");
        assert!(error.contains("drivers/b.c:5: a conflict marker is left"), "{error}");
        assert_eq!(without_memory(before).changes(&without_memory(everything(&world))), Vec::<String>::new());

        // One of two: the one that waited for it is open now, the other stays open.
        resolve(&first, "a XX twenty\n");
        let stopped = report(&world, &["continue"], 3);
        assert_eq!(outcomes(&stopped), ["resolved", "conflict", "conflict", "same"]);
        assert_eq!(stopped["patches"][0]["decision"]["kind"], "resolved");
        assert!(!first.exists(), "what was taken is no longer asked for");

        // A marker that is left in a file that was touched is refused, and nothing of the call counts.
        let second = to_resolve(&stopped, 1, "drivers/a.c");
        resolve(&third, "b V five\n");
        let text = std::fs::read_to_string(&second).unwrap();
        std::fs::write(&second, text.replace("a XX twenty\n", "")).unwrap();
        let error = assert_refusal_lines(&world, &["continue"]);
        assert!(error.contains("drivers/a.c:20") && !error.contains("drivers/b.c"), "{error}");

        resolve(&second, "a XX twenty\na twentyone\n");
        let landed = report(&world, &["continue"], 0);
        assert_eq!(outcomes(&landed), ["resolved", "resolved", "resolved", "same"]);
        assert_eq!(landed["state"], "landed");
        assert_eq!(landed["gate"]["holds"], true);
        assert!(!world.linux.join("kpatch/stopped").exists());
        let file = world.sandbox.git(&world.linux, &["show", "v6.6.14-linuxkit:drivers/a.c"]);
        assert_eq!(file + "\n", lines("a", &[(20, "a XX twenty"), (21, "a twentyone")]));
        let tag = world.sandbox.tree(&world.linux, "v6.6.14-linuxkit");
        let files: Vec<PathBuf> = world.patches_only().iter().map(|(name, _)| world.patch(name)).collect();
        assert_eq!(world.sandbox.patch_utility(&world.linux, &files, "v6.6.14"), tag);
    }
}

/// As [`assert_refusal`], with as many `error:` lines as it takes.
fn assert_refusal_lines(world: &World, args: &[&str]) -> String {
    let output = world.kpatch(args);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(output.stdout, b"");
    assert_harmless(&output);
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_message_survives_its_conflict() {
    let world = world(Layout::Flat);
    let header = |name: &str| {
        let bytes = std::fs::read(world.patch(name)).unwrap();
        let end = bytes.windows(5).position(|window| window == b"\n---\n").unwrap();
        bytes[..end].to_vec()
    };
    let name = world.patches_only()[0].0.clone();
    let before = header(&name);
    let stopped = report(&world, &BUMP, 3);
    resolve(&to_resolve(&stopped, 0, "drivers/a.c"), "a XX twenty\n");
    world.kpatch(&["continue"]);
    report(&world, &["skip", "2", "3"], 0);
    assert_eq!(header(&name), before);
    let message = world.sandbox.git(&world.linux, &["log", "-1", "--format=%B", "v6.6.14-linuxkit~1"]);
    assert_eq!(message.trim_end(), MESSAGE);
    let author = world.sandbox.git(&world.linux, &["log", "-1", "--format=%an <%ae>", "v6.6.14-linuxkit~1"]);
    assert_eq!(author, "J\u{f6}rg <j@example.org>");
}

#[test]
fn what_is_left_out_is_left_out_with_its_reason() {
    let world = world(Layout::PerSeries);
    report(&world, &BUMP, 3);
    let error = assert_refusal(&world.kpatch(&["skip"]), &["skip"], &["3 patches wait", "name one"]);
    assert!(error.contains("0001-"), "{error}");
    // Without the first, the second conflicts for itself.
    let stopped = report(&world, &["skip", "1"], 3);
    assert_eq!(outcomes(&stopped), ["left-out", "conflict", "conflict", "same"]);
    assert_eq!(stopped["patches"][0]["decision"]["kind"], "skipped");
    let stopped = report(&world, &["skip", "0002"], 3);
    assert_eq!(outcomes(&stopped), ["left-out", "left-out", "conflict", "same"]);
    let landed = report(&world, &["skip"], 0);
    assert_eq!(landed["counts"]["left_out"], 3);
    let names: Vec<String> = world.patches_only().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].starts_with("0004-"));
}

#[test]
fn an_abort_restores_every_byte() {
    let world = world(Layout::Flat);
    let before = everything(&world);
    let stopped = report(&world, &BUMP, 3);
    resolve(&to_resolve(&stopped, 0, "drivers/a.c"), "a XX twenty\n");
    report(&world, &["continue"], 3);
    let aborted = report(&world, &["abort"], 0);
    assert_eq!((aborted["base"].as_str(), aborted["target"].as_str()), (Some("v6.6.13"), Some("v6.6.14")));
    let after = without_memory(everything(&world));
    assert_eq!(without_memory(before).changes(&after), ["new or changed: linux/kpatch"]);
    assert_refusal(&world.kpatch(&["abort"]), &["abort"], &["no bump is stopped here"]);
}

#[test]
fn undo_takes_back_what_landed_and_what_is_stopped() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        let before = Snapshot::of(&world.kit);
        let refs = || world.sandbox.git(&world.linux, &["for-each-ref"]);
        let refs_before = refs();
        world.done(&BUMP);
        assert_ne!(before.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
        let undone = world.report(&["undo"]);
        assert_eq!(undone["what"], "kpatch bump: v6.6.13 to v6.6.14");
        assert_eq!(before.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
        assert_eq!(refs(), refs_before);
        assert_refusal(&world.kpatch(&["undo"]), &["undo"], &["nothing to undo"]);
        // And forth again, and what was built on it is never touched.
        world.done(&BUMP);
        let first = world.patches_only()[0].0.clone();
        let mine = [&std::fs::read(world.patch(&first)).unwrap()[..], b"mine\n"].concat();
        std::fs::write(world.patch(&first), mine).unwrap();
        assert_refusal(&world.kpatch(&["undo"]), &["undo"], &["has been changed since"]);
    }
    let world = world(Layout::Flat);
    report(&world, &BUMP, 3);
    let undone = report(&world, &["undo"], 0);
    assert_eq!(undone["what"], "kpatch bump: v6.6.13 to v6.6.14, stopped");
    assert!(!world.linux.join("kpatch/stopped").exists());
}

#[test]
fn status_says_what_is_open_and_what_to_type() {
    let world = world(Layout::Flat);
    report(&world, &BUMP, 3);
    let status = world.report(&["status"]);
    let stopped = &status["series"][0]["stopped"][0];
    assert_eq!(stopped["target"], "v6.6.14");
    assert_eq!(stopped["open"].as_array().unwrap().len(), 3);
    let text = world.done(&["status"]);
    for word in ["stopped, 3 patches wait", "kpatch continue", "kpatch skip", "kpatch abort", "drop N --reason"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_bump_again_goes_on_where_it_was() {
    let world = world(Layout::Flat);
    let stopped = report(&world, &BUMP, 3);
    let first = to_resolve(&stopped, 0, "drivers/a.c");
    resolve(&first, "half done\n");
    let text = std::fs::read_to_string(&first).unwrap();
    let again = report(&world, &BUMP, 3);
    assert_eq!(outcomes(&again), outcomes(&stopped));
    assert_eq!(std::fs::read_to_string(&first).unwrap(), text, "a person's edit stays");
    report(&world, &["continue"], 3);
    let again = report(&world, &BUMP, 3);
    assert_eq!(outcomes(&again)[0], "resolved", "a decision stays");
    // Patches that changed since are no longer what was decided on.
    let name = world.patches_only()[3].0.clone();
    let bytes = std::fs::read(world.patch(&name)).unwrap();
    std::fs::write(world.patch(&name), [&bytes[..], b"\n"].concat()).unwrap();
    assert_refusal(&world.kpatch(&["continue"]), &["continue"], &["have changed since", "kpatch abort"]);
}

#[test]
fn a_file_that_upstream_removed_is_kept_or_left_out() {
    for keep in [true, false] {
        let sandbox = Sandbox::new();
        let mut tree = TreeBuilder::default();
        let text = lines("gone", &[]);
        let other = lines("other", &[]);
        let root = [Edit::File("a/gone.c", &text), Edit::File("a/other.c", &other)];
        tree.commit("main", None, "Linux 6.6.13", &root).tag("v6.6.13", "main");
        let patched = lines("gone", &[(9, "patched")]);
        let both = lines("other", &[(9, "patched")]);
        let edits = [Edit::File("a/gone.c", &patched), Edit::File("a/other.c", &both)];
        tree.commit("ours", Some("v6.6.13"), "a: patch both", &edits);
        tree.commit("next", None, "Linux 6.6.14", &[Edit::File("a/other.c", &other)]).tag("v6.6.14", "next");
        let linux = tree.build(&sandbox, "linux");
        let set = format_patch(&sandbox, &linux, "v6.6.13..ours");
        let kit = KitBuilder::new(Layout::Flat).series("6.6.x", "6.6.13", &set).build(&sandbox, "kit");
        let world = World { sandbox, layout: Layout::Flat, kit, linux };
        let stopped = report(&world, &BUMP, 3);
        assert_eq!(stopped["patches"][0]["conflicts"][0]["kind"], "deleted-upstream");
        let gone = to_resolve(&stopped, 0, "a/gone.c");
        assert!(std::fs::read_to_string(&gone).unwrap().contains("<<<<<<< "));
        if keep {
            std::fs::write(&gone, &patched).unwrap();
        } else {
            std::fs::remove_file(&gone).unwrap();
        }
        report(&world, &["continue"], 0);
        let listed = world.sandbox.git(&world.linux, &["ls-tree", "-r", "--name-only", "v6.6.14-linuxkit"]);
        assert_eq!(listed.contains("a/gone.c"), keep, "{listed}");
        assert_eq!(world.sandbox.git(&world.linux, &["show", "v6.6.14-linuxkit:a/other.c"]) + "\n", both);
    }
}

#[test]
fn a_file_of_the_target_beside_the_asked_ones_is_taken_and_any_other_refused() {
    let world = world(Layout::Flat);
    let stopped = report(&world, &BUMP, 3);
    let first = to_resolve(&stopped, 0, "drivers/a.c");
    resolve(&first, "a XX\n");
    let folder = Path::new(stopped["patches"][0]["resolve"].as_str().unwrap()).to_owned();
    std::fs::write(folder.join("drivers/a.c.orig"), "scrap of a tool\n").unwrap();
    std::fs::write(folder.join("drivers/new.c"), "nobody asked\n").unwrap();
    assert_refusal(&world.kpatch(&["continue"]), &["continue"], &["drivers/new.c", "is no file of the target"]);
    std::fs::remove_file(folder.join("drivers/new.c")).unwrap();
    std::fs::create_dir(folder.join("fs")).unwrap();
    std::fs::write(folder.join("fs/c.c"), lines("c", &[(1, "c one")])).unwrap();
    let stopped = report(&world, &["continue"], 3);
    assert_eq!(outcomes(&stopped)[0], "resolved");
    report(&world, &["skip", "3", "2"], 0);
    assert_eq!(
        world.sandbox.git(&world.linux, &["show", "v6.6.14-linuxkit:fs/c.c"]) + "\n",
        lines("c", &[(1, "c one"), (30, "c thirty")])
    );
}

#[test]
fn the_users_merge_tool_resolves() {
    let world = world(Layout::Flat);
    report(&world, &BUMP, 3);
    let config = "[mergetool \"ours\"]\n\tcmd = sed -e s/XX/both/ -e s/V/both/ \\\"$LOCAL\\\" > \\\"$MERGED\\\"\n\ttrustExitCode = true\n";
    world.sandbox.write("home/.gitconfig", config);
    let run = |args: &[&str]| {
        let mut command = world.command(args);
        command
            .env("HOME", world.sandbox.path("home"))
            .env_remove("GIT_CONFIG_GLOBAL")
            .env_remove("GIT_CONFIG_NOSYSTEM");
        command.output().unwrap()
    };
    let output = run(&["mergetool", "--tool", "ours"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("0001-") && text.contains("resolved") && text.contains("kpatch continue"), "{text}");
    let stopped = report(&world, &["continue"], 3);
    assert_eq!(outcomes(&stopped), ["resolved", "conflict", "resolved", "same"]);
    report(&world, &["skip", "2"], 0);
    let file = world.sandbox.git(&world.linux, &["show", "v6.6.14-linuxkit:drivers/a.c"]);
    assert_eq!(file + "\n", lines("a", &[(20, "a both")]));
}

/// A kit with two series, whose only patch changes a line next to one that the target changes.
fn two_series() -> World {
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    let text = lines("a", &[]);
    tree.commit("main", None, "Linux", &[Edit::File("drivers/a.c", &text)]);
    let mut kit = KitBuilder::new(Layout::Flat);
    let mut sets = Vec::new();
    for (series, begin) in [("6.1", 1), ("6.6", 40)] {
        // Each series has lines of its own, far from what the patch changes.
        let own = |at: &[(usize, &str)]| lines("a", &[&[(begin, "own line")], at].concat());
        let (base, patched, target) = (own(&[]), own(&[(20, "patched")]), own(&[(21, "upstream")]));
        let (from, to) = (format!("v{series}.13"), format!("v{series}.14"));
        tree.commit(series, Some("main"), &format!("Linux {series}.13"), &[Edit::File("drivers/a.c", &base)]);
        tree.tag(&from, series);
        let ours = format!("ours-{series}");
        tree.commit(&ours, Some(&from), "drivers: patch a line", &[Edit::File("drivers/a.c", &patched)]);
        tree.commit(series, None, &format!("Linux {series}.14"), &[Edit::File("drivers/a.c", &target)]);
        tree.tag(&to, series);
        sets.push((series, format!("{from}..{ours}")));
    }
    let linux = tree.build(&sandbox, "linux");
    for (series, range) in &sets {
        let set = format_patch(&sandbox, &linux, range);
        kit = kit.series(&format!("{series}.x"), &format!("{series}.13"), &set);
    }
    let kit = kit.build(&sandbox, "kit");
    World { sandbox, layout: Layout::Flat, kit, linux }
}

#[test]
fn a_proposal_lands_when_it_is_accepted_and_is_remembered_for_other_series() {
    let world = two_series();
    let stopped = report(&world, &["bump", "6.1.x"], 3);
    let proposal = &stopped["patches"][0]["proposals"][0];
    assert_eq!(proposal["strategy"], "adjacency");
    let stretch = &proposal["files"][0]["stretches"][0];
    assert_eq!(
        ["base", "ours", "theirs", "proposed"].map(|side| stretch[side].as_str().unwrap()),
        ["a 20\na 21\n", "a 20\nupstream\n", "patched\na 21\n", "patched\nupstream\n"]
    );
    assert_eq!(world.branch("v6.1.14-linuxkit"), None);
    let text = String::from_utf8(world.kpatch(&["bump", "6.1.x"]).stdout).unwrap();
    for word in ["adjacency", "kpatch continue --accept", "base", "upstream", "proposed"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    // No such proposal, no such patch: nothing is taken.
    assert_refusal(&world.kpatch(&["continue", "--accept", "1=moved"]), &["--accept"], &["no result by 'moved'"]);
    assert_refusal(&world.kpatch(&["continue", "--accept", "2"]), &["--accept"], &["no patch '2'"]);
    let landed = report(&world, &["continue", "--accept", "1"], 0);
    let decision = &landed["patches"][0]["decision"];
    assert_eq!((decision["kind"].as_str(), decision["strategy"].as_str()), (Some("accepted"), Some("adjacency")));
    let kept = crate::support::read_folder(&world.kit.join("kernel/.kpatch/resolutions"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(String::from_utf8_lossy(&kept[0].1).contains(" patched\n upstream\n"), "{kept:?}");

    // The same conflict in another series: what was confirmed comes first, and still waits for a yes.
    world.commit();
    let stopped = report(&world, &["bump", "6.6.x"], 3);
    assert_eq!(stopped["patches"][0]["proposals"][0]["strategy"], "recorded");
    let landed = report(&world, &["bump", "6.6.x", "--accept", "1=recorded"], 0);
    assert_eq!(landed["state"], "landed");
    assert_eq!(crate::support::read_folder(&world.kit.join("kernel/.kpatch/resolutions")), kept);
    // A memory that is broken is named, with its line.
    std::fs::write(world.kit.join("kernel/.kpatch/resolutions").join(&kept[0].0), "kpatch resolution 9\n").unwrap();
    assert_refusal(&world.kpatch(&["plan", "6.1.x", "v6.1.13"]), &["plan"], &[&kept[0].0, ":1:"]);
}

#[test]
fn a_patch_is_dropped_from_a_stopped_bump_for_a_reason() {
    let world = world(Layout::Flat);
    report(&world, &BUMP, 3);
    assert_refusal(&world.kpatch(&["drop", "1"]), &["drop", "1"], &["leaves it for a reason", "--reason"]);
    let stopped = report(&world, &["drop", "1", "2", "--reason", "superseded by another driver"], 3);
    let decision = &stopped["patches"][1]["decision"];
    assert_eq!(
        (decision["kind"].as_str(), decision["reason"].as_str()),
        (Some("dropped"), Some("superseded by another driver"))
    );
    let landed = report(&world, &["drop", "3", "--reason", "not needed"], 0);
    assert_eq!(landed["counts"]["left_out"], 3);
    let text = world.done(&["pr-body"]);
    assert!(text.contains("superseded by another driver") && text.contains("not needed"), "{text}");
}

#[test]
fn a_change_of_a_set_stops_and_goes_on_as_a_bump_does() {
    let world = world(Layout::Flat);
    let before = Snapshot::of(&world.kit);
    // The second patch stands next to what the first one changes.
    let stopped = report(&world, &["drop", "1"], 3);
    assert_eq!(stopped["state"], "stopped");
    assert_eq!(before.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
    let status = world.report(&["status"]);
    assert_eq!(status["series"][0]["stopped"][0]["open"].as_array().unwrap().len(), 1);
    report(&world, &["abort"], 0);
    let stopped = report(&world, &["drop", "1"], 3);
    resolve(&to_resolve(&stopped, 0, "drivers/a.c"), "a 20\na twentyone\n");
    let landed = report(&world, &["continue"], 0);
    assert_eq!(landed["state"], "landed");
    let names: Vec<String> = world.patches_only().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(!world.linux.join("kpatch/stopped").exists());
    world.report(&["undo"]);
    assert_eq!(before.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
}

#[test]
fn a_bare_directory_stops_and_goes_on_without_a_kit() {
    let world = world(Layout::Flat);
    let folder = world.sandbox.path("elsewhere/patches");
    for (name, bytes) in world.patches_only() {
        world.sandbox.write(&format!("elsewhere/patches/{name}"), bytes);
    }
    let place = world.sandbox.path("elsewhere");
    let run = |args: &[&str]| {
        let mut command = world.sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &place);
        let output = command.env("LINUXSRC", &world.linux).args(args).arg("--json").output().unwrap();
        let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), value["reports"][0].clone())
    };
    let before = Snapshot::of(&folder);
    let (code, stopped) = run(&["bump", "v6.6.13", "v6.6.14", "--patches", "patches", "--out", "carried"]);
    assert_eq!((code, outcomes(&stopped)), (Some(3), vec!["conflict", "blocked", "conflict", "same"]));
    let (code, status) = run(&["status"]);
    assert_eq!((code, status["kit"].is_null()), (Some(0), true));
    assert_eq!(status["stopped"][0]["open"].as_array().unwrap().len(), 3);
    resolve(&to_resolve(&stopped, 0, "drivers/a.c"), "a XX twenty\n");
    let (code, _) = run(&["continue"]);
    assert_eq!(code, Some(3));
    let (code, landed) = run(&["skip", "2", "3", "--patches", "patches"]);
    assert_eq!((code, landed["state"].as_str()), (Some(0), Some("landed")));
    assert_eq!(before.changes(&Snapshot::of(&folder)), Vec::<String>::new());
    assert_eq!(crate::support::read_folder(&place.join("carried")).len(), 2);
    let (code, undone) = run(&["undo", "--patches", "carried"]);
    assert_eq!((code, undone["what"].as_str()), (Some(0), Some("kpatch bump: v6.6.13 to v6.6.14")));
    assert!(!place.join("carried").exists());
    assert_eq!(run(&["status"]).0, Some(2));
}
