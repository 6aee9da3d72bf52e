//! What a login is kept as.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tenantry_common::clock::Timestamp;
use tenantry_proto::auth::v1::RefreshTokenResponse;

use crate::server::ServerUrl;

/// A login with its tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedLogin {
    /// The auth-service that issued the tokens.
    pub auth_url: ServerUrl,
    /// The org-service that they are used with.
    pub org_url: ServerUrl,
    /// Who logged in.
    pub email: String,
    /// What they may do, as the proto names it.
    pub role: String,
    /// Their organization; empty for an operator.
    pub organization_id: String,
    /// When the access token ends, in RFC 3339.
    pub expire_time: String,
    /// The access token.
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    pub access_token: SecretString,
    /// When the refresh token ends unless it is used before, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_expire_time: Option<String>,
    /// Buys the next access token; none in a file of a version that did not keep it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "expose_some",
        deserialize_with = "conceal_some"
    )]
    pub refresh_token: Option<SecretString>,
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

fn conceal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn expose_some<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = secret.as_ref().map(ExposeSecret::expose_secret);
    text.serialize(serializer)
}

fn conceal_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(some_token))
}

/// A token, if there is one; an absent field of a message is empty.
pub fn some_token(text: String) -> Option<SecretString> {
    Some(text).filter(|text| !text.is_empty()).map(SecretString::from)
}

impl SavedLogin {
    /// Whether the access token has ended at `time`, as far as its `expire_time` tells.
    pub fn is_expired(&self, time: Timestamp) -> bool {
        is_over(&self.expire_time, time)
    }

    /// When the login ended, if it has: its access token, and the refresh token too where there is one.
    pub fn ended(&self, now: Timestamp) -> Option<&str> {
        if !self.is_expired(now) {
            return None;
        }
        match (&self.refresh_token, &self.refresh_expire_time) {
            (None, _) => Some(&self.expire_time),
            (Some(_), Some(end)) if is_over(end, now) => Some(end),
            (Some(_), _) => None,
        }
    }

    /// Until when it is good unless it is used, in RFC 3339.
    pub fn until(&self) -> &str {
        self.refresh_expire_time.as_ref().unwrap_or(&self.expire_time)
    }

    /// Whether both are logins of one account.
    pub fn is_same_account(&self, other: &Self) -> bool {
        self.auth_url == other.auth_url && self.email == other.email && self.role == other.role
    }

    /// Whether both hold the same access token.
    pub fn has_token_of(&self, other: &Self) -> bool {
        self.access_token.expose_secret() == other.access_token.expose_secret()
    }

    /// The same login with the next tokens; None when the answer lacks them.
    pub fn refreshed(&self, answer: RefreshTokenResponse) -> Option<Self> {
        Some(Self {
            expire_time: answer.expire_time?.to_string(),
            access_token: some_token(answer.access_token)?,
            refresh_expire_time: answer.refresh_expire_time.map(|time| time.to_string()),
            refresh_token: some_token(answer.refresh_token),
            ..self.clone()
        })
    }
}

/// Whether this time has come. One that nobody can read is left to the server.
fn is_over(end: &str, now: Timestamp) -> bool {
    let now = prost_types::Timestamp::from(now);
    end.parse::<prost_types::Timestamp>()
        .is_ok_and(|end| (end.seconds, end.nanos) <= (now.seconds, now.nanos))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const END: Timestamp = Timestamp::from_millis(1_795_262_400_000);

    fn login() -> SavedLogin {
        serde_json::from_str(
            r#"{"auth_url": "http://127.0.0.1:1", "org_url": "http://127.0.0.1:2", "email": "ada@example.com",
                "role": "ROLE_OWNER", "organization_id": "i", "expire_time": "2026-11-21T12:00:00Z",
                "access_token": "canary"}"#,
        )
        .unwrap()
    }

    fn refreshable() -> SavedLogin {
        SavedLogin {
            refresh_token: Some("canary".into()),
            refresh_expire_time: Some("2026-11-21T13:00:00Z".to_owned()),
            ..login()
        }
    }

    #[test]
    fn without_a_refresh_token_a_login_ends_with_its_access_token() {
        let before = Timestamp::from_millis(END.as_millis() - 1);
        assert_eq!(
            (login().ended(before), login().ended(END)),
            (None, Some("2026-11-21T12:00:00Z"))
        );
    }

    #[test]
    fn with_a_refresh_token_it_ends_with_that() {
        let hour = Duration::from_secs(3_600);
        assert!(refreshable().is_expired(END) && refreshable().ended(END).is_none());
        assert_eq!(refreshable().ended(END + hour), Some("2026-11-21T13:00:00Z"));
        let endless = SavedLogin {
            refresh_expire_time: None,
            ..refreshable()
        };
        assert_eq!(endless.ended(END + hour), None);
    }

    #[test]
    fn what_is_kept_comes_back_and_debug_shows_none_of_it() {
        for login in [login(), refreshable()] {
            let json = serde_json::to_value(&login).unwrap();
            let back: SavedLogin = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&back).unwrap(), json);
            assert_eq!(back.refresh_token.is_some(), login.refresh_token.is_some());
            assert!(!format!("{login:?}").contains("canary"));
        }
    }

    #[test]
    fn an_answer_without_an_access_token_is_none() {
        let answer = RefreshTokenResponse {
            access_token: "a".to_owned(),
            expire_time: Some(END.into()),
            ..RefreshTokenResponse::default()
        };
        let next = refreshable().refreshed(answer.clone()).unwrap();
        assert!(next.refresh_token.is_none() && next.refresh_expire_time.is_none());
        assert!(!next.has_token_of(&refreshable()) && next.is_same_account(&refreshable()));
        for lacking in [
            RefreshTokenResponse {
                access_token: String::new(),
                ..answer.clone()
            },
            RefreshTokenResponse {
                expire_time: None,
                ..answer.clone()
            },
        ] {
            assert!(refreshable().refreshed(lacking).is_none());
        }
    }
}
