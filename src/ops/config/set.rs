//! `kpatch config set`: an option in many configurations, with all that it brings along.

use serde::Serialize;

use super::check::reason;
use super::derive::Derived;
use super::refresh::{begin, land, lay_out, open, tree_of};
use super::targets::{self, Group};
use super::{ConfigChangeReport, OptionReport, kbuild_error, option_reports};
use crate::event::Event;
use crate::kbuild::{Known, Sources, Symbols, Toolchain};
use crate::kconfig::{self, Config};
use crate::kit::{ConfigFile, Kit};
use crate::ops::{OpError, Places, Watch, workspace};
use crate::text::visible;

/// What to set.
#[derive(Debug, Clone, Default)]
pub struct SetOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// `CONFIG_X=y`, with or without the prefix.
    pub settings: Vec<String>,
    /// `SERIES` or `SERIES:ARCH`; every series that is not deprecated if empty.
    pub configs: Vec<String>,
    /// Write nothing.
    pub dry_run: bool,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
}

/// What became of one configuration.
#[derive(Debug, Clone, Serialize)]
pub struct SetReport {
    /// What changes in it, besides what was asked for.
    #[serde(flatten)]
    pub change: ConfigChangeReport,
    /// What was asked for, and what came of it.
    pub rows: Vec<SetRow>,
    /// For options that changed as well: why.
    pub causes: Vec<CauseReport>,
    /// True if all that was asked for holds; if it does not in one configuration, none is written.
    pub holds: bool,
}

/// One option that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetRow {
    /// Its name with `CONFIG_` in front.
    pub name: String,
    /// The value that was asked for.
    pub wanted: String,
    /// The value that it gets, `n` for one that is not set.
    pub got: String,
    /// Why it gets another one, where that can be told.
    pub why: Option<String>,
}

/// Why an option changed that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseReport {
    /// Its name with `CONFIG_` in front.
    pub name: String,
    /// `selected by CONFIG_X`, `depends on CONFIG_X`.
    pub cause: String,
}

/// One wish.
struct Setting {
    name: String,
    value: String,
}

/// Sets options in all wanted configurations, or in none if one of them does not take them.
pub fn set(options: &SetOptions, watch: Watch<'_>) -> Result<Vec<SetReport>, OpError> {
    let settings = options.settings.iter().map(|text| parse(text)).collect::<Result<Vec<Setting>, _>>()?;
    let kit = workspace::kit(&options.places)?;
    let _lock = begin(&kit, "config set", options.dry_run, options.allow_dirty, watch)?;
    let (linux, groups) = open(&options.places, &kit, &options.configs, watch)?;
    let total = groups.iter().map(|group| group.configs.len()).sum();
    watch.observer.event(&Event::Stage { name: "configuring".into(), total: Some(total) });
    let (mut all, mut reports) = (Vec::new(), Vec::new());
    for group in &groups {
        let tree = tree_of(&linux.store, &kit, group)?;
        let sources = lay_out(&linux.store, group, tree)?;
        for config in &group.configs {
            let (derived, report) = set_one(&kit, &sources, group, config, &settings, watch)?;
            all.push(derived);
            reports.push(report);
            watch.observer.event(&Event::Step);
        }
    }
    if !options.dry_run && reports.iter().all(|report| report.holds) {
        land(&kit, &linux.store, &all, "config set")?;
    }
    Ok(reports)
}

/// `CONFIG_X=y`, `X=n`, `X=some text`.
fn parse(text: &str) -> Result<Setting, OpError> {
    let shown = visible(text.as_bytes());
    let bad = || {
        OpError::new(format!("'{shown}' sets no option"))
            .hint("for example: CONFIG_VETH=y, VETH=m, CONFIG_LOG_BUF_SHIFT=17")
    };
    let (name, value) = text.split_once('=').ok_or_else(bad)?;
    let bare = name.strip_prefix("CONFIG_").unwrap_or(name);
    let is_name = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || value.is_empty() || value.contains(['\n', '\r']) {
        return Err(bad());
    }
    Ok(Setting { name: format!("CONFIG_{bare}"), value: value.to_owned() })
}

/// The value as it stands in a file: texts have quotes.
fn literal(value: &str, is_text: bool) -> String {
    let is_quoted = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
    let is_plain = matches!(value, "y" | "m" | "n") || value.parse::<i64>().is_ok() || value.starts_with("0x");
    if is_quoted || (is_plain && !is_text) {
        return value.to_owned();
    }
    let escaped: String =
        value.chars().flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c])).collect();
    format!("\"{escaped}\"")
}

/// The line that says so.
fn line(name: &str, value: &str) -> String {
    if value == "n" { format!("# {name} is not set\n") } else { format!("{name}={value}\n") }
}

/// The configuration with these lines in the place of the old ones, or at its end.
fn with(bytes: &[u8], wanted: &[(String, String)]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let is_of = |line: &[u8], name: &str| {
        let rest = line.strip_prefix(b"# ").unwrap_or(line).strip_prefix(name.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"=") || rest.starts_with(b" is not set"))
    };
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !wanted.iter().any(|(name, _)| is_of(line, name)) {
            text.extend_from_slice(line);
        }
    }
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    // The kernel's tools put them in their places.
    for (name, value) in wanted {
        text.extend_from_slice(line(name, value).as_bytes());
    }
    text
}

fn value_of<'a>(config: &'a Config, name: &str) -> Option<&'a str> {
    config.get(name).map(kconfig::Opt::word)
}

