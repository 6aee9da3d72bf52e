//! Ids that find a call in the logs of every server it passed through.

use std::fmt;

use http::{Extensions, HeaderMap, HeaderValue};

use crate::id::Ids;

/// Metadata key of the request id, in requests and in answers.
pub const REQUEST_ID_KEY: &str = "x-request-id";
/// Metadata key of the trace context (W3C Trace Context, section 3.2).
pub const TRACEPARENT_KEY: &str = "traceparent";

/// Names a call: 1 to 128 characters `[A-Za-z0-9._-]`, the caller's or one of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's id if it is of the right form, else a new one.
    pub fn of_headers(headers: &HeaderMap, ids: &dyn Ids) -> Self {
        let given = headers
            .get(REQUEST_ID_KEY)
            .filter(|value| is_valid(value.as_bytes()));
        given.cloned().map_or_else(|| Self::new(ids), Self)
    }

    /// A new id.
    pub fn new(ids: &dyn Ids) -> Self {
        let text = ids.uuid_v4().to_string();
        Self(HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("-")))
    }

    /// The id of the call that these extensions belong to; `-` outside of one.
    pub fn of(extensions: &Extensions) -> Self {
        extensions
            .get()
            .cloned()
            .unwrap_or(Self(HeaderValue::from_static("-")))
    }

    /// The id as metadata.
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or("-"))
    }
}

fn is_valid(id: &[u8]) -> bool {
    (1..=128).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b))
}

/// The caller's trace context, passed on as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traceparent(HeaderValue);

impl Traceparent {
    /// The trace context if it is of version 00's form: `00-<32 hex>-<16 hex>-<2 hex>`.
    pub fn of_headers(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(TRACEPARENT_KEY)?;
        let parts: Vec<&str> = value.to_str().ok()?.split('-').collect();
        let hex = |part: &str| {
            part.bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let well_formed = lengths == [2, 32, 16, 2] && parts.iter().all(|part| hex(part)) && parts[0] == "00";
        // Ids of zeros alone say that there is none.
        let has_ids = || parts[1..3].iter().all(|id| id.bytes().any(|b| b != b'0'));
        (well_formed && has_ids()).then(|| Self(value.clone()))
    }

    /// The trace context as metadata.
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemIds;

    fn headers(key: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(key, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_callers_id_is_kept_if_it_is_harmless() {
        let kept = RequestId::of_headers(&headers(REQUEST_ID_KEY, "order-17.retry_2"), &SystemIds);
        assert_eq!(kept.to_string(), "order-17.retry_2");
        for odd in ["", "a b", "a\"b", "x".repeat(129).as_str()] {
            let made = RequestId::of_headers(&headers(REQUEST_ID_KEY, odd), &SystemIds);
            assert_eq!(made.to_string().len(), 36, "{odd}");
        }
    }

    #[test]
    fn a_trace_context_is_kept_if_it_is_one() {
        let context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(Traceparent::of_headers(&headers(TRACEPARENT_KEY, context)).is_some());
        for odd in [
            "00-0af7",
            "",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        ] {
            assert_eq!(
                Traceparent::of_headers(&headers(TRACEPARENT_KEY, odd)),
                None,
                "{odd}"
            );
        }
    }
}
