//! The reference of the API, made from the handlers, and a page to try it.
//!
//! Invariant: every route of `/api/v1` and of operation stands in the document and nothing else does (a test holds
//! both against each other). The page fetches nothing from elsewhere; it alone may style itself inline.

use std::sync::{Arc, LazyLock};

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::web::Path;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, RefOr, Required, Response, Schema};
use utoipa::{Modify, OpenApi};

use super::error::ApiError;
use super::{api, health, metrics, public};
use crate::error::AppError;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(title = "Lotse", description = "Support requests about re-used online services, from 1st level to 2nd level \
        and back. Errors are problems of RFC 9457; lists go on with `next_cursor`; changes name the version they were made against."),
    modifiers(&Bearer, &Problems, &Names, &Parts, &Bodies),
    security(("token" = [])),
    components(schemas(super::error::Problem)),
    tags((name = "tickets", description = "Requests and what becomes of them"),
        (name = "escalations", description = "Questions to the 2nd level"),
        (name = "deliveries", description = "What was sent, and what could not be"),
        (name = "inbound", description = "Mail that came in"),
        (name = "directory", description = "Who answers for what, where"),
        (name = "access", description = "People, their log-ins and tokens"),
        (name = "audit", description = "Who did what"),
        (name = "public", description = "Without a token"),
        (name = "operation", description = "For those who run Lotse")),
    paths(
        public::help::help,
        api::tickets::submit,
        api::tickets::list,
        api::worklist::counts,
        api::worklist::bulk,
        api::tickets::show,
        api::tickets::history,
        api::tickets::reporter,
        api::tickets::claim,
        api::tickets::release,
        api::tickets::note,
        api::tickets::wait,
        api::tickets::resume,
        api::tickets::interim,
        api::tickets::priority,
        api::tickets::emergency,
        api::tickets::category,
        api::tickets::answer,
        api::tickets::reject,
        api::tickets::close,
        api::tickets::reopen,
        api::tickets::merge,
        api::tickets::letter,
        api::text_modules::for_ticket,
        api::text_modules::list,
        api::text_modules::create,
        api::text_modules::read,
        api::text_modules::change,
        api::text_modules::end,
        api::attachments::list,
        api::attachments::read,
        api::attachments::add,
        api::unconfirmed::list,
        api::unconfirmed::take,
        api::unconfirmed::discard,
        api::personal_data::export,
        api::personal_data::file,
        api::personal_data::erase,
        api::escalations::escalate,
        api::escalations::of_ticket,
        api::escalations::preview,
        api::escalations::mine,
        api::escalations::show,
        api::escalations::deliveries,
        api::escalations::acknowledge,
        api::escalations::answer,
        api::escalations::give_back,
        api::escalations::ask,
        api::callbacks::receive,
        api::conversation::show,
        api::conversation::reply,
        api::conversation::comment,
        api::conversation::hand_on,
        api::conversation::forward,
        api::conversation::confirm,
        api::conversation::decline,
        api::escalations::next,
        api::escalations::withdraw,
        api::escalations::other_way,
        api::escalations::exhausted,
        api::escalations::replay,
        api::escalations::retry,
        api::inbound::list,
        api::inbound::show,
        api::inbound::decide,
        api::inbound::raw,
        api::inbound::attachment,
        api::directory::lands::list,
        api::directory::lands::read,
        api::directory::lands::change,
        api::directory::agreements::list,
        api::directory::agreements::put,
        api::directory::agreements::end,
        api::directory::municipalities::list,
        api::directory::municipalities::read,
        api::directory::municipalities::change,
        api::directory::services::list,
        api::directory::services::create,
        api::directory::services::read,
        api::directory::services::change,
        api::directory::services::end,
        api::directory::adoptions::list,
        api::directory::adoptions::create,
        api::directory::adoptions::read,
        api::directory::adoptions::change,
        api::directory::adoptions::end,
        api::directory::rollout::checklist,
        api::directory::rollout::checklists,
        api::directory::rollout::change_project,
        api::directory::rollout::change_item,
        api::directory::rollout::matrix,
        api::directory::rollout::set_matrix,
        api::directory::transfers::list,
        api::directory::transfers::note,
        api::directory::contacts::list,
        api::directory::contacts::create,
        api::directory::contacts::read,
        api::directory::contacts::change,
        api::directory::contacts::end,
        api::directory::contacts::duties,
        api::directory::contacts::history,
        api::directory::callbacks::read,
        api::directory::callbacks::change,
        api::directory::callbacks::end,
        api::directory::callbacks::renew,
        api::directory::callbacks::preview,
        api::directory::contacts::confirmation,
        api::directory::contacts::ask,
        api::directory::versions::of_contact,
        api::directory::versions::of_adoption,
        api::directory::versions::of_service,
        api::directory::versions::of_land,
        api::directory::planned::list,
        api::directory::planned::plan,
        api::directory::planned::withdraw,
        api::directory::channels::list,
        api::directory::channels::create,
        api::directory::channels::read,
        api::directory::channels::change,
        api::directory::channels::end,
        api::deadlines::explained,
        api::deadlines::of_question,
        api::directory::closing_days::list,
        api::directory::closing_days::create,
        api::directory::closing_days::read,
        api::directory::closing_days::end,
        api::directory::notices::list,
        api::directory::notices::create,
        api::directory::notices::read,
        api::directory::notices::change,
        api::directory::notices::end,
        api::directory::exports::help,
        api::directory::imports::contacts,
        api::directory::imports::channels,
        api::directory::imports::municipalities,
        api::directory::imports::municipality_changes,
        api::directory::imports::postal_codes,
        api::directory::imports::template,
        api::directory::route::route,
        api::directory::route::stages,
        api::directory::gaps::gaps,
        api::directory::gaps::csv,
        api::figures::show,
        api::audit::list,
        api::audit::export,
        api::me::me,
        api::me::sessions,
        api::me::end_session,
        api::tokens::list,
        api::tokens::create,
        api::tokens::revoke,
        api::users::list,
        api::users::invite,
        api::users::read,
        api::users::change,
        api::users::disable,
        api::users::enable,
        api::users::reset,
        api::users::end_sessions,
        api::operations::overview,
        api::operations::deliveries,
        api::operations::resend,
        api::operations::endpoints,
        api::operations::enable,
        api::operations::licences,
        health::healthz,
        health::readyz,
        metrics::metrics,
    )
)]
struct Document;

