//! The entry: hands the command line over to `cli.rs`.

fn main() {}
