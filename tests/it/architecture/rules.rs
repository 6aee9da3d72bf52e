//! Who may name what, within the packages.

use std::fmt;

use super::paths::{module_of, paths};

/// What one kind of file must not name.
pub struct Rule {
    /// The rule, for people.
    pub text: &'static str,
    /// Whether a file is bound by it; the path begins with the package's directory.
    binds: fn(&str) -> bool,
    /// The beginnings of the paths that it forbids.
    forbids: &'static [&'static str],
}

/// A path that a rule lets one file name all the same.
pub struct Exception {
    file: &'static str,
    path: &'static str,
    /// Why.
    reason: &'static str,
}

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        text: "the domain knows no wire, no store and no network",
        binds: is_domain,
        forbids: &[
            "tonic",
            "tonic_types",
            "tonic_prost",
            "prost",
            "prost_types",
            "tenantry_proto",
            "bson",
            "mongodb",
            "redb",
            "tokio",
            "std::fs",
            "std::net",
            "crate::grpc",
            "crate::store",
            "tenantry_common::store",
            "tenantry_common::rpc",
        ],
    },
    Rule {
        text: "BSON and MongoDB's driver are named in store/mongo alone",
        binds: |file| !is_adapter(file, "mongo") && !file.starts_with("common/src/testing"),
        forbids: &["bson", "mongodb"],
    },
    Rule {
        text: "redb is named in the store modules' embedded half alone",
        binds: |file| !is_adapter(file, "embedded") && file != "common/src/store/writer.rs",
        forbids: &["redb"],
    },
    Rule {
        text: "grpc/ calls use cases, not stores",
        binds: |file| file.contains("/src/grpc/"),
        forbids: &[
            "crate::store",
            "tenantry_common::store::embedded",
            "tenantry_common::store::mongo",
        ],
    },
    Rule {
        text: "what lies below the wire does not import it",
        binds: |file| file.contains("/src/store/") || file.contains("/src/driver/"),
        forbids: &["crate::grpc"],
    },
];

/// What may be all the same.
pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        file: "common/src/config.rs",
        path: "mongodb::options",
        reason: "a store's URL is refused before anything starts, by the parser that will read it later",
    },
    Exception {
        file: "org-service/src/store/conformance/fixture.rs",
        path: "mongodb",
        reason: "the suite looks at what the adapter wrote, and breaks it",
    },
    Exception {
        file: "org-service/src/store/conformance/embedded_only.rs",
        path: "redb",
        reason: "the suite looks at what the adapter wrote, and breaks it",
    },
    Exception {
        file: "org-service/src/store/conformance/fixture.rs",
        path: "redb",
        reason: "the suite looks at what the adapter wrote, and breaks it",
    },
];

fn is_domain(file: &str) -> bool {
    [
        "/src/domain/",
        "/src/domain.rs",
        "/src/lifecycle/",
        "/src/lifecycle.rs",
    ]
    .iter()
    .any(|part| file.contains(part))
}

/// Whether the file is the half of a store that talks to this backend.
fn is_adapter(file: &str, backend: &str) -> bool {
    let (in_module, as_file) = (
        format!("/src/store/{backend}/"),
        format!("/src/store/{backend}.rs"),
    );
    file.contains(&in_module) || file.ends_with(&as_file)
}

impl Rule {
    /// The paths in the file that this rule forbids and no exception allows.
    pub fn violations(&self, file: &str, source: &str) -> Vec<String> {
        let forbidden = self.forbidden(file, source);
        forbidden
            .into_iter()
            .filter(|path| !EXCEPTIONS.iter().any(|exception| exception.allows(file, path)))
            .collect()
    }

    fn forbidden(&self, file: &str, source: &str) -> Vec<String> {
        if !(self.binds)(file) {
            return Vec::new();
        }
        let module = module_of(file.split_once("/src/").map_or(file, |(_, inside)| inside));
        let named = paths(source, &module).into_iter().map(|path| path.join("::"));
        named
            .filter(|path| self.forbids.iter().any(|beginning| begins(path, beginning)))
            .collect()
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, path, reason } = self;
        write!(f, "{file} may name {path}, because {reason}")
    }
}

