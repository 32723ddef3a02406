//! Variants and debug kernels: a fragment appended to a configuration, as the build does it.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::path::Path;

use super::{CheckReport, Class, ConfigState, FindingReport, Ground, Read};
use crate::arch::Arch;
use crate::kbuild::{Known, Sources, Symbols, Toolchain};
use crate::kconfig::{Config, Opt};
use crate::kit::{ConfigFile, SeriesState};
use crate::ops::OpError;
use crate::ops::config::refresh::lay_out;
use crate::ops::config::{kbuild_error, targets};
use crate::text::visible;

/// What the debug kernel does not do: it is there to be looked at after an oops.
const PANIC: (&str, &str) = ("CONFIG_PANIC_ON_OOPS=y", "# CONFIG_PANIC_ON_OOPS is not set");

/// The options, without `CONFIG_`, to which the compiler of a configuration has said no on some sources.
type Denied = HashSet<String>;

/// A fragment to append.
struct Fragment<'a> {
    /// `-rt`, `-dbg`.
    suffix: &'a str,
    path: &'a Path,
}

impl Ground<'_> {
    /// The rows of the variants and of the debug kernel that are made of a configuration.
    pub(super) fn merged(&self, base: &Read<'_>) -> Result<Vec<CheckReport>, OpError> {
        let mut rows = Vec::new();
        let fragments = self.all.iter().filter(|config| {
            config.is_fragment() && config.series == base.file.series && config.arch == base.file.arch
        });
        // One question to the sources of the series serves all fragments that are merged on them.
        let own = OnceCell::new();
        for fragment in fragments {
            let state =
                self.states.iter().find(|state| state.series == fragment.series && state.variant == fragment.variant);
            if state.is_some_and(|state| state.deprecated) {
                continue;
            }
            rows.push(self.variant(base, fragment, state, &own)?);
        }
        if let Some(path) = self.kit.debug_fragment() {
            rows.push(self.merge(base, &Fragment { suffix: "-dbg", path: &path }, self.sources, &own)?);
        }
        Ok(rows)
    }

    fn variant(
        &self,
        base: &Read<'_>,
        fragment: &ConfigFile,
        state: Option<&SeriesState>,
        own: &OnceCell<Denied>,
    ) -> Result<CheckReport, OpError> {
        let appended = Fragment { suffix: &fragment.variant, path: &fragment.path };
        let Some(state) = state.filter(|state| state.patches_dir.is_dir()) else {
            return self.merge(base, &appended, self.sources, own);
        };
        let version = targets::version_of(self.kit, state)?;
        // The build puts the variant's patches on first, then those of the series.
        match targets::tree(self.store, self.kit, &version, &[state, &self.group.state])? {
            Ok(tree) => self.merge(base, &appended, &lay_out(self.store, self.group, tree)?, &OnceCell::new()),
            Err(reason) => {
                let (name, path) = self.names(base, &appended);
                Ok(CheckReport::rejected(name, path, &self.group.version, &reason))
            }
        }
    }

    /// What the report calls a fragment that is appended, and its path in the kit.
    fn names(&self, base: &Read<'_>, fragment: &Fragment<'_>) -> (String, String) {
        let ConfigFile { series, variant, arch, .. } = base.file;
        (format!("{series}{variant}{}:{arch}", fragment.suffix), self.kit.shown(fragment.path))
    }

    fn merge(
        &self,
        base: &Read<'_>,
        fragment: &Fragment<'_>,
        sources: &Sources,
        known: &OnceCell<Denied>,
    ) -> Result<CheckReport, OpError> {
        let (name, path) = self.names(base, fragment);
        let mut row = CheckReport::clean(name, path, &self.group.version);
        let failed = |error| kbuild_error(&row.config, error);
        let (bytes, wanted) = targets::read(fragment.path)?;
        let (arch, interrupt) = (base.file.arch, self.watch.interrupt);
        let denied = if let Some(denied) = known.get() {
            denied
        } else {
            let asked = sources.denied(arch, &base.config, &base.bytes, interrupt).map_err(failed)?;
            known.get_or_init(|| asked)
        };
        // What the compiler was never asked, as the fragment turns it on, it is taken to be able to do.
        let toolchain = Toolchain::Recorded { answers: &base.config, known: Known::Names(denied) };
        let text = appended(&base.bytes, &bytes, fragment.suffix);
        let made = sources.merge(arch, &text, &toolchain, interrupt).map_err(failed)?;
        let made = Config::parse(&made).unwrap_or_default();
        row.findings = not_taken(&wanted, &made, sources, arch);
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
