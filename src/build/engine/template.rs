//! Dockerfiles with places to be filled in.

use std::fmt::Write as _;

/// Fills in what stands in double braces: `{{name}}`. Text without places is as it was.
///
/// A value is one word or several on one line; what a Dockerfile would read otherwise than it is written is a mistake of the caller's.
///
/// # Errors
/// Names the place that has no value, or the value that does not fit.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let mut text = String::with_capacity(template.len() + 256);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, behind) = after.split_once("}}").ok_or("a place without an end")?;
        let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let value = value.ok_or_else(|| format!("no value for {{{{{name}}}}}"))?;
        if let Some(bad) = value.chars().find(|&c| c.is_control() || "\"'\\`$#{}".contains(c)) {
            return Err(format!("the value '{}' of {name} has {bad:?} in it", value.escape_debug()));
        }
        let _ = write!(text, "{before}{value}");
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn places_are_filled() {
        assert_eq!(fill("FROM {{a}} AS {{b}}\n", &[("a", "x:1"), ("b", "y")]), Ok("FROM x:1 AS y\n".into()));
        assert_eq!(fill("RUN {{none}}true", &[("none", "")]), Ok("RUN true".into()));
        assert_eq!(fill("", &[]), Ok(String::new()));
    }

    #[test]
    fn nothing_but_words_gets_in() {
        assert_eq!(fill("{{a}}", &[]), Err("no value for {{a}}".into()));
        assert!(fill("{{a", &[("a", "b")]).is_err());
        for bad in ["x\nRUN evil", "$(x)", "a\"b", "a # b", "{{a}}"] {
            assert!(fill("FROM {{a}}", &[("a", bad)]).is_err(), "{bad}");
        }
    }
}
