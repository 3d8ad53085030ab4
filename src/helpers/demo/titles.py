"""Column titles of the demo files, by kind of file and year.

They are held here, apart from the reader's layouts, so that writer and reader check each other.
`A / B` is a title of two rows: A over several columns, B below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_MARKS = ["2", "3", "4", "5"]


def _shares(form: str) -> dict[str, str]:
    return {f"share_{mark}": form.format(mark) for mark in _MARKS}


def _vpr(year: int) -> dict[str, str]:
    return {"group": "Группы участников", "n_participants": "Кол-во уч." if year == 2018 else "Кол-во участников"}


def vpr_marks(year: int) -> dict[str, str]:
    """Titles of the report of marks."""
    group, n_participants = _vpr(year).items()
    form = {2018: "Распределение групп баллов в % / {}", 2020: "{}", 2021: "Отметки, % / {}"}
    return dict([group, ("n_schools", "Кол-во ОО"), n_participants]) | _shares(form[2018 if year == 2019 else year])


def vpr_journal(year: int, subject: str) -> dict[str, str]:
    """Titles of the report that compares marks with the school's own; in 2018 the subjects differ."""
    if year == 2018 and subject == "rus":
        shares = {
            "share_lowered": "Понизили (Отметка < Отметка по журналу) %",
            "share_confirmed": "Подтвердили (Отметка = Отметке по журналу) %",
            "share_raised": "Повысили (Отметка > Отметка по журналу) %",
        }
    else:
        over = "" if year == 2020 else "Сравнение с журналом / "
        words = {"lowered": "Понизили", "confirmed": "Подтвердили", "raised": "Повысили"}
        shares = {f"share_{name}": f"{over}{word}, %" for name, word in words.items()}
    return _vpr(year) | shares


def vpr_scores(year: int, highest: int) -> dict[str, str]:
    """Titles of the report of primary scores 0…`highest`."""
    form = "Распределение первичных баллов, % / {}"
    return _vpr(year) | {f"share_score_{score}": form.format(score) for score in range(highest + 1)}


TASK_MAXIMA = {
    2018: ("n_participants", "Макс балл"),
    2019: ("group", "Макс. балл"),
    2020: ("group", "Максимальный балл"),
    2021: ("n_participants", "Макс балл"),
}
"""Where the row of the tasks' highest points names itself, and how."""

_TASKS = {2018: "{}", 2019: "Выполнение заданий, % / {}", 2020: "{}", 2021: "Задания, % от максимального балла / {}"}


def vpr_tasks(year: int, labels: Iterable[str]) -> dict[str, str]:
    """Titles of the report of tasks; most years write К in Latin, two write `4(1)` for 4.1."""
    group, n_participants = _vpr(year).items()
    n_schools = [("n_schools", "Кол-во ОО")] if year != 2018 else []
    return dict([group, *n_schools, n_participants]) | {
        f"share_done_{label}": _TASKS[year].format(_task_label(year, label)) for label in labels
    }


def _task_label(year: int, label: str) -> str:
    number, _, part = label.partition(".")
    shown = f"{number}({part})" if part and year in {2018, 2021} else label
    return shown if year == 2020 else shown.replace("К", "K")


MARKS_OF_TODAY = {
    "group": "Группы участников",
    "n_schools": "Кол-во ОО",
    "n_participants": "Кол-во участников",
} | _shares("{}")
JOURNAL_OF_TODAY = {"group": "Группы участников", "n_participants": "Кол-во участников(всего)"} | {
    f"{kind}_{name}": f"{word} {title}"
    for name, word in (
        ("lowered", "Понизили (Отметка < Отметка по журналу)"),
        ("confirmed", "Подтвердили (Отметка = Отметке по журналу)"),
        ("raised", "Повысили (Отметка > Отметка по журналу)"),
    )
    for kind, title in (("share", "%"), ("n", "Кол-во участников"))
}


