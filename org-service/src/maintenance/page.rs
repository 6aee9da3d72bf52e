//! Pages of the walk: where they begin and end, and which findings stay on them.

use std::collections::{BTreeMap, HashMap};

use tenantry_common::id::OrganizationId;

use super::finding::Finding;
use crate::{
    admins::OrganizationAdmins,
    domain::{CollectionName, Organization},
};

/// Where a walk goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// After what.
    pub position: Position,
    /// How much there was in all when the walk began, about.
    pub total: u64,
}

/// How far a walk is: organizations come first, then collections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Among the organizations, by their ids.
    Organizations(Option<OrganizationId>),
    /// Among the collections, by their names.
    Collections(Option<CollectionName>),
}

/// What was found of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What is wrong, in the order of the organizations or of the collections.
    pub findings: Vec<Finding>,
    /// How many organizations or collections were looked at.
    pub checked: usize,
    /// How many there are in all, about.
    pub total: u64,
    /// Where the next page goes on; none after the last.
    pub next: Option<Cursor>,
}

/// An organization that one of the services knows.
pub(super) struct Subject {
    pub(super) id: OrganizationId,
    pub(super) organization: Option<Organization>,
    pub(super) auth: Option<OrganizationAdmins>,
}

/// A page before it has its total.
pub(super) struct Part {
    pub(super) findings: Vec<Finding>,
    pub(super) checked: usize,
    pub(super) next: Option<Position>,
}

/// What both services know of the same organizations, up to `end`, in the order of their ids.
pub(super) fn merged(
    records: Vec<Organization>,
    known: Vec<OrganizationAdmins>,
    end: Option<OrganizationId>,
) -> Vec<Subject> {
    let mut subjects: BTreeMap<OrganizationId, Subject> = BTreeMap::new();
    let subject = |id| Subject {
        id,
        organization: None,
        auth: None,
    };
    for record in records {
        let id = record.id;
        subjects.entry(id).or_insert_with(|| subject(id)).organization = Some(record);
    }
    for known in known {
        let id = known.organization;
        subjects.entry(id).or_insert_with(|| subject(id)).auth = Some(known);
    }
    let within = |subject: &Subject| end.is_none_or(|end| subject.id <= end);
    subjects.into_values().filter(within).collect()
}

/// How many may stay on a page, so that it has hardly more than `limit` findings, and at least one subject.
pub(super) fn kept(findings: impl Iterator<Item = usize>, limit: usize) -> usize {
    let mut found = 0;
    let mut kept = 0;
    for count in findings {
        if found >= limit {
            break;
        }
        found += count;
        kept += 1;
    }
    kept
}

/// The findings of the second look that the first one had too.
pub(super) fn seen_twice(first: &[Finding], second: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut by_subject: HashMap<_, Vec<&Finding>> = HashMap::new();
    for finding in first {
        by_subject
            .entry((finding.organization, &finding.collection))
            .or_default()
            .push(finding);
    }
    second
        .filter(|again| {
            let same = by_subject.get(&(again.organization, &again.collection));
            same.is_some_and(|same| same.iter().any(|finding| finding.is_again(again)))
        })
        .collect()
}
