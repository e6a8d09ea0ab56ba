//! A window at any moment: hours that its days cut are folded anew from their events.

use crate::pool_fold::PoolFold;
use crate::tile::Tile;
use crate::user_counts::{KnownUsers, USER_DAYS, UserCounts};
use crate::window::{PoolWindow, WINDOW_DAYS};
use crate::{FeatureError, PoolInfo, SwapValue};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use tidegauge_model::{
    Address, Day, Hour, LiquidityEvent, SECONDS_PER_DAY, Swap, UnixSeconds, UserKey,
};

/// The events of a pool in one hour, by block and log index.
#[derive(Clone, Debug, Default)]
pub struct HourEvents {
    /// Swaps with their values.
    pub swaps: Vec<(Swap, SwapValue)>,
    /// Other events.
    pub liquidity: Vec<LiquidityEvent>,
}

/// What is known of a pool before an hour: the same for every moment within it, so that it can be
/// kept while nothing before changes.
#[derive(Clone, Debug)]
pub struct BeforeHour {
    hour: Hour,
    /// The last tile before the first of the 14 days' hours.
    before: Option<Tile>,
    /// The tiles of those hours, ascending.
    tiles: Vec<(Hour, Tile)>,
    /// Everybody; those of hours that no day cuts are counted.
    users: Arc<KnownUsers>,
    /// The others.
    cut: Vec<CutHour>,
}

/// An hour that a day cuts.
#[derive(Clone, Debug)]
struct CutHour {
    hour: Hour,
    events: HourEvents,
    /// Who made each swap, by number, and when; unknown users are left out.
    users: Vec<(UnixSeconds, u32)>,
}

/// What is known of the hour itself.
#[derive(Clone, Debug, Default)]
pub struct ThisHour {
    /// Its tile.
    pub tile: Option<Tile>,
    /// Its users.
    pub users: Vec<Address>,
}

impl BeforeHour {
    /// The hours whose tiles it holds: first included, last excluded.
    pub fn hours(hour: Hour) -> Range<Hour> {
        Hour(hour.0.saturating_sub(24 * WINDOW_DAYS))..hour
    }

    /// The hours whose users it counts: first included, last excluded.
    pub fn user_hours(hour: Hour) -> Range<Hour> {
        Hour(hour.0.saturating_sub(24 * USER_DAYS as u32))..hour
    }

    /// Of these tiles, the last one before them, and these users; `events` reads hours that days
    /// cut, of whose swaps `user` says who counts.
    ///
    /// # Errors
    /// What `events` says.
    pub fn new<E>(
        (hour, user): (Hour, UserKey),
        before: Option<Tile>,
        tiles: Vec<(Hour, Tile)>,
        users: impl IntoIterator<Item = (Hour, Address)>,
        mut events: impl FnMut(Hour) -> Result<HourEvents, E>,
    ) -> Result<Self, E> {
        let mut known = KnownUsers::new(hour.start());
        for (of, user) in users {
            if !is_cut(hour, of) {
                known.add(of, user);
            }
        }
        let mut cut = Vec::new();
        for (of, _) in tiles.iter().filter(|(of, _)| is_cut(hour, *of)) {
            let events = events(*of)?;
            let swaps = events.swaps.iter();
            let users = swaps
                .filter_map(|(swap, _)| Some((swap.timestamp, known.number(user.of(swap)?))))
                .collect();
            cut.push(CutHour {
                hour: *of,
                events,
                users,
            });
        }
        Ok(Self {
            hour,
            before,
            users: Arc::new(known),
            cut,
            tiles,
        })
    }

    /// The hour.
    pub fn hour(&self) -> Hour {
        self.hour
    }

    /// How many users and events it holds: what it took to read it.
    pub fn len(&self) -> usize {
        let events = self
            .cut
            .iter()
            .map(|cut| cut.events.swaps.len() + cut.events.liquidity.len());
        self.users.len() + events.sum::<usize>()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let events = self.cut.iter().map(|cut| {
            cut.events.swaps.capacity() * size_of::<(Swap, SwapValue)>()
                + cut.events.liquidity.capacity() * size_of::<LiquidityEvent>()
                + cut.users.capacity() * size_of::<(UnixSeconds, u32)>()
        });
        self.tiles.capacity() * size_of::<(Hour, Tile)>()
            + self.users.bytes()
            + events.sum::<usize>()
    }

    fn events_of(&self, hour: Hour) -> Option<&HourEvents> {
        let found = self.cut.binary_search_by_key(&hour, |cut| cut.hour);
        found.ok().map(|place| &self.cut[place].events)
    }
}

/// Whether a day that ends within an hour begins or ends in another.
fn is_cut(hour: Hour, other: Hour) -> bool {
    let back = hour.0 - other.0;
    let days = back / 24;
    back.is_multiple_of(24) && (u64::from(days) <= USER_DAYS || days == WINDOW_DAYS)
}

