//! The bench's other half: auth-service, as its own binary runs it, in a process that the bench starts.

use std::{
    future::Future,
    io::{self, Read, Write},
    thread,
};

use auth_service::Config;
use tenantry_common::{
    process::{ServiceConfig, check},
    telemetry,
};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};

use crate::{Failure, arguments::ServeArguments};

/// Serves until standard input ends; tells the address on standard output.
///
/// # Errors
/// When a setting is wrong, or auth-service fails.
pub fn run(arguments: &ServeArguments) -> Result<(), Failure> {
    // First of all, so that as many threads are started as there are CPUs for them.
    arguments.cpus.pin()?;
    let config = Config::from_args(&arguments.flags)?;
    check(&config)?;
    telemetry::init(&config.server().log)?;
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind(config.listen()).await?;
        writeln!(io::stdout(), "{}", listener.local_addr()?)?;
        auth_service::run(config, listener, end_of_input()).await?;
        Ok(())
    })
}

/// Ends with standard input, whose other end the bench holds.
fn end_of_input() -> impl Future<Output = ()> + Send + 'static {
    let (ended, end) = oneshot::channel::<()>();
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        drop(ended);
    });
    async move {
        let _ = end.await;
    }
}
