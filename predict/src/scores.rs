//! What forecasts were worth: errors on the logarithmic scale, skill, coverage, drift; by day.

use crate::aim::Target;
use crate::model::Model;
use crate::observed::Class;
use crate::pending::Settled;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tidegauge_model::Day;

/// Days of scores that are kept.
pub const SCORED_DAYS: u32 = 366;

/// The days that drift compares.
pub const RECENT_DAYS: u32 = 7;
/// Those before them that it compares with.
pub const BEFORE_DAYS: u32 = 28;

/// How many times as great the error must be to be a drift.
const DRIFT: f64 = 2.0;

/// Fewest outcomes on either side that can show a drift.
pub const LEAST_OUTCOMES: u64 = 100;

/// Whether an error has become so much greater that the model has to be looked at.
pub fn has_drifted(recent_mae: f64, before_mae: f64) -> bool {
    before_mae > 0.0 && recent_mae >= DRIFT * before_mae
}

const CELLS: usize = Model::ALL.len() * Target::ALL.len() * Class::ALL.len();

/// Squared errors of a model and of a baseline over the forecasts that both made.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Against {
    pairs: u64,
    own: f64,
    baseline: f64,
}

/// Sums over settled forecasts.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Sums {
    count: u64,
    absolute: f64,
    squared: f64,
    intervals: u64,
    covered: u64,
    naive: Against,
    seasonal: Against,
}

/// The sums of the forecasts that matured on a day.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct DaySums {
    day: Day,
    cells: Vec<Sums>,
}

/// Sums by day, the oldest first.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Scores {
    days: VecDeque<DaySums>,
}

/// What a model's forecasts of a target were worth, over days on which they matured.
///
/// Errors are outcome less forecast, each as ln(1 + x) with x in swaps, dollars, or percent of APR.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Score {
    /// Who forecast.
    pub model: Model,
    /// What.
    pub target: Target,
    /// For which pools; `None`: all.
    pub class: Option<Class>,
    /// Settled forecasts.
    pub count: u64,
    /// Mean absolute error.
    pub mae: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// 1 − the model's squared error over persistence's, where both forecast; `None` over 0.
    pub skill_over_naive: Option<f64>,
    /// The same over `seasonal_naive`.
    pub skill_over_seasonal: Option<f64>,
    /// Share of the 80 % intervals that held the outcome; `None` without any.
    pub coverage: Option<f64>,
}

/// Whether a model has become worse.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Drift {
    /// Who forecasts.
    pub model: Model,
    /// What.
    pub target: Target,
    /// Mean absolute error of what matured in the last 7 days, on the scale of [`Score`].
    pub recent_mae: f64,
    /// The same of the 28 days before.
    pub before_mae: f64,
    /// Whether the first is at least twice the second.
    pub drifting: bool,
}

impl Against {
    fn add(&mut self, own: f64, baseline: Option<f64>) {
        if let Some(baseline) = baseline {
            self.pairs += 1;
            self.own += own * own;
            self.baseline += baseline * baseline;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.pairs += other.pairs;
        self.own += other.own;
        self.baseline += other.baseline;
    }

    fn skill(&self) -> Option<f64> {
        (self.baseline > 0.0).then(|| 1.0 - self.own / self.baseline)
    }
}

impl Sums {
    fn add(&mut self, settled: &Settled) {
        self.count += 1;
        self.absolute += settled.error.abs();
        self.squared += settled.error * settled.error;
        self.intervals += u64::from(settled.covered.is_some());
        self.covered += u64::from(settled.covered == Some(true));
        self.naive.add(settled.error, settled.naive);
        self.seasonal.add(settled.error, settled.seasonal);
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.absolute += other.absolute;
        self.squared += other.squared;
        self.intervals += other.intervals;
        self.covered += other.covered;
        self.naive.merge(&other.naive);
        self.seasonal.merge(&other.seasonal);
    }

    fn score(&self, model: Model, target: Target, class: Option<Class>) -> Option<Score> {
        let n = self.count as f64;
        let share = self.covered as f64 / self.intervals as f64;
        (self.count > 0).then(|| Score {
            model,
            target,
            class,
            count: self.count,
            mae: self.absolute / n,
            rmse: (self.squared / n).sqrt(),
            skill_over_naive: self.naive.skill(),
            skill_over_seasonal: self.seasonal.skill(),
            coverage: (self.intervals > 0).then_some(share),
        })
    }
}

fn cell(model: Model, target: Target, class: Class) -> usize {
    (model as usize * Target::ALL.len() + target.index()) * Class::ALL.len() + class as usize
}

impl Scores {
    /// A day on which forecasts may mature.
    pub(crate) fn begin(&mut self, day: Day) {
        let oldest = day.minus_days(SCORED_DAYS - 1);
        while self.days.pop_front_if(|sums| sums.day < oldest).is_some() {}
        self.days.push_back(DaySums {
            day,
            cells: vec![Sums::default(); CELLS],
        });
    }

    /// A forecast that matured on the day begun.
    pub(crate) fn add(&mut self, settled: &Settled) {
        if let Some(today) = self.days.back_mut() {
            let at = cell(settled.model, settled.target, settled.group.class);
            today.cells[at].add(settled);
        }
    }

    fn sum(&self, from: Day, to: Day, at: usize) -> Sums {
        let mut sum = Sums::default();
        for day in &self.days {
            if from <= day.day && day.day <= to {
                sum.merge(&day.cells[at]);
            }
        }
        sum
    }

    /// Scores of what matured from one day to another, both included: of each class, then of all.
    pub(crate) fn between(&self, from: Day, to: Day) -> Vec<Score> {
        let mut scores = Vec::new();
        for model in Model::ALL {
            for target in Target::ALL {
                let mut all = Sums::default();
                for class in Class::ALL {
                    let sums = self.sum(from, to, cell(model, target, class));
                    scores.extend(sums.score(model, target, Some(class)));
                    all.merge(&sums);
                }
                scores.extend(all.score(model, target, None));
            }
        }
        scores
    }

    /// The last week beside the four before it, where both have enough outcomes.
    pub(crate) fn drifts(&self) -> Vec<Drift> {
        let Some(today) = self.days.back().map(|sums| sums.day) else {
            return Vec::new();
        };
        let recent_from = today.minus_days(RECENT_DAYS - 1);
        let before_to = today.minus_days(RECENT_DAYS);
        let recent = self.between(recent_from, today);
        let before = self.between(before_to.minus_days(BEFORE_DAYS - 1), before_to);
        let whole = |score: &&Score| score.class.is_none() && score.count >= LEAST_OUTCOMES;
        recent
            .iter()
            .filter(whole)
            .filter_map(|now| {
                let same = |s: &&Score| s.model == now.model && s.target == now.target;
                let then = before.iter().filter(whole).find(same)?;
                Some(Drift {
                    model: now.model,
                    target: now.target,
                    recent_mae: now.mae,
                    before_mae: then.mae,
                    drifting: has_drifted(now.mae, then.mae),
                })
            })
            .collect()
    }

    /// Whether it has the shape that the rest relies on; for what was read from bytes.
    pub(crate) fn is_sound(&self) -> bool {
        let sound = |sums: &Sums| {
            sums.count <= u64::from(u32::MAX)
                && sums.naive.pairs <= sums.count
                && sums.seasonal.pairs <= sums.count
                && sums.covered <= sums.intervals
                && sums.intervals <= sums.count
        };
        let whole = |day: &DaySums| day.cells.len() == CELLS && day.cells.iter().all(sound);
        self.days.iter().all(whole) && self.days.iter().is_sorted_by(|a, b| a.day < b.day)
    }
}