impl Exception {
    fn allows(&self, file: &str, path: &str) -> bool {
        self.file == file && begins(path, self.path)
    }

    /// Whether some rule would complain without it.
    pub fn is_needed(&self, file: &str, source: &str) -> bool {
        RULES
            .iter()
            .flat_map(|rule| rule.forbidden(file, source))
            .any(|path| self.allows(file, &path))
    }
}

/// Whether `path` is `beginning`, or lies within it.
fn begins(path: &str, beginning: &str) -> bool {
    path.strip_prefix(beginning)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(file: &str, source: &str) -> usize {
        RULES
            .iter()
            .filter(|rule| !rule.violations(file, source).is_empty())
            .count()
    }

    #[track_caller]
    fn refused(file: &str, source: &str) {
        assert_eq!(complaints(file, source), 1, "{file}: {source}");
    }

    #[track_caller]
    fn accepted(file: &str, source: &str) {
        assert_eq!(complaints(file, source), 0, "{file}: {source}");
    }

    #[test]
    fn a_domain_that_knows_the_wire_is_refused() {
        refused("auth-service/src/domain/admin.rs", "use tonic::Status;");
        refused(
            "auth-service/src/domain/admin.rs",
            "fn f() -> prost_types::Any { todo!() }",
        );
        refused(
            "org-service/src/domain/mod.rs",
            "use tenantry_proto::organization::v1::Organization;",
        );
        refused("org-service/src/lifecycle/next.rs", "use std::{fmt, fs::File};");
        refused("org-service/src/lifecycle.rs", "use super::store::Store;");
        refused(
            "org-service/src/lifecycle/next.rs",
            "use super::super::grpc::errors;",
        );
        accepted(
            "org-service/src/lifecycle/next.rs",
            "use crate::domain::{Handle, State};",
        );
    }

    #[test]
    fn bson_outside_the_adapter_is_refused() {
        refused("auth-service/src/login.rs", "use mongodb::bson::doc;");
        refused("org-service/src/store/mod.rs", "fn f(d: ::bson::Document) {}");
        refused("tenantry/src/dev/mod.rs", "use mongodb as m;");
        refused("common/src/config.rs", "use mongodb::Client;");
        refused("org-service/src/store/mongodb.rs", "use mongodb::Client;");
        accepted("org-service/src/store/mongo.rs", "use mongodb::bson::doc;");
        accepted("org-service/src/store/mongo/record.rs", "use mongodb::bson::doc;");
        accepted("common/src/testing.rs", "use mongodb::Client;");
        accepted("common/src/config.rs", "use mongodb::options::ConnectionString;");
    }

    #[test]
    fn redb_outside_the_adapter_is_refused() {
        refused("org-service/src/create.rs", "use redb::Database;");
        refused("org-service/src/store/mongo.rs", "use redb::Database;");
        accepted("org-service/src/store/embedded/records.rs", "use redb::Database;");
    }

    #[test]
    fn a_handler_that_reaches_for_a_store_is_refused() {
        refused(
            "auth-service/src/grpc/auth.rs",
            "use crate::{login, store::Store};",
        );
        refused(
            "auth-service/src/grpc/auth.rs",
            "fn f() { super::super::store::open() }",
        );
        refused(
            "auth-service/src/grpc/mod.rs",
            "use tenantry_common::store::embedded::EmbeddedDatabase;",
        );
        accepted(
            "auth-service/src/grpc/errors.rs",
            "use tenantry_common::store::error::StoreError;",
        );
    }

    #[test]
    fn a_store_that_knows_the_wire_is_refused() {
        refused("auth-service/src/store/mod.rs", "use crate::grpc::convert;");
        refused("org-service/src/driver/drive.rs", "use crate::grpc::SignUp;");
    }
}
