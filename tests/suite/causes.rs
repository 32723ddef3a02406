//! Why a patch conflicts: the commits that are named, beside what git says of the same lines.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::support::repo::text;
use crate::support::{Random, Repo, Report, Sandbox};

const FILE: &str = "drivers/thing.c";
const TAGS: [&str; 2] = ["v6.6.13", "v6.6.14"];

/// A linux tree on its way from one release to the next, and the patches on the first one.
struct Scene<'a> {
    sandbox: &'a Sandbox,
    linux: Repo<'a>,
    patches: PathBuf,
}

impl<'a> Scene<'a> {
    /// Begins with these files; `patch` makes the commits of the set.
    fn new(sandbox: &'a Sandbox, files: &[(&str, &str)], patch: impl Fn(&Repo<'_>)) -> Self {
        let linux = Repo::new(sandbox, "linux");
        for (path, content) in files {
            linux.write(path, content);
        }
        linux.commit("Linux 6.6.13\n");
        linux.tag(TAGS[0]);
        linux.git(&["checkout", "-q", "-b", "ours"]);
        patch(&linux);
        let patches = sandbox.path("patches");
        linux.format_patches(TAGS[0], "ours", &patches);
        linux.checkout("main");
        Self { sandbox, linux, patches }
    }

    /// A commit of upstream's that gives lines another text.
    fn lines(&self, title: &str, lines: &[(usize, &str)]) -> String {
        self.linux.lines(FILE, lines);
        self.linux.commit(format!("{title}\n"))
    }

    /// The rows of a plan, once upstream is done.
    fn rows(&self) -> Vec<Report> {
        self.linux.git(&["tag", "-f", TAGS[1]]);
        let (linux, patches) = (self.linux.path.to_str().unwrap(), self.patches.to_str().unwrap());
        let args = ["plan", TAGS[0], TAGS[1], "--linux", linux, "--patches", patches];
        self.sandbox.report(&self.sandbox.path(""), &args).rows()
    }

    /// The row of the only patch, which conflicts.
    fn row(&self) -> Report {
        let row = self.rows().remove(0);
        assert_eq!(row.outcome(), "conflict", "{}", row.0);
        row
    }

    /// The commits that `git log` with these options names between the releases.
    fn log(&self, options: &[&str]) -> Vec<String> {
        let range = format!("{}..{}", TAGS[0], TAGS[1]);
        let args = [&["log", "--format=%H", "-s"], options, &[&range]].concat();
        self.linux.git(&args).lines().filter(|line| line.len() == 40).map(str::to_owned).collect()
    }
}

/// What a row says of its causes: how, and the commit.
fn causes(row: &Report) -> Vec<(String, String)> {
    let all = row.0["causes"].as_array().unwrap().iter();
    all.map(|cause| (cause["how"].as_str().unwrap().to_owned(), cause["commit"].as_str().unwrap().to_owned())).collect()
}

fn notes(row: &Report) -> Vec<&str> {
    row.0["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect()
}

fn changed(commit: &str) -> (String, String) {
    ("changed".to_owned(), commit.to_owned())
}

/// The patch of most scenes: it changes line 20.
fn line_twenty(linux: &Repo<'_>) {
    linux.lines(FILE, &[(20, "patched twenty")]);
    linux.commit("thing: patch line 20\n");
}

#[test]
fn the_commit_that_changed_the_line_is_named_as_git_blame_does() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], line_twenty);
    scene.lines("thing: far above", &[(2, "two")]);
    let guilty = scene.lines("thing: change it upstream", &[(20, "upstream twenty")]);
    scene.lines("thing: far below", &[(35, "thirty-five")]);
    scene.linux.write("other.c", "x\n").commit("other: new\n");
    let row = scene.row();
    assert_eq!(causes(&row), [changed(&guilty)]);
    assert_eq!(row.0["causes"][0]["title"], "thing: change it upstream");
    assert_eq!(row.0["causes"][0]["path"], FILE);
    let blame = scene.linux.git(&["blame", "--porcelain", "-L", "20,20", TAGS[1], "--", FILE]);
    assert!(blame.starts_with(&guilty));
}

