//! Builder images made here: Debian with all that a kernel is compiled with, as an OCI layout.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::run::{failed, run};
use crate::arch::Arch;
use crate::build::error::cannot;
use crate::build::{BuildError, Watch};
use crate::event::Event;
use crate::oci::{Compression, ImageSpec, LayerSpec, Layout, Tag};
use crate::process::Command;

/// What a builder has: `toolchain.sh` finds nothing missing, whatever is built.
const PACKAGES: [&str; 30] = [
    "bc",
    "bison",
    "ca-certificates",
    "ccache",
    "cpio",
    "diffutils",
    "findutils",
    "flex",
    "gcc",
    "g++",
    "gzip",
    "kmod",
    "libc6-dev",
    "libcap-dev",
    "libdw-dev",
    "libelf-dev",
    "libncurses-dev",
    "libssl-dev",
    "libtraceevent-dev",
    "libzstd-dev",
    "linux-libc-dev",
    "make",
    "patch",
    "perl",
    "pkg-config",
    "python3-minimal",
    "rsync",
    "tar",
    "xz-utils",
    "zlib1g-dev",
];
/// What is left over from installing: caches, logs, and what would differ from one time to the next.
const LEFT_OVER: [&str; 15] = [
    "dev",
    "proc",
    "sys",
    "run",
    "tmp",
    "debootstrap",
    "var/cache",
    "var/lib/apt/lists",
    "var/log",
    "var/tmp",
    "etc/hostname",
    "etc/resolv.conf",
    "etc/machine-id",
    "var/lib/dbus/machine-id",
    "etc/.pwd.lock",
];
/// Directories that have to be there although they are empty.
const KEPT_EMPTY: [&str; 9] = [
    "dev",
    "proc",
    "sys",
    "run",
    "tmp",
    "var/cache/apt/archives/partial",
    "var/lib/apt/lists/partial",
    "var/log",
    "var/tmp",
];
const DAY: i64 = 24 * 60 * 60;

/// The builder image to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBuilder {
    /// The Debian release: `bookworm`.
    pub suite: String,
    /// Where its packages are; the usual place if absent.
    pub mirror: Option<String>,
    /// What it runs on.
    pub arch: Arch,
    /// For which other architectures it compiles.
    pub targets: Vec<Arch>,
    /// Packages besides the usual ones.
    pub packages: Vec<String>,
    /// The layout that it is put into.
    pub layout: PathBuf,
    /// The moment that all its files get, in seconds since 1970.
    pub epoch: i64,
}

/// A builder image that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedBuilder {
    /// How `--builder-image` names it: `oci:DIR:TAG`.
    pub reference: String,
    /// Its tag: the release and a hash of its contents.
    pub tag: String,
    /// The digest of its manifest.
    pub digest: String,
}

/// Makes a builder image. The same packages give the same image.
///
/// # Errors
/// When neither mmdebstrap nor debootstrap is there, or what they said.
pub fn create_builder(new: &NewBuilder, watch: Watch<'_>) -> Result<CreatedBuilder, BuildError> {
    let above = new.layout.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(above).map_err(cannot("create", above))?;
    let work =
        tempfile::Builder::new().prefix(".kpatch-builder-").tempdir_in(above).map_err(cannot("write in", above))?;
    let root = work.path().join("root");
    bootstrap(new, &root, watch)?;
    watch.observer.event(&Event::Stage { name: "cleaning the builder image".into(), total: None });
    clean(&root, new.epoch)?;
    write(new, &root, watch)
}

