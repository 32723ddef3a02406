//! ChangeLogs in the place of history, what upstream says of carried commits, and published flaws.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::kit::{Layout, World, assert_harmless, assert_refusal, lines};
use crate::support::server::{Server, plain, say};
use crate::support::tree::format_patch;
use crate::support::{Edit, KitBuilder, Repo, Sandbox, TreeBuilder, read_folder};

/// A commit of mainline, or of the stable tree.
fn id(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// A kit on a tree whose releases were imported from tarballs: no commit leads from one to the other. `v6.6.14` has the third
/// patch.
fn world() -> World {
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    let names = ["panic", "main", "usb", "clock"];
    let path = |name: &str| format!("kernel/{name}.c");
    let release = |tree: &mut TreeBuilder, version: &str, taken: bool| {
        let texts: Vec<(String, String)> = names
            .iter()
            .map(|name| {
                let replaced: &[(usize, &str)] = if taken && *name == "usb" { &[(20, "usb twenty")] } else { &[] };
                (path(name), lines(name, replaced))
            })
            .collect();
        let version_file = format!("{version}\n");
        let mut edits: Vec<Edit<'_>> = texts.iter().map(|(path, text)| Edit::File(path, text)).collect();
        edits.push(Edit::File("VERSION", &version_file));
        tree.commit(version, None, &format!("Linux {version}"), &edits).tag(&format!("v{version}"), version);
    };
    release(&mut tree, "6.6.13", false);
    release(&mut tree, "6.6.14", true);
    let titles = ["panic: say it in words", "init: count in words", "usb: a fix for everybody", "clock: tick in words"];
    for ((name, title), pick) in names.iter().zip(titles).zip(['a', 'b', 'c', 'd']) {
        let message = format!("{title}\n\n(cherry picked from commit {})", id(pick));
        let text = lines(name, &[(20, &format!("{name} twenty"))]);
        tree.commit("ours", (pick == 'a').then_some("v6.6.13"), &message, &[Edit::File(&path(name), &text)]);
    }
    let linux = tree.build(&sandbox, "linux");
    let patches = format_patch(&sandbox, &linux, "v6.6.13..ours");
    sandbox.git(&linux, &["branch", "-q", "-D", "ours", "6.6.13", "6.6.14"]);
    let kit = KitBuilder::new(Layout::Flat).series("6.6.x", "6.6.13", &patches).build(&sandbox, "kit");
    World { sandbox, layout: Layout::Flat, kit, linux }
}

/// A ChangeLog of commits: id and message.
fn log(commits: &[(String, String)]) -> String {
    let commit = |(id, message): &(String, String)| {
        let message: String = message.lines().flat_map(|line| ["    ", line, "\n"]).collect();
        format!(
            "commit {id}\nAuthor: Ada Example <ada@example.org>\nDate:   Thu Jan 25 15:35:56 2024 -0800\n\n{message}\n"
        )
    };
    commits.iter().map(commit).collect()
}

/// What 6.6.14 and 6.6.15 hold: the first patch taken back, the second one fixed and released, the third one taken, and what
/// only looks like it.
fn changelog(release: &str) -> Option<String> {
    let (a, b, c, d) = (id('a'), id('b'), id('c'), id('d'));
    let commits = match release {
        "6.6.14" => vec![
            (id('1'), "Linux 6.6.14\n\nTested-by: everybody".to_owned()),
            (
                id('2'),
                format!(
                    "Revert \"panic: say it in words\"\n\nThis reverts commit {} which is\ncommit {a} upstream.",
                    id('3')
                ),
            ),
            (id('3'), format!("panic: say it in words\n\ncommit {a} upstream.")),
            (id('4'), format!("usb: a fix for everybody\n\n[ Upstream commit {c} ]\n\nIt is CVE-2024-26581.")),
            // The same beginning of an id, and another commit.
            (id('5'), format!("other: mend it\n\nFixes: {} (\"other: quite another thing\")", &d[..12])),
            // The same title, and another commit.
            (id('6'), format!("clock: tick in words\n\ncommit {} upstream.", id('e'))),
        ],
        "6.6.15" => vec![
            (id('7'), "Linux 6.6.15".to_owned()),
            (
                id('8'),
                format!(
                    "init: count right\n\ncommit {} upstream.\n\nFixes: {} (\"init: count in words\")",
                    id('f'),
                    &b[..12]
                ),
            ),
            (id('9'), format!("init: count in words\n\ncommit {b} upstream.")),
        ],
        _ => return None,
    };
    Some(log(&commits))
}

/// kernel.org, as far as it is needed.
fn mirror(answer: impl Fn(&str, &mut TcpStream) -> bool + Send + Sync + 'static) -> Server {
    Server::start(move |path, stream| {
        if answer(path, stream) {
            return;
        }
        let logged = path.strip_prefix("/pub/linux/kernel/v6.x/ChangeLog-").and_then(changelog);
        match (path, logged) {
            ("/releases.json", _) => {
                plain(stream, br#"{"releases": [{"iseol": false, "version": "6.6.15", "moniker": "longterm"}]}"#);
            }
            (_, Some(text)) => plain(stream, text.as_bytes()),
            _ => say(stream, "404 Not Found\r\nContent-Length: 0", b""),
        }
    })
}

/// Runs a verb with a mirror; its code and its first report, if there is one.
fn run(world: &World, server: &Server, args: &[&str]) -> (Option<i32>, Value) {
    let output = world
        .command(&[args, &["--json"]].concat())
        .env("KPATCH_MIRROR", server.url("/pub/linux/kernel/"))
        .env("KPATCH_RELEASES", server.url("/releases.json"))
        .output()
        .unwrap();
    assert_harmless(&output);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), value["reports"][0].clone())
}

