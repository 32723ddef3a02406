//! Synthetic kits in every layout.

use super::*;

/// A kit with these files (a name that ends with `/` is a directory), below `top` of a directory of its own.
fn kit_with(files: &[(&str, &str)]) -> (tempfile::TempDir, Kit) {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = dir.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).expect("made");
        } else {
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
    }
    let kit = Kit::open(dir.path()).expect("a kit");
    (dir, kit)
}

fn version(text: &str) -> KernelVersion {
    text.parse().expect("a version")
}

/// Every series as `name: versions [patch directory] [file] [deprecated]`.
fn overview(kit: &Kit) -> Vec<String> {
    let below = |path: &Path| path.strip_prefix(kit.kernel_dir()).expect("below").display().to_string();
    let show = |state: &SeriesState| {
        let versions: Vec<_> = state.versions.iter().map(ToString::to_string).collect();
        let file = state.version_file.as_deref().map_or("-".to_owned(), below);
        let deprecated = if state.deprecated { " deprecated" } else { "" };
        format!("{}: {} {} {file}{deprecated}", state.name(), versions.join("+"), below(&state.patches_dir))
    };
    kit.series().expect("readable").iter().map(show).collect()
}

fn state(kit: &Kit, name: &str) -> SeriesState {
    kit.series().expect("readable").into_iter().find(|state| state.name() == name).expect("listed")
}

/// The text of the version file after a bump.
fn bump(kit: &Kit, name: &str, old: &str, new: &str) -> Result<String, String> {
    let edit = kit.version_edit(&state(kit, name), &version(old), &version(new)).map_err(|error| error.to_string())?;
    assert_eq!(edit.old, fs::read(&edit.path).expect("a file"));
    // Back again: the same bytes.
    let back = tempfile::tempdir().expect("a directory");
    let path = back.path().join(edit.path.strip_prefix(kit.top()).expect("below"));
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(&path, &edit.new).expect("written");
    let mut turned = state(kit, name);
    turned.version_file = Some(path);
    match kit.version_edit(&turned, &version(new), &version(old)) {
        Ok(undone) => assert_eq!(undone.new, edit.old),
        // A deprecated list kept the old version.
        Err(error) => assert!(matches!(error, KitError::AlreadyListed { .. }) && name == "4.16.x", "{error}"),
    }
    Ok(String::from_utf8(edit.new).expect("UTF-8"))
}

#[test]
fn the_flat_layout_is_read() {
    let makefile = "KERNELS_all=6.6.13 5.15.148 5.15.27\nKERNELS_x86_64=5.11.4-rt 5.15.27\nKERNELS_aarch64=\nDEPRECATED_all=4.19.1 5.15.1\n";
    let (_dir, kit) = kit_with(&[
        ("kernel/Makefile", makefile),
        ("kernel/patches-6.6.x/0001-a.patch", "a"),
        ("kernel/patches-5.11.x-rt/0001-a.patch", "a"),
        ("kernel/patches-6.6.x-foo/0001-a.patch", "a"),
        ("kernel/patches-5.4.x/0001-a.patch", "a"),
        ("kernel/patches-4.9/0001-a.patch", "a"),
        ("kernel/config-6.6.x-x86_64", ""),
    ]);
    assert_eq!(
        overview(&kit),
        [
            "4.19.x: 4.19.1 patches-4.19.x Makefile deprecated",
            "5.4.x:  patches-5.4.x -",
            "5.11.x-rt: 5.11.4-rt patches-5.11.x-rt Makefile",
            "5.15.x: 5.15.148+5.15.27 patches-5.15.x Makefile",
            "6.6.x: 6.6.13 patches-6.6.x Makefile",
            "6.6.x-foo: 6.6.13-foo patches-6.6.x-foo -",
        ]
    );
}

