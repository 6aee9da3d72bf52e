//! `organization.v1.OrganizationService`.

use prost::Message as _;
use tenantry_common::{
    password_rules::PasswordRules,
    rpc::{client::CallContext, peer::Peer, status::Failure},
};
use tenantry_proto::organization::v1::{
    CreateOrganizationRequest, CreateOrganizationResponse, DeleteOrganizationRequest,
    DeleteOrganizationResponse, GetOrganizationRequest, GetOrganizationResponse, ListOrganizationsRequest,
    ListOrganizationsResponse, ResumeOrganizationRequest, ResumeOrganizationResponse,
    SuspendOrganizationRequest, SuspendOrganizationResponse, UndeleteOrganizationRequest,
    UndeleteOrganizationResponse, UpdateOrganizationRequest, UpdateOrganizationResponse,
    organization_service_server::OrganizationService,
};
use tonic::{Request, Response, Status};

use super::{convert::organization_message, errors::too_many_sign_ups, parse};
use crate::{
    domain::{Organization, Principal},
    organizations::{Error, Organizations},
    page_token::{PageTokens, Walk},
    read::Page,
    sign_up::SignUps,
};

/// Most bytes of organizations in a page: well below the 4 MiB that clients take by default.
const MAX_PAGE_BYTES: usize = 3 << 20;

/// Who may create organizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SignUp {
    /// Anyone.
    Open,
    /// Operators alone.
    Closed,
}

/// The methods that need no bearer token. Health and reflection are services of their own.
pub fn open_methods(sign_up: SignUp) -> &'static [&'static str] {
    match sign_up {
        SignUp::Open => &["/organization.v1.OrganizationService/CreateOrganization"],
        SignUp::Closed => &[],
    }
}

/// The service's methods.
pub struct OrganizationGrpc {
    organizations: Organizations,
    page_tokens: PageTokens,
    sign_up: SignUp,
    sign_ups: SignUps,
    password_rules: PasswordRules,
}

impl OrganizationGrpc {
    /// The methods over these use cases; creates are counted while sign-up is open.
    pub fn new(
        organizations: Organizations,
        page_tokens: PageTokens,
        sign_up: SignUp,
        sign_ups: SignUps,
        password_rules: PasswordRules,
    ) -> Self {
        Self {
            organizations,
            page_tokens,
            sign_up,
            sign_ups,
            password_rules,
        }
    }
}

/// The caller that the authentication layer put there. A method without one is a bug and is denied.
fn principal<T>(request: &Request<T>) -> Result<Principal, Failure> {
    request
        .extensions()
        .get::<Principal>()
        .cloned()
        .ok_or_else(|| Failure::internal(&"a method that needs a principal was called without one"))
}

fn context<T>(request: &Request<T>) -> CallContext {
    CallContext::of(request.extensions())
}

#[tonic::async_trait]
impl OrganizationService for OrganizationGrpc {
    async fn create_organization(
        &self,
        request: Request<CreateOrganizationRequest>,
    ) -> Result<Response<CreateOrganizationResponse>, Status> {
        if self.sign_up == SignUp::Closed && !principal(&request)?.is_operator() {
            return Err(Failure::from(Error::SignUpClosed).into());
        }
        let (context, peer) = (context(&request), Peer::of(request.extensions()));
        let create = parse::create(request.into_inner(), &self.password_rules)?;
        if self.sign_up == SignUp::Open {
            self.sign_ups.admit(peer).map_err(too_many_sign_ups)?;
        }
        let organization = self
            .organizations
            .create(create, &context)
            .await
            .map_err(Failure::from)?;
        Ok(Response::new(CreateOrganizationResponse {
            organization: Some(organization_message(organization)),
        }))
    }

    async fn get_organization(
        &self,
        request: Request<GetOrganizationRequest>,
    ) -> Result<Response<GetOrganizationResponse>, Status> {
        let principal = principal(&request)?;
        let key = parse::get(request.into_inner().organization)?;
        let organization = self
            .organizations
            .get(&principal, &key)
            .await
            .map_err(Failure::from)?;
        Ok(Response::new(GetOrganizationResponse {
            organization: Some(organization_message(organization)),
        }))
    }

