//! What follows a new version: configurations and references change with it, in the same landing, and nothing else does.

use std::fs;

use crate::support::{LAYOUTS, Layout, World};

const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

/// The configuration of the series, and a few files with references.
fn world(layout: Layout) -> World {
    let world = World::new(layout);
    let write = |path: &str, text: &str| {
        let path = world.kit.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(config(layout), "#\n# Linux/x86 6.6.13 Kernel Configuration\n#\nCONFIG_A=y\n");
    write("examples/small.yml", "kernel:\n  image: linuxkit/kernel:6.6.13 # bare\n  cmdline: \"console=ttyS0\"\n");
    write(
        "test/cases/020_kernel/019_config_6.6.x/test.yml",
        &format!("kernel:\n  image: linuxkit/kernel:6.6.13-{HASH}\n"),
    );
    write("examples/other.yml", "kernel:\n  image: elsewhere/kernel:6.6.13\n");
    write("examples/older.yml", "kernel:\n  image: linuxkit/kernel:5.15.27\n");
    write("docs/kernels.md", "For example `linuxkit/kernel:6.6.13`.\n");
    world.commit();
    world
}

fn config(layout: Layout) -> &'static str {
    match layout {
        Layout::Flat => "kernel/config-6.6.x-x86_64",
        Layout::PerSeries => "kernel/6.6.x/config-x86_64",
    }
}

/// The paths that git sees changed outside of the patches.
fn changed(world: &World) -> Vec<String> {
    let status = world.sandbox.git(&world.kit, &["status", "--porcelain", "--no-renames", "-uall"]);
    let path = |line: &str| line[2..].trim_start().to_owned();
    status.lines().map(path).filter(|path| !is_patch(path)).collect()
}

fn is_patch(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(kpatch::patch_set::is_patch_name)
}

#[test]
fn version_header_and_references_change_together() {
    for layout in LAYOUTS {
        let world = world(layout);
        let report = world.report(&["bump", "6.6.13", "6.6.14"]);
        assert_eq!(report["state"], "landed", "{report}");
        let mut wanted = vec![
            config(layout),
            layout.version_file("6.6.x").leak(),
            "examples/small.yml",
            "test/cases/020_kernel/019_config_6.6.x/test.yml",
        ];
        wanted.sort_unstable();
        let mut got = changed(&world);
        got.sort_unstable();
        assert_eq!(got, wanted, "{report}");
        let read = |path: &str| fs::read_to_string(world.kit.join(path)).unwrap();
        assert_eq!(read(config(layout)), "#\n# Linux/x86 6.6.14 Kernel Configuration\n#\nCONFIG_A=y\n");
        assert_eq!(
            read("examples/small.yml"),
            "kernel:\n  image: linuxkit/kernel:6.6.14 # bare\n  cmdline: \"console=ttyS0\"\n"
        );
        // The hash is that of what has landed, as soon as it is committed.
        let pinned = read("test/cases/020_kernel/019_config_6.6.x/test.yml");
        world.sandbox.git(&world.kit, &["add", "-A"]);
        world.sandbox.git(&world.kit, &["commit", "-q", "-m", "bump"]);
        assert!(pinned.contains("linuxkit/kernel:6.6.14-") && !pinned.contains(HASH), "{pinned}");
        if layout == Layout::Flat {
            let hash = world.sandbox.git(&world.kit, &["rev-parse", "HEAD:kernel"]);
            assert!(pinned.contains(&format!("6.6.14-{hash}\n")), "{pinned}");
        }
        // What lags behind in another series is for another verb, which says so.
        world.done(&["update-yaml", "6.6.x", "--dry-run"]);
        assert_eq!(world.kpatch(&["update-yaml", "--check"]).status.code(), Some(1));
        let left = world.done(&["update-yaml"]);
        assert!(left.contains("5.15.27 -> linuxkit/kernel:6.6.14\n1 reference updated in 1 file"), "{left}");
        // The tree of the tests has no Kconfig files, and that is said.
        let warnings = report["warnings"].to_string();
        assert!(warnings.contains("Kconfig"), "{warnings}");
        assert_eq!(report["references"].as_array().unwrap().len(), 2, "{report}");
    }
}

#[test]
fn a_bump_is_taken_back_whole() {
    for layout in LAYOUTS {
        let world = world(layout);
        let status = || world.sandbox.git(&world.kit, &["status", "--porcelain"]);
        world.done(&["bump", "6.6.13", "6.6.14"]);
        assert!(!status().is_empty());
        world.done(&["undo"]);
        assert_eq!(status(), "", "{layout:?}");
    }
}

#[test]
fn what_is_to_stay_stays() {
    for layout in LAYOUTS {
        let world = world(layout);
        world.done(&["bump", "6.6.13", "6.6.14", "--keep-configs", "--keep-references"]);
        assert_eq!(changed(&world), [layout.version_file("6.6.x")]);
    }
}

#[test]
fn a_series_without_patches_is_bumped_as_well() {
    for layout in LAYOUTS {
        let world = World::with_patches(layout, &[]);
        let file = world.kit.join(config(layout));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "# Linux/x86 6.6.13 Kernel Configuration\n").unwrap();
        world.commit();
        let report = world.report(&["bump", "6.6.x", "--to", "v6.6.14"]);
        assert_eq!(report["state"], "landed");
        assert_eq!(fs::read_to_string(&file).unwrap(), "# Linux/x86 6.6.14 Kernel Configuration\n");
        assert!(fs::read_to_string(world.version_file()).unwrap().contains("6.6.14"));
    }
}
