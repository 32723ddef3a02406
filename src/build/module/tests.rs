#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::File;

use super::*;
use crate::build::kmod::sample_module;
use crate::event::{Interrupt, Silent};

const RELEASE: &str = "6.1.0-9-test";

/// A `kernel-dev.tar` whose makefile puts what the module has prepared in the place of what a compiler would make, or fails as a
/// compiler does.
fn dev(dir: &Path, change: impl Fn(&Path)) -> PathBuf {
    let kernel = dir.join("tree/usr/src/linux-headers-6.1.0-9-test");
    let common = dir.join("tree/usr/src/linux-headers-6.1.0-9-common");
    for inside in ["include/generated", "include/config", "scripts/basic", "scripts/mod"] {
        fs::create_dir_all(kernel.join(inside)).unwrap();
    }
    fs::create_dir_all(&common).unwrap();
    let write = |path: PathBuf, text: &str| fs::write(path, text).unwrap();
    write(kernel.join("Makefile"), "include /usr/src/linux-headers-6.1.0-9-common/Makefile\n");
    write(
        common.join("Makefile"),
        "modules:\n\t@if [ -f $(M)/broken.c ]; then echo '$(M)/broken.c:3:1: error: no such thing'; exit 1; fi\n\
         \t@for file in $(M)/*.prepared; do cp $$file $${file%.prepared}.ko; done\n",
    );
    write(kernel.join("include/generated/autoconf.h"), "");
    write(kernel.join("include/config/kernel.release"), &format!("{RELEASE}\n"));
    let arch = match Arch::host().unwrap() {
        Arch::X86_64 => "X86_64",
        Arch::Aarch64 => "ARM64",
        Arch::Riscv64 => "RISCV",
        Arch::S390x => "S390",
    };
    let config =
        format!("CONFIG_{arch}=y\nCONFIG_CC_VERSION_TEXT=\"gcc (Elsewhere 1.2.3) 1.2.3\"\nCONFIG_GCC_PLUGIN_X=y\n");
    write(kernel.join(".config"), &config);
    write(kernel.join("Module.symvers"), "");
    // Programs of this machine, by their beginning.
    let program = fs::read(std::env::current_exe().unwrap()).unwrap();
    for tool in ["scripts/basic/fixdep", "scripts/mod/modpost"] {
        fs::write(kernel.join(tool), &program[..4096]).unwrap();
    }
    change(&kernel);
    let path = dir.join("kernel-dev.tar");
    let mut tar = tar::Builder::new(File::create(&path).unwrap());
    tar.append_dir_all(".", dir.join("tree")).unwrap();
    tar.finish().unwrap();
    path
}

fn recipe(dir: &Path, dev: PathBuf) -> ModuleRecipe {
    fs::create_dir_all(dir.join("hello/src")).unwrap();
    fs::write(dir.join("hello/src/Makefile"), "obj-m := hello.o\n").unwrap();
    ModuleRecipe {
        dir: dir.join("hello"),
        dev,
        kernel: "k".into(),
        arch: None,
        builder: Some("elsewhere/gcc-1.2.3".into()),
        log: dir.join("log"),
        jobs: 1,
    }
}

fn built(recipe: &ModuleRecipe) -> Result<BuiltModules, BuildError> {
    build(recipe, Watch { observer: &Silent, interrupt: &Interrupt::new() })
}

fn module(release: &str) -> Vec<u8> {
    sample_module(&["depends=crc7", &format!("vermagic={release} SMP mod_unload ")])
}

