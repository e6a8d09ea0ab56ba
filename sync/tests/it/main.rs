//! Tests of the files: what is written reads back, whole or not at all.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod tables;
mod whole_files;
