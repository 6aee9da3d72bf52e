//! Both Tenantry servers as real processes under load, killed, frozen, cut off and lied to by their store; and what
//! they promised, checked against what clients were told.
//!
//! A campaign is many episodes, each from its own seed: a [`stack`] of fresh stores and processes, a [`load`] that
//! writes the [`history`] of every call, and faults, one after the other. After each the stack comes to rest,
//! `ListFindings` finds nothing, and the [`ledger`] checks the history: what was acknowledged is there, tokens died,
//! and every organization and handle behaved like one register ([`linearizability`]).

mod campaign;
pub mod history;
pub mod ledger;
pub mod linearizability;
pub mod load;
pub mod stack;

/// Does what the command line asks for.
pub fn main() -> std::process::ExitCode {
    campaign::main()
}
