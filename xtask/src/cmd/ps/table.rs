//! A table that makes room where a terminal is narrow.

/// Between two columns.
const GAP: &str = "  ";

/// What makes room, one after another until all fits.
pub enum Room {
    /// A column's cells get shorter.
    Shorten(&'static str, fn(&str) -> String),
    /// A column goes.
    Leave(&'static str),
}

/// Rows below their titles as lines, each column as wide as it must be; of at most `width` characters.
pub fn table(titles: &[&str], rows: &[Vec<String>], width: Option<usize>, rooms: &[Room]) -> Vec<String> {
    let mut columns: Vec<Vec<String>> = titles.iter().map(|title| vec![(*title).to_owned()]).collect();
    for row in rows {
        columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell.clone()));
    }
    let width = width.unwrap_or(usize::MAX);
    for room in rooms {
        if lines(&columns).iter().all(|line| line.chars().count() <= width) {
            break;
        }
        match room {
            Room::Leave(title) => columns.retain(|column| column[0] != *title),
            Room::Shorten(title, shorter) => {
                let column = columns.iter_mut().filter(|column| column[0] == *title);
                column.flat_map(|column| &mut column[1..]).for_each(|cell| *cell = shorter(cell));
            }
        }
    }
    lines(&columns).into_iter().map(|line| cut(&line, width)).collect()
}

/// A text of at most so many characters.
pub fn cut(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

fn lines(columns: &[Vec<String>]) -> Vec<String> {
    let width = |column: &Vec<String>| column.iter().map(|cell| cell.chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let line = |row: usize| {
        let cells = columns.iter().zip(&widths).map(|(column, &width)| format!("{:width$}", column[row]));
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..columns.first().map_or(0, Vec::len)).map(line).collect()
}
