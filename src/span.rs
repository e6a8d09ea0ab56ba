//! How people name a place in time on the chain: a block, a day, an age.

use std::fmt;
use tidegauge_model::{BlockNumber, Day};

/// A place on the chain as a person writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A block number.
    Block(BlockNumber),
    /// A UTC calendar day.
    Day(Day),
    /// That many seconds before the chain's latest block.
    SecondsAgo(u64),
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(block) => write!(f, "{block}"),
            Self::Day(day) => write!(f, "{day}"),
            Self::SecondsAgo(seconds) => write!(f, "{}", age_text(*seconds)),
        }
    }
}

/// Reads a block number, a day or an age.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(|n| Moment::Block(BlockNumber(n)));
    }
    text.parse()
        .map(Moment::Day)
        .ok()
        .or_else(|| age(text).map(Moment::SecondsAgo))
}

/// Reads `90m`, `12h`, `30d` or `4w` as seconds; zero and more than a century are refused.
pub(crate) fn age(text: &str) -> Option<u64> {
    const CENTURY_S: u64 = 36_525 * 86_400;
    let unit = match text.bytes().last()? {
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        b'w' => 604_800,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let count: u64 = digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())??;
    let seconds = count.checked_mul(unit)?;
    (1..=CENTURY_S).contains(&seconds).then_some(seconds)
}

/// The inverse of [`age`], in the largest unit that divides it.
pub(crate) fn age_text(seconds: u64) -> String {
    for (unit, name) in [(604_800, 'w'), (86_400, 'd'), (3_600, 'h')] {
        if seconds.is_multiple_of(unit) {
            return format!("{}{name}", seconds / unit);
        }
    }
    format!("{}m", seconds / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_back_as_written() {
        for (text, expected) in [
            ("18937382", Moment::Block(BlockNumber(18_937_382))),
            (
                "2024-01-05",
                Moment::Day("2024-01-05".parse().expect("a day")),
            ),
            ("30d", Moment::SecondsAgo(30 * 86_400)),
            ("90m", Moment::SecondsAgo(5_400)),
            ("12h", Moment::SecondsAgo(43_200)),
            ("4w", Moment::SecondsAgo(4 * 604_800)),
        ] {
            assert_eq!(moment(text), Some(expected), "{text}");
            assert_eq!(expected.to_string(), text);
        }
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        for text in [
            "",
            "d",
            "0d",
            "-3d",
            "3.5d",
            "1y",
            "99999999999999999999",
            "99999999999d",
            "２d",
            "2024-02-30",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
