//! The commit thread: the only writer of the store.

use super::Live;
use super::derive::Rebuilding;
use super::order::Order;
use crate::error::Error;
use crate::progress::Progress;
use crossbeam_channel::{Sender, bounded};
use fail::fail_point;
use parking_lot::Mutex;
use std::sync::Arc;
use std::thread::JoinHandle;
use tidegauge_features::FeatureSet;
use tidegauge_model::{BlockRef, ErrorClass, Step};
use tidegauge_storage::{Applied, Keep, MirrorPosition, Rebuild, Store, StoreError};
use tokio::sync::{oneshot, watch};

/// Steps waiting to be committed; each is bounded by the size of a batch, so memory is, too.
const QUEUED_STEPS: usize = 4;

/// A running commit thread.
pub(crate) struct Committer {
    steps: Sender<Order>,
    tip: watch::Receiver<Option<BlockRef>>,
    derived: watch::Receiver<Rebuild>,
    thread: JoinHandle<Result<Store, Error>>,
    progress: Arc<Mutex<Option<Progress>>>,
}

impl Committer {
    /// Starts the thread; the store is its own until [`Committer::finish`] gives it back.
    ///
    /// # Errors
    /// [`Error::Io`] if no thread can be started, [`Error::Store`] if the tip cannot be read.
    pub(crate) fn start(mut store: Store, live: Arc<Live>) -> Result<Self, Error> {
        let tip = store.reader().view()?.tip()?.map(|tip| tip.block);
        let (steps, waiting) = bounded::<Order>(QUEUED_STEPS);
        let (publish, tip) = watch::channel(tip);
        let (publish_derived, derived) = watch::channel(store.rebuild());
        let progress: Arc<Mutex<Option<Progress>>> = Arc::default();
        let shown = progress.clone();
        let thread = std::thread::Builder::new()
            .name("commit".to_owned())
            .spawn(move || {
                let mut rebuilding = Rebuilding::new(publish_derived);
                while let Some(order) = rebuilding.next(&mut store, &waiting)? {
                    let (step, answer) = match order {
                        Order::Apply { step, answer } => (step, answer),
                        Order::Rebuild { set, answer } => {
                            let begun = store.begin_rebuild(*set);
                            rebuilding.tell(&store);
                            // Whoever gave the order may have left.
                            let _ = answer.send(begun);
                            continue;
                        }
                        Order::Keep { records, answer } => {
                            let kept = store.keep(&records);
                            if is_survived(&kept) {
                                // Whoever gave the order may have left.
                                let _ = answer.send(kept);
                            } else {
                                kept?;
                            }
                            continue;
                        }
                        Order::Acknowledge { mirror, at } => {
                            if let Err(error) = store.acknowledge(mirror, at) {
                                tracing::error!(
                                    "the position of the mirror {mirror} is not kept: {error}"
                                );
                            }
                            continue;
                        }
                    };
                    let applied = store.apply(&step);
                    if let Ok(applied) = &applied {
                        fail_point!("collect-after-commit", |_| std::process::abort());
                        live.committed(applied);
                        report(applied, &mut shown.lock());
                        publish.send_replace(applied.tip);
                    }
                    match (answer, applied) {
                        // Whoever asked decides what a refusal means; nothing was written.
                        (Some(answer), applied) if is_survived(&applied) => {
                            let _ = answer.send(applied);
                        }
                        // A failed write is ambiguous: never tried again in this process.
                        (_, applied) => drop(applied?),
                    }
                }
                Ok(store)
            })
            .map_err(Error::io("start the commit thread"))?;
        Ok(Self {
            steps,
            tip,
            derived,
            thread,
            progress,
        })
    }

    /// The tip last committed.
    pub(crate) fn tip(&self) -> Option<BlockRef> {
        *self.tip.borrow()
    }

    /// Shows these steps' progress from now on.
    pub(crate) fn show(&self, progress: Progress) {
        if let Some(old) = self.progress.lock().replace(progress) {
            old.finish();
        }
    }

    /// Ends the progress shown.
    pub(crate) fn shown(&self) {
        if let Some(old) = self.progress.lock().take() {
            old.finish();
        }
    }

