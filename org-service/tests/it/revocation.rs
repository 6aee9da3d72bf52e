//! Whoever is shut out stays out: after a revocation was acknowledged, none of the tokens it was about is good for
//! anything, on any replica of either service, whatever logins and refreshes run beside it.

mod actions;
mod member;

use futures::future::join_all;
use tenantry_proto::{
    auth::v1::auth_service_client::AuthServiceClient,
    organization::v1::organization_service_client::OrganizationServiceClient,
};
use tonic::transport::Channel;

use self::member::Member;
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    no_token_outlives_its_revocation_anywhere,
}

/// Organizations that are worked on at one time, each by a worker of its own who knows all of its tokens.
const MEMBERS: u64 = 8;

async fn no_token_outlives_its_revocation_anywhere(place: Place) {
    // On an embedded store there can be one replica alone.
    let (rounds, replicas) = match place {
        Place::Embedded { .. } => (1_000, 1),
        Place::Mongo { .. } => (200, 2),
    };
    let seed = fastrand::u64(..);
    let platform = Platform::start(place).await;
    let fronts = fronts(&platform, replicas).await;
    let operator = platform.operator().await;
    let members = (0..MEMBERS).map(async |number| {
        let organization = platform.create(&format!("Member {number}")).await;
        let mut member = Member::new(&fronts, &operator, organization, seed.wrapping_add(number));
        for round in 0..rounds / MEMBERS {
            member
                .round(&format!("seed {seed}, member {number}, round {round}"))
                .await;
        }
        member.tally()
    });
    let tallies = join_all(members).await;
    for action in actions::ALL {
        let times: usize = tallies.iter().map(|tally| tally[action]).sum();
        assert!(times > 0, "{action:?} was never tried, seed {seed}");
    }
}

/// A way in: a replica of auth-service, and one of org-service that asks it.
pub struct Front {
    pub auth: AuthServiceClient<Channel>,
    pub org: OrganizationServiceClient<Channel>,
    /// Those that the platform does not have anyway.
    _servers: Vec<Server>,
}

async fn fronts(platform: &Platform, replicas: usize) -> Vec<Front> {
    let mut fronts = vec![Front {
        auth: platform.auth.clone(),
        org: platform.org.clone(),
        _servers: Vec::new(),
    }];
    for _ in 1..replicas {
        let (auth, auth_server) = platform.auth_replica().await;
        let wishes = Wishes {
            auth_url: Some(auth_server.url.clone()),
            ..Wishes::default()
        };
        let replica = platform.replica(wishes).await;
        fronts.push(Front {
            auth,
            org: replica.org,
            _servers: vec![auth_server, replica.server],
        });
    }
    fronts
}
