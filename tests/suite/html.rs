//! The report as a page, through the program: every patch is there, and no text of a patch is markup.

use scraper::{Html, Selector};

use crate::support::{Layout, Sandbox, World, corpus};

/// The elements of a page, as `tests/browser` knows them too.
fn ours() -> Vec<String> {
    let script = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser")).unwrap();
    let list = script.lines().find_map(|line| line.strip_prefix("elements='")).unwrap();
    list.trim_end_matches('\'').split(' ').map(str::to_owned).collect()
}

fn parsed(page: &[u8]) -> Html {
    let document = Html::parse_document(std::str::from_utf8(page).unwrap());
    assert!(document.errors.is_empty(), "{:?}", document.errors);
    let ours = ours();
    for element in document.select(&Selector::parse("*").unwrap()) {
        let name = element.value().name();
        assert!(ours.iter().any(|known| known == name), "<{name}> is not ours");
        assert!(element.value().attrs().all(|(key, _)| !key.starts_with("on") && key != "src" && key != "style"));
    }
    document
}

fn texts(document: &Html, selector: &str) -> Vec<String> {
    document.select(&Selector::parse(selector).unwrap()).map(|element| element.text().collect()).collect()
}

#[test]
fn every_patch_of_a_real_set_is_shown() {
    let sandbox = Sandbox::new();
    let linux = sandbox.linux();
    let patches = corpus().join("patches-6.1.170");
    let args =
        ["plan", "v6.1.170", "v6.1.176", "--patches", patches.to_str().unwrap(), "--linux", linux.to_str().unwrap()];
    let report = sandbox.report(&sandbox.path(""), &args);
    let output = sandbox.kpatch(&sandbox.path(""), &[&args[..], &["--format", "html"]].concat());
    assert_eq!(output.status.code(), Some(3));
    let document = parsed(&output.stdout);
    let files = texts(&document, "details.patch > summary .file");
    assert!(files.len() >= 160, "{}", files.len());
    assert_eq!(files.len(), report.rows().len());
    assert!(report.rows().iter().all(|row| files.iter().any(|file| file == row.text("file"))));
    let outcomes = texts(&document, "table.patches .badge");
    for outcome in ["same", "offset", "refreshed", "upstreamed", "conflict", "blocked", "base-bad"] {
        let field = outcome.replace('-', "_");
        let shown = outcomes.iter().filter(|shown| *shown == outcome).count();
        assert_eq!(shown as u64, report.count(&field), "{outcome}");
    }
    // A conflict shows its three versions.
    assert!(texts(&document, "details.patch[open] figure.upstream pre").len() >= 2);
}

#[test]
fn a_hostile_set_stays_text() {
    let evil = "</title></style></script><img src=x onerror=alert(1)>&lt;b&gt;\"'";
    let mail = |subject: &str, path: &str, line: &str| {
        format!(
            "From: Mal <mal@example.org>\nDate: Fri, 12 Jan 2024 00:00:00 +0000\nSubject: [PATCH] {subject}\n\nText.\n---\n\n\
             diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -19,3 +19,3 @@\n panic 19\n-panic 20\n+{line}\n panic 21\n"
        )
    };
    let conflict = mail(&format!("{evil}\u{202e}"), "kernel/panic.c", evil);
    let missing = mail("fine", "init/<script>alert(1)</script>.c", "x");
    let name = "0001-<svg onload=alert(1)>&amp;\"'.patch";
    let set: [(&str, &[u8]); 2] = [(name, conflict.as_bytes()), ("0002-fine.patch", missing.as_bytes())];
    let world = World::with_patches(Layout::Flat, &set);
    let output = world.kpatch(&["bump", "v6.6.13", "v6.6.16", "--format", "html"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let page = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(!page.contains(|c: char| (c.is_control() && !"\n\t".contains(c)) || c == '\u{202e}'));
    let document = parsed(&output.stdout);
    let shown = texts(&document, "table.patches td.subject");
    assert!(shown.contains(&format!("{evil}\\u{{202e}}")), "{shown:?}");
    assert!(texts(&document, "details.patch > summary .file").contains(&name.to_owned()));
    let versions = texts(&document, "figure.patch pre");
    assert!(versions.contains(&evil.to_owned()), "{versions:?}");
    assert!(texts(&document, "td.why").iter().any(|why| why.contains("init/<script>alert(1)</script>.c")));
}
