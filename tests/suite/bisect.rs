//! `bisect`: what it says of releases and commits is what git finds there.

use crate::support::by_git::Taken;
use crate::support::releases::{PATCHES, RELEASES, patch_files, world};
use crate::support::{Report, World};

/// What git makes of each patch of the set on a release or commit: merged, nothing left, or left out.
fn by_git(world: &World, taken: &[Taken], at: &str) -> Vec<&'static str> {
    let mut tip = world.sandbox.tree(&world.linux, at);
    let mut found = Vec::new();
    for taken in taken {
        match world.sandbox.merge_tree(&world.linux, &tip, taken.commit().unwrap()) {
            None => found.push("conflict"),
            Some(tree) if tree == tip => found.push("empty"),
            Some(tree) => {
                found.push("clean");
                tip = tree;
            }
        }
    }
    found
}

/// The program's outcome in git's words.
fn in_gits_words(outcome: &str) -> &'static str {
    match outcome {
        "same" | "offset" | "refreshed" | "partial" => "clean",
        "upstreamed" | "emptied" => "empty",
        "conflict" | "blocked" => "conflict",
        other => panic!("{other}"),
    }
}

fn bisect(world: &World, args: &[&str]) -> (i32, Report) {
    let output = world.kpatch(&[&["bisect", "--json"], args].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    let value: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {said}"));
    (output.status.code().unwrap(), Report(value["reports"][0].clone()))
}

fn probes(report: &Report) -> Vec<(String, String)> {
    let probes = report.0["probes"].as_array().unwrap().iter().cloned().map(Report);
    probes.map(|probe| (probe.text("release").to_owned(), probe.outcome().to_owned())).collect()
}

#[test]
fn every_release_is_as_git_has_it() {
    let world = world();
    let taken = world.sandbox.am(&world.linux, &patch_files(&world), "v6.6.13");
    let mut across = RELEASES.to_vec();
    across.extend(["v6.7", "v6.7.1"]);
    let wanted: Vec<Vec<&str>> = across.iter().map(|release| by_git(&world, &taken, release)).collect();
    let mut seen = std::collections::HashSet::new();
    for (at, patch) in PATCHES.iter().enumerate() {
        let (_, report) = bisect(&world, &[&format!("{:04}", at + 1), "--all", "--to", "v6.7.1"]);
        assert_eq!(report.text("file"), format!("{:04}-{patch}.patch", at + 1));
        let probes = probes(&report);
        assert_eq!(probes.iter().map(|(release, _)| release.as_str()).collect::<Vec<_>>(), across);
        for ((release, outcome), git) in probes.iter().zip(&wanted) {
            assert_eq!(in_gits_words(outcome), git[at], "{patch} on {release}: {outcome}");
            seen.insert(git[at]);
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn a_single_turn_is_found_by_halves() {
    let world = world();
    for (patch, good, bad, outcome) in [
        ("1", "v6.6.16", "v6.6.17", "conflict"),
        ("usb", "v6.6.17", "v6.6.18", "upstreamed"),
        ("0005-panic-more.patch", "v6.6.16", "v6.6.17", "blocked"),
    ] {
        let (code, report) = bisect(&world, &[patch]);
        assert_eq!((code, report.text("last_good"), report.text("first_bad")), (1, good, bad), "{patch}");
        let probes = probes(&report);
        assert!(probes.contains(&(bad.to_owned(), outcome.to_owned())), "{patch}: {probes:?}");
        // Both ends, three halves, and the one after.
        assert!(probes.len() <= 6 && probes.len() < RELEASES.len(), "{patch}: {probes:?}");
        let (_, all) = bisect(&world, &[patch, "--all"]);
        assert_eq!(all.0["first_bad"], report.0["first_bad"], "{patch}");
        assert_eq!(all.0["probes"].as_array().unwrap().len(), RELEASES.len());
    }
    let (code, report) = bisect(&world, &["net"]);
    assert_eq!((code, &report.0["first_bad"]), (0, &serde_json::Value::Null));
}

#[test]
fn an_interlude_is_missed_by_halves_and_seen_by_all() {
    let world = world();
    let (code, report) = bisect(&world, &["main"]);
    assert_eq!((code, report.0["first_bad"].is_null()), (0, true));
    let (code, report) = bisect(&world, &["main", "--all"]);
    assert_eq!((code, report.text("last_good"), report.text("first_bad")), (1, "v6.6.15", "v6.6.16"));
    // Asked for up to its middle, halves find it too, and what follows is looked at.
    let (code, report) = bisect(&world, &["main", "--to", "v6.6.18"]);
    assert_eq!((code, report.text("first_bad")), (1, "v6.6.16"));
    assert!(probes(&report).contains(&("v6.6.17".into(), "conflict".into())));
}

#[test]
fn what_counts_as_the_end_may_be_chosen() {
    let world = world();
    let end = |args: &[&str]| bisect(&world, args).1.0["first_bad"].clone();
    assert_eq!(end(&["panic.patch", "--until", "conflict"]), "v6.6.17");
    assert!(end(&["panic.patch", "--until", "dropped"]).is_null());
    assert_eq!(end(&["usb", "--until", "dropped"]), "v6.6.18");
    assert!(end(&["usb", "--until", "conflict"]).is_null());
    // A search may begin behind the end.
    let (code, report) = bisect(&world, &["usb", "--from", "v6.6.19"]);
    assert_eq!((code, report.text("first_bad"), report.0["last_good"].is_null()), (1, "v6.6.19", true));
}

/// The first commit, of those on the way, that git cannot merge the patch onto.
fn first_by_git(world: &World, taken: &[Taken], patch: usize, range: &str, end: &str) -> String {
    let list = world.sandbox.git(&world.linux, &["rev-list", "--reverse", "--first-parent", range]);
    let bad = |commit: &&str| by_git(world, taken, commit)[patch] == end;
    list.lines().find(bad).expect("one of them ends it").to_owned()
}

#[test]
fn the_first_commit_is_the_one_that_git_finds() {
    let world = world();
    let taken = world.sandbox.am(&world.linux, &patch_files(&world), "v6.6.13");
    for (patch, range, end, title) in [
        ("1", "v6.6.16..v6.6.17", "conflict", "panic: count like Romans"),
        ("5", "v6.6.16..v6.6.17", "conflict", "panic: count like Romans"),
        ("3", "v6.6.17..v6.6.18", "empty", "usb: a fix for everybody"),
        ("4", "v6.6..v6.7", "conflict", "net: rewrite"),
    ] {
        let to = if patch == "4" { "v6.7.1" } else { "v6.6.20" };
        let (code, report) = bisect(&world, &[patch, "--commits", "--to", to]);
        assert_eq!(code, 1);
        let commit = &report.0["commit"];
        let at = patch.parse::<usize>().unwrap() - 1;
        assert_eq!(commit["commit"], first_by_git(&world, &taken, at, range, end), "{patch}: {}", report.0);
        assert_eq!(commit["title"], title);
        assert_eq!(in_gits_words(commit["outcome"].as_str().unwrap()), end);
    }
}

#[test]
fn without_history_no_commit_is_named() {
    let world = world();
    let shallow = world.sandbox.path("shallow");
    let url = format!("file://{}", world.linux.display());
    world.sandbox.git(&world.sandbox.path(""), &["init", "-q", "--bare", shallow.to_str().unwrap()]);
    let mut fetch = vec!["fetch", "-q", "--depth=1", url.as_str()];
    let refs: Vec<String> = RELEASES.iter().map(|tag| format!("refs/tags/{tag}:refs/tags/{tag}")).collect();
    fetch.extend(refs.iter().map(String::as_str));
    world.sandbox.git(&shallow, &fetch);
    let (code, report) = bisect(&world, &["1", "--commits", "--linux", shallow.to_str().unwrap()]);
    assert_eq!((code, report.text("first_bad")), (1, "v6.6.17"));
    assert!(report.0["commit"].is_null());
    assert!(report.text("no_commit").contains("no commits between"), "{}", report.0);
}

#[test]
fn the_answer_is_a_sentence() {
    let world = world();
    let output = world.kpatch(&["bisect", "panic.patch", "--commits"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.starts_with("0001-panic.patch carries up to v6.6.16 (offset); from v6.6.17 on it conflicts in"),
        "{text}"
    );
    assert!(words.contains("\"panic: count like Romans\")"), "{text}");
    assert!(words.contains("v6.6.18, the next release: there too (conflict)"), "{text}");
    let all = world.kpatch(&["bisect", "main", "--all"]);
    let text = String::from_utf8(all.stdout).unwrap();
    assert!(text.contains("sssCCCss (s same, C conflict)"), "{text}");
    assert!(text.contains("v6.6.16 to v6.6.18  conflict"), "{text}");
}

#[test]
fn what_cannot_be_searched_is_refused_and_nothing_is_written() {
    let world = world();
    world.sandbox.write("kit/kernel/patches-6.6.x/0006-bad.patch", {
        let text = std::fs::read_to_string(world.patch("0001-panic.patch")).unwrap();
        text.replace("-panic 20\n", "-panic 2000\n").replace(" panic 19\n", " panic 1900\n")
    });
    for (args, says) in [
        (&["bisect", "nothing"][..], "no patch 'nothing' in the set"),
        (&["bisect", "panic"], "'panic' is ambiguous in the set"),
        (&["bisect", "0006"], "0006-bad.patch does not apply to its own base v6.6.13"),
        (&["bisect", "1", "--to", "v6.6.12"], "'v6.6.12' is not newer than 'v6.6.13'"),
        (&["bisect", "1", "--to", "v6.6.99"], "no tag 'v6.6.99'"),
        (&["bisect", "1", "--from", "snapshot"], "'snapshot' is not the tag of a kernel release"),
        (&["bisect", "1", "--base", "v6.6.13"], "--base needs a series"),
        (&["bisect", "1", "--series", "6.1.x"], "no series '6.1.x'"),
    ] {
        world.refused(args, &[says]);
    }
    let before = world.snapshot();
    for args in [&["bisect", "1", "--commits"][..], &["bisect", "1", "--all"]] {
        assert_eq!(world.kpatch(args).status.code(), Some(1));
    }
    let changes = before.changes(&world.snapshot());
    assert!(changes.is_empty(), "{changes:?}");
}
