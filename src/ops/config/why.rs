//! `kpatch config why`: what an option is, what it needs, and who turns it on.

use serde::Serialize;

use super::refresh::{lay_out, open, tree_of};
use super::targets::{self, Group};
use super::{arch_of, kbuild_error};
use crate::arch::Arch;
use crate::kbuild::{Sources, Symbol, Symbols};
use crate::ops::{OpError, Places, Watch, compute, jobs, workspace};
use crate::text::visible;

/// What to explain.
#[derive(Debug, Clone, Default)]
pub struct WhyOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// The option, with or without `CONFIG_`.
    pub option: String,
    /// `SERIES` or `SERIES:ARCH`; the newest series that is not deprecated if absent.
    pub config: Option<String>,
    /// A release instead of a series of the kit.
    pub tag: Option<String>,
    /// The architecture; with a series the one of the machine if it has that.
    pub arch: Option<String>,
}

/// What the Kconfig files say of an option.
#[derive(Debug, Clone, Serialize)]
pub struct WhyReport {
    /// Its name with `CONFIG_` in front.
    pub option: String,
    /// The version of the kernel.
    pub version: String,
    /// The architecture.
    pub arch: String,
    /// `bool`, `tristate`, `string`, `int` or `hex`.
    pub kind: Option<String>,
    /// The question to the user; absent for one that only others can set.
    pub prompt: Option<String>,
    /// Where it is defined: `net/Kconfig:12`.
    pub places: Vec<String>,
    /// Its help text.
    pub help: Option<String>,
    /// What has to hold, with the `if`s and menus around; one text for each place.
    pub depends: Vec<String>,
    /// Its defaults.
    pub defaults: Vec<String>,
    /// The options that select it, each with its condition.
    pub selected_by: Vec<String>,
    /// The options that imply it.
    pub implied_by: Vec<String>,
    /// Its value in the configurations of the series.
    pub values: Vec<ValueReport>,
}

/// The value of an option in one configuration.
#[derive(Debug, Clone, Serialize)]
pub struct ValueReport {
    /// The configuration.
    pub config: String,
    /// Its value, `n` for one that is not set; absent if it is not mentioned.
    pub value: Option<String>,
    /// The options, set there, that select it; only for the architecture that was looked at.
    pub selected_by: Vec<String>,
    /// What it lacks there.
    pub unmet: Vec<String>,
}

/// Explains an option.
pub fn why(options: &WhyOptions, watch: Watch<'_>) -> Result<WhyReport, OpError> {
    let arch = options.arch.as_deref().map(arch_of).transpose()?;
    match &options.tag {
        Some(tag) => of_tag(options, tag, arch, watch),
        None => of_series(options, arch, watch),
    }
}

fn of_tag(options: &WhyOptions, tag: &str, arch: Option<Arch>, watch: Watch<'_>) -> Result<WhyReport, OpError> {
    let tag = jobs::tag(tag)?;
    let kit = workspace::kit(&options.places).ok();
    let linux = workspace::linux(&options.places, kit.as_ref(), &[tag.to_string()], watch)?;
    let tree = compute::release(&linux.store, tag.as_str())?.tree;
    let arch = arch.or_else(Arch::host).unwrap_or(Arch::X86_64);
    let what = tag.to_string();
    let sources = Sources::lay_out(&linux.store, tree).map_err(|error| kbuild_error(&what, error))?;
    let symbols = sources.symbols(arch).map_err(|error| kbuild_error(&what, error))?;
    report(&options.option, &symbols, what.trim_start_matches('v'), arch)
}

fn of_series(options: &WhyOptions, arch: Option<Arch>, watch: Watch<'_>) -> Result<WhyReport, OpError> {
    let kit = workspace::kit(&options.places)?;
    let named: Vec<String> = options.config.iter().map(|name| series_of(name).to_owned()).collect();
    let (linux, mut groups) = open(&options.places, &kit, &named, watch)?;
    let group = groups.pop().expect("open gives at least one series");
    let named = options.config.as_deref().and_then(|name| name.split_once(':')).map(|(_, arch)| arch_of(arch));
    let arch = match named.transpose()?.or(arch) {
        Some(arch) => arch,
        None => usual(&group),
    };
    let tree = tree_of(&linux.store, &kit, &group)?;
    let sources = lay_out(&linux.store, &group, tree)?;
    let symbols = sources.symbols(arch).map_err(|error| kbuild_error(&group.state.name(), error))?;
    let mut report = report(&options.option, &symbols, &group.version.plain().to_string(), arch)?;
    for file in &group.configs {
        let (_, config) = targets::read(&file.path)?;
        let found = config.get(&report.option);
        let is_looked_at = file.arch == arch;
        let is_on = found.is_some_and(|option| option.word() != "n");
        let by = if is_looked_at { symbols.selecting(&report.option, &config) } else { Vec::new() };
        report.values.push(ValueReport {
            config: file.name(),
            value: found.map(|option| visible(option.word().as_bytes())),
            selected_by: by.into_iter().map(|name| format!("CONFIG_{name}")).collect(),
            unmet: if is_looked_at && !is_on { symbols.unmet(&report.option, &config) } else { Vec::new() },
        });
    }
    Ok(report)
}

fn series_of(name: &str) -> &str {
    name.split_once(':').map_or(name, |(series, _)| series)
}

/// The machine's own architecture, if the series has it.
fn usual(group: &Group) -> Arch {
    let host = Arch::host().filter(|host| group.configs.iter().any(|config| config.arch == *host));
    host.unwrap_or(group.configs[0].arch)
}

fn report(option: &str, symbols: &Symbols, version: &str, arch: Arch) -> Result<WhyReport, OpError> {
    let bare = option.strip_prefix("CONFIG_").unwrap_or(option);
    let Some(symbol) = symbols.get(bare) else {
        let shown = visible(bare.as_bytes());
        let error = OpError::new(format!("Linux {version} has no option CONFIG_{shown} for {arch}"));
        let near: Vec<String> = symbols.near(bare).iter().map(|near| format!("CONFIG_{near}")).collect();
        return Err(if near.is_empty() { error } else { error.hint(format!("it has {}", near.join(", "))) });
    };
    let Symbol { kind, prompt, places, help, defaults, selected_by, implied_by, .. } = symbol;
    let by = |all: &[(String, Option<String>)]| {
        let line = |(name, condition): &(String, Option<String>)| match condition {
            Some(condition) => format!("CONFIG_{name} if {condition}"),
            None => format!("CONFIG_{name}"),
        };
        all.iter().map(line).collect()
    };
    Ok(WhyReport {
        option: format!("CONFIG_{bare}"),
        version: version.to_owned(),
        arch: arch.to_string(),
        kind: kind.map(str::to_owned),
        prompt: prompt.clone(),
        places: places.iter().map(|(file, line)| format!("{file}:{line}")).collect(),
        help: help.clone(),
        depends: symbol.depends(),
        defaults: defaults.clone(),
        selected_by: by(selected_by),
        implied_by: by(implied_by),
        values: Vec::new(),
    })
}
