//! Server reflection, by which grpcurl and its like learn the API: version 1, and v1alpha that older ones speak.

use tonic::service::Routes;
use tonic_reflection::server::{Builder, Error};

use super::limits::MAX_MESSAGE_BYTES;

/// What a server has beside its own services.
const COMMON: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// Adds reflection over `services`, health and itself.
pub(super) fn add(routes: Routes, services: &[&'static str]) -> Result<Routes, Error> {
    let v1 = builder(services)
        .build_v1()?
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let v1alpha = builder(services)
        .build_v1alpha()?
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    Ok(routes.add_service(v1).add_service(v1alpha))
}

fn builder<'a>(services: &[&'static str]) -> Builder<'a> {
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(tenantry_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        // By these grpcurl and its like show what an error carries.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET);
    services
        .iter()
        .chain(&COMMON)
        .fold(builder, |builder, service| builder.with_service_name(*service))
}
