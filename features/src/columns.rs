//! The columns, declared once: rows, files, tables and documentation derive from here.

use tidegauge_model::Usd;

/// What a cell holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A count.
    Int,
    /// A statistic.
    Float,
    /// Dollars, exact to nine places.
    Usd,
    /// Yes or no.
    Bool,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// One value of a row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell {
    /// Unknown; never zero for unknown, never NaN.
    Null,
    /// A count.
    Int(i64),
    /// A statistic, finite.
    Float(f64),
    /// Dollars, exact to nine places.
    Usd(Usd),
    /// Yes or no.
    Bool(bool),
    /// A word of the column's list.
    Word(&'static str),
}

/// A column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name, everywhere.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it means, with its unit, and when it is unknown.
    pub meaning: &'static str,
}

/// How a field of a row becomes a cell and comes back.
trait Field: Sized {
    fn cell(self) -> Cell;
    fn of(cell: Cell) -> Option<Self>;
}

macro_rules! field {
    ($type:ty, $variant:ident) => {
        impl Field for Option<$type> {
            fn cell(self) -> Cell {
                self.map_or(Cell::Null, Cell::$variant)
            }
            fn of(cell: Cell) -> Option<Self> {
                match cell {
                    Cell::Null => Some(None),
                    Cell::$variant(value) => Some(Some(value)),
                    _ => None,
                }
            }
        }
        impl Field for $type {
            fn cell(self) -> Cell {
                Cell::$variant(self)
            }
            fn of(cell: Cell) -> Option<Self> {
                match cell {
                    Cell::$variant(value) => Some(value),
                    _ => None,
                }
            }
        }
    };
}

