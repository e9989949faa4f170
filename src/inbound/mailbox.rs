//! Reading mailboxes: one loop each, on one instance at a time, woken by the server (IDLE) or by the clock.
//!
//! Invariant: a message is fetched, taken in and committed, and only then marked or moved; what was taken in and is not
//! marked yet is marked at the next look. Which were read is asked of the database, never of flags. One instance at
//! a time holds the lease of a mailbox; should two read at once all the same, the keys of the mails make that
//! harmless. A server that is away is tried again, later and later, at most every five minutes.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::watch;

use super::imap::{After, Fault, Open};
use super::take::{Arrival, take};
use super::{Inbound, MailboxSettings, purge, request, store};
use crate::error::AppError;
use crate::ids::RowId;

/// How long a lease lasts without being renewed, and how often it is.
const LEASE: TimeDelta = TimeDelta::seconds(15);
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How long the server is left to tell by itself, below what takes a silent line down on its way.
const LONGEST_WAIT: Duration = Duration::from_secs(240);
/// The first pause after a fault, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How often what is past its time is removed.
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// Reads all mailboxes until shutdown, and removes what is past its time.
pub async fn run(inbound: Inbound, shutdown: watch::Receiver<bool>) {
    let mailboxes = inbound.settings().mailboxes.clone();
    let readers = mailboxes.into_iter().map(|mailbox| read(inbound.clone(), mailbox, shutdown.clone()));
    tokio::join!(futures_util::future::join_all(readers), tidy(inbound.clone(), shutdown.clone()));
}

async fn tidy(inbound: Inbound, mut shutdown: watch::Receiver<bool>) {
    loop {
        let purged = purge::purge(&inbound).await.map(drop);
        if let Err(fault) = &purged {
            tracing::warn!(%fault, "old mail was not removed; it is in the next round");
        }
        let taken = request::take_up(&inbound).await.map(drop);
        if let Err(fault) = &taken {
            tracing::warn!(%fault, "requests by mail were not taken up; they are in the next round");
        }
        if purged.is_ok() && taken.is_ok() {
            inbound.escalations().desk().db.pulse().beat("mailboxes");
        }
        if pause(&mut shutdown, TIDY_EVERY).await {
            return;
        }
    }
}

/// Waits; true when it is time to stop.
async fn pause(shutdown: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::select! {
        _ = shutdown.wait_for(|stop| *stop) => true,
        () = tokio::time::sleep(time) => false,
    }
}

async fn read(inbound: Inbound, mailbox: MailboxSettings, mut shutdown: watch::Receiver<bool>) {
    let owner = RowId::new();
    let mut rest = FIRST_PAUSE;
    loop {
        let wait = match lease(&inbound, &mailbox.name, owner).await {
            Ok(true) => {
                let ended = tokio::select! {
                    _ = shutdown.wait_for(|stop| *stop) => break,
                    ended = reading(&inbound, &mailbox, &mut rest) => ended,
                    ended = keep_lease(&inbound, &mailbox.name, owner) => ended,
                };
                match ended {
                    Ok(()) => rest,
                    Err(fault) => {
                        tracing::warn!(mailbox = mailbox.name, fault, "the mailbox cannot be read; it is tried again");
                        note(&inbound, &mailbox.name, Some(fault)).await;
                        let wait = rest;
                        rest = (rest * 2).min(LONGEST_PAUSE);
                        wait
                    }
                }
            }
            Ok(false) => Duration::from_secs(5).min(inbound.settings().poll),
            Err(fault) => {
                tracing::warn!(mailbox = mailbox.name, %fault, "the lease of the mailbox could not be taken");
                rest
            }
        };
        if pause(&mut shutdown, wait).await {
            break;
        }
    }
    let name = mailbox.name.clone();
    if let Err(fault) = inbound.escalations().desk().db.write(move |tx| store::release(tx, &name, owner)).await {
        tracing::debug!(%fault, "the lease of the mailbox ends by itself");
    }
}

async fn lease(inbound: &Inbound, name: &str, owner: RowId) -> Result<bool, crate::error::AppError> {
    let desk = inbound.escalations().desk();
    let (name, now) = (name.to_owned(), desk.clock.now());
    desk.db.write(move |tx| store::lease(tx, &name, owner, now, now.plus(LEASE))).await
}

