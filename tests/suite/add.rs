//! New patches for a set, beside `git cherry-pick -x`, `git am` and `git am -3`.

mod thread;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::support::kit::{Layout, World, assert_refusal, lines};
use crate::support::{Edit, Repo, Sandbox, TreeBuilder, by_git::PINNED};

/// The usual world with more commits: on the same tree, and on one where lines stand elsewhere.
fn world() -> World {
    let world = World::new(Layout::Flat);
    let work = world.sandbox.work_tree(&world.linux, "v6.6.13");
    let file = |path: &str, text: &str| std::fs::write(work.join(path), text).unwrap();
    let git = |args: &[&str]| world.sandbox.git(&work, args);
    let commit = |message: &str, branch: &str| {
        let path = world.sandbox.write("message", message);
        git(&["commit", "-q", "-a", "--cleanup=verbatim", "-F", path.to_str().unwrap()]);
        git(&["branch", "-f", branch]);
    };
    // Changes a line that the first patch does not touch.
    file("kernel/panic.c", &lines("panic", &[(30, "thirty")]));
    commit("panic: thirty\n\nIn words.\n\nSigned-off-by: Ada <ada@example.org>\n", "plain");
    file("kernel/panic.c", &lines("panic", &[(30, "thirty"), (35, "b")]));
    commit("panic: thirty five\n", "more");
    // Another context: only a merge knows how.
    git(&["checkout", "-q", "v6.6.13"]);
    file("init/main.c", &lines("main", &[(7, "seven")]));
    commit("main: upstream only\n", "context");
    file("init/main.c", &lines("main", &[(7, "seven"), (9, "nine")]));
    commit("main: nine\n\nSigned-off-by: Ada <ada@example.org>\n", "merged");
    // What the first patch changes.
    git(&["checkout", "-q", "v6.6.13"]);
    file("kernel/panic.c", &lines("panic", &[(20, "panic XX")]));
    commit("panic: Romans\n", "clash");
    world
}

fn id(world: &World, name: &str) -> String {
    world.sandbox.git(&world.linux, &["rev-parse", name])
}

fn last(world: &World) -> (String, Vec<u8>) {
    world.patches_only().pop().unwrap()
}

/// What git makes of the set with these commits cherry-picked on top: the tree, and the patch file of the last one.
fn by_cherry_pick(world: &World, names: &[&str], more: &[&str]) -> (String, Vec<u8>) {
    let files: Vec<PathBuf> = world.patches_only().iter().map(|(name, _)| world.patch(name)).collect();
    let taken = world.sandbox.am(&world.linux, &files, "v6.6.13");
    let work = world.sandbox.work_tree(&world.linux, taken.last().unwrap().commit().unwrap());
    for name in names {
        world.sandbox.git(&work, &[&["cherry-pick", "-x"], more, &[name]].concat());
    }
    let mut args = vec!["--attr-source=HEAD", "format-patch", "--stdout", "-1"];
    args.extend(PINNED);
    let output = world.sandbox.try_git(&work, &args);
    (world.sandbox.git(&work, &["rev-parse", "HEAD^{tree}"]), output.stdout)
}

fn without_git(world: &World, args: &[&str], input: &[u8]) -> std::process::Output {
    use std::io::Write as _;
    let mut child =
        world.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_commit_is_added_as_cherry_pick_does_it() {
    for name in ["plain", "merged"] {
        let world = world();
        let (tree, file) = by_cherry_pick(&world, &[name], &[]);
        world.done(&["import"]);
        let before = world.patches_only();
        let report = world.report(&["add", name]);
        assert_eq!((report["state"].as_str(), report["tree"].as_str()), (Some("landed"), Some(tree.as_str())));
        let (added, bytes) = last(&world);
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&file), "{name}");
        assert_eq!(report["added"][0]["file"], added.as_str());
        assert_eq!(report["added"][0]["source"], format!("commit {}", id(&world, name)));
        assert_eq!(world.patches_only()[..4], before[..]);
        assert_eq!(world.branch("v6.6.13-linuxkit").as_deref(), report["commit"].as_str());
        assert!(report["warnings"].to_string().contains("--origin"), "{report}");
        let outcome = report["patches"][4]["outcome"].as_str().unwrap();
        assert_eq!(outcome, if name == "plain" { "same" } else { "refreshed" });
        world.commit();
        world.refused(&["add", name], &["already"]);
        world.report(&["verify", "6.6.x"]);
    }
}

