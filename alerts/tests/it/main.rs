//! Tests of the alerts crate.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod book;
mod recent;
mod rules;
mod usual;

use tidegauge_alerts::{Alert, AlertState, Book, Facts, Rules};
use tidegauge_model::UnixSeconds;

/// Some Monday, noon.
const NOON: u64 = 1_700_481_600;

/// A book that is shown facts every ten seconds.
struct Watch {
    book: Book,
    now: u64,
    heard: Vec<Alert>,
}

impl Watch {
    fn new(rules: Rules) -> Self {
        Self {
            book: Book::new(rules).unwrap(),
            now: NOON,
            heard: Vec::new(),
        }
    }

    /// Shows it the same facts for so long, the first time now.
    fn shows(&mut self, facts: &Facts, seconds: u64) -> &mut Self {
        for step in 0..=seconds / 10 {
            if step > 0 {
                self.now += 10;
            }
            self.heard
                .extend(self.book.judge(facts, UnixSeconds(self.now)));
        }
        self
    }

    /// What was told since it was last asked: rule, subject and state.
    fn tells(&mut self) -> Vec<(String, AlertState)> {
        let told = std::mem::take(&mut self.heard);
        told.into_iter()
            .map(|alert| (alert.key(), alert.state))
            .collect()
    }
}
