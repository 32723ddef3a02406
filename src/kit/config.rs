//! `kpatch.toml` in the kit: what a kit says about itself.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::KitError;

/// The settings of a kit. All of them may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The linux tree: a path, relative to the kit, or a URL. See [`Config::linux_tree`].
    pub linux: Option<String>,
    /// Settings of a series, by its name with the variant: `6.6.x`, `5.11.x-rt`.
    #[serde(default)]
    pub series: BTreeMap<String, SeriesConfig>,
}

/// The settings of one series.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesConfig {
    /// The directory with the patches, relative to the kit and inside it.
    pub patches: Option<PathBuf>,
}

/// Where the linux tree is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinuxTree {
    /// A repository on this machine.
    Path(PathBuf),
    /// One that has to be fetched.
    Url(String),
}

impl Config {
    /// The file's name in the top directory of a kit.
    pub const NAME: &str = "kpatch.toml";

    /// Reads the configuration of the kit at `top`; without a file everything is at its default.
    pub fn read(top: &Path) -> Result<Self, KitError> {
        let path = top.join(Self::NAME);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(KitError::Io { what: "read", path, source }),
        }
    }

    /// Reads `text`; `path` is its name in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, KitError> {
        let bad = |offset: Option<usize>, reason: String| {
            let line = offset.map_or(1, |offset| text.bytes().take(offset).filter(|&b| b == b'\n').count() + 1);
            KitError::Config { path: path.to_owned(), line, reason }
        };
        let config: Self = toml::from_str(text)
            .map_err(|error| bad(error.span().map(|span| span.start), error.message().to_owned()))?;
        let place = |key: &str| text.find(key);
        if config.linux.as_deref().is_some_and(|linux| linux.is_empty() || linux.starts_with('-')) {
            return Err(bad(place("linux"), "'linux' is neither a path nor a URL".to_owned()));
        }
        for (name, settings) in &config.series {
            if super::split_series(name).is_none() {
                let name_seen = crate::text::visible(name.as_bytes());
                let reason = format!("'{name_seen}' is not a series such as 6.6.x or 6.6.x-rt");
                return Err(bad(place(name), reason));
            }
            if settings.patches.as_deref().is_some_and(|dir| !is_inside(dir)) {
                return Err(bad(
                    place(name),
                    format!("the patches of {name} have to be in a directory inside the kit"),
                ));
            }
        }
        Ok(config)
    }

    /// The linux tree, as seen from the kit at `top`.
    pub fn linux_tree(&self, top: &Path) -> Option<LinuxTree> {
        let linux = self.linux.as_deref()?;
        // `host:path` is ssh, as git reads it: a colon before the first slash.
        let colon = linux.find(':');
        let is_url =
            linux.contains("://") || colon.is_some_and(|colon| linux.find('/').is_none_or(|slash| colon < slash));
        Some(if is_url { LinuxTree::Url(linux.to_owned()) } else { LinuxTree::Path(top.join(linux)) })
    }
}

/// A relative path that names a directory and never goes up.
fn is_inside(path: &Path) -> bool {
    let mut parts = path.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("kpatch.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_read() {
        let config =
            parse("linux = \"../linux\"\n[series.\"6.6.x\"]\npatches = \"my/patches\"\n[series.\"5.11.x-rt\"]\n")
                .expect("good");
        assert_eq!(config.linux_tree(Path::new("/kit")), Some(LinuxTree::Path("/kit/../linux".into())));
        assert_eq!(config.series["6.6.x"].patches.as_deref(), Some(Path::new("my/patches")));
        for url in ["https://example.org/linux.git", "host:linux", "git@example.org:a/linux.git", "file:///x"] {
            let config = parse(&format!("linux = \"{url}\"")).expect("good");
            assert_eq!(config.linux_tree(Path::new("/kit")), Some(LinuxTree::Url(url.to_owned())));
        }
        assert_eq!(
            parse("linux = \"/a/b:c\"").expect("good").linux_tree(Path::new("k")),
            Some(LinuxTree::Path("/a/b:c".into()))
        );
        assert_eq!(parse(""), Ok(Config::default()));
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(Config::read(dir.path()).expect("no file"), Config::default());
    }

    #[test]
    fn errors_name_the_file_and_the_line() {
        for (text, line) in [
            ("linux = \"a\"\nlinus = 1\n", 2),
            ("\n\nlinux = 3\n", 3),
            ("linux = \"--upload-pack=x\"", 1),
            ("linux = \"x\"\n[series.\"6.6\"]\n", 2),
            ("[series.\"6.6.x\"]\npatch = \"x\"\n", 2),
            ("linux = ", 1),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.starts_with(&format!("kpatch.toml:{line}: ")), "{text:?}: {error}");
        }
        for dir in ["", ".", "..", "a/../b", "/a"] {
            assert!(parse(&format!("[series.\"6.6.x\"]\npatches = \"{dir}\"\n")).is_err(), "{dir}");
        }
    }
}
