use std::fs;
use std::process::Command;

use super::*;

/// A repository with `files`, committed, whose kit is in `folder` of it.
struct Repo {
    dir: tempfile::TempDir,
    kit: Kit,
}

impl Repo {
    fn new(folder: &str, files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let top = dir.path().join(folder);
        for (name, text) in files {
            write(&top.join(name), text);
        }
        let kit = Kit::open(&top).expect("a kit");
        let repo = Self { dir, kit };
        repo.git(&["init", "-q", "--template="]);
        repo.commit();
        repo
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "x"]);
    }

    fn git(&self, args: &[&str]) -> String {
        self.shell("git \"$@\"", args)
    }

    /// What a shell prints at the top of the repository, without the line feed.
    fn shell(&self, script: &str, args: &[&str]) -> String {
        let name = ["A U Thor", "a@example.org"];
        let output = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(args)
            .current_dir(self.dir.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", name[0]), ("GIT_COMMITTER_NAME", name[0])])
            .envs([("GIT_AUTHOR_EMAIL", name[1]), ("GIT_COMMITTER_EMAIL", name[1])])
            .output()
            .expect("sh runs");
        assert!(output.status.success(), "{script} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }

    fn images(&self, series: &str, changes: &[Change]) -> Result<String, KitError> {
        Hashes::of(&self.kit, changes).expect("readable").expect("a commit").images(series)
    }

    /// The hash of a series as a Makefile would compute it of the last commit.
    fn by_shell(&self, kernel: &str, series: &[&str]) -> String {
        let list = "cd \"$1\" && k=$PWD && shift && shared=$(git ls-tree -r --full-tree HEAD -- $k/Makefile $k/common | \
                    git hash-object --stdin) && for s; do set -- \"$@\" \"$k/$s\"; shift; done && \
                    (echo $shared; git ls-tree --full-tree HEAD -- \"$@\") | git hash-object --stdin";
        self.shell(list, &[&[kernel], series].concat())
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, text).expect("written");
}

fn file(target: &str, old: Option<&str>, new: Option<&str>) -> Change {
    let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    Change::File { target: target.into(), old: bytes(old), new: bytes(new), executable: false }
}

const PER_SERIES: &[(&str, &str)] = &[
    ("kernel/Makefile", "all:\n"),
    ("kernel/common/Dockerfile", "FROM scratch\n"),
    ("kernel/common/scripts/ä\"b.sh", "x\n"),
    ("kernel/common/.hidden", "y\n"),
    ("kernel/6.6.x/build-args", "KERNEL_VERSION=6.6.13\n"),
    ("kernel/6.6.x/patches/0001-a.patch", "a\n"),
    ("kernel/6.6.x/patches/0002-b.patch", "b\n"),
    ("kernel/6.6.x-rt/config-x86_64", "CONFIG_RT=y\n"),
    ("kernel/6.12.x/build-args", "KERNEL_VERSION=6.12.59\n"),
    ("test/pkg/check/check.sh", "true\n"),
];

const FLAT: &[(&str, &str)] = &[
    ("kernel/Makefile", "KERNELS_all=6.6.13 5.15.27\n"),
    ("kernel/patches-6.6.x/0001-a.patch", "a\n"),
    ("kernel/config-6.6.x-x86_64", "CONFIG_X=y\n"),
];

#[test]
fn a_flat_kit_has_one_hash() {
    for folder in [".", "linux/kit"] {
        let repo = Repo::new(folder, FLAT);
        let tree = repo.git(&["rev-parse", &format!("HEAD:./{folder}/kernel")]);
        assert_eq!(repo.images("6.6.x", &[]).expect("a hash"), tree);
        assert_eq!(repo.images("5.15.x", &[]).expect("a hash"), tree);
    }
}

#[test]
fn each_series_has_a_hash_of_its_own() {
    for folder in [".", "linux/kit"] {
        let repo = Repo::new(folder, PER_SERIES);
        let kernel = format!("{folder}/kernel");
        for series in ["6.6.x", "6.12.x"] {
            assert_eq!(repo.images(series, &[]).expect("a hash"), repo.by_shell(&kernel, &[series]), "{series}");
        }
        let variant = repo.images("6.6.x-rt", &[]).expect("a hash");
        assert_eq!(variant, repo.by_shell(&kernel, &["6.6.x", "6.6.x-rt"]));
        for unknown in ["6.7.x", "6.12.x-rt", "5.4.x"] {
            let error = repo.images(unknown, &[]).expect_err(unknown);
            assert!(matches!(error, KitError::NoDirectory { .. }), "{error}");
        }
    }
}

#[test]
fn changes_count_as_if_they_were_committed() {
    let repo = Repo::new("kit", PER_SERIES);
    let changes = [
        file("kernel/6.6.x/build-args", Some("KERNEL_VERSION=6.6.13\n"), Some("KERNEL_VERSION=6.6.14\n")),
        Change::Dir {
            target: "kernel/6.6.x/patches".into(),
            files: vec![("0001-b.patch".into(), b"b\n".to_vec())],
            keep: Vec::new(),
        },
        Change::File {
            target: "kernel/common/new.sh".into(),
            old: None,
            new: Some(b"#!\n".to_vec()),
            executable: true,
        },
        file("kernel/6.12.x/build-args", Some("KERNEL_VERSION=6.12.59\n"), None),
        Change::Dir { target: "kernel/6.6.x-rt".into(), files: Vec::new(), keep: vec!["config-x86_64".into()] },
        file("test/pkg/check/check.sh", Some("true\n"), Some("false\n")),
    ];
    let before = repo.images("6.6.x", &[]).expect("a hash");
    let objects = fs::read_dir(repo.dir.path().join(".git/objects")).expect("there").count();
    let foretold = ["6.6.x", "6.6.x-rt"].map(|series| repo.images(series, &changes).expect("a hash"));
    assert!(matches!(repo.images("6.12.x", &changes), Err(KitError::NoDirectory { .. })));
    let package_told = package(&repo.kit, "test/pkg/check", &changes).expect("readable").expect("a package");
    assert_eq!(
        fs::read_dir(repo.dir.path().join(".git/objects")).expect("there").count(),
        objects,
        "nothing is written"
    );
    repo.shell(
        "cd kit/kernel && echo KERNEL_VERSION=6.6.14 >6.6.x/build-args && rm 6.6.x/patches/* 6.12.x/build-args && \
         echo b >6.6.x/patches/0001-b.patch && printf '#!\\n' >common/new.sh && chmod +x common/new.sh && \
         echo false >../test/pkg/check/check.sh",
        &[],
    );
    repo.commit();
    assert_ne!(before, foretold[0]);
    assert_eq!(foretold[0], repo.by_shell("kit/kernel", &["6.6.x"]));
    assert_eq!(foretold[1], repo.by_shell("kit/kernel", &["6.6.x", "6.6.x-rt"]));
    assert_eq!(package_told, repo.git(&["rev-parse", "HEAD:kit/test/pkg/check"]));
    assert_eq!(package(&repo.kit, "test/pkg/none", &[]).expect("readable"), None);
}

#[test]
fn programs_stay_programs_and_directories_that_become_empty_go() {
    let repo = Repo::new(".", FLAT);
    repo.shell("echo x >kernel/run.sh && chmod +x kernel/run.sh", &[]);
    repo.commit();
    let changes = [
        file("kernel/run.sh", Some("x\n"), Some("y\n")),
        Change::Dir { target: "kernel/patches-6.6.x".into(), files: Vec::new(), keep: Vec::new() },
    ];
    let foretold = repo.images("6.6.x", &changes).expect("a hash");
    repo.shell("echo y >kernel/run.sh && rm -r kernel/patches-6.6.x", &[]);
    repo.commit();
    assert_eq!(foretold, repo.git(&["rev-parse", "HEAD:kernel"]));
}

#[test]
fn what_is_not_committed_is_listed() {
    let repo = Repo::new("kit", PER_SERIES);
    let list = || -> Vec<String> {
        let dirty = dirty(&repo.kit).expect("readable").expect("a repository");
        dirty.iter().map(|path| path.display().to_string()).collect()
    };
    repo.shell("echo ignored >kit/.gitignore", &[]);
    repo.commit();
    repo.shell("touch kit/kernel/Makefile kit/new kit/kernel/ignored && mkdir kit/kernel/.kpatch && touch kit/kernel/.kpatch/lock", &[]);
    assert_eq!(list(), Vec::<String>::new(), "a touched file, files elsewhere, ignored ones and the lock do not count");
    repo.shell("echo x >>kit/kernel/Makefile", &[]);
    assert_eq!(list(), ["kernel/Makefile"]);
    repo.shell("git add kit/kernel/Makefile && echo y >kit/kernel/6.6.x/patches/0003-c.patch", &[]);
    assert_eq!(list(), ["kernel/Makefile", "kernel/6.6.x/patches/0003-c.patch"]);
    repo.shell("git checkout -q HEAD kit/kernel/Makefile && rm kit/kernel/6.6.x/patches/0003-c.patch kit/kernel/common/.hidden", &[]);
    assert_eq!(list(), ["kernel/common/.hidden"]);
}

#[test]
fn without_a_commit_there_is_no_hash() {
    let dir = tempfile::tempdir().expect("a directory");
    write(&dir.path().join("kernel/Makefile"), "KERNELS_all=6.6.13\n");
    let kit = Kit::open(dir.path()).expect("a kit");
    assert!(Hashes::of(&kit, &[]).expect("readable").is_none());
    assert_eq!(dirty(&kit).expect("readable"), None);
    let done = Command::new("git").args(["init", "-q"]).current_dir(dir.path()).status().expect("git runs");
    assert!(done.success());
    assert!(Hashes::of(&kit, &[]).expect("readable").is_none());
    assert_eq!(package(&kit, "kernel", &[]).expect("readable"), None);
}
