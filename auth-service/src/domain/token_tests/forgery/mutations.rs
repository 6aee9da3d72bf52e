//! Genuine tokens with something changed.

use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use super::{Forger, Rng, *};

pub(super) const FAMILIES: &[Family] = &[
    family("bits flipped as written", bits_as_written),
    family("bits flipped in what is encoded", bits_encoded),
    family("characters put, taken or exchanged", characters),
    family("cut short, or a piece", pieces),
    family("dots and parts", dots),
    family("blanks and control characters", blanks),
    family("other spellings of base64", spellings),
    family("text in a token's form", text),
];

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/";

fn letter(rng: &mut Rng) -> char {
    char::from(ALPHABET.as_bytes()[rng.usize(..ALPHABET.len())])
}

fn bits_as_written(forger: &Forger, rng: &mut Rng) -> String {
    let mut bytes = forger.issued(rng).as_bytes().to_vec();
    for _ in 0..rng.usize(1..4) {
        let at = rng.usize(..bytes.len());
        bytes[at] ^= 1 << rng.u8(..7);
    }
    String::from_utf8(bytes).unwrap()
}

fn bits_encoded(forger: &Forger, rng: &mut Rng) -> String {
    let mut parts = forger
        .parts(rng)
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    for _ in 0..rng.usize(1..4) {
        let part = &mut parts[rng.usize(..3)];
        let at = rng.usize(..part.len());
        part[at] ^= 1 << rng.u8(..8);
    }
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

fn characters(forger: &Forger, rng: &mut Rng) -> String {
    let mut text: Vec<char> = forger.issued(rng).chars().collect();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(..text.len());
        let other = rng.usize(..text.len());
        match rng.u8(..4) {
            0 => text.insert(at, letter(rng)),
            1 => drop(text.remove(at)),
            2 => text[at] = letter(rng),
            _ => text.swap(at, other),
        }
    }
    text.into_iter().collect()
}

fn pieces(forger: &Forger, rng: &mut Rng) -> String {
    let token = forger.issued(rng);
    let at = rng.usize(..token.len());
    match rng.u8(..4) {
        0 => token[..at].to_owned(),
        1 => token[at..].to_owned(),
        2 => format!("{}{}", &token[..at], &token[at + 1..]),
        _ => format!("{token}{}", &token[at..]),
    }
}

fn dots(forger: &Forger, rng: &mut Rng) -> String {
    let token = forger.issued(rng);
    let mut parts: Vec<&str> = token.split('.').collect();
    let mut separator = ".";
    match rng.u8(..6) {
        0 => parts.insert(rng.usize(..=3), ""),
        1 => drop(parts.remove(rng.usize(..3))),
        2 => parts.insert(rng.usize(..=3), parts[rng.usize(..3)]),
        3 => rng.shuffle(&mut parts),
        4 => parts[rng.usize(..3)] = "",
        _ => separator = ["..", ":", ",", "%2E", "\u{3002}", ".\0", "~"][rng.usize(..7)],
    }
    parts.join(separator)
}

fn blanks(forger: &Forger, rng: &mut Rng) -> String {
    let blanks = [
        " ", "\t", "\n", "\r\n", "\0", "\u{a0}", "\u{feff}", "\u{200b}", "%20", "\\n", "\"",
    ];
    let mut token = forger.issued(rng).to_owned();
    for _ in 0..rng.usize(1..3) {
        let at = match rng.u8(..3) {
            0 => 0,
            1 => token.len(),
            _ => (0..=rng.usize(..token.len()))
                .rfind(|at| token.is_char_boundary(*at))
                .unwrap(),
        };
        token.insert_str(at, blanks[rng.usize(..blanks.len())]);
    }
    token
}

/// The same bytes, written otherwise: padded, in the other alphabet, or with bits that count for nothing.
fn spellings(forger: &Forger, rng: &mut Rng) -> String {
    let mut parts = forger.parts(rng).map(str::to_owned);
    for _ in 0..rng.usize(1..3) {
        let part = &mut parts[rng.usize(..3)];
        let bytes = URL_SAFE_NO_PAD.decode(&*part).unwrap_or_default();
        match rng.u8(..5) {
            0 => part.push_str(["=", "==", "==="][rng.usize(..3)]),
            1 => *part = STANDARD.encode(&bytes),
            2 => *part = STANDARD_NO_PAD.encode(&bytes),
            3 => *part = URL_SAFE.encode(&bytes),
            _ => {
                // The next letter of the alphabet has the same upper bits.
                let last = part
                    .pop()
                    .and_then(|last| ALPHABET.find(last))
                    .unwrap_or_default();
                let next = ALPHABET.chars().nth((last & !3) + rng.usize(..4)).unwrap();
                part.push(next);
            }
        }
    }
    parts.join(".")
}

fn text(_: &Forger, rng: &mut Rng) -> String {
    let mut part = |most: usize| -> String { (0..rng.usize(..most)).map(|_| letter(rng)).collect() };
    format!("{}.{}.{}", part(150), part(400), part(90))
}
