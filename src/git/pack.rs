//! Writes new objects as one pack with its index (gitformat-pack(5)).

use std::collections::HashSet;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::store::{Kind, Store};
use super::{GitError, MODE_GITLINK, Oid};

/// One object that goes into the pack.
type Object = (Oid, Kind, Arc<[u8]>);

/// One object, ready for the pack.
struct Packed {
    id: Oid,
    /// The entry: header and deflated data.
    bytes: Vec<u8>,
}

/// A pack that is not on disk yet.
pub struct Pack(Vec<Packed>);

impl Pack {
    fn ids(&self) -> Vec<Oid> {
        self.0.iter().map(|object| object.id).collect()
    }
}

impl std::fmt::Debug for Pack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pack of {} objects", self.0.len())
    }
}

impl Store {
    /// Writes every object that is new and reachable from `tips` into one pack.
    ///
    /// Returns how many objects were written; nothing is written if there are none. A crash leaves at most a stray
    /// temporary file, which `git gc` removes.
    pub fn write_pack(&self, tips: &[Oid]) -> Result<usize, GitError> {
        self.write(self.pack(tips)?)
    }

    /// Makes the pack that [`Store::write_pack`] writes, in memory.
    pub fn pack(&self, tips: &[Oid]) -> Result<Pack, GitError> {
        Ok(Pack(deflate(&self.reachable(tips)?)))
    }

    /// Writes a pack into the repository, and returns how many objects it has; one without any is not written.
    pub fn write(&self, mut pack: Pack) -> Result<usize, GitError> {
        if !pack.0.is_empty() {
            write_files(&self.objects_dir().join("pack"), &mut pack.0)?;
            self.written(&pack.ids());
        }
        Ok(pack.0.len())
    }

    /// Writes the same pack into another folder, which is created if it is not there. The objects still count as new.
    ///
    /// Returns the ids of what was written.
    pub fn write_pack_into(&self, folder: &Path, tips: &[Oid]) -> Result<Vec<Oid>, GitError> {
        let mut pack = self.pack(tips)?;
        if !pack.0.is_empty() {
            write_files(folder, &mut pack.0)?;
        }
        Ok(pack.ids())
    }

    /// New objects in the order commits, trees, blobs, each once.
    fn reachable(&self, tips: &[Oid]) -> Result<Vec<Object>, GitError> {
        let mut seen = HashSet::new();
        let mut commits = Vec::new();
        let mut trees = Vec::new();
        let mut blobs = Vec::new();
        let mut todo: Vec<Oid> = tips.to_vec();
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            let Some((kind, data)) = self.new_object(id) else {
                continue;
            };
            match kind {
                Kind::Commit => {
                    let commit = self.commit(id)?;
                    todo.push(commit.tree);
                    todo.extend(commit.parents);
                    commits.push((id, kind, data));
                }
                Kind::Tree => {
                    let entries = self.tree(id)?;
                    todo.extend(entries.iter().filter(|entry| entry.mode != MODE_GITLINK).map(|entry| entry.id));
                    trees.push((id, kind, data));
                }
                Kind::Blob => blobs.push((id, kind, data)),
            }
        }
        commits.append(&mut trees);
        commits.append(&mut blobs);
        Ok(commits)
    }
}

/// Deflates on two threads. Level 1: the pack is short-lived, `git gc` packs again.
fn deflate(objects: &[Object]) -> Vec<Packed> {
    let one = |objects: &[Object]| -> Vec<Packed> {
        objects.iter().map(|(id, kind, data)| Packed { id: *id, bytes: entry(*kind, data) }).collect()
    };
    // Halves by bytes, not by number: the blobs at the end are the large ones.
    let total: usize = objects.iter().map(|(_, _, data)| data.len()).sum();
    let mut so_far = 0;
    let middle = objects
        .iter()
        .position(|(_, _, data)| {
            so_far += data.len();
            so_far > total / 2
        })
        .unwrap_or(0);
    let (left, right) = objects.split_at(middle);
    std::thread::scope(|scope| {
        let handle = scope.spawn(|| one(left));
        let mut right = one(right);
        let mut all = handle.join().expect("deflating does not panic");
        all.append(&mut right);
        all
    })
}

