//! What cannot be right gets a clear error that names every bad field, and changes nothing.

use tenantry_common::testing::send_bytes;
use tenantry_proto::organization::v1::{self as pb, AdminCredentials, CreateOrganizationRequest};
use tonic::{Code, Status};

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    every_bad_field_of_a_create_is_named_at_once,
    each_rule_of_a_create_is_enforced,
    bad_fields_of_the_other_calls_are_named,
    bad_fields_of_suspend_resume_and_undelete_are_named,
    every_method_refuses_a_megabyte_and_bad_utf8,
    a_megabyte_and_bad_utf8_are_refused,
    an_unknown_method_says_so,
}

async fn every_bad_field_of_a_create_is_named_at_once(place: Place) {
    let platform = Platform::start(place).await;
    let before = platform.store.calls();
    let request = CreateOrganizationRequest {
        name: " ".to_owned(),
        handle: "Not Canonical".to_owned(),
        admin: Some(AdminCredentials {
            email: "nobody".to_owned(),
            password: "short".to_owned(),
        }),
        labels: [("Bad Key".to_owned(), String::new())].into(),
        request_id: "17".to_owned(),
    };
    let named = bad_fields(platform.org.clone().create_organization(request).await);
    assert_eq!(
        named,
        [
            "name",
            "handle",
            "admin.email",
            "admin.password",
            "labels",
            "request_id"
        ]
    );
    assert_eq!(platform.store.calls(), before);
}

async fn each_rule_of_a_create_is_enforced(place: Place) {
    let platform = Platform::start(place).await;
    let before = platform.store.calls();
    type Change = fn(&mut CreateOrganizationRequest);
    fn admin(request: &mut CreateOrganizationRequest) -> &mut AdminCredentials {
        request.admin.as_mut().unwrap()
    }
    let table: [(&str, Change); 23] = [
        ("name", |r| r.name = String::new()),
        ("name", |r| r.name = "x".repeat(101)),
        ("name", |r| r.name = "a\u{202e}b".to_owned()),
        ("name", |r| r.name = "P\u{430}ypal".to_owned()),
        ("handle", |r| r.name = "!!!".to_owned()),
        ("handle", |r| r.name = "Admin".to_owned()),
        ("handle", |r| r.handle = "a".to_owned()),
        ("handle", |r| r.handle = "a".repeat(64)),
        ("handle", |r| r.handle = "org".to_owned()),
        ("handle", |r| r.handle = "$hashed_password".to_owned()),
        ("admin.email", |r| admin(r).email = String::new()),
        ("admin.email", |r| {
            admin(r).email = format!("{}@example.com", "a".repeat(250))
        }),
        ("admin.email", |r| admin(r).email = "a@b@c".to_owned()),
        ("admin.password", |r| admin(r).password = "1234567".to_owned()),
        ("admin.password", |r| admin(r).password = "x".repeat(1_025)),
        ("admin.password", |r| admin(r).password = "PassWord1".to_owned()),
        ("admin.password", |r| {
            admin(r).password = admin(r).email.to_uppercase()
        }),
        ("admin.password", |r| {
            r.name = "Bolt Works".to_owned();
            admin(r).password = "BoltWorks2026".to_owned();
        }),
        ("admin.password", |r| {
            r.handle = "wire_works".to_owned();
            admin(r).password = "Wire-Works!".to_owned();
        }),
        ("admin.password", |r| {
            admin(r).password = "1234\u{0}5678".to_owned()
        }),
        ("labels", |r| {
            r.labels = (0..17).map(|i| (format!("k{i}"), String::new())).collect()
        }),
        ("labels", |r| {
            r.labels = [("k".to_owned(), "v".repeat(256))].into()
        }),
        ("request_id", |r| {
            r.request_id = "{0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b}".to_owned()
        }),
    ];
    for (field, change) in table {
        let mut request = create_request("Acme");
        change(&mut request);
        assert_eq!(
            bad_fields(platform.org.clone().create_organization(request).await),
            [field]
        );
    }
    let mut without_admin = create_request("Acme");
    without_admin.admin = None;
    assert_eq!(
        bad_fields(platform.org.clone().create_organization(without_admin).await),
        ["admin.email", "admin.password"]
    );
    assert_eq!(platform.store.calls(), before);
}

