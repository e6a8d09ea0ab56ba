//! Uniswap V3 arithmetic, exact to the contracts.
//!
//! Ported by hand from Uniswap v3-core 1.0.1 (`contracts/libraries`); each
//! module names its contract. Where a contract reverts, a function here
//! answers `None`: nothing panics, nothing rounds otherwise than the contract.

pub mod full_math;
pub mod sqrt_price_math;
pub mod swap_step;
pub mod tick_math;

pub use full_math::{mul_div, mul_div_rounding_up};
pub use sqrt_price_math::{
    amount0_delta, amount1_delta, next_sqrt_price_from_input, next_sqrt_price_from_output,
    signed_amount0_delta, signed_amount1_delta,
};
pub use swap_step::{SwapStep, compute_swap_step};
pub use tick_math::{
    MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, MIN_TICK, sqrt_ratio_at_tick, tick_at_sqrt_ratio,
};

/// A fee of 100 %, in hundredths of a basis point.
pub const FEE_DENOMINATOR: u32 = 1_000_000;

/// Which way a quotient is rounded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}
