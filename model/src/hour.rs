//! UTC hours: the grain of everything that is kept of a pool's trading.

use crate::{Day, UnixSeconds};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Seconds in an hour.
pub const SECONDS_PER_HOUR: u64 = 3_600;

/// Hours in a UTC calendar day.
pub const HOURS_PER_DAY: u32 = 24;

/// A UTC hour, counted from 1970-01-01T00:00Z.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Hour(pub u32);

impl Hour {
    /// The hour that holds a moment; moments beyond the last hour fall on it.
    pub fn of(at: UnixSeconds) -> Self {
        Self(u32::try_from(at.0 / SECONDS_PER_HOUR).unwrap_or(u32::MAX))
    }

    /// Its first second.
    pub fn start(self) -> UnixSeconds {
        UnixSeconds(u64::from(self.0) * SECONDS_PER_HOUR)
    }

    /// The first second after it.
    pub fn end(self) -> UnixSeconds {
        UnixSeconds((u64::from(self.0) + 1) * SECONDS_PER_HOUR)
    }

    /// Its day.
    pub fn day(self) -> Day {
        Day::of(self.start())
    }

    /// The next hour; saturates at the top.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Day {
    /// Its first hour.
    pub fn first_hour(self) -> Hour {
        Hour(self.number().saturating_mul(HOURS_PER_DAY))
    }
}

impl fmt::Display for Hour {
    /// As `2024-01-05T13Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{:02}Z", self.day(), self.0 % HOURS_PER_DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_lies_in_its_day() {
        let day: Day = "2024-01-05".parse().unwrap();
        assert_eq!(day.first_hour().start(), day.start());
        assert_eq!(Hour::of(UnixSeconds(day.end().0 - 1)).day(), day);
        assert_eq!(Hour::of(day.end()), day.plus_days(1).first_hour());
        assert_eq!(Hour::of(day.start()).end(), day.first_hour().next().start());
        assert_eq!(
            Hour::of(UnixSeconds(day.start().0 + 13 * 3_600)).to_string(),
            "2024-01-05T13Z"
        );
    }
}
