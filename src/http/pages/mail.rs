//! The mails that were written to a folder instead of being sent; for development.
//!
//! Invariant: only files of that folder that look like our mails are read; only links of http and https become
//! links of the page.

use std::path::Path as File;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use chrono::DateTime;
use mail_parser::{Message, MessageParser};

use super::page;
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::escalation::message::berlin;
use crate::http::State;
use crate::http::assets::Assets;
use crate::http::development::development;
use crate::http::error::ApiError;

/// How many mails the list shows.
const MOST: usize = 200;
const SHOWN_HEADERS: [&str; 7] =
    ["From", "To", "Reply-To", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"];

#[derive(Template)]
#[template(path = "development_mail.html")]
struct DevelopmentMail {
    lang: &'static str,
    assets: Assets,
    mails: Vec<MailRow>,
    shown: Option<ShownMail>,
}

struct MailRow {
    time: String,
    to: String,
    subject: String,
    url: String,
    is_shown: bool,
}

struct ShownMail {
    subject: String,
    headers: Vec<(String, String)>,
    text: String,
    links: Vec<String>,
}

/// All mails, newest first.
pub async fn mails(state: Data<State>) -> Result<HttpResponse, ApiError> {
    show(&state, None).await
}

/// The same with one of them opened.
pub async fn mail(state: Data<State>, file: Path<String>) -> Result<HttpResponse, ApiError> {
    show(&state, Some(file.into_inner())).await
}

async fn show(state: &State, file: Option<String>) -> Result<HttpResponse, ApiError> {
    if file.as_deref().is_some_and(|file| !is_mail(file)) {
        return Err(AppError::NotFound.into());
    }
    let folder = development(state)?.mail_directory.clone();
    let reading = actix_web::web::block(move || read(&folder, file.as_deref()));
    let (mails, shown) = reading.await.map_err(AppError::internal)??;
    Ok(page(StatusCode::OK, &DevelopmentMail { lang: "de", assets: Assets::here(), mails, shown }))
}

fn is_mail(file: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    file.ends_with(".eml") && !file.starts_with('.') && file.bytes().all(plain)
}

fn read(folder: &File, opened: Option<&str>) -> Result<(Vec<MailRow>, Option<ShownMail>), AppError> {
    let mut files: Vec<String> = match std::fs::read_dir(folder) {
        Ok(all) => all.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|f| is_mail(f)).collect(),
        // The folder is made with the first mail.
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(fault) => return Err(AppError::internal(fault)),
    };
    if opened.is_some_and(|opened| !files.iter().any(|file| file == opened)) {
        return Err(AppError::NotFound);
    }
    // Names begin with the time.
    files.sort_unstable_by(|one, other| other.cmp(one));
    let (mut rows, mut shown) = (Vec::new(), None);
    for (place, file) in files.iter().enumerate() {
        let is_shown = opened == Some(file);
        if place >= MOST && !is_shown {
            continue;
        }
        let raw = std::fs::read(folder.join(file)).map_err(AppError::internal)?;
        let Some(mail) = MessageParser::default().parse(&raw) else { continue };
        rows.push(row(file, &mail, is_shown));
        if is_shown {
            shown = Some(whole(&mail));
        }
    }
    Ok((rows, shown))
}

fn row(file: &str, mail: &Message, is_shown: bool) -> MailRow {
    let time = mail.date().and_then(|date| DateTime::from_timestamp(date.to_timestamp(), 0));
    let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address.as_deref());
    MailRow {
        time: time.map_or_else(String::new, |time| berlin(Timestamp::new(time))),
        to: to.unwrap_or_default().to_owned(),
        subject: mail.subject().unwrap_or("ohne Betreff").to_owned(),
        url: format!("/entwicklung/mail/{file}"),
        is_shown,
    }
}

fn whole(mail: &Message) -> ShownMail {
    let shown = |name: &&str| Some(((*name).to_owned(), mail.header_raw(*name)?.trim().to_owned()));
    let text = mail.body_text(0).unwrap_or_default().into_owned();
    ShownMail {
        subject: mail.subject().unwrap_or("ohne Betreff").to_owned(),
        headers: SHOWN_HEADERS.iter().filter_map(shown).collect(),
        links: links(&text),
        text,
    }
}

/// The addresses of http and https in a text, each once.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        let word = word.trim_matches(['<', '>', '(', ')', ',', '.', '"']);
        let is_link = word.starts_with("http://") || word.starts_with("https://");
        if is_link && url::Url::parse(word).is_ok() && !found.iter().any(|old| old == word) {
            found.push(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_our_mails_alone() {
        assert!(is_mail("20261124T101400.000Z-0199.eml"));
        for odd in ["../x.eml", ".x.eml", "a/b.eml", "x.txt", "x.eml.part"] {
            assert!(!is_mail(odd), "{odd}");
        }
    }

    #[test]
    fn only_web_addresses_are_links() {
        let text = "Ansehen: https://a.example/e/1 (https://a.example/e/1). javascript:alert(1) http://b.example/";
        assert_eq!(links(text), ["https://a.example/e/1", "http://b.example/"]);
    }
}
