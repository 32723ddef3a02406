//! Whole patch sets of the corpus from one release to another, beside what git makes of them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use kpatch::patch::Patch;
use kpatch::patch_set::PatchSet;

use crate::support::by_git::{Taken, patch_files};
use crate::support::{Report, Sandbox, corpus, snapshot};

/// What came of a patch set, by git's count.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    /// Taken by `git am`.
    am: usize,
    /// Not read by `git am`, but applied by `git apply`.
    apply: usize,
    /// Neither.
    base_bad: usize,
    /// Merged to something.
    clean: usize,
    /// Merged to nothing.
    empty: usize,
    /// Left out by git.
    conflicts: usize,
    /// Of these, those that the target has by proof.
    proven: usize,
    /// Merged by git, held back by kpatch because the unchanged patch gives another tree.
    disagreements: usize,
    /// Merged by git, held back by kpatch because of what the merge hides; see [`HAZARDS`].
    hazards: usize,
}

/// The only patches that a hazard may hold back, and why it is right to do so.
const HAZARDS: &[(&str, &str)] = &[(
    "documentation-drop-sphinx-version-check",
    "it removes a call from every target of a Makefile, and the new release has one target more that makes the call",
)];

/// A folder with the patch files of several sets, in the order of the sets.
fn joined(sandbox: &Sandbox, sets: &[&str]) -> PathBuf {
    let folder = sandbox.path("patches");
    std::fs::create_dir(&folder).unwrap();
    let files = sets.iter().flat_map(|set| patch_files(&corpus().join(set)));
    for (number, file) in (1..).zip(files) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let (_, rest) = name.split_once('-').unwrap();
        std::fs::write(folder.join(format!("{number:04}-{rest}")), std::fs::read(&file).unwrap()).unwrap();
    }
    folder
}

/// A second clone, so that git's objects and kpatch's do not mix.
fn oracle(sandbox: &Sandbox) -> PathBuf {
    let path = sandbox.path("oracle");
    let bundle = corpus().join("linux.bundle");
    sandbox.git(&sandbox.path(""), &["clone", "-q", "--bare", bundle.to_str().unwrap(), "oracle"]);
    path
}

fn plan(sandbox: &Sandbox, patches: &Path, base: &str, target: &str) -> Report {
    let linux = sandbox.linux();
    let args = ["plan", base, target, "--linux", linux.to_str().unwrap(), "--patches", patches.to_str().unwrap()];
    sandbox.report(&sandbox.path(""), &args)
}

/// Plans, and holds every row against git; returns the sums and the report.
fn compare(sandbox: &Sandbox, patches: &Path, base: &str, target: &str) -> (Sums, Report) {
    let oracle = oracle(sandbox);
    let taken = sandbox.am(&oracle, &patch_files(patches), base);
    let report = plan(sandbox, patches, base, target);
    let rows = report.rows();
    assert_eq!(rows.len(), taken.len());
    let mut sums = Sums::default();
    let mut tip = sandbox.tree(&oracle, target);
    for (row, taken) in rows.iter().zip(&taken) {
        match taken {
            Taken::Am(_) => sums.am += 1,
            Taken::Apply(_) => sums.apply += 1,
            Taken::Refused => sums.base_bad += 1,
        }
        tip = compare_row(sandbox, &oracle, row, taken, &tip, &mut sums);
        assert_eq!(row.text("tree"), tip, "{}", row.text("file"));
    }
    assert_eq!(report.text("tree"), tip);
    (sums, report)
}

