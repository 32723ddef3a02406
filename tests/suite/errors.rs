//! What cannot be done is said once, with exit code 2, and changes nothing; and what a bump must leave alone.

use std::fs;
use std::time::{Duration, SystemTime};

use kpatch::files::Lock;

use crate::support::{KitBuilder, LAYOUTS, Layout, Snapshot, World, assert_refusal, copy_folder};

const BUMP: [&str; 3] = ["bump", "v6.6.13", "v6.6.14"];

#[test]
fn wrong_tags_are_refused() {
    let world = World::new(Layout::Flat);
    let cases: [(&[&str], &[&str]); 16] = [
        (&["bump", "v6.6.13", "v6.6.99"], &["no tag 'v6.6.99'", "v6.6.15"]),
        (&["bump", "v6.6.12", "v6.6.14"], &["no kernel 6.6.12", "it has 6.6.13"]),
        (&["bump", "v6.12.1", "v6.6.14"], &["no kernel 6.12.1"]),
        (&["bump", "6.6.99", "6.6.100"], &["no kernel 6.6.99"]),
        (&["bump", "v6.6.13", "v6..6"], &["'v6..6'"]),
        (&["bump", "v6.6.13", "v6.6.14.lock"], &["'v6.6.14.lock'"]),
        (&["bump", "v6.6.13", "a b"], &["'a b'"]),
        (&["bump", "v6.6.13", "x\u{1b}[2J"], &["u{1b}"]),
        (&["bump", "v6.6.13", ""], &["''"]),
        (&["bump", "v6.6.13", "refs/heads/v6.6.13"], &["refs/heads/v6.6.13"]),
        (&["bump", "v6.6.13", "-x"], &["'-x'"]),
        (&["bump", "--", "v6.6.13", "-x"], &["'-x'"]),
        (&["bump", "v6.6.13", "--to=-x"], &["'-x'"]),
        (&["bump", "main", "v6.6.14"], &["'main'"]),
        (&["bump", "5.4.x"], &["no series '5.4.x'", "6.6.x"]),
        (&["plan", "6.6.13", "6.6.14", "6.6.99"], &["no tag 'v6.6.99'"]),
    ];
    for (args, says) in cases {
        world.refused(args, says);
    }
    // A version without its v is the tag.
    world.done(&["plan", "6.6.13", "6.6.14"]);
}

#[test]
fn wrong_usage_is_refused() {
    let world = World::new(Layout::Flat);
    let missing = world.sandbox.path("missing");
    let full = world.sandbox.write("full/file", "x");
    let (missing, full) = (missing.to_str().unwrap(), full.parent().unwrap().to_str().unwrap());
    let patches = world.patch("");
    let patches = patches.to_str().unwrap();
    let cases: [(&[&str], &[&str]); 13] = [
        (&["bumb", "v6.6.13"], &["bumb"]),
        (&["bump", "v6.6.13", "v6.6.14", "--fuzz"], &["--fuzz"]),
        (&["bump"], &["SERIES"]),
        (&["bump", "v6.6.13"], &["v6.6.13"]),
        (&["bump", "v6.6.13", "v6.6.14", "v6.6.15"], &["v6.6.15"]),
        (&["bump", "--all", "6.6.x"], &["--all"]),
        (&["bump", "v6.6.13", "v6.6.14", "--out", missing], &["--patches"]),
        (&["bump", "v6.6.13", "v6.6.14", "--patches", missing], &["missing"]),
        (&["bump", "v6.6.13", "v6.6.14", "--patches", patches, "--out", full], &["is not empty"]),
        (&["bump", "v6.6.13", "v6.6.14", "--accept", "=x"], &["--accept"]),
        (&["bump", "v6.6.13", "v6.6.14", "--color", "blue"], &["blue"]),
        (&["bump", "v6.6.13", "v6.6.14", "-q", "-v"], &["--verbose"]),
        (&["bump", "6.6.x", "--patches", patches], &["no series"]),
    ];
    for (args, says) in cases {
        world.refused(args, says);
    }
}

