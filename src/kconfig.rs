//! Kernel configurations as data: the options of a `.config`, a defconfig or a fragment.
//!
//! Nothing is evaluated here: what an option depends on, and what it becomes, only the kernel's own tools can say.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use crate::text::visible;

/// The version stands on one of the first lines.
const HEADER_LINES: usize = 8;

/// A configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The options in the order of the file, each once: of several lines the last one counts, as for the kernel.
    pub options: Vec<Opt>,
}

/// One option of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    /// Its name with `CONFIG_` in front.
    pub name: String,
    /// Its value as it stands in the file: `y`, `m`, `"-linuxkit"`, `0x1000`; `None` for `# CONFIG_X is not set`.
    pub value: Option<String>,
    /// The menu that it is below, as the comment in front of it says; empty if none does.
    pub menu: String,
}

impl Opt {
    /// The value in one word: `n` for one that is not set.
    pub fn word(&self) -> &str {
        self.value.as_deref().unwrap_or("n")
    }

    /// The line that says so.
    fn line(&self) -> String {
        match &self.value {
            Some(value) => format!("{}={value}", self.name),
            None => format!("# {} is not set", self.name),
        }
    }
}

/// Why a configuration cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {message}")]
pub struct KconfigError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it, fit for display.
    pub message: String,
}

impl Config {
    /// Reads a configuration. A line that is neither an option, a comment nor blank is an error: the kernel would pass
    /// over it with a warning that nobody reads.
    pub fn parse(text: &[u8]) -> Result<Self, KconfigError> {
        let mut options: Vec<Opt> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut menu = String::new();
        let mut above = [&b""[..]; 2];
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // A title stands between two lines that hold only `#`.
            if line == b"#" && above[0] == b"#" && above[1].starts_with(b"# ") {
                menu = visible(&above[1][2..]);
            }
            above = [above[1], line];
            let Some((name, value)) = option(line).map_err(|message| KconfigError { line: number + 1, message })?
            else {
                continue;
            };
            let option = Opt { name: name.clone(), value, menu: menu.clone() };
            let at = *places.entry(name).or_insert(options.len());
            if at < options.len() {
                options[at] = option;
            } else {
                options.push(option);
            }
        }
        Ok(Self { options })
    }

    /// The configuration as a file, its menus as the kernel writes them.
    pub fn to_text(&self, head: &str) -> String {
        let mut text = String::new();
        for line in head.lines() {
            let _ = writeln!(text, "# {line}");
        }
        let mut menu = "";
        for option in &self.options {
            if option.menu != menu {
                menu = &option.menu;
                let _ = write!(text, "\n#\n# {menu}\n#\n");
            }
            let _ = writeln!(text, "{}", option.line());
        }
        text
    }

    /// The option of that name, which has `CONFIG_` in front; of several the first.
    pub fn get(&self, name: &str) -> Option<&Opt> {
        self.options.iter().find(|option| option.name == name)
    }

    fn by_name(&self) -> HashMap<&str, &Opt> {
        self.options.iter().map(|option| (option.name.as_str(), option)).collect()
    }
}

/// Where the version stands in the header of a `.config`: `# Linux/x86 6.6.13 Kernel Configuration`.
pub fn release(text: &[u8]) -> Option<Range<usize>> {
    let mut start = 0;
    for line in text.split(|byte| *byte == b'\n').take(HEADER_LINES) {
        if let Some(rest) = line.strip_prefix(b"# Linux/")
            && let Some(name) = rest.strip_suffix(b" Kernel Configuration")
            && let Some(blank) = name.iter().position(|byte| *byte == b' ')
        {
            let from = start + b"# Linux/".len() + blank + 1;
            return Some(from..from + name.len() - blank - 1);
        }
        start += line.len() + 1;
    }
    None
}

/// The architecture as the header of a `.config` spells it: `x86` or `x86_64`, as `make ARCH=` was told.
pub fn spelling(text: &[u8]) -> Option<&str> {
    let before = &text[..release(text)?.start - 1];
    std::str::from_utf8(before.rsplit(|byte| *byte == b'/').next()?).ok()
}

/// The option that a line sets; `None` for a comment or a blank line.
fn option(line: &[u8]) -> Result<Option<(String, Option<String>)>, String> {
    let text = std::str::from_utf8(line).map_err(|_| format!("'{}' is not UTF-8", visible(line)))?.trim();
    let is_name = |name: &str| {
        let rest = name.strip_prefix("CONFIG_").unwrap_or_default();
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if let Some(name) = text.strip_prefix("# ").and_then(|rest| rest.strip_suffix(" is not set"))
        && is_name(name)
    {
        return Ok(Some((name.to_owned(), None)));
    }
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    match text.split_once('=') {
        // `CONFIG_X=n` is another way to say that it is not set.
        Some((name, "n")) if is_name(name) => Ok(Some((name.to_owned(), None))),
        Some((name, value)) if is_name(name) => Ok(Some((name.to_owned(), Some(value.to_owned())))),
        _ => Err(format!("'{}' is neither an option nor a comment", visible(text.as_bytes()))),
    }
}

/// Several configurations, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What all of them say, in the order of the first one.
    pub common: Config,
    /// What each of them says besides.
    pub rest: Vec<Config>,
}

/// Takes configurations apart: the options with the same value in all of them, and what is left of each. Both together
/// are the configuration again.
pub fn split(configs: &[Config]) -> Split {
    let tables: Vec<HashMap<&str, &Opt>> = configs.iter().map(Config::by_name).collect();
    let in_all = |option: &&Opt| {
        let same = |table: &HashMap<&str, &Opt>| {
            table.get(option.name.as_str()).is_some_and(|other| other.value == option.value)
        };
        tables.iter().all(same)
    };
    let first = configs.first().into_iter().flat_map(|config| &config.options);
    let common = Config { options: first.filter(in_all).cloned().collect() };
    let rest = configs.iter().map(|config| {
        let options = config.options.iter().filter(|option| !in_all(option)).cloned().collect();
        Config { options }
    });
    Split { rest: rest.collect(), common }
}

