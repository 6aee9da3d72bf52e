//! Tenantry's gRPC messages, clients and servers, generated from the `.proto` files beside this one.
//!
//! The protos' comments are this crate's documentation; they are the contract with every client.

/// `auth.v1`: logins, tokens, and the provisioning of admins.
pub mod auth {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("auth.v1");
    }
}

/// `organization.v1`: organizations and their lifecycle.
pub mod organization {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("organization.v1");
    }
}

mod redacted;

/// The encoded `google.protobuf.FileDescriptorSet` of all protos, with comments, for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
