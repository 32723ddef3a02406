//! `kpatch update-yaml` through the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::kit::commit_all;
use crate::support::{KitBuilder, LAYOUTS, Layout, Sandbox, Snapshot, assert_harmless, assert_refusal};

const OLD: &str = "0123456789abcdef0123456789abcdef01234567";

/// A kit with 6.6.14, its variant and 6.12.59, and files that name their images.
struct Scene {
    sandbox: Sandbox,
    layout: Layout,
    kit: PathBuf,
}

/// Every way in which a reference may be written; `{6}` and `{12}` stand for the tags that the two series have.
const FILES: &[(&str, &str)] = &[
    (
        "linuxkit.yml",
        "# linuxkit/kernel:{B} is the newest.\nkernel:\n  image: linuxkit/kernel:{B}\n  cmdline: \"console=ttyS0\"\n\
         onboot:\n  - name: perf\n    image: \"linuxkit/kernel-perf:{6}\"\n  - {name: x, image: linuxkit/kernel:{12}-amd64}\n",
    ),
    ("examples/crlf.yml", "kernel:\r\n  image: linuxkit/kernel:{6}\r\n"),
    ("examples/no-newline.yaml", "kernel:\n  image: registry.example.org:5000/linuxkit/kernel:{B}-dbg"),
    ("pkg/firmware/Dockerfile", "FROM linuxkit/kernel:{B} AS kernel\nCOPY --from=linuxkit/kernel:{6} /kernel /\n"),
    (
        "test/cases/119_kmod_6.6.x/Dockerfile",
        "FROM linuxkit/kernel:{6} AS ksrc\nFROM linuxkit/kernel:{S}-builder AS build\n",
    ),
    ("test/cases/119_kmod_6.6.x/test.sh", "#!/bin/sh\nKERNEL=linuxkit/kernel:{6}\ndocker pull linuxkit/kernel:{S}\n"),
    (
        "test/cases/219_tags/test.sh",
        "set -e\nlinuxkit cache pull linuxkit/kernel:{12}\nX=linuxkit/kernel:{B}-builder\n",
    ),
    ("test/pkg/ns/template.yml.in", "kernel:\n  image: linuxkit/kernel:{B}\n"),
];

/// What is no reference, or not one of ours, or in a file that is not looked at.
const LEFT: &[(&str, &str)] = &[
    (
        "other.yml",
        "a: other/kernel:6.6.13\nb: linuxkit/kernel:6.6.${PATCH}\nc: linuxkit/kernel:5.4.1-rt\nd: linuxkit/init:0123\n",
    ),
    ("README.md", "linuxkit/kernel:6.6.13\n"),
    ("src/main.go", "linuxkit/kernel:6.6.13\n"),
    ("vendor/x/Dockerfile", "FROM linuxkit/kernel:6.6.13\n"),
    ("fix.patch", "-linuxkit/kernel:6.6.13\n"),
    ("bin.yml", "linuxkit/kernel:6.6.13\0"),
];

fn filled(text: &str, bare: &str, same: &str, lts: &str, newest: &str) -> String {
    text.replace("{B}", bare).replace("{S}", same).replace("{6}", lts).replace("{12}", newest)
}

impl Scene {
    fn new(layout: Layout) -> Self {
        let sandbox = Sandbox::new();
        let old = (format!("6.6.13-{OLD}"), format!("6.12.52-{OLD}-dirty-1d75567"));
        let patch = format!("From {OLD}\nSubject: 6.6.13\n\nlinuxkit/kernel:6.6.13-{OLD} 6.6.13 491609\n");
        let patches = [("0001-a.patch".to_owned(), patch.into_bytes())];
        let mut kit = KitBuilder::new(layout)
            .series("6.6.x", "6.6.14", &patches)
            .series("6.12.x", "6.12.59", &[])
            .file(&format!("{}/0001-rt.patch", layout.patches("6.6.x-rt")), "rt\n")
            .file("kernel/notes.yml", "linuxkit/kernel:6.6.13\n");
        if layout == Layout::PerSeries {
            kit = kit
                .file("kernel/Makefile", "ORG?=linuxkit\nall:\n")
                .file("kernel/common/Dockerfile", "FROM scratch\n")
                .file("kernel/6.1.x/deprecated", "");
        }
        for (path, text) in FILES {
            kit = kit.file(path, filled(text, "6.6.13", "6.6.13", &old.0, &old.1));
        }
        for (path, text) in LEFT {
            kit = kit.file(path, text);
        }
        let kit = kit.build(&sandbox, "kit");
        Self { sandbox, layout, kit }
    }

