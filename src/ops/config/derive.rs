//! A configuration made from another one by the kernel's own tools: for its own series, a newer release, or a new series.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use super::compiler::{Choice, must_be_here};
use super::{ConfigChangeReport, kbuild_error, option_reports, targets};
use crate::arch::Arch;
use crate::event::Event;
use crate::git::{Oid, Store};
use crate::kbuild::{self, KbuildError, Known, Sources, Toolchain};
use crate::kconfig::{self, Config};
use crate::kit::Kit;
use crate::ops::{OpError, Watch};
use crate::version::KernelVersion;

/// One configuration to be made.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Derive {
    /// What reports call it: `6.6.x:x86_64`.
    pub(in crate::ops) name: String,
    /// The existing one.
    pub(in crate::ops) from: PathBuf,
    /// Where it goes; may be the same.
    pub(in crate::ops) to: PathBuf,
    /// Its architecture.
    pub(in crate::ops) arch: Arch,
    /// The tree of the release that it was made for, if the linux tree has it.
    pub(in crate::ops) old: Option<Oid>,
}

/// One that was made.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Derived {
    /// Where it goes.
    pub(in crate::ops) to: PathBuf,
    /// What is there now.
    pub(in crate::ops) old: Option<Vec<u8>>,
    /// What is to be there.
    pub(in crate::ops) new: Vec<u8>,
    /// How the two differ; for a new file, how it differs from the one that it was made of.
    pub(in crate::ops) report: ConfigChangeReport,
}

/// What configurations are made for.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Kernel<'a> {
    pub(in crate::ops) store: &'a Store,
    /// Its tree, with the patches in it.
    pub(in crate::ops) tree: Oid,
    pub(in crate::ops) version: &'a KernelVersion,
}

/// Makes configurations of the kit for a kernel; nothing is written.
///
/// Where the tree has no Kconfig files or a tool is missing, a configuration gets the new version in its header and nothing else,
/// and a warning says that its options were not checked.
pub(in crate::ops) fn derive(
    kit: &Kit,
    kernel: Kernel<'_>,
    jobs: &[Derive],
    watch: Watch<'_>,
) -> Result<(Vec<Derived>, Vec<String>), OpError> {
    derive_with(kit, kernel, jobs, (Choice::Recorded, None), watch)
}

/// As [`derive()`], with another compiler.
pub(super) fn derive_with(
    kit: &Kit,
    kernel: Kernel<'_>,
    jobs: &[Derive],
    (choice, cross_compile): (Choice, Option<&str>),
    watch: Watch<'_>,
) -> Result<(Vec<Derived>, Vec<String>), OpError> {
    let Kernel { store, tree, version } = kernel;
    let what = format!("Linux {}", version.plain());
    if jobs.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let sources = match Sources::lay_out(store, tree) {
        Ok(sources) => sources,
        Err(error @ KbuildError::NoKconfig) => return headers_only(kit, version, jobs, &error),
        Err(error) => return Err(kbuild_error(&what, error)),
    };
    watch.observer.event(&Event::Stage { name: "configuring".into(), total: Some(jobs.len()) });
    let mut names: HashMap<(Oid, Arch), HashSet<String>> = HashMap::new();
    let mut derived = Vec::new();
    for job in jobs {
        let (bytes, config) = targets::read(&job.from)?;
        let known = match job.old {
            Some(old) if old != tree => Known::Names(match names.entry((old, job.arch)) {
                Entry::Occupied(read) => read.into_mut(),
                Entry::Vacant(place) => {
                    let read = kbuild::config_names(store, old, job.arch);
                    place.insert(read.map_err(|error| kbuild_error(&what, error))?)
                }
            }),
            Some(_) => Known::All,
            None if targets::is_near(&bytes, version) => Known::All,
            None => Known::Nothing,
        };
        let toolchain = match choice {
            Choice::Recorded => Toolchain::Recorded { answers: &config, known },
            Choice::Host => must_be_here(job.arch, cross_compile)?,
            Choice::Dummy => Toolchain::Dummy,
        };
        match sources.configure(job.arch, &bytes, &toolchain, watch.interrupt) {
            Ok(made) => derived.push(row(kit, job, bytes, &config, made.bytes, Some(made.assumed))?),
            Err(error @ KbuildError::Tools { .. }) => return headers_only(kit, version, jobs, &error),
            Err(error) => return Err(kbuild_error(&what, error)),
        }
        watch.observer.event(&Event::Step);
    }
    Ok((derived, Vec::new()))
}

/// The version in the headers, and nothing else.
fn headers_only(
    kit: &Kit,
    version: &KernelVersion,
    jobs: &[Derive],
    error: &KbuildError,
) -> Result<(Vec<Derived>, Vec<String>), OpError> {
    let mut derived = Vec::new();
    for job in jobs {
        let (bytes, config) = targets::read(&job.from)?;
        let mut new = bytes.clone();
        if let Some(place) = kconfig::release(&bytes) {
            new.splice(place, version.plain().to_string().into_bytes());
        }
        derived.push(row(kit, job, bytes, &config, new, None)?);
    }
    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    let warning = format!("{error}, so only the version in the configurations was looked at, not their options{hint}");
    Ok((derived, vec![warning]))
}

/// What was made; `assumed` is absent where nothing was evaluated.
fn row(
    kit: &Kit,
    job: &Derive,
    from: Vec<u8>,
    config: &Config,
    new: Vec<u8>,
    assumed: Option<BTreeSet<String>>,
) -> Result<Derived, OpError> {
    let path = kit.shown(&job.to);
    let after = Config::parse(&new)
        .map_err(|error| OpError::because(format!("the kernel's tools made no configuration of '{path}'"), error))?;
    let old = match std::fs::read(&job.to) {
        _ if job.from == job.to => Some(from),
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(OpError::because(format!("cannot read '{path}'"), error)),
    };
    let report = ConfigChangeReport {
        config: job.name.clone(),
        path,
        changed: old.as_ref() != Some(&new),
        evaluated: assumed.is_some(),
        options: option_reports(config, &after),
        assumed: assumed.into_iter().flatten().collect(),
    };
    Ok(Derived { to: job.to.clone(), old, new, report })
}
