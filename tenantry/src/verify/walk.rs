//! A walk over everything that is wrong, page by page.

use std::fmt;

use serde::Serialize;
use tenantry_proto::organization::v1::{Finding, FindingSeverity, ListFindingsResponse};

use crate::{errors::CommandError, progress::Progress};

/// Where pages of findings come from.
pub trait Pages {
    /// The page that this token names, the first one for an empty token.
    ///
    /// # Errors
    /// Why it could not be had.
    async fn page(&self, token: String) -> Result<ListFindingsResponse, CommandError>;
}

/// A walk under way; it holds no page but the one that it just gave.
pub struct Walk<'a, P> {
    pages: &'a P,
    progress: &'a Progress,
    next: Option<String>,
    /// What the pages so far came to.
    pub summary: Summary,
}

impl<'a, P: Pages> Walk<'a, P> {
    /// A walk that begins with the first page.
    pub fn new(pages: &'a P, progress: &'a Progress) -> Self {
        progress.tell(0, 0);
        Self {
            pages,
            progress,
            next: Some(String::new()),
            summary: Summary::default(),
        }
    }

    /// The next page's findings; None after the last page.
    ///
    /// # Errors
    /// Why the page could not be had: then the walk has not seen everything.
    pub async fn next(&mut self) -> Result<Option<Vec<Finding>>, CommandError> {
        let Some(token) = self.next.take() else {
            return Ok(None);
        };
        let page = self.pages.page(token).await?;
        self.summary.checked += u64::try_from(page.checked_count).unwrap_or_default();
        let total = u64::try_from(page.total_count).unwrap_or_default();
        self.progress.tell(self.summary.checked, total);
        self.next = Some(page.next_page_token).filter(|token| !token.is_empty());
        self.summary.is_whole = self.next.is_none();
        Ok(Some(page.findings))
    }
}

/// What a walk came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many organizations and collections were looked at.
    pub checked: u64,
    /// How many findings are damage.
    pub damage: u64,
    /// How many are worth a look and no damage.
    pub notices: u64,
    /// Whether everything was looked at.
    is_whole: bool,
}

impl Summary {
    /// Counts a finding. A severity that this version does not know is damage.
    pub fn count(&mut self, finding: &Finding) {
        if finding.severity() == FindingSeverity::Notice {
            self.notices += 1;
        } else {
            self.damage += 1;
        }
    }

    /// Whether the stores are sound; None when not everything was looked at.
    pub fn sound(&self) -> Option<bool> {
        self.is_whole.then_some(self.damage == 0)
    }
}

impl Serialize for Summary {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields {
            checked: u64,
            damage: u64,
            notices: u64,
            sound: Option<bool>,
        }
        let fields = Fields {
            checked: self.checked,
            damage: self.damage,
            notices: self.notices,
            sound: self.sound(),
        };
        fields.serialize(serializer)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.sound() {
            Some(true) => "sound",
            Some(false) => "not sound",
            None => "broken off",
        })?;
        let Self {
            checked,
            damage,
            notices,
            ..
        } = self;
        write!(
            f,
            ": {checked} organizations and collections looked at, {damage} damaged, {notices} notices"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_walk_without_damage_is_sound() {
        let mut summary = Summary::default();
        assert_eq!(summary.sound(), None);
        summary.is_whole = true;
        summary.count(&Finding {
            severity: FindingSeverity::Notice.into(),
            ..Finding::default()
        });
        assert_eq!(summary.sound(), Some(true));
        summary.count(&Finding {
            severity: 99,
            ..Finding::default()
        });
        assert_eq!(summary.sound(), Some(false));
        assert_eq!(
            serde_json::to_string(&summary).unwrap(),
            r#"{"checked":0,"damage":1,"notices":1,"sound":false}"#
        );
    }
}
