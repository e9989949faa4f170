//! The sample directory of the demo: real municipalities, invented contacts.

/// Real rows of the register; see README.md for source and licence.
pub const MUNICIPALITIES: &str = include_str!("municipalities.csv");
/// A directory file in which `{{WEBHOOK_URL}}` and `{{WEBHOOK_SECRET}}` are to be replaced.
pub const DIRECTORY: &str = include_str!("directory.toml");
