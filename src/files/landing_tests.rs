//! Every landing is killed at every step, and again while it is being recovered.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::*;
use crate::files::WORK_DIR;

/// Path below the kit, permissions, bytes.
type Snapshot = BTreeMap<PathBuf, (u32, Vec<u8>)>;

fn snapshot(top: &Path) -> Snapshot {
    fn walk(top: &Path, dir: &Path, into: &mut Snapshot) {
        for entry in fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(top).expect("below").to_owned();
            let mode = mode_of(&path).expect("there");
            if path.is_dir() {
                into.insert(name, (mode, Vec::new()));
                walk(top, &path, into);
            } else {
                into.insert(name, (mode, fs::read(&path).expect("a file")));
            }
        }
    }
    let mut into = Snapshot::new();
    walk(top, top, &mut into);
    into
}

struct Kit {
    dir: tempfile::TempDir,
    refs_are_new: Cell<bool>,
}

impl Kit {
    /// One patch directory to change, one to remove, one to create, a version file, and something to leave alone.
    fn new() -> Self {
        let kit = Self { dir: tempfile::tempdir().expect("a directory"), refs_are_new: Cell::new(false) };
        for (name, bytes) in [
            ("kernel/Makefile", "KERNELS_all=6.6.13 \n"),
            ("kernel/config-6.6.x-x86_64", "CONFIG_X=y\n"),
            ("kernel/patches-6.6.x/0001-a.patch", "a\n"),
            ("kernel/patches-6.6.x/0002-b.patch", "b\n"),
            ("kernel/patches-6.6.x/0003-c.patch", "c\n"),
            ("kernel/patches-6.6.x/README", "why\n"),
            ("kernel/patches-6.6.x/old/x", "x\n"),
            ("kernel/patches-6.1.x/0001-a.patch", "a\n"),
            ("kernel/5.10.x/old/config", "# old\n"),
        ] {
            let path = kit.top().join(name);
            fs::create_dir_all(parent(&path)).expect("made");
            fs::write(path, bytes).expect("written");
        }
        kit.chmod("kernel/patches-6.6.x", 0o2750);
        kit.chmod("kernel/patches-6.6.x/0002-b.patch", 0o640);
        kit.chmod("kernel/Makefile", 0o755);
        kit
    }

    fn top(&self) -> &Path {
        self.dir.path()
    }

    fn work(&self) -> PathBuf {
        self.top().join("kernel").join(WORK_DIR)
    }

    fn chmod(&self, name: &str, mode: u32) {
        fs::set_permissions(self.top().join(name), Permissions::from_mode(mode)).expect("chmod");
    }

