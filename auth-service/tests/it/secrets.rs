//! Whatever is logged, no secret is among it: the binary at trace level, with secrets that are looked for afterwards.

mod scene;

use std::{num::NonZeroU16, path::Path};

use auth_service::{
    domain::StoredKey,
    store::{KeyName, open},
};
use tenantry_common::testing::{self, Canaries, ManualClock, ServerProcess};
use tenantry_proto::auth::v1::{
    ChangePasswordRequest, GetCurrentAdminRequest, GetPreparedAdminRequest, ImportPasswordHashRequest,
    LoginRequest, LoginResponse, RefreshTokenRequest, SetAdminPasswordRequest, UpdateAdminRequest,
    ValidateTokenRequest, admin_provisioning_service_client::AdminProvisioningServiceClient,
    import_password_hash_request, set_admin_password_request,
};
use tonic::Code;

use self::scene::{OPERATOR, Scene};
use crate::harness::{Person, Place, bearer, for_each_backend, with_metadata};

for_each_backend! {
    nothing_that_is_logged_at_trace_level_holds_a_secret
}

/// Has the form of a bcrypt hash; no password is known to have it.
const HASH: &str = "$2b$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2";

/// Logins, and what an admin does with passwords.
async fn use_own_passwords(scene: &mut Scene, ada: &Person) {
    let mut plant = |name: &str| scene.canaries.plant(name, format!("canary {name} of Ada's"));
    let (password, wrong, next) = (plant("password"), plant("wrong password"), plant("new password"));
    let refused = plant("password with a NUL\0");
    scene.admit(ada, &password).await;
    let login = scene.login(&ada.email, &password).await;
    for tried in [&wrong, &refused] {
        let request = LoginRequest {
            email: ada.email.clone(),
            password: tried.clone(),
        };
        assert_eq!(
            scene.auth().login(request).await.unwrap_err().code(),
            Code::Unauthenticated
        );
    }
    for (current, outcome) in [(&wrong, Code::Unauthenticated), (&password, Code::Ok)] {
        let request = ChangePasswordRequest {
            current_password: current.clone(),
            new_password: next.clone(),
        };
        let changed = scene
            .auth()
            .change_password(bearer(request, &login.access_token))
            .await;
        assert_eq!(changed.map_or_else(|status| status.code(), |_| Code::Ok), outcome);
    }
    let update = UpdateAdminRequest {
        current_password: wrong,
        ..UpdateAdminRequest::default()
    };
    scene
        .auth()
        .update_admin(bearer(update, &login.access_token))
        .await
        .unwrap_err();
}

/// What an operator does with passwords and hashes; the login that is left.
async fn replace_passwords(scene: &mut Scene, ada: &Person) -> LoginResponse {
    let mut plant = |name: &str| scene.canaries.plant(name, format!("canary {name} of Ada's"));
    let (set, wrong) = (plant("password that was set"), plant("password that was guessed"));
    let hash = scene.canaries.plant("imported hash", HASH).to_owned();
    scene.canaries.plant("imported hash without its form", &HASH[7..]);
    let damaged = format!("$2b$31$canary{}", &HASH[13..]);
    let damaged = scene.canaries.plant("damaged hash", damaged);
    let operator_password = scene.operator_password.clone();
    let operator = scene.login(OPERATOR, &operator_password).await.access_token;
    let replace = SetAdminPasswordRequest {
        admin: Some(set_admin_password_request::Admin::Email(ada.email.clone())),
        new_password: set.clone(),
    };
    scene
        .auth()
        .set_admin_password(bearer(replace, &operator))
        .await
        .unwrap();
    let login = scene.login(&ada.email, &set).await;
    let grace = Person::new("grace@example.com");
    scene.admit(&grace, &set).await;
    for (password_hash, outcome) in [(damaged, Code::InvalidArgument), (hash, Code::Ok)] {
        let import = ImportPasswordHashRequest {
            admin: Some(import_password_hash_request::Admin::Email(grace.email.clone())),
            password_hash,
        };
        let imported = scene.auth().import_password_hash(bearer(import, &operator)).await;
        assert_eq!(
            imported.map_or_else(|status| status.code(), |_| Code::Ok),
            outcome
        );
    }
    // Until the e-mail's tries are used up.
    let request = LoginRequest {
        email: grace.email.clone(),
        password: wrong,
    };
    while scene.auth().login(request.clone()).await.unwrap_err().code() != Code::ResourceExhausted {}
    login
}