async fn bad_fields_of_the_other_calls_are_named(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let token = platform.token_of(&acme).await;
    assert_eq!(bad_fields(platform.get(&token, "acme").await), ["id"]);
    assert_eq!(bad_fields(platform.delete(&token, "").await), ["id"]);
    let nothing = platform
        .org
        .clone()
        .get_organization(bearer(&token, Default::default()))
        .await;
    assert_eq!(bad_fields(nothing), ["organization"]);
    let folded = pb::DeleteOrganizationRequest {
        organization: Some(pb::delete_organization_request::Organization::Handle(
            "ACME".to_owned(),
        )),
        ..Default::default()
    };
    assert_eq!(
        bad_fields(
            platform
                .org
                .clone()
                .delete_organization(bearer(&token, folded))
                .await
        ),
        ["handle"]
    );
    let named = |name: &str| pb::Organization {
        id: acme.id.clone(),
        name: name.to_owned(),
        ..Default::default()
    };
    let unknown = platform
        .update(&token, named(""), &["name", "colour", "state"])
        .await;
    assert_eq!(bad_fields(unknown), ["update_mask", "organization.name"]);
    assert_eq!(
        bad_fields(platform.update(&token, named("!!!"), &["name"]).await),
        ["organization.handle"]
    );
    let etag = pb::UpdateOrganizationRequest {
        organization: Some(named("Acme Two")),
        etag: "7".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        bad_fields(
            platform
                .org
                .clone()
                .update_organization(bearer(&token, etag))
                .await
        ),
        ["etag"]
    );
    assert_eq!(platform.get(&token, &acme.id).await.unwrap(), acme);
}

async fn bad_fields_of_suspend_resume_and_undelete_are_named(place: Place) {
    use pb::{
        resume_organization_request::Organization as Resumed,
        suspend_organization_request::Organization as Suspended,
    };
    let platform = Platform::start(place).await;
    let operator = platform.operator().await;
    let before = platform.store.calls();
    let key = |text: &str| text.to_owned();
    let table = [
        (None, None, "", vec!["organization"]),
        (None, None, "x", vec!["organization", "etag"]),
        (
            Some(Suspended::Id(key("acme"))),
            Some(Resumed::Id(key("acme"))),
            "\"\"",
            vec!["id", "etag"],
        ),
        (
            Some(Suspended::Handle(key("ACME"))),
            Some(Resumed::Handle(key("ACME"))),
            "7",
            vec!["handle", "etag"],
        ),
    ];
    for (suspended, resumed, etag, expected) in table {
        let (mut org, etag) = (platform.org.clone(), etag.to_owned());
        let suspend = pb::SuspendOrganizationRequest {
            organization: suspended,
            etag: etag.clone(),
        };
        let outcome = org.suspend_organization(bearer(&operator, suspend)).await;
        assert_eq!(bad_fields(outcome), expected);
        let resume = pb::ResumeOrganizationRequest {
            organization: resumed,
            etag,
        };
        let outcome = org.resume_organization(bearer(&operator, resume)).await;
        assert_eq!(bad_fields(outcome), expected);
    }
    let id = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    for (id, handle, etag, expected) in [
        ("", "", "", vec!["id"]),
        ("acme", "Not Canonical", "7", vec!["id", "handle", "etag"]),
        (id, "org", "", vec!["handle"]),
        (id, "", "\"seven\"", vec!["etag"]),
    ] {
        let undelete = pb::UndeleteOrganizationRequest {
            id: id.to_owned(),
            handle: handle.to_owned(),
            etag: etag.to_owned(),
        };
        let outcome = platform
            .org
            .clone()
            .undelete_organization(bearer(&operator, undelete))
            .await;
        assert_eq!(bad_fields(outcome), expected);
    }
    assert_eq!(platform.store.calls(), before);
}

