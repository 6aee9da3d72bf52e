//! Labels as they are typed: `key=value`.

use std::{collections::HashMap, str::FromStr};

use crate::errors::CommandError;

/// One `key=value`; what keys and values may hold is the server's to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What stands before the first `=`; never empty.
    pub key: String,
    /// What stands after it; may be empty, may hold `=`.
    pub value: String,
}

impl FromStr for Label {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("must be of the form key=value"),
        }
    }
}

/// The labels as the servers take them.
///
/// # Errors
/// [`CommandError::Usage`] when a key was given twice: one of the values would be lost.
pub fn collect(labels: &[Label]) -> Result<HashMap<String, String>, CommandError> {
    let mut map = HashMap::with_capacity(labels.len());
    for Label { key, value } in labels {
        if map.insert(key.clone(), value.clone()).is_some() {
            return Err(CommandError::Usage(format!("--label {key}=… was given twice")));
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_what_is_read(key in "[^=]{1,20}", value in "\\PC{0,20}") {
            let label: Label = format!("{key}={value}").parse().unwrap();
            prop_assert_eq!(label, Label { key, value });
        }

        #[test]
        fn what_has_no_key_is_no_label(text in "[^=]{0,20}|=\\PC{0,20}") {
            prop_assert!(text.parse::<Label>().is_err());
        }
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        let labels = ["a=1", "b=2", "a=3"].map(|text| text.parse().unwrap());
        assert_eq!(collect(&labels[..2]).unwrap()["b"], "2");
        assert!(matches!(collect(&labels), Err(CommandError::Usage(text)) if text.contains("a=")));
    }
}
