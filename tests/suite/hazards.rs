//! What a merge without conflicts hides: git merges or applies each of these, and nobody would want the result.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::support::tree::format_patch;
use crate::support::{Edit, Report, Sandbox, TreeBuilder};

/// One patch on `v6.6.13`, and what upstream did until `v6.6.14`.
struct Scene {
    sandbox: Sandbox,
    linux: PathBuf,
    patch: PathBuf,
    row: Report,
}

type Files<'a> = &'a [(&'a str, &'a str)];

/// The row of the patch that makes `theirs` of `base`, where upstream has made `ours` of it.
fn scene(base: Files<'_>, theirs: Files<'_>, ours: Files<'_>) -> Scene {
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    let commit = |tree: &mut TreeBuilder, branch: &str, from: Option<&str>, title: &str, files: Files<'_>| {
        let edits: Vec<Edit<'_>> = files.iter().map(|(path, text)| Edit::File(path, text)).collect();
        tree.commit(branch, from, title, &edits);
    };
    commit(&mut tree, "main", None, "Linux 6.6.13", base);
    tree.tag("v6.6.13", "main");
    commit(&mut tree, "ours", Some("v6.6.13"), "the patch", theirs);
    commit(&mut tree, "main", None, "upstream", ours);
    tree.tag("v6.6.14", "main");
    let linux = tree.build(&sandbox, "linux");
    let (name, bytes) = format_patch(&sandbox, &linux, "v6.6.13..ours").remove(0);
    let patch = sandbox.write(&format!("patches/{name}"), bytes);
    let (tree, folder) = (linux.to_str().unwrap(), patch.parent().unwrap().to_str().unwrap());
    let args = ["plan", "v6.6.13", "v6.6.14", "--linux", tree, "--patches", folder];
    let row = sandbox.report(&sandbox.path(""), &args).rows().remove(0);
    Scene { sandbox, linux, patch, row }
}

impl Scene {
    /// What `git merge-tree` makes of a path, without a conflict.
    fn merged_by_git(&self, path: &str) -> String {
        let commit = self.sandbox.git(&self.linux, &["rev-parse", "ours"]);
        let tree = self.sandbox.merge_tree(&self.linux, "v6.6.14", &commit).expect("git sees no conflict");
        self.sandbox.git(&self.linux, &["show", &format!("{tree}:{path}")])
    }

    /// What `git am` with these options makes of a path on the target; it must succeed.
    fn mailed_by_git(&self, options: &[&str], path: &str) -> String {
        let work = self.sandbox.work_tree(&self.linux, "v6.6.14");
        let mut args = vec!["am", "-q"];
        args.extend(options);
        args.push(self.patch.to_str().unwrap());
        self.sandbox.git(&work, &args);
        std::fs::read_to_string(work.join(path)).unwrap()
    }

    /// The patch was held back for one reason: its kind, line and text.
    fn hazard(&self) -> (String, u64, String) {
        let row = &self.row;
        assert_eq!(row.outcome(), "conflict", "{}", row.0);
        assert!(!row.text("detail").is_empty());
        let hazards = row.0["hazards"].as_array().unwrap();
        assert_eq!(hazards.len(), 1, "{}", row.0);
        let text = |field: &str| hazards[0][field].as_str().unwrap().to_owned();
        assert!(!text("detail").is_empty() && !text("path").is_empty());
        (text("kind"), hazards[0]["line"].as_u64().unwrap(), text("text"))
    }

    fn is_kept(&self) {
        assert!(self.row.is_kept(), "{}", self.row.0);
        assert_eq!(self.row.0["hazards"].as_array().unwrap().len(), 0);
    }
}

/// A file with two functions; `at` puts text in front of one of their calls (`setup_3`, `probe_7`).
fn driver(at: &[(&str, &str)]) -> String {
    let mut text = String::from("#include <linux/module.h>\n\n");
    for function in ["setup", "probe"] {
        let _ = write!(text, "static int {function}(struct thing *t)\n{{\n\tint ret = 0;\n\n");
        for number in 1..=9 {
            let call = format!("{function}_{number}");
            for (_, put) in at.iter().filter(|(place, _)| *place == call) {
                text += put;
            }
            let _ = writeln!(text, "\t{call}(t);");
        }
        text += "\treturn ret;\n}\n\n";
    }
    text
}

