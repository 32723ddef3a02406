//! Readers of archives that nobody vouches for.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Counts what is read, and stops what reads too much.
#[derive(Debug)]
pub(crate) struct Metered<R> {
    from: R,
    meter: Rc<Meter>,
}

/// What a [`Metered`] reader may read, and what it has read.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Bytes that may be read before the next look at the whole.
    pub(crate) budget: Cell<u64>,
    /// Bytes read so far.
    pub(crate) total: Cell<u64>,
    /// Whether the end of the file was met.
    pub(crate) ended: Cell<bool>,
}

impl<R> Metered<R> {
    /// A reader that may not read anything yet, and its meter.
    pub(crate) fn new(from: R) -> (Self, Rc<Meter>) {
        let meter = Rc::new(Meter::default());
        (Self { from, meter: Rc::clone(&meter) }, meter)
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let budget = self.meter.budget.get();
        if budget == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a header is too long"));
        }
        let most = usize::try_from(budget).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.from.read(&mut buffer[..most])?;
        self.meter.budget.set(budget - count as u64);
        self.meter.total.set(self.meter.total.get() + count as u64);
        if count == 0 && !buffer.is_empty() {
            self.meter.ended.set(true);
        }
        Ok(count)
    }
}
