//! Distinct users of days and weeks, counted as they come.

use crate::address_hash::AddressKey;
use crate::user_counts::{USER_DAYS, UserCounts};
use std::collections::{BTreeMap, HashMap};
use tidegauge_model::{Address, Day};

/// Users that are kept at least, though they were not seen for a week.
const KEPT_USERS: u64 = 1_000;

/// Distinct users by day and week, counted as they come: for each user only the last day counts.
#[derive(Default)]
pub(super) struct Users {
    last: HashMap<Address, Day, AddressKey>,
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
