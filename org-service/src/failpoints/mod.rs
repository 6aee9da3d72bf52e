//! Where a test has org-service die, stand still or fail: around its writes and its calls, and between the steps of its
//! operations. In builds with the feature `failpoints` alone.

mod admins;
mod store;
mod under_way;

use std::sync::Arc;

use tenantry_common::{
    failpoints::{Injected, know},
    points,
};

use self::{admins::PointedAdmins, store::PointedStore};
use crate::{
    admins::{Admins, AdminsError},
    domain::Organization,
    lifecycle::Step,
    store::Store,
};

/// All of them.
pub const POINTS: &[&str] = points! {
    around {
        "org.store": insert accept take_lease renew_lease record release_handle end_recheck remove_aborted
            create_collection rename_collection drop_collection;
        "org.admins": prepare state activate cancel set_gate;
    }
    at {
        "org.create": prepare_admin ask_for_admin record_step cancel_admin look create_collection record_stamp
            set_gate activate_admin finish done;
        "org.rename": look move finish done;
        "org.suspend": set_gate finish done;
        "org.resume": set_gate finish done;
        "org.delete": set_gate look move finish done;
        "org.undelete": look move set_gate finish done;
        "org.purge": look condemn drop set_gate finish done;
        "org.repair": look set_gate finish done;
        // Steps that an operation takes only where something late, or a hand, has displaced a collection or a gate.
        "org.rare": step;
    }
};

/// The point before every step that has none of its own.
const RARE: &str = "org.rare.step";

/// The store, with points around its writes. Says how much is under way in it.
pub fn store(inner: Arc<dyn Store>) -> Arc<dyn Store> {
    know(POINTS);
    under_way::tell(&inner);
    Arc::new(PointedStore(inner))
}

/// auth-service, with points around the calls to it.
pub fn admins(inner: impl Admins) -> impl Admins {
    PointedAdmins(inner)
}

/// The point before an operation's step.
pub(crate) fn before(organization: &Organization, step: &Step) -> String {
    let kind = organization
        .operation
        .as_ref()
        .map(|operation| operation.kind.as_str());
    let named = point(kind, name(step));
    if POINTS.contains(&named.as_str()) {
        named
    } else {
        RARE.to_owned()
    }
}

/// The point after an operation's end is written.
pub(crate) fn done(kind: Option<&str>) -> String {
    point(kind, "done")
}

fn point(kind: Option<&str>, step: &str) -> String {
    let kind = kind.unwrap_or("nothing").to_ascii_lowercase();
    format!("org.{kind}.{step}")
}

fn name(step: &Step) -> &'static str {
    match step {
        Step::Look => "look",
        Step::AskForAdmin => "ask_for_admin",
        Step::PrepareAdmin => "prepare_admin",
        Step::CancelAdmin => "cancel_admin",
        Step::ActivateAdmin => "activate_admin",
        Step::SetGate(_) => "set_gate",
        Step::CreateCollection(_) => "create_collection",
        Step::Move { .. } => "move",
        Step::Quarantine(_) => "quarantine",
        Step::Condemn(_) => "condemn",
        Step::Drop(_) => "drop",
        Step::RecordStep(_) => "record_step",
        Step::RecordStamp(_) => "record_stamp",
        Step::Finish => "finish",
        Step::Halt(_) => "halt",
    }
}

impl From<Injected> for AdminsError {
    /// What is said of an auth-service that is away.
    fn from(injected: Injected) -> Self {
        Self::Unavailable(injected.to_string())
    }
}

#[cfg(test)]
mod tests {
    use tenantry_common::failpoints::are_well_formed;

    use super::*;

    #[test]
    fn points_have_names_of_their_own() {
        assert!(are_well_formed(POINTS), "{POINTS:?}");
        assert!(POINTS.iter().all(|point| point.starts_with("org.")));
        assert!(POINTS.len() >= 60, "{}", POINTS.len());
    }
}
