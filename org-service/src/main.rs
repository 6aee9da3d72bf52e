//! The org-service binary; everything is in the library.

use std::process::ExitCode;

use org_service::{Config, run};

fn main() -> ExitCode {
    tenantry_common::process::main::<Config, _, _, _>(
        "org-service",
        "Tenantry's org-service: organizations and their lifecycle",
        run,
    )
}
