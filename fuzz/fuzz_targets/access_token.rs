//! Access tokens: `tenantry_promises::access_token`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    tenantry_promises::access_token(bytes);
});
