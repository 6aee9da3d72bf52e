//! `bench`: everything is in the library.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    tenantry_bench::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> Result<(), &'static str> {
    Err("the bench needs Linux: it chooses CPUs and reads /proc")
}
