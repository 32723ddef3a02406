//! Holds the sources to the floors: a module imports only from below, and a few beside.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module with its floor, from `docs/architecture.md`.
fn floors() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut floors = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Ok(floor) = cells[0].parse() else { continue };
        for module in cells[1].split('`').skip(1).step_by(2) {
            floors.insert(module.to_owned(), floor);
        }
    }
    floors
}

/// Modules of one floor that may know each other: (who, whom).
const BESIDE: &[(&str, &str)] = &[
    ("carry", "apply"),
    ("carry", "upstream"),
    // The data of floor 1 is made of each other: a patch has a message and diffs, a set has patches.
    ("patch", "message"),
    ("patch", "diff"),
    ("patch_set", "patch"),
    // Git is reached by a process, and files are swapped by it never.
    ("git", "process"),
    ("version", "text"),
    ("arch", "text"),
    // Images are built of sources.
    ("build", "source"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// Every source file with the module of the library that it belongs to.
fn library() -> Vec<(String, PathBuf, String)> {
    let src = root().join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut modules = Vec::new();
    for path in files {
        let inside = path.strip_prefix(&src).unwrap();
        let first =
            inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let is_test = TEST_FILES.iter().any(|name| inside.ends_with(name));
        if first != "bin" && first != "lib" && !is_test {
            let text = fs::read_to_string(&path).unwrap();
            // Tests may look anywhere.
            let code = text.split("\nmod tests {").next().unwrap().to_owned();
            modules.push((first, path, code));
        }
    }
    modules
}

/// Files that hold tests, or serve them.
const TEST_FILES: &[&str] = &[
    "tests.rs",
    "testing.rs",
    "diff/oracle.rs",
    "message/oracle.rs",
    "oracle_tests.rs",
    "landing_tests.rs",
    "recorded_tests.rs",
    "read_tests.rs",
];

/// The modules that a file names by `crate::`, also in grouped imports.
fn named_modules(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = &group[..group.find('}').unwrap_or(group.len())];
            found.extend(group.split(',').map(|item| word(item.trim())));
        } else {
            found.push(word(rest));
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn imports_point_downward_only() {
    let floors = floors();
    assert!(floors.len() >= 15, "docs/architecture.md names the modules: {floors:?}");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (module, path, text) in library() {
        let own = *floors.get(&module).unwrap_or_else(|| panic!("{module} has no floor in docs/architecture.md"));
        for other in named_modules(&text) {
            let Some(floor) = floors.get(&other) else { continue };
            seen += 1;
            let beside = BESIDE.contains(&(module.as_str(), other.as_str()));
            if other != module && *floor >= own && !beside {
                wrong.push(format!("{}: {module} (floor {own}) imports {other} (floor {floor})", path.display()));
            }
        }
    }
    assert!(seen > 50, "the scan sees imports");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_git_module_names_git_libraries() {
    let wrong: Vec<String> = library()
        .into_iter()
        .filter(|(module, _, _)| module != "git")
        .flat_map(|(_, path, text)| {
            let names = ["gix::", "git2::", "Command::new(\"git\")"].map(str::to_owned);
            names.into_iter().filter(move |name| text.contains(name.as_str())).map(move |name| (path.clone(), name))
        })
        .map(|(path, name)| format!("{}: {name}", path.display()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rooms_stay_small() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    sources(&root().join("tests"), &mut files);
    assert!(files.len() > 50);
    let large: Vec<String> = files
        .iter()
        .map(|path| (path, fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > 700)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(large.is_empty(), "{}", large.join("\n"));
}