#[test]
fn places_that_are_none_are_refused() {
    let world = World::new(Layout::Flat);
    world.sandbox.write("plain/file", "x");
    let path = |name: &str| world.sandbox.path(name).to_str().unwrap().to_owned();
    let with = |option: &str, place: &str| {
        [&BUMP[..], &[option, place]].concat().iter().map(|arg| (*arg).to_owned()).collect::<Vec<String>>()
    };
    for (args, says) in [
        (with("--linux", &path("missing")), "missing"),
        (with("--linux", &path("plain")), "plain"),
        (with("--linux", &path("plain/file")), "plain/file"),
        (with("--linux", "-x"), "-x"),
        (with("--kit", &path("missing")), "missing"),
        (with("--kit", &path("plain")), "no kit at"),
        (with("--kit", &path("plain/file")), "plain/file"),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        world.refused(&args, &[says]);
    }
    let before = world.snapshot();
    // Where the network may be used, kernel.org's tree would serve.
    let output = world.command(&BUMP).arg("--offline").env_remove("LINUXSRC").output().unwrap();
    assert_refusal(&output, &BUMP, &["no linux tree is known", "LINUXSRC"]);
    let output = world.command(&BUMP).current_dir(world.sandbox.path("plain")).output().unwrap();
    assert_refusal(&output, &BUMP, &["no kit at", "KITSRC"]);
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
}

#[test]
fn a_config_with_an_error_is_named_with_its_line() {
    let world = World::new(Layout::Flat);
    for (text, line) in [
        ("linux = \"x\"\n\nseries = [\n", "kpatch.toml:"),
        ("\n\ncolour = 1\n", "kpatch.toml:3"),
        ("linux = \"-x\"\n", "kpatch.toml:1"),
        ("\n[series.\"6.6\"]\n", "kpatch.toml:2"),
        ("\n[series.\"6.6.x\"]\npatches = \"../x\"\n", "kpatch.toml:2"),
        ("linux = \"\u{1b}[2J\"\n", "kpatch.toml:1"),
    ] {
        world.sandbox.write("kit/kpatch.toml", text);
        world.refused(&BUMP, &[line]);
        world.refused(&["status"], &[line]);
    }
}

#[test]
fn a_dirty_kit_is_refused_unless_that_is_allowed() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        let first = world.patch("README");
        fs::write(&first, "changed\n").unwrap();
        world.refused(&BUMP, &["README", "not committed", "--allow-dirty"]);
        world.sandbox.git(&world.kit, &["add", "-A"]);
        world.refused(&BUMP, &["README", "not committed"]);
        world.commit();
        world.sandbox.write("kit/kernel/new file", "x");
        world.refused(&BUMP, &["kernel/new file", "not committed"]);
        fs::remove_file(world.version_file()).unwrap();
        fs::write(world.version_file(), "KERNELS_all=6.6.13\nKERNEL_VERSION=6.6.13\n").unwrap();
        world.refused(&BUMP, &["and 1 more"]);
        // Outside of kernel/ the kit may be as it is.
        world.commit();
        world.sandbox.write("kit/notes", "x");
        world.sandbox.write("kit/kernel/new file", "y");
        world.done(&[&BUMP[..], &["--allow-dirty", "--dry-run"]].concat());
        world.done(&[&BUMP[..], &["--allow-dirty"]].concat());
        assert_eq!(fs::read(world.kit.join("kernel/new file")).unwrap(), b"y");
    }
}

/// A good patch of the usual tree.
fn good() -> String {
    "From: Ada Example <ada@example.org>\nDate: Fri, 12 Jan 2024 00:00:00 +0000\nSubject: [PATCH] panic: a word\n\nA text.\n---\n \
     kernel/panic.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\ndiff --git a/kernel/panic.c b/kernel/panic.c\n\
     --- a/kernel/panic.c\n+++ b/kernel/panic.c\n@@ -29,3 +29,3 @@ panic 28\n panic 29\n-panic 30\n+panic thirty\n panic 31\n"
        .to_owned()
}