/// The files in the cache of ChangeLogs.
fn cached(world: &World) -> Vec<String> {
    let top = world.sandbox.path("cache/changelogs");
    let Ok(mirrors) = std::fs::read_dir(top) else { return Vec::new() };
    mirrors.flat_map(|dir| read_folder(&dir.unwrap().path())).map(|(name, _)| name).collect()
}

fn kinds(report: &Value, field: &str) -> Vec<(String, String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("-").to_owned();
    let row = |row: &Value| (text(row, "file")[..4].to_owned(), text(row, "kind"), text(row, "release"));
    report[field].as_array().unwrap().iter().map(row).collect()
}

fn row(number: &str, kind: &str, release: &str) -> (String, String, String) {
    (number.into(), kind.into(), release.into())
}

#[test]
fn a_bump_between_tarballs_names_what_it_drops_from_the_changelog() {
    let world = world();
    let server = mirror(|_, _| false);
    // Nobody asked: nothing is fetched, and nothing is said to be known.
    let plan = world.report(&["plan", "v6.6.13", "v6.6.14"]);
    assert_eq!((&plan["history"], &plan["changelogs"], &plan["cves"]), (&Value::Null, &Value::Null, &Value::Null));
    let usb = &plan["patches"][2];
    assert_eq!((usb["outcome"].as_str(), &usb["evidence"]), (Some("upstreamed"), &Value::Null));

    let (code, report) = run(&world, &server, &["bump", "v6.6.13", "v6.6.14"]);
    assert_eq!((code, report["state"].as_str()), (Some(0), Some("landed")), "{report}");
    let usb = &report["patches"][2];
    assert_eq!((usb["outcome"].as_str(), usb["proof"]["kind"].as_str()), (Some("upstreamed"), Some("peeled")));
    let evidence = json!({
        "commit": id('4'), "title": "usb: a fix for everybody", "how": "claim", "reverted_by": null,
        "upstream": id('c'), "release": "6.6.14",
    });
    assert_eq!(usb["evidence"], evidence);
    assert_eq!(report["history"], 6);
    let logs = json!({ "source": server.url("/pub/linux/kernel"), "releases": ["6.6.14"], "missing": [] });
    assert_eq!(report["changelogs"], logs);
    // What is equal in name alone is said to be so, and drops nothing.
    let clock = &report["patches"][3];
    assert_eq!((clock["outcome"].as_str(), clock["evidence"]["how"].as_str()), (Some("same"), Some("title")));
    assert_eq!(kinds(&report, "upstream"), [row("0001", "reverted", "v6.6.14")]);
    let cve = &report["cves"]["found"][0];
    assert_eq!((cve["id"].as_str(), cve["how"].as_str()), (Some("CVE-2024-26581"), Some("message")));
    assert_eq!((cve["upstream"].as_str(), cve["release"].as_str()), (Some(id('c').as_str()), Some("v6.6.14")));
    assert!(cve["patch"].as_str().unwrap().starts_with("0003"), "{cve}");
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
    assert_eq!(cached(&world), ["ChangeLog-6.6.14"]);
    let body = world.done(&["pr-body", "6.6.x"]);
    for words in ["444444444444", "the backport of cccccccccccc in 6.6.14", "CVE-2024-26581", "**What upstream says**"]
    {
        assert!(body.contains(words), "{words}: {body}");
    }
    let page = world.done(&["pr-body", "6.6.x", "--html"]);
    assert!(page.contains("reverted by 222222222222") && page.contains("CVEs fixed (1)"), "{page}");
}

