//! Logging in and out: password, then the code where one is owed.
//!
//! Invariant: what was wrong (the name, the password, the account) is never told apart; a password is never sent
//! back. After the log-in only an address of this service is gone to.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use super::field::Field;
use super::shell::{Shell, show};
use crate::access::users::Entered;
use crate::access::{Session, Stage};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::parse_query;
use crate::http::cookies::{expired, session_cookie};
use crate::http::redirect::local_path;
use crate::http::routes::BEGIN_LOGIN;
use crate::http::visitor::{Form, PageError, Visitor, see_other};

/// What a page handler answers.
pub type PageResult = Result<HttpResponse, PageError>;

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Onward {
    weiter: String,
}

/// What was typed to log in.
#[derive(Debug, Deserialize)]
pub struct LogIn {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: SecretString,
    #[serde(default)]
    weiter: String,
}

/// What was typed as second factor.
#[derive(Debug, Deserialize)]
pub struct Code {
    #[serde(default)]
    code: SecretString,
    #[serde(default)]
    weiter: String,
}

/// Nothing but the token against foreign forms.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

#[derive(Template)]
#[template(path = "login.html")]
struct LogInPage {
    shell: Shell,
    login: Field,
    password: Field,
    onward: String,
    provider: Option<Button>,
}

struct Button {
    href: String,
    label: String,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    shell: Shell,
    code: Field,
    onward: String,
}

#[derive(Template)]
#[template(path = "logged_out.html")]
struct LoggedOut {
    shell: Shell,
    provider_url: Option<String>,
}

/// The form to log in.
pub async fn view(state: Data<State>, request: HttpRequest, visitor: Visitor) -> PageResult {
    let Onward { weiter } = parse_query(request.query_string())?;
    let onward = local_path(&weiter);
    match visitor.session.as_ref().map(|session| session.stage) {
        Some(Stage::Open) => Ok(see_other(onward)),
        Some(Stage::SecondFactor) => Ok(see_other(&code_path(onward))),
        None => {
            let shell = Shell::new(&state, &request, &visitor);
            Ok(form(StatusCode::OK, &state, shell, "", onward))
        }
    }
}

fn form(status: StatusCode, state: &State, shell: Shell, login: &str, onward: &str) -> HttpResponse {
    let name = Field::text(&shell, "login", &shell.say("login-name"), login).completed("username");
    let name = if login.is_empty() { name.first(&shell) } else { name };
    let password = Field::password(&shell, "password", &shell.say("login-password"), "current-password");
    let provider = state.provider.as_ref().map(|provider| Button {
        href: with_onward(BEGIN_LOGIN, "return_to", onward),
        label: provider.label().to_owned(),
    });
    let shown = LogInPage { login: name, password, onward: onward.to_owned(), provider, shell };
    show(status, &shown.shell, &shown)
}

/// Logs in.
pub async fn log_in(
    state: Data<State>,
    request: HttpRequest,
    Form { visitor, body: typed }: Form<LogIn>,
) -> PageResult {
    let onward = local_path(&typed.weiter).to_owned();
    match state.accounts.log_in(&typed.login, &typed.password, &visitor.origin).await {
        Ok(entered) => Ok(go_on(&state, &entered, &onward)),
        Err(fault) => {
            let mut shell = Shell::new(&state, &request, &visitor);
            let (status, after) = refused(&mut shell, fault, "password", "fault-login")?;
            Ok(retry(form(status, &state, shell, &typed.login, &onward), after))
        }
    }
}

/// The form for the code.
pub async fn code(state: Data<State>, request: HttpRequest, visitor: Visitor) -> PageResult {
    let Onward { weiter } = parse_query(request.query_string())?;
    let onward = local_path(&weiter);
    match visitor.session.as_ref().map(|session| session.stage) {
        Some(Stage::SecondFactor) => Ok(code_form(StatusCode::OK, Shell::new(&state, &request, &visitor), onward)),
        Some(Stage::Open) => Ok(see_other(onward)),
        None => Ok(see_other("/anmelden")),
    }
}

