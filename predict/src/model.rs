//! The models, and what each says of a pool's day.

use crate::aim::Target;
use crate::observed::Class;
use crate::ridge::{Fit, SeriesInputs};
use crate::summary::Summary;
use serde::{Deserialize, Serialize};

/// Who forecasts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Model {
    /// Persistence: the mean of the last seven days; of rates, half that and half the last day.
    Naive,
    /// The mean of the same weekdays of the last four weeks.
    SeasonalNaive,
    /// The mean of four weeks, a day weighing half of the one three days after it.
    Ewma,
    /// Ridge regression of log targets.
    Ridge,
}

impl Model {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Naive, Self::SeasonalNaive, Self::Ewma, Self::Ridge];

    /// Its name in rows and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::SeasonalNaive => "seasonal_naive",
            Self::Ewma => "ewma",
            Self::Ridge => "ridge",
        }
    }

    /// Its version: another one where its forecasts would be others.
    pub fn version(self) -> &'static str {
        match self {
            Self::Naive | Self::SeasonalNaive | Self::Ewma | Self::Ridge => "1",
        }
    }
}

/// Each model's forecast of a target as a logarithm; `None` where what it needs is unknown.
pub(crate) fn forecast(
    target: Target,
    (class, age_days): (Class, u32),
    (summary, inputs): (&Summary, &SeriesInputs<'_>),
    ridge: Option<&Fit>,
) -> [Option<f64>; 4] {
    let log = |level: f64| summary.quantity.to_log(target.of_level(level));
    Model::ALL.map(|model| match model {
        Model::Naive => Some(log(summary.naive())),
        Model::SeasonalNaive => summary.seasonal(target).map(log),
        Model::Ewma => Some(log(summary.ewma)),
        Model::Ridge => ridge.map(|fit| fit.forecast(&inputs.inputs(target, class, age_days))),
    })
}
