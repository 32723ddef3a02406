//! Kits in both layouts, and a small world of kit and linux tree for tests through the built program.

use std::path::{Path, PathBuf};
use std::process::Output;

use super::tree::{Edit, TreeBuilder, format_patch};
use super::{Sandbox, Snapshot};

/// Where a kit keeps its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `kernel/Makefile` and `kernel/patches-6.6.x/`.
    Flat,
    /// `kernel/6.6.x/build-args` and `kernel/6.6.x/patches/`.
    PerSeries,
}

pub const LAYOUTS: [Layout; 2] = [Layout::Flat, Layout::PerSeries];

impl Layout {
    /// The patch directory of a series, from the top of the kit.
    pub fn patches(self, series: &str) -> String {
        match self {
            Self::Flat => format!("kernel/patches-{series}"),
            Self::PerSeries => format!("kernel/{series}/patches"),
        }
    }

    /// The file that lists the version of a series, from the top of the kit.
    pub fn version_file(self, series: &str) -> String {
        match self {
            Self::Flat => "kernel/Makefile".to_owned(),
            Self::PerSeries => format!("kernel/{series}/build-args"),
        }
    }
}

/// Collects the series of a kit, and writes it as a git repository with everything committed.
pub struct KitBuilder {
    layout: Layout,
    versions: Vec<String>,
    files: Vec<(String, Vec<u8>)>,
}

impl KitBuilder {
    pub fn new(layout: Layout) -> Self {
        Self { layout, versions: Vec::new(), files: Vec::new() }
    }

    /// A series with its version and its patches.
    pub fn series(mut self, series: &str, version: &str, patches: &[(String, Vec<u8>)]) -> Self {
        self.versions.push(version.to_owned());
        if self.layout == Layout::PerSeries {
            let args = format!("# what the build takes\nKERNEL_VERSION={version}\nKERNEL_SERIES={series}\n");
            self.files.push((self.layout.version_file(series), args.into()));
        }
        for (name, bytes) in patches {
            self.files.push((format!("{}/{name}", self.layout.patches(series)), bytes.clone()));
        }
        self
    }

    /// Any other file of the kit.
    pub fn file(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.files.push((path.to_owned(), bytes.as_ref().to_owned()));
        self
    }

    /// Writes the kit into `folder` of the sandbox.
    pub fn build(&self, sandbox: &Sandbox, folder: &str) -> PathBuf {
        if self.layout == Layout::Flat {
            let versions = self.versions.join(" ");
            let makefile =
                format!("# the kernels\nKERNELS_all={versions}\nKERNELS_x86_64=\nall:\n\techo $(KERNELS_all)\n");
            sandbox.write(&format!("{folder}/kernel/Makefile"), makefile);
        }
        for (path, bytes) in &self.files {
            sandbox.write(&format!("{folder}/{path}"), bytes);
        }
        let top = sandbox.path(folder);
        sandbox.git(&top, &["init", "-q", "--initial-branch=main", "--template="]);
        commit_all(sandbox, &top);
        top
    }
}

/// Commits everything that is in the kit.
pub fn commit_all(sandbox: &Sandbox, kit: &Path) {
    sandbox.git(kit, &["add", "-A", "-f"]);
    sandbox.git(kit, &["commit", "-q", "--allow-empty", "-m", "the kit"]);
}

/// A kit and a linux tree side by side in a sandbox.
pub struct World {
    pub sandbox: Sandbox,
    pub layout: Layout,
    pub kit: PathBuf,
    pub linux: PathBuf,
}

/// The lines `name 1` to `name 40`, the ones that `replaced` names with another text.
pub fn lines(name: &str, replaced: &[(usize, &str)]) -> String {
    let line = |at: usize| match replaced.iter().find(|(number, _)| *number == at) {
        Some((_, text)) => format!("{text}\n"),
        None => format!("{name} {at}\n"),
    };
    (1..=40).map(line).collect()
}

