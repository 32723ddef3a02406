//! The first program of a kernel that is booted for a test: says which kernel it is, loads modules, and restarts.
//!
//! It speaks to the kernel's log (`/dev/kmsg`), so that each of its lines comes to the console whole, whatever the kernel says at
//! the same moment; without a log, to the console itself.

use super::machine::{Call, Program, Word};
use crate::arch::Arch;

/// What stands before everything that it says.
pub(super) const MARK: &str = "kpatch-boot: ";
/// The words after the mark.
pub(super) const RELEASE: &str = "release";
/// Before a module's name and the number of the error, 0 if it was loaded.
pub(super) const LOAD: &str = "load";
/// Before the first line of `/proc/modules`, which is that of the module that came last.
pub(super) const LIVE: &str = "live";
/// The last thing that is said.
pub(super) const END: &str = "end";

/// `AT_FDCWD`: paths are relative to the current directory.
const HERE: Word = Word::Is(-100_i32 as u32);
/// Standard output.
const OUT: Word = Word::Is(1);
/// The size of `struct utsname`, and where in it the release is, which is a text in 65 bytes.
const UTSNAME: usize = 390;
const UTSNAME_RELEASE: (u32, u64) = (130, 65);
/// How much of `/proc/modules` is read: more than the longest line of a module that none depends on.
const LIVE_BYTES: usize = 128;
/// As many errors as a system call can return.
const ERRORS: u32 = 4096;

/// A module to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    /// Its name.
    pub(super) name: String,
    /// Where it is.
    pub(super) path: String,
    /// Its parameters, as `modprobe` takes them.
    pub(super) parameters: String,
}

/// The program; `None` for an architecture that it is not known for.
pub(super) fn program(arch: Arch, modules: &[Module]) -> Option<Vec<u8>> {
    let mut init = Init::default();
    init.open("/dev/kmsg", 1);
    init.program.call(Call::Dup3, [Word::Result, OUT, Word::Is(0)]);
    let (proc, nothing) = (init.program.text("proc"), init.program.text(""));
    let place = init.program.text("/proc");
    init.program.call(Call::Mount, [proc, place, proc, 0, nothing].map(Word::Is));
    let names = init.program.room(UTSNAME);
    init.program.call(Call::Uname, [Word::Is(names)]);
    init.say(RELEASE, &[(names + UTSNAME_RELEASE.0, UTSNAME_RELEASE.1)]);
    for module in modules {
        init.load(module);
    }
    init.say(END, &[]);
    init.program.call(Call::Sync, []);
    // See reboot(2); without a way to turn the power off, every machine can be told not to start again.
    init.program.call(Call::Reboot, [0xfee1_dead, 672_274_793, 0x0123_4567, 0].map(Word::Is));
    init.program.executable(arch)
}

#[derive(Default)]
struct Init {
    program: Program,
    /// The decimal numbers of all errors, four bytes each.
    errors: Option<u32>,
}

impl Init {
    fn open(&mut self, path: &str, flags: u32) {
        let path = self.program.text(path);
        self.program.call(Call::OpenAt, [HERE, Word::Is(path), Word::Is(flags)]);
    }

    /// Says a line: the mark, the word, and parts of the memory by address and length.
    fn say(&mut self, word: &str, parts: &[(u32, u64)]) {
        let head = format!("{MARK}{word} ");
        let head = (self.program.data(head.as_bytes()), head.len() as u64);
        let end = (self.program.data(b"\n"), 1);
        let all: Vec<(u32, u64)> = [&[head], parts, &[end]].concat();
        let vector: Vec<u8> =
            all.iter().flat_map(|(at, length)| [u64::from(*at).to_le_bytes(), length.to_le_bytes()].concat()).collect();
        let vector = self.program.data(&vector);
        self.program.call(Call::Writev, [OUT, Word::Is(vector), Word::Is(all.len() as u32)]);
    }

    fn load(&mut self, module: &Module) {
        let parameters = self.program.text(&module.parameters);
        self.open(&module.path, 0);
        self.program.call(Call::FinitModule, [Word::Result, Word::Is(parameters), Word::Is(0)]);
        let table = self.errors();
        // The vector of this line is written by the program itself, once it knows the error.
        let head = format!("{MARK}{LOAD} {} ", module.name);
        let (at, end) = (self.program.data(head.as_bytes()), self.program.data(b"\n"));
        let vector = [(at, head.len() as u64), (0, 4), (end, 1)];
        let bytes: Vec<u8> = vector
            .iter()
            .flat_map(|(at, length)| [u64::from(*at).to_le_bytes(), length.to_le_bytes()].concat())
            .collect();
        let vector = self.program.data(&bytes);
        self.program.select(table, vector + 16);
        self.program.call(Call::Writev, [OUT, Word::Is(vector), Word::Is(3)]);
        self.open("/proc/modules", 0);
        let room = self.program.room(LIVE_BYTES);
        self.program.call(Call::Read, [Word::Result, Word::Is(room), Word::Is(LIVE_BYTES as u32)]);
        self.say(LIVE, &[(room, LIVE_BYTES as u64)]);
    }

    fn errors(&mut self) -> u32 {
        *self.errors.get_or_insert_with(|| {
            let mut table = Vec::new();
            for number in 0..ERRORS {
                table.extend_from_slice(number.to_string().as_bytes());
                table.resize((number as usize + 1) * 4, 0);
            }
            self.program.data(&table)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::process::Command;

    #[test]
    fn the_program_is_the_same_every_time_and_holds_what_it_says() {
        let modules = [Module { name: "crc7".into(), path: "/modules/crc7.ko".into(), parameters: "a=1".into() }];
        let program = |arch| program(arch, &modules);
        for arch in [Arch::X86_64, Arch::Aarch64, Arch::Riscv64] {
            let bytes = program(arch).unwrap();
            assert_eq!(bytes, program(arch).unwrap());
            for text in ["kpatch-boot: release ", "kpatch-boot: load crc7 ", "/modules/crc7.ko\0", "a=1\0", "4095"] {
                assert!(bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{text}");
            }
        }
        assert_eq!(program(Arch::S390x), None);
    }

    #[test]
    fn it_speaks_to_the_kernel_of_this_machine() {
        // What loads and says, without what mounts and restarts.
        let mut init = Init::default();
        let names = init.program.room(UTSNAME);
        init.program.call(Call::Uname, [Word::Is(names)]);
        init.say(RELEASE, &[(names + UTSNAME_RELEASE.0, UTSNAME_RELEASE.1)]);
        init.load(&Module { name: "none".into(), path: "/no/such/file".into(), parameters: String::new() });
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("init");
        std::fs::write(&path, init.program.executable(Arch::host().unwrap()).unwrap()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        // It goes round in circles at its end.
        let ended = Command::new("timeout").arg("0.5").arg(&path).output().unwrap();
        let said = String::from_utf8(ended.stdout).unwrap().replace('\0', "");
        let release = Command::new("uname").arg("-r").run().unwrap().stdout;
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], format!("kpatch-boot: release {}", String::from_utf8(release).unwrap().trim()));
        // No file, no right to load one, or a kernel that loads none.
        let refused = ["9", "1", "38"].map(|error| format!("kpatch-boot: load none {error}"));
        assert!(refused.iter().any(|line| line == lines[1]), "{said}");
        assert!(lines[2].starts_with("kpatch-boot: live"), "{said}");
    }
}
