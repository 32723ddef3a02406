//! A setting of a series that is written into `kpatch.toml`, and not a byte more.

use std::fs;
use std::io;
use std::ops::Range;

use super::config::{Config, SeriesConfig};
use super::{FileChange, Kit, KitError, cannot};

/// The settings of a series that kpatch itself writes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesSetting {
    /// The release of the -rt project.
    Rt,
    /// Where all of its patches come from.
    Origin,
}

impl SeriesSetting {
    fn key(self) -> &'static str {
        match self {
            Self::Rt => "rt",
            Self::Origin => "origin",
        }
    }

    fn of(self, settings: &SeriesConfig) -> Option<&str> {
        match self {
            Self::Rt => settings.rt.as_ref().map(|rt| rt.get_ref().as_str()),
            Self::Origin => settings.origin.as_deref(),
        }
    }
}

impl Kit {
    /// The change that makes `kpatch.toml` say these settings of a series; `None` if it says them already. The file is made if
    /// there is none. Nothing is written.
    ///
    /// # Errors
    /// When the file cannot be read, or is written in a way in which the settings cannot be put in.
    pub fn series_settings(
        &self,
        series: &str,
        settings: &[(SeriesSetting, &str)],
    ) -> Result<Option<FileChange>, KitError> {
        let path = self.top.join(Config::NAME);
        let old = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(cannot("read", &path)(error)),
        };
        let mut text = old.clone().unwrap_or_default();
        for (setting, value) in settings {
            let said = Config::parse(&text, &path)?;
            if said.series.get(series).and_then(|known| setting.of(known)) == Some(*value) {
                continue;
            }
            text = with(&text, series, setting.key(), value);
            let now = Config::parse(&text, &path).ok();
            let is_said =
                now.is_some_and(|now| now.series.get(series).and_then(|known| setting.of(known)) == Some(*value));
            if !is_said {
                let reason = format!(
                    "cannot write {} = \"{value}\" below [series.\"{series}\"]; write it there by hand",
                    setting.key()
                );
                return Err(KitError::Config { path, line: 1, reason });
            }
        }
        let changed = old.as_ref() != Some(&text) && !settings.is_empty();
        Ok(changed.then(|| FileChange { path, old: old.map(String::into_bytes), new: Some(text.into_bytes()) }))
    }
}

/// The text with another value of a key, a new line behind the head of its table, or a new table at the end.
fn with(text: &str, series: &str, key: &str, value: &str) -> String {
    let line = format!("{key} = {}\n", quoted(value));
    let Some(head) = lines(text).find(|line| is_head(&text[line.clone()], series)) else {
        let gap = match text {
            "" => "",
            text if text.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        return format!("{text}{gap}[series.\"{series}\"]\n{line}");
    };
    let mut table = lines(text).skip_while(|line| line.start < head.end);
    let known = table.by_ref().take_while(|line| !text[line.clone()].trim_start().starts_with('['));
    let is_key = |line: &Range<usize>| text[line.clone()].split_once('=').is_some_and(|(name, _)| name.trim() == key);
    let place = known.into_iter().find(is_key).unwrap_or(head.end..head.end);
    let break_before = if text[..place.start].ends_with('\n') { "" } else { "\n" };
    format!("{}{break_before}{line}{}", &text[..place.start], &text[place.end..])
}

/// The lines of a text, each with its end.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        start..at
    })
}

/// `[series."6.6.x-rt"]`, perhaps with a comment behind it.
fn is_head(line: &str, series: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    ['"', '\''].iter().any(|quote| line == format!("[series.{quote}{series}{quote}]"))
}

/// A value as a basic string of TOML.
fn quoted(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_finds_its_place() {
        let head = "[series.\"6.6.x-rt\"]";
        for (before, after) in [
            (String::new(), format!("{head}\nrt = \"1\"\n")),
            ("linux = \"x\"".to_owned(), format!("linux = \"x\"\n\n{head}\nrt = \"1\"\n")),
            (
                format!("{head} # ours\npatches = \"p\"\n[lint]\n"),
                format!("{head} # ours\nrt = \"1\"\npatches = \"p\"\n[lint]\n"),
            ),
            (
                format!("{head}\npatches = \"p\"\nrt='0' # old\n\n[lint]\n"),
                format!("{head}\npatches = \"p\"\nrt = \"1\"\n\n[lint]\n"),
            ),
            (
                format!("{head}\n[series.\"6.1.x-rt\"]\nrt = \"0\"\n"),
                format!("{head}\nrt = \"1\"\n[series.\"6.1.x-rt\"]\nrt = \"0\"\n"),
            ),
            (head.to_owned(), format!("{head}\nrt = \"1\"\n")),
        ] {
            assert_eq!(with(&before, "6.6.x-rt", "rt", "1"), after, "{before}");
        }
    }

    #[test]
    fn what_is_said_in_another_way_is_left_to_a_person() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(dir.path().join("kernel/patches-6.6.x-rt")).expect("made");
        let write = |text: &str| fs::write(dir.path().join("kpatch.toml"), text).expect("written");
        let change = || {
            let kit = Kit::open(dir.path()).expect("a kit");
            kit.series_settings("6.6.x-rt", &[(SeriesSetting::Rt, "6.6.14-rt21"), (SeriesSetting::Origin, "a\"b")])
        };
        let new = change().expect("writable").expect("a change");
        assert_eq!(new.old, None);
        write(std::str::from_utf8(&new.new.expect("bytes")).expect("text"));
        assert_eq!(change().expect("readable"), None);
        write("series = { \"6.6.x-rt\" = { rt = \"6.6.1-rt2\" } }\n");
        let error = change().expect_err("an inline table").to_string();
        assert!(error.contains("write it there by hand"), "{error}");
    }
}