/// The usual tree. `v6.6.14` moves the lines of `kernel/panic.c`, changes the context of the second patch and takes
/// the third one; `v6.6.15` changes nothing that a patch touches; `v6.12.1` is another branch.
fn usual_tree(attributes: &str) -> TreeBuilder {
    let mut tree = TreeBuilder::default();
    let (panic, main, usb) = (lines("panic", &[]), lines("main", &[]), lines("usb", &[]));
    let root = [
        Edit::File("kernel/panic.c", &panic),
        Edit::File("init/main.c", &main),
        Edit::File("drivers/usb.c", &usb),
        Edit::File("README", "Linux\n"),
        Edit::Link("link", "drivers"),
        Edit::File(".gitattributes", attributes),
    ];
    tree.commit("main", None, "Linux 6.6", &root);
    let release = |tree: &mut TreeBuilder, branch: &str, from: Option<&str>, version: &str| {
        tree.commit(branch, from, &format!("Linux {version}"), &[Edit::File("VERSION", &format!("{version}\n"))]);
        tree.tag(&format!("v{version}"), branch);
    };
    release(&mut tree, "stable", Some("main"), "6.6.13");
    // The patches, on v6.6.13.
    let patched = lines("panic", &[(20, "panic twenty")]);
    tree.commit("ours", Some("v6.6.13"), "panic: say it in words", &[Edit::File("kernel/panic.c", &patched)]);
    let patched = lines("main", &[(20, "main twenty")]);
    tree.commit("ours", None, "init: count in words", &[Edit::File("init/main.c", &patched)]);
    let taken = lines("usb", &[(20, "usb twenty")]);
    tree.commit("ours", None, "usb: a fix for everybody", &[Edit::File("drivers/usb.c", &taken)]);
    tree.commit("ours", None, "init: a new file", &[Edit::File("init/new.c", "new 1\nnew 2\n")]);
    // What the stable releases do.
    let moved = format!("zero\n{panic}");
    tree.commit("stable", None, "panic: begin at zero", &[Edit::File("kernel/panic.c", &moved)]);
    let context = lines("main", &[(18, "main eighteen")]);
    tree.commit("stable", None, "init: rewrite a line", &[Edit::File("init/main.c", &context)]);
    tree.commit("stable", None, "usb: a fix for everybody", &[Edit::File("drivers/usb.c", &taken)]);
    release(&mut tree, "stable", None, "6.6.14");
    release(&mut tree, "stable", None, "6.6.15");
    release(&mut tree, "next", Some("main"), "6.12.1");
    // Changes what the first patch changes.
    let clash = lines("panic", &[(20, "panic XX")]);
    tree.commit("clash", Some("v6.6.15"), "panic: count like Romans", &[Edit::File("kernel/panic.c", &clash)]);
    release(&mut tree, "clash", None, "6.6.16");
    tree
}

impl World {
    /// The usual tree with its four patches, and a README and a `series` beside them.
    pub fn new(layout: Layout) -> Self {
        Self::with_attributes(layout, "*.c diff=cpp\n")
    }

    /// The usual world with these `.gitattributes` in the tree.
    pub fn with_attributes(layout: Layout, attributes: &str) -> Self {
        let sandbox = Sandbox::new();
        let linux = usual_tree(attributes).build(&sandbox, "linux");
        let patches = format_patch(&sandbox, &linux, "v6.6.13..ours");
        sandbox.git(&linux, &["branch", "-q", "-D", "ours", "clash", "next", "stable"]);
        let folder = layout.patches("6.6.x");
        let kit = KitBuilder::new(layout)
            .series("6.6.x", "6.6.13", &patches)
            .file(&format!("{folder}/README"), "our patches\n")
            .file(&format!("{folder}/series"), "0001\n0002\n")
            .file("kernel/config-6.6.x-x86_64", "CONFIG_X=y\n")
            .build(&sandbox, "kit");
        Self { sandbox, layout, kit, linux }
    }

