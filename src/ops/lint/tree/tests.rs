//! Small linux trees, and what is said of patches on them.

use std::path::Path;

use super::*;
use crate::diff::testing::git;
use crate::event::{Interrupt, Silent};
use crate::lint::{Settings, Subject, tree as judge};
use crate::patch::{Draft, examine};

/// A linux tree with releases of 6.6 and 6.7, made by git.
struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().expect("a directory") };
        world.git(&["init", "-q", "-b", "main"]);
        for name in ["a", "b", "c", "d", "e", "f"] {
            world.write(name, &text(name));
        }
        world.commit("Linux 6.5");
        world.write("a", &text("a").replace("a 2\n", "a two\n"));
        world.commit("Linux 6.6");
        world.git(&["tag", "v6.6"]);
        world
    }

    fn root(&self) -> &Path {
        self.dir.path()
    }

    fn git(&self, args: &[&str]) -> String {
        String::from_utf8(git(self.root(), args, b"")).expect("text").trim().to_owned()
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.root().join(name), content).expect("written");
    }

    /// A commit of all that was written; its id.
    fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A commit that puts `word` into a line of a file.
    fn change(&self, name: &str, line: usize, word: &str, message: &str) -> String {
        let content = std::fs::read_to_string(self.root().join(name)).expect("readable");
        let lines = content.lines().enumerate();
        let new: Vec<&str> = lines.map(|(at, old)| if at + 1 == line { word } else { old }).collect();
        self.write(name, &(new.join("\n") + "\n"));
        self.commit(message)
    }

    /// The patch that turns a file of the base into one with `word` in a line.
    fn patch(&self, name: &str, line: usize, word: &str, message: &str) -> Vec<u8> {
        self.git(&["checkout", "-q", "-B", "kit", "v6.6.2"]);
        self.change(name, line, word, message);
        let patch = git(self.root(), &["format-patch", "--full-index", "--stdout", "-1"], b"");
        self.git(&["checkout", "-q", "-f", "main"]);
        self.git(&["branch", "-q", "-D", "kit"]);
        patch
    }

    fn facts(&self, patches: &[Vec<u8>]) -> TreeFacts {
        self.facts_on("v6.6.2", patches)
    }

    fn facts_on(&self, tag: &str, patches: &[Vec<u8>]) -> TreeFacts {
        let (drafts, settings) = (drafts(patches), Settings::default());
        let mails: Vec<Mail<'_>> = drafts.iter().map(|draft| Mail::new(draft, &settings)).collect();
        let store = Store::open(self.root()).expect("a repository");
        let base = Release::find(&store, tag).expect("the tag");
        let interrupt = Interrupt::new();
        facts(&store, &base, &format!("{tag}-linuxkit"), &mails, Watch { observer: &Silent, interrupt: &interrupt })
            .expect("facts")
    }

    /// The ids of the rules that fire on one patch.
    fn fired(&self, patch: &[u8]) -> Vec<String> {
        let patches = [patch.to_vec()];
        let facts = self.facts(&patches);
        assert_eq!(facts.no_history, None);
        let subject = Subject { name: "0001-x.patch", path: "0001-x.patch" };
        let (read, settings) = (drafts(&patches), Settings::default());
        let judged = judge(subject, &Mail::new(&read[0], &settings), &facts.patches[0]);
        let all = judged.into_iter().map(|judged| judged.finding.rule);
        let mut fired: Vec<String> = all.filter(|rule| rule.starts_with(['P', 'U'])).collect();
        fired.sort();
        fired
    }
}

fn text(name: &str) -> String {
    (1..=30).fold(String::new(), |text, line| text + &format!("{name} {line}\n"))
}

fn drafts(patches: &[Vec<u8>]) -> Vec<Draft> {
    let named = patches.iter().enumerate().map(|(at, bytes)| (format!("{:04}-x.patch", at + 1), bytes));
    named.flat_map(|(name, bytes)| examine(&name, bytes).expect("a patch")).collect()
}

