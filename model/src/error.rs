//! What an error asks of the one who meets it.

/// The class of an error; retry looks at nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorClass {
    /// It may pass by itself: try again later, or elsewhere.
    Transient,
    /// Bad input or configuration: somebody has to change something.
    Refused,
    /// What we hold contradicts itself: stop.
    Corrupt,
}
