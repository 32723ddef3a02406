//! What a kernel says on its console.

use super::init::{END, LIVE, LOAD, MARK, RELEASE};
use crate::text::visible;

/// Longest line that is kept, in bytes; the rest of a longer one becomes another line.
const LINE_MAX: usize = 4096;
/// How many of the last lines are kept.
const KEPT: usize = 30;
/// Most warnings of the kernel that are kept.
const WARNINGS: usize = 20;
/// How kernels begin to say why they stop.
const PANIC: &str = "Kernel panic - not syncing: ";
/// How they begin to say that something is wrong although they go on.
const TROUBLE: [&str; 5] = ["BUG: ", "WARNING: CPU:", "Oops: ", "Internal error: ", "Unable to handle kernel "];

/// What became of one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) name: String,
    /// The number of the error, 0 for none.
    pub(super) error: u32,
    /// Whether `/proc/modules` names it; `None` if that cannot be read.
    pub(super) live: Option<bool>,
}

/// Reads a console as it grows.
#[derive(Debug, Default)]
pub(super) struct Console {
    partial: Vec<u8>,
    /// What `uname -r` says.
    pub(super) release: Option<String>,
    /// The modules, in the order in which they were loaded.
    pub(super) loaded: Vec<Loaded>,
    /// The first program has said its last.
    pub(super) ended: bool,
    /// Why the kernel stopped.
    pub(super) panic: Option<String>,
    /// Where the kernel says that something is wrong with it.
    pub(super) warnings: Vec<String>,
    /// The last lines, harmless to print.
    pub(super) last: Vec<String>,
}

impl Console {
    /// Takes what came next. Returns the lines that are complete, harmless to print.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            if *byte == b'\n' || self.partial.len() >= LINE_MAX {
                lines.push(self.line());
            }
            if *byte != b'\n' {
                self.partial.push(*byte);
            }
        }
        lines
    }

    /// What came after the last line, if there is any.
    pub(super) fn rest(&mut self) -> Option<String> {
        (!self.partial.is_empty()).then(|| self.line())
    }

    fn line(&mut self) -> String {
        let bytes = std::mem::take(&mut self.partial);
        // Firmware and terminals end lines with \r\n; zeros come from a kernel without a log.
        let bytes: Vec<u8> = bytes.into_iter().filter(|byte| !matches!(byte, b'\r' | 0)).collect();
        let line = visible(&bytes);
        if let Some((_, said)) = line.split_once(MARK) {
            self.said(said);
        } else if let Some((_, why)) = line.split_once(PANIC) {
            self.panic.get_or_insert_with(|| why.trim_end_matches(" ]---").to_owned());
        } else if TROUBLE.iter().any(|trouble| line.contains(trouble)) && self.warnings.len() < WARNINGS {
            self.warnings.push(line.clone());
        }
        if self.last.len() == KEPT {
            self.last.remove(0);
        }
        self.last.push(line.clone());
        line
    }

    fn said(&mut self, said: &str) {
        let (word, rest) = said.split_once(' ').unwrap_or((said, ""));
        match word {
            RELEASE => self.release = Some(rest.trim().to_owned()),
            LOAD => {
                if let Some((name, error)) = rest.trim().rsplit_once(' ')
                    && let Ok(error) = error.parse()
                {
                    self.loaded.push(Loaded { name: name.to_owned(), error, live: None });
                }
            }
            LIVE => {
                if let Some(module) = self.loaded.last_mut() {
                    let first = rest.split_whitespace().next();
                    module.live = first.map(|name| name == module.name);
                }
            }
            END => self.ended = true,
            _ => {}
        }
    }
}

/// The names of errors that loading a module gives, see `finit_module(2)`, with what they mean there.
pub(super) fn error_name(number: u32) -> String {
    let known = match number {
        1 => "EPERM: not permitted",
        2 => "ENOENT: a symbol that it needs is not there",
        8 => "ENOEXEC: it is no module for this kernel",
        12 => "ENOMEM: not enough memory",
        16 => "EBUSY: what it needs is taken",
        17 => "EEXIST: it is there already",
        19 => "ENODEV: its device is not there",
        22 => "EINVAL: it, or a parameter, is not valid",
        38 => "ENOSYS: the kernel loads no modules",
        129 => "EKEYREJECTED: its signature is not accepted",
        _ => return format!("error {number}"),
    };
    known.to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_program_says_is_understood_in_pieces() {
        let text = "Booting\x1b[2J\r\n[    0.5] kpatch-boot: release 6.6.13-linuxkit\r\n\
            [    0.6][    T1] kpatch-boot: load crc7 0\r\nkpatch-boot: live crc7 12288 0 - Live 0x0\r\n\
            kpatch-boot: load bad 8\nkpatch-boot: live crc7 12288 0 - Live 0x0\nkpatch-boot: load x 0\nkpatch-boot: live \0\0\n\
            kpatch-boot: end \nrest";
        for size in [1, 3, 1000] {
            let mut console = Console::default();
            let lines: Vec<String> = text.as_bytes().chunks(size).flat_map(|part| console.feed(part)).collect();
            assert_eq!(lines[0], "Booting\\u{1b}[2J");
            assert_eq!(console.release.as_deref(), Some("6.6.13-linuxkit"));
            let loaded: Vec<_> = console.loaded.iter().map(|m| (m.name.as_str(), m.error, m.live)).collect();
            assert_eq!(loaded, [("crc7", 0, Some(true)), ("bad", 8, Some(false)), ("x", 0, None)]);
            assert!(console.ended && console.panic.is_none());
            assert_eq!(console.rest().as_deref(), Some("rest"));
        }
    }

    #[test]
    fn panics_and_warnings_are_seen_and_nothing_grows_without_end() {
        let mut console = Console::default();
        console.feed(b"[ 1.0] BUG: kernel NULL pointer dereference\n");
        console.feed(b"[ 1.0] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs ]---\n");
        assert_eq!(console.panic.as_deref(), Some("VFS: Unable to mount root fs"));
        assert_eq!(console.warnings.len(), 1);
        console.feed(&vec![b'x'; 3 * LINE_MAX]);
        assert!(console.partial.len() <= LINE_MAX);
        (0..1000).for_each(|_| drop(console.feed(b"WARNING: CPU: 0\n")));
        assert!(console.last.len() == KEPT && console.warnings.len() == WARNINGS);
    }
}