/// A tree with mainline and stable, and the ids of mainline's commits.
fn world() -> (World, std::collections::BTreeMap<&'static str, String>) {
    let world = World::new();
    let mut ids = std::collections::BTreeMap::new();
    world.git(&["checkout", "-q", "-b", "mainline"]);
    ids.insert("taken", world.change("a", 10, "taken", "a: taken by stable"));
    ids.insert("soon", world.change("b", 10, "soon", "b: taken soon"));
    ids.insert("released", world.change("c", 10, "released", "c: released in mainline"));
    let fix = format!("c: mend it\n\nFixes: {} (\"c: released in mainline\")", &ids["released"][..12]);
    ids.insert("fix", world.change("c", 20, "mended", &fix));
    ids.insert("bad", world.change("d", 10, "bad", "d: a bad idea"));
    let revert = format!("Revert \"d: a bad idea\"\n\nThis reverts commit {}.", ids["bad"]);
    world.change("d", 10, "d 10", &revert);
    world.commit("Linux 6.7");
    world.git(&["tag", "v6.7"]);
    ids.insert("open", world.change("e", 10, "open", "e: not released"));
    world.git(&["checkout", "-q", "main"]);
    world.change("f", 10, "stable", "f: of stable");
    world.change("a", 10, "taken", &format!("a: taken by stable\n\ncommit {} upstream.", ids["taken"]));
    world.commit("Linux 6.6.2");
    world.git(&["tag", "v6.6.2"]);
    world.git(&["checkout", "-q", "-b", "v6.6.2-linuxkit"]);
    ids.insert("local", world.change("e", 20, "local", "e: a patch"));
    world.git(&["checkout", "-q", "main"]);
    world.change("b", 10, "soon", &format!("b: taken soon\n\n[ Upstream commit {} ]", ids["soon"]));
    world.commit("Linux 6.6.3");
    world.git(&["tag", "v6.6.3"]);
    (world, ids)
}

fn picked(subject: &str, id: &str) -> String {
    format!("{subject}\n\nText.\n\nSigned-off-by: A <a@b.c>\n(cherry picked from commit {id})")
}

#[test]
fn what_upstream_made_of_a_patch() {
    let (world, ids) = world();
    let cases = [
        ("a pick that stable has", world.patch("a", 20, "x", &picked("a: x", &ids["taken"])), vec!["P010", "U001"]),
        (
            "a pick of the next release",
            world.patch("b", 10, "soon", &picked("b: taken soon", &ids["soon"])),
            vec!["U002"],
        ),
        ("a pick with a later fix", world.patch("c", 10, "released", &picked("c: y", &ids["released"])), vec!["U003"]),
        ("a pick with a later revert", world.patch("d", 10, "bad", &picked("d: y", &ids["bad"])), vec!["U004"]),
        ("a pick without a release", world.patch("e", 10, "open", &picked("e: y", &ids["open"])), vec!["P003"]),
        ("a pick of a patch", world.patch("e", 20, "local", &picked("e: y", &ids["local"])), vec!["P012"]),
        ("a pick of nothing", world.patch("e", 5, "x", &picked("e: y", &"12".repeat(20))), vec!["P009"]),
        (
            "a copy without a word",
            world.patch("c", 20, "mended", "c: no word\n\nSigned-off-by: A <a@b.c>"),
            vec!["U005"],
        ),
        ("a patch of its own", world.patch("f", 20, "x", "f: own\n\nSigned-off-by: A <a@b.c>"), vec![]),
        ("a pick as it is", world.patch("c", 20, "mended", &picked("c: mend it", &ids["fix"])), vec![]),
    ];
    for (what, patch, rules) in cases {
        assert_eq!(world.fired(&patch), rules, "{what}");
    }
}

#[test]
fn words_that_quiet_rules() {
    let (world, ids) = world();
    let with = |message: String, line: &str| message.replace("\n\nSigned-off", &format!("\n\n{line}\nSigned-off"));
    let open = world.patch("e", 10, "open", &format!("{}\nOrigin: https://x.org/1", picked("e: y", &ids["open"])));
    assert!(world.fired(&open).is_empty(), "an origin says where an open commit is");
    let other = world.patch("c", 11, "x", &with(picked("c: y", &ids["fix"]), "[me: another line]"));
    assert!(world.fired(&other).is_empty(), "a note says that the patch was changed");
    let fixes = format!("e: y\n\nText.\n\nFixes: {} (\"x\")\nOrigin: https://x.org/1", &"ab".repeat(6));
    assert_eq!(world.fired(&world.patch("e", 11, "x", &fixes)), ["P009"]);
    let reverts = format!("Revert \"f\"\n\nThis reverts commit {}.\n\nIt hangs.", "ab".repeat(20));
    assert_eq!(world.fired(&world.patch("e", 11, "x", &reverts)), ["P009"]);
    let titled = world.patch("f", 20, "x", "c: mend it\n\nSigned-off-by: A <a@b.c>");
    let facts = world.facts(std::slice::from_ref(&titled)).patches.remove(0).upstream.expect("history");
    assert_eq!(facts.copy_of.expect("a commit of that title").how, crate::lint::Found::SAME_TITLE);
}