#[test]
fn what_is_still_to_be_seen_comes_before_what_was_changed_again() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], line_twenty);
    let first = scene.lines("thing: once", &[(20, "a long line that nobody sees any more")]);
    let second = scene.lines("thing: twice", &[(20, "what stands")]);
    assert_eq!(causes(&scene.row()), [changed(&second), changed(&first)]);
    let named: HashSet<String> = scene.log(&[&format!("-L20,20:{FILE}")]).into_iter().collect();
    assert_eq!(named, HashSet::from([first, second]));
}

#[test]
fn who_removed_the_lines_is_named_as_git_log_does() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], line_twenty);
    scene.lines("thing: something else", &[(30, "thirty")]);
    let without = text("thing").replace("thing line 19\nthing line 20\nthing line 21\n", "");
    scene.linux.write(FILE, without.replace("thing line 30\n", "thirty\n"));
    let guilty = scene.linux.commit("thing: simplify\n");
    assert_eq!(causes(&scene.row()), [changed(&guilty)]);
    assert_eq!(scene.log(&["-Sthing line 20"]), [guilty]);
}

#[test]
fn an_insertion_at_the_same_place_is_named() {
    let sandbox = Sandbox::new();
    let put = |line: &str| text("thing").replace("thing line 20\n", &format!("thing line 20\n{line}\n"));
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], |linux| {
        linux.write(FILE, put("added by the patch")).commit("thing: add a line\n");
    });
    scene.lines("thing: near by", &[(18, "eighteen")]);
    scene.linux.write(FILE, put("added by upstream").replace("thing line 18\n", "eighteen\n"));
    let guilty = scene.linux.commit("thing: add another\n");
    assert_eq!(causes(&scene.row()), [changed(&guilty)]);
}

#[test]
fn braces_count_only_where_nothing_else_does() {
    let sandbox = Sandbox::new();
    let braced = text("thing").replace("thing line 21\n", "}\n").replace("thing line 22\n", "\n");
    let scene = Scene::new(&sandbox, &[(FILE, &braced)], |linux| {
        linux.lines(FILE, &[(20, "twenty"), (21, "} /* patched */"), (22, "/* and this */")]);
        linux.commit("thing: patch\n");
    });
    let brace = scene.lines("thing: a brace more", &[(21, "}}")]);
    assert_eq!(causes(&scene.row()), [changed(&brace)]);
    let guilty = scene.lines("thing: twenty", &[(20, "upstream twenty")]);
    assert_eq!(causes(&scene.row()), [changed(&guilty)]);
}

#[test]
fn five_are_named_at_most() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], |linux| {
        let lines: Vec<(usize, &str)> = (15..25).map(|line| (line, "patched")).collect();
        linux.lines(FILE, &lines);
        linux.commit("thing: patch ten lines\n");
    });
    for line in 15..25 {
        scene.lines(&format!("thing: line {line}"), &[(line, &"x".repeat(line))]);
    }
    let named = causes(&scene.row());
    let newest: Vec<String> = scene.log(&["--", FILE]).into_iter().take(5).collect();
    assert_eq!(named.into_iter().map(|(_, commit)| commit).collect::<Vec<_>>(), newest, "the longest lines");
}

#[test]
fn in_a_history_with_merges_the_text_decides() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], line_twenty);
    let linux = &scene.linux;
    linux.git(&["checkout", "-q", "-b", "topic"]);
    scene.lines("thing: on a topic", &[(2, "two")]);
    let guilty = scene.lines("thing: change it on a topic", &[(20, "topic twenty")]);
    linux.checkout("main");
    scene.lines("thing: on the main line", &[(38, "thirty-eight")]);
    linux.git(&["merge", "-q", "--no-ff", "--no-edit", "topic"]);
    scene.lines("thing: later", &[(5, "five")]);
    assert_eq!(causes(&scene.row()), [changed(&guilty)]);
    assert_eq!(scene.log(&["-Stopic twenty"]), [guilty]);
}

