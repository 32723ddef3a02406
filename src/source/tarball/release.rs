//! Which release a tarball is, by its name and by its `Makefile`.

/// The version in a file name such as `linux-6.1.176.tar.xz` or `linux_6.1.176.orig.tar.xz`.
pub(crate) fn from_file_name(name: &str) -> Option<String> {
    let stem = [".tar", ".tar.xz", ".tar.gz", ".txz", ".tgz"].iter().find_map(|end| name.strip_suffix(end))?;
    let stem = stem.strip_prefix("linux")?;
    let version = match stem.rsplit_once('_') {
        // Debian's source packages: `linux_6.1.176`, `linux-6.12_6.12.107`; `~` sorts before everything there.
        Some((_, version)) => version.strip_suffix(".orig")?.replace('~', "-"),
        None => stem.strip_prefix('-')?.to_owned(),
    };
    is_version(&version).then_some(version)
}

/// True for `6.1`, `6.1.176`, `6.2-rc3`.
pub(super) fn is_version(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (version, candidate) = text.split_once("-rc").map_or((text, None), |(version, rc)| (version, Some(rc)));
    version.contains('.') && version.split('.').all(number) && candidate.is_none_or(number)
}

/// The version that the top-level `Makefile` of a kernel states.
pub(crate) fn from_makefile(makefile: &[u8]) -> Option<String> {
    let value = |key: &str| {
        let line = makefile.split(|byte| *byte == b'\n').find_map(|line| {
            let (name, value) = std::str::from_utf8(line).ok()?.split_once('=')?;
            (name.trim_end() == key).then_some(value)
        });
        line.map(str::trim)
    };
    let number = |key| value(key).and_then(|text| text.parse::<u32>().ok());
    let (version, patch_level, sublevel) = (number("VERSION")?, number("PATCHLEVEL")?, number("SUBLEVEL")?);
    let extra = value("EXTRAVERSION").unwrap_or("");
    let first_release = sublevel == 0 && version >= 3;
    let text = if first_release {
        format!("{version}.{patch_level}{extra}")
    } else {
        format!("{version}.{patch_level}.{sublevel}{extra}")
    };
    is_version(&text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_versions() {
        for (name, version) in [
            ("linux-6.1.176.tar.xz", Some("6.1.176")),
            ("linux-6.7.tar.gz", Some("6.7")),
            ("linux-6.2-rc3.tar", Some("6.2-rc3")),
            ("linux_6.1.176.orig.tar.xz", Some("6.1.176")),
            ("linux_6.13~rc2.orig.tar.xz", Some("6.13-rc2")),
            ("linux-6.12_6.12.107.orig.tar.xz", Some("6.12.107")),
            ("linux-6.1.176.tgz", Some("6.1.176")),
            ("linux-6.1.176.zip", None),
            ("linux-next.tar.xz", None),
            ("linux_6.1.176-1.debian.tar.xz", None),
            ("linux-6.1.176-rt5.tar.xz", None),
            ("linux-6..1.tar", None),
            ("linux-6.tar", None),
            ("lin-6.1.tar", None),
        ] {
            assert_eq!(from_file_name(name).as_deref(), version, "{name}");
        }
    }

    #[test]
    fn makefiles_tell_versions() {
        let read = |text: &str| from_makefile(text.as_bytes());
        let head = "# SPDX-License-Identifier: GPL-2.0\nVERSION = 6\nPATCHLEVEL = 1\n";
        assert_eq!(read(&format!("{head}SUBLEVEL = 176\nEXTRAVERSION =\n")).as_deref(), Some("6.1.176"));
        assert_eq!(read(&format!("{head}SUBLEVEL = 0\nEXTRAVERSION = -rc3\n")).as_deref(), Some("6.1-rc3"));
        assert_eq!(read(&format!("{head}SUBLEVEL = 0\n")).as_deref(), Some("6.1"));
        assert_eq!(
            read("VERSION = 2\nPATCHLEVEL = 6\nSUBLEVEL = 32\nEXTRAVERSION = .71\n").as_deref(),
            Some("2.6.32.71")
        );
        assert_eq!(read("all:\n\techo VERSION = 6\n"), None);
        assert_eq!(read(&format!("{head}SUBLEVEL = $(shell id)\n")), None);
    }
}
