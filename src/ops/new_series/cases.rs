//! The test cases of a new series: those of the series before it, or of the templates where it has none.

use std::collections::BTreeMap;

use crate::image::{Images, KernelTag, Reference};
use crate::kit::cases::{CaseFile, Group, Kind, files_below, group_name, is_left_behind, words};
use crate::kit::{FileChange, Kit, SeriesState};
use crate::ops::OpError;
use crate::ops::file_changes::FileChanges;
use crate::ops::template_images::TemplateImages;
use crate::ops::workspace::kit_error;
use crate::version::KernelVersion;

use super::GroupReport;

/// How far the numbers of two series that follow each other are apart.
const STEP: u32 = 3;
/// The number of the first series.
const FIRST: u32 = 10;

/// The files of the templates: kind, name, text, and whether it is a program.
const TEMPLATES: [(Kind, &str, &str, bool); 9] = [
    (Kind::Config, "test.sh", include_str!("../../../templates/test-cases/config/test.sh"), true),
    (Kind::Config, "test.yml", include_str!("../../../templates/test-cases/config/test.yml"), false),
    (Kind::Kmod, "Dockerfile", include_str!("../../../templates/test-cases/kmod/Dockerfile"), false),
    (Kind::Kmod, "check.sh", include_str!("../../../templates/test-cases/kmod/check.sh"), true),
    (Kind::Kmod, "src/Makefile", include_str!("../../../templates/test-cases/kmod/src/Makefile"), false),
    (Kind::Kmod, "src/hello_world.c", include_str!("../../../templates/test-cases/kmod/src/hello_world.c"), false),
    (Kind::Kmod, "test.sh", include_str!("../../../templates/test-cases/kmod/test.sh"), true),
    (Kind::Kmod, "test.yml", include_str!("../../../templates/test-cases/kmod/test.yml"), false),
    (Kind::Tags, "test.sh", include_str!("../../../templates/test-cases/tags/test.sh"), true),
];

/// The new series as its tests name it.
pub(super) struct Named<'a> {
    pub(super) version: &'a KernelVersion,
    /// The hash of its images, if it is known.
    pub(super) hash: Option<&'a str>,
    pub(super) from: &'a SeriesState,
}

/// Adds the files of the three groups; none if the kit has no test cases.
pub(super) fn cases(kit: &Kit, named: &Named<'_>, changes: &mut FileChanges) -> Result<Vec<GroupReport>, OpError> {
    let Some(folder) = kit.cases_dir() else { return Ok(Vec::new()) };
    let groups = kit.case_groups().map_err(kit_error)?;
    let number = groups.iter().map(|group| group.number).max().map_or(FIRST, |highest| highest + STEP);
    if number > 99 {
        return Err(OpError::new(format!("no number below 100 is left for test cases in '{}'", kit.shown(&folder)))
            .hint("number the groups there anew, or leave tests out: --no-tests"));
    }
    let series = named.version.series().to_string();
    let mut renaming = Renaming { named, number, images: kit.images().map_err(kit_error)?, groups: BTreeMap::new() };
    for group in groups.iter().filter(|group| group.series == named.from.name()) {
        renaming.groups.entry(group.kind).or_insert(group);
    }
    let mut pictures: Option<TemplateImages> = None;
    let mut reports = Vec::new();
    for kind in Kind::ALL {
        let dir = folder.join(group_name(number, kind, &series));
        if dir.exists() {
            return Err(
                OpError::new(format!("'{}' exists already", kit.shown(&dir))).hint("move it away, or say --no-tests")
            );
        }
        let copied = renaming.groups.get(&kind).copied();
        let files = if let Some(group) = copied {
            renaming.copies(group)?
        } else {
            let pictures = match &pictures {
                Some(known) => known,
                None => pictures.insert(images(kit, &renaming)?),
            };
            templates(kind, named, pictures)
        };
        for file in files {
            let change = FileChange { path: dir.join(&file.name), old: None, new: Some(file.bytes) };
            changes.add(change, file.executable)?;
        }
        reports.push(GroupReport { path: kit.shown(&dir), from: copied.map(|group| kit.shown(&group.path)) });
    }
    Ok(reports)
}

