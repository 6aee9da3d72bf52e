//! Who calls: the tower layer that has auth-service validate the bearer token before anything else happens.
//!
//! Deny by default: a method that is not in the list of open ones needs a principal, and whatever keeps auth-service
//! from naming one keeps the call from the store. So does a quota that is used up.

mod denied;

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use tenantry_common::{
    config::ServiceCredential,
    quota::Quota,
    rpc::{
        client::{CallContext, retry_on_connection_loss},
        deadline::Deadline,
        service_credential::{Presented, presented},
        status::Failure,
    },
};
use tenantry_proto::auth::v1::{
    Role as WireRole, ValidateTokenRequest, ValidateTokenResponse, auth_service_client::AuthServiceClient,
};
use tonic::{Status, body::Body, transport::Channel};
use tower::{Layer, Service};

use self::denied::{Denied, denied_by};
use crate::domain::{Principal, Role};

/// Longest wait for auth-service's word; a call's own deadline may be shorter.
const VALIDATION_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest token that is sent on, in bytes.
const MAX_TOKEN_BYTES: usize = 4_096;

/// In the extensions of a request that came with the services' credential: the platform itself calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceCaller;

/// Puts a validated [`Principal`] into the requests to every method that is not open.
#[derive(Clone)]
pub struct AuthenticationLayer {
    client: AuthServiceClient<Channel>,
    open_methods: Arc<[&'static str]>,
    /// Opens the service in the place of a token, if it does.
    credential: Option<Arc<ServiceCredential>>,
    quota: Arc<Quota>,
}

impl AuthenticationLayer {
    /// A layer that asks the auth-service on this channel, and counts the calls whose token is valid; `open_methods` are
    /// paths such as
    /// `/organization.v1.OrganizationService/CreateOrganization`.
    pub fn new(channel: Channel, open_methods: &[&'static str], quota: Arc<Quota>) -> Self {
        Self {
            client: AuthServiceClient::new(channel),
            open_methods: open_methods.into(),
            credential: None,
            quota,
        }
    }

    /// A layer that also lets calls with the services' credential through, as a [`ServiceCaller`]; auth-service is not
    /// asked about them.
    pub fn or_credential(self, credential: ServiceCredential) -> Self {
        Self {
            credential: Some(Arc::new(credential)),
            ..self
        }
    }

    /// Whom the token speaks for, if that organization has a call left.
    async fn admit(&self, headers: &HeaderMap, context: &CallContext) -> Result<Principal, Denied> {
        let principal = authenticate(self.client.clone(), headers, context).await?;
        self.quota.admit(principal.organization).map_err(Denied::Quota)?;
        Ok(principal)
    }

    fn presented(&self, headers: &HeaderMap) -> Presented {
        match &self.credential {
            Some(credential) => presented(headers, credential),
            None => Presented::Absent,
        }
    }
}

impl<S> Layer<S> for AuthenticationLayer {
    type Service = Authentication<S>;

