//! What this machine has of all that building, booting and repacking kernels take.

mod packages;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::Watch;
use super::boot::{Accelerator, MACHINES, Machine};
use super::engine::{self, EngineState};
use super::native::free;
use super::native::tools::{ALWAYS, BY_OPTION, HEADERS, find, has_header, prefix};
use crate::arch::Arch;
use crate::event::Event;
use crate::process::Command;
use crate::text::visible;

pub use packages::Distribution;

/// How long a program may take to say which version it is.
const PATIENCE: Duration = Duration::from_secs(10);
/// The room below which a kernel is not begun, in bytes: what a small one takes, with its sources.
const ROOM: u64 = 4 << 30;
/// Where Linux lists the programs of other architectures that it can start.
const BINFMT: &str = "/proc/sys/fs/binfmt_misc";

/// What something is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Compiling kernels on this machine.
    Building,
    /// Compiling kernels with certain options.
    SomeKernels,
    /// Compiling for an architecture.
    Compilers,
    /// Building in containers.
    Engines,
    /// Starting kernels.
    Booting,
    /// Carrying patches, and what makes things faster.
    Helpers,
}

/// One thing that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// What it is for.
    pub purpose: Purpose,
    /// Its name.
    pub name: String,
    /// Whether it is there and works.
    pub ok: bool,
    /// Whether compiling a kernel for this machine's own architecture takes it.
    pub required: bool,
    /// Which version was found, or what is wrong.
    pub found: String,
    /// What it is needed for.
    pub needed_for: String,
    /// The packages of this distribution that have it, where it is missing and they are known.
    pub packages: Vec<String>,
    /// What else helps.
    pub hints: Vec<String>,
}

/// Looks for everything. `out` is where builds go.
pub fn examine(out: &Path, distribution: &Distribution, watch: Watch<'_>) -> Vec<Examined> {
    watch.observer.event(&Event::Stage { name: "looking at this machine".into(), total: None });
    let doctor = Doctor { distribution };
    let mut all = doctor.building();
    all.push(room(out));
    all.extend(doctor.some_kernels());
    all.extend(doctor.compilers());
    all.extend(engine::probe(watch).into_iter().map(|state| doctor.engine(state)));
    all.extend(doctor.emulators());
    all.extend(MACHINES.iter().map(|machine| doctor.machine(*machine)));
    all.push(kvm());
    all.extend(doctor.helpers());
    all
}

struct Doctor<'a> {
    distribution: &'a Distribution,
}

