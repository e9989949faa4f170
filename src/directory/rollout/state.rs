//! The states of an adoption and the moves between them: one `match`, nothing else decides.
//!
//! Pure. Invariant: an adoption becomes ready through its checklist, live from ready alone, and once it was live it
//! is never a draft again: it is suspended and taken up. What each move asks for is named by its [`Step`].

use crate::directory::terms::AdoptionState;

/// A move that exists, by what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It stays as it is.
    Stay,
    /// Every required item is fulfilled.
    Complete,
    /// It is not ready after all; asks for nothing.
    TakeBack,
    /// What the public relies on is there.
    GoLive,
    /// A reason.
    Suspend,
}

/// Why there is no such move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the adoption is {from} and cannot become {to}; from here it can become {}", names(.from))]
pub struct NoWay {
    /// As it is.
    pub from: AdoptionState,
    /// As it was to be.
    pub to: AdoptionState,
}

/// The move from one state to another.
pub fn step(from: AdoptionState, to: AdoptionState) -> Result<Step, NoWay> {
    use AdoptionState::{Draft, Live, Ready, Suspended};
    match (from, to) {
        (Draft, Draft) | (Ready, Ready) | (Live, Live) | (Suspended, Suspended) => Ok(Step::Stay),
        (Draft, Ready) => Ok(Step::Complete),
        (Ready, Draft) => Ok(Step::TakeBack),
        (Ready | Suspended, Live) => Ok(Step::GoLive),
        (Live, Suspended) => Ok(Step::Suspend),
        (Draft, Live | Suspended) | (Ready, Suspended) | (Live | Suspended, Draft | Ready) => Err(NoWay { from, to }),
    }
}

/// Where it can go from here.
pub fn next(from: AdoptionState) -> Vec<AdoptionState> {
    let moves = |to: &&AdoptionState| **to != from && step(from, **to).is_ok();
    AdoptionState::ALL.iter().filter(moves).copied().collect()
}

fn names(from: &AdoptionState) -> String {
    next(*from).iter().map(|state| state.as_str()).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn these_moves_and_no_others() {
        let mut found = Vec::new();
        for from in AdoptionState::ALL {
            for to in AdoptionState::ALL.iter().filter(|to| *to != from) {
                if let Ok(step) = step(*from, *to) {
                    found.push(format!("{from} {to} {step:?}"));
                }
            }
        }
        let expected = [
            "draft ready Complete",
            "ready draft TakeBack",
            "ready live GoLive",
            "live suspended Suspend",
            "suspended live GoLive",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_refusal_says_where_one_can_go() {
        let no = step(AdoptionState::Live, AdoptionState::Draft).unwrap_err().to_string();
        assert_eq!(no, "the adoption is live and cannot become draft; from here it can become suspended");
        let no = step(AdoptionState::Ready, AdoptionState::Suspended).unwrap_err().to_string();
        assert!(no.ends_with("can become draft or live"), "{no}");
    }
}
