//! Copies of the log into another sled, while appends go on. Nobody may compact meanwhile.

use sled::{Batch, Tree};
use storage_core::Position;

use crate::database::Database;
use crate::failure::Result;
use crate::reader::load::Picture;
use crate::reader::scan::place;
use crate::record::{self, Records};
use crate::schema::{self, Kind};

/// Applied at once.
const BATCH_BYTES: usize = 1 << 20;

/// Copies all commits behind `after`, up to `end`, which stands before what is being appended.
pub(crate) fn commits(from: &Tree, to: &Database, after: Position, end: Position) -> Result<()> {
    let mut copy = Copy { to, batch: Batch::default(), bytes: 0 };
    for kind in [Kind::Keys, Kind::Controls] {
        let first = match kind {
            // Later positions have revisions above the last copied one.
            Kind::Keys => last_number(to, kind)?.map_or(0, |number| number + 1),
            Kind::Controls => after.0 + 1,
        };
        let mut records = Records::new(from, kind.from(first));
        while let Some(head) = records.next()? {
            if place(kind, &head)?.0 > end {
                break;
            }
            let data = records.whole(&head)?;
            copy.put(head.record(), &data)?;
        }
    }
    copy.apply()
}

/// Copies the control records into a store that has none.
pub(crate) fn controls(picture: &Picture, to: &Database) -> Result<()> {
    let mut copy = Copy { to, batch: Batch::default(), bytes: 0 };
    for (key, value) in &picture.controls {
        copy.put(&schema::control(key), value)?;
    }
    copy.apply()
}

fn last_number(database: &Database, kind: Kind) -> Result<Option<u64>> {
    let head = record::last(database.tree(), kind.from(0))?;
    Ok(head.and_then(|head| schema::number(head.record())))
}

struct Copy<'a> {
    to: &'a Database,
    batch: Batch,
    bytes: usize,
}

impl Copy<'_> {
    fn put(&mut self, record: &[u8], data: &[u8]) -> Result<()> {
        record::put(&mut self.batch, record, data);
        self.bytes += record.len() + data.len();
        if self.bytes >= BATCH_BYTES { self.apply() } else { Ok(()) }
    }

    fn apply(&mut self) -> Result<()> {
        self.bytes = 0;
        self.to.apply(std::mem::take(&mut self.batch))
    }
}
