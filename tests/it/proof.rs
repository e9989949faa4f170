//! The proof of `tests/proof` in short, so that it cannot rot: seeded faults under seeded traffic, nothing found, and
//! every fault that is planted afterwards found. The long forms are run by hand; see `tests/proof/README.md`.

use std::process::Command;

use crate::support::process::BINARY;

fn proof(words: &str) {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proof");
    let mut command = Command::new("python3");
    command.arg("-B").arg(place).args(["--binary", BINARY, "--plant", "--rate", "12", "--pause", "1"]);
    let done = command.args(words.split(' ')).output().expect("python3");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn the_proof_in_short_on_sqlite() {
    proof("--seed 1 --database sqlite --kills 4 --others 4");
}

#[test]
fn the_proof_in_short_on_postgres() {
    proof("--seed 2 --database postgres --instances 2 --kills 3 --restarts 2 --others 3");
}
