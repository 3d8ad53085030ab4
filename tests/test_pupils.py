"""A dump of pupils' results is added up as one would by hand, and one with personal data is refused."""

import csv
import io
import math
import statistics
from collections import defaultdict

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.intake.pupils import KEYS, is_personal, personal_data, school_results
from helpers.problems import BadInput

OF_KEYS = {
    "rcoi_code": "КОД_ОО",
    "subject_code": "КОД_ПРЕДМЕТА",
    "form": "ФОРМА",
    "category": "КАТЕГОРИЯ",
    "period": "ЭТАП",
}
OGE = {**OF_KEYS, "mark": "ОТМЕТКА", "primary_score": "ПЕРВ_БАЛЛ"}
EGE = {**OF_KEYS, "score": "ТЕСТ_БАЛЛ", "passed": "ПОРОГ"}
ENCODINGS = ["utf-8", "utf-8-sig", "cp1251", "utf-16"]


def dump(folder, titles, rows, encoding="utf-8", newline="\n"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator=newline).writerows([titles, *rows])
    path = folder / "результаты [1].csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def oge(folder, *rows, **style):
    return dump(folder, OGE.values(), rows, **style)


def ege(folder, *rows, **style):
    return dump(folder, EGE.values(), rows, **style)


def refusal(read, *arguments):
    with pytest.raises(BadInput) as caught:
        read(*arguments)
    return str(caught.value)


# --- adding up

SCHOOL = ("041001", "1", "ОГЭ", "ВТГ", "ОСН")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_marks_are_added_up(tmp_path, encoding, newline):
    path = oge(
        tmp_path,
        [*SCHOOL, "5", "30"],
        ["41001", "1", "ОГЭ", "ВТГ", "ОСН", "2", "4"],
        [*SCHOOL, "3", "14,5"],
        [*SCHOOL, "3", ""],
        [*SCHOOL, "4", "21.25"],
        encoding=encoding,
        newline=newline,
    )
    table = school_results(path, OGE, "oge")
    assert table.columns == [
        *KEYS, "n_participants", "share_2", "share_3", "share_4", "share_5", "mean_mark", "mean_primary"
    ]  # fmt: skip
    assert table.rows() == [
        (*SCHOOL, 4, 0, 0.5, 0.25, 0.25, 3.75, pytest.approx(65.75 / 3, rel=1e-12)),
        ("41001", "1", "ОГЭ", "ВТГ", "ОСН", 1, 1, 0, 0, 0, 2, 4),
    ]
    assert path.exists()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_scores_are_added_up(tmp_path, encoding):
    path = ege(
        tmp_path,
        ["041001", "2", "ЕГЭ", "ВТГ", "ОСН", "80", "1"],
        ["041001", "2", "ЕГЭ", "ВТГ", "РЕЗ", "33", "1"],
        ["041001", "2", "ЕГЭ", "ВТГ", "ОСН", "81", "1"],
        ["041001", "2", "ЕГЭ", "ВТГ", "ОСН", "20,5", "0"],
        encoding=encoding,
    )
    table = school_results(path, EGE, "ege")
    assert table.columns == [*KEYS, "n_participants", "mean_score", "sd_score", "n_below_min", "n_high"]
    key = ("041001", "2", "ЕГЭ", "ВТГ")
    assert table.rows() == [
        (*key, "ОСН", 3, 60.5, pytest.approx(math.sqrt((19.5**2 + 20.5**2 + 40**2) / 2), rel=1e-12), 1, 1),
        (*key, "РЕЗ", 1, 33, None, 0, 0),
    ]


def test_what_need_not_be_there_is_null(tmp_path):
    columns = {field: title for field, title in OGE.items() if field not in {"category", "primary_score"}}
    path = dump(tmp_path, columns.values(), [["041001", "1", "ОГЭ", "ОСН", "5"]])
    assert school_results(path, columns, "oge").rows() == [
        ("041001", "1", "ОГЭ", None, "ОСН", 1, 0, 0, 0, 1, 5, None),
    ]
    path = oge(tmp_path, ["041001", "1", "ОГЭ", "", "ОСН", "5", " "])
    assert school_results(path, OGE, "oge").rows() == [("041001", "1", "ОГЭ", None, "ОСН", 1, 0, 0, 0, 1, 5, None)]


