//! What anybody may read without a token.

pub mod help;
