//! Sets of the -rt project as variants: from files, directories and the web, onto newer releases, and nothing that is hostile.

use std::path::{Path, PathBuf};

use crate::support::archive::{append, xz};
use crate::support::by_git::{Taken, patch_files};
use crate::support::kit::{assert_refusal, commit_all};
use crate::support::server::{Server, plain, say};
use crate::support::signing::{key, signed_list};
use crate::support::{KitBuilder, LAYOUTS, Layout, Sandbox, World, corpus, read_folder};

const PAGE: &str = "https://www.kernel.org/pub/linux/kernel/projects/rt";
const DATE: &str = "Date: Tue, 14 Nov 2023 23:13:20 +0100\n";

/// A tarball of these files, packed by xz.
fn tarball(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    xz(&tar.into_inner().unwrap())
}

/// A set as quilt has it: names without numbers, a series with comments and options, and patches without what only
/// `git format-patch` or Debian write.
fn quilt(patches: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut series = "# -rt, in the order of the project\n\n".to_owned();
    for (at, (name, bytes)) in patches.iter().enumerate() {
        let folder = if at % 7 == 3 { "sub/" } else { "" };
        let path = format!("{folder}{}", name.split_once('-').unwrap().1);
        let unique = format!("{folder}{at}_{}", path.rsplit('/').next().unwrap());
        series.extend([unique.as_str(), if at % 5 == 0 { " -p1  # why" } else { "" }, "\n"]);
        files.push((format!("patches/{unique}"), bare(bytes)));
    }
    files.push(("patches/series".to_owned(), series.into_bytes()));
    files
}

/// A patch without its mbox line and its origin.
fn bare(bytes: &[u8]) -> Vec<u8> {
    let is_header = |line: &&[u8]| line.starts_with(b"From ") || line.starts_with(b"Origin: ");
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let (head, rest) = bytes.split_at(end + 1);
    let head: Vec<&[u8]> = head.split_inclusive(|&byte| byte == b'\n').filter(|line| !is_header(line)).collect();
    [&head.concat(), rest].concat()
}

/// What stands between the line `---` and the end.
fn diff(bytes: &[u8]) -> &[u8] {
    let at = bytes.windows(5).position(|words| words == b"\n---\n").unwrap();
    &bytes[at..]
}

/// A kit with 6.1.x on a tree of the corpus, and one common patch that is on top of everything.
fn real_world() -> World {
    let sandbox = Sandbox::new();
    let linux = sandbox.linux();
    let common = format!(
        "From: A <a@b.c>\n{DATE}Subject: kernel: ours\n\nOurs.\n\nSigned-off-by: A <a@b.c>\n---\n\
         diff --git a/kernel/ours.c b/kernel/ours.c\nnew file mode 100644\n--- /dev/null\n+++ b/kernel/ours.c\n\
         @@ -0,0 +1 @@\n+int ours;\n"
    );
    let kit = KitBuilder::new(Layout::Flat)
        .series("6.1.x", "6.1.170", &[("0001-kernel-ours.patch".to_owned(), common.into_bytes())])
        .build(&sandbox, "kit");
    World { sandbox, layout: Layout::Flat, kit, linux }
}

/// The tree that git itself makes of the patch files of a folder; it must take all of them as mails.
fn tree_by_git(world: &World, folder: &Path, base: &str) -> (String, Vec<String>) {
    let files = patch_files(folder);
    let taken = world.sandbox.am(&world.linux, &files, base);
    let refused: Vec<&PathBuf> =
        files.iter().zip(&taken).filter(|(_, taken)| !matches!(taken, Taken::Am(_))).map(|(file, _)| file).collect();
    assert_eq!(refused, Vec::<&PathBuf>::new());
    let commits: Vec<String> = taken.iter().map(|taken| taken.commit().unwrap().to_owned()).collect();
    let tip = commits.last().unwrap();
    (world.sandbox.git(&world.linux, &["rev-parse", &format!("{tip}^{{tree}}")]), commits)
}

