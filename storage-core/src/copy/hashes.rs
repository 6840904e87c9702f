use parking_lot::RwLock;

use crate::commit::Commit;
use crate::hash::Hashing;
use crate::index::Index;
use crate::response::HashKvResponse;
use crate::types::Revision;

/// What `HashKV` answers at several revisions of one store.
///
/// That of the last one covers every version above the compacted revision, and that of the compacted one those which
/// it kept, so the two leave out nothing that can be read.
pub(super) struct Hashes(Vec<Hashing>);

impl Hashes {
    pub(super) fn new(index: &RwLock<Index>) -> Self {
        let (first, last) = {
            let index = index.read();
            (index.compacted().max(Revision::FIRST), index.published())
        };
        let middle = Revision(first.0 + (last.0 - first.0) / 2);
        let at = |revision| Hashing::new(index, revision).expect("it is neither compacted nor to come");
        Self([first, middle, last].map(at).into())
    }

    /// Takes the next commit of the log.
    pub(super) fn take(&mut self, index: &RwLock<Index>, commit: &Commit) {
        self.0.iter_mut().for_each(|hashing| hashing.take(index, commit));
    }

    pub(super) fn answers(&self) -> Vec<HashKvResponse> {
        self.0.iter().map(Hashing::answer).collect()
    }
}
