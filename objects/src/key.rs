//! The name of an object below the place's prefix.

use crate::error::ObjectError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest key, in bytes: with a prefix it stays below S3's 1,024.
pub const MOST_KEY_BYTES: usize = 512;

/// Longest part of a key, in bytes, so that every key can be a file.
const MOST_PART_BYTES: usize = 200;

/// A key: parts between single slashes, printable ASCII without spaces, at most [`MOST_KEY_BYTES`].
/// No part is empty or begins with a dot: such names are the folder's own, and readers of tables
/// do not see them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey(String);

impl ObjectKey {
    /// Reads one.
    ///
    /// # Errors
    /// [`ObjectError::Key`], which says why.
    pub fn new(text: &str) -> Result<Self, ObjectError> {
        match Self::flaw(text) {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(ObjectError::Key {
                // What is printed is bounded and harmless, whatever was given.
                key: text
                    .chars()
                    .take(MOST_KEY_BYTES)
                    .flat_map(char::escape_default)
                    .collect(),
                why,
            }),
        }
    }

    /// The key of something below this one.
    ///
    /// # Errors
    /// [`ObjectError::Key`], where both together are none.
    pub fn join(&self, rest: &str) -> Result<Self, ObjectError> {
        Self::new(&format!("{self}/{rest}"))
    }

    fn flaw(text: &str) -> Option<&'static str> {
        if text.is_empty() {
            return Some("it is empty");
        }
        if text.len() > MOST_KEY_BYTES {
            return Some("it is longer than 512 bytes");
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Some("it holds something other than printable ASCII without spaces");
        }
        for part in text.split('/') {
            if part.is_empty() {
                return Some("a part of it is empty: it begins or ends with a slash, or has two");
            }
            if part.starts_with('.') {
                return Some("a part of it begins with a dot");
            }
            if part.len() > MOST_PART_BYTES {
                return Some("a part of it is longer than 200 bytes");
            }
        }
        None
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ObjectKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = ObjectError;

    fn try_from(text: String) -> Result<Self, ObjectError> {
        Self::new(&text)
    }
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> Self {
        key.0
    }
}