#[test]
fn a_set_of_the_project_becomes_a_variant_and_goes_to_the_next_release() {
    let world = real_world();
    let source = read_folder(&corpus().join("patches-6.1.170-rt"));
    let file = world.sandbox.write("patches-6.1.170-rt58.tar.xz", tarball(&quilt(&source)));
    let before = world.snapshot();
    let args = ["rt", "import", file.to_str().unwrap()];
    let dry = world.report(&[&args[..], &["--dry-run"]].concat());
    assert_eq!((dry["state"].as_str(), before.changes(&world.snapshot())), (Some("would-land"), Vec::new()));

    let report = world.report(&[&args[..], &["--commit"]].concat());
    let says = |field: &str| report[field].as_str().unwrap_or_default().to_owned();
    assert_eq!((says("series"), says("state")), ("6.1.x-rt".into(), "landed".into()));
    assert_eq!(
        (says("release"), says("base"), says("version")),
        ("6.1.170-rt58".into(), "v6.1.170".into(), "6.1.170-rt".into())
    );
    let origin = format!("{PAGE}/6.1/older/patches-6.1.170-rt58.tar.xz");
    assert_eq!(says("origin"), origin);
    assert_eq!((report["patches"].as_u64(), report["diff"]["counts"]["added"].as_u64()), (Some(67), Some(67)));
    assert_eq!(report["gate"]["common"]["patches"], 1, "{report}");
    assert_eq!(world.sandbox.git(&world.kit, &["status", "--porcelain"]), "");
    assert_eq!(world.sandbox.git(&world.kit, &["rev-parse", "HEAD"]), says("kit_commit"));

    let folder = world.kit.join("kernel/patches-6.1.x-rt");
    let landed = read_folder(&folder);
    assert_eq!(landed.len(), source.len());
    for ((name, bytes), (old_name, old)) in landed.iter().zip(&source) {
        assert_eq!(name[..4], old_name[..4]);
        let text = String::from_utf8_lossy(bytes);
        assert!(text.starts_with(&format!("From {} Mon Sep 17 00:00:00 2001\n", "0".repeat(40))), "{name}");
        assert_eq!(text.matches(&format!("\nOrigin: {origin}\n")).count(), 1, "{name}");
        assert_eq!(text.matches("\nOrigin: ").count(), 1, "{name}");
        let old = bare(old);
        // But for the two lines not a byte is another one.
        let lines: Vec<&str> = text.lines().skip(1).filter(|line| !line.starts_with("Origin: ")).collect();
        let shorter = lines.join("\n");
        assert!(shorter.split_whitespace().eq(String::from_utf8_lossy(&old).split_whitespace()), "{name}");
        assert_eq!(diff(bytes), diff(&old), "{name}");
    }
    let makefile = std::fs::read_to_string(world.kit.join("kernel/Makefile")).unwrap();
    assert!(makefile.contains("KERNELS_all=6.1.170 6.1.170-rt\n"), "{makefile}");
    let toml = std::fs::read_to_string(world.kit.join("kpatch.toml")).unwrap();
    assert_eq!(toml, "[series.\"6.1.x-rt\"]\nrt = \"6.1.170-rt58\"\n");

    // Git makes the same tree of it, and authors, dates and messages are those of the set.
    let (tree, commits) = tree_by_git(&world, &folder, "v6.1.170");
    assert_eq!(report["gate"]["git_am"], tree);
    let originals = world.sandbox.am(&world.linux, &patch_files(&corpus().join("patches-6.1.170-rt")), "v6.1.170");
    for (ours, theirs) in commits.iter().zip(&originals) {
        let show =
            |commit: &str| world.sandbox.git(&world.linux, &["show", "-s", "--format=%an <%ae> %ad%n%B", commit]);
        let ours = show(ours).replace(&format!("\nOrigin: {origin}"), "");
        assert_eq!(ours.trim_end(), show(theirs.commit().unwrap()).trim_end());
    }

    // The next release, with the variant alone.
    let bump = world.report(&["bump", "6.1.x-rt", "--to", "6.1.176"]);
    assert_eq!((bump["state"].as_str(), bump["series"].as_str()), (Some("landed"), Some("6.1.x-rt")));
    assert_eq!(bump["branch"], "v6.1.176-rt-linuxkit");
    assert_eq!((&bump["gate"]["common"]["patches"], &bump["gate"]["common"]["holds"]), (&1.into(), &true.into()));
    let makefile = std::fs::read_to_string(world.kit.join("kernel/Makefile")).unwrap();
    assert!(makefile.contains("KERNELS_all=6.1.170 6.1.176-rt\n"), "{makefile}");
    let (tree, _) = tree_by_git(&world, &folder, "v6.1.176");
    assert_eq!(bump["gate"]["git_am"], tree);
    let branch = world.branch("v6.1.176-rt-linuxkit").unwrap();
    assert_eq!(world.sandbox.git(&world.linux, &["rev-parse", &format!("{branch}^{{tree}}")]), tree);
    for (name, bytes) in read_folder(&folder) {
        assert_eq!(String::from_utf8_lossy(&bytes).matches(&format!("\nOrigin: {origin}\n")).count(), 1, "{name}");
    }
    world.done(&["verify", "6.1.x-rt"]);
    world.done(&["undo"]);
    assert_eq!(read_folder(&folder), landed);
    assert_eq!(world.branch("v6.1.176-rt-linuxkit"), None);
}

