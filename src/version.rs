//! Kernel versions, series and tags.

use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// What is wrong with the text of a version, a series or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionError {
    /// Not `6.6.13`, `6.7`, `6.7-rc1`, or one of these with a variant such as `-rt`.
    Version(String),
    /// `6.7.0`: the first release of a series is called `6.7` by its tag, its tarball and itself.
    ZeroPatch(String),
    /// Not `6.6.x`.
    Series(String),
    /// A tag name that `git check-ref-format` refuses, or that a program would take for an option.
    Tag {
        /// The refused name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(text) => write!(f, "'{}' is not a kernel version such as 6.6.13", shown(text)),
            Self::ZeroPatch(text) => {
                let first = text.strip_suffix(".0").unwrap_or(text);
                write!(f, "'{text}' is no kernel version: the first release of a series is called {first}")
            }
            Self::Series(text) => write!(f, "'{}' is not a kernel series such as 6.6.x", shown(text)),
            Self::Tag { name, reason } => write!(f, "'{}' is not a tag name: {reason}", shown(name)),
        }
    }
}

impl Error for VersionError {}

/// The text of an error is printed: whatever came in must not forge a terminal.
fn shown(text: &str) -> String {
    crate::text::visible(text.as_bytes())
}

/// The version of one kernel: `6.6.13`, `6.7` (a first release), `6.7-rc1`, `5.11.4-rt`.
///
/// Ordered by its numbers; a release candidate comes before its release, a variant after the plain version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelVersion {
    series: Series,
    /// The third number; 0 for a first release, which does not write it.
    patch: u32,
    rc: Option<u32>,
    /// Empty, or a suffix with its dash.
    variant: String,
}

impl KernelVersion {
    /// The series that it belongs to.
    pub fn series(&self) -> Series {
        self.series
    }

    /// The third number, 0 for a first release such as `6.7`.
    pub fn patch(&self) -> u32 {
        self.patch
    }

    /// The number of a release candidate.
    pub fn rc(&self) -> Option<u32> {
        self.rc
    }

    /// The variant with its dash, such as `-rt`; empty for the plain kernel.
    pub fn variant(&self) -> &str {
        &self.variant
    }

    /// The same version as the plain kernel.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { variant: String::new(), ..self.clone() }
    }

    /// The same version as the variant `variant`, which is empty or has its dash (`-rt`).
    pub fn with_variant(&self, variant: &str) -> Result<Self, VersionError> {
        if !is_variant(variant) {
            return Err(VersionError::Version(format!("{}{variant}", self.plain())));
        }
        Ok(Self { variant: variant.to_owned(), ..self.clone() })
    }

    /// The tag of the release that the version is built from: `v6.6.13`, `v6.7`. A variant has no tag of its own
    /// in the stable tree, so `5.11.4-rt` gives `v5.11.4`.
    pub fn tag(&self) -> Tag {
        Tag { name: format!("v{}", self.plain()) }
    }
}

/// True for nothing at all, and for what may follow a version or a series: a dash with letters, digits, `_` and `.`
/// that cannot be taken for `-rc1`, such as `-rt`.
pub fn is_variant(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('-') else {
        return text.is_empty();
    };
    let words_are_good = rest
        .split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')));
    let first = rest.split('-').next().unwrap_or_default();
    words_are_good && !rest.ends_with('.') && first.strip_prefix("rc").and_then(number).is_none()
}

/// A decimal number as versions write it: no sign, no leading zero.
fn number(text: &str) -> Option<u32> {
    let canonical =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

impl FromStr for KernelVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let bad = || VersionError::Version(text.to_owned());
        let (numbers, suffix) = text.split_at(text.find('-').unwrap_or(text.len()));
        let parts = numbers.split('.').map(number).collect::<Option<Vec<u32>>>().ok_or_else(bad)?;
        let (major, minor, patch) = match parts[..] {
            [major, minor] => (major, minor, 0),
            [_, _, 0] => return Err(VersionError::ZeroPatch(numbers.to_owned())),
            [major, minor, patch] => (major, minor, patch),
            _ => return Err(bad()),
        };
        let (rc, variant) = match suffix.strip_prefix("-rc") {
            Some(rest) => {
                let (digits, variant) = rest.split_at(rest.find('-').unwrap_or(rest.len()));
                match number(digits) {
                    Some(rc) => (Some(rc), variant),
                    None => (None, suffix),
                }
            }
            None => (None, suffix),
        };
        if !is_variant(variant) {
            return Err(bad());
        }
        Ok(Self { series: Series { major, minor }, patch, rc, variant: variant.to_owned() })
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.series.major, self.series.minor)?;
        if self.patch > 0 {
            write!(f, ".{}", self.patch)?;
        }
        if let Some(rc) = self.rc {
            write!(f, "-rc{rc}")?;
        }
        f.write_str(&self.variant)
    }
}

