//! US dollars as fixed point.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Nano-dollars in a dollar.
pub const NANO_PER_USD: i128 = 1_000_000_000;

/// An amount of US dollars in billionths, exact.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Usd(pub i128);

impl Usd {
    /// The sum, unless it leaves 128 bits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it leaves 128 bits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl fmt::Display for Usd {
    /// Dollars, exact: nine places at most, without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let digits = self.0.unsigned_abs();
        let unit = NANO_PER_USD.unsigned_abs();
        let (whole, nano) = (digits / unit, digits % unit);
        if nano == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = format!("{nano:09}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_written_exactly() {
        for (nano, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (-1_500_000_000, "-1.5"),
            (2_000_000_000, "2"),
            (i128::MIN, "-170141183460469231731687303715.884105728"),
        ] {
            assert_eq!(Usd(nano).to_string(), text);
        }
    }
}
