//! The training window of a target, and what is fitted on it.

use super::cholesky::solve;
use super::gram::{Gram, OUTCOME};
use super::inputs::{INPUTS, Inputs};
use crate::aim::Horizon;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tidegauge_model::Day;

/// Fewest pairs that are fitted to: twenty for each input.
const LEAST_PAIRS: u64 = 20 * INPUTS as u64;

/// The last weeks of the window, each forecast once by what had matured before it.
const FOLDS: u32 = 4;
const FOLD_DAYS: u32 = 7;

/// A column that varies by less than this share of its mean square is taken for constant.
const CONSTANT: f64 = 1e-9;

/// Matured pairs of one target by the day they were forecast on, the oldest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Training {
    horizon: Horizon,
    days: VecDeque<(Day, Gram)>,
}

/// A ridge as fitted: value on the logarithmic scale = intercept + weights · inputs.
#[derive(Clone, PartialEq, Debug)]
pub struct Fit {
    /// What is added for standardised weights, chosen inside the window.
    pub penalty: f64,
    /// Matured pairs of the window.
    pub pairs: u64,
    /// Intercept, then a weight for each input.
    coefficients: [f64; OUTCOME],
    /// The greatest outcome of the window, as a logarithm: forecasts do not go beyond.
    highest: f64,
}

impl Fit {
    /// The forecast on the logarithmic scale, within the outcomes that the window saw.
    pub(crate) fn forecast(&self, inputs: &Inputs) -> f64 {
        let [intercept, weights @ ..] = &self.coefficients;
        let sum = weights
            .iter()
            .zip(inputs)
            .fold(*intercept, |sum, (weight, input)| sum + weight * input);
        sum.clamp(0.0, self.highest)
    }
}

impl Training {
    pub(crate) fn new(horizon: Horizon) -> Self {
        Self {
            horizon,
            days: VecDeque::new(),
        }
    }

    /// The pairs of a day that matured, after those of all earlier ones.
    pub(crate) fn push(&mut self, day: Day, pairs: Gram) {
        self.days.push_back((day, pairs));
    }

    /// Forget forecasts made before a day.
    pub(crate) fn forget_before(&mut self, day: Day) {
        while self.days.pop_front_if(|(made, _)| *made < day).is_some() {}
    }

    /// The best of the penalties, fitted on the whole window; `None` while it is thin.
    pub(crate) fn fit(&self, penalties: &[f64]) -> Option<Fit> {
        let folds = self.folds();
        let (trained, whole) = self.trained(&folds);
        let penalty = self.choose(penalties, &folds, &trained)?;
        fitted(&whole, penalty)
    }

    /// What had matured before each fold, and all of it: a target's last day is not after the
    /// fold's first.
    fn trained(&self, folds: &[Day]) -> (Vec<Gram>, Gram) {
        let mut whole = Gram::default();
        let mut trained = Vec::with_capacity(folds.len());
        for (day, pairs) in &self.days {
            let matured = day.plus_days(self.horizon.days());
            while folds.get(trained.len()).is_some_and(|fold| matured > *fold) {
                trained.push(whole.clone());
            }
            whole.merge(pairs);
        }
        (trained, whole)
    }

    /// The first days of the folds.
    fn folds(&self) -> Vec<Day> {
        let Some((last, _)) = self.days.back() else {
            return Vec::new();
        };
        (1..=FOLDS)
            .rev()
            .map(|weeks| last.plus_days(1).minus_days(weeks * FOLD_DAYS))
            .collect()
    }

    /// The penalty of the least error over the folds; the greater one if two are as good. `None`
    /// if no fold has enough to train on.
    fn choose(&self, penalties: &[f64], folds: &[Day], trained: &[Gram]) -> Option<f64> {
        let tested: Vec<(&Gram, Gram)> = trained
            .iter()
            .zip(folds)
            .filter(|(gram, _)| gram.pairs >= LEAST_PAIRS)
            .map(|(gram, fold)| (gram, self.of_days(*fold, fold.plus_days(FOLD_DAYS))))
            .collect();
        if tested.is_empty() {
            return None;
        }
        let error = |penalty: f64| {
            tested.iter().try_fold(0.0, |sum, (train, test)| {
                Some(sum + test.squared_error(&fitted(train, penalty)?.coefficients))
            })
        };
        let mut best: Option<(f64, f64)> = None;
        for penalty in penalties.iter().rev().copied() {
            if let Some(error) = error(penalty)
                && best.is_none_or(|(least, _)| error < least)
            {
                best = Some((error, penalty));
            }
        }
        best.map(|(_, penalty)| penalty)
    }

