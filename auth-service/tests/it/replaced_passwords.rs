//! SetAdminPassword and ImportPasswordHash: for operators, when a password is lost or comes from elsewhere.

use tenantry_proto::auth::v1::{
    Admin, AdminState, ImportPasswordHashRequest, LoginResponse, SetAdminPasswordRequest,
    import_password_hash_request, set_admin_password_request,
};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::{
    PASSWORD, Person, Place, Server, bearer, for_each_backend, internal, refusal, revoked, wrong_credentials,
};

const OPERATOR: &str = "operator@example.com";
const NEW: &str = "battery staple horse";

for_each_backend! {
    an_operator_sets_a_lost_password_and_the_sessions_die
    nobody_but_operators_replaces_passwords
    who_cannot_log_in_is_not_found
    bad_fields_are_named
    an_imported_hash_logs_in_and_is_hashed_anew
    what_cannot_be_imported_is_refused
}

struct Scene {
    server: Server,
    ada: Person,
    login: LoginResponse,
    operator: String,
}

async fn scene(place: &Place) -> Scene {
    let flags = ["--operator-email", OPERATOR, "--operator-password", PASSWORD];
    let (server, ada) = place.admitted(&flags).await;
    let login = server.logged_in(&ada).await;
    let operator = server.login(OPERATOR, PASSWORD).await.unwrap().access_token;
    Scene {
        server,
        ada,
        login,
        operator,
    }
}

impl Scene {
    async fn set(
        &self,
        token: &str,
        admin: set_admin_password_request::Admin,
        password: &str,
    ) -> Result<Admin, Status> {
        let message = SetAdminPasswordRequest {
            admin: Some(admin),
            new_password: password.to_owned(),
        };
        let set = self
            .server
            .auth()
            .set_admin_password(bearer(message, token))
            .await;
        set.map(|answer| answer.into_inner().admin.unwrap())
    }

    async fn import(&self, token: &str, email: &str, hash: &str) -> Result<Admin, Status> {
        let message = ImportPasswordHashRequest {
            admin: Some(import_password_hash_request::Admin::Email(email.to_owned())),
            password_hash: hash.to_owned(),
        };
        let imported = self
            .server
            .auth()
            .import_password_hash(bearer(message, token))
            .await;
        imported.map(|answer| answer.into_inner().admin.unwrap())
    }

    async fn assert_sessions_are_dead(&self) {
        for answer in [
            refusal(self.server.validate(&self.login.access_token).await),
            refusal(self.server.refresh(&self.login.refresh_token).await),
        ] {
            assert_eq!(answer, revoked());
        }
    }
}

fn by_id(person: &Person) -> set_admin_password_request::Admin {
    set_admin_password_request::Admin::AdminId(person.admin_id.clone())
}

fn by_email(email: &str) -> set_admin_password_request::Admin {
    set_admin_password_request::Admin::Email(email.to_owned())
}

async fn an_operator_sets_a_lost_password_and_the_sessions_die(place: Place) {
    let scene = scene(&place).await;
    let admin = scene
        .set(&scene.operator, by_email(" ADA@example.com"), NEW)
        .await
        .unwrap();
    assert_eq!(
        (&admin.id, admin.state()),
        (&scene.ada.admin_id, AdminState::Active)
    );
    scene.assert_sessions_are_dead().await;
    assert_eq!(
        refusal(scene.server.login(&scene.ada.email, PASSWORD).await),
        wrong_credentials()
    );
    assert!(scene.server.login(&scene.ada.email, NEW).await.is_ok());
    scene
        .set(&scene.operator, by_id(&scene.ada), PASSWORD)
        .await
        .unwrap();
    assert!(scene.server.login(&scene.ada.email, PASSWORD).await.is_ok());
    assert!(scene.server.validate(&scene.operator).await.is_ok());
}