    fn layer(&self, inner: S) -> Authentication<S> {
        Authentication {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that [`AuthenticationLayer`] makes.
#[derive(Clone)]
pub struct Authentication<S> {
    inner: S,
    layer: AuthenticationLayer,
}

impl<S> Service<Request<Body>> for Authentication<S>
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
        // The clone that was polled ready makes the call.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        if self.layer.open_methods.contains(&request.uri().path()) {
            return Box::pin(inner.call(request));
        }
        match self.layer.presented(request.headers()) {
            Presented::Absent => {}
            Presented::Valid => {
                request.extensions_mut().insert(ServiceCaller);
                return Box::pin(inner.call(request));
            }
            Presented::Invalid => {
                let denied = Status::from(Failure::from(Denied::Credential)).into_http();
                return Box::pin(std::future::ready(Ok(denied)));
            }
        }
        let layer = self.layer.clone();
        Box::pin(async move {
            let context = CallContext::of(request.extensions());
            match layer.admit(request.headers(), &context).await {
                Ok(principal) => {
                    tracing::Span::current().record("principal", tracing::field::display(principal.admin));
                    request.extensions_mut().insert(principal);
                    inner.call(request).await
                }
                Err(denied) => Ok(Status::from(Failure::from(denied)).into_http()),
            }
        })
    }
}

async fn authenticate(
    client: AuthServiceClient<Channel>,
    headers: &HeaderMap,
    context: &CallContext,
) -> Result<Principal, Denied> {
    let token = bearer_token(headers)?.to_owned();
    let sha256 = digest(&SHA256, token.as_bytes());
    let deadline = Deadline::after(context.deadline.remaining().min(VALIDATION_TIMEOUT));
    let context = CallContext {
        deadline,
        ..context.clone()
    };
    let reply = retry_on_connection_loss(&context, || {
        let mut client = client.clone();
        let request = context.request(ValidateTokenRequest {
            access_token: token.clone(),
        });
        async move { client.validate_token(request).await }
    })
    .await;
    let reply = reply.map_err(|status| denied_by(&status))?.into_inner();
    principal_of(reply, sha256.as_ref()).ok_or(Denied::Unanswered)
}

/// The one bearer token of a call (RFC 6750, section 2.1; the scheme in any case).
fn bearer_token(headers: &HeaderMap) -> Result<&str, Denied> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Denied::Missing)?;
    if values.next().is_some() {
        return Err(Denied::Invalid);
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or(Denied::Invalid)?;
    let well_formed =
        !token.is_empty() && token.len() <= MAX_TOKEN_BYTES && token.bytes().all(|b| b.is_ascii_graphic());
    if scheme.eq_ignore_ascii_case("bearer") && well_formed {
        Ok(token)
    } else {
        Err(Denied::Invalid)
    }
}

/// Whom the answer names; none for an answer that is empty, contradicts itself, or is about another token.
fn principal_of(reply: ValidateTokenResponse, asked_sha256: &[u8]) -> Option<Principal> {
    if reply.access_token_sha256 != asked_sha256 {
        return None;
    }
    let principal = reply.principal?;
    let role = match WireRole::try_from(principal.role).ok()? {
        WireRole::Owner => Role::Owner,
        WireRole::Admin => Role::Admin,
        WireRole::Viewer => Role::Viewer,
        WireRole::Operator => Role::Operator,
        WireRole::Unspecified => return None,
    };
    let organization = match (role, principal.organization_id.as_str()) {
        (Role::Operator, "") => None,
        (Role::Operator, _) => return None,
        (_, id) => Some(id.parse().ok()?),
    };
    Some(Principal {
        admin: principal.admin_id.parse().ok()?,
        organization,
        role,
        session: principal.session_id.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use tenantry_proto::auth::v1::Principal as WirePrincipal;

    use super::*;

    const ID: &str = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn exactly_one_bearer_token_is_taken() {
        for value in ["Bearer abc.def", "bearer abc.def", "BEARER abc.def"] {
            assert_eq!(bearer_token(&headers(&[value])), Ok("abc.def"));
        }
        assert_eq!(bearer_token(&headers(&[])), Err(Denied::Missing));
        let long = format!("Bearer {}", "a".repeat(MAX_TOKEN_BYTES + 1));
        for values in [
            &["Bearer a", "Bearer b"][..],
            &["Basic abc"],
            &["Bearer"],
            &["Bearer "],
            &["Bearer a b"],
            &[&long],
        ] {
            assert_eq!(bearer_token(&headers(values)), Err(Denied::Invalid), "{values:?}");
        }
    }

    fn reply(role: WireRole, organization_id: &str) -> ValidateTokenResponse {
        ValidateTokenResponse {
            principal: Some(WirePrincipal {
                admin_id: ID.to_owned(),
                organization_id: organization_id.to_owned(),
                session_id: ID.to_owned(),
                role: role.into(),
                ..WirePrincipal::default()
            }),
            access_token_sha256: vec![7],
        }
    }

    #[test]
    fn an_answer_that_does_not_name_a_principal_is_no_yes() {
        assert!(principal_of(reply(WireRole::Owner, ID), &[7]).is_some());
        assert!(principal_of(reply(WireRole::Operator, ""), &[7]).is_some());
        let about_another_token = principal_of(reply(WireRole::Owner, ID), &[8]);
        assert_eq!(about_another_token, None);
        assert_eq!(principal_of(ValidateTokenResponse::default(), &[]), None);
        for (role, organization) in [
            (WireRole::Unspecified, ID),
            (WireRole::Owner, ""),
            (WireRole::Operator, ID),
            (WireRole::Owner, "x"),
        ] {
            assert_eq!(
                principal_of(reply(role, organization), &[7]),
                None,
                "{role:?} {organization}"
            );
        }
    }
}
