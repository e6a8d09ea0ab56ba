//! A walk as bytes, and back: tomorrow's day continues without a replay.

use crate::aim::{Horizon, Target};
use crate::pending::Pending;
use crate::{PredictError, Walk};

/// The version of the bytes: another one where their layout or meaning changes.
const VERSION: u32 = 1;

impl Walk {
    /// All of it, exact to the bit; read back by [`Walk::restore`].
    pub fn save(&self) -> Result<Vec<u8>, PredictError> {
        postcard::to_stdvec(&(VERSION, self)).map_err(|e| unreadable(e.to_string()))
    }

    /// The walk that was saved.
    pub fn restore(bytes: &[u8]) -> Result<Self, PredictError> {
        let (version, rest) = postcard::take_from_bytes::<u32>(bytes)
            .map_err(|e| unreadable(format!("no version: {e}")))?;
        if version != VERSION {
            return Err(unreadable(format!("version {version}, not {VERSION}")));
        }
        let (mut walk, rest): (Self, _) =
            postcard::take_from_bytes(rest).map_err(|e| unreadable(e.to_string()))?;
        if !rest.is_empty() {
            return Err(unreadable(format!("{} bytes too many", rest.len())));
        }
        walk.config.check()?;
        walk.check()?;
        Ok(walk)
    }

    fn check(&mut self) -> Result<(), PredictError> {
        let training = &self.training;
        let of_targets = training.len() == Target::ALL.len()
            && Target::ALL
                .iter()
                .zip(training)
                .all(|(target, training)| training.is_sound(target.horizon));
        let pending = self
            .pending
            .iter()
            .zip(Horizon::ALL)
            .all(|(queue, horizon)| {
                queue.len() <= horizon.days() as usize && queue.iter().all(Pending::is_sound)
            });
        for (sound, part) in [
            (self.histories.is_sound(), "histories"),
            (pending, "pending forecasts"),
            (of_targets, "training"),
            (self.residuals.recount(), "residuals"),
            (self.scores.is_sound(), "scores"),
            (self.reliability.is_sound(), "reliability"),
        ] {
            if !sound {
                return Err(unreadable(format!("its {part} contradict themselves")));
            }
        }
        Ok(())
    }
}

fn unreadable(reason: String) -> PredictError {
    PredictError::Unreadable { reason }
}
