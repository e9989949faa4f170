//! What the benches stand on: the release binary as a process, a private PostgreSQL, `wrk` as the caller, and the
//! limits that are measured beside every figure.
//!
//! Invariant: every figure stands beside its limit, measured in the same run on the same machine; only their ratio
//! says something elsewhere. Every process started here ends with the value that stands for it.

#![allow(dead_code, reason = "each bench uses a part")]

pub mod bare;
pub mod client;
pub mod limits;
pub mod lotse;
pub mod peers;
pub mod postgres;
pub mod wrk;

/// What goes wrong in a bench ends it with a message.
pub type Fault = Box<dyn std::error::Error>;

/// The load of the machine, which belongs beside every figure.
pub fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .map_or("?".into(), |text| text.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

/// The middle and the 99th of a hundred, in milliseconds.
pub fn percentiles(mut all: Vec<std::time::Duration>) -> (f64, f64) {
    all.sort_unstable();
    let at = |share: f64| {
        let index = ((all.len() as f64 * share).ceil() as usize).saturating_sub(1);
        all.get(index.min(all.len().saturating_sub(1))).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    };
    (at(0.5), at(0.99))
}

/// The value after `--name` on the command line.
pub fn argument(name: &str) -> Option<String> {
    let mut all = std::env::args();
    all.find(|word| word == name)?;
    all.next()
}

/// Which databases to measure: those named by `--database sqlite,postgres`; both when left out.
pub fn databases() -> Vec<String> {
    argument("--database").unwrap_or("sqlite,postgres".into()).split(',').map(str::to_owned).collect()
}
