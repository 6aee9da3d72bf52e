//! Handles, folded from names: `tenantry_promises::handle`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    tenantry_promises::handle(bytes);
});
