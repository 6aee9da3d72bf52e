//! ListAdminStates: what is known of organizations here, page by page, for an org-service that compares.

use std::sync::Arc;

use tenantry_common::{id::OrganizationId, store::error::StoreError};

use crate::{domain::OrganizationAdmins, store::Store};

/// Most admins on a page, so that it stays below the 4 MiB that gRPC clients take.
const MOST_ADMINS: usize = 50_000;

/// The use case.
pub struct ListAdminStates {
    /// Where gates and admins are.
    pub store: Arc<dyn Store>,
}

/// Organizations in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminStatesPage {
    /// Each with all of its admins.
    pub organizations: Vec<OrganizationAdmins>,
    /// The organization after which the next page begins; none when this is the last.
    pub next_after: Option<OrganizationId>,
}

impl ListAdminStates {
    /// At most `page_size` (at least 1) organizations with ids greater than `after` and not greater than `until`;
    /// fewer where they have very many admins.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        page_size: usize,
    ) -> Result<AdminStatesPage, StoreError> {
        // One more tells whether there is a next page.
        let found = self.store.organizations(after, until, page_size + 1).await?;
        Ok(page(found, page_size, MOST_ADMINS))
    }
}

/// The beginning of `found`: never nothing if there is something, and no organization in part.
fn page(mut found: Vec<OrganizationAdmins>, page_size: usize, most_admins: usize) -> AdminStatesPage {
    let mut admins = 0;
    let fitting = found.iter().take_while(|organization| {
        admins += organization.admins.len();
        admins <= most_admins
    });
    let kept = fitting.count().clamp(1, page_size.max(1));
    let is_last = found.len() <= kept;
    found.truncate(kept);
    AdminStatesPage {
        next_after: found.last().filter(|_| !is_last).map(|last| last.organization_id),
        organizations: found,
    }
}

#[cfg(test)]
mod tests {
    use tenantry_common::id::AdminId;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{AdminStatus, AdminSummary, Role};

    fn organization(number: u128, admins: usize) -> OrganizationAdmins {
        let admin = AdminSummary {
            id: AdminId::from_uuid(Uuid::from_u128(1)),
            role: Role::Owner,
            status: AdminStatus::Active,
        };
        OrganizationAdmins {
            admins: vec![admin; admins],
            ..OrganizationAdmins::unknown(OrganizationId::from_uuid(Uuid::from_u128(number)))
        }
    }

    /// How many organizations with these numbers of admins are on a page, and after which the next begins.
    fn cut(admins: &[usize], page_size: usize, most_admins: usize) -> (usize, Option<u128>) {
        let found = (1..)
            .zip(admins)
            .map(|(number, admins)| organization(number, *admins));
        let page = page(found.collect(), page_size, most_admins);
        let next = page.next_after.map(|id| id.as_uuid().as_u128());
        (page.organizations.len(), next)
    }

    #[test]
    fn a_page_ends_with_the_last_organization() {
        assert_eq!(cut(&[], 2, 9), (0, None));
        assert_eq!(cut(&[1, 0], 2, 9), (2, None));
    }

    #[test]
    fn a_full_page_says_where_the_next_begins() {
        assert_eq!(cut(&[1, 1, 1], 2, 9), (2, Some(2)));
    }

    #[test]
    fn a_page_never_has_too_many_admins() {
        assert_eq!(cut(&[3, 3, 4], 9, 9), (2, Some(2)));
        assert_eq!(cut(&[3, 3, 3], 9, 9), (3, None));
    }

    #[test]
    fn an_organization_with_too_many_admins_has_a_page_of_its_own() {
        assert_eq!(cut(&[10, 1], 9, 9), (1, Some(1)));
        assert_eq!(cut(&[10], 9, 9), (1, None));
    }
}
