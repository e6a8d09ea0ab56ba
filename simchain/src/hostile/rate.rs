//! How often a mode strikes.

use crate::error::SimError;
use std::fmt;
use std::str::FromStr;

/// Strikes in a million opportunities.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Rate(u32);

const WHOLE: u32 = 1_000_000;

impl Rate {
    /// No strikes.
    pub const NEVER: Self = Self(0);
    /// A strike at every opportunity.
    pub const ALWAYS: Self = Self(WHOLE);

    /// So many strikes in a thousand opportunities; all, if more.
    pub const fn per_thousand(strikes: u32) -> Self {
        if strikes >= 1_000 {
            Self::ALWAYS
        } else {
            Self(strikes * 1_000)
        }
    }

    /// Whether it strikes at an opportunity with this lot, uniform below a million.
    pub(super) fn strikes(self, lot: u64) -> bool {
        lot < u64::from(self.0)
    }

    /// Lots are drawn below this.
    pub(super) const LOTS: u64 = WHOLE as u64;
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:06}", self.0 % WHOLE);
        match digits.trim_end_matches('0') {
            "" => write!(f, "{}", self.0 / WHOLE),
            digits => write!(f, "{}.{digits}", self.0 / WHOLE),
        }
    }
}

impl FromStr for Rate {
    type Err = SimError;

    /// A share from 0 to 1 with at most six decimals, or a percentage: `0.05`, `5%`.
    fn from_str(text: &str) -> Result<Self, SimError> {
        let (number, decimals) = match text.strip_suffix('%') {
            Some(number) => (number, 4),
            None => (text, 6),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let rate = (part.len() <= decimals && !whole.is_empty() && is_number(whole))
            .then(|| format!("{whole}{part:0<decimals$}"))
            .filter(|_| is_number(part))
            .and_then(|digits| digits.parse().ok())
            .filter(|rate| *rate <= WHOLE);
        rate.map(Self)
            .ok_or_else(|| SimError::Rate { text: text.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_as_written() {
        for (text, rate, shown) in [
            ("0", 0, "0"),
            ("1", 1_000_000, "1"),
            ("1.0", 1_000_000, "1"),
            ("0.05", 50_000, "0.05"),
            ("5%", 50_000, "0.05"),
            ("0.000001", 1, "0.000001"),
            ("100%", 1_000_000, "1"),
            ("0.5%", 5_000, "0.005"),
        ] {
            let read: Rate = text.parse().unwrap();
            assert_eq!((read.0, read.to_string().as_str()), (rate, shown), "{text}");
        }
        for bad in [
            "",
            "%",
            "1.1",
            "101%",
            "-1",
            "0.0000001",
            "a",
            "0.x",
            ".5",
            "+1",
            "1e-3",
        ] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
