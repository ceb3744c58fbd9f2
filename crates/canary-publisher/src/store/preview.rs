//! What a run would do to a place, without doing it.

use canary_format::tile::{TILE_WIDTH, max_bundle};

use super::{Put, Store, StoreError};
use crate::site::SiteFile;

/// A place that is read and never written. What would be written is counted as such.
pub struct Preview {
    name: String,
    /// `None` where there is nothing yet.
    inner: Option<Box<dyn Store>>,
}

impl Preview {
    pub(crate) fn new(name: String, inner: Option<Box<dyn Store>>) -> Self {
        Self { name, inner }
    }

    fn holds(&mut self, file: &SiteFile) -> Result<Option<bool>, StoreError> {
        let limit = usize::try_from(max_bundle(TILE_WIDTH)).unwrap_or(usize::MAX);
        let held = self.read(&file.path, limit)?;
        Ok(held.map(|held| held == file.bytes))
    }
}

impl Store for Preview {
    fn place(&self) -> String {
        self.inner.as_ref().map_or_else(|| self.name.clone(), |inner| inner.place())
    }

    fn read(&mut self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.as_mut().map_or(Ok(None), |inner| inner.read(path, limit))
    }

    fn put_immutable(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        match self.holds(file)? {
            None => Ok(Put::Written),
            Some(true) => Ok(Put::Unchanged),
            Some(false) => Err(StoreError::Conflict { path: file.path.clone() }),
        }
    }

    fn put_copy(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        Ok(if self.holds(file)? == Some(true) { Put::Unchanged } else { Put::Written })
    }

    fn put_checkpoint(&mut self, _: &[u8], _: Option<&[u8]>) -> Result<(), StoreError> {
        Ok(())
    }
}
