//! The official keys a municipality and an administrative service are known by, parsed at the door.
//!
//! Keys are text: leading zeros count. An [`Ars`] (Amtlicher Regionalschlüssel, 12 digits, Statistisches
//! Bundesamt) names a municipality; an [`ArsPrefix`] a region (Land 2, Regierungsbezirk 3, Kreis 5,
//! Gemeindeverband 9) or everywhere; an [`Ags`] is the ARS without its Verband digits and is resolved through
//! the directory, never guessed. A [`Leistungsschluessel`] is `99` and twelve digits (LeiKa, FIM). A [`Slug`]
//! is a name we give ourselves.

use std::fmt;
use std::str::FromStr;

/// A key that does not have the form its kind asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadKey(pub &'static str);

macro_rules! text_key {
    ($(#[$doc:meta])* $name:ident, $check:expr, $fault:expr, $example:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The key as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = BadKey;
            fn from_str(text: &str) -> Result<Self, BadKey> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.to_owned())) } else { Err(BadKey($fault)) }
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadKey;
            fn try_from(text: String) -> Result<Self, BadKey> {
                text.parse()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($fault))
                    .examples([serde_json::json!($example)])
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

text_key!(
    /// Amtlicher Regionalschlüssel of one municipality.
    Ars, |t| t.len() == 12 && digits(t), "must be an ARS of 12 digits, such as 010020000000", "010020000000"
);
text_key!(
    /// The beginning of an ARS that names a region; empty means everywhere.
    ArsPrefix, |t| matches!(t.len(), 0 | 2 | 3 | 5 | 9 | 12) && digits(t),
    "must be the first 2, 3, 5, 9 or all 12 digits of an ARS", "01"
);
text_key!(
    /// Amtlicher Gemeindeschlüssel: the ARS without its digits 6 to 9.
    Ags, |t| t.len() == 8 && digits(t), "must be an AGS of 8 digits, such as 01002000", "01002000"
);
text_key!(
    /// Leistungsschlüssel of an administrative service (LeiKa).
    Leistungsschluessel, |t| t.len() == 14 && t.starts_with("99") && digits(t),
    "must be 99 and twelve digits, such as 99115005060000", "99115005060000"
);
text_key!(
    /// A stable name of our own for a contact or service: small letters, digits and dashes.
    Slug,
    |t| (1..=64).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !t.starts_with('-') && !t.ends_with('-'),
    "must be 1 to 64 small letters, digits and dashes, such as dataport-technik", "dataport-technik"
);

impl Ars {
    /// True where this municipality lies in the region.
    pub fn is_in(&self, region: &ArsPrefix) -> bool {
        self.0.starts_with(&region.0)
    }

    /// The Land it lies in.
    pub fn land(&self) -> Option<LandCode> {
        LandCode::from_number(&self.0[..2])
    }

    /// The AGS: what is left without the Verband digits.
    pub fn ags(&self) -> Ags {
        Ags(format!("{}{}", &self.0[..5], &self.0[9..]))
    }
}

impl ArsPrefix {
    /// Everywhere.
    pub fn everywhere() -> Self {
        Self(String::new())
    }

    /// Every region that this one lies in, from everywhere to the next larger.
    pub fn around(&self) -> Vec<Self> {
        let lengths = [0, 2, 3, 5, 9].into_iter().filter(|length| *length < self.0.len());
        lengths.map(|length| Self(self.0[..length].to_owned())).collect()
    }

    /// The first and the last key that can lie in it. Keys are twelve digits, so any collation orders what lies between
    /// alike; of a place both are the same.
    pub fn keys(&self) -> (String, String) {
        (format!("{:0<12}", self.0), format!("{:9<12}", self.0))
    }

    /// True where some place lies in both.
    pub fn touches(&self, other: &ArsPrefix) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// True where `other` lies within this region or is the same.
    pub fn contains(&self, other: &ArsPrefix) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl From<Ars> for ArsPrefix {
    fn from(ars: Ars) -> Self {
        Self(ars.0)
    }
}

impl From<LandCode> for ArsPrefix {
    /// The whole Land.
    fn from(land: LandCode) -> Self {
        Self(land.number().to_owned())
    }
}

/// One of the 16 Länder, by ISO 3166-2 without `DE-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LandCode(&'static str);

/// Code, first two digits of the ARS, name.
pub const LANDS: [(&str, &str, &str); 16] = [
    ("SH", "01", "Schleswig-Holstein"),
    ("HH", "02", "Hamburg"),
    ("NI", "03", "Niedersachsen"),
    ("HB", "04", "Bremen"),
    ("NW", "05", "Nordrhein-Westfalen"),
    ("HE", "06", "Hessen"),
    ("RP", "07", "Rheinland-Pfalz"),
    ("BW", "08", "Baden-Württemberg"),
    ("BY", "09", "Bayern"),
    ("SL", "10", "Saarland"),
    ("BE", "11", "Berlin"),
    ("BB", "12", "Brandenburg"),
    ("MV", "13", "Mecklenburg-Vorpommern"),
    ("SN", "14", "Sachsen"),
    ("ST", "15", "Sachsen-Anhalt"),
    ("TH", "16", "Thüringen"),
];

impl LandCode {
    /// Hesse, which has the holidays all Länder have and Fronleichnam.
    pub const HESSE: Self = Self("HE");

    /// The code, such as `SH`.
    pub fn as_str(&self) -> &'static str {
        self.0
    }

    /// The Land whose ARS begin with these two digits.
    pub fn from_number(digits: &str) -> Option<Self> {
        LANDS.iter().find(|(_, number, _)| *number == digits).map(|(code, ..)| Self(code))
    }

