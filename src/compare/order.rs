//! The order of patches: what was moved, and in which order pairs are shown.

/// For each patch of the new set, whether it has a counterpart and stands elsewhere among those that have one:
/// all but a longest sequence of them that is in the old order.
pub(super) fn out_of_order(counterparts: &[Option<usize>]) -> Vec<bool> {
    // `ends[n]` is where the sequence of `n + 1` patches that ends lowest in the old set ends in the new one.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; counterparts.len()];
    for (at, old) in counterparts.iter().enumerate().filter_map(|(at, old)| Some((at, (*old)?))) {
        let length = ends.partition_point(|&end| counterparts[end] < Some(old));
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut moved: Vec<bool> = counterparts.iter().map(Option::is_some).collect();
    let mut at = ends.last().copied();
    while let Some(kept) = at {
        moved[kept] = false;
        at = before[kept];
    }
    moved
}

/// Indices in the old and in the new set, in the order of `git range-diff`.
pub(super) fn rows(counterparts: &[Option<usize>], old_len: usize) -> Vec<(Option<usize>, Option<usize>)> {
    let mut rows = Vec::new();
    let mut kept = vec![false; old_len];
    counterparts.iter().flatten().for_each(|&old| kept[old] = true);
    let mut shown = vec![false; old_len];
    let mut next = 0;
    for new in (0..counterparts.len()).map(Some).chain([None]) {
        while next < old_len && (shown[next] || !kept[next]) {
            if !kept[next] {
                rows.push((Some(next), None));
            }
            next += 1;
        }
        if let Some(new) = new {
            if let Some(old) = counterparts[new] {
                shown[old] = true;
            }
            rows.push((counterparts[new], Some(new)));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(counterparts: &[i32]) -> Vec<usize> {
        let counterparts: Vec<_> = counterparts.iter().map(|&old| usize::try_from(old).ok()).collect();
        let marks = out_of_order(&counterparts).into_iter().enumerate();
        marks.filter_map(|(at, moved)| moved.then_some(at)).collect()
    }

    #[test]
    fn the_fewest_are_moved() {
        assert_eq!(moved(&[]), [0; 0]);
        assert_eq!(moved(&[0, 1, 2]), [0; 0]);
        assert_eq!(moved(&[3, 0, 1, 2]), [0]);
        assert_eq!(moved(&[1, 2, 3, 0]), [3]);
        assert_eq!(moved(&[0, -1, 5, 2, -1, 3]), [2]);
        assert_eq!(moved(&[2, 1, 0]).len(), 2);
    }

    #[test]
    fn dropped_patches_follow_what_stood_before_them() {
        let rows = rows(&[Some(1), None, Some(0), Some(4)], 5);
        let expected = [
            (Some(1), Some(0)),
            (None, Some(1)),
            (Some(0), Some(2)),
            (Some(2), None),
            (Some(3), None),
            (Some(4), Some(3)),
        ];
        assert_eq!(rows, expected);
    }
}
