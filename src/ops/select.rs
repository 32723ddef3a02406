//! Finds the patch that a person means.

use super::OpError;
use crate::patch::Patch;
use crate::patch_set::number;

/// The index of the patch that `wanted` names: its number (`7`, `0007`), its file name, or a part of the file name
/// that no other has; `#2` behind it means the second patch of that file.
pub(super) fn select(patches: &[Patch], wanted: &str) -> Result<usize, OpError> {
    let (name, part) = match wanted.rsplit_once('#').map(|(name, part)| (name, part.parse::<usize>())) {
        Some((name, Ok(part))) if part > 0 => (name, part - 1),
        _ => (wanted, 0),
    };
    let name = name.rsplit('/').next().unwrap_or(name);
    let of_file = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..patches.len()).filter(|at| patches[*at].part == part && is_it(&patches[*at].file)).collect()
    };
    let wanted_number = name.parse::<u32>().ok();
    let ways: [&dyn Fn(&str) -> bool; 3] = [
        &|file| file == name || file.strip_suffix(".patch") == Some(name),
        &|file| wanted_number.is_some() && number(file) == wanted_number,
        &|file| !name.is_empty() && wanted_number.is_none() && file.contains(name),
    ];
    for is_it in ways {
        match of_file(is_it).as_slice() {
            [] => {}
            [one] => return Ok(*one),
            several => {
                let names: Vec<&str> = several.iter().map(|at| patches[*at].file.as_str()).collect();
                return Err(OpError::new(format!("'{wanted}' may be {}", names.join(" or "))).hint("name the file"));
            }
        }
    }
    Err(OpError::new(format!("the set has no patch '{wanted}'")))
}