    fn run(&self, args: &[&str]) -> Output {
        let output = self.sandbox.kpatch(&self.kit, &[&["update-yaml"], args].concat());
        assert_harmless(&output);
        output
    }

    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{args:?}: {out}{err}");
        out.into_owned()
    }

    fn refused(&self, args: &[&str], says: &[&str]) {
        let before = Snapshot::of(&self.kit);
        assert_refusal(&self.run(args), args, says);
        assert_eq!(before.changes(&Snapshot::of(&self.kit)), Vec::<String>::new(), "{args:?}");
    }

    fn git(&self, args: &[&str]) -> String {
        self.sandbox.git(&self.kit, args)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.kit.join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        self.sandbox.write(&format!("kit/{path}"), text);
    }

    fn commit(&self) {
        commit_all(&self.sandbox, &self.kit);
    }

    /// The hash of a series in the last commit, as git's own commands say it.
    fn hash(&self, series: &str) -> String {
        if self.layout == Layout::Flat {
            return self.git(&["rev-parse", "HEAD:kernel"]);
        }
        let shared = self.git(&["ls-tree", "-r", "HEAD", "--", "kernel/Makefile", "kernel/common"]);
        let own = self.git(&["ls-tree", "HEAD", "--", &format!("kernel/{series}")]);
        let shared = self.hash_of(&format!("{shared}\n"));
        self.hash_of(&format!("{shared}\n{own}\n"))
    }

    fn hash_of(&self, text: &str) -> String {
        let path = self.sandbox.write("listing", text);
        self.git(&["hash-object", "--no-filters", path.to_str().unwrap()])
    }

    /// Everything is as it should be after all references were updated.
    fn assert_updated(&self) {
        let lts = format!("6.6.14-{}", self.hash("6.6.x"));
        let newest = format!("6.12.59-{}", self.hash("6.12.x"));
        for (path, text) in FILES {
            assert_eq!(self.read(path), filled(text, "6.12.59", "6.6.14", &lts, &newest), "{path}");
        }
        for (path, text) in LEFT {
            assert_eq!(self.read(path), *text, "{path}");
        }
    }
}

/// The files that differ, without those of git itself.
fn changed(before: &Snapshot, kit: &Path) -> Vec<String> {
    let mut after = Snapshot::of(kit);
    let mut before = before.clone();
    before.forget(".git");
    after.forget(".git");
    before.changes(&after)
}

#[test]
fn references_follow_the_kit_and_nothing_else_changes() {
    for layout in LAYOUTS {
        let scene = Scene::new(layout);
        let before = Snapshot::of(&scene.kit);
        let text = scene.done(&[]);
        scene.assert_updated();
        let names: Vec<String> = FILES.iter().map(|(path, _)| format!("new or changed: {path}")).collect();
        let mut changes = changed(&before, &scene.kit);
        changes.sort();
        let mut expected = names.clone();
        expected.sort();
        assert_eq!(changes, expected, "{layout:?}");
        assert!(text.contains("15 references updated in 8 files, 1 unknown\n"), "{text}");
        assert!(text.contains("3: linuxkit/kernel:5.4.1-rt names no kernel that the kit supports"), "{text}");
        // The second run changes nothing, and neither does committing what the first one did.
        let after = Snapshot::of(&scene.kit);
        assert!(scene.done(&[]).ends_with("no reference has to change, 15 as it should be, 1 unknown\n"));
        scene.commit();
        assert_eq!(scene.run(&["--check"]).status.code(), Some(0));
        assert_eq!(changed(&after, &scene.kit), Vec::<String>::new());
    }
}

