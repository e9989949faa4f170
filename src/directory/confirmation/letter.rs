//! The mails: German first, a short English part below.
//!
//! Invariant: one that holds a link is sealed in the outbox, because the link speaks for its contact. The words of a
//! letter are written once and become its text and its HTML part. Not here: when a letter goes and to whom.

use chrono::NaiveDate;

use super::schedule::{Cause, Occasion};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery::{Content, Mail, Outgoing, Purpose, enqueue};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId};
use crate::keys::EmailAddress;
use crate::seal::Sealer;

/// A paragraph of a letter.
#[derive(Debug)]
enum Part {
    Words(String),
    Link(String),
    List(Vec<String>),
}

/// What is written to somebody.
#[derive(Debug)]
pub(super) struct Letter {
    subject: String,
    german: Vec<Part>,
    english: Vec<Part>,
}

/// Whom a letter goes to.
#[derive(Debug, Clone)]
pub(super) struct Recipient {
    pub name: String,
    pub email: EmailAddress,
    pub endpoint: Option<EndpointId>,
}

/// What a question to a contact says.
pub(super) struct Question<'a> {
    pub occasion: Occasion,
    pub url: &'a str,
    pub expires_at: Timestamp,
    pub confirmed_on: Option<NaiveDate>,
    pub good_until: Option<NaiveDate>,
    pub today: NaiveDate,
    pub answers_for: Vec<String>,
}

/// What somebody is told of a contact.
pub(super) struct News {
    pub contact: String,
    pub cause: Cause,
    pub since: NaiveDate,
    pub confirmed_on: Option<NaiveDate>,
    pub answers_for: Vec<String>,
}

/// Asks a contact whether what is recorded of it is right.
pub(super) fn question(question: &Question) -> Letter {
    let words = |text: &str| Part::Words(text.to_owned());
    let subject = match question.occasion {
        Occasion::First => "[Lotse] Stimmen Ihre Angaben? / Are your details right?",
        Occasion::Again | Occasion::Asked => "[Lotse] Stimmen Ihre Angaben noch? / Are your details still right?",
        Occasion::Reminder1 | Occasion::Reminder2 => {
            "[Lotse] Erinnerung: Stimmen Ihre Angaben? / Reminder: are your details right?"
        }
    };
    let opening = match (question.confirmed_on, question.good_until) {
        (Some(on), Some(until)) if until < question.today => format!(
            "Ihre Angaben wurden zuletzt am {} bestätigt und gelten seit dem {} nicht mehr als sicher. Bitte sehen Sie nach, ob sie stimmen:",
            german(on),
            german(until.succ_opt().unwrap_or(until))
        ),
        (Some(on), Some(until)) => format!(
            "Ihre Angaben wurden zuletzt am {} bestätigt. Bitte bestätigen Sie sie bis zum {}, damit Anfragen weiter bei Ihnen ankommen:",
            german(on),
            german(until)
        ),
        _ => "Sie sind bei Lotse als Ansprechstelle eingetragen. Lotse bringt Anfragen zu Online-Diensten der Verwaltung zu der Stelle, die sie beantworten kann. Bitte sehen Sie nach, ob Ihre Angaben stimmen:".to_owned(),
    };
    let mut letter = vec![Part::Words(opening), Part::Link(question.url.to_owned())];
    letter.push(words("Ein Knopf genügt. Dort sagen Sie auch, was nicht stimmt, oder tragen eine Abwesenheit ein. Ein Konto brauchen Sie nicht."));
    if !question.answers_for.is_empty() {
        letter.push(words("Eingetragen sind Sie für:"));
        letter.push(Part::List(question.answers_for.clone()));
    }
    letter.push(words("Ohne Ihre Bestätigung fragt Lotse Sie nur noch, wenn sonst niemand da ist."));
    let until = question.expires_at.day_in_berlin();
    letter.push(Part::Words(format!("Der Link gilt bis zum {}. Geben Sie ihn nicht weiter.", german(until))));
    let english = vec![
        words(
            "You are on record at Lotse as a contact for online services of the administration. Please check your details and confirm them, or say what is wrong:",
        ),
        Part::Link(format!("{}?lang=en", question.url)),
        Part::Words(format!("You need no account. The link is good until {until}; do not pass it on.")),
    ];
    Letter { subject: subject.to_owned(), german: letter, english }
}

/// Tells somebody which of their contacts are not as they should be.
pub(super) fn news(all: &[News]) -> Letter {
    let subject = match all {
        [one] => format!("[Lotse] Kontakt prüfen: {} / Contact to check", one.contact),
        _ => format!("[Lotse] {} Kontakte prüfen / Contacts to check", all.len()),
    };
    let mut german = vec![Part::Words(
        "Sie leiten ein Vorhaben oder eine Stelle, für die diese Kontakte eingetragen sind. Jemand muss nach ihnen sehen:"
            .to_owned(),
    )];
    for news in all {
        let (what, remedy) = told(news);
        german.push(Part::Words(format!("{}: {what}", news.contact)));
        let mut lines = news.answers_for.clone();
        lines.push(remedy.to_owned());
        german.push(Part::List(lines));
    }
    german.push(Part::Words(
        "Bis dahin fragt Lotse diese Kontakte nur, wenn sonst niemand da ist. Was sonst noch fehlt, steht im Lückenbericht."
            .to_owned(),
    ));
    let names = all.iter().map(|news| format!("{} ({})", news.contact, news.cause)).collect();
    let english = vec![Part::Words("These contacts need somebody to look after them:".to_owned()), Part::List(names)];
    Letter { subject, german, english }
}

