//! Records of the program's own: no part of the chain, so no step writes them and no unwind takes
//! them back.

use crate::codec_error::CodecError;
use crate::database::damaged;
use crate::error::StoreError;
use crate::families::{Family, Reversal};

/// One record to be kept, or dropped. What belongs together goes into one call of
/// [`Store::keep`](crate::Store::keep): it is written whole or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keep {
    pub(crate) family: Family,
    pub(crate) key: Vec<u8>,
    /// `None`: there is no such record any more.
    pub(crate) value: Option<Vec<u8>>,
}

impl Keep {
    /// Keeps what `encode` writes.
    pub(crate) fn put(
        family: Family,
        key: impl Into<Vec<u8>>,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CodecError>,
    ) -> Result<Self, StoreError> {
        let key = key.into();
        let mut value = Vec::new();
        encode(&mut value).map_err(|e| damaged(family, &key, e))?;
        Ok(Self::new(family, key, Some(value)))
    }

    /// Drops a record, if it is there.
    pub(crate) fn drop(family: Family, key: impl Into<Vec<u8>>) -> Self {
        Self::new(family, key.into(), None)
    }

    fn new(family: Family, key: Vec<u8>, value: Option<Vec<u8>>) -> Self {
        let declaration = family.declaration();
        assert!(
            declaration.reversal == Reversal::Apart && !declaration.in_digest,
            "{family} belongs to the chain"
        );
        Self { family, key, value }
    }
}
