use super::CopyError;
use crate::backend::Backend;
use crate::contents::{Contents, Picture};
use crate::types::VersionId;

/// What is in the destination before anything is done there.
pub(super) struct Found {
    pub(super) contents: Contents,
    /// Versions that a compaction of the source has removed there since, in the order of the log. What superseded them may be
    /// gone there, too, and then they would be alive here.
    pub(super) dead: Vec<VersionId>,
    /// Whether every other version is in the source.
    pub(super) fits: bool,
}

impl Found {
    pub(super) async fn read(backend: &dyn Backend, source: &Picture) -> Result<Self, CopyError> {
        let (mut dead, mut fits) = (Vec::new(), true);
        let contents = Contents::read_with(backend, |key, meta| match source.index.read().version(key, meta.id) {
            Some(same) => fits &= *same == meta,
            None if meta.id.revision <= source.compacted => dead.push(meta.id),
            None => fits = false,
        });
        let contents = contents.await.map_err(CopyError::Unreadable)?;
        Ok(Self { contents, dead, fits })
    }
}
