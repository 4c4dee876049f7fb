//! Rows in aligned columns, for people.

use std::io::{self, Write};

use anstyle::Style;

use unicode_width::UnicodeWidthStr;

use crate::text::{plain, plain_name};

/// Rows under headings. A column with nothing in it is left out.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    heading: &'static str,
    right: bool,
}

impl Column {
    /// A column of text.
    pub const fn left(heading: &'static str) -> Self {
        Self { heading, right: false }
    }

    /// A column of numbers.
    pub const fn right(heading: &'static str) -> Self {
        Self { heading, right: true }
    }
}

/// What stands in one column of one row.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A name, a number or a few words, wherever they are from; what is too long is cut.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self { text: plain_name(text.as_ref()), style: Style::new() }
    }

    /// The same where there may be none.
    pub fn maybe(text: Option<impl AsRef<str>>) -> Self {
        text.map(Self::new).unwrap_or_default()
    }

    /// Sentences, such as a reason and what to do about it.
    pub fn sentences(text: impl AsRef<str>) -> Self {
        Self { text: plain(text.as_ref()), style: Style::new() }
    }

    /// In colour.
    pub fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, with a cell for each column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Prints the headings and the rows.
    ///
    /// # Errors
    /// Nobody reads.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let widths: Vec<_> = (0..self.columns.len()).map(|column| self.width(column)).collect();
        let headings = self
            .columns
            .iter()
            .map(|column| Cell { text: column.heading.to_owned(), style: Style::new().dimmed() });
        self.line(out, &headings.collect::<Vec<_>>(), &widths)?;
        self.rows.iter().try_for_each(|row| self.line(out, row, &widths))
    }

    /// How wide a column has to be; `None` where nothing stands in it.
    fn width(&self, column: usize) -> Option<usize> {
        let texts = self.rows.iter().filter_map(|row| row.get(column));
        let widest = texts.map(|cell| cell.text.width()).max().filter(|width| *width > 0)?;
        let heading = self.columns.get(column).map_or(0, |column| column.heading.width());
        Some(widest.max(heading))
    }

    fn line(&self, out: &mut impl Write, cells: &[Cell], widths: &[Option<usize>]) -> io::Result<()> {
        let mut line = String::new();
        // Blanks are written when something comes after them, so no line ends in any.
        let mut blanks = 0;
        for ((column, Cell { text, style }), width) in self.columns.iter().zip(cells).zip(widths) {
            let Some(width) = width else { continue };
            let fill = width.saturating_sub(text.width());
            let (before, after) = if column.right { (fill, 0) } else { (0, fill) };
            blanks += before;
            if !text.is_empty() {
                line.push_str(&" ".repeat(std::mem::take(&mut blanks)));
                line.push_str(&format!("{style}{text}{style:#}"));
            }
            blanks += after + 2;
        }
        writeln!(out, "{line}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let mut table = Table::new(&[Column::right("ID"), Column::left("NAME"), Column::left("NOTE")]);
        table.row([Cell::new("7"), Cell::new("\u{c4}rger\u{1b}"), Cell::default()]);
        table.row([Cell::new("1234"), Cell::default(), Cell::default()]);
        let mut out = anstream::StripStream::new(Vec::new());
        table.print(&mut out).unwrap();
        let printed = String::from_utf8(out.into_inner()).unwrap();
        assert_eq!(printed, "  ID  NAME\n   7  \u{c4}rger\\u{1b}\n1234\n");
    }
}