    /// The two digits that its ARS begin with.
    pub fn number(&self) -> &'static str {
        LANDS.iter().find(|(code, ..)| *code == self.0).map_or("", |(_, number, _)| number)
    }

    /// The Land of this German name.
    pub fn from_name(name: &str) -> Option<Self> {
        LANDS.iter().find(|(.., n)| *n == name).map(|(code, ..)| Self(code))
    }

    /// The German name.
    pub fn name(&self) -> &'static str {
        LANDS.iter().find(|(code, ..)| *code == self.0).map_or("", |(.., name)| name)
    }
}

impl FromStr for LandCode {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        LANDS
            .iter()
            .find(|(code, ..)| *code == text)
            .map(|(code, ..)| Self(code))
            .ok_or(BadKey("must be one of the 16 Länder by its code, such as SH or HH"))
    }
}
impl fmt::Display for LandCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
impl serde::Serialize for LandCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}
impl<'de> serde::Deserialize<'de> for LandCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
impl utoipa::PartialSchema for LandCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(LANDS.iter().map(|(code, ..)| *code)))
            .into()
    }
}
impl utoipa::ToSchema for LandCode {}

/// A mail address (RFC 5321), small enough and plain enough to stand in a header.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Email)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Why a letter to it would come back. Inside a house both may be right (`root@localhost`), so such an address is
    /// one; a person who gives it is asked again.
    pub fn doubt(&self) -> Option<AddressDoubt> {
        let (local, domain) = self.0.rsplit_once('@')?;
        if !domain.contains('.') {
            Some(AddressDoubt::NoDot)
        } else if !local.is_ascii() {
            Some(AddressDoubt::NotAscii)
        } else {
            None
        }
    }
}

/// What speaks against an address that has the form of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressDoubt {
    /// The part after the @ has no dot, so it is no domain of the internet.
    NoDot,
    /// The part before the @ is not ASCII, which most mail servers refuse (it needs SMTPUTF8).
    NotAscii,
}
impl FromStr for EmailAddress {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        let plain = text.len() <= 254 && !text.contains(['"', '<', '>', '(', ')', ',', ';']);
        if plain
            && !text.chars().any(|c| c.is_control() || c.is_whitespace())
            && email_address::EmailAddress::is_valid(text)
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadKey("must be a mail address, such as technik@example.org"))
        }
    }
}
impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl<'de> serde::Deserialize<'de> for EmailAddress {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The one rule by which texts are compared in searches: small letters, umlauts and ß written out, other
/// diacritics dropped, everything else a space. Both databases store and find what this makes.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        match c {
            'ä' | 'Ä' | 'æ' | 'Æ' => folded.push_str("ae"),
            'ö' | 'Ö' | 'œ' | 'Œ' => folded.push_str("oe"),
            'ü' | 'Ü' => folded.push_str("ue"),
            'ß' | 'ẞ' => folded.push_str("ss"),
            // A diaeresis written as a sign of its own makes an umlaut of the letter before it.
            '\u{308}' if folded.ends_with(['a', 'o', 'u']) => folded.push('e'),
            '\u{300}'..='\u{36f}' => {}
            'a'..='z' | '0'..='9' => folded.push(c),
            'A'..='Z' => folded.push(c.to_ascii_lowercase()),
            _ if c.is_alphanumeric() => {
                // Some capitals turn into a letter and a sign of its own.
                let letters = c.to_lowercase().filter(|c| c.is_alphanumeric());
                letters.for_each(|c| folded.push(base_letter(c)));
            }
            _ if folded.is_empty() || folded.ends_with(' ') => {}
            _ => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// The plain letter under a diacritic of the Latin scripts of Europe and Vietnam's vowels; others stay.
fn base_letter(c: char) -> char {
    const TABLE: [(char, &str); 18] = [
        ('a', "àáâãåāăąǎạảấầẩẫậắằẳẵặ"),
        ('c', "çćĉċč"),
        ('d', "ďđð"),
        ('e', "èéêëēĕėęěẹẻẽếềểễệ"),
        ('g', "ĝğġģǧ"),
        ('h', "ĥħ"),
        ('i', "ìíîïĩīĭįıỉị"),
        ('j', "ĵ"),
        ('k', "ķ"),
        ('l', "ĺļľŀł"),
        ('n', "ñńņňŉ"),
        ('o', "òóôõøōŏőǒọỏốồổỗộớờởỡợơ"),
        ('r', "ŕŗř"),
        ('s', "śŝşšș"),
        ('t', "ţťŧț"),
        ('u', "ùúûũūŭůűųǔụủứừửữựư"),
        ('y', "ýÿŷỳỵỷỹ"),
        ('z', "źżž"),
    ];
    TABLE.iter().find(|(_, marked)| marked.contains(c)).map_or(c, |(base, _)| *base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_hardly_anything_reaches() {
        let check = |text: &str, doubt: Option<AddressDoubt>| {
            let address: EmailAddress = text.parse().unwrap();
            assert_eq!(address.doubt(), doubt, "{text}");
        };
        check("joerg.mueller@exam", Some(AddressDoubt::NoDot));
        check("root@localhost", Some(AddressDoubt::NoDot));
        check("jörg@müller.example", Some(AddressDoubt::NotAscii));
        check("joerg@müller.example", None);
        check("erika@buerger.example.org", None);
    }

    #[test]
    fn folds_by_one_rule() {
        for (text, folded) in [
            ("Lübeck, Hansestadt", "luebeck hansestadt"),
            ("  Große  Straße 5 ", "grosse strasse 5"),
            ("GROẞ", "gross"),
            ("Mu\u{308}nchen", "muenchen"),
            ("Café Łódź, Søren İzmir", "cafe lodz soren izmir"),
            ("Schlei-Ostsee (Amt)", "schlei ostsee amt"),
            ("%_'; --", ""),
            ("Αθήνα", "αθήνα"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }
}
