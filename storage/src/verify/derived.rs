//! Invariants of what is derived: it is what a fold of the stored rows gives.

use super::{PRICES, Progress, REACH, ROWS, Report, TILES, USERS, VALUES, tell};
use crate::derive;
use crate::error::StoreError;
use crate::families::Family;
use crate::scan::Bounds;
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tidegauge_features::{
    FeatureSet, Fold, Horizon, PriceKey, PriceRecord, Tile, row, target_hours, target_row,
};
use tidegauge_model::{Address, BlockNumber, BlockRange, Day, Hour, PoolId, UnixSeconds};

/// Days after which a daily row has targets.
const FIRST_TARGETS: u32 = 3;

pub(super) fn check(
    view: &View<'_>,
    report: &mut Report,
    progress: &mut impl FnMut(Progress),
) -> Result<(), StoreError> {
    let tip = view.head().tip.map(|tip| tip.number);
    if view.is_rebuilding() {
        report.require(REACH, view.derived_to() <= tip, || {
            format!("{:?} is above the tip", view.derived_to())
        });
        return Ok(());
    }
    report.require(REACH, view.derived_to() == tip, || {
        format!("it reaches {:?}, the tip is {tip:?}", view.derived_to())
    });
    let Some(set) = view.feature_set()? else {
        report.require(REACH, false, || "no feature set is named".to_owned());
        return Ok(());
    };
    // Without a block there is no horizon, and no life that it could bound.
    let horizon = view.horizon().unwrap_or(Horizon {
        after: Some(UnixSeconds(0)),
    });
    let mut refold = Refold::new(view, &set, horizon)?;
    refold.run(report, progress)?;
    refold.finish(report)?;
    rows(view, &set, horizon, &refold, report)
}

/// The stored rows, folded once more.
struct Refold<'v, 'a> {
    view: &'v View<'a>,
    fold: Fold,
    /// The open hour of each pool: its users.
    open: HashMap<PoolId, (Hour, BTreeMap<Address, u32>)>,
    /// The tile that is to be found of each open hour.
    tiles: HashMap<PoolId, Tile>,
    prices: BTreeMap<(PriceKey, Hour), PriceRecord>,
    days: BTreeSet<(Day, PoolId)>,
    counted: Counted,
}

#[derive(Default)]
struct Counted {
    values: u64,
    tiles: u64,
    users: u64,
}

impl<'v, 'a> Refold<'v, 'a> {
    fn new(view: &'v View<'a>, set: &FeatureSet, horizon: Horizon) -> Result<Self, StoreError> {
        let at = view.start().and_then(BlockNumber::prev).unwrap_or_default();
        let mut fold = Fold::new(set.clone(), horizon.first_whole_day(), at);
        for info in derive::all_pools(view)? {
            fold.put_pool(info, None);
        }
        fold.settle();
        Ok(Self {
            view,
            fold,
            open: HashMap::new(),
            tiles: HashMap::new(),
            prices: BTreeMap::new(),
            days: BTreeSet::new(),
            counted: Counted::default(),
        })
    }

    fn run(
        &mut self,
        report: &mut Report,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), StoreError> {
        let everything = BlockRange {
            from: BlockNumber(0),
            to: BlockNumber(u64::MAX),
        };
        let mut done = 0;
        for block in self.view.walk(everything)? {
            let block = block?.into_data();
            let hour = Hour::of(block.timestamp);
            let folded = match self.fold.block(&block) {
                Ok(folded) => folded,
                Err(error) => {
                    report.require(TILES, false, || error.to_string());
                    break;
                }
            };
            for (pool, log_index, value) in folded.values {
                self.counted.values += 1;
                self.days.insert((hour.day(), pool));
                let found = self.view.value(pool, block.number, log_index)?;
                report.require(VALUES, found == Some(value), || {
                    format!("log {log_index} of block {}: {found:?}", block.number)
                });
            }
            for pool in &folded.touched {
                if self.open.get(pool).is_some_and(|(at, _)| *at != hour) {
                    self.close(*pool, report)?;
                }
                self.open.entry(*pool).or_insert((hour, BTreeMap::new()));
                if let Some((_, tile)) = self.fold.tile(*pool) {
                    self.tiles.insert(*pool, tile.clone());
                }
            }
            for (pool, _, user, swaps) in folded.users {
                if let Some((_, users)) = self.open.get_mut(&pool) {
                    *users.entry(user).or_default() += swaps;
                }
            }
            for (kind, hour, record) in folded.prices {
                self.prices.insert((kind, hour), record);
            }
            done += 1;
            tell(progress, "derived", done, self.view.counters().blocks);
        }
        Ok(())
    }

