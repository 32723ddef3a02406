//! Kernels of distributions as kernel images: packages in, the files of an image out.
//!
//! Packages are read as streams, and judged entry by entry: what leads out of a package, or is more than a kernel can be, is refused. Only the
//! modules are unpacked, since `depmod` has to read them; packages do not come with `modules.dep`.

mod deb;
mod entry;
mod identity;
mod package;
mod place;
mod rpm;
mod sink;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::cannot;
use super::{BuildError, Output, Watch};
use crate::arch::Arch;
use crate::event::Event;
use crate::kconfig::Config;
use crate::oci;
use crate::text::hex;
use entry::Limits;
use package::Package;
use sink::Sink;

/// A package that the image is made of.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ForeignPackage {
    /// Its name: `linux-image-6.1.0-56-amd64`.
    pub name: String,
    /// Its version: `6.1.192-2`.
    pub version: String,
    /// The checksum of the file, 64 hex digits.
    pub sha256: String,
}

/// A kernel that was repacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// What `uname -r` will say.
    pub release: String,
    /// Its architecture.
    pub arch: Arch,
    /// The distribution in one word: `debian`.
    pub distribution: String,
    /// The version of the package with the kernel.
    pub version: String,
    /// Who compiled it, as `/kernel-builder` says it.
    pub builder: String,
    /// The moment that all timestamps get, in seconds since 1970: when the youngest of the packages was built.
    pub epoch: i64,
    /// What it was made of, ordered by name.
    pub packages: Vec<ForeignPackage>,
    /// How many modules it has.
    pub modules: usize,
    /// Whether there are headers to compile modules with.
    pub has_dev: bool,
    /// Whether there are headers for programs.
    pub has_headers: bool,
}

/// Repacks the packages of one kernel into an output directory, which must not exist.
///
/// # Errors
/// For what is no package, is damaged or hostile, has no kernel or several; when `depmod` is missing or fails. The output directory is then
/// incomplete.
pub fn repack(files: &[PathBuf], output: &Output, watch: Watch<'_>) -> Result<Foreign, BuildError> {
    repack_within(files, output, &Limits::default(), watch)
}

/// A package with its file and checksum.
struct Opened {
    path: PathBuf,
    package: Package,
    sha256: String,
}

fn repack_within(files: &[PathBuf], output: &Output, limits: &Limits, watch: Watch<'_>) -> Result<Foreign, BuildError> {
    let mut packages = open_all(files, watch)?;
    // Whatever the order on the command line: the same packages give the same bytes.
    packages.sort_by(|a, b| (&a.package.facts().name, &a.sha256).cmp(&(&b.package.facts().name, &b.sha256)));
    let arch = one_arch(&packages)?;
    let epoch = packages.iter().map(|opened| opened.package.facts().epoch).max().unwrap_or(0);
    let mut sink = Sink::new(output, epoch)?;
    for opened in &packages {
        let name = format!("reading {}", opened.package.facts().name);
        watch.observer.event(&Event::Stage { name: name.into(), total: None });
        opened.package.read(limits, &mut |entry, content| {
            if watch.interrupt.is_raised() {
                return Err(BuildError::Interrupted);
            }
            sink.take(&opened.path, &entry, content)
        })?;
    }
    let kernel = kernel_package(&packages, &sink)?;
    let release = sink.release.clone().unwrap_or_default();
    let found = super::boot::read_header(&output.root().join("kernel")).map_err(cannot("read", &output.root()))?;
    if let Some(found) = found.filter(|found| found.arch != arch) {
        let message = format!("the packages say that they are for {arch}, but the kernel is one for {}", found.arch);
        return Err(BuildError::Input(message, None));
    }
    let config = read_config(output)?;
    let facts = kernel.package.facts();
    let builder = identity::compiler(&facts.vendor, &config);
    let mut foreign = Foreign {
        arch,
        distribution: facts.vendor.clone(),
        version: facts.version.clone(),
        builder,
        epoch,
        packages: packages.iter().map(described).collect(),
        modules: sink.modules,
        has_dev: false,
        has_headers: false,
        release,
    };
    if sink.modules > 0 && !sink.has_dep {
        index_modules(output, &foreign.release, watch)?;
    }
    (foreign.has_dev, foreign.has_headers) = sink.finish()?;
    finish(output, &foreign, &facts.source)?;
    Ok(foreign)
}

fn described(opened: &Opened) -> ForeignPackage {
    let facts = opened.package.facts();
    ForeignPackage { name: facts.name.clone(), version: facts.version.clone(), sha256: opened.sha256.clone() }
}

fn open_all(files: &[PathBuf], watch: Watch<'_>) -> Result<Vec<Opened>, BuildError> {
    let mut packages = Vec::new();
    let mut seen = BTreeSet::new();
    for path in files {
        let package = Package::open(path)?;
        let mut hash = Sha256::new();
        let mut file = fs::File::open(path).map_err(cannot("open", path))?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            if watch.interrupt.is_raised() {
                return Err(BuildError::Interrupted);
            }
            let count = file.read(&mut buffer).map_err(cannot("read", path))?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
        }
        let sha256 = hex(&hash.finalize());
        // The same file twice is the same file.
        if seen.insert(sha256.clone()) {
            packages.push(Opened { path: path.clone(), package, sha256 });
        }
    }
    Ok(packages)
}

