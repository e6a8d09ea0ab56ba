//! A listing under way.

use crate::{answer::Listed, bucket::Pages, error::ObjectError, folder::Walk};

/// A listing under way: pages in the order of the keys, of a thousand objects at most. Objects that
/// come or go meanwhile may be in it or not.
#[derive(Debug)]
pub struct Listing(Way);

#[derive(Debug)]
enum Way {
    Pages(Box<Pages>),
    Walk(Walk),
}

impl Listing {
    /// The next page, never an empty one; nothing after the last.
    ///
    /// # Errors
    /// [`ObjectError::Failed`]; the page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<Listed>>, ObjectError> {
        match &mut self.0 {
            Way::Pages(pages) => pages.next().await,
            Way::Walk(walk) => walk.next().await,
        }
    }

    /// How many names were passed over so far because they are no [`ObjectKey`](crate::ObjectKey):
    /// nothing of ours is among them.
    pub fn foreign(&self) -> u64 {
        match &self.0 {
            Way::Pages(pages) => pages.foreign(),
            Way::Walk(walk) => walk.foreign(),
        }
    }
}

impl From<Pages> for Listing {
    fn from(pages: Pages) -> Self {
        Self(Way::Pages(Box::new(pages)))
    }
}

impl From<Walk> for Listing {
    fn from(walk: Walk) -> Self {
        Self(Way::Walk(walk))
    }
}
