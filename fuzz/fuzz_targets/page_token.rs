//! Page tokens: `tenantry_promises::page_token`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    tenantry_promises::page_token(bytes);
});
