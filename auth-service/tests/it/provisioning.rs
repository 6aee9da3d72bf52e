//! Provisioning: who may call it, and in which order its calls count.

use futures::future::join_all;
use tenantry_proto::auth::v1::{
    ActivateAdminRequest, AdminState, CancelAdminRequest, GateState, GetPreparedAdminRequest,
    ListAdminStatesRequest, PrepareAdminRequest, SetOrganizationGateRequest,
};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::harness::{
    CREDENTIAL, PASSWORD, Person, Place, Server, for_each_backend, internal, refusal, with_metadata,
};

for_each_backend! {
    only_the_service_credential_opens_provisioning
    a_repeated_prepare_is_the_same_admin
    a_prepare_that_differs_is_refused
    of_twenty_prepares_of_one_email_one_wins
    a_cancelled_admin_cannot_be_prepared_late
    an_active_admin_cannot_be_cancelled
    only_a_pending_admin_is_activated
    a_late_gate_call_is_refused
    every_bad_field_is_named
}

fn admin_state_refused() -> (Code, String) {
    (Code::FailedPrecondition, "ADMIN_STATE".to_owned())
}

fn cancel(person: &Person) -> Request<CancelAdminRequest> {
    internal(CancelAdminRequest {
        admin_id: person.admin_id.clone(),
        organization_id: person.organization_id.clone(),
    })
}

async fn state(server: &Server, person: &Person) -> AdminState {
    let request = internal(GetPreparedAdminRequest {
        admin_id: person.admin_id.clone(),
    });
    let reply = server
        .provisioning()
        .get_prepared_admin(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.admin_id, person.admin_id);
    reply.state()
}

