//! `kpatch bump` that dies: killed at any instant, on a full disk, in a directory that cannot be written.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Instant;

use kpatch::files::{Change, Landing};

use crate::support::tree::format_patch;
use crate::support::{
    Edit, KitBuilder, LAYOUTS, Layout, Sandbox, Snapshot, TreeBuilder, World, assert_refusal, copy_folder,
};

const BUMP: [&str; 3] = ["bump", "v6.6.13", "v6.6.14"];
const PATCHES: usize = 30;
/// How many runs have to be killed, at the least.
const KILLS: usize = 100;

/// A world with many patches, every third of which has to be rewritten.
fn many() -> World {
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    let text = |at: usize, marks: &[(usize, &str)]| crate::support::kit::lines(&format!("file{at}"), marks);
    let paths: Vec<String> = (0..PATCHES).map(|at| format!("drivers/file{at}.c")).collect();
    let contents: Vec<String> = (0..PATCHES).map(|at| text(at, &[])).collect();
    let files: Vec<Edit<'_>> = paths.iter().zip(&contents).map(|(path, text)| Edit::File(path, text)).collect();
    tree.commit("main", None, "Linux 6.6.13", &files).tag("v6.6.13", "main");
    for (at, path) in paths.iter().enumerate() {
        let from = (at == 0).then_some("v6.6.13");
        let patched = text(at, &[(20, "patched")]);
        tree.commit("ours", from, &format!("file{at}: a patch"), &[Edit::File(path, &patched)]);
    }
    let contents: Vec<String> = (0..PATCHES).step_by(3).map(|at| text(at, &[(18, "stable")])).collect();
    let files: Vec<Edit<'_>> =
        paths.iter().step_by(3).zip(&contents).map(|(path, text)| Edit::File(path, text)).collect();
    tree.commit("main", None, "Linux 6.6.14", &files).tag("v6.6.14", "main");
    let linux = tree.build(&sandbox, "linux");
    let patches = format_patch(&sandbox, &linux, "v6.6.13..ours");
    let kit = KitBuilder::new(Layout::Flat)
        .series("6.6.x", "6.6.13", &patches)
        .file("kernel/patches-6.6.x/README", "ours\n")
        .build(&sandbox, "kit");
    World { sandbox, layout: Layout::Flat, kit, linux }
}

/// What a landing changes, all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    kernel: Snapshot,
    branch: Option<String>,
}

fn state(world: &World) -> State {
    State { kernel: Snapshot::of(&world.kit.join("kernel")), branch: world.branch("v6.6.14-linuxkit") }
}

/// Copies of kit and tree that each try gets, and the two states that it may end in.
struct Trial {
    world: World,
    old: State,
    new: State,
}

impl Trial {
    fn new(world: World) -> Self {
        let trial = Self { old: state(&world), new: state(&world), world };
        trial.keep();
        trial.world.done(&BUMP);
        let new = state(&trial.world);
        assert_ne!(trial.old, new);
        trial.reset();
        Self { new, ..trial }
    }

    fn keep(&self) {
        for folder in ["kit", "linux"] {
            copy_folder(&self.world.sandbox.path(folder), &self.world.sandbox.path(&format!("{folder}.kept")));
        }
    }

    fn reset(&self) {
        for folder in ["kit", "linux"] {
            let path = self.world.sandbox.path(folder);
            std::fs::remove_dir_all(&path).unwrap();
            copy_folder(&self.world.sandbox.path(&format!("{folder}.kept")), &path);
        }
    }

    /// Whatever happened: nothing is lost now, the next call says what there is, and the next bump works.
    fn examine(&self, what: &str) -> End {
        self.nothing_is_lost(what);
        let report = self.world.report(&["status"]);
        let said = report["recovered"].as_str();
        let now = state(&self.world);
        let is_new = now == self.new;
        assert!(is_new || now == self.old, "{what}: neither old nor new: {:?}", self.old.kernel.changes(&now.kernel));
        match said {
            Some("completed") => assert!(is_new, "{what}"),
            Some("rolled-back") => assert!(!is_new, "{what}"),
            other => assert_eq!(other, None, "{what}"),
        }
        assert!(!self.world.kit.join("kernel/.kpatch").exists(), "{what}: .kpatch is still there");
        if is_new {
            let args = [&BUMP[..], &["--allow-dirty"]].concat();
            assert_refusal(&self.world.kpatch(&args), &args, &["6.6.14: this bump is done already"]);
        } else {
            self.world.done(&BUMP);
        }
        assert!(state(&self.world) == self.new, "{what}: the next bump gives something else");
        End { is_new, recovered: said.is_some() }
    }