#[test]
fn a_newer_set_replaces_the_old_one_and_keeps_what_is_local() {
    let world = real_world();
    let old = corpus().join("patches-6.1.170-rt");
    let report = world.report(&["rt", "import", old.to_str().unwrap(), "--base", "6.1.170", "--allow-dirty"]);
    // Numbered files, whose headers agree on where they come from.
    assert_eq!((report["quilt"].as_bool(), report["release"].as_str()), (Some(false), Some("6.1.158-rt58")));
    assert_eq!(report["origin"], format!("{PAGE}/6.1/older/patches-6.1.158-rt58.tar.xz"));
    let folder = world.kit.join("kernel/patches-6.1.x-rt");
    let local = format!(
        "From: B <b@b.c>\n{DATE}Subject: rt: of our own\n\nOurs.\n\nSigned-off-by: B <b@b.c>\n---\n\
         diff --git a/kernel/rt-ours.c b/kernel/rt-ours.c\nnew file mode 100644\n--- /dev/null\n+++ b/kernel/rt-ours.c\n\
         @@ -0,0 +1 @@\n+int rt_ours;\n"
    );
    std::fs::write(folder.join("0068-rt-of-our-own.patch"), &local).unwrap();
    world.commit();

    let new = corpus().join("patches-6.1.176-rt");
    let args = ["rt", "import", new.to_str().unwrap(), "--base", "v6.1.176"];
    let report = world.report(&args);
    let counts = &report["diff"]["counts"];
    let total = |names: &[&str]| names.iter().map(|name| counts[*name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(total(&["same", "moved", "message", "context", "changed", "added"]), 73, "{counts}");
    assert!(total(&["added"]) >= 5 && total(&["same", "moved"]) >= 50, "{counts}");
    assert_eq!(report["from_version"], "6.1.170-rt");
    assert_eq!(report["local"][0]["file"], "0068-rt-of-our-own.patch");
    assert_eq!(report["local"][0]["kept"], "0073-rt-of-our-own.patch");
    assert_eq!(std::fs::read_to_string(folder.join("0073-rt-of-our-own.patch")).unwrap(), local);
    let (tree, _) = tree_by_git(&world, &folder, "v6.1.176");
    assert_eq!(report["gate"]["git_am"], tree);
    world.commit();
    // The same once more changes nothing; without the local one it goes.
    let again = world.report(&args);
    assert_eq!(again["files"], serde_json::json!([]), "{again}");
    let dropped = world.report(&[&args[..], &["--drop-local"]].concat());
    assert_eq!(dropped["local"][0]["kept"], serde_json::Value::Null);
    assert!(!folder.join("0073-rt-of-our-own.patch").exists());
    world.done(&["undo"]);
    assert!(folder.join("0073-rt-of-our-own.patch").exists());
}

/// A set of two patches on v6.6.13 of the usual tree: one with the header of quilt, one with no date.
fn small_set() -> Vec<(String, Vec<u8>)> {
    let patch = |header: &str, file: &str, line: usize| {
        let name = file.rsplit('/').next().unwrap().trim_end_matches(".c");
        let around = |from: usize, to: usize| {
            (from..=to).map(|at| [" ", name, " ", at.to_string().as_str(), "\n"].concat()).collect::<String>()
        };
        format!(
            "{header}\nFor real time.\n\nSigned-off-by: A <a@b.c>\n---\n {file} | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n\
             --- a/{file}\n+++ b/{file}\n@@ -{},7 +{},7 @@\n{}-{name} {line}\n+{name} {line} rt\n{}",
            line - 3,
            line - 3,
            around(line - 3, line - 1),
            around(line + 1, line + 3)
        )
        .into_bytes()
    };
    vec![
        ("p/series".to_owned(), b"first.patch\nsecond.patch -p1\n".to_vec()),
        (
            "p/first.patch".to_owned(),
            patch(&format!("From: A <a@b.c>\n{DATE}Subject: [PATCH] panic: real time\n"), "kernel/panic.c", 5),
        ),
        ("p/second.patch".to_owned(), patch("Subject: usb: real time\nFrom: A <a@b.c>\n", "drivers/usb.c", 30)),
    ]
}

fn small_tarball(world: &World, name: &str) -> PathBuf {
    world.sandbox.write(name, tarball(&small_set()))
}

#[test]
fn both_layouts_get_a_variant() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        let file = small_tarball(&world, "patches-6.6.13-rt20.tar.xz");
        world.done(&["rt", "import", file.to_str().unwrap()]);
        let folder = world.kit.join(layout.patches("6.6.x-rt"));
        let names: Vec<String> = read_folder(&folder).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["0001-panic-real-time.patch", "0002-usb-real-time.patch"]);
        let list = std::fs::read_to_string(world.kit.join(layout.version_file("6.6.x-rt"))).unwrap();
        let says = match layout {
            Layout::Flat => "KERNELS_all=6.6.13 6.6.13-rt\n",
            Layout::PerSeries => "KERNEL_VERSION=6.6.13\nKERNEL_SERIES=6.6.x\n",
        };
        assert!(list.contains(says), "{list}");
        commit_all(&world.sandbox, &world.kit);
        let status = world.report(&["status"]);
        assert_eq!(status["series"][1]["versions"], serde_json::json!(["6.6.13-rt"]), "{status}");
        let list = world.done(&["list", "--json"]);
        assert!(list.contains("6.6.13-rt"), "{list}");
        // The kernels of all series go to the newest release; the variant waits for the project.
        let output = world.kpatch(&["bump", "--all", "--yes", "--dry-run", "--json"]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("6.6.x-rt follows the releases of the -rt project and stays on v6.6.13"), "{error}");
        let bump = world.report(&["bump", "6.6.x-rt", "--to", "6.6.15", "--skip-common"]);
        assert_eq!((bump["state"].as_str(), &bump["gate"]["common"]), (Some("landed"), &serde_json::Value::Null));
    }
}

