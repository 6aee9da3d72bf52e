//! SIGTERM and SIGINT.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// What shells report for a process that SIGTERM or SIGINT ended: 128 and the signal's number.
const EXIT_TERMINATED: i32 = 143;
const EXIT_INTERRUPTED: i32 = 130;

/// Ends when the process is told to stop: SIGTERM or SIGINT. A second signal ends the process at once.
///
/// Clones end together, so several servers can run in one process.
#[derive(Debug)]
pub struct Shutdown {
    told: CancellationToken,
    wait: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Shutdown {
    /// Listens for signals from now on, inside a Tokio runtime.
    ///
    /// # Errors
    /// The operating system's, when handlers cannot be installed.
    pub fn on_signal() -> io::Result<Self> {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let shutdown = Self::of(CancellationToken::new());
        let told = shutdown.told.clone();
        tokio::spawn(async move {
            loop {
                let code = tokio::select! {
                    _ = terminate.recv() => EXIT_TERMINATED,
                    _ = interrupt.recv() => EXIT_INTERRUPTED,
                };
                if told.is_cancelled() {
                    std::process::exit(code);
                }
                tracing::info!("told to stop; a second signal ends the process at once");
                told.cancel();
            }
        });
        Ok(shutdown)
    }

    fn of(told: CancellationToken) -> Self {
        let wait = Box::pin(told.clone().cancelled_owned());
        Self { told, wait }
    }
}

impl Clone for Shutdown {
    fn clone(&self) -> Self {
        Self::of(self.told.clone())
    }
}

impl Future for Shutdown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.wait.as_mut().poll(cx)
    }
}
