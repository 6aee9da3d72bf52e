//! Documents that this version did not write.

use super::*;

#[tokio::test]
async fn a_document_without_a_state_before_delete_is_read() {
    let Some(Fixture { store, _test }) = fixture().await else {
        return;
    };
    let deleted = Organization {
        state: State::Deleted,
        state_before_delete: Some(State::Suspended),
        ..provisioning()
    };
    store.insert(&deleted, None).await.unwrap();
    let documents = store.database.collection::<Document>("organizations");
    let document = documents.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(document.get_str("state_before_delete").unwrap(), "SUSPENDED");
    let strip = doc! { "$unset": { "state_before_delete": "" } };
    documents.update_one(doc! {}, strip).await.unwrap();
    let expected = Organization {
        state_before_delete: None,
        ..deleted
    };
    assert_eq!(store.get(expected.id).await.unwrap(), Some(expected));
}

/// Where the index is missing, or was not unique.
#[tokio::test]
async fn two_holders_of_one_handle_are_both_told_of() {
    let Some(Fixture { store, _test }) = fixture().await else {
        return;
    };
    let [one, two] = [provisioning(), provisioning()];
    store.insert(&one, None).await.unwrap();
    store.organizations.drop_index(HANDLE_INDEX.0).await.unwrap();
    store.insert(&two, None).await.unwrap();
    let mut holders = store.holders(std::slice::from_ref(&one.handle)).await.unwrap();
    holders.sort();
    let mut expected = [(one.handle, one.id), (two.handle, two.id)];
    expected.sort();
    assert_eq!(holders, expected);
}

#[tokio::test]
async fn a_document_that_is_no_record_is_corrupt() {
    let Some(Fixture { store, _test }) = fixture().await else {
        return;
    };
    let documents = store.database.collection::<Document>("organizations");
    let id = OrganizationId::from_uuid(SystemIds.uuid_v4());
    let document = doc! { "_id": bson_uuid(id.as_uuid()), "name": "secret" };
    documents.insert_one(document).await.unwrap();
    let error = store.get(id).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert!(!error.to_string().contains("secret"));
}

#[tokio::test]
async fn a_document_that_is_no_record_keeps_nothing_else_waiting() {
    let Some(Fixture { store, _test }) = fixture().await else {
        return;
    };
    let waiting = store.insert(&provisioning(), None).await.unwrap();
    let documents = store.database.collection::<Document>("organizations");
    let id = bson_uuid(&SystemIds.uuid_v4());
    let document = doc! { "_id": id, "operation": { "kind": "UNHEARD_OF" } };
    documents.insert_one(document).await.unwrap();
    let found = store
        .find_due(Due::Operation, waiting.create_time, 9)
        .await
        .unwrap();
    assert_eq!(found, [waiting]);
}
