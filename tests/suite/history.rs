//! Real histories, and what they prove of carried patches.

use std::path::{Path, PathBuf};

use crate::support::repo::text;
use crate::support::{Repo, Report, Sandbox};

/// Each case has a file of its own, so that one says nothing of another.
const CASES: &[&str] = &[
    "stable",
    "bracket",
    "origin",
    "other-title",
    "context",
    "adjacent",
    "reverted",
    "reapplied",
    "revert",
    "revert-taken",
    "revert-changed",
    "merged",
    "further",
    "built-on",
    "title",
    "title-clash",
    "partial",
    "squashed",
    "elsewhere",
    "untouched",
    "undone",
];

/// A linux tree with two releases of a series, and one patch for each case.
struct Scene<'a> {
    linux: Repo<'a>,
    patches: PathBuf,
    /// The commit of the release that each case ends with.
    known: std::collections::HashMap<&'static str, String>,
}

fn file(case: &str) -> String {
    format!("drivers/{case}.c")
}

fn scene(sandbox: &Sandbox) -> Scene<'_> {
    let linux = Repo::new(sandbox, "linux");
    for case in CASES {
        linux.write(&file(case), text(case));
    }
    linux.commit("Linux 6.6.12\n");
    let mut bad = std::collections::HashMap::new();
    for case in ["revert", "revert-taken", "revert-changed"] {
        linux.lines(&file(case), &[(20, "bad")]);
        bad.insert(case, linux.commit(format!("{case}: a bad idea\n")));
    }
    linux.tag("v6.6.13");

    // Mainline has its own ids.
    linux.git(&["checkout", "-q", "-b", "mainline"]);
    let mut ids = std::collections::HashMap::new();
    for case in ["stable", "bracket", "origin", "context", "adjacent", "reverted", "reapplied", "further"] {
        linux.lines(&file(case), &[(20, "fixed")]);
        ids.insert(case, linux.commit(format!("{case}: fix it\n")));
    }
    linux.checkout("main");
    let known = stable(&linux, &ids, &bad);
    linux.commit_empty("Linux 6.6.14\n");
    linux.tag("v6.6.14");

    linux.git(&["checkout", "-q", "-b", "kit", "v6.6.13"]);
    kit(&linux, &ids, &bad);
    let patches = sandbox.path("patches");
    linux.format_patches("v6.6.13", "kit", &patches);
    linux.checkout("main");
    linux.git(&["branch", "-q", "-D", "kit"]);
    Scene { linux, patches, known }
}

type Ids<'a> = std::collections::HashMap<&'a str, String>;

