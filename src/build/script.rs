//! The script that compiles kernels, for whoever runs it: what it is told, and what it says.

use std::fs;
use std::path::Path;

use super::error::cannot;
use super::{BuildError, Recipe};
use crate::event::{Event, Observer};
use crate::text::visible;

/// `kernel.sh`, a POSIX shell script. What it reads from its environment stands at its top.
pub const TEXT: &str = include_str!("../../templates/build/kernel.sh");

/// The tools that the script builds; the others are made in containers.
const TOOLS: [&str; 1] = ["perf"];
/// What the stages of the script are called, for people.
const STAGES: [(&str, &str); 7] = [
    ("configure", "configuring"),
    ("check", "checking the configuration of"),
    ("compile", "compiling"),
    ("install", "collecting the modules of"),
    ("headers", "collecting the headers of"),
    ("dev", "collecting what modules need of"),
    ("perf", "compiling perf of"),
];

/// The directory in the sources that the objects of a recipe go to.
pub fn object_dir(recipe: &Recipe) -> String {
    let kind = if recipe.minimal { "-minimal" } else { "" };
    format!("obj-{}{kind}{}", recipe.arch.oci(), if recipe.debug { "-dbg" } else { "" })
}

/// The variables that say what is compiled. Those that say where are for who runs the script: `TREE`, `OBJ`, `OUT`, `CONFIG`,
/// `FRAGMENTS`, `CCACHE`.
pub fn variables(recipe: &Recipe) -> Vec<(&'static str, String)> {
    let flag = |is: bool| if is { "1".to_owned() } else { String::new() };
    let tools: Vec<&str> = recipe.tools.iter().map(String::as_str).filter(|tool| TOOLS.contains(tool)).collect();
    vec![
        ("ARCH", recipe.arch.kernel().to_owned()),
        ("UNAME_ARCH", recipe.arch.uname().to_owned()),
        ("LOCALVERSION", recipe.local_version.clone()),
        ("SOURCE_DATE_EPOCH", recipe.epoch.to_string()),
        ("SOURCE_ID", recipe.source_id.clone()),
        ("FINAL", flag(recipe.final_config && recipe.fragments.is_empty() && !recipe.minimal)),
        ("MINIMAL", flag(recipe.minimal)),
        ("DEBUG", flag(recipe.debug)),
        ("TOOLS", tools.join(" ")),
        ("JOBS", recipe.jobs.to_string()),
    ]
}

/// Writes what the image says of its origin and the script does not know: `kernel-builder` and `kernel-source-info`. `dir` is an
/// output directory that the script has filled.
///
/// # Errors
/// When `compiler` cannot be read, or a file not written.
pub fn describe(recipe: &Recipe, dir: &Path) -> Result<(), BuildError> {
    let compiler = dir.join("compiler");
    let found = fs::read_to_string(&compiler).map_err(cannot("read", &compiler))?;
    // As LinuxKit writes it: no line end, so that a shell's comparison with the label holds.
    let builder = recipe.builder.as_deref().unwrap_or(found.trim_end());
    let source = format!("KERNEL_SOURCE={}\n", recipe.source);
    for (name, text) in [("kernel-builder", builder), ("kernel-source-info", &source)] {
        let path = dir.join("root").join(name);
        fs::write(&path, text).map_err(cannot("write", &path))?;
    }
    Ok(())
}

/// `6.6.13-dbg for arm64`.
pub fn kernel_name(recipe: &Recipe) -> String {
    format!("{}{} for {}", recipe.version, if recipe.debug { "-dbg" } else { "" }, recipe.arch.oci())
}

/// Listens to the script: tells an observer how far it is, and remembers what may be the reason of a failure.
pub struct Listener<'a> {
    observer: &'a dyn Observer,
    kernel: String,
    /// The word of the current stage.
    stage: String,
    /// How many steps compiling has, if that is known.
    total: Option<usize>,
    compiled: usize,
    /// What the script itself said is wrong, and the way out.
    error: Option<String>,
    hint: Option<String>,
    /// The first complaint of a compiler or of make, and how many more there were.
    complaint: Option<String>,
    more: usize,
    is_full: bool,
    last: String,
}

