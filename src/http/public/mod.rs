//! What everybody may read without a token: "Wer kann mir helfen?" as JSON (`help.rs`) and as a page (`page.rs`), the
//! way there (`find.rs`), the element for other sites (`embed.rs`) and how to put it there (`snippets.rs`); and the pages
//! that the law asks of a website (`legal.rs`).
//!
//! Invariant: from memory only; no cookie, no address of a reader is kept.

pub mod embed;
pub mod feedback;
pub mod find;
pub mod form;
pub mod frame;
pub mod help;
pub mod legal;
pub mod page;
mod prose;
pub mod request;
pub mod snippets;
pub mod spoken;
pub mod structured;