/// What stable does between the two releases.
fn stable(linux: &Repo<'_>, ids: &Ids<'_>, bad: &Ids<'_>) -> Ids<'static> {
    let mut known = Ids::new();
    let upstream = |case: &str| format!("{case}: fix it\n\ncommit {} upstream.\n\nA reason.\n", ids[case]);
    let fix = |case: &'static str| {
        linux.lines(&file(case), &[(20, "fixed")]);
        (case, linux.commit(upstream(case)))
    };
    known.extend([fix("stable"), fix("origin")]);
    linux.lines(&file("bracket"), &[(20, "fixed")]);
    known.extend([("bracket", linux.commit(format!("bracket: fix it\n\n[ Upstream commit {} ]\n", ids["bracket"])))]);
    linux.lines(&file("other-title"), &[(20, "fixed")]);
    known.extend([("other-title", linux.commit("other-title: named by someone else\n"))]);
    for (case, line) in [("context", 18), ("adjacent", 19)] {
        linux.lines(&file(case), &[(line, "prepared")]);
        linux.commit(format!("{case}: prepare\n"));
    }
    known.extend([fix("context"), fix("adjacent"), fix("further")]);
    linux.lines(&file("further"), &[(20, "fixed better")]);
    linux.commit("further: fix it better\n");
    for case in ["reverted", "reapplied"] {
        let (_, id) = fix(if case == "reverted" { "reverted" } else { "reapplied" });
        linux.git(&["revert", "--no-edit", &id]);
        known.insert(if case == "reverted" { "reverted" } else { "reapplied" }, id);
    }
    linux.lines(&file("reapplied"), &[(20, "fixed")]);
    linux.commit("Reapply \"reapplied: fix it\"\n");
    linux.git(&["revert", "--no-edit", &bad["revert-taken"]]);
    known.insert("revert-taken", linux.git(&["rev-parse", "HEAD"]));
    linux.lines(&file("revert-changed"), &[(20, "worse")]);
    linux.commit("revert-changed: make it worse\n");

    linux.git(&["checkout", "-q", "-b", "topic"]);
    linux.lines(&file("merged"), &[(20, "fixed")]);
    known.insert("merged", linux.commit("merged: fix it on a branch\n"));
    linux.checkout("main");
    linux.lines(&file("built-on"), &[(20, "fixed")]);
    known.insert("built-on", linux.commit("built-on: fix it\n"));
    linux.git(&["merge", "-q", "--no-ff", "--no-edit", "topic"]);
    linux.lines(&file("built-on"), &[(30, "more")]);
    linux.commit("built-on: go on\n");

    linux.lines(&file("title"), &[(5, "something else")]);
    linux.commit("title: fix it\n");
    linux.lines(&file("title-clash"), &[(20, "something else")]);
    linux.commit("title-clash: fix it\n");
    linux.lines(&file("partial"), &[(10, "fixed")]);
    linux.commit("partial: fix half of it\n");
    for line in [10, 30] {
        linux.lines(&file("squashed"), &[(line, "fixed")]);
        linux.commit(format!("squashed: fix line {line}\n"));
    }
    // The same lines as the patch's, at another place; and the patch's place is another one now.
    linux.insert(&file("elsewhere"), 5, "\treturn 0;");
    linux.commit("elsewhere: return early\n");
    linux.lines(&file("elsewhere"), &[(21, "rewritten 20"), (22, "rewritten 21")]);
    linux.commit("elsewhere: rewrite\n");
    // Taken, and silently taken back.
    linux.lines(&file("undone"), &[(20, "fixed")]);
    known.insert("undone", linux.commit("undone: fix it\n"));
    linux.lines(&file("undone"), &[(20, "undone line 20")]);
    linux.commit("undone: clean up\n");
    known
}

/// The kit's patches on the first release.
fn kit(linux: &Repo<'_>, ids: &Ids<'_>, bad: &Ids<'_>) {
    let signed = "Signed-off-by: A U Thor <author@example.org>\n";
    let picked = |case: &str| format!("{case}: fix it\n\n{signed}(cherry picked from commit {})\n", ids[case]);
    for case in CASES {
        let path = file(case);
        let revert = || format!("Revert \"{case}: a bad idea\"\n\nThis reverts commit {}.\n\n{signed}", bad[*case]);
        let message = match *case {
            "origin" => {
                format!("{case}: fix it\n\n{signed}Origin: upstream, https://git.kernel.org/linus/{}\n", ids[*case])
            }
            "other-title" => format!("{case}: a title of our own\n\n{signed}"),
            case if case.starts_with("revert") && case != "reverted" => revert(),
            case if ids.contains_key(case) => picked(case),
            _ => format!("{case}: fix it\n\n{signed}"),
        };
        match *case {
            "partial" | "squashed" => linux.lines(&path, &[(10, "fixed"), (30, "fixed")]),
            "elsewhere" => linux.insert(&path, 20, "\treturn 0;"),
            case if case.starts_with("revert") && case != "reverted" => {
                linux.lines(&path, &[(20, &format!("{case} line 20"))])
            }
            _ => linux.lines(&path, &[(20, "fixed")]),
        };
        linux.commit(message);
    }
}

impl Repo<'_> {
    /// Inserts a line behind the line with that number.
    fn insert(&self, path: &str, after: usize, line: &str) -> &Self {
        let text = std::fs::read_to_string(self.path.join(path)).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.insert(after, line);
        self.write(path, lines.join("\n") + "\n")
    }
}

