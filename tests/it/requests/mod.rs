//! Every request message of every service, with anything in it, sent to both servers: generated from the descriptors,
//! so that a new call is covered as soon as it is there.

mod bearers;
pub mod bodies;
pub mod platform;
mod published;

use std::collections::BTreeMap;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use tokio::runtime::Runtime;
use tonic::Status;

use self::{
    platform::{Caller, Platform},
    published::Published,
};

/// How many of the cases that proptest makes by default (PROPTEST_CASES) go to one method and one caller: with 29
/// methods and four callers, about two thousand in all.
const SHARE: u32 = 15;
/// How many are sent before somebody looks whether the callers may still call.
const ROUND: u32 = 17;

/// Every method of every service of ours.
pub fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(tenantry_proto::FILE_DESCRIPTOR_SET).unwrap();
    let methods: Vec<_> = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect();
    assert!(methods.len() > 20, "{methods:?}");
    methods
}

/// What was answered how often.
#[derive(Default)]
struct Tally {
    answers: BTreeMap<String, u64>,
    answered_ok: BTreeMap<String, u64>,
}

impl Tally {
    fn count(&mut self, method: &MethodDescriptor, caller: Caller, answer: &Result<Vec<u8>, Status>) {
        let (answer, ok) = match answer {
            Ok(_) => ("OK".to_owned(), 1),
            Err(status) => {
                let reason = tenantry_common::rpc::status::reason_of(status).unwrap_or_default();
                (format!("{:?} {reason}", status.code()), 0)
            }
        };
        *self.answers.entry(answer).or_default() += 1;
        *self
            .answered_ok
            .entry(format!("{} {caller:?}", method.name()))
            .or_default() += ok;
    }

    fn total(&self) -> u64 {
        self.answers.values().sum()
    }
}

/// Sends arbitrary messages, and bytes that are none, to one method, and looks at every answer.
fn bombard(
    runtime: &Runtime,
    platform: &Platform,
    published: &Published,
    (method, caller): (&MethodDescriptor, Caller),
    cases: u32,
    tally: &mut Tally,
) {
    let tally = std::cell::RefCell::new(tally);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&bodies::bodies(&method.input(), &platform.words), |body| {
        let answer = runtime.block_on(platform.call(caller, method, body.clone()));
        tally.borrow_mut().count(method, caller, &answer);
        published.complaint(method, &answer).map_or(Ok(()), |complaint| {
            let decoded = DynamicMessage::decode(method.input(), body.as_slice());
            let message = decoded.map_or_else(|error| error.to_string(), |message| message.to_string());
            Err(TestCaseError::fail(format!(
                "{complaint}; the message was {message}"
            )))
        })
    });
    outcome.unwrap_or_else(|error| panic!("{} as {caller:?}: {error}", method.full_name()));
}

#[test]
#[expect(clippy::print_stdout, reason = "the tally")]
fn any_request_of_any_caller_gets_a_published_answer_and_no_fault() {
    let runtime = Runtime::new().unwrap();
    let mut platform = runtime.block_on(Platform::start());
    let (published, methods) = (Published::read(), methods());
    let mut tally = Tally::default();
    let mut left = Config::default().cases.div_ceil(SHARE);
    while left > 0 {
        let cases = left.min(ROUND);
        left -= cases;
        for method in &methods {
            for caller in Caller::ALL {
                // A call that ends the caller's session or organization is no fault.
                runtime.block_on(platform.freshen());
                bombard(
                    &runtime,
                    &platform,
                    &published,
                    (method, caller),
                    cases,
                    &mut tally,
                );
            }
        }
    }
    for (answer, times) in &tally.answers {
        println!("{times:>7}  {answer}");
    }
    let reached: Vec<_> = tally
        .answered_ok
        .iter()
        .filter(|(_, times)| **times > 0)
        .collect();
    println!("{:>7}  in all; answered OK: {reached:?}", tally.total());
    assert!(
        tally.answers["OK"] * 20 > tally.total(),
        "hardly any request was a good one"
    );
    runtime.block_on(platform.assert_serving());
}
