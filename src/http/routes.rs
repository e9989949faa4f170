//! Every URL, and nothing else.

use actix_web::HttpRequest;
use actix_web::web::{ServiceConfig, resource, scope, to};
use std::borrow::Cow;

use super::api::directory::{
    adoptions, agreements, callbacks as contact_callbacks, channels, closing_days, contacts, exports, gaps, imports,
    lands, municipalities, notices, planned, rollout, route, services, transfers, versions,
};
use super::api::{
    audit, callbacks, conversation, deadlines, escalations, figures, inbound, me, personal_data, tickets, tokens, users,
};
use super::error::wrong_method;
use super::pages::account::{self, password, second_factor, sessions};
use super::pages::adoptions::{self as adoption_pages, adoption, holders, matrix, point};
use super::pages::people::{self, invite, person};
use super::pages::{
    audit as audit_log, confirmation, deadlines as deadline_pages, escalation, figures as figure_pages,
    inbound as inbox, intake, link, login, mail, provider, start,
};
use super::public::{embed, find, help, page, snippets};
use super::{State, assets, development, health, metrics, openapi};

/// The public help, busier than all others together.
pub const HELP: &str = "/api/v1/help";
/// Where contacts' own systems speak.
pub const CALLBACKS: &str = "/api/v1/callbacks/";
/// Where a log-in by the provider begins.
pub const BEGIN_LOGIN: &str = "/anmelden/dienst";
/// Where the provider tells that somebody has logged out.
pub const LOGGED_OUT: &str = "/anmelden/dienst/abmeldung";

mod methods {
    pub use actix_web::web::{delete, get, head, patch, post, put};

    /// A route for `OPTIONS`.
    pub fn options() -> actix_web::Route {
        actix_web::web::method(actix_web::http::Method::OPTIONS)
    }
}

/// An address with its methods and handlers; any other method is 405.
macro_rules! at {
    ($path:literal: $($method:ident $handler:path),+ $(,)?) => {
        resource($path)
            $(.route(methods::$method().to($handler)))+
            .default_service(to(|| async { wrong_method([$(stringify!($method)),+].join(", ").as_str()) }))
    };
}

