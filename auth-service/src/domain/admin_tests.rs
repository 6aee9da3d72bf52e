use uuid::Uuid;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn organization() -> OrganizationId {
    OrganizationId::from_uuid(Uuid::from_u128(7))
}

fn credentials() -> Credentials {
    Credentials {
        email: Email::parse("ada@example.com").unwrap(),
        password_hash: PasswordHash::from_stored("x".to_owned()),
    }
}

fn admin(state: AdminState) -> Admin {
    Admin::new(
        AdminId::from_uuid(Uuid::from_u128(1)),
        Affiliation::owner_of(organization()),
        state,
        Timestamp::from_millis(0),
    )
}

#[test]
fn only_an_operator_is_without_organization() {
    assert_eq!(Affiliation::new(None, Role::Operator), Ok(Affiliation::OPERATOR));
    assert!(Affiliation::new(Some(organization()), Role::Operator).is_err());
    assert!(Affiliation::new(None, Role::Owner).is_err());
    assert!(serde_json::from_str::<Affiliation>(r#"{"role":"ADMIN"}"#).is_err());
}

#[test]
fn a_pending_admin_is_activated_once() {
    let active = admin(AdminState::Pending(credentials())).activated(NOW).unwrap();
    assert!(active.is_active());
    assert_eq!((active.generation, active.update_time), (2, NOW));
    assert_eq!(
        active.clone().activated(Timestamp::from_millis(2_000)),
        Some(active)
    );
}

#[test]
fn only_a_pending_admin_can_be_cancelled() {
    let cancelled = admin(AdminState::Pending(credentials())).cancelled(NOW).unwrap();
    assert_eq!((cancelled.credentials(), cancelled.generation), (None, 2));
    assert_eq!(cancelled.clone().activated(NOW), None);
    assert_eq!(cancelled.clone().cancelled(NOW), Some(cancelled));
    assert_eq!(admin(AdminState::Active(credentials())).cancelled(NOW), None);
}

#[test]
fn purging_takes_the_credentials_and_is_final() {
    let purged = admin(AdminState::Active(credentials())).purged(NOW);
    assert_eq!((purged.credentials(), purged.generation), (None, 2));
    assert_eq!(purged.clone().activated(NOW), None);
    assert_eq!(purged.clone().purged(NOW), purged);
}

#[test]
fn every_change_but_a_rehash_raises_the_generation() {
    let hash = || PasswordHash::from_stored("y".to_owned());
    let email = || Email::parse("grace@example.com").unwrap();
    for (change, generation) in [
        (AdminChange::Password(hash()), 2),
        (AdminChange::Rehash(hash()), 1),
        (AdminChange::Email(email()), 2),
        (AdminChange::Generation, 2),
    ] {
        let changed = admin(AdminState::Active(credentials()))
            .changed(&change, NOW)
            .unwrap();
        assert_eq!((changed.generation, changed.update_time), (generation, NOW));
        let now = changed.credentials().unwrap();
        let expected = match &change {
            AdminChange::Password(hash) | AdminChange::Rehash(hash) => (credentials().email, hash.clone()),
            AdminChange::Email(email) => (email.clone(), credentials().password_hash),
            AdminChange::Generation => (credentials().email, credentials().password_hash),
        };
        assert_eq!((now.email.clone(), now.password_hash.clone()), expected);
    }
}

#[test]
fn only_an_active_admin_can_be_changed() {
    for state in [
        AdminState::Pending(credentials()),
        AdminState::Cancelled,
        AdminState::Purged,
    ] {
        assert_eq!(admin(state).changed(&AdminChange::Generation, NOW), None);
    }
}

#[test]
fn a_stored_admin_reads_back() {
    for state in [AdminState::Active(credentials()), AdminState::Cancelled] {
        let text = serde_json::to_string(&admin(state.clone())).unwrap();
        assert_eq!(
            serde_json::from_str::<Admin>(&text).unwrap(),
            admin(state),
            "{text}"
        );
    }
}