const FILE: &str = "drivers/thing/core.c";

/// The same text at one place by the patch and at another one by upstream.
fn doubled(theirs: (&str, &str), ours: &[(&str, &str)]) -> Scene {
    scene(&[(FILE, &driver(&[]))], &[(FILE, &driver(&[theirs]))], &[(FILE, &driver(ours))])
}

const CHECK: &str = "\tif (!t)\n\t\treturn -EINVAL;\n";

#[test]
fn a_check_that_upstream_put_elsewhere_in_the_function_is_not_added_again() {
    let scene = doubled(("setup_3", CHECK), &[("setup_8", CHECK)]);
    assert_eq!(scene.merged_by_git(FILE).matches(CHECK).count(), 2, "git puts it there twice");
    assert_eq!(scene.mailed_by_git(&["-3"], FILE).matches(CHECK).count(), 2, "and so does git am -3");
    assert_eq!(scene.hazard(), ("added-twice".into(), 14, "if (!t)".into()));
}

#[test]
fn a_check_in_another_function_is_another_check() {
    doubled(("setup_3", CHECK), &[("probe_8", CHECK)]).is_kept();
}

#[test]
fn a_check_of_another_call_is_another_check() {
    doubled(("setup_3", CHECK), &[("setup_8", "\tt = setup_more(t);\n\tif (!t)\n\t\treturn -EINVAL;\n")]).is_kept();
}

#[test]
fn code_that_stands_everywhere_is_no_hazard() {
    for generic in ["\tif (ret)\n\t\treturn ret;\n", "\treturn -EINVAL;\n", "\tif (ret)\n\t\tgoto out;\n", "\n"] {
        doubled(("setup_3", generic), &[("setup_8", generic)]).is_kept();
    }
    let include = "#include <linux/delay.h>\n";
    let with = |place: &str| driver(&[]).replacen(place, &format!("{place}{include}"), 1);
    let base = format!("#include <linux/kernel.h>\n{}", driver(&[]));
    let (theirs, ours) = (format!("{include}{base}"), format!("#include <linux/kernel.h>\n{}", with("module.h>\n")));
    scene(&[(FILE, &base)], &[(FILE, &theirs)], &[(FILE, &ours)]).is_kept();
}

#[test]
fn lines_that_were_there_before_are_no_hazard() {
    // Upstream moves the function, and with it the lines that the patch adds a second time on purpose.
    let line = "\tthing_flush_queue(t->queue);\n";
    let base = driver(&[("probe_5", line)]);
    let theirs = driver(&[("setup_3", line), ("probe_5", line)]);
    let ours = format!("/* moved\n * down\n */\n{base}");
    scene(&[(FILE, &base)], &[(FILE, &theirs)], &[(FILE, &ours)]).is_kept();
}

const BLOCK: &str = "\tif (t->quirks & THING_QUIRK_SLOW_RESET) {\n\t\tthing_wait_for_reset(t, THING_RESET_MS);\n\
                     \t\tthing_clear_reset_state(t);\n\t}\n";

#[test]
fn a_telling_block_is_found_in_any_function() {
    let scene = doubled(("setup_3", BLOCK), &[("probe_8", BLOCK)]);
    assert_eq!(scene.merged_by_git(FILE).matches(BLOCK).count(), 2);
    let (kind, line, text) = scene.hazard();
    assert_eq!((kind.as_str(), line), ("added-twice", 30));
    assert_eq!(text, "if (t->quirks & THING_QUIRK_SLOW_RESET) {");
}

#[test]
fn indentation_and_blank_lines_do_not_hide_a_block() {
    let other = BLOCK.replace('\t', "\t\t").replace("MS);\n", "MS);\n\n");
    let wrapped = format!("\tif (t->ready) {{\n{other}\t}}\n");
    assert_eq!(doubled(("setup_3", BLOCK), &[("probe_8", &wrapped)]).hazard().0, "added-twice");
}