#[test]
fn the_per_series_layout_is_read() {
    let args = |version: &str| format!("KERNEL_VERSION={version}\nKERNEL_SERIES=x\nBUILD_IMAGE=linuxkit/alpine:1\n");
    let (_dir, kit) = kit_with(&[
        ("kernel/Makefile", "KERNEL_VERSIONS=$(shell cat */build-args)\n"),
        ("kernel/6.6.x/build-args", &args("6.6.71")),
        ("kernel/6.6.x/config-x86_64", ""),
        ("kernel/6.6.x/patches/0001-a.patch", "a"),
        ("kernel/5.15.x/build-args", &args("5.15.27")),
        ("kernel/5.15.x/deprecated", ""),
        ("kernel/5.15.x-rt/patches/0001-a.patch", "a"),
        ("kernel/5.4.x/config-x86_64", ""),
        ("kernel/6.1.x-rt/build-args", &args("6.1.9")),
        ("kernel/6.7.x/README", "not a series yet"),
        ("kernel/common/x", ""),
    ]);
    assert_eq!(
        overview(&kit),
        [
            "5.4.x:  5.4.x/patches -",
            "5.15.x: 5.15.27 5.15.x/patches 5.15.x/build-args deprecated",
            "5.15.x-rt: 5.15.27-rt 5.15.x-rt/patches - deprecated",
            "6.1.x-rt: 6.1.9-rt 6.1.x-rt/patches 6.1.x-rt/build-args",
            "6.6.x: 6.6.71 6.6.x/patches 6.6.x/build-args",
        ]
    );
    let error = bump(&kit, "5.15.x-rt", "5.15.27-rt", "5.15.28-rt").expect_err("follows the plain kernel");
    assert_eq!(error, "5.15.x-rt has no version of its own in the kit");
    assert!(bump(&kit, "6.1.x-rt", "6.1.9-rt", "6.1.10-rt").expect("bumped").starts_with("KERNEL_VERSION=6.1.10\n"));
}

#[test]
fn the_transition_and_bare_patches_are_read() {
    let (_dir, kit) = kit_with(&[
        ("kernel/Makefile", "KERNELS_all=6.6.13 6.7\nDEPRECATED_all=5.4.113\n"),
        ("kernel/6.6.x/patches/0001-a.patch", "a"),
        ("kernel/5.4.x/config-x86_64", ""),
    ]);
    assert_eq!(
        overview(&kit),
        [
            "5.4.x: 5.4.113 5.4.x/patches Makefile deprecated",
            "6.6.x: 6.6.13 6.6.x/patches Makefile",
            "6.7.x: 6.7 6.7.x/patches Makefile"
        ]
    );
    let (_dir, kit) = kit_with(&[("kernel/patches-4.9.x/0001-a.patch", "a")]);
    assert_eq!(overview(&kit), ["4.9.x:  patches-4.9.x -"]);
    let (_dir, kit) = kit_with(&[("kernel/patches-6.6.x/a.patch", ""), ("kernel/6.6.x/patches/a.patch", "")]);
    assert!(matches!(kit.series(), Err(KitError::TwoPatchDirs { .. })));
}

#[test]
fn a_kit_is_found_from_inside_and_a_kernel_is_none() {
    let (dir, kit) = kit_with(&[("kernel/Makefile", "KERNELS_all=\n"), ("kernel/a/b/", ""), ("docs/", "")]);
    for start in ["", "kernel", "kernel/a/b", "docs", "kernel/../docs"] {
        let found = Kit::discover(&dir.path().join(start)).expect("found");
        assert_eq!((found.top(), found.kernel_dir()), (kit.top(), kit.kernel_dir()), "{start}");
    }
    assert_eq!(Kit::open(&dir.path().join("kernel")).expect("a kit").top(), kit.top());
    assert!(matches!(Kit::open(&dir.path().join("docs")), Err(KitError::NotAKit { .. })));
    let linux = tempfile::tempdir().expect("a directory");
    fs::create_dir(linux.path().join("kernel")).expect("made");
    fs::write(linux.path().join("kernel/Makefile"), "obj-y = fork.o exec_domain.o\n").expect("written");
    assert!(matches!(Kit::discover(linux.path()), Err(KitError::NotFound { .. })));
    assert!(matches!(Kit::discover(&linux.path().join("none")), Err(KitError::Io { .. })));
}

