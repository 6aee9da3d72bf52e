//! Requests: whatever arrives is decoded or refused, and what was decoded is written again as the same message.

use std::fmt::Debug;

use prost::Message;
use tenantry_proto::{auth::v1 as auth, organization::v1 as organization};

use crate::Promise;

/// The full names and decoders of these messages.
macro_rules! requests {
    ($($package:ident::$message:ident)+) => {
        [$((concat!(stringify!($package), ".v1.", stringify!($message)), decoded::<$package::$message>)),+]
    };
}

/// Every request message of every service, in the order that the corpus counts them by: a new one goes to the end.
pub const REQUESTS: [(&str, Promise); 29] = requests! {
    auth::LoginRequest
    auth::RefreshTokenRequest
    auth::ValidateTokenRequest
    auth::GetCurrentAdminRequest
    auth::LogoutRequest
    auth::ListSessionsRequest
    auth::RevokeSessionRequest
    auth::RevokeAllSessionsRequest
    auth::ChangePasswordRequest
    auth::UpdateAdminRequest
    auth::SetAdminPasswordRequest
    auth::ImportPasswordHashRequest
    auth::GetJsonWebKeySetRequest
    auth::PrepareAdminRequest
    auth::ActivateAdminRequest
    auth::CancelAdminRequest
    auth::GetPreparedAdminRequest
    auth::SetOrganizationGateRequest
    auth::ListAdminStatesRequest
    organization::CreateOrganizationRequest
    organization::GetOrganizationRequest
    organization::ListOrganizationsRequest
    organization::UpdateOrganizationRequest
    organization::DeleteOrganizationRequest
    organization::UndeleteOrganizationRequest
    organization::SuspendOrganizationRequest
    organization::ResumeOrganizationRequest
    organization::ListFindingsRequest
    organization::RepairOrganizationRequest
};

/// Takes the first byte for the message's place in [`REQUESTS`], and the rest for the message.
pub fn request(bytes: &[u8]) -> bool {
    let Some((&which, message)) = bytes.split_first() else {
        return false;
    };
    let (_, decoded) = REQUESTS[usize::from(which) % REQUESTS.len()];
    decoded(message)
}

fn decoded<M: Message + Default + PartialEq + Debug>(bytes: &[u8]) -> bool {
    let Ok(message) = M::decode(bytes) else {
        return false;
    };
    let encoded = message.encode_to_vec();
    assert_eq!(encoded.len(), message.encoded_len());
    assert_eq!(M::decode(encoded.as_slice()).ok().as_ref(), Some(&message));
    // Logs show it.
    assert!(
        !format!("{message:?}").is_empty(),
        "a message is shown as nothing"
    );
    true
}
