//! Labels: a platform's own notes on an organization.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenantry_common::text::is_deceptive;

/// Labels within the limits, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

/// A label that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLabels {
    /// More than [`Labels::MAX_COUNT`].
    #[error("must be at most {} labels", Labels::MAX_COUNT)]
    TooMany,
    /// A key is not of the form that the protos document.
    #[error("key {0:?} must be 1 to 63 characters a-z, 0-9, '.', '_', '/', '-', the first a letter or digit")]
    Key(String),
    /// A value is too long or holds a control character.
    #[error("value of {0:?} must have at most 255 characters, none of them a control or invisible character")]
    Value(String),
}

impl Labels {
    /// Most labels of one organization.
    pub const MAX_COUNT: usize = 16;
    /// Most characters of a key.
    pub const MAX_KEY_CHARS: usize = 63;
    /// Most code points of a value.
    pub const MAX_VALUE_CHARS: usize = 255;

    /// Takes labels within the limits.
    ///
    /// # Errors
    /// [`InvalidLabels`] for the first label, in the order of the keys, that breaks a rule.
    pub fn parse(labels: impl IntoIterator<Item = (String, String)>) -> Result<Self, InvalidLabels> {
        let labels: BTreeMap<String, String> = labels.into_iter().collect();
        if labels.len() > Self::MAX_COUNT {
            return Err(InvalidLabels::TooMany);
        }
        for (key, value) in &labels {
            if !is_key(key) {
                return Err(InvalidLabels::Key(
                    key.chars().take(Self::MAX_KEY_CHARS).collect(),
                ));
            }
            if value.chars().count() > Self::MAX_VALUE_CHARS || value.chars().any(is_deceptive) {
                return Err(InvalidLabels::Value(key.clone()));
            }
        }
        Ok(Self(labels))
    }

    /// The labels in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

fn is_key(key: &str) -> bool {
    let letter_or_digit = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    key.len() <= Labels::MAX_KEY_CHARS
        && key.bytes().next().is_some_and(letter_or_digit)
        && key.bytes().all(|b| letter_or_digit(b) || b"._/-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(labels: &[(&str, &str)]) -> Result<Labels, InvalidLabels> {
        Labels::parse(labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn labels_within_the_limits_are_kept_in_order() {
        let labels = parse(&[("tier", "gold"), ("billing/plan", ""), ("a", "{\"$ne\":1}")]).unwrap();
        assert_eq!(labels.iter().next(), Some(("a", "{\"$ne\":1}")));
        assert_eq!(labels.iter().count(), 3);
    }

    #[test]
    fn bad_keys_and_values_are_refused() {
        for key in ["", "Tier", "$where", ".a", "a\0", "a b", &"a".repeat(64)] {
            assert!(
                matches!(parse(&[(key, "v")]), Err(InvalidLabels::Key(_))),
                "{key:?}"
            );
        }
        for value in ["a\nb", &"v".repeat(256)] {
            assert_eq!(parse(&[("k", value)]), Err(InvalidLabels::Value("k".to_owned())));
        }
        let many = (0..17).map(|i| (format!("k{i}"), String::new()));
        assert_eq!(Labels::parse(many), Err(InvalidLabels::TooMany));
    }
}
