//! `kpatch diff` beside `git range-diff`: the same pairs, the same signs, the same diffs between patches.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::by_git::PINNED;
use crate::support::{Edit, Random, Repo, Sandbox, TreeBuilder, corpus};

/// Where kpatch differs from `git range-diff` on purpose. Each has a test here that fails once it is no longer so.
const ALLOWED: &[(&str, &str)] = &[
    ("words", "a row says in words what differs: one more column"),
    (
        "renames",
        "a patch file renames where it says so; git looks for renames, and that is how commits are read here too",
    ),
    (
        "twins",
        "of patches with equal diffs those with equal messages are pairs; git's pairs follow from its hash table",
    ),
    ("ties", "of pairings of equal cost those of one title and of near places are taken; git's follow from its search"),
    ("unseen", "the modes of new files and what binary files hold are compared; git looks at neither"),
    ("written", "patch files are compared as they are written; git only ever sees diffs that it makes itself"),
    ("visible", "control characters are shown as escapes"),
];

/// A row of the table, as both programs print it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    old: String,
    sign: String,
    new: String,
}

/// What `git range-diff` prints.
fn by_git(sandbox: &Sandbox, linux: &Path, attributes: &str, old: &str, new: &str) -> String {
    let attributes = format!("--attr-source={attributes}");
    let args = [attributes.as_str(), "-c", "core.abbrev=12", "range-diff", "--no-color", old, new];
    let output = sandbox.try_git(linux, &args);
    assert!(output.status.success(), "git range-diff {old} {new}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What kpatch prints of the same commits, without its words and the counts at the end.
fn by_kpatch(sandbox: &Sandbox, linux: &Path, old: &str, new: &str) -> String {
    let args = ["diff", "--linux", linux.to_str().unwrap(), "-v", old, new];
    let output = sandbox.kpatch(&sandbox.path(""), &args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(matches!(output.status.code(), Some(0 | 1)), "kpatch diff {old} {new}: {err}");
    let mut lines: Vec<&str> = out.split_inclusive('\n').collect();
    let counts = lines.pop().unwrap();
    assert!(counts.split(", ").all(|count| count.starts_with(|c: char| c.is_ascii_digit())), "{counts}");
    lines.iter().map(|line| without_words(line)).collect()
}

/// A row without the column of the words; any other line as it is.
fn without_words(line: &str) -> String {
    let Some((row, rest)) = split_row(line) else { return line.to_owned() };
    let words = rest.split("  ").next().unwrap();
    assert!(words.split(", ").all(|word| WORDS.contains(&word)), "{}: {line}", allowed("words"));
    format!("{row} {}", rest[words.len()..].trim_start_matches(' '))
}

const WORDS: &[&str] = &["same", "moved", "message", "context", "changed", "dropped", "added"];

/// A row up to the second commit, and what follows the blank after it.
fn split_row(line: &str) -> Option<(&str, &str)> {
    if line.starts_with("    ") {
        return None;
    }
    let second = line.match_indices(":  ").nth(1)?.0;
    let end = second + 3 + line[second + 3..].find(' ')?;
    Some((&line[..end], &line[end + 1..]))
}

/// The table alone: numbers and signs.
fn rows(text: &str) -> Vec<Row> {
    let rows = text.lines().filter_map(split_row).map(|(row, _)| {
        let words: Vec<&str> = row.split_whitespace().collect();
        let number = |word: &str| word.trim_end_matches(':').to_owned();
        Row { old: number(words[0]), sign: words[2].to_owned(), new: number(words[3]) }
    });
    rows.collect()
}

fn same_bytes(sandbox: &Sandbox, linux: &Path, attributes: &str, old: &str, new: &str) -> Vec<Row> {
    let expected = by_git(sandbox, linux, attributes, old, new);
    let found = by_kpatch(sandbox, linux, old, new);
    for (number, (ours, git)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(ours, git, "line {} of {old} {new}", number + 1);
    }
    assert_eq!(found, expected);
    rows(&expected)
}

/// The patches of a set that apply to their tag, as the branch `set`.
fn branch_of(sandbox: &Sandbox, set: &str) -> String {
    let linux = sandbox.linux();
    let linux = linux.to_str().unwrap();
    let release = set.strip_prefix("patches-").unwrap();
    let base = format!("v{}", release.strip_suffix("-rt").unwrap_or(release));
    let folder = corpus().join(set);
    let place = ["--linux", linux, "--patches"];
    let plan = [&["plan", &base, &base][..], &place, &[folder.to_str().unwrap()]].concat();
    let good = sandbox.path(&format!("good-{set}"));
    std::fs::create_dir(&good).unwrap();
    for row in sandbox.report(&sandbox.path(""), &plan).rows() {
        if row.outcome() != "base-bad" {
            std::fs::copy(folder.join(row.text("file")), good.join(row.text("file"))).unwrap();
        }
    }
    let import = [&["import", "--base", &base][..], &place, &[good.to_str().unwrap()]].concat();
    assert_eq!(sandbox.kpatch(&sandbox.path(""), &import).status.code(), Some(0));
    sandbox.git(Path::new(linux), &["branch", "-m", &format!("{base}-linuxkit"), set]);
    format!("{base}..{set}")
}

/// How many rows of each sign.
fn signs(rows: &[Row]) -> BTreeMap<&str, usize> {
    rows.iter().fold(BTreeMap::new(), |mut signs, row| {
        *signs.entry(row.sign.as_str()).or_default() += 1;
        signs
    })
}

#[test]
fn real_sets_as_commits_give_the_bytes_of_git() {
    let sandbox = Sandbox::new();
    let linux = sandbox.linux();
    let sets = ["patches-6.1.170", "patches-6.1.176", "patches-6.12.100"];
    let mut written = 0;
    for variant in ["", "-rt"] {
        let sets = sets.map(|set| Set::new(&sandbox, &format!("{set}{variant}")));
        let compare = |old: &Set, new: &Set| same_bytes(&sandbox, &linux, "v6.1.176", &old.range, &new.range);
        let (near, far) = (compare(&sets[0], &sets[1]), compare(&sets[1], &sets[2]));
        if variant.is_empty() {
            assert_eq!(signs(&near), BTreeMap::from([("!", 1), ("<", 8), ("=", 144), (">", 13)]));
            assert!(signs(&far)["!"] > 20);
            // Backwards it is another problem.
            compare(&sets[2], &sets[1]);
        } else {
            assert_eq!(signs(&near), BTreeMap::from([("<", 1), ("=", 66), (">", 6)]));
            assert!(signs(&far)["!"] > 5);
        }
        written += same_rows_but_for_what_is_written(&sandbox, &sets[0], &sets[1], &near);
        written += same_rows_but_for_what_is_written(&sandbox, &sets[1], &sets[2], &far);
    }
    assert!(0 < written && written < 60, "{}: {written}", allowed("written"));
}

/// A set of the corpus, without the patches that do not apply, as files and as commits.
struct Set {
    folder: String,
    range: String,
    /// The numbers of the patches that git would write otherwise than they are written.
    own: BTreeSet<String>,
}

impl Set {
    fn new(sandbox: &Sandbox, name: &str) -> Self {
        let range = branch_of(sandbox, name);
        let folder = sandbox.path(&format!("good-{name}")).to_str().unwrap().to_owned();
        let rows = rows(&by_kpatch(sandbox, &sandbox.linux(), &folder, &range));
        let own = rows.into_iter().filter(|row| row.sign != "=").map(|row| row.old).collect();
        Self { folder, range, own }
    }
}

/// Compares the files of two sets with what git says of their commits. A row may only differ where git would write one
/// of its patches otherwise; returns how many do.
fn same_rows_but_for_what_is_written(sandbox: &Sandbox, old: &Set, new: &Set, by_git: &[Row]) -> usize {
    let found: BTreeSet<Row> =
        rows(&by_kpatch(sandbox, &sandbox.linux(), &old.folder, &new.folder)).into_iter().collect();
    let expected: BTreeSet<Row> = by_git.iter().cloned().collect();
    let differing: Vec<&Row> = found.symmetric_difference(&expected).collect();
    let is_own = |row: &&&Row| old.own.contains(&row.old) || new.own.contains(&row.new);
    for row in &differing {
        // A pair that only one of the two has leaves its patches to others, or alone.
        let mut near = differing.iter().filter(|other| other.old == row.old || other.new == row.new);
        assert!(near.any(|other| is_own(&other)), "{} {}: {row:?}", old.range, new.range);
    }
    differing.len()
}

/// A patch of a generated set: what it says, and which slots of which files it fills.
#[derive(Debug, Clone)]
struct Spec {
    author: &'static str,
    message: String,
    edits: Vec<(usize, usize, Vec<String>)>,
}

const AUTHORS: &[&str] = &["Ada Example <ada@example.org>", "J\u{f6}rg X. Ample <jx@example.org>"];
const FILES: usize = 4;
const SLOTS: usize = 60;
const CODE: &[&str] = &["\tif (x)\n", "\t\treturn;\n", "}\n", "\n", "int f(void)\n", "{\n", "\tbreak;\n", "#endif\n"];

fn code(random: &mut Random, lines: usize) -> Vec<String> {
    let line = |random: &mut Random| match random.below(3) {
        0 => CODE[random.below(CODE.len())].to_owned(),
        _ => format!("\tcall_{}(a{});\n", random.below(40), random.below(9)),
    };
    (0..lines).map(|_| line(random)).collect()
}

/// The slots of every file on the base.
fn base(random: &mut Random) -> Vec<Vec<Vec<String>>> {
    (0..FILES).map(|_| (0..SLOTS).map(|_| code(random, 1)).collect()).collect()
}

/// Patches that each fill slots of their own, so that any order and any choice of them can be applied.
fn specs(random: &mut Random, count: usize) -> Vec<Spec> {
    let mut free: Vec<(usize, usize)> = (0..FILES).flat_map(|file| (0..SLOTS).map(move |slot| (file, slot))).collect();
    let spec = |at: usize, random: &mut Random, free: &mut Vec<(usize, usize)>| {
        let edit = |random: &mut Random, free: &mut Vec<(usize, usize)>| {
            let (file, slot) = free.swap_remove(random.below(free.len()));
            let lines = random.below(7);
            (file, slot, code(random, lines))
        };
        let edits = (0..=random.below(3)).map(|_| edit(random, free)).collect();
        let body = ["", "\nWhy it is so.\n", "\nA list:\n\ta\tb\n  c\n\nThe end.   \n"][random.below(3)];
        let author = AUTHORS[random.below(AUTHORS.len())];
        Spec { author, message: format!("area{}: do thing {at}\n{body}", random.below(4)), edits }
    };
    (0..count).map(|at| spec(at, random, &mut free)).collect()
}

/// The second set: reworded, changed, squashed, split off, dropped, added, reordered.
fn mutate(random: &mut Random, specs: &[Spec]) -> Vec<Spec> {
    let mut out: Vec<Spec> = Vec::new();
    for spec in specs {
        let mut spec = spec.clone();
        match random.below(12) {
            0 => continue,
            1 => spec.message += "\nA late remark.\n",
            2 => spec.author = AUTHORS[random.below(AUTHORS.len())],
            3 => spec.edits[0].2.extend(code(random, 1)),
            4 => spec.edits[0].2 = code(random, 4),
            5 => {
                let last = out.pop();
                spec.edits.extend(last.into_iter().flat_map(|last| last.edits));
            }
            6 if spec.edits.len() > 1 => {
                let mut rest = spec.clone();
                rest.message = format!("rest of {}", spec.message);
                rest.edits = spec.edits.split_off(1);
                out.push(rest);
            }
            _ => {}
        }
        out.push(spec);
    }
    for _ in 0..random.below(4) {
        let (from, to) = (random.below(out.len()), random.below(out.len()));
        let spec = out.remove(from);
        out.insert(to, spec);
    }
    out
}

/// Writes base and patches as a branch; returns the range.
fn write(tree: &mut TreeBuilder, branch: &str, base: &[Vec<Vec<String>>], specs: &[Spec]) -> String {
    let mut slots = base.to_vec();
    let names: Vec<String> = (0..FILES).map(|file| format!("dir/file {file}.c")).collect();
    let content = |slots: &[Vec<Vec<String>>], file: usize| slots[file].concat().concat();
    let all: Vec<String> = (0..FILES).map(|file| content(&slots, file)).collect();
    let edits: Vec<Edit<'_>> = all.iter().zip(&names).map(|(text, name)| Edit::File(name, text)).collect();
    tree.commit(branch, Some("root"), "the base", &edits);
    tree.tag(&format!("{branch}-base"), branch);
    for spec in specs {
        let mut touched = BTreeSet::new();
        for (file, slot, lines) in &spec.edits {
            slots[*file][*slot].clone_from(lines);
            touched.insert(*file);
        }
        let texts: Vec<(usize, String)> = touched.into_iter().map(|file| (file, content(&slots, file))).collect();
        let edits: Vec<Edit<'_>> = texts.iter().map(|(file, text)| Edit::File(&names[*file], text)).collect();
        tree.commit_of(branch, None, spec.author, &spec.message, &edits);
    }
    format!("{branch}-base..{branch}")
}

/// Writes generated pairs of sets; each as two ranges.
fn generated(sandbox: &Sandbox, pairs: usize) -> (PathBuf, Vec<(String, String)>) {
    let mut tree = TreeBuilder::default();
    tree.commit("root", None, "root", &[Edit::File(".gitattributes", "*.c diff=cpp\n")]);
    let ranges = (0..pairs).map(|seed| {
        let mut random = Random::new(seed as u64 + 1);
        let mut lines = base(&mut random);
        let count = 3 + random.below(20);
        let specs = specs(&mut random, count);
        let old = write(&mut tree, &format!("old{seed}"), &lines, &specs);
        // Upstream goes on: lines of the context change.
        for _ in 0..random.below(30) {
            let (file, slot, count) = (random.below(FILES), random.below(SLOTS), random.below(3));
            lines[file][slot] = code(&mut random, count);
        }
        let new = write(&mut tree, &format!("new{seed}"), &lines, &mutate(&mut random, &specs));
        (old, new)
    });
    let ranges = ranges.collect();
    (tree.build(sandbox, "linux"), ranges)
}

/// The pairs of a table, by the commits.
fn pairs(text: &str) -> Vec<(Option<String>, Option<String>)> {
    let commit = |word: &str| (!word.starts_with('-')).then(|| word.to_owned());
    let rows = text.lines().filter_map(split_row).map(|(row, _)| {
        let words: Vec<&str> = row.split_whitespace().collect();
        (commit(words[1]), commit(words[4]))
    });
    rows.collect()
}

/// Costs as `git range-diff` has them, from what `git log` and `git diff` print.
struct Costs<'a> {
    sandbox: &'a Sandbox,
    linux: &'a Path,
}

impl Costs<'_> {
    /// The text that is compared of a commit that changes files without adding or removing any.
    fn diff(&self, commit: &str) -> Vec<String> {
        let marks = ["--output-indicator-new=>", "--output-indicator-old=<", "--output-indicator-context=#"];
        let args =
            [&["--attr-source=root", "log", "-1", "-p", "--no-prefix", "--format="], &marks[..], &[commit]].concat();
        let text = self.sandbox.git(self.linux, &args);
        let mut path = "";
        let line = |line: &'_ str| match line.as_bytes().first()? {
            b'>' => Some(format!("+{}", &line[1..])),
            b'<' => Some(format!("-{}", &line[1..])),
            b'#' => Some(format!(" {}", &line[1..])),
            _ => None,
        };
        let mut lines = Vec::new();
        for one in text.lines() {
            if let Some(name) = one.strip_prefix("+++ ") {
                path = name.trim_end_matches('\t');
                if !lines.is_empty() {
                    lines.push(String::new());
                }
                lines.push(format!(" ## {path} ##"));
            } else if let Some((_, section)) = one.strip_prefix("@@ ").and_then(|rest| rest.split_once("@@")) {
                let path = if section.is_empty() { String::new() } else { format!(" {path}:") };
                lines.push(format!("@@{path}{section}"));
            } else {
                lines.extend(line(one));
            }
        }
        lines
    }

    fn of(&self, (old, new): &(Option<String>, Option<String>)) -> usize {
        let (old, new) = (old.as_ref().map(|id| self.diff(id)), new.as_ref().map(|id| self.diff(id)));
        match (old, new) {
            (Some(old), Some(new)) => {
                let paths =
                    [("a", old), ("b", new)].map(|(name, lines)| self.sandbox.write(name, lines.join("\n") + "\n"));
                let paths = paths.each_ref().map(|path| path.to_str().unwrap());
                let args = ["diff", "--no-index", "--no-indent-heuristic", "--diff-algorithm=myers", "-U3"];
                let output = self.sandbox.try_git(self.linux, &[&args[..], &paths].concat());
                let text = String::from_utf8(output.stdout).unwrap();
                text.lines().skip_while(|line| !line.starts_with("@@")).count()
            }
            (Some(lines), None) | (None, Some(lines)) => {
                lines.iter().filter(|line| !line.is_empty()).count() * 60 / 100
            }
            (None, None) => unreachable!(),
        }
    }

    /// What all pairs that are in one table only cost.
    fn sum(&self, own: &[(Option<String>, Option<String>)], other: &[(Option<String>, Option<String>)]) -> usize {
        own.iter().filter(|pair| !other.contains(pair)).map(|pair| self.of(pair)).sum()
    }
}

