//! What must hold whatever the input.

use bstr::{BString, ByteSlice as _};
use kpatch::apply::{self, Engine, Release, Stack};
use kpatch::carry::{Carried, Context, Outcome, carry};
use kpatch::diff::attributes::Driver;
use kpatch::diff::format::{FileChange, Side, file_diff};
use kpatch::diff::merge::{Merged, merge};
use kpatch::diff::{self, Content, FileDiff, print};
use kpatch::event::{Interrupt, Silent};
use kpatch::git::{Renames, Store};
use kpatch::patch_set::PatchSet;

use crate::support::by_git::patch_files;
use crate::support::tree::format_patch;
use crate::support::{Edit, Random, Sandbox, TreeBuilder, corpus};

const SETS: &[&str] = &[
    "patches-6.1.170",
    "patches-6.1.170-rt",
    "patches-6.1.176",
    "patches-6.1.176-rt",
    "patches-6.12.100",
    "patches-6.12.100-rt",
];

fn read(set: &str) -> Vec<(String, Vec<u8>)> {
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())
    };
    patch_files(&corpus().join(set)).into_iter().map(read).collect()
}

#[test]
fn the_parts_of_real_patches_are_the_patches() {
    let (mut patches, mut printed, mut diffs) = (0, 0, 0);
    for set in SETS {
        let files = read(set);
        let read = PatchSet::read(files.clone()).unwrap();
        for (name, parts) in read.files() {
            let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes.iter().copied()).collect();
            assert_eq!(&files.iter().find(|(file, _)| file == name).unwrap().1, &bytes, "{set}/{name}");
        }
        for patch in &read.patches {
            patches += 1;
            let at = &patch.layout;
            let ranges = [&at.head, &at.notes, &at.stat, &at.gap, &at.diff, &at.tail];
            let joined: Vec<u8> =
                ranges.iter().flat_map(|range| patch.text()[(*range).clone()].iter().copied()).collect();
            assert_eq!(joined, patch.text(), "{set}/{}: the parts lie side by side", patch.file);
            for diff in &patch.diff {
                diffs += 1;
                let text = &patch.text()[diff.span.clone()];
                // What other tools write around a diff (`Index:`, times) is kept in the bytes, not in the model.
                let is_gits = text.starts_with(b"diff --git ");
                if is_gits {
                    printed += 1;
                    assert_eq!(print::print(diff).as_bstr(), text.as_bstr(), "{set}/{}", patch.file);
                }
                let again = diff::parse::parse(&print::print(diff), 0).unwrap();
                assert_eq!(again.len(), 1, "{set}/{}", patch.file);
                assert_eq!(again[0].content, diff.content, "{set}/{}", patch.file);
                assert_eq!((&again[0].old_path, &again[0].new_path), (&diff.old_path, &diff.new_path));
            }
        }
    }
    assert!(patches > 500 && diffs > 900, "{patches} patches, {diffs} diffs");
    assert!(printed > 700, "{printed} of {diffs} diffs are git's own");
}

/// A file of few different lines, sometimes with CRLF, sometimes without a line end at its end.
fn file(random: &mut Random) -> Vec<u8> {
    const LINES: &[&str] = &[
        "{",
        "}",
        "",
        "\treturn 0;",
        "int a(void)",
        "\ta();",
        "\tb();",
        "- c",
        "+ d",
        "\\ e",
        "@@ -1 +1 @@",
        "ü",
        "--",
    ];
    let end = if random.below(8) == 0 { "\r\n" } else { "\n" };
    let mut text: String = (0..random.below(50)).map(|_| LINES[random.below(LINES.len())].to_owned() + end).collect();
    if random.below(6) == 0 {
        text.truncate(text.trim_end().len());
    }
    text.into_bytes()
}

fn edited(random: &mut Random, old: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = old.lines_with_terminator().map(<[u8]>::to_vec).collect();
    for _ in 0..=random.below(4) {
        let at = random.below(lines.len() + 1);
        let line = format!("\tnew({});\n", random.below(4)).into_bytes();
        match random.below(4) {
            0 | 1 => lines.insert(at, line),
            2 if at < lines.len() => drop(lines.remove(at)),
            _ if at < lines.len() => lines[at] = line,
            _ => {}
        }
    }
    // Only the last line may lack its end.
    let last = lines.len().saturating_sub(1);
    for line in lines.iter_mut().take(last).filter(|line| !line.ends_with(b"\n")) {
        line.push(b'\n');
    }
    lines.concat()
}