/// The window before a moment within an hour, or at its start. `events` reads that hour, if the
/// moment cuts it; life is counted from `whole_from` on.
///
/// # Errors
/// What `events` says, or the fold of what it gave.
pub fn window_at<E: From<FeatureError>>(
    pool: &PoolInfo,
    user: UserKey,
    whole_from: Day,
    at: UnixSeconds,
    (known, this): (&BeforeHour, ThisHour),
    events: impl FnOnce() -> Result<HourEvents, E>,
) -> Result<PoolWindow<'static>, E> {
    let hour = known.hour;
    debug_assert!(hour == Hour::of(at));
    let mut cuts = cuts(at);
    let this_tile = this.tile.filter(|_| hour.start() < at);
    let this_cut = this_tile.as_ref().is_some_and(|t| t.depth.until >= at);
    let this_events = if this_cut { Some(events()?) } else { None };
    if !this_cut {
        cuts.retain(|cut| *cut != at);
    }
    let mut counts = UserCounts::on(&known.users, at);
    for (then, number) in known.cut.iter().flat_map(|cut| &cut.users) {
        counts.add_known(*then, *number);
    }
    if let Some(events) = &this_events {
        // All of them lie in the last day, as their hour's beginning does.
        let early = events.swaps.iter().filter(|(swap, _)| swap.timestamp < at);
        for address in early.filter_map(|(swap, _)| user.of(swap)) {
            counts.add(hour, address);
        }
    } else if this_tile.is_some() {
        for address in this.users {
            counts.add(hour, address);
        }
    }
    let mut pieces: Vec<(UnixSeconds, Tile)> = Vec::with_capacity(known.tiles.len() + cuts.len());
    let this_tile = this_tile.as_ref().map(|tile| (hour, tile));
    let tiles = known.tiles.iter().map(|(hour, tile)| (*hour, tile));
    for (hour, tile) in tiles.chain(this_tile) {
        let events = known.events_of(hour).or(this_events.as_ref());
        let cut = cuts.iter().copied().find(|cut| Hour::of(*cut) == hour);
        let (Some(cut), Some(events)) = (cut, events) else {
            pieces.push((hour.start(), tile.clone()));
            continue;
        };
        let (early, late) = halves(events, cut);
        for (from, part) in [(hour.start(), early), (cut, late)] {
            let last = pieces.last().map(|(_, tile)| tile);
            let fold = PoolFold::resume(pool.clone(), last.or(known.before.as_ref()), from);
            pieces.extend(piece(fold, part, user, whole_from)?.map(|tile| (from, tile)));
        }
    }
    // What lies outside: the head of the first hour is what came before, the tail of the last
    // is after the moment.
    let start = UnixSeconds(at.0.saturating_sub(u64::from(WINDOW_DAYS) * SECONDS_PER_DAY));
    pieces.retain(|(from, _)| *from < at);
    let inside = pieces.partition_point(|(from, _)| *from < start);
    let before = match pieces.drain(..inside).next_back() {
        Some((_, last)) => Some(last),
        None => known.before.clone(),
    };
    Ok(PoolWindow::of_pieces(
        at,
        before.map(Cow::Owned),
        Cow::Owned(pieces),
        counts,
    ))
}

/// Moments inside hours at which something is read: the ends of the last seven days, and of the
/// fourteenth; those between are only ever summed.
fn cuts(at: UnixSeconds) -> Vec<UnixSeconds> {
    (0..=USER_DAYS)
        .chain([u64::from(WINDOW_DAYS)])
        .filter_map(|days| at.0.checked_sub(days * SECONDS_PER_DAY))
        .map(UnixSeconds)
        .filter(|cut| Hour::of(*cut).start() != *cut)
        .collect()
}

type Part<'a> = (&'a [(Swap, SwapValue)], &'a [LiquidityEvent]);

/// The events before a moment, and those from it on.
fn halves(events: &HourEvents, cut: UnixSeconds) -> (Part<'_>, Part<'_>) {
    // Time does not run back from one block to the next.
    let swaps = &events.swaps;
    let place = swaps.partition_point(|(swap, _)| swap.timestamp < cut);
    let (early, late) = swaps.split_at(place);
    let liquidity = &events.liquidity;
    let place = liquidity.partition_point(|event| event.timestamp < cut);
    let (first, second) = liquidity.split_at(place);
    ((early, first), (late, second))
}

/// A part's tile; `None` without an event.
fn piece(
    mut fold: PoolFold,
    (swaps, liquidity): Part<'_>,
    user: UserKey,
    whole_from: Day,
) -> Result<Option<Tile>, FeatureError> {
    if swaps.is_empty() && liquidity.is_empty() {
        return Ok(None);
    }
    let mut liquidity = liquidity.iter().peekable();
    for (swap, value) in swaps {
        let is_before = |e: &&LiquidityEvent| (e.block, e.log_index) < (swap.block, swap.log_index);
        while let Some(event) = liquidity.next_if(is_before) {
            fold.liquidity(event)?;
        }
        fold.swap_again(swap, value, user.of(swap).is_some(), whole_from)?;
    }
    for event in liquidity {
        fold.liquidity(event)?;
    }
    fold.settle();
    Ok(fold.tile().map(|(_, tile)| tile.clone()))
}
