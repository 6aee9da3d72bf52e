//! Each kind of finding about an organization that rests: what is seen, what is told, whether a repair mends it.

use super::{
    Kind, Severity,
    record::{auth_agrees, of_missing},
    samples::*,
};
use crate::{
    domain::{CollectionName, Organization, State},
    lifecycle::{self, AdminSeen, GateState},
};

#[test]
fn a_sound_organization_has_no_finding_in_any_state() {
    let suspended = ended(&lifecycle::suspend(&active("acme"), ACCEPTED));
    let renamed = lifecycle::rename(
        &active("acme"),
        active("bolt").name,
        (handle("bolt"), false),
        Default::default(),
        ACCEPTED,
    );
    let aborted = Organization {
        state: State::Aborted,
        home: None,
        handles: Vec::new(),
        ..active("acme")
    };
    for organization in [
        active("acme"),
        suspended,
        ended(&renamed),
        deleted(),
        purged(),
        aborted,
    ] {
        let mut scene = Scene::sound(organization);
        if scene.organization.state == State::Aborted {
            scene.auth.as_mut().unwrap().admins[0].state = AdminSeen::Cancelled;
        }
        assert_eq!(scene.findings(), [], "{:?}", scene.organization.state);
        let purged = scene.organization.state == State::Purged;
        assert!(purged || auth_agrees(&scene.organization, scene.auth.as_ref()));
    }
}

#[test]
fn a_collection_that_is_nowhere_is_missing() {
    let finding = only(&acme().seen(&[]));
    assert_eq!(
        (finding.kind, finding.repairable),
        (Kind::CollectionMissing, false)
    );
    assert_eq!(finding.collection, Some(in_use("acme")));
    assert_eq!((finding.organization, finding.epoch), (Some(id(10)), Some(1)));
    let trash = only(&Scene::sound(deleted()).seen(&[]));
    assert_eq!(trash.collection, Some(CollectionName::trash(id(10))));
    // One that was never made is not missed.
    let never_made = Organization {
        stamp: None,
        state_before_delete: Some(State::Provisioning),
        ..deleted()
    };
    assert_eq!(Scene::sound(never_made).seen(&[]).findings(), []);
}

#[test]
fn a_collection_elsewhere_is_misplaced() {
    for away in [
        in_use("elsewhere"),
        CollectionName::trash(id(10)),
        CollectionName::stray(ATTEMPT),
        CollectionName::condemned(id(10), ATTEMPT),
    ] {
        let finding = only(&acme().seen(&[own(&away)]));
        assert_eq!(
            (finding.kind, finding.repairable),
            (Kind::CollectionMisplaced, true)
        );
        assert_eq!(finding.collection, Some(away));
    }
}

#[test]
fn two_of_the_very_stamp_are_told_and_not_chosen_between() {
    let trash = CollectionName::trash(id(10));
    let finding = only(&acme().seen(&[own(&in_use("acme")), own(&trash)]));
    assert_eq!(
        (finding.kind, finding.repairable),
        (Kind::CollectionDuplicated, false)
    );
    assert!(
        finding.description.contains(trash.as_str()),
        "{}",
        finding.description
    );
}

#[test]
fn what_stands_in_its_place_is_foreign() {
    let home = in_use("acme");
    let elsewhere = CollectionName::stray(ATTEMPT);
    for foreign in [unstamped(&home), stamped(&home, id(99), ATTEMPT)] {
        let displaced = acme().seen(&[foreign.clone(), own(&elsewhere)]).findings();
        let expected = [(Kind::CollectionForeign, true), (Kind::CollectionMisplaced, true)];
        assert_eq!(kinds(&displaced), expected);
        assert_eq!(displaced[0].collection, Some(home.clone()));
        // While its own is nowhere a repair would halt.
        let missing = acme().seen(&[foreign]).findings();
        let expected = [(Kind::CollectionForeign, false), (Kind::CollectionMissing, false)];
        assert_eq!(kinds(&missing), expected);
    }
    let in_trash = unstamped(&CollectionName::trash(id(10)));
    let beside = only(&acme().seen(&[own(&home), in_trash]));
    assert_eq!((beside.kind, beside.repairable), (Kind::CollectionForeign, true));
}

#[test]
fn a_twin_is_told_until_it_is_set_aside() {
    let home = in_use("acme");
    let finding = only(&acme().seen(&[own(&home), twin(&in_use("bolt"))]));
    assert_eq!((finding.kind, finding.repairable), (Kind::CollectionTwin, true));
    let aside = twin(&CollectionName::stray(ATTEMPT));
    assert_eq!(acme().seen(&[own(&home), aside]).findings(), []);
    let at_home = acme().seen(&[twin(&home)]).findings();
    assert_eq!(
        kinds(&at_home),
        [(Kind::CollectionTwin, false), (Kind::CollectionMissing, false)]
    );
}

