//! Runs `make` on a module, and makes sense of what it says.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::ModuleRecipe;
use super::headers::Headers;
use crate::arch::Arch;
use crate::build::error::cannot;
use crate::build::{BuildError, Watch};
use crate::event::{Event, Interrupt};
use crate::kbuild::{handing_on, is_installed};
use crate::process::Command;
use crate::text::visible;

/// The compiler that is used.
#[derive(Debug)]
pub(super) struct Toolchain {
    arch: Arch,
    /// What stands before the names of its programs: `aarch64-linux-gnu-`.
    prefix: &'static str,
    /// The compiler itself: `gcc`, `gcc-12`, `clang`.
    name: String,
    /// The first line of what it says of itself.
    pub(super) version: String,
    /// The same as the kernel's configuration would have it.
    pub(super) text: String,
}

impl Toolchain {
    /// The compiler for these headers: that of the kernel's own version where this machine has several.
    pub(super) fn find(headers: &Headers, arch: Arch) -> Result<Self, BuildError> {
        let prefix = if Arch::host() == Some(arch) { "" } else { cross_prefix(arch) };
        let usual = if headers.by_clang { "clang" } else { "gcc" };
        let compiler = |name: &str| if headers.by_clang { name.to_owned() } else { format!("{prefix}{name}") };
        let major = headers.compiler.as_deref().and_then(major);
        let own = major.map(|major| format!("{usual}-{major}")).filter(|name| is_installed(&compiler(name)));
        let name = own.unwrap_or_else(|| usual.to_owned());
        let program = compiler(&name);
        let wanted = [("make", "make".to_owned()), (&*program, package(&program, arch)), ("ld", "binutils".to_owned())];
        let missing: Vec<_> = wanted.into_iter().filter(|(program, _)| !is_installed(program)).collect();
        if !missing.is_empty() {
            let (missing, packages) =
                missing.into_iter().map(|(program, package)| (program.to_owned(), package)).unzip();
            return Err(BuildError::Tools { stage: format!("compiling modules for {arch}"), missing, packages });
        }
        let said = Command::new(&program).arg("--version").env("LC_ALL", "C").run();
        let said = said.map_err(|error| BuildError::Input(format!("{program} does not run: {error}"), None))?;
        let version = visible(said.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default());
        Ok(Self { arch, prefix, name, text: version.clone(), version })
    }

    /// The arguments that tell `make` of it.
    fn arguments(&self) -> Vec<String> {
        let mut words = vec![format!("ARCH={}", self.arch.kernel()), format!("CROSS_COMPILE={}", self.prefix)];
        if self.name.starts_with("clang") {
            words.push("LLVM=1".into());
        } else {
            // Debian's headers name a compiler of their own.
            words.push(format!("CC={}{}", self.prefix, self.name));
        }
        words
    }
}

/// What Debian's cross compilers are called.
fn cross_prefix(arch: Arch) -> &'static str {
    match arch {
        Arch::Aarch64 => "aarch64-linux-gnu-",
        Arch::Riscv64 => "riscv64-linux-gnu-",
        Arch::S390x => "s390x-linux-gnu-",
        Arch::X86_64 => "x86_64-linux-gnu-",
    }
}

/// The Debian package with a compiler.
fn package(program: &str, arch: Arch) -> String {
    let dashed = arch.uname().replace('_', "-");
    match program.strip_prefix(cross_prefix(arch)) {
        Some(name) => format!("{name}-{dashed}-linux-gnu"),
        None => program.to_owned(),
    }
}

/// `12` of `gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0`.
fn major(text: &str) -> Option<u32> {
    text.rsplit(' ').find_map(|word| word.split('.').next()?.parse().ok())
}

