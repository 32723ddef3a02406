//! Who compiled a kernel, as its configuration says it.

use crate::kconfig::Config;

/// The compiler in the form of `compiler` of an output directory: `debian/gcc-12.2.0-14+deb12u1/binutils-2.40`. What the configuration does
/// not say is left out.
pub(super) fn compiler(vendor: &str, config: &Config) -> String {
    let option = |name: &str| config.get(name).map(|option| option.word().trim_matches('"'));
    let mut parts = vec![vendor.to_owned()];
    parts.extend(option("CONFIG_CC_VERSION_TEXT").and_then(program));
    // 24000 is 2.40.0, and 23502 is 2.35.2.
    let number = option("CONFIG_AS_VERSION").or(option("CONFIG_LD_VERSION")).and_then(|text| text.parse::<u32>().ok());
    if let Some(number) = number.filter(|number| *number > 0) {
        let (major, minor, patch) = (number / 10_000, number / 100 % 100, number % 100);
        let patch = if patch == 0 { String::new() } else { format!(".{patch}") };
        parts.push(format!("binutils-{major}.{minor:02}{patch}"));
    }
    parts.join("/")
}

/// `gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0` as `gcc-12.2.0-14+deb12u1`.
fn program(text: &str) -> Option<String> {
    let name = text.split([' ', '-']).find(|word| ["gcc", "clang"].contains(word)).unwrap_or("cc");
    let numbers = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
    let mut in_brackets = text.split('(').skip(1).filter_map(|rest| rest.split_once(')')?.0.rsplit(' ').next());
    let version = in_brackets.find(numbers).or_else(|| text.split(' ').rfind(numbers))?;
    Some(format!("{name}-{version}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn compilers_of_distributions() {
        let said = |vendor: &str, text: &str| compiler(vendor, &Config::parse(text.as_bytes()).unwrap());
        let debian = "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0\"\nCONFIG_AS_VERSION=24000\n";
        assert_eq!(said("debian", debian), "debian/gcc-12.2.0-14+deb12u1/binutils-2.40");
        let ubuntu = "CONFIG_CC_VERSION_TEXT=\"x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0\"\nCONFIG_AS_VERSION=24200\n";
        assert_eq!(said("ubuntu", ubuntu), "ubuntu/gcc-13.2.0-23ubuntu4/binutils-2.42");
        let fedora =
            "CONFIG_CC_VERSION_TEXT=\"gcc (GCC) 14.0.1 20240411 (Red Hat 14.0.1-0)\"\nCONFIG_AS_VERSION=24101\n";
        assert_eq!(said("fedora", fedora), "fedora/gcc-14.0.1-0/binutils-2.41.1");
        assert_eq!(said("debian", ""), "debian");
    }
}
