//! The auth-service binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    tenantry_common::process::main(
        "auth-service",
        "Logs admins in, tells whom a token speaks for, and keeps every organization's admins",
        auth_service::run,
    )
}
