//! What an admin may do about sessions: see them, end this one, another, or all.

use std::time::Duration;

use tenantry_proto::auth::v1::{
    GetCurrentAdminRequest, ListSessionsRequest, LoginRequest, LoginResponse, LogoutRequest,
    RevokeAllSessionsRequest, RevokeSessionRequest, Session,
};
use tonic::{Code, Request, Status};

use crate::harness::{
    PASSWORD, Person, Place, Server, bearer, for_each_backend, refusal, revoked, with_metadata,
};

for_each_backend! {
    sessions_are_listed_with_what_is_known_of_them
    logging_out_ends_one_session_and_may_be_repeated
    a_token_whose_time_is_over_still_logs_out
    a_revoked_session_is_gone_and_the_others_stay
    somebody_elses_session_cannot_be_revoked
    all_sessions_end_at_once_or_all_but_the_one_that_asks
    ended_sessions_are_not_listed
}

async fn list(server: &Server, token: &str) -> Result<Vec<Session>, Status> {
    let listed = server
        .auth()
        .list_sessions(bearer(ListSessionsRequest {}, token))
        .await;
    listed.map(|answer| answer.into_inner().sessions)
}

async fn log_out(server: &Server, token: &str) -> Result<(), Status> {
    server
        .auth()
        .logout(bearer(LogoutRequest {}, token))
        .await
        .map(drop)
}

async fn revoke(server: &Server, token: &str, session_id: &str) -> Result<(), Status> {
    let session_id = session_id.to_owned();
    let request = bearer(RevokeSessionRequest { session_id }, token);
    server.auth().revoke_session(request).await.map(drop)
}

async fn revoke_all(server: &Server, token: &str, keep_current: bool) -> Result<(), Status> {
    let request = bearer(RevokeAllSessionsRequest { keep_current }, token);
    server.auth().revoke_all_sessions(request).await.map(drop)
}

/// That neither of a login's tokens is good for anything.
async fn assert_ended(server: &Server, login: &LoginResponse) {
    assert_eq!(refusal(server.validate(&login.access_token).await), revoked());
    assert_eq!(refusal(server.refresh(&login.refresh_token).await), revoked());
    let current = bearer(GetCurrentAdminRequest {}, &login.access_token);
    assert_eq!(refusal(server.auth().get_current_admin(current).await), revoked());
}

async fn assert_alive(server: &Server, login: &LoginResponse) {
    assert!(server.validate(&login.access_token).await.is_ok());
}

async fn sessions_are_listed_with_what_is_known_of_them(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let message = LoginRequest {
        email: ada.email.clone(),
        password: PASSWORD.to_owned(),
    };
    let request: Request<LoginRequest> = with_metadata(message, &[("x-forwarded-for", "203.0.113.9")]);
    let first = server.auth().login(request).await.unwrap().into_inner();
    server.clock.advance(Duration::from_secs(60));
    let second = server.logged_in(&ada).await;
    server.clock.advance(Duration::from_secs(60));
    server.refresh(&first.refresh_token).await.unwrap();

    let sessions = list(&server, &second.access_token).await.unwrap();
    let [older, newer] = sessions.as_slice() else {
        panic!("{sessions:?}");
    };
    let seconds = |time: Option<prost_types::Timestamp>| time.unwrap().seconds;
    assert_eq!((older.current, newer.current), (false, true));
    assert_eq!(seconds(newer.create_time) - seconds(older.create_time), 60);
    assert_eq!(seconds(older.last_used_time) - seconds(older.create_time), 120);
    assert_eq!(newer.last_used_time, newer.create_time);
    assert_eq!(
        newer.idle_expire_time, second.refresh_expire_time,
        "what the refresh token was told"
    );
    assert!(seconds(newer.expire_time) > seconds(newer.idle_expire_time));
    for session in [older, newer] {
        assert_eq!(
            session.peer, "127.0.0.1",
            "nobody in front is trusted, so a header names nobody"
        );
        assert!(session.user_agent.starts_with("tonic/"), "{session:?}");
    }
}

