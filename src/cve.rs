//! CVE ids, and what the kernel's CVE team publishes of each: the commits that fix it (`.sha1`), and from which release to
//! which a kernel has it (`.dyad`).

use std::fmt;
use std::str::FromStr;

use crate::version::KernelVersion;

/// An id such as `CVE-2024-26581`. They are in the order of years and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CveId {
    year: u16,
    number: u32,
}

impl fmt::Display for CveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CVE-{}-{:04}", self.year, self.number)
    }
}

/// A text that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id such as CVE-2024-26581")]
pub struct NoCveId;

impl FromStr for CveId {
    type Err = NoCveId;

    fn from_str(text: &str) -> Result<Self, NoCveId> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let rest = text.strip_prefix("CVE-").ok_or(NoCveId)?;
        let (year, number) = rest.split_once('-').ok_or(NoCveId)?;
        if year.len() != 4 || !(4..=9).contains(&number.len()) || !digits(year) || !digits(number) {
            return Err(NoCveId);
        }
        let id = Self { year: year.parse().map_err(|_| NoCveId)?, number: number.parse().map_err(|_| NoCveId)? };
        // What has more zeros in front than it should would be printed as another id.
        if id.to_string() == text { Ok(id) } else { Err(NoCveId) }
    }
}

impl CveId {
    /// The ids in a text, each once, in its order.
    pub fn all_in(text: &[u8]) -> Vec<Self> {
        let mut found = Vec::new();
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let mut at = 0;
        while let Some(next) = memchr::memmem::find(&text[at..], b"CVE-") {
            let start = at + next;
            let length = text[start..].iter().take_while(|byte| is_word(**byte)).count();
            at = start + length;
            let alone = start == 0 || !is_word(text[start - 1]);
            let id = std::str::from_utf8(&text[start..at]).ok().and_then(|word| word.parse().ok());
            if let Some(id) = id.filter(|id| alone && !found.contains(id)) {
                found.push(id);
            }
        }
        found
    }
}

/// The commits that a `.sha1` file names, 40 hex digits each in lower case; what is none is passed over.
pub fn fixing_commits(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| commit(line.trim())).collect()
}

fn commit(word: &str) -> Option<String> {
    (word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| word.to_ascii_lowercase())
}

/// From where to where a kernel is vulnerable: a line of a `.dyad` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The first release with the flaw; absent where nobody knows.
    pub vulnerable: Option<KernelVersion>,
    /// The first release with the fix; absent if there is none.
    pub fixed: Option<KernelVersion>,
    /// The commit of that release, 40 hex digits.
    pub commit: Option<String>,
}

