//! ACTIVE admins are changed from one generation to the next.

use std::time::Duration;

use futures::future::join_all;
use tenantry_common::{email::Email, id::AdminId, testing::ManualClock};

use super::fixture::*;
use crate::{
    domain::{Admin, AdminChange, AdminState, PasswordHash},
    store::EMAIL_INDEX,
};

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn to_email(text: &str) -> AdminChange {
    AdminChange::Email(email(text))
}

fn to_hash(text: &str) -> AdminChange {
    AdminChange::Password(PasswordHash::from_stored(text.to_owned()))
}

async fn change(backend: &Backend, admin: &Admin, change: &AdminChange) -> Admin {
    let changed = backend
        .store
        .change_admin(admin.id, admin.generation, change, LATER);
    changed.await.unwrap()
}

/// What the change of this admin of this generation is refused with.
async fn refusal(backend: &Backend, admin: &Admin, generation: i64, change: &AdminChange) -> String {
    refused(
        backend
            .store
            .change_admin(admin.id, generation, change, LATER)
            .await,
    )
}

async fn found(backend: &Backend, text: &str) -> Option<AdminId> {
    let found = backend.replica.find_admin(&email(text)).await.unwrap();
    found.map(|admin| admin.id)
}

pub(super) async fn an_admin_is_changed_as_the_domain_says(backend: Backend) {
    let other = active(&backend, "bob@example.com").await;
    let mut admin = active(&backend, "ada@example.com").await;
    for to in changes() {
        let changed = change(&backend, &admin, &to).await;
        assert_eq!(Some(&changed), admin.changed(&to, LATER).as_ref());
        admin = changed;
        assert_eq!(backend.stored(admin.id).await.as_ref(), Some(&admin));
        let email = &admin.credentials().unwrap().email;
        let found = backend.replica.find_admin(email).await.unwrap();
        assert_eq!(found.as_ref(), Some(&admin));
    }
    assert_eq!(admin.generation, 4);
    assert_eq!(backend.stored(other.id).await, Some(other));
}

pub(super) async fn a_change_of_another_generation_is_refused(backend: Backend) {
    let admin = active(&backend, "ada@example.com").await;
    let admin = change(&backend, &admin, &AdminChange::Generation).await;
    let elsewhen = [1, 3, 0, -1, i64::MIN, i64::MAX];
    for to in changes() {
        for generation in elsewhen {
            // At another time than the change that was made: not that one, sent again.
            let called = backend.store.change_admin(admin.id, generation, &to, far());
            assert_eq!(refused(called.await), "Conflict", "{to:?} of {generation}");
        }
    }
    assert_eq!(backend.stored(admin.id).await, Some(admin));
    assert_eq!(found(&backend, "grace@example.com").await, None);
}

pub(super) async fn a_taken_email_is_refused_and_nothing_changes(backend: Backend) {
    let ada = active(&backend, "ada@example.com").await;
    let bob = active(&backend, "bob@example.com").await;
    let eve = pending(organization(), "eve@example.com");
    backend.store.insert_admin(&eve).await.unwrap();
    for taken in ["bob@example.com", "EVE@example.com"] {
        let answer = refusal(&backend, &ada, 1, &to_email(taken)).await;
        assert_eq!(answer, EMAIL_INDEX.0);
    }
    for (admin, email) in [
        (ada, "ada@example.com"),
        (bob, "bob@example.com"),
        (eve, "eve@example.com"),
    ] {
        assert_eq!(found(&backend, email).await, Some(admin.id));
        assert_eq!(backend.stored(admin.id).await, Some(admin));
    }
}

pub(super) async fn an_email_that_was_given_up_is_free_at_once(backend: Backend) {
    let ada = active(&backend, "ada@example.com").await;
    let bob = active(&backend, "bob@example.com").await;
    change(&backend, &ada, &to_email("grace@example.com")).await;
    assert_eq!(found(&backend, "ada@example.com").await, None);
    let newcomer = pending(organization(), "ada@example.com");
    backend.replica.insert_admin(&newcomer).await.unwrap();
    assert_eq!(found(&backend, "ada@example.com").await, Some(newcomer.id));
    change(&backend, &bob, &to_email("robert@example.com")).await;
    let admin = backend.stored(ada.id).await.unwrap();
    change(&backend, &admin, &to_email("bob@example.com")).await;
    for (email, id) in [
        ("bob@example.com", Some(ada.id)),
        ("robert@example.com", Some(bob.id)),
        ("grace@example.com", None),
    ] {
        assert_eq!(found(&backend, email).await, id, "{email}");
    }
}

