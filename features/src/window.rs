//! What came before a moment: a pool's pieces of hours, cut at sliding days.

use crate::pool_fold::close_log2;
use crate::tile::{Life, Path, Sums, Tile};
use crate::user_counts::UserCounts;
use std::borrow::Cow;
use tidegauge_model::{Day, Hour, SECONDS_PER_DAY, SECONDS_PER_HOUR, U256, UnixSeconds};

/// Days that a row looks back: two weeks.
pub const WINDOW_DAYS: u32 = 14;

/// Days back from which the state of the pool is asked for at most.
const STATE_DAYS: u32 = 7;

/// A pool's last 14 days before a moment.
#[derive(Clone, Debug)]
pub struct PoolWindow<'a> {
    /// The moment; nothing at or after it counts.
    pub(crate) at: UnixSeconds,
    /// The last tile before the window.
    before: Option<Cow<'a, Tile>>,
    /// Pieces of hours, each from a moment on, ascending; none reaches over the end of a day
    /// before the moment.
    pieces: Cow<'a, [(UnixSeconds, Tile)]>,
    users: UserCounts,
    /// The sums of each day, where they were added up before.
    days: Option<[Sums; WINDOW_DAYS as usize]>,
}

impl<'a> PoolWindow<'a> {
    /// The 14 days before midnight at a day's end, from the tiles of its hours, ascending.
    pub fn of_day(
        day: Day,
        before: Option<Tile>,
        tiles: Vec<(Hour, Tile)>,
        users: UserCounts,
    ) -> Self {
        let pieces = tiles.into_iter().map(|(hour, tile)| (hour.start(), tile));
        let pieces = Cow::Owned(pieces.collect());
        Self::of_pieces(day.end(), before.map(Cow::Owned), pieces, users)
    }

    /// The 14 days before any moment, from pieces that end where its days do.
    pub(crate) fn of_pieces(
        at: UnixSeconds,
        before: Option<Cow<'a, Tile>>,
        pieces: Cow<'a, [(UnixSeconds, Tile)]>,
        users: UserCounts,
    ) -> Self {
        debug_assert!(pieces.is_sorted_by_key(|(from, _)| *from));
        Self {
            at,
            before,
            pieces,
            users,
            days: None,
        }
    }

    /// The same, with the sums of its days: the last one first.
    #[must_use]
    pub(crate) fn with_days(self, days: [Sums; WINDOW_DAYS as usize]) -> Self {
        let known = Self {
            days: Some(days),
            ..self
        };
        debug_assert_eq!(known.added_up(), days);
        known
    }

    /// The hours whose tiles a window at a day's end needs: first included, last excluded.
    pub fn hours(day: Day) -> (Hour, Hour) {
        let end = day.first_hour().0.saturating_add(24);
        (Hour(end.saturating_sub(24 * WINDOW_DAYS)), Hour(end))
    }

    /// Whether the last tile before the window counts, given the first hour that has one within:
    /// not if that lies before every moment at which the pool's state is asked for.
    pub fn asks_before(day: Day, first: Option<Hour>) -> bool {
        let end = day.first_hour().0.saturating_add(24);
        first.is_none_or(|first| first.0 >= end.saturating_sub(24 * STATE_DAYS))
    }

    pub(crate) fn users(&self) -> &UserCounts {
        &self.users
    }

    /// The start of the kth day before the moment, and so its end is that of k − 1.
    fn start_of(&self, days: u64) -> UnixSeconds {
        UnixSeconds(self.at.0.saturating_sub(days * SECONDS_PER_DAY))
    }

    /// Pieces of the last so many days.
    fn last(&self, days: u64) -> &[(UnixSeconds, Tile)] {
        let start = self.start_of(days);
        let place = self.pieces.partition_point(|(from, _)| *from < start);
        &self.pieces[place..]
    }

    /// The last tile before the last so many days.
    fn tile_before(&self, days: u64) -> Option<&Tile> {
        debug_assert!(days <= u64::from(STATE_DAYS));
        let start = self.start_of(days);
        let place = self.pieces.partition_point(|(from, _)| *from < start);
        match place.checked_sub(1) {
            Some(last) => self.pieces.get(last).map(|(_, tile)| tile),
            None => self.before.as_deref(),
        }
    }

    /// The pool at the moment.
    pub(crate) fn latest(&self) -> Option<&Tile> {
        self.tile_before(0)
    }

    pub(crate) fn life(&self) -> Life {
        self.latest().map(|tile| tile.life).unwrap_or_default()
    }

