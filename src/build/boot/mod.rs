//! Boots a kernel in qemu to see whether it is the one that it should be, and whether its modules load.
//!
//! The kernel gets a first file system of a few kilobytes: a program that does nothing but system calls (see `machine`), and the modules to
//! be loaded. So nothing of the target has to be there: no shell, no C library, no cross compiler; and the file system is the same
//! bytes for the same modules. It is not packed, since a kernel need not be able to unpack it.

mod console;
mod header;
mod init;
mod machine;
mod qemu;
mod wanted;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cpio::Writer;
use super::error::cannot;
use super::kmod::{Modinfo, ModuleSet};
use super::{BuildError, Watch};
use crate::arch::Arch;
use crate::kconfig::Config;
use console::{Console, error_name};
use qemu::{Start, Stopped};

#[cfg(test)]
pub(crate) use header::sample_x86 as sample_kernel;
pub use header::{Header, read as read_header};
pub use qemu::Accelerator;
pub(crate) use qemu::{MACHINES, Machine};
pub use wanted::Wanted;

/// Options without which a kernel cannot start its first program, or say a word.
const NEEDED: [&str; 4] = ["BLK_DEV_INITRD", "BINFMT_ELF", "TTY", "PRINTK"];

/// What `uname -r` has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Exactly this.
    Release(String),
    /// This version, and perhaps what follows it after a dash.
    Version(String),
}

impl Expected {
    fn text(&self) -> &str {
        let (Self::Release(text) | Self::Version(text)) = self;
        text
    }

