//! `chaos`: everything is in the library.

fn main() -> std::process::ExitCode {
    tenantry_chaos::main()
}
