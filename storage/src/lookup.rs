//! Reading what is derived: as it lies in a view, or as a batch will leave it.

use crate::codec_error::CodecError;
use crate::error::StoreError;
use crate::families::Family;

/// A key and its value, owned.
pub(crate) type OwnedPair = (Vec<u8>, Vec<u8>);

/// What is done with a pair.
pub(crate) type Take<'t> = &'t mut dyn FnMut(&[u8], &[u8]) -> Result<(), CodecError>;

/// Where to look.
pub(crate) trait Lookup {
    /// Hands over each pair between two keys, the upper one excluded, in their order.
    fn each(
        &self,
        family: Family,
        bounds: (Vec<u8>, Vec<u8>),
        take: Take<'_>,
    ) -> Result<(), StoreError>;

    /// The last pair between two keys, the upper one excluded.
    fn last(
        &self,
        family: Family,
        bounds: (Vec<u8>, Vec<u8>),
    ) -> Result<Option<OwnedPair>, StoreError>;
}
