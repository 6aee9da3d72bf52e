//! ListAdminStates: what org-service compares its records with.

use tenantry_common::id::{Ids, SystemIds};
use tenantry_proto::auth::v1::{
    AdminState, AdminSummary, GateState, ListAdminStatesRequest, ListAdminStatesResponse, OrganizationAdmins,
    OrganizationGate, Role,
};

use crate::harness::{Person, Place, Server, for_each_backend, internal};

for_each_backend! {
    gates_and_admins_are_listed_without_personal_data
    pages_follow_each_other_to_the_last
    a_list_keeps_between_its_ends
}

async fn list(server: &Server, request: ListAdminStatesRequest) -> ListAdminStatesResponse {
    let reply = server.provisioning().list_admin_states(internal(request)).await;
    reply.unwrap().into_inner()
}

/// Organizations of which nothing is known but their gates, in the order of their ids.
async fn open_gates(server: &Server, number: usize) -> Vec<String> {
    let mut ids: Vec<String> = (0..number).map(|_| SystemIds.uuid_v4().to_string()).collect();
    for id in &ids {
        server.gate(id, GateState::Open, 1).await.unwrap();
    }
    ids.sort();
    ids
}

fn ids(reply: &ListAdminStatesResponse) -> Vec<String> {
    let organizations = reply.organizations.iter();
    organizations
        .map(|organization| organization.organization_id.clone())
        .collect()
}

async fn gates_and_admins_are_listed_without_personal_data(place: Place) {
    let server = place
        .start_with(&[
            "--operator-email",
            "root@example.com",
            "--operator-password",
            "correct horse battery",
        ])
        .await;
    let mut people = [Person::new("ada@example.com"), Person::new("bob@example.com")];
    people.sort_by(|one, other| one.organization_id.cmp(&other.organization_id));
    let [admitted, prepared] = &people;
    server.admit(admitted).await;
    server
        .gate(&admitted.organization_id, GateState::Suspended, 4)
        .await
        .unwrap();
    server.prepare(prepared).await.unwrap();
    let reply = list(&server, ListAdminStatesRequest::default()).await;
    let organization = |person: &Person, state: AdminState, gate| OrganizationAdmins {
        organization_id: person.organization_id.clone(),
        gate,
        admins: vec![AdminSummary {
            admin_id: person.admin_id.clone(),
            role: Role::Owner.into(),
            state: state.into(),
        }],
    };
    let gate = OrganizationGate {
        epoch: 4,
        state: GateState::Suspended.into(),
    };
    let expected = [
        organization(admitted, AdminState::Active, Some(gate)),
        organization(prepared, AdminState::Pending, None),
    ];
    assert_eq!(reply.organizations, expected);
    assert_eq!(reply.next_after_organization_id, "");
    let told = format!("{reply:?}");
    assert!(!told.contains("example.com") && !told.contains("$2"), "{told}");
}

async fn pages_follow_each_other_to_the_last(place: Place) {
    let server = place.start().await;
    let all = open_gates(&server, 5).await;
    for page_size in 1..=6 {
        let (mut met, mut after) = (Vec::new(), String::new());
        loop {
            let request = ListAdminStatesRequest {
                after_organization_id: after,
                page_size,
                ..ListAdminStatesRequest::default()
            };
            let reply = list(&server, request).await;
            let page = ids(&reply);
            // No page but the last is short, and none is empty.
            let full = usize::try_from(page_size).unwrap().min(all.len() - met.len());
            assert_eq!(page.len(), full, "page size {page_size}");
            met.extend(page);
            after = reply.next_after_organization_id;
            assert_eq!(after.is_empty(), met.len() == all.len(), "page size {page_size}");
            if after.is_empty() {
                break;
            }
        }
        assert_eq!(met, all, "page size {page_size}");
    }
}

async fn a_list_keeps_between_its_ends(place: Place) {
    let server = place.start().await;
    let all = open_gates(&server, 4).await;
    let between = |after: &str, until: &str| ListAdminStatesRequest {
        after_organization_id: after.to_owned(),
        until_organization_id: until.to_owned(),
        ..ListAdminStatesRequest::default()
    };
    for (after, until, expected) in [
        ("", "", &all[..]),
        (&all[0], "", &all[1..]),
        ("", &all[2], &all[..3]),
        (&all[0], &all[2], &all[1..3]),
        // Ids may be spelled in either case.
        (&all[0].to_uppercase(), &all[2].to_uppercase(), &all[1..3]),
        (&all[1], &all[1], &[]),
        (&all[2], &all[0], &[]),
    ] {
        let reply = list(&server, between(after, until)).await;
        assert_eq!(ids(&reply), expected, "after {after} until {until}");
        assert_eq!(reply.next_after_organization_id, "");
    }
    // The page that ends with `until` is the last, though there are organizations behind it.
    let request = ListAdminStatesRequest {
        page_size: 2,
        ..between("", &all[1])
    };
    assert_eq!(list(&server, request).await.next_after_organization_id, "");
}
