//! `kpatch demo`: a small kit and a linux tree of its own, and a bump on them.

use std::path::{Path, PathBuf};

use super::bump::{BumpOptions, What, bump};
use super::report::BumpReport;
use super::{OpError, Places, Watch};
use crate::export::{Commit, mail, patch_text};
use crate::git::{Entry, Git, GitError, Kind, MODE_FILE, NewCommit, Oid, RefUpdate, Store, TreeChanges};
use crate::message::{Identity, Time};
use crate::patch::file_name;

/// What the demo made and did.
#[derive(Debug)]
pub struct Demo {
    /// The kit.
    pub kit: PathBuf,
    /// The linux tree.
    pub linux: PathBuf,
    /// The bump of one series that lands, and of one that stops on a conflict.
    pub reports: Vec<BumpReport>,
}

/// The files of the demo's kernel.
const FILES: [(&str, &str); 3] = [
    ("drivers/misc/lantern.c", include_str!("../../templates/demo/lantern.c")),
    ("init/greeting.c", include_str!("../../templates/demo/greeting.c")),
    ("init/Kconfig", include_str!("../../templates/demo/Kconfig")),
];

const MAKEFILE: &str = include_str!("../../templates/demo/Makefile");

/// 2024-01-20 12:00:00 UTC: the demo is the same on every machine and every day.
const START: Time = Time { seconds: 1_705_752_000, offset: 0 };

/// One commit: its message and, for each file, what it replaces.
struct Edit {
    message: &'static str,
    changes: &'static [(&'static str, &'static str, &'static str)],
}

/// What upstream does between the two releases of a series.
const UPSTREAM: &[Edit] = &[
    Edit {
        message: "lantern: dim before removal\n\nRemoving a bright lantern leaves a glow behind.\n",
        changes: &[(
            "drivers/misc/lantern.c",
            "\tlantern_set(lantern, 0);\n}\n\nstatic int lantern_suspend",
            "\tlantern_set(lantern, 1);\n\tlantern_set(lantern, 0);\n}\n\nstatic int lantern_suspend",
        )],
    },
    Edit {
        message: "greeting: mark the string as read-only after init\n",
        changes: &[(
            "init/greeting.c",
            "static const char *greeting = \"hello\";",
            "static const char *greeting __ro_after_init = \"hello\";",
        )],
    },
    Edit {
        message: "Kconfig: greet only machines that have a console\n",
        changes: &[("init/Kconfig", "config GREETING\n", "config GREETING\n\tdepends on PRINTK\n")],
    },
];

/// A fix that upstream takes as well.
const TAKEN: Edit = Edit {
    message: "lantern: check the level once more on resume\n\nA level that was saved by an older kernel may be too \
              high.\n\nSigned-off-by: Ada Example <ada@example.org>\nOrigin: https://example.org/patches/3\n",
    changes: &[(
        "drivers/misc/lantern.c",
        "\treturn lantern_set(lantern, lantern->saved);",
        "\treturn lantern_set(lantern, min(lantern->saved, LANTERN_STEPS - 1U));",
    )],
};

/// Carries with its lines where they are, or some lines away.
const PLAIN: Edit = Edit {
    message: "greeting: greet in lower case only\n\nAll other messages begin in lower case, and scripts that wait for this one\nlook for it as they look for the others.\n\nSigned-off-by: Ada Example <ada@example.org>\nOrigin: https://example.org/patches/1\n",
    changes: &[("init/greeting.c", "\tpr_info(\"%s\\n\", greeting);", "\tpr_notice(\"%s\\n\", greeting);")],
};
const MOVED: Edit = Edit {
    message: "lantern: say which lantern\n\nWith two lanterns in a house nobody can tell which of them is meant.\n\nSigned-off-by: Ada Example <ada@example.org>\nOrigin: https://example.org/patches/2\n",
    changes: &[(
        "drivers/misc/lantern.c",
        "MODULE_DESCRIPTION(\"Lantern\");",
        "MODULE_DESCRIPTION(\"Lantern of LinuxKit\");",
    )],
};
/// Changes the line that upstream changes.
const CLASH: Edit = Edit {
    message: "greeting: greet from LinuxKit\n\nWhoever reads the log of a machine wants to know what has booted it.\n\nSigned-off-by: Ada Example <ada@example.org>\nOrigin: https://example.org/patches/4\n",
    changes: &[(
        "init/greeting.c",
        "static const char *greeting = \"hello\";",
        "static const char *greeting = \"hello from LinuxKit\";",
    )],
};

/// Makes the demo in `folder`, which must be empty or absent; a temporary folder that stays if absent.
pub fn demo(folder: Option<PathBuf>, watch: Watch<'_>) -> Result<Demo, OpError> {
    let folder = place(folder)?;
    let (kit, linux) = (folder.join("kit"), folder.join("linux"));
    let written = |error: std::io::Error| OpError::because("cannot write the demo", error);
    Git::new(&linux).init_bare(Some("sha1")).map_err(|error| OpError::because("cannot make the demo's tree", error))?;
    let store = Store::open(&linux).map_err(made)?;
    std::fs::create_dir_all(kit.join("kernel")).map_err(written)?;
    std::fs::write(kit.join("kernel/Makefile"), MAKEFILE).map_err(written)?;
    let config = format!("linux = {:?}\n", linux.display().to_string());
    std::fs::write(kit.join("kpatch.toml"), config).map_err(written)?;

    make_series(&store, &kit, "6.1.x", ["v6.1.75", "v6.1.76"], &[&PLAIN, &MOVED, &TAKEN])?;
    make_series(&store, &kit, "6.6.x", ["v6.6.13", "v6.6.14"], &[&PLAIN, &MOVED, &TAKEN, &CLASH])?;
    let mut reports = Vec::new();
    for (from, to) in [("v6.1.75", "v6.1.76"), ("v6.6.13", "v6.6.14")] {
        let places = Places { kit: Some(kit.clone()), linux: None, offline: true, changelogs: None };
        let what = What::Tags { from: from.into(), to: to.into() };
        reports.extend(bump(&BumpOptions { places, what, allow_dirty: true, ..BumpOptions::default() }, watch)?);
    }
    Ok(Demo { kit, linux, reports })
}

