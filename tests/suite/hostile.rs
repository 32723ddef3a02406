//! Patches, kits and repositories that want to do harm.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::support::{Layout, Snapshot, World, assert_harmless};

const BUMP: [&str; 3] = ["bump", "v6.6.13", "v6.6.14"];
const HEAD: &str = "From: Mal Example <mal@example.org>\nDate: Fri, 12 Jan 2024 00:00:00 +0000\nSubject: [PATCH] a patch\n\nA text.\n---\n\n";

fn create(path: &str) -> String {
    new_file(path, "100644", "evil")
}

fn new_file(path: &str, mode: &str, line: &str) -> String {
    let (a, b) = match path.strip_prefix('"') {
        Some(quoted) => (format!("\"a/{quoted}"), format!("\"b/{quoted}")),
        None => (format!("a/{path}"), format!("b/{path}")),
    };
    format!(
        "diff --git {a} {b}\nnew file mode {mode}\nindex 000000000000..111111111111\n--- /dev/null\n+++ {b}\n@@ -0,0 +1 @@\n+{line}\n"
    )
}

fn change(path: &str) -> String {
    format!("diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -30 +30 @@\n-panic 30\n+panic thirty\n")
}

/// Every verb that reads patches refuses the second of them by name.
fn refused_with(first: &str, diff: impl AsRef<[u8]>, says: &[&str]) {
    let second = [HEAD.as_bytes(), diff.as_ref()].concat();
    let first = format!("{HEAD}{first}");
    let world =
        World::with_patches(Layout::Flat, &[("0001-first.patch", first.as_bytes()), ("0002-evil.patch", &second)]);
    let says = [says, &["0002-evil.patch"]].concat();
    world.refused(&BUMP, &says);
    world.refused(&["plan", "v6.6.13", "v6.6.14"], &says);
    // For verify it is what it finds.
    let before = world.snapshot();
    let output = world.kpatch(&["verify", "6.6.x"]);
    assert_harmless(&output);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 2)) && said.contains("0002-evil.patch"), "{said}");
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
    world.refused(&["import", "6.6.x"], &says);
    let folder = world.patch("");
    let out = world.sandbox.path("out");
    let args = ["--patches", folder.to_str().unwrap(), "--out", out.to_str().unwrap()];
    world.refused(&[&BUMP[..], &args].concat(), &says);
}

fn refused(diff: impl AsRef<[u8]>, says: &[&str]) {
    refused_with(&create("init/fine.c"), diff, says);
}

#[test]
fn paths_that_leave_the_tree_are_refused() {
    for path in ["../outside", "a/../../outside", "./x", "a/./x", "kernel/.."] {
        refused(create(path), &["leaves its directory"]);
    }
    for path in ["/absolute", "C:/x", "\\x"] {
        refused(create(path), &["absolute"]);
    }
    refused(create("a//b"), &[]);
}

#[test]
fn paths_into_a_git_directory_are_refused() {
    let hidden = "\".g\\342\\200\\214it/config\"";
    for path in [
        ".git/config",
        ".GIT/hooks/post-checkout",
        "kernel/.git/x",
        ".git./x",
        "GIT~1/config",
        ".g\u{200c}it/config",
        hidden,
    ] {
        refused(create(path), &["git directory"]);
    }
}

#[test]
fn the_other_end_of_a_rename_or_copy_is_looked_at() {
    for (from, to) in
        [("kernel/panic.c", "../outside"), ("kernel/panic.c", ".git/config"), ("../outside", "kernel/x.c")]
    {
        for word in ["rename", "copy"] {
            let diff =
                format!("diff --git a/{from} b/{to}\nsimilarity index 100%\n{word} from {from}\n{word} to {to}\n");
            refused(diff, &["path '"]);
        }
    }
}

#[test]
fn no_patch_reaches_through_a_link() {
    // The tree's own link, one of an earlier patch, and one of the same patch.
    refused(create("link/evil"), &["beyond the symbolic link 'link'"]);
    let out = new_file("exit", "120000", "../..").replace("../..\n", "../..\n\\ No newline at end of file\n");
    refused_with(&out, create("exit/evil"), &["beyond the symbolic link 'exit'"]);
    refused(format!("{out}{}", create("exit/evil")), &["beyond the symbolic link 'exit'"]);
    refused(format!("{out}{}", create("exit/a/b/evil")), &["beyond the symbolic link 'exit'"]);
}

#[test]
fn modes_that_no_file_has_are_refused() {
    refused(new_file("sub", "160000", "Subproject commit 1111111111111111111111111111111111111111"), &["submodule"]);
    refused(new_file("dev", "060000", "x"), &["mode"]);
    refused(new_file("dir", "040000", "x"), &["mode"]);
    // Of the permissions git knows only one, whatever else is asked for.
    let patch = format!("{HEAD}{}", new_file("suid", "106755", "x"));
    let world = World::with_patches(Layout::Flat, &[("0001-suid.patch", patch.as_bytes())]);
    world.done(&BUMP);
    let listed = world.sandbox.git(&world.linux, &["ls-tree", "v6.6.14-linuxkit", "suid"]);
    assert!(listed.starts_with("100755 blob "), "{listed}");
}