#[test]
fn a_patch_that_cannot_be_read_is_refused_by_name() {
    let good = good();
    let hunk = "@@ -29,3 +29,3 @@";
    let cases: [(&str, Vec<u8>); 10] = [
        ("no author", good.replacen("From: Ada Example <ada@example.org>\n", "", 1).into()),
        ("hunk", good.replace(" panic 31\n", "").into()),
        ("hunk", good.replace(hunk, "@@ -29,4 +29,4 @@").into()),
        ("0002-bad.patch:", good.replace(hunk, "@@ -29,2 +29,3 @@").into()),
        ("0002-bad.patch:", good.replace(hunk, "@@ -29,3 +99999999999999999999,3 @@").into()),
        ("0002-bad.patch:", (0..=255_u8).cycle().take(5000).collect()),
        ("empty file", Vec::new()),
        ("empty file", b" \n\n".to_vec()),
        ("without a diff", good.split("---").next().unwrap().into()),
        ("date", good.replace("12 Jan", "12 Foo").into()),
    ];
    let mut world = World::with_patches(Layout::Flat, &[("0001-good.patch", good.as_bytes())]);
    world.done(&[&BUMP[..], &["--dry-run"]].concat());
    for (at, (says, bytes)) in cases.into_iter().enumerate() {
        if at == 5 {
            world = World::with_patches(Layout::PerSeries, &[("0001-good.patch", good.as_bytes())]);
        }
        fs::write(world.patch("0002-bad.patch"), bytes).unwrap();
        world.commit();
        world.refused(&BUMP, &["0002-bad.patch", says]);
        world.refused(&["plan", "6.6.13", "6.6.14"], &["0002-bad.patch", says]);
        world.refused(&["verify", "6.6.x"], &["0002-bad.patch", says]);
    }
    fs::remove_file(world.patch("0002-bad.patch")).unwrap();
    fs::create_dir(world.patch("0002-bad.patch")).unwrap();
    world.refused(&[&BUMP[..], &["--allow-dirty"]].concat(), &["0002-bad.patch", "regular file"]);
    fs::remove_dir(world.patch("0002-bad.patch")).unwrap();
    std::os::unix::fs::symlink("0001-good.patch", world.patch("0002-bad.patch")).unwrap();
    world.commit();
    world.refused(&BUMP, &["0002-bad.patch", "regular file"]);
    fs::remove_file(world.patch("0002-bad.patch")).unwrap();
    fs::write(world.patch("10-a.patch"), &good).unwrap();
    fs::write(world.patch("9-b.patch"), good).unwrap();
    world.commit();
    world.refused(&BUMP, &["9-b.patch", "same width"]);
}

#[test]
fn one_kpatch_at_a_time() {
    let world = World::new(Layout::Flat);
    for lock in ["kit/kernel/.kpatch/lock", "linux/kpatch/lock"] {
        fs::create_dir_all(world.sandbox.path("linux/kpatch")).unwrap();
        let held = Lock::acquire(&world.sandbox.path(lock), "export 6.6.x").unwrap();
        let says = format!("another kpatch (pid {}, export 6.6.x) is at work", std::process::id());
        world.refused(&BUMP, &[&says, "wait"]);
        // Looking is allowed, and changes nothing.
        let before = world.snapshot();
        world.done(&["status"]);
        world.done(&["plan", "6.6.13", "6.6.14"]);
        assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
        drop(held);
    }
    world.done(&BUMP);
}