#[test]
fn a_bump_changes_the_words_of_the_version_only() {
    let makefile = "# 4.16.9 was bad\nKERNELS_all=4.16.91 4.16.9 \\\r\n\t14.16.9   \nSHA=4.16.9\nKERNELS_x86_64 := 4.16.9\t\nKERNELS_aarch64+= 4.16.9#4.16.9\n\
        DEPRECATED_all=4.16.9\nIMAGE=alpine:4.16.9\nx: 4.16.9\n\tKERNELS_all=4.16.9 $(MAKE)\nKERNELS_s390x=4.16.9";
    let (_dir, kit) = kit_with(&[("kernel/Makefile", makefile)]);
    let expected = "# 4.16.9 was bad\nKERNELS_all=4.16.91 4.16.10 \\\r\n\t14.16.9   \nSHA=4.16.9\nKERNELS_x86_64 := 4.16.10\t\nKERNELS_aarch64+= 4.16.10#4.16.9\n\
        DEPRECATED_all=4.16.9\nIMAGE=alpine:4.16.9\nx: 4.16.9\n\tKERNELS_all=4.16.9 $(MAKE)\nKERNELS_s390x=4.16.10";
    assert_eq!(bump(&kit, "4.16.x", "4.16.9", "4.16.10").expect("bumped"), expected);
    let missing = bump(&kit, "4.16.x", "4.16.8", "4.16.10").expect_err("not listed");
    assert!(missing.ends_with("kernel/Makefile' does not list 4.16.8; it lists 4.16.91 4.16.9 14.16.9"), "{missing}");
    let twice = bump(&kit, "4.16.x", "4.16.9", "4.16.91").expect_err("listed");
    assert!(twice.ends_with("kernel/Makefile' lists 4.16.91 already"), "{twice}");
    assert!(bump(&kit, "4.16.x", "4.16.9", "4.16.9").is_err());
    assert_eq!(
        bump(&kit, "4.16.x", "4.16.9", "4.16.10-rt").expect_err("a variant"),
        "4.16.9 and 4.16.10-rt are different variants"
    );
}

#[test]
fn deprecated_lists_are_bumped_only_when_they_alone_have_the_version() {
    let (_dir, kit) =
        kit_with(&[("kernel/Makefile", "KERNELS_all=6.7\r\nDEPRECATED_all=4.19.1  \r\nDEPRECATED_x86_64=4.19.1\r\n")]);
    let expected = "KERNELS_all=6.7\r\nDEPRECATED_all=4.19.2  \r\nDEPRECATED_x86_64=4.19.2\r\n";
    assert_eq!(bump(&kit, "4.19.x", "4.19.1", "4.19.2").expect("bumped"), expected);
    assert_eq!(
        bump(&kit, "6.7.x", "6.7", "6.7.1").expect("bumped"),
        "KERNELS_all=6.7.1\r\nDEPRECATED_all=4.19.1  \r\nDEPRECATED_x86_64=4.19.1\r\n"
    );
}

#[test]
fn call_lines_are_bumped_with_their_series() {
    let makefile = "ifeq ($(ARCH),x86_64)\n$(eval $(call kernel,5.15.27,5.15.x,$(EXTRA),$(DEBUG)))\n$(eval $(call kernel,5.15.27,5.15.x,$(EXTRA),-dbg))\n\
        #$(eval $(call kernel,5.15.27,5.15.x,-rt,))\n$(eval $(call kernel, 5.11.4 ,5.11.x,-rt,))\nendif\n";
    let (_dir, kit) = kit_with(&[("kernel/Makefile", makefile)]);
    assert_eq!(
        overview(&kit),
        ["5.11.x-rt: 5.11.4-rt patches-5.11.x-rt Makefile", "5.15.x: 5.15.27 patches-5.15.x Makefile"]
    );
    let bumped = bump(&kit, "5.15.x", "5.15.27", "5.15.148").expect("bumped");
    assert_eq!(
        bumped,
        makefile
            .replace("kernel,5.15.27,", "kernel,5.15.148,")
            .replace("#$(eval $(call kernel,5.15.148,", "#$(eval $(call kernel,5.15.27,")
    );
    let bumped = bump(&kit, "5.11.x-rt", "5.11.4-rt", "5.12.1-rt").expect("bumped");
    assert_eq!(bumped, makefile.replace(" 5.11.4 ,5.11.x,", " 5.12.1 ,5.12.x,"));
}

