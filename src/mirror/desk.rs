//! Where something is asked of whoever keeps a mirror, between two of its steps.

use crate::error::Error;
use tidegauge_sync::SyncError;
use tokio::sync::{mpsc, oneshot};

/// What may wait at once.
const QUEUED: usize = 4;

/// Something asked, and where the answer goes.
pub(crate) struct Asked<Q, R> {
    /// What.
    pub(crate) what: Q,
    answer: oneshot::Sender<Result<R, SyncError>>,
}

impl<Q, R> Asked<Q, R> {
    /// What is asked, and where the answer goes.
    pub(crate) fn open(self) -> (Q, oneshot::Sender<Result<R, SyncError>>) {
        (self.what, self.answer)
    }
}

/// Where it is asked; nobody is there where nothing is mirrored.
pub(crate) struct Desk<Q, R>(mpsc::Sender<Asked<Q, R>>);

impl<Q, R> Desk<Q, R> {
    /// The desk, and what arrives at it.
    pub(crate) fn open() -> (Self, mpsc::Receiver<Asked<Q, R>>) {
        let (desk, asked) = mpsc::channel(QUEUED);
        (Self(desk), asked)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// `nobody` where nobody is there, or whatever kept the one who is from it.
    pub(crate) async fn ask(&self, what: Q, nobody: &str) -> Result<R, Error> {
        let (answer, report) = oneshot::channel();
        let nobody = || Error::Usage(nobody.to_owned());
        let asked = Asked { what, answer };
        self.0.send(asked).await.map_err(|_| nobody())?;
        Ok(report.await.map_err(|_| nobody())??)
    }
}
