"""Bad inputs of a region's yearly files: every fault is a sentence with its place, and none hides another."""

import csv
import io
import random
import shutil
import zipfile
from datetime import datetime
from itertools import product
from pathlib import Path

import pytest
import xlsxwriter
import yaml
from copies import contents

from helpers import tables
from helpers.intake import calendar, checks, examine, layouts
from helpers.problems import BadInput
from helpers.report import open_report

PARAMS = {
    "title": "Результаты школ",
    "region": "Заречный край",
    "years": [2019],
    "data": {
        "region_files": {
            "source": "выдуманные файлы",
            "licence": "без ограничений",
            "indicators": {
                "single_parent": {
                    "title": "неполные семьи",
                    "columns": ["n_single_parent"],
                    "of": ["n_pupils"],
                    "unit": "count",
                    "higher_is": "worse",
                }
            },
            "results": [
                {"procedure": "OGE", "subject": "rus", "title": "ОГЭ, русский язык"},
                {"procedure": "VPR", "subject": "rus", "title": "ВПР, русский язык"},
            ],
        }
    },
}
MARKS, JOURNAL, SCORES = "2019/vpr/marks.xlsx", "2019/vpr/journal.xlsx", "2019/vpr/scores.xlsx"
TASKS = "2019/vpr/tasks.xlsx"
OGE, EGE, PASSPORT, STAFF = (
    "2019/oge/oge.csv",
    "2019/ege/ege.csv",
    "2019/passport/passport.xlsx",
    "2019/staff/staff.xlsx",
)
ANSWERS, TEACHERS = "2019/questionnaire/answers.xlsx", "2019/diagnostics/teachers.xlsx"
KNOWLEDGE, BIASED = "2019/knowledge/knowledge.csv", "biased/biased_2019.csv"
PROGRAMME, ROADMAPS = "programme/programme.csv", "roadmaps/roadmaps_2019.csv"
EXPLANATIONS = "explanations/explanations_2019.csv"
TABLES = {
    "registry.csv": """\
Код школы;Действует с;Действует по;ИНН;КПП;ОГРН;Логин ФИС ОКО;Код РЦОИ;Полное наименование;Краткое наименование;Другие названия;ОКТМО;Муниципалитет;Населённый пункт;Местность;Труднодоступная;Вид школы;Малокомплектная;Филиал школы;Преемник
s01;01.09.2000;;4100000001;410001001;;sch410001;0101;Муниципальное бюджетное общеобразовательное учреждение «Средняя школа № 3» с. Озёрное;СОШ № 3;;30601;Озёрный район;Озёрное;село;нет;СОШ;нет;;
s02;01.09.2000;;4100000002;410001001;;sch410002;0102;Муниципальное бюджетное общеобразовательное учреждение «Средняя школа № 33» п. Лесной;СОШ № 33;;30601;Озёрный район;Лесной;пгт;нет;СОШ;нет;;
s03;01.09.2000;;4100000003;410001001;;sch410003;0201;Муниципальное казённое общеобразовательное учреждение «Луговская основная школа»;Луговская ООШ;;30602;Северный округ;Луговое;село;да;ООШ;да;;
s04;01.09.2000;31.08.2017;4100000004;410001001;;sch410004;0104;Муниципальное бюджетное общеобразовательное учреждение «Начальная школа № 8»;НОШ № 8;;30601;Озёрный район;Озёрное;село;нет;НОШ;нет;;s01
""",  # noqa: E501
    MARKS: """\
ВПР 2019. 5 класс
Предмет: Русский язык
Группы участников;Кол-во ОО;Кол-во участников;Распределение групп баллов в %
;;;2;3;4;5
Вся выборка;35000;1400000;10;40;35;15
Заречный край;3;95;10;40;30;20
Озёрный район;2;75;10;40;30;20
sch410001 (СОШ № 3);;40;10;40;30;20
sch410002;;35;12,5;37,5;30;20
Северный округ;1;20;10;40;30;20
sch410003;;20;10;40;30;20
""",
    JOURNAL: """\
ВПР 2019. 5 класс
Предмет: Русский язык
Группы участников;Кол-во участников;Сравнение с журналом
;;Понизили, %;Подтвердили, %;Повысили, %
sch410001;40;20;70;10
sch410002;35;20;70;10
sch410003;20;20;70;10
""",
    SCORES: """\
ВПР 2019. 5 класс
Предмет: Русский язык
Группы участников;Кол-во участников;Распределение первичных баллов, %
;;0;1;2;3
sch410001;40;10;40;30;20
sch410002;35;10;40;30;20
sch410003;20;10;40;30;20
""",
    TASKS: """\
ВПР 2019. 5 класс
Выполнение заданий
Предмет: Русский язык
Максимальный первичный балл: 3
Группы участников;Кол-во ОО;Кол-во участников;Выполнение заданий, %
;;;1K1;4.1
Макс. балл;;;1;2
sch410001;;40;60;50
sch410002;;35;60;50
sch410003;;20;60;50
""",
    OGE: """\
КОД_ОО;МСУ;НАИМЕНОВАНИЕ_ОО;КОД_ПРЕДМЕТА;ПРЕДМЕТ;ФОРМА;ЭТАП;КОЛ_ВО;СР_ПЕРВ_БАЛЛ;СР_ОТМЕТКА;ДОЛЯ_2;ДОЛЯ_3;ДОЛЯ_4;ДОЛЯ_5
0101;Озёрный район;СОШ № 3;1;Русский язык;ОГЭ;основной;30;24,1;3,6;10;40;30;20
0102;Озёрный район;СОШ № 33;1;Русский язык;ОГЭ;основной;25;23,9;3,6;10;40;30;20
0201;Северный округ;Луговская ООШ;1;Русский язык;ОГЭ;основной;15;24,0;3,6;10;40;30;20
0101;Озёрный район;СОШ № 3;51;Русский язык;ГВЭ-9;основной;2;10;4;0;0;100;0
Итого;;;;;;;70;24,0;3,6;10;40;30;20
""",
    EGE: """\
КОД_ОО;МСУ;НАИМЕНОВАНИЕ_ОО;КОД_ПРЕДМЕТА;ПРЕДМЕТ;ФОРМА;КАТЕГОРИЯ;ЭТАП;КОЛ_ВО;СР_БАЛЛ;НИЖЕ_ПОРОГА;ОТ_81
0101;Озёрный район;СОШ № 3;2;Математика;ЕГЭ;ВТГ;основной;12;55,2;1;0
0102;Озёрный район;СОШ № 33;2;Математика;ЕГЭ;ВТГ;основной;11;50,7;2;0
""",
    PASSPORT: """\
Социальные паспорта школ
По состоянию на 01.09.2018
ИНН;КПП;Наименование ОО;Всего обучающихся;Оба родителя имеют ВО;Один родитель имеет ВО;Из неполных семей;Из многодетных семей;Из малообеспеченных семей;На ВШУ;Группа риска;На ВШУ и (или) группа риска;Русский язык не родной
4100000001;410001001;СОШ № 3;300;90;80;60;30;25;10;12;18;5
4100000002;410001001;СОШ № 33;250;60;70;65;28;31;9;11;16;3
4100000003;410001001;Луговская ООШ;80;12;20;24;12;14;4;5;7;2
""",  # noqa: E501
    STAFF: """\
ИНН;КПП;Наименование ОО;Ставок по штату;Вакантных ставок;Педагогов, чел.;Высшая категория, чел.;Первая категория, чел.;С высшим образованием, чел.;Стаж до 3 лет, чел.;Стаж более 20 лет, чел.
4100000001;410001001;СОШ № 3;30,5;2;25;5;8;20;3;10
4100000002;410001001;СОШ № 33;27;1,5;22;4;7;18;2;9
4100000003;410001001;Луговская ООШ;12;0;11;1;3;8;1;5
""",  # noqa: E501
    ANSWERS: """\
Муниципалитет;Школа;Роль;Утверждение;Ответы, чел.
;;;;1;2;3;4;5
Озёрный район;СОШ № 3;ученики;В школе мне спокойно;5;10;20;60;40
;СОШ № 33;ученики;В школе мне спокойно;5;10;20;60;40
Северный округ;Луговская ООШ;ученики;В школе мне спокойно;1;2;5;20;15
""",
    TEACHERS: """\
Муниципалитет;Школа;Предмет;Компетенция;Диагностика;;Уровень;;;Курсы
;;;;начали;завершили;низкий;средний;высокий;рекомендованы;зачислены;завершили
Озёрный район;СОШ № 3;Русский язык;предметная;5;4;1;2;1;2;2;1
Северный округ;Луговская ООШ;Математика;методическая;2;2;0;1;1;1;1;1
""",
    KNOWLEDGE: """\
Код ОО;Школа;Предмет;Класс;Писали;Выполнение, %;2, %;3, %;4, %;5, %
0101;СОШ № 3;Математика;8;40;61,5;10;40;30;20
0102;СОШ № 33;Математика;8;35;60;10;40;30;20
0201;Луговская ООШ;Математика;8;20;58,2;10;40;30;20
""",
    BIASED: """\
Логин;Школа;Предмет;Класс;Признак
sch410002;СОШ № 33;Русский язык;5;завышенные результаты
""",
    PROGRAMME: """\
Муниципалитет;Школа;Программа;Год включения;Год выхода
Северный округ;Луговская ООШ;Проект 500+;2018;
""",
    ROADMAPS: """\
Муниципалитет;Школа;Срок;Размещена;Ссылка
Северный округ;Луговская ООШ;10.10.2019;08.10.2019;https://example.org/map
""",
    EXPLANATIONS: """\
Муниципалитет;Школа;Дата;Пояснение
Северный округ;Луговская ООШ;12.11.2019;Весь год не было учителя математики.
""",
}


class Region:
    """A folder of a region that passes, to be spoilt: `rows` of its tables, or its files themselves."""

    def __init__(self, path, patch=None):
        self.path, self.patch = path, patch
        self.rows = {name: list(csv.reader(io.StringIO(text), delimiter=";")) for name, text in TABLES.items()}

    def save(self, name, *changes):
        """Write a table; a change of a workbook is a function of its book and page."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, delimiter=";", lineterminator="\n").writerows(self.rows[name])
            return
        plain = {"strings_to_numbers": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(path, plain) as book:
            book.set_properties({"created": datetime(2019, 9, 1)})
            page = book.add_worksheet("Лист1")
            for number, row in enumerate(self.rows[name]):
                page.write_row(number, 0, row)
            for change in changes:
                change(book, page)

    def place(self, name, title):
        return next(row.index(title) for row in self.rows[name] if title in row)

    def params(self, **changes):
        (self.path / "region.yml").write_text(
            yaml.safe_dump({**PARAMS, **changes}, allow_unicode=True), encoding="utf-8"
        )

    def examine(self):
        return examine(open_report(str(self.path / "region.yml")))

    def told(self):
        """All that is told: check, status, sentence; the check of what cannot be examined at all is empty."""
        try:
            found = self.examine().findings.found
        except BadInput as error:
            return sorted(("", "FAIL", str(problem)) for problem in error.problems)
        return sorted((one.check, one.status.value, str(one.problem)) for one in found)


@pytest.fixture(scope="session")
def sound(tmp_path_factory):
    region = Region(tmp_path_factory.mktemp("sound"))
    region.params()
    for name in TABLES:
        region.save(name)
    return region


@pytest.fixture
def region(sound, tmp_path, monkeypatch):
    yield Region(shutil.copytree(sound.path, tmp_path / "region"), monkeypatch)
    layouts._described.cache_clear()
    layouts.layout.cache_clear()


# --- ways to spoil a region


def cell(name, row, title, value):
    def spoil(region):
        place = region.place(name, title)
        line = region.rows[name][row - 1]
        line += [""] * (place + 1 - len(line))
        line[place] = value
        region.save(name)

    return spoil


def title(name, old, new):
    def spoil(region):
        line = next(row for row in region.rows[name] if old in row)
        line[line.index(old)] = new
        region.save(name)

    return spoil


def line(name, row, text):
    """Another row instead of this one; None takes it away."""

    def spoil(region):
        region.rows[name][row - 1 : row] = [] if text is None else [text.split(";")]
        region.save(name)

    return spoil


def add(name, *texts):
    """Rows below the table's own."""

    def spoil(region):
        region.rows[name] += [text.split(";") for text in texts]
        region.save(name)

    return spoil


def again(name, row, cells=()):
    """A row once more, with other cells under some titles."""

    def spoil(region):
        repeated = list(region.rows[name][row - 1])
        for key, value in dict(cells).items():
            repeated[region.place(name, key)] = value
        region.rows[name].append(repeated)
        region.save(name)

    return spoil


def only(name, rows):
    """No more than the first rows of a table."""

    def spoil(region):
        del region.rows[name][rows:]
        region.save(name)

    return spoil


def column(name, heading, row):
    """One more column on the right, its title in this row."""

    def spoil(region):
        rows = region.rows[name]
        width = max(map(len, rows))
        for number, cells in enumerate(rows, start=1):
            cells += [""] * (width - len(cells)) + [heading if number == row else "x" if number > row else ""]
        region.save(name)

    return spoil


def file(name, content):
    def spoil(region):
        path = region.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return spoil


def bytes_as(name, make):
    """The file's bytes as `make` turns them."""
    return lambda region: file(name, make((region.path / name).read_bytes()))(region)


def text_as(name, make):
    return bytes_as(name, lambda content: make(content.decode()))


def gone(name):
    return lambda region: (region.path / name).unlink()


def moved(name, to):
    def spoil(region):
        (region.path / to).parent.mkdir(parents=True, exist_ok=True)
        (region.path / name).rename(region.path / to)

    return spoil


def copied(name, to, *changes):
    """The table once more under another name, with other rows: (row, text)."""

    def spoil(region):
        region.rows[to] = [list(cells) for cells in region.rows[name]]
        for row, text in changes:
            region.rows[to][row - 1] = text.split(";")
        region.save(to)

    return spoil


def book(name, *changes):
    return lambda region: region.save(name, *changes)


def described(**changes):
    """Other keys of `data.region_files`."""
    return lambda region: region.params(data={"region_files": {**PARAMS["data"]["region_files"], **changes}})


