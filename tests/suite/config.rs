//! `kpatch config` through the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{KitBuilder, LAYOUTS, Layout, Sandbox, Snapshot, assert_refusal};

const X86: &str = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 6.6.13 Kernel Configuration\n#\n\
    CONFIG_64BIT=y\n\n#\n# General setup\n#\nCONFIG_INIT_ENV_ARG_LIMIT=32\n# CONFIG_WERROR is not set\n# end of General setup\n\n\
    CONFIG_X86=y\nCONFIG_CMDLINE=\"a=b # c\"\n";
const ARM: &str =
    "CONFIG_64BIT=y\nCONFIG_ARM64=y\nCONFIG_INIT_ENV_ARG_LIMIT=32\nCONFIG_WERROR=y\nCONFIG_CMDLINE=\"a=b # c\"\n";

/// The lines of a configuration that are options.
fn options(text: &str) -> BTreeSet<String> {
    let is_option = |line: &&str| line.starts_with("CONFIG_") || line.ends_with(" is not set");
    text.lines().filter(is_option).map(str::to_owned).collect()
}

fn read(path: &Path) -> BTreeSet<String> {
    options(&fs::read_to_string(path).unwrap())
}

#[test]
fn common_and_rest_give_each_configuration_back() {
    let sandbox = Sandbox::new();
    for layout in LAYOUTS {
        let name = |arch: &str| match layout {
            Layout::Flat => format!("kernel/config-6.6.x-{arch}"),
            Layout::PerSeries => format!("kernel/6.6.x/config-{arch}"),
        };
        let folder = format!("{layout:?}");
        let kit = KitBuilder::new(layout)
            .series("6.6.x", "6.6.13", &[])
            .file(&name("x86_64"), X86)
            .file(&name("aarch64"), ARM)
            .build(&sandbox, &folder);
        let before = Snapshot::of(&kit.join("kernel"));
        let split = kit.join("out");
        fs::create_dir(&split).unwrap();
        let run = |args: &[&str]| sandbox.kpatch(&kit, &[&["config", "split", "--dir", "out"], args].concat());
        let output = run(&["6.6.x:x86_64", "6.6.x:arm64"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let common = read(&split.join("split-common"));
        assert_eq!(common.len(), 3);
        for (file, text) in [("split-6.6.x-x86_64", X86), ("split-6.6.x-arm64", ARM)] {
            let rest = read(&split.join(file));
            assert!(rest.is_disjoint(&common));
            assert_eq!(rest.union(&common).cloned().collect::<BTreeSet<_>>(), options(text));
        }
        // The same again changes nothing; something else is not written over unasked.
        assert_eq!(run(&["6.6.x:x86_64", "6.6.x:arm64"]).status.code(), Some(0));
        assert_refusal(&run(&["6.6.x:x86_64", "6.6.x:x86_64"]), &["config"], &["is there already", "--force"]);
        assert_eq!(run(&["6.6.x:x86_64", "6.6.x:x86_64", "--force"]).status.code(), Some(0));
        assert_eq!(before.changes(&Snapshot::of(&kit.join("kernel"))), Vec::<String>::new());
    }
}

#[test]
fn differences_are_shown_and_are_findings() {
    let sandbox = Sandbox::new();
    sandbox.write("x", X86);
    sandbox.write("a", ARM);
    let top = sandbox.path("");
    let output = sandbox.kpatch(&top, &["config", "diff", "x", "a"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "-CONFIG_X86 y\n CONFIG_WERROR n -> y\n+CONFIG_ARM64 y\nx and a differ in 3 options\n"
    );
    assert_eq!(sandbox.kpatch(&top, &["config", "diff", "x", "x"]).status.code(), Some(0));
    let json = sandbox.kpatch(&top, &["config", "diff", "x", "a", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["reports"][0]["options"][1]["new"], "y");
}

#[test]
fn what_cannot_be_read_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("x", X86);
    sandbox.write("bad", "CONFIG_A=y\nrubbish\n");
    let run = |args: &[&str]| sandbox.kpatch(&sandbox.path(""), &[&["config"], args].concat());
    assert_refusal(&run(&["diff", "x", "bad"]), &["config"], &["bad:2: 'rubbish' is neither an option nor a comment"]);
    assert_refusal(&run(&["diff", "x", "nowhere"]), &["config"], &["'nowhere'", "SERIES:ARCH"]);
    assert_refusal(&run(&["diff", "x", "6.6.x:x86_64"]), &["config"], &["no kit"]);
    assert_refusal(&run(&["split", "x", "bad"]), &["config"], &["bad:2"]);
    assert!(!sandbox.path("split-common").exists());
    assert_eq!(run(&["split", "x"]).status.code(), Some(2));
}
