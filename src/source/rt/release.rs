//! The name of a release of the -rt project.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::version::{KernelVersion, VersionError};

/// A release of the -rt project: `6.6.14-rt21`, the twenty-first one of 6.6, on v6.6.14. Ordered by age within a series: its
/// number counts on where the base moves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RtRelease {
    base: KernelVersion,
    number: u32,
}

impl RtRelease {
    /// The release of the kernel that it stands on.
    pub fn base(&self) -> &KernelVersion {
        &self.base
    }

    /// `rt21`.
    pub fn word(&self) -> String {
        format!("rt{}", self.number)
    }

    /// The tarball with its patches: `patches-6.6.14-rt21.tar.xz`.
    pub fn tarball(&self) -> String {
        format!("patches-{self}.tar.xz")
    }

    /// The last release that a text names, as file names and addresses do: `…/patches-6.6.14-rt21.tar.xz`.
    pub fn find(text: &str) -> Option<Self> {
        text.rmatch_indices("-rt").find_map(|(at, _)| {
            let digits = text[at + 3..].bytes().take_while(u8::is_ascii_digit).count();
            let head = &text[..at];
            let end = at + 3 + digits;
            // As far to the left as a version may reach, and then less and less.
            let starts = head.char_indices().rev().take_while(|(_, c)| c.is_ascii_alphanumeric() || ".-".contains(*c));
            let starts: Vec<usize> = starts.map(|(start, _)| start).collect();
            starts.into_iter().rev().find_map(|start| {
                let is_begin = start == 0 || !text.as_bytes()[start - 1].is_ascii_alphanumeric();
                if is_begin { text[start..end].parse().ok() } else { None }
            })
        })
    }
}

impl FromStr for RtRelease {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let bad = || VersionError::Version(text.to_owned());
        let (base, number) = text.strip_prefix('v').unwrap_or(text).rsplit_once("-rt").ok_or_else(bad)?;
        let base: KernelVersion = base.parse()?;
        let is_number = !number.is_empty() && !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
        if !base.variant().is_empty() || !is_number {
            return Err(bad());
        }
        Ok(Self { base, number: number.parse().map_err(|_| bad())? })
    }
}

impl fmt::Display for RtRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-rt{}", self.base, self.number)
    }
}

impl Ord for RtRelease {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.base.series(), &self.base, self.number).cmp(&(other.base.series(), &other.base, other.number))
    }
}

impl PartialOrd for RtRelease {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_found() {
        for text in ["6.6.14-rt21", "6.6-rt3", "6.6-rc6-rt10"] {
            let release: RtRelease = text.parse().expect("a release");
            assert_eq!(release.to_string(), text);
            let name = format!("/x-1/patches-{text}.tar.xz");
            assert_eq!(RtRelease::find(&name), Some(release), "{name}");
        }
        for text in ["6.6.14", "6.6.14-rt", "6.6.14-rt01", "6.6.14-rt-rt1", "rt21", "6.6.14-rt21x", "6.6.0-rt1"] {
            assert!(text.parse::<RtRelease>().is_err(), "{text}");
        }
        assert_eq!(RtRelease::find("patches-6.6.14.tar.xz"), None);
        assert_eq!(RtRelease::find("patches-6.1.170-rt"), None);
        assert_eq!(RtRelease::find("6.6.14-rt21/patches").map(|found| found.to_string()), Some("6.6.14-rt21".into()));
        assert_eq!(RtRelease::find("v6.6.14-rt21").map(|found| found.to_string()), Some("6.6.14-rt21".into()));
    }

    #[test]
    fn later_ones_are_greater() {
        let mut all: Vec<RtRelease> = ["6.6.14-rt21", "6.6-rt3", "6.6.14-rt9", "6.6-rc6-rt10"]
            .map(|text| text.parse().expect("a release"))
            .to_vec();
        all.sort();
        let sorted: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, ["6.6-rc6-rt10", "6.6-rt3", "6.6.14-rt9", "6.6.14-rt21"]);
    }
}
