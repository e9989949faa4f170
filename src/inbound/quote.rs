//! What a person wrote anew, apart from what they quoted and how they signed. Pure.
//!
//! Invariant: nothing is lost, every line of the text stands in exactly one of the three; where nothing new is left,
//! the whole text counts as new, because a reply that was written between the quotes must not vanish. Line by line, without regular
//! expressions, so no text makes it slow.

/// A text taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    /// What was written anew.
    pub reply: String,
    /// The signature below it.
    pub signature: String,
    /// What was quoted.
    pub quoted: String,
}

/// How far a head of a quote may run over lines.
const HEAD_LINES: usize = 3;
/// The longest line that can be a head or a greeting.
const LONGEST_HEAD: usize = 400;
/// How long a signature is at most, in lines; more is a text below a greeting.
const SIGNATURE_LINES: usize = 25;

/// Words that end a letter.
const GREETINGS: [&str; 26] = [
    "mit freundlichen grüßen",
    "mit freundlichen gruessen",
    "mit freundlichem gruß",
    "mit freundlichem gruss",
    "mit besten grüßen",
    "mit besten gruessen",
    "mit herzlichen grüßen",
    "freundliche grüße",
    "freundliche gruesse",
    "freundlicher gruß",
    "viele grüße",
    "viele gruesse",
    "beste grüße",
    "beste gruesse",
    "herzliche grüße",
    "schöne grüße",
    "liebe grüße",
    "mfg",
    "hochachtungsvoll",
    "kind regards",
    "best regards",
    "warm regards",
    "with kind regards",
    "yours sincerely",
    "yours faithfully",
    "regards",
];

/// Lines below which everything is quoted.
const DIVIDERS: [&str; 10] = [
    "ursprüngliche nachricht",
    "urspruengliche nachricht",
    "originalnachricht",
    "original-nachricht",
    "original message",
    "weitergeleitete nachricht",
    "forwarded message",
    "begin forwarded message:",
    "anfang der weitergeleiteten nachricht:",
    "original appointment",
];

/// First and further lines of Outlook's head.
const OUTLOOK: [(&str, [&str; 3]); 2] =
    [("von:", ["gesendet:", "an:", "betreff:"]), ("from:", ["sent:", "to:", "subject:"])];

/// Takes a text apart.
pub fn fold(text: &str) -> Folded {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.lines().collect();
    let mut kinds = vec![Kind::New; lines.len()];
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim();
        if line.starts_with('>') {
            kinds[at] = Kind::Quoted;
        } else if is_divider(line) || is_outlook_head(&lines[at..]) {
            // An empty rule of underscores just above belongs to it.
            let above = (0..at).rev().take_while(|above| is_rule(lines[*above])).last();
            kinds[above.unwrap_or(at)..].fill(Kind::Quoted);
            break;
        } else if let Some(length) = wrote_head(&lines[at..]) {
            let below = lines[at + length..].iter().find(|line| !line.trim().is_empty());
            let is_marked = below.is_some_and(|line| line.trim_start().starts_with('>'));
            let end = if is_marked { at + length } else { lines.len() };
            kinds[at..end].fill(Kind::Quoted);
            at = end;
            continue;
        }
        at += 1;
    }
    sign(&lines, &mut kinds);
    let gather = |wanted: Kind| {
        let chosen = lines.iter().zip(&kinds).filter(|(_, kind)| **kind == wanted).map(|(line, _)| *line);
        chosen.collect::<Vec<_>>().join("\n").trim().to_owned()
    };
    let folded = Folded { reply: gather(Kind::New), signature: gather(Kind::Signature), quoted: gather(Kind::Quoted) };
    if folded.reply.is_empty() && folded.signature.is_empty() {
        return Folded { reply: text.trim().to_owned(), ..Folded::default() };
    }
    folded
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    New,
    Quoted,
    Signature,
}

/// Marks the signature: from the last `-- ` or greeting of what is new, if little follows it.
fn sign(lines: &[&str], kinds: &mut [Kind]) {
    let new: Vec<usize> = (0..lines.len()).filter(|at| kinds[*at] == Kind::New).collect();
    let is_start = |at: usize| lines[at] == "-- " || lines[at].trim_end() == "--" || is_greeting(lines[at].trim());
    let Some(start) = new.iter().position(|at| is_start(*at)) else { return };
    // A signature stands at the end: text after a quote that follows it is no part of it.
    let end = new[start..].windows(2).position(|pair| pair[1] != pair[0] + 1).map_or(new.len(), |gap| start + gap + 1);
    let written = new[start..end].iter().filter(|at| !lines[**at].trim().is_empty()).count();
    if written <= SIGNATURE_LINES {
        new[start..end].iter().for_each(|at| kinds[*at] = Kind::Signature);
    }
}

