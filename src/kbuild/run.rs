//! Runs `make defconfig` and its like in the private directory.

use std::collections::{BTreeSet, HashSet};
use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::sources::{Sources, cannot};
use super::{KbuildError, Known, Toolchain};
use crate::arch::Arch;
use crate::event::Interrupt;
use crate::kconfig::{self, Config};
use crate::process::{self, Command, find_program};

/// How long one run may take; the slowest seen, with a cold build of the tool on a busy machine, took half a minute.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often the user's wish to stop is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How many times a result is configured again before it counts as one that never comes to rest.
const TURNS: usize = 4;
/// Programs that the kernel's tools are built with, and the Debian packages that have them.
const TOOLS: [(&str, &str); 4] = [("make", "make"), ("gcc", "gcc"), ("flex", "flex"), ("bison", "bison")];
/// Where a Rust toolchain is looked for, and what the compilers of this machine may read besides.
const HOST_VARIABLES: [&str; 5] = ["HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME", "CCACHE_DIR"];

/// A configuration as the kernel's own tools leave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// The `.config`.
    pub bytes: Vec<u8>,
    /// Options in it, with `CONFIG_` in front, that a compiler would have to answer and that no configuration has an answer
    /// to: the kernel's dummy tools did.
    pub assumed: BTreeSet<String>,
}

/// Programs that are missing for the kernel's configuration tools, with their Debian packages.
pub fn missing_tools() -> Vec<(&'static str, &'static str)> {
    TOOLS.into_iter().filter(|(tool, _)| !is_installed(tool)).collect()
}

/// True if a program is found by its name.
pub fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    find_program(program.as_ref(), &path).is_some()
}

impl Sources {
    /// What `make defconfig` makes of a configuration, and again of its own result until that stays as it is.
    pub fn configure(
        &self,
        arch: Arch,
        config: &[u8],
        toolchain: &Toolchain<'_>,
        interrupt: &Interrupt,
    ) -> Result<Configured, KbuildError> {
        let mut assumed = self.answer(toolchain)?;
        let mut bytes = self.defconfig(arch, config, toolchain, interrupt)?;
        for _ in 0..TURNS {
            let recorded = parse(&bytes);
            if matches!(toolchain, Toolchain::Recorded { .. }) {
                // From now on the result itself is the record: what was assumed stands in it.
                self.replay(&recorded, Known::All)?;
            }
            let again = self.defconfig(arch, &bytes, toolchain, interrupt)?;
            if again == bytes {
                assumed.retain(|name| recorded.options.iter().any(|option| option.name == *name));
                return Ok(Configured { bytes, assumed });
            }
            bytes = again;
        }
        Err(KbuildError::Restless)
    }

    /// What one `make defconfig` makes of a configuration, and what it had to assume.
    pub fn once(
        &self,
        arch: Arch,
        config: &[u8],
        toolchain: &Toolchain<'_>,
        interrupt: &Interrupt,
    ) -> Result<Configured, KbuildError> {
        let mut assumed = self.answer(toolchain)?;
        let bytes = self.defconfig(arch, config, toolchain, interrupt)?;
        let made = parse(&bytes);
        assumed.retain(|name| made.options.iter().any(|option| option.name == *name));
        Ok(Configured { bytes, assumed })
    }

    /// The options, without `CONFIG_`, to which the compiler of a configuration has said no, as far as that shows: those that
    /// would come if it had said yes. Others that the configuration does not mention it was never asked about.
    pub fn denied(
        &self,
        arch: Arch,
        config: &Config,
        bytes: &[u8],
        interrupt: &Interrupt,
    ) -> Result<HashSet<String>, KbuildError> {
        let all_yes = Toolchain::Recorded { answers: config, known: Known::Nothing };
        let made = parse(&self.once(arch, bytes, &all_yes, interrupt)?.bytes);
        let mentioned: HashSet<&str> = config.options.iter().map(|option| option.name.as_str()).collect();
        let new = made.options.iter().filter(|option| !mentioned.contains(option.name.as_str()));
        Ok(new.map(|option| option.name.trim_start_matches("CONFIG_").to_owned()).collect())
    }

    /// What the build makes of a configuration to which a fragment was appended: `make defconfig`, then `make oldconfig`.
    pub fn merge(
        &self,
        arch: Arch,
        config: &[u8],
        toolchain: &Toolchain<'_>,
        interrupt: &Interrupt,
    ) -> Result<Vec<u8>, KbuildError> {
        self.answer(toolchain)?;
        self.defconfig(arch, config, toolchain, interrupt)?;
        self.make(arch, "oldconfig", toolchain, interrupt)?;
        self.result()
    }

    /// Prepares the directory for a program that asks a person: the configuration as `.config`, the questions to the
    /// toolchain answered. Returns the arguments that `make` needs, without a target.
    pub fn prepare(
        &self,
        arch: Arch,
        config: &[u8],
        toolchain: &Toolchain<'_>,
        interrupt: &Interrupt,
    ) -> Result<Vec<String>, KbuildError> {
        self.answer(toolchain)?;
        self.defconfig(arch, config, toolchain, interrupt)?;
        // The configuration itself, so that what the tools change on their own is seen.
        let path = self.dir().join(".config");
        fs::write(&path, config).map_err(cannot("write", &path))?;
        Ok(self.arguments(arch, toolchain))
    }

    /// The `.config` that is in the directory now.
    pub fn result(&self) -> Result<Vec<u8>, KbuildError> {
        let path = self.dir().join(".config");
        fs::read(&path).map_err(cannot("read", &path))
    }

