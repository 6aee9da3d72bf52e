//! What was not issued, or not like that.

use super::*;

#[test]
fn every_single_flipped_bit_makes_a_token_invalid() {
    let tokens = tokens();
    let token = issued(&tokens);
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(mutated) = String::from_utf8(bytes) else {
                continue;
            };
            assert_eq!(
                tokens.verify(&mutated, NOW),
                Err(TokenRejected::Invalid),
                "byte {at}, bit {bit}"
            );
        }
    }
}

#[test]
fn what_is_no_token_is_invalid() {
    let tokens = tokens();
    let token = issued(&tokens);
    let long = "a".repeat(1_000_000);
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        &long,
        &format!("{token}."),
        &format!(" {token}"),
        &format!("{token}="),
    ] {
        assert_eq!(tokens.verify(text, NOW), Err(TokenRejected::Invalid));
    }
    let parts: Vec<&str> = token.split('.').collect();
    for text in [
        parts[..2].join("."),
        parts.join(".."),
        format!("{}.{}.{}.{}", parts[0], parts[1], parts[1], parts[2]),
    ] {
        assert_eq!(tokens.verify(&text, NOW), Err(TokenRejected::Invalid));
    }
}

#[test]
fn a_genuine_token_that_is_too_long_is_invalid() {
    let tokens = tokens();
    let (header, claims) = (header(&tokens).to_string(), claims().to_string());
    // Blanks between the members of an object mean nothing.
    let padded = |pads: (usize, usize)| {
        let (header, claims) = (" ".repeat(pads.0) + &header, " ".repeat(pads.1) + &claims);
        signed_text(&tokens, &header, &claims)
    };
    let of_length = |wanted: usize| {
        let mut pads = (0..3).flat_map(|few| (0..AccessTokens::MAX_BYTES).map(move |many| (few, many)));
        let length = |(few, many): (usize, usize)| {
            let part = |bytes: usize| (bytes * 4).div_ceil(3);
            part(header.len() + few) + 1 + part(claims.len() + many) + 1 + part(64)
        };
        let token = padded(pads.find(|pads| length(*pads) == wanted).unwrap());
        assert_eq!(token.len(), wanted);
        token
    };
    let longest = of_length(AccessTokens::MAX_BYTES);
    assert!(tokens.verify(&longest, NOW).is_ok());
    let too_long = of_length(AccessTokens::MAX_BYTES + 1);
    assert_eq!(tokens.verify(&too_long, NOW), Err(TokenRejected::Invalid));
}