pub(super) async fn changes_of_an_active_admin_at_once_all_take_place(backend: Backend) {
    const CALLS: u8 = 8;
    let admin = active(&backend, "ada@example.com").await;
    let calls = backend
        .in_turn(CALLS.into())
        .zip(0..CALLS)
        .map(|(store, number)| {
            let id = admin.id;
            async move {
                let change = to_hash(&number.to_string());
                store.change_active_admin(id, &change, &ManualClock::new()).await
            }
        });
    for changed in join_all(calls).await {
        assert_eq!(changed.unwrap().map(|admin| admin.id), Some(admin.id));
    }
    let changed = backend.stored(admin.id).await.unwrap();
    assert_eq!(changed.generation, admin.generation + i64::from(CALLS));
    let owner = admin.affiliation.organization_id().unwrap();
    backend.store.purge_admins(owner, LATER).await.unwrap();
    let change = AdminChange::Generation;
    for id in [admin.id, AdminId::from_uuid(id())] {
        let nobody = backend
            .store
            .change_active_admin(id, &change, &ManualClock::new())
            .await;
        assert_eq!(nobody.unwrap(), None);
    }
}

pub(super) async fn an_admin_may_be_given_the_email_that_it_has(backend: Backend) {
    let admin = active(&backend, "ada@example.com").await;
    let changed = change(&backend, &admin, &to_email("ada@example.com")).await;
    assert_eq!(changed.generation, 2);
    assert_eq!(found(&backend, "ada@example.com").await, Some(admin.id));
    let newcomer = pending(organization(), "ada@example.com");
    assert_eq!(
        refused(backend.store.insert_admin(&newcomer).await),
        EMAIL_INDEX.0
    );
}

pub(super) async fn only_an_active_admin_is_changed(backend: Backend) {
    let own = organization();
    let [waiting, cancelled, purged] =
        ["a@example.com", "b@example.com", "c@example.com"].map(|email| pending(own, email));
    for admin in [&cancelled, &purged] {
        backend.store.insert_admin(admin).await.unwrap();
    }
    let cancelled = backend.store.cancel_admin(cancelled.id, own, NOW).await.unwrap();
    backend.store.purge_admins(own, NOW).await.unwrap();
    let purged = purged.purged(NOW);
    backend.store.insert_admin(&waiting).await.unwrap();
    for admin in [waiting, cancelled, purged] {
        for to in changes() {
            let answer = refusal(&backend, &admin, admin.generation, &to).await;
            assert_eq!(answer, "Conflict", "{to:?} of {admin:?}");
        }
        assert_eq!(backend.stored(admin.id).await, Some(admin));
    }
    assert_eq!(found(&backend, "grace@example.com").await, None);
}

pub(super) async fn an_absent_admin_is_not_changed(backend: Backend) {
    let absent = pending(organization(), "ada@example.com");
    for to in changes() {
        assert_eq!(refusal(&backend, &absent, 1, &to).await, "NotFound");
    }
    assert_eq!(backend.stored(absent.id).await, None);
    active(&backend, "grace@example.com").await;
}

pub(super) async fn a_change_that_is_sent_again_is_answered_again(backend: Backend) {
    for (number, to) in changes().into_iter().enumerate() {
        let admin = active(&backend, &format!("ada{number}@example.com")).await;
        let changed = change(&backend, &admin, &to).await;
        for store in backend.in_turn(4) {
            let again = store.change_admin(admin.id, admin.generation, &to, LATER);
            assert_eq!(again.await.unwrap(), changed, "{to:?}");
        }
        assert_eq!(backend.stored(admin.id).await, Some(changed));
    }
}

pub(super) async fn a_change_that_is_sent_again_too_late_is_refused(backend: Backend) {
    for (number, to) in changes().into_iter().enumerate() {
        let admin = active(&backend, &format!("ada{number}@example.com")).await;
        let changed = change(&backend, &admin, &to).await;
        let since = change(&backend, &changed, &AdminChange::Generation).await;
        let answer = refusal(&backend, &admin, admin.generation, &to).await;
        assert_eq!(answer, "Conflict", "{to:?}");
        assert_eq!(backend.stored(admin.id).await, Some(since));
    }
}

