//! Programs that are nothing but system calls, as executables for each architecture.
//!
//! The first program of a kernel that is booted for a test does a few dozen system calls in a row and needs neither a branch nor
//! a loop. That is so little that the instructions are written here: no shell or C library of the target has to be found, and no
//! cross compiler. Numbers of calls are those of `arch/x86/entry/syscalls/syscall_64.tbl` and of
//! `include/uapi/asm-generic/unistd.h` in the kernel's sources; encodings are those of the manuals of the architectures.

use crate::arch::Arch;

/// Where the program is loaded: free on all architectures, and below two gigabytes, so that an address is a small number.
const BASE: u32 = 0x40_0000;
/// The ELF header and one program header.
const HEADERS: u32 = 64 + 56;

/// The system calls that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Dup3,
    FinitModule,
    Mount,
    OpenAt,
    Read,
    Reboot,
    Sync,
    Uname,
    Writev,
}

impl Call {
    /// Its number on `x86_64`, and that on the architectures which came later.
    fn number(self, arch: Arch) -> u32 {
        let (x86, generic) = match self {
            Self::Dup3 => (292, 24),
            Self::FinitModule => (313, 273),
            Self::Mount => (165, 40),
            Self::OpenAt => (257, 56),
            Self::Read => (0, 63),
            Self::Reboot => (169, 142),
            Self::Sync => (162, 81),
            Self::Uname => (63, 160),
            Self::Writev => (20, 66),
        };
        if arch == Arch::X86_64 { x86 } else { generic }
    }
}

/// An argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A number, or an address in the program.
    Is(u32),
    /// What the call before returned.
    Result,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Call(Call, Vec<Word>),
    /// Writes the address `table + 4 * -result` to `slot`, the result being that of the call before.
    Select {
        table: u32,
        slot: u32,
    },
}

/// A program in the making: data first, then the steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    data: Vec<u8>,
    steps: Vec<Step>,
}

impl Program {
    /// Puts bytes into the program, on a multiple of eight, and returns their address.
    pub(super) fn data(&mut self, bytes: &[u8]) -> u32 {
        self.data.resize(self.data.len().next_multiple_of(8), 0);
        let address = BASE + HEADERS + self.data.len() as u32;
        self.data.extend_from_slice(bytes);
        address
    }

    /// A text with the zero that ends it.
    pub(super) fn text(&mut self, text: &str) -> u32 {
        self.data(&[text.as_bytes(), &[0]].concat())
    }

    /// Room for what a call writes.
    pub(super) fn room(&mut self, bytes: usize) -> u32 {
        self.data(&vec![0; bytes])
    }

    /// One more call.
    pub(super) fn call(&mut self, call: Call, args: impl Into<Vec<Word>>) {
        self.steps.push(Step::Call(call, args.into()));
    }

    /// After a call that returns zero or a negative number: writes the address of the entry for it in a table with entries of four
    /// bytes to `slot`, as a word of eight bytes.
    pub(super) fn select(&mut self, table: u32, slot: u32) {
        self.steps.push(Step::Select { table, slot });
    }

    /// The executable; `None` for an architecture whose instructions are not known here.
    pub(super) fn executable(&self, arch: Arch) -> Option<Vec<u8>> {
        let (code, machine) = match arch {
            Arch::X86_64 => (x86::code(&self.steps), 62),
            Arch::Aarch64 => (arm::code(&self.steps), 183),
            Arch::Riscv64 => (riscv::code(&self.steps), 243),
            Arch::S390x => return None,
        };
        let mut data = self.data.clone();
        data.resize(data.len().next_multiple_of(8), 0);
        let entry = BASE + HEADERS + data.len() as u32;
        Some([elf_headers(machine, entry, HEADERS as usize + data.len() + code.len()), data, code].concat())
    }
}

