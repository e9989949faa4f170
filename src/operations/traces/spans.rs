//! What the life of an escalation is as spans: itself, whose turn it was and who had it, and each message. Pure.
//!
//! Invariant: only ids, kinds, states, numbers and times; neither contacts nor recipients, and nothing that was written.

use std::time::SystemTime;

use opentelemetry::trace::{Event as Moment, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::delivery::{Delivery, DeliveryStatus};
use crate::escalation::EscalationStatus;
use crate::escalation::ended::Life;
use crate::tickets::history::Event;

/// The spans of a life, the escalation itself first.
pub(super) fn of(life: &Life, now: Timestamp) -> Vec<SpanData> {
    let mut spans = vec![whole(life)];
    spans.extend(turns(life));
    spans.extend(life.deliveries.iter().map(|delivery| message(life, delivery, now)));
    spans
}

fn whole(life: &Life) -> SpanData {
    let (escalation, ticket) = (&life.escalation, &life.ticket);
    let status = match escalation.status {
        EscalationStatus::Answered => Status::Ok,
        EscalationStatus::Expired => Status::error("nobody of the chain took it in time"),
        _ => Status::Unset,
    };
    let moments = life.events.iter().map(|entry| Moment::new(entry.event.name(), instant(entry.at), Vec::new(), 0));
    SpanData {
        attributes: vec![
            KeyValue::new("lotse.escalation", escalation.id.to_string()),
            KeyValue::new("lotse.ticket", ticket.id.to_string()),
            KeyValue::new("lotse.service", ticket.service.as_str().to_owned()),
            KeyValue::new("lotse.ars", ticket.ars.as_str().to_owned()),
            KeyValue::new("lotse.priority", ticket.priority.as_str()),
            KeyValue::new("lotse.kind", escalation.kind.as_str()),
            KeyValue::new("lotse.status", escalation.status.as_str()),
            KeyValue::new("lotse.emergency", escalation.emergency),
        ],
        events: collected(moments),
        span_context: context(life.id().uuid(), root(life)),
        parent_span_id: SpanId::INVALID,
        status,
        ..span(life, "escalation", "", escalation.created_at, end(life))
    }
}

/// One span for each contact whose turn it was, and for each time somebody had it.
fn turns(life: &Life) -> Vec<SpanData> {
    let mut spans: Vec<SpanData> = Vec::new();
    for entry in &life.events {
        let (name, number) = match &entry.event {
            Event::EscalationStep { step, .. } => ("asked", Some(*step)),
            Event::EscalationAcknowledged { .. } => ("taken", None),
            _ => continue,
        };
        // Who says again that they have it begins nothing.
        if name == "taken" && spans.last().is_some_and(|last| last.name == name) {
            continue;
        }
        if let Some(last) = spans.last_mut() {
            last.end_time = instant(entry.at);
        }
        let mut begun = span(life, name, &entry.id.to_string(), entry.at, end(life));
        begun.attributes.extend(number.map(|step| KeyValue::new("lotse.step", i64::from(step) + 1)));
        spans.push(begun);
    }
    spans
}

fn message(life: &Life, delivery: &Delivery, now: Timestamp) -> SpanData {
    let ended = match delivery.status {
        DeliveryStatus::Pending => now,
        _ => delivery.attempts.last().map_or(delivery.created_at, |attempt| attempt.at),
    };
    let attempts = delivery.attempts.iter().map(|attempt| {
        Moment::new("attempt", instant(attempt.at), vec![KeyValue::new("lotse.outcome", attempt.outcome.as_str())], 0)
    });
    SpanData {
        span_kind: SpanKind::Client,
        attributes: vec![
            KeyValue::new("lotse.delivery", delivery.id.to_string()),
            KeyValue::new("lotse.purpose", delivery.purpose.as_str()),
            KeyValue::new("lotse.status", delivery.status.as_str()),
        ],
        events: collected(attempts),
        status: match delivery.status {
            DeliveryStatus::Sent => Status::Ok,
            DeliveryStatus::Exhausted => Status::error("given up"),
            _ => Status::Unset,
        },
        ..span(life, delivery.channel.as_str(), &delivery.id.to_string(), delivery.created_at, ended)
    }
}

/// A part of the life; `key` tells it from all others.
fn span(life: &Life, name: &'static str, key: &str, from: Timestamp, to: Timestamp) -> SpanData {
    let digest = Sha256::digest(format!("{} {name} {key}", life.id()));
    let id = digest.first_chunk::<8>().map_or(SpanId::INVALID, |first| SpanId::from_bytes(*first));
    SpanData {
        span_context: context(life.id().uuid(), id),
        parent_span_id: root(life),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: name.into(),
        start_time: instant(from),
        end_time: instant(to.max(from)),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("lotse").build(),
    }
}

fn collected(moments: impl Iterator<Item = Moment>) -> SpanEvents {
    let mut all = SpanEvents::default();
    all.events.extend(moments);
    all
}

fn context(trace: Uuid, span: SpanId) -> SpanContext {
    let trace = TraceId::from_bytes(trace.into_bytes());
    SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default())
}

/// The span of the escalation itself: the second half of its id, in which is chance.
fn root(life: &Life) -> SpanId {
    SpanId::from_bytes(life.id().uuid().as_u64_pair().1.to_be_bytes())
}

fn end(life: &Life) -> Timestamp {
    life.escalation.ended_at.unwrap_or(life.escalation.updated_at)
}

fn instant(at: Timestamp) -> SystemTime {
    at.utc().into()
}