#[test]
fn what_is_in_the_way_is_refused() {
    let world = World::new(Layout::Flat);
    world.sandbox.git(&world.linux, &["branch", "v6.6.14-linuxkit", "v6.6.13"]);
    world.refused(&BUMP, &["'v6.6.14-linuxkit'", "--replace-branch"]);
    world.done(&[&BUMP[..], &["--replace-branch"]].concat());
    let tip = world.branch("v6.6.14-linuxkit").unwrap();
    assert_eq!(world.sandbox.git(&world.linux, &["rev-list", "--count", &format!("v6.6.14..{tip}")]), "3");
    for layout in LAYOUTS {
        // The target is in the kit already.
        let world = World::new(layout);
        if layout == Layout::Flat {
            let text = fs::read_to_string(world.version_file()).unwrap();
            fs::write(world.version_file(), text.replace("x86_64=", "x86_64=6.6.14")).unwrap();
            world.commit();
            world.refused(&BUMP, &["6.6.14 already"]);
        }
        // Another series lives in the place of the new one.
        let world = World::new(layout);
        let way = format!("{}/0001-x.patch", layout.patches("6.12.x"));
        fs::create_dir_all(world.kit.join(&way).parent().unwrap()).unwrap();
        fs::write(world.kit.join(&way), good()).unwrap();
        world.commit();
        world.refused(&["bump", "v6.6.13", "v6.12.1"], &["6.12.x", "exists already"]);
        fs::remove_dir_all(world.kit.join(&way).parent().unwrap()).unwrap();
        world.commit();
        world.done(&["bump", "v6.6.13", "v6.12.1"]);
        assert!(world.kit.join(&way).parent().unwrap().is_dir());
        assert_eq!(fs::read_dir(world.patch("")).unwrap().count(), 2, "the README and the series stay");
    }
}

#[test]
fn a_conflict_leaves_the_kit_alone() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        let before = Snapshot::of(&world.kit);
        let output = world.kpatch(&["bump", "v6.6.13", "v6.6.16"]);
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(before.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
        assert_eq!(world.branch("v6.6.16-linuxkit"), None);
    }
}

#[test]
fn files_that_do_not_change_are_not_touched() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        world.done(&BUMP);
        world.commit();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let names: Vec<String> = world.patches().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, NAMES);
        for name in &names {
            fs::File::open(world.patch(name)).unwrap().set_modified(long_ago).unwrap();
        }
        let before = Snapshot::of(&world.patch(""));
        let report = world.report(&["bump", "v6.6.14", "v6.6.15"]);
        let counts = &report["counts"];
        assert_eq!((&counts["same"], &counts["offset"]), (&2.into(), &1.into()), "{counts}");
        let files = report["files"].as_array().unwrap();
        assert_eq!((files.len(), &files[0]["change"]), (1, &"edited".into()));
        assert_eq!(before.changes(&Snapshot::of(&world.patch(""))), Vec::<String>::new());
        for name in &names {
            assert_eq!(fs::metadata(world.patch(name)).unwrap().modified().unwrap(), long_ago, "{name}");
        }
        let version = fs::read_to_string(world.version_file()).unwrap();
        assert!(version.contains("=6.6.15\n") && !version.contains("6.6.14"), "{version}");
    }
}

/// What the usual bump leaves: the number of the patch that upstream took stays free.
const NAMES: [&str; 5] = [
    "0001-panic-say-it-in-words.patch",
    "0002-init-count-in-words.patch",
    "0004-init-a-new-file.patch",
    "README",
    "series",
];

