//! The repositories that are in use, each connected to once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::{BuildError, Watch, oci_failed, parse};
use crate::image::Reference;
use crate::oci::{Access, Repository};

/// Repositories by their names.
pub(crate) struct Repositories<'a> {
    access: Access,
    watch: Watch<'a>,
    open: RefCell<HashMap<String, Rc<Repository<'a>>>>,
}

impl<'a> Repositories<'a> {
    /// Nothing is connected to yet.
    pub(crate) fn new(access: Access, watch: Watch<'a>) -> Self {
        Self { access, watch, open: RefCell::default() }
    }

    /// The repository of a reference, whose tag and digest do not matter.
    ///
    /// # Errors
    /// When it is no reference, or the registry cannot be reached.
    pub(crate) fn open(&self, reference: &str) -> Result<Rc<Repository<'a>>, BuildError> {
        let parsed = Reference { tag: None, digest: None, ..parse(reference)? };
        let name = parsed.to_string();
        if let Some(repository) = self.open.borrow().get(&name) {
            return Ok(Rc::clone(repository));
        }
        let Watch { observer, interrupt } = self.watch;
        let repository = Rc::new(Repository::open(&parsed, self.access, observer, interrupt).map_err(oci_failed)?);
        self.open.borrow_mut().insert(name, Rc::clone(&repository));
        Ok(repository)
    }
}
