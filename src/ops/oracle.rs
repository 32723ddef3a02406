//! Runs git and patch themselves beside kpatch, in a temporary work tree of just the files that the patches touch.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};
use tempfile::TempDir;

use super::compute::Computed;
use super::verify::LegReport;
use super::workspace::Linux;
use super::{OpError, Watch};
use crate::apply::{Release, touched_paths};
use crate::git::{Entry, Git, GitError, MODE_EXECUTABLE, MODE_SYMLINK, Oid, Store, TreeChanges, Walk};
use crate::patch_set::PatchSet;
use crate::process;

/// A place to run git and patch in. Nothing in the linux tree changes: objects go to a folder of their own.
pub(super) struct Oracle<'a> {
    linux: &'a Linux,
    base: &'a Release,
    watch: Watch<'a>,
    folder: TempDir,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(linux: &'a Linux, base: &'a Release, watch: Watch<'a>) -> Result<Self, OpError> {
        let folder = tempfile::tempdir().map_err(|e| OpError::because("cannot make a temporary folder", e))?;
        Git::check_version().map_err(|error| OpError::because("cannot run git", error))?;
        Ok(Self { linux, base, watch, folder })
    }

    /// `git am`, one patch file after the other, in a repository that borrows the linux tree's objects.
    pub(super) fn am(&self, set: &PatchSet) -> Result<LegReport, OpError> {
        let name = "git am";
        let git = self.scratch("am")?;
        let work = self.folder.path().join("am-work");
        self.run(&git, &work, &["read-tree", &self.base.tree.to_string()])?;
        // Only what the patches touch is checked out; the index knows the rest.
        let paths = self.write_files(&work, set)?;
        self.skip_worktree(&git, &work, &paths)?;
        self.run(&git, &work, &["update-ref", "HEAD", &self.base.commit.to_string()])?;
        let files = self.patch_files(set)?;
        let mut detail = Vec::new();
        for file in &files {
            let path = file.display().to_string();
            let args = ["am", "--quiet", "--keep-cr", "--keep-non-patch", "--no-scissors", "--", &path];
            if let Err(reason) = self.try_run(&git, &work, &args) {
                detail.push(format!("{}: {reason}", name_of(file)));
                let _ = self.try_run(&git, &work, &["am", "--abort"]);
                break;
            }
        }
        let tree = self.run(&git, &work, &["rev-parse", "HEAD^{tree}"])?;
        let reached = detail.is_empty().then(|| tree.trim().to_owned());
        Ok(LegReport { name: name.into(), tree: reached, detail, skipped: false })
    }

    /// `patch -t -F0 -N -u -p1`, as the image build runs it; the tree is computed from the files that it leaves.
    pub(super) fn patch(&self, set: &PatchSet) -> Result<LegReport, OpError> {
        let name = "patch -t -F0 -N -u -p1";
        let skip = |why: String| LegReport { name: name.into(), tree: None, detail: vec![why], skipped: true };
        let work = self.folder.path().join("patch-work");
        let paths = self.write_files(&work, set)?;
        for file in self.patch_files(set)? {
            let input = std::fs::read(&file).map_err(|e| OpError::because("cannot read a patch", e))?;
            let command = process::Command::new("patch").args(["-t", "-F0", "-N", "-u", "-p1"]).dir(&work).input(input);
            let output = match command.output() {
                Ok(output) => output,
                Err(error) => return Ok(skip(format!("not checked: {error}"))),
            };
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stdout).trim().replace('\n', "; ");
                let detail = vec![format!("{}: {said}", name_of(&file))];
                return Ok(LegReport { name: name.into(), tree: None, detail, skipped: false });
            }
        }
        let tree = self.tree_of(&work, &paths)?;
        Ok(LegReport { name: name.into(), tree: Some(tree.to_string()), detail: Vec::new(), skipped: false })
    }

    /// `git merge-tree` once per patch, in the way of a rebase; what it leaves out kpatch must have left out too.
    pub(super) fn merge_tree(&self, set: &PatchSet, computed: &Computed) -> Result<LegReport, OpError> {
        let store = &self.linux.store;
        let git = self.scratch("merge")?;
        let objects = self.folder.path().join("merge/objects");
        let mut commits = Vec::new();
        for (patch, step) in set.patches.iter().zip(&computed.stack.steps) {
            let parent = crate::apply::commit(store, patch, step.before, self.base.commit, self.base);
            commits.push((parent, crate::apply::commit(store, patch, step.after(), parent, self.base)));
        }
        let mut wanted: Vec<Oid> = commits.iter().flat_map(|(parent, commit)| [*parent, *commit]).collect();
        wanted.extend(computed.commits.iter().flatten());
        store
            .write_pack_into(&objects.join("pack"), &wanted)
            .map_err(|error| OpError::because("cannot lend objects to git", error))?;
        let mut tip = computed.carried.target.tree.to_string();
        let mut detail = Vec::new();
        for (at, patch) in set.patches.iter().enumerate() {
            if self.watch.interrupt.is_raised() {
                return Err(OpError::interrupted());
            }
            let (parent, commit) = commits[at];
            let base = format!("--merge-base={parent}");
            let args = ["merge-tree", "--write-tree", "--no-messages", &base, &tip, &commit.to_string()];
            let merged = self.try_run(&git, self.folder.path(), &args);
            let pick = &computed.carried.picks[at];
            match merged {
                Ok(output) => {
                    let tree = output.lines().next().unwrap_or_default().to_owned();
                    if Oid::from_hex(tree.as_bytes()).ok() != Some(pick.after) {
                        detail.push(format!("{}: git merges it to {tree}, kpatch has {}", patch.file, pick.after));
                    }
                }
                Err(_) if pick.outcome.is_kept() => {
                    detail.push(format!("{}: git has a conflict, kpatch has none", patch.file));
                }
                Err(_) => {}
            }
            tip = pick.after.to_string();
        }
        let tree = detail.is_empty().then_some(tip);
        Ok(LegReport { name: "git merge-tree".into(), tree, detail, skipped: false })
    }

    /// A bare repository that borrows the linux tree's objects.
    fn scratch(&self, name: &str) -> Result<Git, OpError> {
        let failed = |error: std::io::Error| OpError::because("cannot make a scratch repository", error);
        let dir = self.folder.path().join(name);
        let git = Git::new(&dir);
        git.init_bare(Some("sha1")).map_err(|error| OpError::because("cannot make a scratch repository", error))?;
        let objects = self.linux.store.common_dir().join("objects");
        let objects = std::path::absolute(objects).map_err(failed)?;
        std::fs::create_dir_all(dir.join("objects/info")).map_err(failed)?;
        std::fs::write(dir.join("objects/info/alternates"), format!("{}\n", objects.display())).map_err(failed)?;
        Ok(git)
    }

    fn command(&self, git: &Git, work: &Path, args: &[&str]) -> process::Command {
        git.command()
            .env("GIT_COMMITTER_NAME", "kpatch")
            .env("GIT_COMMITTER_EMAIL", "kpatch@localhost")
            .env("GIT_COMMITTER_DATE", format!("{} +0000", self.base.date.seconds))
            .arg("--work-tree")
            .arg(work)
            .args(["-c", "core.bare=false", "-c", "commit.gpgSign=false"])
            .dir(work)
            .args(args)
    }

    fn run(&self, git: &Git, work: &Path, args: &[&str]) -> Result<String, OpError> {
        std::fs::create_dir_all(work).map_err(|e| OpError::because("cannot make a temporary folder", e))?;
        let output = self.command(git, work, args).run();
        let output = output.map_err(|error| OpError::because(format!("git {} failed", args[0]), error))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs git; what it says if it fails.
    fn try_run(&self, git: &Git, work: &Path, args: &[&str]) -> Result<String, String> {
        match self.command(git, work, args).output() {
            Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Writes the files that the patches touch, as the base has them; returns what was there.
    fn write_files(&self, work: &Path, set: &PatchSet) -> Result<BTreeMap<BString, Option<Entry>>, OpError> {
        let store = &self.linux.store;
        let git_failed = |error: GitError| OpError::because("cannot read the linux tree", error);
        let mut paths = BTreeMap::new();
        for path in touched_paths(&set.patches) {
            let entry = store.entry(self.base.tree, path.as_bstr()).map_err(git_failed)?.filter(|e| e.is_blob());
            if let Some(entry) = entry {
                let content = store.content(Some(entry)).map_err(git_failed)?;
                let file = work.join(path.to_path_lossy());
                put(&file, entry.mode, &content).map_err(|e| OpError::because("cannot write a work tree", e))?;
            }
            paths.insert(path, entry);
        }
        Ok(paths)
    }

    /// Tells the index that the other files are absent on purpose.
    fn skip_worktree(&self, git: &Git, work: &Path, paths: &BTreeMap<BString, Option<Entry>>) -> Result<(), OpError> {
        let mut patterns = b"/.kpatch-nothing\n".to_vec();
        for path in paths.keys() {
            patterns.push(b'/');
            patterns.extend_from_slice(path);
            patterns.push(b'\n');
        }
        let info = git.git_dir().join("info");
        std::fs::create_dir_all(&info)
            .and_then(|()| std::fs::write(info.join("sparse-checkout"), patterns))
            .map_err(|error| OpError::because("cannot write a sparse checkout", error))?;
        self.run(git, work, &["config", "core.sparseCheckout", "true"])?;
        self.run(git, work, &["config", "core.sparseCheckoutCone", "false"])?;
        self.run(git, work, &["sparse-checkout", "reapply"]).map(drop)
    }

    /// The base's tree with the touched files as they are in the folder.
    fn tree_of(&self, work: &Path, paths: &BTreeMap<BString, Option<Entry>>) -> Result<Oid, OpError> {
        let store: &Store = &self.linux.store;
        let mut changes = TreeChanges::new();
        for path in paths.keys() {
            let file = work.join(path.to_path_lossy());
            let entry = take(store, &file).map_err(|e| OpError::because("cannot read a work tree", e))?;
            let walk = Walk { path: path.clone(), old: None, new: entry };
            changes.insert(walk.path, walk.new);
        }
        store.edit_tree(self.base.tree, &changes).map_err(|error| OpError::because("cannot make a tree", error))
    }

    /// The patch files on disk, in order.
    fn patch_files(&self, set: &PatchSet) -> Result<Vec<PathBuf>, OpError> {
        let folder = self.folder.path().join("patches");
        let failed = |error: std::io::Error| OpError::because("cannot write a temporary patch", error);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let mut files = Vec::new();
        for (name, parts) in set.files() {
            let path = folder.join(name);
            let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes.iter().copied()).collect();
            std::fs::write(&path, bytes).map_err(failed)?;
            files.push(path);
        }
        Ok(files)
    }
}

fn name_of(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Writes one file of a work tree. A symbolic link is made as one; nothing is ever written through it, since the paths
/// of a tree cannot lie beyond one.
fn put(file: &Path, mode: u32, content: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if mode == MODE_SYMLINK {
        return std::os::unix::fs::symlink(content.to_path_lossy(), file);
    }
    std::fs::write(file, content)?;
    let bits = if mode == MODE_EXECUTABLE { 0o755 } else { 0o644 };
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(bits))
}

/// Reads one file of a work tree back.
fn take(store: &Store, file: &Path) -> std::io::Result<Option<Entry>> {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    let found = match std::fs::symlink_metadata(file) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if found.is_dir() {
        return Ok(None);
    }
    let (mode, content) = if found.is_symlink() {
        (MODE_SYMLINK, std::fs::read_link(file)?.as_os_str().as_bytes().to_vec())
    } else {
        let executable = found.permissions().mode() & 0o100 != 0;
        (if executable { MODE_EXECUTABLE } else { crate::git::MODE_FILE }, std::fs::read(file)?)
    };
    Ok(Some(Entry { mode, id: store.insert(crate::git::Kind::Blob, content) }))
}
