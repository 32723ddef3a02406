//! The producer that compiles on this machine, with its own compilers or cross compilers.

mod space;
mod steps;
pub(crate) mod tools;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::cannot;
use super::{BuildError, Output, Producer, Recipe, Watch, script};
use crate::arch::Arch;
use crate::event::Event;
use crate::files::Lock;
use crate::process::{self, Command};

pub use space::estimate;
pub(crate) use space::free;
pub use tools::missing;

/// What the compilers of this machine may read besides what the script is told.
const VARIABLES: [&str; 4] = ["HOME", "CCACHE_DIR", "CCACHE_CONFIGPATH", "XDG_CACHE_HOME"];

/// Compiles kernels on this machine.
#[derive(Debug, Clone)]
pub struct Native {
    logs: PathBuf,
    ccache: bool,
}

impl Native {
    /// One that keeps its logs in the directory `logs`, and calls compilers through ccache where that is installed.
    pub fn new(logs: impl Into<PathBuf>) -> Self {
        let home = ["HOME", "CCACHE_DIR"].iter().any(|name| std::env::var_os(name).is_some());
        Self { logs: logs.into(), ccache: home && tools::find("ccache").is_some() }
    }

    /// The same without ccache.
    #[must_use]
    pub fn without_ccache(self) -> Self {
        Self { ccache: false, ..self }
    }

    /// Who would compile for an architecture, as the file `compiler` says it afterwards.
    ///
    /// # Errors
    /// When there is no compiler for it.
    pub fn compiler(&self, arch: Arch) -> Result<String, BuildError> {
        let command = Command::new("sh").args(["-c", script::TEXT, "kernel.sh", "identity"]);
        let output = command.env("UNAME_ARCH", arch.uname()).output().map_err(|error| start_failed(error, None))?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && !said.is_empty() && !said.contains('\n') {
            return Ok(said);
        }
        let (missing, packages) = tools::compiler(arch);
        if missing.is_empty() {
            let error =
                said.lines().find_map(|line| line.strip_prefix("::error ")).unwrap_or("it does not say what it is");
            return Err(BuildError::Input(format!("cannot ask the compiler for {}: {error}", arch.oci()), None));
        }
        Err(BuildError::Tools { stage: format!("compiling for {}", arch.oci()), missing, packages })
    }

    /// Where everything that is said while a recipe is compiled goes.
    pub fn log(&self, recipe: &Recipe) -> PathBuf {
        self.logs.join(format!("{}.log", build_name(recipe)))
    }

    fn check(recipe: &Recipe) -> Result<(), BuildError> {
        let (missing, packages) = tools::missing(recipe);
        if missing.is_empty() {
            return Ok(());
        }
        Err(BuildError::Tools { stage: format!("compiling {}", script::kernel_name(recipe)), missing, packages })
    }

    fn command(&self, recipe: &Recipe, given: &Given, out: &Path) -> Command {
        let mut command = Command::new("sh").arg(&given.script).keep_env(VARIABLES);
        for (name, value) in script::variables(recipe) {
            command = command.env(name, value);
        }
        command
            .env("TREE", &recipe.tree)
            .env("OBJ", script::object_dir(recipe))
            .env("OUT", out)
            .env("CONFIG", &given.config)
            .env("FRAGMENTS", given.fragments.join(" "))
            .env("CCACHE", if self.ccache { "ccache" } else { "" })
    }
}

/// `6.6.13-dbg-amd64`: the name of a build, of its log and of what is remembered of it.
fn build_name(recipe: &Recipe) -> String {
    let kind = if recipe.minimal { "-minimal" } else { "" };
    format!("{}{}{kind}-{}", recipe.version, if recipe.debug { "-dbg" } else { "" }, recipe.arch.oci())
}

impl Producer for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn identity(&self, recipe: &Recipe, _: Watch<'_>) -> Result<String, BuildError> {
        self.compiler(recipe.arch)
    }

    fn produce(&self, recipe: &Recipe, output: &Output, watch: Watch<'_>) -> Result<(), BuildError> {
        Self::check(recipe)?;
        let objects = recipe.tree.join(script::object_dir(recipe));
        space::check(recipe, &objects)?;
        fs::create_dir_all(&self.logs).map_err(cannot("create", &self.logs))?;
        let log = self.log(recipe);
        watch.observer.event(&Event::Note(format!("the log is {}", log.display())));
        fs::create_dir_all(&objects).map_err(cannot("create", &objects))?;
        let what = format!("compiling {}", script::kernel_name(recipe));
        let _lock = Lock::acquire(&objects.join(".kpatch-lock"), &what)
            .map_err(|error| BuildError::Input(error.to_string(), Some("wait until it has ended".into())))?;
        let given = Given::write(recipe, &objects)?;
        let beside = beside(output.dir(), "partial")?;
        remove(&beside)?;
        let made = self.compile(recipe, &given, &beside, &log, watch).and_then(|()| {
            script::describe(recipe, &beside)?;
            put_in_place(&beside, output.dir())
        });
        if made.is_err() {
            // The reason matters more than what could not be removed.
            let _ = remove(&beside);
        }
        made
    }
}

