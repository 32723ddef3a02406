//! The files of a kernel that was built: of an image, of an output directory, or a bare kernel.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

use super::images_plan::{build_error, oci_error};
use super::workspace::kit;
use super::{OpError, Places, Watch};
use crate::arch::Arch;
use crate::build::boot::{Expected, read_header};
use crate::build::{OutDir, Output};
use crate::event::Event;
use crate::image::{KernelTag, Reference};
use crate::oci::registry::Access;
use crate::oci::{Image, Layout, Reach};
use crate::text::visible;

/// The label that says what `uname -r` says, for kernels whose version does not begin with that.
pub(super) const RELEASE: &str = "org.mobyproject.linuxkit.kernel.release";

/// A kernel on disk.
#[derive(Debug)]
pub(super) struct KernelFiles {
    /// What it was found by.
    pub(super) name: String,
    pub(super) arch: Arch,
    /// The files of the image: `kernel`, `kernel.tar`, `kernel_config` and their like.
    root: Option<PathBuf>,
    /// A kernel that is no file of an image.
    bare: Option<PathBuf>,
    /// What it has to say of itself, if that is known without its modules.
    pub(super) expected: Option<Expected>,
    /// The labels of the image; none for what is none.
    pub(super) labels: BTreeMap<String, String>,
    /// Where the files are while they are needed.
    _unpacked: Option<TempDir>,
}

impl KernelFiles {
    /// A file of the image, if it has it and it was asked for.
    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        self.root.as_ref().map(|root| root.join(name)).filter(|path| path.is_file())
    }

    /// What qemu starts.
    pub(super) fn kernel(&self) -> Option<PathBuf> {
        self.bare.clone().or_else(|| self.file("kernel"))
    }

    fn new(name: &str, arch: Arch) -> Self {
        let labels = BTreeMap::new();
        Self { name: name.to_owned(), arch, root: None, bare: None, expected: None, labels, _unpacked: None }
    }
}

/// Where things are, and which kernel is meant.
pub(super) struct Search<'a> {
    pub(super) places: &'a Places,
    /// Where everything that was built is.
    pub(super) out: Option<&'a Path>,
    /// The kernel; the newest that was built if absent.
    pub(super) word: Option<&'a str>,
    /// Its architecture, where that is said.
    pub(super) arch: Option<Arch>,
    /// The files of an image that are needed; those that it does not have are not there then.
    pub(super) files: &'a [&'a str],
}

impl Search<'_> {
    /// The directory below which everything is built: the one that was named, else that of the kit, else one here.
    pub(super) fn out_dir(&self) -> PathBuf {
        out_dir(self.places, self.out)
    }

    /// Finds the kernel. An image is looked for in the layout of this machine first, then in its registry.
    pub(super) fn find(&self, watch: Watch<'_>) -> Result<KernelFiles, OpError> {
        let Some(word) = self.word else { return self.newest(watch) };
        let path = Path::new(word);
        let output = Output::new(path);
        if output.root().join("kernel").is_file() {
            return of_directory(word, &output, self.arch);
        }
        if path.is_file() {
            return bare(word, path, self.arch);
        }
        let is_image = ["oci:", "oci-archive:", "docker-archive:"].iter().any(|kind| word.starts_with(kind))
            || Reference::parse(word).is_ok_and(|read| read.tag.is_some() || read.digest.is_some());
        if is_image {
            return self.of_image(word, watch);
        }
        Err(OpError::new(format!("there is no kernel image '{}'", visible(word.as_bytes())))
            .hint("name an image such as linuxkit/kernel:6.6.13, an output directory such as out/kernels/6.6.13/amd64, or a kernel's file"))
    }

    /// The newest kernel that was built for the architecture: of the images in the layout, the one that was written last.
    fn newest(&self, watch: Watch<'_>) -> Result<KernelFiles, OpError> {
        let out = OutDir::at(&self.out_dir());
        let arch = self.arch.or_else(Arch::host);
        let images = out.images();
        let layout = if images.is_dir() { Some(Layout::open(&images).map_err(oci_error)?) } else { None };
        let mut newest: Option<(SystemTime, String)> = None;
        for (reference, entry) in
            layout.iter().map(Layout::refs).collect::<Result<Vec<_>, _>>().map_err(oci_error)?.concat()
        {
            let is_other = ["-perf:", "-bcc:", "zfs-kmod:", "-builder-"].iter().any(|word| reference.contains(word));
            // The images of architectures, of which indexes are made.
            if is_other || arch_in(&reference).is_none() || arch_in(&reference) != arch {
                continue;
            }
            let blob = layout.as_ref().map(|layout| layout.blob(entry.digest())).unwrap_or_default();
            let written = fs::metadata(&blob).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            let candidate = Some((written, reference));
            newest = newest.max(candidate);
        }
        let Some((_, reference)) = newest else {
            let kind = arch.map_or_else(String::new, |arch| format!(" for {arch}"));
            return Err(OpError::new(format!("no kernel image{kind} was built yet in '{}'", images.display()))
                .hint("build one: kpatch build; or name the kernel"));
        };
        self.of_image(&reference, watch)
    }

    fn of_image(&self, word: &str, watch: Watch<'_>) -> Result<KernelFiles, OpError> {
        let images = OutDir::at(&self.out_dir()).images();
        let layout = if images.is_dir() { Some(Layout::open(&images).map_err(oci_error)?) } else { None };
        let tag = word.rsplit_once(':').and_then(|(_, tag)| tag.parse::<KernelTag>().ok());
        let arch = self.arch.or(arch_in(word)).or_else(Arch::host);
        let arch =
            arch.ok_or_else(|| OpError::new("this machine is of an architecture without kernels").hint("say --arch"))?;
        let reach = Reach {
            local: layout.as_ref(),
            offline: self.places.offline,
            access: Access::default(),
            observer: watch.observer,
            interrupt: watch.interrupt,
        };
        let image = Image::open(word, arch, reach).map_err(oci_error)?;
        watch.observer.event(&Event::Stage { name: format!("unpacking {word}").into(), total: None });
        let dir = tempfile::Builder::new().prefix("kpatch-image-").tempdir();
        let dir = dir.map_err(|error| OpError::because("cannot make a temporary directory", error))?;
        for name in self.files {
            unpack(&image, name, &dir.path().join(name))?;
        }
        let labels = image.labels();
        let by_tag = || tag.map(|tag| Expected::Version(tag.version.plain().to_string()));
        Ok(KernelFiles {
            root: Some(dir.path().to_owned()),
            // Distributions call their kernels otherwise than the version of the package.
            expected: labels.get(RELEASE).cloned().map(Expected::Release).or_else(by_tag),
            labels,
            _unpacked: Some(dir),
            ..KernelFiles::new(word, arch)
        })
    }
}