#[test]
fn the_cache_serves_without_a_network_and_says_what_it_lacks() {
    let world = world();
    let server = mirror(|_, _| false);
    let plan = ["plan", "v6.6.13", "v6.6.14"];
    let offline = ["plan", "v6.6.13", "v6.6.14", "--offline"];
    let (_, report) = run(&world, &server, &offline);
    let missing = &report["changelogs"]["missing"][0];
    assert_eq!(missing["release"], "6.6.14");
    assert!(missing["reason"].as_str().unwrap().contains("the network is not to be used"), "{missing}");
    assert_eq!((server.requests.load(Ordering::SeqCst), &report["history"]), (0, &Value::Null));
    let (_, online) = run(&world, &server, &plan);
    let (_, again) = run(&world, &server, &plan);
    let (_, offline) = run(&world, &server, &offline);
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
    assert!(online == again && online == offline && online["history"] == 6);
}

#[test]
fn what_is_no_changelog_is_not_known_and_not_kept() {
    let world = world();
    let which = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&which);
    let server = mirror(move |path, stream| {
        let whole = changelog("6.6.14").unwrap();
        match (path.contains("ChangeLog"), now.load(Ordering::SeqCst)) {
            (false, _) => return false,
            (_, 0) => say(stream, "404 Not Found\r\nContent-Length: 0", b""),
            (_, 1) => say(stream, "200 OK\r\nContent-Type: text/html", b"<html>"),
            (_, 2) => say(stream, "200 OK\r\nContent-Length: 100000", whole.as_bytes()),
            // Without a length only the text itself tells.
            (_, 3) => say(stream, "200 OK", &whole.as_bytes()[..whole.len() / 2]),
            (_, 4) => plain(stream, b"\x1b[2J\nthat is none\n"),
            (_, 5) => plain(stream, changelog("6.6.15").unwrap().as_bytes()),
            (_, 6) => {
                use std::io::Write as _;
                say(stream, "200 OK", b"commit ");
                while stream.write_all(&[b'a'; 4096]).is_ok() {}
            }
            _ => return false,
        }
        true
    });
    let says = ["404", "web page", "cannot fetch", "no ChangeLog", "line 1", "begins with 'Linux 6.6.15'", "more than"];
    for (at, words) in says.into_iter().enumerate() {
        which.store(at, Ordering::SeqCst);
        let (code, report) = run(&world, &server, &["plan", "v6.6.13", "v6.6.14"]);
        let missing = &report["changelogs"]["missing"][0];
        assert!(missing["reason"].as_str().unwrap().contains(words), "{at}: {missing}");
        assert_eq!(
            (code, &report["history"], report["counts"]["upstreamed"].as_u64()),
            (Some(0), &Value::Null, Some(1))
        );
        assert_eq!(cached(&world), Vec::<String>::new(), "{at}");
    }
    // Nobody listens: said once, and not tried again.
    let args = ["watch", "6.6.x", "--changelogs=http://127.0.0.1:1/k"];
    let output = world.command(&args).env("KPATCH_RELEASES", server.url("/releases.json")).output().unwrap();
    assert_refusal(&output, &args, &["nothing was looked at", "cannot fetch the ChangeLog", "--linux"]);
    which.store(9, Ordering::SeqCst);
    assert_eq!(run(&world, &server, &["plan", "v6.6.13", "v6.6.14"]).1["history"], 6);
}