    /// Answers the questions to the toolchain, or leaves them to it.
    fn answer(&self, toolchain: &Toolchain<'_>) -> Result<BTreeSet<String>, KbuildError> {
        match toolchain {
            Toolchain::Recorded { answers, known } => self.replay(answers, *known),
            _ => self.ask_again().map(|()| BTreeSet::new()),
        }
    }

    fn defconfig(
        &self,
        arch: Arch,
        config: &[u8],
        toolchain: &Toolchain<'_>,
        interrupt: &Interrupt,
    ) -> Result<Vec<u8>, KbuildError> {
        let path = self.dir().join(arch.defconfig());
        if !path.parent().is_some_and(Path::is_dir) {
            return Err(KbuildError::NoArch(arch.defconfig()));
        }
        fs::write(&path, config).map_err(cannot("write", &path))?;
        for name in [".config", ".config.old"] {
            match fs::remove_file(self.dir().join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot("remove", &path)(error)),
                _ => {}
            }
        }
        self.make(arch, self.target(arch), toolchain, interrupt)?;
        self.result()
    }

    /// How `make` is told the architecture. A native `make` on `x86_64` says x86, and so does then the configuration; what the
    /// one in the place of the default one says is said again, since the result says it, too.
    fn spelling(&self, arch: Arch) -> &'static str {
        let is_native = || {
            let text = fs::read(self.dir().join(arch.defconfig())).unwrap_or_default();
            kconfig::spelling(&text) == Some("x86")
        };
        if arch == Arch::X86_64 && is_native() { "x86" } else { arch.kernel() }
    }

    /// The target for the default configuration; `make ARCH=x86` goes by the machine that it runs on.
    fn target(&self, arch: Arch) -> &'static str {
        let is_foreign = Arch::host() != Some(Arch::X86_64);
        if self.spelling(arch) == "x86" && is_foreign { "x86_64_defconfig" } else { "defconfig" }
    }

    fn arguments(&self, arch: Arch, toolchain: &Toolchain<'_>) -> Vec<String> {
        let mut words = vec!["--no-print-directory".to_owned(), format!("ARCH={}", self.spelling(arch))];
        match toolchain {
            Toolchain::Host { cross_compile } => {
                words.extend(cross_compile.as_ref().map(|prefix| format!("CROSS_COMPILE={prefix}")));
            }
            // Kernels before 5.8 have no dummies; where answers are recorded, any compiler will do.
            _ if !self.has_dummy => words.push("RUSTC=false".into()),
            _ => words.extend(["CROSS_COMPILE=scripts/dummy-tools/".into(), "RUSTC=false".into()]),
        }
        words
    }

    fn make(
        &self,
        arch: Arch,
        target: &str,
        toolchain: &Toolchain<'_>,
        interrupt: &Interrupt,
    ) -> Result<(), KbuildError> {
        self.check_tools()?;
        let flag = Arc::new(Interrupt::new());
        let mut command = Command::new("make")
            .args(self.arguments(arch, toolchain))
            .arg(target)
            .dir(self.dir())
            .env("LC_ALL", "C")
            .timeout(PATIENCE)
            .interrupt(Arc::clone(&flag));
        if matches!(toolchain, Toolchain::Host { .. }) {
            command = command.keep_env(HOST_VARIABLES);
        }
        handing_on(interrupt, &flag, || command.run()).map(drop).map_err(|error| failure(error, interrupt))
    }

    fn check_tools(&self) -> Result<(), KbuildError> {
        let is_needed = |tool: &str| !(self.is_shipped && matches!(tool, "flex" | "bison"));
        let missing = missing_tools().into_iter().filter(|(tool, _)| is_needed(tool));
        let (missing, packages): (Vec<String>, Vec<String>) =
            missing.map(|(tool, package)| (tool.to_owned(), package.to_owned())).unzip();
        if missing.is_empty() { Ok(()) } else { Err(KbuildError::Tools { missing, packages }) }
    }
}

fn failure(source: process::Error, interrupt: &Interrupt) -> KbuildError {
    if source.is_interrupted() || interrupt.is_raised() {
        return KbuildError::Interrupted;
    }
    // Make's own line about it comes after the one that says why.
    let lines = source.stderr().unwrap_or_default().lines().filter(|line| !line.trim().is_empty());
    let said = lines.clone().find(|line| !line.starts_with("make")).or_else(|| lines.clone().next_back());
    KbuildError::Make { said: said.unwrap_or("they said nothing").trim().to_owned(), source }
}

/// Does `work` while the user's flag is handed on to another one.
pub(crate) fn handing_on<T>(from: &Interrupt, to: &Interrupt, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                if from.is_raised() {
                    to.raise();
                }
                thread::park_timeout(TICK);
            }
        });
        let result = work();
        done.store(true, Ordering::SeqCst);
        watcher.thread().unpark();
        result
    })
}

/// What the kernel's tools write is a configuration; what is none has no answers.
fn parse(bytes: &[u8]) -> Config {
    Config::parse(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_is_handed_on() {
        let (from, to) = (Interrupt::new(), Interrupt::new());
        from.raise();
        handing_on(&from, &to, || {
            while !to.is_raised() {
                thread::yield_now();
            }
        });
        assert_eq!(handing_on(&Interrupt::new(), &to, || 7), 7);
    }

    #[test]
    fn programs_are_found_by_their_names() {
        assert!(is_installed("sh") && !is_installed("no-such-program-of-a-kernel"));
    }
}
