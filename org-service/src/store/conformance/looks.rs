//! One look for many.

use tenantry_common::id::{Ids, SystemIds};

use super::{fixture::*, samples::*};
use crate::{
    domain::{CollectionName, Organization, Seen},
    store::Lookup,
};

fn lookup(organization: &Organization, names: &[&CollectionName]) -> Lookup {
    Lookup {
        id: organization.id,
        names: names.iter().map(|&name| name.clone()).collect(),
    }
}

async fn look_for<const N: usize>(fixture: &Fixture, wanted: [Lookup; N]) -> [Vec<Seen>; N] {
    let found = fixture.store.look_for(&wanted).await.unwrap();
    found.try_into().unwrap()
}

pub(super) async fn one_look_finds_the_collections_of_many(fixture: Fixture) {
    let (acme, acme_fence) = fixture.driven("acme").await;
    let (other, other_fence) = fixture.driven("other").await;
    let absent = active("absent");
    let unstamped = in_use("unstamped");
    let [home, twin] = [stamp(&acme), stamp(&acme)];
    let stray = CollectionName::stray(SystemIds.uuid_v4());
    let condemned = CollectionName::condemned(acme.id, SystemIds.uuid_v4());
    let abroad = stamp(&other);
    let create = [
        (acme_fence, &in_use("acme"), home),
        (acme_fence, &stray, twin),
        (other_fence, &in_use("abroad"), abroad),
    ];
    for (fence, name, stamp) in create {
        fixture.store.create_collection(fence, name, stamp).await.unwrap();
    }
    fixture.behind.write(&unstamped, &["a"]).await;
    fixture.behind.write(&condemned, &["a"]).await;

    let of_acme = [
        seen(&condemned, None),
        seen(&in_use("acme"), Some(home)),
        seen(&stray, Some(twin)),
    ];
    let of_other = [seen(&in_use("abroad"), Some(abroad))];
    let wanted = [
        lookup(&other, &[]),
        lookup(&absent, &[&in_use("absent")]),
        lookup(&acme, &[&in_use("acme")]),
        // What bears somebody else's stamp, at a name of one's own, and of two.
        lookup(&absent, &[&in_use("abroad"), &unstamped]),
        lookup(&other, &[&unstamped, &in_use("acme")]),
    ];
    let found = look_for(&fixture, wanted).await;
    assert_eq!(found[0], of_other);
    assert_eq!(found[1], []);
    assert_eq!(found[2], of_acme);
    assert_eq!(found[3], [of_other[0].clone(), seen(&unstamped, None)]);
    let expected = [of_other[0].clone(), of_acme[1].clone(), seen(&unstamped, None)];
    assert_eq!(found[4], expected);
}

pub(super) async fn who_looks_twice_is_answered_twice(fixture: Fixture) {
    let (acme, fence) = fixture.driven("acme").await;
    let (name, stamp) = (in_use("acme"), stamp(&acme));
    fixture
        .store
        .create_collection(fence, &name, stamp)
        .await
        .unwrap();
    let wanted = [lookup(&acme, &[]), lookup(&acme, &[&name, &name])];
    let once = vec![seen(&name, Some(stamp))];
    assert_eq!(look_for(&fixture, wanted).await, [once.clone(), once]);
}

pub(super) async fn what_stands_at_names_is_told(fixture: Fixture) {
    let (acme, fence) = fixture.driven("acme").await;
    let [home, twin] = [stamp(&acme), stamp(&acme)];
    let stray = CollectionName::stray(SystemIds.uuid_v4());
    for (name, stamp) in [(&in_use("acme"), home), (&stray, twin)] {
        fixture.store.create_collection(fence, name, stamp).await.unwrap();
    }
    let unstamped = in_use("unstamped");
    fixture.behind.write(&unstamped, &["a"]).await;
    let names = [
        unstamped.clone(),
        in_use("absent"),
        in_use("acme"),
        in_use("acme"),
    ];
    let expected = [seen(&in_use("acme"), Some(home)), seen(&unstamped, None)];
    assert_eq!(fixture.store.at(&names).await.unwrap(), expected);
    assert_eq!(fixture.store.at(&[]).await.unwrap(), []);
}

pub(super) async fn nobody_who_looks_gets_no_answer(fixture: Fixture) {
    fixture.behind.write(&in_use("acme"), &["a"]).await;
    assert_eq!(
        fixture.store.look_for(&[]).await.unwrap(),
        Vec::<Vec<Seen>>::new()
    );
}
