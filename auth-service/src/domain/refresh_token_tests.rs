use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn tokens() -> RefreshTokens {
    RefreshTokens::new(&[7; 32])
}

fn id(number: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(number))
}

#[test]
fn a_token_names_its_session_and_counter_and_is_always_the_same() {
    let token = tokens().issue(id(5), 42);
    assert!(token.starts_with("rt_00000000-0000-0000-0000-000000000005.42."));
    assert_eq!(token, tokens().issue(id(5), 42));
    let verified = VerifiedRefreshToken {
        session_id: id(5),
        counter: 42,
    };
    assert_eq!(tokens().verify(&token), Ok(verified));
    assert!(tokens().issue(id(u128::MAX), i64::MIN).len() <= 104);
}

#[test]
fn another_key_verifies_nothing() {
    let token = tokens().issue(id(5), 42);
    assert_eq!(
        RefreshTokens::new(&[8; 32]).verify(&token),
        Err(ForgedRefreshToken)
    );
}

#[test]
fn every_other_spelling_of_a_genuine_token_is_refused() {
    let token = tokens().issue(id(0xabc), 7);
    let mac = token.rsplit_once('.').unwrap().1;
    for other in [
        token.to_uppercase(),
        token.replace(".7.", ".07."),
        token.replace(".7.", ".+7."),
        token.replace("abc.", "ABC."),
        format!("{token}="),
        format!("{token}."),
        format!(" {token}"),
        token.replacen("rt_", "", 1),
        mac.to_owned(),
        String::new(),
        "rt_".to_owned(),
        "rt_..".to_owned(),
        format!("rt_{}", "9".repeat(1 << 20)),
    ] {
        assert_eq!(tokens().verify(&other), Err(ForgedRefreshToken), "{other:.80}");
    }
}

#[test]
fn every_flipped_bit_is_a_forgery() {
    let token = tokens().issue(id(5), 42);
    for (index, bit) in (0..token.len()).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
        let mut forged = token.clone().into_bytes();
        forged[index] ^= 1 << bit;
        if let Ok(forged) = String::from_utf8(forged) {
            assert_eq!(tokens().verify(&forged), Err(ForgedRefreshToken), "{forged}");
        }
    }
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(format!("{:?}", tokens()), "RefreshTokens { .. }");
}

proptest! {
    #[test]
    fn what_is_issued_verifies(session in 1_u128.., counter in any::<i64>()) {
        let verified = tokens().verify(&tokens().issue(id(session), counter));
        prop_assert_eq!(verified, Ok(VerifiedRefreshToken { session_id: id(session), counter }));
    }

    #[test]
    fn arbitrary_text_is_refused_without_panic(text in "\\PC{0,120}|rt_[0-9a-f-]{36}\\.[0-9]{1,3}\\.[A-Za-z0-9_-]{43}") {
        prop_assert_eq!(tokens().verify(&text), Err(ForgedRefreshToken));
    }
}
