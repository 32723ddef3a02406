//! Progress on a terminal: a line at the bottom that comes late, changes seldom and leaves no trace.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use dialoguer::console::truncate_str;

use kpatch::event::{Event, Observer};

use crate::render::{Paint, Style};
use crate::ui::labelled;

/// Work that is done within this time shows nothing.
const SILENCE: Duration = Duration::from_millis(250);
/// Not more than 30 pictures a second.
const TICK: Duration = Duration::from_millis(34);

/// Draws the events of one piece of work until it is dropped.
pub(crate) struct Progress {
    shared: Arc<Shared>,
    drawer: Option<JoinHandle<()>>,
}

struct Shared {
    line: Mutex<Line>,
    ended: Condvar,
}

/// What is known, and what of it is on the terminal.
struct Line {
    out: Box<dyn Write + Send>,
    paint: Paint,
    /// Columns of the terminal; without one only warnings are printed.
    width: Option<usize>,
    stage: Option<(Cow<'static, str>, Option<usize>)>,
    steps: usize,
    changed: bool,
    on_screen: bool,
    quiet_until: Instant,
    ended: bool,
}

impl Progress {
    /// Starts to listen. Without a `width` no progress is drawn, but warnings are still printed.
    pub(crate) fn start(out: Box<dyn Write + Send>, width: Option<usize>, paint: Paint) -> Self {
        let line = Line {
            out,
            paint,
            width,
            stage: None,
            steps: 0,
            changed: false,
            on_screen: false,
            quiet_until: Instant::now() + SILENCE,
            ended: false,
        };
        let shared = Arc::new(Shared { line: Mutex::new(line), ended: Condvar::new() });
        // A drawer of its own, since a stage may take long without a step. If there is no thread, there is no picture.
        let drawer = width.and_then(|_| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("progress".into()).spawn(move || shared.draw()).ok()
        });
        Self { shared, drawer }
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event) {
        let mut line = self.shared.lock();
        match event {
            Event::Stage { name, total } => {
                line.stage = Some((name.clone(), *total));
                line.steps = 0;
                line.changed = true;
            }
            Event::Step => {
                line.steps += 1;
                line.changed = true;
            }
            Event::Note(text) => line.say(Style::Dim, "", text),
            Event::Warning(text) => line.say(Style::Warn, "warning: ", text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.ended.notify_all();
        if let Some(drawer) = self.drawer.take() {
            // A drawer that panicked has drawn its last; the work itself went well.
            let _ = drawer.join();
        }
    }
}

impl Shared {
    /// The line stays usable whatever became of another thread: it is only a picture.
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self) {
        let mut line = self.lock();
        while !line.ended {
            (line, _) = self.ended.wait_timeout(line, TICK).unwrap_or_else(PoisonError::into_inner);
            if !line.ended && line.changed && Instant::now() >= line.quiet_until {
                line.show();
            }
        }
        line.clear();
    }
}

impl Line {
    /// The words, as git puts them: `carrying patches:  16% (34/208)`.
    fn words(&self) -> String {
        let Some((name, total)) = &self.stage else { return String::new() };
        let mut words = name.clone().into_owned();
        match *total {
            Some(total) if total > 0 => {
                let percent = self.steps.min(total) * 100 / total;
                let _ = write!(words, ": {percent:3}% ({}/{total})", self.steps);
            }
            _ if self.steps > 0 => {
                let _ = write!(words, ": {}", self.steps);
            }
            _ => words.push('…'),
        }
        words
    }

    fn show(&mut self) {
        // One column stays free: a full line would wrap on some terminals.
        let room = self.width.unwrap_or(0).saturating_sub(1);
        let words = self.words();
        let words = truncate_str(&words, room, "…");
        let _ = write!(self.out, "\r\x1b[K{words}").and_then(|()| self.out.flush());
        self.on_screen = true;
        self.changed = false;
    }

    fn clear(&mut self) {
        if self.on_screen {
            let _ = self.out.write_all(b"\r\x1b[K").and_then(|()| self.out.flush());
            self.on_screen = false;
        }
    }

    /// Prints lines that stay.
    fn say(&mut self, style: Style, label: &str, text: &str) {
        self.clear();
        let lines = labelled(self.paint, style, label, text);
        let _ = self.out.write_all(lines.as_bytes()).and_then(|()| self.out.flush());
        self.changed = true;
        self.quiet_until = Instant::now() + SILENCE;
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Screen {
        fn text(&self) -> String {
            String::from_utf8_lossy(&self.0.lock().expect("no panic while writing")).into_owned()
        }
    }

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic while writing").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn watched(width: Option<usize>, wait: Duration, events: &[Event]) -> String {
        let screen = Screen::default();
        let progress = Progress::start(Box::new(screen.clone()), width, Paint(false));
        for event in events {
            progress.event(event);
        }
        thread::sleep(wait);
        drop(progress);
        screen.text()
    }

    #[test]
    fn short_work_shows_nothing() {
        let events = [Event::Stage { name: "reading".into(), total: None }, Event::Step];
        assert_eq!(watched(Some(80), Duration::from_millis(20), &events), "");
    }

    #[test]
    fn long_work_shows_a_line_and_clears_it() {
        let events = [Event::Stage { name: "carrying patches".into(), total: Some(208) }, Event::Step];
        let shown = watched(Some(80), Duration::from_millis(450), &events);
        assert_eq!(shown, "\r\x1b[Kcarrying patches:   0% (1/208)\r\x1b[K");
    }

    #[test]
    fn without_a_terminal_only_warnings_are_printed() {
        let events = [Event::Stage { name: "reading".into(), total: None }, Event::Warning("odd\x1b[2J name".into())];
        assert_eq!(watched(None, Duration::from_millis(300), &events), "warning: odd\\u{1b}[2J name\n");
    }
}
