//! Why bytes are not what they should be.

/// Why bytes are not a key or a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CodecError {
    /// A key of the wrong width.
    #[error("the key has {found} bytes instead of {expected}")]
    KeyWidth {
        /// Bytes it should have.
        expected: usize,
        /// Bytes it has.
        found: usize,
    },
    /// No bytes at all.
    #[error("the value is empty")]
    Empty,
    /// A version not known here.
    #[error("the value has version {found}, known is {known}")]
    Version {
        /// The version found.
        found: u8,
        /// The version known.
        known: u8,
    },
    /// Bytes after the value's end.
    #[error("{0} bytes follow the value's end")]
    Trailing(usize),
    /// The bytes do not decode.
    #[error("{0}")]
    Undecodable(String),
    /// A decoded field has a value that nothing encodes.
    #[error("the field `{0}` has an impossible value")]
    Impossible(&'static str),
    /// The value cannot be encoded.
    #[error("cannot encode: {0}")]
    Unencodable(String),
}
