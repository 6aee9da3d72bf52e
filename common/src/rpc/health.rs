//! Health as `grpc.health.v1` tells it: SERVING while the store answers, until the server drains.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

/// How often readiness is asked for, and how long its answer may take.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
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
        let mut ticks = interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut serving = false;
        let following = async {
            loop {
                ticks.tick().await;
                let ready = timeout(POLL_TIMEOUT, readiness.ready()).await.unwrap_or(false);
                if ready != serving {
                    serving = ready;
                    self.turn(ready).await;
                }
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
            tokio::time::sleep(POLL_INTERVAL + POLL_TIMEOUT + Duration::from_millis(10)).await;
            assert_eq!(told(&service).await, [expected; 2], "{state}");
        }
        draining.cancel();
        follower.await.unwrap();
        tokio::time::sleep(POLL_INTERVAL * 3).await;
        assert_eq!(told(&service).await, [Told::NotServing; 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_there_is_seen_at_once() {
        let health = Health::new(&[]).await;
        let service = HealthService::from_health_reporter(health.reporter());
        let mut reporter = service
            .watch(Request::new(HealthCheckRequest::default()))
            .await
            .unwrap()
            .into_inner();
        let store: Arc<dyn Readiness> = Arc::new(Store(AtomicU8::new(1)));
        let started = tokio::time::Instant::now();
        tokio::spawn(health.follow(store, CancellationToken::new()));
        while futures::StreamExt::next(&mut reporter)
            .await
            .unwrap()
            .unwrap()
            .status()
            != Told::Serving
        {}
        assert!(started.elapsed() < Duration::from_millis(100));
    }
}
