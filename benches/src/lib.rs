//! Benches of the engine and its backends.
