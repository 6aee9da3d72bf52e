//! Damage between the two services: admins, gates, handles.

use auth_service::domain::{Affiliation, GateState as AuthGate};
use org_service::domain::Organization;
use redb::ReadableTable;
use tenantry_common::store::error::StoreError;
use tenantry_proto::{
    auth::v1::{GateState, SetOrganizationGateRequest},
    organization::v1::FindingKind,
};

use super::{Inspector, in_use};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    an_admin_without_organization_is_found,
    an_organization_without_owner_is_found,
    a_gate_that_disagrees_is_set_as_the_state_wants_it,
    a_gate_that_has_seen_a_newer_change_is_left_to_people,
    admins_of_a_purged_organization_are_purged_again,
    a_handle_that_two_hold_is_found,
}

/// Moves the gate behind org-service's back.
async fn sets_gate(inspector: &Inspector, organization: &Organization, epoch: i64, state: GateState) {
    let request = SetOrganizationGateRequest {
        organization_id: organization.id.to_string(),
        epoch,
        state: state.into(),
    };
    let mut provisioning = inspector.platform.provisioning().await;
    let set = provisioning.set_organization_gate(with_credential(request)).await;
    set.expect("the gate moves");
}

async fn an_admin_without_organization_is_found(place: Place) {
    let inspector = Inspector::new(place).await;
    let (acme, globex) = (
        inspector.organization("Acme").await,
        inspector.organization("Globex").await,
    );
    let ground = &inspector.platform.ground;
    ground.drop_collection(&in_use("acme")).await;
    ground.remove(&acme.id.to_string()).await;
    let finding = inspector.only_finding().await;
    assert_eq!(
        (finding.kind(), finding.repairable),
        (FindingKind::AdminWithoutOrganization, false)
    );
    assert_eq!(finding.organization_id, acme.id.to_string());
    assert_eq!(
        (finding.admin_id, finding.etag),
        (acme.admin_id.to_string(), String::new())
    );
    // The last one, after which auth-service is asked to the end.
    ground.drop_collection(&in_use("globex")).await;
    ground.remove(&globex.id.to_string()).await;
    assert_eq!(inspector.kinds().await.len(), 2);
}

async fn an_organization_without_owner_is_found(place: Place) {
    let mut inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let platform = &mut inspector.platform;
    platform
        .in_auth_store(async |store| store.purge_admins(acme.id, START).await.unwrap())
        .await;
    inspector.finds(FindingKind::OwnerMissing, &acme, false).await;
}

async fn a_gate_that_disagrees_is_set_as_the_state_wants_it(place: Place) {
    let inspector = Inspector::new(place).await;
    let (platform, operator) = (&inspector.platform, inspector.platform.operator().await);
    let acme = inspector.organization("Acme").await;
    sets_gate(&inspector, &acme, acme.epoch, GateState::Suspended).await;
    inspector.finds(FindingKind::GateDisagrees, &acme, true).await;
    assert!(platform.login(&email_of("Acme"), PASSWORD).await.is_err());
    let actions = inspector.mends(&acme).await;
    assert!(
        actions.iter().any(|action| action.contains("OPEN")),
        "{actions:?}"
    );
    platform.login(&email_of("Acme"), PASSWORD).await.unwrap();
    inspector.assert_sound(&[&acme]).await;

    let id = acme.id.to_string();
    for change in ["suspend", "delete"] {
        match change {
            "suspend" => platform.suspend(&operator, &id).await.unwrap(),
            _ => platform.delete(&operator, &id).await.unwrap(),
        };
        platform.clock.advance(std::time::Duration::from_secs(900));
        let record = platform.record(&id).await;
        sets_gate(&inspector, &record, record.epoch, GateState::Open).await;
        inspector.finds(FindingKind::GateDisagrees, &acme, true).await;
        inspector.mends(&acme).await;
        assert!(platform.login(&email_of("Acme"), PASSWORD).await.is_err());
        inspector.assert_sound(&[&acme]).await;
    }
}

async fn a_gate_that_has_seen_a_newer_change_is_left_to_people(place: Place) {
    let inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    sets_gate(&inspector, &acme, acme.epoch + 3, GateState::Suspended).await;
    inspector.finds(FindingKind::GateDisagrees, &acme, false).await;
    inspector.halts(&acme).await;
    inspector.finds(FindingKind::OperationHalted, &acme, false).await;
}

