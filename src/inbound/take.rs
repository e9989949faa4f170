//! What becomes of a mail: known already, automatic, a report, the 2nd level's word, a request, or a person's to judge.
//!
//! Invariant: mail, raw copy and effect are one transaction, under a key made of Message-ID and content, so that a
//! mail that is read again (other UIDs, a pipe that was killed, two instances) is the same one and acts once. What
//! cannot be judged with certainty is kept and waits for a person, with the reasons in words.

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::automatic::{Automatic, automatic};
use super::command::{self, Command};
use super::mail::{AttachmentInfo, Content, MailKind, MailState};
use super::matching::{self, Lead};
use super::parse::{Parsed, parse};
use super::report::{self, Meaning};
use super::store::{self, MailRow};
use super::{Inbound, request, tell};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery;
use crate::directory::{Contact, reference};
use crate::error::AppError;
use crate::escalation::Escalations;
use crate::escalation::comment::{Spoken, hear_mail};
use crate::escalation::respond::Word;
use crate::ids::{DeliveryId, InboundId};
use crate::keys::ArsPrefix;
use crate::seal::{hex, store_keys};
use crate::tickets::notice::{self, NoticeKind};

/// A message as it arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The mailbox by its name; `pipe` for `lotse ingest-mail`.
    pub mailbox: String,
    /// UIDVALIDITY and UID there.
    pub uid: Option<(i64, i64)>,
    /// Whom the envelope was for, where that is known.
    pub recipient: Option<String>,
    /// The message, byte for byte.
    pub raw: Vec<u8>,
    /// How large it is; more than `raw` where it was too large to be fetched whole.
    pub size: i64,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The mail.
    pub id: InboundId,
    /// False where it had been taken before.
    pub is_new: bool,
    /// Where it stands.
    pub state: MailState,
}

/// Takes a message in; when it answers, that is durable.
pub async fn take(inbound: &Inbound, arrival: Arrival) -> Result<Taken, AppError> {
    let bounds = inbound.settings().bounds;
    // Taking apart is work for a thread that may block.
    let read = move || {
        let mut parsed = parse(&arrival.raw, &bounds);
        if arrival.size > i64::try_from(arrival.raw.len()).unwrap_or(i64::MAX) {
            parsed.fault = Some("die Nachricht ist zu groß; sie liegt nur im Postfach");
        }
        parsed.recipients.extend(arrival.recipient.iter().map(|address| address.to_lowercase()));
        let key = message_key(&parsed, &arrival.raw);
        (arrival, parsed, key)
    };
    let (arrival, parsed, key) = tokio::task::spawn_blocking(read).await.map_err(AppError::internal)?;
    let context = inbound.clone();
    let taken =
        inbound.escalations().desk().db.write(move |tx| store_mail(tx, &context, &arrival, &parsed, &key)).await?;
    if taken.is_new && taken.state == MailState::Waiting {
        // Whether it can be told or not, the mail is kept; a fault here leaves it waiting for a person.
        request::begin(inbound, taken.id).await.unwrap_or_else(|fault| {
            tracing::warn!(mail = %taken.id, %fault, "a request by mail waits for a person");
        });
    }
    Ok(taken)
}

/// What tells a message from every other: its id and what it says, however it came here; without an id all its bytes.
fn message_key(parsed: &Parsed, raw: &[u8]) -> String {
    let mut hash = Sha256::new();
    let mut part = |name: &str, value: &[u8]| {
        hash.update((name.len() + value.len()).to_be_bytes());
        hash.update(name.as_bytes());
        hash.update(value);
    };
    let bytes: Vec<u8> = raw.iter().copied().filter(|byte| *byte != b'\r').collect();
    if parsed.message_id.is_empty() {
        part("all", bytes.trim_ascii_end());
    } else {
        for name in ["message-id", "from", "to", "cc", "date", "subject", "in-reply-to", "content-type"] {
            for value in parsed.header_values(name) {
                part(name, value.as_bytes());
            }
        }
        let body = bytes.windows(2).position(|pair| pair == b"\n\n").map_or(&[][..], |end| &bytes[end..]);
        part("body", body.trim_ascii());
    }
    hex(&hash.finalize())
}

