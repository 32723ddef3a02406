//! The script that checks a kernel's configuration, for the new series.

use std::collections::BTreeMap;

use super::CheckerReport;
use crate::arch::Arch;
use crate::image::Reference;
use crate::kconfig::Config;
use crate::kit::cases::words;
use crate::kit::checker::{IMAGE, Kernel, PACKAGE, SCRIPT, adapt};
use crate::kit::hash::package;
use crate::kit::{FileChange, Kit};
use crate::ops::OpError;
use crate::ops::file_changes::FileChanges;
use crate::ops::references::texts;
use crate::ops::workspace::kit_error;
use crate::version::Series;

/// A series with its configurations as text.
pub(super) struct Texts {
    pub(super) series: Series,
    pub(super) configs: Vec<(Arch, Vec<u8>)>,
}

/// Holds the kit's script against the configurations, and adds what it becomes. `None` if there is no such script.
pub(super) fn checker(
    kit: &Kit,
    old: &Texts,
    new: &Texts,
    changes: &mut FileChanges,
    warnings: &mut Vec<String>,
) -> Result<Option<Vec<CheckerReport>>, OpError> {
    let path = kit.top().join(SCRIPT);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(|error| OpError::because(format!("cannot read '{SCRIPT}'"), error))?,
    };
    let Ok(text) = String::from_utf8(bytes.clone()) else {
        warnings.push(format!("'{SCRIPT}' is not UTF-8, and was left as it is"));
        return Ok(None);
    };
    let (Some(before), Some(after)) = (configs(old, warnings), configs(new, warnings)) else { return Ok(None) };
    let adapted =
        adapt(&text, Kernel { series: old.series, configs: &before }, Kernel { series: new.series, configs: &after });
    warnings.extend(adapted.warnings);
    changes.add(FileChange { path, old: Some(bytes), new: Some(adapted.text.into_bytes()) }, false)?;
    let reports = adapted.edits.into_iter().map(|edit| CheckerReport { line: edit.line, what: edit.what });
    Ok(Some(reports.collect()))
}

fn configs(texts: &Texts, warnings: &mut Vec<String>) -> Option<BTreeMap<Arch, Config>> {
    let mut all = BTreeMap::new();
    for (arch, text) in &texts.configs {
        match Config::parse(text) {
            Ok(config) => drop(all.insert(*arch, config)),
            Err(error) => {
                let series = texts.series;
                warnings.push(format!(
                    "'{SCRIPT}' was not checked: the configuration of {series} for {arch}: line {error}"
                ));
                return None;
            }
        }
    }
    Some(all)
}

/// Lets every reference to the checker's image at its present hash follow, also those in files that are new.
pub(super) fn image(kit: &Kit, changes: &mut FileChanges, warnings: &mut Vec<String>) -> Result<(), OpError> {
    let now = package(kit, PACKAGE, &[]).map_err(kit_error)?;
    let then = package(kit, PACKAGE, changes.all()).map_err(kit_error)?;
    let (Some(now), Some(then)) = (now, then) else {
        warnings.push(format!("the image {IMAGE} changes, and its new hash is not known: references to it were left"));
        return Ok(());
    };
    changes.edit_texts(|text| renamed(text, &now, &then));
    for file in texts(kit)? {
        if changes.touches(&file.path) {
            continue;
        }
        if let Some(new) = renamed(&file.text, &now, &then) {
            let (old, new) = (Some(file.text.into_bytes()), Some(new.into_bytes()));
            changes.add(FileChange { path: file.path, old, new }, false)?;
        }
    }
    Ok(())
}

/// The text with the image at another hash; `None` if it does not name it at that one.
fn renamed(text: &str, now: &str, then: &str) -> Option<String> {
    let is_it = |reference: Reference<'_>| reference.name() == IMAGE && reference.tag == Some(now);
    let is_ours = |word: &str| Reference::parse(word).is_ok_and(is_it);
    let places: Vec<_> = words(text).into_iter().filter(|place| is_ours(&text[place.clone()])).collect();
    if places.is_empty() {
        return None;
    }
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        new += &text[at..place.end - now.len()];
        new += then;
        at = place.end;
    }
    Some(new + &text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_follows_from_its_present_hash_only() {
        let (now, then) = ("a".repeat(40), "b".repeat(40));
        let text = format!("image: org/test-kernel-config:{now}\nx: {now}\n");
        assert_eq!(renamed(&text, &now, &then), Some(format!("image: org/test-kernel-config:{then}\nx: {now}\n")));
        assert_eq!(renamed("image: org/test-kernel-config:latest\n", &now, &then), None);
    }
}
