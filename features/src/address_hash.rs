//! Hashing addresses quickly: hundreds of thousands are counted at once.

use std::hash::{BuildHasher, Hasher, RandomState};

/// What addresses are hashed with: a key of each map's own, so that nobody can choose addresses
/// that collide.
#[derive(Clone, Debug)]
pub(crate) struct AddressKey([u64; 2]);

impl Default for AddressKey {
    fn default() -> Self {
        let random = RandomState::new();
        Self([random.hash_one(0), random.hash_one(1)])
    }
}

impl BuildHasher for AddressKey {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded {
            key: self.0,
            state: 0,
        }
    }
}

/// Multiplies words and folds the halves of the product: an address takes two rounds, where the
/// standard hasher takes seven.
pub(crate) struct Folded {
    key: [u64; 2],
    state: u64,
}

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(16) {
            let mut words = [0; 16];
            words[..part.len()].copy_from_slice(part);
            let words = u128::from_le_bytes(words);
            let a = words as u64 ^ self.key[0] ^ self.state;
            let b = (words >> 64) as u64 ^ self.key[1];
            let product = u128::from(a) * u128::from(b);
            self.state = (product >> 64) as u64 ^ product as u64;
        }
    }

    /// Lengths say nothing: all keys are as long.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use tidegauge_model::Address;

    #[test]
    fn addresses_that_differ_in_a_bit_are_hashed_apart() {
        let key = AddressKey::default();
        let mut hashes = HashSet::from([key.hash_one(Address::ZERO)]);
        for bit in 0..160usize {
            let mut bytes = [0u8; 20];
            bytes[bit / 8] = 1 << (bit % 8);
            hashes.insert(key.hash_one(Address::new(bytes)));
        }
        assert_eq!(hashes.len(), 161);
        // A map's table is found by the low bits, its groups by the high ones.
        let low: HashSet<_> = hashes.iter().map(|hash| hash & 0xff).collect();
        let high: HashSet<_> = hashes.iter().map(|hash| hash >> 57).collect();
        assert!(
            low.len() > 64 && high.len() > 48,
            "{} {}",
            low.len(),
            high.len()
        );
        // Another map, another key.
        let other = AddressKey::default().hash_one(Address::ZERO);
        assert!(!hashes.contains(&other));
    }
}
