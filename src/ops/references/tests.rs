use std::path::Path;

use super::rules::near;
use super::*;

const OLD: &str = "1111111111111111111111111111111111111111";
const LTS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn kernel(version: &str, supported: bool, hash: Option<&str>) -> Kernel {
    let version: KernelVersion = version.parse().expect("a version");
    let name = format!("{}{}", version.series(), version.variant());
    Kernel { name, version, supported, hash: hash.map(str::to_owned) }
}

/// 6.6.x with its variant, 6.12.x, and series that are no longer supported or have no hash.
fn kit() -> Vec<Kernel> {
    vec![
        kernel("5.10.104", false, Some(OLD)),
        kernel("6.1.70", true, None),
        kernel("6.6.14", true, Some(LTS)),
        kernel("6.6.14-rt", true, Some(OLD)),
        kernel("6.12.59", true, Some(NEW)),
        kernel("6.13.1-rt", true, Some(NEW)),
    ]
}

/// What a text becomes, with its rows.
fn run_in(path: &str, text: &str, scope: Scope<'_>) -> (String, Vec<ReferenceReport>) {
    let kernels = kit();
    let images = Images::new("linuxkit", "kernel").expect("names");
    let rules = Rules { kernels: &kernels, near: near(Path::new(path)), beside: None };
    let mut rows = Vec::new();
    let new = in_file(text.as_bytes(), path, &images, rules, scope, &mut rows);
    (new.map_or(text.to_owned(), |new| String::from_utf8(new).expect("UTF-8")), rows)
}

/// What one tag becomes in a file somewhere; `None` if it stays, with the state.
fn tag_in(path: &str, image: &str, tag: &str) -> (String, ReferenceState) {
    let (text, rows) = run_in(path, &format!("image: {image}:{tag}\n"), Scope::All);
    let new = text.strip_prefix(&format!("image: {image}:")).expect("only the tag changes").trim_end().to_owned();
    let [row] = &rows[..] else { panic!("one row for {tag}") };
    assert_eq!(row.old, format!("{image}:{tag}"));
    match row.state {
        ReferenceState::Updated | ReferenceState::Same => {
            assert_eq!(row.new.as_deref(), Some(format!("{image}:{new}").as_str()));
        }
        _ => assert_eq!((row.new.as_deref(), new.as_str()), (None, tag)),
    }
    (new, row.state)
}

#[test]
fn hashed_references_stay_in_their_series() {
    use ReferenceState::{Same, Unhashed, Unknown, Updated};
    for (old, new, state) in [
        (format!("6.6.1-{OLD}"), format!("6.6.14-{LTS}"), Updated),
        (format!("6.6.14-{LTS}"), format!("6.6.14-{LTS}"), Same),
        (format!("6.6.99-{OLD}"), format!("6.6.14-{LTS}"), Updated),
        (format!("6.6.1-dbg-{OLD}-amd64"), format!("6.6.14-dbg-{LTS}-amd64"), Updated),
        (format!("6.6.1-{OLD}-dirty"), format!("6.6.14-{LTS}"), Updated),
        (format!("6.6.14-{LTS}-dirty-1d75567-arm64"), format!("6.6.14-{LTS}-arm64"), Updated),
        (format!("6.6.1-rt-{LTS}"), format!("6.6.14-rt-{OLD}"), Updated),
        (format!("6.6-{OLD}"), format!("6.6.14-{LTS}"), Updated),
        (format!("5.10.1-{LTS}"), format!("5.10.1-{LTS}"), Unknown),
        (format!("5.10.1-{LTS}-dirty"), format!("5.10.1-{LTS}-dirty"), Unknown),
        (format!("6.7.1-{LTS}"), format!("6.7.1-{LTS}"), Unknown),
        (format!("6.12.1-rt-{LTS}"), format!("6.12.1-rt-{LTS}"), Unknown),
        (format!("6.1.1-{LTS}"), format!("6.1.1-{LTS}"), Unhashed),
    ] {
        for image in [
            "linuxkit/kernel",
            "linuxkit/kernel-perf",
            "linuxkit/zfs-kmod",
            "registry.example.org:5000/linuxkit/kernel-bcc",
        ] {
            assert_eq!(tag_in("linuxkit.yml", image, &old), (new.clone(), state), "{old}");
            assert_eq!(tag_in("test/022_config_6.12.x/test.yml", image, &old), (new.clone(), state), "{old}");
        }
    }
}