/// What is wrong, and what to do.
fn told(news: &News) -> (String, &'static str) {
    let ask = "Was hilft: nachfragen, ob die Angaben stimmen, und sie bestätigen oder jemand anderen eintragen.";
    match news.cause {
        Cause::Stale => {
            let on = news.confirmed_on.map_or_else(|| "vor langer Zeit".to_owned(), |on| format!("am {}", german(on)));
            (format!("zuletzt {on} bestätigt, auf Erinnerungen kam keine Antwort."), ask)
        }
        Cause::Unconfirmed => ("dreimal gefragt und nie bestätigt.".to_owned(), ask),
        Cause::Bounced => (
            format!("Mail kommt seit dem {} zurück.", german(news.since)),
            "Was hilft: die Adresse berichtigen. Lotse fragt dann von selbst bei der neuen nach.",
        ),
    }
}

/// Tells somebody what a contact says is wrong with it.
pub(super) fn dispute(contact: &str, said: &str, answers_for: Vec<String>) -> Letter {
    let german = vec![
        Part::Words(format!("{contact} sagt, dass die Angaben bei Lotse nicht stimmen:")),
        Part::Words(format!("„{said}“")),
        Part::Words("Eingetragen ist der Kontakt für:".to_owned()),
        Part::List(answers_for),
        Part::Words(
            "Was hilft: die Angaben ändern oder bestätigen. Danach fragt Lotse den Kontakt von selbst noch einmal."
                .to_owned(),
        ),
    ];
    let english = vec![Part::Words(format!(
        "{contact} says that what is on record is not right; the words stand above. Please change or confirm the contact."
    ))];
    Letter { subject: format!("[Lotse] Angaben stimmen nicht: {contact} / Details are wrong"), german, english }
}

/// Tells somebody that a contact is away and whom it names, who is not on record.
pub(super) fn absence(contact: &str, from: NaiveDate, until: NaiveDate, deputy: &str) -> Letter {
    let days = format!("{} bis {}", german(from), german(until));
    let german = vec![
        Part::Words(format!("{contact} ist abwesend: {days}. Als Vertretung nennt der Kontakt jemanden, den Lotse nicht zuordnen kann:")),
        Part::Words(format!("„{deputy}“")),
        Part::Words("Was hilft: die Vertretung als Kontakt anlegen und bei dem Kontakt eintragen. Bis dahin zeigt der Lückenbericht, dass niemand vertritt.".to_owned()),
    ];
    let english = vec![Part::Words(format!(
        "{contact} is away from {from} to {until} and names a deputy in words. Please make that deputy a contact and enter it."
    ))];
    Letter { subject: format!("[Lotse] Abwesend: {contact} / Away"), german, english }
}

/// Puts a letter into the outbox; `false` when the same one is there already.
pub(super) fn send(
    tx: &mut Tx,
    sealer: &Sealer,
    about: RowId,
    dedupe: String,
    recipient: Recipient,
    letter: &Letter,
    now: Timestamp,
) -> Result<bool, AppError> {
    let outgoing = Outgoing {
        about,
        purpose: Purpose::Contact,
        dedupe,
        endpoint: recipient.endpoint,
        recipient: recipient.email.to_string(),
        content: Content::Mail(mail(letter, recipient)),
    };
    enqueue(tx, DeliveryId::new(), &outgoing, Some((sealer.secrets_id(), sealer.secrets())), now)
}

fn mail(letter: &Letter, to: Recipient) -> Mail {
    let greeting = |word: &str| Part::Words(format!("{word} {},", to.name));
    let (mut text, mut html) = (Vec::new(), Vec::new());
    for (language, hello, parts) in [("de", "Guten Tag", &letter.german), ("en", "Hello", &letter.english)] {
        let hello = greeting(hello);
        let parts = || std::iter::once(&hello).chain(parts);
        text.push(parts().map(as_text).collect::<Vec<_>>().join("\n\n") + "\n");
        html.push(format!("<div lang=\"{language}\">{}</div>", parts().map(as_html).collect::<String>()));
    }
    Mail {
        to: to.email,
        to_name: Some(to.name),
        reply_to: None,
        subject: letter.subject.clone(),
        text: text.join("\n———\n\n"),
        html: html.join("<hr>"),
    }
}

fn as_text(part: &Part) -> String {
    match part {
        Part::Words(words) => words.clone(),
        Part::Link(url) => url.clone(),
        Part::List(lines) => lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n"),
    }
}

fn as_html(part: &Part) -> String {
    match part {
        Part::Words(words) => format!("<p>{}</p>", escape(words).replace('\n', "<br>")),
        Part::Link(url) => format!("<p><a href=\"{0}\">{0}</a></p>", escape(url)),
        Part::List(lines) => {
            let lines: String = lines.iter().map(|line| format!("<li>{}</li>", escape(line))).collect();
            format!("<ul>{lines}</ul>")
        }
    }
}

/// A day as people in Germany read it.
pub(super) fn german(day: NaiveDate) -> String {
    day.format("%-d.%-m.%Y").to_string()
}

/// Text as it may stand in HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_no_markup() {
        let letter = dispute("Amt <b>", "Nummer\n<script>", vec!["x & y".into()]);
        let to = Recipient { name: "\"Erika\"".into(), email: "a@example.org".parse().unwrap(), endpoint: None };
        let mail = mail(&letter, to);
        assert!(mail.text.starts_with("Guten Tag \"Erika\",\n\nAmt <b> sagt"), "{}", mail.text);
        assert!(mail.html.contains("„Nummer<br>&lt;script&gt;“") && !mail.html.contains("<b>"), "{}", mail.html);
        assert!(mail.html.contains("<li>x &amp; y</li>") && mail.html.contains("&quot;Erika&quot;"), "{}", mail.html);
    }
}
