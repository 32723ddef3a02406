//! A tree with a run of releases on which patches fare differently.

use std::path::PathBuf;

use super::kit::lines;
use super::tree::{Edit, TreeBuilder, format_patch};
use super::{KitBuilder, Layout, Sandbox, World};

/// The patches of the set, in order, as parts of their file names.
pub const PATCHES: [&str; 5] = ["panic", "main", "usb", "net", "panic-more"];
/// The releases of 6.6.x from the base on.
pub const RELEASES: [&str; 8] =
    ["v6.6.13", "v6.6.14", "v6.6.15", "v6.6.16", "v6.6.17", "v6.6.18", "v6.6.19", "v6.6.20"];

/// A kit with 6.6.x on v6.6.13 and its tree, `v6.6` to `v6.6.20` and, parted at `v6.6`, `v6.7` to `v6.7.1`.
///
/// - `panic`: moved by v6.6.15; the second commit of v6.6.17 changes its lines. `panic-more` builds on it.
/// - `main`: v6.6.16 changes its lines, v6.6.19 takes that back.
/// - `usb`: v6.6.18 takes it.
/// - `net`: carries on in 6.6.x; the second commit of v6.7 rewrites its file.
pub fn world() -> World {
    let sandbox = Sandbox::new();
    let linux = tree().build(&sandbox, "linux");
    let patches: Vec<_> = format_patch(&sandbox, &linux, "v6.6.13..ours")
        .into_iter()
        .zip(PATCHES)
        .map(|((name, bytes), short)| (format!("{}-{short}.patch", &name[..4]), bytes))
        .collect();
    assert_eq!(patches.len(), PATCHES.len());
    sandbox.git(&linux, &["branch", "-q", "-D", "ours"]);
    let layout = Layout::Flat;
    let kit = KitBuilder::new(layout).series("6.6.x", "6.6.13", &patches).build(&sandbox, "kit");
    World { sandbox, layout, kit, linux }
}

/// The patch files of the set.
pub fn patch_files(world: &World) -> Vec<PathBuf> {
    super::by_git::patch_files(&world.patch(""))
}

fn tree() -> TreeBuilder {
    let mut tree = TreeBuilder::default();
    let files = ["kernel/panic.c", "init/main.c", "drivers/usb.c", "drivers/net.c"];
    let name = |path: &str| path.rsplit('/').next().unwrap().trim_end_matches(".c").to_owned();
    let plain: Vec<String> = files.iter().map(|path| lines(&name(path), &[])).collect();
    let edits: Vec<Edit<'_>> = files.iter().zip(&plain).map(|(path, text)| Edit::File(path, text)).collect();
    tree.commit("stable", None, "Linux 6.6", &edits).tag("v6.6", "stable");
    release(&mut tree, "6.6.13");

    let panic = lines("panic", &[(20, "panic twenty")]);
    tree.commit("ours", Some("v6.6.13"), "panic: say it in words", &[Edit::File("kernel/panic.c", &panic)]);
    let main = lines("main", &[(20, "main twenty")]);
    tree.commit("ours", None, "init: count in words", &[Edit::File("init/main.c", &main)]);
    let usb = lines("usb", &[(20, "usb twenty")]);
    tree.commit("ours", None, "usb: a fix for everybody", &[Edit::File("drivers/usb.c", &usb)]);
    let net = lines("net", &[(20, "net twenty")]);
    tree.commit("ours", None, "net: count in words", &[Edit::File("drivers/net.c", &net)]);
    let more = lines("panic", &[(20, "panic twenty, and more")]);
    tree.commit("ours", None, "panic: say more", &[Edit::File("kernel/panic.c", &more)]);

    let stable = |tree: &mut TreeBuilder, title: &str, path: &str, text: &str| {
        tree.commit("stable", None, title, &[Edit::File(path, text)]);
    };
    release(&mut tree, "6.6.14");
    stable(&mut tree, "panic: begin at zero", files[0], &format!("zero\n{}", plain[0]));
    release(&mut tree, "6.6.15");
    stable(&mut tree, "init: count like Romans", files[1], &lines("main", &[(20, "main XX")]));
    release(&mut tree, "6.6.16");
    stable(&mut tree, "doc: a word", "README", "Linux\n");
    let romans = format!("zero\n{}", lines("panic", &[(20, "panic XX")]));
    stable(&mut tree, "panic: count like Romans", files[0], &romans);
    stable(&mut tree, "doc: another word", "README", "Linux kernel\n");
    release(&mut tree, "6.6.17");
    stable(&mut tree, "usb: a fix for everybody", files[2], &usb);
    release(&mut tree, "6.6.18");
    stable(&mut tree, "Revert \"init: count like Romans\"", files[1], &plain[1]);
    release(&mut tree, "6.6.19");
    release(&mut tree, "6.6.20");

    tree.commit("mainline", Some("v6.6"), "doc: mainline", &[Edit::File("README", "mainline\n")]);
    tree.commit("mainline", None, "net: rewrite", &[Edit::File(files[3], &lines("network", &[]))]);
    tree.commit("mainline", None, "Linux 6.7", &[Edit::File("VERSION", "6.7\n")]).tag("v6.7", "mainline");
    tree.commit("mainline", None, "Linux 6.7.1", &[Edit::File("VERSION", "6.7.1\n")]).tag("v6.7.1", "mainline");
    // None of these is a release of the series.
    tree.tag("v6.6.21-rc1", "stable").tag("v6.6.20-rt30", "stable").tag("snapshot", "stable");
    tree
}

fn release(tree: &mut TreeBuilder, version: &str) {
    tree.commit("stable", None, &format!("Linux {version}"), &[Edit::File("VERSION", &format!("{version}\n"))]);
    tree.tag(&format!("v{version}"), "stable");
}
