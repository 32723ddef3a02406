//! Where the files of packages go: the files of the image, the archives of headers, and the tree of modules.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::entry::{Entry, Kind, Names, damaged, leads_to, refused, relative};
use super::place::{Place, is_kept, is_release, place};
use crate::build::error::cannot;
use crate::build::{BuildError, Output};
use crate::oci::archive::Archive;

/// An archive that is begun with its first entry.
struct Tar {
    path: PathBuf,
    epoch: i64,
    begun: Option<Archive<BufWriter<File>>>,
}

impl Tar {
    fn get(&mut self) -> Result<&mut Archive<BufWriter<File>>, BuildError> {
        match &mut self.begun {
            Some(archive) => Ok(archive),
            begun @ None => {
                let file = File::create(&self.path).map_err(cannot("write", &self.path))?;
                Ok(begun.insert(Archive::new(BufWriter::with_capacity(1 << 20, file), self.epoch)))
            }
        }
    }

    /// Ends the archive; false if it was never begun.
    fn finish(self) -> Result<bool, BuildError> {
        let Some(archive) = self.begun else { return Ok(false) };
        archive.finish()?.flush().map_err(cannot("write", &self.path))?;
        Ok(true)
    }
}

/// Takes entries, and puts them where they belong.
pub(super) struct Sink {
    root: PathBuf,
    modules_dir: PathBuf,
    dev: Tar,
    headers: Tar,
    names: Names,
    /// Files of the archives, for hard links to them; the modules are on disk.
    files: HashMap<String, Place>,
    /// The release of the kernel, once an entry has named it.
    pub(super) release: Option<String>,
    /// The package that the kernel came from.
    pub(super) kernel_from: Option<PathBuf>,
    /// How many modules there are.
    pub(super) modules: usize,
    /// Whether there is a `modules.dep`.
    pub(super) has_dep: bool,
}

impl Sink {
    pub(super) fn new(output: &Output, epoch: i64) -> Result<Self, BuildError> {
        let (root, modules_dir) = (output.root(), output.tree("modules"));
        for dir in [&root, &modules_dir.join("lib/modules")] {
            fs::create_dir_all(dir).map_err(cannot("make", dir))?;
        }
        let tar = |name: &str| Tar { path: root.join(name), epoch, begun: None };
        Ok(Self {
            dev: tar("kernel-dev.tar"),
            headers: tar("kernel-headers.tar"),
            modules_dir,
            root,
            names: Names::default(),
            files: HashMap::new(),
            release: None,
            kernel_from: None,
            modules: 0,
            has_dep: false,
        })
    }

    /// Takes one entry of a package.
    pub(super) fn take(&mut self, package: &Path, entry: &Entry, content: &mut dyn Read) -> Result<(), BuildError> {
        let (place, release) = place(&entry.path);
        let is_directory = entry.kind == Kind::Directory;
        if let Some(release) = release.filter(|_| place != Place::Nowhere && !is_directory) {
            self.note_release(package, release)?;
        }
        let to = match &place {
            Place::Nowhere => return Ok(()),
            Place::Root(name) => return self.root_file(package, name, entry, content),
            Place::Modules(path) | Place::Dev(path) | Place::Headers(path) => path.clone(),
        };
        let refuse = |why: &str| refused(package, entry.path.as_bytes(), why);
        let is_new = self.names.take(&to, is_directory).map_err(refuse)?;
        match &entry.kind {
            Kind::Directory if is_new => self.directory(&place, &to),
            Kind::Directory => Ok(()),
            Kind::File { executable, size } => self.file(package, &place, &to, (*executable, *size), content),
            Kind::Link(target) => {
                let leads_to = leads_to(&entry.path, target).map_err(refuse)?;
                if !is_kept(&leads_to) {
                    return Err(refuse(&format!("is a link to '{target}', which leads out of what is kept")));
                }
                let merged = leads_to.strip_prefix("usr/").filter(|rest| rest.starts_with("lib/modules"));
                self.link(&place, &to, &relative(&to, merged.unwrap_or(&leads_to)))
            }
            Kind::Same(other) => self
                .same(&place, &to, other)
                .map_err(|error| error.unwrap_or_else(|| refuse("is a hard link to no file before it"))),
        }
    }

    fn note_release(&mut self, package: &Path, release: &str) -> Result<(), BuildError> {
        if !is_release(release) {
            return Ok(());
        }
        match &self.release {
            Some(known) if known != release => {
                let message = format!("'{}' belongs to {release}, the others to {known}", package.display());
                Err(BuildError::Input(message, Some("an image is made of the packages of one kernel".into())))
            }
            Some(_) => Ok(()),
            None => {
                self.release = Some(release.to_owned());
                Ok(())
            }
        }
    }

    /// A file of the image itself. Some packages have it twice, in `boot` and with the modules.
    fn root_file(
        &mut self,
        package: &Path,
        name: &str,
        entry: &Entry,
        content: &mut dyn Read,
    ) -> Result<(), BuildError> {
        let Kind::File { size, .. } = entry.kind else { return Ok(()) };
        let path = self.root.join(name);
        if path.exists() {
            return Ok(());
        }
        write(package, &path, 0o644, size, content)?;
        if name == "kernel" {
            self.kernel_from = Some(package.to_owned());
        }
        Ok(())
    }

