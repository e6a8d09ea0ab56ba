//! Decimals as graph-node computes with them: rounded to 34 digits after every operation.

use bigdecimal::{
    BigDecimal, RoundingMode, Signed, Zero,
    num_bigint::{BigInt, Sign},
};
use std::{
    fmt,
    num::NonZeroU64,
    ops::{Add, Mul, Neg, Sub},
    str::FromStr,
};
use tidegauge_model::{I256, U256};

/// Significant digits that are kept (`graph/src/data/store/scalar/bigdecimal.rs`).
const DIGITS: NonZeroU64 = NonZeroU64::MIN.saturating_add(33);

/// Bits in a digit, as its number library has it.
#[expect(clippy::approx_constant, reason = "theirs, to their ten digits")]
const BITS_PER_DIGIT: f64 = 3.321_928_094_9;

/// Widest gap between the last digits of two summands that is computed; beyond it the larger is
/// the sum. No amount or price of 256 bits comes near, and a sum costs as many digits.
const WIDEST_GAP: u64 = 4_096;

/// A decimal of at most 34 significant digits, 35 below zero.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Decimal(BigDecimal);

impl Decimal {
    /// 2⁻¹⁹² × the square of a √price × 2⁹⁶, each step rounded: the price in raw units.
    pub(super) fn of_sqrt_price(sqrt_price: U256) -> Self {
        let root = big(Sign::Plus, sqrt_price);
        let square = Self::rounded(BigDecimal::from(&root * &root));
        square.over(&Self::rounded(BigDecimal::from(BigInt::from(1) << 192)))
    }

    /// 10ⁿ.
    pub(super) fn ten_to(n: u8) -> Self {
        Self::rounded(BigDecimal::new(BigInt::from(1), -i64::from(n)))
    }

    /// The quotient, or zero where the divisor is: the subgraph's `safeDiv`. graph-node divides
    /// to 100 digits before it rounds to 34.
    #[must_use]
    pub fn over(&self, divisor: &Self) -> Self {
        if divisor.is_zero() {
            return Self::default();
        }
        Self::rounded(&self.0 / &divisor.0)
    }

    /// Without its sign: theirs is a product with −1, rounded.
    #[must_use]
    pub fn abs(&self) -> Self {
        Self::rounded(self.0.abs())
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// graph-node's `normalized`, without trailing zeros: half up above zero. Below it digits are
    /// cut, for its remainders carry the sign, and 34 or 35 remain, for it takes the number of
    /// digits from that of bits and then counts on in powers of ten, which a negative number
    /// never reaches (`with_prec` and `count_decimal_digits` of bigdecimal 0.1.2).
    fn rounded(value: BigDecimal) -> Self {
        let digits = value.digits();
        let (keep, mode) = if value.is_negative() {
            let bits = value.as_bigint_and_scale().0.bits();
            let guessed = (bits as f64 / BITS_PER_DIGIT) as u64;
            let cut = guessed.saturating_sub(DIGITS.get());
            (digits.saturating_sub(cut), RoundingMode::Down)
        } else {
            (DIGITS.get(), RoundingMode::HalfUp)
        };
        match NonZeroU64::new(keep) {
            Some(keep) if keep.get() < digits => {
                Self(value.with_precision_round(keep, mode).normalized())
            }
            _ => Self(value.normalized()),
        }
    }

    /// The exact sum, rounded once.
    fn sum(&self, other: &Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        if a.is_zero() || b.is_zero() {
            return Self::rounded(a + b);
        }
        let gap = a
            .fractional_digit_count()
            .abs_diff(b.fractional_digit_count());
        if gap > WIDEST_GAP {
            let larger = if a.abs() < b.abs() { other } else { self };
            return larger.clone();
        }
        Self::rounded(a + b)
    }
}

fn big(sign: Sign, magnitude: U256) -> BigInt {
    BigInt::from_bytes_be(sign, &magnitude.to_be_bytes::<32>())
}

impl From<u32> for Decimal {
    fn from(integer: u32) -> Self {
        Self::rounded(BigDecimal::from(integer))
    }
}

impl From<I256> for Decimal {
    fn from(integer: I256) -> Self {
        let sign = if integer.is_negative() {
            Sign::Minus
        } else {
            Sign::Plus
        };
        Self::rounded(BigDecimal::from(big(sign, integer.unsigned_abs())))
    }
}

impl From<U256> for Decimal {
    fn from(integer: U256) -> Self {
        Self::rounded(BigDecimal::from(big(Sign::Plus, integer)))
    }
}

impl Add for &Decimal {
    type Output = Decimal;

