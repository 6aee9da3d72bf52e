//! Whom `verify` and `repair` ask: running servers, or the stores of stopped ones.

use std::{env, path::PathBuf};

use clap::Args;
use tenantry_common::config::{ServiceCredential, service_credential};

use super::{maintenance::Maintenance, offline, stores::Stores};
use crate::{caller::Caller, context::Context, errors::CommandError, global::Global};

/// Whom to ask.
#[derive(Args, Debug)]
#[command(next_help_heading = "Whom to ask")]
pub struct SourceArgs {
    /// Shows the services' credential from this file instead of a login [env: SERVICE_CREDENTIAL_FILE, or
    /// SERVICE_CREDENTIAL with the credential itself]
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub service_credential_file: Option<PathBuf>,
    /// Opens the stores of stopped servers instead of asking running ones: org-service's, as embedded:PATH or
    /// mongodb://HOST/DATABASE
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// auth-service's store [default: auth.redb beside org-service's file]
    #[arg(long, value_name = "URL", requires = "store")]
    pub auth_store: Option<String>,
}

impl SourceArgs {
    /// Prepares for the first call: of running servers it is what connects, stopped ones are started in this process.
    ///
    /// # Errors
    /// [`CommandError::Usage`] for what cannot be meant, [`CommandError::NotLoggedIn`], and whatever keeps the stores
    /// from being opened.
    pub async fn open(self, global: Global) -> Result<Maintenance, CommandError> {
        if let Some(store) = self.store {
            let stores = Stores::named(&store, self.auth_store.as_deref())?;
            return offline::open(stores, global.timeout).await;
        }
        let credential = credential(self.service_credential_file)?;
        let context = Context::new(global)?;
        let connection = match credential {
            Some(credential) => context.org_as(Caller::Service(credential)),
            None => context.org()?,
        };
        Ok(Maintenance::of_others(connection))
    }
}

/// The credential in the file, else the environment's, if there is one.
fn credential(file: Option<PathBuf>) -> Result<Option<ServiceCredential>, CommandError> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let (value, file) = match file {
        Some(file) => (None, Some(file)),
        None => (
            variable("SERVICE_CREDENTIAL").map(Into::into),
            variable("SERVICE_CREDENTIAL_FILE").map(PathBuf::from),
        ),
    };
    if value.is_none() && file.is_none() {
        return Ok(None);
    }
    let credential = service_credential(value, file);
    credential
        .map(Some)
        .map_err(|error| CommandError::Usage(error.to_string()))
}
