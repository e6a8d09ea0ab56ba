//! Comparison of large collections that shows where they part, and not all of them.

use std::fmt::Debug;

/// Elements shown on either side.
const SHOWN: usize = 3;

/// Both hold the same elements in the same order; else the first that differ are shown.
#[track_caller]
pub(crate) fn assert_same<T: PartialEq + Debug>(
    ours: impl IntoIterator<Item = T>,
    truth: impl IntoIterator<Item = T>,
    context: &str,
) {
    let (ours, truth): (Vec<T>, Vec<T>) = (ours.into_iter().collect(), truth.into_iter().collect());
    let agree = ours.iter().zip(&truth).take_while(|(a, b)| a == b).count();
    if agree == ours.len() && agree == truth.len() {
        return;
    }
    let rest = |all: &[T]| -> Vec<String> {
        let rest = all.iter().skip(agree).take(SHOWN);
        rest.map(|element| format!("{element:?}")).collect()
    };
    panic!(
        "{context}: {} elements, {} expected; the first {agree} agree, then\nours  {:#?}\ntruth {:#?}",
        ours.len(),
        truth.len(),
        rest(&ours),
        rest(&truth),
    );
}