    fn changes() -> Vec<Change> {
        let dir = |target: &str, files: &[(&str, &str)], keep: &[&str]| Change::Dir {
            target: target.into(),
            files: files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.as_bytes().to_vec())).collect(),
            keep: keep.iter().map(OsString::from).collect(),
        };
        let file = |target: &str, old: Option<&str>, new: Option<&str>, executable| Change::File {
            target: target.into(),
            old: old.map(Into::into),
            new: new.map(Into::into),
            executable,
        };
        vec![
            dir("kernel/patches-6.6.x", &[("0001-a.patch", "a\n"), ("0002-b.patch", "B\n")], &["README", "old"]),
            dir("kernel/patches-6.1.x", &[], &[]),
            dir("kernel/patches-5.4.x", &[], &[]),
            dir("kernel/7.0.x/patches", &[("0001-n.patch", "n\n")], &[]),
            Change::File {
                target: "kernel/Makefile".into(),
                old: Some(b"KERNELS_all=6.6.13 \n".into()),
                new: Some(b"KERNELS_all=6.6.14 \n".into()),
                executable: false,
            },
            file("test/7.0.x/test.sh", None, Some("#!/bin/sh\n"), true),
            file("kernel/7.0.x/build-args", None, Some("KERNEL_VERSION=7.0.1\n"), false),
            file("kernel/5.10.x/old/config", Some("# old\n"), None, false),
        ]
    }

    /// What `changes` make of `old`, by hand.
    fn expected(old: &Snapshot) -> Snapshot {
        let mut new = old.clone();
        let usual = |like: &str| old[Path::new(like)].0;
        let (file, dir) = (usual("kernel/config-6.6.x-x86_64"), usual("kernel"));
        let gone = ["kernel/patches-6.1.x", "kernel/5.10.x"];
        new.retain(|path, _| !gone.iter().any(|dir| path.starts_with(dir)) && !path.ends_with("0003-c.patch"));
        let mut set = |path: &str, mode: u32, bytes: &str| new.insert(path.into(), (mode, bytes.into()));
        set("kernel/patches-6.6.x/0002-b.patch", 0o640, "B\n");
        set("kernel/7.0.x", dir, "");
        set("kernel/7.0.x/patches", dir, "");
        set("kernel/7.0.x/patches/0001-n.patch", file, "n\n");
        set("kernel/Makefile", 0o755, "KERNELS_all=6.6.14 \n");
        set("test", dir, "");
        set("test/7.0.x", dir, "");
        set("test/7.0.x/test.sh", file | 0o111, "#!/bin/sh\n");
        set("kernel/7.0.x/build-args", file, "KERNEL_VERSION=7.0.1\n");
        new
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands for an update that may fail")]
    fn update(&self, refs: &serde_json::Value) -> Result<(), FilesError> {
        assert_eq!(refs, "the refs");
        self.refs_are_new.set(true);
        Ok(())
    }

    /// The whole of a landing as one process runs it that may die at any `hook`.
    fn land(&self, place: &Place, hook: Hook<'_>) -> Result<(), FilesError> {
        place.make_work()?;
        let landing = place.stage(&Self::changes(), "the refs".into(), hook)?;
        place.commit(hook)?;
        hook("update the refs")?;
        self.update(&landing.journal.refs)?;
        place.take_steps(&landing.journal, hook)
    }
}

/// Dies at the `n`th step from 0; counts down to a number below -1 if it never dies.
fn death(n: &Cell<i32>) -> impl Fn(&'static str) -> Result<(), FilesError> {
    move |_| {
        let left = n.get();
        n.set(left - 1);
        if left == 0 { Err(FilesError::Unfinished { path: PathBuf::from("dead") }) } else { Ok(()) }
    }
}

fn kill_everywhere(may_exchange: bool) {
    let (mut outcomes, mut first) = ([0, 0], 0);
    loop {
        let mut second = 0;
        let finished = loop {
            let kit = Kit::new();
            let place = Place { may_exchange, ..Place::new(&kit.work(), kit.top()) };
            let old = snapshot(kit.top());
            let new = Kit::expected(&old);
            let deaths = Cell::new(first);
            let finished = kit.land(&place, &death(&deaths)).is_ok();
            // The second process dies as well, the third does not.
            let again = Cell::new(second);
            let survived = place.recover(|refs| kit.update(refs), &death(&again)).is_ok();
            let last = place.recover(|refs| kit.update(refs), ALIVE).expect("recovers");
            assert!(!finished || last == Recovered::Nothing);
            let now = snapshot(kit.top());
            let is_new = kit.refs_are_new.get();
            assert_eq!(now, if is_new { new } else { old }, "died at {first}, then at {second}");
            outcomes[usize::from(is_new)] += 1;
            if finished || survived {
                break finished;
            }
            second += 1;
        };
        if finished {
            break;
        }
        first += 1;
    }
    assert!(first > 15 && outcomes[0] > 5 && outcomes[1] > 20, "{first} {outcomes:?}");
}

#[test]
fn a_death_at_any_step_leaves_all_of_the_old_or_all_of_the_new() {
    kill_everywhere(true);
}

#[test]
fn a_death_between_two_renames_is_mended_too() {
    kill_everywhere(false);
}

