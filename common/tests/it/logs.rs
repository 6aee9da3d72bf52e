//! One line per call, and what is in it.

use std::{cell::RefCell, io::Write, sync::Once};

use serde_json::Value;
use tenantry_common::rpc::server::ServerSettings;
use tonic::Request;
use tracing_subscriber::fmt;

use crate::carrier::{Running, SOON, login};

thread_local! {
    /// What this thread has logged. A test and all of its servers run on one thread.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ToThread;

impl Write for ToThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps what is logged from now on. One subscriber for the process: several would race for the callsites.
pub fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| fmt().json().flatten_event(true).with_writer(|| ToThread).init());
}

struct Log;

impl Log {
    fn text(&self) -> String {
        LOG.with_borrow(|log| String::from_utf8(log.clone()).unwrap())
    }

    fn calls(&self) -> Vec<Value> {
        let lines: Vec<Value> = self
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines
            .into_iter()
            .filter(|line| line["message"] == "call")
            .collect()
    }

    /// The lines of this many calls, which may be written after the answer has come.
    async fn wait_for(&self, calls: usize) -> Vec<Value> {
        let enough = async {
            while self.calls().len() < calls {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, enough)
            .await
            .unwrap_or_else(|_| panic!("too few lines: {}", self.text()));
        self.calls()
    }
}

#[tokio::test]
async fn a_call_is_one_line_with_its_outcome_and_without_secrets() {
    let log = Log;
    let server = Running::start().await;
    let mut client = server.client().await;
    let mut request = Request::new(login("principal"));
    request
        .metadata_mut()
        .insert("authorization", "Bearer abcdef".parse().unwrap());
    request
        .metadata_mut()
        .insert("x-request-id", "r-1".parse().unwrap());
    client.login(request).await.unwrap();
    client.login(login("own error")).await.unwrap_err();
    let calls = log.wait_for(2).await;
    assert_eq!(calls.len(), 2, "{calls:?}");

    let (done, refused) = (&calls[0], &calls[1]);
    assert_eq!(
        (&done["method"], &done["code"]),
        (&"auth.v1.AuthService/Login".into(), &"OK".into())
    );
    assert_eq!(
        (&done["span"]["request_id"], &done["span"]["principal"]),
        (&"r-1".into(), &"ada-1".into())
    );
    assert!(
        done["span"]["peer"].as_str().unwrap().starts_with("127.0.0.1:"),
        "{done}"
    );
    assert!(done["duration_ms"].as_f64().unwrap() >= 0.0);
    assert_eq!(
        (&refused["code"], &refused["reason"]),
        (&"ALREADY_EXISTS".into(), &"EMAIL_TAKEN".into())
    );
    for secret in ["abcdef", "hunter2", "own error", "a@b"] {
        assert!(!log.text().contains(secret), "{}", log.text());
    }
}

#[tokio::test]
async fn a_fault_is_logged_with_its_cause_and_found_by_its_request_id() {
    let log = Log;
    let server = Running::start().await;
    let mut request = Request::new(login("bare error"));
    request
        .metadata_mut()
        .insert("x-request-id", "r-2".parse().unwrap());
    server.client().await.login(request).await.unwrap_err();
    log.wait_for(1).await;
    let text = log.text();
    let causes: Vec<_> = text
        .lines()
        .filter(|line| line.contains("the cause is secret"))
        .collect();
    assert_eq!(causes.len(), 1, "{text}");
    assert!(causes[0].contains("r-2"), "{text}");
}

#[tokio::test]
async fn a_call_whose_client_hangs_up_is_logged_as_cancelled() {
    let log = Log;
    let server = Running::start().await;
    let mut client = server.client().await;
    let call = tokio::spawn(async move { client.login(login("wait")).await });
    server.stage.waiting.notified().await;
    call.abort();
    let calls = log.wait_for(1).await;
    assert_eq!(calls[0]["code"], "CANCELLED");
}

#[tokio::test]
async fn a_call_that_ran_out_of_time_is_logged_so() {
    let log = Log;
    let request_timeout = std::time::Duration::from_millis(20);
    let server = Running::start_with(ServerSettings {
        request_timeout,
        ..ServerSettings::default()
    })
    .await;
    server.client().await.login(login("wait")).await.unwrap_err();
    let calls = log.wait_for(1).await;
    assert_eq!(
        (&calls[0]["code"], &calls[0]["reason"]),
        (&"DEADLINE_EXCEEDED".into(), &"DEADLINE_EXCEEDED".into())
    );
    assert!(calls[0]["duration_ms"].as_f64().unwrap() >= 20.0);
}