#[test]
fn bare_references_follow_the_newest_series() {
    use ReferenceState::{Same, Unknown, Updated};
    for (path, old, new, state) in [
        ("linuxkit.yml", "6.6.13", "6.12.59", Updated),
        ("linuxkit.yml", "6.12.59", "6.12.59", Same),
        ("linuxkit.yml", "5.10.104", "6.12.59", Updated),
        ("linuxkit.yml", "4.9-dbg-amd64", "6.12.59-dbg-amd64", Updated),
        ("linuxkit.yml", "6.6.1-rt", "6.6.14-rt", Updated),
        ("linuxkit.yml", "6.12.1-rt", "6.12.1-rt", Unknown),
        ("linuxkit.yml", "6.6.13-builder", "6.12.59-builder", Updated),
        ("linuxkit.yml", "6.6.1-rt-builder-arm64", "6.6.14-rt-builder-arm64", Updated),
        ("test/019_config_6.6.x/test.yml", "6.6.13", "6.6.14", Updated),
        ("test/019_config_6.6.x/a/b/test.yml", "6.12.59", "6.6.14", Updated),
        ("test/022_config_6.12.x/6.6.x/test.yml", "6.12.59", "6.6.14", Updated),
        ("test/019_config_6.6.x/test.yml", "6.6.13-builder", "6.6.14-builder", Updated),
        ("test/019_config_6.6.x-rt/test.yml", "6.6.13-rt", "6.6.14-rt", Updated),
        ("test/013_config_5.10.x/test.yml", "5.10.104", "5.10.104", Unknown),
        ("test/099_config_7.0.x/test.yml", "6.12.58", "6.12.58", Unknown),
    ] {
        assert_eq!(tag_in(path, "linuxkit/kernel", old), (new.to_owned(), state), "{path} {old}");
    }
}

#[test]
fn builders_follow_the_kernel_of_their_file() {
    let docker = |kernels: &[&str], builder: &str| {
        let lines: Vec<String> = kernels.iter().map(|tag| format!("FROM linuxkit/kernel:{tag} AS k\n")).collect();
        let (text, rows) =
            run_in("a/Dockerfile", &format!("{}FROM linuxkit/kernel:{builder}", lines.concat()), Scope::All);
        let row = rows.last().expect("a row");
        (text.rsplit_once(':').expect("a tag").1.to_owned(), row.state)
    };
    use ReferenceState::{Unknown, Updated};
    let hashed = |version: &str| format!("{version}-{OLD}");
    assert_eq!(docker(&[&hashed("6.6.13")], "6.12.1-builder"), ("6.6.14-builder".to_owned(), Updated));
    assert_eq!(docker(&[&hashed("6.6.1"), &hashed("6.6.2")], "6.12.1-builder"), ("6.6.14-builder".to_owned(), Updated));
    assert_eq!(
        docker(&[&hashed("6.6.1"), &hashed("6.12.2")], "6.6.1-builder"),
        ("6.12.59-builder".to_owned(), Updated)
    );
    assert_eq!(docker(&["6.6.1"], "6.6.1-builder"), ("6.12.59-builder".to_owned(), Updated));
    // The kernel has a version even if its hash is not known.
    assert_eq!(docker(&[&hashed("6.1.1")], "6.6.1-builder"), ("6.1.70-builder".to_owned(), Updated));
    // One that stays keeps its builder.
    assert_eq!(docker(&[&hashed("5.10.1")], "5.10.1-builder"), ("5.10.1-builder".to_owned(), Unknown));
    assert_eq!(docker(&[&hashed("6.6.1-rt")], "6.12.1-builder"), ("6.6.14-builder".to_owned(), Updated));
    assert_eq!(docker(&[&hashed("6.6.1-rt")], "6.12.1-rt-builder"), ("6.6.14-rt-builder".to_owned(), Updated));
    assert_eq!(docker(&[&hashed("6.6.1")], "6.6.1-rt-builder"), ("6.6.1-rt-builder".to_owned(), Unknown));
}

