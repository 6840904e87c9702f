//! What sled said is durable is there after `kill -9`. `AUROCH_SEED` and `AUROCH_ROUNDS` are as in [`conformance::crash`].

use backend_sled::{SledBackend, SledOptions};

conformance::crash_test!(|path| SledBackend::open(SledOptions::new(path)));
