//! What a reply asks for by plain words on its first line. Pure.
//!
//! Invariant: only a whole word at the very beginning, closed by the end of the line or a mark, commands anything;
//! «Übernommen wird das nicht» and «Nicht zuständig» without a reason are comments, which a person reads.

/// What a reply asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// They take it; the rest of the text, if any, is a comment.
    Acknowledge {
        /// What else they wrote.
        comment: String,
    },
    /// They are not in charge.
    Return {
        /// Why.
        reason: String,
    },
    /// They answer.
    Answer {
        /// What.
        text: String,
    },
    /// For a person to read.
    Comment {
        /// What they wrote.
        text: String,
    },
}

const ACKNOWLEDGE: [&str; 9] = [
    "übernommen",
    "uebernommen",
    "wir übernehmen",
    "ich übernehme",
    "wir kümmern uns",
    "ich kümmere mich",
    "taken",
    "acknowledged",
    "accepted",
];
const RETURN: [&str; 8] = [
    "nicht zuständig",
    "nicht zustaendig",
    "wir sind nicht zuständig",
    "unzuständig",
    "not responsible",
    "not our responsibility",
    "not in charge",
    "wrong department",
];
const ANSWER: [&str; 5] = ["antwort", "lösung", "loesung", "answer", "solution"];

/// Reads the command of a reply, which is the text without quotes and signature.
pub fn read(reply: &str) -> Command {
    let reply = reply.trim();
    let (first, rest) = reply.split_once('\n').unwrap_or((reply, ""));
    let (first, rest) = (first.trim().trim_matches('*'), rest.trim());
    let joined =
        |tail: &str| [tail, rest].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("\n");
    if let Some(tail) = ACKNOWLEDGE.iter().find_map(|word| after(first, word, &['.', '!', ',', ':', ';', '-', '–'])) {
        return Command::Acknowledge { comment: joined(tail) };
    }
    if let Some(tail) = RETURN.iter().find_map(|word| after(first, word, &[':', ',', '.', ';', '-', '–', '!'])) {
        let reason = joined(tail);
        if !reason.is_empty() {
            return Command::Return { reason };
        }
    }
    // An answer ends the matter, so it wants its colon.
    if let Some(tail) = ANSWER.iter().find_map(|word| after(first, word, &[':'])).filter(|_| first.contains(':')) {
        let text = joined(tail);
        if !text.is_empty() {
            return Command::Answer { text };
        }
    }
    Command::Comment { text: reply.to_owned() }
}

/// What follows the word on its line, if the line begins with it and it ends there or at one of the marks.
fn after<'l>(line: &'l str, word: &str, marks: &[char]) -> Option<&'l str> {
    let mut letters = line.char_indices();
    for wanted in word.chars() {
        let (_, letter) = letters.next()?;
        if !letter.to_lowercase().eq(std::iter::once(wanted)) {
            return None;
        }
    }
    let rest = letters.as_str().trim_start();
    if rest.is_empty() {
        return Some("");
    }
    rest.strip_prefix(marks).map(|tail| tail.trim_start_matches(marks).trim())
}

#[cfg(test)]
mod tests {
    use super::Command::*;
    use super::*;

    #[test]
    fn plain_words_command() {
        let (acknowledge, comment) =
            (|c: &str| Acknowledge { comment: c.into() }, |t: &str| Comment { text: t.into() });
        for (text, expected) in [
            ("Übernommen", acknowledge("")),
            ("ÜBERNOMMEN.", acknowledge("")),
            ("Übernommen, unser INC1234567", acknowledge("unser INC1234567")),
            ("Taken!\n\nWe look into it.", acknowledge("We look into it.")),
            ("Übernommen wird das nicht.", comment("Übernommen wird das nicht.")),
            ("Nicht übernommen", comment("Nicht übernommen")),
            ("Nicht zuständig: bitte an die Fachabteilung", Return { reason: "bitte an die Fachabteilung".into() }),
            ("Nicht zuständig.\nDas macht das Meldeamt.", Return { reason: "Das macht das Meldeamt.".into() }),
            ("Nicht zuständig", comment("Nicht zuständig")),
            ("Not responsible - try the office", Return { reason: "try the office".into() }),
            ("Antwort: Bitte Cache leeren.\nDann neu.", Answer { text: "Bitte Cache leeren.\nDann neu.".into() }),
            ("Antwort:\nBitte warten.", Answer { text: "Bitte warten.".into() }),
            ("Antwort folgt morgen", comment("Antwort folgt morgen")),
            ("Antwort", comment("Antwort")),
            ("Answer: done", Answer { text: "done".into() }),
            ("Wir prüfen das.\nÜbernommen", comment("Wir prüfen das.\nÜbernommen")),
            ("", comment("")),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
