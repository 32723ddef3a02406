//! Tools that are made of a finished kernel in a container: bcc, of the packages of a distribution, and the modules of zfs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::context::{build_name, empty_dir, place_tarball, write_file};
use super::kit_file::place;
use super::produce::{Call, Session, Settings, Wanted, fresh_log, import, in_stage};
use super::progress::Progress;
use super::template::fill;
use super::{Engine, session};
use crate::build::error::cannot;
use crate::build::{BuildError, Output, Recipe, Watch};
use crate::event::Event;
use crate::kconfig::Config;

const BCC_DOCKERFILE: &str = include_str!("../../../templates/build/Dockerfile.bcc");
const BCC_SCRIPT: &str = include_str!("../../../templates/build/bcc.sh");
const ZFS_DOCKERFILE: &str = include_str!("../../../templates/build/Dockerfile.zfs");
const ZFS_SCRIPT: &str = include_str!("../../../templates/build/zfs.sh");
const TOOLCHAIN: &str = include_str!("../../../templates/build/toolchain.sh");
/// Options that zfs cannot do without.
const ZFS_NEEDS: [&str; 4] = ["MODULES", "BLOCK", "ZLIB_INFLATE", "ZLIB_DEFLATE"];
/// Options that zfs cannot do with: what they make of the kernel's own functions is for modules under the kernel's license.
const ZFS_REFUSES: [&str; 2] = ["DEBUG_LOCK_ALLOC", "TRIM_UNUSED_KSYMS"];

/// A tool that is made in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineTool {
    /// bcc with the headers of the kernel.
    Bcc,
    /// All modules of the kernel, and those of zfs.
    Zfs {
        /// The sources of zfs with their `configure`: a directory or a tarball, such as Debian's package zfs-dkms has in `/usr/src`;
        /// the newest of those that are installed here, if absent.
        source: Option<PathBuf>,
    },
}

impl EngineTool {
    /// The word for it in the names of images, and of its directory in [`Output::tool`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bcc => "bcc",
            Self::Zfs { .. } => "zfs",
        }
    }
}

/// Makes a tool of the kernel in `output`, which is complete but for its seal, and puts its files into [`Output::tool`].
///
/// # Errors
/// When the kernel cannot have the tool, or as [`Producer::produce`](crate::build::Producer::produce).
pub fn build_tool(
    engine: Engine,
    builder: Option<&str>,
    settings: &Settings,
    tool: &EngineTool,
    recipe: &Recipe,
    output: &Output,
    watch: Watch<'_>,
) -> Result<(), BuildError> {
    let zfs = match tool {
        EngineTool::Bcc => None,
        EngineTool::Zfs { source } => {
            check_zfs(recipe, output)?;
            Some(zfs_source(source.as_deref(), Path::new("/usr/src"))?)
        }
    };
    let session = session(engine, builder, recipe.arch, &settings.work, watch)?;
    if zfs.is_none() && session.machine() != recipe.arch {
        let what = format!("bcc for {} is made of packages of that architecture", recipe.arch.oci());
        let hint = format!("name a builder that runs on it (BUILDER); {engine} runs on {}", session.machine().oci());
        return Err(BuildError::Input(what, Some(hint)));
    }
    let name = format!("{}-{}", build_name(recipe), tool.name());
    let stage = format!("building {name}");
    let log = fresh_log(&settings.logs, &format!("{name}-{engine}"))?;
    watch.observer.event(&Event::Note(format!("{engine} builds on {}; the log is {}", session.said(), log.display())));
    watch.observer.event(&Event::Stage { name: stage.clone().into(), total: None });
    fs::create_dir_all(&settings.work).map_err(cannot("create", &settings.work))?;
    let base = import(session.as_ref(), &settings.image, &settings.work, watch)?;
    let context = write_context(&settings.work, &name, &base, session.as_ref(), output, zfs.as_deref(), watch)?;
    let home = output.dir();
    let to = tempfile::Builder::new().prefix(".from-engine-").tempdir_in(home).map_err(cannot("write in", home))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let arguments = [
        ("ARCH", recipe.arch.kernel().to_owned()),
        ("UNAME_ARCH", recipe.arch.uname().to_owned()),
        ("JOBS", recipe.jobs.to_string()),
        ("SOURCE_DATE_EPOCH", recipe.epoch.to_string()),
        ("ATTEMPT", now.as_nanos().to_string()),
    ];
    let call = Call {
        context: &context,
        dockerfile: "Dockerfile",
        target: Some(tool.name()),
        arguments: &arguments.map(|(name, value)| (name.to_owned(), value)),
        sources: None,
        network: true,
        wanted: Wanted::Files(to.path()),
        log: &log,
    };
    let mut progress = Progress::new(watch.observer);
    let mut said = None;
    let built = session.build(&call, watch, &mut |line| {
        progress.line(line);
        said = said.take().or_else(|| progress.error(line));
    });
    // An engine's own last word is that a step has failed.
    built.map_err(|error| match (in_stage(error, &stage), said) {
        (BuildError::Stage { stage, log, hint, source, .. }, Some(said)) => {
            BuildError::Stage { stage, said, log, hint, source }
        }
        (error, _) => error,
    })?;
    place(to, &output.tool(tool.name()))
}

