//! A change as data: with the old set and the linux tree it says all that the new set is computed from.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ops::select::PatchName;

/// What is to happen to a patch set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Patches that leave.
    pub dropped: Vec<Dropped>,
    /// The new order of all patches of the old set; as it was if absent.
    pub order: Option<Vec<PatchName>>,
    /// Patches that get another text.
    pub edited: Vec<Edited>,
    /// Patches that come, in their order.
    pub added: Vec<Added>,
}

/// A patch that leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Which one.
    pub patch: PatchName,
    /// Why, as the person said it.
    pub reason: Option<String>,
}

/// A patch with another text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// Which one.
    pub patch: PatchName,
    /// All of it.
    pub text: Bytes,
    /// Only the message is another: the diff keeps its bytes.
    pub message_only: bool,
}

/// A patch that comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The patch as a mail.
    pub text: Bytes,
    /// The patch of the old set that it comes to stand before; behind all of them if absent.
    pub before: Option<PatchName>,
    /// What the commit that it is did in its own place; absent for a mail, which says itself what it changes.
    pub trees: Option<Trees>,
    /// What it was: `commit <id>`, a file name, or a URL; fit for display.
    pub source: String,
    /// The link that its `Origin:` line holds.
    pub origin: Option<String>,
}

/// The trees between which a commit stands in the linux tree, 40 hex digits each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trees {
    /// Below it.
    pub before: String,
    /// Its own.
    pub after: String,
}

/// Bytes that are text most of the time; in JSON a string where they are UTF-8, and an array of numbers elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_seq(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Bytes(Vec<u8>),
        }
        Ok(Self(match Either::deserialize(deserializer)? {
            Either::Text(text) => text.into_bytes(),
            Either::Bytes(bytes) => bytes,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_comes_back_from_its_journal() {
        let patch = PatchName { file: "0001-x.patch".into(), part: 1 };
        let trees = Trees { before: "a".repeat(40), after: "b".repeat(40) };
        let change = Change {
            dropped: vec![Dropped { patch: patch.clone(), reason: Some("gone".into()) }],
            order: Some(vec![patch.clone()]),
            edited: vec![Edited { patch: patch.clone(), text: Bytes(b"J\xf6rg".to_vec()), message_only: true }],
            added: vec![Added {
                text: Bytes("Jörg\n".into()),
                before: Some(patch),
                trees: Some(trees),
                source: "x".into(),
                origin: None,
            }],
        };
        let json = serde_json::to_string(&change).expect("data is json");
        assert!(json.contains("\"text\":[74,246,114,103]") && json.contains("\"text\":\"Jörg\\n\""), "{json}");
        assert_eq!(serde_json::from_str::<Change>(&json).expect("as written"), change);
    }
}