    fn add(self, other: Self) -> Decimal {
        self.sum(other)
    }
}

impl Sub for &Decimal {
    type Output = Decimal;

    fn sub(self, other: Self) -> Decimal {
        self.sum(&-other)
    }
}

impl Mul for &Decimal {
    type Output = Decimal;

    fn mul(self, other: Self) -> Decimal {
        Decimal::rounded(&self.0 * &other.0)
    }
}

impl Neg for &Decimal {
    type Output = Decimal;

    fn neg(self) -> Decimal {
        Decimal(-&self.0)
    }
}

impl FromStr for Decimal {
    type Err = bigdecimal::ParseBigDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::rounded(text.parse()?))
    }
}

impl fmt::Display for Decimal {
    /// All digits, never an exponent: as the subgraph answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn operations_round_as_graph_node_does() {
        for (a, operation, b, result) in [
            ("1", '/', "3", "0.3333333333333333333333333333333333"),
            ("2", '/', "3", "0.6666666666666666666666666666666667"),
            // Below zero digits are cut off, the 35th or the 36th first.
            ("-2", '/', "3", "-0.66666666666666666666666666666666666"),
            ("2", '/', "-3", "-0.66666666666666666666666666666666666"),
            ("-1", '/', "1.01", "-0.9900990099009900990099009900990099"),
            ("-2", '/', "-3", "0.6666666666666666666666666666666667"),
            ("5", '/', "0", "0"),
            ("0", '/', "7", "0"),
            (
                "9999999999999999999999999999999999",
                '+',
                "0.5",
                "10000000000000000000000000000000000",
            ),
            (
                "9999999999999999999999999999999999",
                '+',
                "0.4",
                "9999999999999999999999999999999999",
            ),
            (
                "-9999999999999999999999999999999999",
                '-',
                "0.9",
                "-9999999999999999999999999999999999",
            ),
            ("1", '-', "1", "0"),
            (
                "1e40",
                '+',
                "1e-40",
                "10000000000000000000000000000000000000000",
            ),
            ("1e5000", '-', "1e-5000", &format!("1{}", "0".repeat(5000))),
            ("1000", '*', "0.001", "1"),
            (
                "1234567890123456789012345678901234",
                '*',
                "1.000000000000000000000000000000001",
                "1234567890123456789012345678901235",
            ),
        ] {
            let (a, b) = (decimal(a), decimal(b));
            let found = match operation {
                '+' => &a + &b,
                '-' => &a - &b,
                '*' => &a * &b,
                _ => a.over(&b),
            };
            assert_eq!(found.to_string(), result, "{a} {operation} {b}");
        }
    }

    #[test]
    fn integers_are_rounded_on_their_way_in() {
        for (integer, text) in [
            (I256::ZERO, "0".to_owned()),
            (I256::MINUS_ONE, "-1".to_owned()),
            // 2²⁵⁵: 57896044618658097711785492504343953|926634992332820282019728792003956564819968
            (
                I256::MIN,
                format!("-5789604461865809771178549250434395{}", "0".repeat(43)),
            ),
            (
                I256::MAX,
                format!("5789604461865809771178549250434395{}", "0".repeat(43)),
            ),
        ] {
            assert_eq!(Decimal::from(integer).to_string(), text);
        }
        assert_eq!(Decimal::ten_to(6).to_string(), "1000000");
    }
}
