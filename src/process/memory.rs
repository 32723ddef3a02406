//! How much memory there is to spare.

use std::fs;

/// The memory that a new process may take without another one suffering, in bytes: `MemAvailable` in `/proc/meminfo`,
/// or what the control group leaves (`memory.max` and `memory.current`, see cgroups(7)) if that is less.
///
/// `None` where the system does not say so.
pub fn available() -> Option<u64> {
    let whole = fs::read_to_string("/proc/meminfo").ok().as_deref().and_then(mem_available);
    let group = group("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current");
    whole.into_iter().chain(group).min()
}

/// The line `MemAvailable:   12345 kB`.
fn mem_available(meminfo: &str) -> Option<u64> {
    let rest = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What is left of a limit; `None` if there is none (`max`).
fn group(limit: &str, used: &str) -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    Some(number(limit)?.saturating_sub(number(used)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_available_memory_is_read_from_its_line() {
        let text = "MemTotal:       16384 kB\nMemFree:  1 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(mem_available(text), Some(2 << 20));
        assert_eq!(mem_available("MemTotal: 1 kB\n"), None);
        assert_eq!(mem_available("MemAvailable: lots\n"), None);
    }

    #[test]
    fn a_limit_counts_less_what_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (some, none, used) = (file("some", "1000\n"), file("none", "max\n"), file("used", "400\n"));
        assert_eq!((group(&some, &used), group(&none, &used)), (Some(600), None));
        assert_eq!(group(&used, &some), Some(0));
        assert_eq!(group("/nonexistent", &used), None);
    }
}
