//! `kpatch new-series` and `kpatch retire` through the program.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use crate::support::kit::lines;
use crate::support::tree::format_patch;
use crate::support::{
    Edit, KitBuilder, LAYOUTS, Layout, Sandbox, Snapshot, TreeBuilder, World, copy_folder, read_folder,
};

const CONFIG: &str = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 6.6.13 Kernel Configuration\n#\n\
    CONFIG_A=y\n# CONFIG_B is not set\n";
const OLD_HASH: &str = "c0d96951e9892a7447a8e7965d2d6bd7e621c3fd";
const NEW: [&str; 2] = ["new-series", "7.0.5"];

/// v5.15.27, v6.6.13 with the patches on it, and v7.0.5, which has the third of them and has moved the first and the
/// second; v7.1.2 clashes with the first besides.
fn tree() -> TreeBuilder {
    let mut tree = TreeBuilder::default();
    let (panic, main, usb) = (lines("panic", &[]), lines("main", &[]), lines("usb", &[]));
    let root =
        [Edit::File("kernel/panic.c", &panic), Edit::File("init/main.c", &main), Edit::File("drivers/usb.c", &usb)];
    tree.commit("stable", None, "Linux 5.15.27", &root).tag("v5.15.27", "stable");
    let release = |tree: &mut TreeBuilder, branch: &str, version: &str| {
        tree.commit(branch, None, &format!("Linux {version}"), &[Edit::File("VERSION", &format!("{version}\n"))]);
        tree.tag(&format!("v{version}"), branch);
    };
    release(&mut tree, "stable", "6.6.13");
    let patched = lines("panic", &[(20, "panic twenty")]);
    tree.commit("ours", Some("v6.6.13"), "panic: say it in words", &[Edit::File("kernel/panic.c", &patched)]);
    let taken = lines("usb", &[(20, "usb twenty")]);
    tree.commit("ours", None, "usb: a fix for everybody", &[Edit::File("drivers/usb.c", &taken)]);
    let patched = lines("main", &[(20, "main twenty")]);
    tree.commit("ours", None, "init: count in words", &[Edit::File("init/main.c", &patched)]);
    tree.commit("ours", None, "init: a new file", &[Edit::File("init/new.c", "new 1\nnew 2\n")]);
    let moved = format!("zero\n{panic}");
    tree.commit("stable", None, "panic: begin at zero", &[Edit::File("kernel/panic.c", &moved)]);
    tree.commit("stable", None, "usb: a fix for everybody", &[Edit::File("drivers/usb.c", &taken)]);
    let context = lines("main", &[(18, "main eighteen")]);
    tree.commit("stable", None, "init: rewrite a line", &[Edit::File("init/main.c", &context)]);
    release(&mut tree, "stable", "7.0.5");
    let clash = format!("zero\n{}", lines("panic", &[(20, "panic XX")]));
    tree.commit("stable", None, "panic: count like Romans", &[Edit::File("kernel/panic.c", &clash)]);
    release(&mut tree, "stable", "7.1.2");
    tree
}

/// A kit with 6.6.x, which has patches and configurations, and 5.15.x, which has neither patches nor tests.
fn world(layout: Layout, more: impl Fn(KitBuilder) -> KitBuilder) -> World {
    let sandbox = Sandbox::new();
    let linux = tree().build(&sandbox, "linux");
    let patches = format_patch(&sandbox, &linux, "v6.6.13..ours");
    sandbox.git(&linux, &["branch", "-q", "-D", "ours", "stable"]);
    let config = |series: &str, arch: &str| match layout {
        Layout::Flat => format!("kernel/config-{series}-{arch}"),
        Layout::PerSeries => format!("kernel/{series}/config-{arch}"),
    };
    let kit = KitBuilder::new(layout)
        .series("5.15.x", "5.15.27", &[])
        .series("6.6.x", "6.6.13", &patches)
        .file(&config("5.15.x", "x86_64"), CONFIG)
        .file(&config("6.6.x", "x86_64"), CONFIG)
        .file(&config("6.6.x", "aarch64"), CONFIG.replace("x86", "arm64"));
    let kit = more(kit).build(&sandbox, "kit");
    World { sandbox, layout, kit, linux }
}