impl<'a> Listener<'a> {
    /// One for a recipe; `total` is how many steps compiling has, if that is known.
    pub fn new(recipe: &Recipe, total: Option<usize>, observer: &'a dyn Observer) -> Self {
        Self {
            observer,
            kernel: kernel_name(recipe),
            stage: String::new(),
            total,
            compiled: 0,
            error: None,
            hint: None,
            complaint: None,
            more: 0,
            is_full: false,
            last: String::new(),
        }
    }

    /// Takes one line of what the script says.
    pub fn line(&mut self, line: &[u8]) {
        let text = visible(line.trim_ascii_end());
        if let Some(rest) = text.strip_prefix("::") {
            let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            return self.order(word, rest);
        }
        if is_step(&text) {
            self.compiled += usize::from(self.stage == "compile");
            return self.observer.event(&Event::Step);
        }
        self.is_full |= text.contains("No space left on device");
        if is_complaint(&text) {
            match self.complaint {
                Some(_) => self.more += 1,
                // The compiler works in a directory inside of the sources.
                None => self.complaint = Some(text.trim_start_matches("../").to_owned()),
            }
        } else if !text.trim().is_empty() && !text.starts_with("make") {
            self.last = text;
        }
    }

    fn order(&mut self, word: &str, rest: &str) {
        match word {
            "stage" => {
                rest.clone_into(&mut self.stage);
                let total = self.total.filter(|_| rest == "compile");
                self.observer.event(&Event::Stage { name: self.stage().into(), total });
            }
            "note" => self.observer.event(&Event::Note(rest.to_owned())),
            "error" => self.error = Some(rest.to_owned()),
            "hint" => self.hint = Some(rest.to_owned()),
            _ => {}
        }
    }

    /// How many steps of compiling there were.
    pub fn compiled(&self) -> usize {
        self.compiled
    }

    /// The current stage with the kernel, for people.
    fn stage(&self) -> String {
        let named = STAGES.iter().find(|(word, _)| *word == self.stage).map(|(_, phrase)| *phrase);
        format!("{} {}", named.unwrap_or("building"), self.kernel)
    }

    /// Why the script failed. `log` holds all that it said, `dir` is where it wrote.
    pub fn failure(self, log: &Path, dir: &Path) -> BuildError {
        let stage = self.stage();
        let full = || {
            let hint = "free some space, or name another directory: --out DIR; what is compiled so far is kept";
            (format!("no space left on the device of '{}'", dir.display()), Some(hint.to_owned()))
        };
        let complained = |complaint: String| match self.more {
            0 => (complaint, None),
            1 => (format!("{complaint}, and 1 more error"), None),
            more => (format!("{complaint}, and {more} more errors"), None),
        };
        let (said, hint) = if self.is_full {
            full()
        } else if let Some(error) = self.error {
            (error, self.hint)
        } else if let Some(complaint) = self.complaint {
            complained(complaint)
        } else {
            (self.last.trim().to_owned(), None)
        };
        let said = if said.is_empty() { "it said nothing".to_owned() } else { said };
        BuildError::Stage { stage, said, log: Some(log.to_owned()), hint, source: None }
    }
}

/// True for what make prints for each thing that it makes: `  CC      kernel/fork.o`, `  LD [M]  fs/x.ko`.
fn is_step(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("  ") else { return false };
    let word = rest.split(' ').next().unwrap_or_default();
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    word.len() >= 2 && word.bytes().all(is_name) && rest.len() > word.len()
}

