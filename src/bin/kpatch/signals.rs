//! Ctrl-C: the first asks the work to stop at the next step, the second kills.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use kpatch::event::Interrupt;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

/// Listens to the signals that ask a program to end.
pub(crate) fn install(interrupt: Arc<Interrupt>) -> io::Result<()> {
    let asked_before = Arc::new(AtomicBool::new(false));
    let wanted = [SIGINT, SIGTERM, SIGHUP];
    for signal in wanted {
        // The order matters: the first signal finds the flag down and raises it, the second finds it up and kills,
        // even where the work does not look at its flag.
        flag::register_conditional_default(signal, Arc::clone(&asked_before))?;
        flag::register(signal, Arc::clone(&asked_before))?;
    }
    let mut signals = Signals::new(wanted)?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        for _ in signals.forever() {
            interrupt.raise();
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_first_signal_asks_and_does_not_kill() {
        let interrupt = Arc::new(Interrupt::new());
        install(Arc::clone(&interrupt)).expect("signals can be listened to");
        assert!(!interrupt.is_raised());
        signal_hook::low_level::raise(SIGHUP).expect("a signal can be sent to oneself");
        let start = Instant::now();
        while !interrupt.is_raised() && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(interrupt.is_raised());
    }
}
