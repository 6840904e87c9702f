//! HTTP/2's frames, as far as pings are counted.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| server::fuzzing::ping_frames(data));
