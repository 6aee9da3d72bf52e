//! The service credential as a call carries it: the one key, and the one check.

use http::HeaderMap;

use crate::config::ServiceCredential;

/// The metadata that carries the credential.
pub const METADATA_KEY: &str = "tenantry-service-credential";

/// What a call shows of the service credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// None: the caller is somebody else.
    Absent,
    /// The credential, once.
    Valid,
    /// Something else, or more than one value.
    Invalid,
}

/// What these headers show of `credential`.
///
/// More than one value is [`Presented::Invalid`] even if all are right: a proxy that reads another one than this
/// server must not see another caller.
pub fn presented(headers: &HeaderMap, credential: &ServiceCredential) -> Presented {
    let mut values = headers.get_all(METADATA_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Presented::Absent,
        (Some(value), None) if credential.matches(value.as_bytes()) => Presented::Valid,
        (Some(_), _) => Presented::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use secrecy::SecretString;

    use super::*;
    use crate::config::service_credential;

    const TEXT: &str = "0123456789abcdef0123456789abcdef";

    fn shown(values: &[&str]) -> Presented {
        let credential = service_credential(Some(SecretString::from(TEXT)), None).unwrap();
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(METADATA_KEY, HeaderValue::from_str(value).unwrap());
        }
        presented(&headers, &credential)
    }

    #[test]
    fn the_credential_alone_is_valid() {
        assert_eq!(shown(&[TEXT]), Presented::Valid);
    }

    #[test]
    fn no_value_is_absent() {
        assert_eq!(shown(&[]), Presented::Absent);
    }

    #[test]
    fn anything_else_is_invalid() {
        let longer = format!("{TEXT}0");
        let upper = TEXT.to_uppercase();
        for value in ["", " ", &TEXT[1..], &longer, &upper] {
            assert_eq!(shown(&[value]), Presented::Invalid, "{value:?}");
        }
    }

    #[test]
    fn more_than_one_value_is_invalid() {
        for values in [[TEXT, TEXT], [TEXT, "x"], ["x", TEXT]] {
            assert_eq!(shown(&values), Presented::Invalid, "{values:?}");
        }
    }

    #[test]
    fn the_key_is_one_that_metadata_may_have() {
        assert_eq!(METADATA_KEY, METADATA_KEY.to_lowercase());
        assert!(!METADATA_KEY.ends_with("-bin"));
    }
}
