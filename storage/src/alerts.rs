//! What was told of troubles, what waits to be told to whom, and what others told us. What an alert says is text of whoever
//! judges; here it is kept.

use tidegauge_model::UnixSeconds;

/// An alert that was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToldAlert {
    /// Its number; later ones have greater ones.
    pub id: u64,
    /// What it says, as JSON.
    pub body: String,
}

/// An alert on its way to one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpooledAlert {
    /// The place's name.
    pub sink: String,
    /// The alert's number.
    pub id: u64,
    /// What it says, as JSON.
    pub body: String,
    /// Since when it waits.
    pub since: UnixSeconds,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it did not get there; `None`: not tried yet.
    pub error: Option<String>,
    /// Whether it is tried no more.
    pub given_up: bool,
}

/// Bytes by which a message is known when it comes again.
pub const NONCE_BYTES: usize = 32;

/// A message of somebody else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeardMessage {
    /// When it came.
    pub at: UnixSeconds,
    /// By which it is known when it comes again.
    pub nonce: [u8; NONCE_BYTES],
    /// Who said it.
    pub from: String,
    /// What it says, as it came.
    pub body: String,
}
