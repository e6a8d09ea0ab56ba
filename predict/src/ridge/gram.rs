//! Sums of products: all that least squares needs to know of many pairs.

use super::inputs::{INPUTS, Inputs};
use serde::{Deserialize, Serialize};

/// One, the inputs, the outcome.
pub(crate) const TERMS: usize = INPUTS + 2;

const PRODUCTS: usize = TERMS * (TERMS + 1) / 2;

/// Where the outcome stands among the terms.
pub(crate) const OUTCOME: usize = TERMS - 1;

/// Sums over pairs of inputs and outcome of the products of any two terms.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Gram {
    pub(crate) pairs: u64,
    /// The greatest outcome.
    pub(crate) highest: f64,
    /// The upper triangle, row by row.
    sums: Vec<f64>,
}

impl Default for Gram {
    fn default() -> Self {
        Self {
            pairs: 0,
            highest: 0.0,
            sums: vec![0.0; PRODUCTS],
        }
    }
}

impl Gram {
    /// One pair more.
    pub(crate) fn add(&mut self, inputs: &Inputs, outcome: f64) {
        let mut terms = [1.0; TERMS];
        terms[1..OUTCOME].copy_from_slice(inputs);
        terms[OUTCOME] = outcome;
        let mut sums = self.sums.iter_mut();
        for (row, a) in terms.iter().enumerate() {
            for (sum, b) in sums.by_ref().take(TERMS - row).zip(&terms[row..]) {
                *sum += a * b;
            }
        }
        self.pairs += 1;
        self.highest = self.highest.max(outcome);
    }

    /// The pairs of another one too.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
        self.pairs += other.pairs;
        self.highest = self.highest.max(other.highest);
    }

    /// Sum of the products of two terms.
    pub(crate) fn of(&self, a: usize, b: usize) -> f64 {
        let (row, column) = (a.min(b), a.max(b));
        self.sums[row * TERMS - row * (row + 1) / 2 + column]
    }

    /// Squared errors of a linear forecast, summed: cᵀGc with c = (coefficients, −1).
    pub(crate) fn squared_error(&self, coefficients: &[f64; OUTCOME]) -> f64 {
        let term = |n: usize| coefficients.get(n).copied().unwrap_or(-1.0);
        let mut sum = 0.0;
        for a in 0..TERMS {
            for b in 0..TERMS {
                sum += term(a) * term(b) * self.of(a, b);
            }
        }
        sum.max(0.0)
    }

    /// Whether it has its shape; for what was read from bytes.
    pub(crate) fn is_sound(&self) -> bool {
        self.sums.len() == PRODUCTS
            && self.highest.is_finite()
            && self.highest >= 0.0
            && self.pairs <= u64::from(u32::MAX)
            && self.sums.iter().all(|sum| sum.is_finite())
    }
}
