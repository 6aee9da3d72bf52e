//! `tenantry dev`: both servers in one process, on embedded stores, for trying things out.

mod banner;
mod data;
pub mod servers;
pub mod settings;

use std::{env, net::SocketAddr, path::PathBuf};

use clap::Args;
use tenantry_common::{config::StoreUrl, id::SystemIds, process::ServiceConfig, telemetry};
use tokio::net::TcpListener;

pub use self::data::random_hex;
use self::{
    banner::{Banner, Place, reachable},
    data::{DataDirectory, OPERATOR_EMAIL, OperatorPassword},
    servers::serve,
    settings::Proposals,
};
use crate::errors::CommandError;

/// Arguments of `dev`. Whatever else a server can be told, its environment variables tell.
#[derive(Args, Debug)]
pub struct DevArgs {
    /// Where the stores and the operator's password are kept
    #[arg(long, value_name = "DIR", default_value = "./tenantry-data")]
    data_dir: PathBuf,
    /// Keeps them in a temporary directory instead, and removes it at the end
    #[arg(long, conflicts_with = "data_dir")]
    ephemeral: bool,
    /// auth-service's port on the loopback interface, 0 for any [default: AUTH_LISTEN, else 50051]
    #[arg(long, value_name = "PORT")]
    auth_port: Option<u16>,
    /// org-service's port on the loopback interface, 0 for any [default: ORG_LISTEN, else 50052]
    #[arg(long, value_name = "PORT")]
    org_port: Option<u16>,
}

/// Runs both servers until a signal asks them to stop.
///
/// # Errors
/// A bad setting, before anything is bound; a port or a store that is in use; a server that failed.
pub async fn run(args: DevArgs) -> Result<(), CommandError> {
    let data = if args.ephemeral {
        DataDirectory::ephemeral()?
    } else {
        DataDirectory::at(args.data_dir.clone())?
    };
    let operator = operator_password(&data)?;
    let credential = random_hex::<32>(&SystemIds);

    let auth: auth_service::Config = auth_proposals(&args, &data, &operator, &credential).settings()?;
    let org =
        |auth: SocketAddr| org_proposals(&args, &data, auth, &credential).settings::<org_service::Config>();
    // Port 0 becomes a real one below; every other setting is tried here, before anything is bound.
    org(auth.listen())?;
    telemetry::init(&auth.server().log).map_err(|error| CommandError::Usage(error.to_string()))?;

    let auth_listener = bind(auth.listen(), "auth-service", "--auth-port").await?;
    let org = org(auth_listener.local_addr()?)?;
    let org_listener = bind(org.listen(), "org-service", "--org-port").await?;
    let banner = Banner {
        auth: place(&auth_listener, &auth.store)?,
        org: place(&org_listener, &org.store)?,
        data: &data,
        operator: &operator,
    };
    serve((auth, auth_listener), (org, org_listener), &banner).await
}

fn place(listener: &TcpListener, store: &StoreUrl) -> Result<Place, CommandError> {
    Ok(Place {
        address: listener.local_addr()?,
        store: store.clone(),
    })
}

/// What the environment says of the operator, or of the store that may have one already, goes before.
fn operator_password(data: &DataDirectory) -> Result<OperatorPassword, CommandError> {
    let settled = [
        "AUTH_STORE",
        "AUTH_OPERATOR_EMAIL",
        "AUTH_OPERATOR_PASSWORD",
        "AUTH_OPERATOR_PASSWORD_FILE",
    ];
    if settled.iter().any(|variable| env::var_os(variable).is_some()) {
        return Ok(OperatorPassword::Elsewhere);
    }
    data.operator_password(&SystemIds)
}

fn auth_proposals(
    args: &DevArgs,
    data: &DataDirectory,
    operator: &OperatorPassword,
    credential: &str,
) -> Proposals {
    let proposals = Proposals::new()
        .unless_set("SERVICE_CREDENTIAL", credential)
        .unless_set("AUTH_STORE", data.store("auth"))
        .port("AUTH_LISTEN", args.auth_port);
    if *operator == OperatorPassword::Elsewhere || !data.operator_password_file().exists() {
        return proposals;
    }
    proposals.fixed("AUTH_OPERATOR_EMAIL", OPERATOR_EMAIL).fixed(
        "AUTH_OPERATOR_PASSWORD_FILE",
        data.operator_password_file().to_string_lossy(),
    )
}

fn org_proposals(args: &DevArgs, data: &DataDirectory, auth: SocketAddr, credential: &str) -> Proposals {
    Proposals::new()
        .unless_set("SERVICE_CREDENTIAL", credential)
        .unless_set("ORG_STORE", data.store("org"))
        .unless_set("ORG_AUTH_URL", format!("http://{}", reachable(auth)))
        .port("ORG_LISTEN", args.org_port)
}

async fn bind(address: SocketAddr, server: &str, flag: &str) -> Result<TcpListener, CommandError> {
    TcpListener::bind(address).await.map_err(|error| {
        let text = format!(
            "{server} cannot listen on {address}: {error}\n  choose another port with {flag}, or 0 for any"
        );
        CommandError::Dev(text)
    })
}