fn code_form(status: StatusCode, shell: Shell, onward: &str) -> HttpResponse {
    let code = Field::code(&shell, "code", &shell.say("code-field")).hint(shell.say("code-hint")).first(&shell);
    let shown = CodePage { code, onward: onward.to_owned(), shell };
    show(status, &shown.shell, &shown)
}

/// Opens the session with a code.
pub async fn second_factor(
    state: Data<State>,
    request: HttpRequest,
    Form { visitor, body: typed }: Form<Code>,
) -> PageResult {
    use secrecy::ExposeSecret;
    let onward = local_path(&typed.weiter).to_owned();
    let Some(secret) = visitor.secret() else { return Ok(see_other("/anmelden")) };
    match visitor.accounts(&state).second_factor(secret, typed.code.expose_secret(), &visitor.origin).await {
        Ok(entered) => Ok(go_on(&state, &entered, &onward)),
        Err(fault) => {
            let mut shell = Shell::new(&state, &request, &visitor);
            let (status, after) = refused(&mut shell, fault, "code", "fault-code")?;
            Ok(retry(code_form(status, shell, &onward), after))
        }
    }
}

/// Ends the session, and the provider's too where it began there.
pub async fn log_out(state: Data<State>, request: HttpRequest, Form { visitor, .. }: Form<Nothing>) -> PageResult {
    let provider_url = provider_log_out(&state, visitor.session.as_ref()).await;
    if let Some(secret) = visitor.secret() {
        visitor.accounts(&state).log_out(secret).await?;
    }
    let shell = Shell::new(&state, &request, &visitor).at("/anmelden").without_session();
    let shown = LoggedOut { shell, provider_url };
    let mut answer = show(StatusCode::OK, &shown.shell, &shown);
    answer.add_cookie(&expired(&state)).map_err(AppError::internal)?;
    Ok(answer)
}

/// Goes on with the session's new secret: to where one wanted, or to the code that is still owed.
pub fn go_on(state: &State, entered: &Entered, onward: &str) -> HttpResponse {
    let mut answer = match entered.stage {
        Stage::Open => see_other(onward),
        Stage::SecondFactor => see_other(&code_path(onward)),
    };
    keep(&mut answer, state, entered);
    answer
}

/// Gives the browser the session's new secret.
pub fn keep(answer: &mut HttpResponse, state: &State, entered: &Entered) {
    if let Err(fault) = answer.add_cookie(&session_cookie(state, &entered.secret)) {
        tracing::error!(%fault, "a cookie could not be written");
    }
}

fn code_path(onward: &str) -> String {
    with_onward("/anmelden/code", "weiter", onward)
}

fn with_onward(path: &str, name: &str, onward: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, onward).finish();
    format!("{path}?{query}")
}

/// Where the provider's own session ends, if this one began there.
async fn provider_log_out(state: &State, session: Option<&Session>) -> Option<String> {
    let (session, provider) = (session?, state.provider.as_ref()?);
    // Without it one is logged out here all the same.
    let token = state.accounts.id_token(session).ok()??;
    provider.log_out_url(&token).await.map(String::from)
}

/// Notes why it was refused; other faults go on as they are.
pub fn refused(
    shell: &mut Shell,
    fault: AppError,
    field: &str,
    key: &str,
) -> Result<(StatusCode, Option<u64>), AppError> {
    match fault {
        AppError::Unauthorised | AppError::Invalid(_) => {
            shell.fault(field, key);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, None))
        }
        AppError::TooMany(seconds) => {
            let text = shell.with("fault-too-many", "count", seconds.div_ceil(60));
            shell.fault_text(field, text);
            Ok((StatusCode::TOO_MANY_REQUESTS, Some(seconds)))
        }
        other => Err(other),
    }
}

/// Says when to try again.
pub fn retry(mut answer: HttpResponse, after: Option<u64>) -> HttpResponse {
    if let Some(seconds) = after {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}
