//! About how long a build takes, and how much disk.

use crate::build::Configuration;
use crate::kconfig::Config;

/// The build that the others are measured by: options that are on, seconds of one processor, bytes of objects. It was a small
/// kernel for `x86_64`; Debian's, with nineteen times as many options, took about 9,500 seconds and 3.6 GB.
const MEASURED: (f64, f64, f64) = (370.0, 176.0, 79e6);
/// How fast both grow with the options, by these two.
const GROWTH: f64 = 1.37;
/// What debug information adds to objects.
const DEBUG_INFO: f64 = 6.0;
/// The unpacked sources, in bytes.
const SOURCES: f64 = 1.6e9;
/// The output directory, its archives and the layers made of them.
const IMAGES: f64 = 0.5e9;

/// A guess.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    /// Seconds of one processor.
    pub(super) seconds: f64,
    /// Bytes of disk.
    pub(super) bytes: f64,
}

impl Estimate {
    /// What one kernel may take.
    pub(super) fn of(configuration: &Configuration) -> Self {
        let files = std::iter::once(&configuration.config).chain(&configuration.fragments);
        let configs: Vec<Config> = files.filter_map(|file| Config::parse(&file.bytes).ok()).collect();
        let is_on = |value: &Option<String>| matches!(value.as_deref(), Some("y" | "m"));
        let options = configs.iter().flat_map(|config| &config.options).filter(|option| is_on(&option.value)).count();
        let has_debug_info = configs
            .iter()
            .rev()
            .find_map(|config| config.get("CONFIG_DEBUG_INFO"))
            .is_some_and(|option| is_on(&option.value));
        let (measured, seconds, bytes) = MEASURED;
        let growth = (f64::from(u32::try_from(options).unwrap_or(u32::MAX)).max(measured) / measured).powf(GROWTH);
        let objects = bytes * growth * if has_debug_info { DEBUG_INFO } else { 1.0 };
        Self { seconds: seconds * growth, bytes: SOURCES + objects + IMAGES }
    }

    /// Several, one after the other; each keeps what it made.
    pub(super) fn add(self, other: Self) -> Self {
        // The sources of a release are unpacked once, but most builds of several kernels are of several releases.
        Self { seconds: self.seconds + other.seconds, bytes: self.bytes + other.bytes }
    }

    /// Minutes with that many jobs at a time.
    pub(super) fn minutes(self, jobs: usize) -> u64 {
        (self.seconds / 60.0 / f64::from(u32::try_from(jobs.max(1)).unwrap_or(u32::MAX))).ceil().max(1.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::build::NamedFile;

    fn configuration(options: usize, debug: &str) -> Configuration {
        let mut text = String::new();
        for option in 0..options {
            let _ = writeln!(text, "CONFIG_A{option}=y");
        }
        let config = NamedFile { name: "config".into(), bytes: text.into_bytes() };
        let fragments = vec![NamedFile { name: "config-dbg".into(), bytes: debug.as_bytes().to_vec() }];
        Configuration { config, fragments, local_version: "-linuxkit".into(), is_final: true }
    }

    #[test]
    fn the_two_measured_builds_are_met() {
        let small = Estimate::of(&configuration(370, ""));
        assert_eq!((small.minutes(2), (small.bytes / 1e9) as u64), (2, 2));
        let large = Estimate::of(&configuration(7000, ""));
        assert!((9_000.0..11_000.0).contains(&large.seconds), "{large:?}");
        assert!((5e9..8e9).contains(&large.bytes), "{large:?}");
        assert!(Estimate::of(&configuration(7000, "CONFIG_DEBUG_INFO=y\n")).bytes > 4.0 * large.bytes);
        assert!((small.add(large).seconds - small.seconds - large.seconds).abs() < 1.0);
        assert_eq!(large.minutes(0), large.minutes(1));
    }
}