impl Ord for KernelVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |v: &Self| (v.series, v.patch, v.rc.is_none(), v.rc);
        key(self).cmp(&key(other)).then_with(|| self.variant.cmp(&other.variant))
    }
}

impl PartialOrd for KernelVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The line of releases that a version belongs to, written `6.6.x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Series {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

impl FromStr for Series {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        text.strip_suffix(".x")
            .and_then(|numbers| numbers.split_once('.'))
            .and_then(|(major, minor)| Some(Self { major: number(major)?, minor: number(minor)? }))
            .ok_or_else(|| VersionError::Series(text.to_owned()))
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.x", self.major, self.minor)
    }
}

/// The name of a tag below `refs/tags/`, safe to hand to any program: git accepts it and no program takes it for
/// an option.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    name: String,
}

impl Tag {
    /// Reads a tag name. `refs/tags/` in front is taken off, and a kernel version stands for its tag: `6.6.13` is
    /// `v6.6.13`.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let name = text.strip_prefix("refs/tags/").unwrap_or(text);
        if let Some(reason) = refusal(name) {
            return Err(VersionError::Tag { name: text.to_owned(), reason });
        }
        let is_version = name.parse::<KernelVersion>().is_ok();
        Ok(Self { name: if is_version { format!("v{name}") } else { name.to_owned() } })
    }

    /// The short name, such as `v6.6.13`.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The full name of the ref.
    pub fn full_name(&self) -> String {
        format!("refs/tags/{}", self.name)
    }

    /// The branch of the linux tree that carries the patch set on this tag: `v6.6.13-linuxkit`.
    pub fn branch(&self) -> String {
        self.branch_of("")
    }

    /// The same for a variant, which has a set of its own on that tag: `v6.6.13-rt-linuxkit`.
    pub fn branch_of(&self, variant: &str) -> String {
        format!("{}{variant}-linuxkit", self.name)
    }

    /// The version that the tag names, if it is the tag of a release or of a release candidate; `None` for tags of
    /// other trees such as `v6.6.13-rt20`.
    pub fn version(&self) -> Option<KernelVersion> {
        let version: KernelVersion = self.name.strip_prefix('v')?.parse().ok()?;
        version.variant.is_empty().then_some(version)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Tag {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        Self::parse(text)
    }
}

impl From<&KernelVersion> for Tag {
    fn from(version: &KernelVersion) -> Self {
        version.tag()
    }
}

impl AsRef<str> for Tag {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

/// Why `name` is no tag name: the rules of `git check-ref-format`, and a few for what follows on a command line.
fn refusal(name: &str) -> Option<&'static str> {
    let has_forbidden_byte =
        name.bytes().any(|b| b <= b' ' || b == 0x7f || matches!(b, b'~' | b'^' | b':' | b'?' | b'*' | b'[' | b'\\'));
    if name.is_empty() {
        Some("it is empty")
    } else if name.starts_with('-') {
        Some("it begins with '-'")
    } else if name == "@" {
        Some("'@' alone means HEAD")
    } else if has_forbidden_byte {
        Some("it holds a blank, a control character or one of ~^:?*[\\")
    } else if name.contains("..") {
        Some("it holds '..'")
    } else if name.contains("@{") {
        Some("it holds '@{'")
    } else if name.ends_with('.') {
        Some("it ends with '.'")
    } else if name.split('/').any(str::is_empty) {
        Some("a part of it between slashes is empty")
    } else if name.split('/').any(|part| part.starts_with('.')) {
        Some("a part of it begins with '.'")
    } else if name.split('/').any(|part| part.strip_suffix(".lock").is_some()) {
        Some("a part of it ends with '.lock'")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn version(text: &str) -> KernelVersion {
        text.parse().expect("a version")
    }

    #[test]
    fn versions_read_and_print_the_same() {
        for text in
            ["6.6.13", "6.7", "6.7-rc1", "5.11.4-rt", "6.7-rc1-rt", "4.14.106-rt56", "6.6.13-foo_1.2", "6.6.14-rc2"]
        {
            assert_eq!(version(text).to_string(), text);
        }
        assert_eq!(version("5.11.4-rt").variant(), "-rt");
        assert_eq!(version("5.11.4-rt").plain(), version("5.11.4"));
        assert_eq!(version("5.11.4").with_variant("-rt").expect("a variant"), version("5.11.4-rt"));
        assert_eq!(version("6.7-rc1").rc(), Some(1));
        assert_eq!(version("6.7").series(), "6.7.x".parse().expect("a series"));
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in [
            "",
            "6",
            "6.",
            "6.6.",
            ".6.6",
            "6.6.13.1",
            "06.6.13",
            "6.06",
            "6.6.013",
            "v6.6.13",
            "6.6.x",
            "6.6.13-",
            "6.6.13--rt",
            "6.6.13 ",
            "6.6.+3",
            "99999999999.1",
            "6.6.13-rt/..",
            "6.6.13-a b",
            "6.6.13-é",
            "6.6.13-rt.",
        ] {
            assert!(text.parse::<KernelVersion>().is_err(), "{text:?}");
        }
        let error = "6.7.0".parse::<KernelVersion>().expect_err("no such release");
        assert_eq!(error.to_string(), "'6.7.0' is no kernel version: the first release of a series is called 6.7");
        assert!(version("6.6.13").with_variant("rt").is_err());
        assert!(version("6.6").with_variant("-rc1").is_err());
        for text in ["6.6", "6.6.13", "6.6.y", "6.x", "6.6.x-rt", "06.6.x", "6.6.6.x"] {
            assert!(text.parse::<Series>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn order_is_that_of_the_numbers() {
        let sorted = [
            "4.16.9",
            "4.16.10",
            "4.16.91",
            "5.4-rc2",
            "5.4-rc10",
            "5.4",
            "5.4.1-rc1",
            "5.4.1",
            "5.4.1-rt",
            "5.10.2",
            "10.0",
        ];
        let mut versions: Vec<_> = sorted.iter().rev().map(|text| version(text)).collect();
        versions.sort();
        assert_eq!(versions.iter().map(ToString::to_string).collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn tags_and_versions_convert() {
        assert_eq!(Tag::parse("6.6.13").expect("a tag").as_str(), "v6.6.13");
        assert_eq!(Tag::parse("refs/tags/v6.7").expect("a tag").version(), Some(version("6.7")));
        assert_eq!(version("6.7").tag().as_str(), "v6.7");
        assert_eq!(version("5.11.4-rt").tag().as_str(), "v5.11.4");
        assert_eq!(Tag::parse("v6.6.13-rt20").expect("a tag").version(), None);
        assert_eq!(Tag::parse("next-20240101").expect("a tag").version(), None);
        assert_eq!(Tag::parse("v6.6.13").expect("a tag").branch(), "v6.6.13-linuxkit");
        let error = Tag::parse("--upload-pack=x\x1b").expect_err("an option");
        assert_eq!(error.to_string(), "'--upload-pack=x\\u{1b}' is not a tag name: it begins with '-'");
    }

    /// `git check-ref-format` is asked about every name; the two that git takes and we refuse are listed.
    #[test]
    fn tag_names_are_those_that_git_takes() {
        let mut names: Vec<String> = [
            "v6.6.13", "a/b", "a//b", "/a", "a/", ".a", "a/.b", "a.lock", "a.lock/b", "a.LOCK", "a..b", "a.", "a./b",
            "@", "@{", "a@{b", "a@b", "@/a", "-a", "a/-b", "é", "a\u{7f}", "a\u{80}b", "{", "a{b}", "''", "$(x)",
            ".lock", "a.lock.", "a.locks",
        ]
        .map(str::to_owned)
        .to_vec();
        names.extend(
            (1u8..0x80).flat_map(|b| [format!("a{}b", b as char), format!("a{}", b as char), (b as char).to_string()]),
        );
        let ours_alone = ["-a", "-", "@"];
        for name in &names {
            let git = Command::new("git")
                .args(["check-ref-format", &format!("refs/tags/{name}")])
                .status()
                .expect("git runs");
            let expected = git.success() && !ours_alone.contains(&name.as_str());
            assert_eq!(Tag::parse(name).is_ok(), expected, "{name:?}");
        }
    }
}
