//! What a server asks of its store when it starts.

use futures::future::join_all;

use super::fixture::*;
use crate::key::SigningKey;

pub(super) async fn the_store_answers(backend: Backend) {
    backend.store.ping().await.unwrap();
}

pub(super) async fn two_starters_get_one_signing_key(backend: Backend) {
    let candidates: Vec<SigningKey> = (0..8).map(|_| SigningKey::generate(NOW).unwrap()).collect();
    let stores = [&backend.store, &backend.replica].into_iter().cycle();
    let keys = join_all(
        candidates
            .iter()
            .zip(stores)
            .map(|(key, store)| store.signing_key_or_insert(key)),
    )
    .await;
    let first = keys[0].as_ref().unwrap();
    assert!(candidates.contains(first));
    assert!(keys.iter().all(|key| key.as_ref().unwrap() == first));
    let late = SigningKey::generate(LATER).unwrap();
    assert_eq!(&backend.store.signing_key_or_insert(&late).await.unwrap(), first);
}