/// The architecture at the end of a reference.
fn arch_in(reference: &str) -> Option<Arch> {
    Arch::ALL.into_iter().find(|arch| reference.strip_suffix(arch.oci()).is_some_and(|rest| rest.ends_with('-')))
}

/// The directory below which everything is built.
pub(super) fn out_dir(places: &Places, named: Option<&Path>) -> PathBuf {
    match named {
        Some(named) => named.to_owned(),
        None => kit(places).map_or_else(|_| PathBuf::from(OutDir::NAME), |kit| kit.top().join(OutDir::NAME)),
    }
}

/// The same, made where it is missing.
pub(super) fn make_out_dir(places: &Places, named: Option<&Path>) -> Result<OutDir, OpError> {
    OutDir::create(&out_dir(places, named)).map_err(build_error)
}

/// Writes one file of an image; none if the image has none.
fn unpack(image: &Image<'_>, name: &str, to: &Path) -> Result<(), OpError> {
    let cannot = |error: std::io::Error| OpError::because(format!("cannot write '{}'", to.display()), error);
    let mut file = BufWriter::with_capacity(1 << 20, File::create(to).map_err(cannot)?);
    let found = image.file(name, &mut file).map_err(oci_error)?;
    file.flush().map_err(cannot)?;
    if found.is_none() {
        fs::remove_file(to).map_err(cannot)?;
    }
    Ok(())
}

fn of_directory(name: &str, output: &Output, arch: Option<Arch>) -> Result<KernelFiles, OpError> {
    let arch = arch_of(&output.root().join("kernel"), arch)?;
    let expected = output.line("release").map(Expected::Release);
    Ok(KernelFiles { root: Some(output.root()), expected, ..KernelFiles::new(name, arch) })
}

fn bare(name: &str, kernel: &Path, arch: Option<Arch>) -> Result<KernelFiles, OpError> {
    let header = read_header(kernel).map_err(|error| OpError::because(format!("cannot read '{name}'"), error))?;
    let expected = header.and_then(|header| header.release).map(Expected::Release);
    let arch = arch_of(kernel, arch)?;
    Ok(KernelFiles { bare: Some(kernel.to_owned()), expected, ..KernelFiles::new(name, arch) })
}

/// The architecture of a kernel by its first bytes; what the user says must not be another one.
fn arch_of(kernel: &Path, said: Option<Arch>) -> Result<Arch, OpError> {
    let shown = kernel.display();
    let header = read_header(kernel).map_err(|error| OpError::because(format!("cannot read '{shown}'"), error))?;
    match (header.map(|header| header.arch), said) {
        (Some(found), Some(said)) if found != said => {
            Err(OpError::new(format!("'{shown}' is a kernel for {found}, not for {said}")))
        }
        (Some(found), _) => Ok(found),
        (None, Some(said)) => Ok(said),
        (None, None) => Err(OpError::new(format!("'{shown}' is no kernel that can be booted")).hint(
            "kernels are bzImage for x86, Image or Image.gz for arm64 and riscv64; for another form, say --arch",
        )),
    }
}
