//! `kpatch boot`: a kernel in qemu.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::images_plan::{build_error, building};
use super::kernel_files::{KernelFiles, Search, make_out_dir};
use super::{OpError, Places, Watch};
use crate::arch::Arch;
use crate::build::boot::{self, Accelerator, BootKernel, BootSettings, BootedModule, Verdict, Wanted};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct BootOptions {
    /// Where the kit is.
    pub places: Places,
    /// The kernel; the newest that was built if absent.
    pub image: Option<String>,
    /// Its architecture, where several could be meant.
    pub arch: Option<Arch>,
    /// Where everything that was built is; `out` at the top of the kit if absent.
    pub out: Option<PathBuf>,
    /// Modules to be loaded, by name or file; one that is easy to load if there are none.
    pub modules: Vec<String>,
    /// Load none.
    pub no_modules: bool,
    /// Where the modules of a bare kernel are.
    pub modules_dir: Option<PathBuf>,
    /// More arguments for the kernel.
    pub append: String,
    /// Memory in MiB.
    pub memory: u32,
    /// How long it may take.
    pub timeout: Duration,
}

/// How it went.
#[derive(Debug, Clone, Serialize)]
pub struct BootReport {
    /// The kernel, as it was named or found.
    pub image: String,
    /// Its architecture.
    pub arch: &'static str,
    /// How it went.
    pub verdict: Verdict,
    /// The reason for any verdict but `passed`.
    pub reason: Option<String>,
    /// What `uname -r` says.
    pub release: Option<String>,
    /// What it had to say.
    pub expected: Option<String>,
    /// The modules in the order in which they were loaded.
    pub modules: Vec<BootedModule>,
    /// Lines of the console in which the kernel complains of itself.
    pub warnings: Vec<String>,
    /// The last lines of the console, where it did not go well.
    pub console: Vec<String>,
    /// The file with everything that the kernel said.
    pub log: String,
    /// What ran the instructions.
    pub accelerator: Accelerator,
    /// How long it took; differs every time, and so is no part of the JSON.
    #[serde(skip)]
    pub took: Duration,
}

/// The files of an image that booting takes.
const FILES: [&str; 3] = ["kernel", "kernel.tar", "kernel_config"];

/// Boots a kernel, checks that it is the right one, and loads modules.
pub fn boot(options: &BootOptions, watch: Watch<'_>) -> Result<BootReport, OpError> {
    let search = Search {
        places: &options.places,
        out: options.out.as_deref(),
        word: options.image.as_deref(),
        arch: options.arch,
        files: &FILES,
    };
    let files = search.find(watch)?;
    let kernel = kernel(&files, options)?;
    let out = make_out_dir(&options.places, options.out.as_deref())?;
    let settings = BootSettings {
        modules: options.modules.iter().map(|word| Wanted::parse(word)).collect(),
        no_modules: options.no_modules,
        append: options.append.clone(),
        memory: options.memory,
        timeout: options.timeout,
        logs: out.logs(),
    };
    let booted = boot::boot(&kernel, &settings, building(watch)).map_err(build_error)?;
    let passed = booted.verdict == Verdict::Passed;
    Ok(BootReport {
        image: files.name,
        arch: files.arch.oci(),
        verdict: booted.verdict,
        reason: booted.reason,
        release: booted.release,
        expected: booted.expected,
        modules: booted.modules,
        warnings: booted.warnings,
        console: if passed { Vec::new() } else { booted.last },
        log: booted.log.display().to_string(),
        accelerator: booted.accelerator,
        took: booted.took,
    })
}

fn kernel(files: &KernelFiles, options: &BootOptions) -> Result<BootKernel, OpError> {
    let kernel = files.kernel().ok_or_else(|| {
        OpError::new(format!("'{}' has no kernel", files.name)).hint("an image of a kernel has a file /kernel")
    })?;
    Ok(BootKernel {
        name: files.name.clone(),
        arch: files.arch,
        kernel,
        config: files.file("kernel_config"),
        modules: options.modules_dir.clone().or_else(|| files.file("kernel.tar")),
        expected: files.expected.clone(),
    })
}
