//! Changes of a genuine text, written as bytes, so that a fuzzer can look for the one that passes.

/// What becomes of `genuine` by the edits, of three bytes each: what is done, where, and with which byte.
pub(crate) fn edited(genuine: &str, edits: &[u8]) -> Vec<u8> {
    let mut text = genuine.as_bytes().to_vec();
    for edit in edits.chunks_exact(3) {
        let &[what, place, byte] = edit else { continue };
        let at = usize::from(place) % (text.len() + 1);
        match what % 5 {
            0 => text.insert(at, byte),
            1 => text.truncate(at),
            // From the end: texts are longer than a place can say.
            2 => {
                let at = text.len() - at.min(text.len());
                text.insert(at, byte);
            }
            3 => change(&mut text, at, |_| byte),
            _ => change(&mut text, at, |old| old ^ byte),
        }
    }
    text
}

fn change(text: &mut [u8], at: usize, how: impl Fn(u8) -> u8) {
    if let Some(byte) = text.get_mut(at) {
        *byte = how(*byte);
    }
}