#[test]
fn names_with_control_characters_are_refused() {
    refused(create("\"a\\000b\""), &["NUL"]);
    for path in ["\"a\\nb\"", "\"a\\033[2Jb\"", "\"a\\rb\"", "\"a\\177b\""] {
        refused(create(path), &["control character"]);
    }
}

#[test]
fn a_diff_in_the_message_is_refused() {
    let quoted = format!(
        "A text.\n\n{}\nSigned-off-by: M\n---\n kernel/panic.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n",
        create("init/evil.c")
    );
    let patch = HEAD.replace("A text.\n---\n", &quoted) + &change("kernel/panic.c");
    let world = World::with_patches(Layout::Flat, &[("0001-evil.patch", patch.as_bytes())]);
    world.refused(&BUMP, &["0001-evil.patch", "init/evil.c", "indent"]);
}

#[test]
fn numbers_and_lines_beyond_measure_are_refused() {
    let diff = change("kernel/panic.c");
    for header in [
        "@@ -30,4000000000 +30,4000000000 @@",
        "@@ -30,99999999999999999999 +30 @@",
        "@@ -4294967295,4294967295 +1 @@",
        "@@ -18446744073709551615 +1 @@",
    ] {
        refused(diff.replace("@@ -30 +30 @@", header), &[]);
    }
    refused(diff.replace("+panic thirty", &format!("+{}", "x".repeat(10 << 20))), &["a line of 1048576"]);
    refused(create(&"x/".repeat(5000)), &[]);
}

/// The lines of a binary patch: `data` deflated, in base 85.
fn binary(kind: &str, says: usize, data: &[u8]) -> String {
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    deflate.write_all(data).unwrap();
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let mut text = format!("{kind} {says}\n");
    for line in deflate.finish().unwrap().chunks(52) {
        let letter = if line.len() <= 26 { b'A' + line.len() as u8 - 1 } else { b'a' + line.len() as u8 - 27 };
        text.push(letter as char);
        for group in line.chunks(4) {
            let mut word = group
                .iter()
                .chain(std::iter::repeat(&0))
                .take(4)
                .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
            let mut encoded = [0; 5];
            for digit in encoded.iter_mut().rev() {
                *digit = digits[(word % 85) as usize];
                word /= 85;
            }
            text.push_str(std::str::from_utf8(&encoded).unwrap());
        }
        text.push('\n');
    }
    text + "\n"
}

#[test]
fn binary_bombs_are_refused() {
    let zeros = vec![0; 64 << 20];
    let ids = format!("{}..{}", "0".repeat(40), "1".repeat(40));
    let head = format!("diff --git a/x.bin b/x.bin\nnew file mode 100644\nindex {ids}\nGIT binary patch\n");
    let back = binary("literal", 0, b"");
    // More than it says, far more than it says, and a delta whose copies grow without end.
    refused(format!("{head}{}{back}", binary("literal", 10, &zeros)), &[]);
    refused(format!("{head}{}{back}", binary("literal", 4_000_000_000, b"x")), &[]);
    refused(format!("{head}{}{back}", binary("literal", usize::MAX, b"x")), &[]);
}

#[test]
fn binary_deltas_do_not_grow() {
    // A delta from 8190 bytes or so to as many as 2^62, by copying all of it again and again.
    let mut delta = vec![0x80, 0x40];
    delta.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]);
    delta.extend([0xb0, 0xff, 0xff].repeat(100_000));
    let ids = format!("{}..{}", "0".repeat(40), "1".repeat(40));
    let text = binary("delta", delta.len(), &delta);
    let patch = format!("{HEAD}diff --git a/README b/README\nindex {ids} 100644\nGIT binary patch\n{text}{text}");
    let world = World::with_patches(Layout::Flat, &[("0001-evil.patch", patch.as_bytes())]);
    let before = Snapshot::of(&world.kit);
    let output = world.kpatch(&BUMP);
    assert_harmless(&output);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(2 | 3)) && said.contains("0001-evil.patch"), "{said}");
    assert_eq!(before.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
}

/// Text that forges terminals, tables and pages, and goes through a mail header.
const FORGED: &str = "x\u{1b}[31m|`a`<script>alert(1)</script>[l](http://e)\u{202e}\u{200b}*b*_";

