"""Every bad input is refused with a sentence by which its owner can mend it."""

import copy
import csv
import io
import random
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
import yaml

from helpers.intake import accept
from helpers.intake.sheets import read_sheet
from helpers.problems import BadInput
from helpers.report import open_report, report_names

TITLES = [
    *("код", "школа", "код района", "район", "год", "учеников"),
    *("высшее", "неполные", "семей", "средний балл", "сдавали", "доля двоек", "писали"),
]
PARAMS = {
    "title": "Результаты школ",
    "region": "Область",
    "years": [2023, 2024],
    "data": {
        "school_table": {
            "file": "школы.csv",
            "source": "выгрузка",
            "licence": "внутренняя",
            "school_id": "код",
            "school_name": "школа",
            "group_id": "код района",
            "group_name": "район",
            "year": "год",
            "n_pupils": "учеников",
            "indicators": {
                "higher_education": {
                    "title": "родители с высшим образованием",
                    "columns": ["высшее"],
                    "unit": "percent",
                    "higher_is": "better",
                },
                "incomplete": {
                    "title": "неполные семьи",
                    "columns": ["неполные"],
                    "of": ["семей"],
                    "unit": "count",
                    "higher_is": "worse",
                },
            },
            "results": [
                {
                    "procedure": "ОГЭ",
                    "title": "отметка по математике",
                    "measure": "mean",
                    "value": "средний балл",
                    "n": "сдавали",
                    "minimum": 2,
                    "maximum": 5,
                },
                {
                    "procedure": "ВПР",
                    "title": "доля двоек",
                    "measure": "share",
                    "value": "доля двоек",
                    "n": "писали",
                    "higher_is": "worse",
                },
            ],
        }
    },
}


def good_rows():
    """14 schools in 2023, the same in 2024: rows 2–15 and 16–29 of the file."""
    return [list(TITLES)] + [
        [
            *(f"04{i:02}", f"Школа № {i}", f"0{i % 3}", f"Район {i % 3}", str(year), str(100 + 10 * i)),
            *(f"{20 + i},5", str(10 + i), "80", f"3,{i + 10}", str(20 + i), f"0,{i + 10}", str(30 + i)),
        ]
        for year in (2023, 2024)
        for i in range(1, 15)
    ]


class Folder:
    """A report that passes, to be spoilt: `params`, `rows` or the bytes of its files."""

    def __init__(self, path):
        self.path = path
        self.params = copy.deepcopy(PARAMS)
        self.rows = good_rows()
        self.files = {}
        self.report = str(path / "отчёт.yml")
        path.mkdir()

    @property
    def table(self):
        return self.params["data"]["school_table"]

    def csv(self, delimiter=";"):
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(self.rows)
        return text.getvalue()

    def write(self):
        self.files.setdefault("отчёт.yml", yaml.safe_dump(self.params, allow_unicode=True).encode())
        self.files.setdefault("школы.csv", self.csv().encode())
        for name, content in self.files.items():
            (self.path / name).write_bytes(content)

    def read(self):
        return accept(open_report(self.report))


def cell(row, column, value):
    def spoil(folder):
        folder.rows[row - 1][TITLES.index(column)] = value

    return spoil


def column(title, value):
    def spoil(folder):
        for row in folder.rows[1:]:
            row[TITLES.index(title)] = value

    return spoil


def misspelt_type(folder):
    """The name of the district serves as the type of school."""
    for row in folder.rows[1:]:
        row[TITLES.index("район")] = "вечерняя" if row[TITLES.index("район")] == "Район 0" else "сош"
    folder.table.update(school_type="район", left_out=["Вечерня"])


def title(old, new):
    return cell(1, old, new)


def key(path, value):
    """Set a key of the params, or remove it (`...`)."""

    def spoil(folder):
        *above, last = path.split(".")
        section = folder.params
        for name in above:
            section = section[int(name)] if isinstance(section, list) else section.setdefault(name, {})
        if value is ...:
            del section[last]
        else:
            section[int(last) if isinstance(section, list) else last] = value

    return spoil


def table_key(path, value):
    return key(f"data.school_table.{path}", value)


def table_as(make):
    """Replace the csv file's bytes by `make(its text)`."""

    def spoil(folder):
        folder.files["школы.csv"] = make(folder.csv())

    return spoil


def table_named(name, content=b""):
    def spoil(folder):
        folder.table["file"] = name
        folder.files[name] = content

    return spoil