def in_layout(name, *changes):
    """Another text of a layout; no change takes the layout away."""

    def spoil(region):
        folder = region.path.parent / "layouts"
        shutil.copytree(layouts.FOLDER, folder)
        text = (folder / f"{name}.csv").read_text(encoding="utf-8-sig")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (folder / f"{name}.csv").unlink()
        if changes:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        region.patch.setattr(layouts, "FOLDER", folder)
        layouts._described.cache_clear()
        layouts.layout.cache_clear()

    return spoil


def in_calendar(old, new):
    def spoil(region):
        text = calendar.PROCEDURES.read_text(encoding="utf-8")
        assert old in text
        path = region.path.parent / "procedures.yml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        region.patch.setattr(calendar, "PROCEDURES", path)

    return spoil


def correction(**changes):
    """A list of one correction; `...` leaves a key out."""
    whole = {
        "file": OGE, "year": 2019, "action": "override", "row": 2, "column": "КОЛ_ВО", "expect": 30, "value": 31,
        "reason": "опечатка", "author": "Петрова", "source": "письмо школы", **changes,
    }  # fmt: skip
    kept = {key: value for key, value in whole.items() if value is not ...}
    return file("corrections.yml", yaml.safe_dump({"corrections": [kept]}, allow_unicode=True))


def confirmed(*rows, titles="Название;Муниципалитет;Код школы"):
    return file("confirmed_names.csv", "\n".join([titles, *rows, ""]))


def dump(*rows, titles="КОД_ОО;КОД_ПРЕДМЕТА;ФОРМА;КАТЕГОРИЯ;ЭТАП;ОТМЕТКА;ПЕРВ_БАЛЛ"):
    """ОГЭ pupil by pupil in place of the table: rows 2–31 are sound."""
    pupils = [f"{code};1;ОГЭ;ВТГ;основной;{mark};20" for code in ("0101", "0102", "0201") for mark in "2333344455"]
    return file(OGE, "\n".join([titles, *pupils, *rows, ""]))


def both(*spoils):
    def spoil(region):
        for each in spoils:
            each(region)

    return spoil


# --- what is told


def case(name, spoil, *told):
    """`told`: (check, status, sentence)."""
    return pytest.param(spoil, sorted(told), id=name)


def fail(check, place, found, expected, advice):
    return check, "FAIL", f"{place} — найдено: {found}; ожидалось: {expected}; {advice}."


def advice(check, *parts):
    return check, "ADVICE", fail(check, *parts)[2]


def refused(*parts):
    """Nothing can be examined."""
    return fail("", *parts)


def at_sheet(name):
    return f"{at(name)}, лист «Лист1»"


def at(name, row=None, column=""):
    sheet = ", лист «Лист1»" if name.endswith("xlsx") else ""
    return f"Файл {name}" + (f"{sheet}, строка {row}" if row else "") + (f", столбец «{column}»" if column else "")


REGISTRY, FIXES, NAMES = "registry.csv", "corrections.yml", "confirmed_names.csv"
NAME = "Наименование ОО"
FIX = "исправьте ячейку"
FIX_EMPTY = "заполните ячейку или удалите строку"
FIX_CELL = "исправьте ячейку, а если данных нет, оставьте её пустой"
FIX_VALUE = "исправьте значение"
FIX_QUOTES = "исправьте кавычки в этой строке или сохраните таблицу из Excel заново как CSV UTF-8"
GOOD_QUOTES = "кавычки только вокруг ячейки, а внутри неё — удвоенные"
FIX_SUM = "исправьте доли в этой строке по исходному отчёту"
FIX_RAGGED = "проверьте лишние или недостающие разделители и кавычки в этой строке"
SAVE_AGAIN = "файл повреждён или записан в другой кодировке: сохраните таблицу заново как CSV UTF-8"
SAVE_UTF8 = "сохраните таблицу как CSV UTF-8"
EXPORT_AGAIN = "выгрузите файл заново"
EMPTY_TABLE = "таблица без строк с данными", "заголовок и строки под ним", EXPORT_AGAIN
NO_COLUMN = "такого столбца нет", "столбец с таким названием"
NAME_SUBJECT = (
    "если предмет назван верно, впишите это название в строку его предмета в layouts/subjects.csv или добавьте туда "
    "новую строку"
)
CHECK_FOLDER = "проверьте, тот ли это файл и в той ли он папке"
KNOWN_FOLDERS = (
    "папка <год>/<вид>/, вид один из: biased, diagnostics, ege, explanations, knowledge, oge, passport, programme, "
    "questionnaire, roadmaps, staff, vpr; biased, explanations, programme, roadmaps — без года"
)
STRAY = "файл не в папке известного вида", KNOWN_FOLDERS, "файл не читался; переложите его"
OF_REGISTRY = "школа из реестра registry.csv"
ADD_SCHOOL = "исправьте код или название, добавьте школу в registry.csv"
CONFIRM = f"{ADD_SCHOOL} или впишите соответствие в confirmed_names.csv"
ONE_SCHOOL = "код и название одной школы", "строка отнесена к школе по коду; проверьте, верен ли он"
ONE_ALPHABET = "буквы одного алфавита", "прочитано верно; исправьте в источнике, чтобы поиск находил школу"
ONE_ROW = "одна строка на школу"
SAME = "строки одинаковы, взята первая; удалите вторую"
NOT_SAME = "строки различаются: оставьте верную"
OF_SUBJECTS = "предмет из файла layouts/subjects.csv"
OF_STREAMS = f"{OF_SUBJECTS}; у математики ЕГЭ — код 2 (профиль) или 22 (база)"
ADD_SUBJECT = "исправьте название или добавьте его в layouts/subjects.csv"
NOT_A_DAY = "число, а не дата", "задайте ячейке числовой формат и впишите число заново: Excel мог принять его за дату"
PERSONAL = (
    "столбец с личными сведениями", "только данные о школах",
    "удалите столбец и выгрузите файл заново: личные сведения в отчёт не принимаются",
)  # fmt: skip
SUM_OF_MARKS = "ДОЛЯ_2 … ДОЛЯ_5"
SOURCE_CHANGED = "источник изменился: удалите исправление или приведите его в соответствие"
NO_FILE = "положите файл; если процедуры не было, впишите это в params/procedures.yml"
OGE_ABSENT = fail(
    "expected_files", "Папка 2019/oge", "результатов «ОГЭ, русский язык» нет", "файл за 2019 год", NO_FILE
)
COUNTED_ONCE = "исправьте: каждый ученик считается один раз"
HEADER_OF_STAFF = "столбцы «ИНН», «КПП», «Наименование ОО», «Ставок по штату», «Вакантных ставок» и другие"
ADD_TITLES = "проверьте, тот ли это файл; если столбцы переименованы, впишите новые названия в файл layouts/{}.csv"
ONE_OF_NAMES = "проверьте, верно ли название предмета"
FILLED = "заполненная ячейка"
CLOSED = "закрытая книга", "сохраните и закройте её: прочитано сохранённое раньше"
CUT_OFF = "книга, записанная не до конца", "книга xlsx", "скачайте или скопируйте файл заново"
SAVE_AS_BOOK = "откройте её в Excel и сохраните как книгу xlsx"
NO_WORKBOOK = "файл, который не открывается как книга Excel", "книга xlsx", "пересохраните его в Excel"


def zipped(name):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, "x")
    return made.getvalue()


def renamed(layout, field, year=2019):
    return f"исправьте название в файле или впишите новое в layouts/{layout}.csv, строка {field}, столбец {year}"


def stale(found, place="строка 2, столбец «КОЛ_ВО»", expected="там «30»"):
    return fail("corrections", f"Файл {FIXES}", f"исправление файла {OGE} ({place}): {found}", expected, SOURCE_CHANGED)


