//! What long work tells the outside, and how the outside stops it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

/// One thing that happened during long work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A stage began; `total` is how many steps it has, where that is known.
    Stage {
        /// What is being done, as a short English phrase without a full stop.
        name: Cow<'static, str>,
        /// The number of steps.
        total: Option<usize>,
    },
    /// One more step of the current stage is done.
    Step,
    /// Something that is worth a line of its own while long work goes on, such as where its log is.
    Note(String),
    /// Something that the user should know although the work goes on.
    Warning(String),
}

/// Receives events. The default does nothing.
pub trait Observer {
    /// Is told of one event, in the order in which they happen.
    fn event(&self, _event: &Event) {}
}

/// An observer that ignores everything.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {}

/// A flag that long work polls between steps.
#[derive(Debug, Default)]
pub struct Interrupt(AtomicBool);

impl Interrupt {
    /// A flag that is not raised.
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Asks the work to stop at the next step.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// True once [`Interrupt::raise`] was called.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
