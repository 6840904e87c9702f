//! URLs that are listened on.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| server::fuzzing::listen_url(data));