#[test]
fn a_landing_lands_and_keeps_what_does_not_change() {
    let kit = Kit::new();
    let old = snapshot(kit.top());
    let inode = |name: &str| fs::metadata(kit.top().join("kernel/patches-6.6.x").join(name)).expect("there").ino();
    let before = [inode("0001-a.patch"), inode("README"), inode("old/x")];
    let landing = Landing::stage(&kit.work(), kit.top(), &Kit::changes(), "the refs".into()).expect("staged");
    assert!(!landing.is_empty());
    assert!(Landing::is_interrupted(&kit.work()));
    landing.commit().expect("committed").finish(|refs| kit.update(refs)).expect("finished");
    assert_eq!(snapshot(kit.top()), Kit::expected(&old));
    assert_eq!([inode("0001-a.patch"), inode("README"), inode("old/x")], before);
    assert!(!Landing::is_interrupted(&kit.work()));
    let same = Change::File {
        target: "kernel/Makefile".into(),
        old: Some(b"KERNELS_all=6.6.14 \n".into()),
        new: Some(b"KERNELS_all=6.6.14 \n".into()),
        executable: false,
    };
    let landing = Landing::stage(&kit.work(), kit.top(), &[same], serde_json::Value::Null).expect("staged");
    assert!(landing.is_empty());
    landing.abandon();
    assert_eq!(snapshot(kit.top()), Kit::expected(&old));
}

#[test]
fn what_cannot_be_staged_changes_nothing() {
    let kit = Kit::new();
    std::os::unix::fs::symlink("/tmp", kit.top().join("kernel/link")).expect("a link");
    let dir = |target: &str, name: &str| Change::Dir {
        target: target.into(),
        files: vec![(name.to_owned(), b"x".to_vec())],
        keep: vec![],
    };
    let old = fs::read_dir(kit.top().join("kernel")).expect("a directory").count();
    let long = "x".repeat(300);
    let file = |target: &str, old: Option<&[u8]>, new: Option<&[u8]>| Change::File {
        target: target.into(),
        old: old.map(Into::into),
        new: new.map(Into::into),
        executable: false,
    };
    for change in [
        dir("kernel/patches-6.6.x", &long),
        dir("kernel/patches-6.6.x", "../evil"),
        dir("kernel/patches-6.6.x", "a/b"),
        dir("kernel/patches-6.6.x", ""),
        dir("kernel/patches-6.6.x", ".."),
        dir("../evil", "x"),
        dir("/evil", "x"),
        dir("kernel/Makefile", "x"),
        dir("kernel/Makefile/patches", "x"),
        dir("kernel/link", "x"),
        dir("kernel/link/x", "x"),
        file("kernel/Makefile", Some(b"KERNELS_all=6.6.12\n"), Some(b"x")),
        file("kernel/none", Some(b""), Some(b"")),
        file("kernel/none", Some(b""), None),
        file("kernel/Makefile", None, Some(b"x")),
        file("kernel/Makefile", None, None),
        file("kernel/patches-6.6.x", None, Some(b"x")),
        Change::Dir { target: "kernel/patches-6.6.x".into(), files: vec![], keep: vec!["none".into()] },
    ] {
        let mut changes = Kit::changes();
        changes.truncate(4);
        changes[0] = change.clone();
        let error = Landing::stage(&kit.work(), kit.top(), &changes, serde_json::Value::Null).map(|_| ());
        assert!(error.is_err(), "{change:?}");
        assert_eq!(fs::read_dir(kit.top().join("kernel")).expect("a directory").count(), old, "{change:?}");
    }
    let twice = [dir("kernel/a", "x"), dir("kernel/a/b", "x")];
    assert!(matches!(
        Landing::stage(&kit.work(), kit.top(), &twice, serde_json::Value::Null),
        Err(FilesError::Outside { .. })
    ));
}