# fmt: off
REGISTRY_CASES = [
    case("registry is absent", gone(REGISTRY),
         refused("Файл registry.csv", "такого файла нет", "реестр школ в папке «region»",
                 "составьте его по руководству аналитика, раздел «Реестр школ»")),
    case("registry is empty", file(REGISTRY, b""),
         refused("Файл registry.csv", "пустой файл (0 байт)", "таблица с заголовком", EXPORT_AGAIN)),
    case("registry without rows", only(REGISTRY, 1),
         refused("Файл registry.csv", *EMPTY_TABLE)),
    case("registry in the encoding of DOS", text_as(REGISTRY, lambda text: text.encode("cp866", "replace")),
         advice("encoding", "Файл registry.csv", "кодировка не названа, прочитано как cp866", "csv в UTF-8",
                "проверьте названия в протоколе; сохраните таблицу как CSV UTF-8")),
    case("quote in the registry", text_as(REGISTRY, lambda text: text.replace("СОШ № 33", '"СОШ "№ 33"', 1)),
         refused(at(REGISTRY, 3), "незакрытая или лишняя кавычка", GOOD_QUOTES, FIX_QUOTES)),
    case("registry lacks a column", title(REGISTRY, "ИНН", "ИНН школы"),
         refused(at(REGISTRY, 1, "ИНН"), *NO_COLUMN, renamed("registry", "inn", "all"))),
    case("column of the registry repeated", title(REGISTRY, "ОГРН", "КПП"),
         refused(at(REGISTRY, 1, "КПП"), "одно название у нескольких столбцов", "у каждого столбца своё название",
                 "переименуйте лишние столбцы")),
    case("school without a name", cell(REGISTRY, 3, "Краткое наименование", ""),
         refused(at(REGISTRY, 3, "Краткое наименование"), "пустая ячейка", FILLED, FIX)),
    case("neither yes nor no", cell(REGISTRY, 3, "Труднодоступная", "ага"),
         refused(at(REGISTRY, 3, "Труднодоступная"), "«ага»", "да или нет", FIX)),
    case("yes or no left empty", cell(REGISTRY, 3, "Малокомплектная", ""),
         refused(at(REGISTRY, 3, "Малокомплектная"), "пустая ячейка", "да или нет", FIX)),
    case("first day is no day", cell(REGISTRY, 3, "Действует с", "вчера"),
         refused(at(REGISTRY, 3, "Действует с"), "«вчера»", "день вида 01.09.2020", FIX)),
    case("last day is no day", cell(REGISTRY, 5, "Действует по", "2017"),
         refused(at(REGISTRY, 5, "Действует по"), "«2017»", "день вида 01.09.2020", FIX)),
    case("last day before the first", cell(REGISTRY, 5, "Действует по", "31.08.1999"),
         refused(at(REGISTRY, 5, "Действует по"), "школа s04: срок кончился 31.08.1999, до своего начала 01.09.2000",
                 "последний день не раньше первого", "исправьте столбцы «Действует с» и «Действует по»")),
    case("periods overlap", again(REGISTRY, 2, {"Действует с": "01.09.2010"}),
         refused(at(REGISTRY, 2, "Действует по"), "школа s01: срок строки не кончился до 01.09.2010",
                 "сроки без наложений", "исправьте столбцы «Действует с» и «Действует по»")),
    case("successor is unknown", cell(REGISTRY, 5, "Преемник", "s99"),
         refused(at(REGISTRY, 5, "Преемник"), "«s99»", "код школы из этого же реестра", FIX)),
    case("school that succeeds itself", cell(REGISTRY, 5, "Преемник", "s04"),
         refused(at(REGISTRY, 5, "Преемник"), "«s04»", "код другой школы из этого же реестра", FIX)),
    case("main school is unknown", cell(REGISTRY, 4, "Филиал школы", "с01"),
         refused(at(REGISTRY, 4, "Филиал школы"), "«с01»", "код школы из этого же реестра", FIX)),
    case("two schools of one login", cell(REGISTRY, 3, "Логин ФИС ОКО", "sch410001"),
         refused(at(REGISTRY, 3, "Логин ФИС ОКО"), "«sch410001» у школ s01, s02", "у каждой школы свой код",
                 "исправьте код")),
    case("two schools of one РЦОИ code", cell(REGISTRY, 3, "Код РЦОИ", "0101"),
         refused(at(REGISTRY, 3, "Код РЦОИ"), "«0101» у школ s01, s02", "у каждой школы свой код", "исправьте код")),
    case("one РЦОИ code, one without its zero", cell(REGISTRY, 3, "Код РЦОИ", "101"),
         refused(at(REGISTRY, 3, "Код РЦОИ"), "«101» у школ s01, s02", "у каждой школы свой код", "исправьте код")),
    case("two schools of one ИНН and КПП", cell(REGISTRY, 3, "ИНН", "4100000001"),
         refused(at(REGISTRY, 3, "ИНН"), "«4100000001», КПП «410001001» у школ s01, s02",
                 "у каждой школы свой ИНН, у филиалов — свой КПП", "исправьте код")),
    case("unknown kind of place", cell(REGISTRY, 3, "Местность", "посёлок"),
         refused(at(REGISTRY, 3, "Местность"), "«посёлок»", "город, пгт или село", FIX)),
    case("unknown kind of school", cell(REGISTRY, 3, "Вид школы", "школа"),
         refused(at(REGISTRY, 3, "Вид школы"), "«школа»", "СОШ, ООШ, НОШ, вечерняя, интернат или коррекционная", FIX)),
    case("personal data in the registry", column(REGISTRY, "ФИО директора", 1),
         refused(at(REGISTRY, column="ФИО директора"), *PERSONAL)),
    case("ragged row of the registry", text_as(REGISTRY, lambda text: text.replace("СОШ № 33;", "СОШ; № 33;", 1)),
         refused(at(REGISTRY, 3), "число ячеек 21", "число ячеек 20, как в заголовке", FIX_RAGGED)),
    case("note under the registry", add(REGISTRY, "Составлено 01.09.2019"),
         refused(at(REGISTRY, 6), "строка, где заполнена одна ячейка: «Составлено 01.09.2019»", "строка школы",
                 "удалите строку или заполните её")),
    case("confirmed names without columns", confirmed("Лесная;Озёрный район;s02", titles="Имя;Муниципалитет;Код"),
         refused(at(NAMES, column="Название"), *NO_COLUMN, "исправьте заголовок"),
         refused(at(NAMES, column="Код школы"), *NO_COLUMN, "исправьте заголовок")),
    case("confirmed name of an unknown school", confirmed("Лесная школа;Озёрный район;s22"),
         refused(at(NAMES, 2, "Код школы"), "«s22»", "код школы из registry.csv", "исправьте код")),
    case("confirmed name of no school", confirmed("Лесная школа;Озёрный район;"),
         refused(at(NAMES, 2, "Код школы"), "пустая ячейка", "код школы из registry.csv", "исправьте код")),
    case("confirmed names ragged", confirmed("Лесная школа;Озёрный район"),
         refused(at(NAMES, 2), "число ячеек 2", "число ячеек 3, как в заголовке", FIX_RAGGED)),
    case("no confirmed names yet", confirmed()),
    case("no name is confirmed", confirmed(";Озёрный район;s02"),
         refused(at(NAMES, 2, "Название"), "пустая ячейка", FILLED, FIX)),
    case("name confirmed for two schools", confirmed("Лесная школа;Озёрный район;s02", "Лесная школа;Озёрный район;s01"),
         refused(at(NAMES, 3, "Код школы"), "«s01», а в строке 2 — «s02»", "одна школа на название", "оставьте верную строку")),
    case("confirmed in an unknown municipality", confirmed("Лесная школа;Озёрнинский район;s02"),
         refused(at(NAMES, 2, "Муниципалитет"), "«Озёрнинский район»", "муниципалитет из registry.csv", FIX)),
    case("confirmed in a municipality by its short name",
         both(confirmed("Лесная школа;Озёрный;s02"), cell(ANSWERS, 4, "Школа", "Лесная школа"))),
]
CORRECTION_CASES = [
    case("correction of no file", correction(file="2019/oge/нет.csv"),
         fail("corrections", f"Файл {FIXES}", "исправление файла 2019/oge/нет.csv: такого файла нет",
              "файл из папки отчёта", "исправьте имя файла или удалите исправление")),
    case("cell has changed", correction(expect=29), stale("там теперь «30»", expected="там «29»")),
    case("row is gone", correction(row=99), stale("такой строки нет", "строка 99, столбец «КОЛ_ВО»")),
    case("school is gone", correction(row=..., school="s09"), stale("такой строки нет", "школа s09, столбец «КОЛ_ВО»")),
    case("several rows", both(add(KNOWLEDGE, "0101;СОШ № 3;Математика;9;20;60;10;40;30;20"),
                              correction(file=KNOWLEDGE, row=..., school="s01", column="Писали", expect=40)),
         fail("corrections", f"Файл {FIXES}", f"исправление файла {KNOWLEDGE} (школа s01, столбец «Писали»): таких строк 2",
              "одна строка", "добавьте ключ row: номер строки")),
    case("one row number on two sheets",
         both(lambda region: region.save(STAFF, lambda book, _: [page.write_row(row, 0, cells)
                                                                 for page in [book.add_worksheet("Лист2")]
                                                                 for row, cells in enumerate(region.rows[STAFF][:2])]),
              correction(file=STAFF, column="Ставок по штату", expect=30.5)),
         fail("corrections", f"Файл {FIXES}", f"исправление файла {STAFF} (строка 2, столбец «Ставок по штату»): таких строк 2",
              "одна строка", "добавьте ключ sheet: имя листа"),
         advice("duplicates", "Файл 2019/staff/staff.xlsx, лист «Лист2», строка 2", "та же школа, что в строке 2 (Лист1)",
                ONE_ROW, SAME)),
    case("school's own code put right by the school", correction(row=..., school="s01", column="КОД_ОО", expect="0101",
                                                                 value="0102"),
         fail("corrections", f"Файл {FIXES}", f"исправление файла {OGE} (школа s01, столбец «КОД_ОО»): по этому столбцу "
              "строку находят", "ключ row вместо ключа school", "назовите строку её номером")),
    case("column is gone", correction(column="СКОЛЬКО"), stale("такого столбца нет", "строка 2, столбец «СКОЛЬКО»")),
    case("sheet is gone", correction(file=PASSPORT, sheet="Лист2", row=4, column="Группа риска", expect=12, value=13),
         fail("corrections", f"Файл {FIXES}",
              f"исправление файла {PASSPORT} (лист «Лист2», строка 4, столбец «Группа риска»): такой строки нет",
              "там «12»", SOURCE_CHANGED)),
    case("dropped row is another", correction(action="drop", column=..., value=..., expect="0999"),
         fail("corrections", f"Файл {FIXES}", f"исправление файла {OGE} (строка 2): там теперь другая строка",
              "там «0999»", SOURCE_CHANGED)),
    case("number written with a point", correction(column="СР_ПЕРВ_БАЛЛ", expect=24.1, value=24.2)),
    case("override without a value", correction(value=...),
         refused(f"Файл {FIXES}, ключ «corrections №1»", "несогласованные значения",
                 "при action: override ключ value — верное значение", "исправьте одно из них")),
    case("correction of no place", correction(row=...),
         refused(f"Файл {FIXES}, ключ «corrections №1»", "несогласованные значения",
                 "ключ school (код школы) или row (номер строки)", "исправьте одно из них")),
    case("correction of no column", correction(column=...),
         refused(f"Файл {FIXES}, ключ «corrections №1»", "несогласованные значения",
                 "ключ column — столбец, в котором исправление", "исправьте одно из них")),
    case("correction without a reason", correction(reason=...),
         refused(f"Файл {FIXES}, ключ «corrections №1.reason»", "ключа нет", "ключ со значением", "добавьте этот ключ")),
    case("unknown key of a correction", correction(столбец="x"),
         refused(f"Файл {FIXES}, ключ «corrections №1.столбец»", "неизвестный ключ", "один из известных ключей",
                 "исправьте или удалите ключ")),
    case("unknown action", correction(action="replace"),
         refused(f"Файл {FIXES}, ключ «corrections №1.action»", "«replace»",
                 "одно из значений: 'override', 'blank', 'drop'", FIX_VALUE)),
    case("row is a text", correction(row="2"),
         refused(f"Файл {FIXES}, ключ «corrections №1.row»", "«2»", "целое число", FIX_VALUE)),
    case("expected is a list", correction(expect=[30]),
         refused(f"Файл {FIXES}, ключ «corrections №1.expect»", "список, элементов 1", "текст или число", FIX_VALUE)),
    case("corrections are no list", file(FIXES, "corrections: нет\n"),
         refused(f"Файл {FIXES}, ключ «corrections»", "«нет»", "список", FIX_VALUE)),
    case("corrections are not YAML", file(FIXES, "corrections:\n  - file: [\n"),
         refused(f"Файл {FIXES}, строка 3", "текст, который не читается как YAML",
                 "строки вида «ключ: значение» с отступами из пробелов",
                 "проверьте отступы, двоеточия, скобки и кавычки здесь и строкой выше")),
    case("key twice", file(FIXES, "corrections: []\ncorrections: []\n"),
         refused(f"Файл {FIXES}, строка 2", "второй ключ «corrections»", "каждый ключ один раз",
                 "оставьте один из двух ключей")),
    case("corrections in cp1251", file(FIXES, "corrections: нет\n".encode("cp1251")),
         refused(f"Файл {FIXES}", "текст в другой кодировке", "файл YAML в кодировке UTF-8",
                 "сохраните файл в кодировке UTF-8")),
    case("corrections empty", file(FIXES, ""),
         refused(f"Файл {FIXES}", "пустой файл", "набор ключей со значениями",
                 "возьмите за образец data/raw/kamchatka-2021/corrections.yml")),
    case("correction of another year", correction(year=2018),
         fail("corrections", f"Файл {FIXES}", f"исправление файла {OGE} за 2018 год, а файл — за 2019 год",
              "год файла", "исправьте ключ year")),
    case("code put right by a correction",
         both(cell(OGE, 2, "КОД_ОО", "9999"), cell(OGE, 2, "НАИМЕНОВАНИЕ_ОО", "Нечто"),
              correction(column="КОД_ОО", expect="9999", value="0101"))),
    case("period put right by a correction",
         both(cell(OGE, 2, "ЭТАП", "резерв"), correction(column="ЭТАП", expect="резерв", value="основной"))),
]
CALENDAR_CASES = [
    case("no results", gone(OGE), OGE_ABSENT),
    case("no passports", gone(PASSPORT),
         fail("expected_files", "Папка 2019/passport", "социальных паспортов нет", "паспорта за 2019 год",
              "положите файлы или уберите год из ключа years")),
    case("year without files", lambda region: region.params(years=[2019, 2020]),
         fail("expected_files", "Папка 2020/passport", "социальных паспортов нет", "паспорта за 2020 год",
              "положите файлы или уберите год из ключа years"),
         fail("expected_files", "Папка 2020/vpr", "результатов «ВПР, русский язык» нет", "файл за 2020 год", NO_FILE)),
    case("results of what was not held",
         in_calendar("2018: {season: весна, grades: [9]}\n      2019: {season: весна, grades: [9]}",
                     '2018: {season: весна, grades: [9]}\n      2019: {held: false, reason: "ОГЭ отменён."}'),
         fail("expected_files", "Папка 2019/oge", "результаты за 2019 год", "ничего: ОГЭ отменён",
              "проверьте год в имени папки или params/procedures.yml")),
    case("ОГЭ of 2020", copied(OGE, "2020/oge/oge.csv"),
         fail("layout", "Файл 2020/oge/oge.csv", "файл вида oge за 2020 год", "год, в котором такие файлы бывают",
              "проверьте папку; если файл верен, впишите год в layouts/oge.csv")),
    case("procedure that the calendar does not have",
         described(results=[{"procedure": "RDR", "subject": "rus", "title": "РДР"}]),
         fail("expected_files", "Файл procedures.yml", "процедуры RDR за 2019 год нет",
              "строка о том, была ли она и можно ли её сравнивать", "впишите год в params/procedures.yml")),
    case("subject that was not held",
         in_calendar("2019: {season: весна, grades: [9]}",
                     "2019: {season: весна, grades: [9], subjects: [math], reason: сокращён}"),
         fail("expected_files", "Папка 2019/oge", "результаты за 2019 год: русский язык", "только математика: сокращён",
              "проверьте год в имени папки или params/procedures.yml")),
    case("calendar without a reason",
         in_calendar("2018: {season: весна, grades: [9]}", "2018: {held: false}"),
         refused("Файл procedures.yml, ключ «procedures.OGE.years.2018»", "несогласованные значения",
                 "ключ reason: почему процедуры не было, почему она не сравнивается или сокращена",
                 "исправьте одно из них")),
    case("indicator of an unknown field", described(indicators={
             "x": {"title": "а", "columns": ["n_missing"], "of": ["n_pupils"], "unit": "count", "higher_is": "worse"}}),
         refused("Файл region.yml, ключ «data.region_files.indicators.x.columns»", "«n_missing»",
                 "поле из layouts/passport.csv", FIX_VALUE)),
    case("kind left out that no school is", described(left_out=["вечерняя"]),
         advice("left_out", "Файл region.yml, ключ «data.region_files.left_out»", "«вечерняя», такого вида нет ни у одной школы",
                "вид школы из данных: НОШ, ООШ, СОШ", "ничего не отложено; если слово верно, так и оставьте")),
    case("kind left out by a slip of the pen", described(left_out=["ноша"]),
         refused("Файл region.yml, ключ «data.region_files.left_out»", "«ноша», похожее на «НОШ»",
                 "вид школы из данных: НОШ, ООШ, СОШ", "исправьте слово")),
    case("file of another alphabet", bytes_as(ROADMAPS, lambda content: content.decode().encode("cp866")),
         advice("encoding", f"Файл {ROADMAPS}", "кодировка не названа, прочитано как cp866", "csv в UTF-8",
                "проверьте названия в протоколе; сохраните таблицу как CSV UTF-8")),
]
FILE_CASES = [
    case("unknown year", copied(OGE, "2030/oge/oge.csv"),
         fail("layout", "Файл layouts/oge.csv, столбец «2030»", "столбца нет, есть годы 2018, 2019, 2020, 2021, 2022, 2023",
              "столбец с названиями столбцов файлов за 2030 год",
              "добавьте столбец: скопируйте последний год и исправьте то, что изменилось")),
    case("two columns renamed", both(title(STAFF, "ИНН", "ИНН школы"), title(STAFF, "Вакантных ставок", "Вакансии")),
         fail("layout", at(STAFF, 1, "ИНН"), *NO_COLUMN, renamed("staff", "inn")),
         fail("layout", at(STAFF, 1, "Вакантных ставок"), *NO_COLUMN, renamed("staff", "vacancies"))),
    case("lower title renamed", title(JOURNAL, "Повысили, %", "Выше, %"),
         fail("layout", at(JOURNAL, 3, "Сравнение с журналом / Повысили, %"), *NO_COLUMN,
              renamed("vpr_journal", "share_raised", "all"))),
    case("header absent", line(STAFF, 1, None),
         fail("layout", at(STAFF), "таблицы с известным заголовком нет", HEADER_OF_STAFF, ADD_TITLES.format("staff"))),
    case("results with a column renamed", title(OGE, "ДОЛЯ_2", "ДВОЙКИ"),
         fail("layout", at(OGE, 1, "ДОЛЯ_2"), *NO_COLUMN, renamed("oge", "share_2"))),
    case("passport with a column renamed", title(PASSPORT, "Из неполных семей", "Неполные"),
         fail("layout", at(PASSPORT, 3, "Из неполных семей"), *NO_COLUMN, renamed("passport", "n_single_parent"))),
    case("title twice", title(OGE, "СР_ПЕРВ_БАЛЛ", "КОЛ_ВО"),
         fail("layout", at(OGE, 1, "КОЛ_ВО"), "одно название у нескольких столбцов", "у каждого столбца своё название",
              "переименуйте лишние столбцы")),
    case("file in the folder of another kind", moved(STAFF, "2019/knowledge/staff.xlsx"),
         fail("layout", "Файл 2019/knowledge/staff.xlsx", "таблицы с известным заголовком нет",
              "столбцы «Код ОО», «Школа», «Предмет», «Класс», «Писали» и другие", ADD_TITLES.format("knowledge"))),
    case("ОГЭ in the folder of ЕГЭ", moved(OGE, "2019/ege/oge.csv"), OGE_ABSENT,
         fail("layout", "Файл 2019/ege/oge.csv, строка 1, столбец «КАТЕГОРИЯ»", *NO_COLUMN, renamed("ege", "category")),
         fail("layout", "Файл 2019/ege/oge.csv, строка 1, столбец «СР_БАЛЛ»", *NO_COLUMN, renamed("ege", "mean_score")),
         fail("layout", "Файл 2019/ege/oge.csv, строка 1, столбец «НИЖЕ_ПОРОГА»", *NO_COLUMN,
              renamed("ege", "n_below_min"))),
    case("header height is no number", in_layout("knowledge", ("да;1", "да;один")),
         fail("layout", "Файл layouts/knowledge.csv, столбец «all»", "«один»", "в строке header_rows число 1, 2 или 3",
              FIX)),
    case("header height of another file", in_layout("staff", ("да;1;1;1;1", "да;1;2;1;1")),
         fail("layout", at(STAFF), "таблицы с известным заголовком нет", HEADER_OF_STAFF, ADD_TITLES.format("staff"))),
    case("layout without a header height", in_layout("staff", ("header_rows", "высота")),
         fail("layout", "Файл layouts/staff.csv", "строки header_rows нет", "строка header_rows: 1, 2 или 3",
              "добавьте строку")),
    case("layout without a column", in_layout("staff", (";needed;", ";нужно;")),
         fail("layout", "Файл layouts/staff.csv, столбец «needed»", *NO_COLUMN, "исправьте заголовок")),
    case("layout gives up a needed field", in_layout("knowledge", ("да;3, %", "да;-")),
         fail("layout", "Файл layouts/knowledge.csv, столбец «all»", "в строке share_3 — «-»",
              "название столбца: без этого поля файл не прочесть", FIX)),
    case("layout without a field", in_layout("knowledge", ("grade;", "класс;")),
         fail("layout", "Файл layouts/knowledge.csv", "поля grade нет",
              "строка каждого поля, с названием столбца", "верните строку из репозитория")),
    case("layout is absent", in_layout("staff"),
         fail("layout", "Файл layouts/staff.csv", "такого файла нет", "раскладка файлов этого вида",
              "верните файл из репозитория")),
    case("sheet of a layout", in_layout("staff", ("заголовком);да;*;*", "заголовком);да;*;Итоги")),
         fail("unreadable", at(STAFF), "такого листа нет, есть «Лист1»", "лист «Итоги»",
              "исправьте имя листа или строку sheet в layouts/staff.csv, столбец 2019")),
    case("letter", file("2019/oge/письмо.docx", b"x"),
         advice("stray_file", "Файл 2019/oge/письмо.docx", "не таблица", "csv, xlsx, xls или ods",
                "файл не читался; удалите его или сохраните таблицей")),
    case("lock of Excel", file("2019/oge/~$oge.xlsx", b"x"),
         advice("stray_file", "Файл 2019/oge/~$oge.xlsx", "след книги «oge.xlsx», которая открыта или не была закрыта", *CLOSED)),
    case("lock of LibreOffice", file("2019/oge/.~lock.oge.ods#", b"x"),
         advice("stray_file", "Файл 2019/oge/.~lock.oge.ods#", "след книги «oge.ods», которая открыта или не была закрыта", *CLOSED)),
    case("shadow of a file on a Mac", file("2019/oge/._oge.xlsx", b"x"),
         advice("stray_file", "Файл 2019/oge/._oge.xlsx", "не таблица", "csv, xlsx, xls или ods",
                "файл не читался; удалите его или сохраните таблицей")),
    case("table outside folders", file("список.csv", "a;b\n1;2\n"), advice("stray_file", "Файл список.csv", *STRAY)),
    case("folder of an unknown kind", copied(OGE, "2019/огэ/oge.csv"), advice("stray_file", "Файл 2019/огэ/oge.csv", *STRAY)),
    case("folder inside a folder", copied(OGE, "2019/oge/старое/oge.csv"),
         advice("stray_file", "Файл 2019/oge/старое/oge.csv", *STRAY)),
    case("yearly file without a year", copied(OGE, "oge/oge.csv"), advice("stray_file", "Файл oge/oge.csv", *STRAY)),
    case("list in a year", moved(BIASED, "2019/biased/biased.csv"),
         advice("stray_file", "Файл 2019/biased/biased.csv", *STRAY)),
    case("empty file", file(KNOWLEDGE, b""),
         fail("unreadable", at(KNOWLEDGE), "пустой файл (0 байт)", "таблица с заголовком", EXPORT_AGAIN)),
    case("empty workbook", only(STAFF, 0),
         fail("layout", at(STAFF), "таблицы с известным заголовком нет", HEADER_OF_STAFF, ADD_TITLES.format("staff"))),
    case("header only", only(KNOWLEDGE, 1), fail("layout", at(KNOWLEDGE), *EMPTY_TABLE)),
    case("broken workbook", file(STAFF, b"PK\3\4" + random.Random(5).randbytes(3000)), fail("unreadable", at(STAFF), *CUT_OFF)),
    case("workbook cut off", bytes_as(STAFF, lambda content: content[:3000]), fail("unreadable", at(STAFF), *CUT_OFF)),
    case("noise under a workbook's name", file(STAFF, random.Random(5).randbytes(3000)), fail("unreadable", at(STAFF), *NO_WORKBOOK)),
    *(case(f"text under a workbook's name, {encoding}", file(STAFF, "a;б\n1;2\n".encode(encoding)),
           fail("unreadable", at(STAFF), "текст под именем книги", "книга xlsx",
                "дайте файлу окончание .csv или пересохраните его как книгу xlsx"))
      for encoding in ("utf-8", "utf-8-sig", "cp1251", "utf-16")),
    *(case(f"{name} under a workbook's name", file(STAFF, content),
           fail("unreadable", at(STAFF), found, "книга xlsx", advice_to))
      for name, content, found, advice_to in (
          ("page", b"\xef\xbb\xbf\n<html><table></table></html>", "страница HTML под именем книги", SAVE_AS_BOOK),
          ("table of XML", b'<?xml version="1.0"?><Workbook/>', "таблица XML под именем книги", SAVE_AS_BOOK),
          ("PDF", b"%PDF-1.7\n\0", "документ PDF", "выгрузите отчёт как книгу Excel"),
          ("letter", zipped("word/document.xml"), "документ Word", "перенесите таблицу в Excel"),
          ("archive", zipped("отчёт.xlsx"), "архив zip", "распакуйте архив и положите в папку книгу из него"),
      )),
    case("results unreadable", text_as(OGE, lambda text: text.encode("utf-16-le")),
         fail("unreadable", at(OGE, 1), "нулевые байты", "текст в кодировке utf-8", SAVE_AGAIN)),
    case("damaged UTF-8", bytes_as(KNOWLEDGE, lambda content: content.replace("СОШ".encode(), "СОШ".encode()[:3], 1)),
         fail("unreadable", at(KNOWLEDGE, 2), "байты, которых нет в кодировке utf-8", "текст в кодировке utf-8",
              SAVE_UTF8)),
    case("another encoding", text_as(EGE, lambda text: text.encode("koi8-r", "replace")),
         advice("encoding", f"Файл {EGE}", "кодировка не названа, прочитано как koi8-r", "csv в UTF-8",
                "проверьте названия в протоколе; сохраните таблицу как CSV UTF-8")),
    case("an encoding of nobody here", text_as(EGE, lambda text: text.encode("utf-7")),
         fail("layout", at(EGE), "таблицы с известным заголовком нет",
              "столбцы «КОД_ОО», «МСУ», «НАИМЕНОВАНИЕ_ОО», «КОД_ПРЕДМЕТА», «ПРЕДМЕТ» и другие", ADD_TITLES.format("ege"))),
    case("header absent of a table of five columns", line(BIASED, 1, None),
         fail("layout", at(BIASED), "таблицы с известным заголовком нет",
              "столбцы «Логин», «Школа», «Предмет», «Класс», «Признак»", ADD_TITLES.format("biased"))),
    case("lines of an old Mac", text_as(OGE, lambda text: text.replace("\n", "\r").encode())),
    case("quote", text_as(KNOWLEDGE, lambda text: text.replace("СОШ № 33", '"СОШ "№ 33"', 1)),
         fail("unreadable", at(KNOWLEDGE, 3), "незакрытая или лишняя кавычка", GOOD_QUOTES, FIX_QUOTES)),
    case("row too long", text_as(KNOWLEDGE, lambda text: text.replace("35;60;10;40;30;20", "35;60;10;40;30;20;7")),
         fail("layout", at(KNOWLEDGE, 3), "число ячеек 11", "число ячеек 10, как в заголовке", FIX_RAGGED)),
    case("row too short", text_as(KNOWLEDGE, lambda text: text.replace("35;60;10;40;30;20", "35")),
         fail("layout", at(KNOWLEDGE, 3), "число ячеек 5", "число ячеек 10, как в заголовке", FIX_RAGGED)),
    case("hidden sheet", book(STAFF, lambda book, _: book.add_worksheet("Черновик").hide()),
         advice("hidden_sheet", "Файл 2019/staff/staff.xlsx, лист «Черновик»", "скрытый лист", "только видимые листы",
                "лист не читался; если он нужен, покажите его, если нет — удалите")),
    case("hidden row", book(STAFF, lambda _, page: page.set_row(2, None, None, {"hidden": True})),
         advice("hidden_rows", "Файл 2019/staff/staff.xlsx, лист «Лист1»", "скрытых строк: 1", "все строки видны",
                "строки прочитаны вместе с остальными; проверьте, нужны ли они")),
    case("sheet of something else", book(STAFF, lambda book, _: book.add_worksheet("Справка").write(0, 0, "Пояснения")),
         advice("unused_sheet", "Файл 2019/staff/staff.xlsx, лист «Справка»", "лист без таблицы этого вида",
                "таблица с известным заголовком", "лист не читался; проверьте, не нужен ли он")),
    *(case(f"{heading} in {name}", column(name, heading, row),
           fail("personal_data", at(name, column=f"{above}{heading}"), *PERSONAL))
      for name, heading, row, above in [
          (STAFF, "ФИО директора", 1, ""), (STAFF, "СНИЛС", 1, ""), (STAFF, "Дата рождения", 1, ""),
          (PASSPORT, "Телефон классного руководителя", 3, ""), (EGE, "Фамилия", 1, ""),
          (ANSWERS, "Паспорт родителя", 2, "Ответы, чел. / "), (ROADMAPS, "E-mail директора", 1, "")]),
    case("personal data beside a renamed column", both(column(STAFF, "СНИЛС", 1), title(STAFF, "ИНН", "ИНН школы")),
         fail("layout", at(STAFF, 1, "ИНН"), *NO_COLUMN, renamed("staff", "inn")),
         fail("personal_data", at(STAFF, column="СНИЛС"), *PERSONAL)),
    case("personal data on a sheet not read",
         book(STAFF, lambda book, _: book.add_worksheet("Справка").write_row(0, 0, ["ФИО", "СНИЛС"])),
         advice("unused_sheet", "Файл 2019/staff/staff.xlsx, лист «Справка»", "лист без таблицы этого вида",
                "таблица с известным заголовком", "лист не читался; проверьте, не нужен ли он"),
         *(fail("personal_data", f"Файл 2019/staff/staff.xlsx, лист «Справка», столбец «{heading}»", *PERSONAL)
           for heading in ("ФИО", "СНИЛС"))),
]
WORD_CASES = [
    case("year of the work", line(JOURNAL, 1, "ВПР 2018. 5 класс"),
         fail("work", at_sheet(JOURNAL), "над таблицей: год 2018", "год 2019, как в имени папки", CHECK_FOLDER)),
    case("work of no class", line(JOURNAL, 1, "ВПР 2019"),
         fail("work", at_sheet(JOURNAL), "над таблицей: класс не назван", "строка вида «ВПР 2019. 5 класс»", CHECK_FOLDER)),
    case("work of no subject", line(JOURNAL, 2, "Русский язык"),
         fail("work", at_sheet(JOURNAL), "над таблицей: предмет не назван", "строка вида «Предмет: Математика»",
              "проверьте, тот ли это файл; если строку стёрли, впишите её")),
    case("work of an unknown subject", line(JOURNAL, 2, "Предмет: Астрономия"),
         fail("subject", at_sheet(JOURNAL), "предмет «Астрономия», которого программа не знает",
              "предмет из файла layouts/subjects.csv", NAME_SUBJECT)),
    case("class that has no ВПР", line(JOURNAL, 1, "ВПР 2019. 9 класс"),
         fail("work", at_sheet(JOURNAL), "над таблицей: класс 9", "класс из календаря процедур: 4, 5, 6, 7, 8, 11", CHECK_FOLDER)),
    case("municipality of ФИС ОКО that the registry lacks", line(JOURNAL, 5, "Южный район(reg20_m014);1;20;70;10"),
         advice("territory", at(JOURNAL, 5, "Группы участников"), "«Южный район»: такого муниципалитета в реестре нет",
                "муниципалитет из registry.csv", "школы под этой строкой найдены только по логинам; исправьте название или "
                "впишите муниципалитет в реестр")),
    case("new login of a school known by its name", both(line(JOURNAL, 5, "СОШ № 3(edu203389);40;20;70;10"),
                                                         line(SCORES, 5, "edu203389 (СОШ № 3);40;10;40;30;20")),
         advice("new_login", f"Файл {REGISTRY}", "логина edu203389 нет, а под ним стоит школа «СОШ № 3» (s01): строк 2, первая "
                f"в файле {JOURNAL}", "логин, под которым школа есть в ФИС ОКО", "школа найдена по названию или другому коду; "
                "если логин её, впишите его в столбец «Логин ФИС ОКО», а прежний — в столбец «Другие логины»")),
    case("new login without a name that another file has with one", both(line(JOURNAL, 5, "edu203389;40;20;70;10"),
                                                                         line(SCORES, 5, "edu203389 (СОШ № 3);40;10;40;30;20")),
         advice("new_login", f"Файл {REGISTRY}", "логина edu203389 нет, а под ним стоит школа «СОШ № 3» (s01): строк 2, первая "
                f"в файле {JOURNAL}", "логин, под которым школа есть в ФИС ОКО", "школа найдена по названию или другому коду; "
                "если логин её, впишите его в столбец «Логин ФИС ОКО», а прежний — в столбец «Другие логины»")),
    case("layout of no kind among the report's own", file("layouts/marks.csv", "field;what;needed;all\n"),
         fail("layout", "Файл layouts/marks.csv", "раскладка неизвестного вида",
              f"имя одной из раскладок программы: {', '.join(sorted(path.name for path in layouts.FOLDER.glob('*.csv')))}",
              "переименуйте файл или удалите его")),
    case("new login without a name", line(JOURNAL, 5, "edu410001;40;20;70;10"),
         fail("unknown_school", at(JOURNAL, 5, "Группы участников"), "«edu410001»; похожие: «СОШ № 3» (s01)", OF_REGISTRY,
              f"{ADD_SCHOOL} или, если это похожая, впишите этот логин в столбец «Другие логины» её строки")),
    case("new login of no school", line(JOURNAL, 5, "СОШ № 303(edu203389);40;20;70;10"),
         fail("unknown_school", at(JOURNAL, 5, "Группы участников"), "«СОШ № 303»; похожие: «СОШ № 33» (s02), «СОШ № 3» (s01)",
              OF_REGISTRY, CONFIRM)),
    case("unknown subject of ОГЭ", again(OGE, 2, {"ПРЕДМЕТ": "Астрономия"}),
         fail("subject", at(OGE, 7, "ПРЕДМЕТ"), "«Астрономия», код 1", OF_STREAMS, ADD_SUBJECT)),
    case("no subject at all", again(OGE, 2, {"ПРЕДМЕТ": "", "КОД_ПРЕДМЕТА": ""}),
         fail("subject", at(OGE, 7, "ПРЕДМЕТ"), "пустая ячейка, кода нет", OF_STREAMS, ADD_SUBJECT)),
    case("mathematics of ЕГЭ without a stream", cell(EGE, 2, "КОД_ПРЕДМЕТА", ""),
         fail("subject", at(EGE, 2, "ПРЕДМЕТ"), "«Математика», кода нет", OF_STREAMS, ADD_SUBJECT)),
    case("stream by name and by code differ", both(cell(EGE, 2, "КОД_ПРЕДМЕТА", "22"),
                                                   cell(EGE, 2, "ПРЕДМЕТ", "Математика профильная")),
         fail("subject", at(EGE, 2, "ПРЕДМЕТ"), "«Математика профильная», код 22", "название и код одного предмета",
              "исправьте название или код")),
    case("unknown subject of monitoring", cell(KNOWLEDGE, 2, "Предмет", "Астрономия"),
         fail("subject", at(KNOWLEDGE, 2, "Предмет"), "«Астрономия»", OF_SUBJECTS, FIX)),
    case("no subject of diagnostics", cell(TEACHERS, 3, "Предмет", ""),
         fail("subject", at(TEACHERS, 3, "Предмет"), "пустая ячейка", OF_SUBJECTS, FIX)),
    case("unknown subject of biased ВПР", cell(BIASED, 2, "Предмет", "Русск. язык"),
         fail("subject", at(BIASED, 2, "Предмет"), "«Русск. язык»", f"{OF_SUBJECTS} или «все»", FIX)),
    case("unknown class of biased ВПР", cell(BIASED, 2, "Класс", "пятый"),
         fail("words", at(BIASED, 2, "Класс"), "«пятый»", "номер класса или «все»", FIX)),
    case("unknown role", cell(ANSWERS, 3, "Роль", "бабушки"),
         fail("words", at(ANSWERS, 3, "Роль"), "«бабушки»", "одно из: ученики, родители, педагоги, администрация", FIX)),
    case("no role", cell(ANSWERS, 3, "Роль", ""),
         fail("words", at(ANSWERS, 3, "Роль"), "пустая ячейка", "одно из: ученики, родители, педагоги, администрация", FIX)),
    case("answers to nothing", cell(ANSWERS, 3, "Утверждение", ""),
         fail("words", at(ANSWERS, 3, "Утверждение"), "пустая ячейка", FILLED, FIX)),
    case("unknown competence", cell(TEACHERS, 3, "Компетенция", "спортивная"),
         fail("words", at(TEACHERS, 3, "Компетенция"), "«спортивная»",
              "одно из: предметная, методическая, психолого-педагогическая, коммуникативная, все", FIX)),
    case("monitoring of no class", cell(KNOWLEDGE, 2, "Класс", ""),
         fail("words", at(KNOWLEDGE, 2, "Класс"), "пустая ячейка", FILLED, FIX)),
    case("unknown programme", cell(PROGRAMME, 2, "Программа", "Проект 5000"),
         fail("words", at(PROGRAMME, 2, "Программа"), "«Проект 5000»", "одно из: региональный проект, проект 500+", FIX)),
    case("year of a programme is no year", cell(PROGRAMME, 2, "Год включения", "с прошлого года"),
         fail("numbers", at(PROGRAMME, 2, "Год включения"), "«с прошлого года»", "год вида 2019", FIX)),
    case("programme left before it was entered", cell(PROGRAMME, 2, "Год выхода", "2015"),
         fail("numbers", at(PROGRAMME, 2, "Год выхода"), "«2015»", "год не раньше года включения 2018", FIX)),
    case("day of a roadmap", cell(ROADMAPS, 2, "Размещена", "десятого"),
         fail("numbers", at(ROADMAPS, 2, "Размещена"), "«десятого»", "день вида 01.09.2020", FIX)),
    case("day that no month has", cell(ROADMAPS, 2, "Срок", "31.02.2019"),
         fail("numbers", at(ROADMAPS, 2, "Срок"), "«31.02.2019»", "день вида 01.09.2020", FIX)),
]
SCHOOL_CASES = [
    case("№ 333 is neither № 33 nor № 3", both(cell(KNOWLEDGE, 2, "Код ОО", ""), cell(KNOWLEDGE, 2, "Школа", "СОШ № 333")),
         fail("unknown_school", at(KNOWLEDGE, 2, "Школа"), "«СОШ № 333»; похожие: «СОШ № 33» (s02), «СОШ № 3» (s01)",
              OF_REGISTRY, CONFIRM)),
    case("school like no other", both(cell(STAFF, 2, "ИНН", "4109999999"), cell(STAFF, 2, NAME, "Нечто")),
         fail("unknown_school", at(STAFF, 2, NAME), "«Нечто»", OF_REGISTRY, CONFIRM)),
    case("code of no school, no name", both(cell(KNOWLEDGE, 2, "Код ОО", "0999"), cell(KNOWLEDGE, 2, "Школа", "")),
         fail("unknown_school", at(KNOWLEDGE, 2, "Код ОО"), "«0999»", OF_REGISTRY, ADD_SCHOOL)),
    case("neither code nor name", both(cell(KNOWLEDGE, 2, "Код ОО", ""), cell(KNOWLEDGE, 2, "Школа", "")),
         fail("unknown_school", at(KNOWLEDGE, 2), "строка без кода и названия школы", OF_REGISTRY, ADD_SCHOOL)),
    case("unknown login", cell(JOURNAL, 6, "Группы участников", "sch419999"),
         fail("unknown_school", at(JOURNAL, 6, "Группы участников"), "«sch419999»", OF_REGISTRY, ADD_SCHOOL)),
    case("row of no group", cell(JOURNAL, 6, "Группы участников", ""),
         fail("unknown_school", at(JOURNAL, 6, "Группы участников"), "строка без кода и названия школы", OF_REGISTRY,
              ADD_SCHOOL)),
    case("unknown login with a name", cell(JOURNAL, 6, "Группы участников", "sch419999 (Нечто)"),
         fail("unknown_school", at(JOURNAL, 6, "Группы участников"), "«Нечто»", OF_REGISTRY, CONFIRM)),
    case("unknown school of a territory's file", cell(MARKS, 9, "Группы участников", "sch419999"),
         fail("unknown_school", at(MARKS, 9, "Группы участников"), "«sch419999»", OF_REGISTRY, ADD_SCHOOL),
         advice("totals_agree", at(MARKS, 7, "Кол-во участников"), "участников 75, а у школ вместе 40",
                "одно и то же число", "проверьте, все ли школы есть в файле")),
    case("passport of an unknown school", both(cell(PASSPORT, 4, "ИНН", "4109999999"), cell(PASSPORT, 4, NAME, "Нечто")),
         fail("unknown_school", at(PASSPORT, 4, NAME), "«Нечто»", OF_REGISTRY, CONFIRM),
         advice("absent_school", "Папка 2019/passport", "школы «СОШ № 3» нет ни в одном файле", "паспорт каждой школы",
                "запросите паспорт; без него школа не получит ожидаемого результата")),
    case("unknown school that has left its passport empty", add(PASSPORT, "4109999999;;Нечто"),
         fail("unknown_school", at(PASSPORT, 7, NAME), "«Нечто»", OF_REGISTRY, CONFIRM)),
    case("explanation without a text", add(EXPLANATIONS, "Озёрный район;СОШ № 3;13.11.2019; "),
         fail("explanations", at(EXPLANATIONS, 3, "Пояснение"), "пустая ячейка", "пояснение школы", FIX_EMPTY)),
    case("explanation without a day", add(EXPLANATIONS, "Озёрный район;СОШ № 3;;Школа переехала."),
         fail("explanations", at(EXPLANATIONS, 3, "Дата"), "пустая ячейка", "день, когда школа ответила", FIX_EMPTY)),
    case("unknown school of a roadmap", cell(ROADMAPS, 2, "Школа", "Нечто"),
         fail("unknown_school", at(ROADMAPS, 2, "Школа"), "«Нечто»", OF_REGISTRY, CONFIRM)),
    case("school in another municipality", cell(ANSWERS, 5, "Муниципалитет", "Озёрный район"),
         fail("unknown_school", at(ANSWERS, 5, "Школа"), "«Луговская ООШ»", OF_REGISTRY, CONFIRM)),
    case("name of two schools", cell(REGISTRY, 3, "Краткое наименование", "СОШ № 3"),
         fail("unknown_school", at(TEACHERS, 3, "Школа"), "«СОШ № 3»; похожие: «СОШ № 3» (s01), «СОШ № 3» (s02); таких строк 2, "
              f"ещё в файлах {ANSWERS}", OF_REGISTRY, CONFIRM)),
    case("unknown school met again", both(*(cell(SCORES, row, "Группы участников", "sch419999") for row in (5, 6)),
                                          cell(JOURNAL, 6, "Группы участников", "sch419999")),
         fail("unknown_school", at(JOURNAL, 6, "Группы участников"), f"«sch419999»; таких строк 3, ещё в файлах {SCORES}",
              OF_REGISTRY, ADD_SCHOOL)),
    case("code of one school, name of another", cell(OGE, 2, "НАИМЕНОВАНИЕ_ОО", "СОШ № 33"),
         advice("code_and_name", at(OGE, 2, "НАИМЕНОВАНИЕ_ОО"), "код школы «СОШ № 3», а название — «СОШ № 33»", *ONE_SCHOOL)),
    case("login of one school, name of another", cell(JOURNAL, 6, "Группы участников", "sch410002 СОШ № 3"),
         advice("code_and_name", at(JOURNAL, 6, "Группы участников"), "код школы «СОШ № 33», а название — «СОШ № 3»",
                *ONE_SCHOOL)),
    case("code of no school, name of one", cell(OGE, 2, "КОД_ОО", "0999"),
         advice("code_and_name", at(OGE, 2, "КОД_ОО"), "код «0999», которого нет в реестре", "код школы «СОШ № 3»",
                "строка отнесена к школе по названию; исправьте код")),
    case("code of one municipality, name of another", cell(OGE, 2, "МСУ", "Северный округ"),
         advice("code_and_name", at(OGE, 2, "МСУ"), "«Северный округ»", "муниципалитет школы «СОШ № 3»: Озёрный район",
                "строка отнесена к школе по коду; проверьте, верен ли он")),
    case("closed school", again(OGE, 3, {"КОД_ОО": "0104", "НАИМЕНОВАНИЕ_ОО": "НОШ № 8"}),
         fail("closed_school", at(OGE, 7, "НАИМЕНОВАНИЕ_ОО"), "школа «НОШ № 8», которой по реестру тогда не было",
              "школа, существующая 15.05.2019", "проверьте сроки и преемника в registry.csv")),
    case("character of control in a name", text_as(OGE, lambda text: text.replace("Луговская", "Луго\x01вская", 1).encode())),
    case("Latin letter in a name", cell(OGE, 2, "НАИМЕНОВАНИЕ_ОО", "CОШ № 3"),
         advice("look_alikes", at(OGE, 2, "НАИМЕНОВАНИЕ_ОО"), "«CОШ № 3»: русские буквы среди латинских или наоборот",
                *ONE_ALPHABET)),
    case("Russian letter in a login", cell(JOURNAL, 6, "Группы участников", "sсh410002"),
         advice("look_alikes", at(JOURNAL, 6, "Группы участников"),
                "«sсh410002»: русские буквы среди латинских или наоборот", *ONE_ALPHABET)),
    case("leading zero lost", cell(OGE, 2, "КОД_ОО", "101"),
         advice("mended_codes", at(OGE, 2, "КОД_ОО"), "«101»", "код, как в реестре, с нулями впереди",
                "прочитано верно; задайте столбцу текстовый формат")),
    case("row twice", again(OGE, 2), advice("duplicates", at(OGE, 7), "та же школа, что в строке 2", ONE_ROW, SAME)),
    case("row twice, not the same", again(OGE, 2, {"КОЛ_ВО": "31"}),
         fail("duplicates", at(OGE, 7), "та же школа, что в строке 2", ONE_ROW, NOT_SAME)),
    case("file twice, one row not the same", copied(KNOWLEDGE, "2019/knowledge/копия.csv",
                                                    (3, "0102;СОШ № 33;Математика;8;36;60;10;40;30;20")),
         advice("duplicates", "Файл 2019/knowledge/копия.csv, строка 2", f"та же школа, что в строке 2 ({KNOWLEDGE})",
                ONE_ROW, SAME),
         fail("duplicates", "Файл 2019/knowledge/копия.csv, строка 3", f"та же школа, что в строке 3 ({KNOWLEDGE})",
              ONE_ROW, NOT_SAME),
         advice("duplicates", "Файл 2019/knowledge/копия.csv, строка 4", f"та же школа, что в строке 4 ({KNOWLEDGE})",
                ONE_ROW, SAME)),
]
NUMBER_CASES = [
    case("text for a number", cell(OGE, 2, "КОЛ_ВО", "тридцать"),
         fail("numbers", at(OGE, 2, "КОЛ_ВО"), "«тридцать»", "целое число", FIX_CELL)),
    case("negative number", cell(OGE, 2, "СР_ПЕРВ_БАЛЛ", "-4,1"),
         fail("numbers", at(OGE, 2, "СР_ПЕРВ_БАЛЛ"), "«-4,1»", "число не меньше 0", FIX_CELL)),
    *(case(f"passport without a number for the index, {said or 'nothing'} in its place", cell(PASSPORT, 4, "Из неполных семей", said),
           advice("no_indicator", at(PASSPORT, 4, "Из неполных семей"), "числа нет", "число детей",
                  "уточните его; без него школа не получит ожидаемого результата"))
      for said in ("", "нет данных", "-")),
    case("login in capitals", cell(JOURNAL, 6, "Группы участников", "SCH410002 СОШ № 33")),
    case("negative count", cell(PASSPORT, 4, "Из многодетных семей", "-5"),
         fail("numbers", at(PASSPORT, 4, "Из многодетных семей"), "«-5»", "целое число не меньше 0", FIX_CELL)),
    case("fractional count", cell(TEACHERS, 3, "начали", "4,5"),
         fail("numbers", at(TEACHERS, 3, "Диагностика / начали"), "«4,5»", "целое число не меньше 0", FIX_CELL)),
    case("share over 100", cell(KNOWLEDGE, 3, "Выполнение, %", "125"),
         fail("numbers", at(KNOWLEDGE, 3, "Выполнение, %"), "«125»", "число от 0 до 100", FIX_CELL)),
    case("share of marks over 100", cell(OGE, 2, "ДОЛЯ_2", "110"),
         fail("numbers", at(OGE, 2, "ДОЛЯ_2"), "«110»", "число от 0 до 100", FIX_CELL)),
    case("text for a share", cell(SCORES, 5, "1", "мало"),
         fail("numbers", at(SCORES, 5, "Распределение первичных баллов, % / 1"), "«мало»", "число", FIX_CELL)),
    case("formula error", book(STAFF, lambda _, page: page.write_formula(1, 3, "=1/0", None, "#DIV/0!")),
         fail("numbers", at(STAFF, 2, "Ставок по штату"), "«#ДЕЛ/0!»", "число", FIX_CELL)),
    case("date for a number", cell(OGE, 2, "СР_ПЕРВ_БАЛЛ", "24.01.2019"),
         fail("excel_dates", at(OGE, 2, "СР_ПЕРВ_БАЛЛ"), "«24.01.2019»", *NOT_A_DAY)),
    case("day and month for a number", cell(STAFF, 3, "Вакантных ставок", "01.май"),
         fail("excel_dates", at(STAFF, 3, "Вакантных ставок"), "«01.май»", *NOT_A_DAY)),
    case("date cell of Excel", book(STAFF, lambda book, page: page.write_datetime(
             1, 3, datetime(2019, 5, 30), book.add_format({"num_format": "dd.mm.yyyy"}))),
         fail("excel_dates", at(STAFF, 2, "Ставок по штату"), "«2019-05-30»", *NOT_A_DAY)),
    case("one fault in seven rows",
         add(KNOWLEDGE, *(f"0101;СОШ № 3;Математика;{grade};-1;60;10;40;30;20" for grade in (1, 2, 3, 4, 5, 6, 7))),
         *(fail("numbers", at(KNOWLEDGE, row, "Писали"), "«-1»", "целое число не меньше 0", FIX_CELL)
           for row in range(5, 12))),
    *(case(f"shares of {name}", cell(name, row, heading, value),
           fail("share_sums", at(name, row, columns), f"сумма {total} %", "сумма долей 100 %", FIX_SUM))
      for name, row, heading, value, total, columns in [
          (OGE, 2, "ДОЛЯ_2", "20", "110,0", SUM_OF_MARKS),
          (OGE, 3, "ДОЛЯ_5", "", "80,0", SUM_OF_MARKS),
          (KNOWLEDGE, 3, "2, %", "11", "101,0", "2, % … 5, %"),
          (JOURNAL, 6, "Понизили, %", "25", "105,0",
           "Сравнение с журналом / Понизили, % … Сравнение с журналом / Повысили, %"),
          (SCORES, 6, "3", "25", "105,0",
           "Распределение первичных баллов, % / 0 … Распределение первичных баллов, % / 3")]),
    case("shares for percentages", line(KNOWLEDGE, 3, "0102;СОШ № 33;Математика;8;35;60;0,1;0,4;0,3;0,2"),
         advice("fractions", at(KNOWLEDGE, 3, "2, % … 5, %"), "доли от 0 до 1", "проценты от 0 до 100",
                "строка прочитана как доли; проверьте, так ли это")),
    *(case(f"result of nobody in {name}", cell(name, row, heading, "0"),
           fail("nobody", at(name, row, heading), "результат при нуле участников", "пустые ячейки или участники",
                "уточните число участников"))
      for name, row, heading in [
          (OGE, 2, "КОЛ_ВО"), (EGE, 2, "КОЛ_ВО"), (KNOWLEDGE, 2, "Писали"), (JOURNAL, 5, "Кол-во участников"),
          (SCORES, 5, "Кол-во участников")]),
    case("result of nobody knows how many", cell(OGE, 2, "КОЛ_ВО", "-"),
         advice("nobody", at(OGE, 2, "КОЛ_ВО"), "результат без числа участников", "число участников",
                "уточните его: без него результат не войдёт в расчёт")),
    case("mean is not that of the shares", cell(OGE, 2, "СР_ОТМЕТКА", "4,1"),
         advice("mean_and_shares", at(OGE, 2, "СР_ОТМЕТКА"), "4,10, а по долям отметок 3,60", "одно и то же среднее",
                "в расчёт взято среднее по долям; проверьте строку")),
    case("mean of ЕГЭ above 100", cell(EGE, 2, "СР_БАЛЛ", "552"),
         fail("numbers", at(EGE, 2, "СР_БАЛЛ"), "«552»", "число от 0 до 100", FIX_CELL)),
    case("more failed than took part", cell(EGE, 2, "НИЖЕ_ПОРОГА", "13"),
         fail("whole", at(EGE, 2, "НИЖЕ_ПОРОГА"), "13, а участников 12", "не больше числа участников",
              "исправьте одно из двух чисел")),
    case("more vacancies than posts", cell(STAFF, 2, "Вакантных ставок", "40"),
         fail("whole", at(STAFF, 2, "Вакантных ставок"), "40, а ставок по штату 30,5", "не больше числа ставок",
              "исправьте одно из двух чисел")),
    case("more of a category than teachers", cell(STAFF, 2, "Высшая категория, чел.", "26"),
         fail("whole", at(STAFF, 2, "Высшая категория, чел."), "26, а педагогов 25", "не больше числа педагогов",
              "исправьте одно из двух чисел")),
    case("more finished than started", cell(TEACHERS, 4, "завершили", "9"),
         fail("whole", at(TEACHERS, 4, "Диагностика / завершили"), "9, а начали 2", "не больше числа начавших",
              "исправьте одно из двух чисел")),
    case("total of a municipality", cell(MARKS, 7, "Кол-во участников", "71"),
         advice("totals_agree", at(MARKS, 7, "Кол-во участников"), "участников 71, а у школ вместе 75",
                "одно и то же число", "проверьте, все ли школы есть в файле")),
    case("total of a municipality, a number that suits the noun", cell(MARKS, 7, "Кол-во участников", "77"),
         advice("totals_agree", at(MARKS, 7, "Кол-во участников"), "участников 77, а у школ вместе 75",
                "одно и то же число", "проверьте, все ли школы есть в файле")),
    case("more participants than pupils", cell(OGE, 4, "КОЛ_ВО", "85"),
         fail("enrolled", at(OGE, 4, "КОЛ_ВО"), "участников 85, а учеников в школе 80", "участников не больше, чем учеников",
              "проверьте число участников и социальный паспорт")),
    case("81 participants", cell(OGE, 4, "КОЛ_ВО", "81"),
         fail("enrolled", at(OGE, 4, "КОЛ_ВО"), "участников 81, а учеников в школе 80", "участников не больше, чем учеников",
              "проверьте число участников и социальный паспорт")),
    case("part above the whole", cell(PASSPORT, 6, "Из неполных семей", "90"),
         fail("whole", at(PASSPORT, 6, "Из неполных семей"), "90, а учеников 80", "не больше числа учеников",
              "исправьте одно из двух чисел")),
    case("part above a whole of 81", both(cell(PASSPORT, 6, "Всего обучающихся", "81"),
                                          cell(PASSPORT, 6, "Из неполных семей", "90")),
         fail("whole", at(PASSPORT, 6, "Из неполных семей"), "90, а учеников 81", "не больше числа учеников",
              "исправьте одно из двух чисел")),
    case("parts above the whole together", both(cell(PASSPORT, 4, "Оба родителя имеют ВО", "160"),
                                                cell(PASSPORT, 4, "Один родитель имеет ВО", "160")),
         fail("whole", at(PASSPORT, 4, "Оба родителя имеют ВО"), "оба 160 и один 160, а учеников 300",
              "вместе не больше числа учеников", "исправьте одно из чисел")),
    case("union above the sum", cell(PASSPORT, 6, "На ВШУ и (или) группа риска", "10"),
         fail("union", at(PASSPORT, 6, "На ВШУ и (или) группа риска"), "10 при 4 на учёте и 5 в группе риска",
              "от большего из двух до их суммы", COUNTED_ONCE)),
    case("union below the larger list", cell(PASSPORT, 6, "На ВШУ и (или) группа риска", "4"),
         fail("union", at(PASSPORT, 6, "На ВШУ и (или) группа риска"), "4 при 4 на учёте и 5 в группе риска",
              "от большего из двух до их суммы", COUNTED_ONCE)),
    case("union below one list, the other empty", both(cell(PASSPORT, 6, "На ВШУ", ""),
                                                       cell(PASSPORT, 6, "На ВШУ и (или) группа риска", "4")),
         fail("union", at(PASSPORT, 6, "На ВШУ и (или) группа риска"), "4 при 5 в группе риска",
              "от большего из двух до их суммы", COUNTED_ONCE)),
    case("union that is the sum", cell(PASSPORT, 4, "На ВШУ и (или) группа риска", "22"),
         advice("union", at(PASSPORT, 4, "На ВШУ и (или) группа риска"), "22 при 10 на учёте и 12 в группе риска",
                "меньше суммы, если кто-то состоит в обоих списках",
                "проверьте, не сложены ли два списка: кто состоит в обоих, считается один раз")),
    case("zeros in a large school", line(PASSPORT, 4, "4100000001;410001001;СОШ № 3;300;90;80;0;30;25;0;0;0;5"),
         advice("zeros", at(PASSPORT, 4, "Из неполных семей"), "нули, а учеников 300", "числа детей",
                "если данных нет, оставьте ячейки пустыми")),
    case("graduates in a village", cell(PASSPORT, 4, "Оба родителя имеют ВО", "200"),
         advice("both_higher", at(PASSPORT, 4, "Оба родителя имеют ВО"), "67 % (село)",
                "в селе до 60 %, в городе до 90 %", "уточните, как считали: оба родителя с высшим образованием")),
    case("passport on another day", line(PASSPORT, 2, "По состоянию на 01.01.2019"),
         advice("passport_date", f"Файл {PASSPORT}, лист «Лист1»", "дата «01.01.2019»", "01.09.2018",
                "данные на другой день сравнимы хуже; попросите паспорт на начало учебного года")),
    case("passport of no day", line(PASSPORT, 2, "Форма 1"),
         advice("passport_date", f"Файл {PASSPORT}, лист «Лист1»", "дата не названа", "01.09.2018",
                "данные на другой день сравнимы хуже; попросите паспорт на начало учебного года")),
    case("passport on a day in words", line(PASSPORT, 2, "По состоянию на 1 сентября 2018 года")),
    case("passport on another day on its second sheet", lambda region: region.save(
             PASSPORT, lambda book, _: [page.write_row(row, 0, ["По состоянию на 01.01.2019"] if row == 1 else cells)
                                        for page in [book.add_worksheet("Лист2")]
                                        for row, cells in enumerate(region.rows[PASSPORT][:3])]),
         advice("passport_date", "Файл 2019/passport/passport.xlsx, лист «Лист2»", "дата «01.01.2019»", "01.09.2018",
                "данные на другой день сравнимы хуже; попросите паспорт на начало учебного года")),
    case("passport of last year", copied(PASSPORT, "2018/passport/passport.xlsx", (2, "По состоянию на 01.09.2017"),
                                         (4, "4100000001;;СОШ № 3;301;90;80;60;30;25;10;12;18;5"),
                                         (5, "4100000002;;СОШ № 33;251;60;70;65;28;31;9;11;16;3")),
         advice("copied", at(PASSPORT, 6), "те же числа, что за 2018 год", "числа этого года", "запросите паспорт заново")),
    case("passport that has jumped", copied(PASSPORT, "2018/passport/passport.xlsx", (2, "По состоянию на 01.09.2017"),
                                            (4, "4100000001;;СОШ № 3;301;90;80;60;30;25;10;12;18;5"),
                                            (5, "4100000002;;СОШ № 33;251;60;70;165;28;31;9;11;16;3"),
                                            (6, "4100000003;;Луговская ООШ;81;12;20;24;12;14;4;5;7;2")),
         advice("jumps", at(PASSPORT, 5, "Из неполных семей"), "26 %, а в 2018 году 66 %", "изменения меньше",
                "проверьте обе строки: не перепутаны ли школы или столбцы")),
    case("marks that have jumped", copied(
             OGE, "2018/oge/oge.csv",
             (1, "Код ОО;Наименование МСУ;Наименование ОО;Код предмета;Предмет;Форма ГИА;Этап;Количество участников;"
                 "Средний первичный балл;Средняя отметка;% «2»;% «3»;% «4»;% «5»"),
             (2, "0101;Озёрный район;СОШ № 3;1;Русский язык;ОГЭ;основной;30;12;2,5;70;20;0;10")),
         advice("jumps", at(OGE, 2, "СР_ОТМЕТКА"), "3,60, а в 2018 году 2,50", "изменения меньше",
                "проверьте обе строки: не перепутаны ли школы или столбцы")),
    case("few answers", line(ANSWERS, 3, "Озёрный район;СОШ № 3;ученики;В школе мне спокойно;1;2;3;4;1"),
         advice("low_response", at(ANSWERS, 3), "ответов учеников 11, а учеников в школе 300", "ответы хотя бы 5 %",
                "повторите анкетирование; до тех пор по анкетам школы ничего не говорится")),
]
OF_TASK = "Выполнение заданий, % / {}"
OF_ONE_BALL = "целое число больше 0", "исправьте ячейку: здесь стоит максимальный балл задания"
LOST_TASK = (
    "{}, как в строке «Максимальный первичный балл» над таблицей", "проверьте, все ли задания есть и верно ли названы их столбцы",
)
NO_LABEL = (
    "название, в котором не узнать номер задания", "номер вида 1К1, 3, 4.1", "исправьте заголовок (Excel мог принять номер за дату) "
    "и выгрузите файл заново или, если это не задание, удалите столбец",
)
SAME_SCORE = "один и тот же балл", "сверьте строку с исходными отчётами: не сдвинуты ли столбцы, та ли это школа"


