//! `plan` over many releases: the cells of `--matrix` are the reports of single plans, and trouble stays in its cell.

use serde_json::Value;

use crate::support::releases::{PATCHES, RELEASES, world};
use crate::support::{Report, Sandbox, World, assert_harmless, corpus};

/// Exit code, reports and what was said.
fn matrix(world: &World, args: &[&str]) -> (i32, Vec<Report>, String) {
    let output = world.kpatch(&[&["plan", "--matrix", "--json"], args].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let value: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {said}"));
    let reports = value["reports"].as_array().unwrap().iter().cloned().map(Report).collect();
    (output.status.code().unwrap(), reports, said)
}

fn targets(report: &Report) -> Vec<&str> {
    report.0["cells"].as_array().unwrap().iter().map(|cell| cell["target"].as_str().unwrap()).collect()
}

/// Holds a matrix of one set against a plan for each of its targets.
fn compare(report: &Report, plan: impl Fn(&str) -> Report) {
    for (column, cell) in report.0["cells"].as_array().unwrap().iter().enumerate() {
        let single = plan(cell["target"].as_str().unwrap());
        assert_eq!(cell["counts"], single.0["counts"]);
        assert_eq!(cell["state"], single.0["state"]);
        assert_eq!(cell["commit"], single.0["target"]["commit"]);
        let rows = single.rows();
        let patches = report.rows();
        assert_eq!(patches.len(), rows.len());
        for (patch, row) in patches.iter().zip(&rows) {
            assert_eq!((patch.text("file"), patch.text("subject")), (row.text("file"), row.text("subject")));
            assert_eq!(patch.0["outcomes"][column], row.outcome(), "{}", row.text("file"));
        }
    }
}

#[test]
fn each_cell_is_the_plan_of_its_target() {
    let world = world();
    let (code, reports, _) = matrix(&world, &["6.6.x", "--since", "v6.6.13"]);
    assert_eq!((code, reports.len()), (3, 1));
    assert_eq!(targets(&reports[0]), &RELEASES[1..]);
    assert_eq!(reports[0].rows().len(), PATCHES.len());
    compare(&reports[0], |target| {
        world.sandbox.report(&world.kit, &["plan", "v6.6.13", target, "--linux", world.linux.to_str().unwrap()])
    });
}

#[test]
fn real_sets_fare_the_same_beside_each_other() {
    let sandbox = Sandbox::new();
    let linux = sandbox.linux();
    let (set, linux) = (corpus().join("patches-6.1.170"), linux.to_str().unwrap());
    let common = ["--patches", set.to_str().unwrap(), "--linux", linux];
    let args = [&["plan", "v6.1.170", "v6.1.176", "v6.12.100", "--matrix"], &common[..]].concat();
    let report = sandbox.report(&sandbox.path(""), &args);
    assert_eq!(targets(&report), ["v6.1.176", "v6.12.100"]);
    compare(&report, |target| {
        sandbox.report(&sandbox.path(""), &[&["plan", "v6.1.170", target], &common[..]].concat())
    });
}

#[test]
fn targets_are_chosen_by_name_by_age_or_by_number() {
    let world = world();
    for (args, wanted) in [
        (&["6.6.x", "--newest", "3"][..], &["v6.6.18", "v6.6.19", "v6.6.20"][..]),
        (&["--newest", "99"], &RELEASES[1..]),
        (&["v6.6.13", "--since", "6.6.18"], &["v6.6.19", "v6.6.20"]),
        (&["--all", "--targets", "6.7,v6.6.14,v6.7"], &["v6.7", "v6.6.14"]),
        (&["6.6.x", "v6.6.15", "v6.7.1"], &["v6.6.15", "v6.7.1"]),
        (&[], &["v6.6.20"]),
    ] {
        let (_, reports, said) = matrix(&world, args);
        assert_eq!(reports.len(), 1, "{args:?}: {said}");
        assert_eq!(targets(&reports[0]), wanted, "{args:?}");
    }
    // Without --matrix they choose the targets of ordinary reports.
    let reports = world
        .sandbox
        .reports(&world.kit, &["plan", "6.6.x", "--newest", "2", "--linux", world.linux.to_str().unwrap()]);
    let tags: Vec<&str> = reports.iter().map(|report| report.0["target"]["tag"].as_str().unwrap()).collect();
    assert_eq!(tags, ["v6.6.19", "v6.6.20"]);
    // And where there is nothing newer, that is said.
    let (code, reports, said) = matrix(&world, &["6.6.x", "--since", "v6.6.20"]);
    assert_eq!((code, reports.len()), (0, 0));
    assert!(said.starts_with("warning: "), "{said}");
    for (args, says) in [
        (&["plan", "--matrix", "6.6.x", "v6.6.14", "--newest", "1"][..], "'v6.6.14' is no series"),
        (&["plan", "--matrix", "v6.6.13"], "'v6.6.13' is one tag"),
    ] {
        world.refused(args, &[says]);
    }
}

/// A second series in the kit whose set cannot be read, and a third one that carries.
fn with_more_series(world: &World) {
    let makefile = world.kit.join("kernel/Makefile");
    let text = std::fs::read_to_string(&makefile).unwrap();
    std::fs::write(makefile, text.replace("6.6.13", "6.6.13 6.7")).unwrap();
    world.sandbox.write("kit/kernel/patches-6.7.x/0001-torn.patch", "no patch at all\n");
    world.commit();
}

#[test]
fn trouble_stays_in_its_cell() {
    let world = world();
    with_more_series(&world);
    let (code, reports, _) = matrix(&world, &["--all", "--targets", "v6.6.14,v6.6.99,v6.6.15"]);
    assert_eq!((code, reports.len()), (2, 2));
    let cells = reports[0].0["cells"].as_array().unwrap();
    assert_eq!(cells[0]["state"], "would-land");
    assert!(cells[1]["error"].as_str().unwrap().contains("no tag 'v6.6.99'"), "{}", cells[1]);
    assert!(cells[1]["state"].is_null() && cells[1]["counts"].is_null());
    assert_eq!(cells[2]["state"], "would-land");
    assert!(reports[0].rows().iter().all(|patch| patch.0["outcomes"][1].is_null()));
    assert!(reports[1].text("error").contains("0001-torn.patch"), "{}", reports[1].0);
    assert!(reports[1].rows().is_empty());
    // A plan without tables still refuses the whole, and before any work is done.
    world.refused(&["plan", "--all", "--targets", "v6.6.14,v6.6.99"], &["no tag 'v6.6.99'"]);
}

#[test]
fn a_tag_that_a_server_lacks_is_a_cell_too() {
    let world = world();
    let url = format!("file://{}", world.linux.display());
    let (code, reports, said) = matrix(&world, &["6.6.x", "--targets", "v6.6.14,v6.6.99", "--linux", &url]);
    assert_eq!((code, reports.len()), (2, 1), "{said}");
    let cells = reports[0].0["cells"].as_array().unwrap();
    assert_eq!(cells[0]["state"], "would-land");
    assert!(cells[1]["error"].as_str().unwrap().contains("no tag 'v6.6.99'"), "{}", cells[1]);
}

#[test]
fn the_tables_read_so_in_any_width_and_form() {
    let world = world();
    let text = world.kpatch(&["plan", "--matrix", "6.6.x", "--since", "v6.6.14", "-v"]);
    assert_eq!(text.status.code(), Some(3));
    assert_harmless(&text);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("6.6.x v6.6.13  5        4 !1     2 !3     1 -1 !3"), "{text}");
    assert!(text.contains("B blocked"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    // More releases than fit stand in blocks, each with its heads.
    assert!(text.lines().filter(|line| line.starts_with("#     patch")).count() >= 2, "{text}");
    let markdown = world.kpatch(&["plan", "--matrix", "6.6.x", "--since", "v6.6.17", "--format", "markdown"]);
    assert_harmless(&markdown);
    let markdown = String::from_utf8(markdown.stdout).unwrap();
    assert!(
        markdown.starts_with("| from | v6.6.18 | v6.6.19 | v6.6.20 |\n|---|---|---|---|\n| 6.6.x v6.6.13 | "),
        "{markdown}"
    );
    assert!(markdown.contains("| 0003 | usb: a fix for everybody | u | u | u |\n"), "{markdown}");
    assert!(markdown.contains("\n1 patch stays unchanged on every target\n"), "{markdown}");
}

#[test]
fn the_same_input_gives_the_same_bytes_and_nothing_is_written() {
    let world = world();
    let before = world.snapshot();
    let runs: Vec<Vec<u8>> =
        (0..4).map(|_| world.kpatch(&["plan", "--matrix", "--since", "v6.6.13", "--json"]).stdout).collect();
    assert!(!runs[0].is_empty() && runs.iter().all(|run| *run == runs[0]));
    let changes = before.changes(&world.snapshot());
    assert!(changes.is_empty(), "{changes:?}");
}
