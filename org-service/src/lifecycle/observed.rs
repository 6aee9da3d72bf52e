//! What a driver knows of the world at present.

use tenantry_common::seeded_bug;

use crate::domain::{CollectionName, OperationKind, Organization, Seen, State};

use super::GateState;

/// What auth-service is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdminSeen {
    /// Not asked, or the answer was lost.
    Unknown,
    /// It has no such admin, or said for certain that it did not take the admin.
    Absent,
    /// It has prepared the admin.
    Pending,
    /// The admin may log in.
    Active,
    /// It has a mark that the admin will never be.
    Cancelled,
}

/// What a driver knows. Everything in it was answered to this driver, or follows from the record's history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Observed {
    /// The first admin in auth-service.
    pub admin: AdminSeen,
    /// Whether this driver has the admin's password; only the one that accepted the create ever has.
    pub has_password: bool,
    /// The state of the gate that auth-service acknowledged in this operation.
    pub gate: Option<GateState>,
    /// Collections of the organization's, and whatever stands at its names; none where a look is needed first.
    pub collections: Option<Vec<Seen>>,
    /// Whether `collections` is what a look found, not what this driver's own commands made.
    pub looked: bool,
    /// Whether some command's outcome was not learned, so that it may still take effect.
    pub uncertain: bool,
    /// Whether auth-service said that it will never do what the operation needs.
    pub auth_refused: bool,
}

impl Observed {
    /// What the driver knows that accepted the operation a moment ago.
    ///
    /// The collection stands where the operation before left it, unless a late command may still move it: then, and
    /// after any surprise, it is looked for.
    pub fn at_acceptance(organization: &Organization) -> Self {
        Self {
            has_password: matches!(
                organization.operation.as_ref().map(|operation| &operation.kind),
                Some(OperationKind::Create { .. })
            ),
            collections: presumed(organization),
            ..Self::nothing()
        }
    }

    /// What a driver knows that took over from another.
    pub fn nothing() -> Self {
        Self {
            admin: AdminSeen::Unknown,
            has_password: false,
            gate: None,
            collections: None,
            looked: false,
            uncertain: false,
            auth_refused: false,
        }
    }

    /// What a look found.
    pub fn found(&mut self, collections: Vec<Seen>) {
        self.collections = Some(collections);
        self.looked = true;
    }

    /// A create that was acknowledged.
    pub fn created(&mut self, collection: Seen) {
        self.collections.get_or_insert_default().push(collection);
        self.looked = false;
    }

    /// The stamp stands in the record. If a look had found it, one more look: a late `create` may have come between.
    pub fn stamp_recorded(&mut self) {
        if self.looked {
            self.look_again();
        }
    }

    /// Something is not where it was taken to be, or was moved out of the way.
    pub fn look_again(&mut self) {
        self.collections = None;
        self.looked = false;
    }

    /// A rename that was acknowledged.
    pub fn moved(&mut self, from: &CollectionName, to: &CollectionName) {
        for seen in self.collections.iter_mut().flatten() {
            if seen.name == *from {
                seen.name = to.clone();
            }
        }
    }

    /// A drop that was acknowledged.
    pub fn dropped(&mut self, name: &CollectionName) {
        if let Some(collections) = &mut self.collections {
            collections.retain(|seen| seen.name != *name && !seeded_bug!(DropByHandle));
        }
    }

    /// A command whose outcome is not known: it may have happened, or happen later.
    pub fn lost_sight(&mut self) {
        self.look_again();
        self.uncertain = true;
    }
}

fn presumed(organization: &Organization) -> Option<Vec<Seen>> {
    if organization.recheck_until.is_some() || organization.state_before_delete == Some(State::Provisioning) {
        return None;
    }
    let stamp = organization.full_stamp();
    let name = match &organization.operation.as_ref()?.kind {
        OperationKind::Create { .. } => return Some(Vec::new()),
        // Neither has a use for it.
        OperationKind::Suspend | OperationKind::Resume => return None,
        // It is there because something is not where it should be.
        OperationKind::Repair => return None,
        OperationKind::Rename { .. } | OperationKind::Delete => CollectionName::in_use(&organization.handle),
        OperationKind::Undelete | OperationKind::Purge => CollectionName::trash(organization.id),
    };
    Some(vec![Seen { name, stamp }])
}