fn entry(kind: Kind, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 3 + 16);
    let mut size = data.len();
    let mut byte = (kind.pack_type() << 4) | (size & 0x0f) as u8;
    size >>= 4;
    while size > 0 {
        out.push(byte | 0x80);
        byte = (size & 0x7f) as u8;
        size >>= 7;
    }
    out.push(byte);
    let mut encoder = ZlibEncoder::new(out, Compression::new(1));
    encoder.write_all(data).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail")
}

fn write_files(folder: &Path, packed: &mut [Packed]) -> Result<(), GitError> {
    let mut header = b"PACK\0\0\0\x02".to_vec();
    header.extend_from_slice(&(packed.len() as u32).to_be_bytes());
    let mut hash = gix::hash::hasher(gix::hash::Kind::Sha1);
    hash.update(&header);
    for object in packed.iter() {
        hash.update(&object.bytes);
    }
    let checksum = finish(hash);

    let name = pack_name(packed);
    let pack_path = folder.join(format!("pack-{name}.pack"));
    let index_path = folder.join(format!("pack-{name}.idx"));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| GitError::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let write = |path: &Path, parts: &mut dyn FnMut(&mut dyn std::io::Write) -> std::io::Result<()>| {
        let mut file = tempfile::Builder::new().prefix("tmp_pack_").tempfile_in(folder)?;
        {
            let mut buffered = std::io::BufWriter::with_capacity(1 << 16, file.as_file_mut());
            parts(&mut buffered)?;
            buffered.flush()?;
        }
        file.as_file().sync_all()?;
        set_read_only(file.as_file())?;
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    write(&pack_path, &mut |out| {
        out.write_all(&header)?;
        packed.iter().try_for_each(|object| out.write_all(&object.bytes))?;
        out.write_all(checksum.as_bytes())
    })
    .map_err(failed(&pack_path))?;
    let index = index(packed, checksum);
    // The index makes the pack visible, so it comes last.
    write(&index_path, &mut |out| out.write_all(&index)).map_err(failed(&index_path))
}

/// Packs are read-only files, as git makes them.
fn set_read_only(file: &std::fs::File) -> std::io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        permissions.set_mode(0o444);
    }
    #[cfg(not(unix))]
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

/// Named after the sorted ids, so that the same objects give the same file.
fn pack_name(packed: &[Packed]) -> Oid {
    let mut ids: Vec<Oid> = packed.iter().map(|object| object.id).collect();
    ids.sort_unstable();
    let mut hash = gix::hash::hasher(gix::hash::Kind::Sha1);
    for id in &ids {
        hash.update(id.as_bytes());
    }
    finish(hash)
}

fn finish(hash: gix::hash::Hasher) -> Oid {
    hash.try_finalize().expect("only a crafted SHA-1 collision fails")
}

/// The index, version 2. Offsets fit in 31 bits: a pack of new objects is some megabytes.
fn index(packed: &mut [Packed], checksum: Oid) -> Vec<u8> {
    let mut offset = 12u32;
    let mut rows: Vec<(Oid, u32, u32)> = packed
        .iter()
        .map(|object| {
            let row = (object.id, crc32fast::hash(&object.bytes), offset);
            offset += object.bytes.len() as u32;
            row
        })
        .collect();
    rows.sort_unstable();
    let mut out = vec![0xff, b't', b'O', b'c', 0, 0, 0, 2];
    let mut at = 0;
    for byte in 0..=255u8 {
        while at < rows.len() && rows[at].0.as_bytes()[0] <= byte {
            at += 1;
        }
        out.extend_from_slice(&(at as u32).to_be_bytes());
    }
    out.extend(rows.iter().flat_map(|row| row.0.as_bytes().to_vec()));
    out.extend(rows.iter().flat_map(|row| row.1.to_be_bytes()));
    out.extend(rows.iter().flat_map(|row| row.2.to_be_bytes()));
    out.extend_from_slice(checksum.as_bytes());
    let mut hash = gix::hash::hasher(gix::hash::Kind::Sha1);
    hash.update(&out);
    let own = finish(hash);
    out.extend_from_slice(own.as_bytes());
    out
}
