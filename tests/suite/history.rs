//! Real histories, and what they prove of carried patches.

use std::path::{Path, PathBuf};

use crate::support::repo::text;
use crate::support::{Repo, Report, Sandbox};

/// Each case has a file of its own, so that one says nothing of another.
const CASES: &[&str] = &[
    "stable",
    "bracket",
    "origin",
    "other-title",
    "context",
    "adjacent",
    "reverted",
    "reapplied",
    "revert",
    "revert-taken",
    "revert-changed",
    "merged",
    "further",
    "built-on",
    "title",
    "title-clash",
    "partial",
    "squashed",
    "elsewhere",
    "untouched",
    "undone",
];

/// A linux tree with two releases of a series, and one patch for each case.
struct Scene<'a> {
    linux: Repo<'a>,
    patches: PathBuf,
    /// The commit of the release that each case ends with.
    known: std::collections::HashMap<&'static str, String>,
}

fn file(case: &str) -> String {
    format!("drivers/{case}.c")
}

fn scene(sandbox: &Sandbox) -> Scene<'_> {
    let linux = Repo::new(sandbox, "linux");
    for case in CASES {
        linux.write(&file(case), text(case));
    }
    linux.commit("Linux 6.6.12\n");
    let mut bad = std::collections::HashMap::new();
    for case in ["revert", "revert-taken", "revert-changed"] {
        linux.lines(&file(case), &[(20, "bad")]);
        bad.insert(case, linux.commit(format!("{case}: a bad idea\n")));
    }
    linux.tag("v6.6.13");

    // Mainline has its own ids.
    linux.git(&["checkout", "-q", "-b", "mainline"]);
    let mut ids = std::collections::HashMap::new();
    for case in ["stable", "bracket", "origin", "context", "adjacent", "reverted", "reapplied", "further"] {
        linux.lines(&file(case), &[(20, "fixed")]);
        ids.insert(case, linux.commit(format!("{case}: fix it\n")));
    }
    linux.checkout("main");
    let known = stable(&linux, &ids, &bad);
    linux.commit_empty("Linux 6.6.14\n");
    linux.tag("v6.6.14");

    linux.git(&["checkout", "-q", "-b", "kit", "v6.6.13"]);
    kit(&linux, &ids, &bad);
    let patches = sandbox.path("patches");
    linux.format_patches("v6.6.13", "kit", &patches);
    linux.checkout("main");
    linux.git(&["branch", "-q", "-D", "kit"]);
    Scene { linux, patches, known }
}

type Ids<'a> = std::collections::HashMap<&'a str, String>;

/// What stable does between the two releases.
fn stable(linux: &Repo<'_>, ids: &Ids<'_>, bad: &Ids<'_>) -> Ids<'static> {
    let mut known = Ids::new();
    let upstream = |case: &str| format!("{case}: fix it\n\ncommit {} upstream.\n\nA reason.\n", ids[case]);
    let fix = |case: &'static str| {
        linux.lines(&file(case), &[(20, "fixed")]);
        (case, linux.commit(upstream(case)))
    };
    known.extend([fix("stable"), fix("origin")]);
    linux.lines(&file("bracket"), &[(20, "fixed")]);
    known.extend([("bracket", linux.commit(format!("bracket: fix it\n\n[ Upstream commit {} ]\n", ids["bracket"])))]);
    linux.lines(&file("other-title"), &[(20, "fixed")]);
    known.extend([("other-title", linux.commit("other-title: named by someone else\n"))]);
    for (case, line) in [("context", 18), ("adjacent", 19)] {
        linux.lines(&file(case), &[(line, "prepared")]);
        linux.commit(format!("{case}: prepare\n"));
    }
    known.extend([fix("context"), fix("adjacent"), fix("further")]);
    linux.lines(&file("further"), &[(20, "fixed better")]);
    linux.commit("further: fix it better\n");
    for case in ["reverted", "reapplied"] {
        let (_, id) = fix(if case == "reverted" { "reverted" } else { "reapplied" });
        linux.git(&["revert", "--no-edit", &id]);
        known.insert(if case == "reverted" { "reverted" } else { "reapplied" }, id);
    }
    linux.lines(&file("reapplied"), &[(20, "fixed")]);
    linux.commit("Reapply \"reapplied: fix it\"\n");
    linux.git(&["revert", "--no-edit", &bad["revert-taken"]]);
    known.insert("revert-taken", linux.git(&["rev-parse", "HEAD"]));
    linux.lines(&file("revert-changed"), &[(20, "worse")]);
    linux.commit("revert-changed: make it worse\n");

    linux.git(&["checkout", "-q", "-b", "topic"]);
    linux.lines(&file("merged"), &[(20, "fixed")]);
    known.insert("merged", linux.commit("merged: fix it on a branch\n"));
    linux.checkout("main");
    linux.lines(&file("built-on"), &[(20, "fixed")]);
    known.insert("built-on", linux.commit("built-on: fix it\n"));
    linux.git(&["merge", "-q", "--no-ff", "--no-edit", "topic"]);
    linux.lines(&file("built-on"), &[(30, "more")]);
    linux.commit("built-on: go on\n");

    linux.lines(&file("title"), &[(5, "something else")]);
    linux.commit("title: fix it\n");
    linux.lines(&file("title-clash"), &[(20, "something else")]);
    linux.commit("title-clash: fix it\n");
    linux.lines(&file("partial"), &[(10, "fixed")]);
    linux.commit("partial: fix half of it\n");
    for line in [10, 30] {
        linux.lines(&file("squashed"), &[(line, "fixed")]);
        linux.commit(format!("squashed: fix line {line}\n"));
    }
    // The same lines as the patch's, at another place; and the patch's place is another one now.
    linux.insert(&file("elsewhere"), 5, "\treturn 0;");
    linux.commit("elsewhere: return early\n");
    linux.lines(&file("elsewhere"), &[(21, "rewritten 20"), (22, "rewritten 21")]);
    linux.commit("elsewhere: rewrite\n");
    // Taken, and silently taken back.
    linux.lines(&file("undone"), &[(20, "fixed")]);
    known.insert("undone", linux.commit("undone: fix it\n"));
    linux.lines(&file("undone"), &[(20, "undone line 20")]);
    linux.commit("undone: clean up\n");
    known
}