/// What was decided about a message, and what is to be done.
struct Judgement {
    kind: MailKind,
    state: MailState,
    delivery: Option<DeliveryId>,
    reasons: Vec<String>,
    effect: Effect,
}

enum Effect {
    None,
    /// The contact speaks.
    Speak(Box<Contact>),
    /// A message of ours came back for good.
    Return {
        is_gone: bool,
        words: String,
    },
    /// The central contact should look.
    Tell,
}

fn store_mail(
    tx: &mut Tx,
    inbound: &Inbound,
    arrival: &Arrival,
    parsed: &Parsed,
    key: &str,
) -> Result<Taken, AppError> {
    if let Some((id, state)) = store::by_key(tx, key)? {
        if let Some(at) = arrival.uid {
            store::note_uid(tx, &arrival.mailbox, at, id)?;
        }
        return Ok(Taken { id, is_new: false, state });
    }
    let desk = inbound.escalations().desk();
    let now = desk.clock.now();
    let author = parsed.author().or(parsed.from.first()).map(|author| author.address.as_str()).unwrap_or_default();
    let sender = desk.sealer.fingerprint("inbound sender", author);
    let region = inbound.mailbox(&arrival.mailbox).map_or_else(ArsPrefix::everywhere, |mailbox| mailbox.region.clone());
    let mut lead = matching::follow(tx, inbound, parsed)?;
    // A number is typed by anybody: it leads to no request of others than those whose mailbox this is.
    lead.named = lead.named.filter(|ticket| region.contains(&ArsPrefix::from(ticket.ars.clone())));
    let judgement = judge(tx, inbound, arrival, parsed, &lead, &sender, now)?;
    let id = InboundId::new();
    let (data_key, key_row) = desk.sealer.new_key(id.cast());
    store_keys(tx, &[&key_row])?;
    let attachments = parsed.attachments.iter().zip(1..).map(|(attachment, position)| AttachmentInfo {
        position,
        name: attachment.name.clone(),
        media_type: attachment.media_type.clone(),
        size: attachment.bytes.len(),
        sha256: hex(&Sha256::digest(&attachment.bytes)),
    });
    let content = Content::of(parsed, attachments.collect(), judgement.reasons.clone());
    let plain = serde_json::to_vec(&content).map_err(AppError::internal)?;
    let is_ours = matches!(judgement.kind, MailKind::Reply | MailKind::Automatic | MailKind::Unknown);
    let row = MailRow {
        id,
        mailbox: arrival.mailbox.clone(),
        message_key: key.to_owned(),
        kind: judgement.kind,
        state: judgement.state,
        escalation_id: lead.asked.as_ref().filter(|_| is_ours).map(|asked| asked.escalation.id),
        ticket_id: lead.ticket().map(|ticket| ticket.id),
        delivery_id: judgement.delivery,
        region,
        sender,
        size: arrival.size,
        sealed: data_key.seal(&plain, "inbound content"),
        received_at: now,
        decided_at: None,
        decided_by: None,
        decision: None,
    };
    if !store::insert(tx, &row)? {
        // Another instance was quicker with the same one; the next look finds it.
        return Err(AppError::Unavailable("the same mail is being taken in elsewhere; try again".into()));
    }
    let until = now.plus(inbound.settings().raw_kept);
    store::insert_raw(tx, id, &data_key.seal(&arrival.raw, "inbound raw"), until)?;
    for (attachment, position) in parsed.attachments.iter().zip(1..) {
        let sealed = data_key.seal(&attachment.bytes, &format!("inbound attachment {position}"));
        store::insert_attachment(tx, id, position, &sealed)?;
    }
    if let Some(at) = arrival.uid {
        store::note_uid(tx, &arrival.mailbox, at, id)?;
    }
    act(tx, inbound.escalations(), &lead, parsed, id, judgement, now)?;
    if row.state == MailState::Waiting {
        request::acknowledge(tx, inbound, id, parsed, &row.sender, &data_key, now)?;
    }
    Ok(Taken { id, is_new: true, state: row.state })
}

