//! Fingerprints of worlds: what is kept of one once it was looked at.

use std::hash::{Hash, Hasher};

/// A hasher of 128 bits, quick without optimisation too.
pub(crate) struct Fingerprint(u128);

impl Fingerprint {
    pub(crate) fn of(value: &impl Hash) -> u128 {
        let mut hasher = Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        value.hash(&mut hasher);
        hasher.0 ^ (hasher.0 >> 64)
    }

    fn mix(&mut self, word: u64) {
        let product = (self.0 ^ u128::from(word)).wrapping_mul(0xda94_2042_e4dd_58b5_9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 61);
    }
}

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.mix(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.mix(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }

    fn write_usize(&mut self, n: usize) {
        self.mix(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.mix(n as u64);
    }

    fn finish(&self) -> u64 {
        self.0 as u64
    }
}