/// Writes what the tool's Dockerfile reads.
fn write_context(
    work: &Path,
    name: &str,
    base: &str,
    session: &dyn Session,
    output: &Output,
    zfs: Option<&Path>,
    watch: Watch<'_>,
) -> Result<PathBuf, BuildError> {
    let above = work.join("context");
    fs::create_dir_all(&above).map_err(cannot("create", &above))?;
    let context = empty_dir(&above, name)?;
    let network = if session.abilities().has_run_network { "--network=none " } else { "" };
    let (template, script, tarballs) = match zfs {
        None => (BCC_DOCKERFILE, ("bcc.sh", BCC_SCRIPT), ["kernel-headers.tar", "kernel-dev.tar"]),
        Some(_) => (ZFS_DOCKERFILE, ("zfs.sh", ZFS_SCRIPT), ["kernel.tar", "kernel-dev.tar"]),
    };
    let text = fill(template, &[("builder", base), ("network", network)]);
    let text = text.map_err(|reason| BuildError::Input(reason, None))?;
    for (name, text) in [("Dockerfile", text.as_str()), ("toolchain.sh", TOOLCHAIN), script] {
        write_file(&context.join(name), text.as_bytes())?;
    }
    for tarball in tarballs {
        place_tarball(&context.join(tarball), Some(&output.root().join(tarball)), output.dir(), watch)?;
    }
    if let Some(source) = zfs {
        let tarball = Some(source).filter(|source| source.is_file());
        place_tarball(&context.join("zfs.tar"), tarball, source, watch)?;
    }
    Ok(context)
}

/// Refuses a kernel that zfs is not made for.
fn check_zfs(recipe: &Recipe, output: &Output) -> Result<(), BuildError> {
    let refuse = |why: String, hint: &str| Err(BuildError::Input(why, Some(hint.to_owned())));
    if recipe.debug {
        let why = format!(
            "there is no zfs for the debug kernel of {}: its lock debugging is for modules under the GPL only",
            recipe.version
        );
        return refuse(why, "build it for the plain kernel: zfs is under the CDDL");
    }
    let path = output.root().join("kernel_config");
    let bytes = fs::read(&path).map_err(cannot("read", &path))?;
    let config = Config::parse(&bytes)
        .map_err(|error| BuildError::Input(format!("'{}' is no configuration: {error}", path.display()), None))?;
    let is_set = |name: &&str| {
        let value = config.get(&format!("CONFIG_{name}")).and_then(|option| option.value.as_deref());
        value.is_some_and(|value| value == "y" || value == "m")
    };
    let missing: Vec<String> =
        ZFS_NEEDS.iter().filter(|name| !is_set(name)).map(|name| format!("CONFIG_{name}")).collect();
    if !missing.is_empty() {
        let why =
            format!("zfs needs {}, which the configuration of {} does not set", missing.join(", "), recipe.version);
        return refuse(why, "set them: kpatch config set");
    }
    let wrong: Vec<String> =
        ZFS_REFUSES.iter().filter(|name| is_set(name)).map(|name| format!("CONFIG_{name}")).collect();
    if !wrong.is_empty() {
        let why = format!("zfs cannot be built for a kernel with {}, which {} has", wrong.join(", "), recipe.version);
        return refuse(why, "unset them: kpatch config set");
    }
    Ok(())
}