#[test]
fn a_stopped_bump_goes_on_with_the_changelogs_that_it_began_with() {
    let world = world();
    // The second patch conflicts.
    let work = world.sandbox.work_tree(&world.linux, "v6.6.14");
    std::fs::write(work.join("kernel/main.c"), lines("main", &[(20, "main XX")])).unwrap();
    world.sandbox.git(&work, &["commit", "-q", "-a", "--amend", "-m", "Linux 6.6.14"]);
    world.sandbox.git(&work, &["tag", "-f", "v6.6.14"]);
    let logs = world.sandbox.path("logs");
    let named = format!("{}\n", changelog("6.6.14").unwrap())
        + &log(&[(id('0'), format!("init: count in words\n\ncommit {} upstream.", id('b')))]);
    world.sandbox.write("logs/v6.x/ChangeLog-6.6.14", named);
    let flag = format!("--changelogs={}", logs.display());
    let output = world.kpatch(&["bump", "v6.6.13", "v6.6.14", &flag, "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let main = &report["reports"][0]["patches"][1];
    assert_eq!((main["outcome"].as_str(), main["causes"][0]["how"].as_str()), (Some("conflict"), Some("named")));
    assert_eq!(main["causes"][0]["commit"], id('0'));
    assert!(main["notes"].to_string().contains("the ChangeLogs name commits"), "{main}");
    let report = world.report(&["skip", "2"]);
    assert_eq!((report["state"].as_str(), report["history"].as_u64()), (Some("landed"), Some(7)), "{report}");
    assert_eq!(report["changelogs"]["source"], logs.display().to_string());
}

#[test]
fn a_watch_finds_what_was_reverted_fixed_and_released() {
    let world = world();
    let server = mirror(|_, _| false);
    world.refused(&["watch", "6.6.x"], &["nothing was looked at", "--changelogs", "without the commits"]);
    let (code, report) = run(&world, &server, &["watch", "6.6.x"]);
    assert_eq!((code, report["source"].as_str()), (Some(1), Some("changelogs")), "{report}");
    let expected = [
        row("0001", "reverted", "v6.6.14"),
        row("0002", "fixed", "v6.6.15"),
        row("0002", "released", "v6.6.15"),
        row("0003", "released", "v6.6.14"),
    ];
    assert_eq!(kinds(&report, "findings"), expected);
    assert_eq!(report["findings"][1]["commit"], id('8'));
    assert_eq!((report["named"].as_u64(), &report["until"]), (Some(4), &json!(["v6.6.15"])));
    // Those up to the base are not fetched.
    assert_eq!(report["changelogs"]["releases"], json!(["6.6.14", "6.6.15"]));
    assert_eq!(server.requests.load(Ordering::SeqCst), 3);
    assert_eq!((&report["cves"], report["not_checked"].to_string().contains("mainline")), (&Value::Null, true));
    let status = world.report(&["status"]);
    assert_eq!(status["series"][0]["watch"], json!({ "findings": 4, "cves": null, "until": ["v6.6.15"] }));
    let text = world.done(&["status"]);
    assert!(text.contains("6.6.x: 4 findings when it was last watched up to v6.6.15; kpatch watch 6.6.x"), "{text}");
    // Of another set nothing is said.
    let (name, bytes) = world.patches_only().remove(0);
    std::fs::write(world.patch(&name), [&bytes[..], b"\n"].concat()).unwrap();
    assert_eq!(world.report(&["status"])["series"][0]["watch"], Value::Null);
}

#[test]
fn a_directory_of_changelogs_and_its_candidate_need_no_network() {
    let world = world();
    let candidate =
        log(&[(id('7'), "Linux 6.6.15-rc1".into()), (id('9'), format!("x: y\n\ncommit {} upstream.", id('d')))]);
    world.sandbox.write("logs/ChangeLog-6.6.15-rc1", candidate);
    world.sandbox.write("logs/ChangeLog-6.6.14", changelog("6.6.14").unwrap());
    let toml = "[sources]\nmirror = \"../logs\"\n";
    std::fs::write(world.kit.join("kpatch.toml"), toml).unwrap();
    let output = world.kpatch(&["watch", "--offline", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let report = &value["reports"][0];
    let expected = [
        row("0001", "reverted", "v6.6.14"),
        row("0003", "released", "v6.6.14"),
        row("0004", "candidate", "v6.6.15-rc1"),
    ];
    assert_eq!(kinds(report, "findings"), expected);
    assert_eq!(cached(&world), Vec::<String>::new());
    std::fs::write(world.kit.join("kpatch.toml"), "[sources]\nmirror = \"ftp://x/y\"\n").unwrap();
    world.refused(&["watch", "--offline"], &["kpatch.toml:2: a mirror is a URL"]);
}

/// A clone of vulns.git with three flaws: one that 6.6.14 fixes, one that nobody can tell, one that came later.
fn vulns(world: &World) -> String {
    let write = |name: &str, text: String| {
        world.sandbox.write(&format!("vulns/cve/published/2024/{name}"), text);
    };
    let other = id('e');
    write("CVE-2024-1001.sha1", format!("{other}\n"));
    write(
        "CVE-2024-1001.dyad",
        format!("# dyad version: x\n5.9:{other}:6.6.14:{}\n5.9:{other}:6.8:{other}\n", id('6')),
    );
    write("CVE-2024-1002.sha1", format!("{}\n", id('0')));
    write("CVE-2024-1003.sha1", format!("{}\n", id('f')));
    write("CVE-2024-1003.dyad", format!("6.6.14:{other}:6.6.15:{}\n6.7:{other}:6.8:{}\n", id('8'), id('f')));
    write("CVE-2024-1004.sha1", format!("{}\n", id('c')));
    write("CVE-2024-1004.dyad", format!("5.9:{other}:6.6.14:{}\n5.9:{other}:6.8:{}\n", id('4'), id('c')));
    world.sandbox.path("vulns").display().to_string()
}

#[test]
fn published_flaws_are_said_where_they_are_certain() {
    let world = world();
    let server = mirror(|_, _| false);
    let vulns = vulns(&world);
    std::fs::write(world.kit.join("kpatch.toml"), "[sources]\nvulns = \"../vulns\"\n").unwrap();
    let ids = |report: &Value| -> Vec<String> {
        let rows = report["cves"]["found"].as_array().unwrap().iter();
        rows.map(|row| format!("{} {}", row["id"].as_str().unwrap(), row["release"].as_str().unwrap())).collect()
    };
    // The list alone, without any history.
    let output = world.kpatch(&["watch", "6.6.x", "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let report = &value["reports"][0];
    assert_eq!((output.status.code(), &report["source"]), (Some(1), &Value::Null));
    // What a patch of the set fixes is not lacking, and what nobody says is not known.
    assert_eq!(ids(report), ["CVE-2024-1001 v6.6.14"]);
    assert!(report["cves"]["not_known"].as_str().unwrap().starts_with("of 1 published CVEs"), "{report}");
    assert!(report["not_checked"].to_string().contains("without the commits"), "{report}");

    let (_, report) = run(&world, &server, &["plan", "v6.6.13", "v6.6.14"]);
    let expected = ["CVE-2024-1001 v6.6.14", "CVE-2024-1004 v6.6.14", "CVE-2024-26581 v6.6.14"];
    assert_eq!(ids(&report), expected);
    let first = &report["cves"]["found"][0];
    assert_eq!(
        (first["commit"].as_str(), first["title"].as_str()),
        (Some(id('6').as_str()), Some("clock: tick in words"))
    );
    assert!(report["cves"]["found"][1]["patch"].as_str().unwrap().starts_with("0003"), "{report}");
    assert_eq!(report["cves"]["not_known"], Value::Null);
    // Without ChangeLogs the list says it by itself.
    let report = world.report(&["plan", "v6.6.13", "v6.6.14"]);
    assert_eq!(ids(&report), expected[..2]);
    let text = world.done(&["plan", "v6.6.13", "v6.6.14"]);
    assert!(text.contains("CVEs: 2 fixed: CVE-2024-1001, CVE-2024-1004; there is no"), "{text}");

    // A directory without any is said, and stops nothing.
    let mut command = world.command(&["plan", "v6.6.13", "v6.6.14"]);
    let output = command.env("KPATCH_VULNS", world.sandbox.path("linux")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).replace("\n  ", " ");
    assert!(output.status.success() && said.contains("holds no CVE-*.sha1"), "{output:?}");
    assert!(std::path::Path::new(&vulns).exists());
}

/// The same on a tree with its history: mainline and stable have their own ids.
#[test]
fn a_tree_with_history_needs_no_changelog() {
    let sandbox = Sandbox::new();
    let linux = Repo::new(&sandbox, "linux");
    for name in ["a", "b", "c"] {
        linux.write(&format!("{name}.c"), lines(name, &[]));
    }
    linux.commit("Linux 6.6\n");
    linux.tag("v6.6");
    linux.git(&["checkout", "-q", "-b", "mainline"]);
    let pick = |name: &str| {
        linux.lines(&format!("{name}.c"), &[(20, "fixed")]);
        linux.commit(format!("{name}: fix it\n"))
    };
    let ids = ["a", "b", "c"].map(pick);
    linux.lines("b.c", &[(21, "fixed more")]);
    let fix = linux.commit(format!("b: fix it again\n\nFixes: {} (\"b: fix it\")\n", &ids[1][..12]));
    linux.lines("c.c", &[(30, "other")]);
    // Eight digits of an id, and the title of another commit.
    linux.commit(format!("c: something else\n\nFixes: {} (\"net: no such thing here\")\n", &ids[2][..8]));
    linux.commit_empty("Linux 6.7\n");
    linux.tag("v6.7");
    linux.git(&["checkout", "-q", "-b", "stable", "v6.6"]);
    linux.commit_empty("stable: begin");
    linux.commit_empty("Linux 6.6.1\n");
    linux.tag("v6.6.1");
    linux.git(&["checkout", "-q", "-b", "kit", "v6.6.1"]);
    for id in &ids {
        linux.git(&["cherry-pick", "-x", id]);
    }
    let patches = sandbox.path("patches");
    linux.format_patches("v6.6.1", "kit", &patches);
    linux.git(&["checkout", "-q", "stable"]);
    linux.lines("a.c", &[(20, "fixed")]);
    let taken = linux.commit(format!("a: fix it\n\ncommit {} upstream.\n", ids[0]));
    linux.commit_empty("Linux 6.6.2\n");
    linux.tag("v6.6.2");
    linux.git(&["revert", "--no-edit", &taken]);
    let revert = linux.git(&["rev-parse", "HEAD"]);
    linux.commit_empty("Linux 6.6.3\n");
    linux.tag("v6.6.3");
    let kernel = linux.path.to_str().unwrap().to_owned();
    let args = ["--linux", &kernel, "watch", "--patches", patches.to_str().unwrap(), "--base", "v6.6.1"];
    let top = sandbox.path("");
    let report = sandbox.report(&top, &args).0;
    assert_eq!(
        kinds(&report, "findings"),
        [row("0001", "reverted", "v6.6.3"), row("0002", "fixed", "v6.7")],
        "{report}"
    );
    assert_eq!(
        (report["findings"][0]["commit"].as_str(), report["findings"][1]["commit"].as_str()),
        (Some(revert.as_str()), Some(fix.as_str()))
    );
    assert_eq!((report["source"].as_str(), &report["until"]), (Some("history"), &json!(["v6.6.3", "v6.7"])));
    assert_eq!(report["changelogs"], Value::Null);
    // A bump to a release that has it tells what came after.
    let out = sandbox.path("out");
    let args = [
        "--linux",
        &kernel,
        "bump",
        "v6.6.1",
        "v6.6.3",
        "--patches",
        patches.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let report = sandbox.report(&top, &args).0;
    assert_eq!(kinds(&report, "upstream"), [row("0001", "reverted", "v6.6.3")], "{report}");
}

#[test]
fn a_changelog_drops_nothing() {
    // It says that the release has every patch; the trees say that it has the third one.
    let world = world();
    let copy =
        |pick: char| (format!("{}{pick}", "9".repeat(39)), format!("x: {pick}\n\ncommit {} upstream.", id(pick)));
    let mut commits = vec![(id('1'), "Linux 6.6.14".to_owned())];
    commits.extend(['a', 'b', 'c', 'd'].map(copy));
    world.sandbox.write("logs/ChangeLog-6.6.14", log(&commits));
    let flag = format!("--changelogs={}", world.sandbox.path("logs").display());
    let row = |row: &Value| {
        let how = row["evidence"]["how"].as_str().unwrap_or("-");
        format!("{} {how}", row["outcome"].as_str().unwrap())
    };
    let outcomes = |report: &Value| report["patches"].as_array().unwrap().iter().map(row).collect::<Vec<_>>();
    let report = world.report(&["plan", "v6.6.13", "v6.6.14", &flag]);
    assert_eq!(outcomes(&report), ["same claim", "same claim", "upstreamed claim", "same claim"]);

    // A patch that has nothing left to do since the one before it is not there.
    let sandbox = Sandbox::new();
    let linux = Repo::new(&sandbox, "linux");
    linux.write("a.c", lines("a", &[])).write("b.c", lines("b", &[]));
    linux.commit("Linux 6.6.13\n");
    linux.tag("v6.6.13");
    linux.git(&["checkout", "-q", "--orphan", "next"]);
    linux.lines("b.c", &[(20, "upstream's own")]);
    linux.commit("Linux 6.6.14\n");
    linux.tag("v6.6.14");
    linux.git(&["checkout", "-q", "v6.6.13"]);
    linux.lines("a.c", &[(20, "ours")]).lines("b.c", &[(20, "ours")]);
    linux.commit("both: ours\n");
    linux.lines("a.c", &[(20, "a 20")]);
    linux.commit(format!("a: take it back\n\n(cherry picked from commit {})\n", id('a')));
    let patches = sandbox.path("patches");
    linux.format_patches("v6.6.13", "HEAD", &patches);
    sandbox.write("logs/ChangeLog-6.6.14", log(&commits));
    let logs = format!("--changelogs={}", sandbox.path("logs").display());
    let (tree, set) = (linux.path.to_str().unwrap(), patches.to_str().unwrap());
    let args = ["--linux", tree, "plan", "v6.6.13", "v6.6.14", "--patches", set, &logs];
    let report = sandbox.report(&sandbox.path(""), &args).0;
    assert_eq!(outcomes(&report), ["conflict -", "emptied claim"]);
    assert_eq!(report["state"], "would-stop");
}

#[test]
fn a_changelog_is_what_git_log_prints() {
    let world = World::new(Layout::Flat);
    let git = |args: &[&str]| world.sandbox.try_git(&world.linux, args).stdout;
    let range = "v6.6.13..v6.6.14";
    let commits = kpatch::changelog::parse(&git(&["log", range])).unwrap();
    let known = String::from_utf8(git(&["log", "--format=%H%x00%B%x00", range])).unwrap();
    let known: Vec<&str> = known.split('\0').map(str::trim).filter(|text| !text.is_empty()).collect();
    let found: Vec<String> =
        commits.iter().flat_map(|commit| [commit.id.clone(), commit.message.to_string()]).collect();
    assert!(commits.len() > 2 && commits[0].title() == "Linux 6.6.14");
    assert_eq!(found, known);
}
