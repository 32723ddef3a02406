//! The context of a kernel's build: what an engine is handed besides the builder image.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::run::{failed, run};
use super::template::fill;
use crate::build::error::cannot;
use crate::build::{BuildError, Recipe, Watch, script};
use crate::process::Command;
use crate::text::hex;

const DOCKERFILE: &str = include_str!("../../../templates/build/Dockerfile");
const SCRIPTS: [(&str, &str); 4] = [
    ("toolchain.sh", include_str!("../../../templates/build/toolchain.sh")),
    ("unpack.sh", include_str!("../../../templates/build/unpack.sh")),
    ("compile.sh", include_str!("../../../templates/build/compile.sh")),
    ("kernel.sh", script::TEXT),
];
/// Where the sources are in the stage that unpacks them.
const UNPACKED: &str = "/linux";

/// How an engine gets at sources and networks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abilities {
    /// It mounts the unpacked sources in the place of the stage that unpacks them.
    pub(super) mounts_sources: bool,
    /// A step can be told to run without a network.
    pub(super) has_run_network: bool,
}

/// What is written for one build.
#[derive(Debug)]
pub(super) struct Context {
    /// The directory.
    pub(super) dir: PathBuf,
    /// The directory that has the unpacked sources in it, if the engine mounts them.
    pub(super) sources: Option<PathBuf>,
    /// The name of the cache with the objects.
    pub(super) objects: String,
}

/// `6.6.13-dbg-amd64`: the name of a build among those of a kit.
pub(super) fn build_name(recipe: &Recipe) -> String {
    let kind = if recipe.minimal { "-minimal" } else { "" };
    format!("{}{}{kind}-{}", recipe.version, if recipe.debug { "-dbg" } else { "" }, recipe.arch.oci())
}

/// The name of a cache for objects. Files in the sources get the same times whatever patches made them, so that objects of other sources
/// would pass for up to date: those have another cache, as have those of another compiler.
fn objects_name(recipe: &Recipe, base: &str) -> String {
    let hash = Sha256::digest(format!("{}\n{base}", recipe.source_id));
    format!("kpatch-{}-{}", build_name(recipe), &hex(&hash)[..12])
}

/// Writes the context into `dir`, over that of an earlier build: a builder that had it takes only what changed.
pub(super) fn write(
    dir: &Path,
    recipe: &Recipe,
    base: &str,
    abilities: Abilities,
    watch: Watch<'_>,
) -> Result<Context, BuildError> {
    let (config, fragments) = (empty_dir(dir, "config")?, empty_dir(dir, "fragments")?);
    for (name, text) in SCRIPTS {
        write_file(&dir.join(name), text.as_bytes())?;
    }
    write_file(&config.join(&recipe.config.name), &recipe.config.bytes)?;
    for (number, fragment) in recipe.fragments.iter().enumerate() {
        // The number keeps the order; the name itself is anybody's.
        write_file(&fragments.join(format!("{number:02}")), &fragment.bytes)?;
    }
    let (sources, place) = if abilities.mounts_sources {
        let (top, name) = split(&recipe.tree)?;
        let objects = recipe.tree.join(script::object_dir(recipe));
        fs::create_dir_all(&objects).map_err(cannot("create", &objects))?;
        (Some(top), format!("/{name}"))
    } else {
        place_tarball(&dir.join("linux.tar"), recipe.tarball.as_deref(), &recipe.tree, watch)?;
        (None, UNPACKED.to_owned())
    };
    let objects = objects_name(recipe, base);
    let values = [
        ("builder", base),
        ("network", if abilities.has_run_network { "--network=none " } else { "" }),
        ("sources", &place),
        ("objects", &objects),
        ("object_dir", &script::object_dir(recipe)),
    ];
    let text = fill(DOCKERFILE, &values).map_err(|reason| BuildError::Input(reason, None))?;
    write_file(&dir.join("Dockerfile"), text.as_bytes())?;
    Ok(Context { dir: dir.to_owned(), sources, objects })
}

/// The directory above the sources, and their name in it.
fn split(tree: &Path) -> Result<(PathBuf, String), BuildError> {
    let tree = fs::canonicalize(tree).map_err(cannot("open", tree))?;
    match (tree.parent(), tree.file_name().and_then(|name| name.to_str())) {
        (Some(top), Some(name)) => Ok((top.to_owned(), name.to_owned())),
        _ => Err(BuildError::Input(format!("'{}' has no name that a Dockerfile can have", tree.display()), None)),
    }
}

/// The sources as one file, without a copy where the file system allows it.
pub(super) fn place_tarball(
    to: &Path,
    tarball: Option<&Path>,
    tree: &Path,
    watch: Watch<'_>,
) -> Result<(), BuildError> {
    let Some(tarball) = tarball else {
        let command = Command::new("tar").args(["--exclude=./obj-*", "-C"]).arg(tree).arg("-cf").arg(to).arg(".");
        return run(command, watch).map(drop).map_err(|error| failed("packing the sources", error));
    };
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot("remove", to)(error)),
        _ => {}
    }
    let linked = fs::hard_link(tarball, to).or_else(|_| fs::copy(tarball, to).map(drop));
    linked.map_err(cannot("copy the sources to", to))
}

pub(super) fn empty_dir(dir: &Path, name: &str) -> Result<PathBuf, BuildError> {
    let dir = dir.join(name);
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot("remove", &dir)(error)),
        _ => fs::create_dir_all(&dir).map_err(cannot("create", &dir))?,
    }
    Ok(dir)
}

pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    // What is the same keeps its times.
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).map_err(cannot("write", path))
}

