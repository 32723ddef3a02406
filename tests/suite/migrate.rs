//! `kpatch kit migrate` through the program: git follows the moves, make lists the same kernels, kpatch reads the same kit.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use kpatch::kit::Kit;

use crate::support::kit::{World, commit_all};
use crate::support::{Layout, Sandbox, Snapshot, assert_harmless, assert_refusal};

const MAKEFILE: &str = "\
# How kernels are built here.
IMAGE_BUILDER=linuxkit/alpine:0123456789012345678901234567890123456789
EXTRA?=
ARCH?=x86_64
series = $(word 1,$(subst ., ,$(1))).$(word 2,$(subst ., ,$(1))).x

#
# The kernels, newest first.
KERNELS_all=6.6.13 5.15.27 # two of them
KERNELS_x86_64=6.1.5
KERNELS_aarch64=

# Not built by default.
DEPRECATED_all=5.10.104 5.11.4-rt
DEPRECATED_x86_64=5.4.172 \n\
DEPRECATED_aarch64=

KERNELS?=$(KERNELS_all) $(KERNELS_$(ARCH))
DEPRECATED?=$(DEPRECATED_all) $(DEPRECATED_$(ARCH))

list:
\t@echo \"Kernels: $(KERNELS)\"
\t@echo \"Deprecated: $(DEPRECATED)\"

