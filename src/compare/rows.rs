//! Daily rows, theirs or ours, by pool and day.

use crate::days::DaySpan;
use std::collections::BTreeMap;
use tidegauge_model::{Day, PoolId};

/// One row: numbers and texts in the order of the shared columns of each kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) numbers: Box<[Option<f64>]>,
    pub(crate) texts: Box<[Option<Box<str>>]>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct DayRows {
    pub(crate) rows: BTreeMap<(PoolId, Day), Numbers>,
    /// The first and the last day of any.
    pub(crate) days: Option<DaySpan>,
}

impl DayRows {
    /// Adds a row; `false` if there is one of that pool and day already.
    pub(crate) fn put(&mut self, pool: PoolId, day: Day, row: Numbers) -> bool {
        self.days = Some(match self.days {
            None => DaySpan { from: day, to: day },
            Some(days) => DaySpan {
                from: days.from.min(day),
                to: days.to.max(day),
            },
        });
        self.rows.insert((pool, day), row).is_none()
    }

    /// A number of a row.
    pub(super) fn number(&self, pool: PoolId, day: Day, at: usize) -> Option<f64> {
        self.rows.get(&(pool, day))?.numbers.get(at).copied()?
    }

    /// The pool's rows up to and with a day, newest first.
    pub(super) fn back(&self, pool: PoolId, day: Day) -> impl Iterator<Item = (Day, &Numbers)> {
        let first = Day::of(tidegauge_model::UnixSeconds(0));
        self.rows
            .range((pool, first)..=(pool, day))
            .rev()
            .map(|((_, day), row)| (*day, row))
    }

    /// The pool's rows after a day, oldest first.
    pub(super) fn ahead(&self, pool: PoolId, day: Day) -> impl Iterator<Item = (Day, &Numbers)> {
        self.rows
            .range((pool, day.plus_days(1))..)
            .take_while(move |((of, _), _)| *of == pool)
            .map(|((_, day), row)| (*day, row))
    }
}
