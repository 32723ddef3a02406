//! What has to be installed to compile a kernel.

use std::env;
use std::path::PathBuf;

use crate::arch::Arch;
use crate::build::Recipe;
use crate::kconfig::Config;
use crate::process::{Command, find_program};

/// Programs that every kernel needs, with their Debian packages.
pub(crate) const ALWAYS: [(&str, &str); 9] = [
    ("make", "make"),
    ("gcc", "gcc"),
    ("ld", "binutils"),
    ("bc", "bc"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("perl", "perl"),
    ("tar", "tar"),
    ("diff", "diffutils"),
];
/// Programs that a kernel with an option needs.
pub(crate) const BY_OPTION: [(&str, &str, &str); 16] = [
    ("MODULES", "depmod", "kmod"),
    ("KERNEL_GZIP", "gzip", "gzip"),
    ("KERNEL_BZIP2", "bzip2", "bzip2"),
    ("KERNEL_XZ", "xz", "xz-utils"),
    ("KERNEL_LZMA", "lzma", "xz-utils"),
    ("KERNEL_LZO", "lzop", "lzop"),
    ("KERNEL_LZ4", "lz4", "lz4"),
    ("KERNEL_ZSTD", "zstd", "zstd"),
    ("MODULE_COMPRESS_XZ", "xz", "xz-utils"),
    ("MODULE_COMPRESS_ZSTD", "zstd", "zstd"),
    ("MODULE_SIG", "openssl", "openssl"),
    ("DEBUG_INFO_BTF", "pahole", "dwarves"),
    ("IKHEADERS", "cpio", "cpio"),
    ("IKHEADERS", "xz", "xz-utils"),
    ("RUST", "rustc", "rustc"),
    ("RUST", "bindgen", "bindgen"),
];
/// Headers of this machine that programs of the build need, by the option that wants them.
pub(crate) const HEADERS: [(&str, &str, &str); 5] = [
    ("OBJTOOL", "gelf.h", "libelf-dev"),
    ("UNWINDER_ORC", "gelf.h", "libelf-dev"),
    ("DEBUG_INFO_BTF", "gelf.h", "libelf-dev"),
    ("MODULE_SIG", "openssl/opensslv.h", "libssl-dev"),
    ("SYSTEM_TRUSTED_KEYRING", "openssl/opensslv.h", "libssl-dev"),
];
/// What perf is linked from, statically.
const PERF: [(&str, &str); 2] = [("gelf.h", "libelf-dev"), ("zlib.h", "zlib1g-dev")];
/// The first releases whose perf needs a library that was part of the kernel before.
const TRACEEVENT: ((u32, u32), &str, &str) = ((6, 2), "traceevent/event-parse.h", "libtraceevent-dev");
/// What stands between the architecture and `gcc` in the names of cross compilers; as the script looks for them.
const CROSS: [&str; 5] = ["linux-gnu", "linux-musl", "alpine-linux-musl", "redhat-linux", "linux"];
/// Where programs are that only root looks for.
const SYSTEM_DIRS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The programs and headers that are missing for a recipe, and the Debian packages that have them; nothing twice.
pub fn missing(recipe: &Recipe) -> (Vec<String>, Vec<String>) {
    let mut found = Missing::default();
    for (program, package) in ALWAYS {
        found.program(program, package);
    }
    found.compiler(recipe.arch);
    let texts = std::iter::once(&recipe.config).chain(&recipe.fragments);
    let options: Vec<_> = texts.flat_map(|text| Config::parse(&text.bytes).unwrap_or_default().options).collect();
    let is_set = |name: &str| {
        let mut set = options.iter().filter(|option| matches!(option.word(), "y" | "m"));
        set.any(|option| option.name.strip_prefix("CONFIG_") == Some(name))
    };
    for (option, program, package) in BY_OPTION {
        if is_set(option) {
            found.program(program, package);
        }
    }
    // Without a compiler nobody can say which headers there are.
    if find("gcc").is_some() {
        for (option, header, package) in HEADERS {
            if is_set(option) {
                found.header(header, package);
            }
        }
        if is_set("GCC_PLUGINS") {
            found.plugins(recipe.arch);
        }
        if recipe.tools.iter().any(|tool| tool == "perf") {
            found.perf(recipe);
        }
    }
    (found.what, found.packages)
}

/// The compiler for an architecture, if it is missing, and its package.
pub(super) fn compiler(arch: Arch) -> (Vec<String>, Vec<String>) {
    let mut found = Missing::default();
    found.program("gcc", "gcc");
    found.program("ld", "binutils");
    found.compiler(arch);
    (found.what, found.packages)
}

/// Where a program is.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs = env::split_paths(&path).chain(SYSTEM_DIRS.map(PathBuf::from));
    find_program(program.as_ref(), &env::join_paths(dirs).ok()?)
}