impl Doctor<'_> {
    /// One program by its name and its Debian package.
    fn program(&self, purpose: Purpose, (name, package): (&str, &str), required: bool, needed_for: &str) -> Examined {
        let path = find(name);
        Examined {
            purpose,
            name: name.to_owned(),
            ok: path.is_some(),
            required,
            found: path.as_deref().map_or_else(|| "not installed".to_owned(), version),
            needed_for: needed_for.to_owned(),
            packages: if path.is_some() { Vec::new() } else { self.distribution.packages(package) },
            hints: Vec::new(),
        }
    }

    /// What every kernel needs, and the usual ones of a kit.
    fn building(&self) -> Vec<Examined> {
        let always = ALWAYS.into_iter().chain([("depmod", "kmod"), ("git", "git"), ("patch", "patch")]);
        let mut all: Vec<Examined> =
            always.map(|named| self.program(Purpose::Building, named, true, "compiling any kernel")).collect();
        let mut known: Vec<&str> = Vec::new();
        for (_, header, package) in HEADERS {
            if known.contains(&header) {
                continue;
            }
            known.push(header);
            let ok = find("gcc").is_some() && has_header("gcc", header);
            let options: Vec<&str> =
                HEADERS.iter().filter(|(_, other, _)| *other == header).map(|(name, ..)| *name).collect();
            all.push(Examined {
                purpose: Purpose::Building,
                name: header.to_owned(),
                ok,
                required: true,
                found: if ok { "found by gcc".into() } else { "not found by gcc".into() },
                needed_for: format!("kernels with CONFIG_{}", options.join(", CONFIG_")),
                packages: if ok { Vec::new() } else { self.distribution.packages(package) },
                hints: Vec::new(),
            });
        }
        all
    }

    /// What kernels with certain options need.
    fn some_kernels(&self) -> Vec<Examined> {
        let mut all: Vec<Examined> = Vec::new();
        for (option, program, package) in BY_OPTION.into_iter().filter(|(_, program, _)| *program != "depmod") {
            let needed_for = format!("kernels with CONFIG_{option}");
            match all.iter_mut().find(|known| known.name == program) {
                Some(known) => known.needed_for += &[", CONFIG_", option].concat(),
                None => all.push(self.program(Purpose::SomeKernels, (program, package), false, &needed_for)),
            }
        }
        all
    }

    fn compilers(&self) -> Vec<Examined> {
        let one = |arch: Arch| {
            let found = prefix(arch).and_then(|prefix| find(&format!("{prefix}gcc")));
            let is_host = Arch::host() == Some(arch);
            let package =
                if is_host { "gcc".to_owned() } else { format!("gcc-{}-linux-gnu", arch.uname().replace('_', "-")) };
            Examined {
                purpose: Purpose::Compilers,
                name: format!("gcc for {arch}"),
                ok: found.is_some(),
                required: is_host,
                found: found.as_deref().map_or_else(|| "not installed".to_owned(), version),
                needed_for: format!("kernels and modules for {}", arch.oci()),
                packages: if found.is_some() { Vec::new() } else { self.distribution.packages(&package) },
                hints: Vec::new(),
            }
        };
        Arch::ALL.into_iter().map(one).collect()
    }

    fn engine(&self, state: EngineState) -> Examined {
        Examined {
            purpose: Purpose::Engines,
            name: state.engine.to_string(),
            ok: state.usable,
            required: false,
            found: visible(state.reason.as_bytes()),
            needed_for: "building in containers, with the compilers of a builder image".into(),
            packages: state.packages.iter().flat_map(|package| self.distribution.packages(package)).collect(),
            hints: state.hints,
        }
    }

    /// Whether programs of other architectures can be started, which containers for these need.
    fn emulators(&self) -> Vec<Examined> {
        let foreign = Arch::ALL.into_iter().filter(|arch| Arch::host() != Some(*arch) && *arch != Arch::S390x);
        foreign.map(|arch| self.emulator(arch)).collect()
    }

    fn emulator(&self, arch: Arch) -> Examined {
        let registered = Path::new(BINFMT).join(format!("qemu-{}", arch.uname()));
        let enabled = std::fs::read_to_string(&registered).is_ok_and(|text| text.starts_with("enabled"));
        let program =
            find(&format!("qemu-{}-static", arch.uname())).or_else(|| find(&format!("qemu-{}", arch.uname())));
        let (found, packages, hints) = match (enabled, program.is_some()) {
            (true, _) => ("enabled in binfmt_misc".to_owned(), Vec::new(), Vec::new()),
            (false, true) => {
                let hint = format!("mount -t binfmt_misc none {BINFMT}; update-binfmts --enable qemu-{}", arch.uname());
                ("installed, but not enabled in binfmt_misc".to_owned(), Vec::new(), vec![hint])
            }
            (false, false) => ("not installed".to_owned(), self.distribution.packages("qemu-user-static"), Vec::new()),
        };
        Examined {
            purpose: Purpose::Engines,
            name: format!("programs of {arch}"),
            ok: enabled,
            required: false,
            found,
            needed_for: format!("containers for {} on this machine", arch.oci()),
            packages,
            hints,
        }
    }

    fn machine(&self, machine: Machine) -> Examined {
        let needed_for = format!("booting kernels for {}", machine.arch.oci());
        self.program(Purpose::Booting, (machine.program, machine.package), false, &needed_for)
    }

    fn helpers(&self) -> Vec<Examined> {
        let all = [
            (("ccache", "ccache"), "compiling the same kernel again in a fraction of the time"),
            (("gpg", "gpg"), "the signatures of sources, as a second opinion"),
            (("skopeo", "skopeo"), "looking at images with other eyes"),
        ];
        all.into_iter().map(|(named, what)| self.program(Purpose::Helpers, named, false, what)).collect()
    }
}