/// Random histories: whoever `git blame` finds in the conflicting lines is named, and nobody whom `git log -L` does not
/// know.
#[test]
fn the_named_commits_are_those_of_git() {
    let mut random = Random::new(7);
    let mut named = 0;
    for _ in 0..4 {
        let sandbox = Sandbox::new();
        let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], line_twenty);
        scene.lines("thing: the clash", &[(20, "upstream twenty")]);
        for number in 0..20 {
            let content = std::fs::read_to_string(scene.linux.path.join(FILE)).unwrap();
            let mut lines: Vec<String> = content.lines().map(str::to_owned).collect();
            let at = random.below(lines.len());
            let count = random.below(3).min(lines.len() - at);
            let put = (0..random.below(3)).map(|line| format!("commit {number} line {line}"));
            lines.splice(at..at + count, put.collect::<Vec<_>>());
            let changed = lines.join("\n") + "\n";
            if changed != content {
                scene.linux.write(FILE, changed).commit(format!("thing: commit {number}\n"));
            }
        }
        let row = scene.row();
        let ours: HashSet<String> = causes(&row).into_iter().map(|(_, commit)| commit).collect();
        let stretch = &row.0["conflicts"][0]["stretches"][0];
        let (start, count) = (stretch[0].as_u64().unwrap(), stretch[1].as_u64().unwrap());
        if count == 0 {
            assert!(!ours.is_empty(), "somebody took the line away");
            continue;
        }
        let end = start + count - 1;
        let blame = scene.linux.git(&["blame", "-l", "-s", &format!("-L{start},{end}"), TAGS[1], "--", FILE]);
        let blamed: HashSet<String> =
            blame.lines().filter(|line| !line.starts_with('^')).map(|line| line[..40].to_owned()).collect();
        let root = scene.linux.git(&["rev-parse", TAGS[0]]);
        let blamed: HashSet<String> = blamed.into_iter().filter(|commit| !root.starts_with(commit.as_str())).collect();
        // The lines beside the stretch belong to it where some went.
        let (from, to) = (start.saturating_sub(1).max(1), end + 1);
        let total = std::fs::read_to_string(scene.linux.path.join(FILE)).unwrap().lines().count() as u64;
        let log: HashSet<String> = scene.log(&[&format!("-L{from},{}:{FILE}", to.min(total))]).into_iter().collect();
        assert!(ours.is_subset(&log), "{ours:?} are among {log:?}");
        if blamed.len() <= 5 {
            assert!(blamed.is_subset(&ours), "{blamed:?} are among {ours:?}");
        }
        named += ours.len();
    }
    assert!(named > 5, "{named} commits were named");
}

#[test]
fn a_moved_file_is_followed() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], line_twenty);
    let guilty = scene.lines("thing: before the move", &[(20, "upstream twenty")]);
    scene.linux.git(&["mv", FILE, "drivers/other.c"]);
    let mover = scene.linux.commit("thing: move it\n");
    let row = scene.row();
    assert_eq!(causes(&row), [changed(&guilty), ("moved".into(), mover)]);
    assert_eq!(row.0["causes"][0]["path"], "drivers/other.c");
    assert_eq!(notes(&row), ["drivers/thing.c is drivers/other.c in v6.6.14, 97 % similar"]);
    let follow = scene.linux.git(&["log", "--follow", "--format=%H", "v6.6.13..v6.6.14", "--", "drivers/other.c"]);
    assert_eq!(follow.lines().count(), 2);
}

#[test]
fn who_deleted_the_file_is_named_and_what_took_its_place() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], line_twenty);
    scene.lines("thing: a last change", &[(1, "one")]);
    let third = text("thing").lines().take(16).collect::<Vec<_>>().join("\n");
    scene.linux.git(&["rm", "-q", FILE]);
    scene.linux.write("drivers/new/thing.c", third + "\n" + &text("new").replace("line", "row"));
    let guilty = scene.linux.commit("thing: rewrite\n");
    let row = scene.row();
    assert_eq!(row.0["conflicts"][0]["kind"], "deleted-upstream");
    assert_eq!(causes(&row), [("deleted".into(), guilty)]);
    let said = notes(&row);
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("drivers/thing.c is gone from v6.6.14; drivers/new/thing.c is 3"), "{said:?}");
    // Git finds it with the same similarity.
    let found = scene.linux.git(&["diff", "--name-status", "-M30%", TAGS[0], TAGS[1]]);
    let alike = found.lines().find(|line| line.starts_with('R')).unwrap()[1..4].trim_start_matches('0').to_owned();
    assert!(said[0].ends_with(&format!(" is {alike} % similar")), "{said:?} {found}");
}

