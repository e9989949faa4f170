//! A text of the operator as HTML: headings, paragraphs, lists, bold, links; the part of Markdown that such pages use.
//!
//! Invariant: every character of the text is escaped, and a link leads only to http, https, mail, phone or a path of ours;
//! whatever else looks like markup stays text. Not here: whose text it is (`legal.rs`).

/// The text as HTML. Its headings begin with the second level, because the page has a title of its own; a heading that
/// stands first is taken for that title and left out.
pub fn html(text: &str) -> String {
    let mut out = String::new();
    let text = text.replace("\r\n", "\n");
    let blocks = text.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
    for (number, block) in blocks.enumerate() {
        let mut rest = block;
        while let Some((level, title, after)) = heading(rest) {
            if number > 0 || level > 1 || rest != block {
                let class = if level == 1 { "kern-heading-medium" } else { "kern-heading-small" };
                let level = level + 1;
                out.push_str(&format!("<h{level} class=\"{class}\">{}</h{level}>\n", inline(title)));
            }
            rest = after;
        }
        if rest.is_empty() {
            continue;
        }
        match items(rest) {
            Some(items) => {
                let items: String = items.iter().map(|item| format!("<li>{}</li>", inline(item))).collect();
                out.push_str(&format!("<ul class=\"kern-list kern-list--bullet\">{items}</ul>\n"));
            }
            None => {
                let lines: Vec<String> = rest.lines().map(|line| inline(line.trim())).collect();
                out.push_str(&format!("<p class=\"kern-body\">{}</p>\n", lines.join("<br>\n")));
            }
        }
    }
    out
}

/// Level (1 to 3), words and what follows, where a block begins with a heading.
fn heading(block: &str) -> Option<(usize, &str, &str)> {
    let (line, after) = block.split_once('\n').unwrap_or((block, ""));
    let level = line.chars().take_while(|c| *c == '#').count();
    let title = line.get(level..)?.strip_prefix(' ')?;
    (1..=3).contains(&level).then(|| (level, title.trim(), after.trim_start()))
}

/// The items of a list; a line that is indented goes on with the item before.
fn items(block: &str) -> Option<Vec<String>> {
    let mut items: Vec<String> = Vec::new();
    for line in block.lines() {
        match line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            Some(item) => items.push(item.trim().to_owned()),
            None if line.starts_with(' ') => {
                let last = items.last_mut()?;
                last.push(' ');
                last.push_str(line.trim());
            }
            None => return None,
        }
    }
    (!items.is_empty()).then_some(items)
}

/// Bold and links within a line.
fn inline(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    loop {
        let bold = rest.find("**").and_then(|at| Some((at, at + 2 + rest.get(at + 2..)?.find("**")?)));
        let link = link(rest);
        match (bold, link) {
            (Some((from, to)), link) if link.as_ref().is_none_or(|link| from < link.from) && to > from + 2 => {
                out.push_str(&escaped(&rest[..from]));
                out.push_str(&format!("<strong>{}</strong>", escaped(&rest[from + 2..to])));
                rest = &rest[to + 2..];
            }
            (_, Some(link)) => {
                out.push_str(&escaped(&rest[..link.from]));
                let (href, words) = (escaped(link.href), escaped(link.words));
                out.push_str(&format!("<a class=\"kern-link\" href=\"{href}\">{words}</a>"));
                rest = &rest[link.to..];
            }
            _ => {
                out.push_str(&escaped(rest));
                return out;
            }
        }
    }
}

struct Link<'a> {
    from: usize,
    to: usize,
    words: &'a str,
    href: &'a str,
}

/// The first `[words](address)` that may be a link.
fn link(text: &str) -> Option<Link<'_>> {
    let mut start = 0;
    while let Some(middle) = text.get(start..)?.find("](").map(|at| start + at) {
        let close = middle + 2 + text.get(middle + 2..)?.find(')')?;
        let href = &text[middle + 2..close];
        if let Some(from) = text[..middle].rfind('[')
            && is_good(href)
        {
            return Some(Link { from, to: close + 1, words: &text[from + 1..middle], href });
        }
        start = close;
    }
    None
}

fn is_good(href: &str) -> bool {
    let is_ours = href.starts_with('/') && !href.starts_with("//") && !href.contains('\\');
    let is_plain = !href.chars().any(|c| c.is_whitespace() || c.is_control());
    is_plain && (is_ours || ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| href.starts_with(scheme)))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_page() {
        let text = "# Impressum\n\nLandesamt\nStraße 1\n\n## Kontakt\nMail: [post](mailto:post@example.org)\n\n- eins\n  weiter\n- **zwei**";
        let expected = "<p class=\"kern-body\">Landesamt<br>\nStraße 1</p>\n\
            <h3 class=\"kern-heading-small\">Kontakt</h3>\n\
            <p class=\"kern-body\">Mail: <a class=\"kern-link\" href=\"mailto:post@example.org\">post</a></p>\n\
            <ul class=\"kern-list kern-list--bullet\"><li>eins weiter</li><li><strong>zwei</strong></li></ul>\n";
        assert_eq!(html(text), expected);
    }

    #[test]
    fn nothing_of_it_is_markup() {
        for text in [
            "<script>alert(1)</script>",
            "[x](javascript:alert(1))",
            "[x](//evil.example.org)",
            "[x](https://a\"onclick=alert)",
            "**<b>**",
            "[<img>](/x)",
            "# <h1>\n\n## <h2>",
            "[a](",
            "**",
            "[](/",
        ] {
            let page = html(text);
            let bare = page.replace("<p class=\"kern-body\">", "").replace("</p>", "").replace("<br>", "");
            for bad in ["<script", "<img", "<b>", "<h1", "href=\"javascript", "href=\"//", "\"onclick"] {
                assert!(!bare.contains(bad), "{text}: {page}");
            }
        }
    }
}
