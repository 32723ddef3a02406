//! From patch files to a branch and back.

use std::path::{Path, PathBuf};

use crate::support::by_git::{Taken, patch_files};
use crate::support::repo::text;
use crate::support::{Repo, Report, Sandbox, corpus, snapshot};

/// Names and bytes of the patch files of a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |path: PathBuf| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap());
    patch_files(folder).into_iter().map(read).collect()
}

/// Runs a verb on a bare folder of patches.
fn run(sandbox: &Sandbox, verb: &str, linux: &Path, patches: &Path, base: &str, more: &[&str]) -> Report {
    let (linux, patches) = (linux.to_str().unwrap(), patches.to_str().unwrap());
    let mut args = vec![verb, "--linux", linux, "--patches", patches, "--base", base];
    args.extend(more);
    sandbox.report(&sandbox.path(""), &args)
}

/// Everything of a commit but its parents and its committer.
fn commit(sandbox: &Sandbox, linux: &Path, id: &str) -> String {
    let raw = sandbox.try_git(linux, &["cat-file", "commit", id]).stdout;
    let text = String::from_utf8_lossy(&raw).into_owned();
    let (header, message) = text.split_once("\n\n").unwrap();
    let kept = header.lines().filter(|line| !line.starts_with("parent ") && !line.starts_with("committer "));
    kept.collect::<Vec<_>>().join("\n") + "\n\n" + message
}

/// Holds an imported branch against what `git am` makes of the same files.
fn compare_with_am(sandbox: &Sandbox, linux: &Path, patches: &Path, base: &str) -> usize {
    let branch = format!("{base}-linuxkit");
    let ours = sandbox.commits(linux, base, &branch);
    let work = sandbox.work_tree(linux, base);
    let files = patch_files(patches);
    assert_eq!(ours.len(), files.len());
    for (file, our) in files.iter().zip(&ours) {
        let path = file.to_str().unwrap();
        sandbox.git(&work, &["am", "-q", "--keep-cr", "--keep-non-patch", "--no-scissors", path]);
        let theirs = sandbox.git(&work, &["rev-parse", "HEAD"]);
        assert_eq!(commit(sandbox, linux, our), commit(sandbox, &work, &theirs), "{}", file.display());
        let committer = sandbox.git(linux, &["log", "-1", "--format=%cn <%ce> %cd", "--date=raw", our]);
        let date = sandbox.git(linux, &["log", "-1", "--format=%cd", "--date=raw", &format!("{base}^{{commit}}")]);
        let seconds = date.split(' ').next().unwrap();
        assert!(committer.starts_with("kpatch <") && committer.contains(seconds), "{committer} at {date}");
    }
    ours.len()
}

/// A tree, and a patch set with everything that patches can hold.
fn odd(sandbox: &Sandbox) -> (Repo<'_>, PathBuf) {
    let linux = Repo::new(sandbox, "linux");
    for name in ["a.c", "b.c", "gone.c", "mode.sh", "with space.c", "größe.c", "moved.c", "include/h.h"] {
        linux.write(name, text(name));
    }
    linux.write("dos.txt", text("dos").replace('\n', "\r\n"));
    linux.write("endless.txt", "one\ntwo\nthree");
    linux.write("logo.bin", [0_u8, 1, 2, 255, 254, 0, 7].repeat(50));
    std::os::unix::fs::symlink("a.c", linux.path.join("link")).unwrap();
    linux.commit("Linux 6.6.13\n");
    linux.tag("v6.6.13");
    linux.checkout("v6.6.13");
    let signed = "Signed-off-by: A U Thor <author@example.org>\n";

    linux.lines("a.c", &[(20, "fixed")]);
    linux.commit(format!("a: fix it\n\n#include <linux/a.h>\n#define A 1\n\n  indented\n\n{signed}"));
    linux.lines("a.c", &[(21, "fixed too")]);
    linux.commit(format!("[media] a: a tag of its own\n\n{signed}"));
    linux.write("new/deep/file.c", "new\n").commit(format!("new: file\n\n{signed}"));
    std::fs::remove_file(linux.path.join("gone.c")).unwrap();
    linux.commit(format!("gone: remove\n\n{signed}"));
    linux.git(&["mv", "moved.c", "there.c"]);
    linux.lines("there.c", &[(3, "moved and changed")]);
    linux.commit(format!("there: move\n\n{signed}"));
    linux.git(&["update-index", "--chmod=+x", "mode.sh"]);
    linux.git(&["commit", "-q", "-m", &format!("mode: make it executable\n\n{signed}")]);
    linux.git(&["reset", "-q", "--hard"]);
    std::fs::remove_file(linux.path.join("link")).unwrap();
    std::os::unix::fs::symlink("b.c", linux.path.join("link")).unwrap();
    linux.commit(format!("link: point elsewhere\n\n{signed}"));
    let dos = std::fs::read_to_string(linux.path.join("dos.txt")).unwrap();
    linux.write("dos.txt", dos.replace("dos line 20\r\n", "dos zeile 20\r\n"));
    linux.commit(format!("dos: translate\n\n{signed}"));
    linux.write("endless.txt", "one\n2\nthree").commit(format!("endless: still without an end\n\n{signed}"));
    linux.write("endless.txt", "one\n2\nthree\n").commit(format!("endless: end it\n\n{signed}"));
    linux.lines("with space.c", &[(7, "spaced")]).lines("größe.c", &[(7, "größer")]);
    linux
        .commit(format!("Größe: in Jörgs Namen\n\nÜber Größen.\n\nReported-by: Jörg Müller <j@example.org>\n{signed}"));
    let long = "b: ".to_owned() + &"a long subject that never ends ".repeat(6);
    linux.lines("b.c", &[(1, "first")]).commit(format!("{}\n\n{signed}", long.trim_end()));
    linux.lines("b.c", &[(40, "last")]);
    linux.commit(format!("b: the last line\n\n * a list\n * of things\n\n> quoted\n\n{signed}Origin: vendor\n"));
    let patches = sandbox.path("patches");
    linux.format_patches("v6.6.13", "HEAD", &patches);
    (linux, patches)
}