impl Native {
    /// Runs the script, which fills the directory `out`.
    fn compile(
        &self,
        recipe: &Recipe,
        given: &Given,
        out: &Path,
        log: &Path,
        watch: Watch<'_>,
    ) -> Result<(), BuildError> {
        let objects = recipe.tree.join(script::object_dir(recipe));
        let steps = steps::Steps::read(&objects, &self.logs.join(format!("{}.steps", build_name(recipe))));
        let mut listener = script::Listener::new(recipe, steps.left(), watch.observer);
        let mut file = File::create(log).map_err(cannot("write", log))?;
        let ended = self
            .command(recipe, given, out)
            .stream(watch.interrupt, &mut file, &mut |line| listener.line(line))
            .map_err(|error| start_failed(error, Some(log)));
        let complete = matches!(&ended, Ok(exit) if exit.success());
        steps.write(listener.compiled(), complete);
        match ended {
            Ok(exit) if exit.success() => Ok(()),
            // A compiler that ends by the same Ctrl-C may be faster.
            Ok(_) if watch.interrupt.is_raised() => Err(BuildError::Interrupted),
            Ok(_) => Err(listener.failure(log, &recipe.tree)),
            Err(error) => Err(error),
        }
    }
}

/// The script and its input as files, among the objects.
struct Given {
    script: PathBuf,
    config: PathBuf,
    fragments: Vec<String>,
}

impl Given {
    fn write(recipe: &Recipe, objects: &Path) -> Result<Self, BuildError> {
        let dir = objects.join(".kpatch").join("given");
        remove(&dir)?;
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.join(name);
            let parent = path.parent().unwrap_or(&dir);
            fs::create_dir_all(parent).map_err(cannot("create", parent))?;
            fs::write(&path, bytes).map_err(cannot("write", &path))?;
            Ok::<PathBuf, BuildError>(path)
        };
        // Complaints name the file; other names than that of a file in a directory are nobody's.
        let name = Path::new(&recipe.config.name).file_name().and_then(|name| name.to_str()).unwrap_or("config");
        let mut fragments = Vec::new();
        for (number, fragment) in recipe.fragments.iter().enumerate() {
            // Relative paths would be those of the directory that the script runs in; make has no room for blanks in any.
            let path = write(&format!("fragments/{number:02}"), &fragment.bytes)?;
            fragments.push(path.display().to_string());
        }
        Ok(Self {
            script: write("kernel.sh", script::TEXT.as_bytes())?,
            config: write(&format!("config/{name}"), &recipe.config.bytes)?,
            fragments,
        })
    }
}

/// A path in the same directory: a dot before the name, a word behind it.
fn beside(path: &Path, word: &str) -> Result<PathBuf, BuildError> {
    let name = path.file_name().ok_or_else(|| {
        BuildError::Input(format!("'{}' is no directory that a kernel can be put into", path.display()), None)
    })?;
    Ok(path.with_file_name(format!(".{}.{word}", name.to_string_lossy())))
}

/// Puts the directory `from` in the place of `to`.
fn put_in_place(from: &Path, to: &Path) -> Result<(), BuildError> {
    let old = beside(to, "old")?;
    remove(&old)?;
    match fs::rename(to, &old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot("replace", to)(error)),
        _ => fs::rename(from, to).map_err(cannot("replace", to))?,
    }
    remove(&old)
}

/// Removes a directory with all that is in it, if it is there.
pub(super) fn remove(dir: &Path) -> Result<(), BuildError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", dir)(error)),
        _ => Ok(()),
    }
}

/// Why the script did not run to its end.
fn start_failed(error: process::Error, log: Option<&Path>) -> BuildError {
    match (error, log) {
        (error, _) if error.is_interrupted() => BuildError::Interrupted,
        (process::Error::Io { source, .. }, Some(log)) => cannot("write", log)(source),
        (error, log) => {
            let (stage, said) = ("running the build script".to_owned(), error.to_string());
            BuildError::Stage { stage, said, log: log.map(Path::to_owned), hint: None, source: Some(Box::new(error)) }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn the_compiler_of_this_machine_says_who_it_is() {
        let native = Native::new("/nonexistent");
        let identity = native.compiler(Arch::host().unwrap()).unwrap();
        let parts: Vec<&str> = identity.split('/').collect();
        assert!(parts.len() == 3 && parts[1].starts_with("gcc-") && parts[2].starts_with("binutils-"), "{identity}");
        assert!(parts[1].chars().any(|c| c.is_ascii_digit()), "{identity}");
    }

    #[test]
    fn what_is_given_becomes_files() {
        let dir = tempfile::tempdir().unwrap();
        let mut recipe = testing::recipe();
        recipe.fragments = vec![recipe.config.clone(), recipe.config.clone()];
        recipe.config.name = "../config-6.6.x-x86_64".into();
        let given = Given::write(&recipe, dir.path()).unwrap();
        assert!(given.config.ends_with("given/config/config-6.6.x-x86_64"), "{:?}", given.config);
        assert_eq!(fs::read(&given.config).unwrap(), recipe.config.bytes);
        assert_eq!(given.fragments.len(), 2);
        assert_eq!(fs::read(&given.fragments[1]).unwrap(), recipe.config.bytes);
    }

    #[test]
    fn a_directory_takes_the_place_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (beside(&dir.path().join("amd64"), "partial").unwrap(), dir.path().join("amd64"));
        for text in ["one", "two"] {
            fs::create_dir(&from).unwrap();
            fs::write(from.join("release"), text).unwrap();
            put_in_place(&from, &to).unwrap();
            assert_eq!(fs::read_to_string(to.join("release")).unwrap(), text);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(beside(Path::new("/"), "partial").is_err());
    }
}
