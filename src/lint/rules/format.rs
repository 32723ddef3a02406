//! Whether a file can be read as git am reads it: the family F.

mod bad_date;
mod crlf_header;
mod missing_mbox_line;
mod missing_separator;
mod not_am_format;
mod several_patches;
mod web_page;

#[cfg(test)]
mod oracle_tests;

use super::Family;

pub(super) use web_page::is_page;

/// True if `git am` would refuse the mail, or its author: other rules need not say the same of it.
pub(super) fn is_refused(mail: &crate::lint::mail::Mail<'_>) -> bool {
    is_page(mail) || not_am_format::trouble(mail).is_some()
}

pub(super) static RULES: Family = &[
    &not_am_format::RULE,
    &bad_date::RULE,
    &crlf_header::RULE,
    &missing_separator::RULE,
    &several_patches::RULE,
    &missing_mbox_line::RULE,
    &web_page::RULE,
];