    /// The sums of each day: the last one first.
    pub(crate) fn days(&self) -> [Sums; WINDOW_DAYS as usize] {
        self.days.unwrap_or_else(|| self.added_up())
    }

    fn added_up(&self) -> [Sums; WINDOW_DAYS as usize] {
        let mut days = [Sums::default(); WINDOW_DAYS as usize];
        for (from, tile) in self.pieces.iter() {
            let age = (self.at.0.saturating_sub(1) - from.0.min(self.at.0.saturating_sub(1)))
                / SECONDS_PER_DAY;
            if let Some(day) = days.get_mut(age as usize) {
                *day = day.merged(&tile.sums);
            }
        }
        days
    }

    /// First, greatest, least and last price of the last day; `None` without a swap.
    pub(crate) fn path(&self) -> Option<Path> {
        let mut paths = self.last(1).iter().filter_map(|(_, tile)| tile.path);
        let first = paths.next()?;
        Some(paths.fold(first, |merged, next| Path {
            open: merged.open,
            high: merged.high.max(next.high),
            low: merged.low.min(next.low),
            ..next
        }))
    }

    /// Logarithm of the last price before the last so many days.
    pub(crate) fn log2_before(&self, days: u64) -> Option<i64> {
        self.tile_before(days).and_then(close_log2)
    }

    /// Hourly returns over the last so many days: their number, sum, and sum of squares.
    pub(crate) fn returns(&self, days: u64) -> Option<(u64, i64, u128)> {
        let first = self.life().first_hour?;
        let from = Hour::of(self.start_of(days)).max(first.next());
        let to = Hour::of(UnixSeconds(self.at.0.saturating_sub(1)));
        let count = u64::from(to.0.checked_sub(from.0)?) + 1;
        let (mut sum, mut squares) = (0i64, 0u128);
        let mut pieces = self.last(days).iter().peekable();
        while let Some((at, tile)) = pieces.next() {
            let hour = Hour::of(*at);
            let of = |tile: &Tile| tile.path.and_then(|path| path.log_return).unwrap_or(0);
            let mut change = of(tile);
            while let Some((_, rest)) = pieces.next_if(|(at, _)| Hour::of(*at) == hour) {
                change += of(rest);
            }
            if hour >= from {
                sum += change;
                squares += u128::from(change.unsigned_abs()).pow(2);
            }
        }
        Some((count, sum, squares))
    }

    /// In-range liquidity × seconds over the last day, and the seconds in which it was known.
    pub(crate) fn depth(&self) -> (U256, u64) {
        let (mut area, mut seconds) = (U256::ZERO, 0u64);
        let mut at = self.start_of(1);
        let mut liquidity = self.tile_before(1).and_then(|tile| tile.state.liquidity);
        let mut stand = |liquidity: Option<u128>, from: UnixSeconds, to: UnixSeconds| {
            if let Some(liquidity) = liquidity {
                let span = to.0.saturating_sub(from.0);
                area += U256::from(liquidity) * U256::from(span);
                seconds += span;
            }
        };
        let mut within = (U256::ZERO, 0u64);
        for (from, tile) in self.last(1) {
            stand(liquidity, at, *from);
            within.0 += tile.depth.area;
            within.1 += u64::from(tile.depth.seconds);
            at = tile.depth.until;
            liquidity = tile.state.liquidity;
        }
        stand(liquidity, at, self.at);
        (area + within.0, seconds + within.1)
    }
}

impl Sums {
    /// The sums of both. They stay within their integers: see [`SwapValue`](crate::SwapValue).
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        let usd = |a: tidegauge_model::Usd, b: tidegauge_model::Usd| {
            tidegauge_model::Usd(a.0.saturating_add(b.0))
        };
        Self {
            swaps: self.swaps + other.swaps,
            transactions: self.transactions + other.transactions,
            buys: self.buys + other.buys,
            unpriced: self.unpriced + other.unpriced,
            guarded: self.guarded + other.guarded,
            users_unknown: self.users_unknown + other.users_unknown,
            returns_unknown: self.returns_unknown + other.returns_unknown,
            volume: usd(self.volume, other.volume),
            max_usd: self.max_usd.max(other.max_usd),
            crossing_known: usd(self.crossing_known, other.crossing_known),
            crossing: usd(self.crossing, other.crossing),
            fee_return: crate::FeeReturn(self.fee_return.0.saturating_add(other.fee_return.0)),
        }
    }
}

const _: () = assert!(SECONDS_PER_DAY.is_multiple_of(SECONDS_PER_HOUR));