#[test]
fn looking_writes_nothing() {
    for layout in LAYOUTS {
        let scene = Scene::new(layout);
        let before = Snapshot::of(&scene.kit);
        let check = scene.run(&["--check"]);
        assert_eq!(check.status.code(), Some(1));
        assert!(scene.done(&["--dry-run"]).contains("15 references out of date in 8 files"));
        let diff = scene.done(&["--diff"]);
        assert!(diff.contains("--- a/linuxkit.yml\n+++ b/linuxkit.yml\n"), "{diff}");
        assert!(diff.contains("-  image: linuxkit/kernel:6.6.13\n+  image: linuxkit/kernel:6.12.59\n"), "{diff}");
        let json: serde_json::Value = serde_json::from_str(&scene.done(&["-n", "--json"])).unwrap();
        let report = &json["reports"][0];
        assert_eq!((json["verb"].as_str(), report["written"].as_bool()), (Some("update-yaml"), Some(false)));
        assert_eq!(report["files"].as_array().unwrap().len(), 8);
        let row = &report["references"][0];
        assert_eq!((row["file"].as_str(), row["line"].as_u64()), (Some("examples/crlf.yml"), Some(2)));
        assert_eq!(row["new"], format!("linuxkit/kernel:6.6.14-{}", scene.hash("6.6.x")));
        assert_eq!(before.changes(&Snapshot::of(&scene.kit)), Vec::<String>::new());
    }
}

#[test]
fn one_series_can_be_updated_alone() {
    for layout in LAYOUTS {
        let scene = Scene::new(layout);
        scene.done(&["6.6.x"]);
        assert_eq!(
            scene.read("examples/crlf.yml"),
            format!("kernel:\r\n  image: linuxkit/kernel:6.6.14-{}\r\n", scene.hash("6.6.x"))
        );
        assert!(scene.read("linuxkit.yml").contains("image: linuxkit/kernel:6.6.13\n"));
        assert!(scene.read("linuxkit.yml").contains("-dirty-1d75567-amd64"));
        scene.done(&["6.12", "6.6.x"]);
        scene.assert_updated();
        scene.refused(&["6.7.x"], &["the kit has no series '6.7.x'", "6.6.x-rt"]);
    }
}

/// Hashes are those of what is committed below kernel/; each way in which it is not, is told.
#[test]
fn hashes_are_of_committed_files_only() {
    for layout in LAYOUTS {
        let scene = Scene::new(layout);
        let patch = format!("{}/0001-a.patch", layout.patches("6.6.x"));
        let new = format!("{}/0002-new.patch", layout.patches("6.6.x"));
        let says =
            |path: &str| scene.refused(&[], &["kernel/ has changes that are not committed", path, "commit or stash"]);
        // Touched: the same bytes at another time.
        let bytes = scene.read(&patch);
        scene.write(&patch, &bytes);
        assert_eq!(scene.run(&["--check"]).status.code(), Some(1));
        // Untracked, modified, staged, removed, and in another series.
        scene.write(&new, "new\n");
        says(&new);
        scene.refused(&["--check"], &[&new]);
        scene.refused(&["--dry-run"], &[&new]);
        fs::remove_file(scene.kit.join(&new)).unwrap();
        scene.write(&patch, "changed\n");
        says(&patch);
        scene.git(&["add", &patch]);
        says(&patch);
        // Staged, while the file has its old bytes again.
        scene.write(&patch, &bytes);
        says(&patch);
        scene.git(&["reset", "-q"]);
        fs::remove_file(scene.kit.join(&patch)).unwrap();
        says(&patch);
        scene.git(&["checkout", "-q", "--", "."]);
        let other = layout.version_file("6.12.x");
        let text = scene.read(&other);
        scene.write(&other, &format!("# new\n{text}"));
        says(&other);
        scene.git(&["checkout", "-q", "--", "."]);
        // Changes elsewhere and ignored files do not matter, and stay.
        scene.write(".gitignore", "*.ignored\n");
        scene.write("kernel/x.ignored", "");
        scene.write("linuxkit.yml", &format!("# mine\n{}", scene.read("linuxkit.yml")));
        scene.done(&[]);
        assert!(scene.read("linuxkit.yml").starts_with("# mine\n# linuxkit/kernel:6.12.59 is"));
        // Once it is committed, the hashes are others.
        let (before, name) = (scene.hash("6.6.x"), layout.patches("6.6.x"));
        scene.write(&format!("{name}/0002-new.patch"), "new\n");
        scene.git(&["add", "kernel"]);
        scene.git(&["commit", "-q", "-m", "more"]);
        assert_ne!(before, scene.hash("6.6.x"));
        scene.done(&[]);
        assert!(scene.read("examples/crlf.yml").contains(&scene.hash("6.6.x")));
    }
}