#[test]
fn a_call_line_says_the_variant() {
    let world = World::new(Layout::Flat);
    let makefile = "KERNELS_all=\n$(eval $(call kernel,6.6.13,6.6.x,$(EXTRA),$(DEBUG)))\n";
    std::fs::write(world.kit.join("kernel/Makefile"), makefile).unwrap();
    world.commit();
    let file = small_tarball(&world, "patches-6.6.13-rt20.tar.xz");
    world.done(&["rt", "import", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(world.kit.join("kernel/Makefile")).unwrap();
    assert_eq!(
        text,
        "KERNELS_all=\n$(eval $(call kernel,6.6.13,6.6.x,-rt,$(DEBUG)))\n$(eval $(call kernel,6.6.13,6.6.x,$(EXTRA),$(DEBUG)))\n"
    );
}

#[test]
fn the_whole_stack_has_to_hold() {
    let world = World::new(Layout::Flat);
    // Touches the line that the first common patch touches, too.
    let mut set = small_set();
    let text = String::from_utf8(set[1].1.clone()).unwrap();
    let clash: String = text.replace("panic 5", "panic 20").replace("-2,7 +2,7", "-17,7 +17,7");
    let clash = (2..=8)
        .filter(|at| *at != 5)
        .fold(clash, |text, at| text.replace(&format!(" panic {at}\n"), &format!(" panic {}\n", at + 15)));
    set[1].1 = clash.into_bytes();
    let file = world.sandbox.write("patches-6.6.13-rt20.tar.xz", tarball(&set));
    let args = ["rt", "import", file.to_str().unwrap()];
    world.refused(&args, &["the common patches give no tree", "0001-panic-say-it-in-words.patch", "--skip-common"]);
    let report = world.report(&[&args[..], &["--skip-common"]].concat());
    assert_eq!((report["state"].as_str(), &report["gate"]["common"]), (Some("landed"), &serde_json::Value::Null));
    world.commit();
    let status = world.kpatch(&["rt", "status", "--offline", "--json"]);
    assert_eq!(status.status.code(), Some(1));
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["reports"][0]["applies"], false, "{status}");
    // A bump of the plain kernel says that it does not help.
    let bump = world.report(&["bump", "6.6.x", "--to", "6.6.15", "--dry-run"]);
    let warnings = bump["warnings"].to_string();
    assert!(warnings.contains("6.6.x-rt on v6.6.13"), "{warnings}");
    world.refused(&["bump", "6.6.x-rt", "--to", "6.6.14"], &["the common patches give no tree"]);
}

#[test]
fn what_git_am_cannot_take_is_refused_with_its_reason() {
    let world = World::new(Layout::Flat);
    let set = |name: &str, text: &str| {
        let mut set = small_set();
        let whole = String::from_utf8(set[1].1.clone()).unwrap();
        let at = whole.find("\nFor real").unwrap();
        set[1].1 = [text.as_bytes(), &whole.as_bytes()[at..]].concat();
        set[2].1 = b"nothing but words\n".to_vec();
        world.sandbox.write(name, tarball(&set))
    };
    let file = set("patches-6.6.13-rt20.tar.xz", "Subject: no author\n");
    let before = world.snapshot();
    let output = world.kpatch(&["rt", "import", file.to_str().unwrap()]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), before.changes(&world.snapshot())), (Some(2), Vec::new()), "{error}");
    for says in ["first.patch:1: no author\n", "second.patch:1: no author\n", "add a line 'From: Name <mail>'"] {
        assert!(error.contains(says), "{error}");
    }
    let unknown = small_tarball(&world, "set.tar.xz");
    let unknown = unknown.to_str().unwrap();
    world.refused(&["rt", "import", unknown], &["cannot tell which release of -rt", "--version 6.6.14-rt21"]);
    world.refused(&["rt", "import", unknown, "--version", "6.6.13"], &["'6.6.13' is no release of -rt"]);
    world.refused(&["rt", "import", unknown, "--version", "6.1.1-rt1"], &["the kit has no kernel of 6.1.x"]);
    world.refused(
        &["rt", "import", unknown, "--version", "6.6.13-rt1", "--base", "6.1.1"],
        &["cannot stand on 'v6.1.1'"],
    );
    world.refused(&["rt", "import", unknown, "--version", "6.6.13-rt1", "--origin", "a\nb"], &["not one line of text"]);
    world.refused(&["rt", "import", "nothing"], &["neither a file, nor a directory, nor a release"]);
    // On another release it does not apply; where there is none, that is said.
    let report = world.report(&["rt", "import", unknown, "--version", "6.6.77-rt1", "--dry-run"]);
    assert_eq!(report["not_checked"], "the linux tree has no tag 'v6.6.77'");
    let text = world.done(&["rt", "import", unknown, "--version", "6.6.77-rt1", "--dry-run"]);
    assert!(text.contains("proof: not checked: the linux tree has no tag 'v6.6.77'"), "{text}");
    let mut set = small_set();
    set[2].1 = String::from_utf8(set[2].1.clone()).unwrap().replace(" usb 29\n", " usb 92\n").into_bytes();
    let other = world.sandbox.write("patches-6.6.13-rt20.tar.xz", tarball(&set));
    let args = ["rt", "import", other.to_str().unwrap()];
    world.refused(&args, &["does not apply to v6.6.13", "0002-usb-real-time.patch", "--base"]);
}

