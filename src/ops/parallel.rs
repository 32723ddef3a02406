//! Independent pieces of work, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::process::available_memory;

/// What one piece of work may take while it runs, in bytes: files of a release, and the trees that are made of them.
const EACH: u64 = 256 << 20;
/// What is taken for free where the system does not say.
const UNKNOWN: u64 = 2 << 30;

/// How many threads, and how much memory, a run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Pieces of work at a time, at least one.
    pub(super) threads: usize,
    /// Bytes that the objects in memory may come to.
    pub(super) memory: u64,
}

impl Limits {
    /// What this machine has to spare: its processors, and half of its free memory.
    pub(super) fn of_machine() -> Self {
        Self::new(thread::available_parallelism().map_or(1, usize::from), available_memory().unwrap_or(UNKNOWN))
    }

    fn new(processors: usize, free: u64) -> Self {
        let memory = free / 2;
        let room = usize::try_from(memory / EACH).unwrap_or(usize::MAX);
        Self { threads: processors.min(room).max(1), memory }
    }
}

/// Does `work` on each item, on `threads` threads; the results keep the order of the items.
///
/// Before each item but the first, `go_on` is asked; once it says no, nothing new is begun, and what was not begun is
/// `None`. `done` is told of each result, on the caller's own thread.
pub(super) fn map<I: Sync, T: Send>(
    items: &[I],
    threads: usize,
    go_on: impl Fn() -> bool + Sync,
    work: impl Fn(&I) -> T + Sync,
    mut done: impl FnMut(),
) -> Vec<Option<T>> {
    let mut results: Vec<Option<T>> = items.iter().map(|_| None).collect();
    let next = AtomicUsize::new(0);
    let (next, go_on, work) = (&next, &go_on, &work);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads.min(items.len()) {
            let sender = sender.clone();
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= items.len() || (at > 0 && !go_on()) || sender.send((at, work(&items[at]))).is_err() {
                        return;
                    }
                }
            });
        }
        // The loop below ends when the last thread has let go of its sender.
        drop(sender);
        for (at, result) in receiver {
            results[at] = Some(result);
            done();
        }
    });
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_and_each_is_told() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 2, 7, 200] {
            let mut told = 0;
            let results = map(&items, threads, || true, |item| item * item, || told += 1);
            assert!(results.iter().zip(&items).all(|(result, item)| *result == Some(item * item)));
            assert_eq!(told, 100);
        }
        assert_eq!(map(&[], 4, || true, |(): &()| 1, || ()), []);
    }

    #[test]
    fn once_it_is_enough_nothing_new_is_begun_but_the_first() {
        let begun = AtomicUsize::new(0);
        let count = |_: &u8| begun.fetch_add(1, Ordering::SeqCst);
        let results = map(&[0; 50], 1, || begun.load(Ordering::SeqCst) < 3, count, || ());
        assert_eq!(results.iter().flatten().copied().collect::<Vec<_>>(), [0, 1, 2]);
        assert!(results[3..].iter().all(Option::is_none));
        assert_eq!(map(&[5], 1, || false, |item| item + 1, || ()), [Some(6)]);
    }

    #[test]
    fn little_memory_means_few_threads() {
        assert_eq!(Limits::new(8, 64 << 30), Limits { threads: 8, memory: 32 << 30 });
        assert_eq!(Limits::new(8, 1 << 30), Limits { threads: 2, memory: 512 << 20 });
        assert_eq!(Limits::new(8, 0).threads, 1);
        assert!(Limits::of_machine().threads >= 1);
    }
}
