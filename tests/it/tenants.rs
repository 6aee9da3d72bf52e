//! Every call × every field that names something × somebody else's value: generated from the descriptors, so that a
//! new call is covered as soon as it is there.

mod fields;
mod scene;

use prost_reflect::MethodDescriptor;

use self::{
    fields::{Names, Path},
    scene::{Answer, Scene, unlike},
};
use crate::requests::{methods, platform::Caller};

/// Answers to values that are taken: uniqueness cannot be kept without telling.
const TAKEN: [&str; 3] = ["HANDLE_TAKEN", "EMAIL_TAKEN", "REQUEST_ID_REUSED"];

/// What one caller is answered for another tenant's value, and for one of the same kind that nobody has.
async fn both(
    scene: &Scene,
    caller: Caller,
    method: &MethodDescriptor,
    path: &Path,
    theirs: &str,
) -> [Answer; 2] {
    let nobodys = unlike(theirs);
    let mut answers = Vec::new();
    for value in [theirs, &nobodys] {
        let body = scene.body(method, path, value);
        let answer = scene.answer(caller, method, body).await;
        answers.push(answer.without(value, theirs));
    }
    answers.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "what was covered")]
async fn another_tenants_value_in_any_field_of_any_call_answers_like_nobodys() {
    let scene = Scene::start().await;
    let before = scene.state_of_the_other().await;
    let (mut compared, mut claimed) = (Vec::new(), Vec::new());
    for method in methods() {
        for (path, names) in fields::named(&method.input()) {
            let case = format!("{} {path}", method.full_name());
            let Some(theirs) = scene.value_of_the_other(&names) else {
                continue;
            };
            if names == Names::Claim {
                let theirs = scene.claim_of_the_other(&path);
                let answer = scene
                    .answer(Caller::Owner, &method, scene.body(&method, &path, &theirs))
                    .await;
                assert!(answer.is_refusal(), "{case}: {answer:?}");
                assert_eq!(
                    answer.told_of(&scene.other, &theirs),
                    Vec::<String>::new(),
                    "{case}: {answer:?}"
                );
                claimed.push((case, answer.reason()));
            } else {
                for caller in [Caller::Owner, Caller::Nobody] {
                    let [theirs, nobodys] = both(&scene, caller, &method, &path, &theirs).await;
                    assert_eq!(theirs, nobodys, "{case} as {caller:?}");
                }
                compared.push(case);
            }
            assert_eq!(scene.state_of_the_other().await, before, "{}", path);
            assert!(scene.owner_may_call().await, "{path}: the caller is out");
        }
    }
    println!("compared: {compared:#?}\nclaimed: {claimed:#?}");
    assert!(compared.len() > 30, "{compared:?}");
    assert!(
        claimed.iter().any(|(_, reason)| TAKEN.contains(&reason.as_str())),
        "{claimed:?}"
    );
}

/// That the comparison notices something: operators may know everybody, and are told them apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_know_of_it_is_answered_differently() {
    let scene = Scene::start().await;
    for (name, caller) in [
        ("GetOrganization", Caller::Operator),
        ("UpdateOrganization", Caller::Operator),
        ("SetAdminPassword", Caller::Operator),
        ("GetPreparedAdmin", Caller::Service),
        ("RepairOrganization", Caller::Operator),
    ] {
        let method = methods()
            .into_iter()
            .find(|method| method.name() == name)
            .unwrap();
        let (path, names) = fields::named(&method.input()).into_iter().next().unwrap();
        let theirs = scene.value_of_the_other(&names).unwrap();
        let [theirs, nobodys] = both(&scene, caller, &method, &path, &theirs).await;
        assert_ne!(theirs, nobodys, "{name} {path}");
    }
    // And an owner of the own.
    let method = methods()
        .into_iter()
        .find(|method| method.name() == "GetOrganization")
        .unwrap();
    for (path, names) in fields::named(&method.input()) {
        let own = scene.own_value(&names);
        let answer = scene
            .answer(Caller::Owner, &method, scene.body(&method, &path, &own))
            .await;
        assert!(!answer.is_refusal(), "{path}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_hold_nothing_of_another_tenant() {
    let scene = Scene::start().await;
    let mut lists = 0;
    for method in methods() {
        if method.name().starts_with("List") || method.name().starts_with("Get") {
            lists += 1;
            let answer = scene.answer(Caller::Owner, &method, Vec::new()).await;
            assert_eq!(
                answer.told_of(&scene.other, ""),
                Vec::<String>::new(),
                "{}: {answer:?}",
                method.name()
            );
        }
    }
    assert!(lists >= 5, "{lists}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_of_the_platform_refuse_an_owner_in_every_case() {
    let scene = Scene::start().await;
    let mut refused = 0;
    for method in methods() {
        let reason = match method.parent_service().name() {
            "AdminProvisioningService" => "PERMISSION_DENIED",
            "MaintenanceService" => "PERMISSION_DENIED",
            _ => continue,
        };
        let mut bodies = vec![Vec::new()];
        for (path, names) in fields::named(&method.input()) {
            bodies.push(scene.body(&method, &path, &scene.own_value(&names)));
        }
        for body in bodies {
            let answer = scene.answer(Caller::Owner, &method, body).await;
            assert_eq!(answer.reason(), reason, "{}", method.full_name());
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused}");
}
