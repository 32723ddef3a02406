//! What the lines of a build in a container mean. Those of `kernel.sh` are for [`Listener`](crate::build::script::Listener).

use crate::event::{Event, Observer};

/// Turns lines into events: `::stage NAME` begins a stage, a line of the kernel's makefiles is a step of it.
pub(super) struct Progress<'a> {
    observer: &'a dyn Observer,
}

impl<'a> Progress<'a> {
    pub(super) fn new(observer: &'a dyn Observer) -> Self {
        Self { observer }
    }

    /// What a line says as the reason of a failure: `::error TEXT`.
    #[expect(clippy::unused_self, reason = "the lines are those of one build")]
    pub(super) fn error(&self, line: &str) -> Option<String> {
        bare(line).strip_prefix("::error ").map(|text| text.trim().to_owned())
    }

    pub(super) fn line(&mut self, line: &str) {
        let line = bare(line);
        if let Some(name) = line.strip_prefix("::stage ") {
            self.observer.event(&Event::Stage { name: name.trim().to_owned().into(), total: None });
        } else if let Some(note) = line.strip_prefix("::note ") {
            self.observer.event(&Event::Note(note.trim().to_owned()));
        } else if is_kbuild(line) {
            self.observer.event(&Event::Step);
        }
    }
}

/// A line without what `BuildKit` puts before it: `#12 3.456 text`.
pub(super) fn bare(line: &str) -> &str {
    let stripped = line.strip_prefix('#').and_then(|rest| {
        let (number, rest) = rest.split_once(' ')?;
        let (seconds, text) = rest.split_once(' ')?;
        let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        (is_number(number) && is_number(seconds)).then_some(text)
    });
    stripped.unwrap_or(line)
}

/// `  CC      kernel/fork.o`.
fn is_kbuild(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("  ") else { return false };
    let word = rest.split(' ').next().unwrap_or_default();
    word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    struct Seen(RefCell<Vec<Event>>);

    impl Observer for Seen {
        fn event(&self, event: &Event) {
            self.0.borrow_mut().push(event.clone());
        }
    }

    #[test]
    fn stages_and_steps_are_told() {
        let seen = Seen(RefCell::default());
        let mut progress = Progress::new(&seen);
        for line in [
            "#9 0.4 ::stage compiling",
            "#9 12.123   CC      kernel/fork.o",
            "#10 DONE 0.1s",
            "  HOSTCC  scripts/x",
            "make[1]: x",
        ] {
            progress.line(line);
        }
        let stage = Event::Stage { name: "compiling".into(), total: None };
        assert_eq!(*seen.0.borrow(), [stage, Event::Step, Event::Step]);
    }
}
