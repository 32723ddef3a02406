//! Objects by the beginning of their ids.

use super::error::BoxError;
use super::store::{Kind, Store};
use super::{GitError, Oid};

/// The shortest beginning that is looked up, in hex digits; git asks for as many.
const SHORTEST: usize = 4;

impl Store {
    /// The blob whose id begins with `hex`; `None` if there is none, if there are several, or if it is no hex.
    ///
    /// A full id may be that of a blob that a partial clone fetches; the beginning of one finds only what is here.
    pub fn find_blob(&self, hex: &[u8]) -> Result<Option<Oid>, GitError> {
        let failed = |source: BoxError| GitError::Read { what: "the object database".into(), source };
        let id = match Oid::from_hex(hex) {
            Ok(id) => id,
            Err(_) if hex.len() < SHORTEST => return Ok(None),
            Err(_) => {
                let Ok(hex) = std::str::from_utf8(hex) else { return Ok(None) };
                let Ok(prefix) = gix::hash::Prefix::from_hex(hex) else { return Ok(None) };
                let found = self.repo().objects.lookup_prefix(prefix, None).map_err(|error| failed(error.into()))?;
                let Some(Ok(id)) = found else { return Ok(None) };
                id
            }
        };
        match self.object(id, Kind::Blob, "blob") {
            Ok(_) => Ok(Some(id)),
            Err(GitError::Missing(_) | GitError::Fetch(_) | GitError::Corrupt { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
    /// The commit whose id begins with `hex`; `None` if there is none here, if there are several, or if it is no hex.
    pub fn find_commit(&self, hex: &[u8]) -> Result<Option<Oid>, GitError> {
        let failed = |source: BoxError| GitError::Read { what: "the object database".into(), source };
        let mut found = std::collections::HashSet::new();
        if let Ok(id) = Oid::from_hex(hex) {
            found.insert(id);
        } else {
            let Ok(hex) = std::str::from_utf8(hex) else { return Ok(None) };
            let Some(prefix) = gix::hash::Prefix::from_hex(hex).ok().filter(|_| hex.len() >= SHORTEST) else {
                return Ok(None);
            };
            let lookup = self.repo().objects.lookup_prefix(prefix, Some(&mut found));
            lookup.map_err(|error| failed(error.into()))?;
        }
        let mut commits = Vec::new();
        for id in found {
            match self.commit(id) {
                Ok(_) => commits.push(id),
                Err(GitError::Missing(_) | GitError::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(if let [commit] = commits[..] { Some(commit) } else { None })
    }
}