fn set_one(
    kit: &Kit,
    sources: &Sources,
    group: &Group,
    config: &ConfigFile,
    settings: &[Setting],
    watch: Watch<'_>,
) -> Result<(Derived, SetReport), OpError> {
    let failed = |error| kbuild_error(&config.name(), error);
    let (bytes, before) = targets::read(&config.path)?;
    let is_current =
        kconfig::release(&bytes).is_some_and(|at| bytes[at] == *group.version.plain().to_string().as_bytes());
    if !is_current {
        return Err(OpError::new(format!("{} was not made for {}", config.name(), group.version.plain()))
            .hint("bring it up to date first: kpatch config refresh"));
    }
    let wanted: Vec<(String, String)> = settings
        .iter()
        .map(|setting| {
            let is_text = value_of(&before, &setting.name).is_some_and(|value| value.starts_with('"'));
            (setting.name.clone(), literal(&setting.value, is_text))
        })
        .collect();
    let denied = sources.denied(config.arch, &before, &bytes, watch.interrupt).map_err(failed)?;
    // What the compiler was never asked it is taken to be able to do, and the report says so.
    let toolchain = Toolchain::Recorded { answers: &before, known: Known::Names(&denied) };
    let text = with(&bytes, &wanted);
    let made = sources.configure(config.arch, &text, &toolchain, watch.interrupt).map_err(failed)?;
    let after = Config::parse(&made.bytes).map_err(|error| {
        OpError::because(format!("the kernel's tools made no configuration of {}", config.name()), error)
    })?;
    let mut symbols = Lazy { sources, arch: config.arch, read: None };
    let rows: Vec<SetRow> = wanted.iter().map(|(name, value)| row(name, value, &after, &mut symbols)).collect();
    let holds = rows.iter().all(|row| row.got == row.wanted);
    let changes = option_reports(&before, &after);
    let others = changes.iter().filter(|change| !wanted.iter().any(|(name, _)| *name == change.name));
    let causes = others.filter_map(|change| cause(change, &changes, &mut symbols)).collect();
    let path = kit.shown(&config.path);
    let change = ConfigChangeReport {
        config: config.name(),
        path,
        changed: made.bytes != bytes,
        evaluated: true,
        options: changes,
        assumed: made.assumed.into_iter().collect(),
    };
    let derived = Derived { to: config.path.clone(), old: Some(bytes), new: made.bytes, report: change.clone() };
    Ok((derived, SetReport { change, rows, causes, holds }))
}

/// The Kconfig files, read once somebody asks.
struct Lazy<'a> {
    sources: &'a Sources,
    arch: crate::arch::Arch,
    read: Option<Symbols>,
}

impl Lazy<'_> {
    fn get(&mut self) -> &Symbols {
        // Without them the reasons are left out; the values are the kernel's own anyway.
        self.read.get_or_insert_with(|| self.sources.symbols(self.arch).unwrap_or_default())
    }
}

fn row(name: &str, wanted: &str, after: &Config, symbols: &mut Lazy<'_>) -> SetRow {
    let got = value_of(after, name).unwrap_or("n");
    let why = if got == wanted { None } else { explain(name, wanted, after, symbols.get()) };
    SetRow { name: name.to_owned(), wanted: visible(wanted.as_bytes()), got: visible(got.as_bytes()), why }
}

fn explain(name: &str, wanted: &str, after: &Config, symbols: &Symbols) -> Option<String> {
    if symbols.get(name).is_none() {
        let near: Vec<String> = symbols.near(name).iter().map(|near| format!("CONFIG_{near}")).collect();
        let hint = if near.is_empty() { String::new() } else { format!("; near: {}", near.join(", ")) };
        return Some(format!("this kernel has no such option{hint}"));
    }
    reason(symbols, name, wanted, after)
}

/// Why an option changed: another one that changed selects it, or it depends on one.
fn cause(change: &OptionReport, changes: &[OptionReport], symbols: &mut Lazy<'_>) -> Option<CauseReport> {
    let symbols = symbols.get();
    let symbol = symbols.get(&change.name)?;
    let is_among = |name: &str| changes.iter().any(|other| other.name.strip_prefix("CONFIG_") == Some(name));
    let selecting = symbol.selected_by.iter().map(|(name, _)| name.as_str()).find(|name| is_among(name));
    let found = selecting.map(|by| format!("selected by CONFIG_{by}")).or_else(|| {
        let mut others = changes.iter().filter(|other| other.name != change.name);
        let on = others.find(|other| symbols.depends_on(&change.name, &other.name));
        on.map(|other| format!("depends on {}", other.name))
    });
    found.map(|cause| CauseReport { name: change.name.clone(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes() {
        let shown = |text: &str| parse(text).map(|setting| (setting.name, setting.value)).ok();
        assert_eq!(shown("VETH=m"), Some(("CONFIG_VETH".into(), "m".into())));
        assert_eq!(shown("CONFIG_CMDLINE=a=b c"), Some(("CONFIG_CMDLINE".into(), "a=b c".into())));
        for bad in ["VETH", "=y", "CONFIG_=y", "A B=y", "A=", "A=y\nCONFIG_B=y"] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }

    #[test]
    fn lines_are_replaced_or_added() {
        let wanted = [("CONFIG_A".to_owned(), "n".to_owned()), ("CONFIG_B".to_owned(), "\"x\"".to_owned())];
        let text = with(b"CONFIG_A=y\nCONFIG_AA=y\n# CONFIG_B is not set\nCONFIG_C=y", &wanted);
        assert_eq!(
            String::from_utf8(text).expect("text"),
            "CONFIG_AA=y\nCONFIG_C=y\n# CONFIG_A is not set\nCONFIG_B=\"x\"\n"
        );
        assert_eq!((literal("17", false), literal("17", true)), ("17".into(), "\"17\"".into()));
        assert_eq!((literal("a\"b", false), literal("\"q\"", true)), ("\"a\\\"b\"".into(), "\"q\"".into()));
    }
}
