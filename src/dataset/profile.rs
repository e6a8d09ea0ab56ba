//! What a set's columns look like: how often unknown, their range, their distribution.

use crate::sample::{Sample, quantile};
use crate::table::{Cell, Column, Kind};
use serde::Serialize;
use std::collections::BTreeMap;
use tidegauge_model::{Day, NANO_PER_USD};

/// Words of one column; a list of words is far shorter.
const MOST_WORDS: usize = 64;

/// One set, as its rows went by.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) rows: u64,
    pub(super) rows_by_day: BTreeMap<Day, u64>,
    pub(super) columns: Vec<ColumnProfile>,
}

/// One column of a set.
#[derive(Debug, Clone)]
pub(super) struct ColumnProfile {
    pub(super) name: &'static str,
    pub(super) nulls: u64,
    pub(super) known: u64,
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
    pub(super) words: BTreeMap<String, u64>,
    sample: Sample,
    place: usize,
}

/// Quantiles of a column that holds numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Quantiles {
    pub(super) p5: f64,
    pub(super) p25: f64,
    pub(super) p50: f64,
    pub(super) p75: f64,
    pub(super) p95: f64,
}

impl Profile {
    /// Of the columns that hold numbers or words; names and addresses have no distribution.
    pub(super) fn new(columns: &[Column]) -> Self {
        let columns = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| {
                matches!(
                    column.kind,
                    Kind::Int | Kind::Float | Kind::Usd | Kind::Bool | Kind::Word
                )
            })
            .map(|(place, column)| ColumnProfile {
                name: column.name,
                nulls: 0,
                known: 0,
                least: None,
                most: None,
                words: BTreeMap::new(),
                sample: Sample::default(),
                place,
            })
            .collect();
        Self {
            rows: 0,
            rows_by_day: BTreeMap::new(),
            columns,
        }
    }

    /// Takes a row of a day.
    pub(super) fn push(&mut self, day: Day, row: &[Cell<'_>]) {
        self.rows += 1;
        *self.rows_by_day.entry(day).or_default() += 1;
        for column in &mut self.columns {
            if let Some(cell) = row.get(column.place) {
                column.push(cell);
            }
        }
    }
}

impl ColumnProfile {
    fn push(&mut self, cell: &Cell<'_>) {
        let number = match cell {
            Cell::Int(value) => *value as f64,
            Cell::Float(value) => *value,
            Cell::Usd(value) => value.0 as f64 / NANO_PER_USD as f64,
            Cell::Bool(value) => f64::from(u8::from(*value)),
            Cell::Text(word) => {
                self.known += 1;
                if self.words.len() < MOST_WORDS || self.words.contains_key(word.as_ref()) {
                    *self.words.entry(word.clone().into_owned()).or_default() += 1;
                }
                return;
            }
            Cell::Null | Cell::Day(_) | Cell::Moment(_) => {
                self.nulls += 1;
                return;
            }
        };
        self.known += 1;
        self.least = Some(self.least.map_or(number, |least| least.min(number)));
        self.most = Some(self.most.map_or(number, |most| most.max(number)));
        self.sample.push(number);
    }

    /// Share of rows in which it is unknown; 0 of no rows.
    pub(super) fn null_share(&self) -> f64 {
        self.nulls as f64 / (self.nulls + self.known).max(1) as f64
    }

    /// The values known, or an even sample of them, ascending.
    pub(super) fn sorted(&self) -> Vec<f64> {
        self.sample.sorted()
    }

    /// `None` where it holds no number.
    pub(super) fn quantiles(&self) -> Option<Quantiles> {
        let sorted = self.sorted();
        let at = |share| quantile(&sorted, share);
        Some(Quantiles {
            p5: at(0.05)?,
            p25: at(0.25)?,
            p50: at(0.5)?,
            p75: at(0.75)?,
            p95: at(0.95)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::Usd;

    #[test]
    fn a_set_is_described_by_its_rows() {
        let column = |name, kind| Column {
            name,
            kind,
            meaning: "",
        };
        let columns = [
            column("pool_address", Kind::Text),
            column("volume_usd_24h", Kind::Usd),
            column("trend_3d", Kind::Word),
        ];
        let mut profile = Profile::new(&columns);
        let day: Day = "2024-01-05".parse().unwrap();
        for n in 0..10_i128 {
            let volume = if n == 0 {
                Cell::Null
            } else {
                Cell::Usd(Usd(n * NANO_PER_USD))
            };
            let word = Cell::text(if n < 4 { "stable" } else { "increasing" });
            profile.push(day, &[Cell::text("0x"), volume, word]);
        }
        assert_eq!((profile.rows, profile.rows_by_day[&day]), (10, 10));
        let [volume, trend] = profile.columns.as_slice() else {
            panic!("{:?}", profile.columns)
        };
        assert_eq!(volume.null_share(), 0.1);
        assert_eq!((volume.least, volume.most), (Some(1.0), Some(9.0)));
        assert_eq!(volume.quantiles().map(|q| q.p50), Some(5.0));
        assert_eq!(trend.words["stable"], 4);
        assert_eq!(trend.quantiles(), None);
    }
}