fn bootstrap(new: &NewBuilder, root: &Path, watch: Watch<'_>) -> Result<(), BuildError> {
    let stage = format!("getting the packages of Debian {}", new.suite);
    watch.observer.event(&Event::Stage { name: stage.clone().into(), total: None });
    let mut packages: Vec<String> = PACKAGES.iter().map(|name| (*name).to_owned()).collect();
    packages.extend(new.targets.iter().filter(|arch| **arch != new.arch).map(|arch| cross_compiler(*arch).to_owned()));
    packages.extend(new.packages.iter().cloned());
    packages.sort();
    packages.dedup();
    let list = packages.join(",");
    let mirror = new.mirror.iter().map(String::as_str);
    let common = |program: &str| {
        let command =
            Command::new(program).keep_env(["HOME", "http_proxy", "https_proxy", "no_proxy"]).env("LC_ALL", "C");
        command.env("SOURCE_DATE_EPOCH", new.epoch.to_string()).env("DEBIAN_FRONTEND", "noninteractive")
    };
    let architecture = debian(new.arch);
    let programs = [
        common("mmdebstrap")
            .args([
                "--variant=apt",
                "--quiet",
                &format!("--architectures={architecture}"),
                &format!("--include={list}"),
            ])
            .arg(&new.suite)
            .arg(root)
            .args(mirror.clone()),
        debootstrap(&common)
            .args(["--variant=minbase", &format!("--arch={architecture}"), &format!("--include={list}")])
            .arg(&new.suite)
            .arg(root)
            .args(mirror),
    ];
    for command in programs {
        match run(command, watch) {
            Ok(_) => return Ok(()),
            Err(error) if super::is_missing(&error) => {}
            Err(error) => {
                let is_root = rustix::process::geteuid().is_root();
                let way_out = "debootstrap has to run as root; mmdebstrap need not: apt-get install mmdebstrap";
                return Err(match failed(stage, error) {
                    BuildError::Stage { stage, said, log, source, .. } if !is_root => {
                        BuildError::Stage { stage, said, log, hint: Some(way_out.to_owned()), source }
                    }
                    other => other,
                });
            }
        }
    }
    Err(BuildError::Tools { stage, missing: vec!["mmdebstrap".into()], packages: vec!["mmdebstrap".into()] })
}

/// debootstrap in a mount namespace of its own, where there can be one: it mounts proc in the new system, and what is mounted there goes
/// with the namespace, also when debootstrap is killed.
fn debootstrap(common: &dyn Fn(&str) -> Command) -> Command {
    const NAMESPACE: [&str; 2] = ["--mount", "--propagation=private"];
    let is_there = crate::build::native::tools::find("debootstrap").is_some();
    let can_unshare = || Command::new("unshare").args(NAMESPACE).arg("true").output().is_ok();
    if is_there && can_unshare() { common("unshare").args(NAMESPACE).arg("debootstrap") } else { common("debootstrap") }
}

/// Debian's name of an architecture.
fn debian(arch: Arch) -> &'static str {
    // The same words as images use, for those that there are here.
    arch.oci()
}

/// The package with the compiler for an architecture, on another one.
fn cross_compiler(arch: Arch) -> &'static str {
    match arch {
        Arch::Aarch64 => "gcc-aarch64-linux-gnu",
        Arch::Riscv64 => "gcc-riscv64-linux-gnu",
        Arch::S390x => "gcc-s390x-linux-gnu",
        Arch::X86_64 => "gcc-x86-64-linux-gnu",
    }
}

/// Takes away what is of no use or differs from one time to the next.
fn clean(root: &Path, epoch: i64) -> Result<(), BuildError> {
    for name in LEFT_OVER {
        remove(&root.join(name))?;
    }
    for name in KEPT_EMPTY {
        let dir = root.join(name);
        fs::create_dir_all(&dir).map_err(cannot("create", &dir))?;
    }
    remove_named(root, &|path, name| {
        // Backups of the package manager's lists, and what python compiled for itself.
        name == "__pycache__"
            || (name.ends_with("-old") && path.starts_with(root.join("var/lib")))
            || name.ends_with('-') && path.parent() == Some(&root.join("etc"))
    })?;
    // The last change of each password, in days since 1970, is the day on which the image is made.
    let shadow = root.join("etc/shadow");
    if let Ok(text) = fs::read_to_string(&shadow) {
        let day = (epoch / DAY).to_string();
        let lines = text.lines().map(|line| {
            let mut fields: Vec<&str> = line.split(':').collect();
            if let Some(field) = fields.get_mut(2) {
                *field = &day;
            }
            fields.join(":") + "\n"
        });
        let text: String = lines.collect();
        fs::write(&shadow, text).map_err(cannot("write", &shadow))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), BuildError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes what `is_unwanted` says, by its path and its name.
fn remove_named(dir: &Path, is_unwanted: &dyn Fn(&Path, &str) -> bool) -> Result<(), BuildError> {
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        let entry = entry.map_err(cannot("read", dir))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(cannot("look at", &path))?;
        if entry.file_name().to_str().is_some_and(|name| is_unwanted(&path, name)) {
            remove(&path)?;
        } else if kind.is_dir() {
            remove_named(&path, is_unwanted)?;
        }
    }
    Ok(())
}

