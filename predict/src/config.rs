//! What may be set.

use crate::PredictError;
use serde::{Deserialize, Serialize};

/// How a walk trains; kept with it, so that it goes on as it began.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Config {
    /// Length of ridge's training window in days, up to the last matured forecast: 42 to 730.
    pub training_days: u32,
    /// Penalties that ridge chooses from, ascending: 1 to 16 positive numbers.
    pub penalties: Vec<f64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            training_days: 180,
            penalties: vec![1e-4, 1e-3, 1e-2, 1e-1, 1.0],
        }
    }
}

impl Config {
    pub(crate) fn check(&self) -> Result<(), PredictError> {
        let refuse = |setting, value, range| {
            Err(PredictError::Setting {
                setting,
                value,
                range,
            })
        };
        if !(42..=730).contains(&self.training_days) {
            let days = self.training_days.to_string();
            return refuse("training_days", days, "42 to 730 are possible");
        }
        let penalties = &self.penalties;
        let positive = penalties.iter().all(|p| p.is_finite() && *p > 0.0);
        let ascending = penalties.is_sorted_by(|a, b| a < b);
        if !(1..=16).contains(&penalties.len()) || !positive || !ascending {
            let range = "1 to 16 positive numbers, ascending, are possible";
            return refuse("penalties", format!("{penalties:?}"), range);
        }
        Ok(())
    }
}
