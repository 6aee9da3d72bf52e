//! Many logins at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::future::join_all;
use tenantry_common::rpc::status::{RETRY_PUSHBACK_KEY, reason_of};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::{PASSWORD, Person, Place, for_each_backend};

for_each_backend! {
    thirty_two_logins_at_once_leave_validate_token_answering
    a_full_hashing_queue_answers_at_once_when_to_retry
}

const LOGINS: usize = 32;
/// How many answers are enough: a few for every login under way.
const ENOUGH: usize = 4 * LOGINS;

async fn thirty_two_logins_at_once_leave_validate_token_answering(place: Place) {
    let server = Arc::new(place.start_with(&["--hash-threads", "1"]).await);
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    let token = server.token(&ada).await;
    let finished = Arc::new(AtomicUsize::new(0));
    let logins: Vec<_> = (0..LOGINS)
        .map(|_| {
            let (server, finished, email) = (Arc::clone(&server), Arc::clone(&finished), ada.email.clone());
            tokio::spawn(async move {
                let login = server.login(&email, PASSWORD).await;
                finished.fetch_add(1, Ordering::SeqCst);
                login
            })
        })
        .collect();
    let mut answered = 0;
    while finished.load(Ordering::SeqCst) < LOGINS && answered < ENOUGH {
        server.validate(&token).await.unwrap();
        answered += 1;
    }
    for login in join_all(logins).await {
        login.unwrap().unwrap();
    }
    // Hashes on the threads that answer calls would leave room for a handful of answers.
    assert!(
        answered > 2 * LOGINS,
        "{answered} answers while {LOGINS} logins ran"
    );
}

async fn a_full_hashing_queue_answers_at_once_when_to_retry(place: Place) {
    let server = place
        .start_with(&["--hash-threads", "1", "--hash-queue", "2"])
        .await;
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    let outcomes = join_all((0..LOGINS).map(|_| server.login(&ada.email, PASSWORD))).await;
    let (logged_in, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert!(!logged_in.is_empty());
    assert!(refused.len() >= LOGINS / 2, "{} refused", refused.len());
    for status in refused.into_iter().map(Result::unwrap_err) {
        assert_eq!(
            (status.code(), reason_of(&status).as_deref()),
            (Code::ResourceExhausted, Some("OVERLOADED"))
        );
        assert!(status.get_details_retry_info().is_some());
        assert!(status.metadata().contains_key(RETRY_PUSHBACK_KEY));
    }
}