/// The tree after one patch, as git has it; the row must say the same.
fn compare_row(sandbox: &Sandbox, oracle: &Path, row: &Report, taken: &Taken, tip: &str, sums: &mut Sums) -> String {
    let said = || format!("{}: {} ({})", row.text("file"), row.outcome(), row.text("detail"));
    let Some(commit) = taken.commit() else {
        assert_eq!(row.outcome(), "base-bad", "git cannot apply {}", said());
        return tip.to_owned();
    };
    match sandbox.merge_tree(oracle, tip, commit) {
        None => {
            sums.conflicts += 1;
            assert!(matches!(row.outcome(), "conflict" | "blocked" | "upstreamed"), "git conflicts: {}", said());
            if row.outcome() == "upstreamed" {
                sums.proven += 1;
                assert!(matches!(row.0["proof"]["kind"].as_str(), Some("peeled" | "patch-id")), "{}", said());
            }
            tip.to_owned()
        }
        Some(merged) if merged == tip => {
            sums.empty += 1;
            assert!(matches!(row.outcome(), "upstreamed" | "emptied"), "git has nothing left: {}", said());
            tip.to_owned()
        }
        Some(_) if row.0["hazards"][0]["kind"] == "incomplete" || row.0["hazards"][0]["kind"] == "added-twice" => {
            assert!(HAZARDS.iter().any(|(name, _)| row.text("file").contains(name)), "a new hazard: {}", said());
            sums.hazards += 1;
            tip.to_owned()
        }
        Some(_) if row.0["conflicts"][0]["kind"] == "disagreement" => {
            sums.disagreements += 1;
            tip.to_owned()
        }
        Some(merged) => {
            sums.clean += 1;
            assert!(row.is_kept(), "git merges: {}", said());
            merged
        }
    }
}

/// The subjects of a set's patches.
fn subjects(folder: &Path) -> HashSet<String> {
    read(folder).patches.iter().map(|patch| patch.message.subject.to_string()).collect()
}

fn read(folder: &Path) -> PatchSet {
    let read = |path: PathBuf| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap());
    PatchSet::read(patch_files(folder).into_iter().map(read).collect()).unwrap()
}

#[test]
fn a_bump_within_a_series_is_as_git_has_it() {
    let sandbox = Sandbox::new();
    let patches = joined(&sandbox, &["patches-6.1.170"]);
    let (sums, report) = compare(&sandbox, &patches, "v6.1.170", "v6.1.176");
    // The one that only `git apply` takes has DEP-3 headers and no mail header.
    let expected =
        Sums { am: 152, apply: 1, base_bad: 7, clean: 144, empty: 5, conflicts: 4, proven: 1, ..Sums::default() };
    assert_eq!(sums, expected);
    assert_eq!((report.count("conflict"), report.count("blocked"), report.count("upstreamed")), (2, 1, 6));
    assert_eq!(report.count("partial") + report.count("emptied"), 0);

    let next = subjects(&corpus().join("patches-6.1.176"));
    let (mut dropped, mut kept) = (0, 0);
    for row in report.rows() {
        let there = next.contains(row.text("subject"));
        if row.outcome() == "upstreamed" {
            assert!(!there, "dropped, but its maintainers carry it on: {}", row.text("file"));
            dropped += 1;
        }
        kept += usize::from(row.is_kept() && there);
    }
    assert_eq!(dropped, 6);
    assert!(kept > 135, "of what is kept, its maintainers kept {kept}");
}

#[test]
fn a_real_time_set_is_as_git_has_it() {
    let sandbox = Sandbox::new();
    let patches = joined(&sandbox, &["patches-6.1.170-rt"]);
    let (sums, report) = compare(&sandbox, &patches, "v6.1.170", "v6.1.176");
    assert_eq!(sums, Sums { am: 67, clean: 67, ..Sums::default() });
    assert_eq!(report.text("state"), "would-land");
}

#[test]
fn a_jump_to_another_series_is_as_git_has_it() {
    let sandbox = Sandbox::new();
    let patches = joined(&sandbox, &["patches-6.1.176", "patches-6.1.176-rt"]);
    let (sums, report) = compare(&sandbox, &patches, "v6.1.176", "v6.12.100");
    assert_eq!((sums.am, sums.apply, sums.base_bad), (229, 1, 7));
    assert_eq!((sums.clean, sums.empty, sums.conflicts), (73, 38, 118));
    assert_eq!((sums.disagreements, sums.hazards), (0, HAZARDS.len()), "each exception is one that happens");
    let next: HashSet<String> =
        ["patches-6.12.100", "patches-6.12.100-rt"].iter().flat_map(|set| subjects(&corpus().join(set))).collect();
    let dropped: Vec<Report> = report.rows().into_iter().filter(|row| row.outcome() == "upstreamed").collect();
    assert_eq!(dropped.len(), sums.empty + sums.proven);
    for row in dropped {
        assert!(!next.contains(row.text("subject")), "carried on by its maintainers: {}", row.text("file"));
    }
}