#[test]
fn messages_are_those_of_cherry_pick() {
    let sob = "Signed-off-by: Ada <ada@example.org>\n";
    let messages = [
        "s: no trailers\n".to_owned(),
        "s: a body\n\nwith words\n\nand more\n".to_owned(),
        format!("s: includes\n\n#include <linux/x.h>\n#if 0\n\n{sob}"),
        format!("s: größer\n\nJörg sagt: schön\n\n{sob}Cc: Jörg <j@example.org>\n"),
        format!("s: picked before\n\n{sob}(cherry picked from commit {})\n", "1".repeat(40)),
        format!("s: mixed\n\nnot a trailer\nnor this\nFixes: 1234 (\"x\")\n{sob}"),
        "[media] s: brackets\n\nNote: this is\nprose\n".to_owned(),
        "s: upstream\n\ncommit 1111111111111111111111111111111111111111 upstream.\n\nbody\n".to_owned(),
        format!(
            "a subject that is so long that it has to be folded in the header of a mail, twice over\nand on two lines\n\n{sob}"
        ),
    ];
    let world = World::new(Layout::Flat);
    let work = world.sandbox.work_tree(&world.linux, "v6.6.13");
    for (at, message) in messages.iter().enumerate() {
        std::fs::write(work.join("README"), format!("Linux {at}\n")).unwrap();
        let path = world.sandbox.write("message", message);
        world
            .sandbox
            .git(&work, &["commit", "-q", "-a", "--amend", "--cleanup=verbatim", "-F", path.to_str().unwrap()]);
        let id = world.sandbox.git(&work, &["rev-parse", "HEAD"]);
        // One commit on the release, each time.
        let commit = world.sandbox.git(
            &world.linux,
            &["commit-tree", "-p", "v6.6.13^{commit}", "-F", path.to_str().unwrap(), &format!("{id}^{{tree}}")],
        );
        for more in [&[][..], &["--signoff"]] {
            let (tree, file) = by_cherry_pick(&world, &[&commit], more);
            let report = world.report(&[&["add", commit.as_str(), "--allow-dirty"], more].concat());
            assert_eq!(report["tree"], tree.as_str(), "{message}");
            assert_eq!(String::from_utf8_lossy(&last(&world).1), String::from_utf8_lossy(&file), "{message}");
            world.done(&["drop", "5", "--allow-dirty"]);
        }
    }
}

#[test]
fn a_line_that_would_end_the_message_is_indented_and_told() {
    let world = world();
    let message =
        world.sandbox.write("message", "s: x\n\nabove\n---\nbelow\ndiff --git a/x b/x\n\nSigned-off-by: A <a@b.c>\n");
    let args = ["commit-tree", "-p", "v6.6.13^{commit}", "-F", message.to_str().unwrap(), "plain^{tree}"];
    let commit = world.sandbox.git(&world.linux, &args);
    let report = world.report(&["add", &commit]);
    assert!(report["warnings"].to_string().contains("2 lines that would end the message are indented"), "{report}");
    let body = String::from_utf8(last(&world).1).unwrap();
    assert!(
        body.contains("\nabove\n ---\nbelow\n diff --git a/x b/x\n\nSigned-off-by: A <a@b.c>\n(cherry picked"),
        "{body}"
    );
    let am = world.sandbox.am(
        &world.linux,
        &[world.patch("0001-panic-say-it-in-words.patch"), world.patch(&last(&world).0)],
        "v6.6.13",
    );
    let said = world.sandbox.git(&world.linux, &["log", "-1", "--format=%B", am[1].commit().unwrap()]);
    assert!(said.contains("below\n diff --git"), "{said}");
}

#[test]
fn a_range_goes_in_oldest_first_and_a_place_renumbers() {
    let world = world();
    let (tree, _) = by_cherry_pick(&world, &["plain", "more"], &[]);
    let report = world.report(&["add", "v6.6.13..more"]);
    assert_eq!(report["tree"], tree.as_str());
    let names: Vec<String> = world.patches_only().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[4..], ["0005-panic-thirty.patch", "0006-panic-thirty-five.patch"]);
    world.commit();
    let report = world.report(&["add", "merged", "--before", "2"]);
    let names: Vec<String> = world.patches_only().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[1], "0002-main-nine.patch");
    assert_eq!(names[2], "0003-init-count-in-words.patch");
    assert_eq!((report["added"][0]["file"].as_str(), names.len()), (Some("0002-main-nine.patch"), 7));
    world.report(&["verify", "6.6.x"]);
}

