//! The Dockerfiles of a kit, built unchanged: `Dockerfile` for kernels, `Dockerfile.perf` and its like for tools.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::context::build_name;
use super::image::BuilderImage;
use super::import::Local;
use super::produce::{Call, Session, Settings, Wanted, fresh_log, import, in_stage, remove};
use super::progress::Progress;
use super::{Engine, session};
use crate::build::error::cannot;
use crate::build::{BuildError, Output, Recipe, Watch};
use crate::event::Event;
use crate::kit::Kit;
use crate::text::visible;

/// One of the kit's Dockerfiles, and what it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitDockerfile {
    /// The file.
    pub file: PathBuf,
    /// The directory that it copies from: `kernel/` of the kit.
    pub context: PathBuf,
    /// The values of its arguments, in their order; of two with one name the later holds.
    pub arguments: Vec<(String, String)>,
    /// The image with the kernel that a tool is made for: the argument `IMAGE`, and where the image is if the engine has to be given it.
    pub kernel: Option<(String, Option<BuilderImage>)>,
}

impl KitDockerfile {
    /// The Dockerfile of the kernel, or of a tool such as `perf`, with the arguments that the kit's own Makefile gives it.
    ///
    /// In the flat layout these are `KERNEL_VERSION`, `KERNEL_SERIES`, `EXTRA`, `DEBUG` and `BUILD_IMAGE`; in the per-series layout they
    /// come from `build-args` of the series and, for a debug kernel, `build-args-debug`.
    ///
    /// # Errors
    /// When there is no such file, or `build-args` is not made of `KEY=VALUE` lines.
    pub fn of_kit(kit: &Kit, tool: Option<&str>, recipe: &Recipe) -> Result<Self, BuildError> {
        let kernel = kit.kernel_dir();
        let name = tool.map_or("Dockerfile".to_owned(), |tool| format!("Dockerfile.{tool}"));
        let places = [kernel.join(&name), kernel.join("common").join(&name)];
        let file = places.into_iter().find(|path| path.is_file()).ok_or_else(|| {
            let what = format!("the kit has no {name}, neither in kernel/ nor in kernel/common/");
            BuildError::Input(what, Some("without --dockerfile kpatch uses its own".into()))
        })?;
        Ok(Self { file, context: kernel.to_owned(), arguments: kernel_arguments(kit, recipe)?, kernel: None })
    }

    /// Another file in the place of the kit's, with the same arguments and the same files to copy from.
    ///
    /// # Errors
    /// As [`KitDockerfile::of_kit`].
    pub fn with_named(kit: &Kit, file: &Path, recipe: &Recipe) -> Result<Self, BuildError> {
        let file = std::path::absolute(file).map_err(cannot("use", file))?;
        if !file.is_file() {
            return Err(BuildError::Input(format!("there is no '{}'", file.display()), None));
        }
        let (context, arguments) = (kit.kernel_dir().to_owned(), kernel_arguments(kit, recipe)?);
        Ok(Self { file, context, arguments, kernel: None })
    }
}

/// What the kit's build gives a Dockerfile for one kernel.
fn kernel_arguments(kit: &Kit, recipe: &Recipe) -> Result<Vec<(String, String)>, BuildError> {
    let version = &recipe.version;
    let kernel = kit.kernel_dir();
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut arguments = Vec::new();
    let file = kernel.join(version.series().to_string()).join("build-args");
    if file.is_file() {
        arguments.extend(read_build_args(&file)?);
        let debug = kernel.join("common/build-args-debug");
        if recipe.debug && debug.is_file() {
            arguments.extend(read_build_args(&debug)?);
        }
    }
    if let Some(builder) = kit.builder().map_err(|error| BuildError::Input(error.to_string(), None))?
        && !arguments.iter().any(|(name, _)| name == "BUILD_IMAGE")
    {
        arguments.push(own("BUILD_IMAGE", &builder));
    }
    arguments.extend([
        own("KERNEL_VERSION", &version.plain().to_string()),
        own("KERNEL_SERIES", &version.series().to_string()),
        own("EXTRA", version.variant()),
        own("DEBUG", if recipe.debug { "-dbg" } else { "" }),
    ]);
    Ok(arguments)
}

