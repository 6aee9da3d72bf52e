//! Columns of figures.

use comfy_table::{CellAlignment, Table, presets::NOTHING};

/// `heading` names the columns, with a bar between them.
pub(crate) fn table(heading: &str, rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_header(heading.split('|'))
        .add_rows(rows);
    for column in table.column_iter_mut() {
        column
            .set_padding((0, 2))
            .set_cell_alignment(CellAlignment::Right);
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = vec![
            vec!["1".to_owned(), "0.107".to_owned()],
            vec!["10".to_owned(), "12.500".to_owned()],
        ];
        assert_eq!(
            table("ROUND|P50", rows),
            "ROUND     P50\n    1   0.107\n   10  12.500"
        );
    }
}
