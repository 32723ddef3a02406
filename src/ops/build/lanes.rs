//! Several builders at a time: what is compiled at different places is compiled at the same time.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::event::{Event, Interrupt, Observer};
use crate::ops::{OpError, Watch};

/// How often the user's wish to stop is looked for while builders work.
const TICK: Duration = Duration::from_millis(100);

/// Pieces of work for one place, done one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane<T> {
    /// What tells its messages from those of the others.
    pub(super) name: String,
    /// The place.
    pub(super) place: String,
    /// The work.
    pub(super) items: Vec<T>,
}

/// Sorts items by their places; the order in a lane is that of the items. `find` says the place of an item, and what to call it.
pub(super) fn lanes<T>(
    items: Vec<T>,
    mut find: impl FnMut(&T) -> Result<(String, String), OpError>,
) -> Result<Vec<Lane<T>>, OpError> {
    let mut lanes: Vec<Lane<T>> = Vec::new();
    for item in items {
        let (place, name) = find(&item)?;
        match lanes.iter_mut().find(|lane| lane.place == place) {
            Some(lane) => {
                if !lane.name.split('+').any(|known| known == name) {
                    lane.name.push('+');
                    lane.name.push_str(&name);
                }
                lane.items.push(item);
            }
            None => lanes.push(Lane { name, place, items: vec![item] }),
        }
    }
    Ok(lanes)
}

/// Does `work` on all items, lanes at the same time, and hands each result to `done` on the caller's own thread. After the first error
/// the other lanes are stopped.
pub(super) fn run<I: Sync, T: Send>(
    lanes: &[Lane<I>],
    watch: Watch<'_>,
    work: impl Fn(&I, Watch<'_>) -> Result<T, OpError> + Sync,
    mut done: impl FnMut(T) -> Result<(), OpError>,
) -> Result<(), OpError> {
    if let [lane] = lanes {
        return lane.items.iter().try_for_each(|item| done(work(item, watch)?));
    }
    let stop = Interrupt::new();
    let (stop, work) = (&stop, &work);
    let mut failure = None;
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for (at, lane) in lanes.iter().enumerate() {
            let sender = sender.clone();
            scope.spawn(move || {
                let relay = Relay { lane: at, sender };
                let watch = Watch { observer: &relay, interrupt: stop };
                for item in &lane.items {
                    let result = if stop.is_raised() { Err(OpError::interrupted()) } else { work(item, watch) };
                    let failed = result.is_err();
                    if relay.sender.send(Message::Done(result)).is_err() || failed {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut shown = None;
        loop {
            if watch.interrupt.is_raised() {
                stop.raise();
            }
            match receiver.recv_timeout(TICK) {
                Ok(Message::Event(at, event)) => pass_on(&lanes[at].name, at, event, &mut shown, watch.observer),
                Ok(Message::Done(result)) => {
                    if let Err(error) = result.and_then(&mut done) {
                        stop.raise();
                        // What comes after the first error was only stopped.
                        failure.get_or_insert(error);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    });
    failure.map_or(Ok(()), Err)
}

/// What a lane has to say.
enum Message<T> {
    Event(usize, Event),
    Done(Result<T, OpError>),
}

/// Takes the events of a lane to the caller's thread.
struct Relay<T> {
    lane: usize,
    sender: Sender<Message<T>>,
}

impl<T> Observer for Relay<T> {
    fn event(&self, event: &Event) {
        // Nobody listens any more once the work has been given up.
        let _ = self.sender.send(Message::Event(self.lane, event.clone()));
    }
}

/// Tells an event with the name of its lane. One line shows one lane: that whose stage is the newest with steps to count.
fn pass_on(name: &str, lane: usize, event: Event, shown: &mut Option<usize>, observer: &dyn Observer) {
    let named = |text: &str| format!("{name}: {text}");
    match event {
        Event::Stage { name: stage, total } => {
            *shown = Some(lane);
            observer.event(&Event::Stage { name: named(&stage).into(), total });
        }
        Event::Step if *shown == Some(lane) => observer.event(&Event::Step),
        Event::Step => {}
        Event::Note(text) => observer.event(&Event::Note(named(&text))),
        Event::Warning(text) => observer.event(&Event::Warning(named(&text))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::Mutex;

    use super::*;
    use crate::event::Silent;

    fn by_tens(items: &[u32]) -> Vec<Lane<u32>> {
        lanes(items.to_vec(), |item| Ok((format!("place {}", item / 10), format!("n{}", item / 10))))
            .expect("all have places")
    }

    #[test]
    fn items_of_one_place_stay_in_order() {
        let found = by_tens(&[1, 11, 2, 12]);
        assert_eq!(found.iter().map(|lane| lane.items.clone()).collect::<Vec<_>>(), [[1, 2], [11, 12]]);
        let one =
            lanes(vec![("a", 1), ("b", 2), ("a", 3)], |item| Ok((String::new(), item.0.to_owned()))).expect("good");
        assert_eq!((one.len(), one[0].name.as_str()), (1, "a+b"));
    }

    #[test]
    fn lanes_run_at_the_same_time() {
        let interrupt = Interrupt::new();
        // Each waits for the other: one after the other they would wait for ever.
        let barrier = Barrier::new(2);
        let mut sum = 0;
        let work = |item: &u32, _: Watch<'_>| {
            barrier.wait();
            Ok(*item)
        };
        let done = |item| {
            sum += item;
            Ok(())
        };
        run(&by_tens(&[1, 11]), Watch { observer: &Silent, interrupt: &interrupt }, work, done).expect("good");
        assert_eq!(sum, 12);
    }

    #[test]
    fn the_first_error_stops_the_others() {
        let interrupt = Interrupt::new();
        let work = |item: &u32, watch: Watch<'_>| {
            if *item == 1 {
                return Err(OpError::new("no compiler"));
            }
            while !watch.interrupt.is_raised() {
                thread::yield_now();
            }
            Err::<(), _>(OpError::interrupted())
        };
        let watch = Watch { observer: &Silent, interrupt: &interrupt };
        let error = run(&by_tens(&[1, 11, 12]), watch, work, |()| Ok(())).expect_err("one fails");
        assert_eq!(error.to_string(), "no compiler");
        assert!(!interrupt.is_raised());
    }

    #[test]
    fn events_say_whose_they_are() {
        struct Heard(Mutex<Vec<Event>>);
        impl Observer for Heard {
            fn event(&self, event: &Event) {
                self.0.lock().expect("no panic").push(event.clone());
            }
        }
        let (interrupt, heard) = (Interrupt::new(), Heard(Mutex::default()));
        let work = |item: &u32, watch: Watch<'_>| {
            watch.observer.event(&Event::Note(format!("item {item}")));
            Ok(())
        };
        let watch = Watch { observer: &heard, interrupt: &interrupt };
        run(&by_tens(&[1, 11]), watch, work, |()| Ok(())).expect("good");
        let mut texts: Vec<String> =
            heard.0.into_inner().expect("no panic").iter().map(|event| format!("{event:?}")).collect();
        texts.sort();
        assert_eq!(texts, ["Note(\"n0: item 1\")", "Note(\"n1: item 11\")"]);
    }
}
