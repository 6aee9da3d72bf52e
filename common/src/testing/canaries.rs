//! Secrets that a test hands to a server, and the search for them in what the server says.

use base64::{
    Engine, alphabet,
    engine::general_purpose::{GeneralPurpose, NO_PAD},
};

/// Shorter ones would be found where they are not.
const FEWEST_BYTES: usize = 12;

/// Secrets by their names.
#[derive(Default)]
pub struct Canaries(Vec<(String, Vec<u8>)>);

impl Canaries {
    /// Remembers a secret, and gives it back.
    ///
    /// # Panics
    /// For one of fewer than 12 bytes: it could be found by chance.
    pub fn plant<S: AsRef<[u8]>>(&mut self, name: &str, secret: S) -> S {
        let bytes = secret.as_ref().to_vec();
        assert!(
            bytes.len() >= FEWEST_BYTES,
            "{name} is too short to be looked for"
        );
        self.0.push((name.to_owned(), bytes));
        secret
    }

    /// Remembers what makes a token a secret: the last of its parts, which signs the others.
    pub fn plant_token(&mut self, name: &str, token: &str) {
        self.plant(name, token.rsplit('.').next().unwrap_or(token));
    }

    /// Which secrets `text` holds and how they are written there: as they are, in hexadecimal, in base64 wherever they begin
    /// in what was encoded, or as Rust shows bytes.
    #[must_use]
    pub fn found_in(&self, text: &[u8]) -> Vec<String> {
        let text = letters(text);
        let mut found = Vec::new();
        for (name, secret) in &self.0 {
            for (form, written) in forms(secret) {
                if text.contains(&letters(&written)) {
                    found.push(format!("{name} {form}"));
                }
            }
        }
        found
    }
}

impl Canaries {
    /// Looks at all that a server said.
    ///
    /// # Panics
    /// When a secret is in it, or when something expected is not: then too little was said for that to mean anything.
    pub fn assert_silent(&self, said: &str, expected: &[&str]) {
        for expected in expected {
            let mut control = Self::default();
            control.plant(expected, expected);
            let found = !control.found_in(said.as_bytes()).is_empty();
            assert!(found, "{expected} is not among {} bytes", said.len());
        }
        assert_eq!(self.found_in(said.as_bytes()), Vec::<String>::new());
    }
}

fn forms(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let joined = |show: fn(&u8) -> String, between: &str| {
        let shown: Vec<String> = secret.iter().map(show).collect();
        shown.join(between).into_bytes()
    };
    let mut forms = vec![
        ("as it is", secret.to_vec()),
        ("with escapes", secret.escape_ascii().collect()),
        ("in hexadecimal", joined(|byte| format!("{byte:02x}"), "")),
        (
            "in upper-case hexadecimal",
            joined(|byte| format!("{byte:02X}"), ""),
        ),
        ("as a list of bytes", joined(u8::to_string, ", ")),
        ("as a list of bytes without blanks", joined(u8::to_string, ",")),
    ];
    for alphabet in [alphabet::STANDARD, alphabet::URL_SAFE] {
        let base64 = GeneralPurpose::new(&alphabet, NO_PAD);
        forms.extend((0..3).map(|before| ("in base64", within_base64(&base64, secret, before))));
    }
    forms
}

/// The characters that the secret alone decides when so many bytes, modulo three, stand before it.
fn within_base64(base64: &GeneralPurpose, secret: &[u8], before: usize) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret);
    let text = base64.encode(&bytes).into_bytes();
    let first = (before * 8).div_ceil(6);
    text[first..bytes.len() * 8 / 6].to_vec()
}

/// A letter for each byte: the standard library searches text fast, and bytes not at all.
fn letters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    #[test]
    fn a_canary_is_found_however_it_is_written() {
        let secret = b"canary?>~\xfa\xfb\xfc+/".as_slice();
        let mut canaries = Canaries::default();
        canaries.plant("the key", secret);
        let mut written = vec![
            secret.to_vec(),
            secret
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
                .into_bytes(),
            secret
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect::<String>()
                .into_bytes(),
            format!("{secret:?}").into_bytes(),
            format!(
                "{:?}",
                prost::bytes::Bytes::from_static(b"canary?>~\xfa\xfb\xfc+/")
            )
            .into_bytes(),
        ];
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy"] {
                let whole = [before.as_bytes(), secret, after.as_bytes()].concat();
                written.push(STANDARD.encode(&whole).into_bytes());
                written.push(URL_SAFE.encode(&whole).into_bytes());
            }
        }
        for text in written {
            let shown = String::from_utf8_lossy(&text).into_owned();
            let line = [b"{\"msg\":\"".as_slice(), &text, b"\"}"].concat();
            assert!(
                canaries
                    .found_in(&line)
                    .iter()
                    .all(|found| found.starts_with("the key "))
            );
            assert!(!canaries.found_in(&line).is_empty(), "{shown}");
        }
        assert_eq!(canaries.found_in(b"a canary and a key"), Vec::<String>::new());
    }

    #[test]
    fn a_token_is_known_by_its_signature() {
        let mut canaries = Canaries::default();
        canaries.plant_token("the token", "header.claims.a-signature-of-ours");
        assert_eq!(canaries.found_in(b"header.claims.another"), Vec::<String>::new());
        assert_eq!(
            canaries.found_in(b"header.claims.a-signature-of-ours")[0],
            "the token as it is"
        );
    }
}
