//! The published days that are compared with the store once more, and up to which of the store's
//! notices everything else is sure.

use super::catalog::Catalog;
use super::days::Days;
use super::doubt::{Doubt, doubted};
use super::look::Look;
use super::manifest::LakeObject;
use super::recheck::{Comparable, comparable};
use super::table::LakeTable;
use std::collections::BTreeSet;
use tidegauge_model::Day;
use tidegauge_storage::Sequence;

/// Days in doubt.
pub(super) struct Doubts {
    days: BTreeSet<(Day, LakeTable)>,
    /// The last notice whose repair is in the catalog or among the days.
    seen: Option<Sequence>,
    /// The last notice of which every repair is in the catalog.
    settled: Sequence,
    /// Whether the next manifest is to say something else of them.
    has_news: bool,
}

impl Doubts {
    /// None yet.
    pub(super) fn new() -> Self {
        Self {
            days: BTreeSet::new(),
            seen: None,
            settled: Sequence(0),
            has_news: false,
        }
    }

    pub(super) fn seen(&self) -> Option<Sequence> {
        self.seen
    }

    /// Takes up what a look gives reason to doubt; the newest manifest is sure up to a notice.
    pub(super) fn take(&mut self, look: &Look, published: Sequence, catalog: &Catalog) {
        if self.days.is_empty() {
            self.settled = self.seen.unwrap_or(published);
        }
        if look.doubt == Doubt::Everything {
            self.settled = Sequence(0);
            // Who comes after us must not take the store's notices for those of the one before.
            self.has_news |= published != Sequence(0);
        }
        self.days.extend(doubted(look.doubt, catalog, &look.days));
        self.seen = Some(look.notice);
    }

    /// Days that can be compared now, the oldest first; those that never can are given up.
    pub(super) fn comparable(&mut self, days: &Days, catalog: &Catalog) -> Vec<LakeObject> {
        let mut now = Vec::new();
        let before = self.days.len();
        self.days.retain(|(day, table)| {
            let Some(object) = catalog.get(*table, *day) else {
                return false;
            };
            match comparable(days, object) {
                Comparable::Now(_) => now.push(object.clone()),
                Comparable::Later => {}
                Comparable::Never => return false,
            }
            true
        });
        self.has_news |= self.days.len() < before;
        now
    }

    /// A day was compared.
    pub(super) fn settle(&mut self, object: &LakeObject) {
        self.days.remove(&(object.date, object.table));
        self.has_news = true;
    }

    /// Something was written anew, whatever was doubted.
    pub(super) fn mark(&mut self) {
        self.has_news = true;
    }

    /// The last notice of which every repair is in the catalog; zero: none is sure to be.
    pub(super) fn notice(&self) -> Sequence {
        match self.seen {
            Some(seen) if self.days.is_empty() => seen,
            _ => self.settled,
        }
    }

    /// Whether that is to be published now: it is said once that all is in doubt, and once that
    /// nothing is.
    pub(super) fn is_news(&self) -> bool {
        self.has_news && (self.days.is_empty() || self.settled == Sequence(0))
    }

    /// It was published.
    pub(super) fn told(&mut self) {
        self.has_news = false;
    }

    pub(super) fn len(&self) -> usize {
        self.days.len()
    }
}