/// An option that differs between two configurations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its name with `CONFIG_` in front.
    pub name: String,
    /// Its value before, `n` for one that is not set; absent if the old configuration does not know it.
    pub old: Option<String>,
    /// Its value after.
    pub new: Option<String>,
}

/// The options in which two configurations differ: those that go, then those that change, then those that come, each by
/// name.
pub fn diff(old: &Config, new: &Config) -> Vec<Difference> {
    let (before, after) = (old.by_name(), new.by_name());
    let mut names: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let word = |table: &HashMap<&str, &Opt>, name: &str| table.get(name).map(|option| option.word().to_owned());
    let mut all: Vec<Difference> = names
        .into_iter()
        .map(|name| Difference { name: name.to_owned(), old: word(&before, name), new: word(&after, name) })
        .filter(|difference| difference.old != difference.new)
        .collect();
    all.sort_by_key(|difference| match (&difference.old, &difference.new) {
        (Some(_), None) => 0,
        (Some(_), Some(_)) => 1,
        _ => 2,
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 6.6.13 Kernel Configuration\n#\n\
        CONFIG_CC_VERSION_TEXT=\"gcc (x) 13\"\n\n#\n# General setup\n#\nCONFIG_INIT=32\n# CONFIG_WERROR is not set\n\
        CONFIG_LOCALVERSION=\"-linuxkit # CONFIG_X is not set\"\n# end of General setup\n\n#\n# Networking\n#\nCONFIG_NET=y\n";

    fn parse(text: &str) -> Config {
        Config::parse(text.as_bytes()).expect("a configuration")
    }

    #[test]
    fn options_values_and_menus() {
        let config = parse(TEXT);
        let shown: Vec<(&str, &str, &str)> =
            config.options.iter().map(|o| (o.name.as_str(), o.word(), o.menu.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("CONFIG_CC_VERSION_TEXT", "\"gcc (x) 13\"", ""),
                ("CONFIG_INIT", "32", "General setup"),
                ("CONFIG_WERROR", "n", "General setup"),
                ("CONFIG_LOCALVERSION", "\"-linuxkit # CONFIG_X is not set\"", "General setup"),
                ("CONFIG_NET", "y", "Networking"),
            ]
        );
        assert_eq!(parse(&config.to_text("a\nb")), config);
        assert_eq!(parse("CONFIG_A=y\r\nCONFIG_A=m\nCONFIG_A=n\n").options.len(), 1);
        assert_eq!(parse("CONFIG_A=y\n# CONFIG_A is not set\n").options[0].value, None);
    }

    #[test]
    fn the_version_in_the_header() {
        let version = |text: &str| release(text.as_bytes()).map(|place| text[place].to_owned());
        assert_eq!(version(TEXT).as_deref(), Some("6.6.13"));
        assert_eq!(version("# Linux/arm64 6.7-rc1 Kernel Configuration\n").as_deref(), Some("6.7-rc1"));
        assert_eq!(spelling(b"#\n# Linux/x86 6.6.13 Kernel Configuration\n"), Some("x86"));
        assert_eq!(spelling(b"CONFIG_A=y\n"), None);
        for text in ["", "CONFIG_A=y\n", "# Linux/x86 Kernel Configuration", "# Linux/ Kernel Configuration"] {
            assert!(version(text).is_none_or(|version| version.is_empty()), "{text}");
        }
    }

    #[test]
    fn what_is_no_configuration_is_named_with_its_line() {
        for (text, line) in [("CONFIG_A=y\nA=y\n", 2), ("CONFIG_=y\n", 1), ("\n\nCONFIG_A\n", 3), ("CONFIG A=y", 1)] {
            assert_eq!(Config::parse(text.as_bytes()).map_err(|error| error.line), Err(line), "{text}");
        }
        assert!(Config::parse(b"CONFIG_A=\"\xff\"\n").is_err());
    }

    #[test]
    fn common_and_rest_give_each_back() {
        let configs =
            ["CONFIG_A=y\nCONFIG_B=m\n", "CONFIG_B=m\nCONFIG_A=n\nCONFIG_C=1\n", "CONFIG_B=m\nCONFIG_A=y\n"].map(parse);
        let split = split(&configs);
        assert_eq!(split.common, parse("CONFIG_B=m\n"));
        for (config, rest) in configs.iter().zip(&split.rest) {
            let mut joined = [split.common.options.clone(), rest.options.clone()].concat();
            let mut whole = config.options.clone();
            joined.sort_by(|a, b| a.name.cmp(&b.name));
            whole.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!(joined, whole);
        }
        assert_eq!(super::split(&[]).common, Config::default());
    }

    #[test]
    fn differences_go_change_and_come() {
        let shown: Vec<String> =
            diff(&parse("CONFIG_B=y\nCONFIG_A=y\nCONFIG_D=y\n"), &parse("CONFIG_B=m\nCONFIG_C=n\nCONFIG_D=y\n"))
                .iter()
                .map(|d| format!("{} {:?} {:?}", d.name, d.old.as_deref(), d.new.as_deref()))
                .collect();
        assert_eq!(
            shown,
            ["CONFIG_A Some(\"y\") None", "CONFIG_B Some(\"y\") Some(\"m\")", "CONFIG_C None Some(\"n\")"]
        );
    }
}
