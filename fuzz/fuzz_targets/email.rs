//! E-mail addresses: `tenantry_promises::email`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    tenantry_promises::email(bytes);
});
