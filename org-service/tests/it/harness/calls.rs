//! What tests ask of the servers.

use org_service::domain::Organization;
use tenantry_proto::{auth::v1::LoginRequest, organization::v1 as pb};
use tonic::Status;

use super::{OPERATOR, PASSWORD, Platform, bearer, create_request, email_of};

impl Platform {
    /// Creates an organization whose admin is `admin@<handle>.example`.
    pub async fn create(&self, name: &str) -> pb::Organization {
        let reply = self.org.clone().create_organization(create_request(name)).await;
        reply
            .expect("the organization is created")
            .into_inner()
            .organization
            .expect("an organization")
    }

    pub async fn login(&self, email: &str, password: &str) -> Result<String, Status> {
        let request = LoginRequest {
            email: email.to_owned(),
            password: password.to_owned(),
        };
        Ok(self.auth.clone().login(request).await?.into_inner().access_token)
    }

    /// The token of the admin that [`create`](Self::create) made.
    pub async fn token_of(&self, organization: &pb::Organization) -> String {
        self.login(&email_of(&organization.name), PASSWORD)
            .await
            .expect("the admin logs in")
    }

    pub async fn operator(&self) -> String {
        self.login(OPERATOR.0, OPERATOR.1)
            .await
            .expect("the operator logs in")
    }

    pub async fn get(&self, token: &str, id: &str) -> Result<pb::Organization, Status> {
        let key = pb::get_organization_request::Organization::Id(id.to_owned());
        self.get_by(token, key).await
    }

    pub async fn get_by(
        &self,
        token: &str,
        key: pb::get_organization_request::Organization,
    ) -> Result<pb::Organization, Status> {
        let request = bearer(
            token,
            pb::GetOrganizationRequest {
                organization: Some(key),
            },
        );
        Ok(self
            .org
            .clone()
            .get_organization(request)
            .await?
            .into_inner()
            .organization
            .expect("an organization"))
    }

    pub async fn update(
        &self,
        token: &str,
        organization: pb::Organization,
        paths: &[&str],
    ) -> Result<pb::Organization, Status> {
        let request = pb::UpdateOrganizationRequest {
            organization: Some(organization),
            update_mask: Some(prost_types::FieldMask {
                paths: paths.iter().map(|p| (*p).to_owned()).collect(),
            }),
            etag: String::new(),
        };
        let reply = self
            .org
            .clone()
            .update_organization(bearer(token, request))
            .await?;
        Ok(reply.into_inner().organization.expect("an organization"))
    }

    pub async fn rename(&self, token: &str, id: &str, name: &str) -> Result<pb::Organization, Status> {
        let organization = pb::Organization {
            id: id.to_owned(),
            name: name.to_owned(),
            ..pb::Organization::default()
        };
        self.update(token, organization, &["name"]).await
    }

    pub async fn delete(&self, token: &str, id: &str) -> Result<pb::Organization, Status> {
        let request = pb::DeleteOrganizationRequest {
            organization: Some(pb::delete_organization_request::Organization::Id(id.to_owned())),
            ..pb::DeleteOrganizationRequest::default()
        };
        let reply = self
            .org
            .clone()
            .delete_organization(bearer(token, request))
            .await?;
        Ok(reply.into_inner().organization.expect("an organization"))
    }

    pub async fn suspend(&self, token: &str, id: &str) -> Result<pb::Organization, Status> {
        let request = pb::SuspendOrganizationRequest {
            organization: Some(pb::suspend_organization_request::Organization::Id(id.to_owned())),
            ..pb::SuspendOrganizationRequest::default()
        };
        let reply = self
            .org
            .clone()
            .suspend_organization(bearer(token, request))
            .await?;
        Ok(reply.into_inner().organization.expect("an organization"))
    }

    pub async fn resume(&self, token: &str, id: &str) -> Result<pb::Organization, Status> {
        let request = pb::ResumeOrganizationRequest {
            organization: Some(pb::resume_organization_request::Organization::Id(id.to_owned())),
            ..pb::ResumeOrganizationRequest::default()
        };
        let reply = self
            .org
            .clone()
            .resume_organization(bearer(token, request))
            .await?;
        Ok(reply.into_inner().organization.expect("an organization"))
    }

    /// Under its former handle.
    pub async fn undelete(&self, token: &str, id: &str) -> Result<pb::Organization, Status> {
        self.undelete_as(token, id, "").await
    }

    pub async fn undelete_as(&self, token: &str, id: &str, handle: &str) -> Result<pb::Organization, Status> {
        let request = pb::UndeleteOrganizationRequest {
            id: id.to_owned(),
            handle: handle.to_owned(),
            etag: String::new(),
        };
        let reply = self
            .org
            .clone()
            .undelete_organization(bearer(token, request))
            .await?;
        Ok(reply.into_inner().organization.expect("an organization"))
    }

    /// The organization's collections under any name.
    pub async fn collections_of(&self, id: &str) -> Vec<String> {
        self.ground.collections_of(id).await
    }

    /// What the store holds of the organization.
    pub async fn record(&self, id: &str) -> Organization {
        self.ground.record(id).await
    }
}
