//! Bodies of the interface: each is read, or refused with the field that is wrong (400 or 422), and what was read of a
//! request says the same when it is written again. Claims of a provider give no grant that no rule names.

use std::sync::LazyLock;

use super::{is_their_fault, within};
use lotse::access::provider::{Mapping, RuleText};
use lotse::directory::{
    adoptions, agreements, callbacks, channels, closing_days, contacts, notices, planned, rollout, services,
};
use lotse::error::AppError;
use lotse::escalation::callback::Callback;
use lotse::escalation::escalate::Escalate;
use lotse::escalation::hand_on::HandOn;
use lotse::http::api::{Reason, Text, conversation, escalations, operations, tickets, tokens, users, worklist};
use lotse::http::auth::parse;
use lotse::http::error::ApiError;
use lotse::inbound::decide::Decide;
use lotse::tickets::submit::SubmitTicket;
use lotse::tickets::text_modules::WriteTextModule;
use serde::de::DeserializeOwned;

static MAPPING: LazyLock<Mapping> = LazyLock::new(|| {
    let rule = |value: &str, role: &str| RuleText { value: value.into(), role: role.into(), ..RuleText::default() };
    let rules = [rule("lotse-{ars}-central", "central"), rule("lotse-admin", "admin")];
    Mapping::parse("realm_access.roles", &rules).expect("rules that are right")
});

fn read<B: DeserializeOwned>(raw: &[u8]) -> Option<B> {
    match within(500, || parse::<B>(raw)) {
        Ok(body) => Some(body),
        Err(ApiError::Request(status, words)) => {
            assert_eq!(status.as_u16(), 400, "{words}");
            None
        }
        Err(ApiError::App(fault)) => {
            is_their_fault(&fault);
            if let AppError::Invalid(faults) = &fault {
                // A fault may name what was typed, once and not more.
                let length: usize = faults.iter().map(|fault| fault.field.len() + fault.message.len()).sum();
                assert!(length <= 4 * raw.len() + 2000, "{length} for {}", raw.len());
            }
            None
        }
    }
}

macro_rules! read_each {
    ($raw:expr, $which:expr, $($kind:ty),* $(,)?) => {{
        let all = [$((|raw: &[u8]| { std::hint::black_box(read::<$kind>(raw)); }) as fn(&[u8])),*];
        all[usize::from($which) % all.len()]($raw);
    }};
}

/// One input.
pub fn run(data: &[u8]) {
    let Some((which, raw)) = data.split_first() else { return };
    if *which < 64 {
        if let Some(ticket) = read::<SubmitTicket>(raw) {
            let written = serde_json::to_vec(&ticket).expect("what was read can be written");
            let again = read::<SubmitTicket>(&written).expect("what was written can be read");
            assert_eq!(serde_json::to_value(&again).ok(), serde_json::to_value(&ticket).ok());
        }
        return;
    }
    if *which < 80 {
        let Ok(claims) = serde_json::from_slice::<serde_json::Value>(raw) else { return };
        let grants = MAPPING.grants(&claims);
        let text = claims.to_string();
        assert!(grants.is_empty() || text.contains("lotse-"), "{text}");
        assert!(grants.iter().all(|grant| grant.contact.is_none()), "{text}");
        return;
    }
    read_each!(
        raw,
        *which,
        Callback,
        Escalate,
        HandOn,
        Reason,
        Text,
        WriteTextModule,
        adoptions::AdoptionChange,
        adoptions::NewAdoption,
        agreements::AgreementChange,
        callbacks::CallbacksChange,
        channels::ChannelChange,
        channels::NewChannel,
        closing_days::NewClosingDay,
        contacts::ContactChange,
        contacts::NewContact,
        conversation::Comment,
        escalations::Acknowledge,
        escalations::AnswerEscalation,
        Decide,
        notices::NewNotice,
        notices::NoticeChange,
        operations::Resend,
        planned::NewPlanned,
        rollout::ItemChange,
        rollout::MatrixChange,
        rollout::ProjectChange,
        services::NewService,
        services::ServiceChange,
        tickets::Interim,
        tickets::Merge,
        tickets::Purpose,
        tickets::SetCategory,
        tickets::SetPriority,
        tickets::WriteLetter,
        tokens::Wanted,
        users::Change,
        users::Invite,
        worklist::Bulk,
    );
}