fn judge(
    tx: &mut Tx,
    inbound: &Inbound,
    arrival: &Arrival,
    parsed: &Parsed,
    lead: &Lead,
    sender: &str,
    now: Timestamp,
) -> Result<Judgement, AppError> {
    let waits = |kind, reasons| Judgement {
        kind,
        state: MailState::Quarantined,
        delivery: None,
        reasons,
        effect: Effect::Tell,
    };
    let recorded = |kind, delivery, why: String| Judgement {
        kind,
        state: MailState::Recorded,
        delivery,
        reasons: vec![why],
        effect: Effect::None,
    };
    if let Some(fault) = parsed.fault {
        return Ok(waits(MailKind::Unknown, vec![fault.to_owned()]));
    }
    if let Some(verdict) = parsed.report.as_ref().and_then(report::read) {
        return bounce(tx, inbound, parsed, &verdict);
    }
    let about = lead.asked.as_ref().map(|asked| asked.escalation.id);
    let is_first_level = inbound.mailbox(&arrival.mailbox).is_some_and(|mailbox| mailbox.first_level);
    let written_by = automatic(parsed);
    // What a ticket system or a web form writes may be what somebody waits for: then a person looks.
    let may_tell = |by: &Automatic| matches!(by, Automatic::Machine(_)) && (lead.asked.is_some() || is_first_level);
    if let Some(by) = written_by.as_ref().filter(|by| !may_tell(by)) {
        return Ok(recorded(MailKind::Automatic, None, by.words()));
    }
    // Whoever writes to the 1st level asks something each time; only what is said to them is limited.
    let is_request = lead.asked.is_none() && is_first_level;
    let limit = inbound.settings().loop_limit;
    if !is_request && store::count_since(tx, sender, about, now.minus(TimeDelta::hours(1)))? >= limit {
        let why = format!("mehr als {limit} Nachrichten dieses Absenders in einer Stunde");
        // Not told: whoever writes so much would have somebody else written to as much.
        return Ok(Judgement { effect: Effect::None, ..waits(MailKind::Unknown, vec![why]) });
    }
    if let Some(by) = written_by {
        return Ok(waits(MailKind::Automatic, vec![by.words()]));
    }
    let Some(asked) = &lead.asked else {
        let kind = matching::kind_without_lead(is_first_level);
        return Ok(match is_first_level {
            true => Judgement { state: MailState::Waiting, ..waits(kind, Vec::new()) },
            false => waits(kind, lead.doubts.clone()),
        });
    };
    let speaker = matching::speaker(inbound, parsed, asked);
    match speaker {
        Ok(contact) if lead.doubts.is_empty() => Ok(Judgement {
            kind: MailKind::Reply,
            state: MailState::Taken,
            delivery: None,
            reasons: Vec::new(),
            effect: Effect::Speak(Box::new(contact)),
        }),
        Ok(_) => Ok(waits(MailKind::Reply, lead.doubts.clone())),
        Err(doubts) => Ok(waits(MailKind::Reply, [lead.doubts.clone(), doubts].concat())),
    }
}

