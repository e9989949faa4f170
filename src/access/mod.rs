//! Who may do what: roles and their rights, the scopes they reach, API tokens, and repeats told apart.
//!
//! Invariant: every request acts as one [`Caller`], and every use case asks the caller's rights
//! ([`Caller::may`]) and scope ([`Caller::sees`]) through the same pure rules (`policy.rs`). What lies outside a
//! scope looks as if it did not exist. People with log-ins will be callers like tokens are.
//!
//! Where next: `policy.rs` (the table of rights), `token.rs` (tokens), `users/` (people), `session/` (their log-ins),
//! `provider/` (log-in by OpenID Connect), `audit/` (who did what), `idempotency.rs` (repeats).

pub mod actor;
pub mod audit;
pub mod caller;
pub mod idempotency;
pub mod policy;
pub mod provider;
pub mod relocation;
pub mod role;
pub mod secret;
pub mod session;
mod store;
mod throttle;
pub mod token;
pub mod users;

pub use crate::within_reach;
pub use actor::{Actor, ActorKind};
pub use caller::Caller;
pub use policy::{Action, Channel, Grant, Object, Reach, Scope};
pub use provider::Provider;
pub use role::Role;
pub use session::{Origin, Session, Stage};
pub use throttle::{Brake, brake};
pub use token::Tokens;
pub use users::{Accounts, User};
