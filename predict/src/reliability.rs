//! Confidence that was claimed, against what came true.

use crate::aim::Target;
use crate::model::Model;
use crate::pending::Settled;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tidegauge_model::Day;

/// Days of matured forecasts in the table.
const WINDOW_DAYS: u32 = 28;

/// Bins of claimed confidence, each a tenth wide.
const BINS: usize = 10;

const CELLS: usize = Model::ALL.len() * Target::ALL.len() * BINS;

#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Bin {
    count: u64,
    claimed: f64,
    hits: u64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct DayBins {
    day: Day,
    bins: Vec<Bin>,
}

/// Bins by day, the oldest first.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Reliability {
    days: VecDeque<DayBins>,
}

/// A row of the table: forecasts with a like confidence that matured in the last 28 days.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Reliable {
    /// Who forecast.
    pub model: Model,
    /// What.
    pub target: Target,
    /// The bin's lower end in tenths, 0 to 9; the upper end belongs to the next, but for 1.
    pub tenth: u8,
    /// Settled forecasts.
    pub count: u64,
    /// Mean confidence claimed.
    pub claimed: f64,
    /// Share whose outcome was within ± 25 % of the forecast.
    pub came_true: f64,
}

fn first(model: Model, target: Target) -> usize {
    (model as usize * Target::ALL.len() + target.index()) * BINS
}

impl Reliability {
    /// A day on which forecasts may mature.
    pub(crate) fn begin(&mut self, day: Day) {
        let oldest = day.minus_days(WINDOW_DAYS - 1);
        while self.days.pop_front_if(|bins| bins.day < oldest).is_some() {}
        self.days.push_back(DayBins {
            day,
            bins: vec![Bin::default(); CELLS],
        });
    }

    /// A forecast that matured on the day begun.
    pub(crate) fn add(&mut self, settled: &Settled) {
        if let (Some(today), Some(claimed)) = (self.days.back_mut(), settled.claimed) {
            let tenth = (claimed * BINS as f64).clamp(0.0, (BINS - 1) as f64) as usize;
            let bin = &mut today.bins[first(settled.model, settled.target) + tenth];
            bin.count += 1;
            bin.claimed += claimed;
            bin.hits += u64::from(settled.hit);
        }
    }

    /// All rows with a forecast.
    pub(crate) fn table(&self) -> Vec<Reliable> {
        let mut rows = Vec::new();
        for model in Model::ALL {
            for target in Target::ALL {
                for tenth in 0..BINS {
                    let at = first(model, target) + tenth;
                    let mut sum = Bin::default();
                    for bin in self.days.iter().map(|day| &day.bins[at]) {
                        sum.count += bin.count;
                        sum.claimed += bin.claimed;
                        sum.hits += bin.hits;
                    }
                    rows.extend((sum.count > 0).then(|| Reliable {
                        model,
                        target,
                        tenth: tenth as u8,
                        count: sum.count,
                        claimed: sum.claimed / sum.count as f64,
                        came_true: sum.hits as f64 / sum.count as f64,
                    }));
                }
            }
        }
        rows
    }

    /// Whether it has the shape that the rest relies on; for what was read from bytes.
    pub(crate) fn is_sound(&self) -> bool {
        let sound = |bin: &Bin| bin.hits <= bin.count && bin.count <= u64::from(u32::MAX);
        let whole = |day: &DayBins| day.bins.len() == CELLS && day.bins.iter().all(sound);
        self.days.iter().all(whole) && self.days.iter().is_sorted_by(|a, b| a.day < b.day)
    }
}