/// The pairs of a `.dyad` file: `5.9:<40 hex>:6.6.17:<40 hex>`, `0` for what is not known. Comments and what cannot be read are
/// passed over.
pub fn pairs(text: &str) -> Vec<Pair> {
    let pair = |line: &str| {
        let words: Vec<&str> = line.trim().split(':').collect();
        let [vulnerable, _, fixed, id] = words[..] else { return None };
        let release = |text: &str| if text == "0" { Some(None) } else { text.parse().ok().map(Some) };
        Some(Pair { vulnerable: release(vulnerable)?, fixed: release(fixed)?, commit: commit(id) })
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(pair).collect()
}

/// How a release stands to a flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It has the fix, or never had the flaw.
    Safe,
    /// It has the flaw; this pair says where its own series has the fix.
    Lacks(&'a Pair),
    /// The pairs do not say it.
    NotKnown,
}

/// How a release stands, by the pairs. Only the pair of its own series can say that it lacks a fix; that it is safe, also those
/// of mainline before and after it.
pub fn standing<'a>(pairs: &'a [Pair], release: &KernelVersion) -> Standing<'a> {
    let series = release.series();
    if release.rc().is_some() {
        return Standing::NotKnown;
    }
    let own = |pair: &&Pair| pair.fixed.as_ref().is_some_and(|fixed| fixed.series() == series && fixed.patch() > 0);
    let mut own = pairs.iter().filter(own).peekable();
    if own.peek().is_some() {
        let mut standing = Standing::Safe;
        for pair in own {
            let is_fixed = pair.fixed.as_ref().is_some_and(|fixed| fixed <= release);
            match &pair.vulnerable {
                _ if is_fixed => {}
                Some(first) if first > release => {}
                Some(_) => return Standing::Lacks(pair),
                None => standing = Standing::NotKnown,
            }
        }
        return standing;
    }
    // A first release has what mainline had until then, and every release of its series has it too.
    let mainline = |version: &Option<KernelVersion>| {
        version.as_ref().filter(|version| version.patch() == 0 && version.rc().is_none()).map(KernelVersion::series)
    };
    let safe = |pair: &Pair| {
        mainline(&pair.fixed).is_some_and(|fixed| fixed <= series)
            || mainline(&pair.vulnerable).is_some_and(|first| first > series)
    };
    // The flaw may have come to the series by itself.
    let came = pairs.iter().any(|pair| pair.vulnerable.as_ref().is_some_and(|first| first.series() == series));
    let mut mainline = pairs.iter().filter(|pair| mainline(&pair.fixed).is_some()).peekable();
    if !came && mainline.peek().is_some() && mainline.all(safe) { Standing::Safe } else { Standing::NotKnown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_where_they_stand_alone() {
        let text =
            b"Fixes CVE-2024-26581, CVE-2023-0001 (CVE-2024-26581); not XCVE-2024-1111, CVE-24-1234, CVE-2024-123, \
                     CVE-2024-00012345, CVE-2024-1234567890, CVE-2024-1234x";
        let ids: Vec<String> = CveId::all_in(text).iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["CVE-2024-26581", "CVE-2023-0001"]);
        assert!(CveId::all_in(b"CVE-").is_empty() && CveId::all_in(b"\xffCVE-2024-1234\xff").len() == 1);
    }

    #[test]
    fn files_of_the_team_are_read() {
        let id = "0123456789ABCDEF0123456789abcdef01234567";
        assert_eq!(fixing_commits(&format!("{id}\n\nnothing\n{id} \n")), vec![id.to_ascii_lowercase(); 2]);
        let text = format!(
            "# dyad version: 86b352798e93\n# \tgetting vulnerable:fixed pairs for git id {id}\n5.9:{id}:6.6.17:{id}\n0:0:6.8:{id}\n\
             5.9:{id}:0:0\nfive:{id}:6.6:{id}\na:b\n"
        );
        let pairs = pairs(&text);
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[0].fixed.as_ref().map(ToString::to_string), Some("6.6.17".into()));
        assert_eq!(pairs[1].vulnerable, None);
        assert_eq!((&pairs[2].fixed, &pairs[2].commit), (&None, &None));
    }

    #[test]
    fn only_what_is_certain_is_said() {
        let said = |lines: &[&str], release: &str| {
            let text: Vec<String> = lines
                .iter()
                .map(|line| {
                    line.split_once('-').map(|(a, b)| format!("{a}:{0}:{b}:{0}\n", "1".repeat(40))).expect("two")
                })
                .collect();
            match standing(&pairs(&text.concat()), &release.parse().expect("a version")) {
                Standing::Safe => "safe".to_owned(),
                Standing::Lacks(pair) => pair.fixed.as_ref().map(ToString::to_string).expect("fixed"),
                Standing::NotKnown => "not known".to_owned(),
            }
        };
        let usual = ["5.9-5.10.9", "5.9-6.6.17", "5.9-6.7.5", "5.9-6.8"];
        for (release, standing) in [
            ("6.6.16", "6.6.17"),
            ("6.6.17", "safe"),
            ("6.6", "6.6.17"),
            ("6.9.1", "safe"),
            ("6.8", "safe"),
            ("5.4.1", "safe"),
        ] {
            assert_eq!(said(&usual, release), standing, "{release}");
        }
        // A series without a fix of its own, and one that the flaw came to by itself.
        assert_eq!(said(&usual, "6.1.5"), "not known");
        assert_eq!(said(&["6.6.5-6.6.17", "6.7-6.8"], "6.6.4"), "safe");
        assert_eq!(said(&["6.6.5-6.6.17", "6.7-6.8"], "6.6.5"), "6.6.17");
        assert_eq!(said(&["6.1.5-6.1.9", "6.7-6.8"], "6.6.5"), "safe");
        assert_eq!(said(&["6.6.5-0", "6.7-6.8"], "6.6.5"), "not known");
        assert_eq!(said(&["0-6.6.17"], "6.6.5"), "not known");
        assert_eq!(said(&["5.9-6.6.17"], "6.6.5-rc1"), "not known");
        assert_eq!(said(&[], "6.6.5"), "not known");
    }
}
