//! The format's number and the keys of `meta`.

/// The format that this program writes; older ones are migrated at the start.
///
/// 2: disputes, and a journal that a repair of final blocks leaves right.
/// 3: what is derived from the rows.
/// 4: the program's own records: jobs, alerts, predictions.
pub const FORMAT: u32 = 4;

/// Format of the store, a number.
pub(crate) const FORMAT_KEY: &[u8] = b"format";
/// Chain that it holds, a number.
pub(crate) const CHAIN_KEY: &[u8] = b"chain_id";
/// Who it is, a UUID.
pub(crate) const IDENTITY_KEY: &[u8] = b"identity";
/// How often another collector took over, a number.
pub(crate) const EPOCH_KEY: &[u8] = b"epoch";
/// Where it stands; written with every batch.
pub(crate) const HEAD_KEY: &[u8] = b"head";
/// The feature set of what is derived and in force.
pub(crate) const FEATURES_KEY: &[u8] = b"features";
/// The feature set of a rebuild.
pub(crate) const NEXT_FEATURES_KEY: &[u8] = b"features.next";