fn ids(old: &[u8], new: &[u8]) -> (String, String) {
    let id = |content: &[u8]| git2::Oid::hash_object(git2::ObjectType::Blob, content).unwrap().to_string();
    (id(old), id(new))
}

/// Our own diff of two contents; `None` for equal ones.
fn written(old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let (old_id, new_id) = ids(old, new);
    let side = |id_hex, content| Some(Side { mode: kpatch::git::MODE_FILE, id_hex, content });
    let change = FileChange { path: b"dir/f.c", old: side(&old_id, old), new: side(&new_id, new) };
    let mut out = Vec::new();
    file_diff(&change, &Driver::default(), &mut out).unwrap();
    (old != new).then_some(out)
}

fn parsed(text: &[u8]) -> FileDiff {
    let mut diffs = diff::parse::parse(text, 0).unwrap();
    assert_eq!(diffs.len(), 1, "{}", text.as_bstr());
    diffs.remove(0)
}

#[test]
fn a_diff_applied_to_its_old_side_gives_its_new_side() {
    let mut random = Random::new(77);
    let (mut checked, mut moved) = (0, 0);
    for _ in 0..3000 {
        let old = file(&mut random);
        let new = edited(&mut random, &old);
        let Some(text) = written(&old, &new) else { continue };
        let diff = parsed(&text);
        assert_eq!(print::print(&diff).as_bstr(), text.as_bstr(), "print(parse(d)) = d");
        let show = || format!("{}\non\n{}", text.as_bstr(), old.as_bstr());
        let by_git = apply::text::apply_content(&diff, Some(&old)).unwrap_or_else(|e| panic!("{e:?}\n{}", show()));
        assert_eq!(by_git.content.as_bstr(), new.as_bstr(), "{}", show());
        let by_patch =
            apply::patch_utility::apply_content(&diff, Some(&old)).unwrap_or_else(|e| panic!("{e:?}\n{}", show()));
        assert_eq!(by_patch.content.as_bstr(), new.as_bstr(), "{}", show());
        assert!(by_git.offsets.iter().chain(&by_patch.offsets).all(|offset| *offset == 0), "{}", show());
        checked += 1;

        // Unique lines above move every hunk by their number, and nothing else.
        let above = b"unique 1\nunique 2\nunique 3\n";
        let (old, new) = ([&above[..], &old].concat(), [&above[..], &new].concat());
        let Content::Text(hunks) = &diff.content else { panic!("text") };
        if let Ok(applied) = apply::text::apply(hunks, &old)
            && applied.offsets.iter().all(|offset| *offset == 3)
        {
            assert_eq!(applied.content.as_bstr(), new.as_bstr());
            moved += 1;
        }
    }
    assert!(checked > 2500 && moved > 500, "{checked} checked, {moved} moved");
}

#[test]
fn our_diffs_are_applied_by_git_and_by_patch() {
    let sandbox = Sandbox::new();
    let mut random = Random::new(4711);
    let top = sandbox.path("");
    let mut checked = 0;
    for _ in 0..60 {
        let old = file(&mut random);
        let new = edited(&mut random, &old);
        let Some(text) = written(&old, &new) else { continue };
        if old.is_empty() || new.is_empty() {
            continue;
        }
        let patch = sandbox.write("p.patch", &text);
        sandbox.write("dir/f.c", &old);
        sandbox.git(&top, &["apply", "--whitespace=nowarn", patch.to_str().unwrap()]);
        assert_eq!(std::fs::read(sandbox.path("dir/f.c")).unwrap().as_bstr(), new.as_bstr());
        sandbox.write("dir/f.c", &old);
        let mut command = sandbox.command("patch", &top);
        let output = command.args(["-t", "-F0", "-N", "-u", "-p1", "--binary", "-i"]).arg(&patch).output().unwrap();
        assert!(output.status.success(), "{output:?}\n{}", text.as_bstr());
        assert_eq!(std::fs::read(sandbox.path("dir/f.c")).unwrap().as_bstr(), new.as_bstr());
        checked += 1;
    }
    assert!(checked > 40, "{checked}");
}

