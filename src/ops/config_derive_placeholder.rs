//! Stands in for the derivation of configurations by the kernel's own tools: copies, with the version in the header.

use std::path::PathBuf;

use serde::Serialize;

use super::{OpError, Watch};
use crate::arch::Arch;
use crate::git::{Oid, Store};
use crate::version::KernelVersion;

/// A configuration that is to be made for another release.
pub(super) struct Derive {
    /// The configuration that is there.
    pub(super) from: PathBuf,
    /// Where the new one goes.
    pub(super) to: PathBuf,
    /// Its architecture.
    pub(super) arch: Arch,
}

/// A configuration that was made.
pub(super) struct Derived {
    /// Where it goes.
    pub(super) to: PathBuf,
    /// What is there now.
    pub(super) old: Option<Vec<u8>>,
    /// What is to be there.
    pub(super) new: Vec<u8>,
    /// What changed.
    pub(super) report: ConfigChangeReport,
}

/// What changed in a configuration.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigChangeReport {
    /// The architecture, as `uname -m` writes it.
    pub arch: String,
    /// The file, absolute.
    pub path: String,
}

/// Makes configurations for the tree `new`.
pub(super) fn derive(
    _store: &Store,
    _old: Option<Oid>,
    _new: Oid,
    version: &KernelVersion,
    jobs: &[Derive],
    _watch: Watch<'_>,
) -> Result<(Vec<Derived>, Vec<String>), OpError> {
    let mut made = Vec::new();
    for job in jobs {
        let cannot = |error| OpError::because(format!("cannot read '{}'", job.from.display()), error);
        let text = std::fs::read(&job.from).map_err(cannot)?;
        let report = ConfigChangeReport { arch: job.arch.uname().to_owned(), path: job.to.display().to_string() };
        let new = with_version(&text, version);
        made.push(Derived { to: job.to.clone(), old: std::fs::read(&job.to).ok(), new, report });
    }
    let warnings = vec!["the options were not checked against the new release".to_owned()];
    Ok((made, warnings))
}

/// The text with another version in `# Linux/x86 6.6.13 Kernel Configuration`.
fn with_version(text: &[u8], version: &KernelVersion) -> Vec<u8> {
    let mut new = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&b| b == b'\n') {
        let words: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
        if let [b"#", arch, _, b"Kernel", rest] = words.as_slice()
            && arch.starts_with(b"Linux/")
            && rest.starts_with(b"Configuration")
        {
            new.extend([b"# ", *arch, b" ", version.plain().to_string().as_bytes(), b" Kernel ", *rest].concat());
        } else {
            new.extend(line);
        }
    }
    new
}
