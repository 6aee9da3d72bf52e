//! How an organization is created, renamed, suspended, deleted, restored, purged and repaired: pure functions, no I/O, no clock of their own.
//!
//! An accepted operation has changed what *should be* (`accept`). Driving it means bringing about what *is*: [`next`]
//! looks at the record and at what is known of the world and names one idempotent step, the driver takes it and adds
//! what it learned, until the step is [`Step::Finish`] (`finish`). Recovery is the same loop that starts out knowing
//! nothing.

mod accept;
mod finish;
mod next;
#[cfg(test)]
mod next_tests;
mod observed;

pub use accept::{
    Accepted, NewOrganization, create, delete, purge, relabel, rename, repair, reservation, resume, suspend,
    undelete,
};
pub use finish::{Policy, finish, halt, unhalted, with_create_step, with_stamp};
pub use next::{GateState, Step, gate_of, in_place, next, own_names};
pub use observed::{AdminSeen, Observed};
