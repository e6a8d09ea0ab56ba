//! The walk: day by day, with nothing but what was final by the day.
//!
//! A day does four things, in this order: histories gain the day; forecasts whose horizon ends with
//! it are settled against it and become residuals, scores and pairs to train on; ridge is fitted
//! again and intervals are claimed; the day's pools are forecast.

use crate::PredictError;
use crate::aim::{Aim, Horizon, Quantity, Target};
use crate::config::Config;
use crate::conformal::{Residuals, cell};
use crate::forecast::{DayReport, Forecast};
use crate::group::{Group, groups, ranked_by};
use crate::history::{Histories, History};
use crate::model::{Model, forecast};
use crate::observed::{Class, Observed};
use crate::outcome::outcome;
use crate::pending::{Pending, PendingPool};
use crate::reliability::{Reliability, Reliable};
use crate::ridge::{Fit, Gram, SeriesInputs, Training};
use crate::scores::{Drift, Score, Scores};
use crate::summary::Summary;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tidegauge_model::{Day, PoolId};

/// A pool's day, its numbers as floats.
type Row = (PoolId, Class, [Option<f64>; 3]);

/// Forecasts of all pools, and all that the next day needs of the days before.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Walk {
    pub(crate) config: Config,
    pub(crate) histories: Histories,
    /// By horizon, the oldest day first.
    pub(crate) pending: [VecDeque<Pending>; 2],
    /// By target.
    pub(crate) training: Vec<Training>,
    pub(crate) residuals: Residuals,
    pub(crate) scores: Scores,
    pub(crate) reliability: Reliability,
}

impl Walk {
    /// A walk that has seen no day.
    pub fn new(config: Config) -> Result<Self, PredictError> {
        config.check()?;
        Ok(Self {
            config,
            histories: Histories::default(),
            pending: Default::default(),
            training: Target::ALL.map(|t| Training::new(t.horizon)).into(),
            residuals: Residuals::new(),
            scores: Scores::default(),
            reliability: Reliability::default(),
        })
    }

    /// The last day walked.
    pub fn last(&self) -> Option<Day> {
        self.histories.last()
    }

    /// How many pools have a history: those with a swap in the last five weeks.
    pub fn pools(&self) -> usize {
        self.histories.len()
    }

    /// A final day with the rows of all its pools, in any order: its forecasts.
    ///
    /// The day is whole: a pool that is absent had no swap. Days left out are unknown of all pools.
    /// On an error the walk is as it was.
    pub fn day(&mut self, day: Day, pools: &[Observed]) -> Result<DayReport, PredictError> {
        if let Some(last) = self.last().filter(|last| *last >= day) {
            return Err(PredictError::OutOfOrder { day, last });
        }
        let rows = rows(day, pools)?;
        self.histories.push(day, &rows);
        let (settled, lapsed) = self.mature(day);
        let fits = self.fit(day);
        let forecasts = self.forecast(day, &rows, &fits);
        Ok(DayReport {
            day,
            forecasts,
            settled,
            lapsed,
            fits,
        })
    }

    /// Scores of what matured from one day to another, both included, of the last 366 days.
    pub fn scores(&self, from: Day, to: Day) -> Vec<Score> {
        self.scores.between(from, to)
    }

    /// Whether models have become worse: the last 7 days beside the 28 before.
    pub fn drifts(&self) -> Vec<Drift> {
        self.scores.drifts()
    }

    /// Confidence claimed against what came true, over what matured in the last 28 days.
    pub fn reliability(&self) -> Vec<Reliable> {
        self.reliability.table()
    }

    /// Settles what matures with the day: how many forecasts had an outcome, and how many had none
    /// because a day of their horizon is unknown.
    fn mature(&mut self, day: Day) -> (u64, u64) {
        self.residuals.begin(day);
        self.scores.begin(day);
        self.reliability.begin(day);
        let (mut settled, mut lapsed) = (0, 0);
        for horizon in Horizon::ALL {
            let days = horizon.days();
            while let Some(pending) =
                self.pending[horizon as usize].pop_front_if(|p| p.day.plus_days(days) <= day)
            {
                let all: usize = pending.pools.iter().map(PendingPool::made).sum();
                let mut known = 0;
                if pending.day.plus_days(days) == day {
                    known = self.settle(horizon, &pending);
                }
                settled += known;
                lapsed += all as u64 - known;
            }
        }
        (settled, lapsed)
    }