async fn logging_out_ends_one_session_and_may_be_repeated(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let (first, second) = (server.logged_in(&ada).await, server.logged_in(&ada).await);
    log_out(&server, &first.access_token).await.unwrap();
    assert_ended(&server, &first).await;
    assert_alive(&server, &second).await;
    log_out(&server, &first.access_token).await.unwrap();
    let invalid = (Code::Unauthenticated, "TOKEN_INVALID".to_owned());
    for token in ["a.b.c", &first.refresh_token, &format!("{}x", first.access_token)] {
        assert_eq!(refusal(log_out(&server, token).await), invalid);
    }
    let missing = server.auth().logout(LogoutRequest {}).await;
    assert_eq!(refusal(missing).1, "TOKEN_MISSING");
}

async fn a_token_whose_time_is_over_still_logs_out(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let login = server.logged_in(&ada).await;
    server.clock.advance(Duration::from_secs(3_600));
    log_out(&server, &login.access_token).await.unwrap();
    assert_eq!(refusal(server.refresh(&login.refresh_token).await), revoked());
}

async fn a_revoked_session_is_gone_and_the_others_stay(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let first = server.logged_in(&ada).await;
    server.clock.advance(Duration::from_millis(1));
    let second = server.logged_in(&ada).await;
    let oldest = list(&server, &second.access_token).await.unwrap().remove(0);
    for _ in 0..2 {
        revoke(&server, &second.access_token, &oldest.id).await.unwrap();
        assert_ended(&server, &first).await;
    }
    assert_alive(&server, &second).await;
    let own = list(&server, &second.access_token).await.unwrap().remove(0);
    revoke(&server, &second.access_token, &own.id).await.unwrap();
    assert_ended(&server, &second).await;
}

async fn somebody_elses_session_cannot_be_revoked(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let grace = Person::new("grace@example.com");
    server.admit(&grace).await;
    let (ada, grace) = (server.logged_in(&ada).await, server.logged_in(&grace).await);
    let hers = list(&server, &grace.access_token).await.unwrap().remove(0).id;
    revoke(&server, &ada.access_token, &hers).await.unwrap();
    assert_alive(&server, &grace).await;
    for id in ["", "x", "00000000-0000-0000-0000-000000000000"] {
        let refused = refusal(revoke(&server, &ada.access_token, id).await);
        assert_eq!(refused, (Code::InvalidArgument, "INVALID_FIELDS".to_owned()));
    }
}

async fn all_sessions_end_at_once_or_all_but_the_one_that_asks(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let grace = Person::new("grace@example.com");
    server.admit(&grace).await;
    let grace = server.logged_in(&grace).await;
    let (first, second, third) = (
        server.logged_in(&ada).await,
        server.logged_in(&ada).await,
        server.logged_in(&ada).await,
    );
    revoke_all(&server, &second.access_token, true).await.unwrap();
    assert_ended(&server, &first).await;
    assert_ended(&server, &third).await;
    assert_alive(&server, &second).await;
    let fourth = server.logged_in(&ada).await;
    revoke_all(&server, &fourth.access_token, false).await.unwrap();
    assert_ended(&server, &second).await;
    assert_ended(&server, &fourth).await;
    assert_alive(&server, &grace).await;
    assert_alive(&server, &server.logged_in(&ada).await).await;
}

async fn ended_sessions_are_not_listed(place: Place) {
    let flags = ["--token-lifetime", "10s", "--session-idle-lifetime", "100s"];
    let server = place.start_with(&flags).await;
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    server.logged_in(&ada).await;
    server.clock.advance(Duration::from_secs(100));
    let login = server.logged_in(&ada).await;
    let sessions = list(&server, &login.access_token).await.unwrap();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert!(sessions[0].current);
    // One that ends while nobody logs in: a store that clears up then has had no occasion.
    server.clock.advance(Duration::from_secs(50));
    let other = server.logged_in(&ada).await;
    server.clock.advance(Duration::from_secs(50));
    let used = server.refresh(&other.refresh_token).await.unwrap();
    let sessions = list(&server, &used.access_token).await.unwrap();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert!(sessions[0].current);
}
