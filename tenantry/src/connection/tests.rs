//! When a call is repeated, and with which token, with attempts that are made up.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use secrecy::{ExposeSecret, SecretString};
use tenantry_common::rpc::status::Failure;

use super::*;
use crate::caller::TokenSource;

fn connection(timeout: Duration) -> Connection {
    Connection::new(Server::ORG, Server::ORG.default_url(), timeout, Caller::Nobody)
}

/// What a call gives when its attempts meet these statuses in turn, and how many attempts there were.
async fn attempts(timeout: Duration, statuses: &[Status]) -> (Result<(), CommandError>, usize) {
    let made = AtomicU32::new(0);
    let connection = connection(timeout);
    let result = connection.call((), |_, _| {
        let attempt = made.fetch_add(1, Ordering::Relaxed) as usize;
        let status = statuses.get(attempt).cloned();
        async move { status.map_or_else(|| Ok(Response::new(())), Err) }
    });
    (result.await, made.load(Ordering::Relaxed) as usize)
}

fn busy(delay: Duration) -> Status {
    Failure::new(Code::Unavailable, "OPERATION_IN_PROGRESS", "busy")
        .retry_after(delay)
        .into()
}

#[tokio::test(start_paused = true)]
async fn unavailable_is_repeated_after_the_pause_that_the_server_names() {
    let start = Instant::now();
    let (result, made) = attempts(Duration::from_secs(10), &[busy(Duration::from_secs(3))]).await;
    result.unwrap();
    assert_eq!((made, start.elapsed().as_secs()), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn repeats_end() {
    let statuses = vec![busy(Duration::from_millis(5)); 9];
    let (result, made) = attempts(Duration::from_secs(10), &statuses).await;
    assert!(matches!(
        result,
        Err(CommandError::Refused { repeated: true, .. })
    ));
    assert_eq!(made, 3);
}

#[tokio::test(start_paused = true)]
async fn no_repeat_begins_after_the_deadline() {
    let (result, made) = attempts(Duration::from_secs(1), &[busy(Duration::from_secs(3))]).await;
    assert!(matches!(
        result,
        Err(CommandError::Refused { repeated: false, .. })
    ));
    assert_eq!(made, 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final() {
    let taken = Failure::new(Code::AlreadyExists, "HANDLE_TAKEN", "taken").into();
    let (result, made) = attempts(Duration::from_secs(1), &[taken]).await;
    assert_eq!(result.unwrap_err().reason().as_deref(), Some("HANDLE_TAKEN"));
    assert_eq!(made, 1);
}

#[tokio::test(start_paused = true)]
async fn silence_is_told_with_the_url() {
    let connection = connection(Duration::from_secs(2));
    let silent = connection.call((), |_, _| async {
        std::future::pending::<()>().await;
        Ok(Response::new(()))
    });
    let error = silent.await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("org-service at http://127.0.0.1:50052 did not answer within 2s"),
        "{text}"
    );
}

/// Tokens `1`, `2`, … where each is the successor of the one before, up to `last`.
#[derive(Debug)]
struct Tokens {
    last: u32,
    current: AtomicU32,
}

#[async_trait::async_trait]
impl TokenSource for Tokens {
    async fn token(&self) -> Result<SecretString, CommandError> {
        Ok(self.current.load(Ordering::Relaxed).to_string().into())
    }

    async fn renewed(&self, refused: &SecretString) -> Result<Option<SecretString>, CommandError> {
        assert_eq!(refused.expose_secret(), self.token().await?.expose_secret());
        if self.current.load(Ordering::Relaxed) == self.last {
            return Ok(None);
        }
        self.current.fetch_add(1, Ordering::Relaxed);
        self.token().await.map(Some)
    }
}

/// What a call comes to, and the bearers that it was made with, where tokens below `good` have expired.
async fn bearers(last: u32, good: u32, reason: &'static str) -> (Result<(), CommandError>, Vec<String>) {
    let tokens = Tokens {
        last,
        current: AtomicU32::new(1),
    };
    let caller = Caller::Bearer(Arc::new(tokens));
    let connection = Connection::new(Server::ORG, Server::ORG.default_url(), PAUSE * 9, caller);
    let made = Mutex::new(Vec::new());
    let result = connection.call((), |_, request| {
        let bearer = request.metadata().get("authorization").unwrap().to_str().unwrap();
        let token: u32 = bearer.strip_prefix("Bearer ").unwrap().parse().unwrap();
        made.lock().unwrap().push(token.to_string());
        let status = Status::from(Failure::new(Code::Unauthenticated, reason, "over"));
        async move {
            if token < good {
                Err(status)
            } else {
                Ok(Response::new(()))
            }
        }
    });
    (result.await, made.into_inner().unwrap())
}

#[tokio::test]
async fn a_call_whose_token_is_over_is_made_once_more_with_the_next_one() {
    let (result, made) = bearers(9, 2, "TOKEN_EXPIRED").await;
    result.unwrap();
    assert_eq!(made, ["1", "2"]);
    let (result, made) = bearers(9, 3, "TOKEN_EXPIRED").await;
    assert_eq!(result.unwrap_err().reason().as_deref(), Some("TOKEN_EXPIRED"));
    assert_eq!(made, ["1", "2"], "once, and not for ever");
}

#[tokio::test]
async fn a_token_that_is_not_just_over_is_not_renewed() {
    let (result, made) = bearers(9, 2, "TOKEN_REVOKED").await;
    assert_eq!(result.unwrap_err().reason().as_deref(), Some("TOKEN_REVOKED"));
    assert_eq!(made, ["1"]);
    let (result, made) = bearers(1, 2, "TOKEN_EXPIRED").await;
    assert_eq!(result.unwrap_err().reason().as_deref(), Some("TOKEN_EXPIRED"));
    assert_eq!(made, ["1"]);
}