    fn directory(&mut self, place: &Place, to: &str) -> Result<(), BuildError> {
        match place {
            Place::Dev(_) => self.dev.get()?.dir(to)?,
            Place::Headers(_) => self.headers.get()?.dir(to)?,
            _ => {
                let path = self.modules_dir.join(to);
                fs::create_dir_all(&path).map_err(cannot("make", &path))?;
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        package: &Path,
        place: &Place,
        to: &str,
        (executable, size): (bool, u64),
        content: &mut dyn Read,
    ) -> Result<(), BuildError> {
        self.files.insert(to.to_owned(), place.clone());
        let content = &mut Named { package, from: content };
        match place {
            Place::Dev(_) => self.dev.get()?.file(to, executable, size, content).map_err(|error| own(package, error)),
            Place::Headers(_) => {
                self.headers.get()?.file(to, executable, size, content).map_err(|error| own(package, error))
            }
            _ => {
                self.modules += usize::from(crate::build::kmod::name_of(to).is_some());
                self.has_dep |= to.ends_with("/modules.dep");
                let path = self.modules_dir.join(to);
                let dir = path.parent().unwrap_or(&self.modules_dir);
                fs::create_dir_all(dir).map_err(cannot("make", dir))?;
                write(package, &path, if executable { 0o755 } else { 0o644 }, size, content)
            }
        }
    }

    fn link(&mut self, place: &Place, to: &str, target: &str) -> Result<(), BuildError> {
        match place {
            Place::Dev(_) => self.dev.get()?.symlink(to, target)?,
            Place::Headers(_) => self.headers.get()?.symlink(to, target)?,
            _ => {
                let path = self.modules_dir.join(to);
                let dir = path.parent().unwrap_or(&self.modules_dir);
                fs::create_dir_all(dir).and_then(|()| symlink(target, &path)).map_err(cannot("write", &path))?;
            }
        }
        Ok(())
    }

    /// A second name of a file: in an archive, whose content is gone by, a symbolic link. `Err(None)` if there is no such file.
    fn same(&mut self, place: &Place, to: &str, other: &str) -> Result<(), Option<BuildError>> {
        let (other, _) = super::place::place(other);
        let (Place::Modules(other) | Place::Dev(other) | Place::Headers(other)) = other else { return Err(None) };
        let Some(of) = self.files.get(&other) else { return Err(None) };
        if !matches!((of, place), (Place::Modules(_), Place::Modules(_))) {
            return self.link(place, to, &relative(to, &other)).map_err(Some);
        }
        let (from, path) = (self.modules_dir.join(&other), self.modules_dir.join(to));
        let dir = path.parent().unwrap_or(&self.modules_dir);
        fs::create_dir_all(dir)
            .and_then(|()| fs::copy(&from, &path))
            .map_err(|error| Some(cannot("write", &path)(error)))?;
        Ok(())
    }

    /// Ends the archives. Says whether there are headers for modules, and headers for programs.
    pub(super) fn finish(mut self) -> Result<(bool, bool), BuildError> {
        if let Some(release) = &self.release {
            // Builds of modules look for the headers by the name that Debian and the kits give them.
            let (usual, red_hat) = (format!("usr/src/linux-headers-{release}"), format!("usr/src/kernels/{release}"));
            let has = |names: &HashMap<String, Place>, dir: &str| {
                names.keys().any(|name| name.starts_with(&format!("{dir}/")))
            };
            if !has(&self.files, &usual) && has(&self.files, &red_hat) {
                self.dev.get()?.symlink(&usual, format!("kernels/{release}"))?;
            }
        }
        Ok((self.dev.finish()?, self.headers.finish()?))
    }
}

/// What goes wrong while a package is read is the package's fault, whoever reads.
struct Named<'a> {
    package: &'a Path,
    from: &'a mut dyn Read,
}

impl Read for Named<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let package = self.package;
        self.from.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::other(damaged(package, error)),
        })
    }
}

/// An error of an archive that is being written; those of the package behind it keep their words.
fn own(package: &Path, error: crate::oci::Error) -> BuildError {
    match error {
        crate::oci::Error::Io { source, .. } => damaged(package, source),
        crate::oci::Error::Entry { .. } => damaged(package, io::ErrorKind::UnexpectedEof.into()),
        other => other.into(),
    }
}

/// Writes a new file with exactly so many bytes.
fn write(package: &Path, path: &Path, mode: u32, size: u64, content: &mut dyn Read) -> Result<(), BuildError> {
    let file =
        fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(cannot("write", path))?;
    let mut file = BufWriter::with_capacity(256 << 10, file);
    let mut left = size;
    let mut buffer = vec![0; 64 << 10];
    while left > 0 {
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = content.read(&mut buffer[..most]).map_err(|error| damaged(package, error))?;
        if count == 0 {
            return Err(damaged(package, io::ErrorKind::UnexpectedEof.into()));
        }
        file.write_all(&buffer[..count]).map_err(cannot("write", path))?;
        left -= count as u64;
    }
    file.flush().map_err(cannot("write", path))
}