/// Reads a file of `KEY=VALUE` lines, as `linuxkit pkg build --build-arg-file` takes them. Blank lines and comments are allowed.
///
/// # Errors
/// Names the line that is none, or whose value only the tool `linuxkit` can compute.
pub fn read_build_args(path: &Path) -> Result<Vec<(String, String)>, BuildError> {
    let text = fs::read_to_string(path).map_err(cannot("read", path))?;
    let mut arguments = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |reason: &str, hint: &str| {
            let what = format!("{}:{}: {reason}", path.display(), index + 1);
            Err(BuildError::Input(what, Some(hint.to_owned())))
        };
        let Some((name, value)) = line.split_once('=').map(|(name, value)| (name.trim(), value.trim())) else {
            return bad(&format!("'{}' is not KEY=VALUE", visible(line.as_bytes())), "comments begin with #");
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_name) {
            return bad(&format!("'{}' is not the name of an argument", visible(name.as_bytes())), "it is KEY=VALUE");
        }
        if value.starts_with("@lkt:") {
            let hint = format!("give the value that it stands for: --build-arg {name}=VALUE");
            return bad(
                &format!("only the tool linuxkit knows the value of {name}, '{}'", visible(value.as_bytes())),
                &hint,
            );
        }
        arguments.push((name.to_owned(), value.to_owned()));
    }
    Ok(arguments)
}

/// The arguments that a Dockerfile declares, `ARG NAME` or `ARG NAME=DEFAULT`.
fn declared(text: &str) -> Vec<&str> {
    let argument = |line: &'_ str| -> Option<std::ops::Range<usize>> {
        let start = line.len() - line.trim_start().len();
        let (word, rest) = line.trim_start().split_once(char::is_whitespace)?;
        let name = rest.trim_start();
        let from = start + word.len() + 1 + (rest.len() - name.len());
        let length = name.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(name.len());
        word.eq_ignore_ascii_case("ARG").then_some(from..from + length)
    };
    text.lines().filter_map(|line| argument(line).map(|range| &line[range])).collect()
}

/// Builds one of the kit's Dockerfiles and puts the files of its image into the output directory: those of a kernel, or, with `tool`,
/// those of that tool. `builder` is what `BUILDER` says, for docker.
///
/// # Errors
/// As [`Producer::produce`](crate::build::Producer::produce).
#[expect(clippy::too_many_arguments, reason = "what is built, by whom, of what, and where it goes")]
pub fn build_kit_dockerfile(
    engine: Engine,
    builder: Option<&str>,
    settings: &Settings,
    dockerfile: &KitDockerfile,
    tool: Option<&str>,
    recipe: &Recipe,
    output: &Output,
    watch: Watch<'_>,
) -> Result<(), BuildError> {
    let session = session(engine, builder, recipe.arch, &settings.work, watch)?;
    let name = build_name(recipe);
    let what = dockerfile.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stage = format!("building {name} with the kit's {what}");
    if session.machine() != recipe.arch {
        let hint =
            format!("name a builder that runs on {} (BUILDER), or build without --dockerfile", recipe.arch.oci());
        let what = format!(
            "the kit's {what} compiles for the machine that it runs on, and that is {}",
            session.machine().oci()
        );
        return Err(BuildError::Input(what, Some(hint)));
    }
    let log = fresh_log(
        &settings.logs,
        &format!("{name}-{engine}{}", tool.map(|tool| format!("-{tool}")).unwrap_or_default()),
    )?;
    watch.observer.event(&Event::Note(format!("{engine} builds on {}; the log is {}", session.said(), log.display())));
    watch.observer.event(&Event::Stage { name: stage.clone().into(), total: None });
    fs::create_dir_all(&settings.work).map_err(cannot("create", &settings.work))?;
    let arguments = given(session.as_ref(), settings, dockerfile, watch)?;
    let home = output.dir();
    fs::create_dir_all(home).map_err(cannot("create", home))?;
    let to = tempfile::Builder::new().prefix(".from-engine-").tempdir_in(home).map_err(cannot("write in", home))?;
    let file = dockerfile
        .file
        .to_str()
        .ok_or_else(|| BuildError::Input(format!("the name of '{}' is not UTF-8", dockerfile.file.display()), None))?;
    let call = Call {
        context: &dockerfile.context,
        dockerfile: file,
        target: None,
        arguments: &arguments,
        sources: None,
        network: true,
        wanted: Wanted::Files(to.path()),
        log: &log,
    };
    let mut progress = Progress::new(watch.observer);
    session.build(&call, watch, &mut |line| progress.line(line)).map_err(|error| in_stage(error, &stage))?;
    if let Some(tool) = tool {
        place(to, &output.tool(tool))
    } else {
        complete(to.path())?;
        let (release, compiler) = (release_of(&to.path().join("kernel.tar"))?, to.path().join("kernel-builder"));
        place(to, &output.root())?;
        write_line(&output.dir().join("release"), &release)?;
        let compiler =
            fs::read_to_string(output.root().join(compiler.file_name().unwrap_or_default())).unwrap_or_default();
        write_line(&output.dir().join("compiler"), compiler.trim())
    }
}