/// One with a binary diff, which `patch` cannot apply.
fn binary(linux: &Repo<'_>, patches: &Path) {
    linux.write("logo.bin", [9_u8, 0, 2, 255, 254, 0, 7].repeat(50));
    linux.commit("logo: another one\n");
    let mut args = vec!["format-patch", "-q", "-1", "--start-number=50", "--binary", "--full-index"];
    args.extend(["-k", "-N", "-o", patches.to_str().unwrap()]);
    linux.git(&args);
}

#[test]
fn an_imported_branch_is_what_git_am_makes() {
    let sandbox = Sandbox::new();
    let (linux, patches) = odd(&sandbox);
    binary(&linux, &patches);
    let report = run(&sandbox, "import", &linux.path, &patches, "v6.6.13", &[]);
    assert_eq!(report.text("change"), "created");
    let commits = compare_with_am(&sandbox, &linux.path, &patches, "v6.6.13");
    assert_eq!(commits, 14);
    assert_eq!(report.text("tree"), sandbox.tree(&linux.path, "HEAD"), "and the tree that they were made from");
    let again = run(&sandbox, "import", &linux.path, &patches, "v6.6.13", &[]);
    assert_eq!((again.text("change"), again.text("commit")), ("unchanged", report.text("commit")));
}

#[test]
fn an_imported_set_of_the_corpus_is_what_git_am_makes() {
    let sandbox = Sandbox::new();
    let linux = sandbox.linux();
    let patches = sandbox.path("patches");
    std::fs::create_dir(&patches).unwrap();
    let all = patch_files(&corpus().join("patches-6.1.170"));
    let taken = sandbox.am(&linux, &all, "v6.1.170");
    // Without a date git takes the clock's; kpatch takes the release's.
    let dated = |file: &PathBuf| {
        String::from_utf8_lossy(&std::fs::read(file).unwrap()).lines().any(|line| line.starts_with("Date: "))
    };
    for (file, _) in all.iter().zip(&taken).filter(|(file, taken)| matches!(taken, Taken::Am(_)) && dated(file)) {
        std::fs::copy(file, patches.join(file.file_name().unwrap())).unwrap();
    }
    run(&sandbox, "import", &linux, &patches, "v6.1.170", &[]);
    let commits = compare_with_am(&sandbox, &linux, &patches, "v6.1.170");
    assert!(commits > 140, "{commits}");
    let before = files(&patches);
    let report = run(&sandbox, "export", &linux, &patches, "v6.1.170", &[]);
    assert_eq!(report.0["files"].as_array().unwrap().len(), 0);
    assert_eq!(files(&patches), before);
}

/// A message that no mail can hold unharmed.
#[test]
fn a_rule_in_a_message_is_cut_as_git_am_cuts_it() {
    let sandbox = Sandbox::new();
    let (linux, patches) = odd(&sandbox);
    linux.lines("a.c", &[(30, "fixed")]);
    linux.commit("a: with a rule\n\nBefore.\n---\nAfter.\n");
    linux.lines("a.c", &[(31, "fixed")]);
    linux.commit("a: a subject\nof two lines\n\nBody.\n");
    let mut args = vec!["format-patch", "-q", "-2", "--start-number=60", "-o", patches.to_str().unwrap()];
    args.extend(crate::support::by_git::PINNED);
    linux.git(&args);
    run(&sandbox, "import", &linux.path, &patches, "v6.6.13", &[]);
    assert_eq!(compare_with_am(&sandbox, &linux.path, &patches, "v6.6.13"), 15);
}