def of_sheet(column=""):
    return f"Файл {TASKS}, лист «Лист1»" + (f", столбец «{column}»" if column else "")


def maxima(found, expected):
    return fail("maxima", of_sheet(), found, expected, LOST_TASK[1])


TASK_CASES = [
    case("no row of maxima", line(TASKS, 7, None),
         fail("maxima", of_sheet(), "строки с максимальными баллами заданий нет",
              "строка «Макс балл» под заголовком: максимальный балл каждого задания", "выгрузите отчёт «Выполнение заданий» "
              "заново; если это другой отчёт, верните над таблицей его название")),
    *(case(f"row of maxima called {text}", line(TASKS, 7, text))
      for text in (";;МАКС  БАЛЛ;1;2", "макс.балл;;;1;2", " Максимальный балл :;;;1;2", ";Макс балл;;1;2")),
    *(case(f"maximum {cells}", line(TASKS, 7, f"Макс. балл;;;1;{cells}"),
           fail("maxima", at(TASKS, 7, OF_TASK.format("4.1")), found, *OF_ONE_BALL))
      for cells, found in (("0", "«0»"), ("1,5", "«1,5»"), ("-2", "«-2»"), ("два", "«два»"), ("", "пустая ячейка"),
                           ("н/д", "«н/д»"))),
    case("row of maxima twice", add(TASKS, "Макс. балл;;;1;2")),
    case("row of maxima twice, not the same", add(TASKS, "Макс. балл;;;1;3"),
         fail("maxima", at(TASKS, 11), "баллы не те, что в строке 7", "одна строка максимальных баллов", "оставьте верную")),
    case("column of a task lost", line(TASKS, 4, "Максимальный первичный балл: 5"),
         maxima("максимальные баллы в сумме 3; прочитаны задания 1К1, 4.1", LOST_TASK[0].format(5))),
    *(case(f"task called {text}", title(TASKS, "4.1", text),
           fail("layout", of_sheet(column=OF_TASK.format(text)), *NO_LABEL),
           maxima("максимальные баллы в сумме 1; прочитаны задания 1К1", LOST_TASK[0].format(3)),
           *(advice("tasks_agree", at(TASKS, row), "средний первичный балл по заданиям 0,600, а по распределению баллов 1,600",
                    *SAME_SCORE) for row in (8, 9, 10)))
      for text in ("4 янв", "04.янв", "Задание 4.1")),
    case("task whose label is a date", book(TASKS, lambda book, page: page.write_datetime(
             5, 4, datetime(2019, 1, 4), book.add_format({"num_format": "d mmm"}))),
         fail("layout", of_sheet(column=OF_TASK.format("2019-01-04")), *NO_LABEL),
         maxima("максимальные баллы в сумме 1; прочитаны задания 1К1", LOST_TASK[0].format(3)),
         *(advice("tasks_agree", at(TASKS, row), "средний первичный балл по заданиям 0,600, а по распределению баллов 1,600",
                  *SAME_SCORE) for row in (8, 9, 10))),
    case("columns that are no tasks", both(column(TASKS, "Место в 2018", 6), column(TASKS, "Примечание", 6))),
    case("a number of the file among tasks nobody can count", both(line(TASKS, 4, "Шкала"), column(TASKS, "4 янв", 6)),
         fail("layout", of_sheet(column=OF_TASK.format("4 янв")), *NO_LABEL),
         advice("maxima", of_sheet(), "над таблицей нет максимального балла работы; прочитаны задания 1К1, 4.1",
                "строка вида «Максимальный первичный балл: 20»", "проверьте, все ли задания прочитаны")),
    case("highest score in a cell of its own", line(TASKS, 4, "Максимальный первичный балл;3")),
    case("no task at all", both(title(TASKS, "4.1", "янв"), title(TASKS, "1K1", "фев")),
         fail("layout", at(TASKS, 5, OF_TASK.format("*")), "такого столбца нет",
              "столбец с таким названием (на месте * — номер задания вида 1К1, 3, 4.1)",
              renamed("vpr_tasks", "share_done_*", "all"))),
    case("task twice", column(TASKS, "4(1)", 6),
         fail("layout", at(TASKS, 5, OF_TASK.format("4(1)")), "одно название у нескольких столбцов",
              "у каждого столбца своё название", "переименуйте лишние столбцы")),
    case("share of a task over 100", cell(TASKS, 8, "4.1", "500"),
         fail("numbers", at(TASKS, 8, OF_TASK.format("4.1")), "«500»", "число от 0 до 100", FIX_CELL)),
    case("text for a share of a task", cell(TASKS, 8, "1K1", "мало"),
         fail("numbers", at(TASKS, 8, OF_TASK.format("1K1")), "«мало»", "число", FIX_CELL)),
    case("shares for percentages of tasks", line(TASKS, 8, "sch410001;;40;0,6;0,5"),
         advice("fractions", at(TASKS, 8, "Выполнение заданий, % / 1K1 … Выполнение заданий, % / 4.1"), "доли от 0 до 1",
                "проценты от 0 до 100", "строка прочитана как доли; проверьте, так ли это")),
    # whole percents may be off by 0.005: the first mean by 0.005·(1 + 2), the second by 0.005·(1.6 + 0.6 + 0.4 + 1.4)
    case("mean by tasks that rounding explains", cell(TASKS, 9, "4.1", "51")),
    case("mean by tasks is not that of the scores", cell(TASKS, 9, "4.1", "52"),
         advice("tasks_agree", at(TASKS, 9), "средний первичный балл по заданиям 1,640, а по распределению баллов 1,600",
                *SAME_SCORE)),
    case("mean by tasks that rounding to tenths explains", line(TASKS, 9, "sch410002;;35;60,1;50,1")),
    case("mean by tasks that rounding to tenths does not explain", cell(TASKS, 9, "4.1", "50,2"),
         advice("tasks_agree", at(TASKS, 9), "средний первичный балл по заданиям 1,604, а по распределению баллов 1,600",
                *SAME_SCORE)),
    case("task without data that cannot make up for the difference", line(TASKS, 9, "sch410002;;35;-;90"),
         advice("tasks_agree", at(TASKS, 9), "средний первичный балл по заданиям от 1,800 до 2,800, а по распределению баллов 1,600",
                *SAME_SCORE)),
    case("task without data that may", cell(TASKS, 9, "1K1", "-")),
    case("participants of tasks are not those of marks", cell(TASKS, 10, "Кол-во участников", "21"),
         advice("tasks_agree", at(TASKS, 10, "Кол-во участников"), "участников 21, а в статистике по отметкам 20",
                "одно и то же число", "сверьте оба отчёта")),
    case("points of nobody", cell(TASKS, 10, "Кол-во участников", "0"),
         fail("nobody", at(TASKS, 10, "Кол-во участников"), "результат при нуле участников", "пустые ячейки или участники",
              "уточните число участников"),
         advice("tasks_agree", at(TASKS, 10, "Кол-во участников"), "участников 0, а в статистике по отметкам 20",
                "одно и то же число", "сверьте оба отчёта")),
    case("total of a municipality of tasks", add(TASKS, "Озёрный район;2;77;60;50"),
         advice("totals_agree", at(TASKS, 11, "Кол-во участников"), "участников 77, а у школ вместе 0",
                "одно и то же число", "проверьте, все ли школы есть в файле")),
    case("school of tasks twice", again(TASKS, 8),
         advice("duplicates", at(TASKS, 11), "та же школа, что в строке 8 (Лист1)", ONE_ROW, SAME)),
    *(case(f"school of tasks twice, one task {value or 'empty'}", again(TASKS, 8, {"4.1": value}),
           fail("duplicates", at(TASKS, 11), "та же школа, что в строке 8 (Лист1)", ONE_ROW, NOT_SAME))
      for value in ("51", "")),
    case("unknown school of tasks", cell(TASKS, 8, "Группы участников", "sch419999"),
         fail("unknown_school", at(TASKS, 8, "Группы участников"), "«sch419999»", OF_REGISTRY, ADD_SCHOOL)),
    *(case(f"task put right by a correction of column {heading}",
           both(cell(TASKS, 8, "1K1", "600"), correction(file=TASKS, row=8, column=heading, expect=600, value=60)))
      for heading in (OF_TASK.format("1K1"), OF_TASK.format("1К1"))),
    case("task put right by a correction of a school",
         both(cell(TASKS, 9, "4.1", "500"),
              correction(file=TASKS, row=..., school="s02", column=OF_TASK.format("4.1"), expect=500, value="50,0"))),
    case("maximum put right by a correction",
         both(line(TASKS, 7, "Макс. балл;;;1;20"),
              correction(file=TASKS, row=7, column=OF_TASK.format("4.1"), expect=20, value=2))),
]
PUPIL_CASES = [
    case("sound dump", dump()),
    case("layout of a dump without a field", both(dump(), in_layout("oge_pupils", ("form;", "форма;"))),
         fail("layout", "Файл layouts/oge_pupils.csv", "поля form нет", "строка каждого поля, с названием столбца",
              "верните строку из репозитория")),
    case("sound dump of ЕГЭ", file(EGE, "КОД_ОО;КОД_ПРЕДМЕТА;ФОРМА;КАТЕГОРИЯ;ЭТАП;ТЕСТ_БАЛЛ;ПОРОГ\n0101;2;ЕГЭ;ВТГ;основной;55;1\n"
                                   "0101;2;ЕГЭ;ВТГ;основной;30;1\n0102;2;ЕГЭ;ВТГ;основной;20;0\n")),
    case("bad cells of a dump", dump("0101;1;ОГЭ;ВТГ;основной;6;20", "0101;1;ОГЭ;ВТГ;основной;неявка;20",
                                     ";1;ОГЭ;ВТГ;основной;3;20", "0101;1;ОГЭ;ВТГ;основной;;20"),
         *(fail("pupils", at(OGE, row, column), found, expected, "исправьте ячейку или выгрузите файл заново")
           for row, column, found, expected in [
               (32, "ОТМЕТКА", "недопустимое число", "отметка 2, 3, 4 или 5"),
               (33, "ОТМЕТКА", "не число", "отметка 2, 3, 4 или 5"),
               (34, "КОД_ОО", "пустая ячейка", "код школы"),
               (35, "ОТМЕТКА", "пустая ячейка", "отметка 2, 3, 4 или 5")])),
    case("dump with names", dump(titles="КОД_ОО;КОД_ПРЕДМЕТА;ФОРМА;ФАМИЛИЯ;ЭТАП;ОТМЕТКА;ПЕРВ_БАЛЛ"),
         fail("personal_data", at(OGE, column="ФАМИЛИЯ"), "персональные данные, судя по названию",
              "файл без персональных данных", "выгрузите его без этого столбца; файл не читается")),
    case("dump of a pupil's name", dump("0101;1;ОГЭ;Иванов Иван Иванович;основной;4;20"),
         fail("personal_data", at(OGE, column="КАТЕГОРИЯ"), "похоже на фамилию, имя и отчество",
              "файл без персональных данных", "выгрузите его без этого столбца; файл не читается")),
    case("dump of an unknown school", dump("0999;1;ОГЭ;ВТГ;основной;4;20"),
         fail("unknown_school", at(OGE, column="КОД_ОО"), "«0999»", OF_REGISTRY, ADD_SCHOOL)),
    case("dump of an unknown subject", dump("0101;77;ОГЭ;ВТГ;основной;4;20"),
         fail("subject", at(OGE, column="КОД_ПРЕДМЕТА"), "пустая ячейка, код 77", OF_STREAMS, ADD_SUBJECT)),
    case("dump with a bad cell, and its correction", both(dump("0101;1;ОГЭ;ВТГ;основной;6;20"), correction()),
         fail("pupils", at(OGE, 32, "ОТМЕТКА"), "недопустимое число", "отметка 2, 3, 4 или 5",
              "исправьте ячейку или выгрузите файл заново")),
    case("dump beside its table", both(dump(), copied(OGE, "2019/oge/table.csv")),
         *(fail("duplicates", f"Файл 2019/oge/table.csv, строка {row}", f"та же школа, что в файле {OGE}", ONE_ROW, NOT_SAME)
           for row in (2, 3, 4))),
    case("dump with commas", file(OGE, "КОД_ОО,КОД_ПРЕДМЕТА,ФОРМА,ЭТАП,ОТМЕТКА\n0101,1,ОГЭ,основной,4\n"),
         fail("pupils", at(OGE), "разделитель «,»", "csv с разделителем «;»", EXPORT_AGAIN)),
]
# fmt: on
SOME_VALUES = "значения хотя бы у одной школы"
NO_VALUES = "впишите значения или выгрузите файл заново"
AS_ABOVE = "строки отнесены к школе, названной выше, как в объединённых ячейках; проверьте, так ли это"
EMPTY_CASES = [
    case(
        "needed column without a value",
        both(*(cell(STAFF, row, "Вакантных ставок", "") for row in (2, 3, 4))),
        fail(
            "empty_column",
            "Файл 2019/staff/staff.xlsx, лист «Лист1», столбец «Вакантных ставок»",
            "во всём столбце нет ни одного значения",
            SOME_VALUES,
            f"{NO_VALUES}; если данных нет ни у кого, впишите «нет данных»",
        ),
    ),
    case(
        "needed column of words for no data",
        both(*(cell(STAFF, row, "Вакантных ставок", "н/д") for row in (2, 3, 4))),
        advice(
            "empty_column",
            "Файл 2019/staff/staff.xlsx, лист «Лист1», столбец «Вакантных ставок»",
            "во всём столбце только слова «нет данных»",
            SOME_VALUES,
            NO_VALUES,
        ),
    ),
    case(
        "file of totals alone",
        both(
            *(
                cell(KNOWLEDGE, row, title, value)
                for row in (2, 3, 4)
                for title, value in (("Код ОО", ""), ("Школа", "Итого"))
            )
        ),
        fail(
            "no_schools",
            f"Файл {KNOWLEDGE}",
            "ни одной строки школы",
            "строки школ под заголовком",
            "проверьте, тот ли это файл: его строки — итоги, примечания или другие попытки; если файл лишний, уберите его "
            "из папки",
        ),
    ),
    case(
        "assessment without a mean",
        both(
            *(
                cell(OGE, row, title, "н/д")
                for row in (2, 3, 4)
                for title in ("ДОЛЯ_2", "ДОЛЯ_3", "ДОЛЯ_4", "ДОЛЯ_5", "СР_ОТМЕТКА")
            )
        ),
        fail(
            "no_mean",
            f"Файл {OGE}",
            "результаты «ОГЭ, русский язык» за 2019 год без единого среднего",
            "среднее или доли отметок хотя бы у одной школы",
            "выгрузите файл заново, со значениями",
        ),
        *(
            advice(
                "empty_column",
                at(OGE, column=title),
                "во всём столбце только слова «нет данных»",
                SOME_VALUES,
                NO_VALUES,
            )
            for title in ("ДОЛЯ_2", "ДОЛЯ_3", "ДОЛЯ_4", "ДОЛЯ_5")
        ),
    ),
    case(
        "no school left",
        lambda region: region.params(small_n={"model_fit": 100}),
        fail(
            "no_school_in_model",
            "Данные за 2019 год",
            "в расчёте связи ни одной школы (слишком мало участников — 3)",
            "школы с показателями и результатами",
            "добавьте недостающее, исправьте ключи indicators, results и left_out в "
            "файле параметров или уберите год из ключа years",
        ),
    ),
    case(
        "school not named below its name",
        both(cell(TEACHERS, 4, "Муниципалитет", ""), cell(TEACHERS, 4, "Школа", "")),
        advice("merged_down", at(TEACHERS, 4, "Школа"), "строк без школы: 1", "школа в каждой строке", AS_ABOVE),
    ),
]


