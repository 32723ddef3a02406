use std::path::Path;
use std::process::Command;

use bstr::ByteSlice as _;
use serde_json::{Value, json};

use kpatch::lint::rule;
use kpatch::ops::lint::report::LintRun;

use super::super::sample;
use kpatch::lint::RULES;

use super::*;

/// The official schema, from the crate that ships it.
fn schema() -> Value {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--offline", "--locked", "--format-version", "1"]);
    // Only what this machine has downloaded can be asked.
    if cfg!(target_os = "linux") {
        command.args(["--filter-platform", &platform]);
    }
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").expect("a dependency of the tests");
    let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
    let text = std::fs::read(manifest.with_file_name("src").join("schema.json")).expect("the crate ships it");
    // One of its patterns has a bracket too many, which is an error for most readers of patterns.
    let text = text.replace("{2}]?$", "{2}?$");
    serde_json::from_slice(&text).expect("the schema is JSON")
}

fn written(run: &LintRun) -> Value {
    serde_json::from_str(&sarif(run).expect("a log")).expect("JSON")
}

#[test]
fn logs_are_what_the_schema_of_the_format_wants() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is one");
    let empty = LintRun { reports: Vec::new(), waivers: Vec::new() };
    for run in [sample::run(), sample::mended(), sample::hostile(), empty] {
        let log = written(&run);
        let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{log:#}");
    }
    // What is wrong is seen to be wrong.
    let good = written(&sample::run());
    for (pointer, value) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/results/0/level", json!("info")),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
        ("/runs/0/columnKind", json!("bytes")),
        ("/runs/0/tool/driver", json!({})),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("it is there") = value;
        assert!(!validator.is_valid(&bad), "{pointer}");
    }
}

#[test]
fn results_read_so() {
    let log = written(&sample::run());
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(
        results[0],
        json!({
            "ruleId": "D001",
            "ruleIndex": RULES.iter().position(|rule| rule.about.id == "D001").expect("it is there"),
            "level": "error",
            "message": { "text": "no 'Signed-off-by:' line; ask its author for one" },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": "patches/0001-mm-fix.patch", "uriBaseId": "%SRCROOT%" },
                "region": { "startLine": 4, "startColumn": 10, "endColumn": 17 },
            }}],
            "partialFingerprints": { "kpatchFingerprint/v1": "0123456789abcdef" },
            "suppressions": [],
        })
    );
    let place = &results[2]["locations"][0]["physicalLocation"];
    assert_eq!(*place, json!({ "artifactLocation": { "uri": "patches", "uriBaseId": "%SRCROOT%" } }));
    assert_eq!(results[2]["level"], "note");
    assert_eq!(results[3]["suppressions"], json!([{ "kind": "external", "justification": "its author is gone" }]));
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][results[0]["ruleIndex"].as_u64().expect("a number") as usize];
    assert_eq!(rule["id"], "D001");
    assert_eq!(rule["defaultConfiguration"]["level"], "error");
    assert_eq!(
        log["runs"][0]["invocations"][0]["toolConfigurationNotifications"],
        json!([
            { "level": "note", "message": { "text": "not checked: U001, U002: the tree has no history" } },
            { "level": "warning", "message": { "text": "the waiver of M003 for '0002-net.patch' waives nothing (line 12 of kpatch.toml)" } },
        ])
    );
}

#[test]
fn paths_are_uris() {
    assert_eq!(artifact("./a b/c:d%ä\\x.patch").uri, "a%20b/c%3Ad%25%C3%A4%5Cx.patch");
    let absolute = artifact("/tmp/a.patch");
    assert_eq!((&*absolute.uri, absolute.uri_base_id), ("file:///tmp/a.patch", None));
}

#[test]
fn a_rule_has_a_link_where_the_project_has_a_home() {
    let rule = rule("D001").expect("it is there");
    assert_eq!(help_uri("", &rule.about), None);
    assert_eq!(
        help_uri("https://example.org/kpatch/", &rule.about).as_deref(),
        Some("https://example.org/kpatch/blob/HEAD/docs/rules.md#d001-missing-signed-off-by")
    );
}

#[test]
fn nothing_forges_a_terminal() {
    assert!(sample::is_harmless(&sarif(&sample::hostile()).expect("a log")));
}