/// The headers of an executable with one segment that holds everything, see elf(5).
fn elf_headers(machine: u16, entry: u32, size: usize) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    let half = |bytes: &mut Vec<u8>, value: u16| bytes.extend_from_slice(&value.to_le_bytes());
    let word = |bytes: &mut Vec<u8>, value: u32| bytes.extend_from_slice(&value.to_le_bytes());
    let long = |bytes: &mut Vec<u8>, value: u64| bytes.extend_from_slice(&value.to_le_bytes());
    half(&mut bytes, 2); // an executable
    half(&mut bytes, machine);
    word(&mut bytes, 1);
    long(&mut bytes, u64::from(entry));
    long(&mut bytes, 64); // where the program headers are
    long(&mut bytes, 0); // no sections
    word(&mut bytes, 0);
    for value in [64, 56, 1, 0, 0, 0] {
        half(&mut bytes, value); // sizes and numbers of headers
    }
    word(&mut bytes, 1); // to be loaded
    word(&mut bytes, 7); // readable, writable, executable
    long(&mut bytes, 0);
    long(&mut bytes, u64::from(BASE));
    long(&mut bytes, u64::from(BASE));
    long(&mut bytes, size as u64);
    long(&mut bytes, size as u64);
    long(&mut bytes, 0x1_0000); // the largest page that kernels have
    bytes
}

/// The arguments with their places, those first that the other ones would overwrite.
fn ordered(args: &[Word]) -> impl Iterator<Item = (usize, Word)> {
    let results = args.iter().copied().enumerate().rev().filter(|(_, word)| *word == Word::Result);
    results.chain(args.iter().copied().enumerate().filter(|(_, word)| *word != Word::Result))
}

mod x86 {
    use super::{Arch, Step, Word, ordered};

    /// The numbers of rdi, rsi, rdx, r10, r8 and r9.
    const ARGS: [u8; 6] = [7, 6, 2, 10, 8, 9];

    pub(super) fn code(steps: &[Step]) -> Vec<u8> {
        let mut code = Vec::new();
        for step in steps {
            match step {
                Step::Call(call, args) => {
                    ordered(args).for_each(|(at, word)| set(&mut code, ARGS[at], word));
                    set(&mut code, 0, Word::Is(call.number(Arch::X86_64)));
                    code.extend([0x0f, 0x05]); // syscall
                }
                Step::Select { table, slot } => {
                    code.extend([0x48, 0xf7, 0xd8]); // neg rax
                    code.extend([0x48, 0xc1, 0xe0, 2]); // shl rax, 2
                    code.extend([0x48, 0x05]); // add rax, table
                    code.extend(table.to_le_bytes());
                    code.extend([0x48, 0x89, 0x04, 0x25]); // mov [slot], rax
                    code.extend(slot.to_le_bytes());
                }
            }
        }
        code.extend([0xeb, 0xfe]); // jmp to itself
        code
    }

    fn set(code: &mut Vec<u8>, register: u8, word: Word) {
        let (high, low) = (register >> 3, register & 7);
        match word {
            Word::Is(value) => {
                if high == 1 {
                    code.push(0x41);
                }
                code.push(0xb8 | low); // mov register, value; the upper half becomes zero
                code.extend(value.to_le_bytes());
            }
            Word::Result => code.extend([0x48 | high, 0x89, 0xc0 | low]), // mov register, rax
        }
    }
}

mod arm {
    use super::{Arch, Step, Word, ordered};

    pub(super) fn code(steps: &[Step]) -> Vec<u8> {
        let mut code = Vec::new();
        for step in steps {
            match step {
                Step::Call(call, args) => {
                    ordered(args).for_each(|(at, word)| set(&mut code, at as u32, word));
                    set(&mut code, 8, Word::Is(call.number(Arch::Aarch64)));
                    code.push(0xd400_0001); // svc #0
                }
                Step::Select { table, slot } => {
                    set(&mut code, 9, Word::Is(*table));
                    set(&mut code, 10, Word::Is(*slot));
                    code.push(0xcb00_0929); // sub x9, x9, x0, lsl #2
                    code.push(0xf900_0149); // str x9, [x10]
                }
            }
        }
        code.push(0x1400_0000); // b to itself
        code.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    fn set(code: &mut Vec<u32>, register: u32, word: Word) {
        match word {
            Word::Is(value) => {
                code.push(0xd280_0000 | (value & 0xffff) << 5 | register); // movz
                code.push(0xf2a0_0000 | (value >> 16) << 5 | register); // movk, lsl #16
            }
            Word::Result if register == 0 => {}
            Word::Result => code.push(0xaa00_03e0 | register), // mov register, x0
        }
    }
}

mod riscv {
    use super::{Arch, Step, Word, ordered};

