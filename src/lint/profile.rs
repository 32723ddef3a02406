//! Customs of places: what another house than `LinuxKit` expects of its patches.

use super::settings::Level::{self, At, Off};
use crate::finding::Severity::{Error, Info, Warning};

/// The custom of a place.
#[derive(Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a custom of its own")]
pub struct Profile {
    /// Its name on the command line.
    pub name: &'static str,
    /// Whose custom it is, in one sentence.
    pub about: &'static str,
    /// Rules that count otherwise there.
    pub levels: &'static [(&'static str, Level)],
    /// Patches may have the header of DEP-3 instead of that of a mail.
    pub dep3: bool,
    /// The order of the patches is that of a quilt `series` file, where there is one.
    pub quilt: bool,
    /// The patches come from one place together: one origin for all of them is enough.
    pub one_origin: bool,
    /// A copy of a commit says so in one of stable's forms, first in its message.
    pub stable_form: bool,
}

/// All profiles, the usual one first.
pub static PROFILES: &[Profile] = &[
    Profile {
        name: "linuxkit",
        about: "the rules of LinuxKit's kernels: git am format, sign-off, numeric prefix, -x and Origin",
        levels: &[("D004", Off)],
        dep3: false,
        quilt: false,
        one_origin: false,
        stable_form: false,
    },
    Profile {
        name: "rt",
        about: "sets of PREEMPT_RT: names and order of quilt, one origin for the whole set",
        levels: &[
            ("D004", Off),
            ("H006", Off),
            ("H008", At(Info)),
            ("M001", At(Warning)),
            ("M003", Off),
            ("M004", Off),
            ("M007", Off),
            ("N006", Off),
        ],
        dep3: false,
        quilt: true,
        one_origin: true,
        stable_form: false,
    },
    Profile {
        name: "debian",
        about: "quilt series with DEP-3 headers, as Debian's packages have them",
        levels: &[
            ("D001", At(Warning)),
            ("D004", Off),
            ("F004", Off),
            ("H006", Off),
            ("H008", At(Info)),
            ("M001", At(Warning)),
            ("N001", Off),
            ("N002", Off),
            ("N003", Off),
            ("N004", Off),
            ("N005", Off),
            ("N006", Off),
            ("P006", Off),
        ],
        dep3: true,
        quilt: true,
        one_origin: false,
        stable_form: false,
    },
    Profile {
        name: "openwrt",
        about: "numbers in groups with gaps, names of one's own, as OpenWrt's targets have them",
        levels: &[
            ("D004", Off),
            ("H006", Off),
            ("H008", At(Info)),
            ("M001", At(Warning)),
            ("N003", At(Info)),
            ("N004", Off),
            ("N005", Off),
            ("N006", Off),
        ],
        dep3: false,
        quilt: false,
        one_origin: false,
        stable_form: false,
    },
    Profile {
        name: "stable-submission",
        about: "patches that are to be sent to the stable list",
        levels: &[
            ("D004", At(Warning)),
            ("H008", At(Info)),
            ("M003", At(Warning)),
            ("M007", At(Warning)),
            ("N001", At(Warning)),
            ("P001", At(Error)),
        ],
        dep3: false,
        quilt: false,
        one_origin: false,
        stable_form: true,
    },
];

/// The profile of that name.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}
