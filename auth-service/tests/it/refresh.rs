//! Refresh tokens: one successor each, once more where an answer was lost, and the end of the session where it was not.

use std::{collections::HashSet, time::Duration};

use futures::future::join_all;
use tenantry_proto::auth::v1::GateState;

use crate::harness::{Person, Place, Server, for_each_backend, refusal, revoked, unauthenticated};

for_each_backend! {
    a_refresh_token_buys_the_next_pair_of_tokens
    of_many_refreshes_at_once_there_is_one_successor
    a_lost_answer_is_repeated_for_ten_seconds
    an_old_token_ends_the_session_also_after_a_restart
    idle_sessions_end_and_used_ones_live_on_to_their_absolute_end
    what_is_no_refresh_token_is_refused
    a_shut_organization_refreshes_nothing
}

/// The refresh token of a fresh login.
async fn refresh_token(server: &Server, person: &Person) -> String {
    server.logged_in(person).await.refresh_token
}

async fn a_refresh_token_buys_the_next_pair_of_tokens(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let login = server.logged_in(&ada).await;
    assert!(login.refresh_token.starts_with("rt_"));
    assert!(login.refresh_expire_time.unwrap().seconds > login.expire_time.unwrap().seconds);
    server.clock.advance(Duration::from_secs(1_800));
    let expired = refusal(server.validate(&login.access_token).await);
    assert_eq!(expired, unauthenticated("TOKEN_EXPIRED"));

    let next = server.refresh(&login.refresh_token).await.unwrap();
    assert_eq!(next.token_type, "Bearer");
    assert_ne!(next.refresh_token, login.refresh_token);
    let principal = server
        .validate(&next.access_token)
        .await
        .unwrap()
        .principal
        .unwrap();
    assert_eq!(
        (principal.admin_id, principal.expire_time),
        (ada.admin_id, next.expire_time)
    );
    let issued = principal.issue_time.unwrap().seconds;
    assert_eq!(next.expire_time.unwrap().seconds - issued, 1_800);
    assert!(server.refresh(&next.refresh_token).await.is_ok());
}

/// Rounds of one session: each token is used 64 times at once.
async fn of_many_refreshes_at_once_there_is_one_successor(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let rounds = match place {
        Place::Embedded(_) => 1_000,
        Place::Mongo(_) => 100,
    };
    let mut token = refresh_token(&server, &ada).await;
    for round in 0..rounds {
        let successors = join_all((0..64).map(|_| server.refresh(&token))).await;
        let successors: HashSet<String> = successors
            .into_iter()
            .map(|successor| successor.unwrap().refresh_token)
            .collect();
        assert_eq!(successors.len(), 1, "round {round}");
        let next = successors.into_iter().next().unwrap();
        assert!(
            next.contains(&format!(".{}.", round + 1)),
            "round {round}: {next}"
        );
        token = next;
    }
}

async fn a_lost_answer_is_repeated_for_ten_seconds(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let first = refresh_token(&server, &ada).await;
    let second = server.refresh(&first).await.unwrap();
    server.clock.advance(Duration::from_millis(9_999));
    let again = server.refresh(&first).await.unwrap();
    assert_eq!(again.refresh_token, second.refresh_token);
    assert!(server.validate(&again.access_token).await.is_ok());
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(refusal(server.refresh(&first).await), revoked());
    // Whoever was first, thief or owner, is out with the session.
    for token in [&first, &second.refresh_token] {
        assert_eq!(refusal(server.refresh(token).await), revoked());
    }
    for token in [second.access_token, again.access_token] {
        assert_eq!(refusal(server.validate(&token).await), revoked());
    }
}

async fn an_old_token_ends_the_session_also_after_a_restart(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let first = refresh_token(&server, &ada).await;
    let second = server.refresh(&first).await.unwrap().refresh_token;
    let third = server.refresh(&second).await.unwrap().refresh_token;
    let others = refresh_token(&server, &ada).await;
    server.stop().await.unwrap();

    let server = place.start().await;
    // Two behind: within ten seconds all the same.
    assert_eq!(refusal(server.refresh(&first).await), revoked());
    assert_eq!(refusal(server.refresh(&third).await), revoked());
    assert!(
        server.refresh(&others).await.is_ok(),
        "another session has nothing to do with it"
    );
}

async fn idle_sessions_end_and_used_ones_live_on_to_their_absolute_end(place: Place) {
    let flags = [
        "--token-lifetime",
        "10s",
        "--session-idle-lifetime",
        "100s",
        "--session-lifetime",
        "250s",
    ];
    let server = place.start_with(&flags).await;
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    let idle = refresh_token(&server, &ada).await;
    let mut used = refresh_token(&server, &ada).await;
    for _ in 0..2 {
        server.clock.advance(Duration::from_secs(99));
        used = server.refresh(&used).await.unwrap().refresh_token;
    }
    assert_eq!(
        refusal(server.refresh(&idle).await),
        unauthenticated("TOKEN_EXPIRED")
    );
    server.clock.advance(Duration::from_secs(47));
    let last = server.refresh(&used).await.unwrap();
    assert_eq!(
        last.refresh_expire_time, last.expire_time,
        "no token outlives the session"
    );
    server.clock.advance(Duration::from_secs(6));
    for token in [&used, &last.refresh_token] {
        assert_eq!(
            refusal(server.refresh(token).await),
            unauthenticated("TOKEN_EXPIRED")
        );
    }
}

async fn what_is_no_refresh_token_is_refused(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let login = server.logged_in(&ada).await;
    let (access, refresh) = (login.access_token, login.refresh_token);
    let elsewhere = place.another().await;
    let (other, _) = elsewhere.admitted(&[]).await;
    let invalid = unauthenticated("TOKEN_INVALID");
    assert_eq!(refusal(other.refresh(&refresh).await), invalid);
    let (session, rest) = refresh.split_once('.').unwrap();
    for token in [
        String::new(),
        access,
        refresh.replace(".0.", ".1."),
        format!("{session}.0"),
        format!("{session}x.{rest}"),
        refresh.to_uppercase(),
        "x".repeat(60_000),
    ] {
        assert_eq!(refusal(server.refresh(&token).await), invalid, "{token:.60}");
    }
    // As an access token it is nothing either.
    assert_eq!(refusal(server.validate(&refresh).await), invalid);
    assert!(server.refresh(&refresh).await.is_ok());
}

async fn a_shut_organization_refreshes_nothing(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let refresh = refresh_token(&server, &ada).await;
    server
        .gate(&ada.organization_id, GateState::Suspended, 2)
        .await
        .unwrap();
    assert_eq!(refusal(server.refresh(&refresh).await), revoked());
    server
        .gate(&ada.organization_id, GateState::Open, 3)
        .await
        .unwrap();
    assert_eq!(refusal(server.refresh(&refresh).await), revoked());
}
