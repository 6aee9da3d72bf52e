//! What a throttle counts by.

use std::fmt;

/// What is counted by: a kind and its parts, each with its length before it, so that different things never make the same
/// key. Its Debug shows nothing: a part may be somebody's e-mail.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(Box<[u8]>);

impl Key {
    /// The key of these parts; keys of two kinds are never the same.
    pub fn of(kind: &'static str, parts: &[&[u8]]) -> Self {
        let all = || std::iter::once(kind.as_bytes()).chain(parts.iter().copied());
        let length = all().map(|part| size_of::<u64>() + part.len()).sum();
        let mut bytes = Vec::with_capacity(length);
        for part in all() {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self(bytes.into())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Few bytes, so that two lists of parts are often the same text; zeros and ones, so that some look like lengths.
    fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
        vec(vec(0..3_u8, 0..4), 0..4)
    }

    fn key(kind: &'static str, parts: &[Vec<u8>]) -> Key {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Key::of(kind, &parts)
    }

    proptest! {
        #[test]
        fn keys_are_the_same_for_the_same_kind_and_parts_alone(
            one in parts(),
            other in parts(),
            kinds in prop::sample::select(vec![("a", "a"), ("a", "ab"), ("", "\0"), ("ab", "ba")]),
        ) {
            let same = kinds.0 == kinds.1 && one == other;
            prop_assert_eq!(key(kinds.0, &one) == key(kinds.1, &other), same);
            prop_assert_eq!(key(kinds.0, &one), key(kinds.0, &one));
        }
    }

    #[test]
    fn parts_that_make_the_same_text_make_different_keys() {
        let keys = [
            Key::of("login", &[b"ab", b"c"]),
            Key::of("login", &[b"a", b"bc"]),
            Key::of("login", &[b"abc"]),
            Key::of("login", &[b"abc", b""]),
            Key::of("logi", &[b"nabc"]),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(key));
        }
    }

    #[test]
    fn a_key_shows_nothing() {
        assert_eq!(
            format!("{:?}", Key::of("e-mail", &[b"ada@example.com"])),
            "Key(…)"
        );
    }
}
