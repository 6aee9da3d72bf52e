//! Stored password hashes: whatever stands in the store, reading it neither panics nor takes long.

use std::sync::LazyLock;

use auth_service::domain::{Cost, ImportedHash, PasswordHash, PasswordScheme, Pepper, Peppers, UnusableHash};
use tenantry_common::password_rules::Password;

/// How a hash of each kind begins.
const IMPORTED: [&str; 5] = ["$2a$", "$2b$", "$2y$", "$pbkdf2-sha256$", "$argon2id$"];
const OWN: &str = "bcrypt-sha384:";

struct Verifier {
    scheme: PasswordScheme,
    password: Password,
}

/// Its pepper is nobody else's: a hash of the own scheme is read as far as the pepper that is missing, and not computed.
static VERIFIER: LazyLock<Verifier> = LazyLock::new(Verifier::new);

impl Verifier {
    #[expect(clippy::expect_used, reason = "cost and password are constants")]
    fn new() -> Self {
        let peppers = Peppers::new(Pepper::new(&[7; Pepper::MIN_BYTES]), Vec::new());
        Self {
            scheme: PasswordScheme::new(peppers, Cost::new(10).expect("a cost")),
            password: Password::typed("correct horse battery").expect("a password"),
        }
    }

    /// Whether the own scheme knows the form.
    fn reads(&self, text: &str) -> bool {
        let stored = PasswordHash::from_stored(text.to_owned());
        let verdict = self.scheme.verify(&self.password, &stored);
        assert!(verdict.is_err() || text.starts_with(OWN), "computed: {text}");
        !matches!(verdict, Err(error) if error != UnusableHash::UnknownPepper)
    }
}

/// Takes the bytes for a hash to import, and where it is none, for one that stands in the store.
pub fn stored_hash(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match ImportedHash::parse(&text) {
        Ok(hash) => {
            assert_eq!(hash.as_str(), text);
            assert!(text.len() <= PasswordHash::MAX_BYTES, "too long: {text}");
            let known = IMPORTED.iter().any(|beginning| text.starts_with(beginning));
            assert!(known, "no known scheme: {text}");
            assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
            // Computing it is bounded, but not short.
            true
        }
        Err(_) => VERIFIER.reads(&text),
    }
}
