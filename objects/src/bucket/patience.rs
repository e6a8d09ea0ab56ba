//! What is tried again, how often, and how long after.

use super::settings::Deadlines;
use crate::{
    error::ObjectError,
    failure::{Act, ObjectCause},
};
use std::time::Duration;
use tidegauge_model::ErrorClass;
use tokio::time::Instant;

/// How often anything is tried in all.
const ATTEMPTS: u32 = 6;

/// The pause after the first failure; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The same where the server wants fewer requests.
const FIRST_PAUSE_SLOW: Duration = Duration::from_millis(500);

/// Longest pause.
const MOST_PAUSE: Duration = Duration::from_secs(15);

/// Patience with one operation.
#[derive(Debug)]
pub(super) struct Patience<'a> {
    act: Act<'a>,
    attempt: u32,
    until: Instant,
}

impl<'a> Patience<'a> {
    /// For an operation that moves content for so long.
    pub(super) fn new(act: Act<'a>, deadlines: &Deadlines, content: Duration) -> Self {
        Self {
            act,
            attempt: 0,
            until: Instant::now() + deadlines.operation + content,
        }
    }

    /// Tries; nothing means: once more, after a pause that is over already.
    pub(super) async fn attempt<T>(
        &mut self,
        work: impl Future<Output = Result<T, ObjectError>>,
    ) -> Result<Option<T>, ObjectError> {
        self.attempt += 1;
        let error = match work.await {
            Ok(done) => return Ok(Some(done)),
            Err(error) => error,
        };
        let pause = self.pause(&error);
        if error.class() != ErrorClass::Transient
            || self.attempt >= ATTEMPTS
            || Instant::now() + pause > self.until
        {
            return Err(self.give_up(error));
        }
        tracing::debug!(attempt = self.attempt, ?pause, %error, "tried again");
        tokio::time::sleep(pause).await;
        Ok(None)
    }

    /// Whether an earlier attempt may have taken effect without our knowing.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.attempt > 1
    }

    fn pause(&self, error: &ObjectError) -> Duration {
        let slow = matches!(error, ObjectError::Failed(f) if f.cause == ObjectCause::SlowDown);
        let first = if slow { FIRST_PAUSE_SLOW } else { FIRST_PAUSE };
        let doubled = first.saturating_mul(1 << (self.attempt - 1).min(ATTEMPTS));
        // Spread over the upper half, so that many who failed together do not return together.
        doubled.min(MOST_PAUSE).mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    fn give_up(&self, error: ObjectError) -> ObjectError {
        match error {
            ObjectError::Failed(mut failure) if self.attempt > 1 => {
                tracing::debug!(attempts = self.attempt, act = ?self.act, "given up");
                let many = format!("tried {} times", self.attempt);
                failure.message = match failure.message.as_str() {
                    "" => many,
                    words => format!("{words} ({many})"),
                };
                ObjectError::Failed(failure)
            }
            error => error,
        }
    }
}