#[test]
fn a_deleted_file_that_nothing_is_like() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], line_twenty);
    scene.linux.git(&["rm", "-q", FILE]);
    scene.linux.write("drivers/thing.h", "nothing alike\n").commit("thing: remove\n");
    assert_eq!(notes(&scene.row()), ["drivers/thing.c is gone from v6.6.14; no file that came since is similar"]);
}

#[test]
fn a_file_that_was_moved_and_rewritten_later_is_said_to_be_moved() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], line_twenty);
    scene.linux.git(&["mv", FILE, "drivers/moved.c"]);
    let mover = scene.linux.commit("thing: move it\n");
    scene.linux.write("drivers/moved.c", text("other").replace("line", "row")).commit("moved: rewrite\n");
    let row = scene.row();
    assert_eq!(causes(&row), [("moved".into(), mover.clone())]);
    let said = notes(&row);
    assert!(said[0].starts_with("drivers/thing.c is gone from v6.6.14; no file"), "{said:?}");
    assert_eq!(said[1], format!("{} moved drivers/thing.c to drivers/moved.c, 100 % similar then", &mover[..12]));
}

#[test]
fn another_form_of_the_patch_comes_first() {
    for message in
        ["thing: fix it\n", "thing: another title\n\ncommit 1234567890123456789012345678901234567890 upstream.\n"]
    {
        let sandbox = Sandbox::new();
        let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], |linux| {
            linux.lines(FILE, &[(20, "patched twenty")]);
            let picked = "(cherry picked from commit 1234567890123456789012345678901234567890)";
            linux.commit(format!("thing: fix it\n\n{picked}\n"));
        });
        let clash = scene.lines("thing: long before", &[(20, "a very long line that everybody can see")]);
        scene.linux.lines(FILE, &[(5, "fixed")]);
        let form = scene.linux.commit(message);
        assert_eq!(causes(&scene.row()), [("another-form".into(), form), changed(&clash)]);
    }
}

#[test]
fn a_name_that_went_is_a_prerequisite() {
    let sandbox = Sandbox::new();
    let source = text("thing")
        .replace("thing line 22\n", "\tthing_reset(t);\n")
        .replace("thing line 5\n", "void thing_reset(x)\n");
    let scene = Scene::new(&sandbox, &[(FILE, &source)], |linux| {
        linux.lines(FILE, &[(20, "\tthing_reset(t); /* patched */")]);
        linux.commit("thing: reset it\n");
    });
    let clash = scene.lines("thing: change line 20", &[(20, "upstream twenty")]);
    let taker = scene.lines("thing: no thing_reset any more", &[(5, "five"), (22, "\tthing_stop(t);")]);
    let row = scene.row();
    assert_eq!(causes(&row), [changed(&clash), ("prerequisite".into(), taker.clone())]);
    assert_eq!(notes(&row), ["drivers/thing.c of v6.6.14 has no thing_reset, which the patch uses"]);
    assert_eq!(scene.log(&["-Sthing_reset"]), [taker]);
}

#[test]
fn hunks_that_the_target_has_are_counted() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], |linux| {
        linux.lines(FILE, &[(5, "patched five"), (20, "patched twenty"), (35, "patched thirty-five")]);
        linux.commit("thing: three places\n");
    });
    scene.lines("thing: the first two", &[(5, "patched five"), (20, "patched twenty")]);
    scene.lines("thing: the third in another way", &[(35, "upstream thirty-five")]);
    assert_eq!(notes(&scene.row()), ["2 of 3 hunks are in v6.6.14 already"]);
}

/// Two releases without a common commit, as imported tarballs are.
#[test]
fn without_history_the_places_are_described() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing")), ("gone.c", &text("gone"))], |linux| {
        linux.lines(FILE, &[(10, "patched ten"), (20, "patched twenty")]);
        linux.lines("gone.c", &[(20, "patched twenty")]);
        linux.commit("thing: two places\n");
    });
    let linux = &scene.linux;
    linux.git(&["checkout", "-q", "--orphan", "imported"]);
    linux.lines(FILE, &[(10, "ten\nand a half"), (20, "twenty"), (30, "thirty")]);
    linux.git(&["rm", "-q", "-f", "gone.c"]);
    linux.commit("Linux 6.6.14\n");
    let row = scene.row();
    assert_eq!(causes(&row), []);
    assert_eq!(
        notes(&row),
        [
            "gone.c is gone from v6.6.14; no file that came since is similar",
            "drivers/thing.c:10: v6.6.14 has 2 lines where v6.6.13 has 1 line",
            "drivers/thing.c:21: v6.6.14 has 1 line where v6.6.13 has 1 line",
            "the linux tree has no history between v6.6.13 and v6.6.14, so no commit can be named",
        ]
    );
}

