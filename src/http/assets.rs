//! Styles and fonts of the pages: packed into the binary when it is built, plain, with gzip and with brotli.
//!
//! Invariant: the hash of all assets is the folder of their address, so an address means the same bytes for ever
//! and a page never gets the styles of another version. Relative addresses inside a style sheet stay in that folder.

use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, HeaderValue, VARY};
use actix_web::web::Path;
use actix_web::{HttpRequest, http::header::HeaderMap};

use super::error::ApiError;
use crate::error::AppError;

/// A file in the binary.
struct Asset {
    path: &'static str,
    kind: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Where a page finds its styles.
#[derive(Clone)]
pub struct Assets {
    /// The design system.
    pub kern: &'static str,
    /// The fonts.
    pub fonts: &'static str,
    /// Our own few lines.
    pub lotse: &'static str,
    /// The sign in the browser's tab.
    pub icon: &'static str,
    /// The script that copies snippets.
    pub copy: &'static str,
    /// The script that says what hours mean while they are typed.
    pub hours: &'static str,
    /// The script of the form for requests by phone.
    pub intake: &'static str,
    /// The script of a request's page.
    pub ticket: &'static str,
    /// The script of the public form, and of the work it does.
    pub form: &'static str,
    /// The licences of fonts and design system.
    pub licences: &'static str,
    /// The script of the list of work.
    pub worklist: &'static str,
}

impl Assets {
    /// Those of this binary.
    pub const fn here() -> Self {
        Self {
            kern: concat!("/assets/", hash!(), "/kern.min.css"),
            fonts: concat!("/assets/", hash!(), "/fonts.css"),
            lotse: concat!("/assets/", hash!(), "/lotse.css"),
            icon: concat!("/assets/", hash!(), "/icon.svg"),
            copy: concat!("/assets/", hash!(), "/embed/copy.js"),
            hours: concat!("/assets/", hash!(), "/hours.js"),
            intake: concat!("/assets/", hash!(), "/intake.js"),
            ticket: concat!("/assets/", hash!(), "/ticket.js"),
            form: concat!("/assets/", hash!(), "/form.js"),
            licences: concat!("/assets/", hash!(), "/LICENSES.md"),
            worklist: concat!("/assets/", hash!(), "/worklist.js"),
        }
    }
}

/// One of them, in the best form that the caller takes.
pub async fn asset(request: HttpRequest, at: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (folder, path) = at.into_inner();
    // Another folder is another version; its bytes are gone.
    let found = packed(request.headers(), &path).filter(|_| folder == hash!());
    let mut answer = found.ok_or(AppError::NotFound)?;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(answer)
}

/// What all of them have in common: another hash is another version.
pub fn version() -> &'static str {
    hash!()
}

/// The asset at this path in the best form that the caller takes, without a word on how long it may be kept.
pub fn packed(headers: &HeaderMap, path: &str) -> Option<HttpResponse> {
    let found = ASSETS.iter().find(|asset| asset.path == path)?;
    let mut answer = HttpResponse::Ok();
    answer.content_type(found.kind);
    let packed = [("br", found.brotli), ("gzip", found.gzip)].into_iter();
    let packed = packed.filter_map(|(coding, bytes)| Some((coding, bytes?)));
    let best = packed.clone().find(|(coding, _)| takes(headers, coding));
    if packed.count() > 0 {
        answer.insert_header((VARY, "Accept-Encoding"));
    }
    Some(match best {
        Some((coding, bytes)) => answer.insert_header((CONTENT_ENCODING, coding)).body(bytes),
        None => answer.body(found.plain),
    })
}

/// How many bytes an asset has with gzip and with brotli.
#[cfg(test)]
pub fn sizes(path: &str) -> Option<(usize, usize)> {
    let found = ASSETS.iter().find(|asset| asset.path == path)?;
    Some((found.gzip?.len(), found.brotli?.len()))
}

/// True where `Accept-Encoding` names the coding and does not refuse it with `q=0`.
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let codings = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        is_named && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_is_named_and_not_refused() {
        let takes = |accepted: &'static str, coding| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            super::takes(&headers, coding)
        };
        assert!(takes("gzip, deflate, br", "br"));
        assert!(takes("gzip;q=0.5, br;q=0", "gzip"));
        assert!(!takes("gzip;q=0.5, br;q=0", "br"));
        assert!(!takes("identity", "gzip"));
    }

    /// The text of all files below a folder that pages are made of.
    fn all_text(folder: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all_text(&path, text);
            } else if ["html", "rs", "js"].iter().any(|end| path.extension().is_some_and(|found| found == *end)) {
                text.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn every_class_of_our_styles_is_used() {
        let styles = include_str!("assets/lotse.css");
        let styles: String =
            styles.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, after)| after)).collect();
        let mut text = String::new();
        all_text(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut text);
        let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let words: std::collections::HashSet<&str> = text.split(|c| !is_sign(c)).collect();
        let classes = styles.split('.').skip(1).map(|part| part.split(|c| !is_sign(c)).next().unwrap_or_default());
        for class in classes.filter(|class| class.starts_with("lo-")) {
            // The state stands in `signs.rs` alone.
            let is_used =
                words.contains(class) || class.strip_prefix("lo-st--").is_some_and(|sign| words.contains(sign));
            assert!(is_used, "no page has the class {class}");
        }
    }

    #[test]
    fn every_style_of_a_page_is_there_and_packed() {
        let here = Assets::here();
        for address in [here.kern, here.fonts, here.lotse] {
            let path = address.rsplit('/').next().unwrap();
            let found = ASSETS.iter().find(|asset| asset.path == path).unwrap();
            assert!(found.gzip.is_some_and(|packed| packed.len() < found.plain.len()), "{path}");
            assert!(found.brotli.is_some_and(|packed| packed.len() < found.plain.len()), "{path}");
        }
    }
}