def year_before(region):
    """Passports of the year before: the children of 2019 and a tenth more of each kind."""
    rows = region.rows[PASSPORT]
    region.rows["2018/passport/passport.xlsx"] = [
        [f"{11 * int(cell) // 10}" if place > 2 and cell.isdigit() else cell for place, cell in enumerate(row)]
        for row in rows
    ]
    region.rows["2018/passport/passport.xlsx"][1] = ["По состоянию на 01.09.2017"]
    region.save("2018/passport/passport.xlsx")


def as_percents(region):
    """Percents of all pupils in the place of children."""
    for row in region.rows[PASSPORT][3:]:
        row[4:] = [f"{round(100 * int(cell) / int(row[3]))}" for cell in row[4:]]
    region.save(PASSPORT)


def unstored(name, row, title):
    """A formula without a stored value in the place of a cell: Excel computes it on opening, no other reader does."""

    def spoil(region):
        place = region.place(name, title)
        region.save(name, lambda book, page: page.write_formula(row - 1, place, "=1+1"))

    return spoil


UNIT_CASES = [
    case(
        "percents in the place of children",
        both(year_before, as_percents),
        advice(
            "units",
            at(PASSPORT, 4),
            "доли упали в 2,7 раза против прошлого года, у всего муниципалитета (Озёрный район)",
            "доли, близкие к прошлогодним",
            "проверьте, числа ли детей стоят в ячейках, а не проценты",
        ),
    ),
    case(
        "percent sign on a number of children",
        cell(PASSPORT, 4, "Из неполных семей", "20 %"),
        fail(
            "numbers",
            at(PASSPORT, 4, "Из неполных семей"),
            "«20 %»",
            "само число, а не процент",
            "впишите число; если так записан весь столбец, выгрузите файл заново",
        ),
    ),
    case(
        "formula without a value",
        unstored(PASSPORT, 5, "Всего обучающихся"),
        fail(
            "formulas",
            at(PASSPORT, 5, "Всего обучающихся"),
            "формула без сохранённого значения",
            "число или текст",
            "откройте книгу в Excel и сохраните её: тогда формулы получат значения",
        ),
    ),
    case(
        "points won as fractions",
        cell(KNOWLEDGE, 3, "Выполнение, %", "0,6"),
        advice(
            "fractions",
            at(KNOWLEDGE, 3, "Выполнение, %"),
            "доли от 0 до 1",
            "проценты от 0 до 100",
            "строка прочитана как доли; проверьте, так ли это",
        ),
    ),
    case(
        "fraction among percents of points",
        cell(TASKS, 8, "1K1", "0,1"),
        fail(
            "fractions",
            at(TASKS, 8, "Выполнение заданий, % / 1K1"),
            "0,1 % от 40 участников — меньше одного балла",
            "процент, как в остальных ячейках",
            "похоже на долю среди процентов; исправьте ячейку",
        ),
        advice(
            "tasks_agree",
            at(TASKS, 8),
            "средний первичный балл по заданиям 1,001, а по распределению баллов 1,600",
            *SAME_SCORE,
        ),
    ),
]
GROUPS = [
    EMPTY_CASES,
    UNIT_CASES,
    REGISTRY_CASES,
    CORRECTION_CASES,
    CALENDAR_CASES,
    FILE_CASES,
    WORD_CASES,
    SCHOOL_CASES,
    NUMBER_CASES,
    TASK_CASES,
    PUPIL_CASES,
]
CASES = [one for group in GROUPS for one in group]