    fn of_days(&self, from: Day, until: Day) -> Gram {
        let mut sum = Gram::default();
        for (day, pairs) in &self.days {
            if from <= *day && *day < until {
                sum.merge(pairs);
            }
        }
        sum
    }

    /// Whether it has its shape; for what was read from bytes.
    pub(crate) fn is_sound(&self, horizon: Horizon) -> bool {
        self.horizon == horizon
            && self.days.iter().all(|(_, pairs)| pairs.is_sound())
            && self.days.iter().is_sorted_by(|a, b| a.0 < b.0)
    }
}

/// Least squares of standardised inputs plus penalty × Σ weights², by the normal equations
/// (C + penalty I) w = c with C the correlations (Hoerl and Kennard, "Ridge Regression", 1970).
fn fitted(gram: &Gram, penalty: f64) -> Option<Fit> {
    if gram.pairs < LEAST_PAIRS {
        return None;
    }
    let n = gram.pairs as f64;
    let mean = |term: usize| gram.of(0, term) / n;
    let covariance = |a: usize, b: usize| gram.of(a, b) / n - mean(a) * mean(b);
    let scales: [f64; INPUTS] = std::array::from_fn(|i| {
        let variance = covariance(i + 1, i + 1);
        let square = gram.of(i + 1, i + 1) / n;
        if variance > CONSTANT * square {
            variance.sqrt()
        } else {
            0.0
        }
    });
    let mut matrix = [[0.0; INPUTS]; INPUTS];
    let mut right = [0.0; INPUTS];
    for i in 0..INPUTS {
        // A constant column gets the equation w = 0.
        matrix[i][i] = 1.0 + penalty;
        if scales[i] > 0.0 {
            right[i] = covariance(i + 1, OUTCOME) / scales[i];
            for j in (0..i).filter(|j| scales[*j] > 0.0) {
                matrix[i][j] = covariance(i + 1, j + 1) / (scales[i] * scales[j]);
            }
        }
    }
    let weights = solve(&matrix, &right)?;
    let mut coefficients = [0.0; OUTCOME];
    coefficients[0] = mean(OUTCOME);
    for i in (0..INPUTS).filter(|i| scales[*i] > 0.0) {
        let weight = weights[i] / scales[i];
        coefficients[i + 1] = weight;
        coefficients[0] -= weight * mean(i + 1);
    }
    coefficients.iter().all(|c| c.is_finite()).then_some(Fit {
        penalty,
        pairs: gram.pairs,
        coefficients,
        highest: gram.highest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::UnixSeconds;

    /// A sequence without a pattern, from 0 to 1 (Weyl, by the golden ratio).
    fn weyl(n: u32, by: f64) -> f64 {
        (f64::from(n) * by).fract()
    }

    fn pairs(count: u32) -> Vec<(Inputs, f64)> {
        let pair = |n| {
            let mut inputs: Inputs = std::array::from_fn(|i| {
                weyl(n, 0.618_033_988_75 * (1.0 + i as f64).sqrt()) * (1.0 + i as f64)
            });
            inputs[3] = 5.0;
            inputs[7] = inputs[0] + 0.01 * inputs[1];
            let noise = weyl(n, 0.414_213_562_37) - 0.5;
            (inputs, 3.0 + 2.0 * inputs[0] - 0.3 * inputs[2] + noise)
        };
        (0..count).map(pair).collect()
    }

    fn gram(pairs: &[(Inputs, f64)]) -> Gram {
        let mut gram = Gram::default();
        pairs.iter().for_each(|(x, y)| gram.add(x, *y));
        gram
    }

    /// The penalised mean squared error, from the pairs themselves.
    fn objective(pairs: &[(Inputs, f64)], coefficients: &[f64; OUTCOME], penalty: f64) -> f64 {
        let n = pairs.len() as f64;
        let error = pairs.iter().map(|(x, y)| {
            let sum: f64 = x.iter().zip(&coefficients[1..]).map(|(x, w)| x * w).sum();
            (y - coefficients[0] - sum).powi(2)
        });
        let size = (0..INPUTS).map(|i| {
            let mean = pairs.iter().map(|(x, _)| x[i]).sum::<f64>() / n;
            let variance = pairs
                .iter()
                .map(|(x, _)| (x[i] - mean).powi(2))
                .sum::<f64>()
                / n;
            coefficients[i + 1].powi(2) * variance
        });
        error.sum::<f64>() / n + penalty * size.sum::<f64>()
    }

    #[test]
    fn no_step_from_the_fit_is_better() {
        let pairs = pairs(600);
        for penalty in [1e-4, 1e-2, 1.0] {
            let fit = fitted(&gram(&pairs), penalty).unwrap();
            assert_eq!(fit.coefficients[4], 0.0, "a constant has no weight");
            let least = objective(&pairs, &fit.coefficients, penalty);
            for at in (0..OUTCOME).filter(|at| *at != 4) {
                for step in [-1e-3, 1e-3] {
                    let mut other = fit.coefficients;
                    other[at] += step;
                    let more = objective(&pairs, &other, penalty);
                    assert!(more > least, "{at} {step}: {more} ≤ {least}");
                }
            }
        }
    }

    #[test]
    fn one_input_by_hand() {
        // x = 0, 1 in turn, y = 2 + 4x: variance 1/4, covariance 1, so w = 4/(1 + penalty), and
        // the line goes through the means (1/2, 4).
        let pairs: Vec<_> = (0..240u32)
            .map(|n| {
                let x = f64::from(n % 2);
                let mut inputs = [0.0; INPUTS];
                inputs[5] = x;
                (inputs, 2.0 + 4.0 * x)
            })
            .collect();
        let fit = fitted(&gram(&pairs), 1.0).unwrap();
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-12 * expected;
        assert!(near(fit.coefficients[0], 3.0) && near(fit.coefficients[6], 2.0));
        assert!(near(gram(&pairs).squared_error(&fit.coefficients), 240.0));
        assert!(near(fit.forecast(&[1.0; INPUTS]), 5.0));
        assert_eq!(
            fit.forecast(&[9.0; INPUTS]),
            6.0,
            "not beyond what was seen"
        );
        assert_eq!(fitted(&gram(&pairs[1..]), 1.0), None, "too few pairs");
    }

    #[test]
    fn folds_train_on_what_had_matured() {
        let day = |n: u32| Day::of(UnixSeconds(0)).plus_days(n);
        for horizon in Horizon::ALL {
            let mut training = Training::new(horizon);
            for n in 0..60 {
                training.push(day(n), gram(&pairs(30)));
            }
            let folds = training.folds();
            assert_eq!(folds, [32, 39, 46, 53].map(day));
            let (trained, whole) = training.trained(&folds);
            let counts: Vec<_> = trained.iter().map(|gram| gram.pairs / 30).collect();
            // Day n is trained on from day n + h on: days 0 to fold − h.
            let expected = [32, 39, 46, 53].map(|fold| fold + 1 - u64::from(horizon.days()));
            assert_eq!((counts, whole.pairs), (expected.to_vec(), 1_800));
            assert!(training.is_sound(horizon));
        }
    }

    #[test]
    fn a_window_that_turned_is_fitted_to_with_care() {
        // The rule turns on day 27, and the last fold with it: what held before misleads there.
        let day = |n: u32| Day::of(UnixSeconds(0)).plus_days(n);
        let mut training = Training::new(Horizon::Seven);
        let penalties = [1e-4, 1e4];
        for n in 0..34 {
            let mut sums = Gram::default();
            for k in 0..30u32 {
                let x = weyl(30 * n + k, 0.618_033_988_75);
                let mut inputs = [0.0; INPUTS];
                inputs[0] = x;
                sums.add(&inputs, if n < 27 { 1.0 + x } else { 2.0 - x });
            }
            if n == 27 {
                assert_eq!(training.fit(&penalties).map(|fit| fit.penalty), Some(1e-4));
            }
            training.push(day(n), sums);
        }
        assert_eq!(training.fit(&penalties).map(|fit| fit.penalty), Some(1e4));
    }
}