def individual_results(points: Mapping[str, int]) -> dict[str, str]:
    """Titles of the report of participants; `points` are the most points of each task by its label."""
    of_participant = {"login": "ОО", "municipality": "Муниципалитет", "name": "Название ОО", "code": "Код участника",
                      "class": "Класс", "variant": "Вариант"}  # fmt: skip
    judged = {"score": "Первичный балл", "mark": "Отметка", "in_journal": "Отметка по журналу", "sex": "Пол"}
    return of_participant | {f"task_{label}": f"{label} ({most}б)" for label, most in points.items()} | judged


_EXAM = {
    2018: {
        "municipality": "Наименование МСУ",
        "rcoi_code": "Код ОО",
        "name": "Наименование ОО",
        "subject_code": "Код предмета",
        "subject": "Предмет",
        "form": "Форма ГИА",
        "period": "Этап",
        "n_participants": "Количество участников",
    },
    2019: {
        "municipality": "МСУ",
        "rcoi_code": "КОД_ОО",
        "name": "НАИМЕНОВАНИЕ_ОО",
        "subject_code": "КОД_ПРЕДМЕТА",
        "subject": "ПРЕДМЕТ",
        "form": "ФОРМА",
        "period": "ЭТАП",
        "n_participants": "КОЛ_ВО",
    },
    2021: {
        "municipality": "МСУ / Наименование",
        "rcoi_code": "ОО / Код",
        "name": "ОО / Наименование",
        "subject_code": "Предмет / Код",
        "subject": "Предмет / Наименование",
        "form": "Форма",
        "period": "Этап",
        "n_participants": "Участников, чел.",
    },
}
_OGE = {
    2018: {"mean_primary": "Средний первичный балл", "mean_mark": "Средняя отметка"} | _shares("% «{}»"),
    2019: {"mean_primary": "СР_ПЕРВ_БАЛЛ", "mean_mark": "СР_ОТМЕТКА"} | _shares("ДОЛЯ_{}"),
    2021: {"mean_primary": "Средний балл / первичный", "mean_mark": "Средний балл / отметка"}
    | _shares("Доля отметок, % / {}"),
}
_EGE = {
    2018: {
        "category": "Категория участников",
        "mean_score": "Средний тестовый балл",
        "n_below_min": "Ниже минимального балла, чел.",
        "n_high": "81–100 баллов, чел.",
    },
    2019: {"category": "КАТЕГОРИЯ", "mean_score": "СР_БАЛЛ", "n_below_min": "НИЖЕ_ПОРОГА", "n_high": "ОТ_81"},
    2021: {
        "category": "Категория",
        "mean_score": "Средний балл",
        "n_below_min": "Ниже порога / чел.",
        "n_high": "81–100 / чел.",
    },
}
_LIKE_2018 = {2020: 2018}


def oge(year: int) -> dict[str, str]:
    """Titles of the exam after grade 9."""
    form = min(year, 2021)
    return _EXAM[form] | _OGE[form]


def ege(year: int) -> dict[str, str]:
    """Titles of the exam after grade 11."""
    form = _LIKE_2018.get(year, min(year, 2021))
    before, after = list(_EXAM[form].items())[:6], list(_EXAM[form].items())[6:]
    # the category of participants stands beside the form of the exam
    return dict([*before, ("category", _EGE[form]["category"]), *after]) | _EGE[form]


_SCHOOL = {"inn": "ИНН", "kpp": "КПП", "name": "Наименование ОО"}


