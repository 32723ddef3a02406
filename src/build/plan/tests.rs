use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;

const FLAT: &[(&str, &str)] = &[
    (
        "Makefile",
        "ORG?=linuxkit\nREPO=https://git.example.org/kit\nIMAGE_BUILDER=linuxkit/alpine:1\nKERNELS_all=6.6.13 6.1.7\nDEPRECATED_all=5.15.1\n",
    ),
    ("config-6.6.x-x86_64", ""),
    ("config-6.6.x-aarch64", ""),
    ("config-6.6.x-x86_64-foo", ""),
    ("config-6.1.x-x86_64", ""),
    ("config-5.15.x-x86_64", ""),
];

struct Repo {
    dir: tempfile::TempDir,
    kit: Kit,
}

impl Repo {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            write(&dir.path().join("kernel").join(name), text);
        }
        let kit = Kit::open(dir.path()).expect("a kit");
        let repo = Self { dir, kit };
        repo.git(&["init", "-q", "--template="]);
        repo.git(&["add", "-A"]);
        repo.git(&["commit", "-q", "-m", "x"]);
        repo
    }

    fn git(&self, args: &[&str]) -> String {
        let who =
            ["AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"].map(|key| (format!("GIT_{key}"), "a"));
        let output = Command::new("git").args(args).current_dir(self.dir.path()).envs(who).output().expect("git runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }

    fn plan(&self, request: &PlanRequest) -> Plan {
        Plan::of(&self.kit, request).expect("a plan")
    }

    fn refusal(&self, request: &PlanRequest) -> String {
        Plan::of(&self.kit, request).expect_err("refused").to_string()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, text).expect("written");
}

fn everything(which: Which) -> PlanRequest {
    PlanRequest { which, kinds: Kinds::all(), ..PlanRequest::default() }
}

fn titles(plan: &Plan) -> Vec<String> {
    plan.images.iter().map(Image::title).collect()
}

#[test]
fn the_tags_are_those_of_the_document() {
    let repo = Repo::new(FLAT);
    let hash = repo.git(&["rev-parse", "HEAD:kernel"]);
    let plan = repo.plan(&everything(Which::Named(vec!["6.6.13".into()])));
    assert_eq!(titles(&plan), ["6.6.13", "6.6.13-dbg", "bcc for 6.6.13", "perf for 6.6.13"]);
    let tags = |at: usize| plan.images[at].tags();
    let named = |version: &str| {
        let all = ["", "-H", "-amd64", "-H-amd64", "-arm64", "-H-arm64"];
        all.map(|rest| format!("{version}{}", rest.replace('H', &hash)))
    };
    assert_eq!(tags(0), named("6.6.13"));
    assert_eq!(tags(1), named("6.6.13-dbg"));
    assert_eq!(tags(3), named("6.6.13"));
    assert_eq!(plan.images[3].reference(false, Some(Arch::X86_64)), "linuxkit/kernel-perf:6.6.13-amd64");
    let builders: Vec<Option<String>> = plan.images.iter().map(Image::builder_tag).collect();
    assert_eq!(builders, [Some("6.6.13-builder".to_owned()), Some("6.6.13-dbg-builder".to_owned()), None, None]);
    let labels = labels(&plan, "linuxkit/alpine:1");
    let expected = [
        (BUILD_IMAGE, "linuxkit/alpine:1".to_owned()),
        (REVISION, repo.git(&["rev-parse", "HEAD"])),
        (SOURCE, "https://git.example.org/kit".to_owned()),
    ];
    assert_eq!(labels, expected.map(|(key, value)| (key.to_owned(), value)).into());
}

#[test]
fn what_is_built_by_default_and_what_by_name() {
    let repo = Repo::new(FLAT);
    let plain = |which| PlanRequest { kinds: Kinds { plain: true, ..Kinds::default() }, ..everything(which) };
    assert_eq!(titles(&repo.plan(&plain(Which::Newest))), ["6.6.13"]);
    assert_eq!(titles(&repo.plan(&plain(Which::All))), ["6.1.7", "6.6.13"]);
    let named = |name: &str| plain(Which::Named(vec![name.to_owned()]));
    assert_eq!(titles(&repo.plan(&named("5.15.x"))), ["5.15.1"]);
    assert_eq!(titles(&repo.plan(&named("6.1"))), ["6.1.7"]);
    assert_eq!(titles(&repo.plan(&named("6.6.13-foo"))), ["6.6.13-foo"]);
    let foo = PlanRequest { extra: "-foo".into(), ..everything(Which::Newest) };
    assert_eq!(titles(&repo.plan(&foo))[..2], ["6.6.13-foo", "6.6.13-foo-dbg"]);
    assert!(repo.refusal(&named("6.6.14")).contains("has no kernel '6.6.14'"));
    assert!(repo.refusal(&named("6.6.13-bar")).contains("nothing for 6.6.x-bar"));
    for extra in ["foo", "-", "-rc1"] {
        assert!(repo.refusal(&PlanRequest { extra: extra.into(), ..foo.clone() }).contains("is no variant"), "{extra}");
    }
    let for_arm = |which| PlanRequest { archs: vec![Arch::Aarch64], ..plain(which) };
    assert_eq!(titles(&repo.plan(&for_arm(Which::All))), ["6.6.13"]);
    assert!(repo.refusal(&for_arm(Which::Named(vec!["6.1.7".into()]))).contains("does not build 6.1.7 for arm64"));
    let tools = Kinds { tools: Tools::Named(vec!["zfs".into()]), ..Kinds::default() };
    let zfs =
        repo.plan(&PlanRequest { kinds: tools, org: Some("registry.example.org/acme".into()), ..plain(Which::Newest) });
    assert_eq!(zfs.images[0].reference(false, None), "registry.example.org/acme/zfs-kmod:6.6.13");
    assert_eq!(repo.plan(&everything(Which::All)).compilations().len(), 2 + 4);
}

#[test]
fn what_no_commit_holds_is_dirty() {
    let repo = Repo::new(FLAT);
    let request = everything(Which::Newest);
    let tag = |request: &PlanRequest| repo.plan(request).images[0].tag(true, None);
    let hash = repo.git(&["rev-parse", "HEAD:kernel"]);
    let (clean, dirty) = (format!("6.6.13-{hash}"), format!("6.6.13-{hash}-dirty"));
    let kernel = repo.dir.path().join("kernel");
    assert_eq!(tag(&request), clean);
    // Outside of kernel/, nothing counts.
    fs::write(repo.dir.path().join("README"), "x").expect("written");
    assert_eq!(tag(&request), clean);
    let patch = kernel.join("patches-6.6.x/0001-new.patch");
    write(&patch, "x");
    assert_eq!(tag(&request), dirty);
    let plan = repo.plan(&request);
    assert_eq!((plan.revision.as_deref(), plan.dirty.len()), (None, 1));
    repo.git(&["add", "kernel"]);
    assert_eq!(tag(&request), dirty);
    repo.git(&["commit", "-q", "-m", "patch"]);
    let committed = repo.git(&["rev-parse", "HEAD:kernel"]);
    assert_eq!(tag(&request), format!("6.6.13-{committed}"));
    fs::write(kernel.join("config-6.6.x-x86_64"), "CONFIG_X=y\n").expect("written");
    assert_eq!(tag(&request), format!("6.6.13-{committed}-dirty"));
    // Another commit, and what was said, are never dirty.
    assert_eq!(tag(&PlanRequest { hash_commit: Some("HEAD~1".into()), ..request.clone() }), clean);
    assert_eq!(tag(&PlanRequest { hash: Some("abc".into()), ..request.clone() }), "6.6.13-abc");
    assert!(
        repo.refusal(&PlanRequest { hash_commit: Some("nowhere".into()), ..request.clone() })
            .contains("no commit 'nowhere'")
    );
    assert!(repo.refusal(&PlanRequest { hash: Some("a b".into()), ..request }).contains("cannot be a part of a tag"));
}
