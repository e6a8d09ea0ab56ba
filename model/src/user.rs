//! Who counts as the user of a swap.

use crate::Swap;
use alloy_primitives::Address;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Which field names the user of a swap; one kind a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserKey {
    /// The transaction's `from`; needs receipts.
    #[default]
    Origin,
    /// The log's `recipient`.
    Recipient,
    /// The log's `sender`.
    Sender,
}

impl UserKey {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Origin, Self::Recipient, Self::Sender];

    /// Its name in configuration, columns and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Recipient => "recipient",
            Self::Sender => "sender",
        }
    }

    /// The user of a swap; `None` where the transaction's `from` was not read.
    pub fn of(self, swap: &Swap) -> Option<Address> {
        match self {
            Self::Origin => swap.origin,
            Self::Recipient => Some(swap.recipient),
            Self::Sender => Some(swap.sender),
        }
    }
}

/// A text that names no kind of user.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not a user: write `origin`, `recipient` or `sender`")]
pub struct UserKeyError(String);

impl FromStr for UserKey {
    type Err = UserKeyError;

    fn from_str(text: &str) -> Result<Self, UserKeyError> {
        Self::ALL
            .into_iter()
            .find(|key| key.name() == text)
            .ok_or_else(|| UserKeyError(text.to_owned()))
    }
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_back_as_written() {
        for key in UserKey::ALL {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert!("Origin".parse::<UserKey>().is_err());
    }
}
