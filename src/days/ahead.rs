//! Rows made by a thread of their own, while earlier ones are used.

use crate::error::Error;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::vec::IntoIter;

/// Rows handed over at once.
const BATCH_ROWS: usize = 256;
/// Batches that may wait.
const MOST_WAITING: usize = 2;

/// What another thread makes, in its order.
struct Ahead<T> {
    batch: IntoIter<T>,
    waiting: Receiver<Vec<T>>,
    thread: Option<JoinHandle<()>>,
}

/// The same rows, made ahead.
pub(super) fn ahead<T: Send + 'static>(
    mut rows: impl Iterator<Item = T> + Send + 'static,
) -> Result<impl Iterator<Item = T>, Error> {
    let (batches, waiting) = sync_channel(MOST_WAITING);
    let thread = std::thread::Builder::new()
        .name("gather".to_owned())
        .spawn(move || {
            loop {
                let batch: Vec<T> = rows.by_ref().take(BATCH_ROWS).collect();
                // The end, or nobody wants more.
                if batch.is_empty() || batches.send(batch).is_err() {
                    return;
                }
            }
        })
        .map_err(Error::io("start a thread"))?;
    Ok(Ahead {
        batch: Vec::new().into_iter(),
        waiting,
        thread: Some(thread),
    })
}

impl<T> Iterator for Ahead<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(row) = self.batch.next() {
                return Some(row);
            }
            match self.waiting.recv() {
                Ok(batch) => self.batch = batch.into_iter(),
                // A thread that panicked must not look like one that came to its end.
                Err(_) => match self.thread.take()?.join() {
                    Ok(()) => return None,
                    Err(panic) => std::panic::resume_unwind(panic),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_come_in_their_order() {
        for many in [0, 1, BATCH_ROWS, 10 * BATCH_ROWS + 1] {
            let found: Vec<usize> = ahead(0..many).unwrap().collect();
            assert!(found.into_iter().eq(0..many));
        }
    }

    #[test]
    fn it_need_not_be_read_to_its_end() {
        let mut endless = ahead(0u64..).unwrap();
        assert_eq!(endless.next(), Some(0));
    }

    #[test]
    #[should_panic(expected = "what befell it")]
    fn an_end_by_panic_is_none() {
        let rows = (0..10).inspect(|at| assert!(*at < 5, "what befell it"));
        ahead(rows).unwrap().count();
    }
}
