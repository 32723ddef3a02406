//! Where the files of a package go in the image.

/// Where a file goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file of the image itself.
    Root(&'static str),
    /// In `kernel.tar`, by its path there.
    Modules(String),
    /// In `kernel-dev.tar`.
    Dev(String),
    /// In `kernel-headers.tar`.
    Headers(String),
    /// Nowhere: documentation, scripts of the distribution, links to where headers may be one day.
    Nowhere,
}

/// Where a path of a package goes, and the release of the kernel that it names.
///
/// Distributions that have merged `/usr` keep modules in `usr/lib/modules`, others in `lib/modules`; the kernel, its configuration and its symbols
/// lie in `boot`, or with the modules.
pub(super) fn place(path: &str) -> (Place, Option<&str>) {
    for (start, name) in
        [("boot/vmlinuz-", "kernel"), ("boot/config-", "kernel_config"), ("boot/System.map-", "System.map")]
    {
        if let Some(release) = path.strip_prefix(start).filter(|rest| is_release(rest)) {
            return (Place::Root(name), Some(release));
        }
    }
    let merged = path.strip_prefix("usr/").filter(|rest| rest.starts_with("lib/modules/")).unwrap_or(path);
    if let Some((release, inside)) = merged.strip_prefix("lib/modules/").and_then(|rest| rest.split_once('/')) {
        return (of_modules(merged, release, inside), Some(release).filter(|release| is_release(release)));
    }
    // Device trees of Debian.
    if let Some((release, inside)) = path.strip_prefix("usr/lib/linux-image-").and_then(|rest| rest.split_once('/')) {
        return (Place::Modules(format!("boot/dtb/{inside}")), Some(release));
    }
    let place = if path.starts_with("usr/src/") || path.starts_with("usr/lib/linux-kbuild-") {
        Place::Dev(path.to_owned())
    } else if path.starts_with("usr/include/") {
        Place::Headers(path.to_owned())
    } else {
        Place::Nowhere
    };
    (place, None)
}

fn of_modules(path: &str, release: &str, inside: &str) -> Place {
    match inside {
        "vmlinuz" => Place::Root("kernel"),
        "config" => Place::Root("kernel_config"),
        "System.map" => Place::Root("System.map"),
        "build" | "source" => Place::Nowhere,
        _ => match inside.strip_prefix("build/") {
            // Where headers are not elsewhere, but here.
            Some(header) => Place::Dev(format!("usr/src/linux-headers-{release}/{header}")),
            None => Place::Modules(path.to_owned()),
        },
    }
}

/// Whether a text can be what `uname -r` says: it begins with a digit, and is no path.
pub(super) fn is_release(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'~'))
}

/// Whether the target of a link, from the root, is something that is kept.
pub(super) fn is_kept(target: &str) -> bool {
    ["usr/src", "usr/include", "lib/modules", "usr/lib/modules"]
        .iter()
        .any(|dir| target.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        || target.starts_with("usr/lib/linux-kbuild-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_distribution_has_its_places() {
        let at = |path| place(path);
        assert_eq!(at("boot/vmlinuz-6.1.0-56-amd64"), (Place::Root("kernel"), Some("6.1.0-56-amd64")));
        assert_eq!(
            at("lib/modules/6.8.5-301.fc40.x86_64/vmlinuz"),
            (Place::Root("kernel"), Some("6.8.5-301.fc40.x86_64"))
        );
        assert_eq!(at("usr/lib/modules/6.8/config").0, Place::Root("kernel_config"));
        let module = Place::Modules("lib/modules/6.8/kernel/a.ko".into());
        assert_eq!(at("usr/lib/modules/6.8/kernel/a.ko"), (module.clone(), Some("6.8")));
        assert_eq!(at("lib/modules/6.8/kernel/a.ko").0, module);
        assert_eq!(at("lib/modules/6.8/build").0, Place::Nowhere);
        assert_eq!(at("usr/lib/modules/6.8/build/Makefile").0, Place::Dev("usr/src/linux-headers-6.8/Makefile".into()));
        assert_eq!(at("usr/lib/linux-kbuild-6.1/scripts/x").0, Place::Dev("usr/lib/linux-kbuild-6.1/scripts/x".into()));
        assert_eq!(at("usr/include/linux/a.h").0, Place::Headers("usr/include/linux/a.h".into()));
        assert_eq!(at("usr/lib/linux-image-6.1/a/b.dtb").0, Place::Modules("boot/dtb/a/b.dtb".into()));
        for other in ["usr/share/doc/x", "boot/vmlinuz-", "boot/vmlinuz-a/b", "lib/modules", "etc/passwd"] {
            assert_eq!(at(other), (Place::Nowhere, None), "{other}");
        }
        assert!(
            is_kept("usr/src/x")
                && is_kept("usr/lib/linux-kbuild-6.1/scripts")
                && !is_kept("usr/srcx")
                && !is_kept("etc/passwd")
        );
    }
}
