//! What a rule says: a place, a sentence, a way out.

/// What a rule says of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The file or directory, relative to the top of the kit.
    pub path: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The text of the line, where that helps.
    pub source: Option<String>,
    /// The series that it is about, with its variant.
    pub series: Option<String>,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// The way out, in the imperative.
    pub help: Option<String>,
}

impl Note {
    /// Says the way out.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Says which series it is about.
    pub fn of(&mut self, series: impl Into<String>) -> &mut Self {
        self.series = Some(series.into());
        self
    }

    /// Shows the line.
    pub fn source(&mut self, source: impl Into<String>) -> &mut Self {
        self.source = Some(source.into());
        self
    }
}

/// Collects the notes of one rule.
#[derive(Debug, Default)]
pub struct Notes {
    notes: Vec<Note>,
}

impl Notes {
    /// About a file, or a line of it.
    pub fn at(
        &mut self,
        path: impl Into<String>,
        line: impl Into<Option<usize>>,
        message: impl Into<String>,
    ) -> &mut Note {
        let (path, line, message) = (path.into(), line.into(), message.into());
        self.notes.push(Note { path, line, source: None, series: None, message, help: None });
        let last = self.notes.len() - 1;
        &mut self.notes[last]
    }

    /// All that was said.
    pub fn into_inner(self) -> Vec<Note> {
        self.notes
    }
}
