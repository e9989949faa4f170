//! A directory file (TOML): read, or every fault told with its line; never a fault of ours.

use super::{is_their_fault, text, within};
use lotse::directory::import::check_alone;
use lotse::error::AppError;

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Err(fault) = within(1500, || check_alone("f.toml", text)) else { return };
    is_their_fault(&fault);
    if let AppError::Invalid(faults) = fault {
        let lines = text.lines().count() + 1;
        for fault in faults {
            let line =
                fault.field.strip_prefix("f.toml:").and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
            assert!(line.is_some_and(|line| (1..=lines).contains(&line)), "{fault:?} of {lines}");
        }
    }
}