    async fn list_organizations(
        &self,
        request: Request<ListOrganizationsRequest>,
    ) -> Result<Response<ListOrganizationsResponse>, Status> {
        let principal = principal(&request)?;
        let request = request.into_inner();
        let limit = parse::page_size(request.page_size)?;
        let walk = Walk {
            admin: principal.admin,
            show_deleted: request.show_deleted,
        };
        let after = match request.page_token.as_str() {
            "" => None,
            token => Some(parse::page_token(self.page_tokens.open(walk, token))?),
        };
        // One more than asked for tells whether there is a next page.
        let page = Page {
            after,
            limit: limit + 1,
            show_deleted: request.show_deleted,
        };
        let found = self
            .organizations
            .list(&principal, page)
            .await
            .map_err(Failure::from)?;
        Ok(Response::new(self.page(found, limit, walk)))
    }

    async fn update_organization(
        &self,
        request: Request<UpdateOrganizationRequest>,
    ) -> Result<Response<UpdateOrganizationResponse>, Status> {
        let (principal, context) = (principal(&request)?, context(&request));
        let (id, changes, etag) = parse::update(request.into_inner())?;
        let updated = self
            .organizations
            .update(&principal, id, &changes, etag, &context)
            .await;
        let organization = updated.map_err(Failure::from)?;
        Ok(Response::new(UpdateOrganizationResponse {
            organization: Some(organization_message(organization)),
        }))
    }

    async fn delete_organization(
        &self,
        request: Request<DeleteOrganizationRequest>,
    ) -> Result<Response<DeleteOrganizationResponse>, Status> {
        let (principal, context) = (principal(&request)?, context(&request));
        let request = request.into_inner();
        let (key, etag) = parse::delete(request.organization, &request.etag)?;
        let organization = match self.organizations.delete(&principal, &key, etag, &context).await {
            Ok(organization) => Some(organization_message(organization)),
            Err(Error::NotFound) if request.allow_missing => None,
            Err(error) => return Err(Failure::from(error).into()),
        };
        Ok(Response::new(DeleteOrganizationResponse { organization }))
    }

    async fn undelete_organization(
        &self,
        request: Request<UndeleteOrganizationRequest>,
    ) -> Result<Response<UndeleteOrganizationResponse>, Status> {
        let (principal, context) = (principal(&request)?, context(&request));
        let (id, handle, etag) = parse::undelete(request.get_ref())?;
        let undeleted = self
            .organizations
            .undelete(&principal, id, handle.as_ref(), etag, &context)
            .await;
        let organization = undeleted.map_err(Failure::from)?;
        Ok(Response::new(UndeleteOrganizationResponse {
            organization: Some(organization_message(organization)),
        }))
    }

    async fn suspend_organization(
        &self,
        request: Request<SuspendOrganizationRequest>,
    ) -> Result<Response<SuspendOrganizationResponse>, Status> {
        let (principal, context) = (principal(&request)?, context(&request));
        let request = request.into_inner();
        let (key, etag) = parse::suspend(request.organization, &request.etag)?;
        let suspended = self.organizations.suspend(&principal, &key, etag, &context).await;
        let organization = suspended.map_err(Failure::from)?;
        Ok(Response::new(SuspendOrganizationResponse {
            organization: Some(organization_message(organization)),
        }))
    }

    async fn resume_organization(
        &self,
        request: Request<ResumeOrganizationRequest>,
    ) -> Result<Response<ResumeOrganizationResponse>, Status> {
        let (principal, context) = (principal(&request)?, context(&request));
        let request = request.into_inner();
        let (key, etag) = parse::resume(request.organization, &request.etag)?;
        let resumed = self.organizations.resume(&principal, &key, etag, &context).await;
        let organization = resumed.map_err(Failure::from)?;
        Ok(Response::new(ResumeOrganizationResponse {
            organization: Some(organization_message(organization)),
        }))
    }
}

impl OrganizationGrpc {
    /// A page of at most `limit` organizations and [`MAX_PAGE_BYTES`], and the token of the next, if there is one.
    fn page(&self, found: Vec<Organization>, limit: usize, walk: Walk) -> ListOrganizationsResponse {
        let total = found.len();
        let (mut organizations, mut bytes, mut last) = (Vec::new(), 0, None);
        for organization in found.into_iter().take(limit) {
            let id = organization.id;
            let message = organization_message(organization);
            bytes += message.encoded_len();
            if bytes > MAX_PAGE_BYTES {
                break;
            }
            organizations.push(message);
            last = Some(id);
        }
        let more = organizations.len() < total;
        let next_page_token = last
            .filter(|_| more)
            .map(|last| self.page_tokens.seal(walk, last))
            .unwrap_or_default();
        ListOrganizationsResponse {
            organizations,
            next_page_token,
        }
    }
}
