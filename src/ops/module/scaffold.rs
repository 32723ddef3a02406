//! `kpatch module new`: the files that a module begins with.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::image::{KernelTag, Reference};
use crate::kit::Kit;
use crate::ops::references::{fill_hashes, kernels};
use crate::ops::template_images::TemplateImages;
use crate::ops::workspace::{kit, kit_error};
use crate::ops::{OpError, Places};

/// What a file is: its name, its template, and whether it is a program. Those that a kit's test cases have are the same ones.
const FILES: [(&str, &str, bool); 6] = [
    ("Dockerfile", include_str!("../../../templates/module/Dockerfile"), false),
    ("src/Makefile", include_str!("../../../templates/test-cases/kmod/src/Makefile"), false),
    ("src/@NAME@.c", include_str!("../../../templates/test-cases/kmod/src/hello_world.c"), false),
    ("@NAME@.yml", include_str!("../../../templates/module/module.yml"), false),
    ("check.sh", include_str!("../../../templates/test-cases/kmod/check.sh"), true),
    ("test.sh", include_str!("../../../templates/module/test.sh"), true),
];
/// What the module is called in the templates of the test cases.
const SAMPLE: &str = "hello_world";
/// Longest name of a module: what fits into the kernel's `MODULE_NAME_LEN`, with room to spare.
const NAME_MAX: usize = 50;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct ModuleNewOptions {
    /// Where the kit is.
    pub places: Places,
    /// The name of the module.
    pub name: String,
    /// The directory to be made; one with the name of the module if absent.
    pub dir: Option<PathBuf>,
    /// The image of the kernel; that of the newest kernel of the kit if absent.
    pub image: Option<String>,
    /// The image with the compiler of the kernel; the kernel's with `-builder` if absent.
    pub builder: Option<String>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleNewReport {
    /// The name of the module.
    pub name: String,
    /// The directory.
    pub dir: String,
    /// The files in it.
    pub files: Vec<String>,
    /// The image of the kernel that they name.
    pub kernel: String,
    /// The image with the compiler that they name.
    pub builder: String,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// Writes the files that a module begins with. The directory must not be there, or be empty.
pub fn module_new(options: &ModuleNewOptions) -> Result<ModuleNewReport, OpError> {
    check_name(&options.name)?;
    let dir = options.dir.clone().unwrap_or_else(|| PathBuf::from(&options.name));
    let images = Named::find(options)?;
    let name = options.name.as_str();
    let own = [("@KERNEL@", images.kernel.clone()), ("@BUILDER@", images.builder.clone()), ("@NAME@", name.to_owned())];
    let filled = |text: &str| images.others.fill(&text.replace(SAMPLE, name), &own);
    let files: Vec<(String, String, bool)> =
        FILES.iter().map(|(file, text, executable)| (filled(file), filled(text), *executable)).collect();
    write_all(&dir, &files)?;
    Ok(ModuleNewReport {
        name: name.to_owned(),
        dir: dir.display().to_string(),
        files: files.into_iter().map(|(file, ..)| file).collect(),
        kernel: images.kernel,
        builder: images.builder,
        warnings: images.warning.into_iter().collect(),
    })
}

fn check_name(name: &str) -> Result<(), OpError> {
    let is_good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= NAME_MAX
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_good {
        return Ok(());
    }
    let shown = crate::text::visible(name.as_bytes());
    Err(OpError::new(format!("'{shown}' is no name for a module"))
        .hint(format!("a letter first, then small letters, digits and '_', at most {NAME_MAX} in all: hello_world")))
}

/// The images that the files name.
struct Named {
    kernel: String,
    builder: String,
    others: TemplateImages,
    warning: Option<String>,
}

impl Named {
    fn find(options: &ModuleNewOptions) -> Result<Self, OpError> {
        let found = match kit(&options.places) {
            Ok(kit) => Some(kit),
            // Without a kit everything that it would say has to be said.
            Err(error) if options.image.is_none() || options.places.kit.is_some() => {
                return Err(error.hint("or name the image of the kernel: --image REF"));
            }
            Err(_) => None,
        };
        let mut warning = None;
        let kernel = match (&options.image, &found) {
            (Some(image), _) => image.clone(),
            (None, Some(kit)) => {
                let (image, why) = newest(kit)?;
                warning = why;
                image
            }
            (None, None) => return Err(OpError::new("no kernel is named").hint("--image REF")),
        };
        let reference = Reference::parse(&kernel).map_err(|error| OpError::new(error.to_string()))?;
        let bare = Reference { tag: None, digest: None, ..reference }.to_string();
        let builder = match &options.builder {
            Some(builder) => {
                Reference::parse(builder).map_err(|error| OpError::new(error.to_string()))?;
                builder.clone()
            }
            None => builder_of(&reference, &bare)?,
        };
        let others = match &found {
            Some(kit) => TemplateImages::of(kit, &kit.images().map_err(kit_error)?, &[])?,
            None => TemplateImages::plain(&bare),
        };
        Ok(Self { kernel, builder, others, warning })
    }
}

/// The newest supported kernel of the kit, with its hash where that is known.
fn newest(kit: &Kit) -> Result<(String, Option<String>), OpError> {
    let mut kernels = kernels(kit)?;
    let warning = fill_hashes(kit, &mut kernels, &[])?;
    let plain = |version: &crate::version::KernelVersion| version.variant().is_empty();
    let newest =
        kernels.iter().filter(|kernel| kernel.supported && plain(&kernel.version)).max_by_key(|kernel| &kernel.version);
    let newest = newest.ok_or_else(|| OpError::new("the kit has no supported kernel").hint("name one: --image REF"))?;
    let images = kit.images().map_err(kit_error)?;
    let tag = KernelTag { hash: newest.hash.clone(), ..KernelTag::plain(newest.version.clone()) };
    Ok((format!("{}:{tag}", images.kernel()), warning))
}

/// `linuxkit/kernel:6.6.13-builder` of `linuxkit/kernel:6.6.13-HASH-amd64`.
fn builder_of(reference: &Reference<'_>, bare: &str) -> Result<String, OpError> {
    let tag = reference.tag.and_then(|tag| tag.parse::<KernelTag>().ok()).ok_or_else(|| {
        OpError::new(format!("'{reference}' does not say which image has its compiler")).hint("name it: --builder REF")
    })?;
    let builder = KernelTag { builder: true, hash: None, dirty: false, dirty_id: None, arch: None, ..tag };
    Ok(format!("{bare}:{builder}"))
}

/// Writes a new directory beside its place, and renames it.
fn write_all(dir: &Path, files: &[(String, String, bool)]) -> Result<(), OpError> {
    let shown = dir.display();
    let cannot = |error: io::Error| OpError::because(format!("cannot write '{shown}'"), error);
    let taken = |what: &str| {
        let hint = "name another directory: kpatch module new NAME DIR";
        Err(OpError::new(format!("'{shown}' is there already{what}")).hint(hint))
    };
    match fs::read_dir(dir).map(|mut entries| entries.next().is_some()) {
        Ok(true) => return taken(""),
        Ok(false) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return taken(", and no directory"),
        Err(error) => return Err(cannot(error)),
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(cannot)?;
    let work = tempfile::Builder::new().prefix(".kpatch-module-").tempdir_in(parent).map_err(cannot)?;
    let made = work.path().join("made");
    for (name, text, executable) in files {
        let path = made.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&made)).and_then(|()| fs::write(&path, text)).map_err(cannot)?;
        if *executable {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(cannot)?;
        }
    }
    fs::rename(&made, dir).map_err(cannot)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn names_of_modules() {
        assert!(check_name("hello_world2").is_ok());
        for bad in ["", "Hello", "2x", "a-b", "a/b", "../x", "a b", &"a".repeat(51)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn builders_go_with_their_kernels() {
        let builder = |kernel: &str| {
            let reference = Reference::parse(kernel).unwrap();
            let bare = Reference { tag: None, digest: None, ..reference }.to_string();
            builder_of(&reference, &bare)
        };
        let hash = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(builder(&format!("a/kernel:6.6.13-{hash}-amd64")).unwrap(), "a/kernel:6.6.13-builder");
        assert_eq!(builder("a/kernel:6.6.13-dbg").unwrap(), "a/kernel:6.6.13-dbg-builder");
        assert!(builder("a/kernel").is_err() && builder("a/kernel:ubuntu").is_err());
    }
}
