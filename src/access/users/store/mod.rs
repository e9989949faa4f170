//! The tables of people.