/// What stands in the copies of groups instead of the words of the old ones.
struct Renaming<'a> {
    named: &'a Named<'a>,
    number: u32,
    images: Images,
    /// The groups of the previous series.
    groups: BTreeMap<Kind, &'a Group>,
}

impl Renaming<'_> {
    fn copies(&self, group: &Group) -> Result<Vec<CaseFile>, OpError> {
        let mut files = files_below(&group.path).map_err(kit_error)?;
        files.retain(|file| !is_left_behind(&file.name));
        for file in &mut files {
            // What is no text has no words.
            if let Ok(text) = std::str::from_utf8(&file.bytes) {
                file.bytes = self.renamed(text).into_bytes();
            }
        }
        Ok(files)
    }

    fn renamed(&self, text: &str) -> String {
        let mut new = String::with_capacity(text.len());
        let mut at = 0;
        for place in words(text) {
            if let Some(word) = self.word(&text[place.clone()]) {
                new += &text[at..place.start];
                new += &word;
                at = place.end;
            }
        }
        new + &text[at..]
    }

    /// What becomes of a word, if anything does: kernel images, versions, the series, and the names of the groups.
    fn word(&self, word: &str) -> Option<String> {
        let Named { version, hash, from } = self.named;
        if let Some((reference, tag)) = tagged(&self.images, word) {
            let tag = tag.of_kernel(version, hash.filter(|_| tag.hash.is_some())).to_string();
            return Some(reference.with_tag(&tag).to_string());
        }
        if from.versions.iter().any(|known| word == known.to_string()) {
            return Some(version.to_string());
        }
        if word == from.name() {
            return Some(version.series().to_string());
        }
        let series = version.series().to_string();
        let parts: Vec<String> = word
            .split('/')
            .map(|part| {
                let known = self.groups.values().find(|group| group.path.file_name().is_some_and(|name| name == part));
                known.map_or_else(|| part.to_owned(), |group| group_name(self.number, group.kind, &series))
            })
            .collect();
        Some(parts.join("/")).filter(|new| new != word)
    }
}

/// The images as the tests of the previous series name them, or else as the kit does.
fn images(kit: &Kit, renaming: &Renaming<'_>) -> Result<TemplateImages, OpError> {
    let mut near = Vec::new();
    for group in renaming.groups.values() {
        for file in files_below(&group.path).map_err(kit_error)? {
            near.extend(String::from_utf8(file.bytes));
        }
    }
    TemplateImages::of(kit, &renaming.images, &near)
}

/// The files of the templates.
fn templates(kind: Kind, named: &Named<'_>, images: &TemplateImages) -> Vec<CaseFile> {
    let Named { version, hash, .. } = named;
    let kernel = &images.kernel;
    let tag = hash.map_or_else(|| version.to_string(), |hash| format!("{version}-{hash}"));
    let own = [
        ("@KERNEL@", format!("{kernel}:{tag}")),
        ("@BUILDER@", format!("{kernel}:{version}-builder")),
        ("@SERIES@", version.series().to_string()),
    ];
    let ours = TEMPLATES.iter().filter(|(of, ..)| *of == kind);
    ours.map(|(_, name, text, executable)| CaseFile {
        name: (*name).into(),
        bytes: images.fill(text, &own).into_bytes(),
        executable: *executable,
    })
    .collect()
}

/// The word as a reference to one of the kit's images, with what its tag says.
pub(super) fn tagged<'w>(images: &Images, word: &'w str) -> Option<(Reference<'w>, KernelTag)> {
    let reference = Reference::parse(word).ok().filter(|reference| reference.digest.is_none())?;
    images.kind(&reference)?;
    Some((reference, reference.tag?.parse().ok()?))
}
