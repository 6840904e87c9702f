//! Certificates, keys and lists of revoked certificates.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| server::fuzzing::tls_files(data));
