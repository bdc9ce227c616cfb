"""polars: a sheet as a data frame, read by its default engine; read_ods for ods and read_csv for csv."""

import polars
from probe import Table, by_columns

KEEP = {"drop_empty_rows": False, "drop_empty_cols": False, "raise_if_empty": False}


def ask(request):
    path, names, header = request["path"], request["sheets"], request["header"]
    if path.lower().endswith((".csv", ".tsv")):
        types = {"infer_schema": False} if request["as_text"] else {}
        frame = polars.read_csv(path, has_header=header, separator=request["delimiter"], raise_if_empty=False, **types)
        yield table((names or ["csv"])[0], frame, header)
        return
    options = {"has_header": header, **KEEP}
    if path.lower().endswith(".ods"):
        read = polars.read_ods
    else:
        read = polars.read_excel
        options["read_options"] = {"skip_rows": 0} | ({"dtypes": "string"} if request["as_text"] else {})
    if names is None:
        frames = read(path, sheet_id=0, **options)
    else:
        frames = {name: read(path, sheet_name=name, **options) for name in names}
    for name, frame in frames.items():
        yield table(name, frame, header, first_row=None, first_column=None)


def table(name, frame, header, **origin):
    columns = (column.to_list() for column in frame.iter_columns())
    return Table(name, by_columns(columns, frame.columns if header else None), **origin)
