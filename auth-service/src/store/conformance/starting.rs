//! What a server asks of its store when it starts.

use tenantry_common::id::SystemIds;

use super::fixture::*;
use crate::{domain::StoredKey, store::KeyName};

pub(super) async fn the_store_answers(backend: Backend) {
    backend.store.ping().await.unwrap();
}

pub(super) async fn all_starters_get_one_key_of_each_name(backend: Backend) {
    let mut kept = Vec::new();
    for name in [KeyName::AccessToken, KeyName::RefreshToken] {
        let candidates: Vec<StoredKey> = (0..8)
            .map(|_| match name {
                KeyName::AccessToken => StoredKey::generate_ed25519(NOW).unwrap(),
                KeyName::RefreshToken => StoredKey::generate_symmetric(NOW, &SystemIds),
            })
            .collect();
        let starters = candidates.clone().into_iter().zip(backend.in_turn(8));
        let keys = at_once(
            starters.map(|(key, store)| async move { store.key_or_insert(name, &key).await.unwrap() }),
        )
        .await;
        assert!(candidates.contains(&keys[0]));
        assert!(keys.iter().all(|key| *key == keys[0]));
        kept.push((name, keys[0].clone()));
    }
    assert_ne!(kept[0].1, kept[1].1);
    let late = StoredKey::generate_symmetric(LATER, &SystemIds);
    for (name, key) in kept {
        for store in backend.in_turn(2) {
            assert_eq!(store.key_or_insert(name, &late).await.unwrap(), key);
        }
    }
}
