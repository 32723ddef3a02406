//! Sign-offs and other trailers: the family D.

mod author_mail_differs;
mod author_not_signed_off;
mod carrier_not_signed_off;
mod duplicate_trailer;
mod missing_signed_off_by;
mod misspelled_signed_off_by;
mod signed_off_by_after_separator;
mod unsigned_co_author;

use bstr::ByteSlice as _;

use super::Family;
use crate::lint::mail::Person;
use crate::message::Identity;

pub(super) static RULES: Family = &[
    &missing_signed_off_by::RULE,
    &author_not_signed_off::RULE,
    &author_mail_differs::RULE,
    &carrier_not_signed_off::RULE,
    &misspelled_signed_off_by::RULE,
    &duplicate_trailer::RULE,
    &unsigned_co_author::RULE,
    &signed_off_by_after_separator::RULE,
];

/// True if both write their mails from the same address.
fn same_mail(person: &Person<'_>, author: &Identity) -> bool {
    person.email.eq_ignore_ascii_case(&author.email)
}

/// True if both have the same name, whatever its case and blanks.
fn same_name(person: &Person<'_>, author: &Identity) -> bool {
    let words = |name: &[u8]| name.to_str_lossy().to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    words(person.name) == words(&author.name)
}
