//! One thing that is wrong, and what people are told of it.

use std::fmt;

use tenantry_common::id::{AdminId, OrganizationId};

use crate::domain::{CollectionName, Handle, Organization};

/// What is wrong. The protos' `FindingKind` says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An organization has no collection with its stamp anywhere.
    CollectionMissing,
    /// An organization's collection stands elsewhere than at its home.
    CollectionMisplaced,
    /// Two collections bear the very stamp of an organization.
    CollectionDuplicated,
    /// In an organization's place stands a collection that bears another's stamp, or none.
    CollectionForeign,
    /// A collection bears an organization's id and another attempt than the recorded one.
    CollectionTwin,
    /// A collection stands under a tenant's name and belongs to no organization.
    CollectionOrphaned,
    /// A collection was set aside. A notice.
    CollectionSetAside,
    /// An admin, PENDING or ACTIVE, of an organization that is not there.
    AdminWithoutOrganization,
    /// An organization in use has no ACTIVE owner.
    OwnerMissing,
    /// The gate in auth-service is not as the organization's state wants it.
    GateDisagrees,
    /// Two organizations hold one handle.
    HandleHeldTwice,
    /// An operation has been under way for longer than [`GRACE`](super::GRACE).
    OperationStalled,
    /// An operation has halted and waits for an operator.
    OperationHalted,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; everything is sound.
    Notice,
    /// Not sound.
    Damage,
}

impl Kind {
    /// How bad a finding of this kind is.
    pub fn severity(self) -> Severity {
        match self {
            Self::CollectionSetAside => Severity::Notice,
            _ => Severity::Damage,
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// Whose; none when it is nobody's.
    pub organization: Option<OrganizationId>,
    /// Which collection, if it is about one.
    pub collection: Option<CollectionName>,
    /// Which admin, if it is about one.
    pub admin: Option<AdminId>,
    /// Which handle, if it is about one.
    pub handle: Option<Handle>,
    /// The record's epoch, if there is a record.
    pub epoch: Option<i64>,
    /// Whether a repair mends it.
    pub repairable: bool,
    /// What it is and what it means, for people.
    pub description: String,
}

impl Finding {
    /// A finding about a record.
    pub(super) fn of(organization: &Organization, kind: Kind, description: impl Into<String>) -> Self {
        Self {
            organization: Some(organization.id),
            epoch: Some(organization.epoch),
            ..Self::of_nobody(kind, description)
        }
    }

    /// A finding about what has no record.
    pub(super) fn of_nobody(kind: Kind, description: impl Into<String>) -> Self {
        Self {
            kind,
            organization: None,
            collection: None,
            admin: None,
            handle: None,
            epoch: None,
            repairable: false,
            description: description.into(),
        }
    }

    pub(super) fn at(self, collection: &CollectionName) -> Self {
        let collection = Some(collection.clone());
        Self { collection, ..self }
    }

    pub(super) fn repairable(self, repairable: bool) -> Self {
        Self { repairable, ..self }
    }

    /// Whether both are the same finding, seen at two times between which no change was accepted.
    pub(super) fn is_again(&self, other: &Self) -> bool {
        fn subject(finding: &Finding) -> impl PartialEq {
            (
                finding.kind,
                finding.organization,
                finding.collection.clone(),
                finding.admin,
                finding.handle.clone(),
                finding.epoch,
            )
        }
        subject(self) == subject(other)
    }

    /// What to do about it, for people.
    pub fn advice(&self) -> String {
        match (self.repairable, self.organization) {
            (true, Some(id)) => format!("run `tenantry repair {id}`: {}", self.repairs()),
            (true, None) => format!("run `tenantry repair`: {}", self.repairs()),
            (false, _) => self.remedy().to_owned(),
        }
    }

    fn repairs(&self) -> &'static str {
        match self.kind {
            Kind::CollectionMisplaced => "it moves the collection home",
            Kind::CollectionForeign | Kind::CollectionTwin | Kind::CollectionOrphaned => {
                "it sets the collection aside under a name of its own, with all its documents"
            }
            Kind::GateDisagrees => "it sets the gate as the organization's state wants it",
            Kind::AdminWithoutOrganization => "it has auth-service purge the admin",
            Kind::OperationStalled => "it drives the operation to its end",
            Kind::OperationHalted => "it looks again and goes on from there",
            _ => "it puts this right; nothing is deleted",
        }
    }

    /// What people must do where a repair would have to guess.
    fn remedy(&self) -> &'static str {
        match self.kind {
            Kind::CollectionMissing => {
                "look for the collection in other databases and in backups, restore it with its validator under the \
                 home's name, then run `tenantry repair`; an empty one is never put in its place"
            }
            Kind::CollectionMisplaced | Kind::CollectionForeign | Kind::CollectionTwin => {
                "mend first what else is reported of this organization, then run `tenantry repair`"
            }
            Kind::CollectionDuplicated => {
                "compare the collections, keep the right one, drop or rename the others to a name without a tenant's \
                 prefix, then run `tenantry repair`"
            }
            Kind::CollectionOrphaned => {
                "look into it: keep what is of worth, then drop it or rename it to a name without a tenant's prefix"
            }
            Kind::CollectionSetAside => {
                "look into it when there is time: keep what is of worth, then drop it; Tenantry never does"
            }
            Kind::AdminWithoutOrganization => {
                "if org-service's store was restored from an older backup, restore one that fits; otherwise remove the \
                 admin from auth-service's store, so that the e-mail is free again"
            }
            Kind::OwnerMissing => {
                "nobody can log in as the owner: restore the admin in auth-service's store from a backup, or delete the \
                 organization as an operator (`tenantry org delete`)"
            }
            Kind::GateDisagrees => {
                "auth-service has seen a newer change of this organization than org-service's record: one of the stores \
                 was restored from an older backup; restore both from the same time"
            }
            Kind::HandleHeldTwice => {
                "stop the servers, see to it that the unique index `organizations_handle` is there, and give one of the \
                 two organizations another handle in its record"
            }
            Kind::OperationHalted => {
                "mend its cause by hand, then run `tenantry repair` with the organization's id: it looks again"
            }
            Kind::OperationStalled => "see why org-service does not drive it: its log names the organization",
        }
    }
}

/// A few things by name, and how many more there are.
pub(super) struct Named<'a, T>(pub &'a [T]);

impl<T: fmt::Display> fmt::Display for Named<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        for (index, thing) in self.0.iter().take(SHOWN).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{thing}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