/// Compiles the modules in `copy`, which is a copy of `source`.
pub(super) fn modules(
    headers: &Headers,
    toolchain: &Toolchain,
    copy: &Path,
    source: &Path,
    recipe: &ModuleRecipe,
    watch: Watch<'_>,
) -> Result<(), BuildError> {
    let stage = format!("compiling {} for {}", name_of_dir(&recipe.dir), headers.release);
    watch.observer.event(&Event::Stage { name: stage.clone().into(), total: None });
    let flag = Arc::new(Interrupt::new());
    let map = |from: &Path, to: &str| format!("-ffile-prefix-map={}={to}", from.display());
    // The same module, wherever it was compiled.
    let flags = format!("KCFLAGS={} {}", map(copy, "."), map(&headers.root, ""));
    let command = Command::new("sh")
        // Both streams in one, in the order in which they were written.
        .args(["-c", "exec \"$@\" 2>&1", "sh", "make", "--no-print-directory", "-C"])
        .arg(&headers.dir)
        .arg(format!("M={}", copy.display()))
        .args(toolchain.arguments())
        .args([flags, format!("-j{}", recipe.jobs.max(1)), "modules".to_owned()])
        .env("LC_ALL", "C")
        .env("KBUILD_BUILD_USER", "kpatch")
        .env("KBUILD_BUILD_HOST", "localhost")
        .interrupt(Arc::clone(&flag));
    let output = handing_on(watch.interrupt, &flag, || command.output());
    if watch.interrupt.is_raised() {
        return Err(BuildError::Interrupted);
    }
    let output = output.map_err(|error| BuildError::Stage {
        stage: stage.clone(),
        said: error.to_string(),
        log: None,
        hint: None,
        source: Some(Box::new(error)),
    })?;
    fs::write(&recipe.log, &output.stdout).map_err(cannot("write", &recipe.log))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let (said, hint) = reason(&text, copy, source);
    Err(BuildError::Stage { stage, said, log: Some(recipe.log.clone()), hint, source: None })
}

fn name_of_dir(dir: &Path) -> String {
    let full = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    visible(full.file_name().unwrap_or_default().as_encoded_bytes())
}

/// The line that says why compiling failed, with the place in the user's own files, and what helps.
fn reason(text: &str, copy: &Path, source: &Path) -> (String, Option<String>) {
    let is_own = |line: &&str| !line.starts_with("make");
    let error = text.lines().filter(is_own).find(|line| line.contains(": error:") || line.contains(": fatal error:"));
    let undefined = text.lines().find(|line| line.contains("ERROR: modpost:"));
    let any = || text.lines().rfind(|line| !line.trim().is_empty() && (is_own(line) || line.contains("***")));
    let line = error.or(undefined).or_else(any).unwrap_or("make said nothing").trim();
    // As the user knows the file, and not as the copy was called.
    let line = line.replace(&format!("{}/", copy.display()), &format!("{}/", source.display()));
    let hint = undefined.filter(|_| error.is_none()).and_then(|line| {
        let symbol = line.split('"').nth(1)?;
        line.contains("undefined").then(|| {
            format!(
                "the kernel exports no {}: switch on what has it, or use something else",
                visible(symbol.as_bytes())
            )
        })
    });
    (visible(line.as_bytes()), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_line_with_the_place() {
        let text = "  CC [M]  /tmp/k/module/hello.o\n/tmp/k/module/hello.c:7:2: error: implicit declaration of function 'nosuch'\nmake[1]: *** [x] Error 1\nmake: *** [y] Error 2\n";
        let (said, hint) = reason(text, Path::new("/tmp/k/module"), Path::new("hello/src"));
        assert_eq!(
            (said.as_str(), hint),
            ("hello/src/hello.c:7:2: error: implicit declaration of function 'nosuch'", None)
        );
        let text =
            "  MODPOST x\nERROR: modpost: \"nosuch\" [/tmp/k/module/hello.ko] undefined!\nmake[1]: *** [x] Error 1\n";
        let (said, hint) = reason(text, Path::new("/tmp/k/module"), Path::new("hello/src"));
        assert_eq!(said, "ERROR: modpost: \"nosuch\" [hello/src/hello.ko] undefined!");
        assert_eq!(hint.as_deref(), Some("the kernel exports no nosuch: switch on what has it, or use something else"));
        assert_eq!(
            reason("make: *** No rule to make target 'modules'.  Stop.\n", Path::new("a"), Path::new("b")).0,
            "make: *** No rule to make target 'modules'.  Stop."
        );
        assert_eq!(reason("", Path::new("a"), Path::new("b")).0, "make said nothing");
    }

    #[test]
    fn compilers_have_their_names() {
        assert_eq!(major("gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0"), Some(12));
        assert_eq!(package("aarch64-linux-gnu-gcc", Arch::Aarch64), "gcc-aarch64-linux-gnu");
        assert_eq!(package("x86_64-linux-gnu-gcc-12", Arch::X86_64), "gcc-12-x86-64-linux-gnu");
        assert_eq!(package("gcc", Arch::X86_64), "gcc");
    }
}