def passport(year: int) -> dict[str, str]:
    """Titles of the social passport."""
    if year < 2020:
        return _SCHOOL | {
            "n_pupils": "Всего обучающихся",
            "n_both_higher": "Оба родителя имеют ВО",
            "n_one_higher": "Один родитель имеет ВО",
            "n_single_parent": "Из неполных семей",
            "n_large_family": "Из многодетных семей",
            "n_low_income": "Из малообеспеченных семей",
            "n_supervised": "На ВШУ",
            "n_at_risk": "Группа риска",
            "n_supervised_or_at_risk": "На ВШУ и (или) группа риска",
            "n_not_native_russian": "Русский язык не родной",
            "n_disabilities": "Обучающихся с ОВЗ",
        }
    return _SCHOOL | {
        "n_pupils": "Обучающихся / всего",
        "n_both_higher": "Образование родителей / высшее у обоих",
        "n_one_higher": "Образование родителей / высшее у одного",
        "n_single_parent": "Семьи / неполные",
        "n_large_family": "Семьи / многодетные",
        "n_low_income": "Семьи / малообеспеченные",
        "n_supervised": "Учёт / ВШУ",
        "n_at_risk": "Учёт / группа риска",
        "n_supervised_or_at_risk": "Учёт / ВШУ и (или) группа риска",
        "n_not_native_russian": "Русский язык / не родной",
        "n_disabilities": "Здоровье / ОВЗ",
    }


STAFF = _SCHOOL | {
    "posts": "Ставок по штату",
    "vacancies": "Вакантных ставок",
    "n_teachers": "Педагогов, чел.",
    "n_higher_category": "Высшая категория, чел.",
    "n_first_category": "Первая категория, чел.",
    "n_higher_education": "С высшим образованием, чел.",
    "n_experience_under_3": "Стаж до 3 лет, чел.",
    "n_experience_over_20": "Стаж более 20 лет, чел.",
}
REGISTRY = {
    "school_id": "Код школы",
    "from_date": "Действует с",
    "to_date": "Действует по",
    "inn": "ИНН",
    "kpp": "КПП",
    "ogrn": "ОГРН",
    "login": "Логин ФИС ОКО",
    "rcoi_code": "Код РЦОИ",
    "name_full": "Полное наименование",
    "name_short": "Краткое наименование",
    "aliases": "Другие названия",
    "oktmo": "ОКТМО",
    "municipality": "Муниципалитет",
    "place": "Населённый пункт",
    "locality": "Местность",
    "remote": "Труднодоступная",
    "school_type": "Вид школы",
    "small": "Малокомплектная",
    "branch_of": "Филиал школы",
    "successor_id": "Преемник",
}
CONFIRMED = {"name": "Название", "municipality": "Муниципалитет", "school_id": "Код школы"}
BIASED = {"login": "Логин", "name": "Школа", "subject": "Предмет", "grade": "Класс", "sign": "Признак"}
PROGRAMME = {
    "municipality": "Муниципалитет",
    "name": "Школа",
    "programme": "Программа",
    "from_year": "Год включения",
    "to_year": "Год выхода",
}
ROADMAPS = {
    "municipality": "Муниципалитет",
    "name": "Школа",
    "deadline_date": "Срок",
    "published_date": "Размещена",
    "link": "Ссылка",
}
DIAGNOSTICS = {
    "municipality": "Муниципалитет",
    "name": "Школа",
    "subject": "Предмет",
    "competence": "Компетенция",
    "n_started": "Диагностика / начали",
    "n_finished": "Диагностика / завершили",
    "n_low": "Уровень / низкий",
    "n_middle": "Уровень / средний",
    "n_high": "Уровень / высокий",
    "n_advised": "Курсы / рекомендованы",
    "n_enrolled": "Курсы / зачислены",
    "n_trained": "Курсы / завершили",
}
QUESTIONNAIRE = {
    "municipality": "Муниципалитет",
    "name": "Школа",
    "role": "Роль",
    "item": "Утверждение",
} | {f"n_answers_{answer}": f"Ответы, чел. / {answer}" for answer in range(1, 6)}
KNOWLEDGE = {
    "rcoi_code": "Код ОО",
    "name": "Школа",
    "subject": "Предмет",
    "grade": "Класс",
    "n_participants": "Писали",
    "share_done": "Выполнение, %",
} | _shares("{}, %")
