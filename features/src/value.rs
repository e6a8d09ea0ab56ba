//! What one swap is worth.

use serde::Serialize;
use tidegauge_model::Usd;

/// Return of a swap's fee on full-range-equivalent in-range liquidity: a share × 2⁹⁶, floor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct FeeReturn(pub u128);

/// What a swap adds beyond what its log says; kept beside each swap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SwapValue {
    /// Its value in dollars, by the prices at the end of the block before; `None`: unpriced.
    pub usd: Option<Usd>,
    /// Whether the price of ether was the median, the deepest reference pool being too far off.
    pub guarded: bool,
    /// Whether in-range liquidity changed, so that an initialized tick was crossed; `None` for a
    /// pool's first observed swap, before which the liquidity was not known.
    pub crossed: Option<bool>,
    /// Its fee's return; `None` without liquidity, or beyond [`FeeReturn::MOST`].
    pub fee_return: Option<FeeReturn>,
}

impl FeeReturn {
    /// Most that one swap can return and still count, a millionfold: years of such swaps cannot
    /// leave 128 bits.
    pub const MOST: Self = Self(1 << 116);
}
