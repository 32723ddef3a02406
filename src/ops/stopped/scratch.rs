//! The files to resolve: one folder for each open patch, with just the files that conflict, markers in them.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice as _};

use super::super::OpError;
use super::remove_at_once;
use crate::diff::safety::check_path;
use crate::git::{Entry, GitError, Kind, MODE_EXECUTABLE, MODE_FILE, MODE_SYMLINK, Oid, Store};
use crate::text::visible;

/// The beginnings of the lines that nobody means to leave behind; each has seven characters and a blank or nothing.
const MARKERS: [&[u8]; 4] = [b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"];

/// What is being removed.
const GONE: &str = ".gone";

/// What a person is asked about one patch, by files.
#[derive(Debug)]
pub(in crate::ops) struct Question {
    /// The folder's name.
    pub(in crate::ops) name: String,
    /// The files, as they are first written.
    pub(in crate::ops) files: Vec<Asked>,
    /// The tree below the patch: files of it may be put beside those that are asked for.
    pub(in crate::ops) tip: Oid,
}

/// A file to resolve.
#[derive(Debug)]
pub(in crate::ops) struct Asked {
    /// Where it stands in the tree.
    pub(in crate::ops) path: BString,
    /// Its content with markers, or a result to look at.
    pub(in crate::ops) content: Vec<u8>,
    /// Whether it is executable.
    pub(in crate::ops) executable: bool,
    /// Lines that look like markers and belong to one of the sides.
    pub(in crate::ops) genuine: Vec<Vec<u8>>,
}

/// What a person left in the folder.
#[derive(Debug)]
pub(in crate::ops) enum Answer {
    /// Not a byte has been changed.
    Untouched,
    /// Markers are left: path and line, from 1.
    Leftover(Vec<(BString, usize)>),
    /// The files as they are to be.
    Files(Vec<(BString, Option<Entry>)>),
}

impl Asked {
    /// The line of the first marker that was written, from 1.
    pub(in crate::ops) fn first_marker(&self) -> Option<usize> {
        let is_ours = |line: &[u8]| is_marker(line) && !self.genuine.iter().any(|known| known == line);
        self.content.lines().position(is_ours).map(|at| at + 1)
    }

    /// Lines of the sides that look like markers.
    pub(in crate::ops) fn genuine(sides: &[&[u8]]) -> Vec<Vec<u8>> {
        let lines = sides.iter().flat_map(|side| side.lines());
        lines.filter(|line| is_marker(line)).map(<[u8]>::to_vec).collect()
    }
}

/// True if a line looks like a conflict marker.
pub(in crate::ops) fn has_markers(content: &[u8]) -> bool {
    content.lines().any(|line| is_marker(line) && !line.starts_with(b"="))
}

fn is_marker(line: &[u8]) -> bool {
    MARKERS.iter().any(|marker| line.strip_prefix(*marker).is_some_and(|rest| rest.is_empty() || rest[0] == b' '))
}

/// Writes the folder of a question below `folder`, whole or not at all. One that is there stays, with what a person
/// has done in it.
pub(in crate::ops) fn write(folder: &Path, question: &Question) -> Result<(), OpError> {
    let place = folder.join(&question.name);
    if place.exists() {
        return Ok(());
    }
    let failed = |error: std::io::Error| OpError::because(format!("cannot write '{}'", place.display()), error);
    let staging = folder.join(format!(".{}.new", question.name));
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(failed)?;
    }
    fs::create_dir_all(&staging).map_err(failed)?;
    for file in &question.files {
        // A path that leads out of the folder never gets this far: such a patch does not apply.
        if check_path(&file.path).is_err() {
            continue;
        }
        let path = staging.join(std::ffi::OsStr::from_bytes(&file.path));
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
        fs::write(&path, &file.content).map_err(failed)?;
        if file.executable {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(failed)?;
        }
    }
    fs::rename(&staging, &place).map_err(failed)
}

/// Removes the folders of questions that are no longer asked, each at once: a folder of which a part is gone must not
/// look like one in which a person deleted files.
pub(in crate::ops) fn remove(folder: &Path, names: impl Iterator<Item = String>) -> Result<(), OpError> {
    for name in names {
        let place = folder.join(name);
        remove_at_once(&place, &folder.join(GONE))
            .map_err(|error| OpError::because(format!("cannot remove '{}'", place.display()), error))?;
    }
    Ok(())
}

