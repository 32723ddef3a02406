//! A child that runs, and how it ends.

use std::io::{self, BufWriter, Read, Write};
use std::process::{Child, ChildStdin};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{Error, Exit, Output, without_passwords};
use crate::event::Interrupt;
use crate::text::visible;

/// How much of a child's standard error is kept, in bytes: its end, where the reason of a failure stands.
const STDERR_KEPT: usize = 64 * 1024;
/// How many lines of standard error an [`Error::Failed`] carries.
const STDERR_LINES: usize = 12;
/// How often the interrupt flag and the clock are looked at while a child runs.
const TICK: Duration = Duration::from_millis(50);
/// How long a child may take to clean up after being asked to end.
const GRACE: Duration = Duration::from_secs(2);

/// What the reading threads tell.
enum Report {
    Stdout(io::Result<Vec<u8>>),
    TooMuch(usize),
    Stderr(Vec<u8>),
}

fn read_stdout(mut pipe: impl Read, limit: usize, sender: &Sender<Report>) {
    let mut all = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let result = pipe.by_ref().take(most).read_to_end(&mut all);
    let report = match result {
        Ok(_) if all.len() > limit => Report::TooMuch(limit),
        Ok(_) => Report::Stdout(Ok(all)),
        Err(error) => Report::Stdout(Err(error)),
    };
    // Nobody listens any more once the child was ended early.
    let _ = sender.send(report);
}

fn read_stderr(mut pipe: impl Read, sender: &Sender<Report>) {
    let mut kept = Vec::new();
    let mut chunk = [0; 8192];
    // An unreadable standard error is no reason to fail: the exit status decides.
    while let Ok(count @ 1..) = pipe.read(&mut chunk) {
        kept.extend_from_slice(&chunk[..count]);
        if kept.len() > 2 * STDERR_KEPT {
            kept.drain(..kept.len() - STDERR_KEPT);
        }
    }
    kept.drain(..kept.len().saturating_sub(STDERR_KEPT));
    let _ = sender.send(Report::Stderr(kept));
}

/// What a running child is held to.
#[derive(Debug)]
pub(super) struct Limits {
    /// Most bytes of standard output.
    pub(super) stdout: usize,
    /// When it has to be done, and how long that is after its start.
    pub(super) deadline: Option<(Instant, Duration)>,
    /// Ends it when raised.
    pub(super) interrupt: Option<Arc<Interrupt>>,
    /// Whether it leads a process group of its own.
    pub(super) own_group: bool,
}

/// A child that runs. With piped input, what is written here goes there. Dropping it ends the child.
///
/// A write fails when the child has ended or the work was interrupted; [`Running::finish`] then tells why.
#[derive(Debug)]
pub struct Running {
    child: Child,
    line: String,
    stdin: Option<BufWriter<ChildStdin>>,
    reports: Receiver<Report>,
    limits: Limits,
    ended: bool,
}

impl Running {
    /// Watches `child`, whose command line is shown as `line`; `stdin` is for the caller to write to.
    pub(super) fn new(mut child: Child, line: String, stdin: Option<ChildStdin>, limits: Limits) -> Self {
        let (sender, reports) = channel();
        if let Some(stdout) = child.stdout.take() {
            let (sender, limit) = (sender.clone(), limits.stdout);
            std::thread::spawn(move || read_stdout(stdout, limit, &sender));
        }
        if let Some(stderr) = child.stderr.take() {
            std::thread::spawn(move || read_stderr(stderr, &sender));
        }
        Self { child, line, stdin: stdin.map(BufWriter::new), reports, limits, ended: false }
    }

    /// Closes the input and waits for the end.
    ///
    /// # Errors
    /// As [`Command::run`](super::Command::run).
    pub fn finish(self) -> Result<Output, Error> {
        let (line, flag) = (self.line.clone(), self.limits.interrupt.clone());
        let output = self.wait()?;
        if output.status.success() {
            return Ok(output);
        }
        // On a terminal the child hears Ctrl-C as well, and may be faster.
        if flag.is_some_and(|flag| flag.is_raised()) {
            return Err(Error::Interrupted { command: line });
        }
        Err(Error::Failed { command: line, status: output.status, stderr: last_lines(&output.stderr) })
    }

    /// As [`Running::finish`], whatever the exit status is.
    ///
    /// # Errors
    /// As [`Command::output`](super::Command::output).
    pub fn wait(mut self) -> Result<Output, Error> {
        // Before the input is closed: a child must not take a part for the whole.
        self.check()?;
        if let Some(mut stdin) = self.stdin.take() {
            // As for bytes given at the start: the exit status tells whether a child that reads no more has failed.
            let _ = stdin.flush();
            // Without this, dropping the writer would try a second time.
            drop(stdin.into_parts());
        }
        let (mut stdout, mut stderr) = (None, None);
        while stdout.is_none() || stderr.is_none() {
            match self.reports.recv_timeout(TICK) {
                Ok(Report::Stdout(Ok(bytes))) => stdout = Some(bytes),
                Ok(Report::Stdout(Err(source))) => return Err(self.io(source)),
                Ok(Report::TooMuch(limit)) => {
                    return Err(Error::TooMuchOutput { command: self.line.clone(), limit });
                }
                Ok(Report::Stderr(bytes)) => stderr = Some(bytes),
                Err(RecvTimeoutError::Timeout) => self.check()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let mut pause = Duration::from_micros(100);
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => self.check()?,
                Err(source) => return Err(self.io(source)),
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(TICK);
        };
        self.ended = true;
        Ok(Output { status: Exit(status), stdout: stdout.unwrap_or_default(), stderr: stderr.unwrap_or_default() })
    }

    /// The process id, as the system counts them.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The command line, for display.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    fn io(&self, source: io::Error) -> Error {
        Error::Io { command: self.line.clone(), source }
    }

    /// Fails when the user or the clock wants an end.
    fn check(&self) -> Result<(), Error> {
        if self.is_interrupted() {
            return Err(Error::Interrupted { command: self.line.clone() });
        }
        match self.limits.deadline {
            Some((end, limit)) if Instant::now() >= end => Err(Error::TimedOut { command: self.line.clone(), limit }),
            _ => Ok(()),
        }
    }

    fn is_interrupted(&self) -> bool {
        self.limits.interrupt.as_ref().is_some_and(|flag| flag.is_raised())
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        // The only failure is that there is nobody left to tell.
        let _ = if self.limits.own_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    }
}

impl Write for Running {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_interrupted() {
            // Not `ErrorKind::Interrupted`: that one means "try again".
            return Err(io::Error::other("interrupted"));
        }
        match &mut self.stdin {
            Some(stdin) => stdin.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // First the polite way: git removes its lock files then.
        self.signal(Signal::TERM);
        if let Some(stdin) = self.stdin.take() {
            drop(stdin.into_parts());
        }
        let end = Instant::now() + GRACE;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// The last lines of a standard error, for display.
fn last_lines(stderr: &[u8]) -> String {
    // Progress overwrites its line with carriage returns; only what stands last was meant to stay.
    let lines = stderr.split(|byte| *byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.rsplit(|byte| *byte == b'\r').next().unwrap_or(line)
    });
    let lines: Vec<String> =
        lines.filter(|line| !line.trim_ascii().is_empty()).map(|line| without_passwords(&visible(line))).collect();
    lines[lines.len().saturating_sub(STDERR_LINES)..].join("\n")
}
