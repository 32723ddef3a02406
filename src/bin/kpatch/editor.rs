//! Runs the user's editor on a copy of a text, as git does.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use kpatch::ops::OpError;

/// A text in a file of its own, which stays until it is thrown away: what a person wrote is never lost.
pub(crate) struct Draft {
    path: PathBuf,
}

impl Draft {
    /// Writes `text` into a new file whose name ends as `name` does.
    pub(crate) fn new(name: &str, text: &[u8]) -> Result<Self, OpError> {
        let failed = |error: std::io::Error| OpError::because("cannot write a copy of the patch", error);
        let suffix = format!("-{}", name.rsplit('/').next().unwrap_or(name));
        let file = tempfile::Builder::new().prefix("kpatch-").suffix(&suffix).tempfile().map_err(failed)?;
        file.as_file().write_all(text).map_err(failed)?;
        let (_, path) = file.keep().map_err(|error| failed(error.error))?;
        Ok(Self { path })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the editor on the file and waits for its end. Returns what the file holds then.
    pub(crate) fn edit(&self, editor: &str) -> Result<Vec<u8>, OpError> {
        // The command line is the user's own and may hold options: a shell splits it, and the file is no part of it.
        let status = Command::new("sh").args(["-c", &format!("{editor} \"$@\""), editor]).arg(&self.path).status();
        let status = status.map_err(|error| OpError::because(format!("cannot start the editor '{editor}'"), error))?;
        if !status.success() {
            return Err(OpError::new(format!("there was a problem with the editor '{editor}'")).hint(self.kept()));
        }
        std::fs::read(&self.path)
            .map_err(|error| OpError::because(format!("cannot read '{}'", self.path.display()), error))
    }

    /// Where the text is to be found, for a message.
    pub(crate) fn kept(&self) -> String {
        format!("your text is in '{}'", self.path.display())
    }

    /// Removes the file: all that it says is where it belongs.
    pub(crate) fn discard(self) {
        // A copy too many in the temporary folder does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}
