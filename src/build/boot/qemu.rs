//! The machine that the kernel is started in.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::console::Console;
use crate::arch::Arch;
use crate::build::error::cannot;
use crate::build::{BuildError, Watch};
use crate::event::{Event, Interrupt};
use crate::kbuild::is_installed;
use crate::process::{self, Command};

/// How often the console, the clock and the user's wish to stop are looked at.
const TICK: Duration = Duration::from_millis(30);
/// How long a kernel may take to stop once it has said its last.
const GRACE: Duration = Duration::from_secs(4);
/// How long the question whether KVM works may take.
const PROBE: Duration = Duration::from_secs(10);
/// Most bytes on the console.
const CONSOLE_MAX: u64 = 64 << 20;

/// What runs the kernel's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Accelerator {
    /// The processor of this machine.
    Kvm,
    /// An interpreter, for any architecture.
    Tcg,
}

/// A kind of machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    pub(crate) arch: Arch,
    /// The program and the Debian packages that have it, for older and newer releases.
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
    kind: &'static str,
    cpu: &'static str,
    /// What the kernel has to be told of the machine.
    pub(super) arguments: &'static str,
    /// The options of a kernel that drives its console.
    pub(super) console: &'static [&'static str],
}

/// The machines that are known.
pub(crate) const MACHINES: [Machine; 3] = [
    Machine {
        arch: Arch::X86_64,
        program: "qemu-system-x86_64",
        package: "qemu-system-x86",
        kind: "pc",
        // What has no page tables of five levels yet starts, too.
        cpu: "max,la57=off",
        // A kernel without ACPI knows no other way to restart than a triple fault.
        arguments: "console=ttyS0 earlyprintk=serial,ttyS0 reboot=t",
        console: &["SERIAL_8250_CONSOLE"],
    },
    Machine {
        arch: Arch::Aarch64,
        program: "qemu-system-aarch64",
        package: "qemu-system-arm",
        kind: "virt",
        cpu: "cortex-a57",
        arguments: "console=ttyAMA0 earlycon",
        console: &["SERIAL_AMBA_PL011_CONSOLE"],
    },
    Machine {
        arch: Arch::Riscv64,
        program: "qemu-system-riscv64",
        package: "qemu-system-misc",
        kind: "virt",
        cpu: "rv64",
        arguments: "console=ttyS0 earlycon",
        console: &["SERIAL_8250_CONSOLE", "SERIAL_OF_PLATFORM"],
    },
];

impl Machine {
    /// The machine of an architecture; `None` if there is no way to boot one here.
    pub(crate) fn of(arch: Arch) -> Option<Self> {
        MACHINES.into_iter().find(|machine| machine.arch == arch)
    }

    /// KVM, if this machine is of the same architecture and a virtual machine can really be made. A device that opens says
    /// nothing: the processor may lack what it takes.
    pub(crate) fn accelerator(self) -> Accelerator {
        if Arch::host() != Some(self.arch) || File::options().read(true).write(true).open("/dev/kvm").is_err() {
            return Accelerator::Tcg;
        }
        let probe = Command::new(self.program)
            .args(["-accel", "kvm", "-cpu", "host", "-machine", self.kind, "-m", "64", "-S"])
            .args(["-no-user-config", "-nodefaults", "-display", "none", "-monitor", "stdio"])
            .input(b"quit\n".to_vec())
            .timeout(PROBE)
            .run();
        if probe.is_ok() { Accelerator::Kvm } else { Accelerator::Tcg }
    }

    /// Programs that are missing.
    fn missing(self) -> BuildError {
        BuildError::Tools {
            stage: format!("booting a kernel for {}", self.arch),
            missing: vec![self.program.to_owned()],
            packages: vec![self.package.to_owned()],
        }
    }
}

/// What is started, and how.
#[derive(Debug, Clone)]
pub(super) struct Start<'a> {
    pub(super) machine: Machine,
    pub(super) kernel: &'a Path,
    pub(super) initramfs: &'a [u8],
    pub(super) arguments: &'a str,
    /// In MiB.
    pub(super) memory: u32,
    pub(super) timeout: Duration,
    /// Where everything on the console is written to.
    pub(super) log: &'a Path,
    /// Another processor than the usual one, for kernels that need it.
    pub(super) cpu: Option<&'static str>,
}

/// How it came to its end.
#[derive(Debug)]
pub(super) struct End {
    pub(super) console: Console,
    pub(super) accelerator: Accelerator,
    /// Why it was ended from outside, if it was.
    pub(super) stopped: Option<Stopped>,
    pub(super) took: Duration,
}

/// Why a kernel was ended that did not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// Its time was over.
    Timeout,
    /// It wrote without end.
    Flood,
    /// It had said its last and did not restart, which is well.
    Lingering,
}