fn is_greeting(line: &str) -> bool {
    if line.len() > 80 {
        return false;
    }
    let line = line.to_lowercase();
    GREETINGS.iter().any(|greeting| {
        line.strip_prefix(greeting).is_some_and(|rest| match rest.chars().next() {
            None => true,
            // «Viele Grüße aus Kiel», but not «MfG-Formular».
            Some(',' | '.' | '!') => true,
            Some(' ') => rest.split_whitespace().count() <= 4,
            Some(_) => false,
        })
    })
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.len() >= 5 && line.bytes().all(|byte| byte == b'_')
}

fn is_divider(line: &str) -> bool {
    if line.len() > LONGEST_HEAD {
        return false;
    }
    let bare = line.trim_matches(|c: char| c == '-' || c == ' ').to_lowercase();
    DIVIDERS.contains(&bare.as_str()) && (line.starts_with('-') || bare.ends_with(':'))
}

/// `Von: … Gesendet: … An: …`, with or without stars around the words.
fn is_outlook_head(lines: &[&str]) -> bool {
    let word = |line: &str| line.trim().trim_start_matches('*').to_lowercase();
    let Some(first) = lines.first().filter(|line| line.len() <= LONGEST_HEAD).map(|line| word(line)) else {
        return false;
    };
    let Some((_, further)) = OUTLOOK.iter().find(|(from, _)| first.starts_with(from)) else { return false };
    let next = lines[1..].iter().filter(|line| !line.trim().is_empty()).take(4).map(|line| word(&line[..cut(line)]));
    next.filter(|line| further.iter().any(|head| line.starts_with(head))).count() >= 2
}

fn cut(line: &str) -> usize {
    line.char_indices().nth(40).map_or(line.len(), |(at, _)| at)
}

/// How many lines `Am … schrieb …:` or `On … wrote:` takes, if one begins here.
fn wrote_head(lines: &[&str]) -> Option<usize> {
    let first = lines.first()?.trim();
    let is_begun = ["Am ", "On ", "Den ", "Le "].iter().any(|word| first.starts_with(word))
        || first.contains(" schrieb ") && first.ends_with(':');
    if !is_begun || first.len() > LONGEST_HEAD {
        return None;
    }
    let mut head = String::new();
    for (at, line) in lines.iter().take(HEAD_LINES).enumerate() {
        if line.len() > LONGEST_HEAD || at > 0 && line.trim().is_empty() {
            return None;
        }
        head.push_str(line.trim());
        head.push(' ');
        let whole = head.trim_end();
        if whole.ends_with(':') {
            let says =
                ["schrieb", "wrote:", "hat geschrieben:", "geschrieben:"].iter().any(|word| whole.contains(word));
            let is_dated = whole.bytes().any(|byte| byte.is_ascii_digit());
            return (says && is_dated).then_some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, reply: &str, signature: &str) {
        let folded = fold(text);
        assert_eq!((folded.reply.as_str(), folded.signature.as_str()), (reply, signature), "{folded:?}");
    }

    #[test]
    fn what_mail_programs_quote_is_folded_away() {
        check("Übernommen\n\nAm 24.11.2026 um 10:00 schrieb Lotse <lotse@example.org>:\n> Guten Tag", "Übernommen", "");
        check(
            "Done.\n\nOn Tue, Nov 24, 2026 at 10:00 AM Lotse <\nlotse@example.org> wrote:\n\n> Hello\n> there",
            "Done.",
            "",
        );
        check("Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: Lotse\nGesendet: heute\nGuten Tag", "Ja.", "");
        check(
            "Wir prüfen das.\n\n________________________________\nVon: Lotse <l@example.org>\nGesendet: Dienstag\nAn: Technik\nBetreff: [26-004711-9]\n\nGuten Tag",
            "Wir prüfen das.",
            "",
        );
        check("Yes\n\nFrom: Lotse\nSent: Tuesday\nTo: Desk\nSubject: x\n\nHello", "Yes", "");
        check("Am 24.11.2026 10:00 schrieb Lotse:\nGuten Tag", "Am 24.11.2026 10:00 schrieb Lotse:\nGuten Tag", "");
        check("> Geht es?\n\nJa, seit heute.\n\n> Und morgen?\n\nAuch.", "Ja, seit heute.\n\n\nAuch.", "");
    }

    #[test]
    fn a_signature_is_known() {
        check("Erledigt.\n-- \nErika Muster\nTel. 1", "Erledigt.", "-- \nErika Muster\nTel. 1");
        check(
            "Erledigt.\n\nMit freundlichen Grüßen\nErika Muster\n\n> alt",
            "Erledigt.",
            "Mit freundlichen Grüßen\nErika Muster",
        );
        check("Done.\n\nKind regards,\nJane", "Done.", "Kind regards,\nJane");
        check("Viele Grüße aus Kiel\nUwe", "", "Viele Grüße aus Kiel\nUwe");
        check("Das MfG-Formular fehlt.\nMfG-Formular", "Das MfG-Formular fehlt.\nMfG-Formular", "");
    }

    #[test]
    fn nothing_new_means_everything_is() {
        check("> nur Zitat", "> nur Zitat", "");
        check("", "", "");
    }
}