/// Hangs every handler at its place.
pub fn configure(app: &mut ServiceConfig, state: &State) {
    app.service(
        scope("/api/v1")
            // The busiest route stands first, because routes are tried in their order.
            .service(at!("/help": get help::help, head help::help, options help::preflight))
            .service(at!("/tickets": post tickets::submit, get tickets::list))
            .service(at!("/tickets/{ticket}": get tickets::show))
            .service(at!("/tickets/{ticket}/history": get tickets::history))
            .service(at!("/tickets/{ticket}/reporter": post tickets::reporter))
            .service(at!("/tickets/{ticket}/claim": post tickets::claim))
            .service(at!("/tickets/{ticket}/release": post tickets::release))
            .service(at!("/tickets/{ticket}/notes": post tickets::note))
            .service(at!("/tickets/{ticket}/wait": post tickets::wait))
            .service(at!("/tickets/{ticket}/resume": post tickets::resume))
            .service(at!("/tickets/{ticket}/interim": post tickets::interim))
            .service(at!("/tickets/{ticket}/priority": post tickets::priority))
            .service(at!("/tickets/{ticket}/emergency": post tickets::emergency))
            .service(at!("/tickets/{ticket}/deadlines": get deadlines::explained))
            .service(at!("/tickets/{ticket}/category": post tickets::category))
            .service(at!("/tickets/{ticket}/answer": post tickets::answer))
            .service(at!("/tickets/{ticket}/reject": post tickets::reject))
            .service(at!("/tickets/{ticket}/close": post tickets::close))
            .service(at!("/tickets/{ticket}/reopen": post tickets::reopen))
            .service(at!("/tickets/{ticket}/merge": post tickets::merge))
            .service(at!("/tickets/{ticket}/export": get personal_data::export))
            .service(at!("/tickets/{ticket}/erase": post personal_data::erase))
            .service(at!("/tickets/{ticket}/escalations": post escalations::escalate, get escalations::of_ticket))
            .service(at!("/tickets/{ticket}/escalations/preview": post escalations::preview))
            .service(at!("/escalations": get escalations::mine))
            .service(at!("/escalations/{escalation}": get escalations::show))
            .service(at!("/escalations/{escalation}/deliveries": get escalations::deliveries))
            .service(at!("/escalations/{escalation}/acknowledge": post escalations::acknowledge))
            .service(at!("/escalations/{escalation}/answer": post escalations::answer))
            .service(at!("/escalations/{escalation}/return": post escalations::give_back))
            .service(at!("/escalations/{escalation}/ask": post escalations::ask))
            .service(at!("/escalations/{escalation}/conversation": get conversation::show))
            .service(at!("/escalations/{escalation}/reply": post conversation::reply))
            .service(at!("/escalations/{escalation}/comment": post conversation::comment))
            .service(at!("/escalations/{escalation}/hand_on": post conversation::hand_on))
            .service(at!("/escalations/{escalation}/forward": post conversation::forward))
            .service(at!("/escalations/{escalation}/handovers/{handover}/confirm": post conversation::confirm))
            .service(at!("/escalations/{escalation}/handovers/{handover}/decline": post conversation::decline))
            .service(at!("/escalations/{escalation}/next": post escalations::next))
            .service(at!("/escalations/{escalation}/withdraw": post escalations::withdraw))
            .service(at!("/callbacks/{contact}": post callbacks::receive))
            .service(at!("/deliveries/exhausted": get escalations::exhausted))
            .service(at!("/deliveries/{delivery}/replay": post escalations::replay))
            .service(at!("/inbound": get inbound::list))
            .service(at!("/inbound/{mail}": get inbound::show))
            .service(at!("/inbound/{mail}/decide": post inbound::decide))
            .service(at!("/inbound/{mail}/raw": get inbound::raw))
            .service(at!("/inbound/{mail}/attachments/{position}": get inbound::attachment))
            .service(at!("/figures": get figures::show))
            .service(at!("/lands": get lands::list))
            .service(at!("/lands/{land}": get lands::read, patch lands::change))
            .service(at!("/lands/{land}/agreements": get agreements::list))
            .service(at!("/lands/{land}/agreements/{using}": put agreements::put, delete agreements::end))
            .service(at!("/municipalities": get municipalities::list))
            .service(at!("/municipalities/{ars}": get municipalities::read, patch municipalities::change))
            .service(at!("/services": get services::list, post services::create))
            .service(at!("/services/{service}": get services::read, patch services::change, delete services::end))
            .service(at!("/adoptions": get adoptions::list, post adoptions::create))
            .service(at!("/adoptions/{adoption}": get adoptions::read, patch adoptions::change, delete adoptions::end))
            .service(at!("/adoptions/{adoption}/checklist": get rollout::checklist, patch rollout::change_project))
            .service(at!("/adoptions/{adoption}/checklist/{item}": patch rollout::change_item))
            .service(at!("/adoptions/{adoption}/matrix": get rollout::matrix, put rollout::set_matrix))
            .service(at!("/adoptions/{adoption}/transfers": get transfers::list, post transfers::note))
            .service(at!("/contacts": get contacts::list, post contacts::create))
            .service(at!("/contacts/{contact}": get contacts::read, patch contacts::change, delete contacts::end))
            .service(at!("/contacts/{contact}/history": get contacts::history))
            .service(
                at!("/contacts/{contact}/callbacks": get contact_callbacks::read, put contact_callbacks::change, delete contact_callbacks::end),
            )
            .service(at!("/contacts/{contact}/callbacks/secret": post contact_callbacks::renew))
            .service(at!("/contacts/{contact}/webhook/preview": post contact_callbacks::preview))
            .service(at!("/contacts/{contact}/confirmation": get contacts::confirmation, post contacts::ask))
            .service(at!("/contacts/{contact}/versions": get versions::of_contact))
            .service(at!("/contacts/{contact}/planned": get planned::list, post planned::plan))
            .service(at!("/contacts/{contact}/planned/{plan}": delete planned::withdraw))
            .service(at!("/adoptions/{adoption}/versions": get versions::of_adoption))
            .service(at!("/services/{service}/versions": get versions::of_service))
            .service(at!("/lands/{land}/versions": get versions::of_land))
            .service(at!("/channels": get channels::list, post channels::create))
            .service(at!("/channels/{channel}": get channels::read, put channels::change, delete channels::end))
            .service(at!("/closing-days": get closing_days::list, post closing_days::create))
            .service(at!("/closing-days/{day}": get closing_days::read, delete closing_days::end))
            .service(at!("/notices": get notices::list, post notices::create))
            .service(at!("/notices/{notice}": get notices::read, put notices::change, delete notices::end))
            .service(at!("/exports/help": get exports::help))
            .service(at!("/imports/contacts": post imports::contacts))
            .service(at!("/imports/channels": post imports::channels))
            .service(at!("/imports/municipalities": post imports::municipalities))
            .service(at!("/imports/municipality-changes": post imports::municipality_changes))
            .service(at!("/imports/templates/{template}": get imports::template))
            .service(at!("/deadline": get deadlines::of_question))
            .service(at!("/route": get route::route))
            .service(at!("/gaps": get gaps::gaps))
            .service(at!("/gaps.csv": get gaps::csv))
            .service(at!("/me": get me::me))
            .service(at!("/me/sessions": get me::sessions))
            .service(at!("/me/sessions/{session}": delete me::end_session))
            .service(at!("/tokens": get tokens::list, post tokens::create))
            .service(at!("/tokens/{token}": delete tokens::revoke))
            .service(at!("/users": get users::list, post users::invite))
            .service(at!("/users/{user}": get users::read, patch users::change))
            .service(at!("/users/{user}/disable": post users::disable))
            .service(at!("/users/{user}/enable": post users::enable))
            .service(at!("/users/{user}/reset": post users::reset))
            .service(at!("/users/{user}/end_sessions": post users::end_sessions))
            .service(at!("/audit": get audit::list))
            .service(at!("/audit/export": get audit::export)),
    )
    // Outside the API.
    .service(at!("/": get start::start, head start::start))
    .service(at!("/hilfe": get find::services, head find::services))
    .service(at!("/hilfe/{service}": get find::places, head find::places))
    .service(at!("/hilfe/{service}/{place}": get page::page, head page::page))
    .service(at!("/einbinden": get snippets::snippets, head snippets::snippets))
    .service(at!("/embed/wer-kann-mir-helfen.js": get embed::script, head embed::script, options help::preflight))
    .service(at!("/anmelden": get login::view, head login::view, post login::log_in))
    .service(at!("/anmelden/code": get login::code, post login::second_factor))
    .service(at!("/abmelden": post login::log_out))
    .service(at!("/passwort-vergessen": get link::forgot, post link::request))
    .service(at!("/zuruecksetzen/{secret}": get link::view, post link::accept))
    .service(at!("/einladung/{secret}": get link::view, post link::accept))
    .service(at!("/konto": get account::view))
    .service(at!("/konto/passwort": post password::change))
    .service(at!("/konto/zweiter-faktor": post second_factor::begin))
    .service(at!("/konto/zweiter-faktor/bestaetigen": post second_factor::confirm))
    .service(at!("/konto/zweiter-faktor/codes": post second_factor::renew_codes))
    .service(at!("/konto/zweiter-faktor/entfernen": post second_factor::remove))
    .service(at!("/konto/anmeldungen/andere-beenden": post sessions::end_others))
    .service(at!("/konto/anmeldungen/{session}/beenden": post sessions::end))
    .service(at!("/konto/token": get account::tokens::form, post account::tokens::create))
    .service(at!("/konto/token/{token}/widerrufen": post account::tokens::revoke))
    .service(at!("/anfragen/neu": get intake::view, post intake::submit))
    .service(at!("/anfragen/neu/orte": get intake::places))
    .service(at!("/anfragen/neu/dienste": get intake::services))
    .service(at!("/anfragen/neu/hilfe": get intake::aid))
    .service(at!("/anfragen/neu/{ticket}": get intake::done))
    .service(at!("/anfragen/auskunft": get intake::look_up))
    .service(at!("/anfragen/auskunft/{ticket}": post intake::add_note))
    .service(at!("/anfragen": get intake::look_up))
    .service(at!("/anfragen/{ticket}": get intake::lead))
    .service(at!("/eingang": get inbox::list))
    .service(at!("/eingang/{mail}": get inbox::view))
    .service(at!("/eingang/{mail}/entscheiden": post inbox::decide))
    .service(at!("/anschluesse": get adoption_pages::list))
    .service(at!("/anschluesse/{adoption}": get adoption::view))
    .service(at!("/anschluesse/{adoption}/stand": post adoption::set_state))
    .service(at!("/anschluesse/{adoption}/projekt": post adoption::set_project))
    .service(at!("/anschluesse/{adoption}/punkte/{item}": get point::view, post point::change))
    .service(at!("/anschluesse/{adoption}/punkte/{item}/wer": post holders::change))
    .service(at!("/anschluesse/{adoption}/aufgaben": get matrix::view, post matrix::change))
    .service(at!("/fristen": get deadline_pages::view))
    .service(at!("/fristen/notfall": post deadline_pages::press))
    .service(at!("/zahlen": get figure_pages::view))
    .service(at!("/protokoll": get audit_log::view))
    .service(at!("/personen": get people::list))
    .service(at!("/personen/einladen": get invite::form, post invite::invite))
    .service(at!("/personen/{user}": get person::view))
    .service(at!("/personen/{user}/rollen": post person::set_grants))
    .service(at!("/personen/{user}/{action}": post person::act))
    .service(at!("/api/openapi.json": get openapi::document))
    .service(at!("/api/docs": get openapi::to_docs))
    .service(at!("/api/docs/{file:.*}": get openapi::docs))
    .service(at!("/eskalation/{secret}": get escalation::view, head escalation::view))
    .service(
        at!("/eskalation/{secret}/{action}": get escalation::action, head escalation::action, post escalation::act),
    )
    .service(at!("/bestaetigung/{secret}": get confirmation::view, head confirmation::view))
    .service(at!(
        "/bestaetigung/{secret}/{action}": get confirmation::action, head confirmation::action, post confirmation::act
    ))
    .service(at!("/assets/{hash}/{file:.+}": get assets::asset, head assets::asset))
    .service(at!("/healthz": get health::healthz))
    .service(at!("/readyz": get health::readyz))
    .service(at!("/metrics": get metrics::metrics));
    if state.provider.is_some() {
        app.service(at!("/anmelden/dienst": get provider::begin))
            .service(at!("/anmelden/dienst/zurueck": get provider::back))
            .service(at!("/anmelden/dienst/abmeldung": post provider::log_out));
    }
    if state.development.is_some() {
        app.service(at!("/entwicklung/mail": get mail::mails))
            .service(at!("/entwicklung/mail/{file}": get mail::mail))
            .service(at!("/entwicklung/webhooks": get development::webhooks))
            .service(at!("/entwicklung/webhook-empfang": post development::receive));
    }
}

/// The pattern of the route that served a request, for figures and log.
pub(super) fn pattern(request: &HttpRequest) -> Cow<'static, str> {
    // The pattern is looked up by walking all routes again; the busiest one is told by its path, which has no parameter.
    if request.path() == HELP {
        return Cow::Borrowed(HELP);
    }
    request.match_pattern().map_or(Cow::Borrowed("unmatched"), Cow::Owned)
}

/// True for public help, as JSON and as a page.
pub(super) fn is_help(path: &str) -> bool {
    path == HELP || path == "/hilfe" || path.starts_with("/hilfe/")
}

/// True for what anybody reads without a token, often.
pub(super) fn is_quiet(route: &str) -> bool {
    route == HELP
        || ["/hilfe", "/embed/", "/assets/"].iter().any(|place| route.starts_with(place))
        || matches!(route, "/healthz" | "/readyz" | "/metrics")
}
