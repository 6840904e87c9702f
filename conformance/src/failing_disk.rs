//! A disk that fails in the middle of writes. The limit of a file's size stands in for it: writes beyond it fail with an error
//! that is neither "full" nor anything else that a database can judge.

use std::fmt::Debug;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use storage_core::backend::{BackendError, ScanFrom, ScanLimits};
use storage_core::commit::Commit;
use storage_core::{Backend, Position};
use tempfile::TempDir;

use crate::backend_suite::History;
use crate::process::{say, this_test};

/// Set for the process whose writes fail.
const CHILD_PATH: &str = "AUROCH_FAILING_PATH";
const LAST: &str = "acknowledged ";

/// Makes the test of a backend that keeps a log at a path. Takes how large a file may be, in the shell's blocks, and what opens
/// the log, a closure from a [`PathBuf`].
#[macro_export]
macro_rules! failing_disk_test {
    ($blocks:expr, $open:expr) => {
        #[tokio::test]
        async fn a_failed_write_stops_writing_until_the_file_is_opened_again_and_loses_nothing() {
            let test = "a_failed_write_stops_writing_until_the_file_is_opened_again_and_loses_nothing";
            $crate::failing_disk::survive_failure(test, $blocks, $open).await;
        }
    };
}

/// The body of the test named `test`: the process whose writes fail, and the one that looks at what it left.
///
/// # Panics
/// If something acknowledged was lost, or anything was written after the failure.
pub async fn survive_failure<B: Backend, E: Debug>(
    test: &str,
    blocks: u32,
    open: impl AsyncFn(PathBuf) -> Result<B, E>,
) {
    if let Some(path) = std::env::var_os(CHILD_PATH) {
        return fail(&open(path.into()).await.expect("it opens")).await;
    }
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("store");
    // The signal that would end the process is ignored, so that the write itself fails.
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let again = this_test(test);
    let output = Command::new("sh")
        .args(["-c", &limited])
        .arg(again.get_program())
        .args(again.get_args())
        .env(CHILD_PATH, &path)
        .stderr(Stdio::inherit())
        .output()
        .expect("the child runs");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{said}");
    let acknowledged = said.lines().find_map(|line| line.strip_prefix(LAST)).expect("it says how far it came");
    let acknowledged: u64 = acknowledged.parse().expect("a number");

    let backend = open(path).await.expect("it opens again");
    let end = backend.end().await.expect("an end");
    assert!(end.0 >= acknowledged, "{acknowledged} were acknowledged, {end} are there");
    let mut history = history(end.0);
    assert_eq!(scan(&backend).await, history.commits);
    history.put("a", b"goes on").append(&backend).await;
    assert_eq!(scan(&backend).await, history.commits);
}

/// A log of so many commits, appended already.
fn history(commits: u64) -> History {
    let mut history = History::default();
    for i in 0..commits {
        history.put("a", &vec![i as u8; 40_000]);
    }
    history.group();
    history
}

async fn scan(backend: &impl Backend) -> Vec<Commit> {
    let all = ScanLimits { commits: usize::MAX, bytes: usize::MAX };
    backend.scan(ScanFrom::After(Position(0)), all).await.expect("reads go on")
}

/// Appends until that fails.
async fn fail(backend: &impl Backend) {
    let mut acknowledged = 0;
    let error = loop {
        let mut next = history(acknowledged);
        next.put("a", &vec![acknowledged as u8; 40_000]);
        match backend.append(Position(acknowledged), next.group()).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    say(format_args!("{LAST}{acknowledged}"));
    assert!(acknowledged > 5);
    assert!(matches!(error, BackendError::Fatal(_)), "{error}");
    let mut next = history(acknowledged);
    let again = backend.append(Position(acknowledged), next.put("b", b"small").group()).await;
    assert!(matches!(again, Err(BackendError::Fatal(_))), "poisoned: {again:?}");
    assert_eq!(*backend.tip().borrow(), Position(acknowledged));
    assert_eq!(scan(backend).await, history(acknowledged).commits);
    backend.close().await.expect("it closes");
}
