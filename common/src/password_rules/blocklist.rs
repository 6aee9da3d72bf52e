//! The passwords that are guessed first (NIST SP 800-63B-4, section 3.1.1.2).

/// One per line, in lower case, sorted by bytes. README.md says where they are from.
const COMMON: &str = include_str!("common-passwords.txt");

/// Whether a password, in NFKC, is one of the common ones in any spelling of its letters; white space around it counts
/// for nothing.
pub(super) fn is_common(password: &str) -> bool {
    has_line(COMMON, &password.trim().to_lowercase())
}

/// Whether a text of sorted lines has this one. It bisects the text itself, so that there is nothing to build first.
fn has_line(sorted: &str, line: &str) -> bool {
    let text = sorted.as_bytes();
    let (mut low, mut high) = (0, text.len());
    // Both are where a line begins, or the end.
    while low < high {
        let middle = low + (high - low) / 2;
        let before = text[low..middle].iter().rposition(|&byte| byte == b'\n');
        let start = before.map_or(low, |at| low + at + 1);
        let after = text[middle..high].iter().position(|&byte| byte == b'\n');
        let end = after.map_or(high, |at| middle + at);
        match text[start..end].cmp(line.as_bytes()) {
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
            std::cmp::Ordering::Equal => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[test]
    fn the_list_is_sorted_without_repeats_and_holds_nothing_that_is_too_short() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() > 8_000, "{}", lines.len());
        assert!(lines.is_sorted_by(|one, next| one.as_bytes() < next.as_bytes()));
        for line in lines {
            assert!(line.chars().count() >= 8, "{line:?}");
            assert_eq!(line, line.trim().to_lowercase(), "{line:?}");
            assert!(line.nfkc().eq(line.chars()), "{line:?}");
        }
    }

    #[test]
    fn every_line_of_the_list_is_found() {
        assert!(COMMON.lines().all(is_common));
    }

    #[test]
    fn spelling_does_not_hide_a_common_password() {
        for common in ["password1", "PassWord1", "12345678", " QwertyUiop\t"] {
            assert!(is_common(common), "{common}");
        }
        for own in ["correct horse battery", "password1 is not mine", "", "\n"] {
            assert!(!is_common(own), "{own}");
        }
    }

    proptest! {
        #[test]
        fn a_text_has_the_lines_that_it_was_made_of(
            lines in prop::collection::btree_set("[a-c]{1,3}", 0..12), line in "[a-c]{1,3}", ended: bool,
        ) {
            let lines: BTreeSet<String> = lines;
            let mut text = lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            if ended && !text.is_empty() {
                text.push('\n');
            }
            prop_assert_eq!(has_line(&text, &line), lines.contains(&line));
            prop_assert!(lines.iter().all(|line| has_line(&text, line)));
        }
    }
}
