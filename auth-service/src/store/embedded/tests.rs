//! What the tables hold beside the records.

use std::time::Duration;

use redb::ReadableTableMetadata;
use tenantry_common::testing::{EmbeddedTest, ManualClock};
use uuid::Uuid;

use super::*;
use crate::domain::{AdminState, Affiliation, ClientInfo, Credentials, PasswordHash};

const NOW: Timestamp = ManualClock::START;
const HOUR: Duration = Duration::from_secs(3_600);

fn session(number: u128, create_time: Timestamp) -> Session {
    Session {
        id: SessionId::from_uuid(Uuid::from_u128(number)),
        admin_id: AdminId::from_uuid(Uuid::from_u128(7)),
        affiliation: Affiliation::owner_of(OrganizationId::from_uuid(Uuid::from_u128(8))),
        email: Email::parse("ada@example.com").unwrap(),
        create_time,
        expire_time: create_time + 9 * HOUR,
        idle_expire_time: create_time + HOUR,
        counter: 0,
        rotate_time: create_time,
        client: ClientInfo::default(),
    }
}

/// The session refreshed half an hour later.
fn rotation(session: &Session) -> Rotation {
    Rotation {
        id: session.id,
        counter: session.counter,
        rotate_time: session.rotate_time + HOUR / 2,
        idle_expire_time: session.idle_expire_time + HOUR / 2,
    }
}

/// How many entries each of the sessions' tables has.
async fn lengths(store: &EmbeddedStore) -> [u64; 4] {
    let lengths = store.database.read(|transaction| {
        Ok([
            transaction.open_table(SESSIONS)?.len()?,
            transaction.open_table(SESSIONS_BY_ADMIN)?.len()?,
            transaction.open_table(SESSIONS_BY_ORGANIZATION)?.len()?,
            transaction.open_table(SESSIONS_BY_EXPIRY)?.len()?,
        ])
    });
    lengths.await.unwrap()
}

#[tokio::test]
async fn a_deleted_session_leaves_nothing_in_any_table() {
    let place = EmbeddedTest::new();
    let store = EmbeddedStore::new(place.open()).await.unwrap();
    let email = Email::parse("grace@example.com").unwrap();
    let sessions = [1, 2, 3].map(|number| session(number, NOW));
    let admin = sessions[0].admin_id;
    for session in &sessions {
        store.insert_session(session).await.unwrap();
        let rotated = store.rotate_session(&rotation(session)).await.unwrap();
        store.rotate_session(&rotation(&rotated)).await.unwrap();
        assert!(store.rotate_session(&rotation(session)).await.is_err());
        store.set_sessions_email(admin, &email).await.unwrap();
    }
    assert_eq!(lengths(&store).await, [3; 4]);
    store.delete_session(sessions[0].id).await.unwrap();
    assert_eq!(lengths(&store).await, [2; 4]);
    store
        .delete_sessions_of(admin, Some(sessions[1].id))
        .await
        .unwrap();
    assert_eq!(lengths(&store).await, [1; 4]);
    let organization = sessions[0].affiliation.organization_id().unwrap();
    store.delete_sessions(organization).await.unwrap();
    assert_eq!(lengths(&store).await, [0; 4]);
}

#[tokio::test]
async fn a_session_is_cleared_at_the_end_that_its_last_rotation_gave_it() {
    let place = EmbeddedTest::new();
    let store = EmbeddedStore::new(place.open()).await.unwrap();
    let [idle, used] = [1, 2].map(|number| session(number, NOW));
    for session in [&idle, &used] {
        store.insert_session(session).await.unwrap();
    }
    let used = store.rotate_session(&rotation(&used)).await.unwrap();
    let at = |time| session(3 + u128::try_from(Timestamp::as_millis(time)).unwrap(), time);
    store.insert_session(&at(NOW + HOUR)).await.unwrap();
    assert_eq!(store.get_session(idle.id).await.unwrap(), None);
    assert_eq!(store.get_session(used.id).await.unwrap().as_ref(), Some(&used));
    store.insert_session(&at(used.idle_expire_time)).await.unwrap();
    assert_eq!(store.get_session(used.id).await.unwrap(), None);
    assert_eq!(lengths(&store).await, [2; 4]);
}

/// Where nobody has an e-mail the next one's record is read, and what that holds is no matter.
#[tokio::test]
async fn a_damaged_record_harms_nobody_whose_email_comes_before_it() {
    let place = EmbeddedTest::new();
    let store = EmbeddedStore::new(place.open()).await.unwrap();
    let [ada, bob] = ["ada@example.com", "bob@example.com"].map(|email| Email::parse(email).unwrap());
    assert_eq!(store.find_admin(&ada).await.unwrap(), None, "nobody at all");
    let credentials = Credentials {
        email: bob.clone(),
        password_hash: PasswordHash::from_stored("x".to_owned()),
    };
    let id = AdminId::from_uuid(Uuid::from_u128(7));
    let admin = Admin::new(id, Affiliation::OPERATOR, AdminState::Active(credentials), NOW);
    store.insert_admin(&admin).await.unwrap();
    let damaged = store.database.write(|transaction| {
        let mut admins = transaction.open_table(ADMINS)?;
        admins.insert(7, b"damaged".as_slice())?;
        Ok(())
    });
    damaged.await.unwrap();
    assert_eq!(store.find_admin(&ada).await.unwrap(), None);
    assert!(store.find_admin(&bob).await.is_err());
}
