//! Prices as fixed point, and what a pool's state says about them.

use tidegauge_model::{SqrtPriceX96, U256, U512, Usd};

/// Fractional bits of a price.
const PRICE_BITS: usize = 128;

/// Most that one swap can be worth and still count: sums of such values stay within 128 bits.
const MOST_USD: Usd = Usd(1 << 100);

/// Nano-dollars per raw unit of a token × 2¹²⁸, floor; positive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Price(U256);

/// A price, and whether it rests on a median.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Guarded {
    pub(crate) price: Price,
    pub(crate) guarded: bool,
}

/// A pool's price and liquidity, both known and positive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Quote {
    pub(crate) sqrt_price: SqrtPriceX96,
    pub(crate) liquidity: u128,
}

/// Which of a pool's tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Token0,
    Token1,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Token0 => Self::Token1,
            Self::Token1 => Self::Token0,
        }
    }
}

impl Guarded {
    /// A price that rests on none.
    pub(crate) fn not(price: Price) -> Self {
        Self {
            price,
            guarded: false,
        }
    }
}

impl Price {
    /// The price, unless it is zero.
    pub(crate) fn new(value: U256) -> Option<Self> {
        (!value.is_zero()).then_some(Self(value))
    }

    pub(crate) fn get(self) -> U256 {
        self.0
    }

    /// One dollar per whole token.
    pub(crate) fn dollar(decimals: u8) -> Option<Self> {
        let one = U256::from(1_000_000_000u64) << PRICE_BITS;
        Self::new(one / ten_to(decimals)?)
    }

    /// Of a token, through a pool in which the other token has the price `quote`.
    pub(crate) fn through(pool: Quote, token: Side, quote: Self) -> Option<Self> {
        let square = widening(pool.sqrt_price.0, pool.sqrt_price.0);
        let price = match token {
            Side::Token1 => (quote.0.to::<U512>() << 192usize).checked_div(square)?,
            Side::Token0 => {
                // Beyond 2⁴⁴⁸ the price would leave its 256 bits.
                if quote.0.bit_len() + square.bit_len() > 450 {
                    return None;
                }
                (quote.0.to::<U512>() * square) >> 192usize
            }
        };
        Self::new(narrow(price)?)
    }

    /// Of a whole token.
    pub(crate) fn of_whole(self, decimals: u8) -> Option<Self> {
        self.0.checked_mul(ten_to(decimals)?).and_then(Self::new)
    }

    /// The inverse of [`Price::of_whole`].
    pub(crate) fn of_raw(self, decimals: u8) -> Option<Self> {
        Self::new(self.0 / ten_to(decimals)?)
    }

    /// What an amount in raw units is worth; `None` above [`MOST_USD`].
    pub(crate) fn value(self, amount: U256) -> Option<Usd> {
        let nano = match (u128::try_from(self.0), u128::try_from(amount)) {
            (Ok(price), Ok(amount)) => product_high(price, amount).cast_signed(),
            _ => (widening(self.0, amount) >> PRICE_BITS).try_into().ok()?,
        };
        (0..=MOST_USD.0).contains(&nano).then_some(Usd(nano))
    }

    /// What a depth in raw units is worth in nano-dollars, however much.
    pub(crate) fn depth(self, amount: U256) -> U512 {
        widening(self.0, amount) >> PRICE_BITS
    }

    /// Whether it is more than 2 % off another.
    pub(crate) fn is_off(self, other: Self) -> bool {
        let difference = self.0.abs_diff(other.0);
        widening(difference, U256::from(50)) > other.0.to::<U512>()
    }

    /// The middle one; of an even number, the floor of the mean of the middle two.
    pub(crate) fn median(prices: &mut [Self]) -> Option<Self> {
        prices.sort_unstable();
        let upper = prices.get(prices.len() / 2)?;
        if prices.len() % 2 == 1 {
            return Some(*upper);
        }
        let lower = prices.get(prices.len() / 2 - 1)?;
        // Without leaving 256 bits.
        Self::new(lower.0 + (upper.0 - lower.0) / U256::from(2))
    }
}

impl Quote {
    /// Virtual reserve of a token, in raw units.
    pub(crate) fn reserve(self, of: Side) -> U256 {
        let liquidity = U256::from(self.liquidity);
        match of {
            // 128 + 96 bits, and the root is positive.
            Side::Token0 => (liquidity << 96usize) / self.sqrt_price.0,
            Side::Token1 => {
                let product = widening(liquidity, self.sqrt_price.0) >> 96usize;
                narrow(product).unwrap_or(U256::MAX)
            }
        }
    }
}

