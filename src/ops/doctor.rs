//! `kpatch doctor`: what this machine has, and what it lacks.

use std::path::PathBuf;

use serde::Serialize;

use super::images_plan::building;
use super::kernel_files::out_dir;
use super::workspace::{kit, linux_name};
use super::{OpError, Places, Watch};
use crate::build::doctor::{Distribution, Examined, Purpose, examine};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct DoctorOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// Where builds go; `out` at the top of the kit if absent.
    pub out: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorReport {
    /// Whether everything is there that compiling a kernel for this machine's own architecture takes.
    pub ready: bool,
    /// Everything that was looked for, ordered by what it is for.
    pub examined: Vec<Examined>,
    /// The command that installs what is required and missing.
    pub install: Option<String>,
    /// The command that installs all that is missing.
    pub install_all: Option<String>,
}

/// Looks at this machine; changes nothing.
pub fn doctor(options: &DoctorOptions, watch: Watch<'_>) -> Result<DoctorReport, OpError> {
    let distribution = Distribution::of_this_machine();
    let mut examined = examine(&out_dir(&options.places, options.out.as_deref()), &distribution, building(watch));
    if watch.interrupt.is_raised() {
        return Err(OpError::interrupted());
    }
    examined.push(linux(&options.places));
    let packages = |only_required: bool| {
        let missing = examined.iter().filter(|one| !one.ok && (one.required || !only_required));
        let mut packages: Vec<String> = missing.flat_map(|one| one.packages.iter().cloned()).collect();
        packages.sort();
        packages.dedup();
        packages
    };
    Ok(DoctorReport {
        ready: examined.iter().all(|one| one.ok || !one.required),
        install: distribution.install(&packages(true)),
        install_all: distribution.install(&packages(false)),
        examined,
    })
}

/// Whether a linux tree is known; sources may come as tarballs as well.
fn linux(places: &Places) -> Examined {
    let kit = kit(places).ok();
    let known = linux_name(places, kit.as_ref()).ok();
    let is_missing = known
        .as_ref()
        .is_some_and(|name| !name.contains("://") && !name.contains('@') && !PathBuf::from(name).exists());
    Examined {
        purpose: Purpose::Helpers,
        name: "linux tree".into(),
        ok: known.is_some() && !is_missing,
        required: false,
        found: match (&known, is_missing) {
            (None, _) => "none is known".to_owned(),
            (Some(name), true) => format!("'{name}' is not there"),
            (Some(name), false) => crate::process::without_passwords(name),
        },
        needed_for: "carrying patches, and the sources of builds without tarballs".into(),
        packages: Vec::new(),
        hints: if known.is_some() && !is_missing {
            Vec::new()
        } else {
            vec!["name a clone or a git URL: --linux, the variable LINUXSRC, or linux = \"…\" in kpatch.toml".into()]
        },
    }
}