    /// The usual tree with this set instead of the usual one.
    pub fn with_patches(layout: Layout, patches: &[(&str, &[u8])]) -> Self {
        let sandbox = Sandbox::new();
        let linux = usual_tree("").build(&sandbox, "linux");
        let patches: Vec<_> = patches.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        let kit = KitBuilder::new(layout).series("6.6.x", "6.6.13", &patches).build(&sandbox, "kit");
        Self { sandbox, layout, kit, linux }
    }

    /// Something in the patch directory of 6.6.x.
    pub fn patch(&self, name: &str) -> PathBuf {
        self.kit.join(self.layout.patches("6.6.x")).join(name)
    }

    /// Name and bytes of everything in the patch directory of 6.6.x.
    pub fn patches(&self) -> Vec<(String, Vec<u8>)> {
        super::read_folder(&self.patch(""))
    }

    /// Those that are patches.
    pub fn patches_only(&self) -> Vec<(String, Vec<u8>)> {
        self.patches().into_iter().filter(|(name, _)| kpatch::patch_set::is_patch_name(name)).collect()
    }

    /// The file with the version of 6.6.x.
    pub fn version_file(&self) -> PathBuf {
        self.kit.join(self.layout.version_file("6.6.x"))
    }

    /// Commits everything that is in the kit.
    pub fn commit(&self) {
        commit_all(&self.sandbox, &self.kit);
    }

    /// Runs the program on this kit and this tree.
    pub fn kpatch(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The same, not started yet.
    pub fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &self.kit);
        command.env("LINUXSRC", &self.linux).args(args);
        command
    }

    /// Runs the program; it must end with 0. Returns its stdout.
    pub fn done(&self, args: &[&str]) -> String {
        let output = self.kpatch(args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "kpatch {args:?}: {out}{err}");
        out.into_owned()
    }

    /// The first report of a run with `--json`, which must end with 0.
    pub fn report(&self, args: &[&str]) -> serde_json::Value {
        let text = self.done(&[args, &["--json"]].concat());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value["reports"][0].clone()
    }

    /// The commit of a branch of the linux tree.
    pub fn branch(&self, name: &str) -> Option<String> {
        let output = self.sandbox.try_git(&self.linux, &["rev-parse", "-q", "--verify", &format!("refs/heads/{name}")]);
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    /// Everything on disk that is the user's: the kit, and what the linux tree is made of.
    pub fn snapshot(&self) -> Snapshot {
        let mut all = Snapshot::of(&self.sandbox.path(""));
        // The tree's own folder of kpatch holds no work of the user's: the lock, and remembered renames.
        all.forget("linux/kpatch");
        all
    }

    /// Runs the program, which must refuse in the one way in which errors are said, and change nothing. Returns what
    /// it said.
    pub fn refused(&self, args: &[&str], says: &[&str]) -> String {
        let before = self.snapshot();
        let output = self.kpatch(args);
        let error = assert_refusal(&output, args, says);
        assert_eq!(before.changes(&self.snapshot()), Vec::<String>::new(), "kpatch {args:?} changed something");
        error
    }
}

/// Exit code 2, nothing on stdout, one `error:` line on stderr and only causes and hints after it.
pub fn assert_refusal(output: &Output, args: &[&str], says: &[&str]) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "kpatch {args:?}: {out}{error}");
    assert_eq!(out, "", "kpatch {args:?}: {error}");
    assert_eq!(error.lines().filter(|line| line.starts_with("error: ")).count(), 1, "kpatch {args:?}: {error}");
    assert!(error.starts_with("error: ") || error.starts_with("warning: "), "kpatch {args:?}: {error}");
    assert!(!error.contains("panicked"), "kpatch {args:?}: {error}");
    assert_harmless(output);
    for word in says {
        assert!(error.contains(word), "kpatch {args:?} does not say '{word}': {error}");
    }
    error
}

/// Neither stream holds a control character, nor one that turns the direction of text.
pub fn assert_harmless(output: &Output) {
    for stream in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(stream).expect("what is printed is UTF-8");
        let bad = |c: &char| {
            (c.is_control() && *c != '\n')
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert_eq!(text.chars().find(bad), None, "{text}");
    }
}
