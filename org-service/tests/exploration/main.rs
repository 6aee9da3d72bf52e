//! Every order of events that a small world can have, through the functions that decide in the real one.
//!
//! A breadth-first search over two stores, auth-service, clients, drivers and the reconciler. The model has no rule of
//! the lifecycle in it: it runs the real `lifecycle::next`, the real functions that accept, record and finish, and
//! `Observed`. Free are crashes, the ends of leases, lost commands and lost replies, the reconciler's passes and the
//! times that records wait for; budgets bound the changes that are asked for, the commands that arrive late, and the
//! writers that come late.
//!
//! In every world: nothing is dropped but a condemned collection of a purged organization, a committed organization has
//! its documents exactly once, no two records hold a handle, no two admins an e-mail, nobody logs in before the create
//! is decided, nobody is let in once the gate was shut or while the data is on its way, no operation halts, a request
//! id that was answered stays with its organization.
//!
//! All is quiet when no operation is under way and no record waits for late commands or for the rest of a handle. In
//! every quiet world: admins and gates are as their organizations are, those that are suspended are as somebody was
//! told, every collection is at its owner's home and every organization's collection is there. From every world a
//! quiet one can be reached. What comes later than is reckoned with may misplace a collection until a repair: after
//! that, the place alone is not looked at.

mod actions;
mod asks;
mod auth;
mod broken;
mod broken_tests;
mod canonical;
mod checks;
mod command;
mod drivers;
mod fingerprint;
mod large_tests;
mod next_step;
mod operators;
mod run;
mod runs;
mod safe_tests;
mod search;
mod sending;
mod settled;
mod shared;
mod stores;
mod sweep;
mod told;
mod world;
