//! The published help in the form of XZuFi 2.2, experimental: not yet checked against the official schema.
//!
//! Two objects an adoption: an Organisationseinheit with its ways of contact, and a Zuständigkeit that ties it to
//! the Leistung and the municipality. What is known of the form and what is not stands in docs/exchange.md.

use chrono::NaiveDate;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::Published;
use crate::clock::Timestamp;
use crate::directory::channels::Channel;
use crate::directory::terms::ChannelKind;
use crate::error::AppError;
use crate::ids::RowId;
use crate::keys::Leistungsschluessel;

const NAMESPACE: &str = "http://xoev.de/schemata/xzufi/2_2_0";
const ROOT: &str = "xzufi:transfer.operation.schreiben";
const WAYS: &str = "urn:de:xoev:codeliste:erreichbarkeit";
const REGIONS: &str = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs";
const SERVICES: &str = "urn:de:fim:leika:leistung";
/// Whose ids these are.
const AGENCY: &str = "lotse";

/// The end of the document.
pub(super) const FOOT: &str = "\n</xzufi:transfer.operation.schreiben>\n";

/// Writes elements into memory.
struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn new() -> Self {
        Self(Writer::new_with_indent(Vec::new(), b' ', 2))
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), AppError> {
        self.0.write_event(event).map_err(AppError::internal)
    }

    fn comment(&mut self, text: &str) -> Result<(), AppError> {
        // Two dashes would end a comment; twice, because the second of three begins another two.
        let text = plain(text).replace("--", "- -").replace("--", "- -");
        self.event(Event::Comment(BytesText::from_escaped(format!(" {text} "))))
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<(), AppError> {
        self.event(Event::Start(BytesStart::new(name).with_attributes(attributes.iter().copied())))
    }

    fn close(&mut self, name: &str) -> Result<(), AppError> {
        self.event(Event::End(BytesEnd::new(name)))
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> Result<(), AppError> {
        self.open(name, attributes)?;
        self.event(Event::Text(BytesText::new(&plain(text))))?;
        self.close(name)
    }

    fn done(self) -> Vec<u8> {
        self.0.into_inner()
    }
}

/// XML knows no control characters but these, however they are written.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// The beginning of the document.
pub(super) fn head(now: Timestamp) -> Result<Vec<u8>, AppError> {
    let mut xml = Xml::new();
    xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.comment("Experimentell: nach XZuFi 2.2, aber noch nicht gegen das amtliche Schema geprüft.")?;
    let attributes = [
        ("xmlns:xzufi", NAMESPACE),
        ("produktbezeichnung", "Lotse"),
        ("produkthersteller", "Lotse"),
        ("produktversion", env!("CARGO_PKG_VERSION")),
        ("xzufiVersion", "2.2.0"),
    ];
    xml.open(ROOT, &attributes)?;
    xml.open("xzufi:nachrichtenkopf", &[])?;
    xml.text("xzufi:nachrichtUUID", &[], &RowId::new().to_string())?;
    xml.text("xzufi:erstelltDatumZeit", &[], &now.to_string())?;
    xml.text("xzufi:empfaenger", &[], "Landesredaktionssystem")?;
    xml.text("xzufi:sender", &[], "Lotse")?;
    xml.close("xzufi:nachrichtenkopf")?;
    Ok(xml.done())
}

/// The objects of some adoptions; one that cannot be written is named in a comment.
pub(super) fn objects(found: &[Published], today: NaiveDate) -> Result<Vec<u8>, AppError> {
    let mut out = Vec::new();
    for entry in found {
        let mut xml = Xml::new();
        match &entry.service.leistung {
            Some(_) if entry.removed => taken_away(&mut xml, entry)?,
            Some(leistung) => {
                unit(&mut xml, entry, today)?;
                responsibility(&mut xml, entry, leistung)?;
            }
            None => {
                let reason = entry.not_in_xzufi.as_deref().unwrap_or_default();
                let place = &entry.municipality;
                xml.comment(&format!("Ausgelassen: {} {} {}: {reason}", entry.adoption, place.ars, place.name))?;
            }
        }
        out.push(b'\n');
        out.extend(xml.done());
    }
    Ok(out)
}

/// Both objects of an adoption that is shown no more.
fn taken_away(xml: &mut Xml, entry: &Published) -> Result<(), AppError> {
    let own = [("schemeAgencyID", AGENCY)];
    let duty = format!("{}-zustaendigkeit", entry.adoption);
    for (class, id) in [("Zustaendigkeit", duty), ("Organisationseinheit", entry.adoption.to_string())] {
        xml.open("xzufi:loesche", &[("klasse", class)])?;
        xml.text("xzufi:id", &own, &id)?;
        xml.close("xzufi:loesche")?;
    }
    Ok(())
}

fn unit(xml: &mut Xml, entry: &Published, today: NaiveDate) -> Result<(), AppError> {
    let german = [("languageCode", "de")];
    xml.open("xzufi:schreibe", &[])?;
    xml.open("xzufi:organisationseinheit", &[])?;
    xml.text("xzufi:id", &[("schemeAgencyID", AGENCY)], &entry.adoption.to_string())?;
    xml.open("xzufi:name", &[])?;
    let name = format!("Hilfe zu {} in {}", entry.service.name, entry.municipality.name);
    xml.text("xzufi:name", &german, &name)?;
    xml.close("xzufi:name")?;
    let is_over = |channel: &&Channel| channel.valid_to.is_none_or(|end| end >= today);
    for channel in entry.channels.iter().filter(is_over) {
        way(xml, channel)?;
    }
    let hours: Vec<String> =
        entry.channels.iter().filter(is_over).map(|c| format!("{}: {}", c.label, c.hours)).collect();
    if !hours.is_empty() {
        xml.text("xzufi:infoOeffnungszeitenText", &german, &hours.join("\n"))?;
    }
    xml.close("xzufi:organisationseinheit")?;
    xml.close("xzufi:schreibe")
}

fn way(xml: &mut Xml, channel: &Channel) -> Result<(), AppError> {
    let (code, address) = match channel.kind {
        ChannelKind::Email => ("01", channel.email.as_ref().map(|email| email.as_str())),
        ChannelKind::Number115 | ChannelKind::Phone => ("02", channel.phone.as_deref()),
        ChannelKind::Web => ("09", channel.url.as_deref()),
    };
    let Some(address) = address else { return Ok(()) };
    xml.open("xzufi:erreichbarkeit", &[])?;
    xml.open("xzufi:kanal", &[("listURI", WAYS), ("listVersionID", "3")])?;
    xml.text("code", &[], code)?;
    xml.close("xzufi:kanal")?;
    xml.text("xzufi:kennung", &[], address)?;
    let mut more = vec![channel.label.clone()];
    more.extend(channel.cost_note.clone());
    more.extend(channel.valid_from.map(|day| format!("ab {}", day.format("%d.%m.%Y"))));
    more.extend(channel.valid_to.map(|day| format!("bis {}", day.format("%d.%m.%Y"))));
    xml.text("xzufi:zusatz", &[("languageCode", "de")], &more.join("; "))?;
    xml.close("xzufi:erreichbarkeit")
}

fn responsibility(xml: &mut Xml, entry: &Published, leistung: &Leistungsschluessel) -> Result<(), AppError> {
    let own = [("schemeAgencyID", AGENCY)];
    xml.open("xzufi:schreibe", &[])?;
    xml.open("xzufi:zustaendigkeitTransferObjekt", &[])?;
    xml.text("xzufi:uebergeordnetesObjektID", &own, &entry.adoption.to_string())?;
    xml.open("xzufi:zustaendigkeit", &[])?;
    xml.text("xzufi:id", &own, &format!("{}-zustaendigkeit", entry.adoption))?;
    xml.text("xzufi:leistungID", &[("schemeID", SERVICES)], leistung.as_str())?;
    xml.text("xzufi:gebietID", &[("schemeID", REGIONS)], entry.municipality.ars.as_str())?;
    xml.close("xzufi:zustaendigkeit")?;
    xml.close("xzufi:zustaendigkeitTransferObjekt")?;
    xml.close("xzufi:schreibe")
}
