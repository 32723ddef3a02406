//! Whole questions, on small trees in memory.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use bstr::ByteSlice as _;
use tempfile::TempDir;

use super::mergiraf::write_program;
use super::*;
use crate::diff::testing::git;
use crate::git::{ConflictKind, Kind, MODE_FILE, Merge, Renames, TreeChanges};

/// A patch on one release, and another release.
struct Case {
    _folder: TempDir,
    store: Store,
    base: Oid,
    target: Oid,
    changes: Vec<Walk>,
}

type Files<'a> = &'a [(&'a str, &'a str)];
/// A path and what is there.
type File = (String, Option<String>);

impl Case {
    fn new(base: Files<'_>, patched: Files<'_>, target: Files<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "--bare", "."], b"");
        let store = Store::open(folder.path()).unwrap();
        let tree = |files: Files<'_>| {
            let empty = store.insert(Kind::Tree, Vec::new());
            let entry = |content: &str| Entry { mode: MODE_FILE, id: store.insert(Kind::Blob, content.as_bytes()) };
            let changes: TreeChanges =
                files.iter().map(|(path, content)| (BString::from(*path), Some(entry(content)))).collect();
            store.edit_tree(empty, &changes).unwrap()
        };
        let (base, patched, target) = (tree(base), tree(patched), tree(target));
        let mut changes = Vec::new();
        store.diff_trees(Some(base), Some(patched), &mut |walk| changes.push(walk)).unwrap();
        Self { _folder: folder, store, base, target, changes }
    }

    fn merge(&self) -> Merge {
        let merge = self.store.three_way(&self.changes, self.target, &Renames::new()).unwrap();
        assert!(!merge.is_clean(), "the case conflicts");
        merge
    }

    fn propose(&self, recorded: &Resolutions, mergiraf: Option<&Mergiraf>) -> Vec<Proposal> {
        let merge = self.merge();
        let question = Question {
            store: &self.store,
            tip: self.target,
            base: self.base,
            target: self.target,
            changes: &self.changes,
            conflicts: &merge.conflicts,
            recorded,
            mergiraf,
        };
        let proposals = propose(&question).unwrap();
        assert_eq!(propose(&question).unwrap(), proposals, "the same question has the same answer");
        proposals
    }

    /// The proposals without help from outside: strategy and files.
    fn plain(&self) -> Vec<(Strategy, Vec<File>)> {
        let proposals = self.propose(&Resolutions::default(), None);
        proposals.iter().map(|proposal| (proposal.strategy, self.files(proposal))).collect()
    }

    fn files(&self, proposal: &Proposal) -> Vec<File> {
        let content = |entry: Entry| self.store.blob(entry.id).unwrap().to_str().unwrap().to_owned();
        proposal.files.iter().map(|file| (file.path.to_string(), file.entry.map(content))).collect()
    }
}

fn file(path: &str, content: &str) -> File {
    (path.to_owned(), Some(content.to_owned()))
}

const BASE: &str = "top\none = 1;\ntwo = 2;\nbottom\n";
const OURS: &str = "top\none = 100;\ntwo = 2;\nbottom\n";
const THEIRS: &str = "top\none = 1;\ntwo = 200;\nbottom\n";
const BOTH: &str = "top\none = 100;\ntwo = 200;\nbottom\n";

fn touching() -> Case {
    Case::new(&[("a.c", BASE)], &[("a.c", THEIRS)], &[("a.c", OURS)])
}

#[test]
fn touching_edits_are_proposed_with_their_stretch() {
    let case = touching();
    assert_eq!(case.plain(), [(Strategy::Adjacency, vec![file("a.c", BOTH)])]);
    let proposal = case.propose(&Resolutions::default(), None).remove(0);
    assert_eq!(
        proposal.summary,
        "takes the edits of both sides in 1 conflicting stretch: they touch, but do not overlap"
    );
    let stretch = &proposal.files[0].stretches[0];
    assert_eq!((stretch.line, stretch.base.as_bstr()), (2, b"one = 1;\ntwo = 2;\n".as_bstr()));
    assert_eq!(stretch.proposed.as_bstr(), b"one = 100;\ntwo = 200;\n".as_bstr());
}

