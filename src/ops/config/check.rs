//! `kpatch config check`: whether the build would leave every configuration as it is, and if not, whose fault that is.

mod variants;

pub(super) use variants::reason;

use std::collections::HashSet;

use serde::Serialize;

use super::compiler::{Choice, here, must_be_here};
use super::refresh::{lay_out, open};
use super::targets::{self, Group};
use super::{kbuild_error, option_reports};
use crate::event::Event;
use crate::git::Store;
use crate::kbuild::{self, Known, Sources, Toolchain};
use crate::kconfig::{self, Config};
use crate::kit::{ConfigFile, Kit, SeriesState};
use crate::ops::workspace::kit_error;
use crate::ops::{OpError, Places, Watch, workspace};
use crate::text::visible;
use crate::version::KernelVersion;

/// What to check.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// `SERIES` or `SERIES:ARCH`; every series that is not deprecated if empty.
    pub configs: Vec<String>,
    /// Which compiler is asked beside the recorded answers.
    pub toolchain: Choice,
    /// What the programs of the compiler begin with.
    pub cross_compile: Option<String>,
}

/// What became of one configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The series and the architecture, such as `6.6.x:x86_64`; with the variant where a fragment was merged.
    pub config: String,
    /// The file, relative to the kit; for a variant its fragment.
    pub path: String,
    /// The version of the kernel.
    pub version: String,
    /// How it stands.
    pub state: ConfigState,
    /// Why it could not be checked.
    pub error: Option<String>,
    /// The compiler that made it and the one that was asked here; absent where only the recorded answers were used.
    pub compilers: Option<CompilersReport>,
    /// What differs.
    pub findings: Vec<FindingReport>,
    /// Options that no configuration has a compiler's answer to.
    pub assumed: Vec<String>,
}

/// How a configuration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigState {
    /// The build leaves it as it is.
    Final,
    /// Only another compiler than its own changes it.
    Compiler,
    /// The build changes it.
    Stale,
    /// It could not be checked.
    Failed,
}

/// Two compilers by the names that they give themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompilersReport {
    /// The one that the configuration has recorded, if it has.
    pub recorded: Option<String>,
    /// The one that was asked.
    pub here: Option<String>,
}

/// One difference between a configuration and what the build makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingReport {
    /// Whose fault it is.
    pub class: Class,
    /// The option with `CONFIG_` in front; empty for the header and the layout.
    pub name: String,
    /// Its value in the file, `n` for one that is not set; absent if it is not there.
    pub old: Option<String>,
    /// Its value after the build's `make defconfig`.
    pub new: Option<String>,
    /// Why, where that can be told.
    pub why: Option<String>,
}

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The option becomes another one with any compiler.
    Option,
    /// The header names another version.
    Header,
    /// The same options in another order or with other comments.
    Layout,
    /// An option of a fragment that does not have its value in the result.
    NotTaken,
    /// The version of a tool.
    ToolchainVersion,
    /// What a compiler, linker or assembler can do.
    Probe,
}

impl Class {
    /// True for what only another compiler changes.
    pub fn is_compiler(self) -> bool {
        matches!(self, Self::ToolchainVersion | Self::Probe)
    }
}

impl CheckReport {
    /// True for what makes the check fail.
    pub fn is_finding(&self, strict: bool) -> bool {
        match self.state {
            ConfigState::Final => false,
            ConfigState::Compiler => strict,
            ConfigState::Stale | ConfigState::Failed => true,
        }
    }

    /// A configuration of which nothing is to be said.
    fn clean(config: String, path: String, version: &KernelVersion) -> Self {
        Self {
            config,
            path,
            version: version.plain().to_string(),
            state: ConfigState::Final,
            error: None,
            compilers: None,
            findings: Vec::new(),
            assumed: Vec::new(),
        }
    }

    /// A configuration of a kernel whose patches do not apply.
    fn rejected(config: String, path: String, version: &KernelVersion, reason: &str) -> Self {
        let error = Some(format!("the patches do not apply: {}", visible(reason.as_bytes())));
        Self { state: ConfigState::Failed, error, ..Self::clean(config, path, version) }
    }
}

/// Checks configurations, their variants and their debug kernels. Nothing is written.
pub fn check(options: &CheckOptions, watch: Watch<'_>) -> Result<Vec<CheckReport>, OpError> {
    let kit = workspace::kit(&options.places)?;
    let (linux, groups) = open(&options.places, &kit, &options.configs, watch)?;
    let total = groups.iter().map(|group| group.configs.len()).sum();
    watch.observer.event(&Event::Stage { name: "checking configurations".into(), total: Some(total) });
    let (all, states) = (kit.configs().map_err(kit_error)?, kit.series().map_err(kit_error)?);
    let mut rows = Vec::new();
    for group in &groups {
        let tree = match targets::tree(&linux.store, &kit, &group.version, &[&group.state])? {
            Ok(tree) => tree,
            Err(reason) => {
                let rejected = |config: &ConfigFile| {
                    CheckReport::rejected(config.name(), kit.shown(&config.path), &group.version, &reason)
                };
                rows.extend(group.configs.iter().map(rejected));
                continue;
            }
        };
        let sources = &lay_out(&linux.store, group, tree)?;
        let (store, versions) = (&linux.store, sources.version_options());
        let ground = Ground { options, kit: &kit, store, group, sources, all: &all, states: &states, versions, watch };
        for file in &group.configs {
            let (bytes, config) = targets::read(&file.path)?;
            let read = Read { file, bytes, config };
            rows.push(ground.row(&read)?);
            rows.extend(ground.merged(&read)?);
            watch.observer.event(&Event::Step);
        }
    }
    Ok(rows)
}