#[test]
fn an_origin_of_ones_own_is_written_down() {
    let world = World::new(Layout::Flat);
    let file = small_tarball(&world, "set.tar.xz");
    let own = "https://git.example.org/rt.git v6.6.13-rt20";
    let args = ["rt", "import", file.to_str().unwrap(), "--version", "6.6.13-rt20"];
    world.done(&[&args[..], &["--origin", own]].concat());
    let toml = std::fs::read_to_string(world.kit.join("kpatch.toml")).unwrap();
    assert_eq!(toml, format!("[series.\"6.6.x-rt\"]\norigin = \"{own}\"\nrt = \"6.6.13-rt20\"\n"));
    let (_, bytes) = read_folder(&world.kit.join("kernel/patches-6.6.x-rt")).remove(1);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(&format!("Signed-off-by: A <a@b.c>\nOrigin: {own}\n---\n")), "{text}");
    world.commit();
    // The next one keeps it, and takes none of the old patches for local ones.
    let mut set = small_set();
    set[0].1 = b"second.patch\n".to_vec();
    let newer = world.sandbox.write("patches-6.6.13-rt21.tar.xz", tarball(&set));
    let report = world.report(&["rt", "import", newer.to_str().unwrap()]);
    assert_eq!((report["origin"].as_str(), &report["local"]), (Some(own), &serde_json::json!([])));
    assert_eq!(report["diff"]["counts"]["dropped"], 1, "{report}");
    assert_eq!(report["from_release"], "6.6.13-rt20");
    assert!(report["warnings"].to_string().contains("does not name 'first.patch'"), "{report}");
}

