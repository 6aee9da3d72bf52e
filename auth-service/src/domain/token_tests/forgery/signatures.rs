//! Good headers and claims under signatures that are not theirs.

use super::{Forger, Rng, *};

pub(super) const FAMILIES: &[Family] = &[
    family("S plus multiples of the group's order", malleable),
    family("points of small order, and numbers at the edges", degenerate),
    family("parts of several genuine tokens", spliced),
    family("another key of the same kind", another_key),
    family("keys of other kinds", other_kinds),
    family("no signature, or one that is too short or too long", lengths),
];

/// 2^252 + 27742317777372353535851937790883648493, the order of Ed25519's group (RFC 8032, section 5.1), little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Encodings of points of order 1, 2, 4 and 8, some not canonical, and numbers around the field's and the group's.
const EDGES: [&str; 12] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
    "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
];

/// The same signature to whoever does not look whether S is below the order (RFC 8032, section 8.4).
fn malleable(forger: &Forger, rng: &mut Rng) -> String {
    let [header, claims, signature] = forger.parts(rng);
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for _ in 0..rng.usize(1..16) {
        let mut carry = 0;
        for (byte, addend) in signature[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(addend) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
    }
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn degenerate(forger: &Forger, rng: &mut Rng) -> String {
    let [header, claims, signature] = forger.parts(rng);
    let genuine = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut half = |genuine: &[u8]| match rng.u8(..4) {
        0 => genuine.to_vec(),
        1 => (0..32).map(|_| rng.u8(..)).collect(),
        _ => {
            let edge = EDGES[rng.usize(..EDGES.len())];
            (0..32)
                .map(|at| u8::from_str_radix(&edge[2 * at..2 * at + 2], 16).unwrap())
                .collect()
        }
    };
    let signature = [half(&genuine[..32]), half(&genuine[32..])].concat();
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn spliced(forger: &Forger, rng: &mut Rng) -> String {
    let [[header, ..], [_, claims, _], [.., signature]] = [(); 3].map(|()| forger.parts(rng));
    if rng.bool() {
        return format!("{header}.{claims}.{signature}");
    }
    // Half of one signature and half of another.
    let other = forger.parts(rng)[2];
    let at = rng.usize(1..signature.len());
    format!("{header}.{claims}.{}{}", &signature[..at], &other[at..])
}

fn another_key(forger: &Forger, rng: &mut Rng) -> String {
    let [header, claims, _] = forger.parts(rng);
    Forger::foreign_ed25519(rng).sign_message(&format!("{header}.{claims}"))
}

/// The header says what the signature is, as an honest issuer's would.
fn other_kinds(forger: &Forger, rng: &mut Rng) -> String {
    let signature = if rng.u8(..4) == 0 {
        forger.foreign(rng)
    } else {
        forger.hmac(rng)
    };
    let [header, claims, _] = forger.parts(rng);
    if rng.bool() {
        return signature.sign_message(&format!("{header}.{claims}"));
    }
    let mut header = self::header(&forger.tokens);
    header["alg"] = json!(signature.algorithm());
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    signature.sign_message(&format!("{header}.{claims}"))
}

fn lengths(forger: &Forger, rng: &mut Rng) -> String {
    let [header, claims, signature] = forger.parts(rng);
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    match rng.u8(..3) {
        0 => signature.truncate(rng.usize(..64)),
        1 => signature.extend((0..rng.usize(1..80)).map(|_| rng.u8(..))),
        _ => signature = vec![rng.u8(..); rng.usize(..130)],
    }
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
}
