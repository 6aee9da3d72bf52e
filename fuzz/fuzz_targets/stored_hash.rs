//! Stored password hashes: `tenantry_promises::stored_hash`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    tenantry_promises::stored_hash(bytes);
});
