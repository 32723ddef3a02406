//! `kpatch config check`, `refresh`, `set`, `edit` and `why` through the program: what is refused, what is written, and when
//! nothing is. `tests/kconfig` does it with a real kernel; here a kernel of one page has tools of its own.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::{Edit, KitBuilder, LAYOUTS, Layout, Sandbox, TreeBuilder, World};

/// What stands for the kernel's tools: takes the options that the Kconfig file has, in its order, if what they depend on is
/// set. It reads one line for `depends on` and one for `def_bool`.
const CONF: &str = r##"
awk -v version="$2" -v arch="$1" '
FNR == NR {
    if ($1 == "#" && $4 == "not") value[$2] = "n"
    else if (split($0, part, "=") > 1) value[part[1]] = substr($0, length(part[1]) + 2)
    next
}
FNR == 1 { print "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/" arch " " version " Kernel Configuration\n#" }
function flush() {
    if (name == "" || (on != "" && value["CONFIG_" on] != "y")) return
    if (fixed != "") value["CONFIG_" name] = fixed
    got = value["CONFIG_" name]
    if (got == "" || got == "n") { if (fixed == "") print "# CONFIG_" name " is not set" }
    else print "CONFIG_" name "=" got
}
/^config / { flush(); name = $2; on = ""; fixed = "" }
$1 == "depends" { on = $3 }
$1 == "def_bool" { fixed = $2 ~ /cc-option/ ? (tools == "" ? "y" : tools) : $2 }
END { flush() }
' "$3" Kconfig >.config
"##;
const KCONFIG: &str = "mainmenu \"Linux\"\n\nconfig NET\n\tbool \"Networking\"\n\thelp\n\t  config NOT_ME\n\nconfig VETH\n\tbool \"Pairs\"\n\tdepends on NET\n\nconfig CC_CAN\n\tdef_bool $(cc-option,-can)\n\nconfig LOCALVERSION\n\tstring \"Name\"\n";
const X86: &str = "arch/x86/configs/x86_64_defconfig";
const ARM: &str = "arch/arm64/configs/defconfig";

fn makefile(version: &str) -> String {
    format!(
        "defconfig: ; @sh scripts/conf.sh $(ARCH) {version} $(if $(filter arm64,$(ARCH)),{ARM},{X86})\n\
         oldconfig: ; @true\n"
    )
}

/// What the tools of this kernel leave as it is.
fn config(version: &str, arch: &str, net: bool, can: bool) -> String {
    let net = if net { "CONFIG_NET=y\n# CONFIG_VETH is not set\n" } else { "# CONFIG_NET is not set\n" };
    let can = if can { "CONFIG_CC_CAN=y\n" } else { "" };
    let head =
        format!("# Automatically generated file; DO NOT EDIT.\n# Linux/{arch} {version} Kernel Configuration\n#\n");
    format!("#\n{head}{net}{can}CONFIG_LOCALVERSION=\"-linuxkit\"\n")
}

/// A kit with 6.6.x on v6.6.13 for two architectures, and a tree that has v6.6.14 and v6.6.12, which has no Kconfig files.
fn world(layout: Layout, patches: &[(String, Vec<u8>)]) -> World {
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    tree.commit("stable", None, "Linux 6.6.12", &[Edit::File("README", "Linux\n")]).tag("v6.6.12", "stable");
    let (first, second) = (makefile("6.6.13"), makefile("6.6.14"));
    let files = [
        Edit::File("Makefile", &first),
        Edit::File("Kconfig", KCONFIG),
        Edit::File("scripts/conf.sh", CONF),
        // Ready-made, so that neither flex nor bison is asked for.
        Edit::File("scripts/kconfig/zconf.lex.c_shipped", ""),
        Edit::File(X86, ""),
        Edit::File(ARM, ""),
        Edit::Link("scripts/link", "../README"),
    ];
    tree.commit("stable", None, "Linux 6.6.13", &files).tag("v6.6.13", "stable");
    let more = format!("{KCONFIG}\nconfig NEW\n\tdef_bool y\n\nconfig CC_NEW\n\tdef_bool $(cc-option,-new)\n");
    let files = [Edit::File("Makefile", &second), Edit::File("Kconfig", &more)];
    tree.commit("stable", None, "Linux 6.6.14", &files).tag("v6.6.14", "stable");
    let linux = tree.build(&sandbox, "linux");
    let kit = KitBuilder::new(layout)
        .series("6.6.x", "6.6.13", patches)
        .file(&path(layout, "x86_64"), config("6.6.13", "x86_64", true, true))
        .file(&path(layout, "aarch64"), config("6.6.13", "arm64", false, false))
        .build(&sandbox, "kit");
    World { sandbox, layout, kit, linux }
}

fn path(layout: Layout, arch: &str) -> String {
    match layout {
        Layout::Flat => format!("kernel/config-6.6.x-{arch}"),
        Layout::PerSeries => format!("kernel/6.6.x/config-{arch}"),
    }
}