/// The upper 128 bits of a product.
fn product_high(a: u128, b: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0) = (a >> 64, a & LOW);
    let (b1, b0) = (b >> 64, b & LOW);
    // Each sum has at most 128 bits: (2⁶⁴ − 1)² + 2 (2⁶⁴ − 1) = 2¹²⁸ − 1.
    let middle = a1 * b0 + ((a0 * b0) >> 64);
    let carried = a0 * b1 + (middle & LOW);
    a1 * b1 + (middle >> 64) + (carried >> 64)
}

/// The same number, if 256 bits hold it.
fn narrow(value: U512) -> Option<U256> {
    (value.bit_len() <= 256).then(|| value.to())
}

fn widening(a: U256, b: U256) -> U512 {
    a.widening_mul(b)
}

/// `None` above 10⁷⁷, which 256 bits do not hold.
fn ten_to(decimals: u8) -> Option<U256> {
    U256::from(10).checked_pow(U256::from(decimals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quote(sqrt_price: u128, liquidity: u128) -> Quote {
        Quote {
            sqrt_price: SqrtPriceX96(U256::from(sqrt_price)),
            liquidity,
        }
    }

    #[test]
    fn a_dollar_is_a_dollar_at_any_decimals() {
        for decimals in [0u8, 6, 18, 24, 30] {
            let one = Price::dollar(decimals).unwrap();
            let nano = one.value(ten_to(decimals).unwrap()).unwrap().0;
            assert!(
                (999_999_999..=1_000_000_000).contains(&nano),
                "{decimals}: {nano}"
            );
        }
        // Less than one step of a price is no price.
        assert_eq!(Price::dollar(77), None);
    }

    #[test]
    fn ether_is_priced_from_a_real_pool() {
        // USDC/WETH 0.05 %, block 18937382.
        let pool = quote(
            1_662_990_119_151_672_310_826_534_140_478_120,
            12_453_647_101_533_358_277,
        );
        let ether = Price::through(pool, Side::Token1, Price::dollar(6).unwrap()).unwrap();
        let wei = U256::from(10).pow(U256::from(18));
        assert_eq!(ether.value(wei), Some(Usd(2_269_759_433_903)));
        // And back: a dollar through the same pool.
        let usdc = Price::through(pool, Side::Token0, ether).unwrap();
        assert_eq!(usdc.value(U256::from(1_000_000)), Some(Usd(999_999_999)));
        assert_eq!(
            pool.reserve(Side::Token1),
            U256::from(261_400_636_087_238_942_053_339u128)
        );
    }

    #[test]
    fn what_leaves_its_bits_is_no_price() {
        let high = Price(U256::MAX);
        let up = quote(u128::MAX, 1);
        assert_eq!(Price::through(up, Side::Token0, high), None);
        assert_eq!(high.value(U256::MAX), None);
        assert_eq!(high.of_whole(1), None);
        assert_eq!(Price::new(U256::ZERO), None);
    }

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_wide_one_does(a: u128, b: u128, less: [u8; 2]) {
            let (a, b) = (a >> (less[0] % 128), b >> (less[1] % 128));
            let wide = widening(U256::from(a), U256::from(b)) >> 128usize;
            prop_assert_eq!(wide, U512::from(product_high(a, b)));
        }
    }

    #[test]
    fn the_upper_half_of_the_greatest_product() {
        assert_eq!(product_high(u128::MAX, u128::MAX), u128::MAX - 1);
        assert_eq!(product_high(u128::MAX, 1), 0);
        // What has a sign bit is no value.
        let price = Price(U256::from(u128::MAX));
        assert_eq!(price.value(U256::from(u128::MAX)), None);
    }

    #[test]
    fn the_median_is_the_middle() {
        let p = |n: u64| Price(U256::from(n));
        assert_eq!(Price::median(&mut []), None);
        assert_eq!(Price::median(&mut [p(3), p(1), p(2)]), Some(p(2)));
        assert_eq!(Price::median(&mut [p(4), p(1)]), Some(p(2)));
        assert!(p(103).is_off(p(100)));
        assert!(!p(102).is_off(p(100)));
    }
}