#[test]
fn what_is_left_of_a_purged_one_is_not_the_record_s_to_tell_and_never_repaired() {
    let left = Scene::sound(purged()).seen(&[own(&in_use("acme"))]);
    assert_eq!(left.findings(), []);
    let beside = left.seen(&[
        own(&CollectionName::stray(ATTEMPT)),
        unstamped(&CollectionName::trash(id(10))),
    ]);
    assert_eq!(kinds(&beside.findings()), [(Kind::CollectionForeign, false)]);
}

#[test]
fn a_gate_must_be_as_the_state_wants_it() {
    let cases = [
        (active("acme"), GateState::Suspended),
        (
            ended(&lifecycle::suspend(&active("acme"), ACCEPTED)),
            GateState::Open,
        ),
        (deleted(), GateState::Open),
        (purged(), GateState::Suspended),
    ];
    for (organization, gate) in cases {
        let epoch = organization.epoch;
        let scene = Scene::sound(organization).gate(gate, epoch);
        let finding = only(&scene);
        assert_eq!((finding.kind, finding.repairable), (Kind::GateDisagrees, true));
        assert!(!auth_agrees(&scene.organization, scene.auth.as_ref()));
    }
    let mut none = acme();
    none.auth.as_mut().unwrap().gate = None;
    assert_eq!(kinds(&none.findings()), [(Kind::GateDisagrees, true)]);
    assert!(!auth_agrees(&none.organization, None));
}

#[test]
fn a_gate_that_auth_service_would_not_move_is_not_repairable() {
    let newer = acme().gate(GateState::Suspended, 3);
    assert_eq!(kinds(&newer.findings()), [(Kind::GateDisagrees, false)]);
    let next = acme().gate(GateState::Suspended, 2);
    assert_eq!(kinds(&next.findings()), [(Kind::GateDisagrees, true)]);
    let purged = acme().gate(GateState::Purged, 1);
    assert_eq!(kinds(&purged.findings()), [(Kind::GateDisagrees, false)]);
    // The repair would halt on its way to the gate.
    let missing = acme().gate(GateState::Suspended, 1).seen(&[]);
    let expected = [(Kind::CollectionMissing, false), (Kind::GateDisagrees, false)];
    assert_eq!(kinds(&missing.findings()), expected);
}

#[test]
fn an_organization_in_use_needs_an_active_owner() {
    let suspended = Scene::sound(ended(&lifecycle::suspend(&active("acme"), ACCEPTED)));
    for sound in [acme(), suspended] {
        let mut pending = sound.clone();
        pending.auth.as_mut().unwrap().admins[0].state = AdminSeen::Pending;
        let mut viewer = sound.clone();
        viewer.auth.as_mut().unwrap().admins[0].is_owner = false;
        let mut none = sound;
        none.auth.as_mut().unwrap().admins.clear();
        for scene in [pending, viewer, none] {
            assert_eq!(kinds(&scene.findings()), [(Kind::OwnerMissing, false)]);
        }
    }
    let mut deleted = Scene::sound(deleted());
    deleted.auth.as_mut().unwrap().admins.clear();
    assert_eq!(deleted.findings(), []);
}

#[test]
fn only_an_admin_who_may_log_in_misses_an_organization() {
    let mut auth = known(&active("acme"));
    for (state, count) in [
        (AdminSeen::Active, 1),
        (AdminSeen::Pending, 1),
        (AdminSeen::Cancelled, 0),
        (AdminSeen::Absent, 0),
    ] {
        auth.admins[0].state = state;
        let findings = of_missing(&auth);
        assert_eq!(findings.len(), count, "{state:?}");
        for finding in findings {
            assert_eq!(finding.kind, Kind::AdminWithoutOrganization);
            assert_eq!(finding.admin, Some(active("acme").admin_id));
            assert_eq!((finding.organization, finding.epoch), (Some(id(10)), None));
            assert!(!finding.repairable);
        }
    }
    let mut purged = Scene::sound(purged());
    purged.auth.as_mut().unwrap().admins[0].state = AdminSeen::Active;
    assert_eq!(
        kinds(&purged.findings()),
        [(Kind::AdminWithoutOrganization, true)]
    );
    assert!(!auth_agrees(&purged.organization, purged.auth.as_ref()));
}

#[test]
fn a_handle_is_held_once() {
    let mut scene = acme();
    scene.holders.insert(handle("acme"), vec![id(10), id(12)]);
    let finding = only(&scene);
    assert_eq!((finding.kind, finding.repairable), (Kind::HandleHeldTwice, false));
    assert_eq!(finding.handle, Some(handle("acme")));
    assert!(finding.description.contains(&id(12).to_string()));
}

#[test]
fn a_stranger_is_told_what_to_do() {
    let misplaced = only(&acme().seen(&[own(&in_use("bolt"))]));
    assert!(
        misplaced
            .advice()
            .contains(&format!("`tenantry repair {}`", id(10)))
    );
    assert_eq!(misplaced.kind.severity(), Severity::Damage);
    assert_eq!(Kind::CollectionSetAside.severity(), Severity::Notice);
    let missing = only(&acme().seen(&[]));
    assert!(missing.advice().contains("backups"), "{}", missing.advice());
}
