//! The parts of a file with conflict markers that a reader has to look at.

/// Lines around a conflict.
const AROUND: usize = 3;

/// The stretches of `text` between conflict markers, each with a few lines around it. Neighbours are joined.
pub(super) fn stretches(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if !is_marker(lines[at], '<') {
            at += 1;
            continue;
        }
        let length = lines[at..].iter().position(|line| is_marker(line, '>'));
        let end = length.map_or(lines.len(), |length| at + length + 1);
        let range = at.saturating_sub(AROUND)..(end + AROUND).min(lines.len());
        match found.last_mut() {
            Some(last) if range.start <= last.end => last.end = range.end,
            _ => found.push(range),
        }
        at = end;
    }
    found.into_iter().map(|range| lines[range].to_vec()).collect()
}

fn is_marker(line: &str, sign: char) -> bool {
    let rest = line.trim_start_matches(sign);
    line.len() - rest.len() == 7 && (rest.is_empty() || rest.starts_with(' '))
}

/// The lines of all stretches with a gap between them; `None` stands for the gap.
pub(super) fn lines(text: &str) -> Vec<Option<&str>> {
    let mut all = Vec::new();
    for stretch in stretches(text) {
        if !all.is_empty() {
            all.push(None);
        }
        all.extend(stretch.into_iter().map(Some));
    }
    all
}

/// A part of a file with conflict markers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Lines around a conflict.
    Around(Vec<&'a str>),
    /// The versions of a conflicting stretch.
    Sides {
        /// The common ancestor's lines.
        base: Vec<&'a str>,
        /// The target's lines.
        ours: Vec<&'a str>,
        /// The patch's lines.
        theirs: Vec<&'a str>,
    },
    /// Lines that are left out.
    Gap,
}

/// The conflicts of `text` with a few lines around each.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for stretch in stretches(text) {
        if !pieces.is_empty() {
            pieces.push(Piece::Gap);
        }
        let mut lines = stretch.into_iter().peekable();
        while lines.peek().is_some() {
            let around: Vec<&str> = std::iter::from_fn(|| lines.next_if(|line| !is_marker(line, '<'))).collect();
            if !around.is_empty() {
                pieces.push(Piece::Around(around));
            }
            if lines.next().is_some() {
                pieces.push(sides(&mut lines));
            }
        }
    }
    pieces
}

/// The lines up to the marker that ends a conflict, sorted by the markers between.
fn sides<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Piece<'a> {
    let (mut base, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let mut side = &mut ours;
    for line in lines {
        match line {
            end if is_marker(end, '>') => break,
            next if is_marker(next, '|') => side = &mut base,
            next if is_marker(next, '=') => side = &mut theirs,
            line => side.push(line),
        }
    }
    Piece::Sides { base, ours, theirs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_cut_out_with_a_few_lines_around() {
        let conflict = "<<<<<<< v6.6.14\nours\n||||||| v6.6.13\n=======\ntheirs\n>>>>>>> 0007\n";
        let text = format!("1\n2\n3\n4\n5\n{conflict}6\n7\n8\n9\n10\n11\n12\n13\n{conflict}");
        let found = stretches(&text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].first(), Some(&"3"));
        assert_eq!(found[0].last(), Some(&"8"));
        assert_eq!(found[0].len(), 12);
        assert_eq!(found[1][..3], ["11", "12", "13"]);
        assert_eq!(lines(&text).iter().filter(|line| line.is_none()).count(), 1);
    }

    #[test]
    fn the_sides_of_a_conflict_are_told_apart() {
        let text = "1\n<<<<<<< a\no\n||||||| b\nb1\nb2\n=======\n>>>>>>> c\n2\n";
        let sides = Piece::Sides { base: vec!["b1", "b2"], ours: vec!["o"], theirs: vec![] };
        assert_eq!(pieces(text), [Piece::Around(vec!["1"]), sides, Piece::Around(vec!["2"])]);
        let far = format!("{text}{}{text}", "x\n".repeat(20));
        assert_eq!(pieces(&far).iter().filter(|piece| **piece == Piece::Gap).count(), 1);
        let open = Piece::Sides { base: vec![], ours: vec!["x"], theirs: vec![] };
        assert_eq!(pieces("<<<<<<< a\nx"), [open]);
        assert!(pieces("").is_empty());
    }

    #[test]
    fn odd_files_do_no_harm() {
        assert!(stretches("a\n<<<<<<<<<<\n<< x\n").is_empty());
        assert_eq!(stretches("<<<<<<< never closed\nx"), [["<<<<<<< never closed", "x"]]);
        assert!(stretches("").is_empty());
    }
}