fn plan(sandbox: &Sandbox, linux: &Path, patches: &Path, tags: [&str; 2]) -> Report {
    let (linux, patches) = (linux.to_str().unwrap(), patches.to_str().unwrap());
    sandbox.report(&sandbox.path(""), &["plan", tags[0], tags[1], "--linux", linux, "--patches", patches])
}

const SERIES: [&str; 2] = ["v6.6.13", "v6.6.14"];

/// The row of a case; names of cases begin other names, so the number's dash and the title's colon count.
fn row(report: &Report, case: &str) -> Report {
    let at = CASES.iter().position(|known| *known == case).unwrap();
    report.rows().swap_remove(at)
}

/// `(outcome, kind of proof, how the evidence was found)` of each case.
fn expected(case: &str) -> (&'static str, Option<&'static str>, Option<&'static str>) {
    match case {
        "stable" | "bracket" | "origin" | "other-title" | "context" | "merged" | "built-on" | "reapplied" => {
            ("upstreamed", Some("peeled"), Some("patch-id"))
        }
        "revert-taken" => ("upstreamed", Some("peeled"), Some("patch-id")),
        "squashed" => ("upstreamed", Some("peeled"), None),
        // Nothing but history can know these two: the lines are others now.
        "adjacent" | "further" => ("upstreamed", Some("patch-id"), Some("patch-id")),
        "reverted" => ("same", None, Some("claim")),
        "revert" | "untouched" => ("same", None, None),
        "revert-changed" | "elsewhere" => ("conflict", None, None),
        // The second was taken, and silently taken back.
        "title" | "undone" => ("same", None, Some("title")),
        "title-clash" => ("conflict", None, Some("title")),
        "partial" => ("partial", None, None),
        other => panic!("{other}"),
    }
}

