//! Domain to messages.

use tenantry_proto::organization::v1::{Organization as Message, OrganizationState};

use crate::domain::{Organization, State};

/// The organization as clients see it.
pub(super) fn organization_message(organization: Organization) -> Message {
    let in_use = matches!(organization.state, State::Active | State::Suspended);
    Message {
        id: organization.id.to_string(),
        name: organization.name.to_string(),
        handle: organization.handle.to_string(),
        collection_name: organization
            .home
            .filter(|_| in_use)
            .map(|home| home.to_string())
            .unwrap_or_default(),
        state: state_message(organization.state).into(),
        admin_id: organization.admin_id.to_string(),
        labels: organization
            .labels
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        etag: etag(organization.epoch),
        create_time: Some(organization.create_time.into()),
        update_time: Some(organization.update_time.into()),
        delete_time: organization.delete_time.map(Into::into),
        purge_time: organization.purge_time.map(Into::into),
    }
}

/// States that no answer shows are UNSPECIFIED.
fn state_message(state: State) -> OrganizationState {
    match state {
        State::Active => OrganizationState::Active,
        State::Suspended => OrganizationState::Suspended,
        State::Deleted => OrganizationState::Deleted,
        State::Purged => OrganizationState::Purged,
        State::Provisioning | State::Aborted => OrganizationState::Unspecified,
    }
}

/// The epoch as an entity-tag: a quoted string (RFC 9110, section 8.8.3).
pub(super) fn etag(epoch: i64) -> String {
    format!("\"{epoch}\"")
}
