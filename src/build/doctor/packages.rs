//! What packages are called in other distributions.

use std::fs;

use serde::Serialize;

/// The distribution of this machine, as far as its packages are known by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    family: Family,
    /// The first number of its version.
    major: Option<u32>,
}

/// Distributions whose packages have the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Family {
    Debian,
    Alpine,
    Fedora,
    /// One whose names are not known; those of Debian say at least what it is.
    Other,
}

/// The Debian package with its names on Alpine and on Fedora, where these are others; nothing where there is none.
const NAMES: [(&str, &str, &str); 24] = [
    ("gcc", "gcc musl-dev", "gcc"),
    ("libelf-dev", "elfutils-dev", "elfutils-libelf-devel"),
    ("libssl-dev", "openssl-dev", "openssl-devel"),
    ("xz-utils", "xz", "xz"),
    ("dwarves", "pahole", "dwarves"),
    ("rustc", "rust", "rust"),
    ("bindgen", "rust-bindgen", "bindgen-cli"),
    ("gpg", "gnupg", "gnupg2"),
    ("docker.io", "docker", "moby-engine"),
    ("docker-buildx", "docker-cli-buildx", "docker-buildx"),
    ("gcc-aarch64-linux-gnu", "", "gcc-aarch64-linux-gnu"),
    ("gcc-riscv64-linux-gnu", "", "gcc-riscv64-linux-gnu"),
    ("gcc-s390x-linux-gnu", "", "gcc-s390x-linux-gnu"),
    ("gcc-x86-64-linux-gnu", "", "gcc-x86_64-linux-gnu"),
    ("qemu-system-x86", "qemu-system-x86_64", "qemu-system-x86"),
    ("qemu-system-arm", "qemu-system-aarch64", "qemu-system-aarch64"),
    ("qemu-system-misc", "qemu-system-riscv64", "qemu-system-riscv"),
    ("qemu-user-static", "qemu-aarch64 qemu-riscv64 qemu-openrc", "qemu-user-static"),
    ("lz4", "lz4", "lz4"),
    ("lzop", "lzop", "lzop"),
    ("perl", "perl", "perl"),
    ("zlib1g-dev", "zlib-dev", "zlib-devel"),
    ("libtraceevent-dev", "libtraceevent-dev", "libtraceevent-devel"),
    ("buildah", "buildah", "buildah"),
];

impl Distribution {
    /// That of this machine, by os-release(5).
    pub fn of_this_machine() -> Self {
        let read =
            ["/etc/os-release", "/usr/lib/os-release"].into_iter().find_map(|path| fs::read_to_string(path).ok());
        Self::parse(&read.unwrap_or_default())
    }

    /// That of the text of os-release(5).
    pub fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
            Some(line.trim().trim_matches(['"', '\'']))
        };
        let words: Vec<&str> =
            ["ID", "ID_LIKE"].iter().filter_map(|key| value(key)).flat_map(str::split_whitespace).collect();
        let families = [
            ("debian", Family::Debian),
            ("ubuntu", Family::Debian),
            ("alpine", Family::Alpine),
            ("fedora", Family::Fedora),
            ("rhel", Family::Fedora),
        ];
        let family =
            families.into_iter().find(|(name, _)| words.contains(name)).map_or(Family::Other, |(_, family)| family);
        let major = value("VERSION_ID").and_then(|version| version.split('.').next()?.parse().ok());
        // Ubuntu and others count otherwise.
        let major = major.filter(|_| words.first() == Some(&"debian"));
        Self { family, major }
    }

    /// The packages that a Debian package is here; none if there is none.
    pub(super) fn packages(&self, debian: &str) -> Vec<String> {
        let names = NAMES.iter().find(|(name, ..)| *name == debian);
        let name = match (self.family, names) {
            (Family::Alpine, Some((_, alpine, _))) => alpine,
            (Family::Fedora, Some((_, _, fedora))) => fedora,
            // It has left the package of many.
            (Family::Debian, _) if debian == "qemu-system-misc" && self.major.is_some_and(|major| major >= 13) => {
                "qemu-system-riscv"
            }
            _ => debian,
        };
        name.split_whitespace().map(str::to_owned).collect()
    }

    /// The command that installs packages; `None` where it is not known.
    pub fn install(&self, packages: &[String]) -> Option<String> {
        let command = match self.family {
            Family::Debian => "apt-get install",
            Family::Alpine => "apk add",
            Family::Fedora => "dnf install",
            Family::Other => return None,
        };
        (!packages.is_empty()).then(|| format!("{command} {}", packages.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_have_the_names_of_the_distribution() {
        let on = |text: &str, package: &str| Distribution::parse(text).packages(package).join(" ");
        let (debian, fedora) =
            ("ID=debian\nVERSION_ID=\"12\"\n", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n");
        let alpine = "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.0\n";
        assert_eq!(on(debian, "libelf-dev"), "libelf-dev");
        assert_eq!(on(alpine, "libelf-dev"), "elfutils-dev");
        assert_eq!(on(fedora, "libelf-dev"), "elfutils-libelf-devel");
        assert_eq!((on(alpine, "gcc-aarch64-linux-gnu").as_str(), on(alpine, "bison").as_str()), ("", "bison"));
        assert_eq!(on(debian, "qemu-system-misc"), "qemu-system-misc");
        assert_eq!(on(&debian.replace("12", "13"), "qemu-system-misc"), "qemu-system-riscv");
        assert_eq!(on("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\n", "qemu-system-misc"), "qemu-system-misc");
        assert_eq!(on("", "libelf-dev"), "libelf-dev");
    }

    #[test]
    fn the_command_is_that_of_the_distribution() {
        let packages = ["a".to_owned(), "b".to_owned()];
        assert_eq!(Distribution::parse("ID=debian\n").install(&packages).as_deref(), Some("apt-get install a b"));
        assert_eq!(Distribution::parse("ID=alpine\n").install(&packages).as_deref(), Some("apk add a b"));
        assert_eq!(Distribution::parse("ID=debian\n").install(&[]), None);
        assert_eq!(Distribution::parse("ID=nixos\n").install(&packages), None);
    }
}
