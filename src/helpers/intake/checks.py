"""Named checks of the canonical tables: one function each; what they are called stands in `TITLES`.

Checks of single cells and rows (numbers, sums of shares, unknown schools, …) are made where these are read
and are named here too. FAIL forbids building the report, ADVICE asks to look.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

import numpy as np
import polars as pl
from scipy.special import betainc

from helpers.intake import passport_checks, task_checks
from helpers.intake.findings import Findings, Status, decimal, percent
from helpers.intake.names import fold
from helpers.intake.records import Intake
from helpers.intake.registry import FILE as REGISTRY
from helpers.intake.subjects import subject_titles
from helpers.params import Params
from helpers.problems import Problem, quoted

TITLES = {
    "unreadable": "Файл открывается",
    "encoding": "Кодировка csv угадана: она не названа",
    "stray_file": "В папке только файлы известных видов",
    "layout": "Столбцы файла известны",
    "formulas": "У формул есть сохранённые значения",
    "hidden_sheet": "Нет скрытых листов",
    "unused_sheet": "Все листы прочитаны",
    "hidden_rows": "Нет скрытых строк",
    "personal_data": "Нет личных сведений",
    "pupils": "Выгрузка по ученикам читается",
    "work": "Работа ВПР названа и лежит в папке своего года",
    "territory": "Муниципалитеты ВПР есть в реестре",
    "subject": "Предмет известен",
    "words": "Слова из закрытого списка",
    "rows_all": "Строк под заголовками",
    "rows_read": "Прочитано строк школ",
    "rows_dropped": "Строк снято исправлениями",
    "rows_unknown": "Строк школ, которых нет в реестре",
    "matched_inn": "Школа найдена по ИНН",
    "matched_login": "Школа найдена по логину ФИС ОКО",
    "matched_rcoi_code": "Школа найдена по коду РЦОИ",
    "matched_learned": "Школа найдена по логину, под которым она названа в других файлах",
    "matched_confirmed": "Школа найдена по подтверждённому названию",
    "matched_name": "Школа найдена по названию и муниципалитету",
    "unknown_school": "Все школы есть в реестре",
    "closed_school": "Школа существовала в этом году",
    "code_and_name": "Код и название говорят об одной школе",
    "new_login": "Логины школ есть в реестре",
    "mended_codes": "Коды не испорчены электронной таблицей",
    "look_alikes": "Нет латинских букв среди русских",
    "totals": "Строки итогов отложены",
    "notes": "Строки примечаний отложены",
    "header_again": "Повторы заголовка и строки с номерами столбцов отложены",
    "signatures": "Строки подписей отложены",
    "merged_down": "Школа названа в каждой строке",
    "other_attempts": "Отложены ГВЭ, СПО, выпускники прошлых лет, резервные дни и осень",
    "empty_column": "В нужных столбцах есть значения",
    "no_schools": "В файле есть школы",
    "duplicates": "Школа не повторена",
    "numbers": "Числа читаются",
    "excel_dates": "Числа не превращены в даты",
    "text_numbers": "Числа, записанные текстом, прочитаны",
    "hidden_by_source": "Малые числа скрыты источником",
    "fractions": "Проценты записаны процентами",
    "share_sums": "Доли в сумме дают 100 %",
    "nobody": "Нет результатов у нуля участников",
    "mean_and_shares": "Среднее согласовано с долями отметок",
    "maxima": "Максимальные баллы заданий названы, и вместе они дают балл работы",
    "tasks_agree": "Выполнение заданий согласовано с баллами и отметками",
    "participants": "Участников в индивидуальных результатах",
    "individual": "Индивидуальные результаты полны",
    "individual_agree": "Отчёты ВПР согласованы с индивидуальными результатами",
    "totals_agree": "Итог муниципалитета равен сумме школ",
    "expected_files": "Есть всё, что должно быть по календарю процедур",
    "left_out": "Виды школ из ключа left_out есть в данных",
    "no_mean": "У каждой процедуры есть средние",
    "no_school_in_model": "Есть школы, по которым оценивается связь",
    "absent_school": "Все действующие школы есть в социальных паспортах",
    "no_indicator": "В каждом социальном паспорте есть числа для индекса",
    "enrolled": "Участников не больше, чем учеников",
    "whole": "Часть не больше целого",
    "union": "Учёт и группа риска: объединение, а не сумма",
    "zeros": "Ноль — это ноль, а не пропуск",
    "units": "Доли муниципалитета не изменились все разом",
    "copied": "Паспорт не скопирован с прошлого года",
    "both_higher": "Доля семей с двумя высшими образованиями правдоподобна",
    "passport_date": "Паспорт на начало учебного года",
    "jumps": "Нет невозможных скачков от года к году",
    "heaping": "Нет скопления баллов сразу за порогом отметки",
    "low_response": "Анкеты заполнили многие",
    "explanations": "У пояснений школ есть день и текст",
    "corrections": "Исправления применены",
}
_WHY = {
    "type": "вид школы из ключа left_out",
    "before_merger": "до слияния",
    "no_context": "нет социальных показателей",
    "no_result": "нет результатов",
    "coverage": "мало результатов",
    "small_n": "слишком мало участников",
}
"""Reasons of `schools.why_excluded` as a finding tells them."""
ASKED = {
    "personal_data": "Удалите столбец с личными сведениями и пришлите файл заново.",
    "words": "Впишите слово из названных.",
    "code_and_name": "Впишите верное значение этой ячейки; если оно верно, ответьте «верно».",
    "duplicates": "Если строка лишняя, ответьте «удалить строку»; если верна она, скажите об этом в пояснении.",
    "numbers": "Впишите верное значение; если его нет, ответьте «данных нет».",
    "excel_dates": "Excel принял число за дату: впишите число.",
    "share_sums": "Впишите верные доли через точку с запятой, в том же порядке.",
    "nobody": "Впишите число участников.",
    "mean_and_shares": "Впишите верное среднее; если ошибка в долях, скажите об этом в пояснении.",
    "tasks_agree": "Сверьте строку со своими отчётами: не сдвинуты ли столбцы, ваша ли это школа.",
    "totals_agree": "Сверьте список: строки каких школ в файле пропущены или лишние.",
    "absent_school": "Пришлите социальный паспорт этой школы.",
    "no_indicator": "Впишите число; если его нет, ответьте «данных нет».",
    "enrolled": "Впишите верное число участников; если ошибка в социальном паспорте, пришлите его заново.",
    "whole": "Впишите верное число; если неверно другое число строки, скажите об этом в пояснении.",
    "union": "Посчитайте тех, кто состоит в обоих списках, один раз и впишите верное число.",
    "zeros": "Если данных нет, ответьте «данных нет»; если детей в самом деле ноль — «верно».",
    "units": "Проверьте, числа ли детей стоят в ячейках, а не проценты; пришлите файл заново или ответьте «верно».",
    "copied": "Пришлите паспорт с числами этого года; если ничего не изменилось, ответьте «верно».",
    "both_higher": "Считайте семьи, где высшее образование у обоих родителей; впишите верное число.",
    "passport_date": "Пришлите паспорт на начало учебного года; если дата просто не та, ответьте «верно».",
    "jumps": "Проверьте, не перепутаны ли школы или столбцы; если нет, ответьте «верно».",
    "low_response": "Повторите анкетирование и пришлите файл; если ответов больше не будет, ответьте «верно».",
}
"""Who mends what: faults of these checks, who sent the data, and what is asked of him; of all others only the analyst."""
_SLIP = 0.75
"""How like a type of school must be to one of the data to be a slip of the pen."""
_JUMP_MARK = 0.9
_JUMP_SHARE = 0.30
_JUMP_FROM = 15
"""Changes of a mean mark and of a social share from year to year that ask for a look, from how many pupils on."""
_HEAPING_P = 1e-5
"""How improbable a heap must be; a region has tens of thousands of school, work and score."""
_HEAP = 5
"""How many papers make a heap at the least."""
_AROUND = 5
"""How many scores are looked at together: two below and two above."""
_RESPONSE = 0.05
"""Below what share of pupils answers of pupils and parents say nothing of the school."""


def run(made: dict[str, pl.DataFrame], params: Params, intake: Intake, refused: set[tuple[int, str]]) -> None:
    """Run every check of whole tables; findings go to `intake.findings`.

    `refused`: year and kind of the folders where a file was not read, which is told already.
    """
    passports, results = _with_place(made["passports"], intake), _with_place(made["results"], intake)
    schools = made["schools"]
    for name, value in (
        ("results", "mean"),
        ("knowledge", "mean"),
        ("journal", "share_lowered"),
        ("primary_scores", "share"),
        ("tasks", "share_done"),
    ):
        nobody(made[name], value, intake)
    new_logins(intake)
    expected_files(results, passports, params, intake, refused)
    no_mean(results, params, intake)
    passport_checks.absent_school(passports, schools, intake, refused)
    enrolled(results, passports, intake)
    passport_checks.no_indicator(passports, params.described.indicators, intake)
    passport_checks.whole(passports, intake)
    passport_checks.union(passports, intake)
    passport_checks.zeros(passports, intake)
    passport_checks.copied(passports, intake)
    passport_checks.units(passports, intake)
    passport_checks.both_higher(passports, schools, intake)
    jumps(results, passports, intake)
    heaping(made["primary_scores"], intake)
    task_checks.tasks_agree(made["tasks"], made["primary_scores"], results, intake)
    low_response(made["questionnaires"], passports, intake)
    if not intake.findings.fails:  # else what fails is the reason, and is told
        for problem in nobody_left(schools, params):
            intake.findings.fail("no_school_in_model", problem)


def acceptance(findings: Findings) -> pl.DataFrame:
    """Table `acceptance`: every check, the worst that it found, how often."""
    rows = []
    for check, title in TITLES.items():
        found = [one for one in findings.found if one.check == check]
        worst = next((s for s in (Status.fail, Status.advice) if any(one.status == s for one in found)), Status.passed)
        looked = findings.counted.get(check, 0)
        rows.append({"check": check, "file": "", "count": len(found) or looked, "note": title, "status": worst.value})
    return pl.DataFrame(rows).with_row_index("number", 1)


def _with_place(frame: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    places = [intake.registry.municipality_of(school_id) for school_id in frame["school_id"]]
    return frame.with_columns(pl.Series("municipality", places, pl.String))


def nobody(rows: pl.DataFrame, value: str, intake: Intake) -> None:
    """Results of no participants."""
    of_some = rows.filter(pl.col(value).is_not_null()).unique(
        ["source_file", "source_sheet", "source_row"], maintain_order=True
    )
    wrong = of_some.filter(pl.col("n_participants") == 0)
    intake.tell("nobody", wrong, ["результат при нуле участников"] * wrong.height, "пустые ячейки или участники",
          "уточните число участников", "n_participants", fail=True)  # fmt: skip


def expected_files(
    results: pl.DataFrame, passports: pl.DataFrame, params: Params, intake: Intake, refused: set[tuple[int, str]]
) -> None:
    """What the calendar says was held must be there, what was not must not; a passport for every year."""
    calendar, titles = intake.calendar, subject_titles(intake.layouts)

    def fail(place: str, found: str, expected: str, advice: str) -> None:
        intake.findings.fail("expected_files", Problem(place, found, expected, advice))

    there = set(results.select("year", "procedure", "subject").unique().iter_rows())
    for year in params.years:
        if passports.filter(year=year).is_empty() and (year, "passport") not in refused:
            fail(f"папка {year}/passport", "социальных паспортов нет", f"паспорта за {year} год",
                 "положите файлы или уберите год из ключа years")  # fmt: skip
        for one in params.described.results:
            session = calendar.session(one.procedure, year)
            wanted = session and session.held and (not session.subjects or one.subject in session.subjects)
            if session is None:
                fail("procedures.yml", f"процедуры {one.procedure} за {year} год нет",
                     "строка о том, была ли она и можно ли её сравнивать", "впишите год в params/procedures.yml")  # fmt: skip
            elif (
                wanted
                and (year, one.procedure, one.subject) not in there
                and (year, one.procedure.lower()) not in refused
            ):
                fail(f"папка {year}/{one.procedure.lower()}", f"результатов «{one.title}» нет", f"файл за {year} год",
                     "положите файл; если процедуры не было, впишите это в params/procedures.yml")  # fmt: skip
    for year, procedure in sorted({(year, procedure) for year, procedure, _ in there}):
        session = calendar.session(procedure, year)
        subjects = [subject for subject in titles if (year, procedure, subject) in there]
        other = [
            titles[subject] for subject in subjects if session and session.subjects and subject not in session.subjects
        ]
        if session and (other or not session.held):
            held = ", ".join(titles.get(subject, subject) for subject in session.subjects)
            fail(f"папка {year}/{procedure.lower()}", f"результаты за {year} год" + (f": {', '.join(other)}" if other else ""),
                 f"{f'только {held}' if other else 'ничего'}: {session.reason.rstrip('.')}",
                 "проверьте год в имени папки или params/procedures.yml")  # fmt: skip


def no_mean(results: pl.DataFrame, params: Params, intake: Intake) -> None:
    """Assessments of the outcome that were read in a year without a single mean."""
    for one in params.described.results:
        of_one = results.filter(pl.col("year").is_in(params.years), procedure=one.procedure, subject=one.subject)
        for (year,), rows in of_one.group_by("year", maintain_order=True):
            if rows["mean"].null_count() == rows.height:
                intake.findings.fail("no_mean", Problem(
                    rows["source_file"][0], f"результаты «{one.title}» за {year} год без единого среднего",
                    "среднее или доли отметок хотя бы у одной школы", "выгрузите файл заново, со значениями",
                    rows["source_sheet"][0] or "",
                ))  # fmt: skip


def nobody_left(schools: pl.DataFrame, params: Params) -> list[Problem]:
    """Years of which no school is left to estimate the link on, with the reasons counted."""
    problems = []
    for year in params.years:
        of_year = schools.filter(year=year)
        if not of_year["in_model"].any():
            reasons = of_year.drop_nulls("why_excluded").group_by("why_excluded").len().sort("why_excluded")
            told = ", ".join(f"{_WHY[reason]} — {count}" for reason, count in reasons.iter_rows())
            problems.append(Problem(
                f"данные за {year} год", f"в расчёте связи ни одной школы ({told or 'школ нет'})",
                "школы с показателями и результатами", "добавьте недостающее, исправьте ключи indicators, results и left_out в "
                "файле параметров или уберите год из ключа years",
            ))  # fmt: skip
    return problems


def absent_types(left_out: list[str], there: list[str], file: str, key: str, findings: Findings) -> list[Problem]:
    """Types of school to be left out that the data do not have.

    One that resembles a type of the data is a slip of the pen that would let schools into the fit: a problem. Any other is
    advice: a key copied from another report names types that this region need not have.
    """
    problems = []
    for kind in left_out:
        if kind in there:
            continue
        near = difflib.get_close_matches(fold(kind), list(map(fold, there)), n=1, cutoff=_SLIP)
        like = next((known for known in there if near and fold(known) == near[0]), "")
        expected = f"вид школы из данных: {', '.join(there)}"
        if like:
            problems.append(
                Problem(file, f"{quoted(kind)}, похожее на {quoted(like)}", expected, "исправьте слово", column=key)
            )
        else:
            findings.advise("left_out", Problem(file, f"{quoted(kind)}, такого вида нет ни у одной школы", expected,
                                                "ничего не отложено; если слово верно, так и оставьте", column=key))  # fmt: skip
    return problems


def new_logins(intake: Intake) -> None:
    """Logins that the registry lacks, of schools found by a name or another code: once each, to be confirmed there."""
    for (school_id, login), files in sorted(intake.new_logins.items()):
        name = quoted(intake.registry.name(school_id))
        intake.findings.advise(
            "new_login",
            Problem(REGISTRY, f"логина {login} нет, а под ним стоит школа {name} ({school_id}): строк {len(files)}, первая в "
                    f"файле {files[0]}", "логин, под которым школа есть в ФИС ОКО",
                    "школа найдена по названию или другому коду; если логин её, впишите его в столбец «Логин ФИС ОКО», а "
                    "прежний — в столбец «Другие логины»"),
            school_id,
        )  # fmt: skip


def enrolled(results: pl.DataFrame, passports: pl.DataFrame, intake: Intake) -> None:
    """More participants in one grade than pupils in the whole school."""
    both = results.join(passports.select("year", "school_id", pupils="n_pupils"), on=["year", "school_id"])
    wrong = both.filter((pl.col("n_participants") > pl.col("pupils")) & (pl.col("pupils") > 0))
    texts = [f"участников {row['n_participants']:.0f}, а учеников в школе {row['pupils']:.0f}"
             for row in wrong.iter_rows(named=True)]  # fmt: skip
    intake.tell("enrolled", wrong, texts, "участников не больше, чем учеников",
          "проверьте число участников и социальный паспорт", "n_participants", fail=True)  # fmt: skip


def jumps(results: pl.DataFrame, passports: pl.DataFrame, intake: Intake) -> None:
    """Means of marks and social shares that change from one year to the next more than schools do."""
    marks = results.filter(pl.col("share_2").is_not_null()) if "share_2" in results.columns else results.clear()
    keys = ["school_id", "procedure", "subject", "grade"]
    _jump(marks, keys, "mean", _JUMP_MARK, "n_participants", decimal, intake,
          "mean_mark")  # fmt: skip
    for part in ("n_both_higher", "n_single_parent", "n_supervised_or_at_risk"):
        shares = passports.with_columns(share=pl.col(part) / pl.col("n_pupils"))
        _jump(shares, ["school_id"], "share", _JUMP_SHARE, "n_pupils", percent, intake, part, _JUMP_FROM * 3)


def _jump(
    rows: pl.DataFrame, keys: list[str], value: str, limit: float, n: str, form: Callable[[float], str], intake: Intake, field: str,
    n_least: int = _JUMP_FROM,
) -> None:  # fmt: skip
    ordered = rows.filter(pl.col(n) >= n_least, pl.col(value).is_not_null()).sort(*keys, "year")
    steps = ordered.with_columns(
        before=pl.col(value).shift(1).over(keys), year_before=pl.col("year").shift(1).over(keys)
    )
    wrong = steps.filter((pl.col(value) - pl.col("before")).abs() > limit)
    texts = [
        f"{form(row[value])}, а в {row['year_before']} году {form(row['before'])}"
        for row in wrong.iter_rows(named=True)
    ]
    intake.tell(
        "jumps",
        wrong,
        texts,
        "изменения меньше",
        "проверьте обе строки: не перепутаны ли школы или столбцы",
        field,
    )


def heaping(scores: pl.DataFrame, intake: Intake) -> None:
    """Scores that pile up where papers are pushed over a mark's threshold.

    A school's number at each score is compared with its numbers at the two scores below and above; in the
    region's other schools the same five scores say what share to expect (binomial). Too many at one score
    is named, once a school and work, not judged: thresholds attract honest graders too.
    """
    if scores.is_empty():
        return
    keys = ["year", "subject", "grade"]
    counted = scores.with_columns(n=(pl.col("share") * pl.col("n_participants")).round())
    whole = counted.with_columns(all=pl.col("n").sum().over(*keys, "score") - pl.col("n")).sort("score")
    around = [
        (n, pl.col(n).rolling_sum(_AROUND, center=True, min_samples=1).over(*keys, "school_id")) for n in ("n", "all")
    ]
    near = whole.with_columns(**{f"{n}_near": expression for n, expression in around}).filter(
        pl.col("n_participants") >= _JUMP_FROM, pl.col("n") >= _HEAP
    )
    usual = ((near["all"] + 0.5) / (near["all_near"] + 1)).to_numpy()  # never 0, however rare the score
    wrong = (
        near.with_columns(p=pl.Series(_tail(near["n"].to_numpy(), near["n_near"].to_numpy(), usual)))
        .filter(pl.col("p") < _HEAPING_P)
        .sort("p", *keys, "school_id")
        .unique(["school_id", *keys], keep="first", maintain_order=True)
    )
    texts = [f"работ с баллом {row['score']} — {row['n']:.0f}, а с двумя баллами ниже и выше — "
             f"{row['n_near'] - row['n']:.0f}" for row in wrong.iter_rows(named=True)]  # fmt: skip
    intake.tell("heaping", wrong, texts, "распределение баллов, как в регионе",
          "сравните с федеральным списком; если школа в нём есть, впишите её в папку biased")  # fmt: skip


def _tail(count: np.ndarray, n: np.ndarray, p: np.ndarray) -> np.ndarray:
    """P(at least `count` of `n`), binomial: the incomplete beta function, for all of scipy.stats costs half a second."""
    return np.where(count > n, 0.0, betainc(np.maximum(count, 1), np.maximum(n - count, 0) + 1, p))


def low_response(questionnaires: pl.DataFrame, passports: pl.DataFrame, intake: Intake) -> None:
    """Questionnaires of pupils and parents that hardly anyone has filled in: one finding a school and role."""
    answered = (
        questionnaires.filter(pl.col("role").is_in(["pupils", "parents"]))
        .sort("source_row")
        .group_by("year", "school_id", "role", maintain_order=True)
        .agg(pl.col("n_answers").max(), pl.col("source_file", "source_sheet", "source_row").first())
        .join(passports.select("year", "school_id", "n_pupils"), on=["year", "school_id"])
    )
    few = answered.filter(pl.col("n_answers") < _RESPONSE * pl.col("n_pupils"))
    whose = {"pupils": "учеников", "parents": "родителей"}
    texts = [f"ответов {whose[row['role']]} {row['n_answers']:.0f}, а учеников в школе {row['n_pupils']:.0f}"
             for row in few.iter_rows(named=True)]  # fmt: skip
    intake.tell("low_response", few, texts, f"ответы хотя бы {percent(_RESPONSE)}", "повторите анкетирование; до тех пор "
          "по анкетам школы ничего не говорится")  # fmt: skip
