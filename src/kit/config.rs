//! `kpatch.toml` in the kit: what a kit says about itself.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::KitError;
use crate::image::Images;
use crate::text::line_of;

/// The settings of a kit. All of them may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The linux tree: a path, relative to the kit, or a URL. See [`Config::linux_tree`].
    pub linux: Option<String>,
    /// Settings of a series, by its name with the variant: `6.6.x`, `5.11.x-rt`.
    #[serde(default)]
    pub series: BTreeMap<String, SeriesConfig>,
    /// What `kpatch lint` holds the patches to.
    #[serde(default)]
    pub lint: LintConfig,
    /// How the images are called that are built from the kit.
    #[serde(default)]
    pub image: ImageConfig,
    /// Where tests are.
    #[serde(default)]
    pub tests: TestsConfig,
    /// The list of the kernel's releases, in the form of kernel.org: a path, relative to the kit, or a URL.
    pub releases: Option<String>,
    /// What `kpatch check` makes of its rules.
    #[serde(default)]
    pub check: CheckConfig,
    /// What the sources of kernels have to prove before they are built.
    #[serde(default)]
    pub sources: SourcesConfig,
    /// Where the lines of the file begin, in bytes.
    #[serde(skip)]
    line_starts: Vec<usize>,
}

/// The names of the images. What is missing is looked for in the Makefile; see [`Kit::images`](super::Kit::images).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageConfig {
    /// The organisation, perhaps with a registry before it: `linuxkit`.
    pub org: Option<Spanned<String>>,
    /// The name of the kernel's image: `kernel`.
    pub name: Option<Spanned<String>>,
    /// Where the kit's own sources are, as the images' label says it: a URL.
    pub source: Option<String>,
}

/// Where the kit has its tests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestsConfig {
    /// The folder with the test cases of the kernels, relative to the kit; `test/cases/020_kernel` if absent.
    pub cases: Option<PathBuf>,
}

/// The settings of `kpatch lint`. The names of profiles and rules are for it to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LintConfig {
    /// The profile.
    pub profile: Option<Spanned<String>>,
    /// The file with the findings that were there before, relative to the kit.
    pub baseline: Option<PathBuf>,
    /// What to make of single rules or families: `off`, `info`, `warning` or `error`.
    #[serde(default)]
    pub rules: BTreeMap<String, Spanned<String>>,
    /// Findings that do not count, each for a reason.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
}

/// Whose tarballs are built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcesConfig {
    /// The fingerprints of the primary keys that tarballs may be signed with, in place of those of kernel.org: 40 hex digits (or 64),
    /// perhaps with blanks between them.
    pub keys: Option<Vec<Spanned<String>>>,
    /// Whether a tarball or a fetched tag without a good signature is refused.
    #[serde(default)]
    pub require_signature: bool,
    /// Where the files of kernel.org are taken from, ChangeLogs among them: a URL, or a directory, relative to the kit.
    pub mirror: Option<Spanned<String>>,
    /// The archive of mailing lists that ids of mails are looked up in: a URL such as `https://lore.kernel.org/all`.
    pub archive: Option<String>,
    /// What the kernel's CVE team publishes: a clone of `vulns.git`, relative to the kit.
    pub vulns: Option<PathBuf>,
}

impl SourcesConfig {
    /// The fingerprints that may sign kernels: those of Linus Torvalds, of Greg Kroah-Hartman, and of the machine that signs kernel.org's
    /// lists of sums.
    pub const KEYS: [&str; 3] = [
        "ABAF11C65A2970B130ABE3C479BE3E4300411886",
        "647F28654894E3BD457199BE38DBBDC86092693E",
        "B8868C80BA62A1FFFAF5FDA9632D3A06589DA6B1",
    ];

    /// The fingerprints of the keys that count, in capitals and without blanks.
    pub fn pinned(&self) -> Vec<String> {
        match &self.keys {
            Some(keys) => keys.iter().map(|key| fingerprint(key.get_ref())).collect(),
            None => Self::KEYS.map(str::to_owned).to_vec(),
        }
    }
}

/// A fingerprint in the form that all of them are compared in.
fn fingerprint(text: &str) -> String {
    text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect()
}

