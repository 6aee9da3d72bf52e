//! What is wrong with the stores, as `tenantry verify` prints it.

use std::fmt;

use serde::Serialize;
use tenantry_proto::organization::v1::{Finding, FindingKind, FindingSeverity};

use super::EnumName;
use crate::output::printable;

/// One thing that is wrong. Displayed it is a block of lines: what and where, what it means, what to do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingView {
    kind: EnumName,
    severity: EnumName,
    #[serde(skip_serializing_if = "String::is_empty")]
    organization_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    collection_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    admin_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    handle: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    etag: String,
    description: String,
    advice: String,
    repairable: bool,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self {
            kind: EnumName::of(finding.kind, FindingKind::as_str_name),
            severity: EnumName::of(finding.severity, FindingSeverity::as_str_name),
            organization_id: finding.organization_id,
            collection_name: finding.collection_name,
            admin_id: finding.admin_id,
            handle: finding.handle,
            etag: finding.etag,
            description: finding.description,
            advice: finding.advice,
            repairable: finding.repairable,
        }
    }
}

impl fmt::Display for FindingView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = self.severity.short("FINDING_SEVERITY_");
        write!(f, "{severity} {}", self.kind.short("FINDING_KIND_"))?;
        if self.repairable {
            f.write_str(" (repairable)")?;
        }
        for (what, which) in [
            ("organization", &self.organization_id),
            ("collection", &self.collection_name),
            ("admin", &self.admin_id),
            ("handle", &self.handle),
        ] {
            if !which.is_empty() {
                write!(f, "  {what} {}", printable(which))?;
            }
        }
        write!(f, "\n  {}", printable(&self.description))?;
        write!(f, "\n  to do: {}", printable(&self.advice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_tells_a_person_what_where_what_it_means_and_what_to_do() {
        let finding = Finding {
            kind: FindingKind::CollectionMisplaced.into(),
            severity: FindingSeverity::Damage.into(),
            organization_id: "i".to_owned(),
            collection_name: "org_\u{1b}[2J".to_owned(),
            description: "It stands elsewhere.\nerror: forged".to_owned(),
            advice: "Run `tenantry repair i`.".to_owned(),
            repairable: true,
            ..Finding::default()
        };
        assert_eq!(
            FindingView::from(finding).to_string(),
            "DAMAGE COLLECTION_MISPLACED (repairable)  organization i  collection org_\u{fffd}[2J\n  \
             It stands elsewhere.\u{fffd}error: forged\n  to do: Run `tenantry repair i`."
        );
    }
}
