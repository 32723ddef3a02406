//! JSON that is the same for the same content, and what is read of others.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Error;

/// The compact text of `value`, with the members of every object in the order of their names.
///
/// # Errors
/// When it is nothing that JSON can hold.
pub(crate) fn bytes(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let write = || serde_json::to_vec(&sorted(serde_json::to_value(value)?));
    write().map_err(|source| Error::Json { what: "the image".into(), source })
}

/// Maps of annotations and labels have a random order otherwise.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Reads a text; `what` names it in the error.
pub(super) fn read<T: DeserializeOwned>(what: impl Into<String>, text: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(text).map_err(|source| Error::Json { what: what.into(), source })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn members_have_an_order() {
        let names: HashMap<String, Vec<HashMap<String, i32>>> = (0..40)
            .map(|at| (format!("n{at:02}"), vec![HashMap::from([("b".to_owned(), 1), ("a".to_owned(), 2)])]))
            .collect();
        let text = String::from_utf8(bytes(&names).expect("a text")).expect("UTF-8");
        let expected: Vec<String> = (0..40).map(|at| format!("\"n{at:02}\":[{{\"a\":2,\"b\":1}}]")).collect();
        assert_eq!(text, format!("{{{}}}", expected.join(",")));
        assert!(read::<Value>("x", b"{").is_err());
    }
}
