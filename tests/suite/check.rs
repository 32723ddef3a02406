//! `kpatch check` through the program: a kit in step, and one defect planted for each rule.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::support::kit::{LAYOUTS, Layout};
use crate::support::{Sandbox, Snapshot, assert_harmless, assert_refusal};

const BUILDER: &str = "linuxkit/alpine:0123456789012345678901234567890123456789";
const RELEASES: &str = r#"{"releases": [{"iseol": false, "version": "6.13-rc2", "moniker": "mainline"},
    {"iseol": false, "version": "6.12.1", "moniker": "stable"}, {"iseol": false, "version": "6.6.13", "moniker": "longterm"},
    {"iseol": false, "version": "6.1.5", "moniker": "longterm"}, {"iseol": true, "version": "5.10.104", "moniker": "longterm"}]}"#;

/// A kit in a sandbox, with a list of releases.
struct Checked {
    sandbox: Sandbox,
    layout: Layout,
}

impl Checked {
    /// 6.6.x and 6.12.x are built, 5.10.x no longer; all is in step.
    fn new(layout: Layout) -> Self {
        let new = Self { sandbox: Sandbox::new(), layout };
        let lists = match layout {
            Layout::Flat => "KERNELS_all=6.12.1 6.6.13\nKERNELS_x86_64=\nDEPRECATED_all=5.10.104\n",
            Layout::PerSeries => "list:\n",
        };
        new.write("kernel/Makefile", &format!("IMAGE_BUILDER={BUILDER}\n{lists}"));
        for (series, version) in [("5.10.x", "5.10.104"), ("6.6.x", "6.6.13"), ("6.12.x", "6.12.1")] {
            if layout == Layout::PerSeries {
                let args = format!("KERNEL_VERSION={version}\nKERNEL_SERIES={series}\nBUILD_IMAGE={BUILDER}\n");
                new.write(&format!("kernel/{series}/build-args"), &args);
            }
            for arch in ["x86_64", "aarch64"] {
                new.config(series, arch, version, "-linuxkit");
            }
            new.write(&format!("{}/0001-a.patch", layout.patches(series)), "From a\n");
        }
        if layout == Layout::PerSeries {
            new.write("kernel/5.10.x/deprecated", "");
        }
        for (at, series) in [(11, "6.6.x"), (13, "6.12.x")] {
            for group in [format!("{at:03}_config"), format!("1{at}_kmod"), format!("2{at}_tags")] {
                new.write(&format!("test/cases/020_kernel/{group}_{series}/test.sh"), "#!/bin/sh\n");
            }
        }
        new.write(
            "examples/x.yml",
            "kernel:\n  image: linuxkit/kernel:6.12.1\n# modules: linuxkit/kernel:6.12.1-builder\n",
        );
        new.write("../releases.json", RELEASES);
        new
    }