/// The arguments with the images that the engine knows; those that the Dockerfile does not declare are left out.
fn given(
    session: &dyn Session,
    settings: &Settings,
    dockerfile: &KitDockerfile,
    watch: Watch<'_>,
) -> Result<Vec<(String, String)>, BuildError> {
    let mut arguments = dockerfile.arguments.clone();
    // A reference is what the kit says, or what the user says instead.
    let image = import(session, &settings.image, &settings.work, watch)?;
    arguments.push(("BUILD_IMAGE".to_owned(), image.clone()));
    arguments.push(("IMAGE_BUILDER".to_owned(), image));
    if let Some((reference, place)) = &dockerfile.kernel {
        if let Some(local) = place.as_ref().map(|place| Local::of(place, session.machine())).transpose()?.flatten() {
            session.load(&local, reference, &settings.work, watch)?;
        }
        arguments.push(("IMAGE".to_owned(), reference.clone()));
    }
    let text = fs::read_to_string(&dockerfile.file).map_err(cannot("read", &dockerfile.file))?;
    let known = declared(&text);
    let mut last: Vec<(String, String)> = Vec::new();
    for (name, value) in arguments.into_iter().filter(|(name, _)| known.contains(&name.as_str())) {
        last.retain(|(earlier, _)| *earlier != name);
        last.push((name, value));
    }
    Ok(last)
}

/// Puts a directory in the place of another.
pub(super) fn place(from: tempfile::TempDir, to: &Path) -> Result<(), BuildError> {
    if let Some(above) = to.parent() {
        fs::create_dir_all(above).map_err(cannot("create", above))?;
    }
    remove(to)?;
    // A temporary directory is its owner's alone.
    fs::set_permissions(from.path(), fs::Permissions::from_mode(0o755)).map_err(cannot("write", from.path()))?;
    fs::rename(from.path(), to).map_err(cannot("write", to))?;
    // There is nothing left to be removed.
    drop(from.keep());
    Ok(())
}

fn write_line(path: &Path, line: &str) -> Result<(), BuildError> {
    fs::write(path, format!("{line}\n")).map_err(cannot("write", path))
}

/// Refuses what is no kernel, and adds the configuration, which the kits' own Dockerfiles leave out.
fn complete(root: &Path) -> Result<(), BuildError> {
    for name in ["kernel", "kernel.tar"] {
        if !root.join(name).is_file() {
            return Err(BuildError::Input(format!("the kit's Dockerfile makes an image without /{name}"), None));
        }
    }
    let (config, dev) = (root.join("kernel_config"), root.join("kernel-dev.tar"));
    if config.exists() || !dev.is_file() {
        return Ok(());
    }
    let is_config = |path: &Path| path.file_name().is_some_and(|name| name == ".config") && path.starts_with("usr/src");
    if let Some(bytes) = first_in_tar(&dev, is_config)? {
        fs::write(&config, bytes).map_err(cannot("write", &config))?;
    }
    Ok(())
}

/// What `uname -r` says: the directory with the modules.
fn release_of(modules: &Path) -> Result<String, BuildError> {
    let mut archive = open_tar(modules)?;
    for entry in archive.entries().map_err(cannot("read", modules))? {
        let entry = entry.map_err(cannot("read", modules))?;
        let path = entry.path().map_err(cannot("read", modules))?.into_owned();
        let plain = path.strip_prefix(".").unwrap_or(&path);
        let plain = plain.strip_prefix("usr").unwrap_or(plain);
        if let Ok(rest) = plain.strip_prefix("lib/modules")
            && let Some(release) = rest.components().next().and_then(|part| part.as_os_str().to_str())
        {
            return Ok(release.to_owned());
        }
    }
    Err(BuildError::Input(format!("there are no modules in '{}'", modules.display()), None))
}

fn open_tar(path: &Path) -> Result<tar::Archive<io::BufReader<File>>, BuildError> {
    File::open(path).map(|file| tar::Archive::new(io::BufReader::new(file))).map_err(cannot("read", path))
}