fn file(world: &World, arch: &str) -> PathBuf {
    world.kit.join(path(world.layout, arch))
}

fn read(world: &World, arch: &str) -> String {
    fs::read_to_string(file(world, arch)).unwrap()
}

fn write(world: &World, arch: &str, text: &str) {
    fs::write(file(world, arch), text).unwrap();
    world.commit();
}

fn to_next(world: &World, version: &str) {
    let path = world.version_file();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.replace("6.6.13", version)).unwrap();
    world.commit();
}

/// Runs the program; returns its exit code and what it printed.
fn said(world: &World, args: &[&str]) -> (Option<i32>, String) {
    let output = world.kpatch(args);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code(), text)
}

#[track_caller]
fn says(world: &World, args: &[&str], code: i32, words: &[&str]) {
    let (got, text) = said(world, args);
    assert_eq!(got, Some(code), "kpatch {args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "kpatch {args:?} does not say '{word}': {text}");
    }
}

#[test]
fn what_is_final_stays_and_what_is_stale_is_found() {
    for layout in LAYOUTS {
        let world = world(layout, &[]);
        let final_ = ["6.6.x:aarch64 on 6.6.13: final", "6.6.x:x86_64 on 6.6.13: final\n"];
        let before = world.snapshot();
        says(&world, &["config", "check", "--toolchain", "dummy"], 0, &final_);
        says(&world, &["config", "refresh"], 0, &["6.6.x:aarch64: stays as it is", "6.6.x:x86_64: stays as it is"]);
        assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
        // The one compiler can, the other one has said that it cannot.
        says(&world, &["config", "check", "--toolchain", "dummy", "--verbose"], 0, &["+CONFIG_CC_CAN y (compiler)"]);
        says(&world, &["config", "check", "--toolchain", "dummy", "--strict"], 1, &["with its own compiler"]);
        let stale = config("6.6.13", "x86_64", true, true).replace("CONFIG_NET", "CONFIG_GONE=y\nCONFIG_NET");
        write(&world, "x86_64", &stale);
        says(&world, &["config", "check"], 1, &["1 real difference", "-CONFIG_GONE y"]);
        write(&world, "x86_64", &config("6.6.13", "x86_64", true, true).replace("#\nCONFIG_NET", "# a\nCONFIG_NET"));
        says(&world, &["config", "check", "6.6.x:amd64"], 1, &["layout; the same options"]);
    }
}

#[test]
fn a_refresh_writes_all_or_nothing_and_then_rests() {
    for layout in LAYOUTS {
        let world = world(layout, &[]);
        to_next(&world, "6.6.14");
        says(&world, &["config", "check"], 1, &["version in the header 6.6.13 -> 6.6.14", "+CONFIG_NEW y"]);
        let before = world.snapshot();
        says(&world, &["config", "refresh", "--dry-run"], 0, &["would be written", "+CONFIG_NEW y"]);
        assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
        let assumed = "assumed of the compiler, which was never asked: CONFIG_CC_NEW";
        says(&world, &["config", "refresh"], 0, &["6.6.x:aarch64: written, 2 options", assumed]);
        for (arch, name, net, can) in [("x86_64", "x86_64", true, true), ("aarch64", "arm64", false, false)] {
            let expected = config("6.6.14", name, net, can) + "CONFIG_NEW=y\nCONFIG_CC_NEW=y\n";
            assert_eq!(read(&world, arch), expected);
        }
        world.refused(&["config", "refresh"], &["changes that are not committed", "--allow-dirty"]);
        says(&world, &["config", "refresh", "--allow-dirty"], 0, &["x86_64: stays as it is"]);
    }
}

#[test]
fn an_option_is_set_everywhere_or_nowhere() {
    let world = world(Layout::PerSeries, &[]);
    let before = world.snapshot();
    says(
        &world,
        &["config", "set", "VETH=y", "--all"],
        2,
        &["does not become y: it is n; needs NET", "nothing was written"],
    );
    says(&world, &["config", "set", "NOPE=y", "--all"], 2, &["no such option"]);
    says(
        &world,
        &["config", "set", "NET=y", "VETH=y", "--all", "-n"],
        0,
        &["6.6.x:aarch64: would be written, 2 options"],
    );
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
    says(
        &world,
        &["config", "set", "NET=y", "LOCALVERSION=-mine", "6.6.x:aarch64"],
        0,
        &["+CONFIG_VETH n; depends on CONFIG_NET"],
    );
    assert_eq!(read(&world, "aarch64"), config("6.6.13", "arm64", true, false).replace("-linuxkit", "-mine"));
    assert_eq!(before.changes(&world.snapshot()).len(), 1);
}

#[test]
fn fragments_are_merged_as_the_build_does_it() {
    let world = world(Layout::PerSeries, &[]);
    world.sandbox.write("kit/kernel/common/config-dbg", "CONFIG_NET=y\nCONFIG_VETH=y\n");
    world.sandbox.write("kit/kernel/6.6.x-rt/config-x86_64", "CONFIG_VETH=y\n# CONFIG_NET is not set\n");
    world.commit();
    let words =
        ["6.6.x-dbg:aarch64 on 6.6.13: final", "6.6.x-rt:x86_64 on 6.6.13: 1 option was not taken", "needs NET"];
    says(&world, &["config", "check"], 1, &words);
}

