//! Who calls AuthService. Deny by default: a method that is not listed as open needs a live bearer token.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use tenantry_common::quota::Quota;
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use super::errors;
use crate::validate_token::{Principal, TokenError, ValidateToken};

/// The methods of AuthService that anyone may call. The path alone counts, not what follows a `?`.
///
/// Logout looks at its token itself: it takes one whose time is over, too.
const OPEN_METHODS: [&str; 5] = [
    "/auth.v1.AuthService/Login",
    "/auth.v1.AuthService/RefreshToken",
    "/auth.v1.AuthService/ValidateToken",
    "/auth.v1.AuthService/GetJsonWebKeySet",
    "/auth.v1.AuthService/Logout",
];

/// What no quota may keep an admin from: shutting out whoever uses the quota up.
const UNMETERED_METHODS: [&str; 3] = [
    "/auth.v1.AuthService/RevokeSession",
    "/auth.v1.AuthService/RevokeAllSessions",
    "/auth.v1.AuthService/ChangePassword",
];

/// Puts the [`Principal`](crate::validate_token::Principal) of the bearer token into the request's extensions, and counts
/// the call for its organization.
#[derive(Clone)]
pub struct AuthenticationLayer {
    validate_token: Arc<ValidateToken>,
    quota: Arc<Quota>,
}

impl AuthenticationLayer {
    /// A layer that asks this use case.
    pub const fn new(validate_token: Arc<ValidateToken>, quota: Arc<Quota>) -> Self {
        Self {
            validate_token,
            quota,
        }
    }

    async fn principal(&self, path: &str, headers: &HeaderMap) -> Result<Principal, Status> {
        let token = bearer(headers)?;
        let principal = self.validate_token.validate(token).await?;
        if !UNMETERED_METHODS.contains(&path) {
            let organization = principal.affiliation.organization_id();
            self.quota.admit(organization).map_err(errors::quota_exceeded)?;
        }
        Ok(principal)
    }
}

impl<S> Layer<S> for AuthenticationLayer {
    type Service = Authenticated<S>;

    fn layer(&self, inner: S) -> Authenticated<S> {
        Authenticated {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that [`AuthenticationLayer`] makes.
#[derive(Clone)]
pub struct Authenticated<S> {
    inner: S,
    layer: AuthenticationLayer,
}

impl<S> Service<Request<Body>> for Authenticated<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The one that was polled ready is the one to call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let layer = self.layer.clone();
        Box::pin(async move {
            let path = request.uri().path();
            if !OPEN_METHODS.contains(&path) {
                match layer.principal(path, request.headers()).await {
                    Ok(principal) => request.extensions_mut().insert(principal),
                    Err(status) => return Ok(status.into_http()),
                };
            }
            inner.call(request).await
        })
    }
}

/// The token of the one `authorization: Bearer …` (RFC 6750, section 2.1; the scheme in any case).
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Status> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(errors::token_missing)?;
    if values.next().is_some() {
        return Err(TokenError::Invalid.into());
    }
    let text = value.to_str().map_err(|_| TokenError::Invalid)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim_start_matches(' ')),
        _ => Err(TokenError::Invalid.into()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use tenantry_common::rpc::status::reason_of;
    use tenantry_proto::auth::v1::auth_service_server::SERVICE_NAME;

    use super::*;

    fn read(values: &[&'static str]) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        bearer(&headers)
            .map(str::to_owned)
            .map_err(|status| reason_of(&status).unwrap())
    }

    #[test]
    fn exactly_one_bearer_token_counts() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            assert_eq!(read(&[value]).as_deref(), Ok("a.b.c"));
        }
        assert_eq!(read(&[]).unwrap_err(), "TOKEN_MISSING");
        for value in [
            "",
            "Bearer",
            "Basic YTpi",
            "a.b.c",
            "Bearera.b.c",
            " Bearer a.b.c",
        ] {
            assert_eq!(read(&[value]).unwrap_err(), "TOKEN_INVALID", "{value:?}");
        }
        assert_eq!(
            read(&["Bearer a.b.c", "Bearer a.b.c"]).unwrap_err(),
            "TOKEN_INVALID"
        );
    }

    #[test]
    fn exceptions_are_methods_of_the_service() {
        for path in OPEN_METHODS.iter().chain(&UNMETERED_METHODS) {
            assert!(path.starts_with(&format!("/{SERVICE_NAME}/")), "{path}");
        }
    }
}
