//! Where the files of kernel.org are taken from: `v6.x/linux-6.6.14.tar.xz` and the like below one place.

use std::path::Path;

/// Where kernel.org has them. `www.kernel.org` leads there, and other hosts are not followed to.
pub const URL: &str = "https://cdn.kernel.org/pub/linux/kernel";
/// The variable that names another place: a URL or a directory.
pub const VARIABLE: &str = "KPATCH_MIRROR";

/// The place that the environment names, or else the setting of the kit at `top`, or kernel.org; without a slash at its end.
pub fn place(setting: Option<&str>, top: &Path) -> String {
    named(setting, top).unwrap_or_else(|| URL.to_owned())
}

/// The place that the environment names, or else the setting of the kit at `top`; `None` where neither does.
pub fn named(setting: Option<&str>, top: &Path) -> Option<String> {
    let place = said(VARIABLE, setting.map(|setting| of_kit(setting, top)).as_deref())?;
    Some(place.trim_end_matches('/').to_owned())
}

/// What a variable of the environment says, or else a setting.
pub fn said(variable: &str, setting: Option<&str>) -> Option<String> {
    let said = std::env::var(variable).ok().filter(|said| !said.is_empty());
    said.or_else(|| setting.map(str::to_owned))
}

/// A place as the kit at `top` writes it: a URL of the web, or a path, which is relative to the kit.
pub(super) fn of_kit(setting: &str, top: &Path) -> String {
    if is_web(setting) { setting.to_owned() } else { top.join(setting).display().to_string() }
}

/// True for a URL of the web; anything else is a directory.
pub fn is_web(place: &str) -> bool {
    place.starts_with("https://") || place.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_url_or_a_directory_of_the_kit() {
        let top = Path::new("/kit");
        assert_eq!(named(Some("https://example.org/k/"), top), Some("https://example.org/k".to_owned()));
        assert_eq!(named(Some("../mirror"), top), Some("/kit/../mirror".to_owned()));
        assert_eq!((named(None, top), place(None, top)), (None, URL.to_owned()));
    }
}
