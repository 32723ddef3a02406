//! A server that hangs up: a clear error, nothing lost, and the next run goes on.

use super::{server, trees};
use crate::support::git_server::GitServer;
use crate::support::kit::assert_refusal;
use crate::support::{KitBuilder, Layout, Report, Sandbox, read_folder};

#[test]
fn a_bump_that_was_cut_off_goes_on_where_it_was() {
    let sandbox = Sandbox::new();
    let (linux, patches) = server(&sandbox);
    let serving = GitServer::start(&sandbox, &linux.path);
    let url = serving.url();
    let bump = |cache: &str, out: &str| {
        let out = sandbox.path(out);
        let args = [
            "bump",
            "v6.6.13",
            "v6.6.14",
            "--patches",
            patches.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
            "--json",
        ];
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &sandbox.path(""));
        command.args(["--linux", &url]).args(args).env("KPATCH_CACHE", sandbox.path(cache)).output().unwrap()
    };
    let whole = bump("whole", "wanted");
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    let all = serving.sent();
    assert!(all > 2_000, "{all}");
    let wanted = (trees(&Report::parse(&whole.stdout)), read_folder(&sandbox.path("wanted")));
    // At the beginning, among the refs, among the trees, and among the blobs.
    for (at, share) in [0, 10, 40, 70, 90, 99].into_iter().enumerate() {
        let (cache, out) = (format!("cache{at}"), format!("out{at}"));
        serving.cut_after(all * share / 100);
        let cut = bump(&cache, &out);
        assert_refusal(&cut, &[&share.to_string()], &["cannot"]);
        assert!(!sandbox.path(&out).exists(), "{share}: nothing is written");
        serving.cut_after(usize::MAX);
        serving.sent();
        let next = bump(&cache, &out);
        assert_eq!(next.status.code(), Some(0), "{share}: {next:?}");
        assert_eq!((trees(&Report::parse(&next.stdout)), read_folder(&sandbox.path(&out))), wanted, "{share}");
        let rest = serving.sent();
        assert!(share < 99 || rest < all, "{share}: what came whole is not fetched again: {rest} of {all}");
        // And then there is nothing to fetch.
        let again = bump(&cache, &format!("again{at}"));
        assert_eq!((again.status.code(), serving.sent()), (Some(0), 0), "{share}");
    }
}

#[test]
fn the_commits_of_a_release_come_without_what_they_change() {
    let sandbox = Sandbox::new();
    let (linux, patches) = server(&sandbox);
    let serving = GitServer::start(&sandbox, &linux.path);
    let plan_on = |linux: &str, more: &[&str]| {
        let args = ["plan", "v6.6.13", "v6.6.14", "--patches", patches.to_str().unwrap(), "--json", "--linux", linux];
        let output = sandbox.kpatch(&sandbox.path(""), &[&args[..], more].concat());
        assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
        Report::parse(&output.stdout).0
    };
    let url = serving.url();
    let plan = |more: &[&str]| plan_on(&url, more);
    assert_eq!(plan(&[])["history"], serde_json::Value::Null);
    let without = serving.sent();
    let report = plan(&["--changelogs=git"]);
    assert_eq!(report["history"], 2, "{report}");
    let logs = serde_json::json!({ "source": serving.url(), "releases": ["6.6.14"], "missing": [] });
    assert_eq!(report["changelogs"], logs);
    // Two messages are less than the trees of two releases.
    assert!(serving.sent() < without, "{without}");
    // They are fetched once, and serve without a network.
    assert_eq!((plan(&["--changelogs=git"]) == report, serving.sent()), (true, 0));
    assert_eq!(plan(&["--changelogs=git", "--offline"])["history"], 2);
    // A clone that the user has made is no server.
    let clone = sandbox.path("clone.git");
    sandbox.git(
        &sandbox.path(""),
        &[
            "clone",
            "-q",
            "--bare",
            "--depth=1",
            "--branch=v6.6.13",
            &format!("file://{}", linux.path.display()),
            clone.to_str().unwrap(),
        ],
    );
    sandbox.git(&clone, &["fetch", "-q", "--depth=1", "origin", "refs/tags/v6.6.14:refs/tags/v6.6.14"]);
    let report = plan_on(clone.to_str().unwrap(), &["--changelogs=git"]);
    assert!(report["changelogs"]["missing"].to_string().contains("cannot fetch the commits of 6.6.14"), "{report}");
}

#[test]
fn a_bump_without_a_target_asks_the_server_for_the_newest_release() {
    let sandbox = Sandbox::new();
    let (linux, patches) = server(&sandbox);
    let files: Vec<(String, Vec<u8>)> = read_folder(&patches);
    let kit = KitBuilder::new(Layout::Flat).series("6.6.x", "6.6.13", &files).build(&sandbox, "kit");
    let serving = GitServer::start(&sandbox, &linux.path);
    let run = |args: &[&str]| {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &kit);
        command.args(["--linux", &serving.url()]).args(args).output().unwrap()
    };
    let output = run(&["plan", "6.6.x", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["reports"][0]["target"]["tag"], "v6.6.15", "{report}");
    serving.cut_after(0);
    assert_refusal(&run(&["plan", "6.6.x"]), &["cut"], &["cannot ask", "for its releases"]);
    // What is in the cache is known without the server.
    let offline = run(&["--offline", "plan", "6.6.x", "--json"]);
    assert_eq!(offline.status.code(), Some(0), "{offline:?}");
}
