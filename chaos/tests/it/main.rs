//! The parts of `chaos` against real processes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

mod load;
mod stack;
mod stack_link;
mod stack_mongo;
mod stack_support;
