//! What is done too often is refused until it is time again: an organization's calls, and sign-ups.

use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use tenantry_common::testing::health;
use tenantry_proto::organization::v1 as pb;
use tonic::{Code, Request, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_types::StatusExt;

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    an_organization_has_its_calls_and_no_more_until_it_is_time,
    a_refused_call_touches_nothing_and_others_go_on,
    without_a_quota_nobody_is_counted,
    sign_ups_are_limited_for_each_network_and_for_all,
    a_thousand_spoofed_addresses_are_one_network,
    what_operators_create_while_sign_up_is_closed_is_not_counted,
}

async fn list(platform: &Platform, token: &str) -> Result<(), Status> {
    let request = bearer(token, pb::ListOrganizationsRequest::default());
    platform.org.clone().list_organizations(request).await.map(drop)
}

/// How many of so many calls pass before one is refused, and what that one is told.
async fn until_refused(platform: &Platform, token: &str, most: usize) -> (usize, Status) {
    for passed in 0..most {
        if let Err(status) = list(platform, token).await {
            return (passed, status);
        }
    }
    panic!("{most} calls were let through");
}

/// When to come back, as the refusal says it in all of its ways.
#[track_caller]
fn told(status: &Status, reason: &str, subject: &str) -> Duration {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().expect("an ErrorInfo").reason, reason);
    let violations = &details.quota_failure().expect("a QuotaFailure").violations;
    assert_eq!(
        violations.iter().map(|v| v.subject.as_str()).collect::<Vec<_>>(),
        [subject]
    );
    let delay = details.retry_info().and_then(|info| info.retry_delay);
    let delay = delay.expect("a RetryInfo");
    let pushback = status
        .metadata()
        .get("grpc-retry-pushback-ms")
        .expect("a pushback");
    assert_eq!(pushback.to_str().unwrap(), delay.as_millis().to_string());
    delay
}

async fn an_organization_has_its_calls_and_no_more_until_it_is_time(place: Place) {
    let wishes = Wishes {
        quota: "100/1m",
        ..Default::default()
    };
    let platform = Platform::start_with(place, wishes).await;
    let acme = platform.create("Acme").await;
    let token = platform.token_of(&acme).await;
    // A token that names nobody costs nobody anything.
    for _ in 0..20 {
        refused(
            list(&platform, "x.y.z").await,
            Code::Unauthenticated,
            "TOKEN_INVALID",
        );
    }
    let (passed, status) = until_refused(&platform, &token, 200).await;
    assert_eq!(passed, 100);
    let delay = told(&status, "QUOTA_EXCEEDED", "organization");
    assert_eq!(delay, Duration::from_secs(1));
    let other_session = platform.token_of(&acme).await;
    let (passed, _) = until_refused(&platform, &other_session, 200).await;
    assert_eq!(passed, 0, "a new session is no new quota");
    platform.clock.advance(delay);
    let (passed, _) = until_refused(&platform, &token, 200).await;
    assert_eq!(passed, 1, "one call takes 600 ms");
    platform.clock.advance(Duration::from_secs(60));
    let (passed, _) = until_refused(&platform, &token, 200).await;
    assert_eq!(passed, 100);
}

