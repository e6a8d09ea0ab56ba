//! Distinct users of days and weeks, counted as they come.

use crate::window::{USER_DAYS, UserCounts};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hasher, RandomState};
use tidegauge_model::{Address, Day};

/// Users that are kept at least, though they were not seen for a week.
const KEPT_USERS: u64 = 1_000;

/// Distinct users by day and week, counted as they come: for each user only the last day counts.
#[derive(Default)]
pub(super) struct Users {
    last: HashMap<Address, Day, Key>,
    /// Users by the last day they were seen, and distinct users of each day.
    seen: BTreeMap<Day, (u64, u64)>,
}

impl Users {
    pub(super) fn add(&mut self, day: Day, user: Address) {
        let before = self.last.insert(user, day);
        if before == Some(day) {
            return;
        }
        if let Some((last, _)) = before.and_then(|before| self.seen.get_mut(&before)) {
            *last -= 1;
        }
        let (last, distinct) = self.seen.entry(day).or_default();
        *last += 1;
        *distinct += 1;
    }

    /// Of the seven days up to and with one, before any later swap.
    pub(super) fn counts(&mut self, day: Day) -> UserCounts {
        let first = day.minus_days(USER_DAYS as u32 - 1);
        let mut each = [0; USER_DAYS as usize];
        let mut week = 0;
        for (on, (last, distinct)) in self.seen.range(first..=day) {
            week += last;
            each[(day.number() - on.number()) as usize] = *distinct;
        }
        self.seen = self.seen.split_off(&first);
        // Whoever was not seen for a week is as good as new.
        if self.last.len() as u64 > 2 * (week + KEPT_USERS) {
            self.last.retain(|_, last| *last >= first);
        }
        UserCounts::counted(each, week)
    }
}

/// What addresses are hashed with: a key of this map's own, so that nobody can choose addresses
/// that collide.
struct Key([u64; 2]);

impl Default for Key {
    fn default() -> Self {
        let random = RandomState::new();
        Self([random.hash_one(0), random.hash_one(1)])
    }
}

impl BuildHasher for Key {
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
struct Folded {
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

    /// Lengths do not matter: all keys are as long.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.state
    }
}
