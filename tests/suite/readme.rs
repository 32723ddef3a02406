//! The README's commands, run as they stand, on the demo's kit.

use std::path::Path;

use crate::support::Sandbox;

/// The lines of the README's `sh` blocks, comments and blank lines left out.
fn commands() -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut commands = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(language) = line.strip_prefix("```") {
            inside = language == "sh";
        } else if inside && !line.trim().is_empty() {
            commands.push(line.split(" #").next().unwrap().trim().to_owned());
        }
    }
    commands
}

/// A demo with what the README's examples name: a patch directory and two tarballs.
fn demo(sandbox: &Sandbox) -> std::path::PathBuf {
    let top = sandbox.path("");
    let made = sandbox.kpatch(&top, &["demo", "--dir", "demo"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let kit = sandbox.path("demo/kit");
    sandbox.git(&kit, &["init", "-q"]);
    sandbox.git(&kit, &["add", "-A"]);
    sandbox.git(&kit, &["commit", "-q", "-m", "kit"]);
    for patch in std::fs::read_dir(kit.join("kernel/patches-6.6.x")).unwrap() {
        let patch = patch.unwrap();
        let name = patch.file_name().into_string().unwrap();
        if !name.contains("greet-from") {
            sandbox.write(&format!("demo/kit/my-patches/{name}"), std::fs::read(patch.path()).unwrap());
        }
    }
    for version in ["6.6.13", "6.6.14"] {
        let [_, _, sublevel] = version.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
        let makefile = format!("VERSION = 6\nPATCHLEVEL = 6\nSUBLEVEL = {sublevel}\nEXTRAVERSION =\n");
        sandbox.write(&format!("tar/linux-{version}/Makefile"), makefile);
        let tarball = kit.join(format!("linux-{version}.tar.xz"));
        let args = ["-cJf", tarball.to_str().unwrap(), &format!("linux-{version}")];
        let packed = sandbox.command("tar", &sandbox.path("tar")).args(args).status().unwrap();
        assert!(packed.success());
    }
    std::fs::write(kit.join(".git/info/exclude"), "my-patches\n*.tar.xz\nlinux.git\ncarried\n").unwrap();
    kit
}

/// Does what a reader does before `kpatch continue`: takes the markers out of every file below the folder, and keeps
/// the lines of the patch.
fn resolve(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            resolve(&path);
        } else if let Ok(text) = std::fs::read_to_string(&path)
            && let (Some(start), Some(middle), Some(end)) =
                (text.find("<<<<<<<"), text.find("=======\n"), text.find(">>>>>>>"))
        {
            let rest = end + text[end..].find('\n').unwrap() + 1;
            std::fs::write(&path, [&text[..start], &text[middle + 8..end], &text[rest..]].concat()).unwrap();
        }
    }
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let commands = commands();
    assert_eq!(commands[0], "cargo run -- demo", "the first command builds kpatch and runs the demo");
    assert_eq!(commands[1], "cargo test", "the second command passes the tests");
    let mut run = 0;
    for command in &commands[2..] {
        // Each starts from the same state.
        let sandbox = Sandbox::new();
        let kit = demo(&sandbox);
        let words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words[0], "kpatch", "{command}");
        if *command == "kpatch continue" {
            resolve(&sandbox.path("demo/linux/kpatch/stopped"));
        }
        let output = sandbox.kpatch(&kit, &words[1..]);
        let said = String::from_utf8_lossy(&output.stderr);
        // The demo's 6.6.x has a patch that conflicts, which is a report and exit code 3; where a patch stops is a finding.
        let code = output.status.code();
        let is_finding = words[1] == "bisect" && code == Some(1);
        assert!(is_finding || matches!(code, Some(0 | 3)), "{command}: {code:?}\n{said}");
        assert!(!output.stdout.is_empty(), "{command}");
        run += 1;
    }
    assert!(run >= 7, "{run} commands");
}
