//! Variants and debug kernels: a fragment appended to a configuration, as the build does it.

use std::path::Path;

use super::{CheckReport, Class, ConfigState, FindingReport, Ground};
use crate::arch::Arch;
use crate::kbuild::{Known, Sources, Symbols, Toolchain};
use crate::kconfig::{Config, Opt};
use crate::kit::{ConfigFile, SeriesState};
use crate::ops::OpError;
use crate::ops::config::refresh::lay_out;
use crate::ops::config::{kbuild_error, targets};
use crate::ops::workspace::kit_error;
use crate::text::visible;

/// What the debug kernel does not do: it is there to be looked at after an oops.
const PANIC: (&str, &str) = ("CONFIG_PANIC_ON_OOPS=y", "# CONFIG_PANIC_ON_OOPS is not set");

/// A fragment and what it is appended to.
struct Merge<'a> {
    base: &'a ConfigFile,
    /// `-rt`, `-dbg`.
    suffix: &'a str,
    fragment: &'a Path,
    sources: &'a Sources,
}

impl Ground<'_> {
    /// The rows of the variants and of the debug kernel that are made of a configuration.
    pub(super) fn merged(&self, base: &ConfigFile) -> Result<Vec<CheckReport>, OpError> {
        let mut rows = Vec::new();
        let all = self.kit.configs().map_err(kit_error)?;
        let states = self.kit.series().map_err(kit_error)?;
        let fragments = all.iter().filter(|config| {
            config.is_fragment() && config.series == base.series && config.arch == base.arch && base.variant.is_empty()
        });
        for fragment in fragments {
            let state =
                states.iter().find(|state| state.series == fragment.series && state.variant == fragment.variant);
            if state.is_some_and(|state| state.deprecated) {
                continue;
            }
            rows.push(self.variant(base, fragment, state)?);
        }
        if let Some(fragment) = self.kit.debug_fragment() {
            rows.push(self.merge(&Merge { base, suffix: "-dbg", fragment: &fragment, sources: self.sources })?);
        }
        Ok(rows)
    }

    fn variant(
        &self,
        base: &ConfigFile,
        fragment: &ConfigFile,
        state: Option<&SeriesState>,
    ) -> Result<CheckReport, OpError> {
        let merge = |sources| Merge { base, suffix: &fragment.variant, fragment: &fragment.path, sources };
        let Some(state) = state.filter(|state| state.patches_dir.is_dir()) else {
            return self.merge(&merge(self.sources));
        };
        let version = targets::version_of(self.kit, state)?;
        // The build puts the variant's patches on first, then those of the series.
        match targets::tree(self.store, self.kit, &version, &[state, &self.group.state])? {
            Ok(tree) => self.merge(&merge(&lay_out(self.store, self.group, tree)?)),
            Err(reason) => Ok(CheckReport {
                state: ConfigState::Failed,
                error: Some(format!("the patches do not apply: {}", visible(reason.as_bytes()))),
                ..self.empty(&merge(self.sources))
            }),
        }
    }

    fn empty(&self, merge: &Merge<'_>) -> CheckReport {
        CheckReport {
            config: format!("{}{}{}:{}", merge.base.series, merge.base.variant, merge.suffix, merge.base.arch),
            path: self.kit.shown(merge.fragment),
            version: self.group.version.plain().to_string(),
            state: ConfigState::Final,
            error: None,
            compilers: None,
            findings: Vec::new(),
            assumed: Vec::new(),
        }
    }

    fn merge(&self, merge: &Merge<'_>) -> Result<CheckReport, OpError> {
        let mut row = self.empty(merge);
        let failed = |error| kbuild_error(&row.config, error);
        let (base, config) = targets::read(&merge.base.path)?;
        let (fragment, wanted) = targets::read(merge.fragment)?;
        let (arch, interrupt) = (merge.base.arch, self.watch.interrupt);
        let denied = merge.sources.denied(arch, &config, &base, interrupt).map_err(failed)?;
        // What the compiler was never asked, as the fragment turns it on, it is taken to be able to do.
        let toolchain = Toolchain::Recorded { answers: &config, known: Known::Names(&denied) };
        let text = appended(&base, &fragment, merge.suffix);
        let made = merge.sources.merge(arch, &text, &toolchain, interrupt).map_err(failed)?;
        let made = Config::parse(&made).unwrap_or_default();
        row.findings = not_taken(&wanted, &made, merge.sources, arch);
        row.state = if row.findings.is_empty() { ConfigState::Final } else { ConfigState::Stale };
        Ok(row)
    }
}

