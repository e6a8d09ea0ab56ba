//! What was asked, and how long the answers took, since the start.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::time::Duration;
use warp::reply::Response;

/// The route that answered, as a response carries it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RouteName(pub(super) &'static str);

/// What has no route of its own: refusals at the gate, unknown paths.
const OTHER: &str = "other";

/// Requests with one route and status.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Answers {
    /// How many.
    pub(super) count: u64,
    /// Until their answers began, together.
    pub(super) time: Duration,
}

/// Requests by route and status. Both are few, whatever clients ask.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<BTreeMap<(&'static str, u16), Answers>>);

impl Traffic {
    /// Counts an answer.
    pub(super) fn count(&self, response: &Response, time: Duration) {
        let route = response.extensions().get::<RouteName>();
        let route = route.map_or(OTHER, |name| name.0);
        let mut all = self.0.lock();
        let answers = all.entry((route, response.status().as_u16())).or_default();
        answers.count += 1;
        answers.time += time;
    }

    /// Everything so far.
    pub(super) fn so_far(&self) -> Vec<((&'static str, u16), Answers)> {
        let all = self.0.lock();
        all.iter().map(|(key, answers)| (*key, *answers)).collect()
    }
}
