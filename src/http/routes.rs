//! Every URL, and nothing else.

use actix_web::HttpRequest;
use actix_web::web::{ServiceConfig, resource, scope, to};
use std::borrow::Cow;

use super::api::directory::{
    adoptions, agreements, callbacks as contact_callbacks, channels, closing_days, contacts, exports, gaps, imports,
    lands, municipalities, notices, planned, rollout, route, services, transfers, versions,
};
use super::api::{
    attachments, audit, callbacks, conversation, deadlines, escalations, figures, inbound, me, operations,
    personal_data, text_modules, tickets, tokens, unconfirmed, users, worklist as worklists,
};
use super::error::wrong_method;
use super::pages::account::{self, password, second_factor, sessions, settings};
use super::pages::adoptions::{
    self as adoption_pages, adoption, holders, matrix, point, project, public as adoption_public,
};
use super::pages::directory::{
    self as office, channel_form, contact_acts, contact_form, duty, new_adoption, shared_duty, system,
};
use super::pages::people::{self, invite, person};
use super::pages::{
    audit as audit_log, confirmation, deadlines as deadline_pages, desk, escalation, figures as figure_pages,
    inbound as inbox, intake, link, login, mail, operations as operations_page, provider, start,
    text_modules as text_module_pages, ticket, unconfirmed as unconfirmed_pages, worklist,
};
use super::public::{embed, feedback, find, form, help, legal, page, request as own_request, snippets};
use super::{State, assets, development, health, metrics, openapi};