#[test]
fn bare_versions_need_no_commit() {
    for layout in LAYOUTS {
        let scene = Scene::new(layout);
        for (path, _) in FILES {
            fs::remove_file(scene.kit.join(path)).unwrap();
        }
        scene.write("a.yml", "image: linuxkit/kernel:6.6.13\n");
        scene.git(&["add", "-A"]);
        scene.git(&["commit", "-q", "-m", "bare"]);
        let version = layout.version_file("6.12.x");
        scene.write(&version, &scene.read(&version).replace("6.12.59", "6.12.60"));
        scene.done(&[]);
        assert_eq!(scene.read("a.yml"), "image: linuxkit/kernel:6.12.60\n");
        // Without git no hash is known: what has one stays, with a warning.
        scene.write("b.yml", &format!("image: linuxkit/kernel:6.6.13-{OLD}\n"));
        fs::remove_dir_all(scene.kit.join(".git")).unwrap();
        scene.write("a.yml", "image: linuxkit/kernel:6.6.13\n");
        let text = scene.done(&[]);
        assert!(
            text.starts_with("warning: the hashes of the images are not known: the kit is no git repository\n"),
            "{text}"
        );
        assert_eq!(scene.read("a.yml"), "image: linuxkit/kernel:6.12.60\n");
        assert!(scene.read("b.yml").contains(OLD));
    }
}

#[test]
fn the_names_of_the_images_are_those_of_the_kit() {
    let text = "linuxkit/kernel:6.6.13 acme/linux:6.6.13 acme/linux-perf:6.6.13 acme/kernel:6.6.13\n";
    let scene = |makefile: &str, config: &str| {
        let sandbox = Sandbox::new();
        let kit = KitBuilder::new(Layout::PerSeries)
            .series("6.6.x", "6.6.14", &[])
            .file("kernel/Makefile", makefile)
            .file("kpatch.toml", config)
            .file("a.yml", text)
            .build(&sandbox, "kit");
        let output = sandbox.kpatch(&kit, &["update-yaml"]);
        (output, fs::read_to_string(kit.join("a.yml")).unwrap())
    };
    let ours = text.replace("linux:6.6.13", "linux:6.6.14").replace("perf:6.6.13", "perf:6.6.14");
    assert_eq!(scene("ORG?=acme\nIMAGE:=linux\n", "").1, ours);
    assert_eq!(scene("ORG?=acme\n", "[image]\nname = \"linux\"\n").1, ours);
    assert_eq!(scene("ORG?=x\n", "[image]\norg = \"acme\"\nname = \"linux\"\n").1, ours);
    assert_eq!(scene("ORG=$(shell id)\n", "").1, text.replace("linuxkit/kernel:6.6.13", "linuxkit/kernel:6.6.14"));
    let (output, left) = scene("ORG?=A B\n", "[image]\norg = \"a\"\nname = \"b:c\"\n");
    assert_refusal(&output, &["update-yaml"], &["kpatch.toml:3:", "not an image reference"]);
    assert_eq!(left, text);
}

#[test]
fn a_landing_that_cannot_be_whole_changes_nothing() {
    let scene = Scene::new(Layout::PerSeries);
    // A file that is reached through a link is not written, and then none is.
    fs::rename(scene.kit.join("examples"), scene.kit.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", scene.kit.join("examples")).unwrap();
    scene.refused(&[], &["cannot land", "symbolic link"]);
    fs::remove_file(scene.kit.join("examples")).unwrap();
    fs::rename(scene.kit.join("elsewhere"), scene.kit.join("examples")).unwrap();
    // A link to a file is none of the kit's files.
    fs::rename(scene.kit.join("linuxkit.yml"), scene.kit.join("real.txt")).unwrap();
    std::os::unix::fs::symlink("real.txt", scene.kit.join("linuxkit.yml")).unwrap();
    scene.done(&[]);
    assert!(scene.read("real.txt").contains("6.6.13"));
    // Somebody else is at work.
    let scene = Scene::new(Layout::Flat);
    scene.write("kernel/.kpatch/lock", "");
    let lock = fs::File::open(scene.kit.join("kernel/.kpatch/lock")).unwrap();
    lock.lock().unwrap();
    scene.refused(&[], &["another kpatch"]);
}