/// The configuration with the fragment, as the build appends it.
fn appended(base: &[u8], fragment: &[u8], suffix: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(base.len() + fragment.len() + 1);
    for line in base.split_inclusive(|byte| *byte == b'\n') {
        let words = line.strip_suffix(b"\n").unwrap_or(line);
        let local = words.strip_prefix(b"CONFIG_LOCALVERSION=\"-linuxkit");
        if let Some(rest) = local {
            text.extend_from_slice(b"CONFIG_LOCALVERSION=\"-linuxkit");
            text.extend_from_slice(suffix.as_bytes());
            text.extend_from_slice(rest);
            text.push(b'\n');
        } else if suffix == "-dbg" && words == PANIC.0.as_bytes() {
            text.extend_from_slice(PANIC.1.as_bytes());
            text.push(b'\n');
        } else {
            text.extend_from_slice(line);
        }
    }
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend_from_slice(fragment);
    text
}

/// The options of a fragment that have another value in the result.
fn not_taken(wanted: &Config, made: &Config, sources: &Sources, arch: Arch) -> Vec<FindingReport> {
    let lost = wanted.options.iter().filter(|option| made.get(&option.name).map_or("n", Opt::word) != option.word());
    let mut symbols: Option<Symbols> = None;
    let findings = lost.map(|option| {
        let symbols = symbols.get_or_insert_with(|| sources.symbols(arch).unwrap_or_default());
        FindingReport {
            class: Class::NotTaken,
            name: option.name.clone(),
            old: Some(visible(option.word().as_bytes())),
            new: made.get(&option.name).map(|made| visible(made.word().as_bytes())),
            why: reason(symbols, &option.name, option.word(), made),
        }
    });
    findings.collect()
}

/// Why an option does not have a value, as far as the Kconfig files tell.
pub(in crate::ops::config) fn reason(symbols: &Symbols, name: &str, wanted: &str, made: &Config) -> Option<String> {
    let Some(symbol) = symbols.get(name) else { return Some("this kernel has no such option".into()) };
    let list = |names: Vec<&str>| names.iter().map(|name| format!("CONFIG_{name}")).collect::<Vec<_>>().join(", ");
    let selecting = symbols.selecting(name, made);
    if wanted != "y" && !selecting.is_empty() {
        return Some(format!("selected by {}", list(selecting)));
    }
    let unmet = symbols.unmet(name, made);
    if !unmet.is_empty() {
        return Some(format!("needs {}", visible(unmet.join(" && ").as_bytes())));
    }
    if symbol.prompt.is_none() {
        let who: Vec<&str> = symbol.selected_by.iter().take(5).map(|(name, _)| name.as_str()).collect();
        return Some(if who.is_empty() {
            "nobody can set it: it has no prompt".into()
        } else {
            format!("it has no prompt; it is selected by {}", list(who))
        });
    }
    if symbol.kind == Some("bool") && wanted == "m" {
        return Some("it is y or n, no module".into());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_appended_as_the_build_does_it() {
        let base = b"CONFIG_LOCALVERSION=\"-linuxkit\"\nCONFIG_PANIC_ON_OOPS=y\nCONFIG_A=y";
        let text = |suffix: &str| String::from_utf8(appended(base, b"CONFIG_B=y\n", suffix)).expect("text");
        assert_eq!(
            text("-rt"),
            "CONFIG_LOCALVERSION=\"-linuxkit-rt\"\nCONFIG_PANIC_ON_OOPS=y\nCONFIG_A=y\nCONFIG_B=y\n"
        );
        assert_eq!(
            text("-dbg"),
            "CONFIG_LOCALVERSION=\"-linuxkit-dbg\"\n# CONFIG_PANIC_ON_OOPS is not set\nCONFIG_A=y\nCONFIG_B=y\n"
        );
    }
}
