//! The patch header of Debian's DEP-3, as quilt patches carry it: `Author:` and `Description:`.

use super::header::{Field, is_field};
use super::lines::{lines, trim, trim_line_end};
use super::read::{Boundary, Parts, Value, breaks};

/// Reads the fields of the first paragraph. The first line of the description is the subject, its indented lines
/// (` .` is an empty one) and all text up to the patch are the body; fields of other names say nothing to a commit.
pub(super) fn read(text: &[u8], start: usize) -> Parts {
    let mut parts = Parts::default();
    let mut description: Option<Value> = None;
    let mut free = Vec::new();
    let mut place = Place::Free;
    for span in lines(text, start) {
        let line = &text[span.clone()];
        if let Some(separator) = breaks(line) {
            parts.boundary = Some(Boundary { offset: span.start, separator });
            break;
        }
        if let Place::Rest = place {
            free.extend_from_slice(line);
            continue;
        }
        if trim(line).is_empty() {
            place = Place::Rest;
            parts.start.get_or_insert(span.end);
            free.push(b'\n');
            continue;
        }
        if let ([b' ' | b'\t', inner @ ..], Place::Field | Place::Description) = (line, &place) {
            if let (Place::Description, Some(description)) = (&place, &mut description) {
                let inner = trim_line_end(inner);
                description.text.push(b'\n');
                description.text.extend_from_slice(if trim(inner) == b"." { b"" } else { inner });
            }
            continue;
        }
        if !is_field(line) {
            place = Place::Free;
            free.extend_from_slice(line);
            continue;
        }
        let field = Field::new(span, line);
        place = Place::Field;
        if let Some(value) = Value::of(&field, "Description") {
            description.get_or_insert(value);
            place = Place::Description;
        } else if let Some(value) = Value::of(&field, "Subject") {
            parts.subject.get_or_insert(value);
        } else if let Some(value) = Value::of(&field, "From").or_else(|| Value::of(&field, "Author")) {
            parts.from.get_or_insert(first_of(value));
        } else if let Some(value) = Value::of(&field, "Date") {
            parts.date.get_or_insert(value);
        }
    }
    if let Some(description) = description {
        parts.describe(description);
    }
    parts.body.push(b'\n');
    parts.body.extend_from_slice(&free);
    parts
}

/// What the line before belongs to.
#[derive(Debug)]
enum Place {
    Description,
    Field,
    Free,
    /// Past the first paragraph.
    Rest,
}

/// Of several authors in one field, the first.
fn first_of(mut value: Value) -> Value {
    if let Some(end) = value.text.iter().position(|&byte| byte == b'>') {
        value.text.truncate(end + 1);
    }
    value
}

impl Parts {
    /// The description's first line is the subject, unless there is one already.
    fn describe(&mut self, description: Value) {
        if self.subject.is_some() {
            self.body = description.text;
            return;
        }
        let text = description.text;
        let skipped = text.iter().take_while(|&&byte| byte == b'\n').count();
        let text = &text[skipped..];
        let end = text.iter().position(|&byte| byte == b'\n').unwrap_or(text.len());
        self.subject = Some(Value { text: text[..end].to_vec(), offset: description.offset });
        self.body = text[end..].to_vec();
    }
}
