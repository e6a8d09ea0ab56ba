//! What is usual: median and median absolute deviation, of logarithms.

/// Makes the median absolute deviation of a normal distribution its standard deviation: the
/// inverse of the normal quantile of 3/4. Source: Iglewicz and Hoaglin, "How to Detect and Handle
/// Outliers" (1993), who take 0.6745 times the deviation over the MAD as the robust z-score.
const NORMAL_MAD: f64 = 0.674_489_750_196_081_7;

/// Least deviation that is believed: a tenth up or down is never strange, however equal earlier
/// weeks were.
const LEAST_MAD: f64 = 0.1;

/// Median and spread of amounts that have no upper end, such as volumes.
///
/// Both are of ln(1 + amount): half as much is as strange as twice as much, and an hour without
/// any volume has a logarithm.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Usual {
    median_ln: f64,
    mad_ln: f64,
    count: u32,
}

impl Usual {
    /// Of amounts that were seen; `None` without any, or if one is negative or no number.
    pub fn of(amounts: &[f64]) -> Option<Self> {
        let plausible = |amount: &f64| amount.is_finite() && *amount >= 0.0;
        if !amounts.iter().all(plausible) {
            return None;
        }
        let logarithms: Vec<f64> = amounts.iter().map(|amount| amount.ln_1p()).collect();
        let median_ln = median(logarithms.clone())?;
        let deviations = logarithms.iter().map(|ln| (ln - median_ln).abs());
        Some(Self {
            median_ln,
            mad_ln: median(deviations.collect())?,
            count: u32::try_from(amounts.len()).ok()?,
        })
    }

    /// The median amount.
    pub fn median(&self) -> f64 {
        self.median_ln.exp_m1()
    }

    /// How many amounts it was made of.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// How strange an amount is: its robust z-score, negative below the median.
    pub fn z_score(&self, amount: f64) -> f64 {
        NORMAL_MAD * (amount.ln_1p() - self.median_ln) / self.mad_ln.max(LEAST_MAD)
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(values.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}
