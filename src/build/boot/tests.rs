#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use super::*;
use crate::build::kmod::sample_module;

fn console(text: &str) -> Console {
    let mut console = Console::default();
    console.feed(text.as_bytes());
    console
}

fn verdict(text: &str, stopped: Option<Stopped>) -> (Verdict, String) {
    let expected = Expected::Release("6.6.13-linuxkit".into());
    let (verdict, reason) = judge(&console(text), stopped, &[expected], &["crc7"], Duration::from_secs(9));
    (verdict, reason.unwrap_or_default())
}

const GOOD: &str =
    "kpatch-boot: release 6.6.13-linuxkit\nkpatch-boot: load crc7 0\nkpatch-boot: live crc7 1\nkpatch-boot: end\n";

#[test]
fn every_way_to_end_has_its_verdict() {
    assert_eq!(verdict(GOOD, None), (Verdict::Passed, String::new()));
    assert_eq!(verdict(GOOD, Some(Stopped::Lingering)).0, Verdict::Passed);
    let (verdict_, reason) = verdict("Kernel panic - not syncing: no init\n", None);
    assert_eq!((verdict_, reason.as_str()), (Verdict::Panicked, "no init"));
    let (verdict_, reason) = verdict("Booting\n", Some(Stopped::Timeout));
    assert_eq!((verdict_, reason.as_str()), (Verdict::TimedOut, "it had not come to its end after 9 seconds"));
    assert_eq!(verdict("", None).0, Verdict::Ended);
    assert_eq!(verdict("", Some(Stopped::Flood)).0, Verdict::TimedOut);
    let (verdict_, reason) = verdict(&GOOD.replace("6.6.13", "6.6.12"), None);
    assert_eq!(verdict_, Verdict::WrongRelease);
    assert_eq!(reason, "`uname -r` says 6.6.12-linuxkit instead of 6.6.13-linuxkit");
    let (verdict_, reason) = verdict(&GOOD.replace("crc7 0", "crc7 8"), None);
    assert_eq!(verdict_, Verdict::NotLoaded);
    assert!(reason.contains("crc7: ENOEXEC"), "{reason}");
    assert_eq!(verdict(&GOOD.replace("live crc7", "live other"), None).0, Verdict::NotLoaded);
    assert_eq!(verdict("kpatch-boot: release 6.6.13-linuxkit\nkpatch-boot: end\n", None).0, Verdict::NotLoaded);
    // A panic after the last word is one, too.
    assert_eq!(verdict(&format!("{GOOD}Kernel panic - not syncing: late\n"), None).0, Verdict::Panicked);
}

#[test]
fn a_version_is_a_beginning_that_ends_at_a_dash() {
    let version = Expected::Version("6.6.1".into());
    assert!(version.is("6.6.1") && version.is("6.6.1-linuxkit"));
    assert!(!version.is("6.6.13-linuxkit") && !version.is("6.6"));
}

fn kernel(dir: &Path) -> BootKernel {
    BootKernel {
        name: "k".into(),
        arch: Arch::X86_64,
        kernel: dir.join("kernel"),
        config: None,
        modules: Some(dir.to_owned()),
        expected: None,
    }
}

fn settings(modules: &[&str], append: &str) -> BootSettings {
    BootSettings {
        modules: modules.iter().map(|word| Wanted::parse(word)).collect(),
        no_modules: false,
        append: append.into(),
        memory: 512,
        timeout: Duration::from_secs(1),
        logs: "logs".into(),
    }
}

/// A directory with three modules of the kernel and one of the user's.
fn modules() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().join("lib/modules/6.6.13");
    fs::create_dir_all(&base).unwrap();
    fs::write(base.join("device.ko"), sample_module(&["alias=pci:x", "depends="])).unwrap();
    fs::write(base.join("plain.ko"), sample_module(&["depends=dev-core", "description=something longer"])).unwrap();
    fs::write(base.join("dev-core.ko"), sample_module(&["depends=", "alias=y", "description=something even longer"]))
        .unwrap();
    fs::write(dir.path().join("own.ko"), sample_module(&["name=own", "depends=dev-core"])).unwrap();
    dir
}