#[test]
fn a_downgrade_is_as_git_has_it() {
    let sandbox = Sandbox::new();
    let patches = joined(&sandbox, &["patches-6.12.100"]);
    let (sums, report) = compare(&sandbox, &patches, "v6.12.100", "v6.1.176");
    assert_eq!(sums, Sums { am: 73, base_bad: 5, clean: 46, empty: 1, conflicts: 26, ..Sums::default() });
    assert_eq!(report.0["history"], 0, "an older release has nothing that a newer one lacks");
}

#[test]
fn on_its_own_base_a_set_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let patches = joined(&sandbox, &["patches-6.1.176"]);
    let (sums, report) = compare(&sandbox, &patches, "v6.1.176", "v6.1.176");
    assert_eq!(sums, Sums { am: 157, apply: 1, base_bad: 7, clean: 158, ..Sums::default() });
    assert_eq!(report.count("same") + report.count("offset"), 158, "{}", report.0["counts"]);
}

/// Removes the patches that need a decision until none does; returns how many were left out.
fn leave_out_what_is_open(sandbox: &Sandbox, patches: &Path, base: &str, target: &str) -> usize {
    let mut removed = 0;
    loop {
        let report = plan(sandbox, patches, base, target);
        if report.text("state") == "would-land" {
            return removed;
        }
        for row in report.rows().iter().filter(|row| !row.is_kept() && row.outcome() != "upstreamed") {
            std::fs::remove_file(patches.join(row.text("file"))).unwrap();
            removed += 1;
        }
    }
}

/// Removes the one patch that `git am` does not read, and so `verify --with-git` could not hold.
fn without_dep3(patches: &Path) {
    let mut files = patch_files(patches).into_iter();
    let file = files.find(|file| file.to_str().unwrap().contains("-trust-machine-keyring-by-default")).unwrap();
    std::fs::remove_file(file).unwrap();
}

