//! The rules for new passwords: `tenantry_promises::password_rules`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    tenantry_promises::password_rules(bytes);
});