async fn admins_of_a_purged_organization_are_purged_again(place: Place) {
    let wishes = Wishes {
        retention: "0s",
        ..Default::default()
    };
    let mut inspector = Inspector::of(Platform::start_with(place, wishes).await).await;
    let acme = inspector.organization("Acme").await;
    let operator = inspector.platform.operator().await;
    inspector
        .platform
        .delete(&operator, &acme.id.to_string())
        .await
        .unwrap();
    inspector
        .platform
        .clock
        .advance(std::time::Duration::from_secs(3_600));
    inspector.assert_sound(&[&acme]).await;
    // An admin comes back, as from a backup of auth-service's store.
    let globex = inspector.organization("Globex").await;
    let platform = &mut inspector.platform;
    platform
        .in_auth_store(async |store| {
            let mut admin = store.get_admin(globex.admin_id).await.unwrap().unwrap();
            admin.id = tenantry_common::id::AdminId::from_uuid(uuid::Uuid::from_u128(77));
            admin.affiliation = Affiliation::owner_of(acme.id);
            store.purge_admins(globex.id, START).await.unwrap();
            store.insert_admin(&admin).await.unwrap();
            let gate = store.get_gate(acme.id).await.unwrap().unwrap();
            assert_eq!(gate.state, AuthGate::Purged);
        })
        .await;
    let findings = inspector.findings().await;
    let found: Vec<_> = findings
        .iter()
        .map(|found| (found.kind(), found.repairable))
        .collect();
    let expected = [
        (FindingKind::AdminWithoutOrganization, true),
        (FindingKind::OwnerMissing, false),
    ];
    assert_eq!(found, expected);
    inspector.mends(&acme).await;
    inspector.finds(FindingKind::OwnerMissing, &globex, false).await;
}

async fn a_handle_that_two_hold_is_found(place: Place) {
    let inspector = Inspector::new(place).await;
    let ground = &inspector.platform.ground;
    let (bolt, acme) = (
        inspector.organization("Bolt").await,
        inspector.organization("Acme").await,
    );
    match (ground.mongo(), ground.embedded()) {
        (Some(database), _) => {
            let records = database.collection::<mongodb::bson::Document>("organizations");
            records.drop_index("organizations_handle").await.unwrap();
            // Their collections could not be told apart by name: this one stays where it is.
            let mut second = bolt.clone();
            second.handles[0].handle = acme.handle.clone();
            ground.put(&second).await;
        }
        (_, Some(store)) => {
            let id = bolt.id.as_uuid().as_u128();
            let write = move |transaction: &redb::WriteTransaction| {
                let table = redb::TableDefinition::<u128, &[u8]>::new("organizations");
                let mut records = transaction.open_table(table)?;
                let before = records.get(id)?.map(|bytes| bytes.value().to_vec());
                let changed = replaced(
                    &before.unwrap_or_default(),
                    b"\"handle\":\"bolt\",\"rest",
                    b"\"handle\":\"acme\",\"rest",
                );
                records.insert(id, changed.as_slice())?;
                Ok::<_, StoreError>(())
            };
            let written = store.beside(async |database| database.write(write).await).await;
            written.unwrap();
        }
        (None, None) => unreachable!("it is on one of them"),
    }
    let findings = inspector.findings().await;
    let twice: Vec<_> = findings
        .iter()
        .filter(|found| found.kind() == FindingKind::HandleHeldTwice)
        .collect();
    assert!(!twice.is_empty(), "{findings:#?}");
    for finding in twice {
        assert_eq!((finding.handle.as_str(), finding.repairable), ("acme", false));
        assert!(
            [acme.id, bolt.id]
                .iter()
                .any(|id| finding.organization_id == id.to_string())
        );
        let text = &finding.description;
        assert!(
            text.contains(&acme.id.to_string()) && text.contains(&bolt.id.to_string()),
            "{text}"
        );
    }
}

/// The bytes with another text, as long as the first, in its one place.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert_eq!(at.len(), 1, "{}", String::from_utf8_lossy(bytes));
    [&bytes[..at[0]], to, &bytes[at[0] + from.len()..]].concat()
}