#[test]
fn a_bump_replaces_patches_and_nothing_else() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        std::os::unix::fs::symlink("README", world.patch("link")).unwrap();
        world.sandbox.write(&format!("kit/{}/more/.hidden", layout.patches("6.6.x")), "kept\n");
        world.commit();
        let before = Snapshot::of(&world.kit);
        world.done(&BUMP);
        let mut changes = before.changes(&Snapshot::of(&world.kit));
        changes.sort();
        let folder = layout.patches("6.6.x");
        let mut expected = vec![
            format!("gone: {folder}/0003-usb-a-fix-for-everybody.patch"),
            format!("new or changed: {folder}/0002-init-count-in-words.patch"),
            format!("new or changed: {}", layout.version_file("6.6.x")),
        ];
        expected.sort();
        assert_eq!(changes, expected);
        // With --renumber the gap closes, and the bytes stay.
        let again = World::new(layout);
        again.done(&[&BUMP[..], &["--renumber"]].concat());
        let (kept, renumbered) = (world.patches_only(), again.patches_only());
        let names: Vec<&str> = renumbered.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [NAMES[0], NAMES[1], "0003-init-a-new-file.patch"]);
        assert!(kept.iter().zip(&renumbered).all(|((_, kept), (_, renumbered))| kept == renumbered));
        assert_eq!(world.branch("v6.6.14-linuxkit"), again.branch("v6.6.14-linuxkit"));
    }
}

#[test]
fn empty_sets_are_sets() {
    for layout in LAYOUTS {
        let world = World::with_patches(layout, &[]);
        world.done(&BUMP);
        assert!(!world.patch("").exists());
        assert!(fs::read_to_string(world.version_file()).unwrap().contains("=6.6.14\n"));
        assert_eq!(
            world.branch("v6.6.14-linuxkit"),
            Some(world.sandbox.git(&world.linux, &["rev-parse", "v6.6.14^0"]))
        );
        // Only a patch that upstream has: the directory goes with it, unless something else is in it.
        let usual = World::new(layout);
        let (name, taken) = usual.patches_only().swap_remove(2);
        for others in [false, true] {
            let world = World::with_patches(layout, &[(&name, &taken)]);
            if others {
                fs::write(world.patch("README"), "stays\n").unwrap();
                world.commit();
            }
            let report = world.report(&BUMP);
            assert_eq!(report["counts"]["upstreamed"], 1);
            assert_eq!(world.patch("").exists(), others);
            assert_eq!(world.patch("README").exists(), others);
        }
    }
}

#[test]
fn line_ends_of_the_version_file_are_kept() {
    let world = World::with_patches(Layout::Flat, &[]);
    let text = fs::read_to_string(world.version_file()).unwrap().replace('\n', "\r\n");
    fs::write(world.version_file(), &text).unwrap();
    world.commit();
    world.done(&BUMP);
    assert_eq!(fs::read_to_string(world.version_file()).unwrap(), text.replace("6.6.13", "6.6.14"));
    assert!(text.contains("=6.6.13\r\n"));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        let copy = World { kit: world.sandbox.path("copy"), linux: world.sandbox.path("linux2"), ..World::new(layout) };
        copy_folder(&world.kit, &copy.kit);
        copy_folder(&world.linux, &copy.linux);
        world.done(&BUMP);
        copy.done(&BUMP);
        let kernel = |world: &World| Snapshot::of(&world.kit.join("kernel"));
        assert_eq!(kernel(&world).changes(&kernel(&copy)), Vec::<String>::new());
        assert!(world.branch("v6.6.14-linuxkit").is_some());
        assert_eq!(world.branch("v6.6.14-linuxkit"), copy.branch("v6.6.14-linuxkit"));
    }
}

#[test]
fn of_two_series_one_moves() {
    for layout in LAYOUTS {
        let usual = World::new(layout);
        let patches = usual.patches_only();
        let kit = KitBuilder::new(layout)
            .series("6.6.x", "6.6.13", &patches)
            .series("6.12.x", "6.12.1", &patches)
            .build(&usual.sandbox, "two");
        let world = World { kit, ..usual };
        let before = Snapshot::of(&world.kit.join(layout.patches("6.12.x")));
        world.done(&BUMP);
        let text = fs::read_to_string(world.version_file()).unwrap();
        assert!(text.contains("6.6.14"), "{text}");
        assert!(fs::read_to_string(world.kit.join(layout.version_file("6.12.x"))).unwrap().contains("6.12.1"));
        assert_eq!(before.changes(&Snapshot::of(&world.kit.join(layout.patches("6.12.x")))), Vec::<String>::new());
    }
}