    fn is(&self, release: &str) -> bool {
        match self {
            Self::Release(exact) => exact == release,
            Self::Version(version) => {
                release.strip_prefix(version.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            }
        }
    }
}

/// The kernel to be booted.
#[derive(Debug, Clone)]
pub struct BootKernel {
    /// The name by which it was found, for messages and for the name of the log.
    pub name: String,
    /// Its architecture.
    pub arch: Arch,
    /// The file that qemu starts.
    pub kernel: PathBuf,
    /// Its configuration, where that is known.
    pub config: Option<PathBuf>,
    /// Its modules: `kernel.tar`, or a directory.
    pub modules: Option<PathBuf>,
    /// What it has to say of itself, besides what its modules say; anything will do if absent.
    pub expected: Option<Expected>,
}

/// How it is booted.
#[derive(Debug, Clone)]
pub struct BootSettings {
    /// The modules to be loaded; one that the kernel has if there are none.
    pub modules: Vec<Wanted>,
    /// Load no module at all.
    pub no_modules: bool,
    /// More arguments for the kernel; `MODULE.NAME=VALUE` goes to the module, as with `modprobe`.
    pub append: String,
    /// The memory of the machine in MiB.
    pub memory: u32,
    /// How long it may take.
    pub timeout: Duration,
    /// The directory for the log.
    pub logs: PathBuf,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The right kernel, and every module was loaded.
    Passed,
    /// The kernel stopped with a panic.
    Panicked,
    /// The time was over before the first program had said its last.
    TimedOut,
    /// The machine ended before that.
    Ended,
    /// `uname -r` says something else than it should.
    WrongRelease,
    /// A module was not loaded.
    NotLoaded,
}

/// One module that was to be loaded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BootedModule {
    /// Its name.
    pub name: String,
    /// Whether it was loaded, and `/proc/modules` has it.
    pub loaded: bool,
    /// Why not.
    pub error: Option<String>,
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Booted {
    /// How it went.
    pub verdict: Verdict,
    /// The reason for any verdict but the good one.
    pub reason: Option<String>,
    /// What `uname -r` says.
    pub release: Option<String>,
    /// What it had to say, in full or the beginning of it.
    pub expected: Option<String>,
    /// The modules in the order in which they were loaded, those that others need among them.
    pub modules: Vec<BootedModule>,
    /// Lines in which the kernel complains of itself.
    pub warnings: Vec<String>,
    /// The last lines of the console, harmless to print.
    pub last: Vec<String>,
    /// The file with everything that was said.
    pub log: PathBuf,
    /// What ran the instructions.
    pub accelerator: Accelerator,
    /// How long it took.
    pub took: Duration,
}

/// Boots a kernel, loads modules, and says how it went. Each line of its console is an [`Event::Note`](crate::event::Event::Note).
///
/// # Errors
/// When there is no qemu for it, when a module that was asked for is not there, or the kernel cannot be booted so by its own
/// configuration. What a kernel does that was started is never an error but a verdict.
pub fn boot(kernel: &BootKernel, settings: &BootSettings, watch: Watch<'_>) -> Result<Booted, BuildError> {
    let machine = Machine::of(kernel.arch).ok_or_else(|| {
        let known = "kernels for x86_64, aarch64 and riscv64 can be booted";
        BuildError::Input(format!("there is no way to boot a kernel for {}", kernel.arch), Some(known.into()))
    })?;
    let config = kernel.config.as_deref().map(read_config).transpose()?.flatten();
    if let Some(config) = &config {
        check_config(kernel, config, machine)?;
    }
    let set = match &kernel.modules {
        Some(path) => ModuleSet::open(path).map_err(|error| wanted::refused(kernel, error))?,
        None => None,
    };
    let modules = wanted::select(kernel, set.as_ref(), settings)?;
    let initramfs = initramfs(kernel.arch, &modules)?;
    std::fs::create_dir_all(&settings.logs).map_err(cannot("make", &settings.logs))?;
    let log = qemu::log_path(&settings.logs, &kernel.name);
    let is_16k = config.as_ref().is_some_and(|config| is_set(config, "ARM64_16K_PAGES"));
    let start = Start {
        machine,
        kernel: &kernel.kernel,
        initramfs: &initramfs,
        arguments: &arguments(machine, &settings.append),
        memory: settings.memory,
        timeout: settings.timeout,
        log: &log,
        cpu: is_16k.then_some("max"),
    };
    let end = qemu::run(&start, watch)?;
    // What the modules are for and what the image is called have to be the same kernel.
    let of_modules = set.map(|set| Expected::Release(set.release().to_owned()));
    let expected: Vec<Expected> = of_modules.into_iter().chain(kernel.expected.clone()).collect();
    let names: Vec<&str> = modules.iter().map(|(module, _)| module.name.as_str()).collect();
    let (verdict, reason) = judge(&end.console, end.stopped, &expected, &names, settings.timeout);
    Ok(Booted {
        verdict,
        reason,
        expected: expected.first().map(|expected| expected.text().to_owned()),
        modules: names.iter().map(|name| booted(&end.console, name)).collect(),
        release: end.console.release,
        warnings: end.console.warnings,
        last: end.console.last,
        log,
        accelerator: end.accelerator,
        took: end.took,
    })
}

/// The configuration; `None` if the file is none, which is no reason not to try.
fn read_config(path: &Path) -> Result<Option<Config>, BuildError> {
    let bytes = std::fs::read(path).map_err(cannot("read", path))?;
    Ok(Config::parse(&bytes).ok())
}

fn is_set(config: &Config, name: &str) -> bool {
    config.get(&format!("CONFIG_{name}")).is_some_and(|option| option.word() == "y")
}

/// A kernel that could only hang or panic is refused before it is started.
fn check_config(kernel: &BootKernel, config: &Config, machine: Machine) -> Result<(), BuildError> {
    let missing: Vec<String> = NEEDED
        .iter()
        .chain(machine.console)
        .filter(|name| !is_set(config, name))
        .map(|name| format!("CONFIG_{name}"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("{} cannot be booted in {}: it has no {}", kernel.name, machine.program, missing.join(", "));
    Err(BuildError::Input(message, Some("a kernel needs them to start a first program and to show a console".into())))
}

/// The arguments of the kernel; those of the user come last, so that they outweigh.
fn arguments(machine: Machine, append: &str) -> String {
    let usual = "panic=-1 loglevel=7 printk.devkmsg=on printk.time=0";
    format!("{} {usual} {append}", machine.arguments).trim_end().to_owned()
}

/// The first file system.
fn initramfs(arch: Arch, modules: &[(init::Module, Vec<u8>)]) -> Result<Vec<u8>, BuildError> {
    let steps: Vec<init::Module> = modules.iter().map(|(module, _)| module.clone()).collect();
    let program = init::program(arch, &steps);
    let program = program.ok_or_else(|| BuildError::Input(format!("there is no first program for {arch}"), None))?;
    let mut archive = Writer::default();
    archive.directory("dev");
    archive.device("dev/console", 0o600, 5, 1);
    archive.device("dev/kmsg", 0o600, 1, 11);
    archive.directory("modules");
    archive.directory("proc");
    archive.file("init", 0o755, &program);
    for (module, bytes) in modules {
        archive.file(module.path.trim_start_matches('/'), 0o644, bytes);
    }
    Ok(archive.finish())
}

/// What became of one module.
fn booted(console: &Console, name: &str) -> BootedModule {
    let found = console.loaded.iter().find(|module| module.name == name);
    let error = match found {
        None => Some("it never came to that".to_owned()),
        Some(module) if module.error > 0 => Some(error_name(module.error)),
        Some(module) if module.live == Some(false) => Some("it was loaded, but /proc/modules does not have it".into()),
        Some(_) => None,
    };
    BootedModule { name: name.to_owned(), loaded: error.is_none(), error }
}

/// The verdict with its reason.
fn judge(
    console: &Console,
    stopped: Option<Stopped>,
    expected: &[Expected],
    modules: &[&str],
    timeout: Duration,
) -> (Verdict, Option<String>) {
    if let Some(panic) = &console.panic {
        return (Verdict::Panicked, Some(panic.clone()));
    }
    if !console.ended {
        return match stopped {
            Some(Stopped::Timeout | Stopped::Lingering) => {
                (Verdict::TimedOut, Some(format!("it had not come to its end after {} seconds", timeout.as_secs())))
            }
            Some(Stopped::Flood) => (Verdict::TimedOut, Some("it wrote to its console without end".into())),
            None => (Verdict::Ended, Some("the machine ended before the first program had done its work".into())),
        };
    }
    let release = console.release.as_deref().unwrap_or_default();
    if let Some(other) = expected.iter().find(|expected| !expected.is(release)) {
        return (Verdict::WrongRelease, Some(format!("`uname -r` says {release} instead of {}", other.text())));
    }
    let failed = modules.iter().map(|name| booted(console, name)).find(|module| !module.loaded);
    match failed {
        Some(module) => {
            let error = module.error.unwrap_or_default();
            (Verdict::NotLoaded, Some(format!("{}: {error}", module.name)))
        }
        None => (Verdict::Passed, None),
    }
}

#[cfg(test)]
mod tests;