/// Puts a folder that answers an old question aside, so that nothing of it is lost.
pub(in crate::ops) fn put_aside(folder: &Path, name: &str) -> Result<(), OpError> {
    let place = folder.join(name);
    if !place.exists() {
        return Ok(());
    }
    let aside = (1..u32::MAX).map(|number| folder.join(format!("{name}.old-{number}"))).find(|path| !path.exists());
    let aside = aside.expect("numbers do not end");
    fs::rename(&place, &aside).map_err(|error| OpError::because(format!("cannot move '{}'", place.display()), error))
}

/// Reads what a person left in the folder of a question; new contents go into the store, in memory.
pub(in crate::ops) fn read(store: &Store, folder: &Path, question: &Question) -> Result<Answer, OpError> {
    let place = folder.join(&question.name);
    if !place.is_dir() {
        return Ok(Answer::Untouched);
    }
    let mut found = Vec::new();
    walk(&place, &mut BString::default(), &mut found)
        .map_err(|error| OpError::because(format!("cannot read '{}'", place.display()), error))?;
    let (mut files, mut leftover, mut touched) = (Vec::new(), Vec::new(), false);
    for asked in &question.files {
        let Some(at) = found.iter().position(|(path, _)| *path == asked.path) else {
            touched = true;
            files.push((asked.path.clone(), None));
            continue;
        };
        let (path, here) = found.swap_remove(at);
        touched |= here.content != asked.content || here.mode == MODE_SYMLINK;
        for (number, line) in here.content.lines().enumerate() {
            if is_marker(line) && !asked.genuine.iter().any(|known| known == line) {
                leftover.push((path.clone(), number + 1));
            }
        }
        files.push((path, Some(here.into_entry(store))));
    }
    for (path, here) in found.into_iter().filter(|(path, _)| !is_scrap(path.as_bstr())) {
        touched = true;
        let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
        let Some(old) = store.entry(question.tip, path.as_bstr()).map_err(failed)? else {
            let shown = place.join(std::ffi::OsStr::from_bytes(&path));
            return Err(OpError::new(format!("'{}' is no file of the target", shown.display()))
                .hint("remove it; a patch that is to add a file is changed with kpatch edit"));
        };
        let mode = if here.mode == MODE_SYMLINK { MODE_SYMLINK } else { old.mode };
        files.push((path, Some(Entry { mode, ..here.into_entry(store) })));
    }
    Ok(match (touched, leftover.is_empty()) {
        (false, _) => Answer::Untouched,
        (true, false) => Answer::Leftover(leftover),
        (true, true) => Answer::Files(files),
    })
}

/// A file that was found.
struct Here {
    mode: u32,
    content: Vec<u8>,
}

impl Here {
    fn into_entry(self, store: &Store) -> Entry {
        Entry { mode: self.mode, id: store.insert(Kind::Blob, self.content) }
    }
}

/// All files below a folder; links are read, never followed.
fn walk(folder: &Path, prefix: &mut BString, found: &mut Vec<(BString, Here)>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().map_or(&b""[..], |name| name.as_bytes());
        let length = prefix.len();
        if length > 0 {
            prefix.push(b'/');
        }
        prefix.extend_from_slice(name);
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_symlink() {
            let content = fs::read_link(&path)?.as_os_str().as_bytes().to_vec();
            found.push((prefix.clone(), Here { mode: MODE_SYMLINK, content }));
        } else if metadata.is_dir() {
            walk(&path, prefix, found)?;
        } else if metadata.is_file() {
            let mode = if metadata.permissions().mode() & 0o111 == 0 { MODE_FILE } else { MODE_EXECUTABLE };
            found.push((prefix.clone(), Here { mode, content: fs::read(&path)? }));
        }
        prefix.truncate(length);
    }
    Ok(())
}

/// What editors and merge tools leave beside the files that they were given.
fn is_scrap(path: &BStr) -> bool {
    let name = path.rsplit_str(b"/").next().unwrap_or(path);
    let ends = [&b".orig"[..], b".rej", b"~", b".swp", b".swo", b".bak"];
    ends.iter().any(|end| name.ends_with(end)) || name.starts_with(b".#") || name.starts_with(b"#")
}

/// One error for all markers that are left.
pub(in crate::ops) fn leftover(folder: &Path, left: &[(String, BString, usize)]) -> OpError {
    let line = |(name, path, line): &(String, BString, usize)| {
        format!("{}:{line}: a conflict marker is left", folder.join(name).join(visible(path)).display())
    };
    let lines: Vec<String> = left.iter().take(20).map(line).collect();
    OpError::new(lines.join("\n")).hint("resolve it, or decide otherwise: kpatch skip, kpatch drop --reason")
}