/// The process runs itself once more under a limit of 512 or 1024 bytes for a file, which fails like a full disk.
#[test]
fn a_full_disk_leaves_the_old_state() {
    let name = "files::landing::tests::a_full_disk_leaves_the_old_state";
    let big = Change::Dir {
        target: "kernel/patches-6.6.x".into(),
        files: vec![("0001-a.patch".to_owned(), b"a\n".to_vec()), ("0002-b.patch".to_owned(), vec![b'x'; 65_536])],
        keep: vec!["README".into()],
    };
    if let Some(top) = std::env::var_os("KPATCH_TEST_FULL_DISK") {
        let top = PathBuf::from(top);
        let work = top.join("kernel").join(WORK_DIR);
        let error = Landing::stage(&work, &top, &[big], serde_json::Value::Null).expect_err("no room");
        assert!(
            matches!(&error, FilesError::Io { what: "write", source, .. } if source.kind() == io::ErrorKind::FileTooLarge),
            "{error:?}"
        );
        return;
    }
    let kit = Kit::new();
    let old = snapshot(kit.top());
    let output = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f 1; exec "$0" --exact "$1""#])
        .arg(std::env::current_exe().expect("a name"))
        .arg(name)
        .env("KPATCH_TEST_FULL_DISK", kit.top())
        .output()
        .expect("sh runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(snapshot(kit.top()), old);
}

#[test]
fn a_failed_update_of_refs_withdraws_the_landing() {
    let kit = Kit::new();
    let old = snapshot(kit.top());
    let landing = Landing::stage(&kit.work(), kit.top(), &Kit::changes(), "the refs".into()).expect("staged");
    let error = landing.commit().expect("committed").finish(|_| Err("the branch has moved")).expect_err("refused");
    assert_eq!(std::error::Error::source(&error).expect("a source").to_string(), "the branch has moved");
    assert_eq!(snapshot(kit.top()), old);
}

#[test]
fn what_others_changed_meanwhile_is_never_overwritten() {
    let kit = Kit::new();
    let landing = Landing::stage(&kit.work(), kit.top(), &Kit::changes(), "the refs".into()).expect("staged");
    let edited = kit.top().join("kernel/patches-6.6.x/0003-c.patch");
    fs::write(&edited, "an evening's work\n").expect("written");
    let before: Snapshot =
        snapshot(kit.top()).into_iter().filter(|(path, _)| !path.starts_with("kernel/.kpatch")).collect();
    let error = landing.commit().expect("committed").finish(|refs| kit.update(refs)).expect_err("changed");
    assert!(matches!(error, FilesError::Changed { .. }), "{error}");
    assert!(!kit.refs_are_new.get());
    assert_eq!(snapshot(kit.top()), before);
}

#[test]
fn an_edit_after_a_crash_stops_the_recovery_until_it_is_put_right() {
    let kit = Kit::new();
    let old = snapshot(kit.top());
    let landing = Landing::stage(&kit.work(), kit.top(), &Kit::changes(), "the refs".into()).expect("staged");
    let _dead = landing.commit().expect("committed");
    let makefile = kit.top().join("kernel/Makefile");
    let text = fs::read(&makefile).expect("a file");
    fs::write(&makefile, "edited\n").expect("written");
    let recover = || Landing::recover(&kit.work(), kit.top(), |refs| kit.update(refs));
    assert!(matches!(recover(), Err(FilesError::Changed { .. })));
    assert!(!kit.refs_are_new.get());
    assert!(matches!(
        Landing::stage(&kit.work(), kit.top(), &[], serde_json::Value::Null),
        Err(FilesError::Unfinished { .. })
    ));
    assert!(matches!(Landing::discard(&kit.work(), kit.top()), Err(FilesError::Begun { .. })));
    fs::write(&makefile, text).expect("written");
    assert_eq!(recover().expect("recovers"), Recovered::Completed);
    assert_eq!(snapshot(kit.top()), Kit::expected(&old));

    let kit = Kit::new();
    let landing = Landing::stage(&kit.work(), kit.top(), &Kit::changes(), "the refs".into()).expect("staged");
    let _dead = landing.commit().expect("committed");
    assert!(Landing::discard(&kit.work(), kit.top()).expect("discarded"));
    assert!(!Landing::discard(&kit.work(), kit.top()).expect("nothing"));
    assert_eq!(snapshot(kit.top()), old);
}

#[test]
fn both_ways_to_exchange_are_really_taken() {
    let dir = tempfile::tempdir().expect("a directory");
    for name in ["a", "b"] {
        fs::create_dir(dir.path().join(name)).expect("made");
        fs::write(dir.path().join(name).join(name), name).expect("written");
    }
    let exchanged = exchange(&dir.path().join("a"), &dir.path().join("b")).expect("exchanged");
    assert_eq!(exchanged, dir.path().join("a/b").exists());
    assert!(exchanged || !cfg!(target_os = "linux"));
}
