//! Collections: created, renamed, dropped and looked at.

use futures::future::join_all;
use tenantry_common::{
    id::{Ids, SystemIds},
    store::error::StoreError,
};
use uuid::Uuid;

use super::{fixture::*, samples::*};
use crate::{domain::CollectionName, store::COLLECTION_INDEX};

pub(super) async fn a_created_collection_bears_its_stamp(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let (name, stamp) = (in_use("acme"), stamp(&organization));
    fixture
        .store
        .create_collection(fence, &name, stamp)
        .await
        .unwrap();
    assert_eq!(
        fixture.look(organization.id, &[]).await,
        [seen(&name, Some(stamp))]
    );
    assert_eq!(fixture.behind.documents(&name).await, Some(Vec::new()));
}

pub(super) async fn creating_on_a_taken_name_is_refused(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let (name, first) = (in_use("acme"), stamp(&organization));
    fixture
        .store
        .create_collection(fence, &name, first)
        .await
        .unwrap();
    let second = fixture
        .store
        .create_collection(fence, &name, stamp(&organization))
        .await;
    assert_refused(second, &[COLLECTION_INDEX]);

    let stranger = in_use("stranger");
    fixture.behind.write(&stranger, &["kept"]).await;
    let third = fixture
        .store
        .create_collection(fence, &stranger, stamp(&organization))
        .await;
    assert_refused(third, &[COLLECTION_INDEX]);
    assert_eq!(fixture.behind.documents(&stranger).await.unwrap(), ["kept"]);
    let expected = [seen(&name, Some(first)), seen(&stranger, None)];
    assert_eq!(fixture.look(organization.id, &[&stranger]).await, expected);
}

pub(super) async fn a_rename_takes_stamp_and_documents_along(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let stamp = stamp(&organization);
    let way = [
        in_use("acme"),
        in_use("acme_new"),
        CollectionName::trash(organization.id),
        CollectionName::condemned(organization.id, SystemIds.uuid_v4()),
    ];
    fixture
        .store
        .create_collection(fence, &way[0], stamp)
        .await
        .unwrap();
    fixture.behind.write(&way[0], &["a", "b", "c"]).await;
    for pair in way.windows(2) {
        fixture
            .store
            .rename_collection(fence, &pair[0], &pair[1])
            .await
            .unwrap();
        assert_eq!(
            fixture.look(organization.id, &[]).await,
            [seen(&pair[1], Some(stamp))]
        );
        assert_eq!(fixture.behind.documents(&pair[0]).await, None);
        assert_eq!(fixture.behind.documents(&pair[1]).await.unwrap(), ["a", "b", "c"]);
    }
}

pub(super) async fn renaming_a_missing_collection_is_not_found(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let (from, to) = (in_use("acme"), in_use("acme_new"));
    assert_not_found(fixture.store.rename_collection(fence, &from, &to).await);
    assert_eq!(fixture.look(organization.id, &[&from, &to]).await, []);
}

pub(super) async fn renaming_onto_a_collection_is_refused(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let (from, to, stranger) = (in_use("acme"), in_use("acme_new"), in_use("stranger"));
    let stamps = [stamp(&organization), stamp(&organization)];
    fixture
        .store
        .create_collection(fence, &from, stamps[0])
        .await
        .unwrap();
    fixture
        .store
        .create_collection(fence, &to, stamps[1])
        .await
        .unwrap();
    for (name, document) in [(&from, "mine"), (&to, "theirs"), (&stranger, "nobody's")] {
        fixture.behind.write(name, &[document]).await;
    }
    for target in [&to, &stranger] {
        assert_refused(
            fixture.store.rename_collection(fence, &from, target).await,
            &[COLLECTION_INDEX],
        );
    }
    let expected = [
        seen(&from, Some(stamps[0])),
        seen(&to, Some(stamps[1])),
        seen(&stranger, None),
    ];
    assert_eq!(fixture.look(organization.id, &[&stranger]).await, expected);
    for (name, document) in [(&from, "mine"), (&to, "theirs"), (&stranger, "nobody's")] {
        assert_eq!(fixture.behind.documents(name).await.unwrap(), [document]);
    }
}

pub(super) async fn a_collection_without_a_stamp_can_be_set_aside(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let (home, stray) = (in_use("acme"), CollectionName::stray(SystemIds.uuid_v4()));
    fixture.behind.write(&home, &["lost write"]).await;
    fixture
        .store
        .rename_collection(fence, &home, &stray)
        .await
        .unwrap();
    assert_eq!(
        fixture.look(organization.id, &[&home, &stray]).await,
        [seen(&stray, None)]
    );
    assert_eq!(fixture.behind.documents(&stray).await.unwrap(), ["lost write"]);
    let stamp = stamp(&organization);
    fixture
        .store
        .create_collection(fence, &home, stamp)
        .await
        .unwrap();
    assert_eq!(
        fixture.look(organization.id, &[]).await,
        [seen(&home, Some(stamp))]
    );
}