field!(i64, Int);
field!(f64, Float);
field!(Usd, Usd);
field!(bool, Bool);
field!(&'static str, Word);

/// A row's fields, their columns, and the way to cells and back.
macro_rules! row {
    ($(#[$doc:meta])* $row:ident, $columns:ident: $($field:ident: $type:ty, $kind:expr, $meaning:expr;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Debug, Default)]
        pub struct $row {
            $(#[doc = $meaning] pub $field: $type,)*
        }

        #[doc = concat!("The columns of a [`", stringify!($row), "`], in the order of its fields.")]
        pub const $columns: &[Column] = &[
            $(Column { name: stringify!($field), kind: $kind, meaning: $meaning },)*
        ];

        impl $row {
            /// Its values, in the order of the columns.
            pub fn cells(&self) -> impl Iterator<Item = Cell> {
                [$(self.$field.cell(),)*].into_iter()
            }

            /// The inverse of `cells`; `None` if they are not such a row's.
            pub fn from_cells(cells: impl IntoIterator<Item = Cell>) -> Option<Self> {
                let mut cells = cells.into_iter();
                let row = Self { $($field: Field::of(cells.next()?)?,)* };
                cells.next().is_none().then_some(row)
            }
        }
    };
}

use crate::class::{PoolClass, PoolSubclass};

/// Words of `trend_3d`.
pub(crate) const TRENDS: [&str; 3] = ["increasing", "decreasing", "stable"];
/// Words of `user_key`.
const USER_KEYS: [&str; 3] = ["origin", "recipient", "sender"];

row! {
    /// What is known of a pool's day, or of the 24 hours before a moment.
    DailyRow, ROW_COLUMNS:
    // The classic set.
    tx_count: i64, Kind::Int, "Swaps of the day (the number of Swap events, not of transactions)";
    unique_users: Option<i64>, Kind::Int, "Distinct users of the day; NULL where a swap's user was not collected";
    tx_count_3d_avg: f64, Kind::Float, "Mean swaps a day over the last 3 days of life, fewer while the pool is younger";
    tx_count_7d_avg: f64, Kind::Float, "Mean swaps a day over the last 7 days of life, fewer while the pool is younger";
    tx_count_7d_std: Option<f64>, Kind::Float, "Sample standard deviation of swaps a day over the last 7 days of life; NULL on the first";
    tx_count_cumulative: i64, Kind::Int, "Swaps since the first day of observed life";
    days_since_start: i64, Kind::Int, "Days since the first day of observed life";
    day_number: i64, Kind::Int, "Days of observed life with a swap so far, this one included";
    tx_growth_rate: Option<f64>, Kind::Float, "Swaps of the day over those of the day before, less 1; NULL where that had none or lies before life";
    // The market set.
    age_days: i64, Kind::Int, "Days of observed life, this one included";
    left_censored: bool, Kind::Bool, "Whether collection began after the pool's creation, so that its life may be longer than observed";
    tx_count_24h: i64, Kind::Int, "Distinct transactions with a swap in 24 hours";
    swap_count_24h: i64, Kind::Int, "Swaps in 24 hours";
    unique_users_24h: Option<i64>, Kind::Int, "Distinct users in 24 hours; NULL where a swap's user was not collected";
    unique_users_7d: Option<i64>, Kind::Int, "Distinct users in 7 days; NULL where a swap's user or a part of the days was not collected";
    volume_usd_24h: Option<Usd>, Kind::Usd, "Value of the swaps of 24 hours in USD; NULL where one is unpriced";
    fees_usd_24h: Option<Usd>, Kind::Usd, "That times the fee tier, in USD";
    volume_usd_avg_3d: Option<f64>, Kind::Float, "Mean daily volume of 3 days in USD; NULL while younger or unpriced";
    volume_usd_avg_7d: Option<f64>, Kind::Float, "Mean daily volume of 7 days in USD; NULL while younger or unpriced";
    tx_count_avg_3d: Option<f64>, Kind::Float, "Mean daily transactions of 3 days; NULL while younger";
    tx_count_avg_7d: Option<f64>, Kind::Float, "Mean daily transactions of 7 days; NULL while younger";
    unique_users_avg_7d: Option<f64>, Kind::Float, "Mean daily distinct users of 7 days; NULL while younger";
    volume_std_7d: Option<f64>, Kind::Float, "Sample standard deviation of 7 daily volumes in USD; NULL while younger or unpriced";
    volatility_3d: Option<f64>, Kind::Float, "Sample standard deviation of hourly log returns over 72 hours × √24; NULL below 24 returns";
    volatility_7d: Option<f64>, Kind::Float, "Sample standard deviation of hourly log returns over 168 hours × √24; NULL below 24 returns";
    volume_growth_1d: Option<f64>, Kind::Float, "Volume over that of the day before, less 1; NULL while younger than 2 days, unpriced or over 0";
    volume_growth_7d: Option<f64>, Kind::Float, "Volume of 7 days over that of the 7 before, less 1; NULL while younger than 14 days, unpriced or over 0";
    volume_momentum_3_7: Option<f64>, Kind::Float, "volume_usd_avg_3d over volume_usd_avg_7d, less 1; NULL while younger than 7 days, unpriced or over 0";
    price_open: Option<f64>, Kind::Float, "Price after the first swap of 24 hours, or the last before; token1 per token0, whole tokens";
    price_high: Option<f64>, Kind::Float, "Greatest price after a swap of 24 hours, or the last before";
    price_low: Option<f64>, Kind::Float, "Least price after a swap of 24 hours, or the last before";
    price_close: Option<f64>, Kind::Float, "Price after the last swap";
    price_return_7d: Option<f64>, Kind::Float, "Natural logarithm of the closing price over that of 7 days before; NULL while younger than 8 days";
    trend_3d: Option<&'static str>, Kind::Word(&TRENDS), "Whether volume (transactions where unpriced) rose or fell by more than 5 % of its 3-day mean a day; NULL while younger or without any";
    buy_ratio_24h: Option<f64>, Kind::Float, "Share of the swaps of 24 hours in which token0 left the pool; NULL without a swap";
    avg_swap_usd: Option<f64>, Kind::Float, "Mean value of the swaps of 24 hours in USD; NULL without a swap or unpriced";
    max_swap_usd: Option<Usd>, Kind::Usd, "Greatest value of a swap of 24 hours in USD; NULL without a swap or unpriced";
    liquidity_twa: Option<f64>, Kind::Float, "Time-weighted mean of in-range liquidity over 24 hours, raw units, from when it was first known; NULL where it never was";
    fee_apr_7d: Option<f64>, Kind::Float, "365/7 × the fee returns of 7 days; NULL while younger or where a return is unknown";
    apy_7d: Option<f64>, Kind::Float, "fee_apr_7d compounded daily over a year; NULL where that is or where it is not finite";
    xtick_share: Option<f64>, Kind::Float, "Share of the volume of 24 hours in swaps that crossed an initialized tick; NULL without volume or unpriced";
    priced: bool, Kind::Bool, "Whether every swap of 24 hours has a value in USD";
    ref_guard: bool, Kind::Bool, "Whether a swap of 24 hours was valued by the median of the reference pools";
    pool_class: &'static str, Kind::Word(&PoolClass::NAMES), "What the pool pairs";
    pool_subclass: &'static str, Kind::Word(&PoolSubclass::NAMES), "The same, finer";
    user_key: &'static str, Kind::Word(&USER_KEYS), "Who counts as a user";
    feature_set: i64, Kind::Int, "Fingerprint of the definitions and lists";
}

row! {
    /// What happened to a pool after a day; each NULL until its horizon is complete.
    TargetRow, TARGET_COLUMNS:
    target_tx_3d_ahead: Option<i64>, Kind::Int, "Swaps of the third day after";
    target_tx_7d_ahead: Option<i64>, Kind::Int, "Swaps of the seventh day after";
    target_tx_3d_avg_ahead: Option<f64>, Kind::Float, "Mean swaps a day of the 3 days after";
    target_tx_7d_avg_ahead: Option<f64>, Kind::Float, "Mean swaps a day of the 7 days after";
    target_volume_usd_3d: Option<Usd>, Kind::Usd, "Volume of the 3 days after in USD; NULL too where a swap of them is unpriced";
    target_volume_usd_7d: Option<Usd>, Kind::Usd, "Volume of the 7 days after in USD; NULL too where a swap of them is unpriced";
    target_fee_apr_3d: Option<f64>, Kind::Float, "365/3 × the fee returns of the 3 days after; NULL too where a return is unknown";
    target_fee_apr_7d: Option<f64>, Kind::Float, "365/7 × the fee returns of the 7 days after; NULL too where a return is unknown";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_read_back() {
        let row = DailyRow {
            tx_count: 7,
            volume_usd_24h: Some(Usd(5)),
            trend_3d: Some(TRENDS[1]),
            pool_class: PoolClass::Other.name(),
            ..DailyRow::default()
        };
        assert_eq!(DailyRow::from_cells(row.cells()), Some(row));
        assert_eq!(row.cells().count(), ROW_COLUMNS.len());
        assert_eq!(DailyRow::from_cells(row.cells().skip(1)), None);
        assert_eq!(DailyRow::from_cells(row.cells().chain([Cell::Null])), None);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = ROW_COLUMNS
            .iter()
            .chain(TARGET_COLUMNS)
            .map(|column| column.name)
            .collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
