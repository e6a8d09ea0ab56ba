//! The rows that a model is given: of each pool with a row on the day, numbers of that day and of days
//! before.

use super::settings::Settings;
use crate::error::Error;
use std::collections::BTreeMap;
use tidegauge_features::{Cell, DailyRow};
use tidegauge_model::{Day, NANO_PER_USD, PoolId};
use tidegauge_storage::View;

/// Rows of numbers.
pub(super) struct Rows {
    /// Whose they are, in order.
    pub(super) pools: Vec<PoolId>,
    /// Row after row.
    pub(super) numbers: Vec<f32>,
}

impl Rows {
    /// Of all pools that have a row on a day. A day without a row of a pool is unknown of it.
    pub(super) fn read(view: &View<'_>, day: Day, settings: &Settings) -> Result<Self, Error> {
        let pools: BTreeMap<PoolId, usize> = view
            .daily_rows(day, day, None)?
            .zip(0..)
            .map(|(row, at)| Ok((row?.pool, at)))
            .collect::<Result<_, Error>>()?;
        let width = settings.inputs.len();
        let missing = settings.missing.unwrap_or(f32::NAN);
        let mut numbers = vec![missing; pools.len() * width];
        let first = day.minus_days(settings.lag_days());
        for row in view.daily_rows(first, day, None)? {
            let row = row?;
            let Some(at) = pools.get(&row.pool) else {
                continue;
            };
            let age = day.number() - row.day.number();
            let of_pool = &mut numbers[at * width..(at + 1) * width];
            fill(settings, &row.row, age, of_pool);
        }
        Ok(Self {
            pools: pools.into_keys().collect(),
            numbers,
        })
    }
}

fn fill(settings: &Settings, row: &DailyRow, age_days: u32, numbers: &mut [f32]) {
    let cells: Vec<Cell> = row.cells().collect();
    for (input, number) in settings.inputs.iter().zip(numbers) {
        if input.lag_days != age_days {
            continue;
        }
        let value = match cells.get(input.column) {
            Some(Cell::Int(count)) => *count as f64,
            Some(Cell::Float(value)) => *value,
            Some(Cell::Usd(usd)) => usd.0 as f64 / NANO_PER_USD as f64,
            Some(Cell::Bool(flag)) => f64::from(u8::from(*flag)),
            _ => continue,
        };
        let value = input.transform.of(value) as f32;
        // Where there is no such number, it is unknown.
        if value.is_finite() {
            *number = value;
        }
    }
}
