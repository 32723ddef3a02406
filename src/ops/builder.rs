//! `kpatch builder`: images to compile kernels in.

use std::path::PathBuf;

use serde::Serialize;

use super::images_plan::build_error;
use super::{OpError, Watch};
use crate::arch::Arch;
use crate::build::engine::{self, NewBuilder};

/// The Debian release where none is named.
pub const SUITE: &str = "bookworm";
/// The moment that files get where `SOURCE_DATE_EPOCH` names none: the first of 1980, before which some archives know no time.
const EPOCH: i64 = 315_532_800;

/// Which builder is asked for.
#[derive(Debug, Clone, Default)]
pub struct CreateBuilderOptions {
    /// The Debian release; [`SUITE`] if absent.
    pub suite: Option<String>,
    /// Where its packages are; the usual place if absent.
    pub mirror: Option<String>,
    /// What it runs on, in any spelling; this machine if absent.
    pub arch: Option<String>,
    /// For which other architectures it compiles, in any spelling.
    pub targets: Vec<String>,
    /// Packages besides the usual ones.
    pub packages: Vec<String>,
    /// The layout that it is put into: `oci:DIR` or `DIR`.
    pub out: PathBuf,
    /// The moment that all its files get, in seconds since 1970.
    pub epoch: Option<i64>,
}

/// The builder that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuilderReport {
    /// How `--builder-image` names it: `oci:DIR:TAG`.
    pub reference: String,
    /// Its tag: the Debian release, the architecture and a hash of its contents.
    pub tag: String,
    /// The digest of its manifest.
    pub digest: String,
    /// The Debian release.
    pub suite: String,
    /// What it runs on, as images name it.
    pub arch: String,
}

/// Makes a builder image of Debian packages. The same packages give the same image.
pub fn create(options: &CreateBuilderOptions, watch: Watch<'_>) -> Result<BuilderReport, OpError> {
    let arch = match &options.arch {
        Some(name) => self::arch(name)?,
        None => Arch::host().ok_or_else(|| {
            OpError::new(format!("no kernels are built on '{}'", std::env::consts::ARCH))
                .hint("name another architecture: --arch")
        })?,
    };
    let suite = options.suite.clone().unwrap_or_else(|| SUITE.to_owned());
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.:".contains(&byte))
    };
    if let Some(bad) = std::iter::once(&suite).chain(&options.packages).find(|word| !is_word(word)) {
        let shown = crate::text::visible(bad.as_bytes());
        return Err(OpError::new(format!("'{shown}' is the name neither of a release nor of a package of Debian")));
    }
    let out = options.out.to_str().and_then(|out| out.strip_prefix("oci:")).map_or(options.out.clone(), PathBuf::from);
    let new = NewBuilder {
        suite: suite.clone(),
        mirror: options.mirror.clone(),
        arch,
        targets: options.targets.iter().map(|name| self::arch(name)).collect::<Result<_, _>>()?,
        packages: options.packages.clone(),
        layout: out,
        epoch: options.epoch.unwrap_or(EPOCH),
    };
    let watch = crate::build::Watch { observer: watch.observer, interrupt: watch.interrupt };
    let made = engine::create_builder(&new, watch).map_err(build_error)?;
    Ok(BuilderReport {
        reference: made.reference,
        tag: made.tag,
        digest: made.digest,
        suite,
        arch: arch.oci().to_owned(),
    })
}

fn arch(name: &str) -> Result<Arch, OpError> {
    name.parse().map_err(|error: crate::arch::ArchError| {
        OpError::new(error.to_string()).hint("for example: amd64, arm64, riscv64")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Interrupt, Silent};

    #[test]
    fn no_option_hides_in_a_name() {
        let interrupt = Interrupt::new();
        let watch = Watch { observer: &Silent, interrupt: &interrupt };
        let refused = |options: CreateBuilderOptions| create(&options, watch).expect_err("refused").to_string();
        let suite = CreateBuilderOptions { suite: Some("--foreign".into()), ..CreateBuilderOptions::default() };
        assert!(refused(suite).starts_with("'--foreign' is the name neither"));
        let package = CreateBuilderOptions { packages: vec!["a,b c".into()], ..CreateBuilderOptions::default() };
        assert!(refused(package).starts_with("'a,b c' is the name neither"));
        let arch = CreateBuilderOptions { arch: Some("mips".into()), ..CreateBuilderOptions::default() };
        assert!(refused(arch).contains("mips"));
    }
}