async fn nobody_but_operators_replaces_passwords(place: Place) {
    let scene = scene(&place).await;
    let token = &scene.login.access_token;
    let denied = (Code::PermissionDenied, "PERMISSION_DENIED".to_owned());
    // Whether there is such an admin makes no difference.
    for admin in [
        by_id(&scene.ada),
        by_email("nobody@example.com"),
        by_email(OPERATOR),
    ] {
        assert_eq!(refusal(scene.set(token, admin, NEW).await), denied);
    }
    for email in [scene.ada.email.as_str(), "nobody@example.com", "x"] {
        assert_eq!(refusal(scene.import(token, email, "x").await), denied);
    }
    let mut auth = scene.server.auth();
    let missing = auth.set_admin_password(SetAdminPasswordRequest::default()).await;
    assert_eq!(refusal(missing).1, "TOKEN_MISSING");
    let service = internal(SetAdminPasswordRequest::default());
    let refused = refusal(auth.set_admin_password(service).await).1;
    assert_eq!(
        refused, "TOKEN_MISSING",
        "the services' credential is for another service"
    );
}

async fn who_cannot_log_in_is_not_found(place: Place) {
    let scene = scene(&place).await;
    let pending = Person::new("pending@example.com");
    scene.server.prepare(&pending).await.unwrap();
    let missing = (Code::NotFound, "ADMIN_NOT_FOUND".to_owned());
    for admin in [
        by_id(&pending),
        by_email(&pending.email),
        by_email("nobody@example.com"),
    ] {
        assert_eq!(refusal(scene.set(&scene.operator, admin, NEW).await), missing);
    }
    let hash = bcrypt::hash("x", 10).unwrap();
    assert_eq!(
        refusal(scene.import(&scene.operator, "nobody@example.com", &hash).await),
        missing
    );
}

async fn bad_fields_are_named(place: Place) {
    let scene = scene(&place).await;
    for (admin, password, field) in [
        (None, NEW, "admin"),
        (Some(by_email("x")), NEW, "email"),
        (
            Some(set_admin_password_request::Admin::AdminId("x".to_owned())),
            NEW,
            "admin_id",
        ),
        (Some(by_id(&scene.ada)), "short", "new_password"),
        (Some(by_id(&scene.ada)), "ada@example.com", "new_password"),
    ] {
        let new_password = password.to_owned();
        let message = SetAdminPasswordRequest { admin, new_password };
        let answer = scene
            .server
            .auth()
            .set_admin_password(bearer(message, &scene.operator))
            .await;
        let bad = answer
            .unwrap_err()
            .get_details_bad_request()
            .unwrap()
            .field_violations;
        assert_eq!(bad[0].field, field);
    }
    assert!(scene.server.validate(&scene.login.access_token).await.is_ok());
}

async fn an_imported_hash_logs_in_and_is_hashed_anew(place: Place) {
    let scene = scene(&place).await;
    // Shorter than a new password may be, and not in NFKC: other systems had other rules.
    let password = "cafe\u{301}";
    let hash = bcrypt::hash(password, 10).unwrap();
    scene
        .import(&scene.operator, &scene.ada.email, &hash)
        .await
        .unwrap();
    scene.assert_sessions_are_dead().await;
    assert_eq!(
        refusal(scene.server.login(&scene.ada.email, PASSWORD).await),
        wrong_credentials()
    );
    assert_eq!(
        refusal(scene.server.login(&scene.ada.email, "caf\u{e9}").await),
        wrong_credentials(),
        "the hash was made of other bytes"
    );
    assert!(scene.server.login(&scene.ada.email, password).await.is_ok());
    // Hashed anew, in NFKC: now both spellings are one password.
    assert!(scene.server.login(&scene.ada.email, "caf\u{e9}").await.is_ok());
    assert!(scene.server.login(&scene.ada.email, password).await.is_ok());
}

async fn what_cannot_be_imported_is_refused(place: Place) {
    let scene = scene(&place).await;
    let hash = bcrypt::hash(PASSWORD, 10).unwrap();
    for bad in [
        String::new(),
        PASSWORD.to_owned(),
        hash.replace("$10$", "$31$"),
        hash.replace("$10$", "$04$"),
        hash[..hash.len() - 1].to_owned(),
        format!("bcrypt-sha384{hash}"),
        format!("{hash}{}", "x".repeat(512)),
    ] {
        let answer = scene.import(&scene.operator, &scene.ada.email, &bad).await;
        let status = answer.unwrap_err();
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "password_hash", "{bad}");
        assert!(
            bad.is_empty() || !status.message().contains(&bad),
            "{}",
            status.message()
        );
    }
    assert!(scene.server.login(&scene.ada.email, PASSWORD).await.is_ok());
}
