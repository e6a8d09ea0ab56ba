//! The logical digest: equal for stores that hold the same, whatever their files look like.

use crate::error::StoreError;
use crate::families::{Declaration, FAMILIES};
use crate::scan::Bounds;
use crate::view::View;
use sha2::{Digest, Sha256};
use tidegauge_model::B256;

/// SHA-256 over the families that the digest covers, in their declared order.
///
/// Each family contributes its name, then its pairs in key order; every name,
/// key and value comes after its length as a big-endian u32, so that no two
/// contents give the same stream.
pub fn logical_digest(view: &View<'_>) -> Result<B256, StoreError> {
    digest(view, |_| true)
}

/// The same over some of these families, by name: a digest that older formats gave.
pub fn digest_of(view: &View<'_>, names: &[&str]) -> Result<B256, StoreError> {
    digest(view, |declaration| names.contains(&declaration.name))
}

fn digest(view: &View<'_>, covers: impl Fn(&Declaration) -> bool) -> Result<B256, StoreError> {
    let mut hasher = Sha256::new();
    for declaration in FAMILIES.iter().filter(|d| d.in_digest && covers(d)) {
        frame(&mut hasher, declaration.name.as_bytes());
        let mut rows = view.raw(declaration.family, Bounds::all())?;
        while let Some(row) = rows.next_with(|key, value| {
            frame(&mut hasher, key);
            frame(&mut hasher, value);
            Ok(())
        }) {
            row?;
        }
    }
    let digest: [u8; 32] = hasher.finalize().into();
    Ok(B256::new(digest))
}

fn frame(hasher: &mut Sha256, bytes: &[u8]) {
    // Keys and values are far below 4 GiB: the codec and the batch bound them.
    hasher.update((bytes.len() as u32).to_be_bytes());
    hasher.update(bytes);
}
