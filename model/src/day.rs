//! UTC calendar days.

use crate::UnixSeconds;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Seconds in a UTC calendar day (leap seconds do not exist on the chain's clock).
pub const SECONDS_PER_DAY: u64 = 86_400;

/// The last day a four-digit year can name.
const LAST: u32 = 2_932_896;

/// A UTC calendar day, counted from 1970-01-01; shown as `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(u32);

/// A text that is not a day.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not a day: write it as YYYY-MM-DD, 1970-01-01 to 9999-12-31")]
pub struct DayError(String);

impl Day {
    /// The day that holds a moment; moments after 9999 fall on its last day.
    pub fn of(at: UnixSeconds) -> Self {
        Self(
            u32::try_from(at.0 / SECONDS_PER_DAY)
                .unwrap_or(LAST)
                .min(LAST),
        )
    }

    /// Midnight at its beginning.
    pub fn start(self) -> UnixSeconds {
        UnixSeconds(u64::from(self.0) * SECONDS_PER_DAY)
    }

    /// Midnight at its end, excluded.
    pub fn end(self) -> UnixSeconds {
        UnixSeconds((u64::from(self.0) + 1) * SECONDS_PER_DAY)
    }

    /// Days since 1970-01-01.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The day `n` days later, up to 9999-12-31.
    pub fn plus_days(self, n: u32) -> Self {
        Self(self.0.saturating_add(n).min(LAST))
    }

    /// The day `n` days earlier, down to 1970-01-01.
    pub fn minus_days(self, n: u32) -> Self {
        Self(self.0.saturating_sub(n))
    }

    /// Year, month, day of the proleptic Gregorian calendar
    /// (Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
    pub fn civil(self) -> (u32, u32, u32) {
        let z = self.0 + 719_468;
        let era = z / 146_097;
        let doe = z % 146_097;
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        (yoe + era * 400 + u32::from(month <= 2), month, day)
    }

    /// The inverse of [`Day::civil`]; `None` for a date that does not exist.
    fn from_civil(year: u32, month: u32, day: u32) -> Option<Self> {
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day)
        {
            return None;
        }
        let y = if month <= 2 { year - 1 } else { year };
        let era = y / 400;
        let yoe = y % 400;
        let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        let found = Self((era * 146_097 + doe).checked_sub(719_468)?);
        (found.civil() == (year, month, day)).then_some(found)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.civil();
        write!(f, "{y:04}-{m:02}-{d:02}")
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(s: &str) -> Result<Self, DayError> {
        let parse = || {
            let b = s.as_bytes();
            if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
                return None;
            }
            let number = |from: usize, to: usize| {
                b[from..to].iter().try_fold(0u32, |n, c| {
                    c.is_ascii_digit().then(|| n * 10 + u32::from(c - b'0'))
                })
            };
            Self::from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?)
        };
        parse().ok_or_else(|| DayError(s.to_owned()))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_read_back_as_written() {
        for (text, number) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2024-01-05", 19_727),
            ("9999-12-31", LAST),
        ] {
            assert_eq!(text.parse(), Ok(Day(number)), "{text}");
            assert_eq!(Day(number).to_string(), text);
        }
        let mut before = Day(0).civil();
        for n in 1..200_000 {
            let day = Day(n);
            assert_eq!(day.to_string().parse(), Ok(day));
            assert!(day.civil() > before);
            before = day.civil();
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-1-05",
            "1969-12-31",
            "2024-01-05 ",
            "２０２４-01",
        ] {
            assert_eq!(text.parse::<Day>(), Err(DayError(text.to_owned())));
        }
    }

    #[test]
    fn a_moment_lies_in_its_day() {
        let day: Day = "2024-01-05".parse().unwrap();
        assert_eq!(Day::of(day.start()), day);
        assert_eq!(Day::of(UnixSeconds(day.end().0 - 1)), day);
        assert_eq!(Day::of(day.end()), day.plus_days(1));
    }
}