#[test]
fn build_args_are_bumped_with_their_series() {
    let args = "BUILD_IMAGE=linuxkit/alpine:6.12.59\r\nKERNEL_VERSION=6.12.59 \r\nKERNEL_SERIES=6.12.x";
    let (_dir, kit) = kit_with(&[("kernel/6.12.x/build-args", args), ("kernel/Makefile", "# 6.12.59\n")]);
    assert_eq!(bump(&kit, "6.12.x", "6.12.59", "6.12.60").expect("bumped"), args.replace("N=6.12.59", "N=6.12.60"));
    let moved = args.replace("N=6.12.59", "N=6.18.1").replace("S=6.12.x", "S=6.18.x");
    assert_eq!(bump(&kit, "6.12.x", "6.12.59", "6.18.1").expect("bumped"), moved);
    assert!(
        bump(&kit, "6.12.x", "6.12.5", "6.12.60")
            .expect_err("not listed")
            .ends_with("does not list 6.12.5; it lists 6.12.59")
    );
}

#[test]
fn a_word_that_is_no_version_is_named_with_its_place() {
    let (_dir, kit) = kit_with(&[("kernel/Makefile", "\nKERNELS_all=6.7.0\n")]);
    let error = kit.series().expect_err("no version");
    assert!(error.to_string().ends_with("kernel/Makefile:2: not a list of kernel versions"), "{error}");
    let (_dir, kit) = kit_with(&[("kernel/6.6.x/build-args", "KERNEL_VERSION=six\n")]);
    assert!(kit.series().expect_err("no version").to_string().contains("6.6.x/build-args:1: "));
}

#[test]
fn patches_come_in_byte_order_and_the_rest_stays() {
    let (dir, kit) = kit_with(&[
        ("kernel/patches-6.6.x/0010-b.patch", "b\r\n"),
        ("kernel/patches-6.6.x/0002-a.patch", "a"),
        ("kernel/patches-6.6.x/9-c.patch", "c"),
        ("kernel/patches-6.6.x/README", ""),
        ("kernel/patches-6.6.x/0001-x.patch-e", ""),
        ("kernel/patches-6.6.x/.hidden.patch", ""),
        ("kernel/patches-6.6.x/old/0001-a.patch", ""),
    ]);
    let six = state(&kit, "6.6.x");
    let files = kit.patch_files(&six).expect("readable");
    assert_eq!(
        files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["0002-a.patch", "0010-b.patch", "9-c.patch"]
    );
    assert_eq!(files[1].1, b"b\r\n");
    assert_eq!(kit.other_entries(&six).expect("readable"), [".hidden.patch", "0001-x.patch-e", "README", "old"]);
    let none = SeriesState { patches_dir: dir.path().join("none"), ..six.clone() };
    assert!(kit.patch_files(&none).expect("nothing").is_empty());

    let patches = dir.path().join("kernel/patches-6.6.x");
    std::os::unix::fs::symlink("README", patches.join("0011-l.patch")).expect("a link");
    assert!(matches!(kit.patch_files(&six), Err(KitError::NotPlain { .. })));
    fs::remove_file(patches.join("0011-l.patch")).expect("removed");
    fs::create_dir(patches.join("0011-d.patch")).expect("made");
    assert!(matches!(kit.patch_files(&six), Err(KitError::NotPlain { .. })));
    for name in ["patches-6.7.x", "patches-6.8.x"] {
        let path = dir.path().join("kernel").join(name);
        if name.contains("6.7") {
            std::os::unix::fs::symlink(&patches, path).expect("a link");
        } else {
            fs::write(path, "").expect("written");
        }
        let odd = state(&kit, &name[8..]);
        assert!(matches!(kit.patch_files(&odd), Err(KitError::NotPlain { .. })) && kit.other_entries(&odd).is_err());
    }
}

#[test]
fn the_configuration_moves_the_patches() {
    let (dir, kit) = kit_with(&[
        ("kernel/Makefile", "KERNELS_all=6.6.13\n"),
        ("kpatch.toml", "linux = \"../linux\"\n[series.\"6.6.x\"]\npatches = \"mine\"\n"),
        ("mine/0001-a.patch", "a"),
    ]);
    let six = state(&kit, "6.6.x");
    assert_eq!(six.patches_dir, kit.top().join("mine"));
    assert_eq!(kit.patch_files(&six).expect("readable").len(), 1);
    assert_eq!(kit.linux_tree(), Some(LinuxTree::Path(kit.top().join("../linux"))));
    fs::write(dir.path().join("kpatch.toml"), "linus = 1\n").expect("written");
    assert!(Kit::open(dir.path()).expect_err("refused").to_string().ends_with(
        "kpatch.toml:1: unknown field `linus`, expected one of `linux`, `series`, `lint`, `releases`, `check`, `image`"
    ));
}

