//! The headers of a kernel, unpacked.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::arch::Arch;
use crate::build::error::cannot;
use crate::build::kmod::elf_arch;
use crate::build::{BuildError, Watch};
use crate::event::Event;
use crate::kconfig::Config;

/// Most bytes of the headers, unpacked.
const SIZE_MAX: u64 = 16 << 30;
/// Programs of the kernel that compiling a module runs.
const TOOLS: [&str; 2] = ["scripts/basic/fixdep", "scripts/mod/modpost"];

/// The headers of one kernel.
#[derive(Debug)]
pub(super) struct Headers {
    /// What stands for the top of the kernel's machine.
    pub(super) root: PathBuf,
    /// The directory that `make -C` gets.
    pub(super) dir: PathBuf,
    /// What `uname -r` of the kernel says.
    pub(super) release: String,
    /// Its architecture, as the configuration has it.
    pub(super) arch: Option<Arch>,
    /// What the compiler of the kernel says of itself.
    pub(super) compiler: Option<String>,
    /// Whether that was clang.
    pub(super) by_clang: bool,
    /// Whether the kernel was compiled with plugins of gcc.
    pub(super) has_plugins: bool,
    /// Whether the symbols of the kernel are listed.
    pub(super) has_symbols: bool,
}

impl Headers {
    /// Unpacks `kernel-dev.tar` below `top`, and finds the headers in it.
    pub(super) fn unpack(dev: &Path, top: &Path, watch: Watch<'_>) -> Result<Self, BuildError> {
        watch.observer.event(&Event::Stage { name: "unpacking the headers".into(), total: None });
        let root = top.join("dev");
        fs::create_dir(&root).map_err(cannot("make", &root))?;
        let file = File::open(dev).map_err(cannot("open", dev))?;
        let mut archive = tar::Archive::new(BufReader::with_capacity(256 << 10, file).take(SIZE_MAX));
        let bad = |error: std::io::Error| {
            let why = crate::text::visible(error.to_string().as_bytes());
            BuildError::Input(format!("'{}' is no archive of headers: {why}", dev.display()), None)
        };
        for entry in archive.entries().map_err(bad)? {
            if watch.interrupt.is_raised() {
                return Err(BuildError::Interrupted);
            }
            let mut entry = entry.map_err(bad)?;
            // Passes over what leads out, and never writes through a link that does.
            entry.unpack_in(&root).map_err(bad)?;
        }
        Self::find(dev, &root)
    }

    /// The headers below `usr/src`: the directory that has the results of configuring.
    fn find(dev: &Path, root: &Path) -> Result<Self, BuildError> {
        let mut dirs = Vec::new();
        for parent in ["usr/src", "usr/src/kernels"].map(|parent| root.join(parent)) {
            dirs.extend(fs::read_dir(&parent).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
        dirs.sort();
        let is_configured =
            |dir: &&PathBuf| dir.join("Makefile").is_file() && dir.join("include/generated/autoconf.h").is_file();
        let Some(dir) = dirs.iter().find(is_configured) else {
            let message = format!("'{}' has no headers to compile modules with", dev.display());
            let hint =
                "they are below usr/src, with include/generated/autoconf.h; the packages of Debian's headers are three";
            return Err(BuildError::Input(message, Some(hint.into())));
        };
        make_relocatable(dir, root)?;
        let read = |name: &str| fs::read_to_string(dir.join(name)).ok();
        // What modules get; the other file of Debian's headers says something else.
        let release = read("include/generated/utsrelease.h").and_then(|text| quoted(&text));
        let release = release.or_else(|| Some(read("include/config/kernel.release")?.trim().to_owned()));
        let release = release.filter(|release| !release.is_empty()).ok_or_else(|| {
            BuildError::Input(format!("'{}' does not say for which kernel its headers are", dev.display()), None)
        })?;
        let config = read(".config").or_else(|| read("include/config/auto.conf")).unwrap_or_default();
        let config = Config::parse(config.as_bytes()).unwrap_or_default();
        let is_set = |name: &str| config.get(name).is_some_and(|option| option.word() == "y");
        let text = |name: &str| config.get(name).map(|option| option.word().trim_matches('"').to_owned());
        let archs = [
            ("CONFIG_X86_64", Arch::X86_64),
            ("CONFIG_ARM64", Arch::Aarch64),
            ("CONFIG_RISCV", Arch::Riscv64),
            ("CONFIG_S390", Arch::S390x),
        ];
        Ok(Self {
            release,
            arch: archs.into_iter().find(|(name, _)| is_set(name)).map(|(_, arch)| arch),
            compiler: text("CONFIG_CC_VERSION_TEXT"),
            by_clang: is_set("CONFIG_CC_IS_CLANG"),
            has_plugins: config
                .options
                .iter()
                .any(|option| option.name.starts_with("CONFIG_GCC_PLUGIN_") && option.word() == "y"),
            has_symbols: dir.join("Module.symvers").is_file(),
            dir: dir.clone(),
            root: root.to_owned(),
        })
    }

    /// Fails if the kernel's own programs do not run on this machine: those of another one come with headers that were made there.
    pub(super) fn check_tools(&self) -> Result<(), BuildError> {
        for tool in TOOLS {
            let path = self.dir.join(tool);
            let head = fs::read(&path).ok();
            let arch = head.as_deref().and_then(elf_arch);
            let message = match (head.is_some(), arch) {
                (false, _) => format!("kernel-dev.tar has no {tool}, which compiling a module runs"),
                (true, Some(arch)) if Some(arch) != Arch::host() => {
                    format!("{tool} in kernel-dev.tar is a program for {arch}, which this machine does not run")
                }
                _ => continue,
            };
            let hint = "compile the module where the kernel was compiled, or with its Dockerfile: docker build .";
            return Err(BuildError::Input(message, Some(hint.into())));
        }
        Ok(())
    }
}

/// Debian's headers name others by absolute paths; here they lie elsewhere.
fn make_relocatable(dir: &Path, root: &Path) -> Result<(), BuildError> {
    for name in ["Makefile", ".kernelvariables"] {
        let path = dir.join(name);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let here = format!("{}/usr/src/linux-headers-", root.display());
        let new: String = text.replace("include /usr/src/linux-headers-", &format!("include {here}"));
        if new != text {
            fs::write(&path, new).map_err(cannot("write", &path))?;
        }
    }
    Ok(())
}

/// `6.6.13-linuxkit` of `#define UTS_RELEASE "6.6.13-linuxkit"`.
fn quoted(text: &str) -> Option<String> {
    text.split('"').nth(1).map(str::to_owned)
}
