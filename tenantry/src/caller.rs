//! Who makes a call, and the metadata that says so.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tenantry_common::{config::ServiceCredential, rpc::service_credential::METADATA_KEY};
use tonic::metadata::{Ascii, MetadataValue};

use crate::errors::CommandError;

/// Who makes a call.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Nobody whom the server knows.
    Nobody,
    /// Who has the access token of this source.
    Bearer(Arc<dyn TokenSource>),
    /// One of the services.
    Service(ServiceCredential),
}

/// Where an access token comes from.
#[async_trait]
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// The token for the next call.
    ///
    /// # Errors
    /// Why there is none.
    async fn token(&self) -> Result<SecretString, CommandError>;

    /// The one that takes the place of `refused`, of which a server says that its time is over; None when there is no
    /// way to get one.
    ///
    /// # Errors
    /// Why the way to it failed.
    async fn renewed(&self, refused: &SecretString) -> Result<Option<SecretString>, CommandError>;
}

/// A token that is used as it is, and is never renewed.
#[derive(Debug)]
pub struct FixedToken(pub SecretString);

#[async_trait]
impl TokenSource for FixedToken {
    async fn token(&self) -> Result<SecretString, CommandError> {
        Ok(self.0.clone())
    }

    async fn renewed(&self, _refused: &SecretString) -> Result<Option<SecretString>, CommandError> {
        Ok(None)
    }
}

/// What a call shows of its caller: a key of the metadata, and its value.
pub type Shown = (&'static str, MetadataValue<Ascii>);

/// The `authorization` metadata (RFC 6750, section 2.1).
///
/// # Errors
/// [`CommandError::Usage`] for a token that metadata cannot hold.
pub fn bearer(token: &SecretString) -> Result<Shown, CommandError> {
    let value = secret(&format!("Bearer {}", token.expose_secret()));
    value
        .map(|value| ("authorization", value))
        .ok_or_else(|| CommandError::Usage("the saved token is none: log in again".to_owned()))
}

/// The metadata of a service.
///
/// # Errors
/// [`CommandError::Usage`] for a credential that metadata cannot hold.
pub fn service(credential: &ServiceCredential) -> Result<Shown, CommandError> {
    let unfit = || CommandError::Usage("the service credential must be visible ASCII characters".to_owned());
    secret(credential.expose())
        .map(|value| (METADATA_KEY, value))
        .ok_or_else(unfit)
}

/// A value that is not shown by Debug; None when metadata cannot hold the text.
fn secret(text: &str) -> Option<MetadataValue<Ascii>> {
    let mut value = text.parse::<MetadataValue<Ascii>>().ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_and_a_credential_are_sent_and_not_shown_by_debug() {
        let token = SecretString::from("secret");
        let credential = tenantry_common::config::service_credential(Some("secret".repeat(6).into()), None);
        let credential = credential.unwrap();
        for (shown, key, value) in [
            (bearer(&token), "authorization", "Bearer secret"),
            (service(&credential), METADATA_KEY, &"secret".repeat(6)),
        ] {
            let shown = shown.unwrap();
            assert_eq!((shown.0, shown.1.to_str().unwrap()), (key, value));
            assert!(!format!("{shown:?}").contains("secret"));
        }
        let callers = [
            Caller::Bearer(Arc::new(FixedToken(token))),
            Caller::Service(credential),
        ];
        assert!(!format!("{callers:?}").contains("secret"));
    }

    #[test]
    fn what_metadata_cannot_hold_is_refused() {
        assert!(matches!(bearer(&"a\nb".into()), Err(CommandError::Usage(_))));
    }
}
