//! The power goes while both servers are at work, at any instant: the embedded stores come back whole, and every
//! answer stands. `TENANTRY_POWER_CUTS` asks for more cuts, `TENANTRY_POWER_SEED` chooses load and places: threads
//! take their own time, so that a run is like another with its seed and not the same. A cut that finds something keeps
//! its files, and `TENANTRY_POWER_CASE` repeats exactly that one.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod calls;
mod case;
mod cut;
mod disk;
mod history;
mod load;
#[path = "../it/harness/messages.rs"]
mod messages;
mod promises;
mod runs;
mod stack;

const CREDENTIAL: &str = "a-service-credential-of-32-bytes-or-more";
const OPERATOR: (&str, &str) = ("operator@platform.example", "operator password");
const PASSWORD: &str = "correct horse battery";
