//! Damage among the collections.

use org_service::domain::{CollectionName, Organization, Stamp};
use tenantry_common::id::{Ids, OrganizationId, SystemIds};
use tenantry_proto::organization::v1::{FindingKind, repair_organization_request::Target};
use tonic::Code;

use super::{Inspector, in_use, twin_of};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    an_orphan_is_found_and_set_aside_with_its_documents,
    an_orphan_with_a_strangers_stamp_is_set_aside,
    an_orphan_that_no_handle_guards_is_left_to_people,
    a_record_without_collection_is_found_and_no_empty_one_is_made,
    a_misplaced_collection_is_moved_home,
    anothers_stamp_at_home_is_found_and_both_come_home,
    an_unstamped_collection_at_home_is_set_aside_with_its_documents,
    a_twin_is_set_aside,
    two_of_the_very_stamp_are_left_to_people,
    data_of_a_purged_organization_is_never_dropped_by_a_repair,
    a_stray_is_a_notice,
}

fn nobodys() -> Stamp {
    Stamp {
        organization: OrganizationId::from_uuid(SystemIds.uuid_v4()),
        attempt: SystemIds.uuid_v4(),
    }
}

async fn an_orphan_is_found_and_set_aside_with_its_documents(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let ground = &inspector.platform.ground;
    ground.write("org_nobody", &["one", "two"]).await;
    let finding = inspector.only_finding().await;
    assert_eq!(
        (finding.kind(), finding.repairable),
        (FindingKind::CollectionOrphaned, true)
    );
    assert_eq!(
        (finding.collection_name.as_str(), finding.organization_id.as_str()),
        ("org_nobody", "")
    );
    assert_eq!(finding.etag, "");

    let actions = inspector.mends_collection(&in_use("nobody")).await;
    let stray = inspector.stray().await;
    assert!(
        actions[0].contains("org_nobody") && actions[0].contains(stray.as_str()),
        "{actions:?}"
    );
    let documents = ground.documents(stray.as_str()).await;
    assert_eq!(documents.unwrap(), ["one", "two"]);
    let notice = inspector.only_finding().await;
    assert_eq!(notice.kind(), FindingKind::CollectionSetAside);
    // The handle rests, so that nothing late lands in the next one's place.
    let mut org = inspector.platform.org.clone();
    let taken = org.create_organization(create_request("Nobody")).await;
    refused(taken, Code::AlreadyExists, "HANDLE_RESTING");
    inspector.assert_at_home(&acme).await;
}

async fn an_orphan_with_a_strangers_stamp_is_set_aside(place: Place) {
    let inspector = Inspector::new(place).await;
    inspector
        .platform
        .ground
        .collection(&in_use("nobody"), nobodys())
        .await;
    let finding = inspector.only_finding().await;
    assert_eq!(
        (finding.kind(), finding.repairable),
        (FindingKind::CollectionOrphaned, true)
    );
    inspector.mends_collection(&in_use("nobody")).await;
    assert_eq!(
        inspector.only_finding().await.kind(),
        FindingKind::CollectionSetAside
    );
    // What was set aside needs no more.
    let stray = inspector.stray().await;
    let again = inspector.repair(Target::CollectionName(stray.to_string())).await;
    assert_eq!(again.unwrap(), [""; 0]);
}

async fn an_orphan_that_no_handle_guards_is_left_to_people(place: Place) {
    let inspector = Inspector::new(place).await;
    let stamp = nobodys();
    let not_a_handle: CollectionName = "org_Not_Canonical".parse().unwrap();
    for name in [
        CollectionName::trash(stamp.organization),
        CollectionName::condemned(stamp.organization, SystemIds.uuid_v4()),
        not_a_handle,
    ] {
        inspector.platform.ground.collection(&name, stamp).await;
        let finding = inspector.only_finding().await;
        assert_eq!(
            (finding.kind(), finding.repairable),
            (FindingKind::CollectionOrphaned, false)
        );
        assert_eq!(finding.collection_name, name.to_string());
        let refusal = inspector.repair(Target::CollectionName(name.to_string())).await;
        refused(refusal, Code::FailedPrecondition, "ORGANIZATION_STATE");
        assert_eq!(inspector.platform.ground.collections().await[0].name, name);
        inspector.platform.ground.drop_collection(&name).await;
    }
}