/// The settings of `kpatch check`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckConfig {
    /// What to make of single rules or families: `off`, `info`, `warning` or `error`.
    #[serde(default)]
    pub rules: BTreeMap<String, Spanned<String>>,
}

/// A finding that does not count. It names the patch in one of three ways.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The rule, by id or name.
    pub rule: Spanned<String>,
    /// The patch by its id, or the beginning of it: `git patch-id --stable`.
    pub patch: Option<String>,
    /// The patch by its subject.
    pub subject: Option<String>,
    /// The file by its name.
    pub file: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, `2026-12-31`.
    pub until: Option<String>,
}

/// The settings of one series.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesConfig {
    /// The directory with the patches, relative to the kit and inside it.
    pub patches: Option<PathBuf>,
    /// Where all patches of the series come from, if they come from one place.
    pub origin: Option<String>,
    /// The release of the -rt project that the patches are from: `6.6.14-rt21`.
    pub rt: Option<Spanned<String>>,
    /// The profile of `kpatch lint` for this series.
    pub profile: Option<Spanned<String>>,
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
            let line = offset.map_or(1, |offset| line_of(text.as_bytes(), offset.min(text.len())));
            KitError::Config { path: path.to_owned(), line, reason }
        };
        let mut config: Self = toml::from_str(text)
            .map_err(|error| bad(error.span().map(|span| span.start), error.message().to_owned()))?;
        config.line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
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
        let image = &config.image;
        for (org, name) in [(image.org.as_ref(), None), (None, image.name.as_ref())] {
            let word =
                |set: Option<&Spanned<String>>, usual| set.map_or(usual, |set| set.get_ref().as_str()).to_owned();
            if let Err(error) = Images::new(&word(org, Images::ORG), &word(name, Images::NAME)) {
                return Err(bad(org.or(name).map(|set| set.span().start), error.to_string()));
            }
        }
        let lint = &config.lint;
        if lint.baseline.as_deref().is_some_and(|path| !is_inside(path)) {
            return Err(bad(place("baseline"), "the baseline has to be a file inside the kit".to_owned()));
        }
        if config.tests.cases.as_deref().is_some_and(|path| !is_inside(path)) {
            return Err(bad(place("cases"), "the test cases have to be in a directory inside the kit".to_owned()));
        }
        for key in config.sources.keys.iter().flatten() {
            let digits = fingerprint(key.get_ref());
            if ![40, 64].contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                let reason = "a key is named by its whole fingerprint, 40 hex digits";
                return Err(bad(Some(key.span().start), reason.to_owned()));
            }
        }
        if let Some(mirror) = &config.sources.mirror
            && (mirror.get_ref().is_empty() || other_scheme(mirror.get_ref()))
        {
            let reason = "a mirror is a URL that begins with https:// or http://, or a directory";
            return Err(bad(Some(mirror.span().start), reason.to_owned()));
        }
        if config
            .sources
            .archive
            .as_deref()
            .is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://"))
        {
            return Err(bad(place("archive"), "an archive is a URL that begins with https:// or http://".to_owned()));
        }
        for waiver in &lint.waivers {
            let wrong = |reason: &str| Err(bad(Some(waiver.rule.span().start), format!("a waiver {reason}")));
            if [&waiver.patch, &waiver.subject, &waiver.file].into_iter().flatten().count() != 1 {
                return wrong("names the patch in one way: by 'patch', 'subject' or 'file'");
            }
            if waiver.reason.trim().is_empty() {
                return wrong("needs a reason");
            }
            if let Some(id) = &waiver.patch
                && !((7..=40).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
            {
                return wrong("names a patch by 7 to 40 hex digits of its id");
            }
            if let Some(until) = &waiver.until
                && chrono::NaiveDate::parse_from_str(until, "%Y-%m-%d").is_err()
            {
                return wrong("holds until a day such as \"2026-12-31\"");
            }
        }
        Ok(config)
    }

    /// An error in the file at a place of its text.
    pub fn error(&self, top: &Path, offset: usize, reason: String) -> KitError {
        KitError::Config { path: top.join(Self::NAME), line: self.line(offset), reason }
    }

    /// The line of the file that a place of its text is in, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).max(1)
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