#[test]
fn what_cannot_be_added_changes_nothing() {
    let world = world();
    let before = world.snapshot();
    let output = world.kpatch(&["add", "clash"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("panic: Romans") && text.contains("<<<<<<<") && text.contains("panic XX"), "{text}");
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
    let work = world.sandbox.work_tree(&world.linux, "plain");
    world.sandbox.git(&work, &["merge", "-q", "-m", "merge", "merged"]);
    world.sandbox.git(&work, &["branch", "merge"]);
    world.sandbox.git(&work, &["commit", "-q", "--allow-empty", "-m", "nothing"]);
    world.sandbox.git(&work, &["branch", "empty"]);
    world.refused(&["add", "merge"], &["is a merge"]);
    world.refused(&["add", "plain..merge"], &["is a merge"]);
    world.refused(&["add", "empty"], &["changes nothing"]);
    world.refused(&["add", "plain..plain"], &["no commit in"]);
    world.refused(&["add", "--", "-x"], &["neither a commit"]);
    world.refused(&["add", "nonsense\u{1b}[2J"], &["neither a commit of the linux tree nor a file"]);
    world.refused(&["add", "plain", "plain"], &["are the same change"]);
    world.refused(&["add", "plain", "--origin", "two\nlines"], &["not one line"]);
    world.refused(&["add", "ftp://example.org/x"], &["not a URL of the web"]);
    world.refused(&["add", "https://example.org/x", "--offline"], &["--offline"]);
}

#[test]
fn a_commit_that_the_base_has_is_refused() {
    let world = world();
    world.sandbox.git(&world.linux, &["tag", "v6.6.13-old", "v6.6.13"]);
    world.refused(&["add", "v6.6.13"], &["in the set or in v6.6.13 already"]);
    let report = world.report(&["add", "plain", "--dry-run"]);
    assert_eq!(report["state"], "would-land");
}

#[test]
fn the_origin_is_the_remote_that_has_the_commit() {
    let world = world();
    let id = id(&world, "plain");
    let remote = |name: &str, url: &str| {
        world.sandbox.git(&world.linux, &["config", &format!("remote.{name}.url"), url]);
        world.sandbox.git(&world.linux, &["update-ref", &format!("refs/remotes/{name}/main"), "plain"]);
    };
    let added = |args: &[&str]| {
        let report = world.report(&[&["add", "plain", "--allow-dirty"], args].concat());
        let text = String::from_utf8(last(&world).1).unwrap();
        world.done(&["drop", "5", "--allow-dirty"]);
        (report["added"][0]["origin"].as_str().map(str::to_owned), text)
    };
    remote("local", "/srv/linux.git");
    assert_eq!(added(&[]).0, None);
    remote("mine", "https://user:secret@git.example.org/linux.git");
    let (origin, text) = added(&[]);
    assert_eq!(origin, Some(format!("https://git.example.org/linux.git {id}")));
    assert!(!text.contains("secret"));
    remote("up", "git://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git");
    let link = format!("https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/commit/?id={id}");
    let (origin, text) = added(&["--signoff"]);
    assert_eq!(origin, Some(link.clone()));
    let end = format!(
        "\nSigned-off-by: Ada <ada@example.org>\n(cherry picked from commit {id})\n\
         Signed-off-by: C O Mitter <committer@example.org>\nOrigin: {link}\n---\n"
    );
    assert!(text.contains(&end), "{text}");
    assert_eq!(added(&["--origin", " https://example.org/x "]).0.as_deref(), Some("https://example.org/x"));
}

/// The mails of a range, as one mbox.
fn mbox(world: &World, range: &str, more: &[&str]) -> Vec<u8> {
    let output = world.sandbox.try_git(&world.linux, &[&["format-patch", "--stdout", "-q"], more, &[range]].concat());
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn a_series_of_mails_is_applied_as_am_does_it() {
    let world = world();
    let mails = mbox(&world, "v6.6.13..more", &["--cover-letter", "--full-index"]);
    let files: Vec<PathBuf> = world.patches_only().iter().map(|(name, _)| world.patch(name)).collect();
    let taken = world.sandbox.am(&world.linux, &files, "v6.6.13");
    let work = world.sandbox.work_tree(&world.linux, taken[3].commit().unwrap());
    let set = world.sandbox.write("set.mbox", mbox(&world, "v6.6.13..more", &[]));
    world.sandbox.git(&work, &["am", "-q", set.to_str().unwrap()]);
    let tree = world.sandbox.git(&work, &["rev-parse", "HEAD^{tree}"]);

    let mut packed = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzEncoder::new(mails.as_slice(), flate2::Compression::fast()),
        &mut packed,
    )
    .unwrap();
    let file = world.sandbox.write("t.mbox.gz", packed);
    let before = world.snapshot();
    let dry = world.report(&["add", file.to_str().unwrap(), "--dry-run"]);
    assert_eq!((dry["state"].as_str(), dry["tree"].as_str()), (Some("would-land"), Some(tree.as_str())));
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());

    let output = without_git(&world, &["add", "-", "--origin", "https://example.org/s", "--json"], &mails);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let report = &report["reports"][0];
    assert_eq!(report["tree"], tree.as_str());
    assert!(report["warnings"][0].as_str().unwrap().contains("cover letter"), "{report}");
    let text = String::from_utf8(last(&world).1).unwrap();
    assert!(text.contains("\nSubject: panic: thirty five\n\nOrigin: https://example.org/s\n---\n"), "{text}");
    // The author and the date are those of the mail.
    let wanted = world.sandbox.git(&world.linux, &["log", "-1", "--format=%an <%ae>%n%ad", "--date=rfc", "more"]);
    let (author, date) = wanted.split_once('\n').unwrap();
    assert!(text.contains(&format!("From: {author}\nDate: {date}\n")), "{text}");
}