    /// Hands over a step; waits while the queue is full. `false`: the thread has stopped, and
    /// [`Committer::finish`] says why.
    pub(crate) fn submit(&self, step: Step) -> bool {
        fail_point!("collect-before-submit", |_| std::process::abort());
        let order = Order::Apply {
            step: Box::new(step),
            answer: None,
        };
        tokio::task::block_in_place(|| self.steps.send(order).is_ok())
    }

    /// Hands over a step and waits for what it did. `None` as `false` of [`Committer::submit`].
    ///
    /// # Errors
    /// Why the store refused it; nothing was written then.
    pub(crate) async fn apply(&self, step: Step) -> Result<Option<Applied>, Error> {
        let (answer, applied) = oneshot::channel();
        let order = Order::Apply {
            step: Box::new(step),
            answer: Some(answer),
        };
        if !tokio::task::block_in_place(|| self.steps.send(order).is_ok()) {
            return Ok(None);
        }
        Ok(applied.await.ok().transpose()?)
    }

    /// Has everything derived computed anew, by this set; how far that is can be read from what
    /// is given back. `None` as `false` of [`Committer::submit`].
    ///
    /// # Errors
    /// Why the store refused it.
    pub(crate) async fn rebuild(
        &self,
        set: FeatureSet,
    ) -> Result<Option<watch::Receiver<Rebuild>>, Error> {
        let (answer, begun) = oneshot::channel();
        let set = Box::new(set);
        let order = Order::Rebuild { set, answer };
        if !tokio::task::block_in_place(|| self.steps.send(order).is_ok()) {
            return Ok(None);
        }
        let begun = begun.await.ok().transpose()?;
        Ok(begun.map(|_| self.derived.clone()))
    }

    /// Keeps records of the program's own, all of them or none; they are durable when this
    /// answers. `false` as in [`Committer::submit`].
    ///
    /// # Errors
    /// Why the store refused them; nothing was written then.
    pub(crate) async fn keep(&self, records: Vec<Keep>) -> Result<bool, Error> {
        let (answer, kept) = oneshot::channel();
        let order = Order::Keep { records, answer };
        if !tokio::task::block_in_place(|| self.steps.send(order).is_ok()) {
            return Ok(false);
        }
        Ok(kept.await.ok().transpose()?.is_some())
    }

    /// Keeps how far a mirror has come: what it holds is not kept for it any longer.
    pub(crate) async fn acknowledge(&self, mirror: &'static str, at: MirrorPosition) {
        let order = Order::Acknowledge { mirror, at };
        // If the thread has stopped, the next process hears it from the mirror.
        let _ = tokio::task::block_in_place(|| self.steps.send(order));
    }

    /// Waits until the tip is this one. `false` as in [`Committer::submit`].
    pub(crate) async fn wait_for(&self, expected: BlockRef) -> bool {
        self.tip
            .clone()
            .wait_for(|tip| *tip == Some(expected))
            .await
            .is_ok()
    }

    /// Whether the thread ended before it was told to; [`Committer::finish`] says why.
    pub(crate) fn has_stopped(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits until everything handed over is durable and gives the store back.
    ///
    /// # Errors
    /// What stopped the thread.
    pub(crate) fn finish(self) -> Result<Store, Error> {
        drop(self.steps);
        let joined = tokio::task::block_in_place(|| self.thread.join());
        if let Some(progress) = self.progress.lock().take() {
            progress.finish();
        }
        joined.map_err(|_| {
            Error::Failed(
                "the commit thread panicked; the store holds everything committed before"
                    .to_owned(),
            )
        })?
    }
}

/// Whether the store goes on after this.
fn is_survived<T>(applied: &Result<T, StoreError>) -> bool {
    !matches!(applied, Err(error) if error.class() == ErrorClass::Corrupt)
}

/// One commit on the bar, or in the log where blocks come one by one.
fn report(applied: &Applied, progress: &mut Option<Progress>) {
    match progress {
        Some(progress) => progress.advance(applied.blocks_covered, applied.swaps),
        None => tracing::debug!(
            blocks = applied.blocks_covered,
            swaps = applied.swaps,
            "committed"
        ),
    }
}