/// True for a URL that is none of the web.
fn other_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| !["https", "http"].contains(&scheme))
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
    fn what_the_manual_shows_is_good() {
        let page = include_str!("../../docs/kpatch-toml.md");
        let example = page.split("```").nth(1).and_then(|block| block.strip_prefix("toml\n")).expect("an example");
        let config = parse(example).expect("good");
        assert!(config.linux.is_some() && config.releases.is_some() && config.series.len() == 1);
        assert!(config.image.org.is_some() && config.image.name.is_some() && config.image.source.is_some());
        assert!(config.sources.require_signature && config.sources.pinned().len() == 1);
        assert!(
            config.sources.mirror.is_some()
                && config.sources.archive.is_some()
                && config.sources.vulns.is_some()
                && config.series["5.11.x-rt"].rt.is_some()
        );
        assert!(config.tests.cases.is_some() && config.lint.baseline.is_some() && config.check.rules.len() == 1);
        assert_eq!((config.lint.rules.len(), config.lint.waivers.len()), (1, 1));
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
        assert_eq!(parse("").map(|config| config.lint), Ok(LintConfig::default()));
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(Config::read(dir.path()).expect("no file"), Config::default());
    }

    #[test]
    fn lint_settings_are_read_with_their_lines() {
        let text = "[lint]\nprofile = \"rt\"\n[lint.rules]\nM007 = \"off\"\n[[lint.waivers]]\nrule = \"P001\"\n\
                    subject = \"x\"\nreason = \"ours\"\nuntil = \"2026-12-31\"\n";
        let config = parse(text).expect("good");
        assert_eq!(config.line(config.lint.rules["M007"].span().start), 4);
        assert_eq!(config.line(config.lint.waivers[0].rule.span().start), 6);
        for (from, to) in [
            ("reason = \"ours\"", "reason = \" \""),
            ("subject = \"x\"", "subject = \"x\"\nfile = \"y\""),
            ("subject = \"x\"", "patch = \"xyz\""),
            ("2026-12-31", "tomorrow"),
        ] {
            let error = parse(&text.replace(from, to)).expect_err(to);
            assert!(error.starts_with("kpatch.toml:6: a waiver"), "{error}");
        }
    }

    #[test]
    fn keys_are_pinned_by_their_whole_fingerprint() {
        assert_eq!(parse("").expect("good").sources.pinned(), SourcesConfig::KEYS);
        let own =
            "[sources]\nrequire_signature = true\nkeys = [\"647f 2865 4894 E3BD 4571  99BE 38DB BDC8 6092 693E\"]\n";
        let own = parse(own).expect("good").sources;
        assert!(own.require_signature);
        assert_eq!(own.pinned(), [SourcesConfig::KEYS[1]]);
        assert_eq!(parse("[sources]\nkeys = []").expect("good").sources.pinned(), Vec::<String>::new());
        let error = parse("[sources]\nkeys = [\n\"38DBBDC86092693E\"]\n").expect_err("a short id");
        assert!(error.starts_with("kpatch.toml:3: a key is named by its whole fingerprint"), "{error}");
    }

    #[test]
    fn a_mirror_and_the_published_flaws_have_their_places() {
        let sources =
            parse("[sources]\nmirror = \"https://example.org/k\"\nvulns = \"../vulns\"\n").expect("good").sources;
        assert_eq!(sources.mirror.as_ref().map(|mirror| mirror.get_ref().as_str()), Some("https://example.org/k"));
        assert_eq!(sources.vulns.as_deref(), Some(Path::new("../vulns")));
        assert!(parse("[sources]\nmirror = \"../mirror\"\n").is_ok());
        for bad in ["", "ftp://example.org/k", "file:///k"] {
            let error = parse(&format!("[sources]\n\nmirror = \"{bad}\"\n")).expect_err(bad);
            assert!(error.starts_with("kpatch.toml:3: a mirror is a URL"), "{error}");
        }
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
            ("[image]\norg = \"acme\"\nname = \"Kernel X\"\n", 3),
            ("[image]\norg = \"\"\n", 2),
            ("[image]\nregistry = \"x\"\n", 2),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.starts_with(&format!("kpatch.toml:{line}: ")), "{text:?}: {error}");
        }
        for dir in ["", ".", "..", "a/../b", "/a"] {
            assert!(parse(&format!("[series.\"6.6.x\"]\npatches = \"{dir}\"\n")).is_err(), "{dir}");
        }
    }
}