/// The kit's patches on the first release.
fn kit(linux: &Repo<'_>, ids: &Ids<'_>, bad: &Ids<'_>) {
    let signed = "Signed-off-by: A U Thor <author@example.org>\n";
    let picked = |case: &str| format!("{case}: fix it\n\n{signed}(cherry picked from commit {})\n", ids[case]);
    for case in CASES {
        let path = file(case);
        let revert = || format!("Revert \"{case}: a bad idea\"\n\nThis reverts commit {}.\n\n{signed}", bad[*case]);
        let message = match *case {
            "origin" => {
                format!("{case}: fix it\n\n{signed}Origin: upstream, https://git.kernel.org/linus/{}\n", ids[*case])
            }
            "other-title" => format!("{case}: a title of our own\n\n{signed}"),
            case if case.starts_with("revert") && case != "reverted" => revert(),
            case if ids.contains_key(case) => picked(case),
            _ => format!("{case}: fix it\n\n{signed}"),
        };
        match *case {
            "partial" | "squashed" => linux.lines(&path, &[(10, "fixed"), (30, "fixed")]),
            "elsewhere" => linux.insert(&path, 20, "\treturn 0;"),
            case if case.starts_with("revert") && case != "reverted" => {
                linux.lines(&path, &[(20, &format!("{case} line 20"))])
            }
            _ => linux.lines(&path, &[(20, "fixed")]),
        };
        linux.commit(message);
    }
}

impl Repo<'_> {
    fn commit_empty(&self, message: &str) {
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Inserts a line behind the line with that number.
    fn insert(&self, path: &str, after: usize, line: &str) -> &Self {
        let text = std::fs::read_to_string(self.path.join(path)).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.insert(after, line);
        self.write(path, lines.join("\n") + "\n")
    }
}

fn plan(sandbox: &Sandbox, linux: &Path, patches: &Path, tags: [&str; 2]) -> Report {
    let (linux, patches) = (linux.to_str().unwrap(), patches.to_str().unwrap());
    sandbox.report(&sandbox.path(""), &["plan", tags[0], tags[1], "--linux", linux, "--patches", patches])
}

const SERIES: [&str; 2] = ["v6.6.13", "v6.6.14"];

/// The row of a case; names of cases begin other names, so the number's dash and the title's colon count.
fn row(report: &Report, case: &str) -> Report {
    let at = CASES.iter().position(|known| *known == case).unwrap();
    report.rows().swap_remove(at)
}

/// `(outcome, kind of proof, how the evidence was found)` of each case.
fn expected(case: &str) -> (&'static str, Option<&'static str>, Option<&'static str>) {
    match case {
        "stable" | "bracket" | "origin" | "other-title" | "context" | "merged" | "built-on" | "reapplied" => {
            ("upstreamed", Some("peeled"), Some("patch-id"))
        }
        "revert-taken" => ("upstreamed", Some("peeled"), Some("patch-id")),
        "squashed" => ("upstreamed", Some("peeled"), None),
        // Nothing but history can know these two: the lines are others now.
        "adjacent" | "further" => ("upstreamed", Some("patch-id"), Some("patch-id")),
        "reverted" => ("same", None, Some("claim")),
        "revert" | "untouched" => ("same", None, None),
        "undone" => ("same", None, Some("title")),
        "revert-changed" | "elsewhere" => ("conflict", None, None),
        "title" => ("same", None, Some("title")),
        "title-clash" => ("conflict", None, Some("title")),
        "partial" => ("partial", None, None),
        other => panic!("{other}"),
    }
}

#[test]
fn every_drop_has_its_proof_and_names_the_commit() {
    let sandbox = Sandbox::new();
    let scene = scene(&sandbox);
    let report = plan(&sandbox, &scene.linux.path, &scene.patches, SERIES);
    let mut wrong = Vec::new();
    for case in CASES {
        let row = row(&report, case);
        let got = (row.outcome(), row.0["proof"]["kind"].as_str(), row.0["evidence"]["how"].as_str());
        if got != expected(case) {
            wrong.push(format!("{case}: {got:?}, expected {:?}", expected(case)));
        }
        if row.outcome() == "upstreamed" && *case != "squashed" {
            let commit = row.0["evidence"]["commit"].as_str();
            assert_eq!(commit, Some(scene.known[case].as_str()), "{case}");
            assert!(row.text("detail").starts_with(&scene.known[case][..12]), "{case}: {}", row.text("detail"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let reverted_by = |case| row(&report, case).0["evidence"]["reverted_by"].as_str().map(str::to_owned);
    assert!(reverted_by("reverted").is_some() && reverted_by("reapplied").is_some());
    assert!(reverted_by("stable").is_none());
    assert!(report.0["history"].as_u64().unwrap() > 25, "{}", report.0["history"]);
}
