//! The files of a kit that name images, as text.

use std::fs;
use std::path::{Path, PathBuf};

use super::OpError;
use crate::kit::Kit;
use crate::text::visible;

/// Files beyond this size name no images by hand.
const LARGEST: u64 = 1 << 20;

/// A file.
pub(super) struct Text {
    /// Absolute.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// All YAML files, Dockerfiles and shell scripts of the kit that are UTF-8, in the order of their paths; hidden
/// directories are left out.
pub(super) fn texts(kit: &Kit) -> Result<Vec<Text>, OpError> {
    let mut found = Vec::new();
    collect(kit.top(), &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(dir: &Path, found: &mut Vec<Text>) -> Result<(), OpError> {
    let cannot =
        |error| OpError::because(format!("cannot read '{}'", visible(dir.as_os_str().as_encoded_bytes())), error);
    for entry in fs::read_dir(dir).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let kind = entry.file_type().map_err(cannot)?;
        if kind.is_dir() && !name.starts_with('.') {
            collect(&path, found)?;
        } else if kind.is_file()
            && names_images(&name)
            && entry.metadata().map_err(cannot)?.len() <= LARGEST
            && let Ok(text) = String::from_utf8(fs::read(&path).map_err(cannot)?)
        {
            found.push(Text { path, text });
        }
    }
    Ok(())
}

fn names_images(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    matches!(ending, "yml" | "yaml" | "sh") || name.starts_with("Dockerfile")
}
