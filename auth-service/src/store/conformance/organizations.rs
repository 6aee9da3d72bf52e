//! Organizations: gates and admins by their ids, page by page.

use tenantry_common::id::{AdminId, OrganizationId};
use uuid::Uuid;

use super::fixture::*;
use crate::domain::{
    Admin, AdminState, AdminStatus, AdminSummary, Affiliation, GateState, OrganizationAdmins, Role,
};

/// Beginnings of ids: their order must be that of the bytes, whatever the sign of the first.
const FIRST_BYTES: [u8; 6] = [0x00, 0x01, 0x7f, 0x80, 0xc3, 0xff];

fn organization_of(first_byte: u8) -> OrganizationId {
    let mut bytes = *id().as_bytes();
    bytes[0] = first_byte;
    OrganizationId::from_uuid(Uuid::from_bytes(bytes))
}

fn summary(admin: &Admin) -> AdminSummary {
    AdminSummary {
        id: admin.id,
        role: admin.affiliation.role(),
        status: AdminStatus::from(&admin.state),
    }
}

async fn put_operator(backend: &Backend, email: &str) {
    let state = AdminState::Active(credentials(email));
    let operator = Admin::new(AdminId::from_uuid(id()), Affiliation::OPERATOR, state, NOW);
    backend.store.insert_admin(&operator).await.unwrap();
}

/// Puts an organization there: two in three have a gate, and every third one has nothing else.
async fn put(backend: &Backend, first_byte: u8, number: usize) -> OrganizationAdmins {
    let mut put = OrganizationAdmins::unknown(organization_of(first_byte));
    let organization = put.organization_id;
    if number % 3 != 1 {
        let gate = backend.store.set_gate(organization, GateState::Open, 3);
        put.gate = Some(gate.await.unwrap());
    }
    for admin in 0..number % 3 {
        let admin = pending(organization, &format!("{number}.{admin}@example.com"));
        backend.store.insert_admin(&admin).await.unwrap();
        put.admins.push(summary(&admin));
    }
    put.admins.sort_by_key(|admin| admin.id);
    put
}

/// Organizations with a gate, with admins, with both, and two operators: in the order of their ids, though put there
/// in another.
async fn put_all(backend: &Backend) -> Vec<OrganizationAdmins> {
    put_operator(backend, "first@example.com").await;
    let mut all = Vec::new();
    for (number, first_byte) in FIRST_BYTES.into_iter().enumerate().rev() {
        all.insert(0, put(backend, first_byte, number).await);
    }
    put_operator(backend, "second@example.com").await;
    all
}

async fn list(
    backend: &Backend,
    after: Option<OrganizationId>,
    until: Option<OrganizationId>,
    limit: usize,
) -> Vec<OrganizationAdmins> {
    let listed = backend.replica.organizations(after, until, limit);
    listed.await.unwrap()
}

pub(super) async fn organizations_are_listed_whole_in_the_order_of_their_ids(backend: Backend) {
    let all = put_all(&backend).await;
    let told = all.iter().map(|one| (one.gate.is_some(), one.admins.len()));
    let told: Vec<_> = told.collect();
    assert_eq!(
        told[..3],
        [(true, 0), (false, 1), (true, 2)],
        "the samples are varied"
    );
    assert_eq!(list(&backend, None, None, 100).await, all);
    assert_eq!(list(&backend, None, None, usize::MAX).await, all);
}