/// The contents of the first file of a tarball whose path is wanted.
fn first_in_tar(path: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<Option<Vec<u8>>, BuildError> {
    let mut archive = open_tar(path)?;
    for entry in archive.entries().map_err(cannot("read", path))? {
        let mut entry = entry.map_err(cannot("read", path))?;
        let name = entry.path().map_err(cannot("read", path))?.into_owned();
        if is_wanted(name.strip_prefix(".").unwrap_or(&name)) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(cannot("read", path))?;
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn build_args_may_have_comments_and_blanks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("build-args");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            read_build_args(&path)
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read("# a kernel\r\nKERNEL_VERSION=6.6.13\r\n\n  BUILD_IMAGE = a/b:c=d \nEMPTY=\n").unwrap(),
            [pair("KERNEL_VERSION", "6.6.13"), pair("BUILD_IMAGE", "a/b:c=d"), pair("EMPTY", "")]
        );
        let said = |text: &str| read(text).unwrap_err().to_string().rsplit('/').next().unwrap().to_owned();
        assert_eq!(said("A=1\nB\n"), "build-args:2: 'B' is not KEY=VALUE");
        assert_eq!(said("A B=1\n"), "build-args:1: 'A B' is not the name of an argument");
        let error = read("A=1\nKERNEL_TAG=@lkt:pkg:../kernel\n").unwrap_err();
        assert!(
            error.to_string().contains("build-args:2: only the tool linuxkit knows the value of KERNEL_TAG"),
            "{error}"
        );
        assert_eq!(error.hints(), ["give the value that it stands for: --build-arg KERNEL_TAG=VALUE"]);
    }

    #[test]
    fn only_what_is_declared_is_given() {
        let text = "ARG BUILD_IMAGE\nFROM ${BUILD_IMAGE} AS x\n  arg  EXTRA=-foo\nRUN echo ARG NO\nARGH B\n";
        assert_eq!(declared(text), ["BUILD_IMAGE", "EXTRA"]);
    }

    #[test]
    fn the_arguments_are_those_of_the_layout() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join("kernel").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Makefile", "IMAGE_BUILDER=linuxkit/alpine:1\nKERNELS_all=6.6.13 6.12.59\n");
        write("6.12.x/build-args", "KERNEL_VERSION=6.12.59\nKERNEL_SERIES=6.12.x\nBUILD_IMAGE=linuxkit/alpine:2\n");
        write("6.12.x/config-x86_64", "");
        write("common/build-args-debug", "DEBUG=-dbg\n");
        write("common/Dockerfile", "ARG BUILD_IMAGE\n");
        let kit = Kit::open(dir.path()).unwrap();
        let recipe = |version: &str, debug| Recipe {
            version: version.parse().unwrap(),
            debug,
            ..super::super::context::tests::recipe(Path::new("/t"), Path::new("/t"))
        };
        let value = |file: &KitDockerfile, name: &str| {
            file.arguments.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap()
        };
        let flat = KitDockerfile::of_kit(&kit, None, &recipe("6.6.13-rt", false)).unwrap();
        assert!(flat.file.ends_with("kernel/common/Dockerfile"));
        assert_eq!((value(&flat, "BUILD_IMAGE"), value(&flat, "EXTRA")), ("linuxkit/alpine:1".into(), "-rt".into()));
        assert_eq!((value(&flat, "KERNEL_VERSION"), value(&flat, "DEBUG")), ("6.6.13".into(), String::new()));
        let own = KitDockerfile::of_kit(&kit, None, &recipe("6.12.59", true)).unwrap();
        assert_eq!((value(&own, "BUILD_IMAGE"), value(&own, "DEBUG")), ("linuxkit/alpine:2".into(), "-dbg".into()));
        assert!(KitDockerfile::of_kit(&kit, Some("perf"), &recipe("6.6.13", false)).is_err());
    }

    #[test]
    fn release_and_configuration_are_found_in_the_tarballs() {
        let dir = tempfile::tempdir().unwrap();
        let tar_of = |name: &str, files: &[(&str, &str)]| {
            let path = dir.path().join(name);
            let mut builder = tar::Builder::new(File::create(&path).unwrap());
            for (path, text) in files {
                let mut header = tar::Header::new_gnu();
                header.set_size(text.len() as u64);
                builder.append_data(&mut header, path, text.as_bytes()).unwrap();
            }
            builder.finish().unwrap();
            path
        };
        let modules = tar_of("kernel.tar", &[("boot/x", ""), ("lib/modules/6.6.13-linuxkit/modules.dep", "")]);
        tar_of("kernel-dev.tar", &[("usr/src/linux-headers-6.6.13-linuxkit/.config", "CONFIG_A=y\n")]);
        assert_eq!(release_of(&modules).unwrap(), "6.6.13-linuxkit");
        assert!(complete(dir.path()).unwrap_err().to_string().ends_with("makes an image without /kernel"));
        fs::write(dir.path().join("kernel"), "").unwrap();
        complete(dir.path()).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("kernel_config")).unwrap(), "CONFIG_A=y\n");
    }
}