fn selected(dir: &Path, settings: &BootSettings) -> Vec<(String, String)> {
    let kernel = kernel(dir);
    let set = ModuleSet::open(dir).unwrap();
    let modules = wanted::select(&kernel, set.as_ref(), settings).unwrap();
    modules.into_iter().map(|(module, _)| (module.name, module.parameters)).collect()
}

#[test]
fn modules_come_after_what_they_need_with_their_parameters() {
    let dir = modules();
    let none = String::new;
    assert_eq!(selected(dir.path(), &settings(&[], "")), [("dev_core".into(), none()), ("plain".into(), none())]);
    let own = dir.path().join("own.ko");
    let chosen =
        selected(dir.path(), &settings(&[own.to_str().unwrap()], "own.a=1 quiet own.b=2 dev-core.x=y other.z=1"));
    assert_eq!(chosen, [("dev_core".into(), "x=y".to_owned()), ("own".into(), "a=1 b=2".into())]);
    let mut nothing = settings(&[], "");
    nothing.no_modules = true;
    assert_eq!(selected(dir.path(), &nothing), []);
}

#[test]
fn what_cannot_be_loaded_is_said_before_anything_starts() {
    let dir = modules();
    let set = ModuleSet::open(dir.path()).unwrap();
    let refuse = |arch, words: &[&str], set: Option<&ModuleSet>| {
        let kernel = BootKernel { arch, ..kernel(dir.path()) };
        wanted::select(&kernel, set, &settings(words, "")).unwrap_err()
    };
    let error = refuse(Arch::X86_64, &["core"], set.as_ref());
    assert_eq!(error.to_string(), "k: 6.6.13 has no module 'core'");
    assert_eq!(error.hints(), ["it has dev_core"]);
    assert_eq!(refuse(Arch::X86_64, &["crc7"], None).to_string(), "k has no modules, and so not 'crc7'");
    let own = dir.path().join("own.ko");
    let error = refuse(Arch::Aarch64, &[own.to_str().unwrap()], set.as_ref()).to_string();
    assert!(error.ends_with("is a module for x86_64, and the kernel is one for aarch64"), "{error}");
    let other = dir.path().join("other.ko");
    fs::write(&other, "no module").unwrap();
    assert!(
        refuse(Arch::X86_64, &[other.to_str().unwrap()], set.as_ref()).to_string().ends_with("is no kernel module")
    );
}

#[test]
fn a_kernel_that_cannot_boot_so_is_refused_by_its_configuration() {
    let machine = Machine::of(Arch::X86_64).unwrap();
    let all =
        "CONFIG_BLK_DEV_INITRD=y\nCONFIG_BINFMT_ELF=y\nCONFIG_TTY=y\nCONFIG_PRINTK=y\nCONFIG_SERIAL_8250_CONSOLE=y\n";
    let check = |text: &str| check_config(&kernel(Path::new("/x")), &Config::parse(text.as_bytes()).unwrap(), machine);
    assert!(check(all).is_ok());
    let error = check(&all.replace("CONFIG_BLK_DEV_INITRD=y", "# CONFIG_BLK_DEV_INITRD is not set")).unwrap_err();
    assert_eq!(error.to_string(), "k cannot be booted in qemu-system-x86_64: it has no CONFIG_BLK_DEV_INITRD");
}

#[test]
fn the_first_file_system_is_the_same_every_time() {
    let modules =
        [(init::Module { name: "a".into(), path: "/modules/a.ko".into(), parameters: String::new() }, vec![1, 2])];
    let first = initramfs(Arch::Aarch64, &modules).unwrap();
    assert_eq!(first, initramfs(Arch::Aarch64, &modules).unwrap());
    let mut reader = crate::build::cpio::Reader::new(first.as_slice(), Vec::new());
    let mut names = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        names.push(String::from_utf8(entry.name).unwrap());
    }
    assert_eq!(names, ["dev", "dev/console", "dev/kmsg", "modules", "proc", "init", "modules/a.ko"]);
    assert!(initramfs(Arch::S390x, &[]).is_err());
}
