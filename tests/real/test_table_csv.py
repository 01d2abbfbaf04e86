"""Published condition tables are read with their units."""

from napari_microgen.io.table_csv import read_table


def test_real_tables_are_read(real_data):
    folder = real_data("thin-film-conditions")
    for path in sorted(folder.glob("*.csv")):
        table = read_table(path)
        assert len(table) in (9, 110, 123)
        assert sum(table.is_numeric(name) for name in table.names) >= 6
        assert sum(column.unit is not None for column in table.columns) >= 4