#[test]
fn one_hunk_of_two_is_enough() {
    let theirs = driver(&[("setup_3", BLOCK), ("probe_6", "\tthing_count(t);\n")]);
    let ours = driver(&[("setup_8", BLOCK)]);
    let scene = scene(&[(FILE, &driver(&[]))], &[(FILE, &theirs)], &[(FILE, &ours)]);
    assert_eq!(scene.hazard().1, 14);
}

#[test]
fn a_block_that_upstream_took_at_its_place_is_not_twice() {
    // The second hunk is left of the patch; the first one is taken once.
    let theirs = driver(&[("setup_3", BLOCK), ("probe_6", "\tthing_count(t);\n")]);
    let ours = driver(&[("setup_3", BLOCK)]);
    let scene = scene(&[(FILE, &driver(&[]))], &[(FILE, &theirs)], &[(FILE, &ours)]);
    assert_eq!(scene.merged_by_git(FILE).matches(BLOCK).count(), 1);
    assert_eq!(scene.row.outcome(), "partial");
}

#[test]
fn a_patch_that_upstream_took_and_moved_is_upstream() {
    // The commit is in the history as it is, and a later one moves its lines: that is a proof, and no hazard.
    let sandbox = Sandbox::new();
    let mut tree = TreeBuilder::default();
    let (base, fixed, moved) = (driver(&[]), driver(&[("setup_3", BLOCK)]), driver(&[("setup_8", BLOCK)]));
    tree.commit("main", None, "Linux 6.6.13", &[Edit::File(FILE, &base)]).tag("v6.6.13", "main");
    tree.commit("ours", Some("v6.6.13"), "thing: wait", &[Edit::File(FILE, &fixed)]);
    tree.commit("main", None, "thing: wait for it", &[Edit::File(FILE, &fixed)]);
    tree.commit("main", None, "thing: wait later", &[Edit::File(FILE, &moved)]).tag("v6.6.14", "main");
    let linux = tree.build(&sandbox, "linux");
    let (name, bytes) = format_patch(&sandbox, &linux, "v6.6.13..ours").remove(0);
    sandbox.write(&format!("patches/{name}"), bytes);
    let patches = sandbox.path("patches");
    let places = ["--linux", linux.to_str().unwrap(), "--patches", patches.to_str().unwrap()];
    let report = sandbox.report(&sandbox.path(""), &[&["plan", "v6.6.13", "v6.6.14"][..], &places].concat());
    let row = &report.rows()[0];
    assert_eq!((row.outcome(), row.0["proof"]["kind"].as_str()), ("upstreamed", Some("patch-id")), "{}", row.0);
    assert_eq!(row.0["hazards"].as_array().unwrap().len(), 0);
}

const MAKEFILE: &str = "doc/Makefile";
const CALL: &str = "\t@$(srctree)/tools/check-tools --strict\n";

/// A Makefile with a target for each name; those in `checked` call the tool.
fn makefile(targets: &[&str], checked: &[&str]) -> String {
    let rule = |target: &&str| -> String {
        let call = if checked.contains(target) { CALL } else { "" };
        format!("{target}docs:\n{call}\t@+$(MAKE) -C {target} all\n\tcp {target}/index out/{target}\n\n")
    };
    targets.iter().map(rule).collect::<Vec<_>>().concat()
}

#[test]
fn a_line_that_is_removed_everywhere_must_not_come_back_elsewhere() {
    let old = ["html", "tex", "man"];
    let new = ["html", "tex", "man", "info"];
    let base = makefile(&old, &old);
    let scene = scene(&[(MAKEFILE, &base)], &[(MAKEFILE, &makefile(&old, &[]))], &[(MAKEFILE, &makefile(&new, &new))]);
    assert_eq!(scene.merged_by_git(MAKEFILE).matches(CALL).count(), 1, "git leaves the new one");
    assert_eq!(scene.hazard(), ("incomplete".into(), 17, CALL.trim().into()));
}

#[test]
fn a_line_that_the_patch_leaves_somewhere_may_come_up_elsewhere() {
    let old = ["html", "tex", "man"];
    let new = ["html", "tex", "man", "info"];
    let base = makefile(&old, &old);
    let theirs = makefile(&old, &["html"]);
    scene(&[(MAKEFILE, &base)], &[(MAKEFILE, &theirs)], &[(MAKEFILE, &makefile(&new, &new))]).is_kept();
}