def test_a_sound_region_has_nothing_to_tell(region):
    assert region.told() == []


@pytest.mark.parametrize(("spoil", "told"), CASES)
def test_a_bad_input_is_told(region, spoil, told):
    spoil(region)
    assert region.told() == told


def test_every_check_that_finds_fault_has_a_case():
    told = {check for one in CASES for check, *_ in one.values[1]} | {"heaping"}
    told |= {"individual", "individual_agree"}  # tests/test_individual.py
    counts = {"rows_all", "participants", "rows_read", "rows_dropped", "rows_unknown", "totals", "notes", "header_again", "signatures",
              "other_attempts", "text_numbers", "hidden_by_source"}  # fmt: skip
    counts |= {check for check in checks.TITLES if check.startswith("matched_")}
    assert told - {""} == checks.TITLES.keys() - counts


def test_scores_heaped_above_a_threshold_are_told(region):
    for row, cells in ((5, "10;0;70;20"), (6, "10;40;30;20"), (7, "10;40;30;20")):
        line(SCORES, row, f"sch41000{row - 4};200;{cells}")(region)
    line(JOURNAL, 7, "sch410003;20;20;70;10")(region)
    sentences = [sentence for check, status, sentence in region.told() if (check, status) == ("heaping", "ADVICE")]
    assert sentences[0].startswith(f"{at(SCORES, 5)} — найдено: работ с баллом 2 — 140")


