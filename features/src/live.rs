//! A window at any moment: hours that its days cut are folded anew from their events.

use crate::pool_fold::{Known, PoolFold};
use crate::pricing::Valued;
use crate::tile::Tile;
use crate::window::{PoolWindow, USER_DAYS, UserCounts, WINDOW_DAYS};
use crate::{FeatureError, PoolInfo, SwapValue};
use std::borrow::Cow;
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

/// What is known of a pool before a moment.
#[derive(Clone, Debug)]
pub struct Known14Days {
    /// The moment.
    pub at: UnixSeconds,
    /// The last tile before the first hour of the window.
    pub before: Option<Tile>,
    /// The tiles of the window's hours, ascending.
    pub tiles: Vec<(Hour, Tile)>,
    /// The users of the last seven days' hours.
    pub users: Vec<(Hour, Address)>,
}

/// The hours whose tiles a window before a moment needs, both included.
pub fn hours_before(at: UnixSeconds) -> (Hour, Hour) {
    let start =
        at.0.saturating_sub(u64::from(WINDOW_DAYS) * SECONDS_PER_DAY);
    (
        Hour::of(UnixSeconds(start)),
        Hour::of(UnixSeconds(at.0.saturating_sub(1))),
    )
}

/// The hours whose users a window before a moment needs, both included.
pub fn user_hours_before(at: UnixSeconds) -> (Hour, Hour) {
    let start = at.0.saturating_sub(USER_DAYS * SECONDS_PER_DAY);
    (
        Hour::of(UnixSeconds(start)),
        Hour::of(UnixSeconds(at.0.saturating_sub(1))),
    )
}

/// The window before any moment. `events` reads the hours that are cut; life is counted from
/// `whole_from` on.
///
/// # Errors
/// What `events` says, or the fold of what it gave.
pub fn window_at<E: From<FeatureError>>(
    pool: &PoolInfo,
    user: UserKey,
    whole_from: Day,
    known: Known14Days,
    mut events: impl FnMut(Hour) -> Result<HourEvents, E>,
) -> Result<PoolWindow<'static>, E> {
    let at = known.at;
    let mut cuts = cuts(at);
    let reaches_beyond = |(_, tile): &(Hour, Tile)| tile.depth.until >= at;
    if !known.tiles.last().is_some_and(reaches_beyond) {
        cuts.retain(|cut| *cut != at);
    }
    let cut_in = |hour| cuts.iter().copied().find(|cut| Hour::of(*cut) == hour);
    let mut counts = UserCounts::new(at);
    for (hour, address) in known.users {
        if cut_in(hour).is_none() {
            counts.add(hour, address);
        }
    }
    let mut before = known.before;
    let mut pieces: Vec<(UnixSeconds, Tile)> = Vec::with_capacity(known.tiles.len() + cuts.len());
    for (hour, tile) in known.tiles {
        let Some(cut) = cut_in(hour) else {
            pieces.push((hour.start(), tile));
            continue;
        };
        let events = events(hour)?;
        for (swap, _) in &events.swaps {
            if let Some(address) = user.of(swap) {
                counts.add_at(swap.timestamp, address);
            }
        }
        let (early, late) = halves(&events, cut);
        for (from, part) in [(hour.start(), early), (cut, late)] {
            let last = pieces.last().map(|(_, tile)| tile).or(before.as_ref());
            let fold = PoolFold::resume(pool.clone(), last, from);
            pieces.extend(piece(fold, part, user, whole_from)?.map(|tile| (from, tile)));
        }
    }
    // What lies outside: the head of the first hour is what came before, the tail of the last
    // is after the moment.
    let start = UnixSeconds(at.0.saturating_sub(u64::from(WINDOW_DAYS) * SECONDS_PER_DAY));
    pieces.retain(|(from, _)| *from < at);
    let inside = pieces.partition_point(|(from, _)| *from < start);
    if let Some((_, last)) = pieces.drain(..inside).next_back() {
        before = Some(last);
    }
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

type Part<'a> = (Vec<&'a (Swap, SwapValue)>, Vec<&'a LiquidityEvent>);

/// The events before a moment, and those from it on.
fn halves(events: &HourEvents, cut: UnixSeconds) -> (Part<'_>, Part<'_>) {
    let (early, late) = events
        .swaps
        .iter()
        .partition(|(swap, _)| swap.timestamp < cut);
    let (first, second) = events.liquidity.iter().partition(|e| e.timestamp < cut);
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
    let mut liquidity = liquidity.into_iter().peekable();
    for (swap, value) in swaps {
        let is_before = |e: &&LiquidityEvent| (e.block, e.log_index) < (swap.block, swap.log_index);
        while let Some(event) = liquidity.next_if(is_before) {
            fold.liquidity(event)?;
        }
        let known = Known {
            valued: Valued {
                usd: value.usd,
                guarded: value.guarded,
            },
            user: user.of(swap).is_some(),
        };
        fold.swap(swap, known, whole_from)?;
    }
    for event in liquidity {
        fold.liquidity(event)?;
    }
    fold.settle();
    Ok(fold.tile().map(|(_, tile)| tile.clone()))
}
