//! Handles: whatever a name is, it folds to a canonical handle or to none, and always to the same.

use org_service::domain::Handle;
use unicode_normalization::UnicodeNormalization;

/// Texts up to this length are short in every normal form, too: none is refused for its length alone.
const SHORT: usize = 512;

/// Takes the bytes for a name.
pub fn handle(bytes: &[u8]) -> bool {
    let name = String::from_utf8_lossy(bytes);
    let folded = Handle::fold(&name);
    if name.len() <= SHORT {
        let composed: String = name.nfc().collect();
        let decomposed: String = name.nfd().collect();
        assert_eq!(Handle::fold(&composed), folded, "{name:?}");
        assert_eq!(Handle::fold(&decomposed), folded, "{name:?}");
    }
    let Ok(handle) = folded else { return false };
    let text = handle.as_str();
    let words = || text.split('_');
    let canonical = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    assert!(words().all(canonical), "{name:?}: {text:?}");
    assert!(
        (Handle::MIN_BYTES..=Handle::MAX_BYTES).contains(&text.len()),
        "{name:?}: {text:?}"
    );
    assert!(!Handle::RESERVED.contains(&text), "{name:?}: {text:?}");
    for again in [
        text.to_owned(),
        text.to_ascii_uppercase(),
        text.replace('_', " .-"),
    ] {
        assert_eq!(Handle::fold(&again).as_ref(), Ok(&handle), "{name:?}: {again:?}");
    }
    assert_eq!(Handle::parse(text), Ok(handle.clone()));
    true
}
