//! Claims about features, checked against the oracle.
