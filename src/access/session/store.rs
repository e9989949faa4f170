//! The table of sessions.