/// A report about a mail of ours, if it can be believed.
fn bounce(tx: &mut Tx, inbound: &Inbound, parsed: &Parsed, verdict: &report::Verdict) -> Result<Judgement, AppError> {
    let recorded = |delivery, why: String, effect| Judgement {
        kind: MailKind::Bounce,
        state: MailState::Recorded,
        delivery,
        reasons: vec![why],
        effect,
    };
    let id = match inbound.returns() {
        Some(returns) => parsed.recipients.iter().find_map(|address| returns.delivery(address)),
        None => parsed
            .report
            .as_ref()
            .and_then(|report| report::returned_id(report, &inbound.settings().message_id_domain)?.parse().ok()),
    };
    let Some(found) = id.map(|id| delivery::delivery(tx, id)).transpose()?.flatten() else {
        let why = "Bericht eines Mailservers, der zu keiner Nachricht von uns gehört".to_owned();
        return Ok(recorded(None, why, Effect::None));
    };
    let is_proven = inbound.returns().is_some() || found.recipient.eq_ignore_ascii_case(&verdict.recipient);
    let status = &verdict.status;
    Ok(match verdict.meaning {
        _ if !is_proven => {
            recorded(Some(found.id), "Bericht über einen anderen Empfänger als unseren".to_owned(), Effect::None)
        }
        // Forwarded on their side: our message came in, somebody else's mailbox is gone.
        Meaning::NoMailbox | Meaning::Refused if !found.recipient.eq_ignore_ascii_case(&verdict.recipient) => {
            let why = format!("der Bericht nennt einen anderen Empfänger als unseren ({status})");
            Judgement {
                state: MailState::Quarantined,
                effect: Effect::Tell,
                ..recorded(Some(found.id), why, Effect::None)
            }
        }
        Meaning::NoMailbox | Meaning::Refused => {
            let is_gone = verdict.meaning == Meaning::NoMailbox;
            let words = format!("{status} {}", verdict.words);
            let why = format!("die Nachricht kam zurück ({status})");
            recorded(Some(found.id), why, Effect::Return { is_gone, words })
        }
        Meaning::Passing => {
            let why = format!("verspätet oder Postfach voll ({status}); nichts ändert sich");
            recorded(Some(found.id), why, Effect::None)
        }
        Meaning::Delivered => recorded(Some(found.id), "die Nachricht kam an".to_owned(), Effect::None),
    })
}

/// Puts a mail to use.
fn act(
    tx: &mut Tx,
    escalations: &Escalations,
    lead: &Lead,
    parsed: &Parsed,
    id: InboundId,
    judgement: Judgement,
    now: Timestamp,
) -> Result<(), AppError> {
    match judgement.effect {
        Effect::None => Ok(()),
        Effect::Tell => match lead.ticket() {
            Some(ticket) => notice::add(tx, ticket, NoticeKind::MailWaits, "", now),
            None => tell::operator(tx, escalations, now),
        },
        Effect::Return { is_gone, words } => {
            if let Some(message) = judgement.delivery {
                delivery::came_back(tx, message, is_gone, &words, now)?;
            }
            Ok(())
        }
        Effect::Speak(contact) => {
            let Some(asked) = &lead.asked else { return Ok(()) };
            let pattern = contact.reference_pattern.as_deref().unwrap_or_default();
            let reference =
                reference::find(pattern, &parsed.subject).or_else(|| reference::find(pattern, &parsed.text));
            let (word, comment) = spoken(command::read(&parsed.folded.reply), reference.clone(), parsed);
            let speaker = Actor::mail(&contact.name);
            hear_mail(
                tx,
                escalations,
                Spoken {
                    escalation: asked.escalation.id,
                    speaker,
                    contact: Some(contact.slug.clone()),
                    word,
                    comment,
                    reference,
                    mail: id,
                },
                now,
            )?;
            Ok(())
        }
    }
}

/// Word and comment of a reply. A mail without a text still tells that it came.
fn spoken(command: Command, reference: Option<String>, parsed: &Parsed) -> (Option<Word>, String) {
    match command {
        Command::Acknowledge { comment } => (Some(Word::Acknowledge { reference }), comment),
        Command::Return { reason } => (Some(Word::Return { reason }), String::new()),
        Command::Answer { text } => (Some(Word::Answer { text, reference }), String::new()),
        Command::Comment { text } if text.is_empty() && parsed.folded.signature.is_empty() => {
            (None, format!("(ohne Text, {} Anhänge)", parsed.attachments.len() + parsed.left_out))
        }
        Command::Comment { text } if text.is_empty() => (None, parsed.folded.signature.clone()),
        Command::Comment { text } => (None, text),
    }
}