#[test]
fn only_the_tags_change() {
    let digest = format!("sha256:{OLD}{}", &OLD[..24]);
    let before = format!(
        "# for linuxkit/kernel:6.6.13.\r\nkernel: {{image: \"linuxkit/kernel:6.6.1-{OLD}\", x: 6.6.13}}\r\n\
         other/kernel:6.6.13 kernel:6.6.13 linuxkit/kernel linuxkit/kernel:latest linuxkit/init:{OLD}\r\n\
         linuxkit/kernel:6.6.13@{digest} linuxkit/kernel@{digest} linuxkit/kernel:6.6.${{X}}\r\n\
         491609 Thu Jan 14 17:24:13 6.6.13 {OLD}\r\ndocker pull linuxkit/kernel-perf:6.6.1-{OLD}"
    );
    let after = before
        .replace("linuxkit/kernel:6.6.13.", "linuxkit/kernel:6.12.59.")
        .replace(&format!(":6.6.1-{OLD}"), &format!(":6.6.14-{LTS}"));
    let (text, rows) = run_in("a.yml", &before, Scope::All);
    assert_eq!(text, after);
    let states: Vec<_> = rows.iter().map(|row| (row.line, row.state)).collect();
    use ReferenceState::{Pinned, Updated};
    assert_eq!(states, [(1, Updated), (2, Updated), (4, Pinned), (4, Pinned), (6, Updated)]);
    let (again, rows) = run_in("a.yml", &text, Scope::All);
    assert_eq!(again, text);
    assert!(rows.iter().all(|row| row.state != Updated));
}

#[test]
fn a_scope_leaves_other_series_alone() {
    let before = format!(
        "linuxkit/kernel:6.6.1-{OLD}\nlinuxkit/kernel:6.12.1-{OLD}\nlinuxkit/kernel:6.1.1\nlinuxkit/kernel:5.10.1-{OLD}\nlinuxkit/kernel:6.6.1-rt\n"
    );
    let lts = before.replace(&format!("6.6.1-{OLD}"), &format!("6.6.14-{LTS}"));
    let (text, rows) = run_in("a.yml", &before, Scope::Series("6.6.x"));
    assert_eq!((text, rows.len()), (lts, 1));
    let (text, rows) = run_in("a.yml", &before, Scope::Series("6.12.x"));
    assert_eq!((rows.len(), text.matches("6.12.59").count()), (2, 2));
    let (text, rows) = run_in("a.yml", &before, Scope::Series("5.10.x"));
    assert_eq!((text, rows.len(), rows[0].state), (before.clone(), 1, ReferenceState::Unknown));
    let both = ["6.6.x".to_owned(), "6.6.x-rt".to_owned()];
    assert_eq!(run_in("a.yml", &before, Scope::Several(&both)).1.len(), 2);
}

#[test]
fn directories_name_series() {
    for (path, series) in [
        ("test/cases/020_kernel/019_config_6.6.x/test.yml", Some("6.6.x")),
        ("6.6.x/test.yml", Some("6.6.x")),
        ("a-6.12.x-rt/b/c.yml", Some("6.12.x")),
        ("017_config_5.11.x-rt/c.yml", Some("5.11.x")),
        ("6.6.x.yml", None),
        ("a/6.6.13/c.yml", None),
        ("a6.6.x/c.yml", None),
        ("6.6.xy/c.yml", None),
        ("c.yml", None),
    ] {
        assert_eq!(near(Path::new(path)), series.map(|text| text.parse().expect("a series")), "{path}");
    }
}
