//! Why a verb could not be carried out.

use std::error::Error;
use std::fmt;

/// What a verb answers when it could not do its work: one message, where it came from, and a way out.
///
/// A conflict is no error; it stands in the report.
#[derive(Debug)]
pub struct OpError {
    message: String,
    hints: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
    interrupted: bool,
}

impl OpError {
    /// An error without a cause.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), source: None, interrupted: false }
    }

    /// An error with its cause.
    pub fn because(message: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Self::new(message) }
    }

    /// What an error says, with its causes and the way out.
    pub(super) fn of(error: impl Error + Send + Sync + 'static, hint: Option<impl Into<String>>) -> Self {
        let message = error.to_string();
        let out = if error.source().is_some() { Self::because(message, error) } else { Self::new(message) };
        out.hint_if(hint)
    }

    /// The user asked to stop; nothing was changed.
    pub fn interrupted() -> Self {
        Self { interrupted: true, ..Self::new("interrupted; nothing was changed") }
    }

    /// Adds a way out, in the imperative, without a full stop.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a way out where there is one.
    #[must_use]
    pub fn hint_if(self, hint: Option<impl Into<String>>) -> Self {
        hint.into_iter().fold(self, Self::hint)
    }

    /// The ways out.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// True if the user asked to stop.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for OpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
