//! The mails of an mbox or a thread: which of them are the patches, and what replies say of those.

use std::collections::HashMap;
use std::ops::Range;

use bstr::BString;

use crate::message::{Announced, Threaded, endorsements};
use crate::ops::OpError;
use crate::patch::split;
use crate::text::visible;

/// A mail among others.
pub(super) struct Letter<'m> {
    pub(super) bytes: &'m [u8],
    /// Where it begins in the whole text, in bytes.
    pub(super) start: usize,
    pub(super) announced: Announced,
    threaded: Threaded,
}

/// All mails of a text.
pub(super) struct Thread<'m>(pub(super) Vec<Letter<'m>>);

impl<'m> Thread<'m> {
    pub(super) fn read(bytes: &'m [u8]) -> Self {
        let letter = |span: Range<usize>| Letter {
            start: span.start,
            announced: Announced::read(&bytes[span.clone()]),
            threaded: Threaded::read(&bytes[span.clone()]),
            bytes: &bytes[span],
        };
        Self(split(bytes).into_iter().map(letter).collect())
    }

    /// Those that are meant: the mail with the id `wanted`, or the series that it introduces; without an id all that are no replies, and the only
    /// mail in any case.
    pub(super) fn chosen(&self, name: &str, wanted: Option<&str>) -> Result<Vec<&Letter<'m>>, OpError> {
        let Some(id) = wanted else {
            let single = self.0.len() == 1;
            return Ok(self.0.iter().filter(|letter| single || !letter.announced.is_reply).collect());
        };
        let found = self.0.iter().find(|letter| letter.threaded.id.as_deref() == Some(id)).ok_or_else(|| {
            OpError::new(format!("{name}: there is no mail {} in the thread", visible(id.as_bytes())))
        })?;
        if !found.announced.is_cover() {
            return Ok(vec![found]);
        }
        let of_series = |letter: &&Letter<'_>| {
            let announced = &letter.announced;
            announced.part.is_some() && !announced.is_reply && announced.version == found.announced.version
        };
        Ok(self.0.iter().filter(of_series).collect())
    }

    /// For each patch the lines of replies to it, or to the letter that introduces it, in which their authors stand for it; and what was left out.
    pub(super) fn endorsed(&self, name: &str, patches: &[&Letter<'m>]) -> (Vec<Vec<BString>>, Vec<String>) {
        let mut lines: Vec<Vec<BString>> = vec![Vec::new(); patches.len()];
        let mut notes = Vec::new();
        let meant = self.meant(patches);
        for letter in self.0.iter().filter(|letter| letter.announced.is_reply) {
            let Some(targets) = self.targets(letter, &meant) else { continue };
            for endorsement in endorsements(letter.bytes) {
                if !endorsement.own {
                    let line = visible(&endorsement.line);
                    notes.push(format!("{name}: '{line}' is in a mail of somebody else, and was left out"));
                    continue;
                }
                for target in targets {
                    if !lines[*target].contains(&endorsement.line) {
                        lines[*target].push(endorsement.line.clone());
                    }
                }
            }
        }
        (lines, notes)
    }

    /// By the ids of mails, which patches a reply to them is about.
    fn meant<'s>(&'s self, patches: &[&'s Letter<'m>]) -> HashMap<&'s str, Vec<usize>> {
        let ids = patches.iter().enumerate();
        let mut meant: HashMap<&str, Vec<usize>> =
            ids.filter_map(|(at, patch)| Some((patch.threaded.id.as_deref()?, vec![at]))).collect();
        let version = patches.first().map(|patch| patch.announced.version);
        let covers = self.0.iter().filter(|letter| letter.announced.is_cover());
        for cover in covers.filter(|cover| Some(cover.announced.version) == version) {
            if let Some(id) = &cover.threaded.id {
                meant.insert(id, (0..patches.len()).collect());
            }
        }
        meant
    }

    /// The patches that a reply is about: those of the nearest mail before it that is no reply. A reply may name no more than the one that it
    /// answers.
    fn targets<'t>(&self, letter: &Letter<'m>, meant: &'t HashMap<&str, Vec<usize>>) -> Option<&'t Vec<usize>> {
        let known = |id: &str| self.0.iter().find(|letter| letter.threaded.id.as_deref() == Some(id));
        let is_first = |id: &&String| known(id).is_some_and(|letter| !letter.announced.is_reply);
        let mut at = letter;
        // A thread that goes round in a circle has an end, too.
        for _ in 0..self.0.len() {
            if let Some(id) = at.threaded.before.iter().find(is_first) {
                return meant.get(id.as_str());
            }
            at = known(at.threaded.before.first()?)?;
        }
        None
    }
}