/// A configuration with what its file holds.
struct Read<'a> {
    file: &'a ConfigFile,
    bytes: Vec<u8>,
    config: Config,
}

/// What the checks of one series share.
struct Ground<'a> {
    options: &'a CheckOptions,
    kit: &'a Kit,
    store: &'a Store,
    group: &'a Group,
    sources: &'a Sources,
    /// Every configuration and fragment of the kit.
    all: &'a [ConfigFile],
    /// Every series and variant of the kit.
    states: &'a [SeriesState],
    /// Options whose value is a version.
    versions: HashSet<String>,
    watch: Watch<'a>,
}

impl Ground<'_> {
    fn row(&self, Read { file, bytes, config: before }: &Read<'_>) -> Result<CheckReport, OpError> {
        let failed = |error| kbuild_error(&file.name(), error);
        let release = targets::made_for(self.store, bytes);
        let names;
        let known = match release {
            Some((version, _)) if version == self.group.version.plain() => Known::All,
            Some((_, Some(tree))) => {
                names = kbuild::config_names(self.store, tree, file.arch).map_err(failed)?;
                Known::Names(&names)
            }
            _ if targets::is_near(bytes, &self.group.version) => Known::All,
            _ => Known::Nothing,
        };
        let recorded = Toolchain::Recorded { answers: before, known };
        let own = self.sources.once(file.arch, bytes, &recorded, self.watch.interrupt).map_err(failed)?;
        let mut findings = real(bytes, before, &own.bytes);
        let mut compilers = None;
        if let Some(toolchain) = self.compiler(file)? {
            let made = self.sources.once(file.arch, bytes, &toolchain, self.watch.interrupt).map_err(failed)?;
            let after = Config::parse(&made.bytes).unwrap_or_default();
            compilers = Some(CompilersReport { recorded: compiler_of(before), here: compiler_of(&after) });
            self.add_compiler_findings(before, &after, &mut findings);
        }
        let state = match findings.as_slice() {
            [] => ConfigState::Final,
            all if all.iter().all(|finding| finding.class.is_compiler()) => ConfigState::Compiler,
            _ => ConfigState::Stale,
        };
        let base = CheckReport::clean(file.name(), self.kit.shown(&file.path), &self.group.version);
        Ok(CheckReport { state, compilers, findings, assumed: own.assumed.into_iter().collect(), ..base })
    }

    /// The compiler that is asked beside the recorded answers.
    fn compiler(&self, config: &ConfigFile) -> Result<Option<Toolchain<'static>>, OpError> {
        let cross_compile = self.options.cross_compile.as_deref();
        Ok(match self.options.toolchain {
            Choice::Recorded => here(config.arch, cross_compile).or(Some(Toolchain::Dummy)),
            Choice::Host => Some(must_be_here(config.arch, cross_compile)?),
            Choice::Dummy => Some(Toolchain::Dummy),
        })
    }

    /// Adds what the compiler that was asked changes, and the recorded answers do not.
    fn add_compiler_findings(&self, before: &Config, after: &Config, findings: &mut Vec<FindingReport>) {
        for option in option_reports(before, after) {
            let is_real = findings.iter().any(|real| real.name == option.name && real.new == option.new);
            if is_real {
                continue;
            }
            let is_version = self.versions.contains(option.name.trim_start_matches("CONFIG_"));
            let class = if is_version { Class::ToolchainVersion } else { Class::Probe };
            findings.push(FindingReport { class, name: option.name, old: option.old, new: option.new, why: None });
        }
    }
}

/// What differs with the compiler's recorded answers, so with any compiler.
fn real(bytes: &[u8], before: &Config, made: &[u8]) -> Vec<FindingReport> {
    let after = Config::parse(made).unwrap_or_default();
    let mut findings = Vec::new();
    let version = |bytes: &[u8]| kconfig::release(bytes).map(|place| visible(&bytes[place]));
    let (old, new) = (version(bytes), version(made));
    if old != new {
        findings.push(FindingReport { class: Class::Header, name: String::new(), old, new, why: None });
    }
    let options = option_reports(before, &after).into_iter();
    findings.extend(options.map(|option| FindingReport {
        class: Class::Option,
        name: option.name,
        old: option.old,
        new: option.new,
        why: None,
    }));
    if findings.is_empty() && bytes != made {
        let why = Some("the same options, in another order or with other comments".to_owned());
        findings.push(FindingReport { class: Class::Layout, name: String::new(), old: None, new: None, why });
    }
    findings
}

/// What the compiler of a configuration calls itself.
fn compiler_of(config: &Config) -> Option<String> {
    let option = config.get("CONFIG_CC_VERSION_TEXT")?;
    Some(visible(option.word().trim_matches('"').as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_real_whatever_the_compiler() {
        let classes = |old: &str, new: &str| {
            let before = Config::parse(old.as_bytes()).expect("a configuration");
            real(old.as_bytes(), &before, new.as_bytes()).into_iter().map(|f| (f.class, f.name)).collect::<Vec<_>>()
        };
        let text = "#\n# Linux/x86 6.6.13 Kernel Configuration\n#\nCONFIG_A=y\nCONFIG_B=y\n";
        assert_eq!(classes(text, text), []);
        assert_eq!(classes(text, &text.replace("6.6.13", "6.6.14")), [(Class::Header, String::new())]);
        assert_eq!(classes(text, &text.replace("CONFIG_B=y", "# b\nCONFIG_B=y")), [(Class::Layout, String::new())]);
        assert_eq!(classes(text, &text.replace("CONFIG_B=y\n", "")), [(Class::Option, "CONFIG_B".to_owned())]);
    }
}
