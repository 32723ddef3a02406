//! Git's shell patterns for paths: `*` and `?` stop at a slash, `**` does not.
//!
//! The outcomes beyond yes and no keep a pattern of many stars from taking exponential time.

/// Whether `pattern` matches all of `text`.
///
/// `**` between slashes, or between a slash and an end, matches any number of components; elsewhere it is `*`.
/// Brackets know ranges, classes such as `[:alpha:]`, and `!` or `^`; a backslash takes the next byte literally.
pub(crate) fn wildmatch(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, true) == Outcome::Match
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Match,
    No,
    /// No `*` before this place can help, only a `**`: there is a slash in the way.
    StopAtSlash,
    /// No star before this place can help: the text ran out.
    Stop,
}

/// `start` says that `pattern` begins right after a slash or at the very beginning.
fn run(mut pattern: &[u8], mut text: &[u8], mut start: bool) -> Outcome {
    while let Some((&byte, rest)) = pattern.split_first() {
        if byte == b'*' {
            return run_star(pattern, text, start);
        }
        let Some((&found, after)) = text.split_first() else {
            return Outcome::Stop;
        };
        let rest = match byte {
            b'?' if found != b'/' => rest,
            b'?' => return Outcome::No,
            b'[' => match bracket(rest, found) {
                Some((true, rest)) if found != b'/' => rest,
                Some(_) => return Outcome::No,
                None => return Outcome::Stop,
            },
            b'\\' => match rest.split_first() {
                Some((&literal, rest)) if literal == found => rest,
                _ => return Outcome::No,
            },
            _ if byte == found => rest,
            _ => return Outcome::No,
        };
        start = byte == b'/';
        pattern = rest;
        text = after;
    }
    if text.is_empty() { Outcome::Match } else { Outcome::No }
}

/// `pattern` begins with one or more stars.
fn run_star(pattern: &[u8], text: &[u8], is_start: bool) -> Outcome {
    let stars = pattern.iter().take_while(|&&byte| byte == b'*').count();
    let rest = &pattern[stars..];
    let ends_component = rest.first().is_none_or(|&byte| byte == b'/') || rest.starts_with(b"\\/");
    let across = stars > 1 && is_start && ends_component;

    if across && rest.starts_with(b"/") && run(&rest[1..], text, true) == Outcome::Match {
        return Outcome::Match;
    }
    if rest.is_empty() {
        return if across || !text.contains(&b'/') { Outcome::Match } else { Outcome::StopAtSlash };
    }
    for at in 0..=text.len() {
        match run(rest, &text[at..], false) {
            Outcome::No => {}
            Outcome::StopAtSlash if across => {}
            outcome => return outcome,
        }
        if !across && text.get(at) == Some(&b'/') {
            return Outcome::StopAtSlash;
        }
    }
    Outcome::Stop
}

/// Matches `found` against the bracket expression whose text after `[` is `pattern`. Returns the answer and what
/// follows `]`; `None` where the expression has no end or names an unknown class.
fn bracket(pattern: &[u8], found: u8) -> Option<(bool, &[u8])> {
    let (negated, mut rest) = match pattern {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let mut matched = false;
    let mut previous: Option<u8> = None;
    let mut first = true;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        if byte == b']' && !first {
            return Some((matched != negated, rest));
        }
        first = false;
        match (byte, previous, rest) {
            (b'-', Some(low), [end, after @ ..]) if *end != b']' => {
                let mut high = *end;
                rest = after;
                if high == b'\\' {
                    let (&literal, after) = rest.split_first()?;
                    high = literal;
                    rest = after;
                }
                matched |= (low..=high).contains(&found);
                previous = None;
            }
            (b'[', _, [b':', after @ ..]) => {
                let end = after.iter().position(|&byte| byte == b']')?;
                if let Some(name) = after[..end].strip_suffix(b":") {
                    matched |= class(name, found)?;
                    rest = &after[end + 1..];
                    previous = None;
                } else {
                    // Not a class after all: the bracket stands for itself.
                    matched |= found == b'[';
                    previous = Some(b'[');
                }
            }
            (b'\\', _, _) => {
                let (&literal, after) = rest.split_first()?;
                rest = after;
                matched |= found == literal;
                previous = Some(literal);
            }
            _ => {
                matched |= found == byte;
                previous = Some(byte);
            }
        }
    }
}

/// Whether `byte` is in the POSIX class `name`; `None` for a class that does not exist.
fn class(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => matches!(byte, b' ' | b'\t' | b'\n' | b'\r'),
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::wildmatch;

    #[test]
    fn stars_and_slashes() {
        for (pattern, text, expected) in [
            ("*.c", "a.c", true),
            ("*.c", "a.ch", false),
            ("a/*.c", "a/b/c.c", false),
            ("a/**/c.c", "a/c.c", true),
            ("a/**/c.c", "a/b/b/c.c", true),
            ("a**c", "a/c", false),
            ("**/x", "x", true),
            ("a/**", "a/b/c", true),
            ("a/**", "a", false),
            ("*x/*y", "ax/bx/cy", false),
            ("*.[ch]", "a.h", true),
            ("*.dts[io]", "b.dtso", true),
            ("[!a-c]", "d", true),
            ("[!a-c]", "b", false),
            ("[]-]", "-", true),
            ("[[:upper:]_]?", "_x", true),
            ("[[:nope:]]", "n", false),
            ("a?b", "a/b", false),
            ("a\\*", "a*", true),
            ("[a", "a", false),
            ("", "", true),
        ] {
            assert_eq!(wildmatch(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_end_soon() {
        let pattern = "*a".repeat(60) + "b";
        assert!(!wildmatch(pattern.as_bytes(), &[b'a'; 3000]));
        let text = "a".repeat(60) + "/" + &"a".repeat(60);
        assert!(!wildmatch(("a/".to_owned() + &pattern).as_bytes(), text.as_bytes()));
        assert!(!wildmatch((pattern + "/b").as_bytes(), text.as_bytes()));
    }
}
