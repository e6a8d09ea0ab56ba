//! Room for connections: a new one always finds a place, if need be that of the oldest idle one.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The places.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Connections that have a place.
    open: usize,
    /// Numbers given to idle ones, ascending with time.
    next: u64,
    /// Those that no request is being answered on, oldest first.
    idle: BTreeMap<u64, CancellationToken>,
}

/// A connection's place; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    idle_as: Mutex<Option<u64>>,
    /// Cancelled when somebody else needs it.
    pub(super) leave: CancellationToken,
}

/// While this lives, a request is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<Place>);

impl Places {
    /// For so many.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            state: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Takes a place; where none is free the oldest idle connection is asked to leave.
    pub(super) async fn take(self: &Arc<Self>) -> Arc<Place> {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_take() {
                return place;
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>) -> Option<Arc<Place>> {
        let mut state = self.state.lock();
        if state.open >= self.most {
            if let Some((_, oldest)) = state.idle.pop_first() {
                oldest.cancel();
            }
            return None;
        }
        state.open += 1;
        let leave = CancellationToken::new();
        let number = state.now_idle(leave.clone());
        Some(Arc::new(Place {
            places: self.clone(),
            idle_as: Mutex::new(Some(number)),
            leave,
        }))
    }
}

impl State {
    fn now_idle(&mut self, leave: CancellationToken) -> u64 {
        let number = self.next;
        self.next += 1;
        self.idle.insert(number, leave);
        number
    }
}

impl Place {
    /// A request has come.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        if let Some(number) = self.idle_as.lock().take() {
            self.places.state.lock().idle.remove(&number);
        }
        Busy(self.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let place = &self.0;
        let number = place.places.state.lock().now_idle(place.leave.clone());
        *place.idle_as.lock() = Some(number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.state.lock();
        state.open -= 1;
        if let Some(number) = self.idle_as.get_mut().take() {
            state.idle.remove(&number);
        }
        drop(state);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn takes(places: &Arc<Places>) -> bool {
        tokio::time::timeout(Duration::from_millis(50), places.take())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn the_oldest_idle_one_leaves() {
        let places = Places::new(2);
        let (a, b) = (places.take().await, places.take().await);
        let answering = a.busy();
        assert!(!takes(&places).await, "nobody left yet");
        assert!(b.leave.is_cancelled() && !a.leave.is_cancelled());
        drop(b);
        let c = places.take().await;
        let also = c.busy();
        assert!(!takes(&places).await && !a.leave.is_cancelled() && !c.leave.is_cancelled());
        drop(answering);
        assert!(!takes(&places).await);
        assert!(
            a.leave.is_cancelled(),
            "idle again, it may be asked to leave"
        );
        drop((a, also, c));
        assert!(takes(&places).await && places.state.lock().idle.is_empty());
    }
}
