//! Releases that are not at hand: from a server, in a clone without blobs, from tarballs.

mod cut;

use std::path::{Path, PathBuf};

use crate::support::repo::text;
use crate::support::{Repo, Report, Sandbox};

/// A server with three releases and many files, and a patch set for the first.
fn server(sandbox: &Sandbox) -> (Repo<'_>, PathBuf) {
    let linux = Repo::new(sandbox, "server");
    for n in 0..60 {
        linux.write(&format!("fs/f{n}.c"), text(&format!("f{n}")));
    }
    linux.commit("Linux 6.6.13\n");
    linux.tag("v6.6.13");
    linux.lines("fs/f1.c", &[(18, "upstream")]).lines("fs/f40.c", &[(1, "upstream")]);
    linux.commit("f: upstream\n");
    linux.git(&["commit", "-q", "--allow-empty", "-m", "Linux 6.6.14"]);
    linux.tag("v6.6.14");
    linux.git(&["mv", "fs/f2.c", "fs/renamed.c"]);
    linux.lines("fs/renamed.c", &[(35, "upstream")]);
    for n in 50..53 {
        linux.write(&format!("fs/new{n}.c"), text(&format!("new{n}")));
    }
    linux.commit("Linux 6.6.15\n");
    linux.tag("v6.6.15");
    linux.checkout("v6.6.13");
    for n in [1, 2, 3] {
        linux.lines(&format!("fs/f{n}.c"), &[(20, "fixed")]);
        linux.commit(format!("f{n}: fix it\n\nSigned-off-by: A U Thor <author@example.org>\n"));
    }
    let patches = sandbox.path("patches");
    linux.format_patches("v6.6.13", "HEAD", &patches);
    linux.checkout("main");
    (linux, patches)
}

fn url(linux: &Repo<'_>) -> String {
    format!("file://{}", linux.path.display())
}

/// The objects that a repository has itself: `(commits, trees, blobs)`.
fn objects(sandbox: &Sandbox, repository: &Path) -> (usize, usize, usize) {
    let args = ["cat-file", "--batch-check=%(objecttype)", "--batch-all-objects"];
    let list = sandbox.git(repository, &args);
    let count = |kind: &str| list.lines().filter(|line| *line == kind).count();
    (count("commit"), count("tree"), count("blob"))
}

fn packs(repository: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository.join("objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    let mut packs: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ext| ext == "pack")).collect();
    packs.sort();
    packs
}

fn cache(sandbox: &Sandbox) -> PathBuf {
    let mut entries = std::fs::read_dir(sandbox.path("cache")).unwrap();
    let cache = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none(), "one repository for one URL");
    cache
}

fn plan(sandbox: &Sandbox, linux: &str, patches: &Path, to: &str, more: &[&str]) -> Report {
    let mut args = vec!["plan", "v6.6.13", to, "--linux", linux, "--patches", patches.to_str().unwrap()];
    args.extend(more);
    sandbox.report(&sandbox.path(""), &args)
}

fn trees(report: &Report) -> Vec<(String, String)> {
    report.rows().iter().map(|row| (row.outcome().to_owned(), row.text("tree").to_owned())).collect()
}

