//! Cells under limits: little memory, many threads, an interruption.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::cell::Cell as Counter;
use std::fmt::Write as _;
use std::path::Path;

use tempfile::TempDir;

use super::super::Places;
use super::super::outside::Outside;
use super::*;
use crate::event::Silent;
use crate::git::{Git, Store};

/// A tree with `v1.0` to `v1.5`, each with one more line above, and a set of one patch on `v1.0` beside it.
fn scene() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let git = Git::new(folder.path().join("linux"));
    git.init_bare(Some("sha1")).unwrap();
    let lines = |above: usize| "above\n".repeat(above) + "a\nb\nc\nd\ne\nf\ng\n";
    let mut stream = String::new();
    for release in 0..=5 {
        let text = lines(release);
        let _ = write!(
            stream,
            "commit refs/heads/main\nmark :{}\ncommitter C <c@d.e> {} +0000\ndata 1\nx\n{}M 100644 inline f\ndata {}\n{text}\n",
            release + 1,
            1_700_000_000 + release,
            if release > 0 { format!("from :{release}\n") } else { String::new() },
            text.len()
        );
        let _ = write!(stream, "reset refs/tags/v1.{release}\nfrom :{}\n\n", release + 1);
    }
    git.run_with_input(["fast-import", "--quiet"], stream.into_bytes()).unwrap();
    std::fs::create_dir(folder.path().join("set")).unwrap();
    let patch = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\n\
                 Date: Mon, 1 Jan 2024 00:00:00 +0000\nSubject: d\n\n---\n--- a/f\n+++ b/f\n@@ -1,7 +1,7 @@\n a\n b\n c\n-d\n+D\n e\n f\n g\n-- \n";
    std::fs::write(folder.path().join("set/0001-d.patch"), patch).unwrap();
    folder
}

fn open(folder: &Path) -> Linux {
    let outside = Outside::new(&Places::default(), None, "linux");
    Linux { store: Store::open(&folder.join("linux")).unwrap(), name: "linux".into(), outside }
}

fn rows(folder: &Path, targets: &[&str]) -> [Row<'static>; 1] {
    let targets = targets.iter().map(|tag| Tag::parse(tag).unwrap()).collect();
    [Row { place: Place::Folder(folder.join("set")), from: Tag::parse("v1.0").unwrap(), targets }]
}

/// The tips of the cells, or what went wrong, and how often the tree was opened anew.
fn fill(folder: &Path, targets: &[&str], limits: Limits) -> (Vec<Result<String, String>>, usize) {
    let reopened = Counter::new(0);
    let reopen = || {
        reopened.set(reopened.get() + 1);
        Ok(open(folder))
    };
    let interrupt = Interrupt::new();
    let watch = Watch { observer: &Silent, interrupt: &interrupt };
    let filler = Filler { reopen: &reopen, limits, watch };
    let fold = |cell: &Cell<'_>| cell.computed.carried.tip().to_string();
    let mut all = filler.fill(open(folder), &rows(folder, targets), fold).unwrap();
    let cells = all.remove(0).unwrap();
    (cells.into_iter().map(|cell| cell.map_err(|error| error.to_string())).collect(), reopened.get())
}

const TARGETS: [&str; 6] = ["v1.1", "v1.2", "v1.9", "v1.3", "v1.4", "v1.5"];

#[test]
fn with_little_memory_the_tree_is_opened_anew_and_the_results_are_the_same() {
    let folder = scene();
    let (wanted, reopened) = fill(folder.path(), &TARGETS, Limits { threads: 1, memory: u64::MAX });
    assert_eq!(reopened, 0);
    assert_eq!(wanted.iter().filter(|cell| cell.is_ok()).count(), 5);
    assert!(wanted[2].as_ref().is_err_and(|error| error.contains("no tag 'v1.9'")), "{wanted:?}");
    for threads in [1, 2, 8] {
        let (many, _) = fill(folder.path(), &TARGETS, Limits { threads, memory: u64::MAX });
        assert_eq!(many, wanted);
        let (little, reopened) = fill(folder.path(), &TARGETS, Limits { threads, memory: 0 });
        assert_eq!((little, reopened), (wanted.clone(), TARGETS.len() - 1));
    }
}

#[test]
fn an_interruption_ends_the_whole() {
    let folder = scene();
    let interrupt = Interrupt::new();
    let reopen = || Ok(open(folder.path()));
    let watch = Watch { observer: &Silent, interrupt: &interrupt };
    let filler = Filler { reopen: &reopen, limits: Limits { threads: 2, memory: u64::MAX }, watch };
    // Raised by the first cell that is done.
    let fold = |_: &Cell<'_>| interrupt.raise();
    let error = filler.fill(open(folder.path()), &rows(folder.path(), &TARGETS), fold).unwrap_err();
    assert!(error.is_interrupted());
}