#[test]
fn a_module_is_compiled_in_a_copy_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = recipe(dir.path(), dev(dir.path(), |_| {}));
    fs::write(dir.path().join("hello/src/hello.prepared"), module(RELEASE)).unwrap();
    // Of an earlier build, for another kernel.
    fs::write(dir.path().join("hello/src/old.ko"), module("5.10")).unwrap();
    let built = built(&recipe).unwrap();
    let [hello] = built.modules.as_slice() else { panic!("{built:?}") };
    assert_eq!((hello.name.as_str(), hello.vermagic.as_str()), ("hello", "6.1.0-9-test SMP mod_unload"));
    assert_eq!((hello.depends.as_slice(), built.release.as_str()), (["crc7".to_owned()].as_slice(), RELEASE));
    let [warning] = built.warnings.as_slice() else { panic!("{:?}", built.warnings) };
    assert!(warning.contains("the kernel by gcc (Elsewhere 1.2.3) 1.2.3 (elsewhere/gcc-1.2.3)"), "{warning}");
    assert!(warning.ends_with("as it uses plugins of gcc"), "{warning}");
    let mut left: Vec<_> =
        fs::read_dir(dir.path().join("hello/src")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["Makefile", "hello.prepared", "old.ko"], "nothing is written beside the sources");
}

#[test]
fn what_the_compiler_says_names_the_users_file() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = recipe(dir.path(), dev(dir.path(), |_| {}));
    fs::write(dir.path().join("hello/src/broken.c"), "").unwrap();
    let error = built(&recipe).unwrap_err();
    let place = dir.path().join("hello/src/broken.c");
    let wanted = format!("compiling hello for {RELEASE} failed: {}:3:1: error: no such thing", place.display());
    assert_eq!(error.to_string(), wanted);
    assert_eq!(error.hints(), [format!("the log is {}", recipe.log.display())]);
    assert!(fs::read_to_string(&recipe.log).unwrap().contains("no such thing"));
}

#[test]
fn what_is_no_module_for_the_kernel_is_refused() {
    let refusal = |change: &dyn Fn(&Path), prepare: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        let mut recipe = recipe(dir.path(), dev(dir.path(), change));
        recipe.kernel = "k".into();
        prepare(&dir.path().join("hello/src"));
        built(&recipe).unwrap_err().to_string()
    };
    let nothing = |_: &Path| {};
    let said = refusal(&nothing, &|src| fs::write(src.join("hello.prepared"), module("6.1.0-8-test")).unwrap());
    assert_eq!(said, "hello.ko was compiled for 6.1.0-8-test instead of 6.1.0-9-test");
    let said = refusal(&nothing, &|src| fs::write(src.join("hello.prepared"), "no module").unwrap());
    assert!(said.ends_with("that was compiled is no module"), "{said}");
    let said = refusal(&|kernel| fs::remove_file(kernel.join("include/generated/autoconf.h")).unwrap(), &nothing);
    assert!(said.ends_with("has no headers to compile modules with"), "{said}");
    let said = refusal(&|kernel| fs::remove_file(kernel.join("scripts/mod/modpost")).unwrap(), &nothing);
    assert_eq!(said, "kernel-dev.tar has no scripts/mod/modpost, which compiling a module runs");
    let said = refusal(&nothing, &|src| fs::remove_file(src.join("Makefile")).unwrap());
    assert!(said.starts_with("there is no module in '"), "{said}");
    let foreign = |kernel: &Path| {
        let path = kernel.join("scripts/basic/fixdep");
        let mut program = fs::read(&path).unwrap();
        program[18] = 22;
        program[19] = 0;
        fs::write(path, program).unwrap();
    };
    let said = refusal(&foreign, &nothing);
    assert_eq!(said, "scripts/basic/fixdep in kernel-dev.tar is a program for s390x, which this machine does not run");
}

#[test]
fn an_archive_of_headers_cannot_write_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("evil.tar");
    let mut tar = tar::Builder::new(File::create(&path).unwrap());
    let mut header = tar::Header::new_ustar();
    header.set_size(4);
    header.set_mode(0o644);
    let name = b"../../../../../../../../tmp/kpatch-evil-module";
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_cksum();
    tar.append(&header, &b"evil"[..]).unwrap();
    tar.finish().unwrap();
    let error = built(&recipe(dir.path(), path)).unwrap_err();
    assert!(error.to_string().ends_with("has no headers to compile modules with"), "{error}");
    assert!(!Path::new("/tmp/kpatch-evil-module").exists());
}
