//! Computing anew what is derived, in slices between the steps.

use super::order::Order;
use crate::error::Error;
use crate::progress::Progress;
use crossbeam_channel::{Receiver, TryRecvError};
use tidegauge_storage::{Rebuild, Store};
use tokio::sync::watch;

/// Blocks of a slice: a fraction of a second, so that a new block hardly waits.
const SLICE_BLOCKS: u64 = 256;

/// A rebuild on its way, with its progress.
pub(super) struct Rebuilding {
    progress: Option<(Progress, u64)>,
    publish: watch::Sender<Rebuild>,
}

impl Rebuilding {
    /// Tells how far it is over this channel.
    pub(super) fn new(publish: watch::Sender<Rebuild>) -> Self {
        Self {
            progress: None,
            publish,
        }
    }

    /// Tells how far the store is.
    pub(super) fn tell(&self, store: &Store) {
        self.publish.send_replace(store.rebuild());
    }

    /// The next order. While there is none, a rebuild goes on, if one is under way; `None` when
    /// no order will come any more.
    pub(super) fn next(
        &mut self,
        store: &mut Store,
        orders: &Receiver<Order>,
    ) -> Result<Option<Order>, Error> {
        loop {
            let state = store.rebuild();
            self.tell(store);
            if state.finished {
                self.end();
                return Ok(orders.recv().ok());
            }
            match orders.try_recv() {
                Ok(order) => return Ok(Some(order)),
                Err(TryRecvError::Disconnected) => {
                    self.end();
                    return Ok(None);
                }
                Err(TryRecvError::Empty) => self.slice(store, state)?,
            }
        }
    }

    fn slice(&mut self, store: &mut Store, state: Rebuild) -> Result<(), Error> {
        let (progress, done) = self.progress.get_or_insert_with(|| {
            let progress = Progress::begin("derive anew", "blocks", "slices", state.total);
            (progress, 0)
        });
        let state = store.rebuild_slice(SLICE_BLOCKS)?;
        progress.advance(state.done.saturating_sub(*done), 1);
        *done = state.done;
        Ok(())
    }

    fn end(&mut self) {
        if let Some((progress, _)) = self.progress.take() {
            progress.finish();
        }
    }
}

/// Goes on with a rebuild until it is finished, or until `stopped`; `false`: it was stopped.
///
/// # Errors
/// What the store says.
pub(crate) fn finish_rebuild(store: &mut Store, stopped: impl Fn() -> bool) -> Result<bool, Error> {
    let mut rebuilding = Rebuilding::new(watch::Sender::new(store.rebuild()));
    loop {
        let state = store.rebuild();
        if state.finished || stopped() {
            rebuilding.end();
            return Ok(state.finished);
        }
        rebuilding.slice(store, state)?;
    }
}