/// What the names of the compiler and its like begin with; nothing on a machine of that architecture. `None` if there is none.
pub(crate) fn prefix(arch: Arch) -> Option<String> {
    if Arch::host() == Some(arch) {
        return Some(String::new());
    }
    let mut names = CROSS.iter().map(|kind| format!("{}-{kind}-", arch.uname()));
    names.find(|prefix| find(&format!("{prefix}gcc")).is_some())
}

#[derive(Default)]
struct Missing {
    what: Vec<String>,
    packages: Vec<String>,
}

impl Missing {
    fn add(&mut self, what: &str, package: &str) {
        for (list, word) in [(&mut self.what, what), (&mut self.packages, package)] {
            if !list.iter().any(|known| known == word) {
                list.push(word.to_owned());
            }
        }
    }

    fn program(&mut self, program: &str, package: &str) {
        if find(program).is_none() {
            self.add(program, package);
        }
    }

    fn compiler(&mut self, arch: Arch) {
        if prefix(arch).is_none() {
            let package = format!("gcc-{}-linux-gnu", arch.uname().replace('_', "-"));
            self.add(&format!("{}-linux-gnu-gcc", arch.uname()), &package);
        }
    }

    fn header(&mut self, header: &str, package: &str) {
        if !has_header("gcc", header) {
            self.add(header, package);
        }
    }

    /// Plugins are compiled for the very version of the compiler.
    fn plugins(&mut self, arch: Arch) {
        let Some(prefix) = prefix(arch) else { return };
        let ask = |question: &str| {
            let output = Command::new(format!("{prefix}gcc")).arg(question).run().ok()?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let (Some(dir), Some(version)) = (ask("-print-file-name=plugin"), ask("-dumpversion")) else { return };
        if !PathBuf::from(&dir).join("include/plugin-version.h").is_file() {
            let major = version.split('.').next().unwrap_or(&version);
            self.add("the headers of gcc's plugins", &format!("gcc-{major}-plugin-dev{}", suffix(&prefix)));
        }
    }

    fn perf(&mut self, recipe: &Recipe) {
        let compiler = prefix(recipe.arch).map(|prefix| format!("{prefix}gcc"));
        let Some(compiler) = compiler else { return };
        let (first, header, package) = TRACEEVENT;
        let series = recipe.version.series();
        let newer = (series.major, series.minor) >= first;
        let wanted = PERF.into_iter().chain(newer.then_some((header, package)));
        let foreign = Arch::host() != Some(recipe.arch);
        for (header, package) in wanted {
            if !has_header(&compiler, header) {
                let arch = if foreign { format!(":{}", recipe.arch.oci()) } else { String::new() };
                self.add(header, &format!("{package}{arch}"));
            }
        }
    }
}

/// `-aarch64-linux-gnu` for what belongs to a cross compiler.
fn suffix(prefix: &str) -> String {
    if prefix.is_empty() { String::new() } else { format!("-{}", prefix.trim_end_matches('-').replace('_', "-")) }
}

/// Whether a compiler finds a header.
pub(crate) fn has_header(compiler: &str, header: &str) -> bool {
    let command = Command::new(compiler).args(["-E", "-x", "c", "-o", "/dev/null", "-"]);
    command.input(format!("#include <{header}>\n")).run().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn nothing_is_named_twice_and_options_matter() {
        let mut found = Missing::default();
        found.program("no-such-program", "some-package");
        found.program("no-such-program", "some-package");
        found.program("sh", "dash");
        assert_eq!((found.what, found.packages), (vec!["no-such-program".to_owned()], vec!["some-package".to_owned()]));
        assert!(has_header("gcc", "stdio.h") && !has_header("gcc", "no/such/header.h"));
        assert_eq!(prefix(Arch::host().expect("known")), Some(String::new()));
        let mut recipe = testing::recipe();
        let before = missing(&recipe).0;
        recipe.config.bytes.extend_from_slice(b"CONFIG_RUST=y\n");
        let after = missing(&recipe).0;
        let bindgen = usize::from(find("bindgen").is_none()) + usize::from(find("rustc").is_none());
        assert_eq!(after.len(), before.len() + bindgen);
    }
}
