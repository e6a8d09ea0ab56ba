//! What happened of late, from totals that only grow and from single events.

use std::collections::VecDeque;
use tidegauge_model::UnixSeconds;

/// Largest number of readings or events that are kept; older ones are merged with their neighbours.
const MOST: usize = 1_024;

/// What was added to a pair of running totals within the last seconds.
///
/// Totals begin again at zero with every process, and so does this.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecentTotals<const N: usize> {
    span_s: u64,
    readings: VecDeque<(UnixSeconds, [u64; N])>,
}

impl<const N: usize> RecentTotals<N> {
    /// Looks back so many seconds.
    pub fn new(span_s: u64) -> Self {
        Self {
            span_s,
            readings: VecDeque::new(),
        }
    }

    /// Takes the totals of this moment; answers what came to them within the span. A total that
    /// shrank began anew: what was before is forgotten.
    pub fn read(&mut self, totals: [u64; N], now: UnixSeconds) -> [u64; N] {
        let shrank = |(_, before): &(_, [u64; N])| totals.iter().zip(before).any(|(t, b)| t < b);
        if self.readings.back().is_some_and(shrank) {
            self.readings.clear();
        }
        // A clock that was put back must not keep old readings for ever.
        for (at, _) in &mut self.readings {
            *at = (*at).min(now);
        }
        let begin = now.0.saturating_sub(self.span_s);
        // The last one at or before the beginning stays: it is what the span began with.
        while self.readings.get(1).is_some_and(|(at, _)| at.0 <= begin) {
            self.readings.pop_front();
        }
        if self.readings.len() >= MOST {
            self.readings.remove(1);
        }
        self.readings.push_back((now, totals));
        let first = self.readings.front().map_or(totals, |(_, first)| *first);
        std::array::from_fn(|i| totals[i].saturating_sub(first[i]))
    }
}

/// The greatest of what happened within the last seconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecentGreatest {
    span_s: u64,
    // Times rise and values fall from front to back: what a later greater one hides is dropped.
    events: VecDeque<(UnixSeconds, u64)>,
}

impl RecentGreatest {
    /// Looks back so many seconds.
    pub fn new(span_s: u64) -> Self {
        Self {
            span_s,
            events: VecDeque::new(),
        }
    }

    /// Something of this size happened.
    pub fn happened(&mut self, size: u64, now: UnixSeconds) {
        while self.events.back().is_some_and(|(_, last)| *last <= size) {
            self.events.pop_back();
        }
        if self.events.len() < MOST {
            self.events.push_back((now, size));
        }
    }

    /// The greatest within the span; 0 if nothing happened.
    pub fn greatest(&mut self, now: UnixSeconds) -> u64 {
        for (at, _) in &mut self.events {
            *at = (*at).min(now);
        }
        let gone = |(at, _): &(UnixSeconds, u64)| now.0 - at.0 >= self.span_s;
        while self.events.front().is_some_and(gone) {
            self.events.pop_front();
        }
        self.events.front().map_or(0, |(_, size)| *size)
    }
}