/// Every call of the service with this metadata.
async fn all_calls(
    server: &Server,
    person: &Person,
    metadata: &[(&'static str, &str)],
) -> Vec<Result<(), Status>> {
    let mut client = server.provisioning();
    let (admin_id, organization_id) = (person.admin_id.clone(), person.organization_id.clone());
    let cancel = CancelAdminRequest {
        admin_id: admin_id.clone(),
        organization_id: organization_id.clone(),
    };
    let get = GetPreparedAdminRequest {
        admin_id: admin_id.clone(),
    };
    let gate = SetOrganizationGateRequest {
        organization_id,
        epoch: 1,
        state: GateState::Open.into(),
    };
    let activate = ActivateAdminRequest { admin_id };
    vec![
        client
            .prepare_admin(with_metadata(person.prepare(), metadata))
            .await
            .map(drop),
        client
            .activate_admin(with_metadata(activate, metadata))
            .await
            .map(drop),
        client
            .cancel_admin(with_metadata(cancel, metadata))
            .await
            .map(drop),
        client
            .get_prepared_admin(with_metadata(get, metadata))
            .await
            .map(drop),
        client
            .set_organization_gate(with_metadata(gate, metadata))
            .await
            .map(drop),
        client
            .list_admin_states(with_metadata(ListAdminStatesRequest::default(), metadata))
            .await
            .map(drop),
    ]
}

async fn only_the_service_credential_opens_provisioning(place: Place) {
    const KEY: &str = "tenantry-service-credential";
    let server = place.start().await;
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    let user = format!("Bearer {}", server.token(&ada).await);
    let longer = format!("{CREDENTIAL}x");
    let unauthenticated = (Code::Unauthenticated, "SERVICE_CREDENTIAL_INVALID".to_owned());
    let denied = (Code::PermissionDenied, "PERMISSION_DENIED".to_owned());
    let bob = Person::new("bob@example.com");
    for (metadata, expected) in [
        (vec![], &unauthenticated),
        (vec![(KEY, "")], &unauthenticated),
        (vec![(KEY, &CREDENTIAL[1..])], &unauthenticated),
        (vec![(KEY, longer.as_str())], &unauthenticated),
        (vec![(KEY, CREDENTIAL), (KEY, CREDENTIAL)], &unauthenticated),
        (vec![("authorization", user.as_str())], &denied),
        (vec![("authorization", user.as_str()), (KEY, "wrong")], &denied),
        (vec![("authorization", CREDENTIAL)], &denied),
    ] {
        for outcome in all_calls(&server, &bob, &metadata).await {
            assert_eq!(&refusal(outcome), expected, "{metadata:?}");
        }
    }
    assert_eq!(state(&server, &bob).await, AdminState::Absent);
}

async fn a_repeated_prepare_is_the_same_admin(place: Place) {
    let server = place.start().await;
    let ada = Person::new("ada@example.com");
    for _ in 0..2 {
        assert_eq!(server.prepare(&ada).await.unwrap(), AdminState::Pending as i32);
    }
    for _ in 0..2 {
        assert_eq!(server.activate(&ada).await.unwrap(), AdminState::Active as i32);
    }
    // A repeat is not a change of the password.
    let other = PrepareAdminRequest {
        password: "another password".to_owned(),
        ..ada.prepare()
    };
    let reply = server
        .provisioning()
        .prepare_admin(internal(other))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (reply.admin_id.as_str(), reply.state()),
        (ada.admin_id.as_str(), AdminState::Active)
    );
    server
        .gate(&ada.organization_id, GateState::Open, 1)
        .await
        .unwrap();
    assert!(server.login(&ada.email, "another password").await.is_err());
    assert!(server.login(&ada.email, PASSWORD).await.is_ok());
}

async fn a_prepare_that_differs_is_refused(place: Place) {
    let server = place.start().await;
    let ada = Person::new("ada@example.com");
    server.prepare(&ada).await.unwrap();
    let other_email = Person {
        email: "eve@example.com".to_owned(),
        ..ada.clone()
    };
    let other_organization = Person {
        admin_id: ada.admin_id.clone(),
        ..Person::new(&ada.email)
    };
    for other in [other_email, other_organization] {
        assert_eq!(refusal(server.prepare(&other).await), admin_state_refused());
    }
    let taken = server.prepare(&Person::new("ADA@example.com")).await;
    assert_eq!(refusal(taken), (Code::AlreadyExists, "EMAIL_TAKEN".to_owned()));
}

async fn of_twenty_prepares_of_one_email_one_wins(place: Place) {
    let server = place.start().await;
    let people: Vec<Person> = (0..20).map(|_| Person::new("ada@example.com")).collect();
    let outcomes = join_all(people.iter().map(|person| server.prepare(person))).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for outcome in lost {
        assert_eq!(refusal(outcome), (Code::AlreadyExists, "EMAIL_TAKEN".to_owned()));
    }
    let states = join_all(people.iter().map(|person| state(&server, person))).await;
    assert_eq!(
        states
            .iter()
            .filter(|state| **state == AdminState::Pending)
            .count(),
        1
    );
    assert_eq!(
        states
            .iter()
            .filter(|state| **state == AdminState::Absent)
            .count(),
        19
    );
}

async fn a_cancelled_admin_cannot_be_prepared_late(place: Place) {
    let server = place.start().await;
    let absent = Person::new("ada@example.com");
    let pending = Person::new("bob@example.com");
    server.prepare(&pending).await.unwrap();
    for person in [absent, pending] {
        for _ in 0..2 {
            let reply = server
                .provisioning()
                .cancel_admin(cancel(&person))
                .await
                .unwrap()
                .into_inner();
            assert_eq!(
                (reply.admin_id.as_str(), reply.state()),
                (person.admin_id.as_str(), AdminState::Cancelled)
            );
        }
        assert_eq!(refusal(server.prepare(&person).await), admin_state_refused());
        assert_eq!(refusal(server.activate(&person).await), admin_state_refused());
        assert_eq!(state(&server, &person).await, AdminState::Cancelled);
        // The e-mail is free again.
        server.prepare(&Person::new(&person.email)).await.unwrap();
    }
}

async fn an_active_admin_cannot_be_cancelled(place: Place) {
    let server = place.start().await;
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    assert_eq!(
        refusal(server.provisioning().cancel_admin(cancel(&ada)).await),
        admin_state_refused()
    );
    let stranger = Person {
        organization_id: Person::new("x@example.com").organization_id,
        ..ada.clone()
    };
    assert_eq!(
        refusal(server.provisioning().cancel_admin(cancel(&stranger)).await),
        admin_state_refused()
    );
    assert_eq!(state(&server, &ada).await, AdminState::Active);
}

async fn only_a_pending_admin_is_activated(place: Place) {
    let server = place.start().await;
    let ada = Person::new("ada@example.com");
    assert_eq!(refusal(server.activate(&ada).await), admin_state_refused());
    assert_eq!(state(&server, &ada).await, AdminState::Absent);
    server.admit(&ada).await;
    server
        .gate(&ada.organization_id, GateState::Purged, 2)
        .await
        .unwrap();
    assert_eq!(refusal(server.activate(&ada).await), admin_state_refused());
    assert_eq!(refusal(server.prepare(&ada).await), admin_state_refused());
    assert_eq!(state(&server, &ada).await, AdminState::Purged);
}

async fn a_late_gate_call_is_refused(place: Place) {
    let server = place.start().await;
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    server
        .gate(&ada.organization_id, GateState::Open, 5)
        .await
        .unwrap();
    let token = server.token(&ada).await;
    let late = server.gate(&ada.organization_id, GateState::Suspended, 4).await;
    assert_eq!(
        refusal(late),
        (Code::FailedPrecondition, "STALE_EPOCH".to_owned())
    );
    assert!(server.validate(&token).await.is_ok());
}

async fn every_bad_field_is_named(place: Place) {
    let server = place.start().await;
    let mut client = server.provisioning();
    let fields = |outcome: Result<(), Status>| {
        let status = outcome.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let violations = status.get_details_bad_request().unwrap().field_violations;
        violations
            .into_iter()
            .map(|violation| violation.field)
            .collect::<Vec<_>>()
    };
    let prepare = client
        .prepare_admin(internal(PrepareAdminRequest::default()))
        .await
        .map(drop);
    assert_eq!(
        fields(prepare),
        ["admin_id", "organization_id", "email", "password"]
    );
    for password in ["short", "Password1", "AdaLovelace1815"] {
        let prepare = PrepareAdminRequest {
            password: password.to_owned(),
            ..Person::new("ada.lovelace@example.com").prepare()
        };
        let prepare = client.prepare_admin(internal(prepare)).await.map(drop);
        assert_eq!(fields(prepare), ["password"], "{password}");
    }
    let activate = client
        .activate_admin(internal(ActivateAdminRequest {
            admin_id: "x".to_owned(),
        }))
        .await
        .map(drop);
    assert_eq!(fields(activate), ["admin_id"]);
    let cancel = client
        .cancel_admin(internal(CancelAdminRequest::default()))
        .await
        .map(drop);
    assert_eq!(fields(cancel), ["admin_id", "organization_id"]);
    let get = client
        .get_prepared_admin(internal(GetPreparedAdminRequest::default()))
        .await
        .map(drop);
    assert_eq!(fields(get), ["admin_id"]);
    for (epoch, state) in [(0, 0), (-1, 9)] {
        let gate = SetOrganizationGateRequest {
            organization_id: String::new(),
            epoch,
            state,
        };
        let gate = client.set_organization_gate(internal(gate)).await.map(drop);
        assert_eq!(fields(gate), ["organization_id", "epoch", "state"]);
    }
    let list = ListAdminStatesRequest {
        after_organization_id: "x".to_owned(),
        until_organization_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        page_size: -1,
    };
    let list = client.list_admin_states(internal(list)).await.map(drop);
    assert_eq!(
        fields(list),
        ["after_organization_id", "until_organization_id", "page_size"]
    );
}
