//! The fast scanner against the tolerant one.
