//! The answers that are published: the README's table of errors, and the reasons in the protos.

use std::{collections::BTreeSet, fs};

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use tenantry_common::rpc::status::reason_of;
use tonic::{Code, Status};

use crate::root;

/// What a caller cannot be the cause of: nothing is amiss with these servers.
const FAULTS: [&str; 7] = [
    "INTERNAL",
    "DEADLINE_EXCEEDED",
    "STORE_UNAVAILABLE",
    "AUTH_UNAVAILABLE",
    "OVERLOADED",
    "SHUTTING_DOWN",
    "QUOTA_EXCEEDED",
];

/// What a client may be answered.
pub struct Published {
    /// Codes and reasons of the README.
    table: BTreeSet<(String, String)>,
    /// Packages and reasons of the protos.
    reasons: BTreeSet<(String, String)>,
}

impl Published {
    /// Reads both.
    pub fn read() -> Self {
        let readme = fs::read_to_string(root().join("README.md")).unwrap();
        let rows = readme.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let (code, reasons) = (cells.next()?, cells.next()?);
            let is_code =
                code.len() > 3 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
            is_code.then_some((code, reasons))
        });
        let quoted =
            |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
        let table = rows.flat_map(|(code, reasons)| {
            let code = code.replace('_', "").to_lowercase();
            quoted(reasons)
                .into_iter()
                .map(move |reason| (code.clone(), reason))
        });
        let pool = DescriptorPool::decode(tenantry_proto::FILE_DESCRIPTOR_SET).unwrap();
        let enums = pool.all_enums().filter(|found| found.name() == "ErrorReason");
        let reasons = enums.flat_map(|found| {
            let package = found.package_name().to_owned();
            let values: Vec<_> = found.values().map(|value| value.name().to_owned()).collect();
            values.into_iter().map(move |name| {
                (
                    package.clone(),
                    name.trim_start_matches("ERROR_REASON_").to_owned(),
                )
            })
        });
        let published = Self {
            table: table.collect(),
            reasons: reasons.collect(),
        };
        assert!(published.table.len() > 20, "{:?}", published.table);
        published
    }

    /// What is wrong with an answer of this method, if anything is.
    pub fn complaint(&self, method: &MethodDescriptor, answer: &Result<Vec<u8>, Status>) -> Option<String> {
        let status = match answer {
            Ok(reply) => {
                let decoded = DynamicMessage::decode(method.output(), reply.as_slice());
                return decoded
                    .err()
                    .map(|error| format!("the reply is no reply: {error}"));
            }
            Err(status) => status,
        };
        let never = [Code::Internal, Code::Unknown, Code::DataLoss, Code::Cancelled];
        let Some(reason) = reason_of(status).filter(|_| !never.contains(&status.code())) else {
            return Some(format!("not an answer of ours: {status:?}"));
        };
        let code = format!("{:?}", status.code()).to_lowercase();
        let package = method.parent_service().package_name().to_owned();
        let known =
            self.table.contains(&(code, reason.clone())) && self.reasons.contains(&(package, reason.clone()));
        if !known {
            return Some(format!("{:?} with {reason} is not published", status.code()));
        }
        FAULTS
            .contains(&reason.as_str())
            .then(|| format!("a fault without a cause: {status:?}"))
    }
}

#[cfg(test)]
mod tests {
    use tenantry_common::rpc::status::Failure;

    use super::{super::methods, *};

    fn status(code: Code, reason: &'static str) -> Status {
        Failure::new(code, reason, "a message").into()
    }

    #[test]
    fn what_is_not_published_is_complained_of() {
        let published = Published::read();
        let method = methods()
            .into_iter()
            .find(|method| method.name() == "GetOrganization")
            .unwrap();
        let complains = |answer| published.complaint(&method, &answer).is_some();
        for status in [
            Status::internal("h2"),
            Status::invalid_argument("without a reason"),
            status(Code::Internal, "INTERNAL"),
            status(Code::Unknown, "INVALID_FIELDS"),
            status(Code::InvalidArgument, "UNHEARD_OF"),
            // The other service's.
            status(Code::Unauthenticated, "CREDENTIALS_INVALID"),
            // Of another code.
            status(Code::NotFound, "INVALID_FIELDS"),
            status(Code::Unavailable, "AUTH_UNAVAILABLE"),
        ] {
            assert!(complains(Err(status.clone())), "{status:?}");
        }
        assert!(complains(Ok(vec![0x0a, 0x7f])), "a reply that is none");
        assert!(!complains(Err(status(Code::NotFound, "ORGANIZATION_NOT_FOUND"))));
        assert!(!complains(Ok(Vec::new())));
    }
}