#[test]
fn every_drop_has_its_proof_and_names_the_commit() {
    let sandbox = Sandbox::new();
    let scene = scene(&sandbox);
    let report = plan(&sandbox, &scene.linux.path, &scene.patches, SERIES);
    let mut wrong = Vec::new();
    for case in CASES {
        let row = row(&report, case);
        let got = (row.outcome(), row.0["proof"]["kind"].as_str(), row.0["evidence"]["how"].as_str());
        if got != expected(case) {
            wrong.push(format!("{case}: {got:?}, expected {:?}", expected(case)));
        }
        if row.outcome() == "upstreamed" && *case != "squashed" {
            let commit = row.0["evidence"]["commit"].as_str();
            assert_eq!(commit, Some(scene.known[case].as_str()), "{case}");
            assert!(row.text("detail").starts_with(&scene.known[case][..12]), "{case}: {}", row.text("detail"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let reverted_by = |case| row(&report, case).0["evidence"]["reverted_by"].as_str().map(str::to_owned);
    assert!(reverted_by("reverted").is_some() && reverted_by("reapplied").is_some());
    assert!(reverted_by("stable").is_none());
    assert!(report.0["history"].as_u64().unwrap() > 25, "{}", report.0["history"]);
}

#[test]
fn every_kind_of_clone_gives_the_same_result() {
    let sandbox = Sandbox::new();
    let scene = scene(&sandbox);
    let linux = &scene.linux;
    let wanted = plan(&sandbox, &linux.path, &scene.patches, SERIES);

    let bare = sandbox.path("bare.git");
    let source = linux.path.to_str().unwrap();
    sandbox.git(&sandbox.path(""), &["clone", "-q", "--bare", "--no-local", source, bare.to_str().unwrap()]);
    let packed = sandbox.path("packed");
    sandbox.git(&sandbox.path(""), &["clone", "-q", source, packed.to_str().unwrap()]);
    sandbox.git(&packed, &["pack-refs", "--all"]);
    sandbox.git(&packed, &["gc", "-q", "--prune=now"]);
    sandbox.git(&packed, &["commit-graph", "write", "--reachable"]);
    let borrowed = sandbox.path("borrowed");
    sandbox.git(&sandbox.path(""), &["clone", "-q", "--shared", source, borrowed.to_str().unwrap()]);
    let linked = sandbox.path("linked");
    linux.git(&["worktree", "add", "-q", "--detach", linked.to_str().unwrap(), "v6.6.13"]);
    for clone in [&bare, &packed, &borrowed, &linked] {
        let report = plan(&sandbox, clone, &scene.patches, SERIES);
        assert_eq!(report.0["patches"], wanted.0["patches"], "{}", clone.display());
        assert_eq!(report.0["history"], wanted.0["history"], "{}", clone.display());
    }
}

#[test]
fn without_history_only_trees_prove() {
    let sandbox = Sandbox::new();
    let scene = scene(&sandbox);
    let wanted = plan(&sandbox, &scene.linux.path, &scene.patches, SERIES);
    let shallow = sandbox.path("shallow");
    sandbox.git(&sandbox.path(""), &["init", "-q", "shallow"]);
    let url = format!("file://{}", scene.linux.path.display());
    let mut args = vec!["fetch", "-q", "--depth=1", "--no-tags", &url];
    args.extend(["refs/tags/v6.6.13:refs/tags/v6.6.13", "refs/tags/v6.6.14:refs/tags/v6.6.14"]);
    sandbox.git(&shallow, &args);
    let report = plan(&sandbox, &shallow, &scene.patches, SERIES);
    assert!(report.0["history"].is_null(), "not checked is not the same as nothing found");
    for case in CASES {
        let (row, with) = (row(&report, case), row(&wanted, case));
        assert!(row.0["evidence"].is_null(), "{case}");
        if matches!(*case, "adjacent" | "further") {
            assert_eq!(row.outcome(), "conflict", "{case}: only history knew");
        } else {
            assert_eq!((row.outcome(), row.text("tree")), (with.outcome(), with.text("tree")), "{case}");
            assert_eq!(row.0["proof"], with.0["proof"], "{case}");
        }
    }
}

#[test]
fn a_history_with_a_hole_counts_as_not_checked() {
    let sandbox = Sandbox::new();
    let linux = Repo::new(&sandbox, "linux");
    linux.write(&file("a"), text("a")).commit("Linux 6.6.13\n");
    linux.tag("v6.6.13");
    linux.git(&["checkout", "-q", "-b", "topic"]);
    for line in [5, 30, 35] {
        linux.lines(&file("a"), &[(line, "topic")]);
        linux.commit(format!("a: line {line}\n"));
    }
    linux.checkout("main");
    linux.write("VERSION", "6.6.14\n").commit("Linux 6.6.14-rc1\n");
    linux.git(&["merge", "-q", "--no-ff", "--no-edit", "topic"]);
    linux.tag("v6.6.14");
    linux.checkout("v6.6.13");
    linux.lines(&file("a"), &[(20, "fixed")]);
    linux.commit("a: fix it\n");
    let patches = sandbox.path("patches");
    linux.format_patches("v6.6.13", "HEAD", &patches);
    let url = format!("file://{}", linux.path.display());
    let mut found = Vec::new();
    for depth in ["--depth=3", "--depth=5"] {
        let clone = sandbox.path(depth);
        sandbox.git(&sandbox.path(""), &["init", "-q", "--bare", "--", clone.to_str().unwrap()]);
        let tags = ["refs/tags/v6.6.13:refs/tags/v6.6.13", "refs/tags/v6.6.14:refs/tags/v6.6.14"];
        sandbox.git(&clone, &["fetch", "-q", depth, "--no-tags", &url, tags[0], tags[1]]);
        let report = plan(&sandbox, &clone, &patches, SERIES);
        assert_eq!(report.rows()[0].outcome(), "same");
        found.push(report.0["history"].as_u64());
    }
    // The first of the topic's commits is behind the edge of the first clone.
    assert_eq!(found, [None, Some(5)]);
}

#[test]
fn a_downgrade_drops_nothing_by_name() {
    let sandbox = Sandbox::new();
    let linux = Repo::new(&sandbox, "linux");
    for name in ["kept", "new", "old"] {
        linux.write(&file(name), text(name));
    }
    linux.lines(&file("old"), &[(20, "fixed")]);
    linux.commit("Linux 6.6.13\n");
    linux.tag("v6.6.13");
    linux.lines(&file("new"), &[(20, "since 14")]);
    linux.commit("new: since 14\n");
    linux.git(&["revert", "--no-edit", "HEAD"]);
    linux.lines(&file("new"), &[(20, "since 14")]).lines(&file("old"), &[(20, "broken again")]);
    linux.commit("Linux 6.6.14\n");
    linux.tag("v6.6.14");
    linux.lines(&file("kept"), &[(20, "fixed")]);
    linux.commit("kept: fix it\n");
    linux.lines(&file("new"), &[(20, "since 14, fixed")]);
    linux.commit("new: fix what is new\n");
    linux.lines(&file("old"), &[(20, "fixed")]);
    linux.commit("old: fix what the older one has right\n");
    let patches = sandbox.path("patches");
    linux.format_patches("v6.6.14", "main", &patches);
    let report = plan(&sandbox, &linux.path, &patches, ["v6.6.14", "v6.6.13"]);
    let outcomes: Vec<_> = report.rows().iter().map(|row| row.outcome().to_owned()).collect();
    assert_eq!(outcomes, ["same", "conflict", "upstreamed"]);
    assert_eq!(report.rows()[2].0["proof"]["kind"], "peeled");
    assert_eq!(report.0["history"], 0);
}

#[test]
fn a_partial_result_lands_only_when_it_is_accepted() {
    let sandbox = Sandbox::new();
    let scene = scene(&sandbox);
    for entry in std::fs::read_dir(&scene.patches).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_str().unwrap().contains("-partial-") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let linux = scene.linux.path.to_str().unwrap();
    let (patches, out) = (scene.patches.to_str().unwrap(), sandbox.path("out"));
    let top = sandbox.path("");
    let mut args = vec!["bump", "v6.6.13", "v6.6.14", "--linux", linux, "--patches", patches];
    args.extend(["--out", out.to_str().unwrap()]);
    let stopped = sandbox.report(&top, &args);
    assert_eq!((stopped.text("state"), stopped.count("partial")), ("stopped", 1));
    assert!(!out.exists());
    assert!(!scene.linux.path.join(".git/refs/heads/v6.6.14-linuxkit").exists());
    let number = stopped.rows()[0].text("file")[..4].trim_start_matches('0').to_owned();
    args.extend(["--accept", &number]);
    let landed = sandbox.report(&top, &args);
    assert_eq!(landed.text("state"), "landed");
    let diff = scene.linux.git(&["diff", "-U0", "v6.6.14", "v6.6.14-linuxkit"]);
    let changed: Vec<&str> = diff
        .lines()
        .filter(|l| (l.starts_with('-') || l.starts_with('+')) && l.get(1..3) != Some(&l[..1].repeat(2)))
        .collect();
    assert_eq!(changed, ["-partial line 30", "+fixed"]);
}

#[test]
fn nothing_left_without_a_proof_waits_for_a_person() {
    let sandbox = Sandbox::new();
    let linux = Repo::new(&sandbox, "linux");
    linux.write(&file("a"), text("a")).write(&file("b"), text("b"));
    linux.commit("Linux 6.6.13\n");
    linux.tag("v6.6.13");
    linux.lines(&file("b"), &[(20, "upstream's own")]);
    linux.commit("Linux 6.6.14\n");
    linux.tag("v6.6.14");
    linux.git(&["checkout", "-q", "v6.6.13"]);
    linux.lines(&file("a"), &[(20, "ours")]).lines(&file("b"), &[(20, "ours")]);
    linux.commit("both: ours\n");
    linux.lines(&file("a"), &[(20, "a line 20")]);
    linux.commit("a: take it back\n");
    let patches = sandbox.path("patches");
    linux.format_patches("v6.6.13", "HEAD", &patches);
    let report = plan(&sandbox, &linux.path, &patches, SERIES);
    let outcomes: Vec<_> = report.rows().iter().map(|row| row.outcome().to_owned()).collect();
    // The second one is empty only because the first one is not there: that proves nothing of the target.
    assert_eq!(outcomes, ["conflict", "emptied"]);
    assert!(report.rows()[1].0["proof"].is_null());
    assert_eq!(report.text("state"), "would-stop");
}

/// A kit with two patches for a series.
fn kit_of(sandbox: &Sandbox, name: &str, linux: &Repo<'_>, patches: &Path) -> PathBuf {
    let kit = sandbox.path(name);
    sandbox.write(&format!("{name}/kernel/Makefile"), "KERNELS_all=6.1.75 6.6.13\n\nall:\n\techo 6.6.13\n");
    sandbox.write(&format!("{name}/kpatch.toml"), format!("linux = {:?}\n", linux.path.to_str().unwrap()));
    let folder = kit.join("kernel/patches-6.6.x");
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(patches).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    sandbox.git(&kit, &["init", "-q"]);
    sandbox.git(&kit, &["add", "-A"]);
    sandbox.git(&kit, &["commit", "-q", "-m", "kit"]);
    kit
}

/// Two series, and patches that carry to both newer releases.
fn two_series<'a>(sandbox: &'a Sandbox, name: &str) -> (Repo<'a>, PathBuf) {
    let linux = Repo::new(sandbox, name);
    for name in ["same", "moved", "taken"] {
        linux.write(&file(name), text(name));
    }
    linux.commit("Linux 6.6\n");
    linux.git(&["branch", "-q", "far"]);
    linux.write("VERSION", "6.6.13\n").commit("Linux 6.6.13\n");
    linux.tag("v6.6.13");
    linux.lines(&file("moved"), &[(18, "closer")]);
    linux.commit("moved: come closer\n");
    linux.write("VERSION", "6.6.14\n").commit("Linux 6.6.14\n");
    linux.tag("v6.6.14");
    linux.checkout("far");
    linux.git(&["mv", &file("moved"), "drivers/elsewhere.c"]);
    linux.commit("moved: rename\n");
    linux.lines(&file("taken"), &[(20, "fixed")]);
    linux.commit("taken: fix it\n");
    linux.write("VERSION", "6.12.1\n").commit("Linux 6.12.1\n");
    linux.tag("v6.12.1");
    linux.checkout("v6.6.13");
    for name in ["same", "moved", "taken"] {
        linux.lines(&file(name), &[(20, "fixed")]);
        linux.commit(format!("{name}: fix it\n\nSigned-off-by: A U Thor <author@example.org>\n"));
    }
    let patches = sandbox.path(&format!("{name}-patches"));
    linux.format_patches("v6.6.13", "HEAD", &patches);
    linux.checkout("main");
    (linux, patches)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_kit_goes_to_the_next_release_and_to_another_series() {
    let sandbox = Sandbox::new();
    let (linux, patches) = two_series(&sandbox, "linux");
    let kit = kit_of(&sandbox, "kit", &linux, &patches);
    sandbox.report(&kit, &["import", "6.6.x"]);
    let refs = || linux.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags"]);
    let before = refs();
    assert!(before.contains("refs/heads/v6.6.13-linuxkit"));

    let next = sandbox.report(&kit, &["bump", "6.6.x"]);
    assert_eq!((next.text("state"), next.text("branch")), ("landed", "v6.6.14-linuxkit"));
    assert_eq!((next.count("same"), next.count("refreshed")), (2, 1), "{}", next.0["counts"]);
    let makefile = std::fs::read_to_string(kit.join("kernel/Makefile")).unwrap();
    assert_eq!(makefile, "KERNELS_all=6.1.75 6.6.14\n\nall:\n\techo 6.6.13\n");
    assert_eq!(names(&kit.join("kernel")), ["Makefile", "patches-6.6.x"]);
    sandbox.git(&kit, &["commit", "-q", "-a", "-m", "6.6.14"]);
    let after: Vec<String> = refs().lines().map(str::to_owned).collect();
    let kept: Vec<&str> = after.iter().map(String::as_str).filter(|line| !line.contains("v6.6.14-linuxkit")).collect();
    assert_eq!(kept.join("\n"), before, "no other ref moves");

    let far = sandbox.report(&kit, &["bump", "v6.6.14", "v6.12.1"]);
    assert_eq!((far.text("state"), far.text("branch")), ("landed", "v6.12.1-linuxkit"), "{}", far.0);
    assert_eq!(far.count("upstreamed"), 1);
    assert_eq!(far.0["renames"][0]["to"], "drivers/elsewhere.c");
    assert_eq!(names(&kit.join("kernel")), ["Makefile", "patches-6.12.x"]);
    assert_eq!(names(&kit.join("kernel/patches-6.12.x")), ["0001-same-fix-it.patch", "0002-moved-fix-it.patch"]);
    let makefile = std::fs::read_to_string(kit.join("kernel/Makefile")).unwrap();
    assert_eq!(makefile, "KERNELS_all=6.1.75 6.12.1\n\nall:\n\techo 6.6.13\n");
    let changed = linux.git(&["diff", "--name-only", "v6.12.1", "v6.12.1-linuxkit"]);
    assert_eq!(changed, "drivers/elsewhere.c\ndrivers/same.c");
}

#[test]
fn no_setting_of_either_repository_changes_a_byte() {
    const SETTINGS: &[(&str, &str)] = &[
        ("rebase.updateRefs", "true"),
        ("diff.algorithm", "patience"),
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.context", "7"),
        ("diff.renames", "copies"),
        ("diff.indentHeuristic", "false"),
        ("diff.external", "false"),
        ("core.abbrev", "30"),
        ("core.autocrlf", "true"),
        ("core.eol", "crlf"),
        ("core.quotePath", "false"),
        ("core.commentChar", "f"),
        ("format.noprefix", "true"),
        ("format.signOff", "true"),
        ("format.attach", "x"),
        ("format.headers", "X-Leak: yes"),
        ("format.subjectPrefix", "LEAK"),
        ("format.numbered", "true"),
        ("format.signature", "leak"),
        ("format.useAutoBase", "true"),
        ("merge.conflictStyle", "zdiff3"),
        ("merge.renames", "false"),
        ("merge.directoryRenames", "true"),
        ("apply.whitespace", "fix"),
        ("am.threeWay", "true"),
        ("mailinfo.scissors", "true"),
        ("commit.gpgsign", "true"),
        ("gpg.program", "/bin/false"),
        ("user.name", "Somebody Else"),
        ("user.email", "else@example.org"),
        ("i18n.commitEncoding", "latin1"),
        ("core.hooksPath", "/nonexistent"),
    ];
    let run = |name: &str, settings: &[(&str, &str)], more: &[&str]| {
        let sandbox = Sandbox::new();
        let (linux, patches) = two_series(&sandbox, name);
        let kit = kit_of(&sandbox, "kit", &linux, &patches);
        for (key, value) in settings {
            sandbox.git(&linux.path, &["config", key, value]);
            sandbox.git(&kit, &["config", key, value]);
        }
        let mut commits = Vec::new();
        for [from, to] in [["v6.6.13", "v6.6.14"], ["v6.6.14", "v6.12.1"]] {
            let mut args = vec!["bump", from, to, "--allow-dirty"];
            args.extend(more);
            let report = sandbox.report(&kit, &args);
            assert_eq!(report.text("state"), "landed");
            commits.push(report.text("commit").to_owned());
            let branch = format!("refs/heads/{to}-linuxkit");
            assert_eq!(sandbox.git(&linux.path, &["rev-parse", &branch]), *commits.last().unwrap());
        }
        let folder = kit.join("kernel/patches-6.12.x");
        let read = |name: String| (std::fs::read(folder.join(&name)).unwrap(), name);
        (commits, names(&folder).into_iter().map(read).collect::<Vec<_>>())
    };
    for more in [&[][..], &["--refresh"], &["--refresh", "--export", "git"]] {
        assert_eq!(run("linux", SETTINGS, more), run("linux", &[], more), "{more:?}");
    }
    assert_eq!(run("linux", SETTINGS, &["--refresh"]), run("linux", &[], &["--refresh", "--export", "git"]));
}
