//! How often each mode struck.

use super::table::{MODES, Mode};
use std::fmt;

/// Strikes by mode, of one listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mischief(pub(super) [u64; MODES.len()]);

impl Mischief {
    /// Strikes of a mode.
    pub fn of(&self, mode: Mode) -> u64 {
        self.0[mode as usize]
    }

    /// Strikes of all modes.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Modes that struck, with how often.
    pub fn iter(&self) -> impl Iterator<Item = (Mode, u64)> + '_ {
        let all = MODES.iter().map(|info| (info.mode, self.of(info.mode)));
        all.filter(|(_, strikes)| *strikes > 0)
    }
}

impl fmt::Display for Mischief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said: Vec<_> = self
            .iter()
            .map(|(mode, strikes)| format!("{} {strikes}", mode.info().name))
            .collect();
        match said.as_slice() {
            [] => f.write_str("none"),
            said => f.write_str(&said.join(", ")),
        }
    }
}
