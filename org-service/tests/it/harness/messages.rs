//! Requests as tests send them.

use org_service::domain::Handle;
use tenantry_proto::organization::v1::{AdminCredentials, CreateOrganizationRequest};
use tonic::Request;

use super::{CREDENTIAL, PASSWORD};

/// The e-mail of the admin that [`create_request`] names.
pub fn email_of(name: &str) -> String {
    format!(
        "admin@{}.example",
        Handle::fold(name).expect("a handle").as_str().replace('_', "-")
    )
}

pub fn create_request(name: &str) -> CreateOrganizationRequest {
    CreateOrganizationRequest {
        name: name.to_owned(),
        admin: Some(AdminCredentials {
            email: email_of(name),
            password: PASSWORD.to_owned(),
        }),
        ..CreateOrganizationRequest::default()
    }
}

/// As the admin whose token this is.
pub fn bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(
        "authorization",
        format!("Bearer {token}").parse().expect("a token"),
    );
    request
}

/// As a service of the platform.
pub fn with_credential<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let credential = CREDENTIAL.parse().expect("a credential");
    request
        .metadata_mut()
        .insert("tenantry-service-credential", credential);
    request
}
