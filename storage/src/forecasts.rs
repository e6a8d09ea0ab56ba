//! What was forecast of pools' days, and what forecasts were worth.

use std::fmt;
use std::str::FromStr;
use tidegauge_features::{Fingerprint, HORIZON_DAYS, TARGET_COLUMNS};
use tidegauge_model::{BlockNumber, Day, PoolId, UnixSeconds};

/// Who forecasts: 1 to 48 letters, digits, `_`, `-` and `.`, the first no `.`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ModelName(String);

impl ModelName {
    /// The most bytes of a name.
    pub const MOST_BYTES: usize = 48;

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let sound = (1..=Self::MOST_BYTES).contains(&text.len())
            && !text.starts_with('.')
            && text.bytes().all(allowed);
        if !sound {
            return Err(format!(
                "a model's name has 1 to {} letters, digits, `_`, `-` and `.`, and does not begin with `.`",
                Self::MOST_BYTES
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A column of what comes after a day, by its place in [`TARGET_COLUMNS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TargetColumn(u8);

impl TargetColumn {
    /// The column of a name; `None` if no target has it.
    pub fn of_name(name: &str) -> Option<Self> {
        let place = TARGET_COLUMNS.iter().position(|column| column.name == name);
        Self::of_place(place?)
    }

    pub(crate) fn of_place(place: usize) -> Option<Self> {
        let place = u8::try_from(place).ok()?;
        (usize::from(place) < TARGET_COLUMNS.len()).then_some(Self(place))
    }

    pub(crate) fn place(self) -> u8 {
        self.0
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        TARGET_COLUMNS[usize::from(self.0)].name
    }

    /// Days from the one that is forecast from to the last that is in it.
    pub fn horizon_days(self) -> u32 {
        if self.name().contains("_3d") {
            3
        } else {
            HORIZON_DAYS
        }
    }
}

/// That a model forecast a day, and from what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForecastRun {
    /// Who.
    pub model: ModelName,
    /// The last day that it knew.
    pub day: Day,
    /// Of the model; of a file its hash.
    pub version: String,
    /// The last day whose outcome it was fitted on; `None` where nothing is fitted.
    pub fitted_until: Option<Day>,
    /// What the features were defined by.
    pub fingerprint: Fingerprint,
    /// The last block of the day.
    pub as_of: BlockNumber,
    /// When it was made.
    pub made_at: UnixSeconds,
    /// How many pools it forecast.
    pub pools: u32,
}

/// A model's forecasts of a pool's day.
#[derive(Clone, PartialEq, Debug)]
pub struct PoolForecasts {
    /// Whose.
    pub pool: PoolId,
    /// By target, each once.
    pub forecasts: Vec<(TargetColumn, Forecasted)>,
}

/// A forecast of one target.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Forecasted {
    /// In the unit of the target.
    pub value: f64,
    /// The 80 % interval, from low to high.
    pub interval: Option<(f64, f64)>,
    /// Probability that the outcome lies within ± 25 % of the value.
    pub confidence: Option<f64>,
    /// Whose errors these two rest on; `None` without them, or where they came from outside.
    pub basis: Option<ForecastBasis>,
}

/// Whose errors an interval rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForecastBasis {
    /// Those of the pool's class and fifth by volume.
    Group,
    /// Those of its class.
    Class,
    /// Those of all pools.
    All,
}

impl ForecastBasis {
    /// Its word in rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Class => "class",
            Self::All => "all",
        }
    }
}

/// What forecasts were worth, as of a day.
#[derive(Clone, PartialEq, Debug)]
pub struct ScoreBoard {
    /// The last day whose outcomes are in it.
    pub day: Day,
    /// Days on which what is scored matured.
    pub days: u32,
    /// By model, target and class.
    pub scores: Vec<ModelScore>,
    /// Confidence claimed, and what came true.
    pub reliability: Vec<ModelReliability>,
    /// The last week's errors beside those before.
    pub drifts: Vec<ModelDrift>,
}

/// What a model's forecasts of a target were worth. Errors are outcome less forecast, each as
/// ln(1 + x) with x in swaps, dollars, or percent of yearly rate.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelScore {
    /// Who forecast.
    pub model: ModelName,
    /// What.
    pub target: TargetColumn,
    /// For which pools; `None`: all.
    pub class: Option<String>,
    /// Forecasts with an outcome.
    pub count: u64,
    /// Mean absolute error.
    pub mae: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// 1 − the model's squared error over persistence's; `None` without any to compare with.
    pub skill_over_naive: Option<f64>,
    /// The same over `seasonal_naive`.
    pub skill_over_seasonal: Option<f64>,
    /// Share of the 80 % intervals that held the outcome; `None` without any.
    pub coverage: Option<f64>,
}

/// Forecasts of a like confidence.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelReliability {
    /// Who forecast.
    pub model: ModelName,
    /// What.
    pub target: TargetColumn,
    /// The lower end of the confidence, in tenths.
    pub tenth: u8,
    /// Forecasts with an outcome.
    pub count: u64,
    /// Mean confidence claimed.
    pub claimed: f64,
    /// Share whose outcome was within ± 25 % of the forecast.
    pub came_true: f64,
}

/// A model's error of a week beside the one before.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelDrift {
    /// Who forecasts.
    pub model: ModelName,
    /// What.
    pub target: TargetColumn,
    /// Mean absolute error of what matured in the last 7 days.
    pub recent_mae: f64,
    /// The same of the 28 days before.
    pub before_mae: f64,
    /// Whether the first is at least twice the second.
    pub is_drifting: bool,
}