/// Tokens and credentials, good ones and others.
async fn use_tokens(scene: &mut Scene, login: &LoginResponse) {
    let forged = format!(
        "{}.canary-signature-of-nobody",
        login.access_token.rsplit_once('.').unwrap().0
    );
    scene.canaries.plant_token("a forged token", &forged);
    for access_token in [login.access_token.clone(), forged.clone()] {
        let outcome = scene
            .auth()
            .validate_token(ValidateTokenRequest { access_token })
            .await;
        let current = scene
            .auth()
            .get_current_admin(bearer(GetCurrentAdminRequest {}, &forged))
            .await;
        assert!(outcome.is_ok() || current.is_err());
    }
    let request = RefreshTokenRequest {
        refresh_token: login.refresh_token.clone(),
    };
    let mut pair = scene
        .auth()
        .refresh_token(request.clone())
        .await
        .unwrap()
        .into_inner();
    for _ in 0..2 {
        scene
            .canaries
            .plant_token("a refreshed access token", &pair.access_token);
        scene
            .canaries
            .plant_token("a refreshed refresh token", &pair.refresh_token);
        let next = RefreshTokenRequest {
            refresh_token: pair.refresh_token.clone(),
        };
        pair = scene.auth().refresh_token(next).await.unwrap().into_inner();
    }
    // The first one is two behind by now: a theft.
    let reused = scene.auth().refresh_token(request).await.unwrap_err();
    assert_eq!(reused.code(), Code::Unauthenticated);

    let foreign = scene
        .canaries
        .plant("a wrong credential", "canary-credential-of-somebody-else");
    let mut provisioning = AdminProvisioningServiceClient::new(scene.channel.clone());
    let message = GetPreparedAdminRequest::default();
    let request = with_metadata(message, &[("tenantry-service-credential", foreign)]);
    let refused = provisioning.get_prepared_admin(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);

    let odd = scene
        .canaries
        .plant("what is no token", "canary-in-a-basic-authorization");
    let unreadable = scene
        .canaries
        .plant("what is no message", "canary-in-what-is-no-message");
    let message = format!(
        "\u{12}{}{unreadable}\u{f}",
        char::from(u8::try_from(unreadable.len()).unwrap())
    );
    let authorization = format!("Bearer {}", pair.access_token);
    for path in [
        "AuthService/Login",
        "AuthService/ChangePassword",
        "AuthService/Nothing",
        "Nothing/Login",
    ] {
        scene.send(path, &format!("Basic {odd}"), &message).await;
        scene.send(path, &authorization, &message).await;
    }
}

/// The keys that the stopped server has kept in its store.
async fn plant_keys(canaries: &mut Canaries, store: &str) {
    let store = open(store.parse().unwrap(), NonZeroU16::MIN).await.unwrap();
    let nothing = StoredKey::generate_ed25519(ManualClock::START).unwrap();
    for name in [KeyName::AccessToken, KeyName::RefreshToken] {
        let key = store.key_or_insert(name, &nothing).await.unwrap();
        assert!(key != nothing, "the server has made no key");
        canaries.plant(name.id(), &key.secret[..]);
    }
    // PKCS#8 v1 of an Ed25519 key ends with the 32 bytes of its seed (RFC 8410, section 7).
    let key = store.key_or_insert(KeyName::AccessToken, &nothing).await.unwrap();
    canaries.plant(
        "the seed of the signing key",
        &key.secret[key.secret.len() - 32..],
    );
}

async fn nothing_that_is_logged_at_trace_level_holds_a_secret(place: Place) {
    let mut scene = Scene::start(&place.url());
    testing::until_serving(&scene.channel, || false).await;
    let ada = Person::new("ada@example.com");
    use_own_passwords(&mut scene, &ada).await;
    let login = replace_passwords(&mut scene, &ada).await;
    use_tokens(&mut scene, &login).await;
    let command_line = scene.process.command_line();
    assert!(scene.process.stop().success());
    plant_keys(&mut scene.canaries, &place.url()).await;

    let said = scene.process.said();
    let expected = [
        "\"level\":\"TRACE\"",
        "auth.v1.AuthService/ImportPasswordHash",
        "\"msg\":\"stopped\"",
    ];
    scene.canaries.assert_silent(&said, &expected);
    assert_eq!(scene.canaries.found_in(&command_line), Vec::<String>::new());
}

/// A MongoDB that is away or does not know the user: the driver has much to say about it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_in_a_databases_url_is_not_logged() {
    let mut canaries = Canaries::default();
    let password = canaries.plant("the database's password", "canary-of-the-database");
    let reserved = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut addresses = vec![reserved.local_addr().unwrap().to_string()];
    drop(reserved);
    if let Some(Place::Mongo(test)) = Place::mongo().await {
        let hosts = test.url().expose().split("://").nth(1).unwrap();
        addresses.push(hosts.split('/').next().unwrap().to_owned());
    }
    for address in addresses {
        let store = format!(
            "mongodb://ada:{password}@{address}/tenantry_test_nobody?directConnection=true&serverSelectionTimeoutMS=300"
        );
        let directory = tempfile::tempdir().unwrap();
        let said = start_and_stop(&store, directory.path());
        canaries.assert_silent(&said, &["\"level\":\"TRACE\"", "\"level\":\"WARN\""]);
    }
}

/// What a server says over a store that it cannot use, until it has complained of it.
fn start_and_stop(store: &str, directory: &Path) -> String {
    let environment = [
        ("AUTH_LISTEN", "127.0.0.1:0"),
        ("AUTH_STORE", store),
        ("SERVICE_CREDENTIAL", crate::harness::CREDENTIAL),
        ("LOG_LEVEL", "trace"),
    ];
    let binary = env!("CARGO_BIN_EXE_auth-service");
    let mut process = ServerProcess::start(binary, &environment, &directory.join("output"));
    process.wait_for("\"level\":\"WARN\"");
    process.stop();
    process.said()
}
