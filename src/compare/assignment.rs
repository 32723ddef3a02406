//! The cheapest way to give each of some rows a column of its own.

/// What no assignment should contain. Sums of it still fit.
pub(super) const NEVER: i64 = i64::MAX / 1024;

/// The column of each row, so that the sum of `cost(row, column)` is smallest; no column is given twice. There must be
/// at least as many columns as rows.
///
/// Rows come in one by one; each takes the cheapest path of exchanges among the rows before it. Prices of rows and
/// columns keep every reduced cost at 0 or above, which lets the search go from near to far (the Hungarian method in
/// the form of shortest augmenting paths).
pub(super) fn cheapest(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> i64) -> Vec<usize> {
    assert!(rows <= columns, "every row needs a column");
    let mut row_prices = vec![0; rows];
    let mut column_prices = vec![0; columns];
    let mut row_of: Vec<Option<usize>> = vec![None; columns];
    for start in 0..rows {
        // How far each column is, and from which column its path comes; `None` is the start.
        let mut distance = vec![i64::MAX; columns];
        let mut from: Vec<Option<usize>> = vec![None; columns];
        let mut done = vec![false; columns];
        let (mut row, mut at, mut far) = (start, None, 0);
        let end = loop {
            for column in (0..columns).filter(|&column| !done[column]) {
                let reduced = far + cost(row, column) - row_prices[row] - column_prices[column];
                if reduced < distance[column] {
                    distance[column] = reduced;
                    from[column] = at;
                }
            }
            let open = (0..columns).filter(|&column| !done[column]);
            let near = open.min_by_key(|&column| distance[column]).expect("there are as many columns as rows");
            done[near] = true;
            far = distance[near];
            match row_of[near] {
                Some(taken) => (row, at) = (taken, Some(near)),
                None => break near,
            }
        };
        row_prices[start] += far;
        for column in (0..columns).filter(|&column| done[column]) {
            column_prices[column] += distance[column] - far;
            if let Some(row) = row_of[column] {
                row_prices[row] += far - distance[column];
            }
        }
        let mut column = end;
        while let Some(before) = from[column] {
            row_of[column] = row_of[before];
            column = before;
        }
        row_of[column] = Some(start);
    }
    let mut column_of = vec![0; rows];
    for (column, row) in row_of.into_iter().enumerate() {
        if let Some(row) = row {
            column_of[row] = column;
        }
    }
    column_of
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest sum, by trying everything.
    fn smallest(costs: &[Vec<i64>], row: usize, taken: &mut Vec<bool>) -> i64 {
        let Some(line) = costs.get(row) else { return 0 };
        let mut best = i64::MAX;
        for (column, cost) in line.iter().enumerate() {
            if !std::mem::replace(&mut taken[column], true) {
                best = best.min(cost + smallest(costs, row + 1, taken));
                taken[column] = false;
            }
        }
        best
    }

    #[test]
    fn no_other_assignment_is_cheaper() {
        let mut state = 7u64;
        let mut roll = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        for _ in 0..500 {
            let rows = roll(6) as usize;
            let columns = rows + roll(3) as usize;
            let cost = |roll: &mut dyn FnMut(u64) -> u64| match roll(5) {
                0 => NEVER,
                _ => roll(12) as i64 - 6,
            };
            let costs: Vec<Vec<i64>> = (0..rows).map(|_| (0..columns).map(|_| cost(&mut roll)).collect()).collect();
            let found = cheapest(rows, columns, |row, column| costs[row][column]);
            let mut distinct = found.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), rows);
            let sum: i64 = found.iter().enumerate().map(|(row, &column)| costs[row][column]).sum();
            assert_eq!(sum, smallest(&costs, 0, &mut vec![false; columns]), "{costs:?}: {found:?}");
        }
    }
}