#[test]
fn good_patches_with_forged_texts_are_shown_harmless() {
    let path = "init/a|b`c<i>\u{202e}d";
    let head = HEAD.replace("Mal", FORGED).replace("a patch", FORGED).replace("A text.", FORGED);
    let good = format!("{head}{}", create(path));
    let clash =
        format!("{head}{}", change("kernel/panic.c").replace("-30 +30", "-20 +20").replace("panic 30", "panic 20"));
    let taken = format!(
        "{head}{}",
        change("drivers/usb.c")
            .replace("-30 +30", "-20 +20")
            .replace("-panic 30", "-usb 20")
            .replace("+panic thirty", "+usb twenty")
    );
    // Without context a hunk has to stand at its line, so each of these stands alone.
    let context = |text: String, name: &str| {
        text.replace("@@ -20 +20 @@\n", &format!("@@ -19,3 +19,3 @@\n {name} 19\n")) + &format!(" {name} 21\n")
    };
    let (clash, taken) = (context(clash, "panic"), context(taken, "usb"));
    let files = [
        ("0001-good.patch", good.as_bytes()),
        ("0002-clash.patch", clash.as_bytes()),
        ("0003-taken.patch", taken.as_bytes()),
    ];
    for target in ["v6.6.14", "v6.6.16"] {
        for format in ["text", "markdown", "json"] {
            let world = World::with_patches(Layout::Flat, &files);
            for args in [
                &["plan", "v6.6.13", target, "-v", "--format", format][..],
                &["bump", "v6.6.13", target, "-v", "--format", format],
            ] {
                let output = world.kpatch(args);
                assert_harmless(&output);
                let text = String::from_utf8(output.stdout).unwrap();
                let expected = if target == "v6.6.14" { 0 } else { 3 };
                assert_eq!(output.status.code(), Some(expected), "{text}{}", String::from_utf8_lossy(&output.stderr));
                assert!(text.contains("alert(1)"), "{text}");
                match format {
                    "markdown" => assert_markdown(&text),
                    "json" => drop(serde_json::from_str::<serde_json::Value>(&text).unwrap()),
                    _ => {}
                }
            }
            for args in [
                &["status"][..],
                &["verify", "6.6.x"],
                &["import", "6.6.x", "--base", "v6.6.13"],
                &["status", "--json"],
            ] {
                let output = world.kpatch(args);
                assert_harmless(&output);
            }
        }
    }
}

/// No element of html, and each table has rows of one width.
fn assert_markdown(text: &str) {
    let mut fenced = false;
    let mut width = None;
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if fenced {
            continue;
        }
        assert!(!line.contains("<script>") || line.contains('`'), "{line}");
        if !line.starts_with('|') {
            width = None;
            continue;
        }
        let bars = line.replace("\\|", "").matches('|').count();
        assert_eq!(*width.get_or_insert(bars), bars, "{line}");
    }
}

#[test]
fn links_in_the_kit_are_refused() {
    let dirty = [&BUMP[..], &["--allow-dirty"]].concat();
    // The patch directory.
    let world = World::new(Layout::Flat);
    let away = world.sandbox.path("away");
    fs::rename(world.kit.join("kernel/patches-6.6.x"), &away).unwrap();
    symlink(&away, world.kit.join("kernel/patches-6.6.x")).unwrap();
    world.refused(&dirty, &["patches-6.6.x", "is not a directory"]);
    // The directory above it.
    let world = World::new(Layout::PerSeries);
    let away = world.sandbox.path("away");
    fs::rename(world.kit.join("kernel/6.6.x"), &away).unwrap();
    symlink(&away, world.kit.join("kernel/6.6.x")).unwrap();
    world.refused(&dirty, &["6.6.x"]);
    // The file with the versions.
    for layout in crate::support::LAYOUTS {
        let world = World::new(layout);
        let away = world.sandbox.path("away");
        fs::rename(world.version_file(), &away).unwrap();
        symlink(&away, world.version_file()).unwrap();
        world.refused(&dirty, &[world.version_file().file_name().unwrap().to_str().unwrap()]);
    }
    // The work directory, empty and with a landing in it.
    let world = World::new(Layout::Flat);
    let away = world.sandbox.path("away");
    fs::create_dir(&away).unwrap();
    symlink(&away, world.kit.join("kernel/.kpatch")).unwrap();
    world.refused(&dirty, &[".kpatch", "symbolic link"]);
    world.sandbox.write("away/landing.tmp/x", "mine\n");
    world.refused(&dirty, &[".kpatch", "symbolic link"]);
    world.refused(&["status"], &[".kpatch", "symbolic link"]);
    // The lock.
    let world = World::new(Layout::Flat);
    let mine = world.sandbox.write("mine", "mine\n");
    fs::create_dir(world.kit.join("kernel/.kpatch")).unwrap();
    symlink(&mine, world.kit.join("kernel/.kpatch/lock")).unwrap();
    world.refused(&dirty, &[".kpatch/lock"]);
}

