//! Distinct users of the last seven days before a moment, and of each of them.

use crate::address_hash::AddressKey;
use std::collections::HashMap;
use std::sync::Arc;
use tidegauge_model::{Address, Day, Hour, SECONDS_PER_DAY, UnixSeconds};

/// Days over which users are counted.
pub(crate) const USER_DAYS: u64 = 7;

/// Distinct users of the last seven days and of each of them.
#[derive(Clone, Debug)]
pub struct UserCounts {
    at: UnixSeconds,
    /// A bit for each day of each user that was not known before.
    days: HashMap<Address, u8, AddressKey>,
    /// Those that were, and their days, by number.
    known: Option<(Arc<KnownUsers>, Vec<u8>)>,
    distinct: Distinct,
}

/// Users as they are kept, each with a number, so that those who come again are counted without
/// looking for them.
#[derive(Clone, Debug)]
pub(crate) struct KnownUsers {
    at: UnixSeconds,
    numbers: HashMap<Address, u32, AddressKey>,
    /// A bit for each day, by number.
    days: Vec<u8>,
    distinct: Distinct,
}

/// How many there are: of each day, the last one first, and of all together.
#[derive(Clone, Copy, Debug, Default)]
struct Distinct {
    each: [u64; USER_DAYS as usize],
    week: u64,
}

impl Distinct {
    /// A user with these days is there on another.
    fn mark(&mut self, days: &mut u8, day: u64) {
        let Some(each) = self.each.get_mut(day as usize) else {
            return;
        };
        if *days == 0 {
            self.week += 1;
        }
        if *days & (1 << day) == 0 {
            *days |= 1 << day;
            *each += 1;
        }
    }
}

/// Which day before a moment another is in, the last one being 0; `None` if it is not before.
fn day_before(at: UnixSeconds, then: UnixSeconds) -> Option<u64> {
    Some(at.0.checked_sub(then.0 + 1)? / SECONDS_PER_DAY)
}

impl UserCounts {
    /// As counted elsewhere: of each day, the last one first, and of all together.
    pub(crate) fn counted(each: [u64; USER_DAYS as usize], week: u64) -> Self {
        Self {
            distinct: Distinct { each, week },
            ..Self::new(UnixSeconds(0))
        }
    }

    /// Nobody yet, before a moment.
    pub fn new(at: UnixSeconds) -> Self {
        Self {
            at,
            days: HashMap::default(),
            known: None,
            distinct: Distinct::default(),
        }
    }

    /// Those that are known, each of them on the same day before this moment; others can be added.
    pub(crate) fn on(known: &Arc<KnownUsers>, at: UnixSeconds) -> Self {
        Self {
            at,
            days: HashMap::default(),
            known: Some((Arc::clone(known), known.days.clone())),
            distinct: known.distinct,
        }
    }

    /// The hours in which users count, before midnight at a day's end: first included, last excluded.
    pub fn hours(day: Day) -> (Hour, Hour) {
        let end = day.first_hour().0.saturating_add(24);
        (Hour(end.saturating_sub(24 * USER_DAYS as u32)), Hour(end))
    }

    /// A user of an hour. Users of other times do not count.
    pub fn add(&mut self, hour: Hour, user: Address) {
        let Some(day) = day_before(self.at, hour.start()) else {
            return;
        };
        if let Some((known, days)) = &mut self.known
            && let Some(number) = known.numbers.get(&user)
        {
            self.distinct.mark(&mut days[*number as usize], day);
        } else if day < USER_DAYS {
            self.distinct.mark(self.days.entry(user).or_insert(0), day);
        }
    }

    /// A known user at a moment, by number.
    pub(crate) fn add_known(&mut self, at: UnixSeconds, number: u32) {
        if let Some(day) = day_before(self.at, at)
            && let Some((_, days)) = &mut self.known
        {
            self.distinct.mark(&mut days[number as usize], day);
        }
    }

    /// Of each day: the last one first.
    pub(crate) fn each(&self) -> &[u64] {
        &self.distinct.each
    }

    /// Of the seven days together.
    pub(crate) fn week(&self) -> u64 {
        self.distinct.week
    }
}

impl KnownUsers {
    /// Nobody yet, before a moment.
    pub(crate) fn new(at: UnixSeconds) -> Self {
        Self {
            at,
            numbers: HashMap::default(),
            days: Vec::new(),
            distinct: Distinct::default(),
        }
    }

    /// A user of an hour; users of other times are none.
    pub(crate) fn add(&mut self, hour: Hour, user: Address) {
        if let Some(day) = day_before(self.at, hour.start())
            && day < USER_DAYS
        {
            let number = self.number(user);
            self.distinct.mark(&mut self.days[number as usize], day);
        }
    }

    /// The number of a user, who need not have come yet.
    pub(crate) fn number(&mut self, user: Address) -> u32 {
        // As many as there are swaps in some hours: far below 2³².
        let next = self.days.len() as u32;
        let number = *self.numbers.entry(user).or_insert(next);
        if number == next {
            self.days.push(0);
        }
        number
    }

    /// Users that were added.
    pub(crate) fn len(&self) -> usize {
        self.days.len()
    }

    /// About how much memory they take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.numbers.capacity() * (size_of::<(Address, u32)>() + 1) + self.days.capacity()
    }
}
