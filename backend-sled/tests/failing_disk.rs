//! A disk that fails in the middle of writes. The limit of a file's size stands in for it: writes beyond it fail with an error
//! that is neither "full" nor anything else that sled can judge.

mod support;

use std::process::{Command, Stdio};

use backend_sled::{SledBackend, SledOptions};
use conformance::backend_suite::History;
use storage_core::backend::{BackendError, ScanFrom, ScanLimits};
use storage_core::{Backend as _, Position};

use self::support::Place;

const TEST: &str = "a_failed_write_stops_writing_until_the_file_is_opened_again_and_loses_nothing";
/// Set for the process whose writes fail.
const CHILD_FILE: &str = "AUROCH_FAILING_FILE";
const LAST: &str = "acknowledged ";

#[tokio::test]
async fn a_failed_write_stops_writing_until_the_file_is_opened_again_and_loses_nothing() {
    if let Some(file) = std::env::var_os(CHILD_FILE) {
        let backend = SledBackend::open(SledOptions::new(file)).await.expect("it opens");
        return fail(&backend).await;
    }
    let place = Place::new();
    // The signal that would end the process is ignored, so that the write itself fails.
    let limited = "trap '' XFSZ; ulimit -f 20000; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().expect("this test's own program"))
        .args(["--exact", TEST, "--nocapture"])
        .env(CHILD_FILE, place.file())
        .stderr(Stdio::inherit())
        .output()
        .expect("the child runs");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{said}");
    let acknowledged = said.lines().find_map(|line| line.strip_prefix(LAST)).expect("it says how far it came");

    let backend = place.open().await;
    let end = backend.end().await.unwrap();
    assert!(end.0 >= acknowledged.parse().unwrap(), "{acknowledged} were acknowledged, {end} are there");
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

async fn scan(backend: &SledBackend) -> Vec<storage_core::commit::Commit> {
    let all = ScanLimits { commits: usize::MAX, bytes: usize::MAX };
    backend.scan(ScanFrom::After(Position(0)), all).await.expect("reads go on")
}

/// Appends until that fails.
async fn fail(backend: &SledBackend) {
    let mut acknowledged = 0;
    let error = loop {
        let mut next = history(acknowledged);
        next.put("a", &vec![acknowledged as u8; 40_000]);
        match backend.append(Position(acknowledged), next.group()).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    println!("\n{LAST}{acknowledged}");
    assert!(acknowledged > 5);
    assert!(matches!(error, BackendError::Fatal(_)), "{error}");
    let mut next = history(acknowledged);
    let again = backend.append(Position(acknowledged), next.put("b", b"small").group()).await;
    assert!(matches!(again, Err(BackendError::Fatal(_))), "poisoned: {again:?}");
    assert_eq!(*backend.tip().borrow(), Position(acknowledged));
    assert_eq!(scan(backend).await, history(acknowledged).commits);
    backend.close().await.expect("it closes");
}
