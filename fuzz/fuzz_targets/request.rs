//! Request messages: `tenantry_promises::request`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    tenantry_promises::request(bytes);
});