pub(super) async fn of_two_renames_to_one_name_one_wins(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let (sources, to) = ([in_use("one"), in_use("two")], in_use("acme"));
    for source in &sources {
        fixture
            .store
            .create_collection(fence, source, stamp(&organization))
            .await
            .unwrap();
    }
    let renames = sources
        .iter()
        .map(|from| fixture.store.rename_collection(fence, from, &to));
    let outcomes = join_all(renames).await;
    assert_one_wins(&outcomes, |error| {
        matches!(error, StoreError::AlreadyExists(COLLECTION_INDEX))
    });
    assert_eq!(fixture.look(organization.id, &[]).await.len(), 2);
}

pub(super) async fn dropping_takes_what_bears_the_name_and_nothing_else(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let (home, stamp) = (in_use("acme"), stamp(&organization));
    fixture
        .store
        .create_collection(fence, &home, stamp)
        .await
        .unwrap();
    let condemned = [1, 2].map(|number| CollectionName::condemned(organization.id, Uuid::from_u128(number)));
    for name in &condemned {
        fixture.behind.write(name, &["a"]).await;
    }
    fixture.store.drop_collection(fence, &condemned[0]).await.unwrap();
    let expected = [seen(&condemned[1], None), seen(&home, Some(stamp))];
    assert_eq!(fixture.look(organization.id, &[]).await, expected);
    assert_eq!(fixture.behind.documents(&condemned[0]).await, None);
    assert_eq!(fixture.behind.documents(&condemned[1]).await.unwrap(), ["a"]);
}

pub(super) async fn dropping_twice_is_as_good_as_once(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let name = CollectionName::condemned(organization.id, SystemIds.uuid_v4());
    fixture
        .store
        .create_collection(fence, &name, stamp(&organization))
        .await
        .unwrap();
    fixture.store.drop_collection(fence, &name).await.unwrap();
    fixture.store.drop_collection(fence, &name).await.unwrap();
    assert_eq!(fixture.look(organization.id, &[&name]).await, []);
}

pub(super) async fn a_dropped_name_comes_back_without_its_past(fixture: Fixture) {
    let (organization, fence) = fixture.driven("acme").await;
    let name = in_use("acme");
    fixture
        .store
        .create_collection(fence, &name, stamp(&organization))
        .await
        .unwrap();
    fixture.behind.write(&name, &["old"]).await;
    fixture.store.drop_collection(fence, &name).await.unwrap();
    fixture.behind.write(&name, &["late"]).await;
    assert_eq!(fixture.look(organization.id, &[&name]).await, [seen(&name, None)]);
    assert_eq!(fixture.behind.documents(&name).await.unwrap(), ["late"]);
}

pub(super) async fn a_look_reports_stamped_asked_and_condemned_collections(fixture: Fixture) {
    let (ours, our_fence) = fixture.driven("acme").await;
    let (other, their_fence) = fixture.driven("other").await;
    let [first, twin] = [stamp(&ours), stamp(&ours)];
    let theirs = [stamp(&other), stamp(&other)];
    let stray = CollectionName::stray(SystemIds.uuid_v4());
    let condemned = CollectionName::condemned(ours.id, SystemIds.uuid_v4());
    let their_condemned = CollectionName::condemned(other.id, SystemIds.uuid_v4());
    let create = [
        (our_fence, in_use("anywhere"), first),
        (our_fence, stray.clone(), twin),
        (their_fence, in_use("asked"), theirs[0]),
        (their_fence, their_condemned.clone(), theirs[1]),
    ];
    for (fence, name, stamp) in &create {
        fixture
            .store
            .create_collection(*fence, name, *stamp)
            .await
            .unwrap();
    }
    fixture.behind.write(&in_use("unasked"), &["a"]).await;
    fixture.behind.write(&condemned, &["a"]).await;

    let asked = [
        &in_use("asked"),
        &in_use("anywhere"),
        &in_use("asked"),
        &in_use("absent"),
    ];
    let expected = [
        seen(&condemned, None),
        seen(&in_use("anywhere"), Some(first)),
        seen(&in_use("asked"), Some(theirs[0])),
        seen(&stray, Some(twin)),
    ];
    assert_eq!(fixture.look(ours.id, &asked).await, expected);
    let expected = [
        seen(&their_condemned, Some(theirs[1])),
        seen(&in_use("asked"), Some(theirs[0])),
    ];
    assert_eq!(fixture.look(other.id, &[]).await, expected);
}

pub(super) async fn a_look_at_nothing_is_empty(fixture: Fixture) {
    let organization = fixture.insert(&active("acme")).await;
    assert_eq!(fixture.look(organization.id, &[&in_use("acme")]).await, []);
}