#[test]
fn releases_come_from_the_project_or_a_mirror() {
    let world = World::new(Layout::Flat);
    let bytes = tarball(&small_set());
    let rows: [(&str, &[u8]); 2] = [("patches-6.6.13-rt21.tar.xz", b""), ("patches-6.6.15-rt22.tar.xz", b"")];
    let list = signed_list(&key(1), &rows);
    let server = Server::start(move |path, stream| match path.strip_prefix("/pub/linux/kernel/projects/rt/6.6/") {
        Some("older/patches-6.6.13-rt20.tar.xz" | "patches-6.6.13-rt21.tar.xz") => plain(stream, &bytes),
        Some("sha256sums.asc") => plain(stream, &list),
        Some("older/sha256sums.asc") => say(stream, "404 Not Found", b""),
        _ => say(stream, "404 Not Found\r\nContent-Type: text/html", b"<html>"),
    });
    std::fs::write(
        world.kit.join("kpatch.toml"),
        format!("[sources]\nmirror = \"{}/\"\n", server.url("/pub/linux/kernel")),
    )
    .unwrap();
    // Lists of sums stay in the cache.
    let refused = |args: &[&str], says: &[&str]| assert_refusal(&world.command(args).output().unwrap(), args, says);
    let offline = ["cannot get", "is not in the cache", "run once without --offline"];
    refused(&["rt", "import", "6.6.13-rt20", "--offline"], &offline);
    // What its list of sums says of the newest one is not so.
    let wrong = ["cannot get", "has the SHA-256", "and should have"];
    refused(&["rt", "import", "6.6.13-rt21"], &wrong);
    refused(&["rt", "import", "6.6.13-rt99"], &["there is no patches-6.6.13-rt99.tar.xz in http://127.0.0.1"]);
    let report = world.report(&["rt", "import", "6.6.13-rt20"]);
    assert_eq!(report["state"], "landed");
    assert_eq!(report["origin"], format!("{PAGE}/6.6/older/patches-6.6.13-rt20.tar.xz"));
    assert!(report["source"].as_str().unwrap().ends_with("/older/patches-6.6.13-rt20.tar.xz"), "{report}");
    assert!(report["authenticity"].to_string().contains("not checked where"), "{report}");
    let toml = std::fs::read_to_string(world.kit.join("kpatch.toml")).unwrap();
    assert!(toml.ends_with("\n\n[series.\"6.6.x-rt\"]\nrt = \"6.6.13-rt20\"\n"), "{toml}");
    world.commit();
    // It is in the cache now.
    let again = world.report(&["rt", "import", "6.6.13-rt20", "--offline", "--dry-run"]);
    assert_eq!(again["source"], report["source"]);

    let list = r#"{"releases": [{"iseol": false, "version": "6.6.16", "moniker": "longterm"}]}"#;
    let list = world.sandbox.write("releases.json", list);
    let status = |args: &[&str]| {
        let mut command = world.command(&[&["rt", "status"], args].concat());
        let output = command.env("KPATCH_RELEASES", &list).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let report: serde_json::Value = serde_json::from_str(&status(&["--json"])).unwrap();
    let report = &report["reports"][0];
    assert_eq!(
        (report["newest_rt"].as_str(), report["rt_behind"].as_bool()),
        (Some("6.6.15-rt22"), Some(true)),
        "{report}"
    );
    assert_eq!((report["newest_stable"].as_str(), report["behind"].as_u64()), (Some("6.6.16"), Some(3)));
    assert_eq!((report["applies"].as_bool(), &report["common"]["patches"]), (Some(true), &4.into()));
    assert_eq!(
        (report["release"].as_str(), report["release_from"].as_str()),
        (Some("6.6.13-rt20"), Some("kpatch.toml"))
    );
    // The copy of an hour serves; without one the network would be needed.
    let text = status(&["--offline"]);
    assert!(text.contains("newest of -rt: 6.6.15-rt22; kpatch rt import 6.6.15-rt22\n"), "{text}");
    std::fs::remove_dir_all(world.sandbox.path("cache")).unwrap();
    let text = status(&["--offline"]);
    assert!(text.contains("newest of -rt not known:") && text.contains("--offline"), "{text}");
}

/// Name, kind and target of an entry.
type Entry<'a> = (&'a [u8], tar::EntryType, &'a str);

#[test]
fn a_hostile_tarball_leaves_nothing_behind() {
    use tar::EntryType::{Link, Regular, Symlink};
    let world = World::new(Layout::Flat);
    let good = |tar: &mut Vec<u8>| {
        for (name, bytes) in small_set() {
            append(tar, (name.as_bytes(), Regular, "", &bytes));
        }
    };
    let ended = |mut tar: Vec<u8>| {
        tar.resize(tar.len() + 1024, 0);
        tar
    };
    let entries: [(Entry<'_>, &str); 7] = [
        ((b"p/../../evil.patch", Regular, ""), "leaves the tree"),
        ((b"/tmp/evil.patch", Regular, ""), "is an absolute path"),
        ((b"q/evil.patch", Regular, ""), "is not in the one top directory"),
        ((b"p/evil.patch", Symlink, "/etc/passwd"), "is a link"),
        ((b"p/evil.patch", Link, "p/first.patch"), "is a link"),
        ((b"p/.git/config", Regular, ""), "is in a .git directory"),
        ((b"p/first.patch", Regular, ""), "is there twice"),
    ];
    for ((name, kind, link), says) in entries {
        let mut tar = Vec::new();
        good(&mut tar);
        append(&mut tar, (name, kind, link, b""));
        let file = world.sandbox.write("patches-6.6.13-rt20.tar.xz", xz(&ended(tar)));
        world.refused(&["rt", "import", file.to_str().unwrap()], &["refusing", says]);
    }
    // A series that leads out, one that names what is not there, a file that was cut off, and one that unpacks to too much.
    let refused = |bytes: &[u8], says: &[&str]| {
        let file = world.sandbox.write("patches-6.6.13-rt20.tar.xz", bytes);
        world.refused(&["rt", "import", file.to_str().unwrap()], says);
    };
    for (series, says) in [
        ("first.patch\n../../../etc/passwd\n", "series:2: '../../../etc/passwd' is not a path below the series"),
        ("first.patch\nthird.patch\n", "series:2: 'third.patch' is not there"),
        ("first.patch -p0\n", "series:1: the option '-p0'"),
        ("#\n", "names no patch"),
    ] {
        let mut set = small_set();
        set[0].1 = series.as_bytes().to_vec();
        refused(&tarball(&set), &[says]);
    }
    let whole = tarball(&small_set());
    refused(&whole[..whole.len() / 2], &["is damaged or not a tarball"]);
    refused(b"not a tarball at all", &["is damaged or not a tarball"]);
    let mut bomb = Vec::new();
    good(&mut bomb);
    append(&mut bomb, (b"p/bomb.patch", Regular, "", &vec![b'x'; 65 << 20]));
    refused(&xz(&ended(bomb)), &["it has more than 67108864 bytes in one file"]);
    let evil = String::from_utf8(small_set()[1].1.clone()).unwrap().replace("kernel/panic.c", "../../evil.c");
    let mut set = small_set();
    set[1].1 = evil.into_bytes();
    refused(&tarball(&set), &[".."]);
}