/// What the Dockerfile's arguments get, besides what differs from call to call.
pub(super) fn arguments(recipe: &Recipe) -> Vec<(String, String)> {
    script::variables(recipe).into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
pub(super) mod tests {
    use super::*;
    use crate::build::{NamedFile, testing};
    use crate::event::{Interrupt, Silent};

    pub(in super::super) fn recipe(tree: &Path, tarball: &Path) -> Recipe {
        Recipe {
            version: "6.6.13-rt".parse().unwrap(),
            debug: true,
            arch: "arm64".parse().unwrap(),
            tree: tree.to_owned(),
            tarball: Some(tarball.to_owned()),
            config: NamedFile { name: "config-6.6.x-aarch64".into(), bytes: b"CONFIG_A=y\n".to_vec() },
            fragments: vec![
                NamedFile { name: "z $(rt)".into(), bytes: b"CONFIG_RT=y\n".to_vec() },
                NamedFile { name: "config-dbg".into(), bytes: b"CONFIG_DBG=y\n".to_vec() },
            ],
            tools: vec!["perf".into(), "bcc".into()],
            ..testing::recipe()
        }
    }

    fn written(abilities: Abilities) -> (tempfile::TempDir, Context, String) {
        let dir = tempfile::tempdir().unwrap();
        let (tree, tarball) = (dir.path().join("work/linux"), dir.path().join("linux.tar.xz"));
        fs::create_dir_all(&tree).unwrap();
        fs::write(&tarball, "sources").unwrap();
        let interrupt = Interrupt::new();
        let watch = Watch { observer: &Silent, interrupt: &interrupt };
        let at = dir.path().join("context");
        let context = write(&at, &recipe(&tree, &tarball), "localhost/kpatch-builder:0123", abilities, watch).unwrap();
        let text = fs::read_to_string(at.join("Dockerfile")).unwrap();
        (dir, context, text)
    }

    /// The instructions of a Dockerfile, without comments.
    fn instructions(text: &str) -> Vec<&str> {
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    }

    #[test]
    fn every_engine_understands_the_dockerfile() {
        for mounts_sources in [true, false] {
            let (_dir, _, text) = written(Abilities { mounts_sources, has_run_network: !mounts_sources });
            assert!(!text.contains("{{") && !text.contains("<<") && !text.contains("# syntax"), "{text}");
            let lines = instructions(&text);
            // Buildah takes away the image that a stage without a step is.
            for (line, next) in lines.iter().zip(&lines[1..]) {
                assert!(!(line.starts_with("FROM ") && next.starts_with("FROM ")), "{line}");
            }
            assert!(!lines.last().unwrap().starts_with("FROM "));
            assert_eq!(text.contains("RUN --network=none --mount"), !mounts_sources);
            assert_eq!(
                lines.iter().filter(|line| line.starts_with("FROM localhost/kpatch-builder:0123 AS ")).count(),
                2
            );
        }
    }

    #[test]
    fn every_argument_is_declared_where_it_is_used() {
        let (_dir, _, text) = written(Abilities { mounts_sources: false, has_run_network: false });
        let compile = text.split("AS compile\n").nth(1).unwrap();
        let declared: Vec<&str> = compile.lines().map_while(|line| line.strip_prefix("ARG ")).collect();
        let recipe = recipe(Path::new("/t"), Path::new("/t"));
        let mut given: Vec<String> = arguments(&recipe).into_iter().map(|(name, _)| name).collect();
        given.push("ATTEMPT".into());
        given.sort_unstable();
        let mut sorted = declared.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, given);
        let value = |name: &str| arguments(&recipe).into_iter().find(|(known, _)| known == name).unwrap().1;
        assert_eq!((value("ARCH"), value("UNAME_ARCH")), ("arm64".into(), "aarch64".into()));
        assert_eq!((value("DEBUG"), value("FINAL"), value("TOOLS")), ("1".into(), String::new(), "perf".into()));
    }

    #[test]
    fn sources_are_mounted_or_packed() {
        let (dir, context, text) = written(Abilities { mounts_sources: true, has_run_network: false });
        assert_eq!(context.sources, Some(fs::canonicalize(dir.path().join("work")).unwrap()));
        assert!(text.contains("from=sources,source=/linux,target=/linux,rw"), "{text}");
        assert!(!context.dir.join("linux.tar").exists() && dir.path().join("work/linux/obj-arm64-dbg").is_dir());
        let (dir, context, _) = written(Abilities { mounts_sources: false, has_run_network: false });
        assert_eq!((context.sources, fs::read(context.dir.join("linux.tar")).unwrap()), (None, b"sources".to_vec()));
        let names = |name: &str| {
            let mut names: Vec<String> = fs::read_dir(dir.path().join("context").join(name))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        // The order is that of the recipe, and no name of a fragment is a word of a shell.
        assert_eq!(
            (names("config"), names("fragments")),
            (vec!["config-6.6.x-aarch64".into()], vec!["00".into(), "01".into()])
        );
        assert_eq!(fs::read(dir.path().join("context/fragments/01")).unwrap(), b"CONFIG_DBG=y\n");
    }

    #[test]
    fn objects_are_those_of_the_sources_and_the_compiler() {
        let recipe = recipe(Path::new("/t"), Path::new("/t"));
        let name = objects_name(&recipe, "builder:1");
        assert!(name.starts_with("kpatch-6.6.13-rt-dbg-arm64-"), "{name}");
        assert_ne!(name, objects_name(&recipe, "builder:2"));
        assert_ne!(name, objects_name(&Recipe { source_id: "cd".repeat(32), ..recipe.clone() }, "builder:1"));
        assert_eq!(name, objects_name(&Recipe { jobs: 9, ..recipe }, "builder:1"));
    }
}