#[test]
fn a_mail_that_does_not_apply_is_merged_from_the_blobs_that_it_names() {
    let world = world();
    let mail = world.sandbox.write("nine.patch", mbox(&world, "context..merged", &[]));
    // Its context is line seven, which only the blob that it names has.
    let files: Vec<PathBuf> = world.patches_only().iter().map(|(name, _)| world.patch(name)).collect();
    let taken = world.sandbox.am(&world.linux, &files, "v6.6.13");
    let work = world.sandbox.work_tree(&world.linux, taken[3].commit().unwrap());
    assert!(!world.sandbox.try_git(&work, &["am", "-q", mail.to_str().unwrap()]).status.success());
    world.sandbox.git(&work, &["am", "--abort"]);
    world.sandbox.git(&work, &["am", "-q", "-3", mail.to_str().unwrap()]);
    let tree = world.sandbox.git(&work, &["rev-parse", "HEAD^{tree}"]);
    let report = world.report(&["add", mail.to_str().unwrap()]);
    assert_eq!(
        (report["tree"].as_str(), report["patches"][4]["outcome"].as_str()),
        (Some(tree.as_str()), Some("refreshed"))
    );

    // Without the blobs it is for a person, and the hunk is named.
    world.commit();
    let text = String::from_utf8(std::fs::read(&mail).unwrap()).unwrap();
    let lost: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("index "))
        .map(|line| line.replace("nine", "neun") + "\n")
        .collect();
    let lost = world.sandbox.write("lost.patch", lost.concat());
    let output = world.kpatch(&["add", lost.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("init/main.c: hunk #1 at line 6 does not apply"), "{text}");
}

#[test]
fn mails_without_a_patch_and_hostile_ones_are_refused() {
    let world = world();
    let head = "From: A <a@b.c>\nDate: Tue, 1 Feb 2022 10:00:00 +0000\n";
    let check = |name: &str, text: &str, says: &[&str]| {
        let path = world.sandbox.write(name, text);
        let before = world.snapshot();
        let args = ["add", path.to_str().unwrap()];
        assert_refusal(&world.kpatch(&args), &args, says);
        assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
    };
    check("reply", &format!("{head}Subject: Re: [PATCH] x\n\n> -1\nNo.\n"), &["reply without a patch"]);
    check("cover", &format!("{head}Subject: [PATCH 0/3] x\n\nAll.\n"), &["cover letter"]);
    check("text", "just text\n", &["no author"]);
    check("empty", "", &["empty file"]);
    check("page.html", "<!DOCTYPE html>\n<html>\n", &["no author"]);
    let diff = |path: &str| format!("{head}Subject: x\n\n---\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n");
    check("up", &diff("../../etc/x"), &["refused", "leaves its directory"]);
    check("git", &diff(".git/hooks/x"), &["refused", "git directory"]);
    check("link", &diff("link/x"), &["refused", "beyond the symbolic link"]);
    check("gz", "\u{1f}", &["no author"]);
    let path = world.sandbox.write("bad.gz", [0x1f, 0x8b, 8, 0, 1, 2]);
    let args = ["add", path.to_str().unwrap()];
    assert_refusal(&world.kpatch(&args), &args, &["cannot unpack"]);
}

