//! What every backend and every server must pass: suites, the reference model and checkers.

pub mod backend_suite;
pub mod crash;
pub mod failing_disk;
pub mod model;
pub mod postgres;
pub mod process;