/// Every hook that git knows.
const HOOKS: &[&str] = &[
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "prepare-commit-msg",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

/// Settings that make git run a command.
const COMMANDS: &[&str] = &[
    "alias.am",
    "alias.apply",
    "alias.status",
    "core.alternateRefsCommand",
    "core.askPass",
    "core.editor",
    "core.fsmonitor",
    "core.gitProxy",
    "core.pager",
    "core.sshCommand",
    "credential.helper",
    "diff.evil.command",
    "diff.evil.textconv",
    "diff.external",
    "filter.evil.clean",
    "filter.evil.smudge",
    "filter.evil.process",
    "filter.e=v.i l.clean",
    "gpg.program",
    "interactive.diffFilter",
    "merge.evil.driver",
    "pager.status",
    "sequence.editor",
    "trailer.evil.cmd",
    "uploadpack.packObjectsHook",
];

const ATTRIBUTES: &str = "* filter=evil diff=evil merge=evil\n";

/// Fills a repository with commands, each of which would leave a file behind.
fn arm(world: &World, top: &Path, git_dir: &Path, own_hooks: bool) {
    let script =
        world.sandbox.write("evil.sh", format!("#!/bin/sh\ntouch '{}'\ncat\n", world.sandbox.path("ran").display()));
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let evil = script.to_str().unwrap();
    let hooks = if own_hooks { world.sandbox.path("hooks") } else { git_dir.join("hooks") };
    fs::create_dir_all(&hooks).unwrap();
    for hook in HOOKS {
        fs::copy(&script, hooks.join(hook)).unwrap();
    }
    if own_hooks {
        world.sandbox.git(top, &["config", "core.hooksPath", hooks.to_str().unwrap()]);
    }
    for key in COMMANDS {
        world.sandbox.git(top, &["config", key, evil]);
    }
    world.sandbox.git(top, &["config", "commit.gpgSign", "true"]);
    world.sandbox.git(top, &["config", "filter.evil.required", "true"]);
    fs::create_dir_all(git_dir.join("info")).unwrap();
    fs::write(git_dir.join("info/attributes"), ATTRIBUTES).unwrap();
}

#[test]
fn nothing_of_a_repository_is_executed() {
    for own_hooks in [false, true] {
        let world = World::with_attributes(Layout::Flat, ATTRIBUTES);
        world.sandbox.write("kit/.gitattributes", format!("{ATTRIBUTES}*.patch filter=\"e=v.i l\"\n"));
        // A submodule has a configuration of its own, which git reads when it looks into it.
        let module = world.sandbox.path("kit/kernel/module");
        world.sandbox.git(&world.kit, &["init", "-q", "--template=", "kernel/module"]);
        world.sandbox.git(&module, &["commit", "-q", "--allow-empty", "-m", "a module"]);
        world.commit();
        arm(&world, &module, &module.join(".git"), own_hooks);
        arm(&world, &world.kit, &world.kit.join(".git"), own_hooks);
        arm(&world, &world.linux, &world.linux, own_hooks);
        let ran = world.sandbox.path("ran");
        // Git itself does run them, so there is something to be seen.
        let git = |folder: &Path, args: &[&str]| world.sandbox.command("git", folder).args(args).output().unwrap();
        let branch = ["update-ref", "refs/heads/x", "v6.6.13^0"];
        for (folder, args) in [(&world.kit, &["status"][..]), (&module, &["status"]), (&world.linux, &branch)] {
            let output = git(folder, args);
            assert!(ran.exists(), "git {args:?} runs nothing: {output:?}");
            fs::remove_file(&ran).unwrap();
        }
        // Every file looks as if it might have changed.
        for (name, _) in world.patches() {
            fs::File::open(world.patch(&name)).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }
        let commands: [&[&str]; 10] = [
            &["status"],
            &["plan", "6.6.x", "6.6.14", "6.6.15", "6.6.16"],
            &["verify", "6.6.x"],
            &["verify", "6.6.x", "--with-git"],
            &["import", "6.6.x"],
            &["export", "6.6.x"],
            &["bump", "v6.6.13", "v6.6.14", "--dry-run", "--refresh", "--export", "git"],
            &["bump", "v6.6.13", "v6.6.14", "--refresh", "--export", "git"],
            &["bump", "v6.6.14", "v6.6.15", "--allow-dirty"],
            &["verify", "6.6.x", "--with-git"],
        ];
        for args in commands {
            let output = world.kpatch(args);
            let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(!ran.exists(), "kpatch {args:?} ran something: {said}");
            let code = if args.contains(&"6.6.16") { 3 } else { 0 };
            assert_eq!(output.status.code(), Some(code), "kpatch {args:?}: {said}");
        }
        assert!(world.branch("v6.6.15-linuxkit").is_some());
    }
}