deps-%: Dockerfile Makefile $(wildcard patches-$(call series,$*)/*) $(wildcard config-$(call series,$*)*) config-dbg ;

build-%: deps-%
\tlinuxkit pkg build . --build-yml ./build-kernel.yml --build-arg-file build-args-debug

tool-%:
\tlinuxkit pkg build . --build-yml ./build-$(TOOL).yml

kconfig:
\tdocker build -f Dockerfile.kconfig --build-arg BUILD_IMAGE=$(IMAGE_BUILDER) .
\tcp out/config-${KERNEL_VERSIONS}-arm64 config-${KERNEL_SERIES}-aarch64
";

const DOCKERFILE: &str = "\
# The directory /patches-${KERNEL_SERIES} need not be there; keys.asc has to be.
COPY / /src/
RUN gpg2 -q --import /src/keys.asc
RUN if [ -n \"${EXTRA}\" ] && [ -d /src/patches-${KERNEL_SERIES}${EXTRA} ]; then \\
        for patch in /src/patches-${KERNEL_SERIES}${EXTRA}/*.patch; do patch -p1 < \"$patch\"; done; fi
RUN for patch in /patches-${SERIES}/*.patch; do patch -p1 < \"$patch\"; done
RUN cp /src/config-${KERNEL_SERIES}-$(uname -m) ${CONF}; \\
    if [ -f \"/src/config-${KERNEL_SERIES}-$(uname -m)${EXTRA}\" ]; then \\
        cat \"/src/config-${KERNEL_SERIES}-$(uname -m)${EXTRA}\" >> ${CONF}; fi; \\
    [ ! -f /config-${SERIES}-s390x ] || mv /config-${SERIES}-s390x arch/s390/defconfig; \\
    cat /src/config${DEBUG} >> ${CONF}
RUN ls /src/patches-*
";

const MOVED_DOCKERFILE: &str = "\
# The directory /${KERNEL_SERIES}/patches need not be there; keys.asc has to be.
COPY / /src/
RUN gpg2 -q --import /src/common/keys.asc
RUN if [ -n \"${EXTRA}\" ] && [ -d /src/${KERNEL_SERIES}${EXTRA}/patches ]; then \\
        for patch in /src/${KERNEL_SERIES}${EXTRA}/patches/*.patch; do patch -p1 < \"$patch\"; done; fi
RUN for patch in /${SERIES}/patches/*.patch; do patch -p1 < \"$patch\"; done
RUN cp /src/${KERNEL_SERIES}/config-$(uname -m) ${CONF}; \\
    if [ -f \"/src/${KERNEL_SERIES}${EXTRA}/config-$(uname -m)\" ]; then \\
        cat \"/src/${KERNEL_SERIES}${EXTRA}/config-$(uname -m)\" >> ${CONF}; fi; \\
    [ ! -f /${SERIES}/config-s390x ] || mv /${SERIES}/config-s390x arch/s390/defconfig; \\
    cat /src/common/config${DEBUG} >> ${CONF}
RUN ls /src/patches-*
";

/// A flat kit with all that one can have.
fn flat(sandbox: &Sandbox) -> PathBuf {
    let top = sandbox.path("kit");
    let write = |path: &str, text: &str| sandbox.write(&format!("kit/kernel/{path}"), text);
    write("Makefile", MAKEFILE);
    write("Dockerfile", DOCKERFILE);
    write("Dockerfile.kconfig", "FROM scratch\n");
    write("build-kernel.yml", "image: kernel\nnetwork: true\ndockerfile: Dockerfile\n");
    write("build-args-debug", "DEBUG=-dbg\n");
    write("config-dbg", "CONFIG_LOCKDEP=y\n");
    write("keys.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
    write(".gitignore", "sources/\n");
    for config in ["6.6.x-x86_64", "6.6.x-aarch64", "5.15.x-x86_64", "6.1.x-x86_64", "5.10.x-x86_64", "5.4.x-x86_64"] {
        write(&format!("config-{config}"), &format!("# {config}\nCONFIG_X=y\n"));
    }
    write("config-5.11.x-x86_64-rt", "CONFIG_PREEMPT_RT=y\n");
    write("config-6.6.x-x86_64-foo", "CONFIG_FOO=y\n");
    for patch in [
        "6.6.x/0001-a.patch",
        "6.6.x/README",
        "6.6.x/old/0001-b.patch",
        "5.11.x-rt/0001-c.patch",
        "6.6.x-foo/0001-d.patch",
    ] {
        write(&format!("patches-{patch}"), &format!("From {patch}\n"));
    }
    let script = write("patches-6.6.x/refresh.sh", "#!/bin/sh\n");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.git(&top, &["init", "-q", "--initial-branch=main", "--template="]);
    commit_all(sandbox, &top);
    top
}

/// What make says the kernels are, sorted, for an architecture.
fn listed(sandbox: &Sandbox, kit: &Path, arch: &str) -> Vec<Vec<String>> {
    let arch = format!("ARCH={arch}");
    let output = sandbox.command("make", &kit.join("kernel")).args(["-s", "list", &arch]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let sorted = |line: &str| {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        words.sort();
        words
    };
    String::from_utf8(output.stdout).unwrap().lines().map(sorted).collect()
}

/// All that kpatch reads in a kit, but for where the configurations and patches are.
fn seen(kit: &Path) -> Vec<String> {
    let kit = Kit::open(kit).unwrap();
    let mut seen = Vec::new();
    for state in kit.series().unwrap() {
        let versions: Vec<String> = state.versions.iter().map(ToString::to_string).collect();
        let patches = kit.patch_files(&state).unwrap();
        seen.push(format!(
            "{} {versions:?} {} {patches:?} {:?}",
            state.name(),
            state.deprecated,
            kit.other_entries(&state)
        ));
    }
    let configs = kit.configs().unwrap();
    seen.extend(configs.iter().map(|config| format!("{} {:?}", config.name(), fs::read(&config.path))));
    seen.push(format!("{:?}", kit.debug_fragment().map(|path| fs::read(path).unwrap())));
    seen
}

fn kpatch(sandbox: &Sandbox, kit: &Path, args: &[&str]) -> String {
    let output = sandbox.kpatch(kit, args);
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "kpatch {args:?}: {out}{error}");
    assert_harmless(&output);
    out.into_owned()
}

#[test]
fn a_flat_kit_becomes_per_series_and_says_the_same() {
    let sandbox = Sandbox::new();
    let kit = flat(&sandbox);
    let (before, disk) = (seen(&kit), Snapshot::of(&kit));
    let lists: Vec<_> = ["x86_64", "aarch64"].map(|arch| listed(&sandbox, &kit, arch)).into();
    let text = kpatch(&sandbox, &kit, &["kit", "migrate", "--dry-run"]);
    assert!(text.contains("kernel/patches-6.6.x/ -> kernel/6.6.x/patches/ (3 files)"), "{text}");
    assert!(text.contains("left to look at: kernel/common/Dockerfile:12: RUN ls /src/patches-*"), "{text}");
    assert_eq!(disk.changes(&Snapshot::of(&kit)), Vec::<String>::new());

    kpatch(&sandbox, &kit, &["kit", "migrate", "--commit"]);
    assert_eq!(sandbox.git(&kit, &["status", "--porcelain"]), "");
    assert_eq!(seen(&kit), before);
    let after: Vec<_> = ["x86_64", "aarch64"].map(|arch| listed(&sandbox, &kit, arch)).into();
    assert_eq!(after, lists);
    let read = |path: &str| fs::read_to_string(kit.join("kernel").join(path)).unwrap();
    assert_eq!(read("common/Dockerfile"), MOVED_DOCKERFILE);
    assert_eq!(read("common/build-kernel.yml"), "image: kernel\nnetwork: true\ndockerfile: common/Dockerfile\n");
    assert_eq!(
        read("6.6.x/build-args"),
        "KERNEL_VERSION=6.6.13\nKERNEL_SERIES=6.6.x\nBUILD_IMAGE=linuxkit/alpine:0123456789012345678901234567890123456789\n"
    );
    assert!(read("5.11.x-rt/build-args").starts_with("KERNEL_VERSION=5.11.4-rt\nKERNEL_SERIES=5.11.x\n"));
    for retired in ["5.10.x", "5.11.x-rt", "5.4.x"] {
        assert_eq!(read(&format!("{retired}/deprecated")), "");
    }
    assert!(!kit.join("kernel/6.6.x-foo/build-args").exists() && !kit.join("kernel/patches-6.6.x").exists());
    let makefile = read("Makefile");
    for line in [
        "KERNELS_all=$(call kit_versions,$(filter-out $(KIT_DEPRECATED) 6.1.x,$(KIT_SERIES))) # two of them\n",
        "\n#\n# The kernels, newest first.\nKERNELS_all=",
        "KERNELS_aarch64=\n",
        "deps-%: common/Dockerfile Makefile $(wildcard $(call series,$*)/patches/*) $(wildcard $(call series,$*)/config-*) \
         common/config-dbg ;\n",
        "--build-yml ./common/build-kernel.yml --build-arg-file common/build-args-debug\n",
        "--build-yml ./common/build-$(TOOL).yml\n",
        "\tdocker build -f common/Dockerfile.kconfig --build-arg",
        "\tcp out/config-${KERNEL_VERSIONS}-arm64 ${KERNEL_SERIES}/config-aarch64\n",
    ] {
        assert!(makefile.contains(line), "{line}\n{makefile}");
    }
    // Git sees moves: with all their bytes where nothing had to be edited.
    let renames = sandbox.git(&kit, &["show", "-M100%", "--format=", "--summary"]);
    for file in ["6.6.x-x86_64", "6.6.x-aarch64", "5.4.x-x86_64"] {
        let (series, arch) = file.split_once('-').unwrap();
        assert!(
            renames.contains(&format!("rename kernel/{{config-{series}-{arch} => {series}/config-{arch}}} (100%)")),
            "{renames}"
        );
    }
    assert!(renames.contains("rename kernel/{patches-6.6.x => 6.6.x/patches}/refresh.sh (100%)"), "{renames}");
    assert!(!renames.contains("mode change"), "{renames}");
    let log = sandbox.git(&kit, &["log", "--follow", "--format=%s", "--", "kernel/6.6.x/patches/0001-a.patch"]);
    assert_eq!(log.lines().count(), 2, "{log}");

    // Once is enough.
    let disk = Snapshot::of(&kit);
    assert_eq!(
        kpatch(&sandbox, &kit, &["kit", "migrate"]).lines().last(),
        Some("the kit is per-series already; nothing to migrate")
    );
    assert_eq!(disk.changes(&Snapshot::of(&kit)), Vec::<String>::new());
    // The lists follow the directories from here on.
    fs::write(kit.join("kernel/5.15.x/deprecated"), "").unwrap();
    let lists = listed(&sandbox, &kit, "x86_64");
    assert_eq!(lists[0], ["6.1.5", "6.6.13", "Kernels:"]);
    assert!(lists[1].contains(&"5.15.27".to_owned()));
}

#[test]
fn a_kit_on_the_way_goes_the_rest() {
    let sandbox = Sandbox::new();
    let kit = flat(&sandbox);
    let before = seen(&kit);
    let lists = listed(&sandbox, &kit, "x86_64");
    let kernel = kit.join("kernel");
    fs::create_dir(kernel.join("6.6.x")).unwrap();
    fs::rename(kernel.join("config-6.6.x-x86_64"), kernel.join("6.6.x/config-x86_64")).unwrap();
    let own = "KERNEL_VERSION=6.6.13\nKERNEL_SERIES=6.6.x\nBUILD_IMAGE=another\n";
    fs::write(kernel.join("6.6.x/build-args"), own).unwrap();
    fs::create_dir(kernel.join("common")).unwrap();
    fs::rename(kernel.join("keys.asc"), kernel.join("common/keys.asc")).unwrap();
    commit_all(&sandbox, &kit);
    assert_eq!(seen(&kit), before);
    kpatch(&sandbox, &kit, &["kit", "migrate"]);
    assert_eq!(seen(&kit), before);
    assert_eq!(listed(&sandbox, &kit, "x86_64"), lists);
    assert_eq!(fs::read_to_string(kernel.join("6.6.x/build-args")).unwrap(), own);
}

#[test]
fn patch_directories_that_the_settings_name_stay() {
    let sandbox = Sandbox::new();
    let kit = flat(&sandbox);
    fs::write(kit.join("kpatch.toml"), "[series.\"6.6.x\"]\npatches = \"kernel/patches-6.6.x\"\n").unwrap();
    let before = seen(&kit);
    let text = kpatch(&sandbox, &kit, &["kit", "migrate"]);
    assert!(text.contains("left to look at: kernel/patches-6.6.x: stays where it is, as kpatch.toml says"), "{text}");
    assert_eq!(seen(&kit), before);
    assert!(kit.join("kernel/patches-6.6.x/0001-a.patch").exists());
    kpatch(&sandbox, &kit, &["kit", "migrate", "--allow-dirty"]);
}

#[test]
fn what_cannot_move_as_a_whole_does_not_move_at_all() {
    let edits: [(&str, &str, &[&str]); 6] = [
        ("KERNELS_all=6.6.13", "KERNELS_all=6.6.14 6.6.13", &["Makefile:9: 6.6.13 and 6.6.14 are of one series"]),
        ("DEPRECATED_all=", "DEPRECATED_all=6.6.10 ", &["Makefile:14: 6.6.10 and 6.6.13 are of one series"]),
        (
            "KERNELS_aarch64=",
            "$(eval $(call kernel,4.19.1,4.19.x,,))",
            &["Makefile:11: kernels are listed by calls", "KERNELS_all="],
        ),
        ("KERNELS_aarch64=", "KERNELS_all=4.19.1", &["KERNELS_all is set twice"]),
        (
            "KERNELS_aarch64=",
            "ifdef X\nKERNELS_aarch64=4.19.1\nendif",
            &["Makefile:12: KERNELS_aarch64 is set in a conditional"],
        ),
        ("6.6.13", "6.6.13.1", &["Makefile:9: not a list of kernel versions"]),
    ];
    for (old, new, says) in edits {
        let sandbox = Sandbox::new();
        let kit = flat(&sandbox);
        fs::write(kit.join("kernel/Makefile"), MAKEFILE.replacen(old, new, 1)).unwrap();
        commit_all(&sandbox, &kit);
        refused(&sandbox, &kit, says);
    }
    let sandbox = Sandbox::new();
    let kit = flat(&sandbox);
    sandbox.write("kit/kernel/new", "");
    refused(&sandbox, &kit, &["not committed", "--allow-dirty"]);
    sandbox.write("kit/kernel/6.6.x/config-x86_64", "# another\n");
    commit_all(&sandbox, &kit);
    refused(&sandbox, &kit, &["6.6.x/config-x86_64", "is there, too", "remove the one that is wrong"]);
    fs::remove_dir_all(kit.join("kernel/6.6.x")).unwrap();
    sandbox.write("kit/kernel/6.6.x/build-args", "KERNEL_VERSION=6.6.12\n");
    commit_all(&sandbox, &kit);
    refused(&sandbox, &kit, &["Makefile:9: 6.6.13 is listed here, and 6.6.12 in kernel/6.6.x/build-args"]);
    fs::remove_dir_all(kit.join("kernel/6.6.x")).unwrap();
    std::os::unix::fs::symlink("config-dbg", kit.join("kernel/config-6.7.x-x86_64")).unwrap();
    commit_all(&sandbox, &kit);
    refused(&sandbox, &kit, &["config-6.7.x-x86_64' is not a regular file"]);
}

fn refused(sandbox: &Sandbox, kit: &Path, says: &[&str]) {
    let before = Snapshot::of(kit);
    assert_refusal(&sandbox.kpatch(kit, &["kit", "migrate"]), &["kit", "migrate"], says);
    assert_eq!(before.changes(&Snapshot::of(kit)), Vec::<String>::new());
}

#[test]
fn undo_takes_a_migration_back() {
    let world = World::new(Layout::Flat);
    let before = world.snapshot();
    let report = world.report(&["kit", "migrate"]);
    assert_eq!(report["state"], "landed");
    assert!(world.kit.join("kernel/6.6.x/config-x86_64").exists());
    world.done(&["undo"]);
    assert_eq!(before.changes(&world.snapshot()), Vec::<String>::new());
}

#[test]
fn the_kit_of_this_repository_migrates() {
    let sandbox = Sandbox::new();
    let kit = sandbox.path("kit");
    fs::create_dir(&kit).unwrap();
    crate::support::copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("kernel"), &kit.join("kernel"));
    let before = seen(&kit);
    let lists = listed(&sandbox, &kit, "x86_64");
    let report: serde_json::Value =
        serde_json::from_str(&kpatch(&sandbox, &kit, &["kit", "migrate", "--json"])).unwrap();
    assert_eq!(report["reports"][0]["left"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(seen(&kit), before);
    assert_eq!(listed(&sandbox, &kit, "x86_64"), lists);
}