#[test]
fn a_line_that_the_patch_moves_may_come_up_elsewhere() {
    let call = "\tthing_stop_all_queues(t->queues, t->count);\n";
    let base = driver(&[("setup_3", call)]);
    let ours = driver(&[("setup_3", call), ("probe_7", call)]);
    let helper = format!("static void helper(struct thing *t)\n{{\n{call}}}\n");
    let scene = scene(
        &[(FILE, &base), ("drivers/thing/helper.c", "int x;\n")],
        &[(FILE, &driver(&[])), ("drivers/thing/helper.c", &format!("int x;\n{helper}"))],
        &[(FILE, &ours)],
    );
    scene.is_kept();
}

#[test]
fn one_short_line_elsewhere_is_no_hazard() {
    let call = "\tkfree(t->buffer);\n";
    let base = driver(&[("setup_3", call)]);
    let ours = driver(&[("setup_3", call), ("probe_7", call)]);
    scene(&[(FILE, &base)], &[(FILE, &driver(&[]))], &[(FILE, &ours)]).is_kept();
    let again = driver(&[("setup_3", call), ("setup_8", call)]);
    let scene = scene(&[(FILE, &base)], &[(FILE, &driver(&[]))], &[(FILE, &again)]);
    assert_eq!(scene.hazard(), ("incomplete".into(), 15, "kfree(t->buffer);".into()), "in the same function it is");
}

#[test]
fn a_line_may_come_up_in_a_file_beside() {
    let line = "\tthing_write_register(t, THING_CONTROL, THING_UNSAFE_MODE);\n";
    let beside = "drivers/thing/debug.c";
    let base = driver(&[("setup_3", line)]);
    let (old, new) = (driver(&[]), driver(&[("probe_4", line)]));
    let files = [(FILE, base.as_str()), (beside, old.as_str())];
    let patched = driver(&[]);
    let held = scene(&files, &[(FILE, &patched)], &[(beside, &new)]);
    assert_eq!(held.hazard(), ("incomplete".into(), 26, line.trim().into()));
    assert_eq!(held.row.0["hazards"][0]["path"], beside);
    // It was there before, so the patch does not mean it.
    let twice = driver(&[("probe_4", line), ("probe_6", line)]);
    scene(&[(FILE, &base), (beside, &new)], &[(FILE, &patched)], &[(beside, &twice)]).is_kept();
    // Another directory.
    let far = "drivers/other/debug.c";
    scene(&[(FILE, &base), (far, &old)], &[(FILE, &patched)], &[(far, &new)]).is_kept();
    // A line that may stand in any driver.
    let short = "\tthing_reset(t);\n";
    let base = driver(&[("setup_3", short)]);
    scene(&[(FILE, &base), (beside, &old)], &[(FILE, &patched)], &[(beside, &driver(&[("probe_4", short)]))]).is_kept();
}

/// A file that uses a name at these places.
fn uses(name: &str, places: &[&str]) -> String {
    let text = format!("\t{name}(&t->lock);\n");
    driver(&places.iter().map(|place| (*place, text.as_str())).collect::<Vec<_>>())
}

#[test]
fn a_name_that_is_replaced_throughout_must_not_come_back() {
    let base = uses("spin_lock", &["setup_2", "probe_2"]);
    let theirs = uses("raw_spin_lock", &["setup_2", "probe_2"]);
    let ours = base.replace("\tprobe_8(t);\n", "\tspin_lock(&t->other);\n\tprobe_8(t);\n");
    let held = scene(&[(FILE, &base)], &[(FILE, &theirs)], &[(FILE, &ours)]);
    assert!(held.merged_by_git(FILE).contains("\tspin_lock(&t->other);"));
    assert_eq!(held.hazard(), ("incomplete".into(), 32, "spin_lock(&t->other);".into()));
    // In a comment it is only a word.
    let comment = base.replace("\tprobe_8(t);\n", "\t/* no spin_lock here */\n\tprobe_8(t);\n");
    scene(&[(FILE, &base)], &[(FILE, &theirs)], &[(FILE, &comment)]).is_kept();
    // What is replaced once is a change of that place.
    let (once, other) = (uses("spin_lock", &["setup_2"]), uses("raw_spin_lock", &["setup_2"]));
    let ours = once.replace("\tprobe_8(t);\n", "\tspin_lock(&t->other);\n\tprobe_8(t);\n");
    scene(&[(FILE, &once)], &[(FILE, &other)], &[(FILE, &ours)]).is_kept();
}

