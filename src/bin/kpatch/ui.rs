//! The only door to the terminal: stdout carries the result, stderr all else.

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use dialoguer::console::Term;
use serde::Serialize;

use kpatch::event::Interrupt;
use kpatch::ops::{OpError, Places, Watch};
use kpatch::text::visible;

use crate::cli::{Color, Global};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::render::{Detail, Paint, Style, View, json};

/// Columns where there is no terminal to ask.
const WIDTH: usize = 80;

/// What all verbs share: where things are, and how to talk to the user.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the streams, no state machine")]
pub(crate) struct Ui {
    places: Places,
    json: bool,
    view: View,
    out: Box<dyn Write>,
    /// The reader of stdout went away.
    unread: bool,
    err: Box<dyn Write>,
    err_paint: Paint,
    /// Whether stderr shows progress.
    progress: bool,
    /// Whether somebody is there to answer.
    attended: bool,
    interrupt: Arc<Interrupt>,
}

impl Ui {
    /// The process's own terminal.
    pub(crate) fn new(global: &Global) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let detail = match (global.quiet, global.verbose) {
            (true, _) => Detail::Head,
            (_, true) => Detail::Full,
            _ => Detail::Usual,
        };
        let size = Term::stdout().size_checked();
        let width = size.map_or(WIDTH, |(_, columns)| usize::from(columns));
        Self {
            places: global.places(),
            json: global.json,
            view: View { width, paint: paint(global.color, stdout.is_terminal()), detail },
            err_paint: paint(global.color, stderr.is_terminal()),
            progress: stderr.is_terminal()
                && !global.quiet
                && !global.json
                && env::var_os("TERM").is_none_or(|t| t != "dumb"),
            attended: io::stdin().is_terminal() && stderr.is_terminal() && !global.json,
            out: Box::new(stdout),
            unread: false,
            err: Box::new(stderr),
            interrupt: Arc::new(Interrupt::new()),
        }
    }

    /// The flag that Ctrl-C raises.
    pub(crate) fn interrupt(&self) -> Arc<Interrupt> {
        Arc::clone(&self.interrupt)
    }

    /// Where the kit and the linux tree are.
    pub(crate) fn places(&self) -> Places {
        self.places.clone()
    }

    /// Whether the result is to be JSON.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// How text is to look.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// Runs long work, with progress on stderr while it lasts.
    pub(crate) fn working<T>(&self, work: impl FnOnce(Watch<'_>) -> T) -> T {
        let progress = Progress::start(Box::new(io::stderr()), self.progress.then(err_width), self.err_paint);
        work(Watch { observer: &progress, interrupt: &self.interrupt })
    }

    /// Prints a verb's reports, as text or, if asked for, as JSON.
    pub(crate) fn show<R: Serialize>(
        &mut self,
        verb: &str,
        reports: &[R],
        text: impl FnOnce(&[R], &View) -> String,
    ) -> Result<(), OpError> {
        let result = if self.json { json::envelope(verb, reports)? } else { text(reports, &self.view) };
        self.print(&result)
    }

    /// Prints a part of the result. A reader that went away has read enough.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), OpError> {
        self.print_bytes(text.as_bytes())
    }

    /// Prints a part of the result that need not be text.
    pub(crate) fn print_bytes(&mut self, bytes: &[u8]) -> Result<(), OpError> {
        if self.unread {
            return Ok(());
        }
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.unread = true;
                Ok(())
            }
            other => other.map_err(|error| OpError::because("cannot write the result to stdout", error)),
        }
    }

    /// Tells the user something that is not the result.
    pub(crate) fn note(&mut self, text: &str) {
        // Without a stderr there is no place to complain.
        let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }

    /// Prints a warning.
    pub(crate) fn warn(&mut self, text: &str) {
        let line = labelled(self.err_paint, Style::Warn, "warning: ", text);
        self.note(&line);
    }

    /// Prints why a verb could not do its work.
    pub(crate) fn fail(&mut self, error: &OpError) -> Exit {
        let text = describe(error, self.err_paint);
        self.note(&text);
        Exit::from(error)
    }

    /// How stderr is coloured and how wide a text for it may be.
    pub(crate) fn err_view(&self) -> View {
        View { paint: self.err_paint, width: err_width(), ..self.view }
    }

    /// Whether somebody is there to answer a question.
    pub(crate) fn attended(&self) -> bool {
        self.attended
    }
}

/// Asks whether to go on. Only where the [`Ui`] is attended.
pub(crate) fn confirm(question: &str) -> Result<bool, OpError> {
    let answer = dialoguer::Confirm::new().with_prompt(question).default(false).interact_on_opt(&Term::stderr());
    match answer {
        Ok(answer) => Ok(answer.unwrap_or(false)),
        Err(dialoguer::Error::IO(error)) => {
            // The prompt hides the cursor and does not bring it back when it is interrupted.
            let _ = Term::stderr().show_cursor();
            if error.kind() == io::ErrorKind::Interrupted {
                return Err(OpError::interrupted());
            }
            Err(OpError::because("cannot ask on the terminal", error).hint("--yes answers beforehand"))
        }
    }
}

/// Colour or none, for one of the two streams.
fn paint(color: Color, terminal: bool) -> Paint {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    Paint(match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !dumb && !set("NO_COLOR"),
    })
}

fn err_width() -> usize {
    Term::stderr().size_checked().map_or(WIDTH, |(_, columns)| usize::from(columns))
}

/// `label` in colour, then each line of `text` harmless; further lines get the label too, as git does it.
pub(crate) fn labelled(paint: Paint, style: Style, label: &str, text: &str) -> String {
    let label = paint.paint(style, label);
    text.lines().flat_map(|line| [label.clone(), visible(line.as_bytes()), "\n".to_owned()]).collect()
}

/// An error as people read it: the message, the causes that add words, the ways out.
fn describe(error: &OpError, paint: Paint) -> String {
    let message = error.to_string();
    let mut text = labelled(paint, Style::Bad, "error: ", &message);
    let mut said = message;
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        if !words.is_empty() && !said.contains(&words) {
            text += &labelled(paint, Style::Dim, "  caused by: ", &words);
            said = words;
        }
        cause = source.source();
    }
    for hint in error.hints() {
        text += &labelled(paint, Style::Note, "hint: ", hint);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_causes_that_add_words_and_ways_out() {
        let inner = OpError::because("cannot open the pack", io::Error::other("cannot open the pack"));
        let error = OpError::because("cannot read v6.6.13\x1b[2J", inner).hint("fetch it\nor import it");
        assert_eq!(
            describe(&error, Paint(false)),
            "error: cannot read v6.6.13\\u{1b}[2J\n  caused by: cannot open the pack\nhint: fetch it\nhint: or import it\n"
        );
    }

    struct Closed(io::ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure_but_a_full_disk_is() {
        let mut ui = Ui::new(&Global::default());
        ui.out = Box::new(Closed(io::ErrorKind::BrokenPipe));
        assert!(ui.print("a").is_ok() && ui.print("b").is_ok());
        let mut ui = Ui::new(&Global::default());
        ui.out = Box::new(Closed(io::ErrorKind::StorageFull));
        assert!(ui.print("a").is_err());
    }
}
