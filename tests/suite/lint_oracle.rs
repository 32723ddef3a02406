//! Git is the second opinion on what `kpatch lint` says of real patches: `git mailinfo`, `git apply --numstat`,
//! `git interpret-trailers`, `git patch-id`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use kpatch::finding::Finding;
use kpatch::lint::{Settings, Subject, file};

use crate::support::{Sandbox, corpus, read_folder};

/// What git prints for a command with this input, and whether it was content.
fn git(sandbox: &Sandbox, args: &[&str], input: &[u8]) -> (bool, String) {
    let mut child = sandbox
        .command("git", &sandbox.path(""))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // A command that needs no more of its input may be gone.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A line of `git mailinfo`, or nothing.
fn said<'a>(info: &'a str, key: &str) -> &'a str {
    info.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).unwrap_or_default()
}

/// The sign-offs of a message: names and addresses.
fn signers(message: &str) -> Vec<(String, String)> {
    let lines = message.lines().filter_map(|line| line.strip_prefix("Signed-off-by:"));
    let read = |value: &str| {
        let (name, rest) = value.split_once('<')?;
        let (email, _) = rest.split_once('>')?;
        email.contains('@').then(|| (name.trim().trim_matches('"').to_owned(), email.to_lowercase()))
    };
    lines.filter_map(read).collect()
}

/// Which of the rules that git has an opinion on fire, by git's own reading.
fn by_git(sandbox: &Sandbox, folder: &Path, bytes: &[u8]) -> (Vec<&'static str>, String) {
    let (message, patch) = (folder.join("msg"), folder.join("patch"));
    let args = ["mailinfo", "-b", message.to_str().unwrap(), patch.to_str().unwrap()];
    let (_, info) = git(sandbox, &args, bytes);
    let text = std::fs::read_to_string(&message).unwrap_or_default();
    let (author, email) = (said(&info, "Author"), said(&info, "Email").to_lowercase());
    let mut rules = Vec::new();
    let signers = signers(&text);
    let by_mail = signers.iter().any(|(_, mail)| *mail == email);
    let by_name = signers.iter().any(|(name, _)| name == author);
    if signers.is_empty() {
        rules.push("D001");
    } else if !by_mail && !by_name {
        rules.push("D002");
    } else if !by_mail {
        rules.push("D003");
    }
    if author.is_empty() || !email.contains('@') {
        rules.push("F001");
    }
    if !git(sandbox, &["apply", "--numstat"], bytes).0 {
        rules.push("H001");
    }
    if text.lines().any(|line| line.starts_with("Origin:")) && {
        // Git sees it as a trailer only in the last paragraph.
        let (_, trailers) =
            git(sandbox, &["interpret-trailers", "--parse", "--no-divider"], format!("t\n\n{text}").as_bytes());
        !trailers.contains("Origin:")
    } {
        rules.push("P005");
    }
    let (_, id) = git(sandbox, &["patch-id", "--stable"], bytes);
    (rules, id.split(' ').next().unwrap_or_default().trim().to_owned())
}

#[test]
fn the_rules_agree_with_git_on_real_patches() {
    const ASKED: [&str; 6] = ["D001", "D002", "D003", "F001", "H001", "P005"];
    let sandbox = Sandbox::new();
    let folder = sandbox.path("mail");
    std::fs::create_dir(&folder).unwrap();
    let settings = Settings::default();
    let mut fired: BTreeMap<&str, usize> = BTreeMap::new();
    for set in ["6.1.170", "6.1.170-rt", "6.12.100", "6.12.100-rt"] {
        for (name, bytes) in read_folder(&corpus().join(format!("patches-{set}"))) {
            let (expected, id) = by_git(&sandbox, &folder, &bytes);
            let found: Vec<Finding> = file(Subject { name: &name, path: &name }, &bytes, &settings)
                .judged
                .into_iter()
                .map(|j| j.finding)
                .collect();
            let mut rules: Vec<&str> = ASKED.into_iter().filter(|rule| found.iter().any(|f| f.rule == *rule)).collect();
            rules.sort_unstable();
            assert_eq!(rules, expected, "{set}/{name}");
            // Git has no id for diffs that are not in its own style.
            for finding in found.iter().filter(|finding| finding.patch_id.is_some() && !id.is_empty()) {
                assert_eq!(finding.patch_id.as_deref(), Some(id.as_str()), "{set}/{name}");
            }
            for rule in rules {
                *fired.entry(ASKED.into_iter().find(|known| *known == rule).unwrap()).or_default() += 1;
            }
        }
    }
    assert!(fired["D001"] > 80 && fired["D003"] > 3 && fired["F001"] == 1, "{fired:?}");
}