#[test]
fn generated_sets_as_commits_give_the_bytes_of_git() {
    let sandbox = Sandbox::new();
    let (linux, ranges) = generated(&sandbox, 60);
    let costs = Costs { sandbox: &sandbox, linux: &linux };
    let mut seen = BTreeMap::new();
    let mut ties = 0;
    for (old, new) in &ranges {
        let expected = by_git(&sandbox, &linux, "root", old, new);
        let found = by_kpatch(&sandbox, &linux, old, new);
        let (git, ours) = (pairs(&expected), pairs(&found));
        if git.iter().collect::<BTreeSet<_>>() == ours.iter().collect() {
            assert_eq!(found, expected, "{old} {new}");
        } else {
            ties += 1;
            assert_eq!(costs.sum(&ours, &git), costs.sum(&git, &ours), "{old} {new}\n{ours:?}\n{git:?}");
        }
        for row in rows(&expected) {
            *seen.entry(row.sign).or_insert(0) += 1;
        }
    }
    assert!(["=", "!", "<", ">"].iter().all(|sign| seen[*sign] > 60), "{seen:?}");
    assert!(0 < ties && ties < 20, "{}: {ties}", allowed("ties"));
}

/// Two sets of commits with all that is odd: names, modes, types, line ends, messages.
fn odd_sets(repo: &Repo<'_>) -> (String, String) {
    let text = crate::support::repo::text;
    let link = |name: &str, to: &str| {
        let path = repo.path.join(name);
        let _ = std::fs::remove_file(&path);
        std::os::unix::fs::symlink(to, path).unwrap();
    };
    repo.write("a.c", text("a")).write("with space.c", text("space")).write("\u{fc}ml\u{e4}ut", text("umlaut"));
    repo.write("gone", text("gone"))
        .write("mode", text("mode"))
        .write("no-end", "one\ntwo")
        .write("crlf", "a\r\nb\r\n");
    repo.write("moves", text("moves")).write("x y/moves", text("other")).write("top\\back", "x\n");
    link("link", "to");
    repo.commit("base");
    repo.tag("base");
    for side in ["old", "new"] {
        let new = side == "new";
        repo.checkout("base");
        repo.git(&["checkout", "-q", "-b", side]);
        repo.lines("a.c", &[(10, "ten")]);
        repo.commit(format!(
            "\n\ntabs and blanks\t\nof a long title \n\nx\ty\t{}\n\u{e9}\u{6f22}\tz\n\n\n\nend \t\n\n",
            side.len()
        ));
        repo.lines("with space.c", &[(5, if new { "5" } else { "five" })]).lines("\u{fc}ml\u{e4}ut", &[(1, "first")]);
        repo.commit(format!("odd names\n\nbell\x07\tand tab {side}\n"));
        repo.git(&["rm", "-q", "gone"]);
        repo.git(&["update-index", "--chmod=+x", "mode"]);
        repo.commit("delete, and a mode");
        repo.write("no-end", if new { "one\nthree" } else { "one\ntwo\n" }).write("crlf", "a\r\nc\r\nd");
        repo.commit("line ends");
        repo.git(&["mv", "moves", "moved"]);
        repo.lines("moved", &[(1, if new { "1" } else { "one" }), (20, "twenty"), (30, "thirty")]);
        repo.git(&["mv", "x y/moves", "x y/to here"]);
        repo.commit("renames");
        link("link", if new { "there" } else { "here" });
        repo.commit("a link that changes");
        repo.write("fresh", "1\n2\n").write("top\\back", format!("{side}\n")).write("empty", "");
        repo.commit("new files, also an empty one");
        repo.git(&["commit", "-q", "--allow-empty", "-m", "nothing at all"]);
        repo.git(&["commit", "-q", "--allow-empty", "-m", &format!("nothing {side}")]);
        repo.write("image", [&b"\0\x01"[..], b"x"].concat());
        repo.commit("a binary file");
    }
    ("base..old".to_owned(), "base..new".to_owned())
}