async fn send(
    platform: &Platform,
    method: &'static str,
    request: tonic::Request<Vec<u8>>,
) -> Result<(), Status> {
    let channel = connect(&platform.org_server.url).await;
    send_bytes(&channel, method, request).await.map(drop)
}

async fn send_raw(platform: &Platform, method: &'static str, message: Vec<u8>) -> Result<(), Status> {
    send(platform, method, tonic::Request::new(message)).await
}

/// Every method of the service but the one that creates.
const WITH_TOKEN: [&str; 7] = [
    "/organization.v1.OrganizationService/GetOrganization",
    "/organization.v1.OrganizationService/ListOrganizations",
    "/organization.v1.OrganizationService/UpdateOrganization",
    "/organization.v1.OrganizationService/DeleteOrganization",
    "/organization.v1.OrganizationService/UndeleteOrganization",
    "/organization.v1.OrganizationService/SuspendOrganization",
    "/organization.v1.OrganizationService/ResumeOrganization",
];

async fn every_method_refuses_a_megabyte_and_bad_utf8(place: Place) {
    let platform = Platform::start(place).await;
    let operator = platform.operator().await;
    let before = platform.store.calls();
    // Field 1 of 2^20 bytes.
    let mut megabyte = vec![0x0a, 0x80, 0x80, 0x40];
    megabyte.resize(megabyte.len() + (1 << 20), b'x');
    for method in WITH_TOKEN {
        let large = send(&platform, method, bearer(&operator, megabyte.clone())).await;
        refused(large, Code::ResourceExhausted, "REQUEST_TOO_LARGE");
        for message in [vec![0x0a, 0x02, 0xff, 0xfe], vec![0xff; 40], vec![0x0a, 0x7f]] {
            let malformed = send(&platform, method, bearer(&operator, message)).await;
            refused(malformed, Code::InvalidArgument, "MALFORMED_REQUEST");
        }
    }
    assert_eq!(platform.store.calls(), before);
}

const CREATE: &str = "/organization.v1.OrganizationService/CreateOrganization";

async fn a_megabyte_and_bad_utf8_are_refused(place: Place) {
    let platform = Platform::start(place).await;
    let before = platform.store.calls();
    let mut megabyte = create_request("Acme");
    megabyte.name = "x".repeat(1 << 20);
    let refused = platform.org.clone().create_organization(megabyte).await;
    assert_eq!(
        failure(refused),
        (Code::ResourceExhausted, "REQUEST_TOO_LARGE".to_owned())
    );
    let mut large = create_request("Acme");
    large.name = "x".repeat(60_000);
    assert_eq!(
        bad_fields(platform.org.clone().create_organization(large).await),
        ["name"]
    );
    // Field 1, two bytes that are not UTF-8; then what is no protobuf at all.
    for message in [vec![0x0a, 0x02, 0xff, 0xfe], vec![0xff; 40], vec![0x0a, 0x7f]] {
        let refused = send_raw(&platform, CREATE, message).await;
        assert_eq!(
            failure(refused),
            (Code::InvalidArgument, "MALFORMED_REQUEST".to_owned())
        );
    }
    assert_eq!(platform.store.calls(), before);
}

async fn an_unknown_method_says_so(place: Place) {
    let platform = Platform::start(place).await;
    for method in [
        "/organization.v1.OrganizationService/DropAll",
        "/organization.v1.Nothing/CreateOrganization",
        "/x",
    ] {
        let refused = send_raw(&platform, method, Vec::new()).await;
        let expected = if method.contains("OrganizationService/") {
            // Deny by default: what is not open needs a principal, known or not.
            (Code::Unauthenticated, "TOKEN_MISSING".to_owned())
        } else {
            (Code::Unimplemented, "METHOD_UNKNOWN".to_owned())
        };
        assert_eq!(failure(refused), expected, "{method}");
    }
}
