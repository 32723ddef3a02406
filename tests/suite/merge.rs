//! Text merges, beside `git merge-file`.

use kpatch::diff::merge::{Chunk, Merged, merge};

use crate::support::{Random, Sandbox};

/// A file of few different lines, so that places are ambiguous and edits collide.
fn base(random: &mut Random) -> Vec<&'static str> {
    const LINES: &[&str] = &["{\n", "}\n", "\n", "\treturn 0;\n", "a();\n", "b();\n", "c();\n", "d();\n", "e();\n"];
    (0..10 + random.below(30)).map(|_| LINES[random.below(LINES.len())]).collect()
}

fn edited(random: &mut Random, base: &[&'static str]) -> Vec<&'static str> {
    const NEW: &[&str] = &["x();\n", "y();\n", "}\n", "\n", "a();\n"];
    let mut lines = base.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(lines.len() + 1);
        match random.below(3) {
            0 => lines.insert(at, NEW[random.below(NEW.len())]),
            1 if at < lines.len() => drop(lines.remove(at)),
            _ if at < lines.len() => lines[at] = NEW[random.below(NEW.len())],
            _ => {}
        }
    }
    lines
}

#[test]
fn merges_are_clean_where_git_says_so_and_give_its_bytes() {
    let sandbox = Sandbox::new();
    let mut random = Random::new(20_240_131);
    let (mut clean, mut conflicts) = (0, 0);
    for _ in 0..400 {
        let base = base(&mut random);
        let (ours, theirs) = (edited(&mut random, &base).concat(), edited(&mut random, &base).concat());
        let base = base.concat();
        for (name, content) in [("base", &base), ("ours", &ours), ("theirs", &theirs)] {
            sandbox.write(name, content);
        }
        let git = sandbox.try_git(
            &sandbox.path(""),
            &["merge-file", "-p", "-q", "--diff-algorithm=histogram", "ours", "base", "theirs"],
        );
        match merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()) {
            Merged::Clean(text) => {
                clean += 1;
                assert!(git.status.success(), "git conflicts\nbase:\n{base}\nours:\n{ours}\ntheirs:\n{theirs}");
                assert_eq!(text, git.stdout, "base:\n{base}\nours:\n{ours}\ntheirs:\n{theirs}");
            }
            Merged::Conflict(chunks) => {
                conflicts += 1;
                assert!(!git.status.success(), "git merges\nbase:\n{base}\nours:\n{ours}\ntheirs:\n{theirs}");
                assert!(chunks.iter().any(|chunk| matches!(chunk, Chunk::Conflict { .. })));
            }
        }
    }
    assert!(clean > 80 && conflicts > 80, "both happen often: {clean} clean, {conflicts} conflicts");
}