fn onto_own_base(store: &Store, set: &PatchSet, tag: &str) -> (Stack, Carried) {
    let interrupt = Interrupt::new();
    let base = Release::find(store, tag).unwrap();
    let stack = Stack::build(store, base.clone(), &set.patches, &Silent, &interrupt).unwrap().unwrap();
    let context = Context {
        store,
        patches: &set.patches,
        history: None,
        decisions: &kpatch::carry::Decisions::new(),
        observer: &Silent,
        interrupt: &interrupt,
    };
    let carried = carry(context, &stack, base, Renames::default()).unwrap().unwrap();
    (stack, carried)
}

#[test]
fn carried_onto_its_own_base_a_set_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let store = Store::open(&sandbox.linux()).unwrap();
    let mut checked = 0;
    for set in SETS {
        let tag = format!("v{}", set.trim_start_matches("patches-").trim_end_matches("-rt"));
        let patches = PatchSet::read(read(set)).unwrap();
        let (stack, carried) = onto_own_base(&store, &patches, &tag);
        assert_eq!(carried.tip(), stack.tip(), "{set}");
        for ((patch, step), pick) in patches.patches.iter().zip(&stack.steps).zip(&carried.picks) {
            assert_eq!((pick.before, pick.after), (step.before, step.after()), "{set}/{}", patch.file);
            let moved = step.result.as_ref().map_or(0, |placed| kpatch::apply::max_offset(&placed.offsets));
            match (&pick.outcome, &step.result) {
                (Outcome::BaseBad(_), Err(_)) => {}
                (Outcome::Same, Ok(_)) => assert_eq!(moved, 0, "{set}/{}", patch.file),
                (Outcome::Offset { lines }, Ok(placed)) => {
                    assert!(moved > 0, "{set}/{}", patch.file);
                    assert_eq!((*lines, &pick.offsets), (moved, &placed.offsets), "{set}/{}", patch.file);
                }
                (other, _) => panic!("{set}/{}: {other:?}", patch.file),
            }
            checked += 1;
        }
        // What a strict application gives, the patch utility's rules give as well, or refuse.
        let mut tip = stack.base.tree;
        for (patch, step) in patches.patches.iter().zip(&stack.steps) {
            if let (Ok(placed), Ok(by_patch)) =
                (&step.result, apply::apply(&store, tip, &patch.diff, Engine::PatchUtility))
            {
                assert_eq!(placed.tree, by_patch.tree, "{set}/{}", patch.file);
            }
            tip = step.after();
        }
    }
    assert!(checked > 500, "{checked}");
}

