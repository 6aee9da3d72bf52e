//! Creates an organization, its first admin and its collection: all three or nothing.

use aws_lc_rs::digest::{SHA256, digest};
use tenantry_common::{
    id::{AdminId, OrganizationId},
    rpc::client::CallContext,
    seeded_bug,
    store::error::StoreError,
};
use uuid::Uuid;

use crate::{
    admins::FirstAdmin,
    domain::{CreateRequest, Handle, Labels, Organization, OrganizationName, State},
    driver::DriveError,
    lifecycle::{self, NewOrganization, Observed},
    organizations::{Error, MAX_ATTEMPTS, Organizations},
};

/// What a create was asked for, every field valid.
#[derive(Clone, Debug)]
pub struct Create {
    /// The name.
    pub name: OrganizationName,
    /// The handle, and whether the caller gave it.
    pub handle: (Handle, bool),
    /// The first admin.
    pub first_admin: FirstAdmin,
    /// Labels.
    pub labels: Labels,
    /// The caller's request id.
    pub request_id: Option<Uuid>,
}

impl Organizations {
    /// Creates an organization.
    ///
    /// auth-service is asked first, so that the store is not touched while it is away.
    ///
    /// # Errors
    /// [`Error`]; whatever it is, nothing of the organization is left behind or something is under way that ends by itself.
    pub async fn create(&self, create: Create, context: &CallContext) -> Result<Organization, Error> {
        let request_id = create.request_id.filter(|_| !seeded_bug!(RequestIdIgnored));
        let request = request_id.map(|key| CreateRequest {
            key,
            fingerprint: create.fingerprint(),
        });
        for _ in 0..MAX_ATTEMPTS {
            let new = self.new_organization(&create, request.clone());
            self.admins.state(new.admin_id, context).await?;
            let record = lifecycle::create(new, self.accepted());
            match self.store.insert(&record, Some(self.driver.lease)).await {
                Ok(record) => {
                    let observed = Observed::at_acceptance(&record);
                    let first_admin = Some(create.first_admin);
                    return Ok(self.driver.drive(record, observed, first_admin, context).await?);
                }
                // The server names any of the indexes that a repeat violates: the request id comes first.
                Err(StoreError::AlreadyExists(_)) => {
                    if let Some(earlier) = self.earlier(request.as_ref(), context).await? {
                        return Ok(earlier);
                    }
                    self.meet_holder(&create.handle.0).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::InProgress)
    }

    fn new_organization(&self, create: &Create, create_request: Option<CreateRequest>) -> NewOrganization {
        let now = self.clock.now();
        NewOrganization {
            id: OrganizationId::from_uuid(self.ids.uuid_v7(now)),
            admin_id: AdminId::from_uuid(self.ids.uuid_v7(now)),
            name: create.name.clone(),
            handle: create.handle.0.clone(),
            handle_given: create.handle.1,
            labels: create.labels.clone(),
            create_request,
        }
    }

    /// What an earlier call with this request id came to; none when there was none, or it was rolled back.
    async fn earlier(
        &self,
        request: Option<&CreateRequest>,
        context: &CallContext,
    ) -> Result<Option<Organization>, Error> {
        let Some(request) = request else {
            return Ok(None);
        };
        let Some(record) = self.store.find_by_create_request(request.key).await? else {
            return Ok(None);
        };
        if record.create_request.as_ref() != Some(request) {
            return Err(Error::RequestIdReused);
        }
        if record.state != State::Provisioning {
            return Ok(Some(record));
        }
        match self.driver.settle(record, context).await? {
            Ok(settled) if settled.state == State::Aborted => Ok(None),
            Ok(settled) => Ok(Some(settled)),
            Err(DriveError::RolledBack(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Create {
    /// SHA-256 over everything but the password, each part with its length before it, in hexadecimal.
    fn fingerprint(&self) -> String {
        let mut canonical = Vec::new();
        let mut part = |text: &str| {
            canonical.extend_from_slice(&text.len().to_be_bytes());
            canonical.extend_from_slice(text.as_bytes());
        };
        part(self.name.as_str());
        part(if self.handle.1 { self.handle.0.as_str() } else { "" });
        part(self.first_admin.email.as_str());
        for (key, value) in self.labels.iter() {
            part(key);
            part(value);
        }
        let hash = digest(&SHA256, &canonical);
        hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use tenantry_common::{email::Email, password_rules::Password};

    use super::*;

    fn create(name: &str, handle: &str, labels: &[(&str, &str)]) -> Create {
        Create {
            name: OrganizationName::parse(name).unwrap(),
            handle: (Handle::parse(handle).unwrap(), true),
            first_admin: FirstAdmin {
                email: Email::parse("ada@example.com").unwrap(),
                password: Password::typed("correct horse").unwrap(),
            },
            labels: Labels::parse(labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))).unwrap(),
            request_id: None,
        }
    }

    #[test]
    fn the_fingerprint_tells_requests_apart_and_leaves_the_password_out() {
        let first = create("Acme", "acme", &[("a", "bc")]);
        let mut other_password = first.clone();
        other_password.first_admin.password = Password::typed("another password").unwrap();
        assert_eq!(first.fingerprint(), other_password.fingerprint());
        for other in [
            create("Acme2", "acme", &[("a", "bc")]),
            create("Acme", "acme", &[("ab", "c")]),
            create("Acme", "acme2", &[("a", "bc")]),
        ] {
            assert_ne!(first.fingerprint(), other.fingerprint());
        }
    }
}