pub(super) async fn of_thirty_two_changes_of_one_generation_one_wins(backend: Backend) {
    let admin = active(&backend, "ada@example.com").await;
    let (id, generation) = (admin.id, admin.generation);
    let calls = (0..32)
        .zip(backend.in_turn(32))
        .map(|(number, store)| async move {
            let to = to_hash(&format!("bcrypt-sha384$2b$10${number}"));
            store.change_admin(id, generation, &to, LATER).await
        });
    let (mut won, lost): (Vec<_>, Vec<_>) = at_once(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.into_iter().all(|outcome| refused(outcome) == "Conflict"));
    let winner = won.remove(0).unwrap();
    assert_eq!(winner.generation, generation + 1);
    assert_ne!(winner.credentials(), admin.credentials());
    assert_eq!(backend.stored(id).await, Some(winner));
}

pub(super) async fn of_twenty_admins_that_want_one_email_one_gets_it(backend: Backend) {
    let mut admins = Vec::new();
    for number in 0..20 {
        admins.push(active(&backend, &format!("ada{number}@example.com")).await);
    }
    let calls = admins.clone().into_iter().zip(backend.in_turn(20));
    let outcomes = at_once(calls.map(|(admin, store)| async move {
        let wanted = to_email("wanted@example.com");
        store.change_admin(admin.id, 1, &wanted, LATER).await
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for (admin, outcome) in admins.into_iter().zip(outcomes) {
        let own = admin.credentials().unwrap().email.clone();
        match outcome {
            Ok(winner) => {
                assert_eq!(found(&backend, "wanted@example.com").await, Some(winner.id));
                assert_eq!(found(&backend, own.as_str()).await, None);
            }
            lost => {
                assert_eq!(refused(lost), EMAIL_INDEX.0);
                assert_eq!(found(&backend, own.as_str()).await, Some(admin.id));
                assert_eq!(backend.stored(admin.id).await, Some(admin));
            }
        }
    }
}

pub(super) async fn a_purge_at_the_same_time_leaves_no_email_taken(backend: Backend) {
    for round in 0..20 {
        let (old, new) = (
            format!("old{round}@example.com"),
            format!("new{round}@example.com"),
        );
        let admin = active(&backend, &old).await;
        let (id, organization) = (admin.id, admin.affiliation.organization_id().unwrap());
        let (store, to) = (backend.store.clone(), to_email(&new));
        let change = async move { store.change_admin(id, 1, &to, LATER).await };
        let store = backend.replica.clone();
        let purge = async move { store.purge_admins(organization, LATER).await };
        let (changed, purged) = both_at_once(round % 2 == 1, change, purge).await;
        purged.unwrap();
        let generation = match changed {
            Ok(changed) => changed.generation + 1,
            lost => {
                assert_eq!(refused(lost), "Conflict");
                2
            }
        };
        let stored = backend.stored(id).await.unwrap();
        assert_eq!(
            (&stored.state, stored.generation),
            (&AdminState::Purged, generation)
        );
        for email in [old, new] {
            active(&backend, &email).await;
        }
    }
}

pub(super) async fn changed_values_are_stored_literally(backend: Backend) {
    let odd = [
        "$password_hash",
        r#"{"$ne":1}"#,
        "$$ROOT",
        "$$REMOVE",
        "{$where: '1'}",
        "a.b\0c",
        "' OR 1=1 --",
        "",
    ];
    let mut admin = active(&backend, "ada@example.com").await;
    for (number, text) in odd.into_iter().enumerate() {
        let hash = PasswordHash::from_stored(text.to_owned());
        let email = email(&format!("$where{number}'{{$ne}}@example.com"));
        for to in [
            AdminChange::Password(hash.clone()),
            AdminChange::Email(email.clone()),
            AdminChange::Rehash(hash.clone()),
        ] {
            admin = change(&backend, &admin, &to).await;
        }
        let credentials = admin.credentials().unwrap();
        assert_eq!((&credentials.password_hash, &credentials.email), (&hash, &email));
        assert_eq!(backend.stored(admin.id).await.as_ref(), Some(&admin));
        assert_eq!(found(&backend, email.as_str()).await, Some(admin.id));
    }
    assert_eq!(admin.update_time.since(NOW), Duration::from_secs(1));
}
