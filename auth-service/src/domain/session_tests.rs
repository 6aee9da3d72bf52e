use proptest::prelude::*;
use tenantry_common::id::OrganizationId;
use uuid::Uuid;

use super::*;

const LIFETIMES: SessionLifetimes = SessionLifetimes {
    absolute: Duration::from_secs(1_000),
    idle: Duration::from_secs(100),
};
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn session(counter: i64) -> Session {
    let (expire_time, idle_expire_time) = LIFETIMES.of_new(NOW);
    Session {
        id: SessionId::from_uuid(Uuid::from_u128(1)),
        admin_id: AdminId::from_uuid(Uuid::from_u128(2)),
        affiliation: Affiliation::owner_of(OrganizationId::from_uuid(Uuid::from_u128(3))),
        email: Email::parse("ada@example.com").unwrap(),
        create_time: NOW,
        expire_time,
        idle_expire_time,
        counter,
        rotate_time: NOW,
        client: ClientInfo::default(),
    }
}

#[test]
fn a_refresh_moves_the_session_on() {
    let later = NOW + Duration::from_secs(50);
    let Refresh::Rotate(rotation) = session(7).refresh(7, later, &LIFETIMES) else {
        panic!("not rotated");
    };
    let rotated = session(7).rotated(&rotation).unwrap();
    assert_eq!((rotated.counter, rotated.rotate_time), (8, later));
    assert_eq!(rotated.idle_expire_time, NOW + Duration::from_secs(150));
    assert_eq!(rotated.expire_time, session(7).expire_time);
    assert_eq!(session(8).rotated(&rotation), None, "it is moved on from 7 alone");
}

#[test]
fn no_refresh_lengthens_a_session_beyond_its_absolute_end() {
    let mut session = session(1);
    session.idle_expire_time = session.expire_time;
    let late = NOW + Duration::from_secs(950);
    let Refresh::Rotate(rotation) = session.refresh(1, late, &LIFETIMES) else {
        panic!("not rotated");
    };
    assert_eq!(rotation.idle_expire_time, session.expire_time);
    assert_eq!(
        session.access_expire_time(late, Duration::from_secs(80)),
        session.expire_time
    );
}

#[test]
fn the_token_before_is_good_for_ten_seconds_and_then_a_theft() {
    let last_moment = NOW + GRACE - Duration::from_millis(1);
    assert_eq!(session(5).refresh(4, NOW, &LIFETIMES), Refresh::Repeat);
    assert_eq!(session(5).refresh(4, last_moment, &LIFETIMES), Refresh::Repeat);
    assert_eq!(session(5).refresh(4, NOW + GRACE, &LIFETIMES), Refresh::Reused);
}

#[test]
fn every_other_counter_ends_the_session() {
    for counter in [i64::MIN, -1, 0, 3, 6, 7, i64::MAX] {
        assert_eq!(
            session(5).refresh(counter, NOW, &LIFETIMES),
            Refresh::Reused,
            "{counter}"
        );
    }
}

#[test]
fn an_idle_session_ends() {
    let end = NOW + Duration::from_secs(100);
    assert!(!session(0).is_expired(end - Duration::from_millis(1)));
    assert!(session(0).is_expired(end));
    assert_eq!(session(0).refresh(0, end, &LIFETIMES), Refresh::Expired);
}

#[test]
fn a_stored_session_reads_back() {
    let mut session = session(3);
    session.client = ClientInfo {
        peer: Some("2001:db8::1".parse().unwrap()),
        user_agent: "grpcurl/1".to_owned(),
    };
    let text = serde_json::to_string(&session).unwrap();
    assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), session);
}

proptest! {
    #[test]
    fn a_session_never_ends_later_than_told_at_its_beginning(
        steps in proptest::collection::vec(0_u64..120, 0..40),
        absolute in 1_u64..2_000,
        idle in 1_u64..2_000,
    ) {
        let lifetimes = SessionLifetimes {
            absolute: Duration::from_secs(absolute),
            idle: Duration::from_secs(idle),
        };
        let mut session = session(0);
        (session.expire_time, session.idle_expire_time) = lifetimes.of_new(NOW);
        let end = session.expire_time;
        let mut now = NOW;
        for step in steps {
            now = now + Duration::from_secs(step);
            match session.refresh(session.counter, now, &lifetimes) {
                Refresh::Rotate(rotation) => session = session.clone().rotated(&rotation).unwrap(),
                other => {
                    prop_assert_eq!(other, Refresh::Expired);
                    prop_assert!(session.is_expired(now));
                }
            }
            prop_assert!(session.idle_expire_time <= end);
            prop_assert!(session.access_expire_time(now, Duration::from_secs(9_999)) <= end);
            prop_assert!(!session.is_expired(now) || now >= session.idle_expire_time);
        }
    }
}
