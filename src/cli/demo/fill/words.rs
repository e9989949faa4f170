//! What made-up requests say: subjects, descriptions, names, answers.
//!
//! Pure. Nobody of these exists; addresses end in `example.org`, numbers are made of zeros. Each description holds a code
//! of its own, so that a search can mean one request alone.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::tickets::ticket::{Category, Reporter};

const FIRST: [&str; 16] = [
    "Erika", "Max", "Aylin", "Jonas", "Mia", "Piotr", "Hanne", "Yusuf", "Leni", "Ole", "Svetlana", "Tim", "Ida",
    "Karim", "Grete", "Finn",
];
const LAST: [&str; 16] = [
    "Muster", "Beispiel", "Petersen", "Yilmaz", "Hansen", "Kowalski", "Brandt", "Nguyen", "Thomsen", "Weber", "Jansen",
    "Demir", "Lorenz", "Schütt", "Albers", "Groth",
];
const BROWSERS: [&str; 5] = ["Firefox 145", "Chrome 142", "Safari 19", "Edge 142", "Samsung Internet 29"];
const WHERE: [&str; 8] = [
    "auf der Seite Angaben zur Person",
    "nach der Anmeldung mit BundID",
    "beim Hochladen der Bescheinigung",
    "kurz vor dem Absenden",
    "in der Zusammenfassung",
    "nach dem Wechsel der Sprache",
    "auf dem Mobiltelefon",
    "bei der zweiten Person im Haushalt",
];
const TRIED: [&str; 6] = [
    "Ein anderer Browser hilft nicht.",
    "Auch am nächsten Tag war es so.",
    "Der Zwischenspeicher ist geleert.",
    "Eine Nachbarin hat dasselbe Problem.",
    "Mit einem anderen Gerät ging es einmal.",
    "Mehr war am Telefon nicht zu erfahren.",
];

/// One of these.
pub fn pick<T: Copy + Default>(chance: &mut StdRng, of: &[T]) -> T {
    of.choose(chance).copied().unwrap_or_default()
}

/// Subject and what is wrong.
fn trouble(category: Category) -> (&'static str, &'static str) {
    match category {
        Category::Login => ("Anmeldung schlägt fehl", "Die Anmeldung mit BundID bricht ab"),
        Category::Payment => ("Bezahlung geht nicht durch", "Die Gebühr wird abgelehnt"),
        Category::Unreachable => ("Dienst nicht erreichbar", "Die Seite lädt nicht"),
        Category::FormError => ("Formular zeigt einen Fehler", "Das Formular meldet einen Fehler"),
        Category::Upload => ("Hochladen nicht möglich", "Die Datei wird nicht angenommen"),
        Category::Submission => ("Absenden bleibt hängen", "Nach dem Absenden erscheint keine Bestätigung"),
        Category::Accessibility => {
            ("Vorleseprogramm kommt nicht weiter", "Ein Feld ist mit der Tastatur nicht zu erreichen")
        }
        Category::Procedure => ("Frage zum Ablauf", "Es ist unklar, wie es nach dem Antrag weitergeht"),
        Category::Responsibility => ("Wer ist zuständig", "Zwei Ämter verweisen aufeinander"),
        Category::Documents => ("Welche Unterlagen fehlen", "Es ist unklar, welche Nachweise gebraucht werden"),
        Category::Status => ("Stand der Bearbeitung", "Seit der Eingangsbestätigung kam keine Nachricht"),
        Category::Decision => ("Frage zum Bescheid", "Der Bescheid nennt einen anderen Betrag"),
        Category::Privacy => ("Auskunft über Daten", "Es wird gefragt, welche Daten gespeichert sind"),
        Category::Security => ("Verdächtige Nachricht", "Es kam eine Nachricht, die nach dem Dienst aussieht"),
        Category::PraiseOrCriticism => ("Rückmeldung", "Der Dienst war leicht zu bedienen"),
    }
}

/// Subject and description of a request.
pub fn request(chance: &mut StdRng, category: Category) -> (String, String) {
    let (subject, wrong) = trouble(category);
    let (place, tried, code) = (pick(chance, &WHERE), pick(chance, &TRIED), code(chance));
    let minutes = chance.random_range(1..55);
    (
        format!("{subject} ({code})"),
        format!("{wrong}, {place}. Angezeigt wird {code}. Versucht wurde es {minutes} Minuten lang. {tried}"),
    )
}

/// A code that is hardly ever the same twice.
fn code(chance: &mut StdRng) -> String {
    format!("OD{:06x}", chance.random_range(0..0x0100_0000))
}

/// A browser.
pub fn browser(chance: &mut StdRng) -> &'static str {
    pick(chance, &BROWSERS)
}

/// Somebody who asks.
pub fn person(chance: &mut StdRng) -> Reporter {
    let (first, last) = (pick(chance, &FIRST), pick(chance, &LAST));
    let address = format!("{}.{}", first.to_lowercase(), last.to_lowercase().replace('ü', "ue"));
    Reporter {
        name: Some(format!("{first} {last}")),
        email: Some(format!("{address}{}@example.org", chance.random_range(1..1000))),
        phone: Some(format!("+49 431 000{:04}", chance.random_range(0..10_000))),
    }
}

/// A colleague of a municipality.
pub fn colleague(chance: &mut StdRng, place: &str) -> String {
    format!("{} {}, {place}", pick(chance, &FIRST), pick(chance, &LAST))
}

/// What the person is told in the end.
pub fn answer(chance: &mut StdRng) -> &'static str {
    pick(
        chance,
        &[
            "Der Fehler ist behoben. Ihre Angaben sind gespeichert, bitte senden Sie den Antrag noch einmal ab.",
            "Bitte laden Sie die Bescheinigung als PDF mit höchstens 5 MB hoch.",
            "Zuständig ist das Bürgeramt. Wir haben Ihre Frage dorthin gegeben.",
            "Ihr Antrag ist eingegangen und wird bearbeitet. Sie müssen nichts weiter tun.",
        ],
    )
}

/// What is asked of the 2nd level.
pub fn note(chance: &mut StdRng) -> &'static str {
    pick(chance, &["Ist das eine bekannte Störung?", "Bitte den Rückkanal prüfen.", "Was kann die Person tun?"])
}

/// What the 2nd level answers.
pub fn solution(chance: &mut StdRng) -> &'static str {
    pick(
        chance,
        &[
            "Seit dem letzten Update behoben, bitte noch einmal versuchen.",
            "Die Sitzung war abgelaufen; die Angaben sind nicht verloren.",
            "Das ist so vorgesehen: Der Nachweis ist Pflicht.",
        ],
    )
}