async fn note(inbound: &Inbound, name: &str, fault: Option<Fault>) {
    let desk = inbound.escalations().desk();
    let (name, now) = (name.to_owned(), desk.clock.now());
    let noted = desk.db.write(move |tx| store::note_look(tx, &name, fault.as_deref(), now)).await;
    if let Err(fault) = noted {
        tracing::warn!(%fault, "how a mailbox fares could not be noted");
    }
}

/// Renews the lease until another instance has it.
async fn keep_lease(inbound: &Inbound, name: &str, owner: RowId) -> Result<(), Fault> {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        if !lease(inbound, name, owner).await.map_err(|fault| fault.to_string())? {
            return Ok(());
        }
    }
}

/// Looks and waits, over one connection, until it breaks.
async fn reading(inbound: &Inbound, mailbox: &MailboxSettings, rest: &mut Duration) -> Result<(), Fault> {
    let mut open = mailbox.server.open().await?;
    loop {
        look(inbound, mailbox, &mut open).await?;
        note(inbound, &mailbox.name, None).await;
        *rest = FIRST_PAUSE;
        if open.idles {
            open = open.idle(LONGEST_WAIT).await?;
        } else {
            tokio::time::sleep(inbound.settings().poll).await;
            open.check().await?;
        }
    }
}

/// One look at a mailbox over a connection of its own; answers how many messages were new. For checks and tests.
pub async fn look_once(inbound: &Inbound, mailbox: &MailboxSettings) -> Result<usize, String> {
    let mut open = mailbox.server.open().await?;
    let new = look(inbound, mailbox, &mut open).await?;
    open.close().await;
    Ok(new)
}

/// Whether the mailbox can be opened, in words for the operator.
pub async fn check(mailbox: &MailboxSettings) -> Result<String, String> {
    let mut open = mailbox.server.open().await?;
    let count = open.uids().await?.len();
    let way = if open.idles { "tells of new mail by itself (IDLE)" } else { "is polled" };
    open.close().await;
    Ok(format!("can be read, holds {count} messages and {way}"))
}

/// Takes in what was not read yet, then marks what was.
async fn look(inbound: &Inbound, mailbox: &MailboxSettings, open: &mut Open) -> Result<usize, Fault> {
    let all = open.uids().await?;
    let (name, validity, asked) = (mailbox.name.clone(), open.validity, all.clone());
    let read = inbound.escalations().desk().db.read(move |conn| store::read_uids(conn, &name, validity, &asked));
    let mut known: std::collections::HashSet<i64> =
        read.await.map_err(|fault| fault.to_string())?.into_iter().collect();
    // What a crash left unmarked.
    let unmarked = match &mailbox.server.after {
        After::Keep => Vec::new(),
        After::Seen => open.unseen().await?,
        After::Move(_) => all.clone(),
    };
    let (name, validity, most) = (mailbox.name.clone(), open.validity, inbound.settings().bounds.size);
    let cut = inbound.escalations().desk().db.read(move |conn| store::cut_uids(conn, &name, validity, most));
    let cut = cut.await.map_err(|fault| fault.to_string())?;
    let late: Vec<i64> = unmarked.into_iter().filter(|uid| known.contains(uid) && !cut.contains(uid)).collect();
    // Where marking fails (the folder is missing, or may not be written to), mail is taken in all the same.
    let mut settled = open.settle(&late, &mailbox.server.after).await;
    let (mut new, mut fault) = (0, None);
    for uid in all {
        if !known.insert(uid) {
            continue;
        }
        // One message that cannot be had must not hold up those behind it; the next look tries it again.
        let (raw, size) = match open.fetch(uid, inbound.settings().bounds.size).await {
            Ok(Some(fetched)) => fetched,
            Ok(None) => continue,
            Err(why) => {
                open.check().await?;
                fault.get_or_insert(why);
                continue;
            }
        };
        let is_whole = i64::try_from(raw.len()).is_ok_and(|length| length >= size);
        let arrival = Arrival { mailbox: mailbox.name.clone(), uid: Some((validity, uid)), recipient: None, raw, size };
        let taken = match take(inbound, arrival).await {
            Ok(taken) => taken,
            // The database is away, for every message alike.
            Err(why @ AppError::Unavailable(_)) => return Err(why.to_string()),
            Err(why) => {
                fault.get_or_insert(why.to_string());
                continue;
            }
        };
        new += usize::from(taken.is_new);
        // One that is too large to be kept stays where it is, unmarked.
        if is_whole && settled.is_ok() {
            settled = open.settle(&[uid], &mailbox.server.after).await;
        }
    }
    match fault {
        Some(fault) => Err(fault),
        None => settled.map(|()| new),
    }
}