/// A table as drivers have them.
fn table(name: &str, rows: &[&str]) -> String {
    let rows = rows.join(",\n\t");
    format!("static const struct config {name} = {{\n\t{rows},\n}};\n\n")
}

const ROWS: &[&str] = &[".caps = CAP_A | CAP_B", ".burst = 16", ".width = 64", ".clock = clk_init", ".init = mac_init"];

#[test]
fn fuzz_does_not_choose_the_table() {
    let more = [ROWS[0], ROWS[1], ".eee = true", ROWS[2], ROWS[3], ROWS[4]];
    let changed = [ROWS[0], ".burst = 32", ".width = 128", ROWS[3], ROWS[4]];
    let tail = "int last;\n".to_owned();
    let base = table("first", ROWS) + &table("second", ROWS) + &tail;
    let theirs = table("first", ROWS) + &table("second", &more) + &tail;
    let ours = table("first", ROWS) + &table("second", &changed) + &tail;
    let scene = scene(&[(FILE, &base)], &[(FILE, &theirs)], &[(FILE, &ours)]);
    let wrong = table("first", &more) + &table("second", &changed) + &tail;
    let work = scene.sandbox.work_tree(&scene.linux, "v6.6.14");
    let mut patch = scene.sandbox.command("patch", &work);
    patch.args(["-t", "-N", "-u", "-p1", "-s", "-i"]).arg(&scene.patch);
    assert!(patch.status().unwrap().success());
    assert_eq!(std::fs::read_to_string(work.join(FILE)).unwrap(), wrong);
    assert_eq!(scene.row.outcome(), "conflict");
    assert_eq!(scene.row.0["conflicts"][0]["kind"], "content");
}

#[test]
fn a_table_that_takes_the_place_of_another_is_a_disagreement() {
    let more = [ROWS[0], ROWS[1], ROWS[2], ".eee = true", ROWS[3], ROWS[4]];
    let rest = (0..40).map(|number| format!("int rest_{number};\n")).collect::<Vec<_>>().concat();
    let base = table("second", ROWS) + &rest;
    let theirs = table("second", &more) + &rest;
    let ours = table("first", ROWS) + &table("second", ROWS) + &rest;
    let scene = scene(&[(FILE, &base)], &[(FILE, &theirs)], &[(FILE, &ours)]);
    assert_eq!(scene.merged_by_git(FILE) + "\n", table("first", ROWS) + &table("second", &more) + &rest);
    assert_eq!(scene.mailed_by_git(&["-3"], FILE), table("first", &more) + &table("second", ROWS) + &rest);
    assert_eq!(scene.hazard(), ("disagreement".into(), 5, ".clock = clk_init,".into()));
    assert_eq!(scene.row.0["conflicts"][0]["kind"], "disagreement");
}

#[test]
fn a_fix_is_not_undone() {
    // The patch takes a check away. Upstream has moved it to where it belongs, between the same lines.
    let lines = |name: &str, checked: bool| {
        let check = if checked { "\tcheck_limits(t);\n" } else { "" };
        format!(
            "void {name}(struct thing *t)\n{{\n\tbegin(t);\n\tprepare(t);\n\tlook(t);\n{check}\tcommit(t);\n\tdone(t);\n\tend(t);\n}}\n\n"
        )
    };
    let base = lines("one", true) + &lines("two", false);
    let theirs = lines("one", false) + &lines("two", false);
    let ours = lines("one", false) + &lines("two", true);
    let scene = scene(&[(FILE, &base)], &[(FILE, &theirs)], &[(FILE, &ours)]);
    assert_eq!(scene.mailed_by_git(&["-3"], FILE), lines("one", false) + &lines("two", false), "git undoes the fix");
    assert_eq!(scene.merged_by_git(FILE), ours.trim_end(), "the merge has nothing to do");
    assert_eq!(scene.row.outcome(), "upstreamed", "both took it away from the first function");
}