def test_spaces_blank_lines_quotes_and_other_columns_change_nothing(tmp_path):
    path = tmp_path / "dump.csv"
    path.write_text(
        ' КОД_ОО ;НАЗВАНИЕ;"КОД_ПРЕДМЕТА";ФОРМА;КАТЕГОРИЯ;ЭТАП;ТЕСТ_БАЛЛ;ПОРОГ\n'
        '041001;"СШ ""Луч"";\n№ 1";1;ЕГЭ;ВТГ;ОСН;60;1\n'
        "\n"
        '041001  ;;"1";ЕГЭ ; ВТГ;ОСН; 70,0 ;1 \n'
        ";;;;;;;\n\n",
        encoding="utf-8",
    )
    assert school_results(path, EGE, "ege").rows() == [
        ("041001", "1", "ЕГЭ", "ВТГ", "ОСН", 2, 65, pytest.approx(math.sqrt(50)), 0, 0)
    ]


def test_equal_scores_have_no_spread(tmp_path):
    path = ege(tmp_path, *[["041001", "1", "ЕГЭ", "ВТГ", "ОСН", "61,7", "1"]] * 5_000)
    assert school_results(path, EGE, "ege").select("mean_score", "sd_score").row(0) == (61.7, 0)


KEY = st.tuples(
    st.sampled_from(["041001", "41001", "0"]), st.sampled_from(["1", "22"]), st.sampled_from(["ЕГЭ", "ГВЭ"]),
    st.sampled_from(["", "ВТГ", "СПО"]), st.sampled_from(["ОСН", "ДОП"]),
)  # fmt: skip
SCORE = st.integers(0, 1000).map(lambda tenths: tenths / 10)


def written(number, comma):
    return f"{number:g}".replace(".", "," if comma else ".")


def groups(rows):
    found = defaultdict(list)
    for key, *values in rows:
        found[tuple(cell or None for cell in key)].append(values)
    return found


def near(value):
    return None if value is None else pytest.approx(value, rel=1e-12, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(KEY, SCORE, st.integers(0, 1)), min_size=1, max_size=60),
    comma=st.booleans(),
    encoding=st.sampled_from(ENCODINGS),
)
def test_scores_are_as_counted_one_by_one(tmp_path_factory, rows, comma, encoding):
    path = ege(
        tmp_path_factory.mktemp("d"), *([*key, written(score, comma), passed] for key, score, passed in rows),
        encoding=encoding,
    )  # fmt: skip
    table = school_results(path, EGE, "ege")
    expected = groups(rows)
    assert table.height == len(expected)
    for *key, n, mean, sd, below, high in table.iter_rows():
        scores = [score for score, _ in expected[tuple(key)]]
        assert (n, below) == (len(scores), sum(not passed for _, passed in expected[tuple(key)]))
        assert high == sum(score >= 81 for score in scores)
        assert mean == near(statistics.fmean(scores))
        assert sd == (near(statistics.stdev(scores)) if n > 1 else None)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(KEY, st.integers(2, 5), st.none() | SCORE), min_size=1, max_size=60),
    comma=st.booleans(),
    encoding=st.sampled_from(ENCODINGS),
)
def test_marks_are_as_counted_one_by_one(tmp_path_factory, rows, comma, encoding):
    path = oge(
        tmp_path_factory.mktemp("d"),
        *([*key, mark, "" if score is None else written(score, comma)] for key, mark, score in rows),
        encoding=encoding,
    )
    table = school_results(path, OGE, "oge")
    expected = groups(rows)
    assert table.height == len(expected)
    for *key, n, share_2, share_3, share_4, share_5, mean, primary in table.iter_rows():
        marks = [mark for mark, _ in expected[tuple(key)]]
        scores = [score for _, score in expected[tuple(key)] if score is not None]
        assert n == len(marks)
        assert [share_2, share_3, share_4, share_5] == [near(marks.count(mark) / n) for mark in (2, 3, 4, 5)]
        assert mean == near(statistics.fmean(marks))
        assert primary == (near(statistics.fmean(scores)) if scores else None)


def test_the_result_does_not_depend_on_the_order_of_rows(tmp_path):
    rows = [[f"{i % 700:06}", "1", "ЕГЭ", "ВТГ", "ОСН", f"{i * 37 % 1001 / 10:g}", "1"] for i in range(20_000)]
    table = school_results(ege(tmp_path, *rows), EGE, "ege")
    assert table.equals(school_results(ege(tmp_path, *reversed(rows)), EGE, "ege"))
    assert table.equals(table.sort(KEYS))


# --- bad cells and files

GOOD = [*SCHOOL, "5", "30"]


def changed(row, **cells):
    return [cells.get(field, cell) for field, cell in zip(OGE, row, strict=True)]


