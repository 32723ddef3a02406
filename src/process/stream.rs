//! A child whose lines are read while it runs.

use std::io::{self, Read as _, Write};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::{Command, Error, Exit, Running};
use crate::event::Interrupt;

/// How often the user's wish to stop is looked at.
const TICK: Duration = Duration::from_millis(50);
/// A line of more bytes is shown in pieces.
const LONGEST: usize = 64 * 1024;

impl Command {
    /// Runs the child to its end, whatever its exit status is. What it says on standard output and standard error, in the order in which
    /// it comes, goes to `log` as it is, and to `line` line by line, without line ends.
    ///
    /// # Errors
    /// When it cannot be started, when the log cannot be written, and when `interrupt` was raised: then the child and all of its
    /// process group are ended.
    pub fn stream(
        self,
        interrupt: &Interrupt,
        log: &mut dyn Write,
        line: &mut dyn FnMut(&[u8]),
    ) -> Result<Exit, Error> {
        let name = self.to_string();
        let failed = |source: io::Error| Error::Io { command: name.clone(), source };
        let (mut reader, writer) = io::pipe().map_err(failed)?;
        let other = writer.try_clone().map_err(failed)?;
        let running = self.start_with(Stdio::from(writer), Stdio::from(other))?;
        let (sender, pieces) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            // Nobody listens any more once the child was ended early.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        follow(&pieces, interrupt, log, line, &running)?;
        Ok(running.wait()?.status)
    }
}

/// Hands on what comes until all ends of the pipe are closed.
fn follow(
    pieces: &Receiver<Vec<u8>>,
    interrupt: &Interrupt,
    log: &mut dyn Write,
    line: &mut dyn FnMut(&[u8]),
    running: &Running,
) -> Result<(), Error> {
    let mut rest: Vec<u8> = Vec::new();
    loop {
        if interrupt.is_raised() {
            return Err(Error::Interrupted { command: running.line().to_owned() });
        }
        let piece = match pieces.recv_timeout(TICK) {
            Ok(piece) => piece,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        log.write_all(&piece).map_err(|source| Error::Io { command: running.line().to_owned(), source })?;
        rest.extend_from_slice(&piece);
        let mut start = 0;
        while let Some(end) = memchr::memchr(b'\n', &rest[start..]) {
            line(&rest[start..start + end]);
            start += end + 1;
        }
        rest.drain(..start);
        if rest.len() > LONGEST {
            line(&rest);
            rest.clear();
        }
    }
    if !rest.is_empty() {
        line(&rest);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::time::Instant;

    use super::*;

    fn run(script: &str, interrupt: &Interrupt) -> (Result<Exit, Error>, Vec<u8>, Vec<String>) {
        let (mut log, mut lines) = (Vec::new(), Vec::new());
        let mut line = |text: &[u8]| {
            if text == b"stop" {
                interrupt.raise();
            }
            lines.push(String::from_utf8_lossy(text).into_owned());
        };
        let end = Command::new("sh").args(["-c", script]).stream(interrupt, &mut log, &mut line);
        (end, log, lines)
    }

    #[test]
    fn both_streams_come_as_one() {
        let (end, log, lines) = run("echo one; echo two >&2; printf three; exit 3", &Interrupt::new());
        assert_eq!(end.unwrap().code(), Some(3));
        assert_eq!(log, b"one\ntwo\nthree");
        assert_eq!(lines, ["one", "two", "three"]);
        assert!(matches!(run("exit 0", &Interrupt::new()), (Ok(end), log, _) if end.success() && log.is_empty()));
    }

    #[test]
    fn an_interrupt_ends_the_whole_group() {
        let start = Instant::now();
        let (end, _, lines) = run("sleep 60 & echo stop; sleep 60", &Interrupt::new());
        assert!(end.unwrap_err().is_interrupted());
        assert_eq!(lines, ["stop"]);
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
