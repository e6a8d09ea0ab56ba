//! What only AWS knows.
