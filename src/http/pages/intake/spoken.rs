//! A request's number as one reads it out on the phone: by twos, so that it is understood the first time.
//!
//! Pure. `26-004711-9` is "sechsundzwanzig – null null, siebenundvierzig, elf – neun".

use crate::http::words::Language;
use crate::tickets::TicketNumber;

/// The number in words.
pub fn spoken(number: &TicketNumber, language: Language) -> String {
    let parts: Vec<String> = number.as_str().split('-').map(|part| part_of(part, language)).collect();
    parts.join(" – ")
}

fn part_of(digits: &str, language: Language) -> String {
    // An odd digit stands first, alone.
    let (first, rest) = digits.split_at(digits.len() % 2);
    let pairs = (0..rest.len()).step_by(2).filter_map(|at| rest.get(at..at + 2));
    let all = Some(first).filter(|first| !first.is_empty()).into_iter().chain(pairs);
    all.map(|pair| pair_of(pair, language)).collect::<Vec<_>>().join(", ")
}

fn pair_of(pair: &str, language: Language) -> String {
    let digit = |c: char| c.to_digit(10).unwrap_or(0) as usize;
    let digits: Vec<usize> = pair.chars().map(digit).collect();
    let (ones, teens, tens) = words(language);
    match digits[..] {
        [one] => ones[one].to_owned(),
        [0, one] => format!("{} {}", ones[0], ones[one]),
        [1, one] => teens[one].to_owned(),
        [ten, 0] => tens[ten - 2].to_owned(),
        [ten, one] => match language {
            Language::De => format!("{}und{}", if one == 1 { "ein" } else { ones[one] }, tens[ten - 2]),
            Language::En => format!("{}-{}", tens[ten - 2], ones[one]),
        },
        _ => pair.to_owned(),
    }
}

type Words = ([&'static str; 10], [&'static str; 10], [&'static str; 8]);

fn words(language: Language) -> Words {
    match language {
        Language::De => (
            ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"],
            [
                "zehn",
                "elf",
                "zwölf",
                "dreizehn",
                "vierzehn",
                "fünfzehn",
                "sechzehn",
                "siebzehn",
                "achtzehn",
                "neunzehn",
            ],
            ["zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"],
        ),
        Language::En => (
            ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
            [
                "ten",
                "eleven",
                "twelve",
                "thirteen",
                "fourteen",
                "fifteen",
                "sixteen",
                "seventeen",
                "eighteen",
                "nineteen",
            ],
            ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_twos() {
        let check = |running: i64, german: &str, english: &str| {
            let number = TicketNumber::new(2026, running);
            let (de, en) = (spoken(&number, Language::De), spoken(&number, Language::En));
            assert!(de.starts_with(german) && en.starts_with(english), "{number}: {de} / {en}");
        };
        check(
            4711,
            "sechsundzwanzig – null null, siebenundvierzig, elf – ",
            "twenty-six – zero zero, forty-seven, eleven – ",
        );
        check(
            213_001,
            "sechsundzwanzig – einundzwanzig, dreißig, null eins – ",
            "twenty-six – twenty-one, thirty, zero one – ",
        );
        check(
            1_000_020,
            "sechsundzwanzig – eins, null null, null null, zwanzig – ",
            "twenty-six – one, zero zero, zero zero, twenty – ",
        );
    }
}