async fn a_record_without_collection_is_found_and_no_empty_one_is_made(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let ground = &inspector.platform.ground;
    ground.drop_collection(&in_use("acme")).await;
    let finding = inspector
        .finds(FindingKind::CollectionMissing, &acme, false)
        .await;
    assert_eq!(finding.collection_name, "org_acme");
    inspector.halts(&acme).await;
    inspector.finds(FindingKind::OperationHalted, &acme, false).await;
    inspector.halts(&acme).await;

    // Brought back from a backup, with its stamp, but not quite to its place.
    ground
        .collection(&in_use("backup"), acme.full_stamp().unwrap())
        .await;
    inspector.finds(FindingKind::OperationHalted, &acme, true).await;
    let actions = inspector.mends(&acme).await;
    assert!(
        actions[0].contains("REPAIR") && actions[1].contains("org_backup"),
        "{actions:?}"
    );
    inspector.assert_at_home(&acme).await;
    inspector.assert_sound(&[&acme]).await;
}

async fn a_misplaced_collection_is_moved_home(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let ground = &inspector.platform.ground;
    for away in [
        in_use("elsewhere"),
        CollectionName::trash(acme.id),
        CollectionName::stray(SystemIds.uuid_v4()),
        CollectionName::condemned(acme.id, SystemIds.uuid_v4()),
    ] {
        ground.rename_collection(&in_use("acme"), &away).await;
        let finding = inspector
            .finds(FindingKind::CollectionMisplaced, &acme, true)
            .await;
        assert_eq!(finding.collection_name, away.to_string());
        let actions = inspector.mends_collection(&away).await;
        assert!(
            actions[0].contains(away.as_str()) && actions[0].contains("org_acme"),
            "{actions:?}"
        );
        inspector.assert_at_home(&acme).await;
        inspector.assert_sound(&[&acme]).await;
    }
}