/// Starts the machine and stays until it has ended or was ended.
///
/// # Errors
/// For a missing or failing qemu, and when the user wants an end. Whatever the kernel does is none.
pub(super) fn run(start: &Start<'_>, watch: Watch<'_>) -> Result<End, BuildError> {
    if !is_installed(start.machine.program) {
        return Err(start.machine.missing());
    }
    let dir =
        tempfile::Builder::new().prefix("kpatch-boot-").tempdir().map_err(cannot("make", &std::env::temp_dir()))?;
    // By names that qemu cannot misread: in some of its arguments commas have a meaning.
    let (initramfs, console) = (dir.path().join("initramfs"), dir.path().join("console"));
    std::fs::write(&initramfs, start.initramfs).map_err(cannot("write", &initramfs))?;
    let log = std::path::absolute(start.log).map_err(cannot("find", start.log))?;
    let mut tail = File::create(&log).and_then(|_| File::open(&log)).map_err(cannot("write", &log))?;
    symlink(&log, &console).map_err(cannot("write", &console))?;
    let kernel = std::path::absolute(start.kernel).map_err(cannot("find", start.kernel))?;
    let accelerator = start.machine.accelerator();
    let flag = Arc::new(Interrupt::new());
    let command = command(start, accelerator, &kernel).dir(dir.path()).interrupt(Arc::clone(&flag));
    let began = Instant::now();
    let (ended, console, stopped) = thread::scope(|scope| {
        let child = scope.spawn(move || command.output());
        let mut follow =
            Follow { watch, flag: &flag, console: Console::default(), stopped: None, seen: 0, last_at: None };
        while !child.is_finished() {
            follow.look(&mut tail, began, start.timeout);
            thread::sleep(TICK);
        }
        follow.read(&mut tail);
        follow.console.rest().into_iter().for_each(|line| watch.observer.event(&Event::Note(line)));
        (child.join(), follow.console, follow.stopped)
    });
    let ended =
        ended.map_err(|_| cannot("watch", &log)(io::Error::other("the thread that waits for qemu panicked")))?;
    if watch.interrupt.is_raised() {
        return Err(BuildError::Interrupted);
    }
    check(ended, start, &log, stopped)?;
    Ok(End { console, accelerator, stopped, took: began.elapsed() })
}

fn command(start: &Start<'_>, accelerator: Accelerator, kernel: &Path) -> Command {
    let Start { machine, memory, arguments, .. } = start;
    let (name, cpu) = match accelerator {
        Accelerator::Kvm => ("kvm", "host"),
        Accelerator::Tcg => ("tcg", start.cpu.unwrap_or(machine.cpu)),
    };
    Command::new(machine.program)
        .args(["-accel", name, "-cpu", cpu, "-machine", machine.kind, "-m", &memory.to_string(), "-smp", "1"])
        .args(["-no-user-config", "-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none"])
        .args(["-net", "none", "-serial", "file:console", "-initrd", "initramfs", "-append", arguments])
        .arg("-kernel")
        .arg(kernel)
}

/// An end that is qemu's own fault is an error.
fn check(
    ended: Result<process::Output, process::Error>,
    start: &Start<'_>,
    log: &Path,
    stopped: Option<Stopped>,
) -> Result<(), BuildError> {
    let said = match ended {
        Err(error) if error.is_interrupted() && stopped.is_some() => return Ok(()),
        Err(error) => error.to_string(),
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => {
            let text = one_line(&output.stderr);
            if text.is_empty() { format!("it {}", output.status) } else { text }
        }
    };
    let hint = said.contains("Cannot allocate memory").then(|| "give it less: --memory 256".to_owned());
    let stage = format!("starting {}", start.machine.program);
    Err(BuildError::Stage { stage, said, log: Some(log.to_owned()), hint, source: None })
}

/// What a program said, in one line.
fn one_line(bytes: &[u8]) -> String {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| crate::text::visible(line.trim_ascii()));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Follows the console while the machine runs.
struct Follow<'a> {
    watch: Watch<'a>,
    /// Ends the machine.
    flag: &'a Interrupt,
    console: Console,
    stopped: Option<Stopped>,
    /// Bytes of the console that were read.
    seen: u64,
    /// When the kernel said its last.
    last_at: Option<Instant>,
}

impl Follow<'_> {
    fn look(&mut self, tail: &mut File, began: Instant, timeout: Duration) {
        self.read(tail);
        let now = Instant::now();
        if self.console.ended || self.console.panic.is_some() {
            self.last_at.get_or_insert(now);
        }
        let reason = if self.seen > CONSOLE_MAX {
            Some(Stopped::Flood)
        } else if self.last_at.is_some_and(|last| now - last > GRACE) {
            Some(Stopped::Lingering)
        } else {
            (now - began > timeout).then_some(Stopped::Timeout)
        };
        if self.stopped.is_none() && reason.is_some() {
            self.stopped = reason;
        }
        if self.stopped.is_some() || self.watch.interrupt.is_raised() {
            self.flag.raise();
        }
    }

    fn read(&mut self, tail: &mut File) {
        let mut bytes = Vec::new();
        // The log is this machine's own file; what cannot be read now is there at the next look.
        let _ = tail.by_ref().take(CONSOLE_MAX + 1 - self.seen.min(CONSOLE_MAX)).read_to_end(&mut bytes);
        self.seen += bytes.len() as u64;
        for line in self.console.feed(&bytes) {
            self.watch.observer.event(&Event::Note(line));
        }
    }
}

/// The log of one boot: `LOGS/boot-NAME.log`, in which a name has no signs that a path would have.
pub(super) fn log_path(logs: &Path, name: &str) -> PathBuf {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect();
    logs.join(format!("boot-{}.log", name.trim_start_matches(['.', '_'])))
}