/// What git sees of the kit after a run: status and path.
fn changed(world: &World) -> Vec<String> {
    let output = world.sandbox.try_git(&world.kit, &["status", "--porcelain", "-uall"]);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn text(world: &World, path: &str) -> String {
    fs::read_to_string(world.kit.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A small test case group of the house's own.
fn with_groups(kit: KitBuilder) -> KitBuilder {
    let image = format!("acme/kernel:6.6.13-{OLD_HASH}");
    kit.file("test/cases/020_kernel/019_config_6.6.x/test.sh", "#!/bin/sh\n# of 6.6.x, at 6.6.13\nexit 0\n")
        .file(
            "test/cases/020_kernel/019_config_6.6.x/test.yml",
            format!("kernel:\n  image: {image}\ninit:\n  - acme/init:0123\n"),
        )
        .file(
            "test/cases/020_kernel/119_kmod_6.6.x/Dockerfile",
            format!("FROM {image}-amd64 AS ksrc\nFROM acme/kernel:5.15.27-builder AS build\nFROM alpine:3.19\n"),
        )
        .file(
            "test/cases/020_kernel/119_kmod_6.6.x/test.sh",
            format!("docker pull {image}\n. ../019_config_6.6.x/lib\n"),
        )
        .file("test/cases/020_kernel/119_kmod_6.6.x/test.yml~", "left behind\n")
        .file("kpatch.toml", "[image]\norg = \"acme\"\n")
        .file("test/cases/020_kernel/200_namespace/test.yml", "kernel:\n  image: acme/kernel:6.6.13\n")
}

/// The checker in the shape that it has.
const CHECKER: &str = "#!/bin/sh\n\necho $UNZIPPED_CONFIG | grep -q CONFIG_A=y || fail \"CONFIG_A=y\"\n\
    if [ \"$kernelMajor\" -eq 6 ]; then\n  echo $UNZIPPED_CONFIG | grep -q 'CONFIG_B is not set' || fail \"CONFIG_B is not set\"\nfi\n";

#[test]
fn a_series_comes_with_everything_and_goes_again() {
    for layout in LAYOUTS {
        let world = world(layout, |kit| kit.file("test/cases/020_kernel/010_ltp/test.sh", "exit 0\n"));
        let (before, kit) = (world.snapshot(), files(&world));
        let dry = world.report(&["new-series", "v7.0.5", "--dry-run"]);
        assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
        let report = world.report(&NEW);
        assert_eq!((&report["state"], &dry["state"]), (&"landed".into(), &"would-land".into()));
        assert_eq!((&report["series"], &report["from"]), (&"7.0.x".into(), &"6.6.x".into()));
        assert_eq!(report["files"], dry["files"]);
        let outcomes: Vec<_> =
            report["patches"]["patches"].as_array().unwrap().iter().map(|row| row["outcome"].clone()).collect();
        assert_eq!(outcomes, ["offset", "upstreamed", "refreshed", "same"]);
        // The version.
        match layout {
            Layout::Flat => assert!(text(&world, "kernel/Makefile").contains("KERNELS_all=5.15.27 6.6.13 7.0.5\n")),
            Layout::PerSeries => assert_eq!(
                text(&world, "kernel/7.0.x/build-args"),
                "# what the build takes\nKERNEL_VERSION=7.0.5\nKERNEL_SERIES=7.0.x\n"
            ),
        }
        // The patches have no gap; those that are the same have their bytes, also under another number.
        let new = read_folder(&world.kit.join(layout.patches("7.0.x")));
        let old = world.patches();
        let names: Vec<&str> = new.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["0001-panic-say-it-in-words.patch", "0002-init-count-in-words.patch", "0003-init-a-new-file.patch"]
        );
        assert_eq!((&new[0].1, &new[2].1), (&old[0].1, &old[3].1));
        assert!(String::from_utf8_lossy(&new[1].1).contains("main eighteen"));
        // The branch is what git makes of them.
        let branch = world.branch("v7.0.5-linuxkit").expect("the branch");
        assert_eq!(report["commit"], branch.as_str());
        assert_eq!(report["patches"]["gate"]["holds"], true);
        // Its files, and no others.
        let name = |arch: &str| match layout {
            Layout::Flat => format!("kernel/config-7.0.x-{arch}"),
            Layout::PerSeries => format!("kernel/7.0.x/config-{arch}"),
        };
        assert!(text(&world, &name("aarch64")).contains("# Linux/arm64 7.0.5 Kernel Configuration\n"));
        let mut expected = vec![format!("?? {}", name("aarch64")), format!("?? {}", name("x86_64"))];
        expected.extend(names.iter().map(|file| format!("?? {}/{file}", layout.patches("7.0.x"))));
        expected.push(match layout {
            Layout::Flat => " M kernel/Makefile".to_owned(),
            Layout::PerSeries => "?? kernel/7.0.x/build-args".to_owned(),
        });
        let folder = "test/cases/020_kernel";
        for (group, files) in [
            ("010_config_7.0.x", &["test.sh", "test.yml"][..]),
            ("110_kmod_7.0.x", &["Dockerfile", "check.sh", "src/Makefile", "src/hello_world.c", "test.sh", "test.yml"]),
            ("210_tags_7.0.x", &["test.sh"]),
        ] {
            expected.extend(files.iter().map(|file| format!("?? {folder}/{group}/{file}")));
        }
        expected.sort();
        let mut now = changed(&world);
        now.sort();
        assert_eq!(now, expected);
        for program in ["010_config_7.0.x/test.sh", "110_kmod_7.0.x/check.sh", "210_tags_7.0.x/test.sh"] {
            assert!(is_program(&world.kit.join(folder).join(program)), "{program}");
        }
        let yaml = text(&world, &format!("{folder}/010_config_7.0.x/test.yml"));
        let image = format!("image: linuxkit/kernel:7.0.5-{}\n", hash(&world));
        assert!(yaml.contains(&image) && !yaml.contains('@'), "{yaml}");
        // Once more is an error; undo takes all of it back.
        world.refused(&NEW, &["has the series 7.0.x already"]);
        world.refused(&["new-series", "7.0.6"], &["has the series 7.0.x already", "kpatch bump 7.0.x --to v7.0.6"]);
        world.done(&["undo"]);
        assert_eq!(kit.changes(&files(&world)), Vec::<String>::new());
        assert_eq!(world.branch("v7.0.5-linuxkit"), None);
    }
}

/// The files of the kit, without what git keeps of them.
fn files(world: &World) -> Snapshot {
    let mut files = Snapshot::of(&world.kit);
    files.forget(".git");
    files
}

/// The hash that images will have once the kit is committed, as git sees it.
fn hash(world: &World) -> String {
    let git = |args: &[&str]| world.sandbox.git(&world.kit, args);
    git(&["add", "-A", "-f"]);
    let tree = git(&["write-tree"]);
    git(&["reset", "-q"]);
    git(&["rev-parse", &format!("{tree}:kernel")])
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o100 != 0
}

#[test]
fn groups_of_the_series_before_are_copied() {
    let world = world(Layout::PerSeries, with_groups);
    let report = world.report(&NEW);
    let hash = hash(&world);
    let folder = "test/cases/020_kernel";
    assert_eq!(report["tests"][0]["path"], format!("{folder}/022_config_7.0.x"));
    assert_eq!(report["tests"][1]["from"], format!("{folder}/119_kmod_6.6.x"));
    assert!(report["tests"][2]["from"].is_null());
    assert_eq!(
        text(&world, &format!("{folder}/022_config_7.0.x/test.sh")),
        "#!/bin/sh\n# of 7.0.x, at 7.0.5\nexit 0\n"
    );
    assert_eq!(
        text(&world, &format!("{folder}/022_config_7.0.x/test.yml")),
        format!("kernel:\n  image: acme/kernel:7.0.5-{hash}\ninit:\n  - acme/init:0123\n")
    );
    assert_eq!(
        text(&world, &format!("{folder}/122_kmod_7.0.x/Dockerfile")),
        format!(
            "FROM acme/kernel:7.0.5-{hash}-amd64 AS ksrc\nFROM acme/kernel:7.0.5-builder AS build\nFROM alpine:3.19\n"
        )
    );
    assert_eq!(
        text(&world, &format!("{folder}/122_kmod_7.0.x/test.sh")),
        format!("docker pull acme/kernel:7.0.5-{hash}\n. ../022_config_7.0.x/lib\n")
    );
    assert!(!world.kit.join(folder).join("122_kmod_7.0.x/test.yml~").exists());
    // What has no group is made from the template, with the names that the others have.
    let tags = text(&world, &format!("{folder}/222_tags_7.0.x/test.sh"));
    assert!(
        tags.contains(&format!("KERNEL=acme/kernel:7.0.5-{hash}\n"))
            && tags.contains("BUILDER=acme/kernel:7.0.5-builder\n")
    );
}

#[test]
fn references_follow() {
    for layout in LAYOUTS {
        let old = format!("image: linuxkit/kernel:6.6.13-{OLD_HASH}\n");
        let world = world(layout, |kit| {
            let kit =
                kit.file("linuxkit.yml", "kernel:\n  image: linuxkit/kernel:6.6.13\n").file("examples/a.yml", &old);
            kit.file("test/pkg/kernel-config/check-kernel-config.sh", CHECKER)
                .file("test/pkg/kernel-config/Dockerfile", "FROM scratch\n")
        });
        let package = |world: &World| world.sandbox.git(&world.kit, &["rev-parse", "HEAD:test/pkg/kernel-config"]);
        let checker = package(&world);
        let yaml = format!(
            "kernel:\n  image: linuxkit/kernel:6.6.13-{OLD_HASH}\nonboot:\n  - image: linuxkit/test-kernel-config:{checker}\n"
        );
        world.sandbox.write("kit/test/cases/020_kernel/019_config_6.6.x/test.yml", &yaml);
        world.sandbox.write("kit/test/hack/test.yml", format!("x: linuxkit/test-kernel-config:{checker}\n"));
        world.commit();
        let report = world.report(&NEW);
        assert_eq!(text(&world, "linuxkit.yml"), "kernel:\n  image: linuxkit/kernel:7.0.5\n");
        assert_eq!(text(&world, "examples/a.yml"), old);
        assert_eq!(report["references"][0]["new"], "linuxkit/kernel:7.0.5");
        let hash = hash(&world);
        world.commit();
        // The checker's image has the hash that it has once it is committed.
        let after = package(&world);
        assert_ne!(after, checker);
        let new = yaml.replace(&format!("6.6.13-{OLD_HASH}"), &format!("7.0.5-{hash}")).replace(&checker, &after);
        assert_eq!(text(&world, "test/cases/020_kernel/022_config_7.0.x/test.yml"), new);
        assert_eq!(text(&world, "test/cases/020_kernel/019_config_6.6.x/test.yml"), yaml.replace(&checker, &after));
        assert_eq!(text(&world, "test/hack/test.yml"), format!("x: linuxkit/test-kernel-config:{after}\n"));
        // Nothing of the new series is left for update-yaml.
        world.done(&["update-yaml", "7.0.x", "--check"]);
        // Retired, it hands the bare references back; those with a hash are told.
        world.sandbox.write("kit/examples/b.yml", format!("image: linuxkit/kernel:7.0.5-{hash}\n"));
        world.commit();
        let remove = ["retire", "7.0.x", "--remove"];
        let report = world.report(&remove);
        assert_eq!(text(&world, "linuxkit.yml"), "kernel:\n  image: linuxkit/kernel:6.6.13\n");
        assert_eq!(report["left"].as_array().unwrap().len(), 1);
        assert_eq!(report["left"][0]["path"], "examples/b.yml");
        world.commit();
        world.refused(&remove, &["no series '7.0.x'"]);
        world.done(&["new-series", "7.0.5", "--keep-references", "--no-tests"]);
        assert_eq!(text(&world, "linuxkit.yml"), "kernel:\n  image: linuxkit/kernel:6.6.13\n");
    }
}

#[test]
fn call_lines_and_flags() {
    let makefile = "ifeq ($(ARCH),x86_64)\r\n$(eval $(call kernel,6.6.13,6.6.x,$(EXTRA),$(DEBUG)))\r\n\
        $(eval $(call kernel,6.6.13,6.6.x,,-dbg))\r\n\r\n$(eval $(call kernel,5.15.27,5.15.x,$(EXTRA),$(DEBUG)))\r\nendif\r\n";
    let world = world(Layout::Flat, |kit| {
        kit.file("kernel/Makefile", makefile).file("kernel/config-6.6.x-x86_64-rt", "CONFIG_RT=y\n")
    });
    let args = ["--no-tests", "--no-patches", "--arch", "amd64", "--variants", "--from", "6.6"];
    world.done(&[&NEW[..], &args].concat());
    assert_eq!(
        changed(&world),
        [" M kernel/Makefile", "?? kernel/config-7.0.x-x86_64", "?? kernel/config-7.0.x-x86_64-rt"]
    );
    let new = "$(eval $(call kernel,7.0.5,7.0.x,$(EXTRA),$(DEBUG)))\r\n$(eval $(call kernel,7.0.5,7.0.x,,-dbg))\r\n";
    assert_eq!(text(&world, "kernel/Makefile"), makefile.replacen("\r\n", &format!("\r\n{new}"), 1));
    assert_eq!(world.branch("v7.0.5-linuxkit"), None);
    world.commit();
    // This syntax knows no deprecated kernels: the lines go, and what is left is not there twice.
    let output = world.kpatch(&["retire", "7.0.x"]);
    assert_eq!(text(&world, "kernel/Makefile"), makefile);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("--remove takes it"), "{said}");
    world.commit();
    assert!(world.done(&["retire", "7.0.x"]).contains("retired already"));
    world.done(&["retire", "7.0.x", "--remove"]);
    assert_eq!(changed(&world), [" D kernel/config-7.0.x-x86_64"]);
}

#[test]
fn patches_that_need_a_decision_stop_it() {
    for layout in LAYOUTS {
        let world = world(layout, |kit| kit);
        let (before, kit) = (world.snapshot(), Snapshot::of(&world.kit));
        let args = ["new-series", "7.1.2"];
        let output = world.kpatch(&args);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        for word in
            ["0001-panic-say-it-in-words.patch: conflict", "--skip-conflicts", "--no-patches", "nothing was changed"]
        {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert_eq!(world.kpatch(&[&args[..], &["--dry-run"]].concat()).status.code(), Some(3));
        assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
        let report = world.report(&[&args[..], &["--skip-conflicts"]].concat());
        assert_eq!(report["patches"]["patches"][0]["outcome"], "left-out");
        assert_eq!(report["patches"]["patches"][0]["decision"]["kind"], "skipped");
        let names: Vec<String> =
            read_folder(&world.kit.join(layout.patches("7.1.x"))).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["0001-init-count-in-words.patch", "0002-init-a-new-file.patch"]);
        world.done(&["undo"]);
        assert_eq!(kit.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
        world.done(&[&args[..], &["--no-patches"]].concat());
        assert!(!world.kit.join(layout.patches("7.1.x")).exists());
    }
}

#[test]
fn the_checker_follows() {
    let world = world(Layout::Flat, |kit| {
        kit.file("test/pkg/kernel-config/check-kernel-config.sh", CHECKER)
            .file("test/cases/020_kernel/019_config_6.6.x/test.yml", "x\n")
    });
    let report = world.report(&NEW);
    let script = text(&world, "test/pkg/kernel-config/check-kernel-config.sh");
    assert_eq!(script, CHECKER.replace("-eq 6", "-ge 6"));
    assert_eq!(report["checker"][0]["line"], 4);
    assert!(changed(&world).contains(&" M test/pkg/kernel-config/check-kernel-config.sh".to_owned()));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for layout in LAYOUTS {
        let world = world(layout, |kit| kit);
        world.refused(&["new-series", "seven"], &["'seven' is no kernel version", "7.0.5"]);
        world.refused(&["new-series", "7.0.x"], &["no kernel version"]);
        world.refused(&["new-series", "7.0.5-rt"], &["is a variant", "kpatch new-series 7.0.5"]);
        world.refused(&["new-series", "7.0.6"], &["has no tag 'v7.0.6'", "v7.0.5"]);
        world.refused(&["new-series", "6.6.14"], &["has the series 6.6.x already", "kpatch bump 6.6.x --to v6.6.14"]);
        world.refused(&["new-series", "7.0.5", "--from", "4.4.x"], &["no series '4.4.x'", "5.15.x, 6.6.x"]);
        world.refused(&["new-series", "7.0.5", "--arch", "mips"], &["'mips' is no architecture"]);
        world.refused(
            &["new-series", "7.0.5", "--arch", "riscv64"],
            &["6.6.x has no configuration for riscv64", "aarch64, x86_64"],
        );
        world.refused(&["new-series", "7.0.5", "--accept", "9"], &["no patch '9'"]);
        world.refused(&["retire", "4.4.x"], &["no series '4.4.x'"]);
        let stray = world.sandbox.write("kit/kernel/stray", "x");
        world.refused(&NEW, &["not committed", "--allow-dirty"]);
        world.refused(&["retire", "5.15.x"], &["not committed", "--allow-dirty"]);
        fs::remove_file(stray).unwrap();
        // Somebody's branch is not moved.
        world.sandbox.git(&world.linux, &["branch", "v7.0.5-linuxkit", "v6.6.13"]);
        world.refused(&NEW, &["v7.0.5-linuxkit", "--replace-branch"]);
    }
    let bad = world(Layout::Flat, |kit| kit.file("kernel/Makefile", "KERNELS_all=6.6.13 \\\n 6.6.x5\n"));
    bad.refused(&NEW, &["kernel/Makefile:2: not a list of kernel versions"]);
    bad.refused(&["retire", "6.6.x"], &["kernel/Makefile:2"]);
    let no_list = world(Layout::Flat, |kit| kit);
    no_list.refused(&["retire", "5.15.x"], &["has no list DEPRECATED_all", "--remove"]);
}

#[test]
fn a_series_is_retired_and_removed() {
    for layout in LAYOUTS {
        let world = world(layout, |kit| {
            let lists = "KERNELS_all=6.6.13 5.15.27 \nDEPRECATED_all=\n";
            let kit = if layout == Layout::Flat { kit.file("kernel/Makefile", lists) } else { kit };
            with_groups(kit).file("test/hack/test.yml", format!("image: acme/kernel:6.6.13-{OLD_HASH}\n"))
        });
        let before = world.snapshot();
        world.done(&["retire", "6.6.x", "--dry-run"]);
        assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
        let report = world.report(&["retire", "6.6.x"]);
        let mut expected = vec![match layout {
            Layout::Flat => " M kernel/Makefile".to_owned(),
            Layout::PerSeries => "?? kernel/6.6.x/deprecated".to_owned(),
        }];
        let group = |name: &str| format!(" D test/cases/020_kernel/{name}");
        expected.extend(["019_config_6.6.x/test.sh", "019_config_6.6.x/test.yml"].map(group));
        expected.extend(["Dockerfile", "test.sh", "test.yml~"].map(|file| group(&format!("119_kmod_6.6.x/{file}"))));
        expected.push(" M test/cases/020_kernel/200_namespace/test.yml".to_owned());
        let mut now = changed(&world);
        now.sort();
        expected.sort();
        assert_eq!(now, expected);
        if layout == Layout::Flat {
            assert_eq!(text(&world, "kernel/Makefile"), "KERNELS_all=5.15.27 \nDEPRECATED_all=6.6.13\n");
        }
        let moved = text(&world, "test/cases/020_kernel/200_namespace/test.yml");
        assert_eq!(moved, "kernel:\n  image: acme/kernel:5.15.27\n");
        assert_eq!(report["left"][0]["path"], "test/hack/test.yml");
        assert_eq!(report["left"][0]["line"], 1);
        assert_eq!(report["left"].as_array().map(Vec::len), Some(1));
        assert!(!world.kit.join("test/cases/020_kernel/119_kmod_6.6.x").exists());
        world.commit();
        let landed = world.snapshot();
        assert!(world.done(&["retire", "6.6.x"]).contains("retired already"));
        world.refused(&["retire", "5.15.x"], &["5.15.x is the last series that is built", "kpatch new-series"]);
        assert_eq!(landed.changes(&world.snapshot()), Vec::<String>::new());
        world.done(&["retire", "6.6.x", "--remove"]);
        assert!(changed(&world).iter().all(|line| line.starts_with(" D kernel/") || line == " M kernel/Makefile"));
        assert!(!world.kit.join(layout.patches("6.6.x")).exists());
        let left = world.sandbox.git(&world.kit, &["ls-files", "--deduplicate", "kernel"]);
        let there = left.lines().filter(|path| world.kit.join(path).exists() && path.contains("6.6"));
        assert_eq!(there.count(), 0);
        world.done(&["undo"]);
        assert_eq!(landed.changes(&world.snapshot()), Vec::<String>::new());
    }
}

#[test]
fn without_a_linux_tree_a_series_is_retired_all_the_same() {
    let world = world(Layout::PerSeries, |kit| kit);
    let output = world.sandbox.kpatch(&world.kit, &["retire", "5.15.x", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["reports"][0]["undo"], false);
    assert_eq!(changed(&world), ["?? kernel/5.15.x/deprecated"]);
}

#[test]
fn a_folder_of_test_cases_may_be_named() {
    let world = world(Layout::Flat, |kit| kit.file("kpatch.toml", "[tests]\ncases = \"qa/kernel\"\n"));
    world.done(&NEW);
    assert!(world.kit.join("qa/kernel/010_config_7.0.x/test.sh").is_file());
    let outside = self::world(Layout::Flat, |kit| kit.file("kpatch.toml", "[tests]\ncases = \"../qa\"\n"));
    outside.refused(&NEW, &["kpatch.toml:2", "inside the kit"]);
}

#[test]
fn killed_at_any_instant_it_is_all_or_nothing() {
    for layout in LAYOUTS {
        let world = world(layout, with_groups);
        let visible = || {
            let mut kit = Snapshot::of(&world.kit);
            kit.forget("kernel/.kpatch");
            (kit, world.sandbox.git(&world.linux, &["for-each-ref"]))
        };
        let before = visible();
        for folder in ["kit", "linux"] {
            copy_folder(&world.sandbox.path(folder), &world.sandbox.path(&format!("{folder}.kept")));
        }
        let start = Instant::now();
        world.done(&NEW);
        let whole = start.elapsed();
        let after = visible();
        for step in 0..12 {
            for folder in ["kit", "linux"] {
                let path = world.sandbox.path(folder);
                fs::remove_dir_all(&path).unwrap();
                copy_folder(&world.sandbox.path(&format!("{folder}.kept")), &path);
            }
            let mut child = world.command(&NEW).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole * step / 11);
            child.kill().unwrap();
            child.wait().unwrap();
            world.done(&["status"]);
            let now = visible();
            assert!(now == before || now == after, "{layout:?}, killed at step {step}");
            if now == before {
                world.done(&NEW);
            } else {
                world.refused(&NEW, &["already"]);
            }
            assert!(visible() == after, "{layout:?}, once more after step {step}");
        }
    }
}
