//! Where a row of answers turns from good to bad, in few questions.

/// The first bad one of `count` in a row, given that the last one is bad; by halves, so that no more than the binary
/// logarithm of `count`, rounded up, is asked. What comes just before it has been asked and is good, unless it is the
/// first of all.
///
/// In a row that turns more than once, it is one of the turns from good to bad.
pub(super) fn turn<E>(count: usize, mut is_bad: impl FnMut(usize) -> Result<bool, E>) -> Result<usize, E> {
    let (mut low, mut bad) = (0, count - 1);
    while low < bad {
        let middle = low + (bad - low) / 2;
        if is_bad(middle)? {
            bad = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(bad)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn ask(row: &[bool]) -> (usize, Vec<usize>) {
        let mut asked = Vec::new();
        let found = turn(row.len(), |at| {
            asked.push(at);
            Ok::<_, Infallible>(row[at])
        });
        (found.unwrap(), asked)
    }

    #[test]
    fn every_single_turn_is_found_in_few_questions() {
        for count in 1..200_usize {
            for first in 0..count {
                let row: Vec<bool> = (0..count).map(|at| at >= first).collect();
                let (found, asked) = ask(&row);
                assert_eq!(found, first);
                assert!(asked.len() <= count.next_power_of_two().ilog2() as usize, "{count}: {asked:?}");
                assert!(first == 0 || asked.contains(&(first - 1)), "{count}, {first}: {asked:?}");
            }
        }
    }

    #[test]
    fn of_several_turns_one_is_found() {
        let row = [false, true, true, false, false, true, false, true];
        let (found, asked) = ask(&row);
        assert!(row[found] && !row[found - 1] && asked.contains(&(found - 1)));
    }

    #[test]
    fn the_first_trouble_ends_the_search() {
        assert_eq!(turn(5, |_| Err("no")), Err("no"));
    }
}
