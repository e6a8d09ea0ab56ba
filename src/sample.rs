//! A bounded, even sample of a long series, the same at every run.

/// Values kept of one column of one set.
const MOST: usize = 8_192;

/// Every n-th value, n doubling whenever there are too many.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    values: Vec<f64>,
    every: u64,
    seen: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            every: 1,
            seen: 0,
        }
    }
}

impl Sample {
    pub(crate) fn push(&mut self, value: f64) {
        if self.seen.is_multiple_of(self.every) {
            if self.values.len() == MOST {
                let mut place = 0;
                self.values.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.every *= 2;
            }
            if self.seen.is_multiple_of(self.every) {
                self.values.push(value);
            }
        }
        self.seen += 1;
    }

    /// The sample, ascending.
    pub(crate) fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }
}

/// The value below which a share of an ascending series lies (nearest rank); `None` of nothing.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((share * last as f64).round() as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_even_and_bounded() {
        let mut sample = Sample::default();
        for n in 0..100_000 {
            sample.push(f64::from(n));
        }
        let sorted = sample.sorted();
        assert!(sorted.len() <= MOST && sorted.len() > MOST / 2);
        let step = sorted[1] - sorted[0];
        assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] == step));
        let median = quantile(&sorted, 0.5).unwrap();
        assert!((median - 50_000.0).abs() < 20.0, "{median}");
    }

    #[test]
    fn quantiles_are_values_that_occur() {
        let sorted = [1.0, 2.0, 4.0];
        for (share, value) in [(0.0, 1.0), (0.5, 2.0), (1.0, 4.0), (0.3, 2.0)] {
            assert_eq!(quantile(&sorted, share), Some(value));
        }
        assert_eq!(quantile(&[], 0.5), None);
    }
}
