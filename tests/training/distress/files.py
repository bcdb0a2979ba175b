"""Files in the form of the Polish bankruptcy files, made up line by line."""

NAMES = [f"Attr{n}" for n in range(1, 65)]


def written(folder, lines, *, names=NAMES, file="5year.arff"):
    head = [*(f"@attribute {name} numeric" for name in names), "@attribute class {0,1}"]
    (folder / file).write_text("\n".join(["@relation made-up", "", *head, "", "@data", *lines, ""]), encoding="utf-8")
    return folder


def line(bad, **values):
    stated = [str(values.get(name, 0.5)) for name in NAMES]
    return ",".join([*stated, "1" if bad else "0"])