/// The sources that were named, or the newest of those in `installed`.
fn zfs_source(named: Option<&Path>, installed: &Path) -> Result<PathBuf, BuildError> {
    let hint =
        "get them with apt-get install zfs-dkms (Debian's contrib), or name a directory or a tarball: --zfs-source";
    if let Some(source) = named {
        if source.is_file() || source.join("configure").is_file() {
            return Ok(source.to_owned());
        }
        let what = format!("there are no sources of zfs in '{}': it has no configure", source.display());
        return Err(BuildError::Input(what, Some(hint.to_owned())));
    }
    let entries = fs::read_dir(installed).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_zfs = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("zfs-") && path.join("configure").is_file()
    };
    let key = |path: &PathBuf| -> Vec<u64> {
        let name = path.to_string_lossy();
        name.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
    };
    entries
        .filter(is_zfs)
        .max_by_key(key)
        .ok_or_else(|| BuildError::Input("there are no sources of zfs on this machine".into(), Some(hint.to_owned())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::context::tests::recipe;
    use super::*;

    #[test]
    fn a_kernel_that_zfs_is_not_made_for_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let output = Output::new(dir.path());
        fs::create_dir_all(output.root()).unwrap();
        let debug = recipe(Path::new("/t"), Path::new("/t"));
        let plain = Recipe { debug: false, ..debug.clone() };
        let refused = |recipe: &Recipe, config: &str| {
            fs::write(output.root().join("kernel_config"), config).unwrap();
            check_zfs(recipe, &output).map_err(|error| error.to_string())
        };
        let good = "CONFIG_MODULES=y\nCONFIG_BLOCK=y\nCONFIG_ZLIB_INFLATE=y\nCONFIG_ZLIB_DEFLATE=m\n";
        assert_eq!(refused(&plain, good), Ok(()));
        assert!(refused(&debug, good).unwrap_err().contains("modules under the GPL only"));
        let few = refused(&plain, "CONFIG_MODULES=y\n# CONFIG_BLOCK is not set\n").unwrap_err();
        assert!(few.starts_with("zfs needs CONFIG_BLOCK, CONFIG_ZLIB_INFLATE, CONFIG_ZLIB_DEFLATE"), "{few}");
        let locks = refused(&plain, &format!("{good}CONFIG_DEBUG_LOCK_ALLOC=y\n")).unwrap_err();
        assert!(locks.contains("with CONFIG_DEBUG_LOCK_ALLOC"), "{locks}");
    }

    #[test]
    fn the_newest_sources_are_taken() {
        let dir = tempfile::tempdir().unwrap();
        assert!(zfs_source(None, dir.path()).unwrap_err().hints()[0].contains("zfs-dkms"));
        for name in ["zfs-2.1.9", "zfs-2.1.11", "linux-headers-9"] {
            fs::create_dir_all(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("configure"), "").unwrap();
        }
        assert_eq!(zfs_source(None, dir.path()).unwrap(), dir.path().join("zfs-2.1.11"));
        assert!(zfs_source(Some(dir.path()), dir.path()).is_err());
    }
}
