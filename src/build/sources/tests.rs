#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod release;
mod signed;
mod work;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::event::{Interrupt, Observer, Silent};

pub(super) const MAKEFILE: &str = "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 176\nEXTRAVERSION =\n";
pub(super) const DATE: i64 = 1_700_000_000;
pub(super) const PATCH: &str = "From: A <a@example.org>\nSubject: [PATCH] change\n\n---\n\
    --- a/init/main.c\n+++ b/init/main.c\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n\
    diff --git a/old/gone.h b/old/gone.h\ndeleted file mode 100644\n--- a/old/gone.h\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n\
    diff --git a/tools/new.sh b/tools/new.sh\nnew file mode 100755\n--- /dev/null\n+++ b/tools/new.sh\n@@ -0,0 +1 @@\n+#!/bin/sh\n";

/// A kit, and a release both as a repository and as an archive.
pub(super) struct Sandbox {
    pub(super) dir: TempDir,
    pub(super) kit: Kit,
    pub(super) version: KernelVersion,
    pub(super) patches: Vec<PatchFile>,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let linux = dir.path().join("linux");
        for (path, text) in [
            ("Makefile", MAKEFILE),
            ("Kbuild", "obj-y += init/\n"),
            ("init/main.c", "one\ntwo\nthree\n"),
            ("init/twice.c", "one\ntwo\nthree\n"),
            ("init-x/a.c", "$Format:%H$\r\n"),
            ("old/gone.h", "gone\n"),
            ("scripts/run.sh", "#!/bin/sh\n"),
            (".gitattributes", "*.c text eol=crlf\n*.c filter=lfs\n"),
            ("docs/ä b.txt", ""),
        ] {
            let path = linux.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::set_permissions(linux.join("scripts/run.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("../init/main.c", linux.join("docs/main.c")).unwrap();
        git(&linux, &["init", "-q"]);
        // As the files are: attributes are for those who check out.
        git(
            &linux,
            &["-c", "core.attributesFile=/dev/null", "add", "--", "Makefile", "Kbuild", "old", "scripts", "docs"],
        );
        for path in ["init/main.c", "init/twice.c", "init-x/a.c", ".gitattributes"] {
            let id = git(&linux, &["hash-object", "-w", "--no-filters", path]);
            git(&linux, &["update-index", "--add", "--cacheinfo", &format!("100644,{id},{path}")]);
        }
        git(&linux, &["commit", "-q", "-m", "Linux 6.1.176"]);
        git(&linux, &["tag", "v6.1.176"]);
        let kernel = dir.path().join("kit/kernel");
        fs::create_dir_all(kernel.join("patches-6.1.x")).unwrap();
        fs::write(kernel.join("Makefile"), "KERNELS_all=6.1.176\n").unwrap();
        let kit = Kit::open(&dir.path().join("kit")).unwrap();
        let patches = vec![PatchFile { name: "kernel/patches-6.1.x/0001-change.patch".into(), bytes: PATCH.into() }];
        Self { dir, kit, version: "6.1.176".parse().unwrap(), patches }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn store(&self) -> Store {
        Store::open(&self.path("linux")).unwrap()
    }

    /// The release as an archive without compression, with the files as the repository has them.
    pub(super) fn tar(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for line in git(&self.path("linux"), &["-c", "core.quotePath=false", "ls-tree", "-r", "v6.1.176"]).lines() {
            let (head, path) = line.split_once('\t').unwrap();
            let fields: Vec<&str> = head.split(' ').collect();
            let content = git_bytes(&self.path("linux"), &["cat-file", "blob", fields[2]]);
            let mut header = tar::Header::new_gnu();
            header.set_mtime(DATE as u64);
            header.set_mode(if fields[0] == "100755" { 0o775 } else { 0o664 });
            let name = format!("linux-6.1.176/{path}");
            if fields[0] == "120000" {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                archive.append_link(&mut header, name, std::str::from_utf8(&content).unwrap()).unwrap();
            } else {
                header.set_size(content.len() as u64);
                archive.append_data(&mut header, name, content.as_slice()).unwrap();
            }
        }
        archive.into_inner().unwrap()
    }

    /// Writes a file beside the others.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The release as a tarball of the usual name.
    pub(super) fn tarball(&self) -> Tarball {
        Tarball { file: self.write("linux-6.1.176.tar.xz", &xz(&self.tar())), ..Tarball::default() }
    }

    pub(super) fn request<'a>(&'a self, origin: Origin<'a>, work: &'a Path) -> SourceRequest<'a> {
        SourceRequest {
            kit: &self.kit,
            version: &self.version,
            origin,
            patches: &self.patches,
            work,
            with_tarball: false,
            epoch: None,
            jobs: 2,
        }
    }

    pub(super) fn prepare(&self, origin: Origin<'_>) -> Result<Prepared, BuildError> {
        prepare(&self.request(origin, &self.path("work")), quiet())
    }

    /// Fails if something is left of work that failed.
    pub(super) fn assert_nothing_left(&self, about: &str) {
        let left: Vec<_> =
            fs::read_dir(self.path("work")).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "{about}");
    }
}

pub(super) fn quiet() -> Watch<'static> {
    static INTERRUPT: Interrupt = Interrupt::new();
    Watch { observer: &Silent, interrupt: &INTERRUPT }
}

/// Raises the interrupt at the n-th step.
pub(super) struct StopAt<'a> {
    pub(super) interrupt: &'a Interrupt,
    pub(super) left: std::cell::Cell<usize>,
}

impl Observer for StopAt<'_> {
    fn event(&self, _event: &Event) {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => self.interrupt.raise(),
        }
    }
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn git_bytes(dir: &Path, args: &[&str]) -> Vec<u8> {
    let mut command = Command::new("git");
    command.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("LC_ALL", "C")]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@example.org");
        command.env(format!("GIT_{who}_DATE"), format!("{DATE} +0000"));
    }
    let output = command.args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

pub(super) fn git(dir: &Path, args: &[&str]) -> String {
    String::from_utf8(git_bytes(dir, args)).unwrap().trim().to_owned()
}

/// All files of a tree that are the release's own: path, mode as far as it counts, contents.
pub(super) fn listed(top: &Path) -> Vec<(String, String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut dirs = vec![top.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            let meta = fs::symlink_metadata(&path).unwrap();
            if name.starts_with(".kpatch-") || name.starts_with("obj-") {
            } else if meta.is_symlink() {
                found.push((name, "link".into(), fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()));
            } else if meta.is_dir() {
                dirs.push(path);
            } else {
                let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100;
                found.push((name, format!("{mode:o}"), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
