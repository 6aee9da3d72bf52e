//! What is inserted is found, and nothing else is inserted in its place.

use std::sync::Arc;

use futures::future::join_all;
use tenantry_common::{
    id::{Ids, SystemIds},
    store::error::StoreError,
};

use super::{fixture::*, samples::*};
use crate::{
    domain::{
        CreateStep, HaltReason, Labels, Lease, Operation, OperationKind, Organization, OrganizationName,
        State,
    },
    store::{CREATE_REQUEST_INDEX, HANDLE_INDEX, ID_INDEX},
};

pub(super) async fn a_store_that_is_there_answers(fixture: Fixture) {
    fixture.store.ping().await.unwrap();
}

pub(super) async fn a_record_is_read_back_as_it_was_written(fixture: Fixture) {
    let labels = [("tier", "gold"), ("billing.example.com/plan", "")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let full = Organization {
        handle_given: true,
        handles: vec![held("acme"), resting("acme_old", later(9))],
        state_before_delete: Some(State::Suspended),
        recheck_until: Some(later(5)),
        labels: Labels::parse(labels).unwrap(),
        operation: Some(Operation {
            halted: Some(HaltReason::CollectionMissing),
            ..operation(OperationKind::Delete)
        }),
        lease: Some(Lease {
            owner: SystemIds.uuid_v4(),
            until: later(6),
        }),
        delete_time: Some(later(7)),
        purge_time: Some(later(8)),
        ..with_request(active("acme"), SystemIds.uuid_v4())
    };
    assert_eq!(fixture.insert(&full).await, full);
    assert_eq!(fixture.get(full.id).await, full);

    let bare = Organization {
        handles: Vec::new(),
        home: None,
        stamp: None,
        state: State::Purged,
        ..active("bare")
    };
    assert_eq!(fixture.insert(&bare).await, bare);
    assert_eq!(fixture.get(bare.id).await, bare);
}

pub(super) async fn every_kind_of_operation_is_read_back(fixture: Fixture) {
    let steps = [
        CreateStep::Intent,
        CreateStep::AdminPrepared,
        CreateStep::RollingBack,
    ];
    let mut kinds = steps.map(|step| OperationKind::Create { step }).to_vec();
    kinds.push(OperationKind::Rename {
        name: OrganizationName::parse("$name").unwrap(),
        handle: handle("name"),
        handle_given: true,
    });
    kinds.extend([
        OperationKind::Suspend,
        OperationKind::Resume,
        OperationKind::Delete,
        OperationKind::Undelete,
        OperationKind::Purge,
        OperationKind::Repair,
    ]);
    for (number, kind) in kinds.into_iter().enumerate() {
        let organization = Organization {
            operation: Some(operation(kind)),
            ..active(&format!("org{number}"))
        };
        fixture.insert(&organization).await;
        assert_eq!(fixture.get(organization.id).await, organization);
    }
}

pub(super) async fn every_state_is_read_back(fixture: Fixture) {
    let states = [
        State::Provisioning,
        State::Active,
        State::Suspended,
        State::Deleted,
        State::Purged,
        State::Aborted,
    ];
    for (number, state) in states.into_iter().enumerate() {
        let organization = Organization {
            state,
            state_before_delete: Some(state),
            ..active(&format!("org{number}"))
        };
        fixture.insert(&organization).await;
        let accepted = accepted(&organization, OperationKind::Repair);
        let stored = fixture.store.accept(&accepted, None).await.unwrap();
        assert_eq!(stored, accepted);
        assert_eq!(fixture.get(organization.id).await, accepted);
    }
}

pub(super) async fn a_missing_record_is_none(fixture: Fixture) {
    let Fixture { store, behind: _b } = &fixture;
    let absent = active("acme");
    assert_eq!(store.get(absent.id).await.unwrap(), None);
    assert_eq!(store.find_by_handle(&absent.handle).await.unwrap(), None);
    assert_eq!(
        store.find_by_create_request(SystemIds.uuid_v4()).await.unwrap(),
        None
    );
    assert_eq!(store.take_lease(absent.id, term(LONG)).await.unwrap(), None);
    assert!(
        !store
            .release_handle(absent.id, &absent.handle, later(0))
            .await
            .unwrap()
    );
}

pub(super) async fn a_taken_handle_is_refused_on_insert(fixture: Fixture) {
    let first = fixture.insert(&active("acme")).await;
    let second = active("acme");
    assert_refused(fixture.store.insert(&second, None).await, &[HANDLE_INDEX]);
    assert_refused(
        fixture.store.insert(&second, Some(term(LONG))).await,
        &[HANDLE_INDEX],
    );
    assert_eq!(fixture.store.get(second.id).await.unwrap(), None);
    assert_eq!(fixture.get(first.id).await, first);
}

pub(super) async fn an_insert_that_is_sent_again_answers_what_the_first_one_made(fixture: Fixture) {
    let new = provisioning("acme");
    let made = fixture.store.insert(&new, Some(term(LONG))).await.unwrap();
    let again = fixture.store.insert(&new, Some(term(LONG))).await.unwrap();
    assert_eq!(again, made);
    assert_eq!(fixture.get(new.id).await, made);
    let taken_over = Organization {
        fence: new.fence + 1,
        ..new.clone()
    };
    let refused = fixture.store.insert(&taken_over, None).await;
    assert!(
        matches!(refused, Err(StoreError::AlreadyExists(_))),
        "{refused:?}"
    );
}

pub(super) async fn a_taken_id_is_refused(fixture: Fixture) {
    let first = fixture.insert(&active("acme")).await;
    let second = Organization {
        id: first.id,
        ..active("other")
    };
    assert_refused(fixture.store.insert(&second, None).await, &[ID_INDEX]);
    assert_refused(fixture.store.insert(&second, Some(term(LONG))).await, &[ID_INDEX]);
    assert_eq!(fixture.get(first.id).await, first);
    assert_eq!(
        fixture.store.find_by_handle(&handle("other")).await.unwrap(),
        None
    );
}

pub(super) async fn a_used_request_id_is_refused(fixture: Fixture) {
    let key = SystemIds.uuid_v4();
    fixture.insert(&with_request(active("acme"), key)).await;
    let second = with_request(active("other"), key);
    assert_refused(fixture.store.insert(&second, None).await, &[CREATE_REQUEST_INDEX]);
    assert_eq!(fixture.store.get(second.id).await.unwrap(), None);
    assert_eq!(
        fixture.store.find_by_handle(&handle("other")).await.unwrap(),
        None
    );
}

pub(super) async fn a_repeated_create_violates_either_index(fixture: Fixture) {
    let key = SystemIds.uuid_v4();
    let first = fixture.insert(&with_request(active("acme"), key)).await;
    let repeated = with_request(active("acme"), key);
    let either = [HANDLE_INDEX, CREATE_REQUEST_INDEX];
    assert_refused(fixture.store.insert(&repeated, Some(term(LONG))).await, &either);
    assert_eq!(
        fixture.store.find_by_create_request(key).await.unwrap(),
        Some(first)
    );
}

pub(super) async fn of_twenty_inserts_of_one_handle_one_wins(fixture: Fixture) {
    let inserts = (0..20).map(|_| {
        let store = Arc::clone(&fixture.store);
        async move { store.insert(&provisioning("acme"), Some(term(LONG))).await }
    });
    let outcomes = join_all(inserts).await;
    assert_one_wins(&outcomes, |error| {
        matches!(error, StoreError::AlreadyExists(HANDLE_INDEX))
    });
    let winner = outcomes.into_iter().find_map(Result::ok);
    assert_eq!(
        fixture.store.find_by_handle(&handle("acme")).await.unwrap(),
        winner
    );
}

pub(super) async fn of_twenty_inserts_of_one_request_id_one_wins(fixture: Fixture) {
    let key = SystemIds.uuid_v4();
    let inserts = (0..20).map(|number| {
        let store = Arc::clone(&fixture.store);
        let organization = with_request(provisioning(&format!("acme{number}")), key);
        async move { store.insert(&organization, Some(term(LONG))).await }
    });
    let outcomes = join_all(inserts).await;
    assert_one_wins(&outcomes, |error| {
        matches!(error, StoreError::AlreadyExists(CREATE_REQUEST_INDEX))
    });
    let winner = outcomes.into_iter().find_map(Result::ok);
    assert_eq!(fixture.store.find_by_create_request(key).await.unwrap(), winner);
}

pub(super) async fn records_without_handles_and_request_ids_coexist(fixture: Fixture) {
    for name in ["one", "two"] {
        let bare = Organization {
            handles: Vec::new(),
            ..active(name)
        };
        fixture.insert(&bare).await;
        let accepted = fixture
            .store
            .accept(&deleting(&bare), Some(term(LONG)))
            .await
            .unwrap();
        let recorded = fixture
            .store
            .record(fence_of(&accepted), &finished(&accepted))
            .await
            .unwrap();
        assert_eq!(recorded.handles, []);
        assert_eq!(fixture.get(bare.id).await, recorded);
    }
}

pub(super) async fn a_record_is_found_by_every_handle_that_it_holds(fixture: Fixture) {
    let organization = Organization {
        handles: vec![held("acme"), held("acme_new"), resting("acme_old", later(9))],
        ..active("acme")
    };
    fixture.insert(&organization).await;
    for name in ["acme", "acme_new", "acme_old"] {
        let found = fixture.store.find_by_handle(&handle(name)).await.unwrap();
        assert_eq!(found, Some(organization.clone()), "{name}");
    }
    assert_eq!(fixture.store.find_by_handle(&handle("acm")).await.unwrap(), None);
}

pub(super) async fn a_record_is_found_by_its_request_id(fixture: Fixture) {
    let key = SystemIds.uuid_v4();
    let stored = fixture.insert(&with_request(active("acme"), key)).await;
    fixture
        .insert(&with_request(active("other"), SystemIds.uuid_v4()))
        .await;
    assert_eq!(
        fixture.store.find_by_create_request(key).await.unwrap(),
        Some(stored)
    );
}

pub(super) async fn a_resting_handle_is_kept_from_others(fixture: Fixture) {
    let holder = Organization {
        handles: vec![held("acme_new"), resting("acme", later(0))],
        ..active("acme")
    };
    fixture.insert(&holder).await;
    assert_refused(fixture.store.insert(&active("acme"), None).await, &[HANDLE_INDEX]);
}

pub(super) async fn values_are_stored_literally(fixture: Fixture) {
    for (number, value) in ["$hashed_password", "{\"$ne\":1}", "$$ROOT", "$", "a.b"]
        .into_iter()
        .enumerate()
    {
        let label = [("$literal.x".trim_start_matches('$').to_owned(), value.to_owned())];
        let mut organization = Organization {
            name: OrganizationName::parse(value).unwrap(),
            labels: Labels::parse(label).unwrap(),
            ..with_request(active(&format!("org{number}")), SystemIds.uuid_v4())
        };
        organization.create_request.as_mut().unwrap().fingerprint = value.to_owned();
        let inserted = fixture
            .store
            .insert(&organization, Some(term(LONG)))
            .await
            .unwrap();
        assert_eq!(without_lease(inserted), organization);

        let mut renaming = deleting(&organization);
        renaming.operation = Some(operation(OperationKind::Rename {
            name: organization.name.clone(),
            handle: handle("other"),
            handle_given: false,
        }));
        let accepted = fixture.store.accept(&renaming, Some(term(LONG))).await.unwrap();
        assert_eq!(without_lease(accepted.clone()), renaming);
        let recorded = fixture
            .store
            .record(fence_of(&accepted), &renaming)
            .await
            .unwrap();
        assert_eq!(without_lease(recorded), renaming);
        assert_eq!(fixture.get(organization.id).await, accepted);
    }
}