@pytest.mark.parametrize(
    "name", ["part above the whole", "union above the sum", "zeros in a large school", "graduates in a village",
             "more participants than pupils", "result of nobody in 2019/oge/oge.csv", "marks that have jumped"],
)  # fmt: skip
def test_a_column_told_stands_in_its_file(region, name):
    spoil, _ = next(one.values for one in CASES if one.id == name)
    spoil(region)
    (found,) = region.examine().findings.found
    assert any(found.problem.column in row for row in region.rows[found.problem.file] if found.problem.column)


@pytest.mark.parametrize(
    "name",
    [KNOWLEDGE, STAFF, EGE],
)
def test_a_locked_file_is_told(region, monkeypatch, name):
    opened = Path.open

    def refuse(path, *arguments, **more):
        if path == region.path / name:
            raise PermissionError("locked by another program")
        return opened(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuse)
    assert region.told() == [
        fail("unreadable", at(name), "файл, который не открывается", "файл, доступный для чтения",
             "закройте его в других программах")
    ]  # fmt: skip


# --- faults together

TOGETHER = [
    "unknown subject of ОГЭ", "mathematics of ЕГЭ without a stream", "lower title renamed", "unknown role",
    "unknown subject of monitoring", "school like no other", "unknown competence", "day of a roadmap", "negative count",
    "folder of an unknown kind", "correction of no file", "union above the sum",
]  # fmt: skip


