//! Turns `proto/` into Rust without protoc: protox compiles, tonic-prost-build generates.
//!
//! Beside the code it writes `descriptors.bin`, the set of file descriptors that server reflection serves.

use std::{env, error::Error, fs, path::PathBuf};

const PROTOS: [&str; 6] = [
    "auth/v1/auth_service.proto",
    "auth/v1/admin_provisioning_service.proto",
    "auth/v1/error_reason.proto",
    "organization/v1/organization_service.proto",
    "organization/v1/maintenance_service.proto",
    "organization/v1/error_reason.proto",
];

/// Messages with passwords or tokens; `proto/redacted.rs` writes their `Debug`.
const SECRETS: [&str; 11] = [
    ".auth.v1.LoginRequest",
    ".auth.v1.LoginResponse",
    ".auth.v1.RefreshTokenRequest",
    ".auth.v1.RefreshTokenResponse",
    ".auth.v1.ChangePasswordRequest",
    ".auth.v1.UpdateAdminRequest",
    ".auth.v1.SetAdminPasswordRequest",
    ".auth.v1.ImportPasswordHashRequest",
    ".auth.v1.ValidateTokenRequest",
    ".auth.v1.PrepareAdminRequest",
    ".organization.v1.AdminCredentials",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=proto/auth");
    println!("cargo:rerun-if-changed=proto/organization");

    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(PROTOS)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .skip_debug(SECRETS)
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