/// What libgit2 makes of a three-way merge: the text if it is clean.
fn by_libgit2(base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<BString> {
    let input = |content| {
        let mut input = git2::MergeFileInput::new();
        input.content(content).path("f").mode(Some(git2::FileMode::Blob));
        input
    };
    let merged = git2::merge_file(&input(base), &input(ours), &input(theirs), None).unwrap();
    merged.is_automergeable().then(|| merged.content().into())
}

#[test]
fn where_libgit2_merges_too_the_bytes_are_the_same() {
    let mut random = Random::new(9_001);
    let (mut both, mut neither, mut one) = (0, 0, 0);
    for _ in 0..4000 {
        // Lines that are all different: on ambiguous ones the two diff algorithms may pair differently.
        let length = 10 + random.below(30);
        let base: Vec<u8> = (0..length).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
        let (ours, theirs) = (edited(&mut random, &base), edited(&mut random, &base));
        match (merge(&base, &ours, &theirs), by_libgit2(&base, &ours, &theirs)) {
            (Merged::Clean(text), Some(other)) => {
                assert_eq!(text.as_bstr(), other, "{}\n{}\n{}", base.as_bstr(), ours.as_bstr(), theirs.as_bstr());
                both += 1;
            }
            (Merged::Conflict(_), None) => neither += 1,
            _ => one += 1,
        }
    }
    assert!(both > 800 && neither > 800, "{both} clean, {neither} conflicts, {one} differ");
    assert!(one * 50 < both, "{one} of {both} are clean for one only");
}

/// Three files of lines that are all different, some of them changed.
fn changed_tree(random: &mut Random, files: &[Vec<String>; 3], tag: &str, edits: usize) -> [Vec<String>; 3] {
    let mut files = files.clone();
    for edit in 0..edits {
        let file = &mut files[random.below(3)];
        let at = random.below(file.len());
        match random.below(4) {
            0 => file.insert(at, format!("{tag} put in {edit}")),
            1 if file.len() > 5 => drop(file.remove(at)),
            _ => file[at] = format!("{tag} wrote {edit}"),
        }
    }
    files
}

/// Adds a small world of its own to the tree: a base, a target and a few patches on the base.
fn add_world(random: &mut Random, tree: &mut TreeBuilder, world: usize) {
    let commit = |tree: &mut TreeBuilder, branch: &str, from: Option<&str>, title: &str, files: &[Vec<String>; 3]| {
        let texts = files.each_ref().map(|lines| lines.join("\n") + "\n");
        let edits = [Edit::File("a.c", &texts[0]), Edit::File("b.c", &texts[1]), Edit::File("sub/c.c", &texts[2])];
        tree.commit(branch, from, title, &edits);
    };
    let file = |name: &str, length: usize| (0..length).map(|line| format!("{name} {line}")).collect::<Vec<_>>();
    let base = ["a", "b", "c"].map(|name| file(name, 8 + random.below(30)));
    let (tag, target, ours) = (format!("base-{world}"), format!("target-{world}"), format!("ours-{world}"));
    commit(tree, &target, None, "base", &base);
    tree.tag(&tag, &target);
    let mut patched = base.clone();
    let mut taken = base.clone();
    for patch in 0..=random.below(6) {
        let edits = 1 + random.below(3);
        patched = changed_tree(random, &patched, &format!("patch {patch}"), edits);
        commit(tree, &ours, (patch == 0).then_some(tag.as_str()), &format!("patch {patch}"), &patched);
        // Sometimes upstream takes the first ones.
        if patch < 2 && random.below(3) == 0 {
            taken.clone_from(&patched);
        }
    }
    let edits = random.below(8);
    let upstream = changed_tree(random, &taken, "upstream", edits);
    commit(tree, &target, None, "upstream", &upstream);
    tree.tag(&format!("to-{world}"), &target);
}

#[test]
fn random_sets_are_carried_as_git_merges_them() {
    const WORLDS: usize = 60;
    let sandbox = Sandbox::new();
    let mut random = Random::new(2_024);
    let mut tree = TreeBuilder::default();
    (0..WORLDS).for_each(|world| add_world(&mut random, &mut tree, world));
    let linux = tree.build(&sandbox, "linux");
    let (mut clean, mut empty, mut conflicts, mut proven, mut held_back) = (0, 0, 0, 0, 0);
    for world in 0..WORLDS {
        let (base, to) = (format!("base-{world}"), format!("to-{world}"));
        let ours = format!("ours-{world}");
        let patches = sandbox.path(&format!("patches-{world}"));
        for (name, bytes) in format_patch(&sandbox, &linux, &format!("{base}..{ours}")) {
            sandbox.write(&format!("patches-{world}/{name}"), bytes);
        }
        let args = ["plan", &base, &to, "--patches", patches.to_str().unwrap(), "--linux", linux.to_str().unwrap()];
        let rows = sandbox.report(&sandbox.path(""), &args).rows();
        let commits = sandbox.commits(&linux, &base, &ours);
        assert_eq!(rows.len(), commits.len());
        let mut tip = sandbox.tree(&linux, &to);
        for (row, commit) in rows.iter().zip(&commits) {
            let said = || format!("world {world}, {}: {} ({})", row.text("file"), row.outcome(), row.text("detail"));
            match sandbox.merge_tree(&linux, &tip, commit) {
                // What conflicts on its way forward may be in the target by proof.
                None if row.outcome() == "upstreamed" => proven += 1,
                None => {
                    assert!(matches!(row.outcome(), "conflict" | "blocked"), "git conflicts: {}", said());
                    conflicts += 1;
                }
                Some(merged) if merged == tip => {
                    assert!(matches!(row.outcome(), "upstreamed" | "emptied"), "git has nothing left: {}", said());
                    empty += 1;
                }
                // Git merges, but the unchanged patch gives another tree.
                Some(_) if row.0["conflicts"][0]["kind"] == "disagreement" => held_back += 1,
                Some(merged) => {
                    assert!(row.is_kept(), "git merges: {}", said());
                    tip = merged;
                    clean += 1;
                }
            }
            assert_eq!(row.text("tree"), tip, "{}", said());
        }
    }
    let sums = format!("{clean} clean, {empty} empty, {conflicts} conflicts, {proven} proven, {held_back} held back");
    assert!(clean > 80 && conflicts > 40 && empty > 30, "{sums}");
    assert!(held_back * 20 < clean, "{sums}");
}