/// True for a line in which a compiler, assembler, linker, modpost, make or the shell says why it fails.
fn is_complaint(line: &str) -> bool {
    let says =
        [": error: ", ": fatal error: ", ": Error: ", ": undefined reference to ", ": not found", ": cannot find "];
    let begins = ["ERROR: ", "error: ", "Error: "];
    // Make's own lines about a program that failed come after what that program said.
    let is_rule = line.contains("*** No rule to make target") || line.contains("Killed signal terminated program");
    says.iter().any(|word| line.contains(word)) || begins.iter().any(|word| line.starts_with(word)) || is_rule
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::cell::RefCell;

    use super::super::testing;
    use super::*;

    struct Seen(RefCell<Vec<Event>>);

    impl Observer for Seen {
        fn event(&self, event: &Event) {
            self.0.borrow_mut().push(event.clone());
        }
    }

    fn failure(lines: &[&str]) -> (String, Vec<String>) {
        let seen = Seen(RefCell::default());
        let mut listener = Listener::new(&testing::recipe(), None, &seen);
        for line in lines {
            listener.line(line.as_bytes());
        }
        let error = listener.failure(Path::new("x.log"), Path::new("/work"));
        (error.to_string(), error.hints())
    }

    #[test]
    fn stages_and_steps_are_told() {
        let seen = Seen(RefCell::default());
        let mut listener = Listener::new(&testing::recipe(), Some(2), &seen);
        for line in [
            "::stage configure",
            "  HOSTCC  scripts/x",
            "#",
            "::stage compile",
            "  CC      a.o",
            "  LD [M]  b.ko",
            "  note: x",
            "::note so",
        ] {
            listener.line(line.as_bytes());
        }
        assert_eq!(listener.compiled(), 2);
        let stage = |name: &str, total| Event::Stage { name: name.to_owned().into(), total };
        let wanted = [
            stage("configuring 6.6.13 for amd64", None),
            Event::Step,
            stage("compiling 6.6.13 for amd64", Some(2)),
            Event::Step,
            Event::Step,
            Event::Note("so".into()),
        ];
        assert_eq!(*seen.0.borrow(), wanted);
    }

    #[test]
    fn the_reason_is_the_first_complaint() {
        let (said, hints) = failure(&[
            "::stage compile",
            "  CC      a.o",
            "../kernel/a.c: In function 'f':",
            "../kernel/a.c:3:1: error: expected ';' before '}' token",
            "../kernel/b.c:1:2: error: other",
            "make[3]: *** [../scripts/Makefile.build:250: kernel/a.o] Error 1",
        ]);
        assert_eq!(
            said,
            "compiling 6.6.13 for amd64 failed: kernel/a.c:3:1: error: expected ';' before '}' token, and 1 more error"
        );
        assert_eq!(hints, ["the log is x.log"]);
        let (said, hints) = failure(&["::stage check", "-x", "::error it is not final", "::hint refresh it"]);
        assert!(said.ends_with(" failed: it is not final"), "{said}");
        assert_eq!(hints, ["refresh it", "the log is x.log"]);
        let (said, hints) = failure(&["::stage compile", "fatal error: error writing to a.s: No space left on device"]);
        assert!(said.ends_with("no space left on the device of '/work'") && hints.len() == 2, "{said}");
        assert!(failure(&["one", "two", "make: *** [x] Error 2"]).0.ends_with("failed: two"));
        assert!(failure(&[]).0.ends_with("it said nothing"));
        assert!(failure(&["/bin/sh: 1: flex: not found", "make: x"]).0.ends_with("flex: not found"));
    }

    #[test]
    fn what_the_script_does_not_know_is_written() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("root")).unwrap();
        fs::write(dir.path().join("compiler"), "debian-12/gcc-12/binutils-2.40\n").unwrap();
        let mut recipe = testing::recipe();
        describe(&recipe, dir.path()).unwrap();
        let read = |name: &str| fs::read_to_string(dir.path().join("root").join(name)).unwrap();
        assert_eq!(read("kernel-builder"), "debian-12/gcc-12/binutils-2.40");
        assert_eq!(read("kernel-source-info"), "KERNEL_SOURCE=v6.6.13\n");
        recipe.builder = Some("linuxkit/alpine:1".into());
        describe(&recipe, dir.path()).unwrap();
        assert_eq!(read("kernel-builder"), "linuxkit/alpine:1");
    }
}