def test_bad_marks_are_told_by_kind(tmp_path):
    bad = [{"mark": "6"}, {"mark": "отл."}, {"mark": ""}, {"mark": "1"}, {"mark": "3,5"}, {"mark": "nan"}]
    path = oge(tmp_path, GOOD, *(changed(GOOD, **cells) for cells in bad), GOOD)
    name, advice = "Файл результаты [1].csv", "исправьте ячейку или выгрузите файл заново"
    mark = "ожидалось: отметка 2, 3, 4 или 5"
    assert refusal(school_results, path, OGE, "oge").splitlines() == [
        f"{name}, строка 5, столбец «ОТМЕТКА» — найдено: пустая ячейка; {mark}; {advice}.",
        f"{name}, строка 4, столбец «ОТМЕТКА» — найдено: не число (ниже ещё ошибок: 1); {mark}; {advice}.",
        f"{name}, строка 3, столбец «ОТМЕТКА» — найдено: недопустимое число (ниже ещё ошибок: 2); {mark}; {advice}.",
    ]


@pytest.mark.parametrize(
    ("field", "cell", "found", "expected"),
    [
        ("rcoi_code", "", "пустая ячейка", "код школы"),
        ("subject_code", "  ", "пустая ячейка", "код предмета"),
        ("form", "", "пустая ячейка", "форма экзамена"),
        ("period", "", "пустая ячейка", "этап экзамена"),
        ("primary_score", "-1", "недопустимое число", "первичный балл от 0 до 100 или пустая ячейка"),
        ("primary_score", "н/д", "не число", "первичный балл от 0 до 100 или пустая ячейка"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_a_bad_cell_is_told_in_a_sentence(tmp_path, field, cell, found, expected, encoding):
    # a blank line counts as a row, as it does in a spreadsheet
    path = oge(tmp_path, GOOD, [""] * 7, changed(GOOD, **{field: cell}), encoding=encoding)
    assert refusal(school_results, path, OGE, "oge") == (
        f"Файл результаты [1].csv, строка 4, столбец «{OGE[field]}» — найдено: {found}; ожидалось: {expected}; "
        "исправьте ячейку или выгрузите файл заново."
    )


@pytest.mark.parametrize(
    ("column", "cell", "found", "expected"),
    [
        ("ТЕСТ_БАЛЛ", "100,1", "недопустимое число", "тестовый балл от 0 до 100"),
        ("ТЕСТ_БАЛЛ", "-1", "недопустимое число", "тестовый балл от 0 до 100"),
        ("ТЕСТ_БАЛЛ", "inf", "не число", "тестовый балл от 0 до 100"),
        ("ТЕСТ_БАЛЛ", "", "пустая ячейка", "тестовый балл от 0 до 100"),
        ("ПОРОГ", "2", "недопустимое число", "1 (порог преодолён) или 0"),
        ("ПОРОГ", "0,5", "недопустимое число", "1 (порог преодолён) или 0"),
        ("ПОРОГ", "да", "не число", "1 (порог преодолён) или 0"),
    ],
)
def test_a_bad_cell_of_ege_is_told_in_a_sentence(tmp_path, column, cell, found, expected):
    good = dict(zip(EGE.values(), ["041001", "1", "ЕГЭ", "ВТГ", "ОСН", "60", "1"], strict=True))
    path = ege(tmp_path, good.values(), {**good, column: cell}.values())
    assert refusal(school_results, path, EGE, "ege") == (
        f"Файл результаты [1].csv, строка 3, столбец «{column}» — найдено: {found}; ожидалось: {expected}; "
        "исправьте ячейку или выгрузите файл заново."
    )


def test_no_message_repeats_a_bad_cell(tmp_path):
    path = oge(tmp_path, changed(GOOD, mark="Секретов", primary_score="79001234567"))
    text = refusal(school_results, path, OGE, "oge")
    assert "Секретов" not in text
    assert "7900" not in text


def test_a_missing_column_is_named(tmp_path):
    path = dump(tmp_path, [title for title in OGE.values() if title not in {"ЭТАП", "ОТМЕТКА"}], [GOOD[:5]])
    tail = (
        "— найдено: такого столбца нет; ожидалось: столбец с таким названием; "
        "исправьте название в файле или впишите новое в layouts/oge_pupils.csv."
    )
    assert refusal(school_results, path, OGE, "oge").splitlines() == [
        f"Файл результаты [1].csv, столбец «{title}» {tail}" for title in ("ЭТАП", "ОТМЕТКА")
    ]


def test_a_repeated_title_is_refused(tmp_path):
    path = dump(tmp_path, [*OGE.values(), "ЭТАП"], [[*GOOD, "ДОП"]])
    assert "столбец «ЭТАП» — найдено: одно название у нескольких столбцов" in refusal(school_results, path, OGE, "oge")


HEADER = ";".join(OGE.values()) + "\n"
ROW = ";".join(GOOD) + "\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "таблица без строк с данными"),
        (HEADER.encode(), "таблица без строк с данными"),
        ((HEADER + ROW + "1;" + ROW).encode(), "строка 3 — найдено: число ячеек 8; ожидалось: число ячеек 7"),
        ((HEADER + ROW + '"' + ROW + ROW).encode(), "строка 3 — найдено: незакрытая или лишняя кавычка"),
        ((HEADER + ROW).encode() + b"\xff" + ROW.encode() * 70_000, "такого столбца нет"),
        ((HEADER + ROW * 70_000).encode() + b"\xff" + ROW.encode(), "байты, которых нет в кодировке utf-8"),
        ((HEADER + ROW).encode("cp1251") + b"\x98" + ROW.encode("cp1251"), "байты, которых нет в кодировке cp1251"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, content, said):
    path = tmp_path / "dump.csv"
    path.write_bytes(content)
    assert said in refusal(school_results, path, OGE, "oge")


def test_a_row_shifted_by_a_superfluous_delimiter_is_refused(tmp_path):
    path = dump(tmp_path, [*OGE.values(), "ППЭ"], [[*GOOD, "1"], [*GOOD[:2], "", *GOOD[2:], "1"]])
    text = refusal(school_results, path, OGE, "oge")
    assert "строка 3, столбец «ФОРМА» — найдено: пустая ячейка" in text
    assert "строка 3, столбец «ОТМЕТКА» — найдено: не число" in text


def test_an_absent_file_is_refused(tmp_path):
    assert refusal(school_results, tmp_path / "нет.csv", OGE, "oge") == (
        "Файл нет.csv — найдено: такого файла нет; ожидалось: выгрузка с результатами участников; положите файл на место."
    )


# --- personal data

PERSONAL = [
    *(
        "ФИО",
        "Ф.И.О.",
        "Ф. И. О. участника",
        "ФИО директора школы",
        "фио",
        "FIO",
        "ФИO",
        "Фамилия",
        "ФАМИЛИЯ_УЧ",
        "Имя",
    ),
    *(
        "имя участника",
        "Имя ученика школы",
        "Отчество",
        "Отчество (при наличии)",
        "СНИЛС",
        "СНИЛC",
        "Номер СНИЛС",
        "snils",
    ),
    *(
        "Паспорт",
        "Паспортные данные",
        "Серия паспорта",
        "Серия",
        "СЕРИЯ_ДОК",
        "Номер документа",
        "НОМЕР_ДОК",
        "№ документа",
    ),
    *("Серия и номер документа", "Документ, номер", "Номер свидетельства", "Удостоверение личности", "Кем выдан"),
    *(
        "Дата рождения",
        "ДАТА_РОЖД",
        "ДатаРождения",
        "Д.Р.",
        "Год рождения",
        "Место рождения",
        "BirthDate",
        "date of birth",
    ),
    *("Телефон", "Тел.", "Мобильный телефон", "Телефон родителя", "Адрес", "Адрес регистрации", "Место жительства"),
    *(
        "E-mail",
        "email",
        "e_mail",
        "Электронная почта",
        "Эл. почта",
        "LastName",
        "First name",
        "Surname",
        "Passport number",
    ),
]
HARMLESS = [
    *("Наименование ОО", "НАИМЕНОВАНИЕ_ОО", "Имя файла", "Имя столбца", "Название школы", "Школа имени А. С. Пушкина"),
    *(
        "Код ОО",
        "КОД_ПРЕДМЕТА",
        "Номер варианта",
        "Номер бланка",
        "Номер ППЭ",
        "№ аудитории",
        "Номер задания",
        "Серия КИМ",
    ),
    *(
        "Социальный паспорт",
        "Паспорт школы",
        "Адрес школы",
        "Адрес ППЭ",
        "Юридический адрес",
        "Телефон ОО",
        "E-mail школы",
    ),
    *(
        "Дата экзамена",
        "Отчётный период",
        "Отметка",
        "Тестовый балл",
        "ОТ_81",
        "Тип документа",
        "Вид документа",
        "Класс",
    ),
    *(
        "Наименование МСУ",
        "Категория участника",
        "Форма",
        "Этап",
        "Пол",
        "и др.",
        "Порог",
        "FileName",
        "Филиал",
        "",
        "1",
    ),
    *(
        "Решение о допуске",
        "Сведения об ОО",
        "О школе",
        "Адресная помощь",
        "Номер протокола",
        "Имя поля",
        "Регистрационный номер",
    ),
    *(*OGE.values(), *EGE.values()),
]


@pytest.mark.parametrize("title", PERSONAL)
def test_a_title_of_personal_data_is_refused(tmp_path, title):
    assert is_personal(title)
    path = dump(tmp_path, [*OGE.values(), title], [[*GOOD, "тайна"]], "utf-8")
    shown = " ".join(title.split())
    assert refusal(school_results, path, OGE, "oge") == (
        f"Файл результаты [1].csv, столбец «{shown}» — найдено: персональные данные, судя по названию; "
        "ожидалось: файл без персональных данных; выгрузите его без этого столбца; файл не читается."
    )


@pytest.mark.parametrize("title", HARMLESS)
def test_a_harmless_title_is_not_refused(title):
    assert not is_personal(title)


CONTENTS = [
    ("112-233-445 95", "похоже на СНИЛС"),
    ("снилс 112-233-445-95.", "похоже на СНИЛС"),
    ("3001 123456", "похоже на серию и номер паспорта"),
    ("паспорт 30 01 123456", "похоже на серию и номер паспорта"),
    ("Тайнова Мария Ивановна", "похоже на фамилию, имя и отчество"),
    ("ТАЙНОВА МАРИЯ ИЛЬИНИЧНА", "похоже на фамилию, имя и отчество"),
    ("Тайнов-Явный Пётр Кузьмич", "похоже на фамилию, имя и отчество"),
    ("Тайнов Вагиф Али оглы", "похоже на фамилию, имя и отчество"),
    ("01.02.2004", "похоже на даты рождения"),
    ("2004-02-01", "похоже на даты рождения"),
    ("1.2.2004 0:00", "похоже на даты рождения"),
]


@pytest.mark.parametrize(("cell", "found"), CONTENTS)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_contents_of_personal_data_are_refused_and_not_repeated(tmp_path, cell, found, encoding):
    path = dump(tmp_path, [*OGE.values(), "примечание"], [[*GOOD, ""], [*GOOD, cell]], encoding)
    text = refusal(school_results, path, OGE, "oge")
    assert text == (
        f"Файл результаты [1].csv, столбец «примечание» — найдено: {found}; "
        "ожидалось: файл без персональных данных; выгрузите его без этого столбца; файл не читается."
    )
    assert cell not in text


@pytest.mark.parametrize("cell", [cell for cell, _ in CONTENTS])
def test_a_pupil_in_place_of_a_title_is_not_repeated(tmp_path, cell):
    path = dump(tmp_path, ["041001", cell, "5"], [["041001", "", "4"]])
    text = "\n".join(map(str, personal_data(path)))
    assert "столбец «№ 2»" in text
    assert cell not in text


@pytest.mark.parametrize(
    "cell",
    [
        *("Средняя Школа Посёлка", "МБОУ СШ № 1 имени Ильи Ивановича", "основной", "Петропавловск-Камчатский", "Углич"),
        *("Русский язык", "12.05.2021", "2021-05-12", "041001", "1234567890", "100 000 000", "12 345 678", "2021/2022"),
    ],
)
def test_harmless_contents_are_not_refused(tmp_path, cell):
    assert personal_data(oge(tmp_path, GOOD)) == []
    assert personal_data(dump(tmp_path, [*OGE.values(), "примечание"], [[*GOOD, cell]] * 3)) == []


def test_one_old_date_is_not_a_column_of_births(tmp_path):
    rows = [[*GOOD, "12.05.2010"], *[[*GOOD, "12.05.2021"]] * 3]
    assert personal_data(dump(tmp_path, [*OGE.values(), "ДАТА"], rows)) == []


def test_personal_data_are_refused_before_anything_else(tmp_path):
    path = dump(tmp_path, ["Фамилия", "СНИЛС"], [["Тайнов", ""]])
    assert len(refusal(school_results, path, OGE, "oge").splitlines()) == 2


def test_the_frame_is_of_plain_types(tmp_path):
    table = school_results(oge(tmp_path, GOOD), OGE, "oge")
    assert table.schema == {
        **dict.fromkeys(KEYS, pl.String), "n_participants": pl.Int64,
        **dict.fromkeys(["share_2", "share_3", "share_4", "share_5", "mean_mark", "mean_primary"], pl.Float64),
    }  # fmt: skip
