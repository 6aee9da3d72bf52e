//! Both servers in this process over the stores of stopped ones, for one question and on loopback alone.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tenantry_common::{
    config::{StoreUrl, service_credential},
    id::SystemIds,
};
use tokio::{net::TcpListener, time::timeout};

use super::{maintenance::Maintenance, stores::Stores};
use crate::{
    caller::Caller,
    connection::Connection,
    dev::{random_hex, servers::Servers, settings::Proposals},
    errors::CommandError,
    server::Server,
};

/// Settings of running servers that would get in the way: another credential, and an operator to be made.
const NOT_OURS: &[&str] = &[
    "SERVICE_CREDENTIAL_FILE",
    "AUTH_OPERATOR_EMAIL",
    "AUTH_OPERATOR_PASSWORD",
    "AUTH_OPERATOR_PASSWORD_FILE",
];

/// What a server takes for the longest time of a call.
const SHORTEST_CALL: Duration = Duration::from_millis(10);
const LONGEST_CALL: Duration = Duration::from_secs(3_600);

/// Starts both, with a credential that nobody else has, and waits until they serve; within `limit`, which bounds each
/// call too. The rest of their settings is the environment's: a repair keeps to the configured retention.
///
/// # Errors
/// [`CommandError::Store`] when a store is missing, in use or damaged, or does not open in time;
/// [`CommandError::Usage`] for a bad setting; [`CommandError::Dev`] when a server fails.
pub async fn open(stores: Stores, limit: Duration) -> Result<Maintenance, CommandError> {
    stores.check().await?;
    let credential = random_hex::<32>(&SystemIds);
    let (auth, org) = (bind().await?, bind().await?);
    let auth_settings = proposals(&credential, limit)
        .fixed("AUTH_STORE", url(&stores.auth))
        .fixed("AUTH_LISTEN", auth.local_addr()?.to_string())
        // Nobody logs in here.
        .fixed("AUTH_BCRYPT_COST", "10");
    let org_settings = proposals(&credential, limit)
        .fixed("ORG_STORE", url(&stores.org))
        .fixed("ORG_LISTEN", org.local_addr()?.to_string())
        .fixed("ORG_AUTH_URL", format!("http://{}", auth.local_addr()?))
        // What is wrong is told, not put right before it was seen.
        .fixed("ORG_RECONCILE_INTERVAL", "0s");
    let auth = (auth_settings.settings()?, auth);
    let org = (org_settings.settings()?, org);

    let mut servers = Servers::start(auth, org)?;
    let serving = timeout(limit, servers.until_serving()).await;
    if let Err(error) = serving.unwrap_or_else(|_| Err(too_late(&stores, limit))) {
        // What the other one has to say to its end is of no more interest.
        let _stopped = servers.stop().await;
        return Err(error);
    }
    let credential = service_credential(Some(credential.into()), None)
        .map_err(|error| CommandError::Dev(error.to_string()))?;
    let url = format!("http://{}", servers.org())
        .parse()
        .map_err(|error: &str| CommandError::Dev(error.to_owned()))?;
    let connection = Connection::new(Server::ORG, url, limit, Caller::Service(credential));
    Ok(Maintenance::of_ours(connection, servers))
}

fn proposals(credential: &str, limit: Duration) -> Proposals {
    let limit = limit.clamp(SHORTEST_CALL, LONGEST_CALL);
    Proposals::new()
        .ignoring(NOT_OURS)
        .fixed("SERVICE_CREDENTIAL", credential)
        .fixed("REQUEST_TIMEOUT", format!("{}ms", limit.as_millis()))
}

/// The whole URL, with its password: for the server alone.
fn url(store: &StoreUrl) -> String {
    match store {
        StoreUrl::Embedded(_) => store.to_string(),
        StoreUrl::Mongo(url) => url.expose().to_owned(),
    }
}

async fn bind() -> Result<TcpListener, CommandError> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    TcpListener::bind(any)
        .await
        .map_err(|error| CommandError::Dev(format!("cannot listen on {any}: {error}")))
}

fn too_late(stores: &Stores, limit: Duration) -> CommandError {
    let within = humantime::format_duration(limit);
    CommandError::Store {
        message: format!("{} and {} did not open within {within}", stores.org, stores.auth),
        hint: "give them longer with --timeout".to_owned(),
    }
}