#[test]
fn odd_commits_give_the_bytes_of_git() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox, "odd");
    let (old, new) = odd_sets(&repo);
    let expected = by_git(&sandbox, &repo.path, "base", &old, &new);
    let found = by_kpatch(&sandbox, &repo.path, &old, &new);
    assert_eq!(found.replace("\\u{7}", "\x07").replace("\\u{d}", "\r"), expected);
    assert_ne!(found, expected, "{}", allowed("visible"));
    assert!(expected.contains("      ## moves => moved ##\n"), "{expected}");
    assert!(expected.contains("No newline at end of file"), "{expected}");
}

/// The one allowed difference that is looked for, by its name.
fn allowed(name: &str) -> String {
    let (name, reason) = ALLOWED.iter().find(|(known, _)| *known == name).expect("a name of the list");
    format!("the allowed difference '{name}' ({reason})")
}

#[test]
fn modes_of_new_files_and_binary_content_are_compared() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox, "unseen");
    repo.write("README", "x\n").commit("base");
    repo.tag("base");
    for (side, byte) in [("old", b'x'), ("new", b'y')] {
        repo.checkout("base");
        repo.git(&["checkout", "-q", "-b", side]);
        repo.write("image", [0, 1, byte]).commit("an image");
        repo.write("script", "#!/bin/sh\n").git(&["add", "script"]);
        repo.git(&["update-index", if side == "old" { "--chmod=-x" } else { "--chmod=+x" }, "script"]);
        repo.git(&["commit", "-q", "-m", "a script"]);
        repo.git(&["checkout", "-q", "-f", side]);
    }
    let git = rows(&by_git(&sandbox, &repo.path, "base", "base..old", "base..new"));
    let ours = by_kpatch(&sandbox, &repo.path, "base..old", "base..new");
    assert_eq!(signs(&git), BTreeMap::from([("=", 2)]), "{}", allowed("unseen"));
    assert_eq!(signs(&rows(&ours)), BTreeMap::from([("!", 2)]), "{ours}");
    assert!(ours.contains("    + new file mode 100755\n"), "{ours}");
    let report = sandbox.report(&repo.path, &["diff", "--linux", ".", "base..old", "base..new"]);
    assert_eq!(report.count("changed"), 2);
}