    /// The number of a0, in which arguments begin and results come.
    const A0: u32 = 10;

    pub(super) fn code(steps: &[Step]) -> Vec<u8> {
        let mut code = Vec::new();
        for step in steps {
            match step {
                Step::Call(call, args) => {
                    ordered(args).for_each(|(at, word)| set(&mut code, A0 + at as u32, word));
                    set(&mut code, A0 + 7, Word::Is(call.number(Arch::Riscv64)));
                    code.push(0x73); // ecall
                }
                Step::Select { table, slot } => {
                    set(&mut code, 5, Word::Is(*table));
                    code.push(2 << 20 | A0 << 15 | 1 << 12 | 6 << 7 | 0x13); // slli t1, a0, 2
                    code.push(0x20 << 25 | 6 << 20 | 5 << 15 | 5 << 7 | 0x33); // sub t0, t0, t1
                    set(&mut code, 6, Word::Is(*slot));
                    code.push(5 << 20 | 6 << 15 | 3 << 12 | 0x23); // sd t0, 0(t1)
                }
            }
        }
        code.push(0x6f); // j to itself
        code.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    fn set(code: &mut Vec<u32>, register: u32, word: Word) {
        match word {
            Word::Is(value) => {
                // The second instruction adds a number with a sign, for which the first one makes up.
                code.push(value.wrapping_add(0x800) & 0xffff_f000 | register << 7 | 0x37); // lui
                code.push((value & 0xfff) << 20 | register << 15 | register << 7 | 0x1b); // addiw
            }
            Word::Result if register == A0 => {}
            Word::Result => code.push(A0 << 15 | register << 7 | 0x13), // mv register, a0
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::text::hex;

    fn program() -> Program {
        let mut program = Program::default();
        let name = program.text("/x");
        program.call(Call::OpenAt, [Word::Is(0xffff_ff9c), Word::Is(name), Word::Is(0)]);
        program.call(Call::FinitModule, [Word::Result, Word::Is(name), Word::Is(0)]);
        program.select(name, name + 8);
        program.call(Call::Read, [Word::Is(3), Word::Result]);
        program
    }

    fn code(arch: Arch) -> Vec<u8> {
        let all = program().executable(arch).unwrap();
        all[HEADERS as usize + 8..].to_vec()
    }

    #[test]
    fn the_headers_are_those_of_an_executable() {
        let all = program().executable(Arch::Riscv64).unwrap();
        assert_eq!(&all[..20], b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0");
        let long = |at: usize| u64::from_le_bytes(all[at..at + 8].try_into().unwrap());
        assert_eq!(long(24), u64::from(BASE + HEADERS + 8), "the entry");
        assert_eq!((long(96), long(104)), (all.len() as u64, all.len() as u64), "the segment is the file");
        assert_eq!(&all[120..124], b"/x\0\0");
        assert_eq!(program().executable(Arch::S390x), None);
    }

    #[test]
    fn instructions_are_those_that_an_assembler_writes() {
        // From `objdump -d` of the same instructions, assembled by GNU as.
        let x86 = "bf9cffffff be78004000 ba00000000 b801010000 0f05 4889c7 be78004000 ba00000000 b839010000 0f05 \
                   48f7d8 48c1e002 480578004000 4889042580004000 4889c6 bf03000000 b800000000 0f05 ebfe";
        assert_eq!(hex(&code(Arch::X86_64)), x86.replace(' ', ""));
        let words = |arch| code(arch).chunks(4).map(|w| u32::from_le_bytes(w.try_into().unwrap())).collect::<Vec<_>>();
        assert_eq!(
            words(Arch::Aarch64)[..8],
            [0xd29f_f380, 0xf2bf_ffe0, 0xd280_0f01, 0xf2a0_0801, 0xd280_0002, 0xf2a0_0002, 0xd280_0708, 0xf2a0_0008]
        );
        assert_eq!(
            words(Arch::Riscv64)[..8],
            [0x0000_0537, 0xf9c5_051b, 0x0040_05b7, 0x0785_859b, 0x0000_0637, 0x0006_061b, 0x0000_08b7, 0x0388_889b]
        );
    }
}
