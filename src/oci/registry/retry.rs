//! How often, and after which pause, what failed is tried again.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use super::failure::Cause;

/// The first pause; each is twice as long as the one before, up to the longest.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);
/// The shortest pause when the server says that it is asked too often.
const TOO_MANY: Duration = Duration::from_secs(4);
/// How often a thing is tried again.
const TRIES: u32 = 6;

/// The tries of one thing.
#[derive(Debug, Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// The pause before the next try; `None` if there is to be none.
    pub(super) fn next(&mut self, cause: &Cause) -> Option<Duration> {
        if !cause.is_temporary() || self.0 == TRIES {
            return None;
        }
        let pause = (FIRST * 2_u32.pow(self.0)).min(LONGEST);
        self.0 += 1;
        let pause = if matches!(cause, Cause::Busy(429, _)) { pause.max(TOO_MANY) } else { pause };
        // From half of it to one and a half, so that many who were turned away do not come back together.
        Some(pause.mul_f64(0.5 + random()))
    }
}

/// A number from 0 to 1; each state of a hasher has keys of its own.
fn random() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let mut tries = Tries::default();
        let pauses: Vec<Duration> = std::iter::from_fn(|| tries.next(&Cause::Lost)).collect();
        assert_eq!(pauses.len(), TRIES as usize);
        for (number, pause) in pauses.iter().enumerate() {
            let middle = (FIRST * 2_u32.pow(number as u32)).min(LONGEST);
            assert!(*pause >= middle / 2 && *pause <= middle * 3 / 2, "{number}: {pause:?}");
        }
        assert!(Tries::default().next(&Cause::Busy(429, String::new())).expect("a pause") >= TOO_MANY / 2);
        assert_eq!(Tries::default().next(&Cause::Unauthorized), None);
    }
}