#[test]
fn patches_that_change_kconfig_files_count() {
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    let ours = format!("{KCONFIG}\nconfig OURS\n\tdef_bool y\n");
    tree.commit("a", None, "base", &[Edit::File("Kconfig", KCONFIG)]).tag("base", "a");
    tree.commit("a", None, "init: an option of ours", &[Edit::File("Kconfig", &ours)]).tag("tip", "a");
    let linux = tree.build(&sandbox, "patches.git");
    let patches = crate::support::tree::format_patch(&sandbox, &linux, "base..tip");
    let other = world(Layout::Flat, &patches);
    says(&other, &["config", "check", "6.6.x:x86_64"], 1, &["+CONFIG_OURS y"]);
    says(&other, &["config", "why", "OURS", "6.6.x:x86_64"], 0, &["CONFIG_OURS: bool", "6.6.x:x86_64: not there"]);
    to_next(&other, "6.6.14");
    // Its context is gone there.
    says(&other, &["config", "check"], 1, &["not checked", "the patches do not apply"]);
    other.refused(&["config", "refresh"], &["patches of 6.6.x do not apply to v6.6.14"]);
}

#[test]
fn a_tree_without_kconfig_files() {
    let world = world(Layout::Flat, &[]);
    to_next(&world, "6.6.12");
    world.refused(&["config", "check"], &["no Kconfig and Makefile"]);
    world.refused(&["config", "set", "NET=y", "--all"], &["no Kconfig and Makefile"]);
    says(&world, &["config", "refresh"], 0, &["their options", "its options were not checked"]);
    assert_eq!(read(&world, "x86_64"), config("6.6.12", "x86_64", true, true));
}

#[test]
fn what_is_missing_or_wrong_is_one_error() {
    let world = world(Layout::PerSeries, &[]);
    world.refused(&["config", "check", "6.7.x"], &["no series '6.7.x'", "it has 6.6.x"]);
    world.refused(&["config", "check", "6.6.x:riscv64"], &["no configuration for '6.6.x:riscv64'", "6.6.x:aarch64"]);
    world.refused(&["config", "refresh", "6.6.x:mips"], &["'mips' is no architecture"]);
    world.refused(&["config", "set", "6.6.x"], &["no option is named"]);
    world.refused(&["config", "set", "NET=y"], &["no configuration is named", "--all"]);
    world.refused(&["config", "set", "NET=y", "--all", "6.6.x"], &["--all and a configuration"]);
    world.refused(&["config", "set", "A B=y", "--all"], &["sets no option"]);
    world.refused(&["config", "edit", "6.6.x:x86_64"], &["needs a terminal", "config set"]);
    world.refused(&["config", "why", "VETHH"], &["no option CONFIG_VETHH", "CONFIG_VETH"]);
    world.refused(&["config", "why", "NET", "--tag", "v6.6.15"], &["no tag 'v6.6.15'"]);
    world.refused(
        &["config", "refresh", "--toolchain", "host", "--cross-compile", "no-such-"],
        &["'no-such-gcc' is not installed", "apt-get install"],
    );
    write(&world, "x86_64", "rubbish\n");
    world.refused(&["config", "check"], &["config-x86_64:1: 'rubbish'"]);
    to_next(&world, "6.6.15");
    world.refused(&["config", "refresh"], &["no tag 'v6.6.15'"]);
}

#[test]
fn missing_tools_are_named_with_their_packages() {
    let world = world(Layout::PerSeries, &[]);
    let bin = world.sandbox.path("bin");
    fs::create_dir(&bin).unwrap();
    for tool in ["git", "sh", "gcc"] {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|dir| dir.join(tool))
            .find(|path| path.is_file());
        symlink(found.unwrap(), bin.join(tool)).unwrap();
    }
    let run = |args: &[&str]| world.command(args).env("PATH", &bin).output().unwrap();
    let words = ["need make, which is not installed", "apt-get install make"];
    crate::support::assert_refusal(&run(&["config", "check"]), &["config", "check"], &words);
    let output = run(&["config", "refresh"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("apt-get install make"));
}

#[test]
fn why_tells_what_it_is_and_what_it_needs() {
    let world = world(Layout::Flat, &[]);
    says(
        &world,
        &["config", "why", "CONFIG_VETH", "6.6.x:aarch64"],
        0,
        &[
            "CONFIG_VETH: bool \"Pairs\"",
            "defined in Kconfig:8",
            "depends on NET",
            "6.6.x:aarch64: not there; needs NET",
        ],
    );
    let report = world.report(&["config", "why", "NET", "--tag", "v6.6.13", "--arch", "arm64"]);
    assert_eq!(report["help"], "config NOT_ME");
    assert_eq!(report["arch"], "aarch64");
}
