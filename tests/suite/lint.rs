//! `kpatch lint` through the program: what it looks at, what counts, what it mends, and what it never does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{Layout, Sandbox, Snapshot, World, assert_harmless, assert_refusal};

const HEADER: &str = "From: A U Thor <author@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\n";
const ORIGIN: &str = "Origin: https://lore.kernel.org/r/1@example.org\n";
const SIGNED: &str = "Signed-off-by: A U Thor <author@example.org>\n";

/// A patch that changes a line of its own.
fn patch(subject: &str, trailers: &str) -> String {
    let line = subject.len();
    let zero = "0".repeat(40);
    format!(
        "From {zero} Mon Sep 17 00:00:00 2001\n{HEADER}Subject: [PATCH] {subject}\n\nWithout it all is lost.\n\n{trailers}---\n\
         \x20init/main.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n\
         diff --git a/init/main.c b/init/main.c\nindex 0123456789ab..ba9876543210 100644\n\
         --- a/init/main.c\n+++ b/init/main.c\n@@ -{line},3 +{line},3 @@\n a\n-{subject}\n+new {subject}\n c\n"
    )
}

fn good(subject: &str) -> String {
    patch(subject, &format!("{SIGNED}{ORIGIN}"))
}

fn unsigned(subject: &str) -> String {
    patch(subject, ORIGIN)
}

/// Writes a directory of patches; the names are theirs.
fn set(sandbox: &Sandbox, folder: &str, files: &[(&str, String)]) {
    for (name, text) in files {
        sandbox.write(&format!("{folder}/{name}"), text);
    }
}

fn lint(sandbox: &Sandbox, args: &[&str]) -> Output {
    sandbox.kpatch(&sandbox.path(""), &[&["lint"], args].concat())
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&text).unwrap_or_else(|wrong| panic!("{wrong}: {text}{error}"))
}

/// The rules that fired, with their files.
fn found(output: &Output) -> Vec<(String, String)> {
    let run = json(output);
    let all =
        run["reports"].as_array().unwrap().iter().flat_map(|report| report["findings"].as_array().unwrap().clone());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.map(|finding| (text(&finding["rule"]), text(&finding["path"]))).collect()
}

fn rules(output: &Output) -> BTreeSet<String> {
    found(output).into_iter().map(|(rule, _)| rule).collect()
}

/// Nothing that could forge a terminal; tabs of the code that is shown may stay.
fn assert_shown(output: &Output) {
    let untabbed = |bytes: &[u8]| bytes.iter().map(|byte| if *byte == b'\t' { b' ' } else { *byte }).collect();
    assert_harmless(&Output { stdout: untabbed(&output.stdout), stderr: output.stderr.clone(), status: output.status });
}

fn code(output: &Output) -> i32 {
    assert_shown(output);
    output.status.code().unwrap()
}