#[test]
fn a_blocked_patch_has_notes_and_no_causes() {
    let sandbox = Sandbox::new();
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], |linux| {
        line_twenty(linux);
        linux.lines(FILE, &[(20, "patched again"), (30, "patched thirty")]);
        linux.commit("thing: patch it again\n");
    });
    scene.lines("thing: clash", &[(20, "upstream twenty"), (30, "patched thirty")]);
    let rows = scene.rows();
    assert_eq!(rows[1].outcome(), "blocked");
    assert_eq!(causes(&rows[1]), []);
    assert_eq!(notes(&rows[1]), ["1 of 2 hunks is in v6.6.14 already"]);
}

#[test]
fn who_put_the_same_block_elsewhere_is_named() {
    let sandbox = Sandbox::new();
    let check = "\tif (t->quirks & THING_SLOW)\n\t\tthing_wait_for_reset(t, THING_RESET_MS);\n";
    let put = |line: &str| text("thing").replace(line, &format!("{check}{line}"));
    let scene = Scene::new(&sandbox, &[(FILE, &text("thing"))], |linux| {
        linux.write(FILE, put("thing line 10\n")).commit("thing: wait\n");
    });
    scene.lines("thing: something else", &[(2, "two")]);
    scene.linux.write(FILE, put("thing line 30\n").replace("thing line 2\n", "two\n"));
    let guilty = scene.linux.commit("thing: wait here\n");
    let row = scene.row();
    assert_eq!(row.0["hazards"][0]["kind"], "added-twice");
    assert_eq!(causes(&row), [changed(&guilty)]);
}

#[test]
fn what_a_patch_from_a_newer_tree_builds_on_is_found() {
    use kpatch::git::{Oid, Renames, Store, Walk};
    use kpatch::upstream::{Deed, prerequisites};
    let sandbox = Sandbox::new();
    let linux = Repo::new(&sandbox, "linux");
    linux.write(FILE, text("thing")).commit("Linux 6.6\n");
    linux.git(&["checkout", "-q", "-b", "mainline"]);
    linux.lines(FILE, &[(3, "three")]).commit("thing: no concern\n");
    let needed = linux.lines(FILE, &[(20, "twenty as the fix expects it")]).commit("thing: prepare\n");
    linux.write("other.c", "x\n").commit("other: new\n");
    let fix = linux.lines(FILE, &[(20, "twenty as the fix expects it, fixed")]).commit("thing: fix it\n");
    linux.checkout("main");
    let target = linux.lines(FILE, &[(38, "thirty-eight")]).commit("thing: in stable only\n");
    let store = Store::open(&linux.path).unwrap();
    let id = |hex: &str| Oid::from_hex(hex.as_bytes()).unwrap();
    let read = store.commit(id(&fix)).unwrap();
    let (before, ours) = (store.commit(read.parents[0]).unwrap().tree, store.commit(id(&target)).unwrap().tree);
    let mut changes: Vec<Walk> = Vec::new();
    store.diff_trees(Some(before), Some(read.tree), &mut |walk| changes.push(walk)).unwrap();
    let conflicts = store.three_way(&changes, ours, &Renames::new()).unwrap().conflicts;
    assert_eq!(conflicts.len(), 1);
    let found = prerequisites(&store, id(&fix), id(&target), &conflicts, 10_000).unwrap();
    assert_eq!(
        found.iter().map(|cause| (cause.commit, cause.deed)).collect::<Vec<_>>(),
        [(id(&needed), Deed::Prerequisite)]
    );
    // The one before the fix is another one; the bound holds.
    assert_eq!(prerequisites(&store, id(&fix), id(&target), &conflicts, 1).unwrap(), []);
    // A target that has the commit lacks nothing.
    assert_eq!(prerequisites(&store, id(&fix), id(&needed), &conflicts, 10_000).unwrap(), []);
}