def spoilt(region, names):
    """Spoil a region by several cases at once; what they tell."""
    chosen = [one.values for one in CASES if one.id in names]
    assert len(chosen) == len(names)
    for spoil, _ in chosen:
        spoil(region)
    return sorted(one for _, told in chosen for one in told)


def test_no_fault_hides_another(region):
    told = spoilt(region, TOGETHER)
    assert len(told) == len(TOGETHER)
    assert region.told() == told


def test_no_fault_of_the_registry_hides_another(region):
    told = spoilt(region, ["school without a name", "neither yes nor no", "yes or no left empty", "last day is no day",
                           "main school is unknown"])  # fmt: skip
    assert region.told() == told


def test_a_registry_that_is_refused_hides_no_fault_of_confirmed_names(region):
    told = spoilt(region, ["school without a name", "confirmed name of an unknown school"])
    assert region.told() == told


def test_examining_changes_no_file(region):
    spoilt(region, TOGETHER)
    before = contents(region.path)
    region.examine()
    assert contents(region.path) == before


# --- garbage

GARBAGE = [
    "", " ", "-", "н/д", "менее 5", "*", "абв", "abc", "12,5", "-1", "0", "100", "1e9", "1e400", "nan", "inf", "=1/0",
    "05.03.2019", "2019-05-03 00:00:00", "№", "«»", "Итого", "Всего", "СОШ № 3", "СОШ № 333", "sch410001", "0101",
    "4100000001", "Озёрный район", "Заречный край", "Русский язык", "ученики", "\u200b", "\t", "две\nстроки", "'", '"',
    ";", "%", "50%", "½", "１２", "🙂", "я" * 300, "9" * 30, "(", "[a", "\\", "ОГЭ", "резерв", "\ufeff",
]  # fmt: skip
HEADER = {MARKS: 4, JOURNAL: 4, SCORES: 4, TASKS: 7, PASSPORT: 3, ANSWERS: 2, TEACHERS: 2}
"""How many rows stand above the schools' rows, where it is not one."""
REFUSED = {"unreadable", "layout", "work", "pupils"}
"""Checks that refuse a whole file."""
COUNTED = ("totals", "notes", "header_again", "signatures", "other_attempts", "rows_unknown")


def counted(examined):
    return sum(examined.findings.counted[check] for check in COUNTED)


@pytest.fixture(scope="session")
def set_aside(sound):
    """How many rows of each sound file are set aside as totals, notes or other attempts."""
    return {name: {MARKS: 4, OGE: 2}.get(name, 0) for name in TABLES}, counted(sound.examine())


def dropped(region, name, set_aside):
    """Rows of a file that are neither a record nor a finding, less those that are counted."""
    examined = region.examine()
    own = [one for one in examined.findings.found if one.problem.file == name]
    if any(one.check in REFUSED for one in own):
        return 0
    if not examined.findings.fails:
        for table, frame in examined.tables.items():
            tables.write(region.path / "_made", table, frame)
    filled = {
        number
        for number, cells in enumerate(region.rows[name], start=1)
        if number > HEADER.get(name, 1) and any(cell.strip() for cell in cells)
    }
    found = {one.problem.row for one in own}
    for frame in examined.tables.values():
        if "source_row" in frame.columns:
            found |= set(frame.filter(source_file=name)["source_row"])
    of_file, of_all = set_aside
    return max(0, len(filled - found) - (counted(examined) - (of_all - of_file[name])))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), [*product([name for name in TABLES if name != REGISTRY], range(4))])
def test_garbage_in_cells_drops_no_row_unsaid(region, set_aside, name, seed):
    chance = random.Random(f"{name} {seed}")
    rows, top = region.rows[name], HEADER.get(name, 1)
    for _ in range(chance.randint(1, 4)):
        rows.insert(chance.randint(top, len(rows)), list(chance.choice(rows[top:])))
    for _ in range(chance.choice((1, 3, 30))):
        cells = chance.choice(rows[top:])
        cells[chance.randrange(len(cells))] = chance.choice(GARBAGE)
    region.save(name)
    assert dropped(region, name, set_aside) == 0


def noise(content, chance):
    """Bytes cut off, taken out or replaced."""
    start = chance.randrange(len(content))
    stop = start + chance.choice((1, 10, 1000))
    return chance.choice(
        (
            content[:start],
            content[:start] + content[stop:],
            content[:start] + chance.randbytes(stop - start) + content[stop:],
            bytes(byte ^ (chance.random() < 0.002) for byte in content),
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), [*product(TABLES, range(2))])
def test_damaged_bytes_are_refused_or_read(region, name, seed):
    chance = random.Random(f"{name} {seed}")
    bytes_as(name, lambda content: noise(content, chance))(region)
    region.told()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), [*product(TABLES, range(1))])
def test_a_header_of_garbage_is_refused_or_read(region, name, seed):
    chance = random.Random(f"{name} {seed}")
    for row in region.rows[name][: HEADER.get(name, 1)]:
        row[:] = [chance.choice((cell, chance.choice(GARBAGE))) for cell in row]
    region.save(name)
    region.told()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), [*product([FIXES, NAMES], range(5))])
def test_garbage_beside_the_files_is_refused_or_read(region, name, seed):
    chance = random.Random(f"{name} {seed}")
    (correction() if name == FIXES else confirmed("Лесная школа;Озёрный район;s02"))(region)
    text_as(name, lambda text: "".join(chance.choice((char, char, char, chance.choice(GARBAGE))) for char in text))(
        region
    )
    region.told()