pub(super) async fn admins_of_every_role_and_state_are_listed(backend: Backend) {
    let (kept, purged) = (organization_of(0x01), organization_of(0x80));
    let owner = pending(kept, "owner@example.com");
    let others = [
        (Role::Admin, "admin@example.com"),
        (Role::Viewer, "viewer@example.com"),
    ];
    let others = others.map(|(role, email)| Admin {
        affiliation: Affiliation::new(Some(kept), role).unwrap(),
        ..pending(kept, email)
    });
    let gone = pending(purged, "gone@example.com");
    for admin in [&owner, &gone].into_iter().chain(&others) {
        backend.store.insert_admin(admin).await.unwrap();
    }
    let owner = backend.store.activate_admin(owner.id, LATER).await.unwrap();
    let withdrawn = backend.store.cancel_admin(AdminId::from_uuid(id()), kept, LATER);
    let withdrawn = withdrawn.await.unwrap();
    backend.store.purge_admins(purged, LATER).await.unwrap();
    let gate = backend
        .store
        .set_gate(purged, GateState::Purged, 7)
        .await
        .unwrap();
    let listed = list(&backend, None, None, 9).await;
    let mut expected = [&owner, &others[0], &others[1], &withdrawn].map(summary);
    expected.sort_by_key(|admin| admin.id);
    assert_eq!(listed[0].admins, expected);
    let expected = OrganizationAdmins {
        organization_id: purged,
        gate: Some(gate),
        admins: vec![summary(&gone.purged(LATER))],
    };
    assert_eq!(listed[1..], [expected]);
    let mut states: Vec<_> = listed
        .iter()
        .flat_map(|one| &one.admins)
        .map(|a| a.status)
        .collect();
    states.sort_by_key(|status| *status as u8);
    let [pending, active] = [AdminStatus::Pending, AdminStatus::Active];
    let rest = [AdminStatus::Cancelled, AdminStatus::Purged];
    assert_eq!(states, [pending, pending, active, rest[0], rest[1]]);
}

pub(super) async fn paging_meets_every_organization_once_at_every_page_size(backend: Backend) {
    let all = put_all(&backend).await;
    for limit in 1..=all.len() + 1 {
        let (mut met, mut after) = (Vec::new(), None);
        loop {
            let page = list(&backend, after, None, limit).await;
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.organization_id);
            met.extend(page);
            assert!(met.len() <= all.len(), "limit {limit}: met twice");
        }
        assert_eq!(met, all, "limit {limit}");
    }
}

pub(super) async fn both_ends_bound_a_list_of_organizations(backend: Backend) {
    let all = put_all(&backend).await;
    // Those that are there, and one before, between and behind them.
    let mut ends: Vec<_> = all.iter().map(|one| Some(one.organization_id)).collect();
    let others =
        [1, u128::MAX / 3, u128::MAX].map(|number| OrganizationId::from_uuid(Uuid::from_u128(number)));
    ends.extend(others.map(Some));
    ends.push(None);
    for after in &ends {
        for until in &ends {
            let within = |id| after.is_none_or(|after| id > after) && until.is_none_or(|until| id <= until);
            let mut expected = all.clone();
            expected.retain(|one| within(one.organization_id));
            for limit in [100, 2] {
                expected.truncate(limit);
                let listed = list(&backend, *after, *until, limit).await;
                assert_eq!(listed, expected, "after {after:?} until {until:?} limit {limit}");
            }
        }
    }
}

pub(super) async fn an_organization_of_many_admins_is_never_cut(backend: Backend) {
    // More than MongoDB sends in a first batch.
    const MANY: usize = 120;
    let (small, large, last) = (
        put(&backend, 0x01, 5).await,
        organization_of(0x02),
        put(&backend, 0x03, 1).await,
    );
    let mut admins = Vec::new();
    for number in 0..MANY {
        let admin = pending(large, &format!("many{number}@example.com"));
        backend.store.insert_admin(&admin).await.unwrap();
        admins.push(summary(&admin));
    }
    admins.sort_by_key(|admin| admin.id);
    let large = OrganizationAdmins {
        admins,
        ..OrganizationAdmins::unknown(large)
    };
    let all = [small, large, last];
    for limit in 1..=3 {
        assert_eq!(list(&backend, None, None, limit).await, all[..limit]);
    }
    let behind_small = Some(all[0].organization_id);
    assert_eq!(list(&backend, behind_small, None, 1).await, all[1..2]);
}

pub(super) async fn operators_are_in_no_organization(backend: Backend) {
    for number in 0..5 {
        put_operator(&backend, &format!("operator{number}@example.com")).await;
    }
    let until = OrganizationId::from_uuid(Uuid::max());
    for until in [None, Some(until)] {
        assert_eq!(list(&backend, None, until, 9).await, []);
    }
    let one = put(&backend, 0x01, 1).await;
    assert_eq!(list(&backend, None, Some(until), 1).await, [one]);
}

pub(super) async fn a_list_of_no_organizations_is_empty(backend: Backend) {
    assert_eq!(list(&backend, None, None, 9).await, []);
    put_all(&backend).await;
    assert_eq!(list(&backend, None, None, 0).await, []);
}
