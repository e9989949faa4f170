//! See `src/targets/parse.rs`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: {
        // The parser of mail may give up on a message, which is caught and left to a person; what is not caught ends the
        // run all the same.
        std::panic::set_hook(Box::new(|fault| {
            if fault.location().is_some_and(|place| !place.file().contains("mail-parser")) {
                eprintln!("{fault}");
            }
        }));
    },
    |data: &[u8]| lotse_fuzz::targets::parse::run(data)
);
