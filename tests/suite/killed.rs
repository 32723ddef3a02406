//! Bumps that stop, and everything that follows, killed at any instant: nothing of the user's is lost, and the next call
//! goes on.

use std::process::Stdio;
use std::time::Instant;

use crate::resume::{outcomes, report, resolve, to_resolve, world};
use crate::support::{Layout, Snapshot, World, copy_folder};

const BUMP: [&str; 3] = ["bump", "v6.6.13", "v6.6.14"];
/// How often each verb is killed.
const KILLS: u32 = 24;

/// Keeps what is there now, for [`reset`].
fn keep(world: &World) {
    for folder in ["kit", "linux"] {
        let kept = world.sandbox.path(&format!("{folder}.kept"));
        if kept.exists() {
            std::fs::remove_dir_all(&kept).unwrap();
        }
        copy_folder(&world.sandbox.path(folder), &kept);
    }
}

fn reset(world: &World) {
    for folder in ["kit", "linux"] {
        let path = world.sandbox.path(folder);
        std::fs::remove_dir_all(&path).unwrap();
        copy_folder(&world.sandbox.path(&format!("{folder}.kept")), &path);
    }
}

/// Runs the verb many times from the same state, killed a little later each time, and examines what there is then.
fn killed(world: &World, args: &[&str], examine: impl Fn(&str)) {
    keep(world);
    let start = Instant::now();
    world.kpatch(args);
    let whole = start.elapsed();
    for step in 0..=KILLS {
        reset(world);
        let delay = whole * step / KILLS;
        let mut child = world.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap();
        world.done(&["status"]);
        examine(&format!("{args:?}, killed after {delay:?}"));
    }
}

/// The kit, and the refs of the linux tree.
fn visible(world: &World) -> (Snapshot, String) {
    let mut kit = Snapshot::of(&world.kit);
    // Where a lock was, and is taken away by the next who looks.
    kit.forget("kernel/.kpatch");
    (kit, world.sandbox.git(&world.linux, &["for-each-ref"]))
}

/// Resolves everything that a stopped report asks for; `None` if nothing is asked any more.
fn resolve_all(world: &World) {
    for _ in 0..3 {
        let again = world.kpatch(&[&BUMP[..], &["--json"]].concat());
        if again.status.code() != Some(3) {
            return;
        }
        let stopped = report(world, &BUMP, 3);
        for (at, path, lines) in [
            (0, "drivers/a.c", "a XX twenty\n"),
            (1, "drivers/a.c", "a XX twenty\na twentyone\n"),
            (2, "drivers/b.c", "b V five\n"),
        ] {
            if !stopped["patches"][at]["resolve"].is_null() {
                let path = to_resolve(&stopped, at, path);
                if std::fs::read_to_string(&path).unwrap().contains("<<<<<<<") {
                    resolve(&path, lines);
                }
            }
        }
        world.kpatch(&["continue"]);
    }
}

#[test]
fn a_bump_that_stops() {
    let world = world(Layout::Flat);
    let before = visible(&world);
    killed(&world, &BUMP, |what| {
        assert_eq!(visible(&world), before, "{what}");
        let stopped = report(&world, &BUMP, 3);
        assert_eq!(outcomes(&stopped), ["conflict", "blocked", "conflict", "same"], "{what}");
        assert!(to_resolve(&stopped, 0, "drivers/a.c").exists() && to_resolve(&stopped, 2, "drivers/b.c").exists());
        report(&world, &["abort"], 0);
        assert_eq!(visible(&world), before, "{what}");
        assert!(!world.linux.join("kpatch/stopped").exists(), "{what}");
    });
}

#[test]
fn continue_that_stops_again_and_continue_that_lands() {
    let world = world(Layout::PerSeries);
    keep(&world);
    resolve_all(&world);
    let landed = visible(&world);
    reset(&world);
    let before = visible(&world);
    let stopped = report(&world, &BUMP, 3);
    resolve(&to_resolve(&stopped, 0, "drivers/a.c"), "a XX twenty\n");
    resolve(&to_resolve(&stopped, 2, "drivers/b.c"), "b V five\n");
    killed(&world, &["continue"], |what| {
        assert_eq!(visible(&world), before, "{what}");
        // What a person resolved is in the files or in the journal; nothing has to be typed twice.
        let again = world.kpatch(&["continue", "--json"]);
        let text = String::from_utf8_lossy(&again.stderr);
        let still = matches!(again.status.code(), Some(3)) || text.contains("0002-") && text.contains("marker is left");
        assert!(still, "{what}: {again:?}");
        assert!(!text.contains("0001-") && !text.contains("0003-"), "{what}: {text}");
        resolve_all(&world);
        assert_eq!(visible(&world), landed, "{what}");
    });
    reset(&world);
    report(&world, &["continue"], 3);
    let stopped = report(&world, &BUMP, 3);
    resolve(&to_resolve(&stopped, 1, "drivers/a.c"), "a XX twenty\na twentyone\n");
    killed(&world, &["continue"], |what| {
        let now = visible(&world);
        assert!(now == before || now == landed, "{what}");
        let again = world.kpatch(&["continue"]);
        let text = String::from_utf8_lossy(&again.stderr);
        match again.status.code() {
            Some(0) => {}
            Some(2) => assert!(now == landed && text.contains("no bump is stopped here"), "{what}: {text}"),
            other => panic!("{what}: {other:?} {text}"),
        }
        assert_eq!(visible(&world), landed, "{what}");
        assert!(!world.linux.join("kpatch/stopped").exists(), "{what}");
    });
}

#[test]
fn abort_and_undo() {
    let world = world(Layout::Flat);
    let before = visible(&world);
    let stopped = report(&world, &BUMP, 3);
    resolve(&to_resolve(&stopped, 0, "drivers/a.c"), "a XX twenty\n");
    killed(&world, &["abort"], |what| {
        assert_eq!(visible(&world), before, "{what}");
        let again = world.kpatch(&["abort"]);
        assert!(matches!(again.status.code(), Some(0 | 2)), "{what}: {again:?}");
        assert!(world.report(&["status"])["series"][0]["stopped"].as_array().unwrap().is_empty(), "{what}");
        assert_eq!(visible(&world), before, "{what}");
    });
    reset(&world);
    resolve_all(&world);
    let landed = visible(&world);
    assert_ne!(landed, before);
    killed(&world, &["undo"], |what| {
        let now = visible(&world);
        assert!(now == before || now == landed, "{what}");
        let again = world.kpatch(&["undo"]);
        assert!(again.status.code() == Some(0) || now == before, "{what}: {again:?}");
        assert_eq!(visible(&world), before, "{what}");
    });
}