#[test]
fn a_directory_a_file_a_tree_of_directories_and_stdin() {
    let sandbox = Sandbox::new();
    set(
        &sandbox,
        "top/patches-6.6.x",
        &[("0001-init-one.patch", good("init: one")), ("0002-init-two.patch", unsigned("init: two"))],
    );
    set(&sandbox, "top/deeper/patches-6.1.x", &[("0001-init-six.patch", good("init: six"))]);
    let whole = lint(&sandbox, &["top/patches-6.6.x", "--json"]);
    assert_eq!(found(&whole), [("D001".to_owned(), "top/patches-6.6.x/0002-init-two.patch".to_owned())]);
    assert_eq!(code(&whole), 1);
    let report = &json(&whole)["reports"][0];
    assert_eq!((report["files"].as_u64(), report["profile"].as_str()), (Some(2), Some("linuxkit")));
    let one = lint(&sandbox, &["top/patches-6.6.x/0001-init-one.patch", "--json"]);
    assert_eq!((found(&one), code(&one)), (Vec::new(), 0));
    let all = json(&lint(&sandbox, &["top", "--json"]));
    assert_eq!(all["reports"].as_array().unwrap().len(), 2);
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &sandbox.path(""));
    let mut child = command
        .args(["lint", "-", "--json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), unsigned("init: x").as_bytes()).unwrap();
    let piped = child.wait_with_output().unwrap();
    assert_eq!(found(&piped), [("D001".to_owned(), "stdin".to_owned())]);
    assert_refusal(&lint(&sandbox, &["-", "--fix"]), &["lint"], &["stdin cannot be mended"]);
}

#[test]
fn a_kit_is_linted_series_by_series() {
    for layout in [Layout::Flat, Layout::PerSeries] {
        let world = World::new(layout);
        let run: Value =
            serde_json::from_str(&String::from_utf8(world.kpatch(&["lint", "--files-only", "--json"]).stdout).unwrap())
                .unwrap();
        let report = &run["reports"][0];
        assert_eq!(report["series"], "6.6.x");
        assert_eq!(report["files"], 4);
        // The world's patches are signed by nobody.
        assert!(report["counts"]["error"].as_u64().unwrap() >= 4, "{report}");
        assert_eq!(report["not_checked"][0]["reason"], "the linux tree is to be left alone");
        let same = world.kpatch(&["lint", "6.6.x", "--files-only", "--json"]);
        assert_eq!(json(&same)["reports"], run["reports"]);
    }
}

#[test]
fn settings_profiles_and_choices() {
    let sandbox = Sandbox::new();
    set(&sandbox, "p-rt", &[("0001-init-one.patch", patch("init: one", SIGNED))]);
    let fired = |args: &[&str]| rules(&lint(&sandbox, &[&["p-rt", "--json"], args].concat()));
    assert_eq!(json(&lint(&sandbox, &["p-rt", "--json"]))["reports"][0]["profile"], "rt");
    assert!(fired(&["--profile", "linuxkit"]).contains("P001"));
    assert!(fired(&["--profile", "linuxkit", "--ignore", "P"]).is_empty());
    assert_eq!(fired(&["--profile", "linuxkit", "--select", "D004"]), BTreeSet::new());
    let warned = lint(&sandbox, &["p-rt", "--profile", "linuxkit", "--json"]);
    assert_eq!(code(&warned), 0, "a warning is no error");
    assert_eq!(code(&lint(&sandbox, &["p-rt", "--profile", "linuxkit", "--deny", "warnings"])), 1);
    assert_refusal(
        &lint(&sandbox, &["p-rt", "--profile", "suse"]),
        &["lint"],
        &["'suse' is no profile", "linuxkit, rt"],
    );
    assert_refusal(&lint(&sandbox, &["p-rt", "--select", "Z9"]), &["lint"], &["'Z9' is no rule", "--rules"]);
    assert_refusal(&lint(&sandbox, &["nowhere"]), &["lint"], &["'nowhere'"]);
    fs::create_dir(sandbox.path("empty")).unwrap();
    assert_refusal(&lint(&sandbox, &["empty"]), &["lint"], &["'empty' holds no patches"]);
}

#[test]
fn the_kit_says_what_counts_and_every_wrong_word_has_its_line() {
    let world = World::with_patches(
        Layout::Flat,
        &[
            ("0001-init-one.patch", patch("init: one", SIGNED).as_bytes()),
            ("0002-init-two.patch", unsigned("init: two").as_bytes()),
        ],
    );
    let config = |text: &str| fs::write(world.kit.join("kpatch.toml"), text).unwrap();
    let run = |args: &[&str]| world.kpatch(&[&["lint", "--files-only", "--json"], args].concat());
    assert_eq!(rules(&run(&[])), BTreeSet::from(["D001".to_owned(), "P001".to_owned()]));
    config("[lint.rules]\nP = \"off\"\nD001 = \"info\"\n");
    let output = run(&[]);
    assert_eq!((rules(&output), code(&output)), (BTreeSet::from(["D001".to_owned()]), 0));
    let waiver = |until: &str| {
        format!(
            "[lint]\nprofile = \"linuxkit\"\n[[lint.waivers]]\nrule = \"missing-signed-off-by\"\nsubject = \"init: two\"\n\
             reason = \"the author is gone\"\nuntil = \"{until}\"\n"
        )
    };
    config(&waiver("2999-12-31"));
    let output = run(&[]);
    let report = json(&output);
    let quiet =
        report["reports"][0]["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "D001").unwrap().clone();
    assert_eq!(quiet["waived"], "the author is gone");
    assert_eq!((report["reports"][0]["counts"]["waived"].as_u64(), code(&output)), (Some(1), 0));
    assert_eq!(report["waivers"], Value::Array(Vec::new()));
    config(&waiver("2001-12-31"));
    let output = run(&[]);
    assert_eq!((json(&output)["waivers"][0]["state"].as_str(), code(&output)), (Some("expired"), 1));
    config("[[lint.waivers]]\nrule = \"D001\"\nfile = \"0001-init-one.patch\"\nreason = \"no\"\n");
    let idle = json(&run(&[]))["waivers"][0].clone();
    assert_eq!((idle["state"].as_str(), idle["line"].as_u64()), (Some("unused"), Some(2)));
    for (text, says) in [
        ("[lint]\nprofile = \"suse\"\n", "kpatch.toml:2: 'suse' is no profile"),
        ("[lint.rules]\nD001 = \"info\"\nD777 = \"off\"\n", "kpatch.toml:3: 'D777' is no rule"),
        ("[lint.rules]\nD001 = \"loud\"\n", "kpatch.toml:2: a rule is off"),
        ("[[lint.waivers]]\nrule = \"D999\"\nfile = \"x\"\nreason = \"y\"\n", "kpatch.toml:2: 'D999' is no rule"),
        ("[[lint.waivers]]\nrule = \"D001\"\nfile = \"x\"\nreason = \"\"\n", "kpatch.toml:2: a waiver needs a reason"),
    ] {
        config(text);
        world.refused(&["lint", "--files-only"], &[says]);
    }
}

#[test]
fn a_baseline_lets_an_old_repository_start_today() {
    let sandbox = Sandbox::new();
    set(&sandbox, "p", &[("0001-init-one.patch", unsigned("init: one"))]);
    let written = lint(&sandbox, &["p", "--write-baseline", "old.json"]);
    assert_eq!(code(&written), 0);
    let output = lint(&sandbox, &["p", "--baseline", "old.json", "--json"]);
    assert_eq!((found(&output), code(&output)), (Vec::new(), 0));
    assert_eq!(json(&output)["reports"][0]["counts"]["baseline"], 1);
    // The same patch with another number, and a message that moves its lines, is still the old one.
    fs::rename(sandbox.path("p/0001-init-one.patch"), sandbox.path("p/0002-init-one.patch")).unwrap();
    set(&sandbox, "p", &[("0001-init-new.patch", unsigned("init: new"))]);
    let output = lint(&sandbox, &["p", "--baseline", "old.json", "--json"]);
    assert_eq!(found(&output), [("D001".to_owned(), "p/0001-init-new.patch".to_owned())]);
    sandbox.write("old.json", "{\"schema\": 1,\n \"findings\": 3}");
    assert_refusal(&lint(&sandbox, &["p", "--baseline", "old.json"]), &["lint"], &["old.json:2: not a baseline"]);
}

#[test]
fn only_what_a_branch_changed_is_looked_at() {
    let sandbox = Sandbox::new();
    let kit = sandbox.path("kit");
    set(
        &sandbox,
        "kit/p",
        &[("0001-init-one.patch", unsigned("init: one")), ("0002-init-two.patch", unsigned("init: two"))],
    );
    set(&sandbox, "kit/q", &[("0001-init-three.patch", unsigned("init: three"))]);
    sandbox.git(&kit, &["init", "-q", "--initial-branch=main"]);
    sandbox.git(&kit, &["add", "-A"]);
    sandbox.git(&kit, &["commit", "-q", "-m", "kit"]);
    sandbox.git(&kit, &["checkout", "-q", "-b", "work"]);
    let run = |args: &[&str]| sandbox.kpatch(&kit, &[&["lint", "p", "q", "--json", "--changed-since"], args].concat());
    assert_eq!(found(&run(&["main"])), []);
    sandbox.write("kit/p/0002-init-two.patch", unsigned("init: two, better"));
    sandbox.write("kit/p/0003-init-four.patch", unsigned("init: four"));
    let paths: BTreeSet<String> =
        found(&run(&["main"])).into_iter().filter(|(rule, _)| rule == "D001").map(|(_, path)| path).collect();
    assert_eq!(paths, BTreeSet::from(["p/0002-init-two.patch".to_owned(), "p/0003-init-four.patch".to_owned()]));
    sandbox.git(&kit, &["add", "-A"]);
    sandbox.git(&kit, &["commit", "-q", "-m", "work"]);
    assert_eq!(json(&run(&["main"]))["reports"].as_array().unwrap().len(), 1);
    let output = run(&["--upload-pack=x"]);
    assert_eq!(output.status.code(), Some(2));
    assert_refusal(&run(&["elsewhere"]), &["lint"], &["no revision 'elsewhere'"]);
}

/// `git am`'s tree of a directory on a tag, or nothing.
fn tree(world: &World, folder: &Path) -> Option<String> {
    let clone = tempfile::tempdir_in(world.sandbox.path("")).unwrap();
    let linux = world.linux.to_str().unwrap();
    world.sandbox.git(clone.path(), &["clone", "-q", "--shared", "-b", "v6.6.13", linux, "w"]);
    let work = clone.path().join("w");
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    names.sort();
    for name in names {
        if !world.sandbox.try_git(&work, &["am", "-q", "--keep-cr", name.to_str().unwrap()]).status.success() {
            return None;
        }
    }
    Some(world.sandbox.git(&work, &["rev-parse", "HEAD^{tree}"]))
}

#[test]
fn fixes_leave_the_tree_as_it_was_and_have_nothing_to_do_twice() {
    for layout in [Layout::Flat, Layout::PerSeries] {
        let world = World::new(layout);
        // What a maintainer might have left: no number, a mangled trailer, no mbox line, no separator.
        let first = world.patch("0001-panic-say-it-in-words.patch");
        let text = fs::read_to_string(&first).unwrap();
        let text = text.replacen("\n---\n", "\nSigned-Off-By: A <a@example.org>\n---\n", 1);
        let text = text.split_once('\n').unwrap().1.to_owned();
        fs::write(&first, text).unwrap();
        let last = world.patch("0004-init-a-new-file.patch");
        fs::rename(&last, world.patch("init-a-new-file.patch")).unwrap();
        world.commit();
        let folder = world.patch("");
        let before = tree(&world, &folder).expect("git am takes them");
        let untouched = world.snapshot();
        let shown = world.kpatch(&["lint", "--files-only", "--fix", "--diff", "-v"]);
        assert_shown(&shown);
        let text = String::from_utf8_lossy(&shown.stdout);
        assert!(text.contains("+Signed-off-by: A <a@example.org>"), "{text}");
        assert_eq!(untouched.changes(&world.snapshot()), Vec::<String>::new(), "--diff writes nothing");
        let output = world.kpatch(&["lint", "--files-only", "--fix", "-v", "--json"]);
        let report = &json(&output)["reports"][0];
        let fixed: BTreeSet<&str> =
            report["fixed"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
        assert!(fixed.contains("D005") && fixed.contains("N001") && fixed.contains("F006"), "{report}");
        assert!(world.patch("0004-init-a-new-file.patch").is_file());
        assert_eq!(tree(&world, &folder), Some(before));
        assert!(!world.kit.join("kernel/.kpatch").exists());
        let after = world.snapshot();
        let again = world.kpatch(&["lint", "--files-only", "--fix", "-v", "--json"]);
        assert_eq!(json(&again)["reports"][0]["fixed"], Value::Array(Vec::new()));
        assert_eq!(after.changes(&world.snapshot()), Vec::<String>::new());
    }
}

/// The tree that a directory of patches gives on a tag; patches that do not apply are left out.
fn applied(store: &kpatch::git::Store, tag: &str, folder: &Path) -> String {
    let mut tree = kpatch::apply::Release::find(store, tag).unwrap().tree;
    for (name, bytes) in crate::support::read_folder(folder) {
        for patch in kpatch::patch::read(&name, &bytes).into_iter().flatten() {
            if let Ok(placed) = kpatch::apply::apply(store, tree, &patch.diff, kpatch::apply::Engine::Git) {
                tree = placed.tree;
            }
        }
    }
    tree.to_string()
}

#[test]
fn fixes_of_real_sets_leave_their_trees_as_they_were() {
    let sandbox = Sandbox::new();
    let store = kpatch::git::Store::open(&sandbox.linux()).unwrap();
    for name in ["6.1.170", "6.1.170-rt", "6.12.100"] {
        let tag = format!("v{}", name.trim_end_matches("-rt"));
        for (at, (_, bytes)) in
            crate::support::read_folder(&crate::support::corpus().join(format!("patches-{name}"))).iter().enumerate()
        {
            sandbox.write(&format!("{name}/{:04}-x.patch", at + 1), bytes);
        }
        let folder = sandbox.path(name);
        let before = applied(&store, &tag, &folder);
        let output = lint(&sandbox, &[name, "--profile", "linuxkit", "--fix", "--level", "info", "--json"]);
        let fixed = json(&output)["reports"][0]["fixed"].as_array().unwrap().len();
        assert!(fixed > 40, "{name}: {fixed}");
        assert_eq!(applied(&store, &tag, &folder), before, "{name}");
        let now = Snapshot::of(&folder);
        let again = lint(&sandbox, &[name, "--profile", "linuxkit", "--fix", "--level", "info", "--json"]);
        assert_eq!(json(&again)["reports"][0]["fixed"], Value::Array(Vec::new()), "{name}");
        assert_eq!(now.changes(&Snapshot::of(&folder)), Vec::<String>::new());
        // With the tree, hunks get the lines on which they stand.
        let linux = sandbox.linux();
        let args =
            ["--select", "S005", "--level", "info", "--linux", linux.to_str().unwrap(), "--base", &tag, "--json"];
        let drifted = found(&lint(&sandbox, &[&[name], &args[..]].concat())).len();
        let output = lint(&sandbox, &[&[name, "--fix"], &args[..]].concat());
        let fixed = json(&output)["reports"][0]["fixed"].as_array().unwrap().len();
        assert_eq!((fixed, found(&output).len()), (drifted, 0), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(fixed > 5, "{name}: {fixed}");
        assert_eq!(applied(&store, &tag, &folder), before, "{name}");
    }
}

#[test]
fn a_linux_tree_says_what_files_cannot() {
    let world = World::new(Layout::Flat);
    let run = || world.kpatch(&["lint", "--json"]);
    let tree = |output: &Output| -> BTreeSet<(String, String)> {
        let all = found(output).into_iter().map(|(rule, path)| (rule, path.rsplit('/').next().unwrap().to_owned()));
        all.filter(|(rule, _)| matches!(rule.as_str(), "H007" | "S003" | "S004" | "S005" | "U001" | "U002" | "U005"))
            .collect()
    };
    let fires = |rule: &str, file: &str| (rule.to_owned(), file.to_owned());
    let before = world.snapshot();
    let output = run();
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
    let report = &json(&output)["reports"][0];
    assert_eq!((&report["base"], &report["not_checked"]), (&Value::from("v6.6.13"), &Value::Array(Vec::new())));
    // The next release has the third patch.
    assert!(tree(&output).contains(&fires("U005", "0003-usb-a-fix-for-everybody.patch")), "{:?}", found(&output));
    let third = world.patch("0003-usb-a-fix-for-everybody.patch");
    world.kpatch(&["lint", "--unsafe-fixes", "--select", "U005", "--json"]);
    let text = fs::read_to_string(&third).unwrap();
    let upstream = world.sandbox.git(&world.linux, &["log", "-1", "--format=%H", "--grep=usb: a fix", "v6.6.14"]);
    assert!(text.contains(&format!("\n(cherry picked from commit {upstream})\n---\n")), "{text}");
    assert!(!tree(&run()).iter().any(|(rule, _)| rule == "U005"));
    // A hunk that names other lines, and one that has no place.
    let first = world.patch("0001-panic-say-it-in-words.patch");
    let text = fs::read_to_string(&first).unwrap();
    fs::write(&first, text.replace("@@ -17,7 +17,7 @@", "@@ -12,7 +12,7 @@")).unwrap();
    let second = world.patch("0002-init-count-in-words.patch");
    let text = fs::read_to_string(&second).unwrap();
    fs::write(&second, text.replace("-main 20", "-main twelve")).unwrap();
    let now = tree(&run());
    assert!(now.contains(&fires("S005", "0001-panic-say-it-in-words.patch")), "{now:?}");
    assert!(now.contains(&fires("S003", "0002-init-count-in-words.patch")), "{now:?}");
    // Without the tree nothing of it is said, and that is told.
    let output = world.kpatch(&["lint", "--files-only", "--json"]);
    assert!(tree(&output).is_empty());
    let untold: BTreeSet<&str> =
        kpatch::lint::RULES.iter().filter(|rule| rule.check.needs_tree()).map(|rule| rule.about.id).collect();
    let report = json(&output);
    let told = report["reports"][0]["not_checked"][0]["rules"].as_array().unwrap();
    assert_eq!(told.iter().map(|rule| rule.as_str().unwrap()).collect::<BTreeSet<_>>(), untold);
}

#[test]
fn files_are_split_renamed_and_removed_only_if_told() {
    let sandbox = Sandbox::new();
    let both = good("init: one") + &good("init: two");
    let names = || -> Vec<String> {
        crate::support::read_folder(&sandbox.path("p")).into_iter().map(|(name, _)| name).collect()
    };
    set(&sandbox, "p", &[("0001-both.patch", both), ("0002-three.DIFF", good("init: three"))]);
    set(&sandbox, "p", &[("0001-both.patch.orig", String::new()), ("README", "ours".to_owned())]);
    let before = names();
    let run = |args: &[&str]| lint(&sandbox, &[&["p", "--select", "F005,N007,N008", "--json"], args].concat());
    let output = run(&["--fix"]);
    assert_eq!((rules(&output), names()), (["F005", "N007", "N008"].map(str::to_owned).into(), before));
    let output = run(&["--unsafe-fixes"]);
    assert_eq!((found(&output), code(&output)), (Vec::new(), 0));
    assert_eq!(names(), ["0001-01-init-one.patch", "0001-02-init-two.patch", "0002-three.patch", "README"]);
    assert_eq!(fs::read_to_string(sandbox.path("p/0001-02-init-two.patch")).unwrap(), good("init: two"));
}

#[test]
fn names_that_cannot_be_shown_are_never_lost() {
    use std::os::unix::ffi::OsStrExt as _;
    let odd: [&[u8]; 2] = [b"0002-\x1b[2J.patch", b"0004-\xff.patch"];
    for name in odd {
        let sandbox = Sandbox::new();
        set(
            &sandbox,
            "p",
            &[("three.patch", good("init: three")), ("0001-both.patch", good("init: one") + &good("init: two"))],
        );
        let name = sandbox.path("p").join(std::ffi::OsStr::from_bytes(name));
        fs::write(&name, good("init: odd")).unwrap();
        let entry = sandbox.path("p").join(std::ffi::OsStr::from_bytes(b"notes\x07"));
        fs::write(&entry, "mine").unwrap();
        let output = lint(&sandbox, &["p", "--unsafe-fixes", "-v"]);
        assert_shown(&output);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(name.is_file() && entry.is_file() && sandbox.path("p/three.patch").is_file());
    }
}

#[test]
fn a_fix_that_dies_leaves_the_old_files_or_the_new_ones() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (1..=40).map(|at| format!("{at:04}-init-{at}.patch")).collect();
    let mangled =
        |at: usize| patch(&format!("init: {at}"), &format!("Signed-Off-By: A U Thor <author@example.org>\n{ORIGIN}"));
    for kill in 0..12 {
        let folder = format!("p{kill}");
        for (at, name) in names.iter().enumerate() {
            sandbox.write(&format!("{folder}/{name}"), mangled(at));
        }
        let read = || crate::support::read_folder(&sandbox.path(&folder));
        let old = read();
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &sandbox.path(""));
        let mut child =
            command.args(["lint", &folder, "--fix", "-q"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(4 * kill));
        child.kill().unwrap();
        child.wait().unwrap();
        // The next run ends what was begun.
        let output = lint(&sandbox, &[&folder, "--fix", "-q"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let new = read();
        assert_eq!(new.len(), old.len());
        assert!(new.iter().all(|(_, bytes)| String::from_utf8_lossy(bytes).contains("\nSigned-off-by: A U Thor")));
        let left: Vec<_> = new.iter().filter(|(name, _)| !names.contains(name)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn hostile_files_are_reported_and_do_nothing() {
    let sandbox = Sandbox::new();
    let escape =
        good("init: one").replace("b/init/main.c", "b/../../etc/passwd").replace("a/init/main.c", "a/../../etc/passwd");
    let forging = good("init: \u{1b}]0;owned\u{7} \u{202e}txt.exe ::error::x @everyone");
    let header = good("init: link");
    let header = header.split_once("diff --git").unwrap().0;
    let link = format!(
        "{header}diff --git a/l b/l\nnew file mode 120000\nindex 0000000..1111111\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n\
         +/etc\n\\ No newline at end of file\n"
    );
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("0001-escape.patch", escape.into()),
        ("0002-forging.patch", forging.into()),
        ("0003-link.patch", link.into()),
        ("0004-empty.patch", Vec::new()),
        ("0005-nul.patch", b"From: a <a@b.c>\nSubject: \0\n\n\0\n---\n".to_vec()),
        ("0006-long.patch", [vec![b'x'; 2 << 20], b"\n".to_vec()].concat()),
        ("0007-noise.patch", (0..=255).collect()),
        ("0008-only-at.patch", b"@@ -1 +1 @@\n".to_vec()),
        ("0009-huge-numbers.patch", good("init: n").replace("@@ -", "@@ -99999999999").into()),
        ("0010-\u{1b}[2J.patch", good("init: name").into()),
        ("0011-bom.patch", [b"\xef\xbb\xbf".to_vec(), good("init: bom").into_bytes()].concat()),
    ];
    for (name, bytes) in &files {
        sandbox.write(&format!("p/{name}"), bytes);
    }
    sandbox.write("p/0012-sub.patch/0001-x.patch", "x");
    fs::remove_dir_all(sandbox.path("p/0012-sub.patch")).unwrap();
    let before = Snapshot::of(&sandbox.path("p"));
    for format in ["text", "json", "sarif", "github", "markdown"] {
        let output = lint(&sandbox, &["p", "--format", format, "-v"]);
        assert_shown(&output);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{format}: {text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains("\n::error::x"), "{text}");
    }
    let fired = rules(&lint(&sandbox, &["p", "--json"]));
    for rule in ["X001", "X002", "H002", "M014", "X006"] {
        assert!(fired.contains(rule), "{rule}: {fired:?}");
    }
    let shown = lint(&sandbox, &["p", "--unsafe-fixes", "--diff", "-v"]);
    assert_shown(&shown);
    assert_eq!(before.changes(&Snapshot::of(&sandbox.path("p"))), Vec::<String>::new());
    // What is no plain file is not opened: a pipe would never end.
    sandbox.git(&sandbox.path(""), &["init", "-q", "pipes"]);
    let pipe = sandbox.path("pipes/0001-x.patch");
    assert!(sandbox.command("mkfifo", &sandbox.path("")).arg(&pipe).status().unwrap().success());
    assert_refusal(&lint(&sandbox, &["pipes"]), &["lint"], &["is not a regular file"]);
}

#[test]
fn a_quilt_series_says_the_order() {
    let sandbox = Sandbox::new();
    set(&sandbox, "d", &[("bugfix/b.patch", good("init: b")), ("a.patch", unsigned("init: a"))]);
    sandbox.write("d/series", "# ours\nbugfix/b.patch -p1\na.patch\n");
    let output = lint(&sandbox, &["d", "--profile", "debian", "--json"]);
    let report = &json(&output)["reports"][0];
    assert_eq!(report["files"], 2);
    assert_eq!(found(&output), [("D001".to_owned(), "d/a.patch".to_owned())]);
    sandbox.write("d/series", "a.patch\nmissing.patch\n");
    assert_refusal(
        &lint(&sandbox, &["d", "--profile", "debian"]),
        &["lint"],
        &["d/series:2: 'missing.patch' is not there"],
    );
}

#[test]
fn rules_are_listed_and_explained() {
    let sandbox = Sandbox::new();
    let list = String::from_utf8(lint(&sandbox, &["--rules"]).stdout).unwrap();
    for rule in kpatch::lint::RULES.iter() {
        assert!(list.contains(rule.about.id) && list.contains(rule.about.name), "{}", rule.about.id);
        let told = lint(&sandbox, &["--explain", rule.about.id]);
        assert_eq!(told.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&told.stdout).contains(rule.about.name));
    }
    assert_refusal(&lint(&sandbox, &["--explain", "Z001"]), &["lint"], &["'Z001' is no rule"]);
}