#[test]
fn a_file_that_moved_is_found() {
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    tree.commit("main", None, "Linux 6.6.13", &[Edit::File("old/usb.c", &lines("usb", &[]))]);
    tree.tag("v6.6.13", "main");
    let linux = tree.build(&sandbox, "linux");
    let work = sandbox.work_tree(&linux, "v6.6.13");
    sandbox.git(&work, &["mv", "old", "new"]);
    sandbox.git(&work, &["commit", "-q", "-m", "move"]);
    std::fs::write(work.join("new/usb.c"), lines("usb", &[(20, "fixed")])).unwrap();
    sandbox.git(&work, &["commit", "-q", "-a", "-m", "usb: fix"]);
    let id = sandbox.git(&work, &["rev-parse", "HEAD"]);
    let folder = sandbox.path("patches");
    std::fs::create_dir(&folder).unwrap();
    let args =
        ["add", &id, "--patches", folder.to_str().unwrap(), "--base", "v6.6.13", "--linux", linux.to_str().unwrap()];
    let report = sandbox.report(Path::new(&sandbox.path("")), &args);
    assert_eq!(report.text("state"), "landed");
    let pick = sandbox.work_tree(&linux, "v6.6.13");
    sandbox.git(&pick, &["cherry-pick", "-x", &id]);
    assert_eq!(report.text("tree"), sandbox.git(&pick, &["rev-parse", "HEAD^{tree}"]));
    let text = std::fs::read_to_string(folder.join("0001-usb-fix.patch")).unwrap();
    assert!(text.contains("+++ b/old/usb.c\n"), "{text}");
}

