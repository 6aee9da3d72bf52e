//! Health as `grpc.health.v1` tells it: SERVING while the store answers, until the server drains.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

/// How long after an answer readiness is asked for again: while the store answers, and while it does not. A start, which
/// opens the store beside this, is over as soon as it is noticed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// How long an answer may take.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether a server can do its work: does its store answer?
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Whether it can, now. An answer that takes longer than two seconds is a no.
    async fn ready(&self) -> bool;
}

/// The health of a server and of its services, which are all as healthy as their store.
pub(super) struct Health {
    reporter: HealthReporter,
    services: Vec<&'static str>,
}

impl Health {
    /// Nothing serves yet.
    pub(super) async fn new(services: &[&'static str]) -> Self {
        let services = std::iter::once("").chain(services.iter().copied()).collect();
        let health = Self {
            reporter: HealthReporter::new(),
            services,
        };
        health.set(ServingStatus::NotServing).await;
        health
    }

    /// Where the state is kept, for the service that tells it.
    pub(super) fn reporter(&self) -> HealthReporter {
        self.reporter.clone()
    }

    async fn set(&self, status: ServingStatus) {
        for service in &self.services {
            self.reporter.set_service_status(service, status).await;
        }
    }

    /// Follows `readiness` until `draining`, and leaves NOT_SERVING behind.
    pub(super) async fn follow(self, readiness: Arc<dyn Readiness>, draining: CancellationToken) {
        let mut serving = false;
        let following = async {
            loop {
                let ready = timeout(POLL_TIMEOUT, readiness.ready()).await.unwrap_or(false);
                if ready != serving {
                    serving = ready;
                    self.turn(ready).await;
                }
                sleep(if ready { POLL_INTERVAL } else { RETRY_INTERVAL }).await;
            }
        };
        draining.run_until_cancelled(following).await;
        self.set(ServingStatus::NotServing).await;
    }

    async fn turn(&self, ready: bool) {
        if ready {
            tracing::info!("ready");
            self.set(ServingStatus::Serving).await;
        } else {
            tracing::warn!("not ready: the store does not answer");
            self.set(ServingStatus::NotServing).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

    use futures::StreamExt;
    use tokio::time::Instant;
    use tonic::Request;
    use tonic_health::{
        pb::{HealthCheckRequest, health_check_response::ServingStatus as Told, health_server::Health as _},
        server::HealthService,
    };

    use super::*;

    /// 0: not ready, 1: ready, 2: no answer.
    struct Store(AtomicU8);

    #[async_trait]
    impl Readiness for Store {
        async fn ready(&self) -> bool {
            match self.0.load(SeqCst) {
                2 => std::future::pending().await,
                state => state == 1,
            }
        }
    }

    async fn told(service: &HealthService) -> [Told; 2] {
        let mut told = [Told::Unknown; 2];
        for (told, name) in told.iter_mut().zip(["", "a.v1.A"]) {
            let request = Request::new(HealthCheckRequest {
                service: name.to_owned(),
            });
            *told = service.check(request).await.unwrap().into_inner().status();
        }
        told
    }

    #[tokio::test(start_paused = true)]
    async fn health_follows_the_store_until_the_server_drains() {
        let store = Arc::new(Store(AtomicU8::new(0)));
        let health = Health::new(&["a.v1.A"]).await;
        let service = HealthService::from_health_reporter(health.reporter());
        assert_eq!(told(&service).await, [Told::NotServing; 2]);
        let draining = CancellationToken::new();
        let follower =
            tokio::spawn(health.follow(Arc::clone(&store) as Arc<dyn Readiness>, draining.clone()));
        for (state, expected) in [
            (0, Told::NotServing),
            (1, Told::Serving),
            (0, Told::NotServing),
            (1, Told::Serving),
            (2, Told::NotServing),
            (1, Told::Serving),
        ] {
            store.0.store(state, SeqCst);
            // Clock and tasks of this test stand still but for this: a poll, and the patience with its answer.
            sleep(POLL_INTERVAL + POLL_TIMEOUT + Duration::from_millis(10)).await;
            assert_eq!(told(&service).await, [expected; 2], "{state}");
        }
        draining.cancel();
        follower.await.unwrap();
        sleep(POLL_INTERVAL * 3).await;
        assert_eq!(told(&service).await, [Told::NotServing; 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_is_seen_as_soon_as_it_answers() {
        for opens_after in [0, 10, 200, 2_345].map(Duration::from_millis) {
            let health = Health::new(&[]).await;
            let service = HealthService::from_health_reporter(health.reporter());
            let request = Request::new(HealthCheckRequest::default());
            let mut watched = service.watch(request).await.unwrap().into_inner();
            let store = Arc::new(Store(AtomicU8::new(0)));
            let started = Instant::now();
            tokio::spawn(health.follow(Arc::clone(&store) as Arc<dyn Readiness>, CancellationToken::new()));
            tokio::spawn(async move {
                sleep(opens_after).await;
                store.0.store(1, SeqCst);
            });
            while watched.next().await.unwrap().unwrap().status() != Told::Serving {}
            let late = started.elapsed() - opens_after;
            assert!(late <= RETRY_INTERVAL, "{late:?} after {opens_after:?}");
        }
    }
}