/// Says how to show a token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// Gives problems their media type, and says of every operation that it can end in one.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in all.into_iter().flatten() {
                let responses = &mut operation.responses.responses;
                let problem = Response::builder()
                    .description("a problem of RFC 9457")
                    .content(PROBLEM, Content::new(Some(utoipa::openapi::Ref::from_schema_name("Problem"))))
                    .build();
                responses.entry("default".to_owned()).or_insert_with(|| RefOr::T(problem));
                for (status, response) in responses.iter_mut() {
                    let is_fault = status.starts_with('4');
                    if let RefOr::T(response) = response
                        && is_fault
                        && let Some(content) = response.content.shift_remove("application/json")
                    {
                        response.content.insert(PROBLEM.to_owned(), content);
                    }
                }
            }
        }
    }
}

/// Names every operation after its place as well: `tickets_show`. Handlers of different places share their names,
/// but clients and the page to try it tell operations apart by name alone.
struct Names;

impl Modify for Names {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let place = path.trim_start_matches("/api/v1").split('/').nth(1).unwrap_or_default().replace('.', "_");
            let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for name in all.into_iter().flatten().filter_map(|operation| operation.operation_id.as_mut()) {
                if *name != place {
                    *name = format!("{place}_{name}");
                }
            }
        }
    }
}

/// Lets what is a part of something larger have neighbours: a part that refuses all fields but its own would make the
/// whole impossible.
struct Parts;

impl Modify for Parts {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let Some(components) = &mut document.components else { return };
        let mut parts = Vec::new();
        for schema in components.schemas.values() {
            let RefOr::T(Schema::AllOf(whole)) = schema else { continue };
            parts.extend(whole.items.iter().filter_map(|part| match part {
                RefOr::Ref(part) => part.ref_location.rsplit('/').next().map(str::to_owned),
                RefOr::T(_) => None,
            }));
        }
        for part in parts {
            if let Some(RefOr::T(Schema::Object(part))) = components.schemas.get_mut(&part) {
                part.additional_properties = None;
            }
        }
    }
}

/// Says that a body in which nothing is said may be left out.
struct Bodies;

impl Modify for Bodies {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let operations = document.paths.paths.values_mut().filter_map(|item| item.post.as_mut());
        for body in operations.filter_map(|operation| operation.request_body.as_mut()) {
            let is_nothing = |content: &RefOr<Content>| {
                let RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) = content else { return false };
                schema.ref_location.ends_with("/Nothing")
            };
            if let RefOr::T(body) = body
                && body.content.values().any(is_nothing)
            {
                body.required = Some(Required::False);
            }
        }
    }
}

const PROBLEM: &str = "application/problem+json";

static TEXT: LazyLock<Result<String, String>> =
    LazyLock::new(|| Document::openapi().to_json().map_err(|fault| fault.to_string()));

/// The document.
pub async fn document() -> Result<HttpResponse, ApiError> {
    let text = TEXT.as_ref().map_err(AppError::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(text.as_str()))
}

/// The way to the page, for those who forget the slash.
pub async fn to_docs() -> HttpResponse {
    HttpResponse::MovedPermanently().insert_header((LOCATION, "/api/docs/")).finish()
}

