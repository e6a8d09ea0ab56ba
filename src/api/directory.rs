//! All pools with their names, to be looked through.

use crate::days::PoolBook;
use crate::error::Error;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tidegauge_model::{Day, PoolId};
use tidegauge_storage::View;
use tidegauge_sync::NamedPool;

/// A list of all pools, made anew when there are more of them, or a day has ended.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    latest: Mutex<Option<Arc<Edition>>>,
}

/// The list as of some state.
#[derive(Debug)]
pub(super) struct Edition {
    /// What it depends on: pools, and the last day of which swaps are counted.
    of: (u64, Option<Day>),
    entries: Vec<Entry>,
}

/// A pool, as it is looked for.
#[derive(Debug)]
pub(super) struct Entry {
    /// The pool.
    pub(super) named: NamedPool,
    /// Its swaps of the last complete day.
    pub(super) swaps: i64,
    symbols: [String; 2],
    addresses: [String; 3],
}

impl Directory {
    /// The list for a state of the store.
    pub(super) fn read(&self, view: &View<'_>) -> Result<Arc<Edition>, Error> {
        let of = (view.counters().pools_accepted, view.last_final_day()?);
        let latest = self.latest.lock().clone();
        if let Some(latest) = latest
            && latest.of == of
        {
            return Ok(latest);
        }
        let made = Arc::new(Edition::make(view, of)?);
        *self.latest.lock() = Some(made.clone());
        Ok(made)
    }
}

impl Edition {
    fn make(view: &View<'_>, of: (u64, Option<Day>)) -> Result<Self, Error> {
        let mut swaps: HashMap<PoolId, i64> = HashMap::new();
        if let Some(day) = of.1 {
            for row in view.daily_rows(day, day, None)? {
                let row = row?;
                swaps.insert(row.pool, row.row.swap_count_24h);
            }
        }
        let entries = PoolBook::read(view)?.into_pools().map(|named| {
            let swaps = swaps.get(&named.info.pool.id).copied().unwrap_or(0);
            Entry::new(named, swaps)
        });
        Ok(Self {
            of,
            entries: entries.collect(),
        })
    }

    /// All pools.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

impl Entry {
    fn new(named: NamedPool, swaps: i64) -> Self {
        let pool = &named.info.pool;
        let lower = |symbol: &Option<String>| symbol.as_deref().unwrap_or("").to_lowercase();
        let [a, b] = &named.symbols;
        Self {
            symbols: [lower(a), lower(b)],
            addresses: [
                pool.id.to_string(),
                format!("{:#x}", pool.token0),
                format!("{:#x}", pool.token1),
            ],
            swaps,
            named,
        }
    }

    /// How well all of some lower-case words fit, 0 best; `None` if one does not.
    pub(super) fn matches(&self, words: &[String]) -> Option<u8> {
        words
            .iter()
            .map(|word| self.fits(word))
            .try_fold(0, |worst, fit| Some(worst.max(fit?)))
    }

    fn fits(&self, word: &str) -> Option<u8> {
        if word.starts_with("0x") {
            let [pool, tokens @ ..] = &self.addresses;
            return match pool.starts_with(word) {
                true => Some(0),
                false => tokens.iter().any(|t| t.starts_with(word)).then_some(1),
            };
        }
        let best = |symbol: &String| {
            if symbol == word {
                Some(0)
            } else if symbol.starts_with(word) {
                Some(1)
            } else {
                symbol.contains(word).then_some(2)
            }
        };
        self.symbols.iter().filter_map(best).min()
    }
}