#[test]
fn a_bump_from_a_url_fetches_two_tags_and_a_few_blobs() {
    let sandbox = Sandbox::new();
    let (linux, patches) = server(&sandbox);
    let url = url(&linux);
    let wanted = plan(&sandbox, linux.path.to_str().unwrap(), &patches, "v6.6.14", &[]);
    let out = sandbox.path("out");
    let args = |more: &[&'static str]| {
        let mut args = vec!["bump".to_owned(), "v6.6.13".into(), "v6.6.14".into(), "--linux".into(), url.clone()];
        args.extend(["--patches".into(), patches.display().to_string(), "--out".into(), out.display().to_string()]);
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        args
    };
    let run = |more: &[&'static str]| {
        let args = args(more);
        sandbox.report(&sandbox.path(""), &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let report = run(&["--dry-run"]);
    assert_eq!(trees(&report), trees(&wanted));
    assert!(report.0["history"].is_null());
    let cache = cache(&sandbox);
    // Two commits with their root and fs/ trees, the tag objects, and f1 twice, f2 and f3 once.
    assert_eq!(objects(&sandbox, &cache), (2, 4, 4));
    let before = packs(&cache);
    assert!(before.len() <= 3, "the tags and two batches of blobs at most: {before:?}");

    let away = sandbox.path("away");
    std::fs::rename(&linux.path, &away).unwrap();
    assert_eq!(trees(&run(&["--dry-run"])), trees(&wanted), "nothing is asked for twice");
    assert_eq!(packs(&cache), before);
    let landed = run(&["--offline"]);
    assert_eq!((landed.text("state"), trees(&landed)), ("landed", trees(&wanted)));
    let branch = sandbox.git(&cache, &["rev-parse", "v6.6.14-linuxkit^{tree}"]);
    assert_eq!(branch, wanted.text("tree"));
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 3);
}

#[test]
fn a_rename_needs_some_blobs_more() {
    let sandbox = Sandbox::new();
    let (linux, patches) = server(&sandbox);
    let wanted = plan(&sandbox, linux.path.to_str().unwrap(), &patches, "v6.6.15", &[]);
    assert_eq!(wanted.0["renames"][0]["to"], "fs/renamed.c");
    let report = plan(&sandbox, &url(&linux), &patches, "v6.6.15", &[]);
    assert_eq!(trees(&report), trees(&wanted));
    assert_eq!(report.0["renames"], wanted.0["renames"]);
    let (_, _, blobs) = objects(&sandbox, &cache(&sandbox));
    // f1 twice, f2, f3, and the four that are new in v6.6.15.
    assert!((5..=8).contains(&blobs), "{blobs} of 60 blobs");
    assert!(packs(&cache(&sandbox)).len() <= 4, "{:?}", packs(&cache(&sandbox)));
}

#[test]
fn a_tag_that_the_server_lacks_is_named() {
    let sandbox = Sandbox::new();
    let (linux, patches) = server(&sandbox);
    let (url, patches) = (url(&linux), patches.to_str().unwrap());
    let said =
        sandbox.failure(&sandbox.path(""), &["plan", "v6.6.13", "v6.6.99", "--linux", &url, "--patches", patches]);
    assert!(said.contains("no tag v6.6.99"), "{said}");
    let offline = ["plan", "v6.6.13", "v6.6.14", "--linux", &url, "--patches", patches, "--offline"];
    let said = sandbox.failure(&sandbox.path(""), &offline);
    assert!(said.contains("--offline"), "{said}");
    let gone = ["plan", "v6.6.13", "v6.6.14", "--linux", "file:///nonexistent/linux.git", "--patches", patches];
    let said = sandbox.failure(&sandbox.path(""), &gone);
    assert!(said.contains("no git repository"), "{said}");
}

#[test]
fn a_clone_without_blobs_is_a_linux_tree() {
    let sandbox = Sandbox::new();
    let (linux, patches) = server(&sandbox);
    let wanted = plan(&sandbox, linux.path.to_str().unwrap(), &patches, "v6.6.15", &[]);
    let mine = sandbox.path("mine");
    let url = url(&linux);
    let args = ["clone", "-q", "--bare", "--filter=blob:none", &url, mine.to_str().unwrap()];
    sandbox.git(&sandbox.path(""), &args);
    assert_eq!(objects(&sandbox, &mine).2, 0);
    let config = std::fs::read(mine.join("config")).unwrap();
    let offline = ["plan", "v6.6.13", "v6.6.15", "--offline", "--linux", mine.to_str().unwrap(), "--patches"];
    let mut args = offline.to_vec();
    args.push(patches.to_str().unwrap());
    sandbox.failure(&sandbox.path(""), &args);
    assert_eq!(objects(&sandbox, &mine).2, 0, "offline fetches nothing");
    let report = plan(&sandbox, mine.to_str().unwrap(), &patches, "v6.6.15", &[]);
    assert_eq!(trees(&report), trees(&wanted));
    assert!((5..=8).contains(&objects(&sandbox, &mine).2), "{}", objects(&sandbox, &mine).2);
    assert_eq!(std::fs::read(mine.join("config")).unwrap(), config, "the user's settings stay");
    assert!(!mine.join("shallow").exists());
}

/// Packs a tag as `kernel.org` does.
fn tarball(linux: &Repo<'_>, folder: &Path, version: &str) -> PathBuf {
    let path = folder.join(format!("linux-{version}.tar.gz"));
    let (prefix, tag) = (format!("--prefix=linux-{version}/"), format!("v{version}"));
    linux.git(&["archive", "--format=tar.gz", &prefix, "-o", path.to_str().unwrap(), &tag]);
    path
}

#[test]
fn tarballs_make_a_linux_tree() {
    let sandbox = Sandbox::new();
    let (linux, patches) = server(&sandbox);
    let wanted = plan(&sandbox, linux.path.to_str().unwrap(), &patches, "v6.6.15", &[]);
    let tarballs = ["6.6.13", "6.6.15"].map(|version| tarball(&linux, &sandbox.path(""), version));
    let mine = sandbox.path("imported");
    let mut args = vec!["source", "import", "--linux", mine.to_str().unwrap()];
    args.extend(tarballs.iter().map(|path| path.to_str().unwrap()));
    let reports = sandbox.reports(&sandbox.path(""), &args);
    assert_eq!(reports.iter().map(|report| report.text("tag")).collect::<Vec<_>>(), ["v6.6.13", "v6.6.15"]);
    assert!(reports.iter().all(|report| report.0["new"] == true));
    for tag in ["v6.6.13", "v6.6.15"] {
        assert_eq!(sandbox.tree(&mine, tag), sandbox.tree(&linux.path, tag), "{tag}");
    }
    let again = sandbox.reports(&sandbox.path(""), &args);
    assert!(again.iter().all(|report| report.0["new"] == false));
    assert_eq!(again[0].text("commit"), reports[0].text("commit"));

    let report = plan(&sandbox, mine.to_str().unwrap(), &patches, "v6.6.15", &[]);
    assert_eq!(trees(&report), trees(&wanted));
    assert!(report.0["history"].is_null());
    let set = patches.to_str().unwrap();
    let bump = ["bump", "v6.6.13", "v6.6.15", "--linux", mine.to_str().unwrap(), "--patches", set];
    let landed = sandbox.report(&sandbox.path(""), &bump);
    assert_eq!(landed.text("state"), "landed");
    assert_eq!(sandbox.tree(&mine, "v6.6.15-linuxkit"), wanted.text("tree"));
}
