//! What is fuzzed: one file a target, each a function of some bytes that asserts what must hold of them.
//!
//! Invariant: time is what the thread computed, not what the clock on the wall says, so that a busy machine makes no
//! false alarm. The functions name nothing of libFuzzer: `fuzz_targets/` hands them to it, and the test suite includes
//! this folder and runs them with the corpus (`tests/it/attacks/fuzzing.rs`).

use std::time::Duration;

use lotse::error::AppError;

pub mod addresses;
pub mod bodies;
pub mod directory_file;
pub mod files;
pub mod forms;
pub mod hours;
pub mod keys;
pub mod links;
pub mod parse;
pub mod queries;
pub mod signatures;
pub mod tables;
pub mod templates;

/// What is tried with one input.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const ALL: [(&str, Target); 13] = [
    ("addresses", addresses::run),
    ("bodies", bodies::run),
    ("directory_file", directory_file::run),
    ("files", files::run),
    ("forms", forms::run),
    ("hours", hours::run),
    ("keys", keys::run),
    ("links", links::run),
    ("parse", parse::run),
    ("queries", queries::run),
    ("signatures", signatures::run),
    ("tables", tables::run),
    ("templates", templates::run),
];

/// What the thread has computed so far.
fn computed() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux that keeps account");
    Duration::from_nanos(told.split(' ').next().and_then(|spent| spent.parse().ok()).expect("a number"))
}

/// Does it, and fails where it computes for longer. Instrumented code is ten to thirty times as slow as the real one.
#[track_caller]
pub fn within<T>(milliseconds: u64, work: impl FnOnce() -> T) -> T {
    let begun = computed();
    let done = work();
    let took = computed().saturating_sub(begun);
    assert!(took <= Duration::from_millis(milliseconds), "took {took:?}");
    done
}

/// The input as text, where it is one.
pub fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The lines of a text, so many at least; those that are missing are empty.
pub fn lines<const N: usize>(text: &str) -> [&str; N] {
    let mut parts = text.splitn(N, '\n');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// What is refused is refused as the input's fault, in words of bounded length, never as a fault of ours.
#[track_caller]
pub fn is_their_fault(fault: &AppError) {
    match fault {
        AppError::Invalid(faults) => {
            assert!(!faults.is_empty(), "a fault without words");
            assert!(faults.iter().all(|fault| !fault.message.is_empty()), "{faults:?}");
        }
        other => panic!("{other}"),
    }
}
