//! The liquidity of a pool by interval of ticks, as far as it is known.
//!
//! Interval `i` holds the ticks from `i` × spacing to below (`i` + 1) × spacing: liquidity
//! changes only between intervals. What is known comes from events that end in an
//! interval, and moves with each mint and burn; nothing is inferred from passing through.

use super::outcome::Place;
use std::collections::BTreeMap;

/// Most segments of one pool, some 80 bytes each: the busiest mainnet pools have about
/// 2,000 initialised ticks. Beyond, what is far from the price is forgotten.
pub(super) const MAX_SEGMENTS_PER_POOL: usize = 4_096;

/// Intervals that follow each other with one liquidity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Segment {
    /// `None` where it is not known.
    pub(super) liquidity: Option<u128>,
    /// The event that said so; mints and burns since were added.
    pub(super) since: Place,
}

const UNKNOWN: Segment = Segment {
    liquidity: None,
    since: Place {
        block: tidegauge_model::BlockNumber(0),
        log_index: tidegauge_model::LogIndex(0),
    },
};

/// A segment with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) first: i32,
    pub(super) last: i32,
    pub(super) segment: Segment,
}

/// Piecewise constant, complete: each segment reaches to the next one's start.
#[derive(Clone, Debug)]
pub(super) struct Profile(BTreeMap<i32, Segment>);

impl Profile {
    /// Nothing is known.
    pub(super) fn unknown() -> Self {
        Self(BTreeMap::from([(i32::MIN, UNKNOWN)]))
    }

    /// A pool that was just opened: no liquidity anywhere.
    pub(super) fn empty(since: Place) -> Self {
        let liquidity = Some(0);
        Self(BTreeMap::from([(i32::MIN, Segment { liquidity, since })]))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The segment that holds an interval.
    pub(super) fn at(&self, interval: i32) -> Run {
        let (first, segment) = self.holding(interval);
        let last = interval
            .checked_add(1)
            .and_then(|next| self.0.range(next..).next())
            .map_or(i32::MAX, |(next, _)| next - 1);
        Run {
            first,
            last,
            segment,
        }
    }

    /// An event that ended in this interval said its liquidity.
    pub(super) fn learn(&mut self, interval: i32, liquidity: u128, since: Place) {
        self.split(interval);
        self.split(interval + 1);
        let liquidity = Some(liquidity);
        self.0.insert(interval, Segment { liquidity, since });
    }

    /// A mint or burn between two intervals, the upper one excluded.
    ///
    /// # Errors
    /// Since when an interval was known to have too little for a burn, or too much for a mint.
    pub(super) fn change(
        &mut self,
        intervals: std::ops::Range<i32>,
        by: impl Fn(u128) -> Option<u128>,
    ) -> Result<(), Place> {
        self.split(intervals.start);
        self.split(intervals.end);
        for (_, segment) in self.0.range_mut(intervals) {
            if let Some(before) = segment.liquidity {
                segment.liquidity = Some(by(before).ok_or(segment.since)?);
            }
        }
        Ok(())
    }

    /// Keeps the limit: joins neighbours that have become equal, then forgets what is far.
    pub(super) fn trim(&mut self, around: i32) {
        if self.0.len() <= MAX_SEGMENTS_PER_POOL {
            return;
        }
        let mut joined: BTreeMap<i32, Segment> = BTreeMap::new();
        for (first, segment) in std::mem::take(&mut self.0) {
            match joined.last_entry() {
                Some(mut before) if before.get().liquidity == segment.liquidity => {
                    let before = before.get_mut();
                    before.since = before.since.min(segment.since);
                }
                _ => {
                    joined.insert(first, segment);
                }
            }
        }
        self.0 = joined;
        let kept = MAX_SEGMENTS_PER_POOL / 4;
        let low = self
            .0
            .range(..=around)
            .rev()
            .nth(kept)
            .map(|(first, _)| *first);
        let high = self.0.range(around..).nth(kept).map(|(first, _)| *first);
        if let Some(low) = low {
            self.0 = self.0.split_off(&low);
            self.0.insert(i32::MIN, UNKNOWN);
        }
        if let Some(high) = high {
            self.0.split_off(&high);
            self.0.insert(high, UNKNOWN);
        }
    }

    /// Makes a segment begin at this interval.
    fn split(&mut self, interval: i32) {
        let (first, segment) = self.holding(interval);
        if first != interval {
            self.0.insert(interval, segment);
        }
    }

    fn holding(&self, interval: i32) -> (i32, Segment) {
        let before = self.0.range(..=interval).next_back();
        before.map_or((i32::MIN, UNKNOWN), |(first, segment)| (*first, *segment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::{BlockNumber, LogIndex};

    fn at(block: u64) -> Place {
        Place {
            block: BlockNumber(block),
            log_index: LogIndex(0),
        }
    }

    fn found(profile: &Profile, interval: i32) -> Option<u128> {
        profile.at(interval).segment.liquidity
    }

    #[test]
    fn only_what_was_said_is_known() {
        let mut profile = Profile::unknown();
        profile.learn(5, 100, at(1));
        profile.change(4..6, |l| l.checked_add(11)).unwrap();
        profile.change(5..9, |l| l.checked_sub(1)).unwrap();
        for (interval, liquidity) in [(4, None), (5, Some(110)), (6, None), (i32::MAX, None)] {
            assert_eq!(found(&profile, interval), liquidity, "{interval}");
        }
        let run = profile.at(5);
        assert_eq!((run.first, run.last, run.segment.since), (5, 5, at(1)));
        assert_eq!(profile.change(5..6, |l| l.checked_sub(111)), Err(at(1)));
    }

    #[test]
    fn an_opened_pool_is_known_everywhere() {
        let mut profile = Profile::empty(at(1));
        profile.change(-7..3, |l| l.checked_add(5)).unwrap();
        for (interval, liquidity) in [(i32::MIN, 0), (-8, 0), (-7, 5), (2, 5), (3, 0)] {
            assert_eq!(found(&profile, interval), Some(liquidity), "{interval}");
        }
    }

    #[test]
    fn the_limit_forgets_what_is_far_and_nothing_else() {
        let mut profile = Profile::empty(at(1));
        let most = MAX_SEGMENTS_PER_POOL as i32;
        for interval in -most..most {
            profile.learn(interval, interval.unsigned_abs().into(), at(2));
            profile.trim(interval);
            assert!(profile.len() <= MAX_SEGMENTS_PER_POOL);
        }
        for interval in -2 * most..2 * most {
            let said = match interval {
                _ if (-most..most).contains(&interval) => interval.unsigned_abs().into(),
                _ => 0,
            };
            let known = found(&profile, interval);
            assert!(known.is_none_or(|known| known == said), "{interval}");
            assert!(known.is_some() || interval < most - 1_000, "{interval}");
        }
        // What has become equal is joined first.
        let mut profile = Profile::empty(at(1));
        for interval in 0..most {
            profile.learn(interval, 7, at(2));
        }
        profile.trim(0);
        assert_eq!(profile.len(), 3);
        assert_eq!(found(&profile, most - 1), Some(7));
    }
}