    /// Compares a pool's hour, which is over.
    fn close(&mut self, pool: PoolId, report: &mut Report) -> Result<(), StoreError> {
        let (Some((hour, users)), Some(tile)) = (self.open.remove(&pool), self.tiles.remove(&pool))
        else {
            return Ok(());
        };
        self.counted.tiles += 1;
        self.counted.users += users.len() as u64;
        let found = self.view.tiles(pool, hour..hour.next())?;
        let is_tile = found.first().is_some_and(|(_, found)| *found == tile);
        report.require(TILES, is_tile, || format!("pool {pool}, {hour}"));
        let swaps: u64 = users.values().map(|swaps| u64::from(*swaps)).sum();
        let stored = derive::users_of(self.view, pool, hour)?;
        let all = swaps + tile.sums.users_unknown == tile.sums.swaps;
        report.require(USERS, all && stored == users, || {
            format!("pool {pool}, {hour}: {} users", stored.len())
        });
        Ok(())
    }

    fn finish(&mut self, report: &mut Report) -> Result<(), StoreError> {
        let open: Vec<_> = self.open.keys().copied().collect();
        for pool in open {
            self.close(pool, report)?;
        }
        let counted = &self.counted;
        for (invariant, family, counted) in [
            (VALUES, Family::Values, counted.values),
            (TILES, Family::Tiles, counted.tiles),
            (USERS, Family::Users, counted.users),
            (ROWS, Family::Days, self.days.len() as u64),
        ] {
            let found = count(self.view, family)?;
            report.require(invariant, found == counted, || {
                format!("{found} in `{family}`, the rows give {counted}")
            });
        }
        let mut stored = BTreeMap::new();
        for kind in [PriceKey::Ether, PriceKey::Bitcoin] {
            for price in self.view.prices(kind, Hour(0)..Hour(u32::MAX))? {
                let (kind, hour, record) = price?;
                stored.insert((kind, hour), record);
            }
        }
        report.require(PRICES, stored == self.prices, || {
            format!(
                "{} prices, the rows give {}",
                stored.len(),
                self.prices.len()
            )
        });
        Ok(())
    }
}

fn count(view: &View<'_>, family: Family) -> Result<u64, StoreError> {
    let mut rows = view.raw(family, Bounds::all())?;
    let mut count = 0;
    while let Some(row) = rows.next_with(|_, _| Ok(())) {
        row?;
        count += 1;
    }
    Ok(count)
}

/// Daily rows and targets, by the tiles that are stored.
fn rows(
    view: &View<'_>,
    set: &FeatureSet,
    horizon: Horizon,
    refold: &Refold<'_, '_>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut whole = BTreeSet::new();
    let mut last_closed = None;
    for closed in view.calendar()? {
        let closed = closed?;
        last_closed = Some(closed.day);
        if closed.whole {
            whole.insert(closed.day);
        }
    }
    let mut expected = (0, 0);
    for (day, pool) in refold.days.iter().filter(|(day, _)| whole.contains(day)) {
        let (Some(info), Some(last_closed)) = (refold.fold.pool(*pool), last_closed) else {
            continue;
        };
        let window = view.pool_window(*pool, *day)?;
        let right = row(set, info, horizon, &window);
        expected.0 += 1;
        let (found, followed) = view.stored_row(*pool, *day)?;
        report.require(ROWS, found.is_some() && found == right, || {
            format!("pool {pool}, {day}")
        });
        let (start, end) = target_hours(*day);
        let tiles = view.tiles(*pool, start..end)?;
        let right = (day.plus_days(FIRST_TARGETS) <= last_closed).then(|| {
            expected.1 += 1;
            target_row(*day, last_closed, tiles.iter().map(|(h, tile)| (*h, tile)))
        });
        report.require(ROWS, followed == right, || {
            format!("what followed pool {pool}, {day}")
        });
    }
    for (family, expected) in [
        (Family::Features, expected.0),
        (Family::Targets, expected.1),
    ] {
        let found = count(view, family)?;
        report.require(ROWS, found == expected, || {
            format!("{found} in `{family}`, the days give {expected}")
        });
    }
    Ok(())
}