def params_as(content):
    def spoil(folder):
        folder.files["отчёт.yml"] = content

    return spoil


def workbook(*changes, sheet="Школы", asked="", before=()):
    """Keep the table in a workbook; a change is (row, column, the worksheet's method, its arguments)."""

    def spoil(folder):
        content = io.BytesIO()
        with xlsxwriter.Workbook(content) as book:
            for title in before:
                book.add_worksheet(title).write(0, 0, "Отчёт о школах")
            page = book.add_worksheet(sheet)
            for number, row in enumerate(folder.rows):
                page.write_row(number, 0, row)
            as_date = book.add_format({"num_format": "dd.mm.yyyy"})
            for row, column, method, *arguments in changes:
                getattr(page, method)(row - 1, TITLES.index(column), *arguments[:1], as_date, *arguments[1:])
        folder.files["школы.xlsx"] = content.getvalue()
        folder.table.update(file="школы.xlsx", sheet=asked)

    return spoil


def damaged_workbook(folder):
    workbook()(folder)
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(folder.files["школы.xlsx"])) as whole, zipfile.ZipFile(content, "w") as damaged:
        for name in whole.namelist():
            inside = whole.read(name)
            damaged.writestr(name, inside[: len(inside) // 2] if name.endswith("sheet1.xml") else inside)
    folder.files["школы.xlsx"] = content.getvalue()


def both(*spoils):
    def spoil(folder):
        for each in spoils:
            each(folder)

    return spoil


def wide(folder):
    """Leave one year and no column of years."""
    folder.rows = folder.rows[:15]
    folder.params["years"] = [2024]
    del folder.table["year"]


def directory_instead_of_table(folder):
    (folder.path / "папка.csv").mkdir()
    folder.table["file"] = "папка.csv"


def no_rows_of_2024(folder):
    folder.rows = folder.rows[:15]


def case(name, spoil, place, found, expected, advice):
    return pytest.param(spoil, f"{place} — найдено: {found}; ожидалось: {expected}; {advice}.", id=name)


INDICATOR = PARAMS["data"]["school_table"]["indicators"]["incomplete"]
NOISE = random.Random(5).randbytes(3000)
FILL_CELL = "впишите значение, а если это строка итогов или примечаний, удалите её"
FIX_VALUE = "исправьте значение"
FIX_CELL = "исправьте ячейку, а если данных нет, оставьте её пустой"
A_YEAR = ("год или учебный год", "впишите год четырьмя цифрами, например 2021 или 2020/2021")
NO_VALUE = ("во всём столбце нет ни одного значения", "значения хотя бы у одной школы",
            "выгрузите таблицу заново или уберите столбец из файла параметров")  # fmt: skip
FIX_ONE = "исправьте одно из них"
DISCORD = "несогласованные значения"
FIX_QUOTES = "исправьте кавычки в этой строке или сохраните таблицу из Excel заново как CSV UTF-8"
BAD_QUOTE = "незакрытая или лишняя кавычка"
GOOD_QUOTES = "кавычки только вокруг ячейки, а внутри неё — удвоенные"
NAME_ENCODING = "назовите верную кодировку ключом encoding в файле параметров или сохраните таблицу как CSV UTF-8"
SAVE_AGAIN = "файл повреждён или записан в другой кодировке: сохраните таблицу заново как CSV UTF-8"
CHECK_TITLES = (
    "проверьте, те ли это названия; если над ними есть другие строки или они занимают две, назовите это ключами header_row и "
    "header_rows, а у csv проверьте ключи encoding и delimiter"
)
PUT_FILE = "положите файл в папку «данные» или исправьте ключ file в файле параметров"
DROP_KEY = "исправьте или удалите ключ"
YAML_LINES = "строки вида «ключ: значение» с отступами из пробелов"
CHECK_YAML = "проверьте отступы, двоеточия, скобки и кавычки здесь и строкой выше"
OUR_TITLES = "столбцы «код», «школа», «код района», «район», «учеников» и другие"

# fmt: off
CASES = [
    case("file is absent", table_key("file", "нет.csv"),
         "Файл нет.csv", "такого файла нет", "файл с данными", PUT_FILE),
    case("folder instead of a file", directory_instead_of_table,
         "Файл папка.csv", "папка", "файл с данными", PUT_FILE),
    case("file is empty", table_named("пустая.csv"),
         "Файл пустая.csv", "пустой файл (0 байт)", "таблица с заголовком", "выгрузите файл заново"),
    case("header only", table_as(lambda text: text.splitlines()[0].encode()),
         "Файл школы.csv", "таблица без строк с данными", "заголовок и строки под ним", "выгрузите файл заново"),
    case("blank lines only", table_as(lambda text: b"\n \n;;;\n"),
         "Файл школы.csv", "таблица без строк с данными", "заголовок и строки под ним", "выгрузите файл заново"),
    case("unknown kind of file", table_named("школы.docx", NOISE),
         "Файл школы.docx", "файл вида «.docx»", "файл csv, xlsx или parquet",
         "сохраните таблицу в одном из этих видов"),
    case("declared utf-8, is cp1251", both(table_key("encoding", "utf-8"), table_as(lambda t: t.encode("cp1251"))),
         "Файл школы.csv, строка 1", "байты, которых нет в кодировке utf-8", "текст в кодировке utf-8",
         NAME_ENCODING),
    case("UTF-16 without a mark", table_as(lambda t: t.encode("utf-16-le")),
         "Файл школы.csv, строка 1", "нулевые байты", "текст в кодировке utf-8", SAVE_AGAIN),
    case("NUL bytes", table_as(lambda t: t.replace("Школа № 7", "Школа\0", 1).encode()),
         "Файл школы.csv, строка 8", "нулевые байты", "текст в кодировке utf-8", SAVE_AGAIN),
    case("damaged UTF-8", table_as(lambda t: t.encode().replace("Школа № 3".encode(), "Школа № 3".encode()[:3], 1)),
         "Файл школы.csv, строка 4", "байты, которых нет в кодировке utf-8", "текст в кодировке utf-8",
         NAME_ENCODING),
    case("encoding that does not exist", table_key("encoding", "cp12511"),
         "Файл отчёт.yml, ключ «data.school_table.encoding»", "«cp12511»",
         "название кодировки, например utf-8 или cp1251", FIX_VALUE),
    case("declared cp1251, is utf-8", table_key("encoding", "cp1251"),
         "Файл школы.csv", "столбцы «РєРѕРґ», «С€РєРѕР»Р°», «РєРѕРґ СЂР°Р№РѕРЅР°», «СЂР°Р№РѕРЅ», «РіРѕРґ» и другие",
         OUR_TITLES, CHECK_TITLES),
    case("wrong delimiter", table_key("delimiter", "|"),
         "Файл школы.csv", "столбцы «код;школа;код района;район;год;учеников;высшее;неполные;семе…»", OUR_TITLES,
         CHECK_TITLES),
    case("delimiter of two characters", table_key("delimiter", ";;"),
         "Файл отчёт.yml, ключ «data.school_table.delimiter»", "«;;»", "одно из значений: '', ',', ';', '\\t', '|'",
         FIX_VALUE),
    case("ragged row", lambda f: f.rows[4].append("лишнее"),
         "Файл школы.csv, строка 5", "число ячеек 14", "число ячеек 13, как в заголовке",
         "проверьте лишние или недостающие разделители и кавычки в этой строке"),
    case("a title above the table", lambda f: f.rows.insert(0, ["Сведения о школах"]),
         "Файл школы.csv, строка 1", "число ячеек 1, а во всех строках ниже их больше", "строка с названиями столбцов",
         "если над заголовком стоит название таблицы, назовите строку заголовка ключом header_row файла параметров"),
    case("titles repeated", title("семей", "писали"),
         "Файл школы.csv, строка 1, столбец «писали»", "одно название у нескольких столбцов",
         "у каждого столбца своё название", "переименуйте лишние столбцы"),
    case("quote not closed", table_as(lambda t: t.replace("Школа № 3;", '"Школа № 3;', 1).encode()),
         "Файл школы.csv, строка 4", BAD_QUOTE, GOOD_QUOTES, FIX_QUOTES),
    case("quote inside quotes", table_as(lambda t: t.replace("Школа № 3;", '"Школа "Луч"";', 1).encode()),
         "Файл школы.csv, строка 4", BAD_QUOTE, GOOD_QUOTES, FIX_QUOTES),
    case("column is absent, near name", title("средний балл", "Средний  балл"),
         "Файл школы.csv, столбец «средний балл»", "такого столбца нет, есть похожий «Средний балл»",
         "столбец с таким названием",
         "исправьте название в таблице или в файле параметров (сравните пробелы, регистр, русские и латинские буквы)"),
    case("column is absent", title("семей", "xyz"),
         "Файл школы.csv, столбец «семей»", "такого столбца нет", "столбец с таким названием",
         "исправьте название в таблице или в файле параметров"),
    case("text in a number", cell(5, "учеников", "сто"),
         "Файл школы.csv, строка 5, столбец «учеников»", "«сто»", "целое число", FIX_CELL),
    case("percent over 100", cell(5, "высшее", "120,5"),
         "Файл школы.csv, строка 5, столбец «высшее»", "«120,5»", "число от 0 до 100", FIX_CELL),
    case("share given as percent", cell(5, "доля двоек", "12,5"),
         "Файл школы.csv, строка 5, столбец «доля двоек»", "«12,5»", "число от 0 до 1",
         "исправьте ячейку, а если весь столбец в процентах, укажите в файле параметров percent вместо share"),
    case("percent given as shares", column("высшее", "0,125"),
         "Файл школы.csv, столбец «высшее»", "во всём столбце ни одного числа больше 1", "проценты от 0 до 100",
         "если это доли, укажите в файле параметров share вместо percent"),
    case("more participants than any school has", cell(20, "сдавали", "300000"),
         "Файл школы.csv, строка 20, столбец «сдавали»", "«300000»", "целое число от 0 до 100000", FIX_CELL),
    case("title page before the table", workbook(before=["Титул"]),
         "Файл школы.xlsx, лист «Титул»", "таблица без строк с данными", "заголовок и строки под ним",
         "выгрузите файл заново; прочитан первый лист книги, а есть и «Школы»: если таблица там, назовите лист ключом sheet "
         "файла параметров"),
    case("negative number of participants", cell(20, "сдавали", "−3"),
         "Файл школы.csv, строка 20, столбец «сдавали»", "«−3»", "целое число не меньше 0", FIX_CELL),
    case("fractional number of participants", cell(20, "сдавали", "12,5"),
         "Файл школы.csv, строка 20, столбец «сдавали»", "«12,5»", "целое число", FIX_CELL),
    case("mean below the minimum", cell(6, "средний балл", "1,99"),
         "Файл школы.csv, строка 6, столбец «средний балл»", "«1,99»", "число от 2 до 5", FIX_CELL),
    case("mean above the maximum", cell(6, "средний балл", "50"),
         "Файл школы.csv, строка 6, столбец «средний балл»", "«50»", "число от 2 до 5", FIX_CELL),
    case("date in csv", cell(6, "средний балл", "05.мар"),
         "Файл школы.csv, строка 6, столбец «средний балл»", "«05.мар»", "число, а не дата",
         "задайте ячейке числовой формат и впишите число заново: Excel мог принять его за дату"),
    case("part above its whole", cell(6, "неполные", "81"),
         "Файл школы.csv, строка 6, столбец «неполные»", "101,2 % от столбца «семей»", "не больше 100 %",
         "исправьте строку: часть не может быть больше целого"),
    case("part above its whole by one", both(cell(6, "неполные", "201"), cell(6, "семей", "200")),
         "Файл школы.csv, строка 6, столбец «неполные»", "100,5 % от столбца «семей»", "не больше 100 %",
         "исправьте строку: часть не может быть больше целого"),
    case("result of nobody", cell(6, "сдавали", "0"),
         "Файл школы.csv, строка 6, столбец «средний балл»", "результат 3,15 при нуле участников",
         "пустая ячейка или число участников больше 0 в столбце «сдавали»", "исправьте один из двух столбцов"),
    case("school twice in a year", cell(4, "код", "0401"),
         "Файл школы.csv, строка 4, столбец «код»", "код «0401» в строках 2, 4", "одна строка на школу за 2023 год",
         "оставьте одну строку или исправьте код"),
    case("school twice in a wide table", both(wide, cell(4, "код", "0401")),
         "Файл школы.csv, строка 4, столбец «код»", "код «0401» в строках 2, 4", "одна строка на школу",
         "оставьте одну строку или исправьте код"),
    case("blank school id", cell(4, "код", ""),
         "Файл школы.csv, строка 4, столбец «код»", "пустая ячейка", "заполненная ячейка", FILL_CELL),
    case("blank school name", cell(4, "школа", " "),
         "Файл школы.csv, строка 4, столбец «школа»", "пустая ячейка", "заполненная ячейка", FILL_CELL),
    case("blank group", cell(4, "код района", ""),
         "Файл школы.csv, строка 4, столбец «код района»", "пустая ячейка", "заполненная ячейка", FILL_CELL),
    case("blank year", cell(29, "год", ""),
         "Файл школы.csv, строка 29, столбец «год»", "пустая ячейка", "заполненная ячейка", FILL_CELL),
    case("year is not a year", cell(29, "год", "2023/25"),
         "Файл школы.csv, строка 29, столбец «год»", "«2023/25»", *A_YEAR),
    case("year of two figures", cell(29, "год", "24"),
         "Файл школы.csv, строка 29, столбец «год»", "«24»", *A_YEAR),
    case("percent sign on a number of people", cell(3, "сдавали", "40 %"),
         "Файл школы.csv, строка 3, столбец «сдавали»", "«40 %»", "само число, а не процент", FIX_CELL),
    case("share among percents", cell(3, "высшее", "0,215"),
         "Файл школы.csv, строка 3, столбец «высшее»", "0,215 % от 120 человек — меньше одного", "процент от 0 до 100",
         "похоже на долю среди процентов: запишите весь столбец в одной единице"),
    case("results without a value", column("средний балл", ""),
         "Файл школы.csv, столбец «средний балл»", *NO_VALUE),
    case("results of words for no data", column("средний балл", "н/д"),
         "Файл школы.csv, столбец «средний балл»", *NO_VALUE),
    case("no school left", lambda f: f.params.update(small_n={"model_fit": 100}, years=[2023]),
         "Данные за 2023 год", "в расчёте связи ни одной школы (слишком мало участников — 14)",
         "школы с показателями и результатами", "добавьте недостающее, исправьте ключи indicators, results и left_out в файле "
         "параметров или уберите год из ключа years"),
    case("type left out by a slip of the pen", misspelt_type,
         "Файл отчёт.yml, ключ «data.school_table.left_out»", "«Вечерня», похожее на «вечерняя»", "вид школы из данных: вечерняя, сош",
         "исправьте слово"),
    case("no rows for a year", no_rows_of_2024,
         "Файл школы.csv, столбец «год»", "ни одной строки за 2024 год", "строки за каждый год из ключа years",
         "добавьте данные или уберите год из файла параметров"),
    case("constant indicator", column("высшее", "40"),
         "Файл школы.csv, столбец «высшее»", "у всех школ за 2023 год одно и то же значение",
         "различия между школами", "проверьте столбец или уберите показатель higher_education из файла параметров"),
    case("workbook of random bytes", table_named("школы.xlsx", NOISE),
         "Файл школы.xlsx", "файл, который не открывается как книга Excel", "книга xlsx",
         "пересохраните его в Excel"),
    case("damaged workbook", damaged_workbook,
         "Файл школы.xlsx", "файл, который не открывается как книга Excel", "книга xlsx",
         "пересохраните его в Excel"),
    case("no such sheet", workbook(asked="Лист7"),
         "Файл школы.xlsx", "такого листа нет, есть «Школы»", "лист «Лист7»",
         "исправьте имя листа или ключ sheet в файле параметров"),
    case("empty sheet", both(lambda f: f.rows.clear(), workbook()),
         "Файл школы.xlsx, лист «Школы»", "таблица без строк с данными", "заголовок и строки под ним",
         "выгрузите файл заново"),
    case("date in a workbook", workbook((5, "средний балл", "write_datetime", datetime(2024, 5, 3))),
         "Файл школы.xlsx, лист «Школы», строка 5, столбец «средний балл»", "«2024-05-03»", "число, а не дата",
         "задайте ячейке числовой формат и впишите число заново: Excel мог принять его за дату"),
    case("text in a workbook", workbook((5, "сдавали", "write_string", "много")),
         "Файл школы.xlsx, лист «Школы», строка 5, столбец «сдавали»", "«много»", "целое число", FIX_CELL),
    case("formula error", workbook((5, "сдавали", "write_formula", "=1/0", "#DIV/0!")),
         "Файл школы.xlsx, лист «Школы», строка 5, столбец «сдавали»", "«#ДЕЛ/0!»", "целое число", FIX_CELL),
    case("parquet of random bytes", table_named("школы.parquet", NOISE),
         "Файл школы.parquet", "файл, который не открывается как parquet", "таблица parquet", "выгрузите его заново"),
    case("unknown key", key("colour", "red"),
         "Файл отчёт.yml, ключ «colour»", "неизвестный ключ", "один из известных ключей", DROP_KEY),
    case("misspelt key", key("flag.persistant", 0.95),
         "Файл отчёт.yml, ключ «flag.persistant»", "неизвестный ключ, похожий на «persistent»",
         "один из известных ключей", DROP_KEY),
    case("misspelt key of the table", table_key("n_pupil", "учеников"),
         "Файл отчёт.yml, ключ «data.school_table.n_pupil»", "неизвестный ключ, похожий на «n_pupils»",
         "один из известных ключей", DROP_KEY),
    case("key is not text", lambda f: f.params.update({True: "x"}),
         "Файл отчёт.yml, ключ «true»", "неизвестный ключ", "один из известных ключей", DROP_KEY),
    case("missing key", table_key("school_id", ...),
         "Файл отчёт.yml, ключ «data.school_table.school_id»", "ключа нет", "ключ со значением",
         "добавьте этот ключ"),
    case("missing section", key("data", ...),
         "Файл отчёт.yml, ключ «data»", "ключа нет", "ключ со значением", "добавьте этот ключ"),
    case("empty section", key("index", None),
         "Файл отчёт.yml, ключ «index»", "пустое место", "набор ключей", FIX_VALUE),
    case("text instead of a number", key("flag.delta", "0,1"),
         "Файл отчёт.yml, ключ «flag.delta»", "«0,1»", "число (дробь пишется через точку)", FIX_VALUE),
    case("number instead of text", table_key("school_id", 12),
         "Файл отчёт.yml, ключ «data.school_table.school_id»", "«12»", "текст",
         "исправьте значение; код, число или слово да/нет возьмите в кавычки"),
    case("yes instead of text", table_key("left_out", [False]),
         "Файл отчёт.yml, ключ «data.school_table.left_out №1»", "«false»", "текст",
         "исправьте значение; код, число или слово да/нет возьмите в кавычки"),
    case("empty column name", table_key("school_id", ""),
         "Файл отчёт.yml, ключ «data.school_table.school_id»", "«»", "непустой текст", FIX_VALUE),
    case("truth instead of an integer", key("model.years_pooled", True),
         "Файл отчёт.yml, ключ «model.years_pooled»", "«true»", "целое число", FIX_VALUE),
    case("fraction instead of an integer", key("model.min_schools", 10.5),
         "Файл отчёт.yml, ключ «model.min_schools»", "«10.5»", "целое число", FIX_VALUE),
    case("text instead of a list", key("years", 2024),
         "Файл отчёт.yml, ключ «years»", "«2024»", "список", FIX_VALUE),
    case("list instead of a section", key("flag", [0.1]),
         "Файл отчёт.yml, ключ «flag»", "список, элементов 1", "набор ключей", FIX_VALUE),
    case("number out of range", key("flag.persistent", 1.5),
         "Файл отчёт.yml, ключ «flag.persistent»", "«1.5»", "число меньше 1", FIX_VALUE),
    case("number below range", key("index.scale_sd", 0),
         "Файл отчёт.yml, ключ «index.scale_sd»", "«0»", "число больше 0", FIX_VALUE),
    case("infinite number", key("index.scale_sd", float("inf")),
         "Файл отчёт.yml, ключ «index.scale_sd»", "«inf»", "конечное число", FIX_VALUE),
    case("word out of the list", table_key("results.0.measure", "average"),
         "Файл отчёт.yml, ключ «data.school_table.results №1.measure»", "«average»",
         "одно из значений: 'mean', 'share', 'percent'", FIX_VALUE),
    case("column by year is a list", table_key("results.0.value", ["средний балл"]),
         "Файл отчёт.yml, ключ «data.school_table.results №1.value»", "список, элементов 1",
         "название столбца или такое название для каждого года", FIX_VALUE),
    case("tiers out of order", key("flag", {"watch": 0.95, "persistent": 0.9}),
         "Файл отчёт.yml, ключ «flag»", DISCORD, "порог watch не выше порога persistent", FIX_ONE),
    case("cuts out of order", key("context_class", {"lower": 0.7, "upper": 0.6}),
         "Файл отчёт.yml, ключ «context_class»", DISCORD, "доля lower меньше доли upper", FIX_ONE),
    case("years unsorted", key("years", [2024, 2023]),
         "Файл отчёт.yml", DISCORD, "годы years по возрастанию и без повторов", FIX_ONE),
    case("base year not in the report", key("index.base_year", 2020),
         "Файл отчёт.yml", DISCORD, "базовый год base_year из списка years, а года 2020 там нет", FIX_ONE),
    case("note on a year not in the report", key("year_notes", {2019: "другие задания"}),
         "Файл отчёт.yml", DISCORD, "в year_notes годы из списка years, а 2019 там нет", FIX_ONE),
    case("weight of an unknown procedure", key("outcome.procedure_weights", {"ОГЕ": 2.0}),
         "Файл отчёт.yml", DISCORD, "в procedure_weights названия из results.procedure, а ОГЕ там нет", FIX_ONE),
    case("types left out of no column", table_key("left_out", ["вечерняя"]),
         "Файл отчёт.yml, ключ «data.school_table»", DISCORD,
         "к ключу left_out ключ school_type: столбец, где назван вид школы", FIX_ONE),
    case("year column missing", table_key("results.0.value", {2023: "средний балл"}),
         "Файл отчёт.yml", DISCORD, "у результата ОГЭ столбец каждого года, а 2024 нет", FIX_ONE),
    case("no key for the years", table_key("year", ...),
         "Файл отчёт.yml", DISCORD, "ключ year или у результата ОГЭ свой столбец каждого года", FIX_ONE),
    case("count without a whole", table_key("indicators.incomplete.of", ...),
         "Файл отчёт.yml, ключ «data.school_table.indicators.incomplete»", DISCORD,
         "при unit: count назван и ключ of — столбцы, от суммы которых считать долю", FIX_ONE),
    case("name of an indicator", table_key("indicators.Высшее", INDICATOR),
         "Файл отчёт.yml, ключ «data.school_table.indicators.Высшее»", "«Высшее»",
         "имя из латинских строчных букв, цифр и _", FIX_VALUE),
    case("taken name of an indicator", table_key("indicators.n_pupils", INDICATOR),
         "Файл отчёт.yml, ключ «data.school_table»", DISCORD,
         "у показателя n_pupils другое имя: это занято таблицами отчёта", FIX_ONE),
    case("no indicators", table_key("indicators", {}),
         "Файл отчёт.yml, ключ «data.school_table.indicators»", "набор ключей, элементов 0", "элементов не меньше 1",
         FIX_VALUE),
    case("result repeated", table_key("results.1.procedure", "ОГЭ"),
         "Файл отчёт.yml, ключ «data.school_table»", DISCORD,
         "у каждого результата свои procedure или subject, а ОГЭ повторён", FIX_ONE),
    case("group noun of one form", key("group_noun", ["район"]),
         "Файл отчёт.yml, ключ «group_noun»", "список, элементов 1", "элементов не меньше 3", FIX_VALUE),
    case("broken yaml", params_as("title: а\nyears: [2024\nregion: б\n".encode()),
         "Файл отчёт.yml, строка 3", "текст, который не читается как YAML", YAML_LINES, CHECK_YAML),
    case("tab in yaml", params_as("title: а\nflag:\n\tdelta: 1\n".encode()),
         "Файл отчёт.yml, строка 3", "текст, который не читается как YAML", YAML_LINES, CHECK_YAML),
    case("control char", params_as("title: а\x01\n".encode()),
         "Файл отчёт.yml", "текст, который не читается как YAML", YAML_LINES,
         "проверьте отступы, двоеточия, скобки и кавычки"),
    case("key repeated", params_as("title: а\nyears: [2024]\nregion: б\ntitle: в\n".encode()),
         "Файл отчёт.yml, строка 4", "второй ключ «title»", "каждый ключ один раз", "оставьте один из двух ключей"),
    case("empty yaml", params_as(b"# nothing\n"),
         "Файл отчёт.yml", "пустой файл", "набор ключей со значениями",
         "возьмите за образец params/california-2000.yml"),
    case("yaml not in UTF-8", params_as("title: Отчёт\n".encode("cp1251")),
         "Файл отчёт.yml", "текст в другой кодировке", "файл YAML в кодировке UTF-8",
         "сохраните файл в кодировке UTF-8"),
    case("list instead of keys", params_as(b"- title\n- years\n"),
         "Файл отчёт.yml", "список, элементов 2", "набор ключей со значениями",
         "возьмите за образец params/california-2000.yml"),
    case("text instead of keys", params_as(b"title\n"),
         "Файл отчёт.yml", "«title»", "набор ключей со значениями", "возьмите за образец params/california-2000.yml"),
]
# fmt: on


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "данные")


def refusal(folder):
    """What is said of the spoilt report; its files stay as they are."""
    folder.write()
    before = {path: path.read_bytes() for path in folder.path.iterdir() if path.is_file()}
    with pytest.raises(BadInput) as refused:
        folder.read()
    assert {path: path.read_bytes() for path in folder.path.iterdir() if path.is_file()} == before
    problems = [str(problem) for problem in refused.value.problems]
    assert str(refused.value).split("\n") == problems, "one line for each problem"
    return problems


def test_the_unspoilt_report_is_accepted(folder):
    folder.write()
    accepted = folder.read()
    assert accepted["schools"]["in_model"].all()
    assert accepted["results"].height == 2 * 28


@pytest.mark.parametrize(("spoil", "sentence"), CASES)
def test_a_bad_input_is_told_in_one_sentence(folder, spoil, sentence):
    spoil(folder)
    assert refusal(folder) == [sentence]


@pytest.mark.parametrize("name", ["нет-такого", "method", "нет/такого.yml", "."])
def test_an_unknown_report_is_answered_with_the_known_ones(folder, name):
    folder.report = name
    (sentence,) = refusal(folder)
    assert name in sentence
    assert ", ".join(report_names()) in sentence


def test_a_folder_is_not_a_report(folder):
    folder.report = str(folder.path)
    (sentence,) = refusal(folder)
    assert "путь к файлу параметров" in sentence


def test_a_file_that_is_locked_is_told(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError("locked by another program")

    path = tmp_path / "школы.xlsx"
    path.write_bytes(b"PK")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadInput, match="закройте его в других программах"):
        read_sheet(path)


def test_all_faults_of_a_table_are_told_at_once(folder):
    for spoil in (
        cell(3, "учеников", "сто"),
        cell(4, "высшее", "101"),
        cell(5, "сдавали", "-1"),
        cell(6, "средний балл", "1"),
        cell(7, "код", ""),
        cell(8, "код района", ""),
        cell(9, "неполные", "81"),
        cell(10, "писали", "0"),
        cell(11, "код", "0401"),
        cell(20, "доля двоек", "5"),
        cell(21, "год", "две тысячи"),
    ):
        spoil(folder)
    rows = {int(sentence.split("строка ")[1].split(",")[0]) for sentence in refusal(folder)}
    assert rows == {3, 4, 5, 6, 7, 8, 9, 10, 11, 20, 21}


def test_all_faults_of_the_params_are_told_at_once(folder):
    for spoil in (key("years", [24, 25]), key("flag.delta", "0,1"), key("region", ...), table_key("colour", "red")):
        spoil(folder)
    named = [sentence.split("«")[1].split("»")[0] for sentence in refusal(folder)]
    assert sorted(named) == ["data.school_table.colour", "flag.delta", "region", "years №1", "years №2"]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda row: row.__setitem__(5, "много"), id="text in a number"),
        pytest.param(lambda row: row.__setitem__(0, ""), id="blank school id"),
        pytest.param(lambda row: row.append("лишнее"), id="ragged row"),
        pytest.param(lambda row: row.__setitem__(10, "0"), id="result of nobody"),
        pytest.param(lambda row: row.__setitem__(7, "99"), id="part above its whole"),
        pytest.param(lambda row: row.__setitem__(4, "год"), id="year that is not a number"),
    ],
)
def test_a_fault_of_5000_rows_is_a_short_list(folder, spoil):
    pattern = folder.rows[1]
    bad = [[f"9{i:04}", *pattern[1:]] for i in range(5000)]
    for row in bad:
        spoil(row)
    folder.rows += bad
    sentences = refusal(folder)
    assert len(sentences) == 6
    assert "(ниже ещё ошибок: 4994)" in sentences[-1]
    assert [f"строка {30 + i}" in sentence for i, sentence in enumerate(sentences)] == [True] * 6


def test_a_code_in_5000_rows_is_one_short_sentence(folder):
    folder.rows += [folder.rows[1]] * 5000
    assert refusal(folder) == [
        "Файл школы.csv, строка 30, столбец «код» — найдено: код «0401» в строках 2, 30, 31, 32, 33 и ещё в 4996; "
        "ожидалось: одна строка на школу за 2023 год; оставьте одну строку или исправьте код."
    ]


def test_a_found_value_stays_on_one_short_line(folder):
    cell(5, "учеников", "много\nстрок " + "и знаков " * 50)(folder)
    (sentence,) = refusal(folder)
    assert "«много строк и знаков и знаков и знаков и знаков и знаков и з…»" in sentence
