//! The time of day of the daily job.

use std::fmt;
use std::str::FromStr;
use tidegauge_model::{Day, SECONDS_PER_DAY, UnixSeconds};

/// When the job of a day is due: a time of the next UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DailyAt {
    minutes: u32,
}

impl DailyAt {
    /// This hour and minute, UTC.
    pub(crate) const fn at(hour: u32, minute: u32) -> Self {
        Self {
            minutes: (hour % 24) * 60 + minute % 60,
        }
    }

    /// When the job of a day is due.
    pub(crate) fn of(self, day: Day) -> UnixSeconds {
        UnixSeconds(day.plus_days(1).start().0 + u64::from(self.minutes) * 60)
    }

    /// The last day whose job is due at a moment; `None` in the first day of time.
    pub(crate) fn last_due(self, now: UnixSeconds) -> Option<Day> {
        let back = SECONDS_PER_DAY + u64::from(self.minutes) * 60;
        now.0.checked_sub(back).map(|at| Day::of(UnixSeconds(at)))
    }
}

impl FromStr for DailyAt {
    type Err = String;

    /// `HH:MM`.
    fn from_str(text: &str) -> Result<Self, String> {
        let part = |text: &str, below: u32| {
            let is_two_digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            let number: Option<u32> = text.parse().ok().filter(|_| is_two_digits);
            number.filter(|number| *number < below)
        };
        let parts = text.split_once(':');
        let parts = parts.and_then(|(h, m)| Some((part(h, 24)?, part(m, 60)?)));
        let (hours, minutes) =
            parts.ok_or_else(|| format!("`{text}` is no time of day: write HH:MM, as 06:00"))?;
        Ok(Self {
            minutes: hours * 60 + minutes,
        })
    }
}

impl fmt::Display for DailyAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day() {
        for (text, is_time) in [
            ("06:00", true),
            ("00:00", true),
            ("23:59", true),
            ("24:00", false),
            ("6:00", false),
            ("06:60", false),
            ("0600", false),
            ("+6:00", false),
            ("", false),
        ] {
            let read = text.parse::<DailyAt>();
            assert_eq!(read.is_ok(), is_time, "{text}");
            if let Ok(at) = read {
                assert_eq!(at.to_string(), text);
            }
        }
    }
}