async fn anothers_stamp_at_home_is_found_and_both_come_home(place: Place) {
    let inspector = Inspector::new(place).await;
    let (acme, globex) = (
        inspector.organization("Acme").await,
        inspector.organization("Globex").await,
    );
    let ground = &inspector.platform.ground;
    ground
        .rename_collection(&in_use("acme"), &in_use("for_a_moment"))
        .await;
    ground.rename_collection(&in_use("globex"), &in_use("acme")).await;
    let findings = inspector.findings().await;
    let of = |organization: &Organization| -> Vec<_> {
        let its = findings
            .iter()
            .filter(|found| found.organization_id == organization.id.to_string());
        its.map(|found| (found.kind(), found.collection_name.as_str()))
            .collect()
    };
    let expected = [
        (FindingKind::CollectionForeign, "org_acme"),
        (FindingKind::CollectionMisplaced, "org_for_a_moment"),
    ];
    assert_eq!(of(&acme), expected);
    assert_eq!(of(&globex), [(FindingKind::CollectionMisplaced, "org_acme")]);
    assert_eq!(findings.len(), 3, "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.repairable));
    inspector.mends(&acme).await;
    inspector
        .finds(FindingKind::CollectionMisplaced, &globex, true)
        .await;
    inspector.mends(&globex).await;
    for organization in [&acme, &globex] {
        inspector.assert_at_home(organization).await;
    }
    inspector.assert_sound(&[&acme, &globex]).await;
}

async fn an_unstamped_collection_at_home_is_set_aside_with_its_documents(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let ground = &inspector.platform.ground;
    ground
        .rename_collection(&in_use("acme"), &CollectionName::trash(acme.id))
        .await;
    ground.write("org_acme", &["a late write"]).await;
    let expected = [
        (FindingKind::CollectionForeign, true),
        (FindingKind::CollectionMisplaced, true),
    ];
    assert_eq!(inspector.kinds().await, expected);
    inspector.mends(&acme).await;
    inspector.assert_at_home(&acme).await;
    let stray = inspector.stray().await;
    assert_eq!(ground.documents(stray.as_str()).await.unwrap(), ["a late write"]);
    let notice = inspector.only_finding().await;
    assert_eq!(
        (notice.kind(), notice.collection_name),
        (FindingKind::CollectionSetAside, stray.to_string())
    );
}

async fn a_twin_is_set_aside(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let ground = &inspector.platform.ground;
    ground.collection(&in_use("twin"), twin_of(&acme)).await;
    let finding = inspector.finds(FindingKind::CollectionTwin, &acme, true).await;
    assert_eq!(finding.collection_name, "org_twin");
    inspector.mends(&acme).await;
    inspector.assert_at_home(&acme).await;
    let notice = inspector
        .finds(FindingKind::CollectionSetAside, &acme, false)
        .await;
    assert_eq!(notice.collection_name, inspector.stray().await.to_string());
}

async fn two_of_the_very_stamp_are_left_to_people(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let ground = &inspector.platform.ground;
    ground
        .collection(&in_use("copy"), acme.full_stamp().unwrap())
        .await;
    let finding = inspector
        .finds(FindingKind::CollectionDuplicated, &acme, false)
        .await;
    let named = finding.description.contains("org_acme") && finding.description.contains("org_copy");
    assert!(named, "{finding:#?}");
    inspector.halts(&acme).await;
    inspector.finds(FindingKind::OperationHalted, &acme, false).await;
    ground.drop_collection(&in_use("copy")).await;
    inspector.finds(FindingKind::OperationHalted, &acme, true).await;
    inspector.mends(&acme).await;
    inspector.assert_sound(&[&acme]).await;
}

async fn data_of_a_purged_organization_is_never_dropped_by_a_repair(place: Place) {
    let wishes = Wishes {
        retention: "0s",
        ..Default::default()
    };
    let inspector = Inspector::of(Platform::start_with(place, wishes).await).await;
    let acme = inspector.organization("Acme").await;
    let operator = inspector.platform.operator().await;
    inspector
        .platform
        .delete(&operator, &acme.id.to_string())
        .await
        .unwrap();
    inspector.assert_sound(&[&acme]).await;
    inspector
        .platform
        .clock
        .advance(std::time::Duration::from_secs(3_600));
    let ground = &inspector.platform.ground;
    let trash = CollectionName::trash(acme.id);
    ground.collection(&trash, acme.full_stamp().unwrap()).await;
    let finding = inspector.only_finding().await;
    assert_eq!(
        (finding.kind(), finding.repairable),
        (FindingKind::CollectionOrphaned, false)
    );
    assert_eq!(finding.collection_name, trash.to_string());
    let before = ground.collections().await;
    for target in [
        Target::Id(acme.id.to_string()),
        Target::CollectionName(trash.to_string()),
    ] {
        refused(
            inspector.repair(target).await,
            Code::FailedPrecondition,
            "ORGANIZATION_STATE",
        );
    }
    assert_eq!(ground.collections().await, before);
}

async fn a_stray_is_a_notice(place: Place) {
    let inspector = Inspector::new(place).await;
    let stray = CollectionName::stray(SystemIds.uuid_v4());
    inspector
        .platform
        .ground
        .write(stray.as_str(), &["lost once"])
        .await;
    let finding = inspector.only_finding().await;
    assert_eq!(
        (finding.kind(), finding.repairable),
        (FindingKind::CollectionSetAside, false)
    );
    assert_eq!(finding.collection_name, stray.to_string());
}
