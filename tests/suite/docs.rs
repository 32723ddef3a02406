//! The manual and `docs/cli.md` are what the program prints; completions and help cover every verb.
//!
//! `KPATCH_BLESS=1 cargo test docs` writes the checked-in files anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Every verb, in the order of the help.
const VERBS: &[&str] = &[
    "status",
    "bump",
    "plan",
    "continue",
    "skip",
    "mergetool",
    "abort",
    "undo",
    "bisect",
    "import",
    "export",
    "add",
    "drop",
    "reorder",
    "edit",
    "verify",
    "lint",
    "check",
    "watch",
    "outdated",
    "diff",
    "pr-body",
    "new-series",
    "retire",
    "rt",
    "config",
    "update-yaml",
    "kit",
    "source",
    "demo",
    "completions",
    "man",
];

fn kpatch(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kpatch")).args(arguments).env_clear().output().expect("kpatch runs")
}

fn stdout(arguments: &[&str]) -> String {
    let output = kpatch(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text is UTF-8")
}

fn checked_in(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn blessing() -> bool {
    std::env::var_os("KPATCH_BLESS").is_some_and(|value| value == "1")
}

/// The files of a directory by name.
fn files(dir: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(dir).expect("the directory is there");
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("the directory is readable");
        let text = fs::read_to_string(entry.path()).expect("a text");
        (entry.file_name().into_string().expect("a name in UTF-8"), text)
    };
    entries.map(read).collect()
}

#[test]
fn the_manual_is_what_the_program_writes() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let target = dir.path().join("man");
    stdout(&["man", "--dir", target.to_str().expect("UTF-8")]);
    let written = files(&target);
    let man = checked_in("man");
    if blessing() {
        fs::create_dir_all(&man).expect("man/ can be made");
        for old in files(&man).keys().filter(|name| !written.contains_key(*name)) {
            fs::remove_file(man.join(old)).expect("a stale page goes");
        }
        for (name, text) in &written {
            fs::write(man.join(name), text).expect("a page is written");
        }
    }
    let known = files(&man);
    assert_eq!(known.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>(), "KPATCH_BLESS=1 cargo test docs");
    for (name, text) in &written {
        assert_eq!(&known[name], text, "man/{name} is stale: KPATCH_BLESS=1 cargo test docs");
    }
    assert!(VERBS.iter().all(|verb| written.contains_key(&format!("kpatch-{verb}.1"))));
}

#[test]
fn the_command_line_document_is_what_the_program_prints() {
    let printed = stdout(&["man", "--markdown"]);
    let path = checked_in("docs/cli.md");
    if blessing() {
        fs::write(&path, &printed).expect("docs/cli.md is written");
    }
    let known = fs::read_to_string(&path).expect("docs/cli.md is there");
    assert_eq!(known, printed, "docs/cli.md is stale: KPATCH_BLESS=1 cargo test docs");
}

#[test]
fn the_document_of_the_rules_is_what_the_program_prints() {
    let printed = stdout(&["man", "--rules-markdown"]);
    let path = checked_in("docs/rules.md");
    if blessing() {
        fs::write(&path, &printed).expect("docs/rules.md is written");
    }
    let known = fs::read_to_string(&path).expect("docs/rules.md is there");
    assert_eq!(known, printed, "docs/rules.md is stale: KPATCH_BLESS=1 cargo test docs");
}

#[test]
fn the_manual_does_not_depend_on_where_it_is_written() {
    let set = [("COLUMNS", "40"), ("KITSRC", "/secret/kit"), ("LINUXSRC", "/secret/linux"), ("CLICOLOR_FORCE", "1")];
    let print = |arguments: &[&str], set: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kpatch"));
        command.args(arguments).env_clear().envs(set.iter().copied()).output().expect("kpatch runs").stdout
    };
    for arguments in [&["man"][..], &["man", "--rules"], &["man", "--markdown"], &["man", "--rules-markdown"]] {
        assert_eq!(print(arguments, &[]), print(arguments, &set));
    }
}

#[test]
fn completions_know_every_verb() {
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&["completions", shell]);
        for verb in VERBS {
            assert!(script.contains(verb), "{shell} does not know {verb}");
        }
    }
}

#[test]
fn every_verb_has_help() {
    let overview = stdout(&["--help"]);
    for verb in VERBS {
        assert!(overview.contains(&format!("\n  {verb} ")), "{verb} is missing from the overview");
        assert!(stdout(&[verb, "--help"]).contains("Usage: kpatch"), "{verb}");
        assert!(stdout(&[verb, "-h"]).contains("Usage: kpatch"), "{verb}");
    }
}

#[test]
fn wrong_usage_is_refused_as_git_does_it() {
    for arguments in [
        &["frobnicate"][..],
        &["bump"],
        &["bump", "v6.6.13"],
        &["bump", "6.6.x", "--all"],
        &["bump", "--all", "--to", "v6.6.14"],
        &["bump", "v6.6.13", "v6.6.14", "--out", "x"],
        &["plan"],
        &["plan", "v6.6.13"],
        &["plan", "v6.6.13", "6.6.x"],
        &["import", "--patches", "x"],
        &["verify", "--to", "v6.6.14"],
        &["completions", "bash", "--json"],
    ] {
        let output = kpatch(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(output.stderr.starts_with(b"error: "), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
