//! Lines `$(eval $(call kernel,5.15.27,5.15.x,$(EXTRA),$(DEBUG)))` that come and go.

use std::ops::Range;

use super::Places;
use crate::kit::makefile::Mention;
use crate::version::KernelVersion;

/// The lines that call for nothing but kernels of which `ours` is true, whole and in order.
fn lines<'m>(
    text: &[u8],
    mentions: &'m [Mention],
    ours: impl Fn(&Mention) -> bool,
) -> Vec<(Range<usize>, Vec<&'m Mention>)> {
    let mut lines: Vec<(Range<usize>, Vec<&Mention>)> = Vec::new();
    for mention in mentions.iter().filter(|mention| mention.is_call) {
        let start = text[..mention.word.start].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let length = text[mention.word.end..].iter().position(|&b| b == b'\n').map(|at| at + 1);
        let end = length.map_or(text.len(), |length| mention.word.end + length);
        match lines.last_mut() {
            Some((line, on_it)) if line.start == start => on_it.push(mention),
            _ => lines.push((start..end, vec![mention])),
        }
    }
    lines.retain(|(_, on_it)| on_it.iter().all(|mention| ours(mention)));
    lines
}

/// The edits that put copies of the lines of an older series, for `version`, right in front of them.
pub(super) fn add(
    text: &[u8],
    mentions: &[Mention],
    ours: impl Fn(&Mention) -> bool,
    version: &KernelVersion,
) -> Places {
    let mut lines = lines(text, mentions, ours);
    // A call that cannot say the variant would be one for the plain kernel.
    lines.retain(|(_, on_it)| {
        version.variant().is_empty() || on_it.iter().all(|mention| extra(text, mention).is_some())
    });
    let line_end = if text.windows(2).any(|pair| pair == b"\r\n") { "\r\n" } else { "\n" };
    let mut places: Places = Vec::new();
    let mut run_end = None;
    for (line, on_it) in lines {
        let mut copy = String::new();
        let mut at = line.start;
        for mention in on_it {
            let series = mention.series.iter().map(|place| (place.clone(), version.series().to_string()));
            let variant = (!version.variant().is_empty()).then(|| extra(text, mention)).flatten();
            let variant = variant.map(|place| (place, version.variant().to_owned()));
            let word = std::iter::once((mention.word.clone(), version.plain().to_string()));
            for (place, word) in word.chain(series).chain(variant) {
                copy += &String::from_utf8_lossy(&text[at..place.start]);
                copy += &word;
                at = place.end;
            }
        }
        copy += &String::from_utf8_lossy(&text[at..line.end]);
        if !copy.ends_with('\n') {
            copy += line_end;
        }
        match places.last_mut() {
            // Lines that follow each other stay together.
            Some((_, run)) if run_end == Some(line.start) => *run += &copy,
            _ => places.push((line.start..line.start, copy)),
        }
        run_end = Some(line.end);
    }
    places
}

/// Where a call says its EXTRA: between the second and the third comma behind the version.
fn extra(text: &[u8], mention: &Mention) -> Option<Range<usize>> {
    let start = mention.series.as_ref()?.end + 1;
    let line = text.get(start - 1..)?.split(|&byte| byte == b'\n').next()?;
    let length = line.strip_prefix(b",")?.iter().position(|&byte| byte == b',')?;
    Some(start..start + length)
}

/// The edits that take the lines of a series out.
pub(super) fn remove(text: &[u8], mentions: &[Mention], ours: impl Fn(&Mention) -> bool) -> Places {
    lines(text, mentions, ours).into_iter().map(|(line, _)| (line, String::new())).collect()
}
