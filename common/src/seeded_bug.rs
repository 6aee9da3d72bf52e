//! Bugs that a test build can be told to have, one at a time: a check that cannot fail proves nothing.
//!
//! [`seeded_bug!`](crate::seeded_bug) asks for one where it would sit. Without the feature `failpoints` the answer is
//! `false`, written into the code.

use std::{env, sync::OnceLock};

/// Environment variable with the name of the one bug that this process has.
pub const SEEDED_BUG: &str = "TENANTRY_SEEDED_BUG";

macro_rules! bugs {
    ($($bug:ident = $name:literal: $what:literal,)+) => {
        /// A bug to be found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum SeededBug {
            $(#[doc = $what] $bug,)+
        }

        impl SeededBug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug,)+];

            /// The name that [`SEEDED_BUG`] knows it by.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name,)+
                }
            }
        }
    };
}

bugs! {
    NoStampCheck = "no-stamp-check": "Any collection at one of an organization's names is taken for its own.",
    DropByHandle = "drop-by-handle": "A purge drops `org_<handle>` in the place of what bears the stamp.",
    DropTarget = "drop-target": "A rename overwrites what stands at its target.",
    FenceNotInFilter = "fence-not-in-filter": "A write under a lease that was lost still happens.",
    DataBeforeSessions = "data-before-sessions": "A delete moves the collection before the sessions die.",
    HandlesDoNotRest = "handles-do-not-rest": "A handle is free the moment it is given up.",
    PrepareNotIdempotent = "prepare-not-idempotent": "A repeated PrepareAdmin is refused.",
    CollectionBeforeAdmin = "collection-before-admin": "A create makes the collection before ADMIN_PREPARED is recorded.",
    CommitBeforeCollection = "commit-before-collection": "A create ends before the collection exists.",
    RequestIdIgnored = "request-id-ignored": "A repeated create is taken for a new one.",
    QuarantineDrops = "quarantine-drops": "What stands in the way is dropped, not set aside.",
    GateIgnoresEpoch = "gate-ignores-epoch": "A late call moves the gate back.",
    ChangePasswordKeepsSessions = "change-password-keeps-sessions": "A new password leaves the other sessions alone.",
}

/// Whether this process has the bug.
///
/// # Panics
/// When [`SEEDED_BUG`] names one that there is not: a test that looked for it would find nothing.
pub fn has(bug: SeededBug) -> bool {
    static CHOSEN: OnceLock<Option<SeededBug>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let name = env::var(SEEDED_BUG).ok().filter(|name| !name.is_empty())?;
        let known = SeededBug::ALL.iter().find(|bug| bug.name() == name);
        assert!(known.is_some(), "{SEEDED_BUG}: there is no bug {name}");
        known.copied()
    });
    *chosen == Some(bug)
}
