//! What the fuzz targets share with the test suite. See `targets/mod.rs`.

pub mod targets;