    /// Forecasts of a horizon that ends with the last day, beside their outcomes.
    fn settle(&mut self, horizon: Horizon, pending: &Pending) -> u64 {
        let mut count = 0;
        let mut pairs = Aim::ALL.map(|_| Gram::default());
        for pool in &pending.pools {
            let Some(history) = self.histories.get(&pool.pool) else {
                continue;
            };
            let (class, age_days) = (pool.group.class, history.age_days(pending.day));
            each_target(
                history,
                horizon.days() as usize,
                &[horizon],
                |target, of| {
                    let now = history.of(target.aim.quantity()).as_of(0);
                    let Some(came) = outcome(target, now) else {
                        return;
                    };
                    let inputs = of.1.inputs(target, class, age_days);
                    let log = target.aim.quantity().to_log(came);
                    pairs[target.aim as usize].add(&inputs, log);
                    for settled in pool.settle(target, came, &pending.claims) {
                        let at = cell(settled.model, target, settled.group);
                        self.residuals.add(at, settled.error, settled.hit);
                        self.scores.add(&settled);
                        self.reliability.add(&settled);
                        count += 1;
                    }
                },
            );
        }
        for (aim, pairs) in Aim::ALL.into_iter().zip(pairs) {
            self.training[Target { horizon, aim }.index()].push(pending.day, pairs);
        }
        count
    }

    /// Ridge of each target, fitted on what has matured of the window up to the day.
    fn fit(&mut self, day: Day) -> Vec<(Target, Fit)> {
        let oldest = day.minus_days(self.config.training_days);
        let mut fits = Vec::new();
        for target in Target::ALL {
            let training = &mut self.training[target.index()];
            training.forget_before(oldest);
            let fit = training.fit(&self.config.penalties);
            fits.extend(fit.map(|fit| (target, fit)));
        }
        fits
    }

    /// All models' forecasts of the day's pools; they pend from here on.
    fn forecast(&mut self, day: Day, rows: &[Row], fits: &[(Target, Fit)]) -> Vec<Forecast> {
        let histories: Vec<_> = rows
            .iter()
            .filter_map(|row| Some((row.0, self.histories.get(&row.0)?)))
            .collect();
        let ranked = histories.iter().map(|(_, h)| (h.class, ranked_by(h)));
        let groups = groups(&ranked.collect::<Vec<_>>());
        let claims = self.residuals.claims();
        let fit_of = |target| fits.iter().find(|fit| fit.0 == target).map(|fit| &fit.1);
        let fits = Target::ALL.map(fit_of);
        let mut forecasts = Vec::with_capacity(rows.len() * Target::ALL.len() * Model::ALL.len());
        let mut pending = Horizon::ALL.map(|_| Vec::with_capacity(rows.len()));
        for ((pool, history), group) in histories.into_iter().zip(groups) {
            let logs = logs(history, group, history.age_days(day), &fits);
            for target in Target::ALL {
                for model in Model::ALL {
                    if let Some(log) = logs[target.index()][model as usize] {
                        let claim = claims[cell(model, target, group)];
                        forecasts.push(Forecast::of((pool, day), model, target, log, claim));
                    }
                }
            }
            for (pending, horizon) in pending.iter_mut().zip(Horizon::ALL) {
                let logs = Aim::ALL.map(|aim| logs[Target { horizon, aim }.index()]);
                pending.push(PendingPool { pool, group, logs });
            }
        }
        for (queue, pools) in self.pending.iter_mut().zip(pending) {
            let claims = claims.clone();
            queue.push_back(Pending { day, claims, pools });
        }
        forecasts
    }
}

/// The rows in the order of pools, each pool once.
fn rows(day: Day, pools: &[Observed]) -> Result<Vec<Row>, PredictError> {
    let mut rows = Vec::with_capacity(pools.len());
    for observed in pools {
        rows.push((observed.pool, observed.class, observed.values()?));
    }
    rows.sort_unstable_by_key(|row| row.0);
    if let Some(twice) = rows.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let pool = twice[0].0;
        return Err(PredictError::Twice { day, pool });
    }
    Ok(rows)
}

/// What each model says of each target of a pool.
fn logs(
    history: &History,
    group: Group,
    age_days: u32,
    fits: &[Option<&Fit>; Target::ALL.len()],
) -> [[Option<f64>; Model::ALL.len()]; Target::ALL.len()] {
    let mut logs = [[None; Model::ALL.len()]; Target::ALL.len()];
    each_target(history, 0, &Horizon::ALL, |target, of| {
        let at = target.index();
        logs[at] = forecast(target, (group.class, age_days), of, fits[at]);
    });
    logs
}

/// Every target of these horizons whose quantity was known so many days ago, with what was then
/// known of it.
fn each_target(
    history: &History,
    days_ago: usize,
    horizons: &[Horizon],
    mut each: impl FnMut(Target, (&Summary, &SeriesInputs<'_>)),
) {
    for quantity in Quantity::ALL {
        let recent = history.of(quantity).as_of(days_ago);
        let Some(summary) = Summary::of(quantity, recent) else {
            continue;
        };
        let inputs = SeriesInputs::of(&summary, recent);
        for horizon in horizons.iter().copied() {
            for aim in Aim::ALL.into_iter().filter(|a| a.quantity() == quantity) {
                each(Target { horizon, aim }, (&summary, &inputs));
            }
        }
    }
}