#[test]
fn a_patch_is_decided_as_a_whole_or_not_at_all() {
    let words = |one: &str, two: &str| format!("x\nselect {one} if {two}\ny\n");
    let (base, ours, theirs) = (words("A", "B"), words("AA", "B"), words("A", "BB"));
    let case = Case::new(
        &[("a.c", BASE), ("b.c", &base)],
        &[("a.c", THEIRS), ("b.c", &theirs)],
        &[("a.c", OURS), ("b.c", &ours)],
    );
    let merged = words("AA", "BB");
    assert_eq!(case.plain(), [(Strategy::Token, vec![file("a.c", BOTH), file("b.c", &merged)])]);

    let (ours, theirs) = (words("A", "C"), words("A", "D"));
    let case = Case::new(
        &[("a.c", BASE), ("b.c", &base)],
        &[("a.c", THEIRS), ("b.c", &theirs)],
        &[("a.c", OURS), ("b.c", &ours)],
    );
    assert_eq!(case.plain(), []);
}

#[test]
fn what_a_person_resolved_comes_first_wherever_it_comes_up_again() {
    let merge = touching().merge();
    let by_hand = "top\none = two = 300;\nbottom\n";
    let mut recorded = Resolutions::default();
    for resolution in Resolution::from_file(&merge.conflicts[0], by_hand.as_bytes(), b"a subject") {
        recorded.add(resolution);
    }
    let other = |text: &str| text.replace("top", "another file");
    let (base, ours, theirs) = (other(BASE), other(OURS), other(THEIRS));
    let case = Case::new(&[("z.c", &base)], &[("z.c", &theirs)], &[("z.c", &ours)]);
    let proposals = case.propose(&recorded, None);
    assert_eq!(proposals[0].strategy, Strategy::Recorded);
    assert_eq!(case.files(&proposals[0]), [file("z.c", &other(by_hand))]);
    assert_eq!(proposals.len(), 1, "what is recorded is not asked again");
}

#[test]
fn mergiraf_is_asked_and_believed_in_the_stretches_only() {
    let folder = tempfile::tempdir().unwrap();
    let says = |text: &str| {
        fs::write(folder.path().join("answer"), text).unwrap();
        write_program(folder.path(), &format!("cp '{}' merged", folder.path().join("answer").display()));
        let mergiraf = Mergiraf::at(folder.path().join("mergiraf"));
        let case = touching();
        let proposals = case.propose(&Resolutions::default(), Some(&mergiraf));
        proposals.iter().map(|proposal| (proposal.strategy, case.files(proposal))).collect::<Vec<_>>()
    };
    let swapped = "top\ntwo = 200;\none = 100;\nbottom\n";
    let by_adjacency = (Strategy::Adjacency, vec![file("a.c", BOTH)]);
    assert_eq!(says(swapped), [(Strategy::Mergiraf, vec![file("a.c", swapped)]), by_adjacency.clone()]);
    assert_eq!(says(BOTH), [(Strategy::Mergiraf, vec![file("a.c", BOTH)])]);
    assert_eq!(says(&BOTH.replace("bottom", "elsewhere")), std::slice::from_ref(&by_adjacency));
    assert_eq!(says(&BOTH[..BOTH.len() - 1]), [by_adjacency]);
}

#[test]
fn nothing_is_added_twice() {
    // Upstream took the check, one line further down, and changed the line beside it.
    let check = "\tif (pointer_is_missing)\n\t\treturn -ENOMEM;\n";
    let base = "int f(void)\n{\n\tint old = 1;\n\tuse();\n\tmore();\n}\n".to_owned();
    let theirs = base.replace("\tuse();\n", &format!("{check}\tuse();\n"));
    let ours = base.replace("old = 1", "new = 2").replace("\tmore();\n", &format!("{check}\tmore();\n"));
    let case = Case::new(&[("a.c", &base)], &[("a.c", &theirs)], &[("a.c", &ours)]);
    assert_eq!(case.plain(), []);
}

#[test]
fn nothing_is_proposed_where_nothing_would_be_left_of_the_patch() {
    let (base, list) = ("a\nb\n", "a\nselect FIRST_THING\nselect SECOND_THING\nb\n");
    let case = Case::new(&[("Kconfig", base)], &[("Kconfig", "a\nselect FIRST_THING\nb\n")], &[("Kconfig", list)]);
    assert_eq!(case.plain(), []);
}

/// A function with enough around it to be told from others.
const FUNCTION: &str = "static void wait_for_it(void)\n{\n\tprepare_to_wait();\n\tlocal_irq_enable();\n\tschedule_it();\n\
                        \tfinish_the_wait();\n}\n";