#[test]
fn a_set_that_has_the_fix_is_not_told_of_it() {
    let (world, ids) = world();
    let first = world.patch("c", 10, "released", &picked("c: y", &ids["released"]));
    let fix = world.patch("c", 20, "mended", &picked("c: mend it", &ids["fix"]));
    let facts = world.facts(&[first, fix]);
    let fixed = |at: usize| facts.patches[at].upstream.as_ref().expect("history").fixed_by.len();
    assert_eq!([fixed(0), fixed(1)], [0, 0]);
    let claim = &facts.patches[0].upstream.as_ref().expect("history").claims[0];
    assert!(claim.is_known && claim.is_released && claim.is_same == Some(true) && claim.local.is_none());
}

#[test]
fn a_patch_that_fails_is_left_out_and_named() {
    let (world, _) = world();
    let good = world.patch("f", 20, "x", "f: own");
    let text = String::from_utf8(good.clone()).expect("text");
    let bad = text.replace("-f 20", "-f twenty").into_bytes();
    let hostile = text.replace("a/f", "a/../f").replace("b/f", "b/../f").into_bytes();
    let moved = text.replace("@@ -17,7 +17,7 @@", "@@ -14,7 +14,7 @@").into_bytes();
    let facts = world.facts(&[bad, hostile, moved]);
    let [bad, hostile, moved] = &facts.patches[..] else { panic!("three") };
    assert!(bad.applied.is_err() && bad.after_failure.is_none());
    assert!(hostile.applied.is_err() && hostile.link.is_none());
    assert_eq!(moved.applied, Ok(vec![Drift { diff: 0, offsets: vec![3] }]));
    assert_eq!(moved.after_failure.as_deref(), Some("0001-x.patch"));
    assert!(facts.set.am.as_ref().is_err_and(|why| why.starts_with("0001-x.patch: ")));
    assert!(facts.set.patch.is_err());
    let facts = world.facts(&[good]);
    assert!(facts.set.am.is_ok() && facts.set.am == facts.set.patch);
    let (branch, tree) = facts.set.branch.expect("the branch is there");
    assert_eq!(
        (branch.as_str(), tree.to_string()),
        ("v6.6.2-linuxkit", world.git(&["rev-parse", "v6.6.2-linuxkit^{tree}"]))
    );
}

#[test]
fn links_and_hunks_of_two_places() {
    let world = World::new();
    std::os::unix::fs::symlink("a", world.root().join("link")).expect("a link");
    world.write("twice", &"x\n1\n2\n3\n4\n5\n6\n7\n".repeat(3));
    world.commit("Linux 6.6.1");
    world.commit("Linux 6.6.2");
    world.git(&["tag", "v6.6.2"]);
    let twice = world.patch("twice", 13, "new", "twice: own");
    let link = String::from_utf8(world.patch("f", 20, "x", "f: own")).expect("text");
    let through = link.replace("a/f", "a/link/f").replace("b/f", "b/link/f").into_bytes();
    let facts = world.facts(&[twice, through, link.into_bytes()]);
    let hunk = crate::lint::HunkFacts { diff: 0, hunk: 0, places: vec![2, 10, 18], already: vec![] };
    assert_eq!(facts.patches[0].ambiguous, [hunk]);
    assert_eq!(facts.patches[1].link.as_deref(), Some("link"));
    assert!(facts.patches[1].applied.is_err());
    assert!(facts.patches[2].link.is_none() && facts.patches[2].ambiguous.is_empty());
}

#[test]
fn a_tree_without_history_says_so() {
    let (world, ids) = world();
    let patch = world.patch("a", 20, "x", &picked("a: x", &ids["taken"]));
    let without = |world: &World, tag: &str| {
        let facts = world.facts_on(tag, std::slice::from_ref(&patch));
        assert!(facts.patches[0].upstream.is_none() && facts.patches[0].applied.is_ok());
        facts.no_history.expect("a reason")
    };
    let shallow = World { dir: tempfile::tempdir().expect("a directory") };
    let url = format!("file://{}", world.root().display());
    shallow.git(&["clone", "-q", "--depth=2", "--branch=v6.6.2", &url, "."]);
    assert!(without(&shallow, "v6.6.2").contains("shallow"));
    // Imported releases: one commit each.
    let imported = World::new();
    imported.write("x", "x\n");
    imported.commit("Linux 6.6.2");
    imported.git(&["tag", "-a", "-m", "x", "v6.6.2"]);
    assert!(without(&imported, "v6.6.2").contains("without the commits"));
    imported.git(&["checkout", "-q", "--orphan", "alone"]);
    imported.commit("Linux 6.6.3");
    imported.git(&["tag", "v6.6.3"]);
    assert!(without(&imported, "v6.6.3").contains("without the commits"));
}
