//! The fuzz targets of `fuzz/` without a fuzzer: each is run with its kept corpus and with changes of it, the same every
//! time; and their list is whole.
//!
//! For longer: `LOTSE_FUZZ_SECONDS=600 cargo test --test it fuzzing:: -- --nocapture`. What sees which changes lead to new
//! code is `fuzz/run`.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

#[path = "../../../fuzz/src/targets/mod.rs"]
#[allow(unreachable_pub, clippy::expect_used, clippy::panic)]
mod targets;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz");
/// So many changes each in the suite.
const ROUNDS: u32 = 400;
/// The longest input.
const LONGEST: usize = 4096;
/// What readers may stumble over.
const ODD: [&[u8]; 24] = [
    b"\0",
    b"\r\n",
    b"\n",
    b"\n\n",
    b"\"",
    b"'",
    b"\\",
    b"/",
    b"..",
    b"%00",
    b"{{",
    b"}}",
    b"<",
    b">",
    b"=?utf-8?q?",
    b"--b\r\n",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"1e999",
    b"\xff",
    b"\xe2\x80\xae",
    b"\xcc\x88",
    b"\xc4\xb0",
    b"null",
];

/// The corpus of a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(format!("{FOLDER}/corpus/{target}")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let all: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(!all.is_empty(), "{target} has no corpus");
    all
}

/// Something like one of them.
fn changed(all: &[Vec<u8>], dice: &mut StdRng) -> Vec<u8> {
    let mut bytes = all.choose(dice).unwrap().clone();
    for _ in 0..dice.random_range(1..6) {
        let at = dice.random_range(0..=bytes.len());
        let end = (at + dice.random_range(0..20)).min(bytes.len());
        match dice.random_range(0..8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = dice.random(),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let again = bytes[at..end].to_vec();
                let times = dice.random_range(1..8);
                drop(bytes.splice(at..at, again.repeat(times)));
            }
            4 => {
                let other = all.choose(dice).unwrap();
                let from = dice.random_range(0..=other.len());
                let to = (from + dice.random_range(0..60)).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            5 => bytes.truncate(at),
            6 => bytes.insert(at, dice.random_range(b' '..=b'~')),
            _ => drop(bytes.splice(at..end, ODD.choose(dice).unwrap().iter().copied())),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

#[track_caller]
fn holds(name: &str, run: fn(&[u8]), bytes: &[u8]) {
    assert!(catch_unwind(|| run(bytes)).is_ok(), "{name} fails with b\"{}\"", bytes.escape_ascii());
}

/// One test for each, so that they run beside each other.
fn fuzzed(target: &str) {
    let (name, run) = *targets::ALL.iter().find(|(name, _)| *name == target).unwrap();
    let all = corpus(name);
    for bytes in &all {
        holds(name, run, bytes);
    }
    let seconds = std::env::var("LOTSE_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let (begun, most) = (Instant::now(), seconds.map(Duration::from_secs));
    // The suite does the same every time, a long run never.
    let mut dice = if most.is_some() { StdRng::from_os_rng() } else { StdRng::seed_from_u64(115) };
    let mut rounds = 0u32;
    while most.map_or(rounds < ROUNDS, |most| begun.elapsed() < most) {
        holds(name, run, &changed(&all, &mut dice));
        rounds += 1;
    }
    println!("{name}: {} of the corpus, {rounds} changes, {} s", all.len(), begun.elapsed().as_secs());
}

macro_rules! fuzz {
    ($($target:ident),* $(,)?) => {
        $(#[test] fn $target() { fuzzed(stringify!($target)); })*
        const TESTED: &[&str] = &[$(stringify!($target)),*];
    };
}
fuzz!(
    addresses,
    bodies,
    directory_file,
    files,
    forms,
    hours,
    keys,
    links,
    parse,
    queries,
    signatures,
    tables,
    templates
);

#[test]
fn every_target_is_named() {
    let manifest: toml::Table = include_str!("../../../fuzz/Cargo.toml").parse().unwrap();
    let named = manifest["bin"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
    let named: BTreeSet<String> = named.collect();
    let files = std::fs::read_dir(format!("{FOLDER}/fuzz_targets")).unwrap();
    let there: BTreeSet<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let listed: BTreeSet<String> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    let tested: BTreeSet<String> = TESTED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(named, there);
    assert_eq!(named, listed);
    assert_eq!(named, tested);
}