/// A patch without its diffstat and its diffs, found by the looks of the lines alone.
fn without_stat_and_diff(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = String::new();
    let mut in_diff = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let begins = line.starts_with("diff --git ")
            || line.starts_with("Index: ")
            || (line.starts_with("--- ") && lines.peek().is_some_and(|next| next.starts_with("+++ ")));
        in_diff |= begins;
        if in_diff && line == "-- " {
            in_diff = false;
        }
        let stat =
            line.starts_with(' ') && (line.contains(" | ") || line.contains(" changed, ") || line.contains(" mode "));
        if !in_diff && !stat {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The same by the program's own idea of where the parts of a patch are.
fn rest(patch: &Patch) -> Vec<&[u8]> {
    let layout = &patch.layout;
    [&layout.head, &layout.notes, &layout.gap, &layout.tail].map(|range| &patch.text()[range.clone()]).to_vec()
}

/// Bumps, and proves what was written by means of git and patch alone; returns how many files were written anew.
fn prove(sandbox: &Sandbox, patches: &Path, base: &str, target: &str) -> usize {
    let (linux, out) = (sandbox.linux(), sandbox.path("out"));
    let (from, to) = (patches.to_str().unwrap(), out.to_str().unwrap());
    let before = snapshot(patches);
    let args = ["bump", base, target, "--linux", linux.to_str().unwrap(), "--patches", from, "--out", to];
    let report = sandbox.report(&sandbox.path(""), &args);
    assert_eq!(report.text("state"), "landed");
    assert_eq!(snapshot(patches), before, "with --out the old set stays as it is");
    let branch = report.text("branch");
    let tree = sandbox.tree(&linux, branch);
    assert_eq!(report.text("tree"), tree);

    let files = patch_files(&out);
    let kept: Vec<Report> = report.rows().into_iter().filter(Report::is_kept).collect();
    assert_eq!(files.len(), kept.len());
    let taken = sandbox.am(&linux, &files, target);
    assert!(taken.iter().all(|taken| taken.commit().is_some()));
    assert_eq!(sandbox.tree(&linux, taken.last().unwrap().commit().unwrap()), tree);
    assert_eq!(sandbox.patch_utility(&linux, &files, target), tree);

    let (old, new) = (read(patches), read(&out));
    let mut anew = 0;
    for row in &kept {
        let name = row.text("file");
        let find = |set: &PatchSet| set.patches.iter().position(|patch| patch.file == name).unwrap();
        let (old, new) = (&old.patches[find(&old)], &new.patches[find(&new)]);
        if row.0["bytes_kept"] == true {
            assert_eq!(old.bytes, new.bytes, "{name}");
        } else {
            anew += 1;
            assert_ne!(old.bytes, new.bytes, "{name}");
            assert_eq!(rest(old), rest(new), "{name}");
            assert_eq!(without_stat_and_diff(&old.bytes), without_stat_and_diff(&new.bytes), "{name}");
        }
    }
    verify(sandbox, &out, target, None);
    anew
}

fn verify(sandbox: &Sandbox, patches: &Path, base: &str, to: Option<&str>) {
    let linux = sandbox.linux();
    let (linux, patches) = (linux.to_str().unwrap(), patches.to_str().unwrap());
    let mut args = vec!["verify", "--with-git", "--linux", linux, "--patches", patches, "--base", base];
    args.extend(to.iter().flat_map(|to| ["--to", to]));
    let report = sandbox.report(&sandbox.path(""), &args);
    assert_eq!(report.0["holds"], true, "{}", report.0);
    let legs = report.0["legs"].as_array().unwrap();
    assert_eq!(legs.len(), if to.is_some() { 7 } else { 5 });
}

#[test]
fn what_lands_is_what_git_and_patch_apply() {
    let sandbox = Sandbox::new();
    let patches = joined(&sandbox, &["patches-6.1.170"]);
    let linux = sandbox.linux();
    without_dep3(&patches);
    let open = leave_out_what_is_open(&sandbox, &patches, "v6.1.170", "v6.1.176");
    assert!((10..14).contains(&open), "{open} left out");
    verify(&sandbox, &patches, "v6.1.170", Some("v6.1.176"));
    let anew = prove(&sandbox, &patches, "v6.1.170", "v6.1.176");
    assert!((1..10).contains(&anew), "{anew} written anew");
    // And once more from there: nothing is left to do.
    let out = sandbox.path("out");
    let again = plan(&sandbox, &out, "v6.1.176", "v6.1.176");
    assert_eq!(again.text("tree"), sandbox.tree(&linux, "v6.1.176-linuxkit"));
    assert_eq!(again.count("same") + again.count("offset"), again.count("total"));
}

#[test]
fn what_lands_on_another_series_is_what_git_and_patch_apply() {
    let sandbox = Sandbox::new();
    let patches = joined(&sandbox, &["patches-6.1.176", "patches-6.1.176-rt"]);
    without_dep3(&patches);
    leave_out_what_is_open(&sandbox, &patches, "v6.1.176", "v6.12.100");
    let anew = prove(&sandbox, &patches, "v6.1.176", "v6.12.100");
    assert!(anew > 5, "{anew} written anew");
}

#[test]
fn a_refreshed_set_is_what_git_writes() {
    let sandbox = Sandbox::new();
    let linux = sandbox.linux();
    let patches = joined(&sandbox, &["patches-6.1.176", "patches-6.1.176-rt"]);
    leave_out_what_is_open(&sandbox, &patches, "v6.1.176", "v6.12.100");
    let names: HashSet<_> = patch_files(&patches).iter().map(|file| file.file_name().unwrap().to_owned()).collect();
    let (patches, tree) = (patches.to_str().unwrap(), linux.to_str().unwrap());
    let args = ["bump", "v6.1.176", "v6.12.100", "--linux", tree, "--patches", patches, "--refresh"];
    let report = sandbox.report(&sandbox.path(""), &args);
    assert_eq!(report.text("state"), "landed");
    let commits = sandbox.commits(&linux, "v6.12.100", report.text("branch"));
    let files = patch_files(Path::new(patches));
    assert_eq!(files.len(), commits.len());
    assert!(files.len() > 60, "{} patches", files.len());
    for (file, commit) in files.iter().zip(&commits) {
        assert!(names.contains(file.file_name().unwrap()), "{} keeps its name", file.display());
        let (written, wanted) = (std::fs::read(file).unwrap(), sandbox.format_patch(&linux, commit));
        assert_eq!(
            String::from_utf8_lossy(&written),
            String::from_utf8_lossy(&wanted),
            "{} and git format-patch of {commit}",
            file.display()
        );
        assert_eq!(written, wanted, "{}", file.display());
    }
}