#[test]
fn exporting_what_was_imported_touches_nothing() {
    let sandbox = Sandbox::new();
    let (linux, patches) = odd(&sandbox);
    std::fs::write(patches.join("README"), "not a patch\n").unwrap();
    run(&sandbox, "import", &linux.path, &patches, "v6.6.13", &[]);
    let before = snapshot(&patches);
    let report = run(&sandbox, "export", &linux.path, &patches, "v6.6.13", &[]);
    assert_eq!(report.0["gate"]["holds"], true);
    assert_eq!(report.0["files"].as_array().unwrap().len(), 0);
    assert_eq!(snapshot(&patches), before);
    // They are pinned already, so writing them anew gives the same bytes, by either writer.
    for more in [&["--refresh"][..], &["--refresh", "--export", "git"]] {
        let old = files(&patches);
        run(&sandbox, "export", &linux.path, &patches, "v6.6.13", more);
        assert_eq!(files(&patches), old, "{more:?}");
    }
}

#[test]
fn a_set_with_a_binary_diff_round_trips_without_patch() {
    let sandbox = Sandbox::new();
    let (linux, patches) = odd(&sandbox);
    binary(&linux, &patches);
    run(&sandbox, "import", &linux.path, &patches, "v6.6.13", &[]);
    let (tree, set) = (linux.path.to_str().unwrap(), patches.to_str().unwrap());
    let args = ["export", "--linux", tree, "--patches", set, "--base", "v6.6.13"];
    let said = sandbox.failure(&sandbox.path(""), &args);
    assert!(said.contains("--skip-patch-utility"), "{said}");
    let old = files(&patches);
    run(&sandbox, "export", &linux.path, &patches, "v6.6.13", &["--skip-patch-utility"]);
    assert_eq!(files(&patches), old);
    run(&sandbox, "export", &linux.path, &patches, "v6.6.13", &["--skip-patch-utility", "--refresh"]);
    let new = files(&patches);
    assert_eq!(new.len(), old.len());
    let commits = sandbox.commits(&linux.path, "v6.6.13", "v6.6.13-linuxkit");
    for ((name, bytes), commit) in new.iter().zip(&commits) {
        let wanted = sandbox.format_patch(&linux.path, commit);
        assert_eq!(String::from_utf8_lossy(bytes), String::from_utf8_lossy(&wanted), "{name}");
    }
}

#[test]
fn a_commit_on_top_becomes_one_new_file() {
    let sandbox = Sandbox::new();
    let (linux, patches) = odd(&sandbox);
    run(&sandbox, "import", &linux.path, &patches, "v6.6.13", &[]);
    let before = files(&patches);
    linux.checkout("v6.6.13-linuxkit");
    linux.lines("b.c", &[(20, "something new")]);
    let id = linux.commit("b: something new\n\nBecause.\n");
    let report = run(&sandbox, "export", &linux.path, &patches, "v6.6.13", &[]);
    let after = files(&patches);
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.len(), before.len() + 1);
    let (name, bytes) = after.last().unwrap();
    assert_eq!(name, "0014-b-something-new.patch");
    assert_eq!(*bytes, sandbox.format_patch(&linux.path, &id));
    let changed: Vec<&str> =
        report.0["files"].as_array().unwrap().iter().map(|file| file["change"].as_str().unwrap()).collect();
    assert_eq!(changed, ["written"]);
}