    fn kit(&self) -> PathBuf {
        self.sandbox.path("kit")
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.kit()).unwrap();
        self.sandbox.write(&format!("kit/{path}"), text);
    }

    fn edit(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.kit().join(path)).unwrap();
        assert!(text.contains(old), "{path}: {text}");
        self.write(path, &text.replace(old, new));
    }

    fn config_path(&self, series: &str, arch: &str) -> String {
        match self.layout {
            Layout::Flat => format!("kernel/config-{series}-{arch}"),
            Layout::PerSeries => format!("kernel/{series}/config-{arch}"),
        }
    }

    fn config(&self, series: &str, arch: &str, version: &str, local: &str) {
        let text = format!(
            "#\n# Linux/{arch} {version} Kernel Configuration\n#\nCONFIG_X=y\nCONFIG_LOCALVERSION=\"{local}\"\n"
        );
        self.write(&self.config_path(series, arch), &text);
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &self.kit());
        command.env("KPATCH_RELEASES", self.sandbox.path("releases.json")).arg("check").args(args).output().unwrap()
    }

    /// The ids of what is found.
    fn found(&self) -> Vec<String> {
        let output = self.run(&["--json"]);
        let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        let report = &value["reports"][0];
        let findings = report["findings"].as_array().unwrap();
        let counts = report["counts"]["error"].as_u64().unwrap() + report["counts"]["warning"].as_u64().unwrap();
        assert_eq!(output.status.code(), Some(i32::from(counts > 0)), "{report}");
        findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_kit_in_step_has_no_findings() {
    for layout in LAYOUTS {
        let kit = Checked::new(layout);
        let before = Snapshot::of(&kit.kit());
        let output = kit.run(&["-v"]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{layout:?}: {text}");
        assert!(text.starts_with("the kit: nothing found in "), "{text}");
        assert!(text.contains("releases.json, just fetched"), "{text}");
        assert_eq!(kit.found(), Vec::<String>::new());
        assert_eq!(before.changes(&Snapshot::of(&kit.kit())), Vec::<String>::new());
    }
}

/// What is planted in a kit that is in step, and the one rule that finds it.
type Plant = (&'static str, fn(&Checked));

const PLANTS: &[Plant] = &[
    ("K001", |kit| fs::remove_file(kit.kit().join(kit.config_path("6.12.x", "aarch64"))).unwrap()),
    ("K002", |kit| {
        for arch in ["x86_64", "aarch64"] {
            fs::remove_file(kit.kit().join(kit.config_path("6.12.x", arch))).unwrap();
        }
    }),
    ("K003", |kit| kit.config("4.19.x", "x86_64", "4.19.1", "-linuxkit")),
    ("K004", |kit| kit.write(&format!("{}/0001-a.patch", kit.layout.patches("4.19.x")), "From a\n")),
    ("K005", |kit| kit.config("6.6.x", "x86_64", "6.6.12", "-linuxkit")),
    ("K006", |kit| kit.config("6.6.x", "x86_64", "6.6.13", "")),
    ("K007", |kit| kit.write(&format!("{}/0001-a.patch-e", kit.layout.patches("6.6.x")), "From a\n")),
    ("K007", |kit| kit.write(&kit.config_path("6.6.x", "mips"), "CONFIG_X=y\n")),
    ("K007", |kit| kit.write("kernel/Makefile.orig", "")),
    ("K008", |kit| {
        let dir = kit.layout.patches("6.6.x");
        fs::remove_file(kit.kit().join(&dir).join("0001-a.patch")).unwrap();
        kit.write(&format!("{dir}/README"), "none\n");
    }),
    ("K101", |kit| kit.write("test/cases/020_kernel/009_config_5.10.x/test.sh", "")),
    ("K102", |kit| {
        for group in ["013_config", "113_kmod", "213_tags"] {
            fs::remove_dir_all(kit.kit().join(format!("test/cases/020_kernel/{group}_6.12.x"))).unwrap();
        }
    }),
    ("K103", |kit| fs::remove_dir_all(kit.kit().join("test/cases/020_kernel/113_kmod_6.12.x")).unwrap()),
    ("K103", |kit| {
        let dir = kit.kit().join("test/cases/020_kernel");
        fs::rename(dir.join("113_kmod_6.12.x"), dir.join("114_kmod_6.12.x")).unwrap();
    }),
    ("K104", |kit| kit.write("test/cases/020_kernel/009_config_4.9.x/test.sh", "")),
    ("K201", |kit| kit.write("examples/y.yml", "image: linuxkit/kernel:6.6.12\n")),
    ("K202", |kit| kit.write("examples/y.yml", "image: linuxkit/kernel:4.9.38\n")),
    ("K203", |kit| {
        let hash = "0123456789".repeat(4);
        kit.write("examples/y.yml", &format!("image: linuxkit/kernel:6.6.13-{hash}-dirty\n"));
    }),
    ("K204", |kit| kit.write("examples/y.yml", "image: linuxkit/kernel:6.6.13-rt\n")),
    ("K205", |kit| {
        kit.write("examples/y.yml", "image: linuxkit/kernel:6.12.1\nimage: linuxkit/kernel:6.6.13-builder\n");
    }),
    ("K206", |kit| kit.write("examples/y.yml", "image: linuxkit/kernel:6.12.1\nimage: linuxkit/kernel-bcc:6.6.13\n")),
    ("K301", |kit| {
        kit.write(
            "../releases.json",
            &RELEASES.replace("false, \"version\": \"6.6.13\"", "true, \"version\": \"6.6.13\""),
        );
    }),
    ("K302", |kit| kit.write("../releases.json", &RELEASES.replace("6.6.13", "6.6.14"))),
];

const FLAT: &[Plant] = &[
    ("K012", |kit| {
        kit.edit("kernel/Makefile", "6.6.13", "6.6.13 6.6.12");
    }),
    ("K014", |kit| kit.edit("kernel/Makefile", "6.6.13", "6.6.13 6.6.13-rt")),
];

const PER_SERIES: &[Plant] = &[
    ("K009", |kit| kit.edit("kernel/6.6.x/build-args", "SERIES=6.6.x", "SERIES=6.1.x")),
    ("K010", |kit| kit.edit("kernel/6.6.x/build-args", "KERNEL_SERIES", "# the series\nKERNEL_SERIES")),
    ("K010", |kit| kit.edit("kernel/6.6.x/build-args", "KERNEL_SERIES", "\nKERNEL_SERIES")),
    ("K011", |kit| kit.edit("kernel/6.6.x/build-args", "alpine:0", "alpine:1")),
    ("K013", |kit| kit.write("kernel/6.6.x-rt/build-args", "KERNEL_VERSION=6.6.7-rt\nKERNEL_SERIES=6.6.x\n")),
];

#[test]
fn each_rule_finds_what_is_planted_and_no_other_claims_it() {
    for layout in LAYOUTS {
        let own = if layout == Layout::Flat { FLAT } else { PER_SERIES };
        for (id, plant) in PLANTS.iter().chain(own) {
            let kit = Checked::new(layout);
            plant(&kit);
            assert_eq!(kit.found(), [*id], "{layout:?}");
        }
    }
    let planted: Vec<&str> = PLANTS.iter().chain(FLAT).chain(PER_SERIES).map(|(id, _)| *id).collect();
    // References to the checker are planted beside their rule.
    for rule in kpatch::drift::RULES.iter().filter(|rule| rule.about.id != "K207") {
        assert!(planted.contains(&rule.about.id), "{} has no plant", rule.about.id);
    }
}

#[test]
fn findings_come_in_every_form() {
    let kit = Checked::new(Layout::Flat);
    kit.config("6.6.x", "x86_64", "6.6.12", "");
    let say = |args: &[&str]| {
        let output = kit.run(args);
        assert_harmless(&output);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = say(&[]);
    assert!(text.contains("error[K005]: the header says 6.6.12, the kit lists 6.6.13"), "{text}");
    assert!(text.contains("kernel/config-6.6.x-x86_64:2") && !text.contains("K006"), "{text}");
    assert!(say(&["-v"]).contains("see kpatch check --explain K006"));
    let github = say(&["--format", "github"]);
    assert!(
        github.contains("::error file=kernel/config-6.6.x-x86_64,line=2,title=K005 stale-config-header::"),
        "{github}"
    );
    let markdown = say(&["--format", "markdown"]);
    assert!(markdown.starts_with("## kpatch check: 1 error, 1 note\n"), "{markdown}");
    let sarif: Value = serde_json::from_str(&say(&["--format", "sarif"])).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(kpatch::drift::RULES.len()));
    let index = usize::try_from(run["results"][0]["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], run["results"][0]["ruleId"]);
    assert_eq!(say(&["--json"]), say(&["--format", "json"]));
    let one = String::from_utf8(kit.run(&["6.12.x"]).stdout).unwrap();
    assert!(one.starts_with("the kit: nothing found"), "{one}");
    let explained = String::from_utf8(kit.run(&["--explain", "stale-config-header"]).stdout).unwrap();
    assert!(explained.starts_with("K005 stale-config-header\n"), "{explained}");
    let rules = String::from_utf8(kit.run(&["--rules"]).stdout).unwrap();
    assert!(kpatch::drift::RULES.iter().all(|rule| rules.contains(rule.about.id)), "{rules}");
}

#[test]
fn settings_and_options_say_what_counts() {
    let kit = Checked::new(Layout::PerSeries);
    kit.config("6.6.x", "x86_64", "6.6.12", "");
    let code = |args: &[&str]| kit.run(args).status.code();
    assert_eq!((code(&[]), code(&["--ignore", "K005"]), code(&["--select", "K1,K006"])), (Some(1), Some(0), Some(0)));
    kit.write("kpatch.toml", "[check.rules]\nK005 = \"info\"\n");
    assert_eq!(code(&[]), Some(0));
    kit.write("kpatch.toml", "[check.rules]\nK005 = \"off\"\nother-local-version = \"error\"\n");
    assert_eq!(kit.found(), ["K006"]);
    for (toml, says) in [("K005 = \"bad\"", "a rule is off"), ("X001 = \"off\"", "'X001' is no rule")] {
        kit.write("kpatch.toml", &format!("[check.rules]\n{toml}\n"));
        assert_refusal(&kit.run(&[]), &["check"], &["kpatch.toml:2: ", says]);
    }
    kit.write("kpatch.toml", "");
    assert_refusal(&kit.run(&["7.0.x"]), &["check"], &["the kit has no series '7.0.x'", "6.12.x"]);
    assert_refusal(&kit.run(&["--select", "X"]), &["check"], &["'X' is no rule"]);
}

#[test]
fn without_a_list_of_releases_it_says_so() {
    let kit = Checked::new(Layout::Flat);
    let run = |args: &[&str]| {
        let mut command = kit.sandbox.command(env!("CARGO_BIN_EXE_kpatch"), &kit.kit());
        command.env("KPATCH_RELEASES", "http://127.0.0.1:1/releases.json").arg("check").args(args).output().unwrap()
    };
    for args in [&["--offline"][..], &[]] {
        let output = run(args);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains("not checked: K301, K302: "), "{text}");
    }
    let output = run(&["--offline", "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["reports"][0]["releases"], Value::Null);
    let output = run(&["--offline", "--ignore", "K3"]);
    assert!(!String::from_utf8(output.stdout).unwrap().contains("K301"));
}

#[test]
fn the_kit_of_this_repository_is_in_step() {
    let sandbox = Sandbox::new();
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = sandbox.kpatch(top, &["check", "--offline", "--ignore", "K3", "-v"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
}