async fn a_refused_call_touches_nothing_and_others_go_on(place: Place) {
    let wishes = Wishes {
        quota: "3/1m",
        ..Default::default()
    };
    let platform = Platform::start_with(place, wishes).await;
    let (acme, bolt) = (platform.create("Acme").await, platform.create("Bolt").await);
    let (token, other) = (platform.token_of(&acme).await, platform.token_of(&bolt).await);
    until_refused(&platform, &token, 10).await;
    let before = platform.store.calls();
    for outcome in [
        platform.get(&token, &acme.id).await,
        platform.rename(&token, &acme.id, "Acme Two").await,
        platform.delete(&token, &acme.id).await,
    ] {
        refused(outcome, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    }
    assert_eq!(platform.store.calls(), before);
    let channel = connect(&platform.org_server.url).await;
    for _ in 0..100 {
        assert_eq!(health(&channel).await, Some(ServingStatus::Serving));
    }
    let operator = platform.operator().await;
    for _ in 0..20 {
        list(&platform, &operator)
            .await
            .expect("operators are not counted");
    }
    assert_eq!(until_refused(&platform, &other, 10).await.0, 3);
    assert_eq!(platform.get(&operator, &acme.id).await.unwrap(), acme);
}

async fn without_a_quota_nobody_is_counted(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let token = platform.token_of(&acme).await;
    for _ in 0..250 {
        list(&platform, &token).await.expect("there is no quota");
    }
}

/// A create that says that it was called from this address.
async fn create_from(
    platform: &Platform,
    address: &str,
    message: pb::CreateOrganizationRequest,
) -> Result<(), Status> {
    let mut request = Request::new(message);
    let address = address.parse().expect("metadata");
    request.metadata_mut().insert("x-forwarded-for", address);
    platform.org.clone().create_organization(request).await.map(drop)
}

async fn sign_ups_are_limited_for_each_network_and_for_all(place: Place) {
    let wishes = Wishes {
        sign_up_limits: ["4/1m", "2/1m"],
        trusted_proxies: "1",
        ..Default::default()
    };
    let platform = Platform::start_with(place, wishes).await;
    let create = |address, name| create_from(&platform, address, create_request(name));
    let (one, other, third) = ("2001:db8::1", "198.51.100.1", "203.0.113.1");
    let nameless = pb::CreateOrganizationRequest {
        name: String::new(),
        handle: "one".to_owned(),
        ..create_request("One")
    };
    for _ in 0..10 {
        let bad = create_from(&platform, one, nameless.clone()).await;
        assert_eq!(bad_fields(bad), ["name"], "what is not valid is not counted");
    }
    create(one, "One").await.unwrap();
    create("2001:db8::ffff:1", "Two").await.unwrap();
    let before = platform.store.calls();
    let status = create("2001:db8::2", "Three").await.unwrap_err();
    let delay = told(&status, "TOO_MANY_SIGN_UPS", "sign-up");
    assert_eq!(delay, Duration::from_secs(30));
    assert_eq!(platform.store.calls(), before, "the store is not asked");
    create(other, "Three").await.unwrap();
    create(other, "Four").await.unwrap();
    let before = platform.store.calls();
    let status = create(third, "Five").await.unwrap_err();
    let delay = told(&status, "TOO_MANY_SIGN_UPS", "sign-up");
    assert_eq!(delay, Duration::from_secs(15));
    assert_eq!(platform.store.calls(), before);
    platform.clock.advance(delay);
    create(third, "Five").await.unwrap();
    // The address that stands before the proxy's own entry is whoever's.
    let spoofed = create("192.0.2.77, 198.51.100.1", "Six").await;
    refused(spoofed, Code::ResourceExhausted, "TOO_MANY_SIGN_UPS");
}

async fn a_thousand_spoofed_addresses_are_one_network(place: Place) {
    let wishes = Wishes {
        sign_up_limits: ["0", "2/1m"],
        ..Default::default()
    };
    let platform = Platform::start_with(place, wishes).await;
    let mut created = 0;
    for number in 0..1_000 {
        let address = format!("10.0.{}.{}", number / 256, number % 256);
        match create_from(&platform, &address, create_request(&format!("Spoofed {number}"))).await {
            Ok(()) => created += 1,
            Err(status) => {
                told(&status, "TOO_MANY_SIGN_UPS", "sign-up");
            }
        }
    }
    assert_eq!(created, 2);
}

async fn what_operators_create_while_sign_up_is_closed_is_not_counted(place: Place) {
    let wishes = Wishes {
        sign_up: "closed",
        quota: "1/1m",
        sign_up_limits: ["1/1m"; 2],
        ..Default::default()
    };
    let platform = Platform::start_with(place, wishes).await;
    let operator = platform.operator().await;
    for name in ["One", "Two", "Three"] {
        let request = bearer(&operator, create_request(name));
        let created = platform.org.clone().create_organization(request).await;
        created.expect("operators are not counted");
    }
}

#[test]
fn the_limits_are_on_unless_they_are_set() {
    // Whoever runs the tests may have settings of their own.
    let command = org_service::Config::augment_args(Command::new("test").no_binary_name(true));
    let command = command.mut_args(|argument| argument.env(clap::builder::Resettable::Reset));
    let matches = command.try_get_matches_from(std::iter::empty::<&str>()).unwrap();
    let config = org_service::Config::from_arg_matches(&matches).unwrap();
    assert_eq!(config.server.quota.to_string(), "100/1m");
    assert_eq!(config.sign_up_limit.to_string(), "60/1m");
    assert_eq!(config.sign_up_network_limit.to_string(), "10/1m");
    assert_eq!(config.server.trusted_proxies, 0);
}
