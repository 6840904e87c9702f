//! A disk that fails in the middle of sled's writes.

use backend_sled::{SledBackend, SledOptions};

conformance::failing_disk_test!(20000, |path| SledBackend::open(SledOptions::new(path)));
