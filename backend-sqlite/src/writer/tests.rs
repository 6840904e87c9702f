use std::sync::Arc;
use std::time::Duration;

use conformance::backend_suite::History;
use storage_core::Position;
use storage_core::backend::{AppendOutcome, BackendError, Bounds, CompactStep, ScanFrom, ScanLimits};
use tempfile::TempDir;

use super::Writer;
use crate::checkpoint::Progress;
use crate::connection::{open_reader, open_writer, page_bytes, size};
use crate::reader;
use crate::schema;
use crate::shared::Shared;

/// A writer on this thread, whose connection a test can spoil.
struct World {
    writer: Writer,
    directory: TempDir,
    history: History,
}

impl World {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("state.db");
        std::fs::write(&path, "").unwrap();
        schema::create(&path).await.unwrap();
        let connection = open_writer(&path, Duration::ZERO, true).unwrap();
        let page_bytes = page_bytes(&connection).unwrap();
        let shared = Shared::new(Bounds::default(), size(&connection, page_bytes).unwrap());
        let writer = Writer::new(connection, Arc::new(shared), Progress::new(), page_bytes, true);
        let mut world = Self { writer, directory, history: History::default() };
        world.history.put("a", b"1");
        assert!(matches!(world.append(), Ok(AppendOutcome::Appended)));
        world
    }

    /// Appends what the history got since the last time.
    fn append(&mut self) -> Result<AppendOutcome, BackendError> {
        let group = self.history.group();
        self.writer.append(Position(group[0].position.0 - 1), &group)
    }

    /// Tries a commit of a megabyte, and takes it out of the history again.
    fn append_too_much(&mut self) -> BackendError {
        let before = self.history.clone();
        self.history.put("big", &vec![7; 1 << 20]);
        let error = self.append().expect_err("it cannot be written");
        self.history = before;
        error
    }

    fn limit_pages(&self, pages: u32) {
        self.writer.connection.pragma_update(None, "max_page_count", pages).unwrap();
    }

    /// The log holds the history, and bounds and tip say so.
    fn assert_whole(&self) {
        let connection = open_reader(&self.directory.path().join("state.db"), Duration::ZERO).unwrap();
        let bounds = Bounds { position: self.history.position(), revision: self.history.revision() };
        assert_eq!(reader::bounds(&connection).unwrap(), bounds);
        assert_eq!(self.writer.shared.known.bounds(), bounds);
        assert_eq!(*self.writer.shared.known.tip().borrow(), bounds.position);
        let all = ScanLimits { commits: usize::MAX, bytes: usize::MAX };
        assert_eq!(reader::scan::scan(&connection, ScanFrom::After(Position(0)), all).unwrap(), self.history.commits);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_an_append_as_a_whole_and_later_ones_go_on() {
    let mut world = World::new().await;
    world.limit_pages(20);
    for _ in 0..3 {
        let error = world.append_too_much();
        assert!(matches!(error, BackendError::Determinate(_)), "{error}");
        assert!(error.to_string().starts_with("no space left on the disk"), "{error}");
        world.assert_whole();
    }
    world.history.put("a", b"small");
    world.append().unwrap();
    world.limit_pages(10_000);
    world.history.put("big", &vec![7; 1 << 20]);
    world.append().unwrap();
    world.assert_whole();
}

#[tokio::test]
async fn a_commit_that_fails_for_an_unknown_reason_stops_all_writing() {
    let mut world = World::new().await;
    world.writer.connection.commit_hook(Some(|| true)).unwrap();
    let error = world.append_too_much();
    assert!(matches!(error, BackendError::Fatal(_)), "{error}");
    world.writer.connection.commit_hook(None::<fn() -> bool>).unwrap();
    let error = world.append_too_much();
    assert!(matches!(error, BackendError::Fatal(_)), "poisoned: {error}");
    let step = CompactStep { through: world.history.revision(), dead: Vec::new() };
    assert!(matches!(world.writer.compact(&step), Err(BackendError::Fatal(_))));
    world.assert_whole();
}

#[tokio::test]
async fn a_row_that_should_not_be_there_stops_all_writing() {
    let mut world = World::new().await;
    let stray = "INSERT INTO commits (revision, position, data) VALUES (3, 2, x'00')";
    world.writer.connection.execute(stray, []).unwrap();
    let error = world.append_too_much();
    assert!(matches!(error, BackendError::Fatal(_)), "{error}");
    assert!(world.writer.shared.known.is_poisoned());
}

#[tokio::test]
async fn commits_are_flushed_again_after_a_compaction_that_was_not() {
    let mut world = World::new().await;
    let synchronous = |world: &World| {
        world.writer.connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap()
    };
    const FULL: i64 = 2;
    assert_eq!(synchronous(&world), FULL);
    world.history.put("a", b"2");
    world.append().unwrap();
    let dead = vec![world.history.commits[0].mutations[0].meta.id];
    world.writer.compact(&CompactStep { through: world.history.revision(), dead }).unwrap();
    assert_eq!(synchronous(&world), FULL);
    world.limit_pages(5);
    world.writer.compact(&CompactStep { through: world.history.revision(), dead: Vec::new() }).unwrap();
    assert_eq!(synchronous(&world), FULL);
}

/// The write-ahead log starts over though a checkpoint never finds the writer idle.
#[tokio::test]
async fn the_write_ahead_log_stays_bounded() {
    let mut world = World::new().await;
    let wal = world.directory.path().join("state.db-wal");
    let mut longest = 0;
    for _ in 0..200 {
        world.history.put("big", &vec![7; 1 << 20]);
        world.append().unwrap();
        // There is no checkpoint thread here, so the writer has to do it all.
        let World { writer, .. } = &mut world;
        writer.wal.keep(&writer.connection, &writer.shared);
        longest = longest.max(wal.metadata().unwrap().len());
    }
    assert!(longest < 72 << 20, "{longest} bytes");
    assert!(longest > 32 << 20, "{longest} bytes: it is not restarted at every chance");
}