fn place(folder: Option<PathBuf>) -> Result<PathBuf, OpError> {
    let Some(folder) = folder else {
        let made = tempfile::Builder::new().prefix("kpatch-demo-").tempdir();
        return made.map(tempfile::TempDir::keep).map_err(|e| OpError::because("cannot make a temporary folder", e));
    };
    if std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(OpError::new(format!("'{}' is not empty", folder.display())).hint("name a new folder"));
    }
    std::fs::create_dir_all(&folder)
        .map_err(|error| OpError::because(format!("cannot make '{}'", folder.display()), error))?;
    std::path::absolute(&folder).map_err(|error| OpError::because("cannot use the folder", error))
}

fn made(error: GitError) -> OpError {
    OpError::because("cannot make the demo's tree", error)
}

/// Makes two releases with the commits between them, and a patch set on the first.
fn make_series(
    store: &Store,
    kit: &Path,
    series: &str,
    [from, to]: [&str; 2],
    patches: &[&Edit],
) -> Result<(), OpError> {
    let mut changes = TreeChanges::new();
    for (path, content) in FILES {
        changes.insert(path.into(), Some(blob(store, content)));
    }
    let empty = store.insert(Kind::Tree, Vec::new());
    let tree = store.edit_tree(empty, &changes).map_err(made)?;
    let base = commit(store, tree, None, &format!("Linux {}\n", &from[1..]), 0);

    let folder = kit.join(format!("kernel/patches-{series}"));
    std::fs::create_dir_all(&folder).map_err(|error| OpError::because("cannot write the demo", error))?;
    let (mut tree_now, mut tip) = (tree, base);
    for (number, edit) in (1..).zip(patches) {
        let after = edited(store, tree_now, edit)?;
        tip = commit(store, after, Some(tip), edit.message, number);
        write_patch(store, &folder, number, tree_now, tip)?;
        tree_now = after;
    }

    let (mut tree, mut tip) = (tree, base);
    for (number, edit) in (1..).zip(UPSTREAM.iter().chain([&TAKEN])) {
        tree = edited(store, tree, edit)?;
        let upstream = format!("{:040x}", 0x1a7e_0000_u64 + number as u64);
        let (subject, body) = edit.message.split_once('\n').expect("a message has a subject");
        let message = format!("{subject}\n\ncommit {upstream} upstream.\n{body}");
        tip = commit(store, tree, Some(tip), &message, number);
    }
    let target = commit(store, tree, Some(tip), &format!("Linux {}\n", &to[1..]), UPSTREAM.len() + 2);
    store.write_pack(&[target]).map_err(made)?;
    let tag = |tag: &str, new| RefUpdate { name: format!("refs/tags/{tag}"), old: None, new: Some(new) };
    store.update_refs(&[tag(from, base), tag(to, target)], "kpatch demo", START.seconds).map_err(made)
}

fn write_patch(store: &Store, folder: &Path, number: usize, before: Oid, id: Oid) -> Result<(), OpError> {
    let read = store.commit(id).map_err(made)?;
    let text = patch_text(store, before, read.tree).map_err(|e| OpError::because("cannot write the demo", e))?;
    let said = Commit { author: &read.author, date: read.author_date, message: &read.message };
    std::fs::write(folder.join(file_name(number, &read.message)), mail(&said, &text.stat, &text.diff))
        .map_err(|error| OpError::because("cannot write the demo", error))
}

fn blob(store: &Store, content: &str) -> Entry {
    Entry { mode: MODE_FILE, id: store.insert(Kind::Blob, content.as_bytes().to_vec()) }
}

/// The tree with the replacements of an edit.
fn edited(store: &Store, tree: Oid, edit: &Edit) -> Result<Oid, OpError> {
    let mut changes = TreeChanges::new();
    for (path, old, new) in edit.changes {
        let entry = store.entry(tree, (*path).into()).map_err(made)?;
        let content = store.content(entry).map_err(made)?;
        let content = std::str::from_utf8(&content).expect("the demo's files are UTF-8");
        assert!(content.contains(old), "{path} holds what the demo replaces");
        changes.insert((*path).into(), Some(blob(store, &content.replacen(old, new, 1))));
    }
    store.edit_tree(tree, &changes).map_err(made)
}

fn commit(store: &Store, tree: Oid, parent: Option<Oid>, message: &str, hours: usize) -> Oid {
    let date = Time { seconds: START.seconds + 3600 * hours as i64, ..START };
    let author = Identity { name: "Ada Example".into(), email: "ada@example.org".into() };
    store.insert_commit(&NewCommit {
        tree,
        parent,
        author: &author,
        author_date: date,
        committer_date: date,
        message: message.as_bytes(),
    })
}
