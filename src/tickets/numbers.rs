//! Draws running numbers in blocks, so that intake never queues on one counter.
//!
//! Invariant: no number is drawn twice, by any instance; numbers rise, and a stopped instance leaves a gap. The
//! year is that of Berlin.

use chrono::Datelike;
use chrono_tz::Europe::Berlin;
use tokio::sync::Mutex;

use super::number::TicketNumber;
use super::store;
use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::AppError;

/// Numbers taken at once: at 20,000 requests a second a block lasts 50 ms.
const BLOCK: i64 = 1000;

#[derive(Default)]
pub(super) struct Numbers(Mutex<Block>);

#[derive(Default)]
struct Block {
    year: i32,
    next: i64,
    end: i64,
    /// The first block of a process is small, so that a restart costs few numbers.
    drawn: bool,
}

impl Numbers {
    pub(super) async fn draw(&self, db: &Db, now: Timestamp) -> Result<TicketNumber, AppError> {
        let year = now.utc().with_timezone(&Berlin).year();
        let mut block = self.0.lock().await;
        if block.year != year || block.next >= block.end {
            let size = if block.drawn { BLOCK } else { 20 };
            let start = db.write(move |tx| store::take_numbers(tx, year, size)).await?;
            *block = Block { year, next: start, end: start + size, drawn: true };
        }
        block.next += 1;
        Ok(TicketNumber::new(year, block.next - 1))
    }
}
