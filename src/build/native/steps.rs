//! How many steps compiling has: as many as the last time that it began with nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// What is known of the steps of one build.
#[derive(Debug)]
pub(super) struct Steps {
    /// Remembers how many there were in all; lives as long as the logs.
    known: PathBuf,
    /// Remembers how many of them are done; lives and dies with the objects.
    so_far: PathBuf,
    total: Option<usize>,
    done: usize,
    /// Nothing is known of objects that somebody else has begun with.
    is_counted: bool,
}

impl Steps {
    /// Those of the objects in a directory; `known` is the file that outlives them.
    pub(super) fn read(objects: &Path, known: &Path) -> Self {
        let so_far = objects.join(".kpatch").join("steps");
        let number = |path: &Path| fs::read_to_string(path).ok()?.trim().parse::<usize>().ok();
        let done = number(&so_far);
        let is_new = !objects.join(".config").exists();
        Self {
            total: number(known).filter(|total| *total > 0),
            known: known.to_owned(),
            is_counted: is_new || done.is_some(),
            done: done.unwrap_or(0),
            so_far,
        }
    }

    /// How many are still to come.
    pub(super) fn left(&self) -> Option<usize> {
        let total = self.total.filter(|_| self.is_counted)?;
        total.checked_sub(self.done).filter(|left| *left > 0)
    }

    /// Remembers that some more are done, `complete` if nothing is left. Not being able to costs an estimate, and no more.
    pub(super) fn write(&self, more: usize, complete: bool) {
        if !self.is_counted {
            return;
        }
        let done = self.done + more;
        let _ = fs::write(&self.so_far, format!("{done}\n"));
        // What is made again later, after a change, is not part of the whole.
        if complete && (self.done == 0 || self.total.is_none_or(|total| self.done < total)) {
            let _ = fs::write(&self.known, format!("{done}\n"));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_build_counts_on() {
        let dir = tempfile::tempdir().unwrap();
        let (objects, known) = (dir.path().join("obj"), dir.path().join("x.steps"));
        let begin = || {
            let _ = fs::remove_dir_all(&objects);
            fs::create_dir_all(objects.join(".kpatch")).unwrap();
        };
        begin();
        let steps = Steps::read(&objects, &known);
        assert_eq!(steps.left(), None);
        steps.write(30, false);
        fs::write(objects.join(".config"), "").unwrap();
        Steps::read(&objects, &known).write(70, true);
        // A few are made again: the whole is not more than it was.
        let steps = Steps::read(&objects, &known);
        assert_eq!(steps.left(), None);
        steps.write(5, true);
        begin();
        fs::remove_file(objects.join(".config")).unwrap_or_default();
        let steps = Steps::read(&objects, &known);
        assert_eq!(steps.left(), Some(100));
        steps.write(40, false);
        fs::write(objects.join(".config"), "").unwrap();
        assert_eq!(Steps::read(&objects, &known).left(), Some(60));
        // Somebody else's objects.
        fs::remove_file(objects.join(".kpatch/steps")).unwrap();
        assert_eq!(Steps::read(&objects, &known).left(), None);
    }
}