/// The kit of this very repository.
#[test]
fn our_own_kit_is_a_kit() {
    let kit = Kit::discover(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("a kit");
    assert_eq!(overview(&kit), ["6.1.x: 6.1.176 patches-6.1.x Makefile", "6.12.x: 6.12.100 patches-6.12.x Makefile"]);
    for state in kit.series().expect("readable") {
        assert!(!kit.patch_files(&state).expect("readable").is_empty());
        for arch in ["x86_64", "aarch64"] {
            assert!(kit.kernel_dir().join(format!("config-{}-{arch}", state.series)).is_file());
        }
    }
}

/// Runs a program in `dir` as if nobody had configured anything, and returns what it prints.
fn run(dir: &Path, program: &str, args: &[&str]) -> String {
    let output = std::process::Command::new(program)
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").expect("a PATH"))
        .envs([
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("LC_ALL", "C"),
            ("HOME", "/dev/null"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "C"),
            ("GIT_COMMITTER_EMAIL", "c@example.org"),
            ("GIT_COMMITTER_DATE", "@0 +0000"),
        ])
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{program} {args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// `git am` and the strict GNU patch of the image build take our own patches, and make the same tree of them.
#[test]
fn our_own_patches_apply_in_both_ways() {
    let bundle = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus/linux.bundle");
    let dir = tempfile::tempdir().expect("a directory");
    run(dir.path(), "git", &["clone", "-q", "-n", bundle, "linux"]);
    let linux = dir.path().join("linux");
    let kit = Kit::open(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("a kit");
    for state in kit.series().expect("readable") {
        let tag = state.versions[0].tag();
        let files = kit.patch_files(&state).expect("readable");
        let paths: Vec<_> = files.iter().map(|(name, _)| state.patches_dir.join(name).display().to_string()).collect();
        run(&linux, "git", &["checkout", "-q", "-f", "--detach", tag.as_str()]);
        for path in &paths {
            run(&linux, "patch", &["-t", "-F0", "-N", "-u", "-p1", "-i", path]);
        }
        run(&linux, "git", &["add", "-A"]);
        let patched = run(&linux, "git", &["write-tree"]);
        run(&linux, "git", &["reset", "-q", "--hard"]);
        for path in &paths {
            run(&linux, "git", &["am", "-q", "--keep-cr", path]);
        }
        assert_eq!(run(&linux, "git", &["rev-parse", "HEAD^{tree}"]), patched, "{tag}");
    }
}

/// GNU make reads the same lists.
#[test]
fn lists_are_those_of_make() {
    let dir = tempfile::tempdir().expect("a directory");
    for text in [
        "KERNELS_all=6.6.13 5.15.27 \nKERNELS_all+=6.7\n",
        "KERNELS_all := 6.6.13 \\\n\t5.15.27\\\n  5.10.1 # 4.9.1 \\\n 4.4.1\nX=4.4.2\n",
        "export KERNELS_all = 6.6.13\n  override KERNELS_all += 6.7-rc1\n",
        "# \\\nKERNELS_all=6.6.1\nKERNELS_all ?= 6.6.2\nx: y\n\tKERNELS_all=6.6.3\n# c\n\n\tKERNELS_all=6.6.4\ny:\n",
        "define m\nKERNELS_all=6.6.1\nendef\nKERNELS_all::=6.6.2#x\n\tKERNELS_all+=6.6.3\n",
        "x:\n\ttrue\nifdef X\nendif\n\tKERNELS_all=6.6.1\nKERNELS_all=6.6.5-rt\\\n",
        "#\\\\\nKERNELS_all=6.6.1\\\n\nKERNELS_all+=6.6.2",
    ] {
        fs::write(dir.path().join("Makefile"), text).expect("written");
        let args = ["-s", "-f", "Makefile", "--eval", "show: ; @echo '$(KERNELS_all)'", "show"];
        let make: Vec<String> = run(dir.path(), "make", &args).split_whitespace().map(str::to_owned).collect();
        let mentions = makefile::mentions(text.as_bytes()).expect("readable");
        let ours: Vec<String> = mentions.iter().map(|mention| mention.version.to_string()).collect();
        assert_eq!(ours, make, "{text}");
    }
}