/// What a layout refused.
fn wrong(error: crate::oci::Error) -> BuildError {
    match error {
        crate::oci::Error::Io { what, path, source } => BuildError::Io { what, path, source },
        crate::oci::Error::Interrupted => BuildError::Interrupted,
        other => BuildError::Input(other.to_string(), None),
    }
}

/// Puts the image into its layout.
fn write(new: &NewBuilder, root: &Path, watch: Watch<'_>) -> Result<CreatedBuilder, BuildError> {
    let layout = Layout::create(&new.layout).map_err(wrong)?;
    let _hold = layout.hold(watch.interrupt).map_err(wrong)?;
    let mut entries: Vec<(PathBuf, PathBuf)> = Vec::new();
    for entry in fs::read_dir(root).map_err(cannot("read", root))? {
        let entry = entry.map_err(cannot("read", root))?;
        entries.push((entry.path(), PathBuf::from(entry.file_name())));
    }
    let layer = LayerSpec { entries, created_by: format!("kpatch builder create, Debian {}", new.suite) };
    let spec = ImageSpec {
        arch: new.arch,
        epoch: new.epoch,
        labels: &BTreeMap::new(),
        layers: &[layer],
        compression: Compression::Gzip,
    };
    let manifest = layout.write_image(&spec, watch.observer, watch.interrupt).map_err(wrong)?;
    let digest = manifest.digest().to_string();
    let hash = digest.rsplit(':').next().unwrap_or_default();
    let tag = format!("{}-{}-{}", new.suite, new.arch.oci(), &hash[..hash.len().min(16)]);
    let named = Tag { reference: tag.clone(), manifest, index: false };
    layout.tag(&[named], &[], watch.interrupt).map_err(wrong)?;
    let dir = fs::canonicalize(&new.layout).map_err(cannot("open", &new.layout))?;
    Ok(CreatedBuilder { reference: format!("oci:{}:{tag}", dir.display()), tag, digest })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_day_to_day_goes() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("etc/shadow", "root:*:20417:0:99999:7:::\n");
        write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        write("etc/passwd-", "old");
        write("etc/machine-id", "1");
        write("var/log/dpkg.log", "now");
        write("var/lib/dpkg/status", "Package: a\n");
        write("var/lib/dpkg/status-old", "");
        write("usr/lib/python3/__pycache__/a.pyc", "");
        write("usr/bin/x-old", "a program");
        clean(root, 86_400 * 100).unwrap();
        let read = |path: &str| fs::read_to_string(root.join(path)).ok();
        assert_eq!(read("etc/shadow").as_deref(), Some("root:*:100:0:99999:7:::\n"));
        for gone in [
            "etc/passwd-",
            "etc/machine-id",
            "var/log/dpkg.log",
            "var/lib/dpkg/status-old",
            "usr/lib/python3/__pycache__",
        ] {
            assert!(!root.join(gone).exists(), "{gone}");
        }
        for kept in ["etc/passwd", "var/lib/dpkg/status", "usr/bin/x-old", "proc", "var/lib/apt/lists/partial"] {
            assert!(root.join(kept).exists(), "{kept}");
        }
    }
}
