//! What is forecast: quantities of a pool's day, and the targets made of the days to come.

use serde::{Deserialize, Serialize};

/// What a day is described by; each has a series of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Quantity {
    /// Swaps of the day.
    Swaps,
    /// Value of the day's swaps in USD.
    VolumeUsd,
    /// 365 × the day's fee return, a fraction.
    FeeApr,
}

impl Quantity {
    pub(crate) const ALL: [Self; 3] = [Self::Swaps, Self::VolumeUsd, Self::FeeApr];

    /// What one is on the logarithmic scale: one swap, one dollar, one percent.
    fn per_unit(self) -> f64 {
        match self {
            Self::Swaps | Self::VolumeUsd => 1.0,
            Self::FeeApr => 100.0,
        }
    }

    /// ln(1 + value in units): the scale that models and errors live on.
    pub(crate) fn to_log(self, value: f64) -> f64 {
        libm::log1p(value * self.per_unit())
    }

    /// The inverse of `to_log`, never below 0.
    pub(crate) fn of_log(self, log: f64) -> f64 {
        libm::expm1(log.max(0.0)) / self.per_unit()
    }

    /// The value whose logarithm is this one's plus that of a factor, never below 0.
    pub(crate) fn scaled(self, value: f64, factor: f64) -> f64 {
        let unit = self.per_unit();
        ((1.0 + value * unit) * factor - 1.0).max(0.0) / unit
    }
}

/// What is forecast.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Aim {
    /// Swaps of the last day of the horizon.
    TxCount,
    /// Mean swaps a day over the horizon.
    TxAverage,
    /// Value of the horizon's swaps in USD.
    VolumeUsd,
    /// 365 / days × the fee returns of the horizon, a fraction.
    FeeApr,
}

/// How far ahead.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Horizon {
    /// The 3 days after.
    Three,
    /// The 7 days after.
    Seven,
}

/// An aim at a horizon: one column of what came after a day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Target {
    /// How far ahead.
    pub horizon: Horizon,
    /// What.
    pub aim: Aim,
}

impl Aim {
    /// All, in order.
    pub const ALL: [Self; 4] = [
        Self::TxCount,
        Self::TxAverage,
        Self::VolumeUsd,
        Self::FeeApr,
    ];

    pub(crate) fn quantity(self) -> Quantity {
        match self {
            Self::TxCount | Self::TxAverage => Quantity::Swaps,
            Self::VolumeUsd => Quantity::VolumeUsd,
            Self::FeeApr => Quantity::FeeApr,
        }
    }
}

impl Horizon {
    /// All, in order.
    pub const ALL: [Self; 2] = [Self::Three, Self::Seven];

    /// Its length in days.
    pub const fn days(self) -> u32 {
        match self {
            Self::Three => 3,
            Self::Seven => 7,
        }
    }
}

impl Target {
    /// Every aim at every horizon, in order.
    pub const ALL: [Self; 8] = {
        let mut all = [Self {
            horizon: Horizon::Three,
            aim: Aim::TxCount,
        }; 8];
        let mut at = 0;
        while at < all.len() {
            all[at] = Self {
                horizon: Horizon::ALL[at / Aim::ALL.len()],
                aim: Aim::ALL[at % Aim::ALL.len()],
            };
            at += 1;
        }
        all
    };

    /// Its place in [`Target::ALL`].
    pub(crate) fn index(self) -> usize {
        self.horizon as usize * Aim::ALL.len() + self.aim as usize
    }

    /// The column of the daily rows that holds its outcome.
    pub fn column(self) -> &'static str {
        const COLUMNS: [&str; 8] = [
            "target_tx_3d_ahead",
            "target_tx_3d_avg_ahead",
            "target_volume_usd_3d",
            "target_fee_apr_3d",
            "target_tx_7d_ahead",
            "target_tx_7d_avg_ahead",
            "target_volume_usd_7d",
            "target_fee_apr_7d",
        ];
        COLUMNS[self.index()]
    }

    /// The target of a column; `None` if it is no target's.
    pub fn of_column(column: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|target| target.column() == column)
    }

    /// ln(1 + a value), in swaps, dollars, or percent of yearly rate: the scale of all errors.
    pub fn on_scale(self, value: f64) -> f64 {
        self.aim.quantity().to_log(value)
    }

    /// Its value if each day were like this one.
    pub(crate) fn of_level(self, level: f64) -> f64 {
        match self.aim {
            Aim::TxCount | Aim::TxAverage | Aim::FeeApr => level,
            Aim::VolumeUsd => level * f64::from(self.horizon.days()),
        }
    }
}