/// The public help, busier than all others together.
pub const HELP: &str = "/api/v1/help";
/// Where contacts' own systems speak.
pub const CALLBACKS: &str = "/api/v1/callbacks/";
/// Where the list of work tells what happens.
pub const STREAM: &str = "/anfragen/strom";
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
            .service(at!("/tickets/counts": get worklists::counts))
            .service(at!("/tickets/bulk": post worklists::bulk))
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
            .service(at!("/tickets/{ticket}/letter": post tickets::letter))
            .service(at!("/tickets/{ticket}/texts": get text_modules::for_ticket))
            .service(at!("/tickets/{ticket}/attachments": get attachments::list, post attachments::add))
            .service(at!("/tickets/{ticket}/attachments/{number}": get attachments::read))
            .service(at!("/tickets/{ticket}/export": get personal_data::export))
            .service(at!("/tickets/{ticket}/file": get personal_data::file))
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
            .service(at!("/escalations/{escalation}/other_way": post escalations::other_way))
            .service(at!("/callbacks/{contact}": post callbacks::receive))
            .service(at!("/deliveries/exhausted": get escalations::exhausted))
            .service(at!("/deliveries/{delivery}/replay": post escalations::replay))
            .service(at!("/deliveries/{delivery}/retry": post escalations::retry))
            .service(at!("/text-modules": get text_modules::list, post text_modules::create))
            .service(at!("/text-modules/{module}": get text_modules::read, put text_modules::change, delete text_modules::end))
            .service(at!("/unconfirmed": get unconfirmed::list))
            .service(at!("/unconfirmed/{number}/take": post unconfirmed::take))
            .service(at!("/unconfirmed/{number}/discard": post unconfirmed::discard))
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
            .service(at!("/checklists": get rollout::checklists))
            .service(at!("/contacts": get contacts::list, post contacts::create))
            .service(at!("/contacts/{contact}": get contacts::read, patch contacts::change, delete contacts::end))
            .service(at!("/contacts/{contact}/history": get contacts::history))
            .service(
                at!("/contacts/{contact}/callbacks": get contact_callbacks::read, put contact_callbacks::change, delete contact_callbacks::end),
            )
            .service(at!("/contacts/{contact}/callbacks/secret": post contact_callbacks::renew))
            .service(at!("/contacts/{contact}/webhook/preview": post contact_callbacks::preview))
            .service(at!("/contacts/{contact}/confirmation": get contacts::confirmation, post contacts::ask))
            .service(at!("/contacts/{contact}/duties": get contacts::duties))
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
            .service(at!("/imports/postal-codes": post imports::postal_codes))
            .service(at!("/imports/templates/{template}": get imports::template))
            .service(at!("/deadline": get deadlines::of_question))
            .service(at!("/route": get route::route))
            .service(at!("/route/stages": get route::stages))
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
            .service(at!("/operations": get operations::overview))
            .service(at!("/operations/deliveries": get operations::deliveries))
            .service(at!("/operations/deliveries/resend": post operations::resend))
            .service(at!("/operations/endpoints": get operations::endpoints))
            .service(at!("/operations/endpoints/{endpoint}/enable": post operations::enable))
            .service(at!("/operations/licences": get operations::licences))
            .service(at!("/audit": get audit::list))
            .service(at!("/audit/export": get audit::export)),
    )
    // Outside the API.
    .service(at!("/": get start::start, head start::start))
    .service(at!("/hilfe": get find::services, head find::services))
    .service(at!("/hilfe/{service}": get find::places, head find::places))
    .service(at!("/hilfe/{service}/{place}": get page::page, head page::page))
    .service(at!("/hilfe/{service}/{place}/anfrage": get form::view, head form::view, post form::submit))
    .service(at!("/anfrage/link": get own_request::lost, head own_request::lost, post own_request::resend))
    .service(at!("/anfrage/{number}": get own_request::view, head own_request::view))
    .service(at!("/anfrage/{number}/bestaetigen": get own_request::ask, head own_request::ask, post own_request::confirm))
    .service(at!("/anfrage/{number}/schreiben": post own_request::say))
    .service(at!("/anfrage/{number}/zurueckziehen": post own_request::withdraw))
    .service(at!("/anfrage/{number}/dateien/{file}": get own_request::file, head own_request::file))
    .service(at!("/einbinden": get snippets::snippets, head snippets::snippets))
    .service(at!("/embed/wer-kann-mir-helfen.js": get embed::script, head embed::script, options help::preflight))
    .service(at!("/barrierefreiheit": get legal::accessibility, head legal::accessibility))
    .service(at!("/barrierefreiheit/melden": get feedback::view, head feedback::view, post feedback::submit))
    .service(at!("/impressum": get legal::imprint, head legal::imprint))
    .service(at!("/datenschutz": get legal::privacy, head legal::privacy))
    .service(at!("/betrieb": get operations_page::view))
    .service(at!("/betrieb/zustellungen": post operations_page::resend))
    .service(at!("/betrieb/adressen/{endpoint}/einschalten": post operations_page::enable))
    .service(at!("/betrieb/lizenzen": get operations_page::licences))
    .service(at!("/anmelden": get login::view, head login::view, post login::log_in))
    .service(at!("/anmelden/code": get login::code, post login::second_factor))
    .service(at!("/abmelden": post login::log_out))
    .service(at!("/passwort-vergessen": get link::forgot, post link::request))
    .service(at!("/zuruecksetzen/{secret}": get link::view, post link::accept))
    .service(at!("/einladung/{secret}": get link::view, post link::accept))
    .service(at!("/konto": get account::view))
    .service(at!("/konto/einstellungen": post settings::change))
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
    .service(at!("/anfragen": get worklist::view))
    .service(at!("/anfragen/strom": get worklist::stream))
    .service(at!("/anfragen/sammeln": get worklist::preview, post worklist::act))
    .service(at!("/anfragen/{ticket}": get ticket::view))
    .service(at!("/anfragen/{ticket}/druck": get ticket::print))
    .service(at!("/anfragen/{ticket}/akte": post ticket::export))
    .service(at!("/anfragen/{ticket}/{action}": post ticket::act))
    .service(at!("/anfragen/{ticket}/eskalationen/{escalation}/{action}": post ticket::act_on_escalation))
    .service(at!("/anfragen/{ticket}/nachrichten/{delivery}": post ticket::retry))
    .service(at!("/textbausteine": get text_module_pages::list, post text_module_pages::create))
    .service(at!("/textbausteine/{module}": get text_module_pages::view, post text_module_pages::change))
    .service(at!("/textbausteine/{module}/loeschen": post text_module_pages::end))
    .service(at!("/eskalationen": get desk::list))
    .service(at!("/eskalationen/{escalation}": get desk::view))
    .service(at!("/eskalationen/{escalation}/{action}": get desk::action, post desk::act))
    .service(at!("/unbestaetigt": get unconfirmed_pages::list))
    .service(at!("/unbestaetigt/{number}/aufnehmen": post unconfirmed_pages::take))
    .service(at!("/unbestaetigt/{number}/verwerfen": post unconfirmed_pages::discard))
    .service(at!("/eingang": get inbox::list))
    .service(at!("/eingang/{mail}": get inbox::view))
    .service(at!("/eingang/{mail}/entscheiden": post inbox::decide))
    .service(at!("/anschluesse": get adoption_pages::list))
    .service(at!("/anschluesse/neu": get new_adoption::view, post new_adoption::create))
    .service(at!("/anschluesse/{adoption}": get adoption::view))
    .service(at!("/anschluesse/{adoption}/stand": post adoption::set_state))
    .service(at!("/anschluesse/{adoption}/projekt": post project::change))
    .service(at!("/anschluesse/{adoption}/punkte/{item}": get point::view, post point::change))
    .service(at!("/anschluesse/{adoption}/punkte/{item}/wer": post holders::change))
    .service(at!("/anschluesse/{adoption}/aufgaben": get matrix::view, post matrix::change))
    .service(at!("/anschluesse/{adoption}/zustaendig/{duty}": get duty::view, post duty::change))
    .service(at!("/anschluesse/{adoption}/uebertragen": post adoption_public::transfer))
    .service(at!("/verzeichnis": get office::hub))
    .service(at!("/kontakte": get office::contacts::list))
    .service(at!("/kontakte/neu": get contact_form::new, post contact_form::create))
    .service(at!("/kontakte/{contact}": get office::contact::view))
    .service(at!("/kontakte/{contact}/bearbeiten": get contact_form::edit, post contact_form::change))
    .service(at!("/kontakte/{contact}/bestaetigung": post contact_acts::ask))
    .service(at!("/kontakte/{contact}/abwesenheit": post contact_acts::absence))
    .service(at!("/kontakte/{contact}/plaene": post contact_acts::plan))
    .service(at!("/kontakte/{contact}/plaene/{plan}/zurueck": post contact_acts::withdraw))
    .service(at!("/kontakte/{contact}/beenden": post contact_acts::end))
    .service(at!("/kontakte/{contact}/system": get system::view, post system::change))
    .service(at!("/kontakte/{contact}/system/geheimnis": post system::renew))
    .service(at!("/kanaele": get office::channels::list))
    .service(at!("/kanaele/neu": get channel_form::new, post channel_form::create))
    .service(at!("/kanaele/zeiten": get channel_form::explain))
    .service(at!("/kanaele/{channel}": get channel_form::edit, post channel_form::change))
    .service(at!("/stoerungen": get office::notices::list))
    .service(at!("/stoerungen/neu": get office::notices::new, post office::notices::create))
    .service(at!("/stoerungen/{notice}": get office::notices::edit, post office::notices::change))
    .service(at!("/schliesstage": get office::closing_days::list, post office::closing_days::create))
    .service(at!("/schliesstage/{day}/zurueck": post office::closing_days::end))
    .service(at!("/zustaendigkeiten": get shared_duty::list))
    .service(at!("/zustaendigkeiten/dienste/{service}/{duty}": get shared_duty::service, post shared_duty::change_service))
    .service(at!("/zustaendigkeiten/laender/{land}": get shared_duty::land, post shared_duty::change_land))
    .service(at!("/vereinbarungen": get office::agreements::list))
    .service(at!("/vereinbarungen/eintragen": get office::agreements::lead))
    .service(at!("/vereinbarungen/{land}/{using}": get office::agreements::edit, post office::agreements::change))
    .service(at!("/luecken": get office::gaps::list))
    .service(at!("/wer": get office::who::view))
    .service(at!("/importe": get office::imports::list))
    .service(at!("/importe/{sort}": get office::imports::view, post office::imports::take))
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