/// The first line of what a program says of its version; where it is, if it says nothing.
fn version(path: &Path) -> String {
    let shown = path.display().to_string();
    let said = Command::new(path).arg("--version").env("LC_ALL", "C").timeout(PATIENCE).output();
    let line = said.ok().filter(|output| output.status.success()).and_then(|output| {
        let line = output.stdout.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty())?;
        Some(visible(line))
    });
    line.unwrap_or(shown)
}

/// How much room there is where builds go.
fn room(out: &Path) -> Examined {
    // The nearest directory that is there.
    let out = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    let there: PathBuf = out.ancestors().find(|dir| dir.is_dir()).unwrap_or(Path::new("/")).to_owned();
    let bytes = free(&there);
    let ok = bytes.is_none_or(|bytes| bytes >= ROOM);
    Examined {
        purpose: Purpose::Building,
        name: "room".into(),
        ok,
        required: true,
        found: bytes
            .map_or_else(|| "unknown".to_owned(), |bytes| format!("{} GiB free in {}", bytes >> 30, there.display())),
        needed_for: format!("sources and objects of one kernel: {} GiB for a small one", ROOM >> 30),
        packages: Vec::new(),
        hints: if ok { Vec::new() } else { vec!["free some space, or build elsewhere: --out DIR".into()] },
    }
}

/// Whether kernels run on the processor itself.
fn kvm() -> Examined {
    let machine = Arch::host().and_then(Machine::of).filter(|machine| find(machine.program).is_some());
    let there = Path::new("/dev/kvm").exists();
    let works = machine.is_some_and(|machine| machine.accelerator() == Accelerator::Kvm);
    let found = match (machine.is_some(), there, works) {
        (_, _, true) => "works",
        (false, ..) => "not tried, since there is no qemu for this machine",
        (true, false, _) => "there is no /dev/kvm: kernels are interpreted, which is several times slower",
        (true, true, _) => {
            "/dev/kvm is there, but no virtual machine can be made: kernels are interpreted, which is several times slower"
        }
    };
    Examined {
        purpose: Purpose::Booting,
        name: "KVM".into(),
        ok: works,
        required: false,
        found: found.into(),
        needed_for: "booting kernels of this machine's architecture fast".into(),
        packages: Vec::new(),
        hints: Vec::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::event::{Interrupt, Silent};

    #[test]
    fn what_is_there_has_a_version_and_what_is_not_a_package() {
        let distribution = Distribution::parse("ID=debian\nVERSION_ID=\"12\"\n");
        let doctor = Doctor { distribution: &distribution };
        let found = doctor.program(Purpose::Helpers, ("tar", "tar"), false, "x");
        assert!(found.ok && found.packages.is_empty() && found.found.contains("tar"), "{found:?}");
        let missing = doctor.program(Purpose::Helpers, ("no-such-program", "some-package"), true, "x");
        assert!(!missing.ok && missing.found == "not installed");
        assert_eq!(missing.packages, ["some-package"]);
    }

    #[test]
    fn everything_is_looked_at_once() {
        let distribution = Distribution::parse("");
        let watch = Watch { observer: &Silent, interrupt: &Interrupt::new() };
        let all = examine(Path::new("/no/such/directory"), &distribution, watch);
        let mut names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        for wanted in [
            "make",
            "gelf.h",
            "xz",
            "gcc for aarch64",
            "docker",
            "buildah",
            "qemu-system-riscv64",
            "KVM",
            "ccache",
            "room",
        ] {
            assert!(names.contains(&wanted), "{wanted}");
        }
        assert!(all.is_sorted_by_key(|one| one.purpose), "what belongs together stands together");
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "nothing is there twice");
        assert!(
            all.iter()
                .filter(|one| one.required)
                .all(|one| one.ok || !one.packages.is_empty() || !one.hints.is_empty())
        );
    }
}