    /// Before anything is recovered: the version file and the patch directory are whole, or the old patches are in
    /// the work directory.
    fn nothing_is_lost(&self, what: &str) {
        let kit = &self.world.kit;
        let makefile = std::fs::read_to_string(kit.join("kernel/Makefile")).unwrap();
        assert!(["=6.6.13\n", "=6.6.14\n"].iter().any(|version| makefile.contains(version)), "{what}: {makefile}");
        let old = Snapshot::of(&self.world.sandbox.path("kit.kept/kernel/patches-6.6.x"));
        let folder = kit.join("kernel/patches-6.6.x");
        if folder.exists() {
            let now = Snapshot::of(&folder);
            let whole = now == old || std::fs::read_dir(&folder).unwrap().count() == PATCHES + 1;
            assert!(whole, "{what}: {:?}", old.changes(&now));
        } else {
            assert!(kit.join("kernel/.kpatch/landing").exists(), "{what}: the patches are gone");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    is_new: bool,
    recovered: bool,
}

#[test]
fn a_kill_at_any_instant_leaves_the_old_or_the_new_state() {
    let trial = Trial::new(many());
    let start = Instant::now();
    trial.world.done(&BUMP);
    let whole = start.elapsed();
    let (mut kills, mut ends) = (0, Vec::new());
    for step in 0..3 * KILLS {
        if step >= KILLS && kills >= KILLS && ends.iter().any(|end: &End| end.is_new) {
            break;
        }
        trial.reset();
        let delay = whole.mul_f64(1.1) * (step % KILLS) as u32 / KILLS as u32;
        let mut child = trial.world.command(&BUMP).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(delay);
        child.kill().unwrap();
        kills += usize::from(child.wait().unwrap().signal() == Some(9));
        ends.push(trial.examine(&format!("killed after {delay:?}")));
    }
    assert!(kills >= KILLS, "only {kills} runs were killed");
    assert!(ends.contains(&End { is_new: false, recovered: false }), "no kill was early");
}

/// The change from the old to the new state of the kit, as `kpatch bump` stages it.
fn changes(trial: &Trial, new_kit: &Path) -> Vec<Change> {
    let files = crate::support::read_folder(&new_kit.join("kernel/patches-6.6.x"));
    let files = files.into_iter().filter(|(name, _)| name != "README").collect();
    let read = |kit: &Path| std::fs::read(kit.join("kernel/Makefile")).unwrap();
    vec![
        Change::Dir { target: "kernel/patches-6.6.x".into(), files, keep: vec!["README".into()] },
        Change::File {
            target: "kernel/Makefile".into(),
            old: Some(read(&trial.world.kit)),
            new: Some(read(new_kit)),
            executable: false,
        },
    ]
}

/// Where a landing is cut off, whether it counts by then, and how to get there.
type Cut<'a> = (&'static str, bool, &'a dyn Fn());

#[test]
fn a_landing_that_was_cut_off_is_finished_by_the_next_call() {
    let trial = Trial::new(many());
    trial.world.done(&BUMP);
    let (kit, linux) = (trial.world.kit.clone(), trial.world.linux.clone());
    let new_kit = trial.world.sandbox.path("kit.new");
    copy_folder(&kit, &new_kit);
    let tip = trial.new.branch.clone().unwrap();
    // The pack with the commits is written before the landing begins.
    std::fs::remove_dir_all(trial.world.sandbox.path("linux.kept")).unwrap();
    copy_folder(&linux, &trial.world.sandbox.path("linux.kept"));
    let kept = trial.world.sandbox.path("linux.kept");
    trial.world.sandbox.git(&kept, &["update-ref", "-d", "refs/heads/v6.6.14-linuxkit"]);
    let refs = serde_json::json!({
        "git_dir": linux, "message": "kpatch bump", "seconds": 0,
        "updates": [{ "name": "refs/heads/v6.6.14-linuxkit", "old": null, "new": tip }],
    });
    let work = kit.join("kernel/.kpatch");
    let lock = "linux/refs/heads/v6.6.14-linuxkit.lock";
    let branch = || drop(trial.world.sandbox.git(&linux, &["update-ref", "refs/heads/v6.6.14-linuxkit", &tip]));
    let swap = || {
        let (target, landing) = (kit.join("kernel/patches-6.6.x"), work.join("landing"));
        std::fs::rename(&target, landing.join("0.old")).unwrap();
        std::fs::rename(landing.join("0.new"), &target).unwrap();
    };
    let half = || std::fs::rename(kit.join("kernel/patches-6.6.x"), work.join("landing/0.old")).unwrap();
    let makefile = || std::fs::rename(work.join("landing/1.new"), kit.join("kernel/Makefile")).unwrap();
    let cuts: &[Cut<'_>] = &[
        ("nothing is committed", false, &|| {}),
        ("committed", true, &|| {}),
        ("the branch is being moved", true, &|| drop(trial.world.sandbox.write(lock, format!("{tip}\n")))),
        ("the branch is about to be moved", true, &|| drop(trial.world.sandbox.write(lock, ""))),
        ("the branch moved", true, &branch),
        ("the old directory is away", true, &|| {
            branch();
            half();
        }),
        ("the new directory is there", true, &|| {
            branch();
            swap();
        }),
        ("the new version is there", true, &|| {
            branch();
            swap();
            makefile();
        }),
        ("all done but the tidying", true, &|| {
            branch();
            swap();
            makefile();
            std::fs::rename(work.join("landing"), work.join("landing.done")).unwrap();
            std::fs::remove_file(work.join("landing.done/0.old/README")).unwrap();
        }),
    ];
    for (what, commits, cut) in cuts {
        trial.reset();
        let staged = Landing::stage(&work, &kit, &changes(&trial, &new_kit), refs.clone()).unwrap();
        if *commits {
            drop(staged.commit().unwrap());
        } else {
            drop(staged);
        }
        cut();
        assert_eq!(trial.examine(what), End { is_new: *commits, recovered: true }, "{what}");
    }
}

/// Before a landing counts, a lock may be that of a git at work.
#[test]
fn a_stale_lock_of_the_branch_is_named() {
    for layout in LAYOUTS {
        let world = World::new(layout);
        world.sandbox.write("linux/refs/heads/v6.6.14-linuxkit.lock", "");
        let before = Snapshot::of(&world.kit);
        let output = world.kpatch(&BUMP);
        assert_refusal(&output, &BUMP, &["v6.6.14-linuxkit.lock"]);
        assert_eq!(before.changes(&Snapshot::of(&world.kit)), Vec::<String>::new());
        std::fs::remove_file(world.sandbox.path("linux/refs/heads/v6.6.14-linuxkit.lock")).unwrap();
        world.done(&BUMP);
    }
}

/// With a limit on the size of files; beyond it the signal kills, or if that is ignored the write fails.
fn limited(world: &World, blocks: u32, signal: bool) -> Output {
    let trap = if signal { "" } else { "trap '' XFSZ; " };
    let script = format!("{trap}ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = world.sandbox.command("sh", &world.kit);
    command.env("LINUXSRC", &world.linux).args(["-c", &script, env!("CARGO_BIN_EXE_kpatch")]).args(BUMP);
    command.output().unwrap()
}

#[test]
fn a_full_disk_leaves_the_old_or_the_new_state() {
    let trial = Trial::new(many());
    let (mut refused, mut killed, mut landed) = (0, 0, 0);
    for (blocks, signal) in [0, 1, 2, 4, 8, 16, 32, 1_000_000].into_iter().flat_map(|n| [(n, true), (n, false)]) {
        trial.reset();
        let output = limited(&trial.world, blocks, signal);
        let what = format!("{blocks} blocks: {}", String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            Some(0) => landed += 1,
            Some(2) => {
                refused += 1;
                assert_refusal(&output, &BUMP, &["File too large"]);
            }
            Some(code) => panic!("exit code {code} with {what}"),
            None => {
                killed += 1;
                assert!(signal, "{what}");
            }
        }
        let end = trial.examine(&what);
        assert_eq!(end.is_new, output.status.success(), "{what}");
    }
    assert!(refused > 1 && killed > 1 && landed > 1, "{refused} {killed} {landed}");
}

#[test]
fn a_directory_that_cannot_be_written_is_refused() {
    let mut ran = Vec::new();
    let world = World::new(Layout::Flat);
    // A mount that only this child sees.
    let script = "mount --bind kernel kernel && mount -o remount,bind,ro kernel && exec \"$0\" \"$@\"";
    let before = world.snapshot();
    let mut command = world.sandbox.command("unshare", &world.kit);
    command.env("LINUXSRC", &world.linux).args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_kpatch")]).args(BUMP);
    // Not everywhere may one mount.
    let mut probe = world.sandbox.command("unshare", &world.kit);
    let may_mount =
        probe.args(["-m", "mount", "--bind", "kernel", "kernel"]).output().is_ok_and(|it| it.status.success());
    if may_mount {
        let output = command.output().unwrap();
        assert_refusal(&output, &BUMP, &["kernel/.kpatch", "ead-only file system"]);
        assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
        ran.push("a read-only mount");
    }
    // Works as any user: the place of the work directory is taken by a file.
    world.sandbox.write("kit/kernel/.kpatch", "mine\n");
    world.refused(&[&BUMP[..], &["--allow-dirty"]].concat(), &["kernel/.kpatch"]);
    ran.push("a file in the place of the work directory");
    assert!(ran.len() == 2 || !may_mount, "ran only {ran:?}");
}