#[test]
fn a_commit_is_fetched_into_the_cache_of_a_url() {
    let sandbox = Sandbox::new();
    let server = Repo::new(&sandbox, "server");
    server.write("a.c", lines("a", &[])).write("b.c", lines("b", &[]));
    server.commit("Linux 6.6.13\n");
    server.tag("v6.6.13");
    for at in 0..5 {
        server.lines("b.c", &[(at + 1, "history")]);
        server.commit(format!("b: step {at}\n"));
    }
    server.lines("a.c", &[(20, "fixed")]);
    let id = server.commit("a: fix\n\nSigned-off-by: A <a@b.c>\n");
    server.lines("a.c", &[(30, "later")]);
    server.commit("a: later\n");
    let url = format!("file://{}", server.path.display());
    let folder = sandbox.path("patches");
    std::fs::create_dir(&folder).unwrap();
    let set = ["--patches", folder.to_str().unwrap(), "--base", "v6.6.13", "--linux"];
    let add = |what: &str, linux: &str, more: &[&str]| {
        let args = [&["add", what], &set[..], &[linux], more].concat();
        sandbox.kpatch(&sandbox.path(""), &args)
    };
    let short = add("main", &url, &[]);
    assert_refusal(&short, &["add"], &["full id"]);
    // The release is there by now, the commit is not.
    assert_refusal(&add(&id, &url, &["--offline"]), &["add"], &["the cache lacks commit"]);
    assert_refusal(&add(&"1".repeat(40), &url, &[]), &["add"], &["cannot fetch commit"]);
    let output = add(&id, &url, &["--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["reports"][0]["state"], "landed");
    let cache = std::fs::read_dir(sandbox.path("cache")).unwrap().next().unwrap().unwrap().path();
    let count = sandbox.git(&cache, &["cat-file", "--batch-check=%(objecttype)", "--batch-all-objects"]);
    assert_eq!(count.lines().filter(|kind| *kind == "commit").count(), 3, "the release, the commit and its parent");
    // The same from a clone without blobs, into a set that has another patch by now.
    let mine = sandbox.path("mine");
    sandbox.git(&sandbox.path(""), &["clone", "-q", "--bare", "--filter=blob:none", &url, mine.to_str().unwrap()]);
    assert_refusal(&add(&id, mine.to_str().unwrap(), &[]), &["add"], &["is in the set already: 0001-a-fix.patch"]);
    let output = add("main", mine.to_str().unwrap(), &["--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["reports"][0]["state"], "landed", "{report}");
    // A commit behind the edge of a shallow clone has no parent.
    let shallow = sandbox.path("shallow");
    sandbox.git(&sandbox.path(""), &["clone", "-q", "--depth=1", &url, shallow.to_str().unwrap()]);
    sandbox.git(&shallow, &["fetch", "-q", "--depth=1", "origin", "tag", "v6.6.13"]);
    assert_refusal(&add("main", shallow.to_str().unwrap(), &[]), &["add"], &["lacks commit", "shallow"]);
}

#[test]
fn a_commit_with_a_submodule_or_behind_a_link_is_no_patch() {
    let world = World::new(Layout::Flat);
    let work = world.sandbox.work_tree(&world.linux, "v6.6.13");
    let head = world.sandbox.git(&work, &["rev-parse", "HEAD"]);
    world.sandbox.git(&work, &["update-index", "--add", "--cacheinfo", &format!("160000,{head},module")]);
    world.sandbox.git(&work, &["commit", "-q", "-m", "a submodule"]);
    let id = world.sandbox.git(&work, &["rev-parse", "HEAD"]);
    world.refused(&["add", &id], &["submodule"]);
    // `link` leads to `drivers` in the base.
    world.sandbox.git(&work, &["checkout", "-q", "v6.6.13"]);
    world.sandbox.git(&work, &["rm", "-q", "link"]);
    std::fs::create_dir(work.join("link")).unwrap();
    std::fs::write(work.join("link/x.c"), "x\n").unwrap();
    world.sandbox.git(&work, &["add", "-A"]);
    world.sandbox.git(&work, &["commit", "-q", "-m", "no link"]);
    std::fs::write(work.join("link/x.c"), "y\n").unwrap();
    world.sandbox.git(&work, &["commit", "-q", "-a", "-m", "through the link"]);
    let id = world.sandbox.git(&work, &["rev-parse", "HEAD"]);
    let before = world.snapshot();
    let output = world.kpatch(&["add", &id]);
    assert!(matches!(output.status.code(), Some(2 | 3)), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
}

#[test]
fn a_commit_that_builds_on_another_one_names_it_and_goes_on_once_resolved() {
    let world = world();
    let work = world.sandbox.work_tree(&world.linux, "v6.6.13");
    let commit = |message: &str, replaced: &[(usize, &str)]| {
        std::fs::write(work.join("kernel/panic.c"), lines("panic", replaced)).unwrap();
        world.sandbox.git(&work, &["commit", "-q", "-a", "-m", message]);
        world.sandbox.git(&work, &["rev-parse", "HEAD"])
    };
    let needed = commit("panic: prepare line thirty", &[(30, "prepared thirty")]);
    let wanted = commit("panic: finish line thirty", &[(30, "finished thirty")]);
    let output = world.kpatch(&["add", &wanted, "--origin", "https://example.org/x", "--json"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["reports"][0]["patches"].as_array().unwrap();
    let row = rows.last().unwrap();
    let cause = &row["causes"][0];
    assert_eq!((cause["how"].as_str(), cause["commit"].as_str()), (Some("prerequisite"), Some(needed.as_str())));
    let file = Path::new(row["resolve"].as_str().unwrap()).join("kernel/panic.c");
    let resolved = lines("panic", &[(20, "panic twenty"), (30, "finished thirty")]);
    std::fs::write(file, &resolved).unwrap();
    assert_eq!(world.report(&["continue"])["state"], "landed");
    let (name, bytes) = last(&world);
    assert!(name.ends_with("panic-finish-line-thirty.patch"), "{name}");
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains(&format!("(cherry picked from commit {wanted})")) && text.contains("+finished thirty"),
        "{text}"
    );
    world.commit();
    world.report(&["verify", "6.6.x"]);
}