#[test]
fn of_equal_diffs_those_with_equal_messages_are_pairs() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox, "twins");
    repo.write("a", "1\n").commit("base");
    repo.tag("base");
    for side in ["old", "new"] {
        repo.checkout("base");
        repo.git(&["checkout", "-q", "-b", side]);
        repo.write("a", "2\n").commit("the change");
        repo.write("a", "1\n").commit("take it back");
        repo.write("a", "2\n").commit("the change once more");
    }
    let git = rows(&by_git(&sandbox, &repo.path, "base", "base..old", "base..new"));
    let ours = rows(&by_kpatch(&sandbox, &repo.path, "base..old", "base..new"));
    assert_ne!(git, ours, "{}", allowed("twins"));
    assert!(ours.iter().all(|row| row.sign == "=" && row.old == row.new), "{ours:?}");
    assert!(git.iter().all(|row| matches!(row.sign.as_str(), "=" | "!")), "git pairs them all: {git:?}");
}

#[test]
fn files_and_commits_of_the_same_patches_compare_alike() {
    let sandbox = Sandbox::new();
    let (linux, ranges) = generated(&sandbox, 12);
    let folder = |name: &str, range: &str| {
        let folder = sandbox.path(name);
        let args = ["--attr-source=root", "format-patch", "-q", "-o", folder.to_str().unwrap()];
        sandbox.git(&linux, &[&args[..], PINNED, &[range]].concat());
        folder.to_str().unwrap().to_owned()
    };
    let pairs = |old: &str, new: &str| {
        let args = ["diff", "--linux", linux.to_str().unwrap(), old, new];
        let report = sandbox.report(&sandbox.path(""), &args).0;
        let pairs = report["pairs"].as_array().unwrap().iter().map(|pair| {
            let number = |side: &str| pair[side]["number"].as_u64();
            (number("old"), number("new"), pair["relation"].clone(), pair["subject"].clone(), pair["diff"].clone())
        });
        pairs.collect::<Vec<_>>()
    };
    for (at, (old, new)) in ranges.iter().enumerate() {
        let [old_folder, new_folder] =
            [("old", old), ("new", new)].map(|(side, range)| folder(&format!("{side}-{at}"), range));
        let expected = pairs(old, new);
        assert_eq!(pairs(&old_folder, &new_folder), expected, "{old} {new}");
        assert_eq!(pairs(&old_folder, new), expected, "{old} {new}");
        assert!(pairs(old, &old_folder).iter().all(|pair| pair.2 == "same"));
    }
}

#[test]
fn a_patch_file_renames_where_it_says_so() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox, "renames");
    repo.write("a", crate::support::repo::text("a")).commit("base");
    repo.tag("base");
    repo.git(&["mv", "a", "b"]);
    repo.lines("b", &[(20, "twenty")]).commit("move");
    let compared = |name: &str, renames: &str| {
        let folder = sandbox.path(name);
        let folder = folder.to_str().unwrap();
        repo.git(&["format-patch", "-q", renames, "-o", folder, "base..main"]);
        let report = sandbox.report(&repo.path, &["diff", "--linux", ".", "base..main", folder]);
        report.0["same"].as_bool().unwrap()
    };
    assert!(compared("with", "-M"));
    assert!(!compared("without", "--no-renames"), "{}", allowed("renames"));
}
