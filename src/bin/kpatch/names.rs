//! What people type for releases and series.

use kpatch::ops::OpError;
use kpatch::ops::bump::What;

/// The tag that is meant: `6.6.13` is `v6.6.13`; anything else is taken as it is and judged by the library.
pub(crate) fn tag(typed: &str) -> String {
    let (numbers, rest) = typed.split_at(typed.find('-').unwrap_or(typed.len()));
    let parts: Vec<&str> = numbers.split('.').collect();
    let all_numbers = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if all_numbers && (2..=3).contains(&parts.len()) { format!("v{numbers}{rest}") } else { typed.to_owned() }
}

/// True for `6.6.x` and, with a variant, `5.11.x-rt`.
pub(crate) fn is_series(typed: &str) -> bool {
    let name = typed.split_once('-').map_or(typed, |(name, _)| name);
    name.strip_suffix(".x").is_some_and(|numbers| {
        numbers.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// What `plan` is asked for: a tag and its targets, or series, each of which may be followed by targets.
pub(crate) fn plans(typed: &[String]) -> Result<Vec<What>, OpError> {
    let Some((first, rest)) = typed.split_first() else {
        return Err(OpError::new("nothing to plan"));
    };
    if !is_series(first) {
        if let Some(series) = rest.iter().find(|word| is_series(word)) {
            return Err(OpError::new(format!(
                "'{}' is a series, but '{}' begins a list of tags",
                shown(series),
                shown(first)
            ))
            .hint("name the tags of one series, or series each followed by its targets"));
        }
        if rest.is_empty() {
            return Err(lonely_tag(first, "plan"));
        }
        return Ok(rest.iter().map(|to| What::Tags { from: tag(first), to: tag(to) }).collect());
    }
    let mut plans = Vec::new();
    let mut words = typed.iter().peekable();
    while let Some(series) = words.next() {
        let mut targets = Vec::new();
        while let Some(to) = words.next_if(|word| !is_series(word)) {
            targets.push(What::Series { series: series.clone(), to: Some(tag(to)) });
        }
        if targets.is_empty() {
            targets.push(What::Series { series: series.clone(), to: None });
        }
        plans.append(&mut targets);
    }
    Ok(plans)
}

/// The patch sets of `plan` where the targets stand in an option: series, or one tag.
pub(crate) fn sets(typed: &[String]) -> Result<Vec<What>, OpError> {
    match typed {
        [base] if !is_series(base) => Ok(vec![What::Tags { from: tag(base), to: tag(base) }]),
        _ => match typed.iter().find(|word| !is_series(word)) {
            Some(word) => Err(OpError::new(format!("'{}' is no series", shown(word)))
                .hint("with --targets, --since or --newest only series are named, or one CURTAG")),
            None => Ok(typed.iter().map(|series| What::Series { series: series.clone(), to: None }).collect()),
        },
    }
}

/// A tag where two are needed.
pub(crate) fn lonely_tag(typed: &str, verb: &str) -> OpError {
    OpError::new(format!("'{}' is one tag; the one to carry to is missing", shown(typed)))
        .hint(format!("kpatch {verb} CURTAG NEWTAG, or kpatch {verb} 6.6.x for the newest release of a series"))
}

fn shown(typed: &str) -> String {
    kpatch::text::visible(typed.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_for_its_tag() {
        assert_eq!(tag("6.6.13"), "v6.6.13");
        assert_eq!(tag("6.7"), "v6.7");
        assert_eq!(tag("6.7-rc1"), "v6.7-rc1");
        for other in ["v6.6.13", "6.6.x", "next-20240101", "6", "-f", "", "1.2.3.4", "6..6"] {
            assert_eq!(tag(other), other);
        }
    }

    #[test]
    fn a_series_ends_with_x() {
        assert!(is_series("6.6.x") && is_series("5.11.x-rt"));
        assert!(!is_series("6.6.13") && !is_series(".x") && !is_series("x") && !is_series("v6.6.x"));
    }

    #[test]
    fn plans_are_a_tag_with_targets_or_series_with_targets() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let tags = |from: &str, to: &str| What::Tags { from: from.into(), to: to.into() };
        let series = |series: &str, to: Option<&str>| What::Series { series: series.into(), to: to.map(str::to_owned) };
        assert_eq!(
            plans(&words("6.6.13 6.6.14 v6.6.15")).expect("tags"),
            [tags("v6.6.13", "v6.6.14"), tags("v6.6.13", "v6.6.15")]
        );
        assert_eq!(
            plans(&words("6.6.x 6.6.14 v6.6.15 6.1.x")).expect("series"),
            [series("6.6.x", Some("v6.6.14")), series("6.6.x", Some("v6.6.15")), series("6.1.x", None)]
        );
        assert!(plans(&words("v6.6.13")).is_err());
        assert!(plans(&words("v6.6.13 6.6.x")).is_err());
        assert_eq!(sets(&words("6.6.13")).expect("a tag"), [tags("v6.6.13", "v6.6.13")]);
        assert_eq!(sets(&words("6.6.x 6.1.x")).expect("series"), [series("6.6.x", None), series("6.1.x", None)]);
        assert!(sets(&words("6.6.x v6.6.14")).is_err() && sets(&words("v6.6.13 v6.6.14")).is_err());
    }
}