#[test]
fn a_change_goes_where_its_lines_went() {
    let patched = FUNCTION.replace("local_irq_enable", "rt_aware_enable");
    let gone = "#include \"wait.h\"\n";
    let (base, theirs) = (format!("{gone}{FUNCTION}"), format!("{gone}{patched}"));
    let (old_home, new_home) = (format!("/* home */\n{FUNCTION}"), format!("/* home */\n{patched}"));
    // The file is gone, or has lost the function; the new place is in the same folder, below or right above it.
    for (from, to) in [("d/a.c", "d/b.c"), ("d/a.c", "d/e/b.c"), ("d/e/a.c", "d/b.c")] {
        let case = Case::new(&[(from, &base)], &[(from, &theirs)], &[(to, &old_home)]);
        assert_eq!(case.merge().conflicts[0].kind, ConflictKind::DeletedByUs);
        let mut files = vec![(from.to_owned(), None), file(to, &new_home)];
        files.sort();
        assert_eq!(case.plain(), [(Strategy::Moved, files)]);

        let case = Case::new(&[(from, &base)], &[(from, &theirs)], &[(from, gone), (to, &old_home)]);
        let mut files = vec![file(from, gone), file(to, &new_home)];
        files.sort();
        assert_eq!(case.plain(), [(Strategy::Moved, files)]);
    }
    let summary = |case: &Case| case.propose(&Resolutions::default(), None).remove(0).summary;
    let case = Case::new(&[("d/a.c", &base)], &[("d/a.c", &theirs)], &[("d/b.c", &old_home)]);
    assert_eq!(summary(&case), "makes the change in d/b.c, where its lines are now");
}

#[test]
fn a_change_without_one_certain_place_stays_open() {
    let patched = FUNCTION.replace("local_irq_enable", "rt_aware_enable");
    let home = format!("/* home */\n{FUNCTION}");
    let other = format!("/* other */\n{FUNCTION}");
    let open = |target: Files<'_>| Case::new(&[("d/a.c", FUNCTION)], &[("d/a.c", &patched)], target).plain();
    assert_eq!(open(&[("d/b.c", &home), ("d/c.c", &other)]), [], "two places");
    assert_eq!(open(&[("d/b.c", &home.replace("schedule_it", "sleep"))]), [], "not quite the place");
    assert_eq!(open(&[("d/b.c", "nothing\n")]), [], "nowhere");
    // A file that was there all along has not taken anything over.
    let case = Case::new(
        &[("d/a.c", FUNCTION), ("d/b.c", &home)],
        &[("d/a.c", &patched), ("d/b.c", &home)],
        &[("d/b.c", &home)],
    );
    assert_eq!(case.plain(), []);
}

#[test]
fn hunks_that_still_have_their_place_stay() {
    let filler: String = "abcdefghijkl".chars().flat_map(|line| ['=', line, '\n']).collect();
    let patch = |text: &str| text.replace("local_irq_enable", "rt_aware_enable").replace("tail = 1", "tail = 2");
    let base = format!("{FUNCTION}{filler}tail = 1;\n");
    let ours = format!("{filler}tail = 1;\n");
    let home = format!("/* home */\n{FUNCTION}/* end */\n");
    let base_home = ("d/b.c", "/* home */\n/* end */\n");
    let case = Case::new(
        &[("d/a.c", &base), base_home],
        &[("d/a.c", &patch(&base)), base_home],
        &[("d/a.c", &ours), ("d/b.c", &home)],
    );
    let files = vec![file("d/a.c", &patch(&ours)), file("d/b.c", &patch(&home))];
    assert_eq!(case.plain(), [(Strategy::Moved, files)]);
}

#[test]
fn missing_line_ends_stay_missing() {
    let cut = |text: &str| text.trim_end().to_owned();
    let case = Case::new(&[("a.c", &cut(BASE))], &[("a.c", &cut(THEIRS))], &[("a.c", &cut(OURS))]);
    assert_eq!(case.plain(), [(Strategy::Adjacency, vec![file("a.c", &cut(BOTH))])]);
    let case = Case::new(&[("a.c", "one\ntwo")], &[("a.c", "one\n2")], &[("a.c", "1\ntwo")]);
    assert_eq!(case.plain(), [(Strategy::Adjacency, vec![file("a.c", "1\n2")])]);
}

#[test]
fn strategies_have_names() {
    for strategy in Strategy::ALL {
        assert_eq!(strategy.as_str().parse(), Ok(strategy));
    }
    let error = "magic\u{1b}".parse::<Strategy>().unwrap_err().to_string();
    assert!(error.starts_with("unknown strategy 'magic\\u{1b}'"), "{error}");
}
