//! `kpatch config edit`: the kernel's own menus on a configuration of the kit.

use std::io::Write as _;
use std::path::Path;

use super::refresh::{land, lay_out, open, tree_of};
use super::targets;
use super::{ConfigChangeReport, kbuild_error, option_reports};
use crate::kbuild::{Known, Sources, Toolchain};
use crate::kconfig::Config;
use crate::kit::{ConfigFile, Kit};
use crate::ops::config::derive::Derived;
use crate::ops::workspace::{self, Linux};
use crate::ops::{OpError, Places, Watch};

/// What to edit.
#[derive(Debug, Clone, Default)]
pub struct EditOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// `SERIES:ARCH`.
    pub config: String,
    /// Which of the kernel's programs asks.
    pub editor: Editor,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
}

/// One of the kernel's programs that ask a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Editor {
    /// Menus, made with ncurses.
    #[default]
    Menuconfig,
    /// Newer menus, made with ncurses.
    Nconfig,
    /// One question after another.
    Config,
    /// Questions about new options only.
    Oldconfig,
}

impl Editor {
    /// The target of `make`.
    pub fn target(self) -> &'static str {
        match self {
            Self::Menuconfig => "menuconfig",
            Self::Nconfig => "nconfig",
            Self::Config => "config",
            Self::Oldconfig => "oldconfig",
        }
    }
}

/// What came of it.
pub type EditReport = ConfigChangeReport;

/// A configuration in a private directory, ready for a person.
pub struct Editing {
    kit: Kit,
    linux: Linux,
    sources: Sources,
    config: ConfigFile,
    bytes: Vec<u8>,
    arguments: Vec<String>,
}

/// Prepares the kernel's menus for one configuration of the kit.
pub fn begin(options: &EditOptions, watch: Watch<'_>) -> Result<Editing, OpError> {
    let kit = workspace::kit(&options.places)?;
    if !options.config.contains(':') {
        return Err(OpError::new(format!(
            "'{}' names no configuration",
            crate::text::visible(options.config.as_bytes())
        ))
        .hint("say SERIES:ARCH, such as 6.6.x:x86_64"));
    }
    drop(super::refresh::begin(&kit, "config edit", false, options.allow_dirty, watch)?);
    let (linux, mut groups) = open(&options.places, &kit, std::slice::from_ref(&options.config), watch)?;
    let group = groups.swap_remove(0);
    let tree = tree_of(&linux.store, &kit, &group)?;
    let sources = lay_out(&linux.store, &group, tree)?;
    let config = group.configs.into_iter().next();
    let config = config.ok_or_else(|| OpError::new("the kit has no such configuration"))?;
    let failed = |error| kbuild_error(&config.name(), error);
    let (bytes, before) = targets::read(&config.path)?;
    let denied = sources.denied(config.arch, &before, &bytes, watch.interrupt).map_err(failed)?;
    let toolchain = Toolchain::Recorded { answers: &before, known: Known::Names(&denied) };
    let mut arguments = sources.prepare(config.arch, &bytes, &toolchain, watch.interrupt).map_err(failed)?;
    arguments.push(options.editor.target().to_owned());
    Ok(Editing { kit, linux, sources, config, bytes, arguments })
}

impl Editing {
    /// Where `make` has to run.
    pub fn dir(&self) -> &Path {
        self.sources.dir()
    }

    /// The arguments of `make`.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Puts what the person has saved in its place. Nothing is written if nothing was saved. If the file has been changed by
    /// somebody else meanwhile, what was saved is kept in a file that the error names.
    pub fn finish(self, watch: Watch<'_>) -> Result<EditReport, OpError> {
        let new = self.sources.result().map_err(|error| kbuild_error(&self.config.name(), error))?;
        let before = Config::parse(&self.bytes).unwrap_or_default();
        let after = Config::parse(&new)
            .map_err(|error| OpError::because("the kernel's menus have left no configuration", error))?;
        let report = ConfigChangeReport {
            config: self.config.name(),
            path: self.kit.shown(&self.config.path),
            changed: new != self.bytes,
            evaluated: true,
            options: option_reports(&before, &after),
            assumed: Vec::new(),
        };
        if !report.changed {
            return Ok(report);
        }
        let derived = Derived { to: self.config.path.clone(), old: Some(self.bytes), new, report };
        let landed = workspace::lock_kit(&self.kit, "config edit", watch)
            .and_then(|_lock| land(&self.kit, &self.linux.store, std::slice::from_ref(&derived), "config edit"));
        match landed {
            Ok(()) => Ok(derived.report),
            Err(error) => Err(match keep(&derived) {
                Some(path) => error.hint(format!("what you saved is in '{path}'")),
                None => error,
            }),
        }
    }
}

/// Keeps what a person has made; it is hours of work at times.
fn keep(derived: &Derived) -> Option<String> {
    let mut file = tempfile::Builder::new().prefix("kpatch-config-").tempfile().ok()?;
    file.write_all(&derived.new).ok()?;
    let (_, path) = file.keep().ok()?;
    Some(path.display().to_string())
}
