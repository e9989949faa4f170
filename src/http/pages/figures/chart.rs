//! Charts as SVG within the page: lines over time, bars side by side.
//!
//! Written by a template rather than by a drawing library, so that colours come from the page's classes (both themes,
//! print, forced colours) and texts from the page's words. Invariant: whatever a chart shows stands in the table beside
//! it too. Sizes are units of the picture, 640 wide.

use crate::figures::{Figures, FiguresPart, Times};

use super::names::Names;

/// Where the lines are drawn.
const LEFT: i64 = 52;
const RIGHT: i64 = 556;
const TOP: i64 = 20;
const BOTTOM: i64 = 180;
/// At most so many words below a line.
const MOST_WORDS: usize = 8;

/// Lines over time.
pub struct Lines {
    /// What it shows, in a sentence.
    pub label: String,
    /// Lines across, each with its word.
    pub grid: Vec<(i64, String)>,
    /// Where the aim is.
    pub aim: Option<i64>,
    /// Class and points of each unbroken piece.
    pub pieces: Vec<(&'static str, String)>,
    /// Single points, so that one without neighbours shows.
    pub dots: Vec<(i64, i64)>,
    /// Words below, every second of a class of its own for narrow screens.
    pub below: Vec<(i64, String, bool)>,
    /// The words at the end of the lines.
    pub ends: Vec<(i64, String, bool)>,
}

/// One bar.
pub struct Bar {
    /// Its height in the picture.
    pub y: i64,
    /// What it is of.
    pub name: String,
    /// Its length.
    pub width: i64,
    /// Its value in words.
    pub value: String,
}

/// The place of a step.
fn place(at: usize, count: usize) -> i64 {
    let (at, last) = (i64::try_from(at).unwrap_or(0), i64::try_from(count.saturating_sub(1)).unwrap_or(0));
    if last == 0 { (LEFT + RIGHT) / 2 } else { LEFT + 8 + (RIGHT - LEFT - 16) * at / last }
}

fn below(figures: &Figures, names: Names) -> Vec<(i64, String, bool)> {
    let count = figures.line.len();
    let every = count.div_ceil(MOST_WORDS).max(1);
    let shown = figures.line.iter().enumerate().step_by(every).enumerate();
    shown.map(|(nth, (at, point))| (place(at, count), names.step(figures.step, point.from), nth % 2 == 1)).collect()
}

/// A line as unbroken pieces, each with its class, and single points.
type Broken = (Vec<(&'static str, String)>, Vec<(i64, i64)>);

/// Pieces and single points of a line with gaps.
fn pieces(values: &[Option<i64>], class: &'static str) -> Broken {
    let (mut found, mut dots, mut piece) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..=values.len() {
        match values.get(at).copied().flatten() {
            Some(y) => piece.push((place(at, values.len()), y)),
            None if piece.len() == 1 => dots.append(&mut piece),
            None if !piece.is_empty() => {
                let points: Vec<String> = piece.drain(..).map(|(x, y)| format!("{x},{y}")).collect();
                found.push((class, points.join(" ")));
            }
            None => {}
        }
    }
    (found, dots)
}

/// The share that was in time.
pub fn in_time(figures: &Figures, names: Names, label: String, aim: i64) -> Lines {
    let values: Vec<Option<i64>> = figures.line.iter().map(|point| point.facts.in_time_percent).collect();
    let least = values.iter().flatten().copied().min().unwrap_or(0).min(aim - 10);
    let floor = if least >= 60 { 60 } else { 0 };
    let height = |share: i64| BOTTOM - (BOTTOM - TOP) * (share - floor) / (100 - floor);
    let step = if floor == 0 { 25 } else { 10 };
    let marks = (floor..=100).step_by(step).map(|share| (height(share), names.percent(Some(share)))).collect();
    let heights: Vec<Option<i64>> = values.iter().map(|share| share.map(height)).collect();
    let (pieces, mut dots) = pieces(&heights, "l");
    if heights.len() <= 14 {
        dots = heights.iter().enumerate().filter_map(|(at, y)| Some((place(at, heights.len()), (*y)?))).collect();
    }
    let last = values.iter().flatten().last().copied();
    let end = last.map(|share| (height(share), names.percent(Some(share)), true));
    let aim_word = (height(aim), names.0.with("figures-aim", "share", aim), false);
    Lines {
        label,
        grid: marks,
        aim: Some(height(aim)),
        pieces,
        dots,
        below: below(figures, names),
        ends: apart(end.into_iter().chain([aim_word]).collect()),
    }
}

/// How long something took: half, and nine of ten.
pub fn long(figures: &Figures, names: Names, label: String, times: impl Fn(&Figures, usize) -> Option<Times>) -> Lines {
    let all: Vec<Option<Times>> = (0..figures.line.len()).map(|at| times(figures, at)).collect();
    let most = all.iter().flatten().map(|times| times.p90_seconds).max().unwrap_or(0);
    let step = nice(most);
    let marks = (most / step + 1).max(1);
    let top = step * marks;
    let height = |seconds: i64| BOTTOM - (BOTTOM - TOP) * seconds / top;
    let word = |seconds: i64| if seconds == 0 { "0".to_owned() } else { names.long(seconds) };
    let line = |of: fn(&Times) -> i64, class| {
        let heights: Vec<Option<i64>> = all.iter().map(|times| times.as_ref().map(|times| height(of(times)))).collect();
        pieces(&heights, class)
    };
    let (mut found, _) = line(|times| times.p90_seconds, "l l--far");
    let (half, dots) = line(|times| times.median_seconds, "l");
    found.extend(half);
    let ends = all.iter().flatten().last().map(|times| {
        let half = names.0.say("figures-half-short");
        let most = names.0.say("figures-most-short");
        vec![(height(times.median_seconds), half, true), (height(times.p90_seconds), most, false)]
    });
    Lines {
        label,
        grid: (0..=marks).map(|mark| (height(mark * step), word(mark * step))).collect(),
        aim: None,
        pieces: found,
        dots,
        below: below(figures, names),
        ends: apart(ends.unwrap_or_default()),
    }
}

/// A distance of lines that gives two to five of them.
fn nice(most: i64) -> i64 {
    const NICE: [i64; 14] =
        [300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000, 2_592_000];
    NICE.into_iter().find(|step| most / step < 5).unwrap_or(most / 4 + 1)
}

/// Words at the end that would lie over each other are moved apart; a word stands a little below its line.
fn apart(mut ends: Vec<(i64, String, bool)>) -> Vec<(i64, String, bool)> {
    ends.sort_by_key(|(y, ..)| *y);
    let mut lowest = i64::MIN;
    for end in &mut ends {
        end.0 = (end.0 + 4).max(lowest);
        lowest = end.0 + 16;
    }
    ends
}

/// The share in time of the largest, up to five.
pub fn bars(parts: &[FiguresPart], names: Names, name: impl Fn(&FiguresPart) -> String) -> Vec<Bar> {
    let shown = parts.iter().filter(|part| part.facts.in_time_percent.is_some()).take(5);
    let bar = |(at, part): (i64, &FiguresPart)| Bar {
        y: 8 + at * 36,
        name: shortened(&name(part)),
        width: 384 * part.facts.in_time_percent.unwrap_or(0) / 100,
        value: names.percent(part.facts.in_time_percent),
    };
    (0..).zip(shown).map(bar).collect()
}

/// As much of a name as stands beside a bar; all of it stands in the table.
fn shortened(name: &str) -> String {
    match name.chars().count() {
        ..=24 => name.to_owned(),
        _ => name.chars().take(23).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_where_there_is_nothing() {
        let (found, dots) = pieces(&[Some(20), Some(30), None, Some(40)], "l");
        assert_eq!(found.len(), 1);
        assert_eq!(dots.len(), 1);
        assert_eq!(dots[0].1, 40);
    }

    #[test]
    fn words_at_the_end_do_not_lie_over_each_other() {
        let ends = apart(vec![(50, "a".into(), true), (48, "b".into(), false)]);
        assert_eq!(ends.iter().map(|end| end.0).collect::<Vec<_>>(), [52, 68]);
    }

    #[test]
    fn lines_across_are_few_and_round() {
        for most in [0, 60, 4_000, 30_000, 90_000, 1_000_000, 40_000_000] {
            assert!(most / nice(most) < 5, "{most}");
        }
    }
}
