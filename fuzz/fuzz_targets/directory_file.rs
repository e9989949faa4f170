//! See `src/targets/directory_file.rs`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| lotse_fuzz::targets::directory_file::run(data));
