//! Operations that nobody drives, and halted ones.

use std::time::Duration;

use org_service::{
    domain::{HaltReason, Handle, Organization, OrganizationName, State},
    lifecycle,
};
use tenantry_proto::organization::v1::{
    FindingKind, RepairOrganizationRequest, repair_organization_request::Target,
};
use tonic::Code;
use tonic_types::StatusExt;

use super::{Inspector, in_use};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    an_operation_is_found_after_thirty_seconds_and_driven,
    a_halted_operation_is_found_at_once_and_goes_on_once_its_cause_is_gone,
    a_halt_ends_before_its_operation_goes_on,
    an_operation_that_somebody_else_drives_is_left_to_it,
    what_a_stalled_operation_left_behind_is_repaired_too,
    a_create_that_nobody_drove_is_rolled_back,
    a_repair_of_what_is_nowhere_says_so,
}

const LONGER_THAN_ALLOWED: Duration = Duration::from_secs(31);

fn renaming(inspector: &Inspector, organization: &Organization) -> Organization {
    let name = OrganizationName::parse("Bolt").unwrap();
    let handle = Handle::parse("bolt").unwrap();
    let accepted = inspector.platform.ground.accepted();
    lifecycle::rename(
        organization,
        name,
        (handle, false),
        organization.labels.clone(),
        accepted,
    )
}

async fn an_operation_is_found_after_thirty_seconds_and_driven(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let (ground, clock) = (&inspector.platform.ground, &inspector.platform.clock);
    ground.put(&renaming(&inspector, &acme)).await;
    assert_eq!(inspector.findings().await, []);
    clock.advance(LONGER_THAN_ALLOWED);
    let finding = inspector.finds(FindingKind::OperationStalled, &acme, true).await;
    assert!(finding.description.contains("RENAME"), "{finding:#?}");
    let actions = inspector.mends(&acme).await;
    let expected = [
        "took over the RENAME that was under way",
        "moved collection org_acme to org_bolt",
        "brought the RENAME to its end",
    ];
    assert_eq!(actions, expected);
    assert_eq!(ground.record(&acme.id.to_string()).await.handle.as_str(), "bolt");
    inspector.assert_at_home(&acme).await;
    inspector.assert_sound(&[&acme]).await;
    clock.advance(Duration::from_secs(3_600));
    inspector.assert_sound(&[&acme]).await;
}

async fn a_halted_operation_is_found_at_once_and_goes_on_once_its_cause_is_gone(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let ground = &inspector.platform.ground;
    ground.rename_collection(&in_use("acme"), &in_use("copy")).await;
    ground
        .collection(&in_use("acme"), acme.full_stamp().unwrap())
        .await;
    let halted = lifecycle::halt(&renaming(&inspector, &acme), HaltReason::CollectionTwice);
    ground.put(&halted).await;
    let finding = inspector.finds(FindingKind::OperationHalted, &acme, false).await;
    assert!(finding.description.contains("RENAME"), "{finding:#?}");
    inspector.halts(&acme).await;
    ground.drop_collection(&in_use("copy")).await;
    inspector.finds(FindingKind::OperationHalted, &acme, true).await;
    let actions = inspector.mends(&acme).await;
    assert!(
        actions[0].contains("RENAME") && actions[0].contains("halted"),
        "{actions:?}"
    );
    inspector.assert_at_home(&acme).await;
    inspector.assert_sound(&[&acme]).await;
}

async fn a_halt_ends_before_its_operation_goes_on(place: Place) {
    let mut inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let id = acme.id.to_string();
    let suspending = lifecycle::suspend(&acme, inspector.platform.ground.accepted());
    let halted = lifecycle::halt(&suspending, HaltReason::AdminRefused);
    inspector.platform.ground.put(&halted).await;
    // Nobody sets the gate: whoever drives next, should this driver die, must find an operation that is not halted.
    inspector.platform.auth_server.take().unwrap().stop().await;
    let request = with_credential(RepairOrganizationRequest {
        target: Some(Target::Id(id.clone())),
    });
    let mut client = inspector.client.clone();
    let repair = tokio::spawn(async move { client.repair_organization(request).await });
    eventually("the halt ends", async || {
        inspector.platform.record(&id).await.halted().is_none()
    })
    .await;
    assert!(inspector.platform.record(&id).await.operation.is_some());
    repair.abort();
}

async fn an_operation_that_somebody_else_drives_is_left_to_it(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let ground = &inspector.platform.ground;
    let planted = ground
        .put_leased(&renaming(&inspector, &acme), Duration::from_secs(3_600))
        .await;
    // Where the store is slow a call may come to its deadline before it can be told.
    eventually("it is told that somebody drives", async || {
        let mut request = with_credential(RepairOrganizationRequest {
            target: Some(Target::Id(acme.id.to_string())),
        });
        request.set_timeout(Duration::from_secs(4));
        let busy = inspector.client.clone().repair_organization(request).await;
        let status = busy.expect_err("somebody else drives");
        let told = status.get_details_error_info();
        told.is_some_and(|info| info.reason == "OPERATION_IN_PROGRESS" && status.code() == Code::Unavailable)
    })
    .await;
    let after = ground.record(&acme.id.to_string()).await;
    assert_eq!((after.fence, after.operation), (planted.fence, planted.operation));
}

async fn what_a_stalled_operation_left_behind_is_repaired_too(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let ground = &inspector.platform.ground;
    // A RESUME moves no collection: after it, the look finds what it did not see to.
    ground
        .rename_collection(&in_use("acme"), &in_use("elsewhere"))
        .await;
    ground.put(&lifecycle::suspend(&acme, ground.accepted())).await;
    let actions = inspector.mends(&acme).await;
    let ended: Vec<_> = actions
        .iter()
        .filter(|action| action.starts_with("brought"))
        .collect();
    assert_eq!(
        ended,
        ["brought the SUSPEND to its end", "brought the REPAIR to its end"]
    );
    assert_eq!(ground.record(&acme.id.to_string()).await.state, State::Suspended);
    inspector.assert_at_home(&acme).await;
    inspector.assert_sound(&[&acme]).await;
}

async fn a_create_that_nobody_drove_is_rolled_back(place: Place) {
    let inspector = Inspector::new(place).await;
    let ground = &inspector.platform.ground;
    let intent = ground.put(&ground.provisioning("Acme")).await;
    inspector.platform.clock.advance(LONGER_THAN_ALLOWED);
    inspector
        .finds(FindingKind::OperationStalled, &intent, true)
        .await;
    inspector.mends(&intent).await;
    assert_eq!(ground.record(&intent.id.to_string()).await.state, State::Aborted);
    inspector.assert_sound(&[&intent]).await;
    inspector.organization("Acme").await;
}

async fn a_repair_of_what_is_nowhere_says_so(place: Place) {
    let inspector = Inspector::new(place).await;
    let nobody = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".to_owned();
    for target in [
        Target::Id(nobody),
        Target::CollectionName("org_nobody".to_owned()),
    ] {
        let missing = inspector.repair(target).await;
        refused(missing, Code::NotFound, "ORGANIZATION_NOT_FOUND");
    }
}