#[test]
fn a_rebase_by_git_is_followed() {
    let sandbox = Sandbox::new();
    let (linux, patches) = odd(&sandbox);
    run(&sandbox, "import", &linux.path, &patches, "v6.6.13", &[]);
    let before = files(&patches);
    linux.checkout("v6.6.13-linuxkit");
    let rebase = |edit: &str| {
        let editor = format!("sequence.editor=sed -i -e '{edit}'");
        linux.git(&["-c", &editor, "-c", "core.editor=true", "rebase", "-q", "-i", "v6.6.13"]);
    };
    let export = || run(&sandbox, "export", &linux.path, &patches, "v6.6.13", &[]);
    // Drop the third.
    rebase("3s/^pick/drop/");
    let report = export();
    let dropped = &before[2].0;
    let kept: Vec<_> = before.iter().filter(|(name, _)| name != dropped).cloned().collect();
    assert_eq!(files(&patches), kept);
    let removed: Vec<&str> =
        report.0["removed"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(removed.len() == 1 && removed[0].ends_with(dropped.as_str()), "{removed:?}");

    // Change the last one: only its file changes, and only below its message.
    linux.lines("b.c", &[(40, "the very last")]);
    linux.git(&["commit", "-q", "-a", "--amend", "--no-edit"]);
    export();
    let amended = files(&patches);
    let (last, rest) = amended.split_last().unwrap();
    assert_eq!(rest, &kept[..kept.len() - 1]);
    assert_eq!(last.1, sandbox.format_patch(&linux.path, "HEAD"), "the old one was pinned, so this one is");

    // Exchange two that touch different files.
    rebase("3{h;d};4G");
    let order: Vec<String> = sandbox
        .commits(&linux.path, "v6.6.13", "v6.6.13-linuxkit")
        .iter()
        .map(|id| sandbox.tree(&linux.path, id))
        .collect();
    export();
    assert_in_order(&sandbox, &linux.path, &patches, &order);
    let mut expected = amended;
    expected.swap(2, 3);
    assert_eq!(files(&patches).len(), expected.len());
    for ((name, bytes), (old, same)) in files(&patches).iter().zip(&expected) {
        assert_eq!(bytes, same, "{name} was {old}");
        assert_eq!(name[5..], old[5..], "only the number changes");
    }

    // One more between them.
    rebase("3a exec echo more >>new.c && git add new.c && git commit -q -m \"new: in between\"");
    let order: Vec<String> = sandbox
        .commits(&linux.path, "v6.6.13", "v6.6.13-linuxkit")
        .iter()
        .map(|id| sandbox.tree(&linux.path, id))
        .collect();
    export();
    assert_in_order(&sandbox, &linux.path, &patches, &order);
    assert!(files(&patches)[3].0.ends_with("-new-in-between.patch"));
}

/// The files in the order of their names must give the trees of the branch, one by one.
fn assert_in_order(sandbox: &Sandbox, linux: &Path, patches: &Path, trees: &[String]) {
    let taken = sandbox.am(linux, &patch_files(patches), "v6.6.13");
    let got: Vec<String> = taken.iter().map(|taken| sandbox.tree(linux, taken.commit().unwrap())).collect();
    assert_eq!(got, trees);
}

#[test]
fn plan_and_dry_runs_write_nothing_at_all() {
    let sandbox = Sandbox::new();
    let (linux, patches) = odd(&sandbox);
    linux.checkout("main");
    linux.lines("a.c", &[(5, "upstream")]).lines("b.c", &[(38, "upstream")]).commit("Linux 6.6.14\n");
    linux.tag("v6.6.14");
    let kit = sandbox.path("kit");
    sandbox.write("kit/kernel/Makefile", "KERNELS_all=6.6.13\n");
    std::fs::rename(&patches, kit.join("kernel/patches-6.6.x")).unwrap();
    let tree = linux.path.to_str().unwrap();
    let before = (snapshot(&linux.path), snapshot(&kit));
    let verbs: &[&[&str]] = &[
        &["plan", "6.6.x"],
        &["plan", "v6.6.13", "v6.6.14", "v6.6.13"],
        &["bump", "6.6.x", "--dry-run"],
        &["bump", "6.6.x", "--dry-run", "--refresh"],
        &["bump", "6.6.x", "--dry-run", "--refresh", "--export", "git"],
        &["import", "6.6.x", "--dry-run"],
        &["status"],
        &["verify", "6.6.x"],
    ];
    for args in verbs {
        let all: Vec<&str> = args.iter().copied().chain(["--linux", tree]).collect();
        let output = sandbox.kpatch(&kit, &all);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "{args:?}");
        for (folder, before) in [(&linux.path, &before.0), (&kit, &before.1)] {
            let after = snapshot(folder);
            let differs = |path: &&PathBuf| before.get(*path) != after.get(*path);
            let written: Vec<_> = before.keys().chain(after.keys()).filter(differs).collect();
            assert!(written.is_empty(), "{args:?} wrote {written:?}");
        }
    }
    // Git itself touches the time of an object that it would have written and found; it writes nothing either.
    let names = |folder| snapshot(folder).into_iter().map(|(path, (mode, size, _, id))| (path, mode, size, id));
    let before_git: Vec<_> = names(&linux.path).collect();
    let report = sandbox.report(&kit, &["verify", "6.6.x", "--with-git", "--to", "v6.6.14", "--linux", tree]);
    assert_eq!(report.0["holds"], true);
    assert!(names(&linux.path).eq(before_git));
    assert!(!sandbox.path("cache").exists());
    // And what they are said not to do does happen without `--dry-run`.
    sandbox.report(&kit, &["bump", "6.6.x", "--linux", tree, "--allow-dirty"]);
    assert!(snapshot(&linux.path) != before.0 && snapshot(&kit) != before.1);
}