/// The page to try it, and its files.
pub async fn docs(file: Path<String>) -> Result<HttpResponse, ApiError> {
    static CONFIG: LazyLock<Arc<utoipa_swagger_ui::Config<'static>>> =
        LazyLock::new(|| Arc::new(utoipa_swagger_ui::Config::from("/api/openapi.json")));
    let found = utoipa_swagger_ui::serve(&file, CONFIG.clone()).map_err(AppError::internal)?;
    let found = found.ok_or(AppError::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type(found.content_type)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(found.bytes.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Routes that are pages, files and the document itself.
    const NOT_IN_THE_DOCUMENT: &[&str] = &[
        "/assets/",
        "/eskalation/",
        "/bestaetigung/",
        "/entwicklung/",
        "/api/docs",
        "/api/openapi.json",
        "/anmelden",
        "/abmelden",
        "/passwort-vergessen",
        "/zuruecksetzen/",
        "/einladung/",
        "/konto",
        "/personen",
        "/protokoll",
        "/anfrage",
        "/anfragen",
        "/anschluesse",
        "/barrierefreiheit",
        "/betrieb",
        "/datenschutz",
        "/impressum",
        "/eingang",
        "/eskalationen",
        "/fristen",
        "/hilfe",
        "/importe",
        "/kanaele",
        "/kontakte",
        "/luecken",
        "/schliesstage",
        "/stoerungen",
        "/textbausteine",
        "/unbestaetigt",
        "/vereinbarungen",
        "/verzeichnis",
        "/wer",
        "/zahlen",
        "/einbinden",
        "/embed/",
        "/zustaendigkeiten",
    ];

    /// `METHOD path` of every route in the table.
    fn routed() -> BTreeSet<String> {
        let table = include_str!("routes.rs");
        let mut found = BTreeSet::new();
        for entry in table.split("at!(").skip(1) {
            let Some((path, rest)) = entry.trim_start().trim_start_matches('"').split_once('"') else { continue };
            let prefix =
                if table.split(entry).next().unwrap().contains("// Outside the API.") { "" } else { "/api/v1" };
            let path = format!("{prefix}{path}");
            if path == "/" || NOT_IN_THE_DOCUMENT.iter().any(|other| path.starts_with(other)) {
                continue;
            }
            let handlers = rest.split(')').next().unwrap().trim_start_matches(':');
            for handler in handlers.split(',').filter_map(|one| one.split_whitespace().next()) {
                if !matches!(handler, "head" | "options") {
                    found.insert(format!("{handler} {path}"));
                }
            }
        }
        found
    }

    #[test]
    fn every_route_stands_in_the_document_and_nothing_else() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let documented: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| format!("{method} {path}")))
            .collect();
        let routed = routed();
        assert!(routed.len() > 50, "{routed:?}");
        let missing: Vec<_> = routed.difference(&documented).collect();
        let surplus: Vec<_> = documented.difference(&routed).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:?}, surplus {surplus:?}");
    }

    /// Everything that is referred to stands there, and words are those that go over the wire.
    #[test]
    fn what_the_document_refers_to_is_there() {
        let text = Document::openapi().to_json().unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let schemas = &document["components"]["schemas"];
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(schemas[name].is_object(), "{name} is referred to and missing");
        }
        let status = crate::tickets::TicketStatus::ALL;
        assert_eq!(schemas["TicketStatus"]["enum"], serde_json::json!(status));
        // Different types of one name would stand for each other.
        assert!(schemas["Purpose"]["properties"]["purpose"].is_object(), "{}", schemas["Purpose"]);
        // A scope is part of a grant, which has a role as well.
        assert!(schemas["Scope"]["additionalProperties"].is_null(), "{}", schemas["Scope"]);
    }

    /// What may be left out, and what is handed out beside JSON, is said.
    #[test]
    fn bodies_are_as_they_are() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        let required = |action: &str| {
            document["paths"][format!("/api/v1/tickets/{{ticket}}/{action}")]["post"]["requestBody"]["required"].clone()
        };
        assert_eq!((required("claim"), required("answer")), (false.into(), true.into()));
        let figures = &document["paths"]["/api/v1/figures"]["get"]["responses"]["200"]["content"];
        assert!(figures["text/csv"].is_object() && figures["application/json"].is_object(), "{figures}");
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        let operations = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap());
        let mut names = BTreeSet::new();
        for (_, operation) in operations {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name} twice");
        }
        assert!(names.contains("tickets_show") && names.contains("help"), "{names:?}");
    }

    #[test]
    fn only_what_is_public_needs_no_token() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        let open: Vec<_> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, item)| item["get"]["security"] == serde_json::json!([{}]))
            .map(|(path, _)| path.as_str())
            .collect();
        assert_eq!(open, ["/api/v1/help", "/healthz", "/readyz"]);
        assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    }
}
