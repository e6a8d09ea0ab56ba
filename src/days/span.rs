//! Which days are asked for, and whether the store can answer.

use super::whole::Whole;
use crate::error::Error;
use crate::span;
use std::fmt;
use tidegauge_model::{Day, SECONDS_PER_DAY};

/// Days, first and last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DaySpan {
    /// The first.
    pub(crate) from: Day,
    /// The last.
    pub(crate) to: Day,
}

impl DaySpan {
    /// `None` if the last lies before the first.
    pub(crate) fn new(from: Day, to: Day) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// What the flags ask for, held against what is known: without `--from` the first day, without
    /// `--to` the last. What is not there is refused by name.
    pub(crate) fn resolve(
        from: Option<Day>,
        to: Option<Day>,
        last: Option<&str>,
        whole: &Whole,
        allow_partial: bool,
    ) -> Result<Self, Error> {
        let (first, end) = if allow_partial {
            (whole.begins, whole.ends)
        } else {
            let end = whole.last().ok_or_else(|| {
                Error::Failed(format!(
                    "the store has no whole day yet: it knows {} to {}; collect more, or add --allow-partial",
                    whole.begins, whole.ends
                ))
            })?;
            (whole.first, end)
        };
        let (from, to) = match last {
            Some(text) => {
                let days = days(text)?;
                (end.minus_days(days - 1), end)
            }
            None => (from.unwrap_or(first), to.unwrap_or(end)),
        };
        let span = Self::new(from, to).ok_or_else(|| {
            Error::Usage(format!(
                "the range is empty: --to {to} lies before --from {from}"
            ))
        })?;
        span.within(first, end, whole, allow_partial)
    }

    fn within(
        self,
        first: Day,
        end: Day,
        whole: &Whole,
        allow_partial: bool,
    ) -> Result<Self, Error> {
        let mut missing = Vec::new();
        if self.from < first {
            missing.push(Self {
                from: self.from,
                to: self.to.min(first.minus_days(1)),
            });
        }
        if self.to > end {
            missing.push(Self {
                from: self.from.max(end.plus_days(1)),
                to: self.to,
            });
        }
        if missing.is_empty() {
            return Ok(self);
        }
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let what = if allow_partial {
            "known at all"
        } else {
            "whole"
        };
        let more = if allow_partial {
            "collect them first"
        } else {
            "collect them first, or add --allow-partial for days that are known in part"
        };
        Err(Error::Usage(format!(
            "{} cannot be answered: {} not {what} in the store, which has {} (from {} to {}): {more}",
            self,
            missing.join(" and "),
            whole.text(),
            whole.begins,
            whole.ends,
        )))
    }

    /// Whether it holds a day.
    pub(crate) fn holds(self, day: Day) -> bool {
        self.from <= day && day <= self.to
    }

    /// The days, in order.
    pub(crate) fn days(self) -> impl Iterator<Item = Day> {
        (0..self.len_days()).map(move |n| self.from.plus_days(n))
    }

    /// How many days.
    pub(crate) fn len_days(self) -> u32 {
        self.to.number() - self.from.number() + 1
    }
}

impl fmt::Display for DaySpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{} to {}", self.from, self.to)
        }
    }
}

/// Reads `30d` or `4w` as days.
fn days(text: &str) -> Result<u32, Error> {
    span::age(text)
        .filter(|seconds| seconds.is_multiple_of(SECONDS_PER_DAY))
        .and_then(|seconds| u32::try_from(seconds / SECONDS_PER_DAY).ok())
        .ok_or_else(|| {
            Error::Usage(format!(
                "--last `{text}`: write whole days or weeks, 30d or 4w"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_features::Horizon;
    use tidegauge_model::UnixSeconds;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn known() -> Whole {
        let begins = day("2024-01-05");
        Whole {
            begins,
            first: begins.plus_days(1),
            last: Some(day("2024-01-19")),
            ends: day("2024-01-20"),
            horizon: Horizon { after: None },
            until: UnixSeconds(day("2024-01-20").start().0 + 60),
        }
    }

    #[test]
    fn days_are_taken_as_asked() {
        for (from, to, last, partial, expected) in [
            (None, None, None, false, "2024-01-06 to 2024-01-19"),
            (None, None, None, true, "2024-01-05 to 2024-01-20"),
            (
                Some("2024-01-07"),
                Some("2024-01-07"),
                None,
                false,
                "2024-01-07",
            ),
            (None, None, Some("3d"), false, "2024-01-17 to 2024-01-19"),
            (None, None, Some("1w"), true, "2024-01-14 to 2024-01-20"),
        ] {
            let span = DaySpan::resolve(from.map(day), to.map(day), last, &known(), partial);
            assert_eq!(span.unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        for (from, to, last, partial, words) in [
            (
                Some("2024-01-09"),
                Some("2024-01-08"),
                None,
                false,
                "--to 2024-01-08 lies before --from 2024-01-09",
            ),
            (
                Some("2024-01-05"),
                None,
                None,
                false,
                "2024-01-05 not whole",
            ),
            (
                Some("2024-01-01"),
                Some("2024-01-08"),
                None,
                false,
                "2024-01-01 to 2024-01-05 not whole",
            ),
            (
                None,
                Some("2024-01-20"),
                None,
                false,
                "2024-01-20 not whole",
            ),
            (
                None,
                Some("2031-01-01"),
                None,
                false,
                "2024-01-20 to 2031-01-01 not whole",
            ),
            (
                Some("2023-01-01"),
                Some("2023-01-02"),
                None,
                false,
                "2023-01-01 to 2023-01-02 not whole",
            ),
            (
                Some("2024-01-04"),
                Some("2024-01-21"),
                None,
                true,
                "2024-01-04 and 2024-01-21 not known at all",
            ),
            (None, None, Some("15d"), false, "2024-01-05 not whole"),
            (None, None, Some("36h"), false, "36h"),
            (None, None, Some("soon"), false, "soon"),
        ] {
            let span = DaySpan::resolve(from.map(day), to.map(day), last, &known(), partial);
            let said = span.unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_store_without_a_whole_day_says_so() {
        let whole = Whole {
            last: None,
            ends: day("2024-01-06"),
            ..known()
        };
        let said = DaySpan::resolve(None, None, None, &whole, false).unwrap_err();
        assert!(said.to_string().contains("no whole day yet"), "{said}");
        assert!(DaySpan::resolve(None, None, None, &whole, true).is_ok());
    }
}