/// The one architecture of all packages that have one.
fn one_arch(packages: &[Opened]) -> Result<Arch, BuildError> {
    let mut known: Option<(Arch, &Path)> = None;
    for opened in packages {
        let Some(arch) = opened.package.facts().known_arch(&opened.path)? else { continue };
        match known {
            Some((other, path)) if other != arch => {
                let message = format!("'{}' is for {other}, '{}' for {arch}", path.display(), opened.path.display());
                return Err(BuildError::Input(message, Some("an image is made of the packages of one kernel".into())));
            }
            _ => known = Some((arch, &opened.path)),
        }
    }
    known.map(|(arch, _)| arch).ok_or_else(|| no_kernel(packages))
}

/// The package that the kernel came from.
fn kernel_package<'a>(packages: &'a [Opened], sink: &Sink) -> Result<&'a Opened, BuildError> {
    let from = sink.kernel_from.as_deref();
    packages.iter().find(|opened| Some(opened.path.as_path()) == from).ok_or_else(|| no_kernel(packages))
}

fn no_kernel(packages: &[Opened]) -> BuildError {
    let names: Vec<&str> = packages.iter().map(|opened| opened.package.facts().name.as_str()).collect();
    let message = format!("there is no kernel in {}", names.join(", "));
    let hint = "the package with boot/vmlinuz-* has to be among them: linux-image-* of Debian and Ubuntu, kernel-core of Fedora";
    BuildError::Input(message, Some(hint.into()))
}

fn read_config(output: &Output) -> Result<Config, BuildError> {
    let path = output.root().join("kernel_config");
    match fs::read(&path) {
        Ok(bytes) => Ok(Config::parse(&bytes).unwrap_or_default()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => Err(cannot("read", &path)(error)),
    }
}

/// Lets `depmod` write `modules.dep` and its like.
fn index_modules(output: &Output, release: &str, watch: Watch<'_>) -> Result<(), BuildError> {
    let stage = format!("indexing the modules of {release}");
    watch.observer.event(&Event::Stage { name: stage.clone().into(), total: None });
    // Where it is on Debian is not always on the path of a user.
    let path = std::env::var("PATH").unwrap_or_default();
    let places = format!("{path}:/usr/sbin:/sbin");
    if crate::process::find_program("depmod".as_ref(), places.as_ref()).is_none() {
        return Err(BuildError::Tools { stage, missing: vec!["depmod".into()], packages: vec!["kmod".into()] });
    }
    let ran = crate::process::Command::new("sh")
        .args(["-c", "exec depmod -b \"$1\" \"$2\"", "sh"])
        .arg(output.tree("modules"))
        .arg(release)
        .env("PATH", places)
        .env("LC_ALL", "C")
        .run();
    ran.map(drop).map_err(|error| {
        let said = error.stderr().and_then(|said| said.lines().last()).unwrap_or("depmod failed").to_owned();
        BuildError::Stage { stage, said, log: None, hint: None, source: Some(Box::new(error)) }
    })
}

/// The small files, and `kernel.tar`.
fn finish(output: &Output, foreign: &Foreign, source: &str) -> Result<(), BuildError> {
    let write = |path: PathBuf, text: String| fs::write(&path, text).map_err(cannot("write", &path));
    let tar = output.root().join("kernel.tar");
    let file = fs::File::create(&tar).map_err(cannot("write", &tar))?;
    let file = std::io::BufWriter::with_capacity(1 << 20, file);
    let file = oci::archive::write(&output.tree("modules"), None, foreign.epoch, file)?;
    file.into_inner().map_err(|error| cannot("write", &tar)(error.into_error()))?;
    let trees = output.dir().join("trees");
    fs::remove_dir_all(&trees).map_err(cannot("remove", &trees))?;
    write(output.root().join("kernel-builder"), foreign.builder.clone())?;
    write(output.root().join("kernel-source-info"), source_info(foreign, source))?;
    write(output.dir().join("release"), format!("{}\n", foreign.release))?;
    write(output.dir().join("compiler"), format!("{}\n", foreign.builder))?;
    let mut all = Sha256::new();
    for package in &foreign.packages {
        all.update(package.sha256.as_bytes());
    }
    output.seal(&hex(&all.finalize()))
}

/// `/kernel-source-info`: lines of `KEY=VALUE`.
fn source_info(foreign: &Foreign, source: &str) -> String {
    let mut text = format!("KERNEL_SOURCE={}:{source}\n", foreign.distribution);
    for package in &foreign.packages {
        let _ = writeln!(text, "PACKAGE={} {} sha256:{}", package.name, package.version, package.sha256);
    }
    crate::text::visible(text.trim_end().as_bytes()).replace("\\u{a}", "\n") + "\n"
}

#[cfg(test)]
mod tests;
